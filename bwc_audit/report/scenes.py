"""Sorts a run by incident: who was there, what was recorded, what was found. One pass, a fixed order."""

from __future__ import annotations

from collections import defaultdict
from zoneinfo import ZoneInfo

from bwc_audit.domain.results import AssignmentResult, PlacedSegment
from bwc_audit.domain.runs import ObservedFinding
from bwc_audit.report.cards import by_weight
from bwc_audit.report.contexts import RunReportInput
from bwc_audit.report.timeline import Scene

_NEVER_US = 2**62


def scenes_of(report: RunReportInput, zone: ZoneInfo) -> tuple[Scene, ...]:
    """Every incident that anything is known about, in order of opening; those that were never read come last."""
    results: dict[str, list[AssignmentResult]] = defaultdict(list)
    segments: dict[str, list[PlacedSegment]] = defaultdict(list)
    observed: dict[str, list[ObservedFinding]] = defaultdict(list)
    for result in report.results:
        results[result.incident_id].append(result)
    for segment in report.segments:
        segments[segment.incident_id].append(segment)
    for one in report.observed:
        if one.finding.incident_id is not None:
            observed[one.finding.incident_id].append(one)
    read = {incident.incident_id: incident for incident in report.incidents}
    opened = {incident_id: incident.opened_us for incident_id, incident in read.items()}
    mentioned = read.keys() | results.keys() | segments.keys() | observed.keys()
    return tuple(
        Scene(
            incident_id,
            read.get(incident_id),
            tuple(sorted(results[incident_id], key=_by_arrival)),
            tuple(sorted(segments[incident_id], key=_by_time)),
            zone,
            tuple(sorted(observed[incident_id], key=by_weight)),
            report.evidence,
            tuple(sorted(report.agreements.get(incident_id, ()), key=lambda pair: (pair.one, pair.other))),
        )
        for incident_id in sorted(mentioned, key=lambda name: (opened.get(name, _NEVER_US), name))
    )


def _by_arrival(result: AssignmentResult) -> tuple[int, str]:
    times = [result.dispatched_us, result.en_route_us, result.on_scene_us, result.cleared_us]
    return min((time for time in times if time is not None), default=_NEVER_US), result.officer_id


def _by_time(segment: PlacedSegment) -> tuple[int, int, str, str]:
    return segment.span.start_us, segment.span.end_us, segment.device_id, segment.footage_id
