"""From measured coverage to stated absence: the kinds ``no_footage``, ``late_activation``, ``early_deactivation``,
``recording_gap`` for one assignment, and ``incident_uncovered`` for an incident as a whole.

An excess no larger than the clock uncertainty is stated as *borderline*. Whether an absence may be stated at all is
asked of ``completeness``; what is withheld here makes the assignment *pending*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.coverage import NO_TIME, SpanTable
from bwc_audit.domain.explanations import Clues, explain
from bwc_audit.domain.findings import Evidence, Explanation, Finding, FindingKind
from bwc_audit.domain.matching import NEAREST_WITHIN_US, Judged, Matching
from bwc_audit.domain.phrases import said_day_time, said_length, said_time
from bwc_audit.domain.severity import severity_of_excess
from bwc_audit.domain.times import Span, us_of_seconds

_REFERENCES = {
    "dispatched": "dispatch",
    "en_route": "setting out",
    "on_scene": "arrival",
    "cleared": "clearing",
    "incident_opened": "the opening of the incident",
    "incident_closed": "the closing of the incident",
}


@dataclass(frozen=True, slots=True)
class _Absence:
    """One kind of absence of one window, before it is worded: excess beyond the clause, what was measured, where."""

    kind: FindingKind
    clause: str
    measured_us: int
    excess_us: int
    margin_us: int | None
    spans: tuple[Span, ...]
    message: str


def absences(matching: Matching, clues: Clues) -> dict[int, tuple[Finding, ...]]:
    """For each measured window in which something is absent, its findings (borderline ones included)."""
    measures = matching.measures
    is_missing = measures.covered_us == 0
    is_stated = is_missing | (measures.late_margin_us > 0) | (measures.early_margin_us > 0) | (measures.gap_margin_us > 0)
    of_window = {
        "gaps": measures.gaps.spans_by_window(),
        "late": measures.late_gaps.spans_by_window(),
        "early": measures.early_gaps.spans_by_window(),
        "holes": measures.holes.spans_by_window(),
    }
    measured = matching.measured
    return {
        window: tuple(
            _finding(matching, clues, measured[window], absence)
            for absence in _absences_of(
                matching, measured[window], {name: spans.get(window, ()) for name, spans in of_window.items()}
            )
        )
        for window in np.flatnonzero(is_stated).tolist()
    }


def _absences_of(matching: Matching, judged: Judged, spans: dict[str, tuple[Span, ...]]) -> Iterator[_Absence]:
    index, window, measures, rules = judged.measured, judged.window, matching.measures, matching.policy.coverage
    if index is None or window is None:
        return
    start_us, end_us = int(matching.windows.start_us[index]), int(matching.windows.end_us[index])
    opened = _REFERENCES[window.start_reference] if start_us == window.span.start_us else "the end of an exemption"
    closed = _REFERENCES[window.end_reference] if end_us == window.span.end_us else "the start of an exemption"
    if measures.covered_us[index] == 0:
        yield _no_footage(matching, index, spans["gaps"])
        return
    late_us, late_margin_us = int(measures.lateness_us[index]), int(measures.late_margin_us[index])
    if late_margin_us > 0:
        yield _Absence(
            FindingKind.LATE_ACTIVATION,
            rules.activation_clause,
            late_us,
            late_margin_us,
            late_margin_us,
            spans["late"],
            f"Activated {said_length(late_us)} after {opened} ({said_time(start_us)}); "
            f"policy allows {rules.activation_grace_s:g} s.{_buffer_note(spans['late'], late_us)}",
        )
    early_us, early_margin_us = int(measures.early_us[index]), int(measures.early_margin_us[index])
    if early_margin_us > 0:
        yield _Absence(
            FindingKind.EARLY_DEACTIVATION,
            rules.deactivation_clause,
            early_us,
            early_margin_us,
            early_margin_us,
            spans["early"],
            f"The last recording ends {said_length(early_us)} before {closed} ({said_time(end_us)}); "
            f"policy allows {rules.deactivation_grace_s:g} s.",
        )
    gap_margin_us = int(measures.gap_margin_us[index])
    if gap_margin_us > 0:
        yield _recording_gap(matching, gap_margin_us, spans["holes"])


def _buffer_note(late_spans: tuple[Span, ...], late_us: int) -> str:
    unrecorded_us = sum(span.length_us for span in late_spans)
    if unrecorded_us >= late_us:
        return ""
    return f" The pre-event buffer or another recording shows {said_length(late_us - unrecorded_us)} of it."


def _no_footage(matching: Matching, index: int, gaps: tuple[Span, ...]) -> _Absence:
    required_us, nearest_us = int(matching.measures.required_us[index]), int(matching.measures.nearest_us[index])
    if nearest_us == NO_TIME:
        nearest = f"No recording of this officer was found within {said_length(NEAREST_WITHIN_US)} of it."
    else:
        nearest = f"The officer's nearest recording is {said_length(nearest_us)} away."
    return _Absence(
        FindingKind.NO_FOOTAGE,
        matching.policy.coverage.activation_clause,
        required_us,
        required_us,
        _distance_to_any(matching, index, nearest_us),
        gaps,
        f"No footage found for the required {said_length(required_us)}, as of {said_day_time(matching.as_of_us)}. {nearest}",
    )


def _distance_to_any(matching: Matching, index: int, nearest_us: int) -> int | None:
    """The smallest clock error that would bring a recording into a window without any; None: no error could."""
    if index in matching.shifted.placements_of:
        return int(matching.measures.uncertainty_us[index])
    return None if nearest_us == NO_TIME else nearest_us


def _recording_gap(matching: Matching, margin_us: int, holes: tuple[Span, ...]) -> _Absence:
    rules = matching.policy.coverage
    total_us, longest_us = sum(span.length_us for span in holes), max(span.length_us for span in holes)
    count = "A gap" if len(holes) == 1 else f"{len(holes)} gaps, together"
    return _Absence(
        FindingKind.RECORDING_GAP,
        rules.gap_clause,
        total_us,
        longest_us - us_of_seconds(rules.gap_s),
        margin_us,
        holes,
        f"{count} of {said_length(total_us)} between recordings inside the required window, from "
        f"{said_time(holes[0].start_us)}; policy allows {rules.gap_s:g} s.",
    )


def _finding(matching: Matching, clues: Clues, judged: Judged, absence: _Absence) -> Finding:
    index = judged.measured
    assert index is not None  # noqa: S101 - only measured windows come here
    uncertainty_us = int(matching.measures.uncertainty_us[index])
    attendance = judged.attendance
    footage = tuple(matching.placements[segment] for segment in matching.placements_of.get(index, ()))
    explained = absence.spans or ((judged.window.span,) if judged.window else ())
    return Finding(
        kind=absence.kind,
        clause=absence.clause,
        severity=severity_of_excess(absence.excess_us, matching.policy.severity),
        message=absence.message,
        incident_id=attendance.incident_id,
        officer_id=attendance.officer_id,
        footage_ids=tuple(sorted({place.footage_id for place in footage})),
        window=judged.window,
        spans=absence.spans,
        seconds_us=absence.measured_us,
        uncertainty_us=uncertainty_us,
        margin_us=absence.margin_us,
        is_borderline=absence.margin_us is not None and absence.margin_us <= uncertainty_us,
        explanations=explain(matching, clues, judged, explained),
        evidence=(
            *(
                Evidence("assignment", str(row), judged.window.span.start_us if judged.window else None)
                for row in attendance.rows
            ),
            *(Evidence("footage", str(place.segment.row), place.start_us, place.segment.sha256) for place in footage),
        ),
    )


@dataclass(frozen=True, slots=True)
class IncidentUnion:
    """For each incident with measured windows: what no camera covers of the time in which somebody had to record."""

    uncovered: dict[str, tuple[Span, ...]]
    windows: dict[str, tuple[int, ...]]


def incident_union(matching: Matching) -> IncidentUnion:
    """Union of all cameras at each incident: matched by officer and time, or tagged with the incident."""
    measured = matching.measured
    windows: dict[str, list[int]] = defaultdict(list)
    for index, judged in enumerate(measured):
        windows[judged.attendance.incident_id].append(index)
    number = {incident_id: place for place, incident_id in enumerate(sorted(windows))}
    pieces = _union_pieces(matching, {index: number[one.attendance.incident_id] for index, one in enumerate(measured)})
    cameras = _cameras(matching, number, measured)
    uncovered = coverage.uncovered(pieces, cameras, us_of_seconds(matching.policy.coverage.join_s)).spans_by_window()
    return IncidentUnion(
        {incident_id: uncovered.get(place, ()) for incident_id, place in number.items()},
        {incident_id: tuple(found) for incident_id, found in windows.items()},
    )


def _union_pieces(matching: Matching, number_of: dict[int, int]) -> SpanTable:
    """The required pieces of all officers of an incident as one disjoint set, by the incident's number."""
    pieces = matching.pieces
    if not len(pieces):
        return pieces
    incident = np.array([number_of[window] for window in pieces.window.tolist()], np.int64)
    low = int(pieces.start_us.min())
    stride = int(pieces.end_us.max()) - low + 1
    starts, ends = coverage.union(incident * stride + pieces.start_us - low, incident * stride + pieces.end_us - low)
    owner = starts // stride
    return SpanTable(owner, starts - owner * stride + low, ends - owner * stride + low)


def _cameras(matching: Matching, number: dict[str, int], measured: tuple[Judged, ...]) -> SpanTable:
    seen: set[tuple[int, int]] = set()
    for window, segments in matching.placements_of.items():
        seen |= {(number[measured[window].attendance.incident_id], segment) for segment in segments}
    for segment, placement in enumerate(matching.placements):
        seen |= {(number[tag], segment) for tag in placement.segment.incident_ids if tag in number}
    ordered = sorted(seen)
    return SpanTable(
        np.array([place for place, _ in ordered], np.int64),
        np.array([matching.placements[segment].start_us for _, segment in ordered], np.int64),
        np.array([matching.placements[segment].end_us for _, segment in ordered], np.int64),
    )


def incident_uncovered(matching: Matching, clues: Clues, union: IncidentUnion, incident_id: str) -> Finding | None:
    """The finding for an incident with two or more measured officers; None where no hole is longer than allowed."""
    windows, rules = union.windows[incident_id], matching.policy.coverage
    holes = tuple(span for span in union.uncovered[incident_id] if span.length_us > us_of_seconds(rules.gap_s))
    if len(windows) < 2 or not holes:
        return None
    measured = matching.measured
    total_us = sum(span.length_us for span in holes)
    margin_us = max(span.length_us for span in holes) - us_of_seconds(rules.gap_s)
    uncertainty_us = max(int(matching.measures.uncertainty_us[window]) for window in windows)
    moved_in = matching.shifted.incidents.get(incident_id)
    if moved_in and margin_us <= uncertainty_us + moved_in.undoes_us(us_of_seconds(rules.gap_s)):
        uncertainty_us = max(uncertainty_us, margin_us)  # what a recording covers that may belong here is not worked out
    footage = sorted(
        {matching.placements[one].footage_id for window in windows for one in matching.placements_of.get(window, ())}
    )
    rows = sorted({row for window in windows for row in measured[window].attendance.rows})
    return Finding(
        kind=FindingKind.INCIDENT_UNCOVERED,
        clause=rules.gap_clause,
        severity=severity_of_excess(margin_us, matching.policy.severity),
        message=f"No camera of the {len(windows)} assigned officers recorded for {said_length(total_us)}, "
        f"from {said_time(holes[0].start_us)}, while at least one of them had to.",
        incident_id=incident_id,
        footage_ids=tuple(footage),
        spans=holes,
        seconds_us=total_us,
        uncertainty_us=uncertainty_us,
        margin_us=margin_us,
        is_borderline=margin_us <= uncertainty_us,
        explanations=_shared_explanations(matching, clues, measured, windows, holes),
        evidence=tuple(Evidence("assignment", str(row)) for row in rows),
    )


def _shared_explanations(
    matching: Matching, clues: Clues, measured: tuple[Judged, ...], windows: tuple[int, ...], holes: tuple[Span, ...]
) -> tuple[Explanation, ...]:
    found: dict[tuple[str, ...], Explanation] = {}
    for window in windows:
        for explanation in explain(matching, clues, measured[window], holes):
            found.setdefault((explanation.kind, *explanation.speaks_for), explanation)
    return tuple(found.values())
