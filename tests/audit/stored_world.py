"""A made-up force put straight into a database, and runs over it with chunks of any size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from bwc_audit.audit import deciding, night
from bwc_audit.audit.setup import Audit, open_audit
from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    DeviceEventKind,
    Holding,
    Incident,
    Officer,
    Records,
    RowRef,
    Segment,
)
from bwc_audit.domain.results import AssignmentResult
from bwc_audit.domain.runs import Run, RunKind
from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Span
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.store import runs, source_files, turns
from bwc_audit.store.database import reading, writing
from tests.audit.nights import night_settings

MIDNIGHT_US = 1_748_044_800 * SECOND_US  # 2025-05-24T00:00:00Z
DAYS = 9
PERIOD = Span(MIDNIGHT_US, MIDNIGHT_US + DAYS * DAY_US)


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that a run says, without what names the run."""

    status: str
    counts: dict[str, int]
    not_examined: tuple[str, ...]
    results: tuple[AssignmentResult, ...]
    incidents: tuple[object, ...]
    segments: tuple[object, ...]
    findings: tuple[object, ...]
    turns: tuple[object, ...]


def store_world(audit: Audit, records: Records, key: str = "rows.csv", *, read_at_us: int = 0) -> None:
    """Put the records into the database as if a file had been read."""
    with writing(audit.engine) as session:
        stat = ObjectStat(key, 1, f"etag-{read_at_us}", 0)
        source_files.replace_file(session, audit.source.uri, stat, records, read_at_us=read_at_us)


def audit_of(folder: Path, records: Records, **settings: object) -> Audit:
    """An audit whose database holds the records; the source itself is an empty folder."""
    (folder / "source").mkdir(parents=True)
    given: dict[str, Any] = {"as_of": "2025-06-04T05:00:00Z", **settings}
    audit = open_audit(night_settings(folder / "source", folder / "state", **given))
    store_world(audit, records)
    return audit


def with_chunks(audit: Audit, days: int) -> Audit:
    """The same audit, deciding this many days at a time."""
    return replace(audit, settings=audit.settings.model_copy(update={"chunk_days": days}))


def with_deciders(audit: Audit, deciders: int) -> Audit:
    """The audit with this many processes that decide chunks at a time."""
    return replace(audit, settings=audit.settings.model_copy(update={"deciders": deciders}))


def run_over(audit: Audit, period: Span = PERIOD) -> Run:
    """A whole run, planned and decided."""
    run_id = night.start_run(audit, audit.request(RunKind.BACKFILL, period))
    night.plan_run(audit, run_id)
    return deciding.decide_run(audit, run_id)


def answers_of(audit: Audit, run: Run) -> Answers:
    """What a run says, in an order that does not depend on how it was decided."""
    with reading(audit.engine) as session:
        observed = runs.load_observed(session, run.run_id)
        return Answers(
            status=run.status.value,
            counts={name: number for name, number in run.counts.items() if name != "chunks"},
            not_examined=run.not_examined,
            results=runs.load_results(session, run.run_id),
            incidents=runs.load_incidents(session, run.run_id),
            segments=runs.load_segments(session, run.run_id),
            findings=tuple((one.finding, one.state, one.change) for one in sorted(observed, key=lambda one: one.finding_id)),
            turns=tuple(sorted(map(repr, turns.load_turns(session, run.run_id)))),
        )


def random_world(random: Random, officers: int = 3, incidents: int = 14) -> Records:
    """Calls at any hour of nine days, many of them near midnight, some long, some overlapping, some without an incident row,
    some with two; recordings that fit, come late, stop early, run over two calls, or belong to nobody."""
    badges = [f"{number}" for number in range(7, 7 + officers)]
    made_incidents: list[Incident] = []
    assignments: list[Assignment] = []
    segments: list[Segment] = []
    for number in range(incidents):
        opened_us = (
            MIDNIGHT_US
            + random.randrange(DAYS) * DAY_US
            + random.choice((random.randrange(24 * 60) * MINUTE_US, -20 * MINUTE_US, 23 * HOUR_US + 50 * MINUTE_US, 0))
        )
        opened_us = max(PERIOD.start_us, opened_us)
        lasting_us = random.choice((20 * MINUTE_US, 90 * MINUTE_US, 9 * HOUR_US, 23 * HOUR_US))
        incident_id = f"I{number}"
        times = [opened_us] if random.random() < 0.9 else [opened_us, opened_us + 3 * DAY_US]
        times = [] if random.random() < 0.1 else [time_us for time_us in times if time_us < PERIOD.end_us]
        made_incidents += [
            Incident(
                incident_id, "STOP", time_us, RowRef("rows.csv", 100 + 10 * number + place), closed_us=time_us + lasting_us
            )
            for place, time_us in enumerate(times)
        ]
        for badge in random.sample(badges, random.choice((1, 1, 2))):
            arrived_us = opened_us + random.randrange(30) * MINUTE_US
            row = RowRef("rows.csv", 1000 + len(assignments))
            assignments.append(
                Assignment(
                    incident_id,
                    badge,
                    row,
                    dispatched_us=opened_us,
                    on_scene_us=arrived_us,
                    cleared_us=opened_us + lasting_us,
                )
            )
            segments += _recordings(random, badge, incident_id, arrived_us, opened_us + lasting_us, len(segments))
    return Records(
        segments=tuple(segments),
        incidents=tuple(made_incidents),
        assignments=tuple(assignments),
        officers=tuple(
            Officer(badge, "north", RowRef("rows.csv", 1 + place), camera_from_us=0) for place, badge in enumerate(badges)
        ),
        devices=tuple(
            Device(f"CAM{badge}", "Model 4", RowRef("rows.csv", 20 + place)) for place, badge in enumerate(badges)
        ),
        holdings=tuple(
            Holding(f"CAM{badge}", badge, 0, RowRef("rows.csv", 40 + place)) for place, badge in enumerate(badges)
        ),
        device_events=tuple(_events(random, badges)),
    )


def _recordings(random: Random, badge: str, incident_id: str, start_us: int, end_us: int, first: int) -> list[Segment]:
    shape = random.choice(("whole", "late", "early", "missed", "split", "pool"))
    if shape == "missed":
        return []
    low = start_us + (30 * MINUTE_US if shape == "late" else -random.randrange(90) * SECOND_US)
    high = min(max(end_us - (15 * MINUTE_US if shape == "early" else 0), low + MINUTE_US), low + 7 * HOUR_US)
    parts = [(low, high)] if shape != "split" else [(low, (low + high) // 2), ((low + high) // 2, high)]
    return [
        Segment(
            f"F{first + place}",
            "POOL" if shape == "pool" else f"CAM{badge}",
            begin_us,
            finish_us - begin_us,
            RowRef("rows.csv", 5000 + first + place),
            object_key=f"footage/F{first + place}.mp4",
            officer_id=None if shape == "pool" else badge,
            recording_id=f"R{first}",
            segment_no=place + 1,
            activated_us=low + 20 * SECOND_US,
            uploaded_us=finish_us + random.choice((HOUR_US, 40 * HOUR_US)),
            incident_ids=random.choice(((), (incident_id,), ("I999",))),
            categories=random.choice(((), ("stop",))),
        )
        for place, (begin_us, finish_us) in enumerate(parts)
    ]


def _events(random: Random, badges: list[str]) -> list[DeviceEvent]:
    found: list[DeviceEvent] = []
    for badge in badges:
        for day in range(DAYS + 2):
            at_us = MIDNIGHT_US + day * DAY_US + 6 * HOUR_US
            row = RowRef("rows.csv", 9000 + len(found))
            value = random.choice(("0", "0", "1.5", "45", "90"))
            found.append(DeviceEvent(f"CAM{badge}", at_us, DeviceEventKind.DOCK, row))
            found.append(DeviceEvent(f"CAM{badge}", at_us, DeviceEventKind.CLOCK_CHECK, row, value))
    return found


def with_camera_off(records: Records, random: Random, shift_us: int) -> Records:
    """The records and an officer 99 with several short calls a day, recorded and tagged rightly by a camera whose clock no
    dock ever checks and that is ahead by ``shift_us`` throughout."""
    incidents, assignments, segments = [], [], []
    for number in range(DAYS * 4):
        at_us = MIDNIGHT_US + number // 4 * DAY_US + random.randrange(24 * 60) * MINUTE_US
        end_us, begin_us = at_us + random.randrange(10, 50) * MINUTE_US, at_us + random.randrange(100) * SECOND_US
        name = f"K{number}"
        incidents.append(Incident(name, "STOP", at_us, RowRef("rows.csv", 20_000 + number), closed_us=end_us))
        row = RowRef("rows.csv", 21_000 + number)
        assignments.append(
            Assignment(name, "99", row, dispatched_us=at_us, on_scene_us=at_us + MINUTE_US, cleared_us=end_us)
        )
        segments.append(
            Segment(
                name,
                "CAM99",
                begin_us + shift_us,
                end_us + 5 * SECOND_US - begin_us,
                RowRef("rows.csv", 22_000 + number),
                object_key=f"footage/{name}.mp4",
                officer_id="99",
                activated_us=begin_us + shift_us + 20 * SECOND_US,
                uploaded_us=end_us + random.choice((2, 20)) * HOUR_US,
                incident_ids=(name,),
                categories=("stop",),
            )
        )
    return replace(
        records,
        incidents=(*records.incidents, *incidents),
        assignments=(*records.assignments, *assignments),
        segments=(*records.segments, *segments),
        officers=(*records.officers, Officer("99", "north", RowRef("rows.csv", 10), camera_from_us=0)),
        devices=(*records.devices, Device("CAM99", "Model 4", RowRef("rows.csv", 29))),
        holdings=(*records.holdings, Holding("CAM99", "99", 0, RowRef("rows.csv", 49))),
    )
