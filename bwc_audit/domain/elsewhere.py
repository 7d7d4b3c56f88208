"""Calls beside those that are decided, which the same recordings touch: a recording runs on through the next call, which may
be of the next night, or is not the one that is decided anew.

Such a call is not decided here; but its number on a recording is not wrong. What is to be said of a recording is said once,
under the earliest call that it touches and with the night that decides it, which may be another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from bwc_audit.domain.attendance_columns import AttendanceColumns
from bwc_audit.domain.identity import Roster
from bwc_audit.domain.judgement import Judged, JudgedTable, judge
from bwc_audit.domain.placement import Placements
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.records import LONGEST_SEGMENT_US, Incident, Records
from bwc_audit.domain.waterfall import Exemptions, attendances


def calls_elsewhere(
    records: Records, judged: JudgedTable, book: PolicyBook, roster: Roster, placements: Placements
) -> Mapping[int, tuple[Judged, ...]]:
    """For segments (index of ``placements``): the calls beside whose required windows they touch, earliest first; only those
    that touch any. ``judged``: what is decided."""
    known = {(one.incident_id, one.officer_id) for one in judged.attended}
    attended = [
        one
        for one in attendances(records.beside, _told_once(records.incidents_beside), roster)
        if one.incident is not None and (one.incident_id, one.officer_id) not in known
    ]
    if not attended:
        return {}
    officer = placements.officer
    found: dict[int, list[Judged]] = defaultdict(list)
    for call in judge(attended, AttendanceColumns.of(attended), book, Exemptions(records.exemptions, roster)):
        if not call.pieces:
            continue
        start_us, end_us = call.pieces[0].start_us, call.pieces[-1].end_us
        low, high = np.searchsorted(placements.start_us, (start_us - LONGEST_SEGMENT_US, end_us)).tolist()
        near = np.arange(low, high)
        for index in near[placements.end_us[near] > start_us].tolist():
            if officer[index] == call.attendance.officer_id:
                found[index].append(call)
    return {index: tuple(sorted(calls, key=_opened)) for index, calls in found.items()}


def _told_once(incidents: Sequence[Incident]) -> list[Incident]:
    """Those that no other row gives another time of opening: of the others nobody knows which call is meant."""
    opened_us: dict[str, set[int]] = defaultdict(set)
    for one in incidents:
        opened_us[one.incident_id].add(one.opened_us)
    return [one for one in incidents if len(opened_us[one.incident_id]) == 1]


def _opened(call: Judged) -> tuple[int, str]:
    return call.pieces[0].start_us, call.attendance.incident_id
