"""Two policies over the same period: which outcomes and findings differ, and which numbers of which clauses do it.

Compares what was decided already, chunk by chunk (``comparison_part``), and adds it up; what is covered and what is a
finding is decided elsewhere, for both in the same way. A finding is the same under both where kind, incident, officer and
recording are: clauses have other names in another pack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, overload

import numpy as np

from bwc_audit.domain.clock_findings import is_of_camera, with_earlier
from bwc_audit.domain.comparison_columns import COMPARED, Texts, texts_of
from bwc_audit.domain.comparison_part import (
    APPEARS,
    CHANGES,
    VANISHES,
    BoundFinding,
    Part,
    Replayed,
    Tally,
    move_of,
    part_of,
)
from bwc_audit.domain.comparison_why import Difference, differences, why_moved
from bwc_audit.domain.coverage import NO_TIME, Int
from bwc_audit.domain.decide import distinct_findings
from bwc_audit.domain.findings import Finding, FindingKind
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.rate_columns import RateColumns
from bwc_audit.domain.rates import RateTable, table_of
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.domain.times import Span
from bwc_audit.domain.unexamined import Unexamined, unexamined_in_all


class Move(StrEnum):
    """What becomes of a finding from the first policy to the second."""

    APPEARS = "appears"
    VANISHES = "vanishes"
    CHANGES = "changes"


_MOVES = {APPEARS: Move.APPEARS, VANISHES: Move.VANISHES, CHANGES: Move.CHANGES}


@dataclass(frozen=True, slots=True)
class MovedAssignment:
    """One officer on one incident whose outcome (or bucket, or reason) differs; the results without what was recorded."""

    first: AssignmentResult
    second: AssignmentResult
    why: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class MovedFinding:
    """A finding that only one policy states, or that both state and measure otherwise. ``first`` or ``second`` may be None,
    not both; ``first_result`` and ``second_result``: what became of its assignment, where it has one. ``first_us`` and
    ``second_us``: what either policy measures, also where it states nothing; None: it measures nothing."""

    move: Move
    first: Finding | None
    second: Finding | None
    first_us: int | None
    second_us: int | None
    first_result: AssignmentResult | None
    second_result: AssignmentResult | None
    why: tuple[Difference, ...]

    @property
    def said(self) -> Finding:
        """Either of the two, for what they share."""
        found = self.first or self.second
        assert found is not None  # noqa: S101 - built from at least one
        return found


@dataclass(frozen=True, slots=True)
class Side:
    """What one policy makes of the period. ``exempt``: by rule, how many assignments it cut time out of. ``unseen_us``:
    time that it asks for in videos and that nobody has looked at so far."""

    book_id: str
    version: str
    title: str
    policy_hash: str
    rates: RateTable
    outcomes: tuple[tuple[Outcome, int], ...]
    findings: tuple[tuple[FindingKind, int], ...]
    borderline: int
    exempt: tuple[tuple[str, int], ...]
    unseen_us: int
    not_examined: Unexamined


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides, and what moved from the first to the second. ``moves``: counts of (outcome, outcome) that differ.
    ``settings``: all settings that differ between the two forces' policies, layers apart."""

    source: str
    period: Span
    as_of_us: int
    first: Side
    second: Side
    settings: tuple[Difference, ...]
    moves: tuple[tuple[Outcome, Outcome, int], ...]
    assignments: Sequence[MovedAssignment]
    findings: MovedFindings

    def count(self, move: Move) -> int:
        """How many findings make this move."""
        return self.findings.number_of(move)


def compare(source: str, first: Replayed, second: Replayed) -> Comparison:
    """What differs between two replays of the same records as of the same moment."""
    matching = first.facts.matching
    return joined(source, matching.period, matching.as_of_us, (first.book, second.book), [part_of(first, second)])


def joined(
    source: str, period: Span, as_of_us: int, books: tuple[PolicyBook, PolicyBook], parts: Sequence[Part]
) -> Comparison:
    """The comparison of a whole period from those of its chunks, in order of time."""
    tallies = [part.first for part in parts], [part.second for part in parts]
    loose = _loose(tallies[0]), _loose(tallies[1])
    moves = sum((part.moves for part in parts), Counter[tuple[Outcome, Outcome]]())
    order = {outcome: place for place, outcome in enumerate(Outcome)}
    reasons = _Reasons.of(books, tallies)
    return Comparison(
        source=source,
        period=period,
        as_of_us=as_of_us,
        first=_side(books[0], tallies[0], loose[0]),
        second=_side(books[1], tallies[1], loose[1]),
        settings=differences(books[0].base, books[1].base),
        moves=tuple(
            (before, after, moves[before, after])
            for before, after in sorted(moves, key=lambda pair: (order[pair[0]], order[pair[1]]))
        ),
        assignments=MovedAssignments.of(parts, reasons),
        findings=MovedFindings.of(parts, _moved_loose(loose), reasons),
    )


@dataclass(frozen=True, slots=True)
class _Reasons:
    """The policies of both books, and the differences of each pair of them, worked out once: there are few pairs."""

    base: tuple[Policy, Policy]
    by_reference: tuple[Mapping[str, Policy], Mapping[str, Policy]]
    known: dict[tuple[str, str], tuple[Difference, ...]]

    @staticmethod
    def of(books: tuple[PolicyBook, PolicyBook], tallies: tuple[Sequence[Tally], Sequence[Tally]]) -> _Reasons:
        named = [{policy.reference: policy for tally in each for policy in tally.policies} for each in tallies]
        return _Reasons((books[0].base, books[1].base), (named[0], named[1]), {})

    def differing(self, before: Policy, after: Policy) -> tuple[Difference, ...]:
        """All settings that differ."""
        pair = (before.policy_hash, after.policy_hash)
        if pair not in self.known:
            self.known[pair] = differences(before, after)
        return self.known[pair]

    def policy(self, side: int, finding: Finding | None, result: AssignmentResult | None) -> Policy:
        """By what one side judges: the finding, else its assignment, else everybody."""
        reference = finding.policy if finding is not None and finding.policy is not None else None
        reference = reference or (result.policy if result is not None else None)
        return self.by_reference[side].get(reference or "", self.base[side])

    def why(
        self,
        findings: tuple[Finding | None, Finding | None],
        results: tuple[AssignmentResult | None, AssignmentResult | None],
    ) -> tuple[Difference, ...]:
        """The numbers that bear on a move."""
        before, after = (self.policy(side, findings[side], results[side]) for side in (0, 1))
        return why_moved(self.differing(before, after), findings[0] or findings[1], *results)


T = TypeVar("T")


class _Built(Sequence[T]):
    """Values that are built when they are asked for; compared by content."""

    __slots__ = ()

    def _at(self, place: int) -> T:
        raise NotImplementedError

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        if isinstance(place, slice):
            return [self._at(each) for each in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return self._at(place % len(self))

    def __iter__(self) -> Iterator[T]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # compared by content


class MovedAssignments(_Built[MovedAssignment]):
    """Assignments that moved, by incident, then officer."""

    __slots__ = ("_order", "_parts", "_reasons")

    def __init__(self, parts: Sequence[Part], reasons: _Reasons, order: Int) -> None:
        self._parts, self._reasons, self._order = parts, reasons, order

    @staticmethod
    def of(parts: Sequence[Part], reasons: _Reasons) -> MovedAssignments:
        """Those of all parts."""
        incidents = _texts(part.people.incident_id[part.assignments] for part in parts)
        officers = _texts(part.people.officer_id[part.assignments] for part in parts)
        place = _places([part.assignments for part in parts])
        return MovedAssignments(parts, reasons, place[np.lexsort((officers, incidents))])

    def __len__(self) -> int:
        return len(self._order)

    def _at(self, place: int) -> MovedAssignment:
        number, person = map(int, self._order[place])
        results = _results(self._parts[number], person)
        return MovedAssignment(*results, self._reasons.why((None, None), results))


class MovedFindings(_Built[MovedFinding]):
    """Findings that moved, by incident, officer, recording and kind."""

    __slots__ = ("_moves", "_order", "_others", "_parts", "_reasons")

    def __init__(
        self, parts: Sequence[Part], others: Sequence[BoundFinding], reasons: _Reasons, order: Int, moves: Int
    ) -> None:
        self._parts, self._others, self._reasons, self._order, self._moves = parts, others, reasons, order, moves

    @staticmethod
    def of(parts: Sequence[Part], loose: Sequence[BoundFinding], reasons: _Reasons) -> MovedFindings:
        """Those of all parts, and those that name no incident."""
        others = [*(one for part in parts for one in part.others), *loose]
        subjects = [_said(one).subject for one in others]
        rank = {kind: place for place, kind in enumerate(sorted(FindingKind))}
        of_column = np.array([rank[kind] for kind in COMPARED], np.int64)
        columns = [part.findings for part in parts]
        keys: list[Any] = [
            np.concatenate(
                [*(of_column[one.kind] for one in columns), np.array([rank[_said(one).kind] for one in others], np.int64)]
            ),
            _texts([*(np.full(len(one), b"") for one in columns), texts_of([each[3] or "" for each in subjects])]),
            _texts([*(one.officer_id for one in columns), texts_of([each[2] or "" for each in subjects])]),
            _texts([*(one.incident_id for one in columns), texts_of([each[1] or "" for each in subjects])]),
        ]
        place = _places([*(np.arange(len(one)) for one in columns), np.arange(len(others))])
        other_moves = [move_of(one.first, one.second) or 0 for one in others]
        moves = np.concatenate([*(one.move for one in columns), np.array(other_moves, np.int8)])
        order = np.lexsort(keys)
        return MovedFindings(parts, others, reasons, place[order], moves[order])

    def __len__(self) -> int:
        return len(self._order)

    def number_of(self, move: Move) -> int:
        """How many make this move."""
        return int(np.count_nonzero(self._moves == next(code for code, one in _MOVES.items() if one is move)))

    def _at(self, place: int) -> MovedFinding:
        number, row = map(int, self._order[place])
        move = _MOVES[int(self._moves[place])]
        if number == len(self._parts):
            return self._other(move, self._others[row])
        part = self._parts[number]
        columns = part.findings
        kind, person = COMPARED[columns.kind[row]], int(columns.person[row])
        incident_id, officer_id = columns.incident_id[row].decode(), columns.officer_id[row].decode() or None
        first, second = (
            one.finding(row, kind, incident_id, officer_id, tally.policies)
            for one, tally in ((columns.first, part.first), (columns.second, part.second))
        )
        result, later = _results(part, person) if person >= 0 else (None, None)
        measured = (int(one.measured_us[row]) for one in (columns.first, columns.second))
        first_us, second_us = (None if each == NO_TIME else each for each in measured)
        why = self._reasons.why((first, second), (result, later))
        return MovedFinding(move, first, second, first_us, second_us, result, later, why)

    def _other(self, move: Move, found: BoundFinding) -> MovedFinding:
        results = found.first_result, found.second_result
        first_us, second_us = (None if one is None else one.seconds_us for one in (found.first, found.second))
        why = self._reasons.why((found.first, found.second), results)
        return MovedFinding(move, found.first, found.second, first_us, second_us, *results, why)


def _said(found: BoundFinding) -> Finding:
    said = found.first or found.second
    assert said is not None  # noqa: S101 - built from at least one
    return said


def _results(part: Part, person: int) -> tuple[AssignmentResult, AssignmentResult]:
    first, second = part.standings
    return first.result(person, part.people, part.first.policies), second.result(person, part.people, part.second.policies)


def _texts(parts: Iterable[Texts]) -> Texts:
    return np.concatenate([np.zeros(0, np.bytes_), *parts])


def _places(parts: Sequence[Int]) -> Int:
    """(number of the part, place in it), a row each."""
    number = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.stack([number, np.concatenate([np.zeros(0, np.int64), *parts])], axis=1).astype(np.int32)


def _loose(tallies: Iterable[Tally]) -> tuple[Finding, ...]:
    """The findings without incident of all chunks, each once."""
    cameras: dict[str, Finding] = {}
    rest: list[Finding] = []
    for tally in tallies:
        of_camera = [one for one in tally.loose if is_of_camera(one)]
        cameras |= {one.fingerprint: one for one in with_earlier(of_camera, cameras)}
        rest += (one for one in tally.loose if not is_of_camera(one))
    return distinct_findings([*rest, *cameras.values()])


def _moved_loose(loose: tuple[Sequence[Finding], Sequence[Finding]]) -> list[BoundFinding]:
    first, second = ({one.subject: one for one in each} for each in loose)
    pairs = (BoundFinding(first.get(subject), second.get(subject)) for subject in first.keys() | second.keys())
    return [pair for pair in pairs if move_of(pair.first, pair.second) is not None]


def _side(book: PolicyBook, tallies: Sequence[Tally], loose: Sequence[Finding]) -> Side:
    outcomes = sum((one.outcomes for one in tallies), Counter[Outcome]())
    kinds = sum((one.kinds for one in tallies), Counter(one.kind for one in loose if not one.is_borderline))
    exempt = sum((one.exempt for one in tallies), Counter[str]())
    return Side(
        book_id=book.book_id,
        version=book.version,
        title=book.title,
        policy_hash=book.policy_hash,
        rates=table_of(_rates_of(tallies)),
        outcomes=tuple((outcome, outcomes[outcome]) for outcome in Outcome),
        findings=tuple((kind, kinds[kind]) for kind in FindingKind if kinds[kind]),
        borderline=sum(one.borderline for one in tallies) + sum(one.is_borderline for one in loose),
        exempt=tuple(sorted(exempt.items())),
        unseen_us=sum(one.unseen_us for one in tallies),
        not_examined=unexamined_in_all(one.not_examined for one in tallies),
    )


def _rates_of(tallies: Sequence[Tally]) -> RateColumns:
    """All columns, incidents numbered in the order of their ids: sums of doubles must not depend on the chunks."""
    ids = _texts(one.incidents for one in tallies)
    number = np.empty(len(ids), np.int64)
    number[np.argsort(ids, kind="stable")] = np.arange(len(ids))
    return RateColumns.joined([one.rates for one in tallies], number)
