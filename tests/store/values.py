"""Domain values of every shape, for round trips: strategies derived from the dataclasses themselves."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from bwc_audit.domain.findings import Finding
from bwc_audit.domain.inspection import Inspection, InspectionStatus
from bwc_audit.domain.lifecycle import finding_id_of
from bwc_audit.domain.measures import Measures
from bwc_audit.domain.results import AssignmentResult, Decision, IncidentResult, Outcome, PlacedSegment
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding, RunKind, RunRequest
from bwc_audit.domain.times import Span
from tests.store.measured import MEASURES

#: May be negative; everything else is a count, a length or a time of this century.
_SIGNED = frozenset({"lateness_us", "offset_us", "margin_us"})
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_TIME = st.integers(0, 2**53)
SPANS = st.builds(lambda start, length: Span(start, start + length), _TIME, st.integers(1, 10**12))


def any_of(kind: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Any value of a type as it occurs in the domain's dataclasses."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return st.one_of([any_of(part, name) for part in get_args(kind)])
    if origin is tuple:
        return st.lists(any_of(get_args(kind)[0], name), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(_TEXT, any_of(get_args(kind)[1]), max_size=3)
    if kind is Span:
        return SPANS
    if kind is Measures:
        return MEASURES
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: any_of(hints[field.name], field.name) for field in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    return _plain(kind, name)


def _plain(kind: Any, name: str) -> st.SearchStrategy[Any]:
    match kind:
        case types.NoneType:
            return st.none()
        case _ if kind is str:
            return _TEXT
        case _ if kind is bool:
            return st.booleans()
        case _ if kind is int:
            return st.integers(-(2**53), 2**53) if name in _SIGNED else _small_or_time(name)
        case _ if kind is float:
            return st.floats(0.0, 1e9)
        case _ if kind is bytes:
            return st.binary(max_size=40)
    raise TypeError(f"no strategy for {kind}")


def _small_or_time(name: str) -> st.SearchStrategy[int]:
    return _TIME if name.endswith(("_us", "_bytes")) else st.integers(0, 2**31 - 1)


def _lawful_result(result: AssignmentResult) -> AssignmentResult:
    is_open = result.outcome in (Outcome.PENDING, Outcome.UNKNOWN, Outcome.EXCLUDED)
    return replace(
        result,
        covered_us=min(result.covered_us, result.required_us),
        reason=result.reason or "why" if is_open else result.reason,
    )


def _lawful_inspection(inspection: Inspection) -> Inspection:
    if (inspection.status is InspectionStatus.UNREADABLE) == (inspection.reason is not None):
        return inspection
    return replace(inspection, status=InspectionStatus.COMPLETE, reason=None)


INSPECTIONS = any_of(Inspection).map(_lawful_inspection)


def observed_in(run_id: str) -> st.SearchStrategy[list[ObservedFinding]]:
    """Findings as a run saw them, no two with one fingerprint."""

    def observe(finding: Finding, change: Change, cause: str | None) -> ObservedFinding:
        gone = {Change.RESOLVED: FindingState.RESOLVED, Change.REPLACED: FindingState.REPLACED}
        state = gone.get(change, FindingState.OPEN)
        return ObservedFinding(finding_id_of(finding.fingerprint), run_id, finding, state, change, cause)

    one = st.builds(observe, any_of(Finding), st.sampled_from(Change), st.none() | _TEXT)
    return st.lists(one, max_size=4, unique_by=lambda item: item.finding.fingerprint)


DECISIONS = st.builds(
    Decision,
    results=st.lists(
        any_of(AssignmentResult).map(_lawful_result), max_size=4, unique_by=lambda item: (item.incident_id, item.officer_id)
    ).map(tuple),
    incidents=st.lists(any_of(IncidentResult), max_size=3, unique_by=lambda item: item.incident_id).map(tuple),
    findings=st.just(()),
    segments=st.lists(any_of(PlacedSegment), max_size=3).map(tuple),
    not_examined=st.lists(_TEXT, max_size=2).map(tuple),
    counts=st.dictionaries(_TEXT, st.integers(0, 2**53), max_size=3),
)


def _lawful_request(request: RunRequest) -> RunRequest:
    if request.kind is RunKind.INCIDENT:
        return replace(request, incident_id=request.incident_id or "I1", requester=request.requester or "R", reason="why")
    return replace(request, incident_id=None)


REQUESTS = any_of(RunRequest).map(_lawful_request)
