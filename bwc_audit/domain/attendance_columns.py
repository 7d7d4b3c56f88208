"""Attendances as columns: what the waterfall and the required window ask of an assignment, for a year of them at once.

Decides nothing. A time is ``NO_TIME`` where it is not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, Bool, Int
from bwc_audit.domain.policy import Reference, WindowRules
from bwc_audit.domain.records import Incident, Officer
from bwc_audit.domain.segment_table import Coded
from bwc_audit.domain.times import us_of_seconds
from bwc_audit.domain.waterfall import Attendance

_OWN_TIMES = (Reference.DISPATCHED, Reference.EN_ROUTE, Reference.ON_SCENE, Reference.CLEARED)


@dataclass(frozen=True, slots=True, eq=False)
class AttendanceColumns:
    """One element an attendance. ``incident`` and ``officer``: ids as coded, with the rows behind each different one
    (None: never read, not in the roster); ``unit_id``: the unit on the call."""

    incident: Coded[str]
    incidents: tuple[Incident | None, ...]
    officer: Coded[str]
    officers: tuple[Officer | None, ...]
    unit_id: Coded[str | None]
    times_us: Mapping[Reference, Int]
    is_cancelled: Bool
    precision_us: Int

    @staticmethod
    def of(attended: Sequence[Attendance]) -> AttendanceColumns:
        """In the order of the attendances."""
        incident = Coded.of(map(attrgetter("incident_id"), attended))
        officer = Coded.of(map(attrgetter("officer_id"), attended))
        row_of = dict(map(attrgetter("incident_id", "incident"), attended))
        roster_of = dict(map(attrgetter("officer_id", "officer"), attended))
        incidents = tuple(row_of[name] for name in incident.values)
        own = [list(map(attrgetter(f"{reference.value}_us"), attended)) for reference in _OWN_TIMES]
        times_us = {reference: _times(values) for reference, values in zip(_OWN_TIMES, own, strict=True)}
        opened_us = _times([None if one is None else one.opened_us for one in incidents])
        closed_us = _times([None if one is None else one.closed_us for one in incidents])
        times_us |= {
            Reference.INCIDENT_OPENED: opened_us[incident.code],
            Reference.INCIDENT_CLOSED: closed_us[incident.code],
        }
        return AttendanceColumns(
            incident=incident,
            incidents=incidents,
            officer=officer,
            officers=tuple(roster_of[name] for name in officer.values),
            unit_id=Coded.of(one.unit_id for one in attended),
            times_us=times_us,
            is_cancelled=np.array([one.is_cancelled for one in attended], np.bool_),
            precision_us=np.array([one.precision_us for one in attended], np.int64),
        )

    def __len__(self) -> int:
        return len(self.is_cancelled)

    def taken(self, rows: Int) -> AttendanceColumns:
        """The attendances at these places."""
        return AttendanceColumns(
            incident=self.incident.taken(rows),
            incidents=self.incidents,
            officer=self.officer.taken(rows),
            officers=self.officers,
            unit_id=self.unit_id.taken(rows),
            times_us={reference: times_us[rows] for reference, times_us in self.times_us.items()},
            is_cancelled=self.is_cancelled[rows],
            precision_us=self.precision_us[rows],
        )

    @property
    def has_incident(self) -> Bool:
        """Whether the incident was read."""
        return self.incident.where(one is not None for one in self.incidents)

    @property
    def has_officer(self) -> Bool:
        """Whether the officer is in the roster."""
        return self.officer.where(one is not None for one in self.officers)

    def earliest_named(self, *references: Reference) -> Int:
        """The first of these times that is recorded."""
        found = np.full(len(self), NO_TIME)
        for reference in references:
            found = np.where(found == NO_TIME, self.times_us[reference], found)
        return found

    @property
    def at_us(self) -> Int:
        """The moment whose policy holds: the opening of the incident, else the first time of the assignment."""
        return self.earliest_named(Reference.INCIDENT_OPENED, *_OWN_TIMES)

    def asked_units(self) -> Coded[str | None]:
        """The unit that a policy may name: the officer's on the roster, else the one on the call."""
        number: dict[str | None, int] = {}
        of_officer = [-1 if one is None else number.setdefault(one.unit, len(number)) for one in self.officers]
        of_call = [number.setdefault(name, len(number)) for name in self.unit_id.values]
        own, written = np.array(of_officer, np.int64)[self.officer.code], np.array(of_call, np.int64)[self.unit_id.code]
        return Coded(np.where(own < 0, written, own), tuple(number))

    def time_of(self, reference: Reference, rules: WindowRules) -> Int:
        """The moment of a reference. Near the scene: so long before arrival as the policy takes for its distance, but not
        before the officer was on the way; no source records where an officer was."""
        if reference is not Reference.NEAR_SCENE:
            return self.times_us[reference]
        on_scene_us = self.times_us[Reference.ON_SCENE]
        way_us = self.earliest_named(Reference.EN_ROUTE, Reference.DISPATCHED)
        assumed_us = on_scene_us - us_of_seconds(rules.near_scene_s)
        later_us = np.where(way_us == NO_TIME, assumed_us, np.maximum(assumed_us, way_us))
        return np.where(on_scene_us == NO_TIME, NO_TIME, np.minimum(later_us, on_scene_us))


def _times(values: Sequence[int | None]) -> Int:
    return np.array([NO_TIME if value is None else value for value in values], np.int64)
