"""From measured coverage to stated absence: the kinds ``no_footage``, ``late_activation``, ``early_deactivation``,
``recording_gap`` for one assignment, and ``incident_uncovered`` for an incident as a whole.

An excess no larger than the clock uncertainty is stated as *borderline*. Whether an absence may be stated at all is
asked of ``completeness``; what is withheld here makes the assignment *pending*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.clues import Clues
from bwc_audit.domain.coverage import NO_TIME, Int, SpanTable
from bwc_audit.domain.explanation_rank import ranked
from bwc_audit.domain.explanations import explain
from bwc_audit.domain.findings import Evidence, Explanation, Finding, FindingKind
from bwc_audit.domain.judgement import Judged
from bwc_audit.domain.margins import Neighbours
from bwc_audit.domain.matching import NEAREST_WITHIN_US, Matching
from bwc_audit.domain.phrases import said_day_time, said_length, said_time
from bwc_audit.domain.policy import CoverageRules, Policy
from bwc_audit.domain.severity import severity_of_excess
from bwc_audit.domain.times import Span, us_of_seconds

_REFERENCES = {
    "dispatched": "dispatch",
    "en_route": "setting out",
    "on_scene": "arrival",
    "cleared": "clearing",
    "incident_opened": "the opening of the incident",
    "incident_closed": "the closing of the incident",
    "near_scene": "coming near the scene",
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


def absences(matching: Matching, clues: Clues | None) -> dict[int, tuple[Finding, ...]]:
    """For each measured window in which something is absent, its findings (borderline ones included). ``clues`` None: they
    are neither explained nor shown with their recordings and rows."""
    measures = matching.measures
    is_missing = measures.covered_us == 0
    is_stated = is_missing | (measures.late_margin_us > 0) | (measures.early_margin_us > 0) | (measures.gap_margin_us > 0)
    of_window = {
        "gaps": measures.gaps.spans_by_window(),
        "late": measures.late_gaps.spans_by_window(),
        "early": measures.early_gaps.spans_by_window(),
        "holes": measures.holes.spans_by_window(),
    }
    measured, neighbours = matching.measured, Neighbours.of(matching.placements)
    return {
        window: tuple(
            _finding(matching, clues, measured[window], absence)
            for absence in _absences_of(
                matching, neighbours, measured[window], {name: spans.get(window, ()) for name, spans in of_window.items()}
            )
        )
        for window in np.flatnonzero(is_stated).tolist()
    }


def _absences_of(
    matching: Matching, neighbours: Neighbours, judged: Judged, spans: dict[str, tuple[Span, ...]]
) -> Iterator[_Absence]:
    index, window, measures, rules = judged.measured, judged.window, matching.measures, judged.policy.coverage
    if index is None or window is None:
        return
    start_us, end_us = int(matching.windows.start_us[index]), int(matching.windows.end_us[index])
    opened = _REFERENCES[window.start_reference] if start_us == window.span.start_us else "the end of an exemption"
    closed = _REFERENCES[window.end_reference] if end_us == window.span.end_us else "the start of an exemption"
    if measures.covered_us[index] == 0:
        yield _no_footage(matching, judged, index, spans["gaps"])
        return
    asked, gap_us, officer_id = Span(start_us, end_us), us_of_seconds(rules.gap_s), judged.attendance.officer_id
    late_us, late_margin_us = int(measures.lateness_us[index]), int(measures.late_margin_us[index])
    if late_margin_us > 0:
        yield _Absence(
            FindingKind.LATE_ACTIVATION,
            rules.activation_clause,
            late_us,
            late_margin_us,
            neighbours.late_margin_us(officer_id, asked, _head_us(spans["gaps"], start_us), late_margin_us, gap_us),
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
            neighbours.early_margin_us(officer_id, asked, early_us, early_margin_us, gap_us),
            spans["early"],
            f"The last recording ends {said_length(early_us)} before {closed} ({said_time(end_us)}); "
            f"policy allows {rules.deactivation_grace_s:g} s.",
        )
    gap_margin_us = int(measures.gap_margin_us[index])
    if gap_margin_us > 0:
        yield _recording_gap(rules, gap_margin_us, spans["holes"])


def _head_us(gaps: tuple[Span, ...], start_us: int) -> int:
    """Uncovered time at the very start of a window."""
    return gaps[0].length_us if gaps and gaps[0].start_us == start_us else 0


def _buffer_note(late_spans: tuple[Span, ...], late_us: int) -> str:
    unrecorded_us = sum(span.length_us for span in late_spans)
    if unrecorded_us >= late_us:
        return ""
    return f" The pre-event buffer or another recording shows {said_length(late_us - unrecorded_us)} of it."


def _no_footage(matching: Matching, judged: Judged, index: int, gaps: tuple[Span, ...]) -> _Absence:
    required_us, nearest_us = int(matching.measures.required_us[index]), int(matching.measures.nearest_us[index])
    if nearest_us == NO_TIME:
        nearest = f"No recording of this officer was found within {said_length(NEAREST_WITHIN_US)} of it."
    else:
        nearest = f"The officer's nearest recording is {said_length(nearest_us)} away."
    return _Absence(
        FindingKind.NO_FOOTAGE,
        judged.policy.coverage.activation_clause,
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


def _recording_gap(rules: CoverageRules, margin_us: int, holes: tuple[Span, ...]) -> _Absence:
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


def _finding(matching: Matching, clues: Clues | None, judged: Judged, absence: _Absence) -> Finding:
    index = judged.measured
    assert index is not None  # noqa: S101 - only measured windows come here
    uncertainty_us = int(matching.measures.uncertainty_us[index])
    attendance = judged.attendance
    segments = matching.placements_of.get(index, ()) if clues else ()
    footage = tuple(matching.placements[segment] for segment in segments)
    explained = absence.spans or ((judged.window.span,) if judged.window else ())
    return Finding(
        kind=absence.kind,
        clause=absence.clause,
        severity=severity_of_excess(absence.excess_us, judged.policy.severity),
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
        explanations=explain(matching, clues, judged, explained) if clues else (),
        evidence=(
            *(
                Evidence("assignment", str(row), judged.window.span.start_us if judged.window else None)
                for row in (attendance.rows if clues else ())
            ),
            *(Evidence("footage", str(place.row), place.start_us, place.sha256) for place in footage),
        ),
        policy=judged.policy.reference,
    )


@dataclass(frozen=True, slots=True)
class IncidentUnion:
    """For each incident with measured windows: what no camera covers of the time in which somebody had to record, and what
    it is judged by as a whole."""

    uncovered: dict[str, tuple[Span, ...]]
    windows: dict[str, tuple[int, ...]]
    policy: dict[str, Policy]


def incident_union(matching: Matching) -> IncidentUnion:
    """Union of all cameras at each incident: matched by officer and time, or tagged with the incident."""
    windows: dict[str, list[int]] = defaultdict(list)
    incident_ids = matching.measured.incident_ids()
    for index, incident_id in enumerate(incident_ids):
        windows[incident_id].append(index)
    number = {incident_id: place for place, incident_id in enumerate(sorted(windows))}
    incident = np.array([number[incident_id] for incident_id in incident_ids], np.int64)
    pieces, cameras = _union_pieces(matching.pieces, incident), _cameras(matching, number, incident)
    policy = {
        incident_id: _policy_of_incident(matching, matching.measured[found[0]]) for incident_id, found in windows.items()
    }
    join_us = np.array([us_of_seconds(policy[one].coverage.join_s) for one in number], np.int64)
    uncovered = coverage.uncovered(pieces, cameras, _alike(join_us)).spans_by_window()
    return IncidentUnion(
        {incident_id: uncovered.get(place, ()) for incident_id, place in number.items()},
        {incident_id: tuple(found) for incident_id, found in windows.items()},
        policy,
    )


def _policy_of_incident(matching: Matching, judged: Judged) -> Policy:
    incident = judged.attendance.incident
    return judged.policy if incident is None else matching.policy_of_incident(incident)


def _alike(limit_us: coverage.Int) -> coverage.Limit:
    """One number where all are the same, which is worked out faster."""
    return int(limit_us[0]) if len(limit_us) and (limit_us == limit_us[0]).all() else limit_us


def _union_pieces(pieces: SpanTable, incident: Int) -> SpanTable:
    """The required pieces of all officers of an incident as one disjoint set. ``incident``: number of each window's."""
    return coverage.together(SpanTable(incident[pieces.window], pieces.start_us, pieces.end_us))


def _cameras(matching: Matching, number: Mapping[str, int], incident: Int) -> SpanTable:
    """Recordings by the number of each incident whose windows they touch, or that they are tagged with."""
    window, segment = matching.placements_of.pairs()
    tagged, tag = matching.placements.tags()
    entered = np.array([number.get(name, -1) for name in tag.values], np.int64)[tag.code]
    is_known = entered >= 0
    owner = np.concatenate([incident[window], entered[is_known]])
    at = np.concatenate([segment, tagged[is_known]])
    order = np.argsort(owner, kind="stable")
    return SpanTable(owner[order], matching.segments.start_us[at[order]], matching.segments.end_us[at[order]])


def incident_uncovered(matching: Matching, clues: Clues | None, union: IncidentUnion, incident_id: str) -> Finding | None:
    """The finding for an incident with two or more measured officers; None where no hole is longer than allowed."""
    windows, policy = union.windows[incident_id], union.policy[incident_id]
    rules = policy.coverage
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
    shown = windows if clues else ()
    footage = sorted(
        {matching.placements[one].footage_id for window in shown for one in matching.placements_of.get(window, ())}
    )
    rows = sorted({row for window in shown for row in measured[window].attendance.rows})
    return Finding(
        kind=FindingKind.INCIDENT_UNCOVERED,
        clause=rules.gap_clause,
        severity=severity_of_excess(margin_us, policy.severity),
        message=f"No camera of the {len(windows)} assigned officers recorded for {said_length(total_us)}, "
        f"from {said_time(holes[0].start_us)}, while at least one of them had to.",
        incident_id=incident_id,
        footage_ids=tuple(footage),
        spans=holes,
        seconds_us=total_us,
        uncertainty_us=uncertainty_us,
        margin_us=margin_us,
        is_borderline=margin_us <= uncertainty_us,
        explanations=_shared_explanations(matching, clues, measured, windows, holes) if clues else (),
        evidence=tuple(Evidence("assignment", str(row)) for row in rows),
        policy=policy.reference,
    )


def _shared_explanations(
    matching: Matching, clues: Clues, measured: Sequence[Judged], windows: tuple[int, ...], holes: tuple[Span, ...]
) -> tuple[Explanation, ...]:
    found: dict[tuple[str, ...], Explanation] = {}
    for window in windows:
        for explanation in explain(matching, clues, measured[window], holes):
            found.setdefault((explanation.kind, *explanation.speaks_for), explanation)
    return ranked(found.values())
