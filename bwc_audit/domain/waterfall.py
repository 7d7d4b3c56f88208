"""Which assignments there are to judge: rows merged into one a person and incident, and the exemptions of officers.

What becomes of them is decided by ``judgement``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bwc_audit.domain.identity import Roster
from bwc_audit.domain.records import Assignment, Exemption, Incident, Officer, RowRef
from bwc_audit.domain.times import DAY_US, HOUR_US, Span


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


def attendances(assignments: Iterable[Assignment], incidents: Iterable[Incident], roster: Roster) -> tuple[Attendance, ...]:
    """Rows of one incident and officer merged; ordered by incident, then officer."""
    incident_of = {incident.incident_id: incident for incident in incidents}
    groups: dict[tuple[str, str], list[Assignment]] = defaultdict(list)
    for row in assignments:
        officer = roster.resolve(row.officer_id)
        groups[row.incident_id, officer.officer_id if officer else row.officer_id].append(row)
    return tuple(
        (_alone if len(rows) == 1 else _merged)(rows, incident_of.get(incident_id), officer_id, roster.resolve(officer_id))
        for (incident_id, officer_id), rows in sorted(groups.items())
    )


def _rounded_us(rows: Sequence[Assignment], incident: Incident | None) -> int:
    """How far the times may be from what happened: their rounding (that of the incident where it has to tell the end), and
    the hour that clocks were set back."""
    is_ended = _last_clear(rows, incident) is not None
    is_twice = any(row.is_ambiguous for row in rows) or (incident is not None and incident.is_ambiguous and not is_ended)
    closing_us = 0 if incident is None or is_ended else incident.precision_us
    return max(closing_us, *(row.precision_us for row in rows)) + (HOUR_US if is_twice else 0)


def _in_order(row: Assignment) -> Assignment:
    """The row with its clear an hour later where a time of it occurred twice and only so it follows the arrival."""
    if not row.is_ambiguous or row.cleared_us is None or row.on_scene_us is None:
        return row
    is_later = row.cleared_us < row.on_scene_us <= row.cleared_us + HOUR_US
    return replace(row, cleared_us=row.cleared_us + HOUR_US) if is_later else row


def _alone(rows: Sequence[Assignment], incident: Incident | None, officer_id: str, officer: Officer | None) -> Attendance:
    """From the one row that nearly all have: in order of the fields, since there are hundreds of thousands."""
    row = _in_order(rows[0])
    is_plain = not row.is_ambiguous and (incident is None or (row.cleared_us is not None and not incident.is_ambiguous))
    return Attendance(
        row.incident_id,
        officer_id,
        incident,
        officer,
        (row.row,),
        row.unit_id or None,
        row.dispatched_us,
        row.en_route_us,
        row.on_scene_us,
        row.cleared_us,
        row.is_cancelled,
        row.precision_us if is_plain else _rounded_us((row,), incident),
    )


def _merged(rows: Sequence[Assignment], incident: Incident | None, officer_id: str, officer: Officer | None) -> Attendance:
    if any(row.is_ambiguous for row in rows):
        rows = [_in_order(row) for row in rows]
    live = [row for row in rows if not row.is_cancelled] or list(rows)
    units = sorted({row.unit_id for row in live if row.unit_id})
    return Attendance(
        incident_id=rows[0].incident_id,
        officer_id=officer_id,
        incident=incident,
        officer=officer,
        rows=tuple(sorted(row.row for row in rows)),
        unit_id=units[0] if units else None,
        dispatched_us=min((row.dispatched_us for row in live if row.dispatched_us is not None), default=None),
        en_route_us=min((row.en_route_us for row in live if row.en_route_us is not None), default=None),
        on_scene_us=min((row.on_scene_us for row in live if row.on_scene_us is not None), default=None),
        cleared_us=_last_clear(live, incident),
        is_cancelled=all(row.is_cancelled for row in rows),
        precision_us=_rounded_us(live, incident),
    )


def _last_clear(rows: Sequence[Assignment], incident: Incident | None) -> int | None:
    """The last clear; none is known where an officer arrived again after it, when they left then is not recorded, and the
    closing of the incident can tell it, or will."""
    last_us = max((row.cleared_us for row in rows if row.cleared_us is not None), default=None)
    open_us = max((row.on_scene_us for row in rows if row.cleared_us is None and row.on_scene_us is not None), default=None)
    if last_us is None or open_us is None or open_us <= last_us:
        return last_us
    closed_us = incident.closed_us if incident else None
    first_us = min(row.on_scene_us for row in rows if row.on_scene_us is not None)
    return None if closed_us is None or open_us < closed_us <= first_us + DAY_US else last_us


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

    def __contains__(self, officer_id: object) -> bool:
        """Whether an officer has any."""
        return officer_id in self._by_officer

    def required_pieces(self, incident_id: str, officer_id: str, window: Span) -> tuple[Span, ...]:
        """What the exemptions of this officer (for this incident, or for any) leave of the window; may be empty."""
        pieces = [window]
        for exemption in self._by_officer.get(officer_id, ()):
            if exemption.incident_id not in (None, incident_id):
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
