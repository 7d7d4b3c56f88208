"""Two policies over the same period: which outcomes and findings differ, and which numbers of which clauses do it.

Compares decisions that were made already; what is covered and what is a finding is decided elsewhere, for both in the same
way. A finding is the same under both where kind, incident, officer and recording are: clauses have other names in
another pack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from bwc_audit.domain.findings import Finding, FindingGroup, FindingKind
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.rates import RateTable, rate_table
from bwc_audit.domain.results import AssignmentResult, Bucket, Decision, Outcome
from bwc_audit.domain.times import Span

Key = tuple[str | None, ...]


class Move(StrEnum):
    """What becomes of a finding from the first policy to the second."""

    APPEARS = "appears"
    VANISHES = "vanishes"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs, with the clause it rests on, under the first policy and under the second."""

    setting: str
    first_clause: str
    first: str
    second_clause: str
    second: str


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


def compare(source: str, first: Replayed, second: Replayed) -> Comparison:
    """What differs between two replays of the same records as of the same moment."""
    of_first, of_second = _by_assignment(first.decision.results), _by_assignment(second.decision.results)
    policies = _policies(first), _policies(second)
    return Comparison(
        source=source,
        period=first.matching.period,
        as_of_us=first.matching.as_of_us,
        first=_side(first),
        second=_side(second),
        settings=differences(first.book.base, second.book.base),
        moves=_moves(of_first, of_second),
        assignments=_moved_assignments(of_first, of_second, policies),
        findings=_moved_findings(first, second, of_first, of_second, policies),
    )


def _by_assignment(results: Iterable[AssignmentResult]) -> dict[Key, AssignmentResult]:
    return {(one.incident_id, one.officer_id): one for one in results}


def _policies(replayed: Replayed) -> dict[str | None, Policy]:
    known: dict[str | None, Policy] = {one.reference: one for one in replayed.book.resolved()}
    return known | {None: replayed.book.base}


def _side(replayed: Replayed) -> Side:
    decision = replayed.decision
    outcomes = Counter(one.outcome for one in decision.results)
    kinds = Counter(one.kind for one in decision.findings if not one.is_borderline)
    exempt = Counter(code for one in decision.results for code in one.exempted_by)
    return Side(
        book_id=replayed.book.book_id,
        version=replayed.book.version,
        title=replayed.book.title,
        policy_hash=replayed.book.policy_hash,
        rates=rate_table(decision.results),
        outcomes=tuple((outcome, outcomes[outcome]) for outcome in Outcome),
        findings=tuple((kind, kinds[kind]) for kind in FindingKind if kinds[kind]),
        borderline=sum(one.is_borderline for one in decision.findings),
        exempt=tuple(sorted(exempt.items())),
        unseen_us=replayed.unseen_us,
        not_examined=decision.not_examined,
    )


def _moves(
    of_first: Mapping[Key, AssignmentResult], of_second: Mapping[Key, AssignmentResult]
) -> tuple[tuple[Outcome, Outcome, int], ...]:
    pairs = Counter(
        (one.outcome, of_second[key].outcome)
        for key, one in of_first.items()
        if key in of_second and one.outcome is not of_second[key].outcome
    )
    order = list(Outcome)
    ranked = sorted(pairs.items(), key=lambda item: (order.index(item[0][0]), order.index(item[0][1])))
    return tuple((before, after, n) for (before, after), n in ranked)


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
        why = _why(differ, None, one, other)
        moved.append(MovedAssignment(one, other, why))
    return tuple(moved)


def _moved_findings(
    first: Replayed,
    second: Replayed,
    of_first: Mapping[Key, AssignmentResult],
    of_second: Mapping[Key, AssignmentResult],
    policies: _Policies,
) -> tuple[MovedFinding, ...]:
    stated, stated_later = _by_subject(first.decision.findings), _by_subject(second.decision.findings)
    moved, differing = [], _Differing()
    for subject in sorted(stated.keys() | stated_later.keys(), key=_in_order):
        one, other = stated.get(subject), stated_later.get(subject)
        move = _move(one, other)
        if move is None:
            continue
        key = (subject[1], subject[2])
        result, result_later = of_first.get(key), of_second.get(key)
        before = policies[0].get(_reference(one, result), first.book.base)
        after = policies[1].get(_reference(other, result_later), second.book.base)
        why = _why(differing.between(before, after), one or other, result, result_later)
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


#: For each kind the settings that decide it once the window is fixed.
_OF_KIND: dict[FindingKind, tuple[str, ...]] = {
    FindingKind.LATE_ACTIVATION: ("coverage.activation_grace_s",),
    FindingKind.EARLY_DEACTIVATION: ("coverage.deactivation_grace_s",),
    FindingKind.RECORDING_GAP: ("coverage.gap_s", "coverage.join_s"),
    FindingKind.INCIDENT_UNCOVERED: ("coverage.gap_s", "coverage.join_s"),
    FindingKind.SHORT_BUFFER: ("buffer.expected_s", "buffer.minimum_share"),
    FindingKind.LATE_UPLOAD: ("upload.grace_s",),
    FindingKind.OBJECT_MISSING: ("upload.grace_s",),
    FindingKind.RETENTION_RISK: ("retention.keep_days", "retention.longer", "retention.warning_days"),
    FindingKind.INCIDENT_ID_MISSING: ("labelling.is_incident_id_required",),
    FindingKind.CATEGORY_MISSING: ("labelling.is_category_required",),
    FindingKind.DURATION_MISMATCH: ("usability.duration_tolerance_s",),
}
_SCOPE = ("scope.",)
_WINDOW = ("window.start", "window.end", "window.near_scene", "exemptions")
_OF_GROUP: dict[FindingGroup, tuple[str, ...]] = {
    FindingGroup.COVERAGE: ("upload.", "clock."),
    FindingGroup.USABILITY: ("usability.",),
    FindingGroup.CLOCK: ("clock.",),
}
_OF_BUCKET: dict[str, tuple[str, ...]] = {
    Bucket.TEST_OR_CALLBACK: ("scope.test_",),
    Bucket.OUT_OF_SCOPE: ("scope.call_types", "scope.excluded_call_types", "scope.priorities"),
    Bucket.BELOW_MINIMUM: ("scope.minimum_on_scene_s",),
    Bucket.INVALID_TIMES: ("scope.maximum_assignment_s", *_WINDOW),
}
_OF_OUTCOME = ("coverage.", "upload.", "clock.", "usability.")


def _why(
    differing: tuple[Difference, ...],
    finding: Finding | None,
    result: AssignmentResult | None,
    result_later: AssignmentResult | None,
) -> tuple[Difference, ...]:
    """The settings that differ and bear on the change, the nearest cause first; all that differ where none is known to."""
    for asked in _asked(finding, result, result_later):
        found = tuple(one for one in differing if one.setting.startswith(asked))
        if found:
            return found
    return differing


def _asked(
    finding: Finding | None, result: AssignmentResult | None, result_later: AssignmentResult | None
) -> Iterable[tuple[str, ...]]:
    """Sets of settings in the order in which they are asked whether they differ."""
    moved = _moved_window(result, result_later)
    buckets = [one.reason for one in (result, result_later) if one is not None and one.outcome is Outcome.EXCLUDED]
    if result is not None and result_later is not None and len(buckets) != 0 and result.reason != result_later.reason:
        cut = tuple(one for one in moved if one.startswith("exemptions.")) or moved
        exempt = {str(Bucket.FULLY_EXEMPT): cut}
        yield tuple(part for bucket in map(str, buckets) for part in (exempt | _OF_BUCKET).get(bucket, _SCOPE))
    if finding is None:
        is_open = Outcome.PENDING in {one.outcome for one in (result, result_later) if one is not None}
        if is_open:
            yield ("upload.",)
        yield (*_OF_OUTCOME, *moved)
        return
    own = (*_OF_KIND.get(finding.kind, ()), *moved)
    if own:
        yield own
    yield (*_OF_GROUP.get(finding.kind.group, ()), *_WINDOW)
    yield ("severity.",)
    yield ("coverage.",)


def _moved_window(result: AssignmentResult | None, result_later: AssignmentResult | None) -> tuple[str, ...]:
    """The settings that moved the required time of an assignment, as far as it did move."""
    if result is None or result_later is None:
        return ()
    one, other = result.window, result_later.window
    codes = sorted({*result.exempted_by} ^ {*result_later.exempted_by})
    found = [f"exemptions.{code}" for code in codes]
    if one is None or other is None:
        return (*found, "window.")
    found += ["window.start", "window.near_scene"] if one.span.start_us != other.span.start_us else []
    found += ["window.end"] if one.span.end_us != other.span.end_us else []
    return tuple(found)


def differences(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """All settings that differ, in the order of the policy; names of clauses are no settings."""
    found = []
    sections, sections_after = _sections(before), _sections(after)
    for section, settings in sections.items():
        for name, value in settings.items():
            other = sections_after[section][name]
            if value != other and not name.endswith("clause"):
                clauses = (_clause(each[section], name) for each in (sections, sections_after))
                found.append(_difference(f"{section}.{name}", value, other, *clauses))
    rules, rules_after = ({rule.code: asdict(rule) for rule in each.exemptions} for each in (before, after))
    for code in sorted(rules.keys() | rules_after.keys()):
        one, other = rules.get(code), rules_after.get(code)
        if one != other:
            named = (str(rule["clause"]) if rule else "" for rule in (one, other))
            found.append(_difference(f"exemptions.{code}", one, other, *named))
    return tuple(found)


def _sections(policy: Policy) -> dict[str, dict[str, object]]:
    left_out = ("policy_id", "version", "title", "exemptions", "clauses", "provenance")
    return {name: settings for name, settings in asdict(policy).items() if name not in left_out}


def _clause(section: Mapping[str, object], name: str) -> str:
    for prefix in ("activation", "deactivation", "gap"):
        if name.startswith(f"{prefix}_") and f"{prefix}_clause" in section:
            return str(section[f"{prefix}_clause"])
    return str(section.get("clause", section.get("gap_clause", "")))


def _difference(setting: str, value: object, other: object, clause: str, other_clause: str) -> Difference:
    return Difference(setting, clause, said_value(value), other_clause, said_value(other))


def said_value(value: object) -> str:
    """A setting as people write it."""
    if value is None:
        return "no such rule"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        parts = (f"{name} {said_value(part)}" for name, part in value.items() if part and name not in ("code", "clause"))
        return ", ".join(parts) or "everything"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(said_value, value)) or "none named"
    return str(value)
