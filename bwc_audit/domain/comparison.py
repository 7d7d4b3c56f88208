"""Two policies over the same period: which outcomes and findings differ, and which numbers of which clauses do it.

Compares decisions that were made already; what is covered and what is a finding is decided elsewhere, for both in the same
way. A finding is the same under both where kind, incident, officer and recording are: clauses have other names in
another pack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.clock_findings import is_of_camera, with_earlier
from bwc_audit.domain.comparison_why import Difference, differences, why_moved
from bwc_audit.domain.decide import distinct_findings, not_examined_in_all
from bwc_audit.domain.findings import Finding, FindingKind
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.rate_columns import RateColumns, columns_of
from bwc_audit.domain.rates import RateTable, table_of
from bwc_audit.domain.results import AssignmentResult, Decision, Outcome
from bwc_audit.domain.times import Span

Key = tuple[str | None, ...]


class Move(StrEnum):
    """What becomes of a finding from the first policy to the second."""

    APPEARS = "appears"
    VANISHES = "vanishes"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class MovedAssignment:
    """One officer on one incident whose outcome (or bucket, or reason) differs."""

    first: AssignmentResult
    second: AssignmentResult
    why: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class MovedFinding:
    """A finding that only one policy states, or that both state and measure otherwise. ``first`` or ``second`` may be None,
    not both; ``first_result`` and ``second_result``: what became of its assignment, where it has one."""

    move: Move
    first: Finding | None
    second: Finding | None
    first_result: AssignmentResult | None
    second_result: AssignmentResult | None
    why: tuple[Difference, ...]

    @property
    def first_us(self) -> int | None:
        """What the first policy measures, also where it states nothing; None: it measures nothing."""
        return measured_us(self.said.kind, self.first, self.first_result)

    @property
    def second_us(self) -> int | None:
        """The same of the second policy."""
        return measured_us(self.said.kind, self.second, self.second_result)

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
    not_examined: tuple[str, ...]


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
    assignments: tuple[MovedAssignment, ...]
    findings: tuple[MovedFinding, ...]

    def count(self, move: Move) -> int:
        """How many findings make this move."""
        return sum(one.move is move for one in self.findings)


@dataclass(frozen=True, slots=True)
class Replayed:
    """One policy over the period, as decided."""

    book: PolicyBook
    matching: Matching
    decision: Decision
    unseen_us: int = 0


def measured_us(kind: FindingKind, finding: Finding | None, result: AssignmentResult | None) -> int | None:
    """The measured time of a kind, microseconds: of the finding, else of the assignment that it would be about."""
    if finding is not None:
        return finding.seconds_us
    if result is None or result.window is None or result.outcome is Outcome.EXCLUDED:
        return None
    match kind:
        case FindingKind.LATE_ACTIVATION:
            return result.lateness_us
        case FindingKind.EARLY_DEACTIVATION if result.covered:
            return result.window.span.end_us - result.covered[-1].end_us
        case FindingKind.RECORDING_GAP if result.covered:
            inner = [
                gap.length_us
                for gap in result.gaps
                if result.covered[0].end_us <= gap.start_us < result.covered[-1].start_us
            ]
            return max(inner, default=0)
        case FindingKind.NO_FOOTAGE:
            return result.required_us - result.covered_us
    return None


@dataclass(frozen=True, slots=True)
class Tally:
    """What one policy makes of a chunk of days, so that chunks add up. ``incidents``: the ids behind the numbers in
    ``rates``, as UTF-8. ``loose``: findings that name no incident, of which several chunks may
    find the same."""

    rates: RateColumns
    incidents: NDArray[np.bytes_]
    outcomes: Counter[Outcome]
    kinds: Counter[FindingKind]
    borderline: int
    exempt: Counter[str]
    unseen_us: int
    not_examined: tuple[str, ...]
    loose: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The comparison of one chunk of days: no incident is in two of them."""

    first: Tally
    second: Tally
    moves: Counter[tuple[Outcome, Outcome]]
    assignments: tuple[MovedAssignment, ...]
    findings: tuple[MovedFinding, ...]


def compare(source: str, first: Replayed, second: Replayed) -> Comparison:
    """What differs between two replays of the same records as of the same moment."""
    matching = first.matching
    return joined(source, matching.period, matching.as_of_us, (first.book, second.book), [part_of(first, second)])


def part_of(first: Replayed, second: Replayed) -> Part:
    """What differs between two replays of one chunk; of the findings, those that name an incident."""
    of_first, of_second = _by_assignment(first.decision.results), _by_assignment(second.decision.results)
    policies = _policies(first.book), _policies(second.book)
    bound = _bound(first.decision.findings), _bound(second.decision.findings)
    return Part(
        first=_tally(first),
        second=_tally(second),
        moves=_moves(of_first, of_second),
        assignments=_moved_assignments(of_first, of_second, policies),
        findings=_moved_findings(bound, (of_first, of_second), policies),
    )


def joined(
    source: str, period: Span, as_of_us: int, books: tuple[PolicyBook, PolicyBook], parts: Sequence[Part]
) -> Comparison:
    """The comparison of a whole period from those of its chunks, in order of time."""
    firsts, seconds = [part.first for part in parts], [part.second for part in parts]
    loose = _loose(firsts), _loose(seconds)
    policies = _policies(books[0]), _policies(books[1])
    moves = sum((part.moves for part in parts), Counter[tuple[Outcome, Outcome]]())
    assignments = [one for part in parts for one in part.assignments]
    findings = [*(one for part in parts for one in part.findings), *_moved_findings(loose, ({}, {}), policies)]
    order = {outcome: place for place, outcome in enumerate(Outcome)}
    return Comparison(
        source=source,
        period=period,
        as_of_us=as_of_us,
        first=_side(books[0], firsts, loose[0]),
        second=_side(books[1], seconds, loose[1]),
        settings=differences(books[0].base, books[1].base),
        moves=tuple(
            (before, after, moves[before, after])
            for before, after in sorted(moves, key=lambda pair: (order[pair[0]], order[pair[1]]))
        ),
        assignments=tuple(sorted(assignments, key=lambda one: (one.first.incident_id, one.first.officer_id))),
        findings=tuple(sorted(findings, key=lambda one: _in_order(one.said.subject))),
    )


def _by_assignment(results: Iterable[AssignmentResult]) -> dict[Key, AssignmentResult]:
    return {(one.incident_id, one.officer_id): one for one in results}


def _policies(book: PolicyBook) -> dict[str | None, Policy]:
    known: dict[str | None, Policy] = {one.reference: one for one in book.resolved()}
    return known | {None: book.base}


def _bound(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.incident_id is not None]


def _loose(tallies: Iterable[Tally]) -> tuple[Finding, ...]:
    """The findings without incident of all chunks, each once."""
    cameras: dict[str, Finding] = {}
    rest: list[Finding] = []
    for tally in tallies:
        of_camera = [one for one in tally.loose if is_of_camera(one)]
        cameras |= {one.fingerprint: one for one in with_earlier(of_camera, cameras)}
        rest += (one for one in tally.loose if not is_of_camera(one))
    return distinct_findings([*rest, *cameras.values()])


def _tally(replayed: Replayed) -> Tally:
    decision = replayed.decision
    bound = _bound(decision.findings)
    incidents = dict.fromkeys(one.incident_id for one in decision.results)
    return Tally(
        rates=columns_of(decision.results),
        incidents=np.array([name.encode() for name in incidents], np.bytes_),
        outcomes=Counter(one.outcome for one in decision.results),
        kinds=Counter(one.kind for one in bound if not one.is_borderline),
        borderline=sum(one.is_borderline for one in bound),
        exempt=Counter(code for one in decision.results for code in one.exempted_by),
        unseen_us=replayed.unseen_us,
        not_examined=decision.not_examined,
        loose=tuple(one for one in decision.findings if one.incident_id is None),
    )


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
        not_examined=not_examined_in_all([one.not_examined for one in tallies]),
    )


def _rates_of(tallies: Sequence[Tally]) -> RateColumns:
    """All columns, incidents numbered in the order of their ids: sums of doubles must not depend on the chunks."""
    ids = np.concatenate([np.zeros(0, np.bytes_), *(one.incidents for one in tallies)])
    number = np.empty(len(ids), np.int64)
    number[np.argsort(ids, kind="stable")] = np.arange(len(ids))
    return RateColumns.joined([one.rates for one in tallies], number)


def _moves(
    of_first: Mapping[Key, AssignmentResult], of_second: Mapping[Key, AssignmentResult]
) -> Counter[tuple[Outcome, Outcome]]:
    return Counter(
        (one.outcome, of_second[key].outcome)
        for key, one in of_first.items()
        if key in of_second and one.outcome is not of_second[key].outcome
    )


_Policies = tuple[dict[str | None, Policy], dict[str | None, Policy]]


class _Differing:
    """The differences of each pair of policies, worked out once: there are few pairs and many findings."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[Difference, ...]] = {}

    def between(self, before: Policy, after: Policy) -> tuple[Difference, ...]:
        """All settings that differ."""
        pair = (before.policy_hash, after.policy_hash)
        if pair not in self._known:
            self._known[pair] = differences(before, after)
        return self._known[pair]


def _moved_assignments(
    of_first: Mapping[Key, AssignmentResult], of_second: Mapping[Key, AssignmentResult], policies: _Policies
) -> tuple[MovedAssignment, ...]:
    moved, differing = [], _Differing()
    for key, one in sorted(of_first.items()):
        other = of_second.get(key)
        if other is None or (one.outcome, one.reason) == (other.outcome, other.reason):
            continue
        differ = differing.between(policies[0][one.policy], policies[1][other.policy])
        why = why_moved(differ, None, one, other)
        moved.append(MovedAssignment(one, other, why))
    return tuple(moved)


def _moved_findings(
    findings: tuple[Iterable[Finding], Iterable[Finding]],
    results: tuple[Mapping[Key, AssignmentResult], Mapping[Key, AssignmentResult]],
    policies: _Policies,
) -> tuple[MovedFinding, ...]:
    stated, stated_later = _by_subject(findings[0]), _by_subject(findings[1])
    of_first, of_second = results
    moved, differing = [], _Differing()
    for subject in sorted(stated.keys() | stated_later.keys(), key=_in_order):
        one, other = stated.get(subject), stated_later.get(subject)
        move = _move(one, other)
        if move is None:
            continue
        key = (subject[1], subject[2])
        result, result_later = of_first.get(key), of_second.get(key)
        before = policies[0].get(_reference(one, result), policies[0][None])
        after = policies[1].get(_reference(other, result_later), policies[1][None])
        why = why_moved(differing.between(before, after), one or other, result, result_later)
        moved.append(MovedFinding(move, one, other, result, result_later, why))
    return tuple(moved)


def _reference(finding: Finding | None, result: AssignmentResult | None) -> str | None:
    if finding is not None and finding.policy is not None:
        return finding.policy
    return result.policy if result is not None else None


def _by_subject(findings: Iterable[Finding]) -> dict[Key, Finding]:
    return {one.subject: one for one in findings}


def _in_order(subject: Key) -> tuple[str, ...]:
    kind, *rest = subject
    return (*(part or "" for part in rest), kind or "")


def _move(one: Finding | None, other: Finding | None) -> Move | None:
    """Borderline findings are not counted, so a finding that becomes borderline vanishes from the count."""
    counts, counts_later = (found is not None and not found.is_borderline for found in (one, other))
    if counts is not counts_later:
        return Move.APPEARS if counts_later else Move.VANISHES
    if not counts or one is None or other is None:
        return None
    is_same = (one.seconds_us, one.spans, one.severity) == (other.seconds_us, other.spans, other.severity)
    return None if is_same else Move.CHANGES
