"""What the night turned: how each assignment stands against what an earlier run said of it.

A result that was ``pending`` settles by itself on a later night, once the sources are complete. Which did, and which still
wait, is what somebody wants to know in the morning. Nothing is decided here; outcomes are compared. Footage that may be
deleted soon is another matter (``expiring``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bwc_audit.domain.results import AssignmentResult, Outcome


class Turn(StrEnum):
    """How an assignment stands against the last run that judged it. ``pending_to_other``: no longer pending, but excluded
    or unknown."""

    TO_COVERED = "pending_to_covered"
    TO_FINDINGS = "pending_to_findings"
    SETTLED_OTHERWISE = "pending_to_other"
    STILL_PENDING = "still_pending"
    NEWLY_PENDING = "newly_pending"
    OUTCOME_CHANGED = "outcome_changed"


@dataclass(frozen=True, slots=True)
class EarlierOutcome:
    """What the last decided run before this one said of an assignment."""

    run_id: str
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """One line of the morning. ``before`` None: no earlier run judged it."""

    turn: Turn
    incident_id: str
    officer_id: str | None
    now: Outcome
    now_reason: str | None = None
    before: EarlierOutcome | None = None


#: Each turn in words, as a line of a summary.
TURN_WORDS: dict[Turn, str] = {
    Turn.TO_COVERED: "pending, now covered",
    Turn.TO_FINDINGS: "pending, now with findings",
    Turn.SETTLED_OTHERWISE: "pending, now unknown or excluded",
    Turn.STILL_PENDING: "still pending",
    Turn.NEWLY_PENDING: "newly pending",
    Turn.OUTCOME_CHANGED: "decided before, now otherwise",
}

_SETTLED = {Outcome.COVERED: Turn.TO_COVERED, Outcome.FINDINGS: Turn.TO_FINDINGS}


def turned(results: Iterable[AssignmentResult], earlier: Mapping[tuple[str, str], EarlierOutcome]) -> tuple[Turned, ...]:
    """All turns of these results, by turn, incident and officer.

    ``earlier``: the last outcome of each assignment by incident and officer. An outcome that is as it was is left out unless
    it is still pending; one that no run judged before is left out unless it is pending now.
    """
    found = (_turned(result, earlier.get((result.incident_id, result.officer_id))) for result in results)
    return tuple(sorted((one for one in found if one is not None), key=_order))


def counted(turns: Iterable[Turned]) -> dict[str, int]:
    """How many assignments took each turn, zeros included."""
    numbers = Counter(one.turn for one in turns)
    return {turn.value: numbers[turn] for turn in Turn}


def said_turn(one: Turned) -> str:
    """One turn as a line: who, where, from what to what."""
    now = one.now.value if one.now_reason is None else f"{one.now.value}: {one.now_reason}"
    before = "not judged" if one.before is None else one.before.outcome.value
    reason = f" ({one.before.reason})" if one.before and one.before.reason else ""
    return f"incident {one.incident_id}, officer {one.officer_id}: {before}{reason} → {now}"


def _turned(result: AssignmentResult, before: EarlierOutcome | None) -> Turned | None:
    turn = _turn(result.outcome, before)
    if turn is None:
        return None
    return Turned(turn, result.incident_id, result.officer_id, result.outcome, result.reason, before)


def _turn(now: Outcome, before: EarlierOutcome | None) -> Turn | None:
    was_pending = before is not None and before.outcome is Outcome.PENDING
    if now is Outcome.PENDING:
        return Turn.STILL_PENDING if was_pending else Turn.NEWLY_PENDING
    if was_pending:
        return _SETTLED.get(now, Turn.SETTLED_OTHERWISE)
    return Turn.OUTCOME_CHANGED if before is not None and before.outcome is not now else None


def _order(one: Turned) -> tuple[int, str, str]:
    return list(Turn).index(one.turn), one.incident_id, one.officer_id or ""
