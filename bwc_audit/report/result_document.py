"""What a run says of one assignment (an element of ``bwc-result/1``), and of one incident in a list, as JSON."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.domain.times import SECOND_US
from bwc_audit.report.document_parts import (
    SpanDocument,
    WindowDocument,
    iso_or_null,
    seconds_or_null,
    span_documents,
    window_document,
)


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
        "window": window_document(result.window),
        "dispatched_at": iso_or_null(result.dispatched_us),
        "en_route_at": iso_or_null(result.en_route_us),
        "on_scene_at": iso_or_null(result.on_scene_us),
        "cleared_at": iso_or_null(result.cleared_us),
        "required_s": result.required_us / SECOND_US,
        "covered_s": result.covered_us / SECOND_US,
        "usable_s": seconds_or_null(result.usable_us),
        "unexamined_s": result.unexamined_us / SECOND_US,
        "lateness_s": seconds_or_null(result.lateness_us),
        "on_time": result.is_on_time,
        "whole_window": result.is_whole_window,
        "uncertainty_s": seconds_or_null(result.uncertainty_us),
        "covered": span_documents(result.covered),
        "gaps": span_documents(result.gaps),
        "unusable": span_documents(result.unusable),
        "footage_ids": list(result.footage_ids),
        "not_examined": list(result.not_examined),
    }
