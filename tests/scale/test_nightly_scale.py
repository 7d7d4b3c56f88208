"""A night of two thousand videos through a folder: everything examined once, and nothing read twice."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bwc_audit.audit import deciding, night
from bwc_audit.audit.ingest import ingest
from bwc_audit.audit.setup import Audit, day_period, open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.runs import Run, RunKind, RunStatus
from bwc_audit.store.database import open_database, upgrade

pytestmark = pytest.mark.heavy

VIDEOS = 2_000
_OFFICERS = 100
_DAY = date(2025, 5, 24)
_DAWN = datetime(2025, 5, 24, 0, 5, tzinfo=UTC)


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """A folder with the night in it, and an empty database."""
    source = tmp_path / "source"
    _write_records(source)
    _write_footage(source)
    settings = Settings(
        source=str(source),
        state_dir=tmp_path / "state",
        database_url="",
        as_of=datetime(2025, 5, 26, 5, tzinfo=UTC),
        batch_size=500,
        workers=2,
    )
    engine = open_database(settings.effective_database_url)
    upgrade(engine)
    engine.dispose()
    return open_audit(settings)


def test_two_thousand_videos_are_examined_once_and_read_once(audit: Audit) -> None:
    first = ingest(audit)
    # Sidecars, incidents, assignments, officers, devices, holders.
    assert (first.files_read, first.videos, first.rows_rejected) == (VIDEOS + 5, VIDEOS, 0)

    run = _one_night(audit)
    assert run.status is RunStatus.INCOMPLETE, "two thousand texts named .mp4 cannot be examined"
    assert run.counts["assignments"] == VIDEOS
    assert run.counts["videos_examined"] == VIDEOS
    assert run.counts["videos_reused"] == run.counts["videos_failed"] == 0

    second = ingest(audit)
    assert (second.files_read, second.files_unchanged) == (0, VIDEOS + 5)
    again = _one_night(audit)
    assert again.counts["videos_reused"] == again.counts["videos_examined"] == VIDEOS
    assert again.counts["bytes_read"] == 0
    assert again.counts["findings"] == run.counts["findings"] > 0


def _one_night(audit: Audit) -> Run:
    run_id = night.start_run(audit, audit.request(RunKind.NIGHTLY, day_period(audit.settings, _DAY)))
    for batch in range(night.plan_run(audit, run_id).batches):
        night.inspect_batch(audit, run_id, batch)
    return deciding.decide_run(audit, run_id)


def _arrival(number: int) -> datetime:
    """Each officer has an incident an hour."""
    return _DAWN + timedelta(hours=number // _OFFICERS, seconds=number % _OFFICERS)


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _write_footage(source: Path) -> None:
    """A sidecar and a small text that calls itself a video for each incident; the camera stops two minutes early."""
    folder = source / "footage"
    folder.mkdir(parents=True)
    for number in range(VIDEOS):
        name, arrival = f"F{number:05d}", _arrival(number)
        sidecar = {
            "footage_id": name,
            "object_key": f"footage/{name}.mp4",
            "device_id": f"C{number % _OFFICERS:03d}",
            "officer_id": f"{number % _OFFICERS:05d}",
            "media_started_at": _iso(arrival - timedelta(seconds=60)),
            "activated_at": _iso(arrival - timedelta(seconds=30)),
            "duration_s": 480,
            "uploaded_at": _iso(arrival + timedelta(hours=6)),
            "incident_ids": [f"I{number:05d}"],
            "categories": ["incident"],
        }
        (folder / f"{name}.json").write_text(json.dumps(sidecar))
        (folder / f"{name}.mp4").write_bytes(b"this is no video " * 8 + name.encode())


def _write_records(source: Path) -> None:
    incidents, assignments = (
        ["incident_id,call_type,opened_at,closed_at"],
        ["incident_id,officer_id,dispatched_at,on_scene_at,cleared_at"],
    )
    for number in range(VIDEOS):
        arrival = _arrival(number)
        opened, closed = _iso(arrival - timedelta(minutes=4)), _iso(arrival + timedelta(minutes=9))
        incidents.append(f"I{number:05d},DOMESTIC,{opened},{closed}")
        assignments.append(f"I{number:05d},{number % _OFFICERS:05d},{opened},{_iso(arrival)},{closed}")
    badges = range(_OFFICERS)
    tables = {
        "cad/incidents.csv": incidents,
        "cad/assignments.csv": assignments,
        "roster/officers.csv": [
            "officer_id,unit,camera_from",
            *(f"{badge:05d},north,2025-01-01T00:00:00Z" for badge in badges),
        ],
        "roster/devices.csv": ["device_id,model", *(f"C{badge:03d},Model 4" for badge in badges)],
        "roster/holders.csv": [
            "device_id,officer_id,held_from",
            *(f"C{badge:03d},{badge:05d},2025-01-01T00:00:00Z" for badge in badges),
        ],
    }
    for key, rows in tables.items():
        path = source / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(rows) + "\n")
