"""From absences to findings: the kinds ``no_footage``, ``late_activation``, ``early_deactivation``, ``recording_gap`` for
one assignment, and ``incident_uncovered`` for an incident as a whole.

What is absent, and by how much, was decided already (``absences``, ``incident_cover``). Whether it may be stated at all is
asked of ``completeness``; what is withheld makes the assignment *pending*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from bwc_audit.domain.absence_words import WordingColumns, clause_of, worded, worded_uncovered
from bwc_audit.domain.absences import KINDS, Absences, SpansOf
from bwc_audit.domain.clues import Clues
from bwc_audit.domain.coverage import NO_TIME
from bwc_audit.domain.explanation_rank import ranked
from bwc_audit.domain.explanations import explain
from bwc_audit.domain.findings import Evidence, Explanation, Finding, FindingKind
from bwc_audit.domain.incident_cover import IncidentUnion, Uncovered
from bwc_audit.domain.judgement import Judged
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.severity import STEPS
from bwc_audit.domain.times import Span


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


def uncovered_findings(
    matching: Matching, clues: Clues | None, union: IncidentUnion, uncovered: Uncovered
) -> Iterator[Finding]:
    """The findings for incidents, with explanations, recordings and rows of their officers where there are clues."""
    spans = SpansOf.of(uncovered.holes, len(union.names))
    for row, place in enumerate(uncovered.incident.tolist()):
        yield _uncovered_finding(matching, clues, union, uncovered, row, spans.at(place))


def _uncovered_finding(
    matching: Matching, clues: Clues | None, union: IncidentUnion, uncovered: Uncovered, row: int, holes: tuple[Span, ...]
) -> Finding:
    place = int(uncovered.incident[row])
    policy, windows, measured = union.policies[int(union.policy[place])], union.windows[place], matching.measured
    shown = windows if clues else ()
    footage = sorted(
        {matching.placements[one].footage_id for window in shown for one in matching.placements_of.get(window, ())}
    )
    rows = sorted({row for window in shown for row in measured[window].attendance.rows})
    total_us = int(uncovered.measured_us[row])
    return Finding(
        kind=FindingKind.INCIDENT_UNCOVERED,
        clause=clause_of(FindingKind.INCIDENT_UNCOVERED, policy.coverage),
        severity=STEPS[int(uncovered.severity[row])],
        message=worded_uncovered(len(windows), total_us, holes[0].start_us),
        incident_id=union.names[place],
        footage_ids=tuple(footage),
        spans=holes,
        seconds_us=total_us,
        uncertainty_us=int(uncovered.uncertainty_us[row]),
        margin_us=int(uncovered.margin_us[row]),
        is_borderline=bool(uncovered.is_borderline[row]),
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
