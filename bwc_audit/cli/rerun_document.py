"""The JSON document ``bwc-rerun/1``: what the re-run of an incident changed. Null: not there, or not known."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.audit.rerun import RunDiff
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.runs import Change, RunStatus


class OutcomeChangeDocument(TypedDict):
    """One officer's outcome in the run before and in this one; with the reason behind a colon where there is one."""

    officer_id: str
    before: str | None
    now: str | None


class FindingChangeDocument(TypedDict):
    """One finding of this run against the run before. ``cause``: what changed it, null where nothing did."""

    finding_id: str
    kind: FindingKind
    officer_id: str | None
    change: Change
    cause: str | None
    message: str
    is_borderline: bool


class RerunDocument(TypedDict):
    """``bwc-rerun/1``. ``basis``: what this run rests on that is different from the run before, in words.

    ``before_run_id`` is null where no earlier run holds the incident; nothing is unchanged then.
    """

    schema: Literal["bwc-rerun/1"]
    run_id: str
    before_run_id: str | None
    incident_id: str | None
    requester: str | None
    reason: str | None
    status: RunStatus
    is_unchanged: bool
    basis: list[str]
    outcomes: list[OutcomeChangeDocument]
    findings: list[FindingChangeDocument]
    not_examined: list[str]


def rerun_document(diff: RunDiff) -> RerunDocument:
    """The document of a re-run; enumerations are strings, so that it can be written as JSON."""
    request = diff.run.request
    return {
        "schema": "bwc-rerun/1",
        "run_id": diff.run.run_id,
        "before_run_id": diff.before.run_id if diff.before else None,
        "incident_id": request.incident_id,
        "requester": request.requester,
        "reason": request.reason,
        "status": diff.run.status,
        "is_unchanged": diff.is_unchanged,
        "basis": list(diff.basis),
        "outcomes": [{"officer_id": one.officer_id, "before": one.before, "now": one.now} for one in diff.outcomes],
        "findings": [
            {
                "finding_id": one.finding_id,
                "kind": one.finding.kind,
                "officer_id": one.finding.officer_id,
                "change": one.change,
                "cause": one.cause,
                "message": one.finding.message,
                "is_borderline": one.finding.is_borderline,
            }
            for one in diff.observed
        ],
        "not_examined": list(diff.run.not_examined),
    }
