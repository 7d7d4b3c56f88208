"""The page of a comparison of two policies: rates and waterfalls side by side, what moved, and by which numbers.

Long lists are cut with the number that is left out; the JSON document holds all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bwc_audit.domain.comparison import Comparison, Move, MovedAssignment, MovedFinding, Side
from bwc_audit.domain.comparison_why import Difference
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.rates import Rate
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.report.comparison_document import side_reference
from bwc_audit.report.contexts import Fact, PageFrame, RateBar, WaterfallStep
from bwc_audit.report.numbers import rate_bar, waterfall_steps
from bwc_audit.report.words import KIND, OUTCOME, RATE, humanised, number, plural, reason_label
from bwc_audit.report.zone_times import length, moment_utc, period, zone_of

#: Rows of each list that are shown.
SHOWN = 50

_MOVE = {Move.APPEARS: "appears under B", Move.VANISHES: "vanishes under B", Move.CHANGES: "measured otherwise under B"}


@dataclass(frozen=True, slots=True)
class RatePair:
    """One rate under both policies; ``change`` in percentage points, with its sign."""

    name: str
    meaning: str
    first: RateBar
    second: RateBar
    change: str


@dataclass(frozen=True, slots=True)
class CountPair:
    """One row of a table of counts: under A, under B, and the difference with its sign."""

    label: str
    first: str
    second: str
    change: str


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One moved assignment or finding. ``first`` and ``second``: what either policy makes of it."""

    subject: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class MoveGroup:
    """What moves alike and for the same reason: ``why``, a line a setting; ``left_out``: how many more there are."""

    title: str
    count: str
    why: tuple[str, ...]
    rows: tuple[MoveRow, ...]
    left_out: str


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """All that ``comparison.html.j2`` shows."""

    page: PageFrame
    heading: str
    sentence: str
    facts: tuple[Fact, ...]
    remarks: tuple[str, ...]
    rates: tuple[RatePair, ...]
    waterfall_first: tuple[WaterfallStep, ...]
    waterfall_second: tuple[WaterfallStep, ...]
    exempt: tuple[CountPair, ...]
    outcomes: tuple[CountPair, ...]
    kinds: tuple[CountPair, ...]
    settings: tuple[Difference, ...]
    moves: tuple[str, ...]
    assignments: tuple[MoveGroup, ...]
    findings: tuple[MoveGroup, ...]


def comparison_page(comparison: Comparison, page: PageFrame, timezone: str, *, shown: int = SHOWN) -> ComparisonPage:
    """The page, with times of the period in the agency's zone. ``shown``: rows of each list."""
    first, second = comparison.first, comparison.second
    return ComparisonPage(
        page=page,
        heading=f"{first.title} (A) and {second.title} (B)",
        sentence=headline(comparison),
        facts=(
            Fact("Policy A", side_reference(first)),
            Fact("Policy B", side_reference(second)),
            Fact("Period", period(comparison.period, zone_of(timezone))),
            Fact("As of", moment_utc(comparison.as_of_us)),
            Fact("Source", comparison.source),
        ),
        remarks=tuple(_remarks(comparison)),
        rates=_rate_pairs(first, second),
        waterfall_first=waterfall_steps(first.rates),
        waterfall_second=waterfall_steps(second.rates),
        exempt=_pairs(dict(first.exempt), dict(second.exempt), {}),
        outcomes=_pairs(dict(first.outcomes), dict(second.outcomes), OUTCOME),
        kinds=_pairs(dict(first.findings), dict(second.findings), KIND),
        settings=comparison.settings,
        moves=tuple(said_moves(comparison)),
        assignments=_assignment_groups(comparison.assignments, shown),
        findings=_finding_groups(comparison.findings, shown),
    )


def headline(comparison: Comparison) -> str:
    """What a reader must know first, in one sentence."""
    n = sum(count for _, _, count in comparison.moves)
    counts = ", ".join(f"{number(comparison.count(move))} {_VERB[move]}" for move in Move)
    among = f"{plural(n, 'assignment')} of {number(comparison.first.rates.assignments)}"
    return f"{among} {'has' if n == 1 else 'have'} another outcome under B. Findings: {counts}."


_VERB = {Move.APPEARS: "appear", Move.VANISHES: "vanish", Move.CHANGES: "are measured otherwise"}


def said_moves(comparison: Comparison) -> Sequence[str]:
    """``12 covered → findings``."""
    return [f"{number(n)} {OUTCOME[before].lower()} → {OUTCOME[after].lower()}" for before, after, n in comparison.moves]


def _remarks(comparison: Comparison) -> Sequence[str]:
    """What the comparison could not look at, so that an equal number never looks like an examined one."""
    said = []
    for name, side in (("A", comparison.first), ("B", comparison.second)):
        if side.rates.assignments == 0:
            said.append(f"{name}: no assignment was read for the period; there is nothing to compare.")
        if side.unseen_us:
            said.append(
                f"{name} asks for {length(side.unseen_us)} of stored video that nobody has looked at; its usability "
                "findings there are not known. No video was opened for this comparison."
            )
        if side.not_examined.said:
            first = side.not_examined.said[0]
            said.append(f"{name}: {plural(side.not_examined.count, 'thing')} could not be examined; first: {first}")
    return said


def _rate_pairs(first: Side, second: Side) -> tuple[RatePair, ...]:
    def rates(side: Side) -> dict[str, Rate]:
        return {rate.name: rate for group in side.rates.groups if group.key == "all" for rate in group.rates}

    before, after = rates(first), rates(second)
    return tuple(
        RatePair(*RATE.get(name, (humanised(name), "")), rate_bar(rate), rate_bar(after[name]), change_of(rate, after[name]))
        for name, rate in before.items()
        if name in after
    )


def change_of(before: Rate, after: Rate) -> str:
    """``+1.3 points``; a dash where one of them has no denominator."""
    if before.share is None or after.share is None:
        return "–"
    points = round(100 * (after.share - before.share), 1)
    return f"{'+' if points > 0 else '−' if points < 0 else '±'}{abs(points):.1f} points"


def _pairs(first: Mapping[str, int], second: Mapping[str, int], words: Mapping[Any, str]) -> tuple[CountPair, ...]:
    names = [*first, *(name for name in second if name not in first)]
    return tuple(
        CountPair(
            words.get(name, str(name)),
            number(first.get(name, 0)),
            number(second.get(name, 0)),
            signed(second.get(name, 0) - first.get(name, 0)),
        )
        for name in names
    )


def signed(count: int) -> str:
    """``+3``, ``−2``; ``0``."""
    return f"{'+' if count > 0 else '−' if count < 0 else ''}{number(abs(count))}"


def _assignment_groups(moved: Sequence[MovedAssignment], shown: int) -> tuple[MoveGroup, ...]:
    rows = [
        (
            f"{OUTCOME[one.first.outcome]} → {OUTCOME[one.second.outcome].lower()}",
            said_why(one.why),
            MoveRow(_subject(one.first), said_result(one.first), said_result(one.second)),
        )
        for one in moved
    ]
    return _groups(rows, shown)


def _groups(rows: Sequence[tuple[str, tuple[str, ...], MoveRow]], shown: int) -> tuple[MoveGroup, ...]:
    """Rows of one title and one reason together, the largest group of a title first; titles in order of appearance."""
    together: dict[str, dict[tuple[str, ...], list[MoveRow]]] = {}
    for title, why, row in rows:
        together.setdefault(title, {}).setdefault(why, []).append(row)
    return tuple(
        MoveGroup(title, number(len(found)), why, tuple(found[:shown]), _left_out(len(found), shown))
        for title, by_reason in together.items()
        for why, found in sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _subject(result: AssignmentResult) -> str:
    return f"{result.incident_id}, officer {result.officer_id}"


def said_result(result: AssignmentResult) -> str:
    """``excluded: fully exempt (off_on_request)``."""
    reason = reason_label(result.reason)
    rules = f" ({', '.join(result.exempted_by)})" if result.exempted_by and result.outcome is Outcome.EXCLUDED else ""
    return OUTCOME[result.outcome].lower() + (f": {reason}" if reason else "") + rules


def _finding_groups(moved: Sequence[MovedFinding], shown: int) -> tuple[MoveGroup, ...]:
    order = {kind: place for place, kind in enumerate(FindingKind)}
    turn = {move: place for place, move in enumerate(Move)}
    ranked = sorted(moved, key=lambda one: (turn[one.move], order[one.said.kind]))
    rows = [(f"{KIND[one.said.kind]}: {_MOVE[one.move]}", said_why(one.why), _finding_row(one)) for one in ranked]
    return _groups(rows, shown)


def _finding_row(moved: MovedFinding) -> MoveRow:
    said = moved.said
    parts = (said.incident_id, said.officer_id and f"officer {said.officer_id}", said.recording_id or said.device_id)
    return MoveRow(", ".join(str(part) for part in parts if part) or "no incident", *said_sides(moved))


def said_sides(moved: MovedFinding) -> tuple[str, str]:
    """What either policy measures and makes of it: ``45 s, low`` and ``45 s, not stated``."""
    sides = (
        (moved.first, moved.first_us, moved.first_result),
        (moved.second, moved.second_us, moved.second_result),
    )
    said = []
    for finding, measured_us, result in sides:
        if finding is None and result is not None and result.outcome in (Outcome.EXCLUDED, Outcome.PENDING, Outcome.UNKNOWN):
            said.append(said_result(result))
            continue
        stated = "not stated" if finding is None else "borderline" if finding.is_borderline else finding.severity.value
        said.append(f"{length(measured_us)}, {stated}" if measured_us is not None else stated)
    return said[0], said[1]


def said_why(why: Sequence[Difference]) -> tuple[str, ...]:
    """``coverage.gap_s: 60 (gap) → 120 (gap)``, a line for each setting."""
    return tuple(
        f"{one.setting}: {one.first}{_in_clause(one.first_clause)} → {one.second}{_in_clause(one.second_clause)}"
        for one in why
    )


def _in_clause(clause: str) -> str:
    return f" ({clause})" if clause else ""


def _left_out(count: int, shown: int) -> str:
    return f"and {number(count - shown)} more, all in the JSON document" if count > shown else ""
