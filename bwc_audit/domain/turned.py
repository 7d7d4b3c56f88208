"""What the night turned: how each assignment stands against what an earlier run said of it, and what is running out.

A result that was ``pending`` settles by itself on a later night, once the sources are complete. Which did, which still
wait, and which footage may be deleted soon although its incident is not settled, is what somebody wants to know in the
morning. Nothing is decided here; outcomes are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bwc_audit.domain.findings import ABSENCE_KINDS, FindingKind
from bwc_audit.domain.phrases import said_length
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.domain.runs import FindingState, ObservedFinding


class Turn(StrEnum):
    """How an assignment stands against the last run that judged it. ``pending_to_other``: no longer pending, but excluded
    or unknown. ``expiring``: not a turn of the outcome; footage of an unsettled incident may be deleted soon."""

    TO_COVERED = "pending_to_covered"
    TO_FINDINGS = "pending_to_findings"
    SETTLED_OTHERWISE = "pending_to_other"
    STILL_PENDING = "still_pending"
    NEWLY_PENDING = "newly_pending"
    OUTCOME_CHANGED = "outcome_changed"
    EXPIRING = "expiring"


@dataclass(frozen=True, slots=True)
class EarlierOutcome:
    """What the last decided run before this one said of an assignment."""

    run_id: str
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """One line of the morning. ``before`` None: no earlier run judged it. For ``expiring``: ``recording_id``, and how long
    its footage is still kept, in microseconds from the moment that the run judges from (0: it may be gone already)."""

    turn: Turn
    incident_id: str
    officer_id: str | None
    now: Outcome
    now_reason: str | None = None
    before: EarlierOutcome | None = None
    recording_id: str | None = None
    left_us: int | None = None


#: Each turn in words, as a line of a summary.
TURN_WORDS: dict[Turn, str] = {
    Turn.TO_COVERED: "pending, now covered",
    Turn.TO_FINDINGS: "pending, now with findings",
    Turn.SETTLED_OTHERWISE: "pending, now unknown or excluded",
    Turn.STILL_PENDING: "still pending",
    Turn.NEWLY_PENDING: "newly pending",
    Turn.OUTCOME_CHANGED: "decided before, now otherwise",
    Turn.EXPIRING: "recordings of unsettled incidents that may be deleted soon",
}

_SETTLED = {Outcome.COVERED: Turn.TO_COVERED, Outcome.FINDINGS: Turn.TO_FINDINGS}


def turned(
    results: Iterable[AssignmentResult],
    earlier: Mapping[tuple[str, str], EarlierOutcome],
    observed: Iterable[ObservedFinding] = (),
) -> tuple[Turned, ...]:
    """All turns of these results, and the footage that runs out, by turn, incident and officer.

    ``earlier``: the last outcome of each assignment by incident and officer. An outcome that is as it was is left out unless
    it is still pending; one that no run judged before is left out unless it is pending now. ``observed``: the findings of
    this run, for retention.
    """
    results = tuple(results)
    found = [one for result in results if (one := _turned(result, earlier.get((result.incident_id, result.officer_id))))]
    found += _expiring(results, tuple(observed))
    return tuple(sorted(found, key=_order))


def counted(turns: Iterable[Turned]) -> dict[str, int]:
    """How many assignments took each turn, zeros included; for ``expiring``, how many recordings."""
    numbers = Counter(one.turn for one in turns)
    return {turn.value: numbers[turn] for turn in Turn}


def said_turn(one: Turned) -> str:
    """One turn as a line: who, where, from what to what, or how long footage is still kept."""
    now = one.now.value if one.now_reason is None else f"{one.now.value}: {one.now_reason}"
    if one.turn is Turn.EXPIRING:
        kept = f"is kept for {said_length(one.left_us)} more" if one.left_us else "need not be kept any longer"
        return f"incident {one.incident_id}, {now}: recording {one.recording_id} {kept}"
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


def _expiring(results: Iterable[AssignmentResult], observed: tuple[ObservedFinding, ...]) -> list[Turned]:
    """Recordings under a retention warning whose incident still has an assignment without an answer, or an open absence on
    which nobody has decided."""
    of_incident: dict[str, list[AssignmentResult]] = {}
    for result in results:
        of_incident.setdefault(result.incident_id, []).append(result)
    open_now = [one for one in observed if one.state is FindingState.OPEN and not one.finding.is_borderline]
    undecided = {
        one.finding.incident_id for one in open_now if one.finding.kind in ABSENCE_KINDS and one.disposition is None
    }
    found = []
    for one in open_now:
        incident_id = one.finding.incident_id
        if one.finding.kind is not FindingKind.RETENTION_RISK or incident_id is None:
            continue
        waiting = [each for each in of_incident.get(incident_id, ()) if each.outcome in (Outcome.PENDING, Outcome.UNKNOWN)]
        if not waiting and incident_id not in undecided:
            continue
        now, reason = (waiting[0].outcome, waiting[0].reason) if waiting else (Outcome.FINDINGS, None)
        left_us = one.finding.seconds_us
        found.append(
            Turned(
                Turn.EXPIRING,
                incident_id,
                one.finding.officer_id,
                now,
                reason,
                recording_id=one.finding.recording_id,
                left_us=left_us,
            )
        )
    return found


def _order(one: Turned) -> tuple[int, int, str, str, str]:
    return (
        list(Turn).index(one.turn),
        one.left_us or 0,
        one.incident_id,
        one.officer_id or "",
        one.recording_id or "",
    )
