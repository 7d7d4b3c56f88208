"""A made-up year of a force, of any size, the same for the same seed: the input of the benchmarks and the scale tests.

Officers work 50 shifts a year with two assignments each; in a tenth of them the second call comes while the first goes on.
A recording is split by a cap into two files that overlap by a second, and a second camera press gives a third file that
overlaps the first two; for every three assignments there is one recording of nothing that anyone was sent to. A few
hundredths of the assignments are late, cut short, interrupted or not recorded at all; some recordings come from pool
cameras nobody held, some from cameras that two officers held at once, some carry no incident id or a mistyped one. Some
officers arrive twice, some are exempt for a while, some rows are cancelled, tests, or lack a time; some clocks are off, some
uploads late, some files numbered with holes, deleted, doubled or absent. How often is an assumption, chosen to be worse than
real forces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, CoverageLimits, Int, SegmentArrays, SpanTable, WindowArrays
from bwc_audit.domain.matching import limits_of
from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    DeviceEventKind,
    Exemption,
    Holding,
    Incident,
    Officer,
    Records,
    RowRef,
    Segment,
    StoredObject,
)
from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Span, us_of, us_of_seconds
from bwc_audit.sources.policy_files import load_policy
from tests.domain.oracle import Allowed

POLICY = load_policy("uk_generic")
LIMITS: CoverageLimits = limits_of(POLICY.coverage)
ALLOWED_A_YEAR = Allowed(
    activation_grace=us_of_seconds(POLICY.coverage.activation_grace_s),
    deactivation_grace=us_of_seconds(POLICY.coverage.deactivation_grace_s),
    gap=us_of_seconds(POLICY.coverage.gap_s),
    join=us_of_seconds(POLICY.coverage.join_s),
)
SEGMENTS_AN_ASSIGNMENT = 3
#: One recording of nothing in particular for so many assignments.
BESIDES_EVERY = 3
ASSIGNMENTS_A_SHIFT = 2
OFFICERS = 1_000

_START_US = us_of(datetime(2025, 1, 1, tzinfo=UTC))
PERIOD = Span(_START_US, _START_US + 366 * DAY_US)
AS_OF_US = PERIOD.end_us + 5 * DAY_US


@dataclass(frozen=True, slots=True)
class Year:
    """Columns of a year; assignments of one officer follow in time. Segment ``i`` belongs to assignment ``i // 3``; those
    behind the last assignment's belong to none."""

    officer: Int
    arrived_us: Int
    cleared_us: Int
    segment_start_us: Int
    segment_end_us: Int
    activated_us: Int
    kind: Int

    @property
    def assignments(self) -> int:
        return len(self.officer)

    @property
    def segment_officer(self) -> Int:
        """Whose recording each segment is."""
        besides = len(self.segment_start_us) - SEGMENTS_AN_ASSIGNMENT * self.assignments
        return np.concatenate([np.repeat(self.officer, SEGMENTS_AN_ASSIGNMENT), self.officer[::BESIDES_EVERY][:besides]])


def make_year(assignments: int, officers: int = OFFICERS, seed: int = 1) -> Year:
    """A year with this many assignments and ten thirds as many segments."""
    random = np.random.default_rng(seed)
    each = np.arange(assignments, dtype=np.int64)
    officer = each % officers
    turn = each // officers
    shift, second = np.divmod(turn, ASSIGNMENTS_A_SHIFT)
    shifts = -(-(int(turn.max()) + 1) // ASSIGNMENTS_A_SHIFT)
    day_us = shift * (364 * DAY_US // shifts) + officer // 2 % 3 * 8 * HOUR_US
    apart_us = np.where(shift % 10 == 0, 15 * MINUTE_US, 3 * HOUR_US)
    arrived_us = PERIOD.start_us + day_us + second * apart_us + random.integers(0, HOUR_US, assignments)
    lasting_us = random.integers(5 * MINUTE_US, 90 * MINUTE_US, assignments)
    kind = random.choice(len(_SHAPES), assignments, p=_SHARES)
    starts, ends, activated = _recordings(kind, arrived_us, lasting_us, random)
    beside = arrived_us[::BESIDES_EVERY] + 8 * HOUR_US
    beside_end = beside + random.integers(MINUTE_US, 20 * MINUTE_US, len(beside))
    return Year(
        officer,
        arrived_us,
        arrived_us + lasting_us,
        np.concatenate([starts.ravel(), beside]),
        np.concatenate([ends.ravel(), beside_end]),
        np.concatenate([activated.ravel(), beside + 30 * SECOND_US]),
        kind,
    )


#: What happens in an assignment and how often.
_SHAPES = ("whole", "late", "early", "gap", "missed", "pool camera", "contested", "untagged")
_SHARES = (0.85, 0.04, 0.03, 0.02, 0.02, 0.01, 0.01, 0.02)


def _recordings(kind: Int, arrived_us: Int, lasting_us: Int, random: np.random.Generator) -> tuple[Int, Int, Int]:
    """Start, end and activation of three segments for each assignment; shape (assignments, 3)."""
    cleared_us = arrived_us + lasting_us
    pressed = arrived_us - random.integers(10 * SECOND_US, 5 * MINUTE_US, len(kind))
    pressed = np.where(kind == _SHAPES.index("late"), arrived_us + lasting_us // 4, pressed)
    pressed = np.where(kind == _SHAPES.index("missed"), cleared_us + 40 * MINUTE_US, pressed)
    stopped = cleared_us + random.integers(-20 * SECOND_US, 4 * MINUTE_US, len(kind))
    stopped = np.where(kind == _SHAPES.index("early"), cleared_us - lasting_us // 4, stopped)
    stopped = np.maximum(stopped, pressed + 3 * MINUTE_US)
    split = (pressed + stopped) // 2
    pause = np.where(kind == _SHAPES.index("gap"), lasting_us // 8, -SECOND_US)
    again = split - 30 * SECOND_US
    starts = np.stack(
        [pressed - 30 * SECOND_US, split + pause, np.where(pause > 0, split + pause + 10 * SECOND_US, again)], axis=1
    )
    ends = np.stack([split, np.maximum(stopped, split + pause + MINUTE_US), stopped + 10 * SECOND_US], axis=1)
    ends = np.maximum(ends, starts + SECOND_US)
    return starts, ends, np.stack([pressed, pressed, starts[:, 2] + 30 * SECOND_US], axis=1)


def arrays_of(year: Year) -> tuple[WindowArrays, SpanTable, SegmentArrays]:
    """The year as the engine takes it: what the pool cameras recorded has an owner without windows."""
    count = year.assignments
    windows = WindowArrays(
        year.officer,
        year.arrived_us,
        year.cleared_us,
        np.full(count, SECOND_US),
        np.full(count, 120 * SECOND_US),
    )
    pieces = SpanTable(np.arange(count, dtype=np.int64), year.arrived_us, year.cleared_us)
    owner = year.segment_officer
    is_nobody = np.repeat(year.kind == _SHAPES.index("pool camera"), SEGMENTS_AN_ASSIGNMENT)
    owner[: len(is_nobody)][is_nobody] = year.officer.max() + 1
    tolerance = np.full(len(owner), 60 * SECOND_US)
    activated = np.where(np.arange(len(owner)) % 50 == 0, NO_TIME, year.activated_us)
    return windows, pieces, SegmentArrays(owner, year.segment_start_us, year.segment_end_us, activated, tolerance)


def records_of(year: Year) -> Records:
    """The year as rows of the sources: two officers an incident, docked and checked after each shift."""
    officers = int(year.officer.max()) + 1
    badges = [f"{number:05d}" for number in range(officers)]
    segments = tuple(_segments(year, badges))
    return Records(
        segments=segments,
        incidents=tuple(_incidents(year)),
        assignments=tuple(_assignments(year, badges)),
        officers=tuple(
            Officer(
                badge,
                f"unit-{place % 20}",
                RowRef("roster/officers.csv", place + 2),
                camera_from_us=None if place % 200 == 199 else 0,
            )
            for place, badge in enumerate(badges)
        ),
        devices=tuple(
            Device(f"cam-{badge}", "Model 4", RowRef("roster/devices.csv", place + 2), configured_buffer_us=30 * SECOND_US)
            for place, badge in enumerate(badges)
        ),
        holdings=tuple(_holdings(year, badges)),
        exemptions=tuple(_exemptions(year, badges)),
        device_events=tuple(_events(year, badges)),
        objects=tuple(_objects(segments)),
    )


def _objects(segments: Sequence[Segment]) -> Iterator[StoredObject]:
    """Each thousandth video is absent, each two thousandth has no metadata."""
    for place, segment in enumerate(segments):
        if segment.object_key is not None and place % 1000 != 500:
            yield StoredObject(segment.object_key, 1_000_000, "etag", 0)
        if place % 2000 == 7:
            yield StoredObject(f"footage/orphan-{place:08d}.mp4", 1_000_000, "etag", 0)


def _incident_of(year: Year, index: int) -> int:
    """Assignments beside one another (two officers, about the same time) share an incident."""
    return index // 2


def _incidents(year: Year) -> list[Incident]:
    return [
        Incident(
            f"I{number:07d}",
            "TEST" if number % 251 == 3 else ("DOMESTIC", "TRAFFIC", "ASSAULT", "THEFT")[number % 4],
            int(year.arrived_us[2 * number : 2 * number + 2].min()) - 5 * MINUTE_US,
            RowRef("cad/incidents.csv", number + 2),
            priority=str(number % 3 + 1),
            closed_us=None if number % 389 == 5 else int(year.cleared_us[2 * number : 2 * number + 2].max()) + MINUTE_US,
        )
        for number in range(-(-year.assignments // 2))
    ]


def _assignments(year: Year, badges: list[str]) -> list[Assignment]:
    """In each tenth of the badges' turns an officer writes the badge without its zeros; some arrive twice."""
    columns = zip(year.officer.tolist(), year.arrived_us.tolist(), year.cleared_us.tolist(), strict=True)
    found = []
    for index, (officer, arrived_us, cleared_us) in enumerate(columns):
        first = Assignment(
            f"I{_incident_of(year, index):07d}",
            badges[officer] if index % 10 else f"PC {officer}",
            RowRef("cad/assignments.csv", index + 2),
            unit_id=f"U{officer % 300}",
            dispatched_us=arrived_us - 6 * MINUTE_US,
            en_route_us=arrived_us - 5 * MINUTE_US,
            on_scene_us=None if index % 211 == 3 else arrived_us,
            cleared_us=None if index % 97 == 5 else cleared_us,
            is_cancelled=index % 151 == 9,
        )
        found.append(first)
        if index % 37 == 11:
            again_us = (arrived_us + cleared_us) // 2
            found.append(replace(first, row=RowRef("cad/again.csv", index + 2), on_scene_us=again_us, unit_id=None))
    return found


def _segments(year: Year, badges: list[str]) -> list[Segment]:
    columns = zip(year.segment_start_us.tolist(), year.segment_end_us.tolist(), year.activated_us.tolist(), strict=True)
    officer, kind, named = year.segment_officer.tolist(), year.kind.tolist(), SEGMENTS_AN_ASSIGNMENT * year.assignments
    segments = [
        _segment(
            index,
            badges[officer[index]],
            _SHAPES[kind[index // SEGMENTS_AN_ASSIGNMENT]] if index < named else "untagged",
            *times,
            _incident_of(year, index // SEGMENTS_AN_ASSIGNMENT),
        )
        for index, times in enumerate(columns)
    ]
    return _numbered(segments)


def _numbered(segments: list[Segment]) -> list[Segment]:
    """Each camera numbers its files in order of time; each two hundredth number or so is lost, some are not stated."""
    last: dict[str, int] = {}
    for place in sorted(range(len(segments)), key=lambda place: segments[place].media_started_us):
        device = segments[place].device_id
        last[device] = last.get(device, 0) + (2 if place % 211 == 1 else 1)
        if place % 400:
            segments[place] = replace(segments[place], sequence_no=last[device])
    return segments


def _segment(index: int, badge: str, kind: str, start_us: int, end_us: int, activated_us: int, incident: int) -> Segment:
    number, part = divmod(index, SEGMENTS_AN_ASSIGNMENT)
    is_second_press = part == SEGMENTS_AN_ASSIGNMENT - 1
    device = {"pool camera": f"pool-{number % 50}", "contested": f"shared-{badge}"}.get(kind, f"cam-{badge}")
    incident_ids = () if kind == "untagged" else (f"I{incident + (7 if index % 331 == 0 else 0):07d}",)
    return Segment(
        footage_id=f"F{index - index % 1009 if index % 1009 == 1 else index:08d}",
        device_id=device,
        media_started_us=start_us,
        duration_us=end_us - start_us,
        row=RowRef(f"footage/{index // 5000:05d}.csv", index % 5000 + 2),
        object_key=None if index % 1511 == 13 else f"footage/F{index:08d}.mp4",
        officer_id=None if kind in ("pool camera", "contested") or index % 71 == 7 else badge,
        device_model="Model 4",
        recording_id=f"R{number:07d}{'b' if is_second_press else 'a'}",
        segment_no=1 if is_second_press else part + 1,
        activated_us=None if index % 50 == 0 else activated_us,
        pre_event_buffer_us=30 * SECOND_US if index % 100 == 0 else None,
        uploaded_us=end_us + (40 if index % 173 == 2 else 9) * HOUR_US if index % 211 else None,
        size_bytes=1_000_000,
        sha256=f"{index:064x}" if index % 3 else None,
        incident_ids=incident_ids,
        categories=() if number % 83 == 1 else ("incident",),
        retention_until_us=AS_OF_US + (3 if index % 409 == 0 else 60) * DAY_US if index % 190 else None,
        deleted_us=AS_OF_US - DAY_US if index % 1301 == 77 else None,
    )


def _exemptions(year: Year, badges: list[str]) -> list[Exemption]:
    """A part out of the middle, or everything, of each hundredth assignment."""
    found: list[Exemption] = []
    for index in range(0, year.assignments, 100):
        arrived_us, cleared_us = int(year.arrived_us[index]), int(year.cleared_us[index])
        third_us = (cleared_us - arrived_us) // 3
        whole = index % 500 == 0
        found.append(
            Exemption(
                badges[int(year.officer[index])],
                "medical",
                RowRef("exemptions/exemptions.csv", len(found) + 2),
                f"I{_incident_of(year, index):07d}",
                None if whole else arrived_us + third_us,
                None if whole else cleared_us - third_us,
            )
        )
    return found


def _holdings(year: Year, badges: list[str]) -> list[Holding]:
    """A camera of one's own; a shared one, held by a neighbour as well, in the records of some."""
    shared = sorted({badges[place] for place in np.unique(year.officer[year.kind == _SHAPES.index("contested")])})
    own = [Holding(f"cam-{badge}", badge, 0, RowRef("roster/holders.csv", place + 2)) for place, badge in enumerate(badges)]
    both = [
        Holding(f"shared-{badge}", holder, 0, RowRef("roster/shared.csv", place + 2))
        for place, badge in enumerate(shared)
        for holder in (badge, badges[(int(badge) + 1) % len(badges)])
    ]
    return own + both


def _events(year: Year, badges: list[str]) -> list[DeviceEvent]:
    """The dock after each second assignment: it sees the camera, and measures its clock."""
    found: list[DeviceEvent] = []
    for index in range(year.assignments):
        if (index // len(badges)) % ASSIGNMENTS_A_SHIFT != ASSIGNMENTS_A_SHIFT - 1:
            continue
        device = f"cam-{badges[int(year.officer[index])]}"
        at_us = int(year.cleared_us[index]) + 2 * HOUR_US
        row = RowRef("events/device_events.csv", len(found) + 2)
        found.append(DeviceEvent(device, at_us - 30 * MINUTE_US, DeviceEventKind.POWER_OFF, row))
        found.append(DeviceEvent(device, at_us, DeviceEventKind.DOCK, row))
        found.append(DeviceEvent(device, at_us, DeviceEventKind.CLOCK_CHECK, row, _checked(index)))
    return found


def _checked(index: int) -> str:
    """What the dock measures: mostly next to nothing, sometimes a drift, a step or an hour."""
    if index % 601 == 17:
        return "3600.0"
    if index % 307 == 4:
        return "-95.0"
    return "5.0" if index % 113 == 6 else f"{index % 5 - 2}.0"
