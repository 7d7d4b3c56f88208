"""What no camera covers of an incident while somebody had to record, for all incidents at once.

Decides what of it is longer than allowed, by how much, and how firm that is; it is said of two or more officers only.
Whether the sources of all of them are complete is asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.coverage import NO_TIME, Bool, Int, Limit, SpanTable, WindowArrays
from bwc_audit.domain.groups import Groups
from bwc_audit.domain.judgement import BUCKETS
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.policy import Policy, Reference
from bwc_audit.domain.results import Bucket
from bwc_audit.domain.severity import steps_of_excess
from bwc_audit.domain.times import Span, us_of_seconds

#: Of whom nothing is required, although they were at the incident: what their cameras recorded there is recorded.
_PRESENT = (Bucket.NO_CAMERA_ISSUED, Bucket.BELOW_MINIMUM, Bucket.FULLY_EXEMPT)


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """Stays at incidents that are not required, or not as a whole: row of the attendance, number of the incident, and the
    stay as windows whose owner is the code of the officer among the placements (-1: not there)."""

    row: Int
    incident: Int
    windows: WindowArrays

    @staticmethod
    def of(matching: Matching, number: Mapping[str, int]) -> Presence:
        """``number``: of each incident."""
        judged, placements = matching.judged, matching.placements
        is_out = np.isin(judged.bucket, [BUCKETS.index(bucket) for bucket in _PRESENT])
        stated = judged.window
        rows = matching.measured.rows
        is_cut = matching.measures.required_us < (stated.end_us - stated.start_us)[rows]
        row = np.concatenate([np.flatnonzero(is_out), rows[is_cut]])
        columns = judged.columns.taken(row)
        incident = np.array([number.get(name, -1) for name in columns.incident.values], np.int64)[columns.incident.code]
        code_of = {name: code for code, name in enumerate(placements.officer.values)}
        owner = np.array([code_of.get(name, -1) for name in columns.officer.values], np.int64)[columns.officer.code]
        start_us = columns.times_us[Reference.ON_SCENE]
        end_us = columns.earliest_named(Reference.CLEARED, Reference.INCIDENT_CLOSED)
        chosen = np.flatnonzero((incident >= 0) & (start_us != NO_TIME) & (end_us > start_us))
        none = np.zeros(len(chosen), np.int64)
        return Presence(
            row[chosen], incident[chosen], WindowArrays(owner[chosen], start_us[chosen], end_us[chosen], none, none)
        )

    def of_who_recorded(self) -> Presence:
        """Those of officers who recorded anything, ever."""
        chosen, windows = np.flatnonzero(self.windows.owner >= 0), self.windows
        own = (windows.owner, windows.start_us, windows.end_us, windows.precision_us, windows.tolerance_us)
        return Presence(self.row[chosen], self.incident[chosen], WindowArrays(*(column[chosen] for column in own)))


@dataclass(frozen=True, slots=True, eq=False)
class IncidentUnion:
    """Incidents with measured windows, by id: ``incident`` is the place in ``names`` of each window's, ``windows`` the
    windows of each. ``policy``: by which of ``policies`` each is judged as a whole. ``uncovered``: by place, what no camera
    covers of the time in which somebody had to record. ``there``: who else was at them."""

    names: tuple[str, ...]
    incident: Int
    windows: Groups
    policies: tuple[Policy, ...]
    policy: Int
    uncovered: SpanTable
    there: Presence


@dataclass(frozen=True, slots=True, eq=False)
class Uncovered:
    """One element an incident of two or more officers with a hole longer than allowed; ``incident``: place in the union.
    ``measured_us``: of all such ``holes`` together (by place). ``severity``: step."""

    incident: Int
    officers: Int
    measured_us: Int
    first_us: Int
    margin_us: Int
    uncertainty_us: Int
    severity: Int
    is_borderline: Bool
    holes: SpanTable


def incident_union(matching: Matching) -> IncidentUnion:
    """Union of all cameras at each incident: matched by officer and time (also of those who were there and had to record
    nothing), or tagged with the incident."""
    known = matching.judged.columns.incident
    present, incident = np.unique(known.code[matching.measured.rows], return_inverse=True)
    names = tuple(known.values[code] for code in present.tolist())  # attendances, and so the codes, are in order of the ids
    windows = Groups.of(incident, np.arange(len(incident)), len(names))
    policy, policies = _policies(matching, present, windows)
    joins_us = np.array([us_of_seconds(one.coverage.join_s) for one in policies], np.int64)[policy]
    number = {name: place for place, name in enumerate(names)}
    there = Presence.of(matching, number)
    pieces, cameras = _union_pieces(matching.pieces, incident), _cameras(matching, number, incident, there)
    uncovered = coverage.uncovered(pieces, cameras, _alike(joins_us))
    return IncidentUnion(names, incident, windows, policies, policy, uncovered, there)


def _policies(matching: Matching, incidents: Int, windows: Groups) -> tuple[Int, tuple[Policy, ...]]:
    """By what each incident is judged: its own rules, or those of its first officer where it was never read."""
    if matching.book.is_one_for_all:
        return np.zeros(len(incidents), np.int64), (matching.policy,)
    rows, found, codes = matching.judged.columns.incidents, dict[int, tuple[int, Policy]](), []
    for place, code in enumerate(incidents.tolist()):
        incident = rows[code]
        first = matching.measured[windows[place][0]]
        policy = first.policy if incident is None else matching.policy_of_incident(incident)
        codes.append(found.setdefault(id(policy), (len(found), policy))[0])
    return np.array(codes, np.int64), tuple(policy for _, policy in found.values())


def _alike(limit_us: Int) -> Limit:
    """One number where all are the same, which is worked out faster."""
    return int(limit_us[0]) if len(limit_us) and (limit_us == limit_us[0]).all() else limit_us


def _union_pieces(pieces: SpanTable, incident: Int) -> SpanTable:
    """The required pieces of all officers of an incident as one disjoint set. ``incident``: number of each window's."""
    return coverage.together(SpanTable(incident[pieces.window], pieces.start_us, pieces.end_us))


def _cameras(matching: Matching, number: Mapping[str, int], incident: Int, there: Presence) -> SpanTable:
    """Recordings by the number of each incident whose windows they touch or that they are tagged with; and what those
    recorded of whom nothing is required, or not all the time, while they were there."""
    window, segment = matching.placements_of.pairs()
    tagged, tag = matching.placements.tags()
    entered = np.array([number.get(name, -1) for name in tag.values], np.int64)[tag.code]
    is_known, segments = entered >= 0, matching.segments
    at = np.concatenate([segment, tagged[is_known]])
    there = there.of_who_recorded()
    stay, beside = coverage.touching(there.windows, replace(segments, owner=matching.placements.officer.code))
    owner = np.concatenate([incident[window], entered[is_known], there.incident[stay]])
    starts_us = np.concatenate([segments.start_us[at], np.maximum(segments.start_us[beside], there.windows.start_us[stay])])
    ends_us = np.concatenate([segments.end_us[at], np.minimum(segments.end_us[beside], there.windows.end_us[stay])])
    order = np.argsort(owner, kind="stable")
    return SpanTable(owner[order], starts_us[order], ends_us[order])


def is_waiting_for_others(matching: Matching, union: IncidentUnion) -> Bool:
    """For each incident whether somebody was there of whom nothing is required, and whose recordings may yet come in."""
    there, judged = union.there, matching.judged
    found = np.zeros(len(union.names), np.bool_)
    rules = [policy.upload for policy in judged.policies]
    is_recent = matching.completeness.is_waited_for(there.windows.end_us, rules)
    has_camera = judged.bucket[there.row] != BUCKETS.index(Bucket.NO_CAMERA_ISSUED)
    for place in np.flatnonzero(is_recent & has_camera).tolist():
        row, stay = int(there.row[place]), Span(int(there.windows.start_us[place]), int(there.windows.end_us[place]))
        officer_id, upload = judged.columns.officer[row], judged.policies[int(judged.policy[row])].upload
        found[there.incident[place]] |= matching.completeness.pending(officer_id, stay, upload) is not None
    return found


def uncovered_of(matching: Matching, union: IncidentUnion, is_judgeable: Bool) -> Uncovered:
    """What is stated of incidents. ``is_judgeable``: of which of them it may be."""
    count, table = len(union.names), union.uncovered
    gaps_us = np.array([us_of_seconds(one.coverage.gap_s) for one in union.policies], np.int64)[union.policy]
    officers = np.diff(union.windows.edges)
    length_us = table.end_us - table.start_us
    holes = table.only((length_us > gaps_us[table.window]) & ((officers > 1) & is_judgeable)[table.window])
    first_us, longest_us, uncertainty_us = np.zeros((3, count), np.int64)
    first_us[holes.window[::-1]] = holes.start_us[::-1]
    np.maximum.at(longest_us, holes.window, holes.end_us - holes.start_us)
    np.maximum.at(uncertainty_us, union.incident, matching.measures.uncertainty_us)
    incident = np.flatnonzero(longest_us)
    margin_us, uncertainty_us = (longest_us - gaps_us)[incident], uncertainty_us[incident]
    for row, place in enumerate(incident.tolist()) if matching.shifted.incidents else ():
        moved_in, most_us = matching.shifted.incidents.get(union.names[place]), int(margin_us[row])
        if moved_in and most_us <= uncertainty_us[row] + moved_in.undoes_us(int(gaps_us[place])):
            uncertainty_us[row] = max(int(uncertainty_us[row]), most_us)  # what may belong here is not worked out
    severity = np.zeros(len(incident), np.int64)
    for code, policy in enumerate(union.policies):
        own = union.policy[incident] == code
        severity[own] = steps_of_excess(margin_us[own], policy.severity)
    return Uncovered(
        incident=incident,
        officers=officers[incident],
        measured_us=holes.total_us(count)[incident],
        first_us=first_us[incident],
        margin_us=margin_us,
        uncertainty_us=uncertainty_us,
        severity=severity,
        is_borderline=margin_us <= uncertainty_us,
        holes=holes,
    )
