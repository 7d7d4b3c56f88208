"""The frame of a review sample: which incidents of a run may be drawn, and the stratum of each.

An incident with several units, shifts or outcomes stands in a stratum of its own (*several …*), so that no order of rows
decides where it belongs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import tzinfo

from bwc_audit.domain.rate_columns import grouping_of
from bwc_audit.domain.results import AssignmentResult, IncidentResult, Outcome
from bwc_audit.domain.review_sample import Frame, FrameEntry
from bwc_audit.domain.shifts import Shift

#: Fields that strata can be made of.
STRATUM_KEYS = ("unit", "call_type", "priority", "area", "shift", "month", "outcome")

_NOT_STATED = "(not stated)"
_OF_RESULTS = ("unit", "shift", "month")
#: The weightiest outcome of its assignments is that of an incident.
_WEIGHT = (Outcome.FINDINGS, Outcome.UNKNOWN, Outcome.PENDING, Outcome.COVERED, Outcome.EXCLUDED)


def frame_of(
    frame: Frame,
    incidents: Iterable[IncidentResult],
    results: Sequence[AssignmentResult],
    with_findings: Collection[str],
    by: Sequence[str],
    zone: tzinfo,
    shifts: Sequence[Shift],
) -> tuple[FrameEntry, ...]:
    """The incidents that belong to ``frame``, each with its stratum, in the order of their ids.

    ``with_findings``: incidents in which the run counted a finding. Incidents that only an assignment names are part of it.
    Raises ``ValueError`` for a field that is none of ``STRATUM_KEYS``.
    """
    if unknown := [key for key in by if key not in STRATUM_KEYS]:
        raise ValueError(f"strata are made of {', '.join(STRATUM_KEYS)}; not of {', '.join(unknown)}")
    record = {incident.incident_id: incident for incident in incidents}
    outcomes: dict[str, set[Outcome]] = defaultdict(set)
    for result in results:
        outcomes[result.incident_id].add(result.outcome)
    fields = {key: _values(key, record, results, outcomes, zone, shifts) for key in by}
    entries = []
    for incident_id in sorted(record.keys() | outcomes.keys()):
        has_finding = incident_id in with_findings
        if _belongs(frame, has_finding, outcomes[incident_id]):
            stratum = " · ".join(fields[key].get(incident_id, _NOT_STATED) for key in by)
            entries.append(FrameEntry(incident_id, stratum, has_finding))
    return tuple(entries)


def _belongs(frame: Frame, has_finding: bool, outcomes: Collection[Outcome]) -> bool:
    match frame:
        case Frame.ALL:
            return True
        case Frame.FINDINGS:
            return has_finding
        case Frame.COVERED:
            return not has_finding and Outcome.COVERED in outcomes


def _values(
    key: str,
    record: dict[str, IncidentResult],
    results: Sequence[AssignmentResult],
    outcomes: dict[str, set[Outcome]],
    zone: tzinfo,
    shifts: Sequence[Shift],
) -> dict[str, str]:
    if key in _OF_RESULTS:
        return _of_results(key, results, zone, shifts)
    if key == "outcome":
        return {name: next(str(one) for one in _WEIGHT if one in found) for name, found in outcomes.items()}
    return {name: getattr(incident, key) or _NOT_STATED for name, incident in record.items()}


def _of_results(key: str, results: Sequence[AssignmentResult], zone: tzinfo, shifts: Sequence[Shift]) -> dict[str, str]:
    grouping = grouping_of(results, key, zone, shifts)
    found: dict[str, set[str]] = defaultdict(set)
    for result, code in zip(results, grouping.codes.tolist(), strict=True):
        found[result.incident_id].add(grouping.keys[code])
    return {name: min(keys) if len(keys) == 1 else f"(several {key}s)" for name, keys in found.items()}
