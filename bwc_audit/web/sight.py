"""What of an incident somebody may see: all of it, or the officers of their own unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bwc_audit.audit.incident_input import FootageInput, IncidentInput, footage_input
from bwc_audit.domain.people import Person, Role
from bwc_audit.domain.results import AssignmentResult, PlacedSegment
from bwc_audit.domain.runs import Run
from bwc_audit.report.timeline import is_of
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.web.guard import NotThere, Visitor


def run_of(asking: Visitor, incident_id: str, run_id: str) -> tuple[Run, tuple[Run, ...]]:
    """(the run asked for, else the latest; all decided runs that say something of the incident, newest first).
    Raises ``NotThere``."""
    with reading(asking.site.engine) as session:
        known = runs.runs_with_incident(session, asking.site.audit.source.uri, incident_id)
    chosen = next((one for one in known if not run_id or one.run_id == run_id), None)
    if chosen is None:
        raise NotThere
    return chosen, known


def seen_by(person: Person, found: IncidentInput) -> tuple[IncidentInput, int]:
    """(what this person may see of the incident, how many officers are left out). Raises ``NotThere``: nothing."""
    if not _is_limited(person):
        return found, 0
    report = found.report
    results = seen_by_unit(person, report.results)
    officers = {one.officer_id for one in results}
    return (
        replace(
            found,
            report=replace(
                report,
                results=results,
                segments=tuple(one for one in report.segments if _is_theirs(one, results)),
                incidents=tuple(replace(one, uncovered=None) for one in report.incidents),  # it speaks of all cameras
                observed=tuple(one for one in report.observed if one.finding.officer_id in officers),
                waiting=tuple(one for one in report.waiting if one.officer_id in officers),
            ),
        ),
        len(report.results) - len(results),
    )


def seen_by_unit(person: Person, results: Sequence[AssignmentResult]) -> tuple[AssignmentResult, ...]:
    """The results of officers whom this person may see. Raises ``NotThere`` for a supervisor who may see none of them."""
    if not _is_limited(person):
        return tuple(results)
    mine = tuple(one for one in results if person.may_see_unit(one.unit))
    if not mine:
        raise NotThere
    return mine


def footage_of(asking: Visitor, incident_id: str, footage_id: str, run_id: str) -> FootageInput:
    """One file of an incident. Raises ``NotThere`` for an unknown one, and for one that is not theirs to see."""
    chosen, _ = run_of(asking, incident_id, run_id)
    found = footage_input(asking.site.audit, chosen, incident_id, footage_id)
    if found is None:
        raise NotThere
    if _is_limited(asking.person) and not _is_theirs(found.segment, seen_by_unit(asking.person, found.results)):
        raise NotThere
    return found


def _is_limited(person: Person) -> bool:
    return person.role is Role.SUPERVISOR


def _is_theirs(segment: PlacedSegment, results: Sequence[AssignmentResult]) -> bool:
    return any(is_of(segment, result) for result in results) and segment.officer_id in (
        None,
        *(result.officer_id for result in results),
    )
