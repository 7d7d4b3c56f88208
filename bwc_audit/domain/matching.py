"""From records to measured coverage: the part of a decision that needs no picture.

Who had to record when, which recordings touch that time, and what they cover. What to look at in the videos follows from
it (``looking``); what it all means is decided afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.attendance_columns import AttendanceColumns
from bwc_audit.domain.clock_anchors import Attended
from bwc_audit.domain.clock_estimates import estimated_clocks
from bwc_audit.domain.clocks import ClockChecks
from bwc_audit.domain.completeness import Completeness
from bwc_audit.domain.coverage import (
    NO_TIME,
    CoverageLimits,
    CoverageMeasures,
    Int,
    SegmentArrays,
    SpanTable,
    WindowArrays,
)
from bwc_audit.domain.elsewhere import calls_elsewhere
from bwc_audit.domain.groups import Groups, distinct
from bwc_audit.domain.identity import HolderHistory, Roster
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.judgement import Judged, JudgedTable, MeasuredRows, RequiredWindows, judge, required_windows
from bwc_audit.domain.placement import Placement, Placements, place_segments
from bwc_audit.domain.policy import CoverageRules, Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.records import Incident, Records, Segment, StoredObject
from bwc_audit.domain.segment_table import SegmentTable
from bwc_audit.domain.shifted import Need, Shifted, shifted_into, shifts_of
from bwc_audit.domain.shown_clocks import shown_clocks
from bwc_audit.domain.times import DAY_US, HOUR_US, Span, us_of_seconds
from bwc_audit.domain.video_table import VideoTable
from bwc_audit.domain.waterfall import Exemptions, attendances
from bwc_audit.domain.watermarks import watermarks_of

#: An officer's recording further away than this from a window is not called its nearest: whether one was read at all would
#: depend on how much of a long period is decided at a time.
NEAREST_WITHIN_US = 2 * DAY_US


@dataclass(frozen=True, slots=True)
class Matching:
    """Everything measured from rows alone, for a period, as of a moment.

    ``measured``: the attendances that have a required window to measure, by their index in the measures.
    ``contested``: segments of devices with several holders at that moment. ``segments``: the placements as the engine takes
    them.
    ``windows_of``: for each index of ``placements`` the measured indices of the windows it touches, earliest first;
    ``placements_of`` the reverse, in order of time. ``shifted``: which of them would touch which other windows by the clock
    in their picture; no absence in such a window is firm that they might undo. ``elsewhere``: for segments
    that touch any, the calls beside that they touch, which are not decided here. ``policy``: how media and clocks are
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
    judged: JudgedTable
    measured: MeasuredRows
    placements: Placements
    contested: tuple[Placement, ...]
    windows: WindowArrays
    pieces: SpanTable
    segments: SegmentArrays
    measures: CoverageMeasures
    windows_of: Groups
    placements_of: Groups
    shifted: Shifted
    elsewhere: Mapping[int, tuple[Judged, ...]]
    videos: Videos

    def by_policy(self, indices: coverage.Int) -> Iterator[tuple[Policy, coverage.Int]]:
        """Recordings in groups that are judged by one policy, each group in their order."""
        if self.book.is_one_for_all:
            yield self.policy, indices
            return
        policies: dict[int, Policy] = {}
        number: dict[int, int] = {}
        of_each = np.empty(len(indices), np.int64)
        for place, index in enumerate(indices.tolist()):
            policy = self.policy_of(index)
            of_each[place] = number.setdefault(id(policy), len(number))
            policies[of_each[place]] = policy
        for each, policy in policies.items():
            yield policy, indices[of_each == each]

    def first_call(self, index: int) -> Judged | None:
        """The call under which what is to be said of a recording is said: the earliest whose window it touches, of those
        that are decided and of those beside. Who decides that one says it: another night, where it is beside; what nobody
        judges says nothing."""
        windows = self.windows_of.get(index)
        calls = [*self.said_with(index), *([self.measured[windows[0]]] if windows else [])]
        return min(calls, key=lambda call: (call.pieces[0].start_us, call.attendance.incident_id), default=None)

    def said_with(self, index: int) -> list[Judged]:
        """The calls beside whose windows a recording touches, and which somebody judges."""
        calls, unjudged = self.elsewhere.get(index, ()), self.records.beside_unjudged
        return [call for call in calls if call.attendance.incident_id not in unjudged]

    def policy_of(self, index: int) -> Policy:
        """What a recording (index of ``placements``) is judged by: as the earliest window it touches, else by the day it
        started and the unit of its officer."""
        first = self.first_call(index)
        if first is not None:
            return first.policy
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


def limits_of_each(measured: MeasuredRows) -> CoverageLimits:
    """The engine's limits, one element a window; plain numbers where all windows have the same."""
    limits = [limits_of(one.coverage) for one in measured.table.policies]
    present = distinct(measured.policy).tolist()
    if len({limits[code] for code in present}) <= 1:
        return limits[present[0]] if present else CoverageLimits(0, 0, 0, 0)

    def each(name: str) -> Int:
        return np.array([getattr(one, name) for one in limits], np.int64)[measured.policy]

    return CoverageLimits(**{field.name: each(field.name) for field in fields(CoverageLimits)})


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
    inspections as of the same moment; what does not depend on what the two policies demand is taken from it, the cameras'
    clocks included.
    """
    book = PolicyBook.of(policy) if isinstance(policy, Policy) else policy
    policy = book.base
    if like is not None and _places_alike(like.policy, policy):
        roster, history, placements, records, checks = like.roster, like.history, like.placements, like.records, like.checks
        marks, videos = like.completeness.marks, like.videos
        judged = judge(like.judged.attended, like.judged.columns, book, Exemptions(records.exemptions, roster))
    else:
        roster = Roster(records.officers)
        history = HolderHistory.of(records.holdings, roster)
        table = SegmentTable.of(records.segments)
        records = replace(records, segments=table, objects=VideoTable.of(records.objects))
        attended = attendances(records.assignments, records.incidents, roster)
        judged = judge(attended, AttendanceColumns.of(attended), book, Exemptions(records.exemptions, roster))
        shown = shown_clocks(_looked_into(table, seen or {}), records.devices, seen or {}, policy.usability)
        calls = _attended(judged, records, policy, roster)
        checks = estimated_clocks(records, table, policy.clock, roster, history, calls, shown)
        placements = place_segments(table, roster, history, checks, shown)
        marks, videos = watermarks_of(records, placements, as_of_us), Videos.of(records.objects, placements)
    measured = MeasuredRows.of(judged)
    owner_of = _owners(measured, placements)
    windows, pieces = _window_arrays(measured, owner_of, history, checks)
    segments = segment_arrays(placements, owner_of)
    windows = _with_rounding(_with_hour_told_twice(windows, measured, placements), segments, placements)
    limits = limits_of_each(measured)
    measures = coverage.measure_coverage(windows, pieces, segments, limits)
    measures = replace(measures, nearest_us=_within_reach(measures.nearest_us))
    windows_of, placements_of = _pairs(measures, windows, placements)
    shifted = shifted_into(needs(measured, windows), placements, windows_of) if placements.moved() else Shifted()
    return Matching(
        records=records,
        policy=policy,
        book=book,
        period=period,
        as_of_us=as_of_us,
        roster=roster,
        history=history,
        checks=checks,
        completeness=Completeness(marks, history, policy.upload, as_of_us),
        judged=judged,
        measured=measured,
        placements=placements,
        contested=tuple(placements.among(sorted(placements.conflict))),
        windows=windows,
        pieces=pieces,
        segments=segments,
        measures=_doubted(
            _with_and_without(measures, shifted, us_of_seconds(policy.clock.trusted_s)),
            shifted,
            placements,
            np.broadcast_to(np.asarray(limits.gap_us, np.int64), measures.required_us.shape),
        ),
        windows_of=windows_of,
        placements_of=placements_of,
        shifted=shifted,
        elsewhere=calls_elsewhere(records, judged, book, roster, placements),
        videos=videos,
    )


def _looked_into(table: SegmentTable, seen: Mapping[str, Inspection]) -> list[Segment]:
    if not seen:
        return []
    return [table[place] for place, key in enumerate(table.object_key) if key is not None and key in seen]


def _within_reach(nearest_us: Int) -> Int:
    return np.where((nearest_us != NO_TIME) & (nearest_us > NEAREST_WITHIN_US), NO_TIME, nearest_us)


def needs(measured: MeasuredRows, windows: WindowArrays) -> tuple[Need, ...]:
    """The required windows of measured attendances, in their order."""
    spans = map(Span, windows.start_us.tolist(), windows.end_us.tolist())
    return tuple(map(Need, measured.officer_ids(), measured.incident_ids(), spans))


@dataclass(frozen=True, slots=True)
class Videos:
    """Which videos the store holds. ``is_stored``: by placement; ``unnamed``: those that no metadata name."""

    is_stored: coverage.Bool
    unnamed: tuple[StoredObject, ...]

    @staticmethod
    def of(objects: Sequence[StoredObject], placements: Placements) -> Videos:
        """From what the store lists and what the metadata name."""
        keys = VideoTable.of(objects).object_key
        named, stored = placements.table.object_key, frozenset(keys)
        is_stored = np.fromiter((key in stored for key in named), np.bool_, len(named))
        known = frozenset(named)
        return Videos(is_stored[placements.segment], tuple(objects[at] for at, key in enumerate(keys) if key not in known))


def _with_and_without(measures: CoverageMeasures, shifted: Shifted, trusted_us: int) -> CoverageMeasures:
    """The measures with the uncertainty of windows that a recording touches both now and where it lay before an offset
    of more than ``trusted_us`` was taken out: no smaller than each margin that it would undo from there."""
    uncertainty_us = measures.uncertainty_us.copy()
    for window, found in shifted.moved_within.items():
        usual_us = int(uncertainty_us[window])
        for moved_us in found:
            if abs(moved_us) <= trusted_us:
                continue
            edge = measures.early_margin_us if moved_us > 0 else measures.late_margin_us
            margins_us = (int(edge[window]), int(measures.gap_margin_us[window]))
            undone_us = [margin_us for margin_us in margins_us if margin_us <= usual_us + abs(moved_us)]
            uncertainty_us[window] = max(int(uncertainty_us[window]), *undone_us, 0)
    return replace(measures, uncertainty_us=uncertainty_us)


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
            shifts_us = [shift_us for index in found for shift_us in shifts_of(placements[index])]
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


def _attended(judged: JudgedTable, records: Records, policy: Policy, roster: Roster) -> Iterator[Attended]:
    """Where a recording would lie of those who had to record, here and in the calls beside."""
    yield from _as_attended(judged.columns, judged.window)
    known = {(one.incident_id, one.officer_id) for one in judged.attended}
    beside = [one for one in attendances(records.beside, (), roster) if (one.incident_id, one.officer_id) not in known]
    columns = AttendanceColumns.of([one for one in beside if not one.is_cancelled])
    yield from _as_attended(columns, required_windows(policy, columns))


def _as_attended(columns: AttendanceColumns, window: RequiredWindows) -> Iterator[Attended]:
    """Those in the roster that have a window."""
    rows = np.flatnonzero(window.is_there & columns.has_officer)
    incidents, officers = columns.incident.values, columns.officer.values
    codes = columns.incident.code[rows].tolist(), columns.officer.code[rows].tolist()
    times = window.start_us[rows].tolist(), window.end_us[rows].tolist()
    for incident, officer, start_us, end_us in zip(*codes, *times, strict=True):
        yield Attended(incidents[incident], officers[officer], start_us, end_us)


def _owners(measured: MeasuredRows, placements: Placements) -> dict[str, int]:
    officers = {*measured.officer_ids(), *(name for name in placements.officer.values if name is not None)}
    return {officer_id: index for index, officer_id in enumerate(sorted(officers))}


def segment_arrays(placements: Placements, owner_of: Mapping[str, int]) -> SegmentArrays:
    """Placements as arrays, in their order. Those without an officer get owners of their own, which match no window. A
    recording of which no activation is known was activated when it began, no later segment of it anew."""
    owner = [len(owner_of) if name is None else owner_of[name] for name in placements.officer.values]
    return SegmentArrays(
        owner=np.array(owner, np.int64)[placements.officer.code],
        start_us=placements.start_us,
        end_us=placements.end_us,
        activated_us=np.where(placements.activated_us == NO_TIME, placements.first_us(), placements.activated_us),
        tolerance_us=placements.tolerance_us,
    )


def _window_arrays(
    measured: MeasuredRows, owner_of: Mapping[str, int], history: HolderHistory, checks: ClockChecks
) -> tuple[WindowArrays, SpanTable]:
    columns, pieces = measured.columns, measured.pieces()
    owner = np.array([owner_of.get(name, -1) for name in columns.officer.values], np.int64)[columns.officer.code]
    each = np.arange(len(measured))
    start_us = pieces.start_us[np.searchsorted(pieces.window, each)]
    end_us = pieces.end_us[np.searchsorted(pieces.window, each, side="right") - 1]
    windows = WindowArrays(
        owner=owner,
        start_us=start_us,
        end_us=end_us,
        precision_us=columns.precision_us,
        tolerance_us=_expected_tolerances(tuple(owner_of), owner, start_us, end_us, history, checks),
    )
    return windows, pieces


def _with_hour_told_twice(windows: WindowArrays, measured: MeasuredRows, placements: Placements) -> WindowArrays:
    """The windows, an hour less exact where a recording of their officer touches them, or would an hour later, whose local
    time occurred twice: it was read as the earlier."""
    is_twice = np.asarray(placements.table.is_ambiguous, np.bool_)[placements.segment]
    if not is_twice.any():
        return windows
    precision_us = windows.precision_us.copy()
    officer_of = measured.officer_ids()
    for placement in placements.among(np.flatnonzero(is_twice).tolist()):
        is_near = (windows.start_us < placement.end_us + HOUR_US) & (windows.end_us > placement.start_us)
        for window in np.flatnonzero(is_near).tolist():
            if officer_of[window] == placement.officer_id:
                precision_us[window] = windows.precision_us[window] + HOUR_US
    return replace(windows, precision_us=precision_us)


def _with_rounding(windows: WindowArrays, segments: SegmentArrays, placements: Placements) -> WindowArrays:
    """The windows, where no recording matches as inexact as the most coarsely rounded recording of their officer."""
    coarse_us = placements.table.coarse_us()[placements.segment]
    of_owner = np.zeros(int(max(segments.owner.max(initial=-1), windows.owner.max(initial=-1))) + 1, np.int64)
    np.maximum.at(of_owner, segments.owner, coarse_us)
    return replace(windows, tolerance_us=windows.tolerance_us + of_owner[windows.owner])


def _expected_tolerances(
    officer_ids: Sequence[str],
    officer: coverage.Int,
    start_us: coverage.Int,
    end_us: coverage.Int,
    history: HolderHistory,
    checks: ClockChecks,
) -> coverage.Int:
    """For each window how far the clocks of the cameras held then may be off; an unknown camera's clock is not trusted."""
    window, device = history.devices_of_each(officer_ids, officer, start_us, end_us)
    held = checks.estimates(device.values, device.code, start_us[window])
    tolerance_us = np.zeros(len(start_us), np.int64)
    np.maximum.at(tolerance_us, window, held.tolerance_us)
    is_unknown = np.ones(len(start_us), np.bool_)
    is_unknown[window] = False
    tolerance_us[is_unknown] = us_of_seconds(checks.rules.untrusted_s)
    return tolerance_us


def _pairs(measures: CoverageMeasures, windows: WindowArrays, placements: Placements) -> tuple[Groups, Groups]:
    """(the windows of each placement, earliest first; the placements of each window, in their order)."""
    window, segment = measures.pair_window, measures.pair_segment
    by_start = np.lexsort((window, windows.start_us[window]))
    by_place = np.argsort(segment, kind="stable")
    return (
        Groups.of(segment[by_start], window[by_start], len(placements)),
        Groups.of(window[by_place], segment[by_place], len(windows.owner)),
    )
