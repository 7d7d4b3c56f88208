"""Which assignments must be judged: rows merged into one a person and incident, then the exclusion waterfall.

Each assignment falls into at most one bucket, the first that fits in the fixed order of ``Bucket``. What passes has a
required window, unless the dispatch record is still open or the officer cannot be identified.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bwc_audit.domain.findings import Window
from bwc_audit.domain.identity import Roster
from bwc_audit.domain.policy import ExemptionRule, Policy, Reference, WindowRules
from bwc_audit.domain.records import Assignment, Exemption, Incident, Officer, RowRef
from bwc_audit.domain.results import Bucket
from bwc_audit.domain.times import HOUR_US, SECOND_US, Span, us_of_seconds


@dataclass(frozen=True, slots=True)
class Attendance:
    """One officer on one incident: first dispatch, en route and arrival, last clear over all rows of the two.
    ``precision_us``: rounding of its times, an hour more where one of them occurred twice and was read as the earlier.

    ``officer`` None: not in the roster; ``officer_id`` is then as written. ``incident`` None: never read.
    """

    incident_id: str
    officer_id: str
    incident: Incident | None
    officer: Officer | None
    rows: tuple[RowRef, ...]
    unit_id: str | None
    dispatched_us: int | None
    en_route_us: int | None
    on_scene_us: int | None
    cleared_us: int | None
    is_cancelled: bool
    precision_us: int

    def time_of(self, reference: Reference) -> int | None:
        """The recorded moment of a reference, or None."""
        match reference:
            case Reference.DISPATCHED:
                return self.dispatched_us
            case Reference.EN_ROUTE:
                return self.en_route_us
            case Reference.ON_SCENE:
                return self.on_scene_us
            case Reference.CLEARED:
                return self.cleared_us
            case Reference.INCIDENT_OPENED:
                return self.incident.opened_us if self.incident else None
            case Reference.INCIDENT_CLOSED:
                return self.incident.closed_us if self.incident else None
            case Reference.NEAR_SCENE:
                return None  # no source records where an officer was; see ``required_window``

    @property
    def asked_unit(self) -> str | None:
        """The unit that a policy may name: the officer's on the roster, else the one on the call."""
        return self.officer.unit if self.officer else self.unit_id

    @property
    def at_us(self) -> int | None:
        """The moment whose policy holds: the opening of the incident, else the first time of the assignment."""
        opened_us = self.incident.opened_us if self.incident else None
        times = (opened_us, self.dispatched_us, self.en_route_us, self.on_scene_us, self.cleared_us)
        return next((time_us for time_us in times if time_us is not None), None)


def attendances(assignments: Iterable[Assignment], incidents: Iterable[Incident], roster: Roster) -> tuple[Attendance, ...]:
    """Rows of one incident and officer merged; ordered by incident, then officer."""
    incident_of = {incident.incident_id: incident for incident in incidents}
    groups: dict[tuple[str, str], list[Assignment]] = defaultdict(list)
    for row in assignments:
        officer = roster.resolve(row.officer_id)
        groups[row.incident_id, officer.officer_id if officer else row.officer_id].append(row)
    return tuple(
        _merge(rows, incident_of.get(incident_id), officer_id, roster)
        for (incident_id, officer_id), rows in sorted(groups.items())
    )


def _rounded_us(rows: Sequence[Assignment], incident: Incident | None) -> int:
    """How far the times may be from what happened: their rounding, and the hour that clocks were set back."""
    is_ended = any(row.cleared_us is not None for row in rows)
    is_twice = any(row.is_ambiguous for row in rows) or (incident is not None and incident.is_ambiguous and not is_ended)
    return max(row.precision_us for row in rows) + (HOUR_US if is_twice else 0)


def _in_order(row: Assignment) -> Assignment:
    """The row with its clear an hour later where a time of it occurred twice and only so it follows the arrival."""
    if not row.is_ambiguous or row.cleared_us is None or row.on_scene_us is None:
        return row
    is_later = row.cleared_us < row.on_scene_us <= row.cleared_us + HOUR_US
    return replace(row, cleared_us=row.cleared_us + HOUR_US) if is_later else row


def _merge(rows: Sequence[Assignment], incident: Incident | None, officer_id: str, roster: Roster) -> Attendance:
    if any(row.is_ambiguous for row in rows):
        rows = [_in_order(row) for row in rows]
    if len(rows) == 1:
        (row,) = rows
        return Attendance(
            incident_id=row.incident_id,
            officer_id=officer_id,
            incident=incident,
            officer=roster.resolve(officer_id),
            rows=(row.row,),
            unit_id=row.unit_id or None,
            dispatched_us=row.dispatched_us,
            en_route_us=row.en_route_us,
            on_scene_us=row.on_scene_us,
            cleared_us=row.cleared_us,
            is_cancelled=row.is_cancelled,
            precision_us=_rounded_us(rows, incident),
        )
    live = [row for row in rows if not row.is_cancelled] or list(rows)
    units = sorted({row.unit_id for row in live if row.unit_id})
    return Attendance(
        incident_id=rows[0].incident_id,
        officer_id=officer_id,
        incident=incident,
        officer=roster.resolve(officer_id),
        rows=tuple(sorted(row.row for row in rows)),
        unit_id=units[0] if units else None,
        dispatched_us=min((row.dispatched_us for row in live if row.dispatched_us is not None), default=None),
        en_route_us=min((row.en_route_us for row in live if row.en_route_us is not None), default=None),
        on_scene_us=min((row.on_scene_us for row in live if row.on_scene_us is not None), default=None),
        cleared_us=max((row.cleared_us for row in live if row.cleared_us is not None), default=None),
        is_cancelled=all(row.is_cancelled for row in rows),
        precision_us=_rounded_us(live, incident),
    )


def bucket_of(attendance: Attendance, policy: Policy) -> Bucket | None:
    """The first bucket that fits, except ``fully_exempt``, which needs the window. Where the officer or the incident is not
    known, only those that tell from the other: rows of one number may be of several calls, and their times prove nothing."""
    scope = policy.scope
    if attendance.is_cancelled:
        return Bucket.CANCELLED
    if attendance.incident is not None:
        if _is_test(attendance.incident, policy):
            return Bucket.TEST_OR_CALLBACK
        if _is_out_of_scope(attendance.incident, policy):
            return Bucket.OUT_OF_SCOPE
    if attendance.officer is None or attendance.incident is None:
        return None
    if not _has_camera(attendance.officer, attendance):
        return Bucket.NO_CAMERA_ISSUED
    if attendance.on_scene_us is None:
        return Bucket.NEVER_ON_SCENE
    if attendance.cleared_us is not None:
        on_scene_s = (attendance.cleared_us - attendance.on_scene_us) / SECOND_US
        if 0 <= on_scene_s < scope.minimum_on_scene_s:
            return Bucket.BELOW_MINIMUM
    ended_us = attendance.cleared_us if attendance.cleared_us is not None else attendance.time_of(Reference.INCIDENT_CLOSED)
    if ended_us is not None and not 0 <= (ended_us - attendance.on_scene_us) / SECOND_US <= scope.maximum_assignment_s:
        return Bucket.INVALID_TIMES
    return None


def _is_test(incident: Incident, policy: Policy) -> bool:
    if incident.call_type.casefold() in _folded(policy.scope.test_call_types):
        return True
    return not _folded((*incident.tags, incident.call_disposition_code or "")).isdisjoint(_folded(policy.scope.test_tags))


@lru_cache(maxsize=1024)  # a year of calls has few different sets of tags
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _is_out_of_scope(incident: Incident, policy: Policy) -> bool:
    scope = policy.scope
    if incident.call_type in scope.excluded_call_types:
        return True
    if scope.call_types and incident.call_type not in scope.call_types:
        return True
    return bool(scope.priorities) and incident.priority not in scope.priorities


def _has_camera(officer: Officer, attendance: Attendance) -> bool:
    if officer.camera_from_us is None and officer.camera_to_us is None:
        return False
    times = (attendance.on_scene_us, attendance.dispatched_us, attendance.time_of(Reference.INCIDENT_OPENED))
    at_us = next((time_us for time_us in times if time_us is not None), None)
    if at_us is None:
        return True
    is_issued = officer.camera_from_us is None or officer.camera_from_us <= at_us
    return is_issued and (officer.camera_to_us is None or at_us < officer.camera_to_us)


def required_window(attendance: Attendance, policy: Policy) -> Window | None:
    """The required window; None where no reference closes or opens it, or it would be empty."""
    start = _first_reference(attendance, policy.window.start, policy.window)
    end = _first_reference(attendance, policy.window.end, policy.window)
    if start is None or end is None or end[1] <= start[1]:
        return None
    is_substituted = start[0] is not policy.window.start[0] or end[0] is not policy.window.end[0]
    is_substituted = is_substituted or start[0] is Reference.NEAR_SCENE  # seconds stand for a distance
    return Window(Span(start[1], end[1]), start[0], end[0], is_substituted)


def is_open(attendance: Attendance, policy: Policy) -> bool:
    """Whether the dispatch record does not say yet when the window ends."""
    return _first_reference(attendance, policy.window.end, policy.window) is None


def _first_reference(
    attendance: Attendance, references: Sequence[Reference], rules: WindowRules
) -> tuple[Reference, int] | None:
    for reference in references:
        time_us = _near_scene(attendance, rules) if reference is Reference.NEAR_SCENE else attendance.time_of(reference)
        if time_us is not None:
            return reference, time_us
    return None


def _near_scene(attendance: Attendance, rules: WindowRules) -> int | None:
    """So long before arrival as the policy takes for its distance, but not before the officer was on the way."""
    if attendance.on_scene_us is None:
        return None
    assumed_us = attendance.on_scene_us - us_of_seconds(rules.near_scene_s)
    way_us = attendance.en_route_us if attendance.en_route_us is not None else attendance.dispatched_us
    return min(max(assumed_us, assumed_us if way_us is None else way_us), attendance.on_scene_us)


def exempt_by_rule(attendance: Attendance, policy: Policy, window: Span) -> tuple[tuple[str, Span], ...]:
    """Time that rules of the policy cut out of the window, with the code of each rule."""
    found = ((rule.code, _exempt_span(attendance, policy, rule, window)) for rule in policy.exemptions)
    return tuple((code, span) for code, span in found if span is not None)


def _exempt_span(attendance: Attendance, policy: Policy, rule: ExemptionRule, window: Span) -> Span | None:
    if not _is_exempt(attendance, rule):
        return None
    low = _side(attendance, policy, rule.start, rule.start_after_s, window.start_us)
    high = _side(attendance, policy, rule.end, rule.end_after_s, window.end_us)
    if low is None or high is None:
        return None
    low, high = max(low, window.start_us), min(high, window.end_us)
    return Span(low, high) if low < high else None


def _is_exempt(attendance: Attendance, rule: ExemptionRule) -> bool:
    incident, when = attendance.incident, rule.when
    if incident is None or when.is_empty:
        return False
    return (
        _meet(when.call_types, (incident.call_type,))
        and _meet(when.tags, incident.tags)
        and _meet(when.dispositions, (incident.call_disposition_code,))
        and _meet(when.areas, (incident.area,))
        and _meet(when.priorities, (incident.priority,))
        and _meet(when.units, (attendance.officer.unit if attendance.officer else None, attendance.unit_id))
    )


def _meet(wanted: tuple[str, ...], values: Iterable[str | None]) -> bool:
    """Whether one of the values is wanted; where nothing is named, all are."""
    return not wanted or not _folded(wanted).isdisjoint([one.casefold() for one in values if one is not None])


def _side(
    attendance: Attendance, policy: Policy, reference: Reference | None, after_s: float, default_us: int
) -> int | None:
    if reference is None:
        return default_us + us_of_seconds(after_s)
    found = _first_reference(attendance, (reference,), policy.window)
    return None if found is None else found[1] + us_of_seconds(after_s)


def without(pieces: Sequence[Span], cut: Iterable[Span]) -> tuple[Span, ...]:
    """What the cut spans leave of the pieces, in order of time."""
    left = list(pieces)
    for span in cut:
        left = [part for piece in left for part in _without(piece, span.start_us, span.end_us)]
    return tuple(left)


class Exemptions:
    """Exemptions by officer."""

    __slots__ = ("_by_officer",)

    def __init__(self, exemptions: Iterable[Exemption], roster: Roster) -> None:
        self._by_officer: dict[str, list[Exemption]] = defaultdict(list)
        for exemption in exemptions:
            officer = roster.resolve(exemption.officer_id)
            self._by_officer[officer.officer_id if officer else exemption.officer_id].append(exemption)

    def required_pieces(self, attendance: Attendance, window: Span) -> tuple[Span, ...]:
        """What the exemptions of this officer (for this incident, or for any) leave of the window; may be empty."""
        pieces = [window]
        for exemption in self._by_officer.get(attendance.officer_id, ()):
            if exemption.incident_id not in (None, attendance.incident_id):
                continue
            start_us = window.start_us if exemption.from_us is None else exemption.from_us
            end_us = window.end_us if exemption.to_us is None else exemption.to_us
            pieces = [part for piece in pieces for part in _without(piece, start_us, end_us)]
        return tuple(pieces)


def _without(piece: Span, start_us: int, end_us: int) -> list[Span]:
    left = (piece.start_us, min(piece.end_us, start_us))
    right = (max(piece.start_us, end_us), piece.end_us)
    if end_us <= start_us or end_us <= piece.start_us or start_us >= piece.end_us:
        return [piece]
    return [Span(low, high) for low, high in (left, right) if low < high]
