"""``bwc-policy-comparison/1``: two policies over one period, as ``policy compare --format json`` prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.comparison import Comparison, Move, MovedAssignment, MovedFinding, Side
from bwc_audit.domain.comparison_why import Difference
from bwc_audit.domain.findings import Finding, FindingKind, Severity
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.domain.times import SECOND_US, iso_utc
from bwc_audit.report.document_parts import SpanDocument
from bwc_audit.report.rates_document import BucketDocument, RateDocument, rate_document


class DifferenceDocument(TypedDict):
    """One setting that differs, with the clause it rests on in either policy; empty: no clause."""

    setting: str
    first_clause: str
    first: str
    second_clause: str
    second: str


class SideDocument(TypedDict):
    """What one policy makes of the period. ``exempt``: by rule. ``unseen_s``: time it asks for in stored videos that nobody
    has looked at."""

    policy: str
    policy_hash: str
    title: str
    assignments: int
    outcomes: dict[Outcome, int]
    waterfall: list[BucketDocument]
    rates: dict[str, RateDocument]
    findings: dict[FindingKind, int]
    borderline: int
    exempt: dict[str, int]
    unseen_s: float
    not_examined: list[str]
    not_examined_count: int


class JudgedDocument(TypedDict):
    """One assignment under one policy."""

    outcome: Outcome
    reason: str | None
    policy: str | None
    window: SpanDocument | None
    start_reference: str | None
    required_s: float
    covered_s: float
    exempted_by: list[str]


class MovedAssignmentDocument(TypedDict):
    """An assignment whose outcome or reason differs."""

    incident_id: str
    officer_id: str
    unit: str | None
    call_type: str | None
    first: JudgedDocument
    second: JudgedDocument
    why: list[DifferenceDocument]


class StatedDocument(TypedDict):
    """A finding under one policy. ``is_stated`` false: not counted; ``measured_s`` is what it would have been about."""

    is_stated: bool
    is_borderline: bool
    severity: Severity | None
    clause: str | None
    policy: str | None
    measured_s: float | None
    margin_s: float | None
    message: str | None


class MovedFindingDocument(TypedDict):
    """A finding that appears, vanishes or changes from the first policy to the second."""

    move: Move
    kind: FindingKind
    incident_id: str | None
    officer_id: str | None
    recording_id: str | None
    first: StatedDocument
    second: StatedDocument
    why: list[DifferenceDocument]


class OutcomeMoveDocument(TypedDict):
    """How many assignments go from one outcome to another."""

    first: Outcome
    second: Outcome
    n: int


class ComparisonDocument(TypedDict):
    """``bwc-policy-comparison/1``. Times are ISO 8601 UTC, lengths seconds; null: not known, or does not apply."""

    schema: Literal["bwc-policy-comparison/1"]
    source: str
    period: SpanDocument
    as_of: str
    first: SideDocument
    second: SideDocument
    settings: list[DifferenceDocument]
    moves: list[OutcomeMoveDocument]
    assignments: list[MovedAssignmentDocument]
    findings: list[MovedFindingDocument]


def comparison_document(comparison: Comparison) -> ComparisonDocument:
    """The whole comparison; nothing is left out, however long the lists are."""
    period = comparison.period
    return {
        "schema": "bwc-policy-comparison/1",
        "source": comparison.source,
        "period": {"start": iso_utc(period.start_us), "end": iso_utc(period.end_us)},
        "as_of": iso_utc(comparison.as_of_us),
        "first": _side(comparison.first),
        "second": _side(comparison.second),
        "settings": _why(comparison.settings),
        "moves": [{"first": before, "second": after, "n": n} for before, after, n in comparison.moves],
        "assignments": [_assignment(one) for one in comparison.assignments],
        "findings": [_finding(one) for one in comparison.findings],
    }


def side_reference(side: Side) -> str:
    """``uk_generic/2026-11@0123456789ab``."""
    return f"{side.book_id}/{side.version}@{side.policy_hash[:12]}"


def _side(side: Side) -> SideDocument:
    rates = (rate for group in side.rates.groups if group.key == "all" for rate in group.rates)
    return {
        "policy": side_reference(side),
        "policy_hash": side.policy_hash,
        "title": side.title,
        "assignments": side.rates.assignments,
        "outcomes": dict(side.outcomes),
        "waterfall": [{"bucket": str(bucket), "n": n} for bucket, n in side.rates.waterfall],
        "rates": {rate.name: rate_document(rate) for rate in rates},
        "findings": dict(side.findings),
        "borderline": side.borderline,
        "exempt": dict(side.exempt),
        "unseen_s": side.unseen_us / SECOND_US,
        "not_examined": list(side.not_examined.said),
        "not_examined_count": side.not_examined.count,
    }


def _why(why: Sequence[Difference]) -> list[DifferenceDocument]:
    return [
        {
            "setting": one.setting,
            "first_clause": one.first_clause,
            "first": one.first,
            "second_clause": one.second_clause,
            "second": one.second,
        }
        for one in why
    ]


def _assignment(moved: MovedAssignment) -> MovedAssignmentDocument:
    return {
        "incident_id": moved.first.incident_id,
        "officer_id": moved.first.officer_id,
        "unit": moved.first.unit,
        "call_type": moved.first.call_type,
        "first": _judged(moved.first),
        "second": _judged(moved.second),
        "why": _why(moved.why),
    }


def _judged(result: AssignmentResult) -> JudgedDocument:
    window = result.window
    return {
        "outcome": result.outcome,
        "reason": result.reason,
        "policy": result.policy,
        "window": None if window is None else {"start": iso_utc(window.span.start_us), "end": iso_utc(window.span.end_us)},
        "start_reference": None if window is None else window.start_reference,
        "required_s": result.required_us / SECOND_US,
        "covered_s": result.covered_us / SECOND_US,
        "exempted_by": list(result.exempted_by),
    }


def _finding(moved: MovedFinding) -> MovedFindingDocument:
    said = moved.said
    return {
        "move": moved.move,
        "kind": said.kind,
        "incident_id": said.incident_id,
        "officer_id": said.officer_id,
        "recording_id": said.recording_id,
        "first": _stated(moved.first, moved.first_us),
        "second": _stated(moved.second, moved.second_us),
        "why": _why(moved.why),
    }


def _stated(finding: Finding | None, measured_us: int | None) -> StatedDocument:
    return {
        "is_stated": finding is not None and not finding.is_borderline,
        "is_borderline": finding is not None and finding.is_borderline,
        "severity": finding.severity if finding else None,
        "clause": finding.clause if finding else None,
        "policy": finding.policy if finding else None,
        "measured_s": None if measured_us is None else measured_us / SECOND_US,
        "margin_s": None if finding is None or finding.margin_us is None else finding.margin_us / SECOND_US,
        "message": finding.message if finding else None,
    }
