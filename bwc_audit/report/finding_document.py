"""One observed finding as JSON: an element of ``bwc-finding/1``."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.findings import Evidence, Explanation, ExplanationKind, FindingKind, Severity
from bwc_audit.domain.runs import FindingState, ObservedFinding
from bwc_audit.domain.times import SECOND_US
from bwc_audit.report.document_parts import (
    SpanDocument,
    WindowDocument,
    iso_or_null,
    seconds_or_null,
    span_documents,
    window_document,
)

ExplanationDocument = TypedDict("ExplanationDocument", {"kind": ExplanationKind, "for": list[str], "against": list[str]})


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
        "window": window_document(finding.window),
        "spans": span_documents(finding.spans),
        "seconds": finding.seconds_us / SECOND_US,
        "uncertainty_s": seconds_or_null(finding.uncertainty_us),
        "margin_s": seconds_or_null(finding.margin_us),
        "message": finding.message,
        "explanations": [_explanation(explanation) for explanation in finding.explanations],
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "not_examined": list(finding.not_examined),
    }


def _explanation(explanation: Explanation) -> ExplanationDocument:
    return {
        "kind": explanation.kind,
        "for": list(explanation.speaks_for),
        "against": list(explanation.speaks_against),
    }


def _evidence(evidence: Evidence) -> EvidenceDocument:
    return {"type": evidence.type, "ref": evidence.ref, "at": iso_or_null(evidence.at_us), "sha256": evidence.sha256}
