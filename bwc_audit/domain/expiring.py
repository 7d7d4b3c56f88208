"""Footage that may be deleted soon although something that it bears on is still open: what to keep before it is gone.

Open are findings without a disposition (borderline ones apart) and assignments that are pending or unknown. Whether the
footage is worth keeping is a person's decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bwc_audit.domain.coverage import Int
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.placed_segments import of_files
from bwc_audit.domain.placement import Placements
from bwc_audit.domain.policy import RetentionRules
from bwc_audit.domain.results import AssignmentResult, Outcome, PlacedSegment
from bwc_audit.domain.retention import ends_soon, kept_until_us
from bwc_audit.domain.runs import FindingState, ObservedFinding


@dataclass(frozen=True, slots=True)
class Expiring:
    """One file and one open matter. ``until_us``: from then on it may be deleted (it may have passed). ``matter``: the kind
    of finding, or the outcome and its reason; ``finding_id``: None for an assignment."""

    footage_id: str
    until_us: int
    matter: str
    incident_id: str | None
    officer_id: str | None
    finding_id: str | None = None


def ending_soon(placements: Placements, indices: Int, as_of_us: int, rules: RetentionRules) -> dict[str, int]:
    """By footage id: which of these files may be deleted within ``warning_days`` of *as of*, or may be already, and when."""
    until = kept_until_us(placements, indices, rules)
    found: dict[str, int] = {}
    for place in ends_soon(until, as_of_us, rules).tolist():
        footage_id, until_us = placements[int(indices[place])].footage_id, int(until[place])
        found[footage_id] = min(until_us, found.get(footage_id, until_us))
    return found


def expires_soon(
    ending: Mapping[str, int],
    observed: Iterable[ObservedFinding],
    results: Iterable[AssignmentResult],
    segments: Sequence[PlacedSegment],
) -> tuple[Expiring, ...]:
    """Open matters whose footage ends soon (``ending``), the soonest first.

    A matter's footage is what it names; and of its incident, recordings of its officer or of nobody, and those that carry
    the incident's id.
    """
    at_incident: dict[str, list[PlacedSegment]] = defaultdict(list)
    for segment in of_files(segments, ending) if ending else ():
        at_incident[segment.incident_id].append(segment)
    found = {*_of_findings(observed, ending, at_incident), *_of_results(results, ending, at_incident)}
    return tuple(sorted(found, key=soonest))


def soonest(one: Expiring) -> tuple[int, str, str, str, str]:
    """The order in which matters are listed."""
    return one.until_us, one.footage_id, one.incident_id or "", one.officer_id or "", one.matter


def _of_findings(
    observed: Iterable[ObservedFinding], ending: Mapping[str, int], at_incident: Mapping[str, Sequence[PlacedSegment]]
) -> Iterator[Expiring]:
    for one in observed:
        finding = one.finding
        is_settled = one.state != FindingState.OPEN or one.disposition is not None or finding.is_borderline
        if is_settled or finding.kind is FindingKind.RETENTION_RISK:
            continue
        beside = () if finding.footage_ids else _beside(at_incident, finding.incident_id, finding.officer_id)
        for footage_id in sorted({*finding.footage_ids, *beside} & ending.keys()):
            until_us = ending[footage_id]
            yield Expiring(footage_id, until_us, finding.kind, finding.incident_id, finding.officer_id, one.finding_id)


def _of_results(
    results: Iterable[AssignmentResult], ending: Mapping[str, int], at_incident: Mapping[str, Sequence[PlacedSegment]]
) -> Iterator[Expiring]:
    for one in results:
        if one.outcome not in (Outcome.PENDING, Outcome.UNKNOWN):
            continue
        matter = f"{one.outcome}: {one.reason}" if one.reason else str(one.outcome)
        beside = _beside(at_incident, one.incident_id, one.officer_id)
        for footage_id in sorted({*one.footage_ids, *beside} & ending.keys()):
            yield Expiring(footage_id, ending[footage_id], matter, one.incident_id, one.officer_id)


def _beside(
    at_incident: Mapping[str, Sequence[PlacedSegment]], incident_id: str | None, officer_id: str | None
) -> Iterator[str]:
    for segment in at_incident.get(incident_id or "", ()):
        if segment.role == "tagged" or officer_id is None or segment.officer_id in (None, officer_id):
            yield segment.footage_id
