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
from bwc_audit.domain.coverage import NO_TIME, CoverageLimits, CoverageMeasures, SegmentArrays, SpanTable, WindowArrays
from bwc_audit.domain.findings import Window
from bwc_audit.domain.identity import HolderHistory, Roster
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.placement import Placement, place_segments
from bwc_audit.domain.policy import CoverageRules, Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.records import Incident, Records
from bwc_audit.domain.results import Bucket, PendingReason, UnknownReason
from bwc_audit.domain.shifted import Need, Shifted, shifted_into
from bwc_audit.domain.shown_clocks import shown_clocks
from bwc_audit.domain.times import Span, us_of_seconds
from bwc_audit.domain.waterfall import (
    Attendance,
    Exemptions,
    attendances,
    bucket_of,
    exempt_by_rule,
    is_open,
    required_window,
    without,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One attendance after steps 1-4. ``measured`` is its index in the measures; None where it is not measured.

    Exactly one of ``bucket`` and ``pieces`` says something, unless it is ``undecidable`` for a reason. ``policy``: what
    it is judged by. ``exempted_by``: codes of the policy's rules that cut time out of the window, or all of it.
    """

    attendance: Attendance
    policy: Policy
    bucket: Bucket | None = None
    undecidable: PendingReason | UnknownReason | None = None
    window: Window | None = None
    pieces: tuple[Span, ...] = ()
    measured: int | None = None
    exempted_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matching:
    """Everything measured from rows alone, for a period, as of a moment.

    ``measured``: the attendances that have a required window to measure, by their index in the measures.
    ``contested``: segments of devices with several holders at that moment.
    ``windows_of``: for each index of ``placements`` the measured indices of the windows it touches, earliest first;
    ``placements_of`` the reverse, in order of time. ``shifted``: which of them would touch which other windows by the clock
    in their picture; no absence in such a window is firm that they might undo. ``policy``: how media and clocks are
    measured, one for the whole run; what is demanded is asked of each ``Judged``, ``policy_of`` and ``policy_of_incident``.
    """

    records: Records
    policy: Policy
    book: PolicyBook
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

    def policy_of(self, index: int) -> Policy:
        """What a recording (index of ``placements``) is judged by: as the earliest window it touches, else by the day it
        started and the unit of its officer."""
        windows = self.windows_of.get(index)
        if windows:
            return self.measured[windows[0]].policy
        placement = self.placements[index]
        officer = self.roster.resolve(placement.officer_id) if placement.officer_id else None
        return self.book.rules_for(officer.unit if officer else None, None, None, placement.start_us)

    def policy_of_incident(self, incident: Incident) -> Policy:
        """What an incident as a whole is judged by: the rules of its type, priority and day that name no unit."""
        return self.book.rules_for(None, incident.call_type, incident.priority, incident.opened_us)


def limits_of(rules: CoverageRules) -> CoverageLimits:
    """The engine's limits in microseconds."""
    return CoverageLimits(
        activation_grace_us=us_of_seconds(rules.activation_grace_s),
        deactivation_grace_us=us_of_seconds(rules.deactivation_grace_s),
        gap_us=us_of_seconds(rules.gap_s),
        join_us=us_of_seconds(rules.join_s),
    )


def limits_of_each(measured: Sequence[Judged]) -> CoverageLimits:
    """The engine's limits, one element a window; plain numbers where all windows have the same."""
    different = {id(one.policy.coverage): one.policy.coverage for one in measured}
    limits = {place: limits_of(rules) for place, rules in different.items()}
    if len(set(limits.values())) <= 1:
        return next(iter(limits.values()), CoverageLimits(0, 0, 0, 0))
    each = [limits[id(one.policy.coverage)] for one in measured]
    return CoverageLimits(
        activation_grace_us=np.array([one.activation_grace_us for one in each], np.int64),
        deactivation_grace_us=np.array([one.deactivation_grace_us for one in each], np.int64),
        gap_us=np.array([one.gap_us for one in each], np.int64),
        join_us=np.array([one.join_us for one in each], np.int64),
    )


def match(
    records: Records,
    policy: Policy | PolicyBook,
    period: Span,
    as_of_us: int,
    seen: Mapping[str, Inspection] | None = None,
    like: Matching | None = None,
) -> Matching:
    """Judge and measure every assignment of the records. The order of the records does not matter.

    ``policy``: one for all, or a book that says which holds for whom and when. ``seen``: what is known of videos already,
    by object key; only the clocks burned into their pictures are used here. ``like``: a matching of the same records and
    inspections; what does not depend on what the two policies demand is taken from it.
    """
    book = PolicyBook.of(policy) if isinstance(policy, Policy) else policy
    policy = book.base
    if like is not None and _places_alike(like.policy, policy):
        roster, history, placements = like.roster, like.history, like.placements
        checks = ClockChecks(like.checks.by_device, policy.clock)
        attended = tuple(one.attendance for one in like.judged)
    else:
        roster = Roster(records.officers)
        history = HolderHistory.of(records.holdings, roster)
        checks = ClockChecks.of(records.device_events, policy.clock)
        shown = shown_clocks(records.segments, records.devices, seen or {}, policy.usability)
        placements = place_segments(records.segments, roster, history, checks, shown)
        attended = attendances(records.assignments, records.incidents, roster)
    judged = _judge(attended, book, Exemptions(records.exemptions, roster))
    measured = tuple(one for one in judged if one.measured is not None)
    owner_of = _owners(judged, placements)
    windows, pieces = _window_arrays(judged, owner_of, history, checks)
    limits = limits_of_each(measured)
    measures = coverage.measure_coverage(windows, pieces, segment_arrays(placements, owner_of), limits)
    windows_of, placements_of = _pairs(measures, windows, placements)
    shifted = shifted_into(needs(measured), placements, windows_of)
    return Matching(
        records=records,
        policy=policy,
        book=book,
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
        measures=_doubted(
            measures, shifted, placements, np.broadcast_to(np.asarray(limits.gap_us, np.int64), measures.required_us.shape)
        ),
        windows_of=windows_of,
        placements_of=placements_of,
        shifted=shifted,
    )


def needs(measured: Sequence[Judged]) -> tuple[Need, ...]:
    """The required windows of measured attendances, in their order."""
    return tuple(
        Need(one.attendance.officer_id, one.attendance.incident_id, Span(one.pieces[0].start_us, one.pieces[-1].end_us))
        for one in measured
    )


def _doubted(
    measures: CoverageMeasures, shifted: Shifted, placements: Sequence[Placement], gap_us: coverage.Int
) -> CoverageMeasures:
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
            most_us = usual_us + shifted.moved_in[window].undoes_us(int(gap_us[window]))
            doubts_us = [int(margin[window]) for excess, margin in kinds if int(excess[window]) <= most_us]
        uncertainty_us[window] = max(usual_us, *doubts_us, 0)
    return replace(measures, uncertainty_us=uncertainty_us)


def _places_alike(one: Policy, other: Policy) -> bool:
    """Whether recordings are placed in time alike under both: their clauses do not matter."""
    return replace(one.clock, clause="") == replace(other.clock, clause="") and (
        replace(one.usability, clause="") == replace(other.usability, clause="")
    )


def _judge(attended: Sequence[Attendance], book: PolicyBook, exemptions: Exemptions) -> tuple[Judged, ...]:
    judged: list[Judged] = []
    measured = 0
    for attendance in attended:
        one = _judge_one(attendance, book, exemptions)
        if one.pieces:
            one = replace(one, measured=measured)
            measured += 1
        judged.append(one)
    return tuple(judged)


def _judge_one(attendance: Attendance, book: PolicyBook, exemptions: Exemptions) -> Judged:
    incident, at_us = attendance.incident, attendance.at_us
    call_type, priority = (incident.call_type, incident.priority) if incident else (None, None)
    policy = book.rules_for(attendance.asked_unit, call_type, priority, at_us or 0)
    if at_us is not None and not book.is_in_force(at_us):
        return Judged(attendance, policy, undecidable=UnknownReason.NO_POLICY_IN_FORCE)
    bucket = bucket_of(attendance, policy)
    if bucket is not None:
        return Judged(attendance, policy, bucket=bucket)
    window = required_window(attendance, policy)
    if attendance.officer is None:
        return Judged(attendance, policy, undecidable=UnknownReason.IDENTITY, window=window)
    if incident is None:
        return Judged(attendance, policy, undecidable=UnknownReason.INCIDENT_NOT_LOADED, window=window)
    if is_open(attendance, policy):
        return Judged(attendance, policy, undecidable=PendingReason.CAD_OPEN)
    if window is None:
        return Judged(attendance, policy, bucket=Bucket.INVALID_TIMES)
    cuts = exempt_by_rule(attendance, policy, window.span) if policy.exemptions else ()
    pieces = without(exemptions.required_pieces(attendance, window.span), (span for _, span in cuts))
    codes = tuple(code for code, _ in cuts)
    if not pieces:
        return Judged(attendance, policy, bucket=Bucket.FULLY_EXEMPT, window=window, exempted_by=codes)
    return Judged(attendance, policy, window=window, pieces=pieces, exempted_by=codes)


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
