"""A source of one clip and four incidents, decided once by the library: what the commands are tried on.

Its texts hold what must not reach a terminal as such: brackets that look like markup, an escape sequence, a
right-to-left override.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from bwc_audit.audit.deciding import decide_run
from bwc_audit.audit.ingest import ingest
from bwc_audit.audit.night import inspect_batch, plan_run, start_run
from bwc_audit.audit.reports import write_run_report
from bwc_audit.audit.setup import day_period, open_audit
from bwc_audit.config import load_settings
from bwc_audit.domain.runs import RunKind
from bwc_audit.store.database import open_database, upgrade
from tests.media.clips import blacked, street, tone, write_clip

COVERED, MISSED, PENDING, CANCELLED = "INC-1", "INC-[red]2[/red]", "INC-3", "INC-4"
STEERING = "THEFT \x1b[31m\u202eRED"

_FROM = "2025-01-01T00:00:00Z"
_RECORDS: dict[str, list[dict[str, str]]] = {
    "roster/officers.csv": [
        {"officer_id": officer, "unit": "North [bold]side", "active_from": _FROM, "camera_from": _FROM}
        for officer in ("201", "202", "203")
    ],
    "roster/devices.csv": [{"device_id": f"CAM{n}", "model": "Body 4", "configured_buffer_s": "10"} for n in (1, 2, 3)],
    "roster/holders.csv": [{"device_id": f"CAM{n}", "officer_id": f"20{n}", "held_from": _FROM} for n in (1, 2, 3)],
    "events/device_events.csv": [
        {"device_id": f"CAM{n}", "at": "2025-05-24T23:00:00Z", "event": "dock", "value": ""} for n in (1, 2)
    ],
    "cad/incidents.csv": [
        {"incident_id": incident, "call_type": call_type, "opened_at": opened_at, "closed_at": ""}
        for incident, call_type, opened_at in (
            (COVERED, STEERING, "2025-05-24T17:55:00Z"),
            (MISSED, "TRAFFIC", "2025-05-24T17:55:00Z"),
            (PENDING, "TRAFFIC", "2025-05-24T22:05:00Z"),
            (CANCELLED, "TRAFFIC", "2025-05-24T19:00:00Z"),
            ("INC-5", "TRAFFIC", "yesterday \x1b[31m"),
        )
    ],
    "cad/assignments.csv": [
        {"incident_id": incident, "officer_id": officer, "on_scene_at": start, "cleared_at": end, "cancelled": cancelled}
        for incident, officer, start, end, cancelled in (
            (COVERED, "201", "2025-05-24T18:00:00Z", "2025-05-24T18:01:10Z", ""),
            (MISSED, "202", "2025-05-24T18:00:00Z", "2025-05-24T18:20:00Z", ""),
            (PENDING, "203", "2025-05-24T22:10:00Z", "2025-05-24T22:30:00Z", ""),
            (CANCELLED, "201", "", "", "true"),
        )
    ],
}
_SIDECAR = {
    "footage_id": "CAM1-0001",
    "object_key": "footage/CAM1_175950.mp4",
    "device_id": "CAM1",
    "officer_id": "201",
    "recording_id": "REC-[/bold]1",
    "media_started_at": "2025-05-24T17:59:50Z",
    "activated_at": "2025-05-24T18:00:00Z",
    "duration_s": 85.0,
    "pre_event_buffer_s": 10,
    "uploaded_at": "2025-05-24T23:30:00Z",
    "incident_ids": ["INC-1"],
    "categories": ["routine"],
}


@dataclass(frozen=True, slots=True)
class SmallRun:
    """Folder of the state, folder of the source, the decided run's id, and the report of it."""

    state_dir: Path
    source: Path
    run_id: str
    report: Path

    @property
    def clip(self) -> Path:
        return self.source / "footage" / "CAM1_175950.mp4"

    def copied_to(self, folder: Path) -> SmallRun:
        """The same run over a copy of its state, for who makes further runs."""
        return replace(self, state_dir=Path(shutil.copytree(self.state_dir, folder / "copied_state")))

    def environment(self) -> dict[str, str]:
        """The variables under which the program works on this run."""
        return {
            "BWC_STATE_DIR": str(self.state_dir),
            "BWC_SOURCE": str(self.source),
            "BWC_AS_OF": "2025-05-25T21:30:00+00:00",
            "BWC_WORKERS": "1",
        }


@lru_cache(maxsize=1)
def small_run_in(folder: Path) -> SmallRun:
    """Build the source below ``folder`` and decide its night; once for all tests."""
    run = SmallRun(folder / "state", folder / "source", "", folder / "report")
    write_source(run.source)
    settings = load_settings(**{name.removeprefix("BWC_").lower(): text for name, text in run.environment().items()})
    engine = open_database(settings.effective_database_url)
    upgrade(engine)
    engine.dispose()
    audit = open_audit(settings)
    summary = ingest(audit)
    run_id = start_run(audit, audit.request(RunKind.NIGHTLY, day_period(settings, audit_day())))
    for batch in range(plan_run(audit, run_id).batches):
        inspect_batch(audit, run_id, batch)
    decide_run(audit, run_id, summary.counts())
    write_run_report(audit, run_id, run.report)
    audit.engine.dispose()
    return SmallRun(run.state_dir, run.source, run_id, run.report)


def audit_day() -> date:
    """The day of the one run."""
    return date(2025, 5, 24)


def write_source(folder: Path) -> None:
    """The records, and 85 s of street with sound, black from 30 s to 46 s."""
    for key, rows in _RECORDS.items():
        _write_csv(folder / key, rows)
    clip = folder / "footage" / "CAM1_175950.mp4"
    clip.parent.mkdir(parents=True)
    write_clip(clip, blacked(street(85), 30, 46), tone(85, from_s=10))
    sidecar = {**_SIDECAR, "size_bytes": clip.stat().st_size}
    clip.with_suffix(".json").write_text(json.dumps(sidecar), encoding="utf-8")


def _write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
