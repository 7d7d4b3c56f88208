"""Two replays of one chunk of days, compared: what each counts, and what moves from the first to the second.

What is absent and what becomes of an assignment was decided for both in the same way; here columns are laid side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.absence_words import WordingColumns
from bwc_audit.domain.absences import KINDS, SpansOf
from bwc_audit.domain.comparison_columns import (
    BORDERLINE,
    COMPARED,
    NOT_STATED,
    STATED,
    MovedColumns,
    People,
    Standings,
    Statements,
    Texts,
    bucket_of,
    texts_of,
    would_measure,
)
from bwc_audit.domain.coverage import NO_TIME, Bool, Int
from bwc_audit.domain.decide import Facts, distinct_findings
from bwc_audit.domain.findings import Finding, FindingKind
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.rate_columns import RateColumns
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.domain.verdicts import OUTCOMES

_UNCOVERED = COMPARED.index(FindingKind.INCIDENT_UNCOVERED)
#: Places of moves: a finding appears, vanishes, or is measured otherwise.
APPEARS, VANISHES, CHANGES = range(3)

Sides = tuple["Replayed", "Replayed"]


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """One policy over a chunk, as decided. ``is_own``: which attendances belong to the chunk; ``others`` and the rest are
    its own alone."""

    book: PolicyBook
    facts: Facts
    is_own: Bool
    others: tuple[Finding, ...]
    not_examined: tuple[str, ...]
    unseen_us: int = 0

    @staticmethod
    def whole(book: PolicyBook, facts: Facts, not_examined: tuple[str, ...] = (), unseen_us: int = 0) -> Replayed:
        """All that was decided."""
        is_own = np.ones(len(facts.matching.judged), np.bool_)
        return Replayed(book, facts, is_own, facts.others, not_examined, unseen_us)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one policy makes of a chunk, so that chunks add up. ``incidents``: the ids behind the numbers in ``rates``.
    ``loose``: findings that name no incident, of which several chunks may find the same. ``policies``: all that anything was
    judged by."""

    rates: RateColumns
    incidents: Texts
    outcomes: Counter[Outcome]
    kinds: Counter[FindingKind]
    borderline: int
    exempt: Counter[str]
    unseen_us: int
    not_examined: tuple[str, ...]
    loose: tuple[Finding, ...]
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class BoundFinding:
    """A finding of another kind than absences, that names an incident, under both policies; with what became of its
    assignment, where it has one."""

    first: Finding | None
    second: Finding | None
    first_result: AssignmentResult | None = None
    second_result: AssignmentResult | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The comparison of one chunk: no incident is in two of them. ``assignments``: places in ``people`` of those that moved.
    ``others``: of findings that are not absences, those that differ."""

    first: Tally
    second: Tally
    moves: Counter[tuple[Outcome, Outcome]]
    people: People
    standings: tuple[Standings, Standings]
    assignments: Int
    findings: MovedColumns
    others: tuple[BoundFinding, ...]


def part_of(first: Replayed, second: Replayed) -> Part:
    """What differs between two replays of one chunk; of the findings, those that name an incident."""
    sides = first, second
    verdicts, judged = tuple(one.facts.verdicts for one in sides), tuple(one.facts.matching.judged for one in sides)
    is_moved = (verdicts[0].outcome != verdicts[1].outcome) | (verdicts[0].reason != verdicts[1].reason)
    moved_rows = np.flatnonzero(first.is_own & is_moved)
    absent, rows_of_absent = _absences_moved(sides)
    rows = np.union1d(moved_rows, rows_of_absent)
    absent.person[:] = np.searchsorted(rows, rows_of_absent)
    return Part(
        first=_tally(first),
        second=_tally(second),
        moves=_moves(verdicts[0].outcome[moved_rows], verdicts[1].outcome[moved_rows]),
        people=People.of(judged[0], rows),
        standings=(Standings.of(judged[0], verdicts[0], rows), Standings.of(judged[1], verdicts[1], rows)),
        assignments=np.searchsorted(rows, moved_rows),
        findings=_behind(absent, _uncovered_moved(sides)),
        others=_others_moved(sides),
    )


def _moves(before: Int, after: Int) -> Counter[tuple[Outcome, Outcome]]:
    pairs, counts = np.unique((before * len(OUTCOMES) + after)[before != after], return_counts=True)
    return Counter(
        {
            (OUTCOMES[pair // len(OUTCOMES)], OUTCOMES[pair % len(OUTCOMES)]): count
            for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True)
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Stated:
    """Findings of one policy by what they are about (``key``, ascending, each once)."""

    key: Int
    state: Int
    severity: Int
    measured_us: Int


def _absences_stated(side: Replayed) -> tuple[_Stated, Int]:
    """The absences that one policy states of the chunk, by attendance and kind, and their places among all."""
    facts = side.facts
    is_withheld = np.zeros(len(facts.matching.measured), np.bool_)
    is_withheld[list(facts.withheld)] = True
    rows = facts.matching.measured.rows[facts.absences.window]
    places = np.flatnonzero(side.is_own[rows] & ~is_withheld[facts.absences.window])
    found = facts.absences
    state = np.where(found.is_borderline[places], BORDERLINE, STATED)
    key = rows[places] * len(KINDS) + found.kind[places]
    return _Stated(key, state, found.severity[places], found.measured_us[places]), places


def _uncovered_stated(side: Replayed) -> tuple[_Stated, Int]:
    """The same of incidents, by the code of the incident."""
    found, union, measured = side.facts.uncovered, side.facts.union, side.facts.matching.measured
    first = measured.rows[union.windows.members[union.windows.edges[:-1]]][found.incident]
    places = np.flatnonzero(side.is_own[first])
    state = np.where(found.is_borderline[places], BORDERLINE, STATED)
    key = measured.table.columns.incident.code[first][places]
    return _Stated(key, state, found.severity[places], found.measured_us[places]), places


@dataclass(frozen=True, slots=True, eq=False)
class _Paired:
    """What two policies say of the same: places in what either states, -1: it states nothing."""

    key: Int
    first: Int
    second: Int

    @staticmethod
    def of(first: _Stated, second: _Stated) -> _Paired:
        key = np.union1d(first.key, second.key)
        return _Paired(key, _found(first.key, key), _found(second.key, key))


def _found(keys: Int, wanted: Int) -> Int:
    if not len(keys):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def _move_of(first: _Stated, second: _Stated, pair: _Paired, spans: tuple[SpansOf, SpansOf], owners: tuple[Int, Int]) -> Int:
    """The move of each pair, -1: none. Borderline findings are not counted, so one that becomes borderline vanishes from the
    count. ``spans`` of ``owners``, one for each that is stated: the time of which it speaks."""
    is_counted = tuple(
        (place >= 0) & (np.append(one.state, NOT_STATED)[place] == STATED)
        for one, place in ((first, pair.first), (second, pair.second))
    )
    move = np.full(len(pair.key), -1)
    move[~is_counted[0] & is_counted[1]], move[is_counted[0] & ~is_counted[1]] = APPEARS, VANISHES
    both = np.flatnonzero(is_counted[0] & is_counted[1])
    one, other = pair.first[both], pair.second[both]
    is_same = (first.measured_us[one] == second.measured_us[other]) & (first.severity[one] == second.severity[other])
    is_same[is_same] = _are_spans_same(spans, owners[0][one[is_same]], owners[1][other[is_same]])
    move[both[~is_same]] = CHANGES
    return move


def _are_spans_same(spans: tuple[SpansOf, SpansOf], first: Int, second: Int) -> Bool:
    counts = tuple(np.diff(each.edges)[owner] for each, owner in ((spans[0], first), (spans[1], second)))
    is_same = counts[0] == counts[1]
    alike = np.flatnonzero(is_same)
    row, start_us, end_us = spans[0].bounds(first[alike])
    _, other_start_us, other_end_us = spans[1].bounds(second[alike])
    is_same[alike[row[(start_us != other_start_us) | (end_us != other_end_us)]]] = False
    return np.asarray(is_same)


def _absences_moved(sides: Sides) -> tuple[MovedColumns, Int]:
    """The absences that move, and the attendance of each; ``person`` is left to be filled."""
    (first, first_at), (second, second_at) = _absences_stated(sides[0]), _absences_stated(sides[1])
    absences = sides[0].facts.absences, sides[1].facts.absences
    pair = _Paired.of(first, second)
    kind, move = pair.key % len(KINDS), np.full(len(pair.key), -1)
    owners = absences[0].window[first_at], absences[1].window[second_at]
    for code in range(len(KINDS)):
        own = np.flatnonzero(kind == code)
        part = _Paired(pair.key[own], pair.first[own], pair.second[own])
        move[own] = _move_of(first, second, part, (absences[0].spans[code], absences[1].spans[code]), owners)
    moved = np.flatnonzero(move >= 0)
    rows, kind = pair.key[moved] // len(KINDS), kind[moved]
    people = People.of(sides[0].facts.matching.judged, rows)
    statements = (
        _absence_statements(side, rows, kind, places, found[moved])
        for side, places, found in ((sides[0], first_at, pair.first), (sides[1], second_at, pair.second))
    )
    columns = MovedColumns(
        kind.astype(np.int8),
        move[moved].astype(np.int8),
        np.zeros(len(rows), np.int64),
        people.incident_id,
        people.officer_id,
        *statements,
    )
    return columns, rows


def _absence_statements(side: Replayed, rows: Int, kind: Int, places: Int, at: Int) -> Statements:
    """How one policy stands to absences of these attendances: for each ``at`` among the ``places`` of those that it states,
    -1: it does not."""
    absences, judged = side.facts.absences, side.facts.matching.judged
    words = WordingColumns.of(side.facts.matching, absences)
    found, is_there = Statements.none(len(rows)), at >= 0
    stated = places[at[is_there]]
    found.measured_us[:] = would_measure(judged, side.facts.verdicts, *_edges_and_gaps(side.facts))[kind, rows]
    found.policy[:] = judged.policy[rows]
    _fill(found, is_there, absences.is_borderline[stated], absences.severity[stated], absences.measured_us[stated])
    found.margin_us[is_there] = absences.margin_us[stated]
    for column, values in ((found.at_us, words.at_us), (found.beside, words.beside), (found.reference, words.reference)):
        column[is_there] = values[stated]
    return found


def _fill(found: Statements, is_there: Bool, is_borderline: Bool, severity: Int, measured_us: Int) -> None:
    found.state[is_there] = np.where(is_borderline, BORDERLINE, STATED)
    found.severity[is_there] = severity
    found.measured_us[is_there] = measured_us


def _edges_and_gaps(facts: Facts) -> tuple[Int, Int]:
    """For each attendance what is not recorded behind the last recorded time, and its longest gap between recorded times;
    ``NO_TIME`` where nothing is recorded."""
    matching, covered, gaps = facts.matching, facts.matching.measures.covered, facts.matching.measures.gaps
    rows, count = matching.measured.rows, len(matching.measured)
    edges = SpansOf.of(covered, count).edges
    has_any = edges[1:] > edges[:-1]
    first, last = edges[:-1][has_any], edges[1:][has_any] - 1
    opened_us, closed_us = np.zeros((2, count), np.int64)
    opened_us[has_any], closed_us[has_any] = covered.end_us[first], covered.start_us[last]
    is_inner = (gaps.start_us >= opened_us[gaps.window]) & (gaps.start_us < closed_us[gaps.window])
    longest_us = np.zeros(count, np.int64)
    np.maximum.at(longest_us, gaps.window[is_inner], (gaps.end_us - gaps.start_us)[is_inner])
    found = np.full((2, len(matching.judged)), NO_TIME)
    found[0, rows[has_any]], found[1, rows[has_any]] = matching.measures.early_us[has_any], longest_us[has_any]
    return found[0], found[1]


def _uncovered_moved(sides: Sides) -> MovedColumns:
    (first, first_at), (second, second_at) = _uncovered_stated(sides[0]), _uncovered_stated(sides[1])
    pair = _Paired.of(first, second)
    facts = sides[0].facts, sides[1].facts
    spans = tuple(SpansOf.of(one.uncovered.holes, len(one.union.names)) for one in facts)
    owners = facts[0].uncovered.incident[first_at], facts[1].uncovered.incident[second_at]
    move = _move_of(first, second, pair, (spans[0], spans[1]), owners)
    moved = np.flatnonzero(move >= 0)
    names = facts[0].matching.judged.columns.incident.values
    statements = (
        _uncovered_statements(one, places, found[moved])
        for one, places, found in ((facts[0], first_at, pair.first), (facts[1], second_at, pair.second))
    )
    return MovedColumns(
        np.full(len(moved), _UNCOVERED, np.int8),
        move[moved].astype(np.int8),
        np.full(len(moved), -1),
        texts_of([names[code] for code in pair.key[moved].tolist()]),
        np.full(len(moved), b"", np.bytes_),
        *statements,
    )


def _uncovered_statements(facts: Facts, places: Int, at: Int) -> Statements:
    uncovered = facts.uncovered
    found, is_there = Statements.none(len(at)), at >= 0
    stated = places[at[is_there]]
    _fill(found, is_there, uncovered.is_borderline[stated], uncovered.severity[stated], uncovered.measured_us[stated])
    number = {id(policy): code for code, policy in enumerate(policies_of(facts))}
    codes = np.array([number[id(policy)] for policy in facts.union.policies], np.int64)
    found.policy[is_there] = codes[facts.union.policy[uncovered.incident[stated]]]
    for column, values in (
        (found.margin_us, uncovered.margin_us),
        (found.at_us, uncovered.first_us),
        (found.beside, uncovered.officers),
    ):
        column[is_there] = values[stated]
    return found


def policies_of(facts: Facts) -> tuple[Policy, ...]:
    """By what anything in a chunk is judged: the policies of its assignments, then those of incidents and recordings."""
    matching = facts.matching
    all_ = (*matching.judged.policies, *facts.union.policies, *matching.book.resolved())
    return tuple({id(policy): policy for policy in all_}.values())


def _behind(one: MovedColumns, other: MovedColumns) -> MovedColumns:
    def joined(first: Statements, second: Statements) -> Statements:
        return Statements(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in Statements.__slots__))

    return MovedColumns(
        kind=np.concatenate([one.kind, other.kind]),
        move=np.concatenate([one.move, other.move]),
        person=np.concatenate([one.person, other.person]),
        incident_id=np.concatenate([one.incident_id, other.incident_id]),
        officer_id=np.concatenate([one.officer_id, other.officer_id]),
        first=joined(one.first, other.first),
        second=joined(one.second, other.second),
    )


def _others_moved(sides: Sides) -> tuple[BoundFinding, ...]:
    """Findings of files, pictures and labels that differ, with what became of their assignments."""
    stated = tuple({one.subject: one for one in distinct_findings(_bound(side.others))} for side in sides)
    pairs = [
        (stated[0].get(subject), stated[1].get(subject), subject)
        for subject in stated[0].keys() | stated[1].keys()
        if is_moved(stated[0].get(subject), stated[1].get(subject))
    ]
    results = tuple(_results_of(side, {(subject[1], subject[2]) for *_, subject in pairs}) for side in sides)
    return tuple(
        BoundFinding(one, other, *(found.get((subject[1], subject[2])) for found in results))
        for one, other, subject in pairs
    )


def is_moved(one: Finding | None, other: Finding | None) -> bool:
    """Whether a finding is counted by one policy only, or measured otherwise by the other."""
    return move_of(one, other) is not None


def move_of(one: Finding | None, other: Finding | None) -> int | None:
    """Which move it is; borderline findings are not counted."""
    counts, counts_later = (found is not None and not found.is_borderline for found in (one, other))
    if counts is not counts_later:
        return APPEARS if counts_later else VANISHES
    if not counts or one is None or other is None:
        return None
    is_same = (one.seconds_us, one.spans, one.severity) == (other.seconds_us, other.spans, other.severity)
    return None if is_same else CHANGES


def _bound(findings: Collection[Finding]) -> list[Finding]:
    return [one for one in findings if one.incident_id is not None]


def _results_of(
    side: Replayed, wanted: Collection[tuple[str | None, str | None]]
) -> Mapping[tuple[str | None, str | None], AssignmentResult]:
    """What became of these assignments (incident, officer)."""
    if not wanted:
        return {}
    judged, verdicts = side.facts.matching.judged, side.facts.verdicts
    columns = judged.columns
    incidents = {incident_id for incident_id, _ in wanted}
    is_near = side.is_own & columns.incident.where(name in incidents for name in columns.incident.values)
    rows = [row for row in np.flatnonzero(is_near).tolist() if (columns.incident[row], columns.officer[row]) in wanted]
    people = People.of(judged, np.array(rows, np.int64))
    standings = Standings.of(judged, verdicts, np.array(rows, np.int64))
    found = (standings.result(place, people, judged.policies) for place in range(len(rows)))
    return {(one.incident_id, one.officer_id): one for one in found}


def _tally(side: Replayed) -> Tally:
    facts, rows = side.facts, np.flatnonzero(side.is_own)
    bound = distinct_findings(_bound(side.others))
    absent, uncovered = _absences_stated(side)[0], _uncovered_stated(side)[0]
    kinds = Counter(one.kind for one in bound if not one.is_borderline)
    for code, count in enumerate(
        np.bincount((absent.key % len(KINDS))[absent.state == STATED], minlength=len(KINDS)).tolist()
    ):
        kinds[KINDS[code]] += count
    kinds[FindingKind.INCIDENT_UNCOVERED] += int(np.count_nonzero(uncovered.state == STATED))
    outcomes = np.bincount(facts.verdicts.outcome[rows], minlength=len(OUTCOMES)).tolist()
    rates, incidents = _rates(facts, rows)
    return Tally(
        rates=rates,
        incidents=incidents,
        outcomes=Counter(dict(zip(OUTCOMES, outcomes, strict=True))),
        kinds=kinds,
        borderline=sum(one.is_borderline for one in bound)
        + sum(int(np.count_nonzero(one.state == BORDERLINE)) for one in (absent, uncovered)),
        exempt=Counter(code for row, (_, codes) in facts.matching.judged.cut.items() if side.is_own[row] for code in codes),
        unseen_us=side.unseen_us,
        not_examined=side.not_examined,
        loose=tuple(one for one in side.others if one.incident_id is None),
        policies=policies_of(facts),
    )


def _rates(facts: Facts, rows: Int) -> tuple[RateColumns, Texts]:
    verdicts, known = facts.verdicts, facts.matching.judged.columns.incident
    present, incident = np.unique(known.code[rows], return_inverse=True)
    usable_us = verdicts.usable_us[rows]
    columns = RateColumns(  # narrow until they are added up
        outcome=verdicts.outcome[rows].astype(np.int8),
        bucket=bucket_of(verdicts)[rows].astype(np.int8),
        existence=(verdicts.covered_us[rows] > 0).astype(np.int8),
        on_time=(verdicts.is_on_time[rows] == 1).astype(np.int8),
        whole_window=(verdicts.is_whole_window[rows] == 1).astype(np.int8),
        required_us=verdicts.required_us[rows],
        covered_us=verdicts.covered_us[rows],
        usable_us=np.where(usable_us == NO_TIME, 0, usable_us),
        unexamined_us=verdicts.unexamined_us[rows],
        incident=incident,
    )
    return columns, texts_of([known.values[code] for code in present.tolist()])
