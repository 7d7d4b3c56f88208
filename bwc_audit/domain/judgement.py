"""Who had to record, and when: every attendance through the exclusion waterfall to its required time, all at once.

Each attendance falls into at most one bucket, the first that fits in the fixed order of ``Bucket``. What passes has a
required window, unless the dispatch record is still open or the officer cannot be identified. What was recorded is not known
here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from bwc_audit.domain.attendance_columns import AttendanceColumns
from bwc_audit.domain.coverage import NO_TIME, Bool, Int, SpanTable
from bwc_audit.domain.findings import Window
from bwc_audit.domain.groups import distinct
from bwc_audit.domain.policy import ExemptionCondition, ExemptionRule, Policy, Reference, ScopeRules, folded, meets
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.records import Incident
from bwc_audit.domain.results import Bucket, PendingReason, UnknownReason
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds
from bwc_audit.domain.waterfall import Attendance, Exemptions, without

#: Why an attendance can neither be excluded nor measured.
UNDECIDABLE: tuple[PendingReason | UnknownReason, ...] = (
    UnknownReason.NO_POLICY_IN_FORCE,
    UnknownReason.IDENTITY,
    UnknownReason.INCIDENT_NOT_LOADED,
    PendingReason.CAD_OPEN,
)
BUCKETS = tuple(Bucket)
_REFERENCES = tuple(Reference)
_NONE = -1


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


@dataclass(frozen=True, slots=True, eq=False)
class RequiredWindows:
    """Required windows, one element each; ``NO_TIME`` where there is none. References are places in ``Reference``."""

    start_us: Int
    end_us: Int
    start_reference: Int
    end_reference: Int
    is_substituted: Bool
    is_open: Bool

    @property
    def is_there(self) -> Bool:
        """Whether a reference opens it, one closes it, and it is not empty."""
        return np.asarray(self.start_us != NO_TIME)


@dataclass(frozen=True, slots=True, eq=False)
class JudgedTable(Sequence[Judged]):
    """All attendances judged, in their order; single ones are built when they are asked for.

    ``policy``: place in ``policies``. ``bucket``, ``undecidable``: places in ``BUCKETS`` and ``UNDECIDABLE``, -1: none.
    ``window``: those that are said. ``measured``: index in the measures, -1: none. ``cut``: of those whose window exemptions
    may cut what is left of it, and the codes of the policy's rules that did it.
    """

    attended: Sequence[Attendance]
    columns: AttendanceColumns
    policies: tuple[Policy, ...]
    policy: Int
    bucket: Int
    undecidable: Int
    window: RequiredWindows
    measured: Int
    cut: Mapping[int, tuple[tuple[Span, ...], tuple[str, ...]]]
    _built: dict[int, Judged] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.attended)

    @overload
    def __getitem__(self, place: int) -> Judged: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Judged]: ...
    def __getitem__(self, place: int | slice) -> Judged | Sequence[Judged]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        found = self._built.get(place)
        if found is None:
            if not -len(self) <= place < len(self):
                raise IndexError(place)
            found = self._built[place] = self._judged(place % len(self))
        return found

    def __iter__(self) -> Iterator[Judged]:
        return map(self.__getitem__, range(len(self)))

    def _judged(self, place: int) -> Judged:
        bucket, undecidable, measured = (int(each[place]) for each in (self.bucket, self.undecidable, self.measured))
        window = self.window_at(place)
        left, codes = self.cut.get(place, ((), ()))
        pieces = (left or (window.span,)) if window is not None and measured != _NONE else ()
        return Judged(
            attendance=self.attended[place],
            policy=self.policies[int(self.policy[place])],
            bucket=None if bucket == _NONE else BUCKETS[bucket],
            undecidable=None if undecidable == _NONE else UNDECIDABLE[undecidable],
            window=window,
            pieces=pieces,
            measured=None if measured == _NONE else measured,
            exempted_by=codes,
        )

    def window_at(self, place: int) -> Window | None:
        """The required window of one attendance, if it has one."""
        all_, start_us = self.window, int(self.window.start_us[place])
        if start_us == NO_TIME:
            return None
        references = _REFERENCES[int(all_.start_reference[place])], _REFERENCES[int(all_.end_reference[place])]
        return Window(Span(start_us, int(all_.end_us[place])), *references, bool(all_.is_substituted[place]))


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredRows(Sequence[Judged]):
    """The attendances that have required time to measure, by their index in the measures. ``rows``: places in the table."""

    table: JudgedTable
    rows: Int

    @staticmethod
    def of(table: JudgedTable) -> MeasuredRows:
        """In the order of the table."""
        return MeasuredRows(table, np.flatnonzero(table.measured != _NONE))

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Judged: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Judged]: ...
    def __getitem__(self, index: int | slice) -> Judged | Sequence[Judged]:
        if isinstance(index, slice):
            return [self.table[row] for row in self.rows[index].tolist()]
        return self.table[int(self.rows[index])]

    def __iter__(self) -> Iterator[Judged]:
        return map(self.table.__getitem__, self.rows.tolist())

    @property
    def columns(self) -> AttendanceColumns:
        """What is known of them."""
        return self.table.columns.taken(self.rows)

    @property
    def policy(self) -> Int:
        """By what each is judged: place in ``policies`` of the table."""
        return self.table.policy[self.rows]

    def policies(self) -> tuple[Policy, ...]:
        """The different policies that any of them is judged by."""
        return tuple(self.table.policies[code] for code in distinct(self.policy).tolist())

    def incident_ids(self) -> list[str]:
        """The incident of each."""
        names = self.table.columns.incident.values
        return [names[code] for code in self.table.columns.incident.code[self.rows].tolist()]

    def officer_ids(self) -> list[str]:
        """The officer of each."""
        names = self.table.columns.officer.values
        return [names[code] for code in self.table.columns.officer.code[self.rows].tolist()]

    def pieces(self) -> SpanTable:
        """The required time of each: its window, or what exemptions leave of it."""
        cut = {index: self.table.cut[row][0] for index, row in enumerate(self.rows.tolist()) if row in self.table.cut}
        count = np.ones(len(self.rows), np.int64)
        count[list(cut)] = [len(left) for left in cut.values()]
        window = np.repeat(np.arange(len(self.rows), dtype=np.int64), count)
        start_us, end_us = self.table.window.start_us[self.rows][window], self.table.window.end_us[self.rows][window]
        first = np.cumsum(count) - count
        for index, left in cut.items():
            own = slice(int(first[index]), int(first[index]) + len(left))
            start_us[own], end_us[own] = [one.start_us for one in left], [one.end_us for one in left]
        return SpanTable(window, start_us, end_us)


def judge(
    attended: Sequence[Attendance], columns: AttendanceColumns, book: PolicyBook, exemptions: Exemptions
) -> JudgedTable:
    """Every attendance judged by the policy that holds for it. ``columns``: of the same attendances."""
    code, policies = _policies(columns, book)
    is_in_force = _is_in_force(columns, book)
    bucket, undecidable = np.full((2, len(columns)), _NONE)
    windows = RequiredWindows(
        *np.full((2, len(columns)), NO_TIME), *np.zeros((2, len(columns)), np.int64), *np.zeros((2, len(columns)), np.bool_)
    )
    cut: dict[int, tuple[tuple[Span, ...], tuple[str, ...]]] = {}
    for place, policy in enumerate(policies):
        rows = np.flatnonzero((code == place) & is_in_force)
        part = columns.taken(rows)
        found, said, window = _judged_by(policy, part)
        is_passing = (found == _NONE) & (said == _NONE)
        for at, (left, codes) in _cut(policy, part, window, is_passing, exemptions).items():
            cut[int(rows[at])] = left, codes
            if not left:
                found[at] = BUCKETS.index(Bucket.FULLY_EXEMPT)
        bucket[rows], undecidable[rows] = found, said
        for name in RequiredWindows.__slots__:
            getattr(windows, name)[rows] = getattr(window, name)
    undecidable[~is_in_force] = UNDECIDABLE.index(UnknownReason.NO_POLICY_IN_FORCE)
    is_measured = (bucket == _NONE) & (undecidable == _NONE)
    measured = np.where(is_measured, np.cumsum(is_measured) - 1, _NONE)
    return JudgedTable(attended, columns, policies, code, bucket, undecidable, windows, measured, cut)


def _policies(columns: AttendanceColumns, book: PolicyBook) -> tuple[Int, tuple[Policy, ...]]:
    """By what each attendance is judged: places in the different policies."""
    units, at_us = columns.asked_units(), columns.at_us
    asked = [(one.call_type, one.priority) if one else (None, None) for one in columns.incidents]
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(asked))}
    kind = np.array([kinds[one] for one in asked], np.int64)[columns.incident.code]
    edition = np.zeros(len(columns), np.int64)
    if len(book.editions) > 1:
        edition[:] = [book.edition_at(one if one != NO_TIME else 0) for one in at_us.tolist()]
    combined = (edition * len(kinds) + kind) * len(units.values) + units.code
    _, first, place = np.unique(combined, return_index=True, return_inverse=True)
    names = list(kinds)
    found: dict[int, tuple[int, Policy]] = {}
    codes = []
    for row in first.tolist():
        moment_us = int(at_us[row])
        call_type, priority = names[int(kind[row])]
        policy = book.rules_for(units[row], call_type, priority, moment_us if moment_us != NO_TIME else 0)
        codes.append(found.setdefault(id(policy), (len(found), policy))[0])
    return np.array(codes, np.int64)[place], tuple(policy for _, policy in found.values())


def _is_in_force(columns: AttendanceColumns, book: PolicyBook) -> Bool:
    """Whether an edition holds at the moment of each; where none is known it is not asked."""
    if book.is_always_in_force:
        return np.ones(len(columns), np.bool_)
    return np.array([one == NO_TIME or book.is_in_force(one) for one in columns.at_us.tolist()], np.bool_)


def _judged_by(policy: Policy, columns: AttendanceColumns) -> tuple[Int, Int, RequiredWindows]:
    """(bucket, undecidable, window) of attendances that one policy judges, before exemptions."""
    bucket, undecidable = buckets_of(policy, columns), np.full(len(columns), _NONE)
    window = required_windows(policy, columns)
    claims = (
        (UnknownReason.IDENTITY, ~columns.has_officer, True),
        (UnknownReason.INCIDENT_NOT_LOADED, ~columns.has_incident, True),
        (PendingReason.CAD_OPEN, window.is_open, False),
    )
    is_said = bucket == _NONE
    for reason, holds, keeps_window in claims:
        chosen = is_said & holds & (undecidable == _NONE)
        undecidable[chosen] = UNDECIDABLE.index(reason)
        is_said &= keeps_window | ~chosen
    bucket[is_said & (undecidable == _NONE) & ~window.is_there] = BUCKETS.index(Bucket.INVALID_TIMES)
    for times_us in (window.start_us, window.end_us):
        times_us[~is_said] = NO_TIME
    return bucket, undecidable, window


def buckets_of(policy: Policy, columns: AttendanceColumns) -> Int:
    """For each attendance the place of the first bucket that fits, -1: none; except ``fully_exempt`` and a window that is
    empty, which need the window. Where the officer or the incident is not known, only those that tell from the other: rows
    of one number may be of several calls, and their times prove nothing."""
    scope, times_us = policy.scope, columns.times_us
    on_scene_us, cleared_us = times_us[Reference.ON_SCENE], times_us[Reference.CLEARED]
    ended_us = columns.earliest_named(Reference.CLEARED, Reference.INCIDENT_CLOSED)
    stayed_s, lasted_s = ((end_us - on_scene_us) / SECOND_US for end_us in (cleared_us, ended_us))
    is_valid = (lasted_s >= 0) & (lasted_s <= scope.maximum_assignment_s)
    is_identified = columns.has_officer & columns.has_incident
    has_arrived = is_identified & (on_scene_us != NO_TIME)
    claims = {
        Bucket.CANCELLED: columns.is_cancelled,
        Bucket.TEST_OR_CALLBACK: columns.incident.where(
            one is not None and _is_test(one, scope) for one in columns.incidents
        ),
        Bucket.OUT_OF_SCOPE: columns.incident.where(
            one is not None and _is_out_of_scope(one, scope) for one in columns.incidents
        ),
        Bucket.NO_CAMERA_ISSUED: is_identified & ~_has_camera(columns),
        Bucket.NEVER_ON_SCENE: is_identified & ~has_arrived,
        Bucket.BELOW_MINIMUM: has_arrived
        & (cleared_us != NO_TIME)
        & (stayed_s >= 0)
        & (stayed_s < scope.minimum_on_scene_s),
        Bucket.INVALID_TIMES: has_arrived & (ended_us != NO_TIME) & ~is_valid,
    }
    return np.select(list(claims.values()), [BUCKETS.index(bucket) for bucket in claims], _NONE)


def _is_test(incident: Incident, scope: ScopeRules) -> bool:
    if incident.call_type.casefold() in folded(scope.test_call_types):
        return True
    return not folded((*incident.tags, incident.call_disposition_code or "")).isdisjoint(folded(scope.test_tags))


def _is_out_of_scope(incident: Incident, scope: ScopeRules) -> bool:
    is_excluded = incident.call_type.casefold() in folded(scope.excluded_call_types)
    is_wanted = meets(scope.call_types, (incident.call_type,)) and meets(scope.priorities, (incident.priority,))
    return is_excluded or not is_wanted


def _has_camera(columns: AttendanceColumns) -> Bool:
    """Whether a camera was issued to the officer by arrival, else dispatch or the opening; not asked where none is known."""
    rows = columns.officers
    is_issued = columns.officer.where(
        one is not None and not (one.camera_from_us is None and one.camera_to_us is None) for one in rows
    )
    last_us = np.iinfo(np.int64).max
    from_us = np.array(
        [NO_TIME if one is None or one.camera_from_us is None else one.camera_from_us for one in rows], np.int64
    )
    to_us = np.array([last_us if one is None or one.camera_to_us is None else one.camera_to_us for one in rows], np.int64)
    at_us = columns.earliest_named(Reference.ON_SCENE, Reference.DISPATCHED, Reference.INCIDENT_OPENED)
    code = columns.officer.code
    return np.asarray(is_issued & ((at_us == NO_TIME) | (from_us[code] <= at_us) & (at_us < to_us[code])))


def required_windows(policy: Policy, columns: AttendanceColumns) -> RequiredWindows:
    """The required windows; ``NO_TIME`` where no reference closes or opens one, or it would be empty. ``is_open``: the
    dispatch record does not say yet when it ends."""
    start_us, start_at = _first_references(policy, columns, policy.window.start)
    end_us, end_at = _first_references(policy, columns, policy.window.end)
    is_there = (start_us != NO_TIME) & (end_us != NO_TIME) & (end_us > start_us)
    start, end = (np.array([_REFERENCES.index(one) for one in each]) for each in (policy.window.start, policy.window.end))
    is_substituted = (start_at > 0) | (end_at > 0)
    is_substituted |= start[start_at] == _REFERENCES.index(Reference.NEAR_SCENE)  # seconds stand for a distance
    return RequiredWindows(
        start_us=np.where(is_there, start_us, NO_TIME),
        end_us=np.where(is_there, end_us, NO_TIME),
        start_reference=start[start_at],
        end_reference=end[end_at],
        is_substituted=is_substituted,
        is_open=end_us == NO_TIME,
    )


def _first_references(policy: Policy, columns: AttendanceColumns, references: Sequence[Reference]) -> tuple[Int, Int]:
    """(time, place in ``references``) of the first reference that is recorded."""
    found, place = np.full(len(columns), NO_TIME), np.zeros(len(columns), np.int64)
    for at, reference in enumerate(references):
        times_us = columns.time_of(reference, policy.window)
        is_new = (found == NO_TIME) & (times_us != NO_TIME)
        found[is_new], place[is_new] = times_us[is_new], at
    return found, place


def _cut(
    policy: Policy, columns: AttendanceColumns, window: RequiredWindows, is_passing: Bool, exemptions: Exemptions
) -> dict[int, tuple[tuple[Span, ...], tuple[str, ...]]]:
    """Of the attendances whose window exemptions touch: what is left, and the codes of the policy's rules that cut it."""
    by_rule: dict[int, list[tuple[str, Span]]] = {}
    for rule in policy.exemptions:
        is_meant = is_passing & _is_meant(columns, rule.when)
        if is_meant.any():
            low_us, high_us = _exempt_spans(policy, columns, rule, window)
            for row in np.flatnonzero(is_meant & (low_us < high_us)).tolist():
                by_rule.setdefault(row, []).append((rule.code, Span(int(low_us[row]), int(high_us[row]))))
    is_exempt = is_passing & columns.officer.where(name in exemptions for name in columns.officer.values)
    found = {}
    for row in sorted({*by_rule, *np.flatnonzero(is_exempt).tolist()}):
        whole, cuts = Span(int(window.start_us[row]), int(window.end_us[row])), by_rule.get(row, ())
        left = exemptions.required_pieces(columns.incident[row], columns.officer[row], whole)
        found[row] = without(left, (span for _, span in cuts)), tuple(code for code, _ in cuts)
    return found


def _exempt_spans(
    policy: Policy, columns: AttendanceColumns, rule: ExemptionRule, window: RequiredWindows
) -> tuple[Int, Int]:
    """The time that a rule cuts out of each window; empty where a named reference is not recorded."""
    sides = (rule.start, rule.start_after_s, window.start_us), (rule.end, rule.end_after_s, window.end_us)
    bounds_us, is_recorded = [], np.ones(len(columns), np.bool_)
    for reference, after_s, default_us in sides:
        times_us = default_us if reference is None else columns.time_of(reference, policy.window)
        is_recorded &= times_us != NO_TIME
        bounds_us.append(np.where(times_us == NO_TIME, 0, times_us) + us_of_seconds(after_s))
    low_us, high_us = np.maximum(bounds_us[0], window.start_us), np.minimum(bounds_us[1], window.end_us)
    return np.where(is_recorded, low_us, 0), np.where(is_recorded, high_us, 0)


def _is_meant(columns: AttendanceColumns, when: ExemptionCondition) -> Bool:
    """Whether the incident of each is what a rule exempts; a rule that asks for nothing exempts nothing."""
    if when.is_empty:
        return np.zeros(len(columns), np.bool_)
    is_meant = columns.incident.where(one is not None and _fits(one, when) for one in columns.incidents)
    if not when.units:
        return is_meant
    of_officer = columns.officer.where(one is not None and meets(when.units, (one.unit,)) for one in columns.officers)
    on_call = columns.unit_id.where(meets(when.units, (name,)) for name in columns.unit_id.values)
    return np.asarray(is_meant & (of_officer | on_call))


def _fits(incident: Incident, when: ExemptionCondition) -> bool:
    return (
        meets(when.call_types, (incident.call_type,))
        and meets(when.tags, incident.tags)
        and meets(when.dispositions, (incident.call_disposition_code,))
        and meets(when.areas, (incident.area,))
        and meets(when.priorities, (incident.priority,))
    )
