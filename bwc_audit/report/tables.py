"""The same rows as the JSON documents, flat, as CSV.

A cell that a spreadsheet would take for a formula is given a leading apostrophe (OWASP, "CSV Injection"); numbers
written by this program stay numbers. A carriage return inside a cell becomes a line feed, which the writer quotes.
Lists are joined by ``; ``, spans read ``start/end``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from bwc_audit.domain.rates import RateTable
from bwc_audit.report.document_parts import SpanDocument, WindowDocument
from bwc_audit.report.finding_document import FindingDocument
from bwc_audit.report.funnel import FunnelDocument
from bwc_audit.report.result_document import ListedIncidentDocument, ResultDocument

_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")

FINDING_COLUMNS = [
    "finding_id",
    "fingerprint",
    "kind",
    "severity",
    "state",
    "disposition",
    "incident_id",
    "officer_id",
    "device_id",
    "footage_ids",
    "run_id",
    "policy",
    "clause",
    "window_start",
    "window_end",
    "start_reference",
    "end_reference",
    "spans",
    "seconds",
    "uncertainty_s",
    "margin_s",
    "message",
    "explanations",
    "evidence",
    "not_examined",
]

RESULT_COLUMNS = [
    "incident_id",
    "officer_id",
    "unit_id",
    "unit",
    "call_type",
    "outcome",
    "reason",
    "window_start",
    "window_end",
    "start_reference",
    "end_reference",
    "dispatched_at",
    "en_route_at",
    "on_scene_at",
    "cleared_at",
    "required_s",
    "covered_s",
    "usable_s",
    "unexamined_s",
    "lateness_s",
    "on_time",
    "whole_window",
    "uncertainty_s",
    "covered",
    "gaps",
    "unusable",
    "footage_ids",
    "not_examined",
]

INCIDENT_COLUMNS = list(ListedIncidentDocument.__annotations__)

RATE_COLUMNS = [
    *("group", "rate", "unit", "k", "n", "low", "high", "band_low", "band_high"),
    *("share", "interval", "assignments", "decided", "pending", "unknown", "excluded"),
]

FUNNEL_COLUMNS = ["key", "k", "n", "share", "place", "above"]


def findings_csv(documents: Iterable[FindingDocument]) -> str:
    """Findings, one a line, with a heading; lines end with LF."""
    return _csv(FINDING_COLUMNS, [_finding_cells(document) for document in documents])


def results_csv(documents: Iterable[ResultDocument]) -> str:
    """Assignments, one a line, with a heading."""
    return _csv(RESULT_COLUMNS, [_result_cells(document) for document in documents])


def incidents_csv(documents: Iterable[ListedIncidentDocument]) -> str:
    """Incidents, one a line, with a heading."""
    return _csv(INCIDENT_COLUMNS, documents)


def rates_csv(table: RateTable) -> str:
    """Rates, one a line, with a heading; shares are 0..1, empty where there is none."""
    rows = [
        {
            "group": group.key,
            "rate": rate.name,
            "unit": rate.unit,
            "k": rate.k,
            "n": rate.n,
            "low": rate.low,
            "high": rate.high,
            "band_low": rate.band_low,
            "band_high": rate.band_high,
            "share": rate.share,
            "interval": rate.interval,
            "assignments": group.counts.assignments,
            "decided": group.counts.decided,
            "pending": group.counts.pending,
            "unknown": group.counts.unknown,
            "excluded": group.counts.assignments - group.counts.in_scope,
        }
        for group in table.groups
        for rate in group.rates
    ]
    return _csv(RATE_COLUMNS, rows)


def funnel_csv(document: FunnelDocument) -> str:
    """The points of a funnel, one a line, with a heading; a point without a name has an empty cell."""
    return _csv(FUNNEL_COLUMNS, [{**point, "place": str(point["place"])} for point in document["points"]])


def guarded(text: str) -> str:
    """``text``, with an apostrophe before it where a spreadsheet would calculate it."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) or text.startswith(_FORMULA_STARTS) else text


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return sheet.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return guarded(value).replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def _finding_cells(document: FindingDocument) -> dict[str, object]:
    explanations = [
        f"{explanation['kind']} (for: {', '.join(explanation['for']) or 'none'}; "
        f"against: {', '.join(explanation['against']) or 'none'})"
        for explanation in document["explanations"]
    ]
    evidence = [f"{evidence['type']}: {evidence['ref']}" for evidence in document["evidence"]]
    return {
        **document,
        **_window_cells(document["window"]),
        "footage_ids": "; ".join(document["footage_ids"]),
        "spans": _span_cell(document["spans"]),
        "explanations": "; ".join(explanations),
        "evidence": "; ".join(evidence),
        "not_examined": "; ".join(document["not_examined"]),
    }


def _result_cells(document: ResultDocument) -> dict[str, object]:
    return {
        **document,
        **_window_cells(document["window"]),
        "covered": _span_cell(document["covered"]),
        "gaps": _span_cell(document["gaps"]),
        "unusable": _span_cell(document["unusable"]),
        "footage_ids": "; ".join(document["footage_ids"]),
        "not_examined": "; ".join(document["not_examined"]),
    }


def _window_cells(window: WindowDocument | None) -> dict[str, object]:
    if window is None:
        return dict.fromkeys(("window_start", "window_end", "start_reference", "end_reference"))
    return {
        "window_start": window["start"],
        "window_end": window["end"],
        "start_reference": window["start_reference"],
        "end_reference": window["end_reference"],
    }


def _span_cell(spans: Sequence[SpanDocument]) -> str:
    return "; ".join(f"{span['start']}/{span['end']}" for span in spans)
