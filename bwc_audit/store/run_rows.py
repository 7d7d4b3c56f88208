"""Run values as rows of the store and back, without loss: the one place that knows how both are laid out.

Each ``…_COLUMNS`` names the columns, each ``…_values`` or ``…_row`` gives their values in that order, and each ``…_of``
builds the value from a row that has at least these columns. Values are ready for the driver: documents are JSON text
already, since a year is millions of them and a general conversion for each value costs more than the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import orjson

from bwc_audit.domain.clock_findings import is_of_camera
from bwc_audit.domain.findings import (
    Evidence,
    Explanation,
    ExplanationKind,
    Finding,
    FindingKind,
    Severity,
    Window,
)
from bwc_audit.domain.results import AssignmentResult, IncidentResult, Outcome, PlacedSegment, UnusableSpan
from bwc_audit.domain.runs import Change, FindingState, ObservedFinding, Run, RunKind, RunRequest, RunStatus
from bwc_audit.domain.times import Span
from bwc_audit.store.bulk import is_suspect

Row = Mapping[str, Any]

_WINDOW = ("window_start_us", "window_end_us", "window_start_reference", "window_end_reference", "window_is_substituted")
_RESULT_PLAIN = (
    *("incident_id", "officer_id", "reason", "unit_id", "unit", "call_type"),
    *("dispatched_us", "en_route_us", "on_scene_us", "cleared_us", "required_us", "covered_us", "usable_us"),
    *("unexamined_us", "lateness_us", "is_on_time", "is_whole_window", "uncertainty_us", "policy"),
)
RESULT_VALUES = (
    *(*_RESULT_PLAIN, *_WINDOW),
    *("outcome", "covered", "gaps", "unusable", "footage_ids", "not_examined", "exempted_by"),
)
INCIDENT_VALUES = ("incident_id", "call_type", "priority", "opened_us", "closed_us", "area", "uncovered")
_SEGMENT_PLAIN = (
    *("incident_id", "footage_id", "recording_id", "device_id", "officer_id", "activated_us", "offset_us"),
    *("uncertainty_us", "role", "object_key", "inspection_status"),
)
SEGMENT_VALUES = (*_SEGMENT_PLAIN, "start_us", "end_us", "unusable", "not_examined")
FINDING_COLUMNS = (
    *("fingerprint", "finding_id", "kind", "incident_id", "officer_id", "device_id", "recording_id", "clause"),
    *("first_run_id", "last_run_id", "state"),
)
_OBSERVED_PLAIN = ("message", "device_id", "recording_id", "seconds_us", "uncertainty_us", "margin_us", "is_borderline")
OBSERVATION_COLUMNS = (
    *("run_id", "fingerprint", "ordinal", "state", "change", "cause", "at_us", "severity", *_OBSERVED_PLAIN, *_WINDOW),
    *("spans", "footage_ids", "evidence", "explanations", "not_examined", "policy", "content_digest"),
)
REPEATED_COLUMNS = ("run_id", "fingerprint", "ordinal", "state", "change", "cause", "origin_run_id")

_REQUEST_PLAIN = (
    *("source", "as_of_us", "timezone", "policy_id", "policy_version", "policy_hash"),
    *("incident_id", "requester", "reason", "is_deep"),
)


def request_values(request: RunRequest) -> dict[str, Any]:
    """The columns of ``run`` that say what was asked."""
    return {
        "kind": str(request.kind),
        "period_start_us": request.period.start_us,
        "period_end_us": request.period.end_us,
        **{name: getattr(request, name) for name in _REQUEST_PLAIN},
    }


def run_of(row: Row) -> Run:
    """A run from its row."""
    request = RunRequest(
        kind=RunKind(row["kind"]),
        period=Span(row["period_start_us"], row["period_end_us"]),
        **{name: row[name] for name in _REQUEST_PLAIN},
    )
    return Run(
        run_id=row["run_id"],
        request=request,
        status=RunStatus(row["status"]),
        started_us=row["started_us"],
        finished_us=row["finished_us"],
        software_version=row["software_version"],
        inspector_version=row["inspector_version"],
        inputs_hash=row["inputs_hash"],
        counts=dict(row["counts"]),
        not_examined=tuple(row["not_examined"]),
    )


_result_plain = attrgetter(*_RESULT_PLAIN)
_observed_plain = attrgetter(*_OBSERVED_PLAIN)


def result_values(result: AssignmentResult) -> tuple[Any, ...]:
    """``RESULT_VALUES`` of one result."""
    return (
        *_result_plain(result),
        *_window_values(result.window),
        result.outcome.value,
        span_text(result.covered),
        span_text(result.gaps),
        span_text(result.unusable),
        texts(result.footage_ids),
        texts(result.not_examined),
        texts(result.exempted_by),
    )


def result_of(row: Row) -> AssignmentResult:
    """A result from its row."""
    return AssignmentResult(
        outcome=Outcome(row["outcome"]),
        window=_window_of(row),
        covered=spans_of(row["covered"]),
        gaps=spans_of(row["gaps"]),
        unusable=spans_of(row["unusable"]),
        footage_ids=tuple(row["footage_ids"]),
        not_examined=tuple(row["not_examined"]),
        exempted_by=tuple(row["exempted_by"] or ()),
        **{name: row[name] for name in _RESULT_PLAIN},
    )


def incident_values(incident: IncidentResult) -> tuple[Any, ...]:
    """``INCIDENT_VALUES`` of one incident."""
    return (
        *(incident.incident_id, incident.call_type, incident.priority),
        *(incident.opened_us, incident.closed_us, incident.area),
        None if incident.uncovered is None else span_text(incident.uncovered),
    )


def incident_of(row: Row) -> IncidentResult:
    """An incident from its row."""
    uncovered = None if row["uncovered"] is None else spans_of(row["uncovered"])
    plain = ("incident_id", "call_type", "priority", "opened_us", "closed_us", "area")
    return IncidentResult(uncovered=uncovered, **{name: row[name] for name in plain})


def segment_values(row: Sequence[Any]) -> tuple[Any, ...]:
    """``SEGMENT_VALUES`` of one of ``rows_of`` placed segments, parts of a document."""
    incident_id, footage_id, recording_id, device_id, officer_id, start_us, end_us, *rest, unusable, not_examined = row
    return (
        *(incident_id, footage_id, recording_id, device_id, officer_id, *rest, start_us, end_us),
        [(part.kind.value, part.span.start_us, part.span.end_us) for part in unusable] if unusable else (),
        not_examined,
    )


def lanes_document(rows: Sequence[Sequence[Any]]) -> str:
    """The document of one incident's segments, given as ``SEGMENT_VALUES``; it names its columns."""
    return f'{{"columns":{_SEGMENT_NAMES},"rows":{compact(rows)}}}'


def segments_of(document: Mapping[str, Any]) -> tuple[PlacedSegment, ...]:
    """The segments in such a document."""
    columns = document["columns"]
    return tuple(segment_of(dict(zip(columns, row, strict=True))) for row in document["rows"])


def segment_of(row: Row) -> PlacedSegment:
    """A placed segment from its row."""
    return PlacedSegment(
        span=Span(row["start_us"], row["end_us"]),
        unusable=tuple(UnusableSpan(FindingKind(kind), Span(start, end)) for kind, start, end in row["unusable"]),
        not_examined=tuple(row["not_examined"]),
        **{name: row[name] for name in _SEGMENT_PLAIN},
    )


def finding_row(run_id: str, observed: ObservedFinding, fingerprint: str) -> tuple[Any, ...]:
    """``FINDING_COLUMNS``: the identity of one observed finding, as if this run were its first."""
    finding = observed.finding
    return (
        *(fingerprint, observed.finding_id, finding.kind.value, finding.incident_id, finding.officer_id),
        *(finding.device_id, finding.recording_id, finding.clause, run_id, run_id, observed.state.value),
    )


@dataclass(frozen=True, slots=True)
class Content:
    """All that a finding says, as it is stored. ``values``: the last of ``OBSERVATION_COLUMNS``, from ``at_us`` on.

    ``is_suspect``: it holds text that no database can hold, perhaps."""

    fingerprint: str
    values: tuple[Any, ...]
    is_suspect: bool

    @property
    def at_us(self) -> int | None:
        """The earliest time it speaks of (``earliest_us``)."""
        at_us: int | None = self.values[0]
        return at_us

    @property
    def digest(self) -> str:
        """SHA-256, hexadecimal."""
        return str(self.values[-1])


def content_of(finding: Finding) -> Content:
    """The content of a finding; its digest is the SHA-256 over its identity and what it says, as JSON."""
    fingerprint, severity = finding.fingerprint, finding.severity.value
    plain, window = _observed_plain(finding), _window_values(finding.window)
    spans, footage_ids = compact(span_pairs(finding.spans)), compact(finding.footage_ids)
    evidence = compact([_evidence_values(item) for item in finding.evidence])
    explanations = compact([(item.kind.value, item.speaks_for, item.speaks_against) for item in finding.explanations])
    not_examined = compact(finding.not_examined)
    said = compact([fingerprint, severity, *plain, window])[:-1]
    policy = "" if finding.policy is None else f",{compact(finding.policy)}"
    document = f"{said},{spans},{footage_ids},{evidence},{explanations},{not_examined}{policy}]"
    values = (
        *(earliest_us(finding), severity, *plain, *window, spans, footage_ids, evidence, explanations, not_examined),
        *(finding.policy, hashlib.sha256(document.encode()).hexdigest()),
    )
    return Content(fingerprint, values, is_suspect(document))


def observation_row(run_id: str, ordinal: int, observed: ObservedFinding, content: Content) -> tuple[Any, ...]:
    """``OBSERVATION_COLUMNS`` of one observed finding."""
    state, change = observed.state.value, observed.change.value
    return run_id, content.fingerprint, ordinal, state, change, observed.cause, *content.values


def repeated_row(run_id: str, ordinal: int, observed: ObservedFinding, fingerprint: str, origin: str) -> tuple[Any, ...]:
    """``REPEATED_COLUMNS`` of one observed finding whose content stands in the run ``origin``."""
    return run_id, fingerprint, ordinal, observed.state.value, observed.change.value, observed.cause, origin


def observed_of(row: Row, disposition: str | None) -> ObservedFinding:
    """An observed finding from a row of ``observation`` joined with ``finding``."""
    finding = Finding(
        kind=FindingKind(row["kind"]),
        clause=row["clause"],
        severity=Severity(row["severity"]),
        incident_id=row["incident_id"],
        officer_id=row["officer_id"],
        footage_ids=tuple(row["footage_ids"]),
        window=_window_of(row),
        spans=spans_of(row["spans"]),
        explanations=tuple(_explanation_of(*item) for item in row["explanations"]),
        evidence=tuple(Evidence(**item) for item in row["evidence"]),
        not_examined=tuple(row["not_examined"]),
        policy=row["policy"],
        **{name: row[name] for name in _OBSERVED_PLAIN},
    )
    state, change = FindingState(row["state"]), Change(row["change"])
    return ObservedFinding(row["finding_id"], row["run_id"], finding, state, change, row["cause"], disposition)


def _explanation_of(kind: str, speaks_for: Sequence[str], speaks_against: Sequence[str]) -> Explanation:
    return Explanation(ExplanationKind(kind), tuple(speaks_for), tuple(speaks_against))


def earliest_us(finding: Finding) -> int | None:
    """The earliest time a finding speaks of: its spans (but of a camera's clock, whose spans are by that clock), else its
    window, else its evidence; None where it names none."""
    if finding.spans and not is_of_camera(finding):
        return min(span.start_us for span in finding.spans)
    if finding.window is not None:
        return finding.window.span.start_us
    return min((item.at_us for item in finding.evidence if item.at_us is not None), default=None)


_in_ascii = json.JSONEncoder(separators=(",", ":")).encode


def compact(values: Any) -> str:
    """JSON without blanks, ASCII only; the same text for the same values, whatever wrote them."""
    try:
        document = orjson.dumps(values)
    except TypeError:  # text that UTF-8 cannot hold
        return _in_ascii(values)
    return document.decode() if document.isascii() and b"\x7f" not in document else _in_ascii(values)


_SEGMENT_NAMES = compact(SEGMENT_VALUES)


def texts(values: Sequence[str]) -> str:
    """Texts as they stand in JSON columns. Plain ones, which nearly all are, need no encoder."""
    if not values:
        return "[]"
    plain = '", "'.join(values)
    is_plain = plain.isascii() and plain.isprintable() and "\\" not in plain and plain.count('"') == 2 * len(values) - 2
    return f'["{plain}"]' if is_plain else json.dumps(values)


def span_text(spans: Sequence[Span]) -> str:
    """Spans as they stand in JSON columns."""
    if not spans:
        return "[]"
    return "[" + ", ".join([f"[{span.start_us}, {span.end_us}]" for span in spans]) + "]"


def span_pairs(spans: Iterable[Span]) -> list[list[int]]:
    """Spans as lists of two."""
    return [[span.start_us, span.end_us] for span in spans]


def spans_of(pairs: Iterable[list[int]]) -> tuple[Span, ...]:
    """Spans out of a JSON column."""
    return tuple(Span(start, end) for start, end in pairs)


def _evidence_values(item: Evidence) -> dict[str, Any]:
    return {"type": item.type, "ref": item.ref, "at_us": item.at_us, "sha256": item.sha256}


def _window_values(window: Window | None) -> tuple[Any, ...]:
    if window is None:
        return (None,) * len(_WINDOW)
    return (
        *(window.span.start_us, window.span.end_us, window.start_reference, window.end_reference),
        window.is_substituted,
    )


def _window_of(row: Row) -> Window | None:
    if row["window_start_us"] is None:
        return None
    span = Span(row["window_start_us"], row["window_end_us"])
    return Window(span, row["window_start_reference"], row["window_end_reference"], row["window_is_substituted"])
