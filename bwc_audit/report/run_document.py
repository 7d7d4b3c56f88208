"""A run as JSON: ``bwc-run/1``, with its rates, what it read, and what it could not examine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.rates import RateTable
from bwc_audit.domain.records import RejectedRow
from bwc_audit.domain.results import AssignmentResult
from bwc_audit.domain.runs import ObservedFinding, Run, RunKind, RunStatus
from bwc_audit.domain.times import iso_utc
from bwc_audit.report.document_parts import SpanDocument, iso_or_null, policy_reference, span_document
from bwc_audit.report.finding_document import FindingDocument, finding_document
from bwc_audit.report.rates_document import BucketDocument, RatesDocument, rates_document


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
        "period": span_document(request.period),
        "as_of": iso_utc(request.as_of_us),
        "timezone": request.timezone,
        "policy": policy,
        "policy_hash": request.policy_hash,
        "incident_id": request.incident_id,
        "requester": request.requester,
        "request_reason": request.reason,
        "started_at": iso_utc(run.started_us),
        "finished_at": iso_or_null(run.finished_us),
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


def _rejected(row: RejectedRow) -> RejectedDocument:
    return {
        "file": row.row.file,
        "line": row.row.line,
        "field": row.field,
        "reason": str(row.reason),
        "detail": row.detail,
        "text": row.text,
    }
