"""A year of record files for the benchmark: made by arithmetic, so that every run reads the same bytes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

_START = datetime(2025, 1, 1, tzinfo=UTC)
_YEAR_S = 365 * 86_400
FOOTAGE_COLUMNS = (
    "footage_id,object_key,device_id,device_model,officer_id,recording_id,segment_no,sequence_no,media_started_at,"
    "activated_at,deactivated_at,duration_s,pre_event_buffer_s,uploaded_at,size_bytes,sha256,incident_ids,categories,"
    "retention_until,status"
)


def write_footage(path: Path, count: int, dirty_each: int = 500) -> None:
    """A manifest of ``count`` segments; one row in ``dirty_each`` is blank, dated wrongly or over-long."""
    with path.open("w", encoding="utf-8") as file:
        file.write(FOOTAGE_COLUMNS + "\n")
        for n in range(count):
            file.write(_segment_line(n, count, dirty_each))


def _segment_line(n: int, count: int, dirty_each: int) -> str:
    started = _START + timedelta(seconds=n * _YEAR_S // count)
    length = 35 + n * 7919 % 1_700 + (n % 1000) / 1000
    ended = started + timedelta(seconds=length)
    footage, lasts = f"F{n:08d}", f"{length:.3f}"
    began = _iso(started)
    if n % dirty_each == 7:
        footage, lasts, began = ((footage, "36000", began), ("", lasts, began), (footage, lasts, "31/12/2025"))[n % 3]
    sha = hashlib.sha256(footage.encode()).hexdigest()
    device = f"AX{n * 31 % 2_000:05d}"
    incidents = f"25-{n % 300_000:06d}" if n % 4 else ""
    return (
        f"{footage},footage/{device}/{footage}.mp4,{device},AXON BODY 4,PC {n * 31 % 2_000:04d},R{n:08d},1,{n},{began},"
        f"{_iso(started + timedelta(seconds=30))},{_iso(ended)},{lasts},30,{_iso(ended + timedelta(hours=9))},"
        f"{n * 7919 % 900_000_000},{sha},{incidents},{'Evidence' if n % 3 else ''},{_iso(started + timedelta(90))},Active\n"
    )


def write_assignments(path: Path, count: int) -> None:
    """``count`` assignments, a fifth of them of two-officer units."""
    with path.open("w", encoding="utf-8") as file:
        file.write("incident_id,unit_id,officer_id,dispatched_at,en_route_at,on_scene_at,cleared_at,cancelled\n")
        for n in range(count):
            at = _START + timedelta(seconds=n * _YEAR_S // count)
            times = ",".join(_iso(at + timedelta(minutes=minutes)) for minutes in (0, 1, 6 + n % 9, 30 + n % 50))
            officers = f"PC {n % 2_000:04d}" + (f";PC {(n + 1) % 2_000:04d}" if n % 5 == 0 else "")
            file.write(f"25-{n:06d},U{n % 90},{officers},{times},{'true' if n % 40 == 0 else 'false'}\n")


def _iso(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
