"""From measured coverage to stated absence: the kinds ``no_footage``, ``late_activation``, ``early_deactivation``,
``recording_gap`` for one assignment, and ``incident_uncovered`` for an incident as a whole.

An excess no larger than the clock uncertainty is stated as *borderline*. Whether an absence may be stated at all is
asked of ``completeness``; what is withheld here makes the assignment *pending*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.absence_words import WordingColumns, clause_of, worded, worded_uncovered
from bwc_audit.domain.absences import KINDS, Absences
from bwc_audit.domain.clues import Clues
from bwc_audit.domain.coverage import NO_TIME, Int, SpanTable
from bwc_audit.domain.explanation_rank import ranked
from bwc_audit.domain.explanations import explain
from bwc_audit.domain.findings import Evidence, Explanation, Finding, FindingKind
from bwc_audit.domain.judgement import Judged
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.severity import STEPS, severity_of_excess
from bwc_audit.domain.times import Span, us_of_seconds


def absence_findings(
    matching: Matching, clues: Clues | None, absences: Absences, withheld: Collection[int]
) -> Iterator[Finding]:
    """The absences as findings, but for windows in which they are ``withheld``. ``clues`` None: they are neither explained
    nor shown with their recordings and rows."""
    words = WordingColumns.of(matching, absences)
    for row, window in enumerate(absences.window.tolist()):
        if window not in withheld:
            yield _absence_finding(matching, clues, absences, words, row)


def _absence_finding(
    matching: Matching, clues: Clues | None, absences: Absences, words: WordingColumns, row: int
) -> Finding:
    index, kind = int(absences.window[row]), KINDS[int(absences.kind[row])]
    at_us, beside, reference = (int(column[row]) for column in (words.at_us, words.beside, words.reference))
    measured_us = int(absences.measured_us[row])
    judged, margin_us = matching.measured[index], int(absences.margin_us[row])
    attendance, spans = judged.attendance, absences.spans_at(row)
    segments = matching.placements_of.get(index, ()) if clues else ()
    footage = tuple(matching.placements[segment] for segment in segments)
    explained = spans or ((judged.window.span,) if judged.window else ())
    return Finding(
        kind=kind,
        clause=clause_of(kind, judged.policy.coverage),
        severity=STEPS[int(absences.severity[row])],
        message=worded(kind, measured_us, at_us, beside, reference, judged.policy.coverage),
        incident_id=attendance.incident_id,
        officer_id=attendance.officer_id,
        footage_ids=tuple(sorted({place.footage_id for place in footage})),
        window=judged.window,
        spans=spans,
        seconds_us=measured_us,
        uncertainty_us=int(matching.measures.uncertainty_us[index]),
        margin_us=None if margin_us == NO_TIME else margin_us,
        is_borderline=bool(absences.is_borderline[row]),
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
        message=worded_uncovered(len(windows), total_us, holes[0].start_us),
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
