"""JSON documents: ``bwc-finding/1``, ``bwc-rates/1``, and the report's own ``bwc-result/1`` and ``bwc-run/1``.

Typed dictionaries, so that schemas can be generated from them. Times are ISO 8601 UTC, lengths seconds; null means
that a value is not known or does not apply. ``policy`` reads ``id/version@hash`` with the hash's first 12 digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.findings import Evidence, Explanation, ExplanationKind, FindingKind, Severity, Window
from bwc_audit.domain.noise_rate import ReviewedNoise
from bwc_audit.domain.rates import Counts, Rate, RateGroup, RateTable
from bwc_audit.domain.records import RejectedRow
from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome
from bwc_audit.domain.runs import FindingState, ObservedFinding, Run, RunKind, RunRequest, RunStatus
from bwc_audit.domain.shifts import Shift
from bwc_audit.domain.times import SECOND_US, Span, iso_utc


class SpanDocument(TypedDict):
    start: str
    end: str


ExplanationDocument = TypedDict("ExplanationDocument", {"kind": ExplanationKind, "for": list[str], "against": list[str]})


class WindowDocument(TypedDict):
    start: str
    end: str
    start_reference: str
    end_reference: str


class EvidenceDocument(TypedDict):
    type: str
    ref: str
    at: str | None
    sha256: str | None


class FindingDocument(TypedDict):
    """One element of the array ``bwc-finding/1``."""

    finding_id: str
    fingerprint: str
    kind: FindingKind
    severity: Severity
    state: FindingState
    disposition: str | None
    incident_id: str | None
    officer_id: str | None
    device_id: str | None
    footage_ids: list[str]
    run_id: str
    policy: str
    clause: str
    window: WindowDocument | None
    spans: list[SpanDocument]
    seconds: float
    uncertainty_s: float | None
    margin_s: float | None
    message: str
    explanations: list[ExplanationDocument]
    evidence: list[EvidenceDocument]
    not_examined: list[str]


class RateDocument(TypedDict):
    """Shares are 0..1, null where ``n`` is 0. ``interval`` says how ``low`` and ``high`` came about: ``wilson`` (assignments
    as trials), ``cluster`` (seconds, with incidents as clusters), null: none."""

    k: float
    n: float
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None
    unit: Literal["assignments", "seconds"]
    share: float | None
    interval: Literal["wilson", "cluster"] | None


class BucketDocument(TypedDict):
    bucket: str
    n: int


class CountsDocument(TypedDict):
    """Assignments: all, those in scope, and what became of them."""

    assignments: int
    in_scope: int
    decided: int
    pending: int
    unknown: int


class RateGroupDocument(TypedDict):
    key: str
    rates: dict[str, RateDocument]
    counts: CountsDocument
    waterfall: list[BucketDocument]


class NoiseDocument(TypedDict):
    """What the review sample said of one kind of finding when the run was decided; shares are 0..1."""

    kind: FindingKind
    sample_id: str
    reviewed: int
    noise: int
    cannot_tell: int
    share: float | None
    low: float | None
    high: float | None


class RatesDocument(TypedDict):
    """``bwc-rates/1``. ``stored`` false: the run was recorded before rates were stored, and these were worked out now.
    ``timezone`` and ``shifts`` (their labels, in order) are those by which groups were made; empty where there are none."""

    run_id: str
    policy: str
    as_of: str
    period: SpanDocument
    waterfall: list[BucketDocument]
    groups: list[RateGroupDocument]
    by: str | None
    counts: CountsDocument
    timezone: str
    shifts: list[str]
    noise: list[NoiseDocument]
    stored: bool


class ResultDocument(TypedDict):
    """One element of the array ``bwc-result/1``: one officer on one incident."""

    incident_id: str
    officer_id: str
    unit_id: str | None
    unit: str | None
    call_type: str | None
    outcome: Outcome
    reason: str | None
    window: WindowDocument | None
    dispatched_at: str | None
    en_route_at: str | None
    on_scene_at: str | None
    cleared_at: str | None
    required_s: float
    covered_s: float
    usable_s: float | None
    unexamined_s: float
    lateness_s: float | None
    on_time: bool | None
    whole_window: bool | None
    uncertainty_s: float | None
    covered: list[SpanDocument]
    gaps: list[SpanDocument]
    unusable: list[SpanDocument]
    footage_ids: list[str]
    not_examined: list[str]


class ListedIncidentDocument(TypedDict):
    """One incident of a list: what a run says of it. The counts are those of its assignments by outcome; ``open_findings``
    those that count and are open now. ``opened_at`` null: its record was never read."""

    incident_id: str
    run_id: str
    opened_at: str | None
    call_type: str | None
    priority: str | None
    area: str | None
    covered: int
    findings: int
    pending: int
    unknown: int
    excluded: int
    open_findings: int


class RejectedDocument(TypedDict):
    file: str
    line: int
    field: str
    reason: str
    detail: str
    text: str


class RunDocument(TypedDict):
    """``bwc-run/1``: the run, its rates, what it read and what it could not examine.

    ``borderline`` holds ``bwc-finding/1`` elements that are within the clock uncertainty and so not counted.
    ``pages`` names the incident pages and contact sheets of this report, relative to it.
    """

    schema: Literal["bwc-run/1"]
    run_id: str
    kind: RunKind
    status: RunStatus
    source: str
    period: SpanDocument
    as_of: str
    timezone: str
    policy: str
    policy_hash: str
    incident_id: str | None
    requester: str | None
    request_reason: str | None
    started_at: str
    finished_at: str | None
    software_version: str
    inspector_version: str
    inputs_hash: str
    outcomes: dict[str, int]
    waterfall: list[BucketDocument]
    rates: RatesDocument
    counts: dict[str, int]
    not_examined: list[str]
    rejected: list[RejectedDocument]
    borderline: list[FindingDocument]
    pages: list[str]


def policy_reference(request: RunRequest) -> str:
    """``uk_generic/2026-11@0123456789ab``: policy, version, and the first digits of its hash."""
    return f"{request.policy_id}/{request.policy_version}@{request.policy_hash[:12]}"


def finding_document(observed: ObservedFinding, policy: str) -> FindingDocument:
    """One observed finding as ``bwc-finding/1``; ``policy``: that of the run, as ``policy_reference``
    writes it, for findings that name none of their own."""
    finding = observed.finding
    return {
        "finding_id": observed.finding_id,
        "fingerprint": finding.fingerprint,
        "kind": finding.kind,
        "severity": finding.severity,
        "state": observed.state,
        "disposition": observed.disposition,
        "incident_id": finding.incident_id,
        "officer_id": finding.officer_id,
        "device_id": finding.device_id,
        "footage_ids": list(finding.footage_ids),
        "run_id": observed.run_id,
        "policy": finding.policy or policy,
        "clause": finding.clause,
        "window": _window(finding.window),
        "spans": _spans(finding.spans),
        "seconds": finding.seconds_us / SECOND_US,
        "uncertainty_s": _seconds(finding.uncertainty_us),
        "margin_s": _seconds(finding.margin_us),
        "message": finding.message,
        "explanations": [_explanation(explanation) for explanation in finding.explanations],
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "not_examined": list(finding.not_examined),
    }


def rates_document(
    table: RateTable,
    run: Run,
    *,
    shifts: Sequence[Shift] = (),
    noise: Sequence[ReviewedNoise] = (),
    is_stored: bool = True,
) -> RatesDocument:
    """The rate table of a run as ``bwc-rates/1``."""
    return {
        "run_id": run.run_id,
        "policy": policy_reference(run.request),
        "as_of": iso_utc(run.request.as_of_us),
        "period": _span(run.request.period),
        "waterfall": _waterfall(table.waterfall),
        "groups": [_rate_group(group) for group in table.groups],
        "by": table.by,
        "counts": _counts(table),
        "timezone": run.request.timezone,
        "shifts": [shift.label for shift in shifts],
        "noise": [_noise(one) for one in noise],
        "stored": is_stored,
    }


def result_document(result: AssignmentResult) -> ResultDocument:
    """One decided assignment as ``bwc-result/1``."""
    return {
        "incident_id": result.incident_id,
        "officer_id": result.officer_id,
        "unit_id": result.unit_id,
        "unit": result.unit,
        "call_type": result.call_type,
        "outcome": result.outcome,
        "reason": result.reason,
        "window": _window(result.window),
        "dispatched_at": _at(result.dispatched_us),
        "en_route_at": _at(result.en_route_us),
        "on_scene_at": _at(result.on_scene_us),
        "cleared_at": _at(result.cleared_us),
        "required_s": result.required_us / SECOND_US,
        "covered_s": result.covered_us / SECOND_US,
        "usable_s": _seconds(result.usable_us),
        "unexamined_s": result.unexamined_us / SECOND_US,
        "lateness_s": _seconds(result.lateness_us),
        "on_time": result.is_on_time,
        "whole_window": result.is_whole_window,
        "uncertainty_s": _seconds(result.uncertainty_us),
        "covered": _spans(result.covered),
        "gaps": _spans(result.gaps),
        "unusable": _spans(result.unusable),
        "footage_ids": list(result.footage_ids),
        "not_examined": list(result.not_examined),
    }


def run_document(
    run: Run,
    table: RateTable,
    results: Sequence[AssignmentResult],
    rejected: Sequence[RejectedRow],
    borderline: Sequence[ObservedFinding],
    pages: Sequence[str],
) -> RunDocument:
    """The run as ``bwc-run/1``."""
    request, policy = run.request, policy_reference(run.request)
    rates = rates_document(table, run)
    outcomes = [str(result.outcome) for result in results]
    return {
        "schema": "bwc-run/1",
        "run_id": run.run_id,
        "kind": request.kind,
        "status": run.status,
        "source": request.source,
        "period": _span(request.period),
        "as_of": iso_utc(request.as_of_us),
        "timezone": request.timezone,
        "policy": policy,
        "policy_hash": request.policy_hash,
        "incident_id": request.incident_id,
        "requester": request.requester,
        "request_reason": request.reason,
        "started_at": iso_utc(run.started_us),
        "finished_at": _at(run.finished_us),
        "software_version": run.software_version,
        "inspector_version": run.inspector_version,
        "inputs_hash": run.inputs_hash,
        "outcomes": {name: outcomes.count(name) for name in ("covered", "findings", "pending", "unknown", "excluded")},
        "waterfall": rates["waterfall"],
        "rates": rates,
        "counts": dict(sorted(run.counts.items())),
        "not_examined": list(run.not_examined),
        "rejected": [_rejected(row) for row in rejected],
        "borderline": [finding_document(observed, policy) for observed in borderline],
        "pages": list(pages),
    }


def _at(at_us: int | None) -> str | None:
    return None if at_us is None else iso_utc(at_us)


def _seconds(length_us: int | None) -> float | None:
    return None if length_us is None else length_us / SECOND_US


def _span(span: Span) -> SpanDocument:
    return {"start": iso_utc(span.start_us), "end": iso_utc(span.end_us)}


def _spans(spans: Sequence[Span]) -> list[SpanDocument]:
    return [_span(span) for span in spans]


def _window(window: Window | None) -> WindowDocument | None:
    if window is None:
        return None
    return {
        "start": iso_utc(window.span.start_us),
        "end": iso_utc(window.span.end_us),
        "start_reference": window.start_reference,
        "end_reference": window.end_reference,
    }


def _explanation(explanation: Explanation) -> ExplanationDocument:
    return {
        "kind": explanation.kind,
        "for": list(explanation.speaks_for),
        "against": list(explanation.speaks_against),
    }


def _evidence(evidence: Evidence) -> EvidenceDocument:
    return {"type": evidence.type, "ref": evidence.ref, "at": _at(evidence.at_us), "sha256": evidence.sha256}


def _rate_group(group: RateGroup) -> RateGroupDocument:
    return {
        "key": group.key,
        "rates": {rate.name: rate_document(rate) for rate in group.rates},
        "counts": _counts(group.counts),
        "waterfall": _waterfall(group.counts.waterfall),
    }


def _waterfall(waterfall: Sequence[tuple[Bucket, int]]) -> list[BucketDocument]:
    return [{"bucket": str(bucket), "n": count} for bucket, count in waterfall]


def _counts(counts: Counts | RateTable) -> CountsDocument:
    return {
        "assignments": counts.assignments,
        "in_scope": counts.in_scope,
        "decided": counts.decided,
        "pending": counts.pending,
        "unknown": counts.unknown,
    }


def _noise(one: ReviewedNoise) -> NoiseDocument:
    return {
        "kind": one.kind,
        "sample_id": one.sample_id,
        "reviewed": one.reviewed,
        "noise": one.noise,
        "cannot_tell": one.cannot_tell,
        "share": one.share,
        "low": one.low,
        "high": one.high,
    }


def rate_document(rate: Rate) -> RateDocument:
    """One rate."""
    return {
        "k": rate.k,
        "n": rate.n,
        "low": rate.low,
        "high": rate.high,
        "band_low": rate.band_low,
        "band_high": rate.band_high,
        "unit": "seconds" if rate.unit == "seconds" else "assignments",
        "share": rate.share,
        "interval": "cluster" if rate.interval == "cluster" else "wilson" if rate.interval else None,
    }


def _rejected(row: RejectedRow) -> RejectedDocument:
    return {
        "file": row.row.file,
        "line": row.row.line,
        "field": row.field,
        "reason": str(row.reason),
        "detail": row.detail,
        "text": row.text,
    }
