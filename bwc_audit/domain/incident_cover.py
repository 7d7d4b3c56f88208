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
from bwc_audit.domain.times import us_of_seconds

#: Of whom nothing is required, although they were at the incident: what their cameras recorded there is recorded.
_PRESENT = (Bucket.NO_CAMERA_ISSUED, Bucket.BELOW_MINIMUM, Bucket.FULLY_EXEMPT)


@dataclass(frozen=True, slots=True, eq=False)
class IncidentUnion:
    """Incidents with measured windows, by id: ``incident`` is the place in ``names`` of each window's, ``windows`` the
    windows of each. ``policy``: by which of ``policies`` each is judged as a whole. ``uncovered``: by place, what no camera
    covers of the time in which somebody had to record."""

    names: tuple[str, ...]
    incident: Int
    windows: Groups
    policies: tuple[Policy, ...]
    policy: Int
    uncovered: SpanTable


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
    pieces, cameras = _union_pieces(matching.pieces, incident), _cameras(matching, names, incident)
    return IncidentUnion(names, incident, windows, policies, policy, coverage.uncovered(pieces, cameras, _alike(joins_us)))


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


def _cameras(matching: Matching, names: tuple[str, ...], incident: Int) -> SpanTable:
    """Recordings by the number of each incident whose windows they touch, that they are tagged with, or at which their
    officer was although nothing was required."""
    number = {name: place for place, name in enumerate(names)}
    window, segment = matching.placements_of.pairs()
    tagged, tag = matching.placements.tags()
    entered = np.array([number.get(name, -1) for name in tag.values], np.int64)[tag.code]
    is_known = entered >= 0
    attended, beside = _of_others_there(matching, number)
    owner = np.concatenate([incident[window], entered[is_known], attended])
    at = np.concatenate([segment, tagged[is_known], beside])
    order = np.argsort(owner, kind="stable")
    return SpanTable(owner[order], matching.segments.start_us[at[order]], matching.segments.end_us[at[order]])


def _of_others_there(matching: Matching, number: Mapping[str, int]) -> tuple[Int, Int]:
    """Recordings of those at an incident who had to record nothing: (``number`` of the incident, index of the placement)."""
    judged, placements = matching.judged, matching.placements
    rows = np.flatnonzero(np.isin(judged.bucket, [BUCKETS.index(bucket) for bucket in _PRESENT]))
    columns = judged.columns.taken(rows)
    incident = np.array([number.get(name, -1) for name in columns.incident.values], np.int64)[columns.incident.code]
    owner_of = {name: code for code, name in enumerate(placements.officer.values)}
    owner = np.array([owner_of.get(name, -1) for name in columns.officer.values], np.int64)[columns.officer.code]
    start_us = columns.times_us[Reference.ON_SCENE]
    end_us = columns.earliest_named(Reference.CLEARED, Reference.INCIDENT_CLOSED)
    is_asked = (incident >= 0) & (owner >= 0) & (start_us != NO_TIME) & (end_us > start_us)
    none = np.zeros(int(is_asked.sum()), np.int64)
    windows = WindowArrays(owner[is_asked], start_us[is_asked], end_us[is_asked], none, none)
    window, segment = coverage.touching(windows, replace(matching.segments, owner=placements.officer.code))
    return incident[is_asked][window], segment


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
