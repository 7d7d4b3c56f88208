"""From records to measured coverage: the part of a decision that needs no picture.

Who had to record when, which recordings touch that time, and what they cover. What to look at in the videos follows from
it (``looking``); what it all means is decided afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.clocks import ClockChecks
from bwc_audit.domain.completeness import Completeness
from bwc_audit.domain.coverage import NO_TIME, CoverageLimits, CoverageMeasures, Int, SegmentArrays, SpanTable, WindowArrays
from bwc_audit.domain.findings import Window
from bwc_audit.domain.identity import HolderHistory, Roster
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.placement import Placement, place_segments
from bwc_audit.domain.policy import CoverageRules, Policy
from bwc_audit.domain.records import Records
from bwc_audit.domain.results import Bucket, PendingReason, UnknownReason
from bwc_audit.domain.shifted import Need, Shifted, shifted_into
from bwc_audit.domain.shown_clocks import shown_clocks
from bwc_audit.domain.times import DAY_US, Span, us_of_seconds
from bwc_audit.domain.waterfall import Attendance, Exemptions, attendances, bucket_of, is_open, required_window

#: An officer's recording further away than this from a window is not called its nearest: whether one was read at all would
#: depend on how much of a long period is decided at a time.
NEAREST_WITHIN_US = 2 * DAY_US


@dataclass(frozen=True, slots=True)
class Judged:
    """One attendance after steps 1-4. ``measured`` is its index in the measures; None where it is not measured.

    Exactly one of ``bucket`` and ``pieces`` says something, unless it is ``undecidable`` for a reason.
    """

    attendance: Attendance
    bucket: Bucket | None = None
    undecidable: PendingReason | UnknownReason | None = None
    window: Window | None = None
    pieces: tuple[Span, ...] = ()
    measured: int | None = None


@dataclass(frozen=True, slots=True)
class Matching:
    """Everything measured from rows alone, for a period, as of a moment.

    ``measured``: the attendances that have a required window to measure, by their index in the measures.
    ``contested``: segments of devices with several holders at that moment.
    ``windows_of``: for each index of ``placements`` the measured indices of the windows it touches, earliest first;
    ``placements_of`` the reverse, in order of time. ``shifted``: which of them would touch which other windows by the clock
    in their picture; no absence in such a window is firm that they might undo.
    """

    records: Records
    policy: Policy
    period: Span
    as_of_us: int
    roster: Roster
    history: HolderHistory
    checks: ClockChecks
    completeness: Completeness
    judged: tuple[Judged, ...]
    measured: tuple[Judged, ...]
    placements: tuple[Placement, ...]
    contested: tuple[Placement, ...]
    windows: WindowArrays
    pieces: SpanTable
    owner_of: dict[str, int]
    measures: CoverageMeasures
    windows_of: dict[int, tuple[int, ...]]
    placements_of: dict[int, tuple[int, ...]]
    shifted: Shifted


def limits_of(rules: CoverageRules) -> CoverageLimits:
    """The engine's limits in microseconds."""
    return CoverageLimits(
        activation_grace_us=us_of_seconds(rules.activation_grace_s),
        deactivation_grace_us=us_of_seconds(rules.deactivation_grace_s),
        gap_us=us_of_seconds(rules.gap_s),
        join_us=us_of_seconds(rules.join_s),
    )


def match(
    records: Records, policy: Policy, period: Span, as_of_us: int, seen: Mapping[str, Inspection] | None = None
) -> Matching:
    """Judge and measure every assignment of the records. The order of the records does not matter.

    ``seen``: what is known of videos already, by object key; only the clocks burned into their pictures are used here.
    """
    roster = Roster(records.officers)
    history = HolderHistory.of(records.holdings, roster)
    checks = ClockChecks.of(records.device_events, policy.clock)
    shown = shown_clocks(records.segments, records.devices, seen or {}, policy.usability)
    placements = place_segments(records.segments, roster, history, checks, shown)
    exemptions = Exemptions(records.exemptions, roster)
    judged = _judge(records, policy, roster, exemptions)
    owner_of = _owners(judged, placements)
    windows, pieces = _window_arrays(judged, owner_of, history, checks)
    measures = coverage.measure_coverage(windows, pieces, segment_arrays(placements, owner_of), limits_of(policy.coverage))
    measures = replace(measures, nearest_us=_within_reach(measures.nearest_us))
    windows_of, placements_of = _pairs(measures, windows, placements)
    measured = tuple(one for one in judged if one.measured is not None)
    shifted = shifted_into(needs(measured), placements, windows_of)
    return Matching(
        records=records,
        policy=policy,
        period=period,
        as_of_us=as_of_us,
        roster=roster,
        history=history,
        checks=checks,
        completeness=Completeness.of(records.device_events, history, policy.upload, as_of_us),
        judged=judged,
        measured=measured,
        placements=placements,
        contested=tuple(placement for placement in placements if placement.conflict),
        windows=windows,
        pieces=pieces,
        owner_of=owner_of,
        measures=_doubted(measures, shifted, placements, us_of_seconds(policy.coverage.gap_s)),
        windows_of=windows_of,
        placements_of=placements_of,
        shifted=shifted,
    )


def _within_reach(nearest_us: Int) -> Int:
    return np.where((nearest_us != NO_TIME) & (nearest_us > NEAREST_WITHIN_US), NO_TIME, nearest_us)


def needs(measured: Sequence[Judged]) -> tuple[Need, ...]:
    """The required windows of measured attendances, in their order."""
    return tuple(
        Need(one.attendance.officer_id, one.attendance.incident_id, Span(one.pieces[0].start_us, one.pieces[-1].end_us))
        for one in measured
    )


def _doubted(measures: CoverageMeasures, shifted: Shifted, placements: Sequence[Placement], gap_us: int) -> CoverageMeasures:
    """The measures with the uncertainty of windows into which a picture's clock moves a recording. Where nothing else covers
    the window: no smaller than that shift, nor than the absence. Else no smaller than each margin that the recording, as
    long as it lies inside, might undo; a larger absence remains with it. What exactly remains is not worked out."""
    if not shifted.placements_of:
        return measures
    uncertainty_us = measures.uncertainty_us.copy()
    hole_us = np.zeros_like(measures.required_us)  # a gap's margin is a way to move, not a length: its length is asked
    np.maximum.at(hole_us, measures.holes.window, measures.holes.end_us - measures.holes.start_us)
    kinds = (
        (measures.late_margin_us, measures.late_margin_us),
        (measures.early_margin_us, measures.early_margin_us),
        (hole_us - gap_us, measures.gap_margin_us),
    )
    for window, found in shifted.placements_of.items():
        usual_us = int(uncertainty_us[window])
        if measures.covered_us[window] == 0:
            shifts_us = [shift_us for index in found if (shown := placements[index].shown) for shift_us in shown.shifts_us]
            doubts_us = [*(abs(shift_us) for shift_us in shifts_us), int(measures.nearest_us[window])]
        else:
            most_us = usual_us + shifted.moved_in[window].undoes_us(gap_us)
            doubts_us = [int(margin[window]) for excess, margin in kinds if int(excess[window]) <= most_us]
        uncertainty_us[window] = max(usual_us, *doubts_us, 0)
    return replace(measures, uncertainty_us=uncertainty_us)


def _judge(records: Records, policy: Policy, roster: Roster, exemptions: Exemptions) -> tuple[Judged, ...]:
    judged: list[Judged] = []
    measured = 0
    for attendance in attendances(records.assignments, records.incidents, roster):
        one = _judge_one(attendance, policy, exemptions)
        if one.pieces:
            one = replace(one, measured=measured)
            measured += 1
        judged.append(one)
    return tuple(judged)


def _judge_one(attendance: Attendance, policy: Policy, exemptions: Exemptions) -> Judged:
    bucket = bucket_of(attendance, policy)
    if bucket is not None:
        return Judged(attendance, bucket=bucket)
    window = required_window(attendance, policy)
    if attendance.officer is None:
        return Judged(attendance, undecidable=UnknownReason.IDENTITY, window=window)
    if attendance.incident is None:
        return Judged(attendance, undecidable=UnknownReason.INCIDENT_NOT_LOADED, window=window)
    if is_open(attendance, policy):
        return Judged(attendance, undecidable=PendingReason.CAD_OPEN)
    if window is None:
        return Judged(attendance, bucket=Bucket.INVALID_TIMES)
    pieces = exemptions.required_pieces(attendance, window.span)
    if not pieces:
        return Judged(attendance, bucket=Bucket.FULLY_EXEMPT, window=window)
    return Judged(attendance, window=window, pieces=pieces)


def _owners(judged: tuple[Judged, ...], placements: tuple[Placement, ...]) -> dict[str, int]:
    officers = {one.attendance.officer_id for one in judged if one.pieces}
    officers |= {placement.officer_id for placement in placements if placement.officer_id is not None}
    return {officer_id: index for index, officer_id in enumerate(sorted(officers))}


def segment_arrays(placements: tuple[Placement, ...], owner_of: dict[str, int]) -> SegmentArrays:
    """Placements as arrays, in their order. Those without an officer get owners of their own, which match no window."""
    nobody = len(owner_of)
    return SegmentArrays(
        owner=np.array(
            [nobody if place.officer_id is None else owner_of[place.officer_id] for place in placements], np.int64
        ),
        start_us=np.array([place.start_us for place in placements], np.int64),
        end_us=np.array([place.end_us for place in placements], np.int64),
        activated_us=np.array(
            [NO_TIME if place.activated_us is None else place.activated_us for place in placements], np.int64
        ),
        tolerance_us=np.array([place.clock.tolerance_us for place in placements], np.int64),
    )


def _window_arrays(
    judged: tuple[Judged, ...], owner_of: dict[str, int], history: HolderHistory, checks: ClockChecks
) -> tuple[WindowArrays, SpanTable]:
    rows = [(one, Span(one.pieces[0].start_us, one.pieces[-1].end_us)) for one in judged if one.pieces]
    windows = WindowArrays(
        owner=np.array([owner_of[one.attendance.officer_id] for one, _ in rows], np.int64),
        start_us=np.array([span.start_us for _, span in rows], np.int64),
        end_us=np.array([span.end_us for _, span in rows], np.int64),
        precision_us=np.array([one.attendance.precision_us for one, _ in rows], np.int64),
        tolerance_us=np.array(
            [_expected_tolerance(one.attendance.officer_id, span, history, checks) for one, span in rows], np.int64
        ),
    )
    cut = [(index, piece) for index, (one, _) in enumerate(rows) for piece in one.pieces]
    pieces = SpanTable(
        window=np.array([index for index, _ in cut], np.int64),
        start_us=np.array([piece.start_us for _, piece in cut], np.int64),
        end_us=np.array([piece.end_us for _, piece in cut], np.int64),
    )
    return windows, pieces


def _expected_tolerance(officer_id: str, window: Span, history: HolderHistory, checks: ClockChecks) -> int:
    """How far the clocks of the cameras held then may be off; an unknown camera's clock is not trusted."""
    devices = history.devices_of(officer_id, window.start_us, window.end_us) or ("",)
    return max(checks.estimate(device_id, window.start_us).tolerance_us for device_id in devices)


def _pairs(
    measures: CoverageMeasures, windows: WindowArrays, placements: tuple[Placement, ...]
) -> tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, ...]]]:
    windows_of: dict[int, list[int]] = defaultdict(list)
    placements_of: dict[int, list[int]] = defaultdict(list)
    for window, segment in zip(measures.pair_window.tolist(), measures.pair_segment.tolist(), strict=True):
        windows_of[segment].append(window)
        placements_of[window].append(segment)
    start_us = windows.start_us.tolist()
    return (
        {segment: tuple(sorted(found, key=lambda index: (start_us[index], index))) for segment, found in windows_of.items()},
        {window: tuple(sorted(found)) for window, found in placements_of.items()},
    )
