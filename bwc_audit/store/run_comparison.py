"""Two runs side by side, counted in the database: what both judged, and how it came out in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, Select, and_, func, or_, select, tuple_, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session

from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import FindingState
from bwc_audit.store.tables import (
    FindingRow,
    ObservationRow,
    RepeatedObservationRow,
    RunAnswerRow,
    RunResultRow,
    table_of,
)


def _both(first: str, second: str, *columns: Any, one: Any, other: Any) -> Select[Any]:
    """Assignments that both runs judged; ``one`` and ``other`` are the results of the first and the second."""
    before, after = aliased(table_of(RunAnswerRow)), aliased(table_of(RunAnswerRow))
    return (
        select(*columns)
        .select_from(before)
        .join(after, (after.c.incident_id == before.c.incident_id) & (after.c.run_id == second))
        .join(one, (one.c.run_id == before.c.origin_run_id) & (one.c.incident_id == before.c.incident_id))
        .join(
            other,
            (other.c.run_id == after.c.origin_run_id)
            & (other.c.incident_id == after.c.incident_id)
            & (other.c.officer_id == one.c.officer_id),
        )
        .where(before.c.run_id == first)
    )


def count_moves(session: Session, first: str, second: str) -> dict[tuple[Outcome, Outcome], int]:
    """How many assignments came out (so in the first, so in the second)."""
    one, other = aliased(table_of(RunResultRow)), aliased(table_of(RunResultRow))
    query = _both(first, second, one.c.outcome, other.c.outcome, func.count(), one=one, other=other)
    rows = session.connection().execute(query.group_by(one.c.outcome, other.c.outcome))
    return {(Outcome(before), Outcome(after)): count for before, after, count in rows}


@dataclass(frozen=True, slots=True)
class MovedResult:
    """An assignment that came out otherwise, or for another reason."""

    incident_id: str
    officer_id: str
    before: Outcome
    before_reason: str | None
    after: Outcome
    after_reason: str | None


def moved(session: Session, first: str, second: str, limit: int) -> tuple[MovedResult, ...]:
    """The assignments that do not stand the same in both, by incident and officer, at most so many."""
    one, other = aliased(table_of(RunResultRow)), aliased(table_of(RunResultRow))
    columns = (one.c.incident_id, one.c.officer_id, one.c.outcome, one.c.reason, other.c.outcome, other.c.reason)
    query = _both(first, second, *columns, one=one, other=other).where(
        or_(one.c.outcome != other.c.outcome, func.coalesce(one.c.reason, "") != func.coalesce(other.c.reason, ""))
    )
    rows = session.connection().execute(query.order_by(one.c.incident_id, one.c.officer_id).limit(limit))
    return tuple(
        MovedResult(incident_id, officer_id, Outcome(before), why, Outcome(after), why_now)
        for incident_id, officer_id, before, why, after, why_now in rows
    )


@dataclass(frozen=True, slots=True)
class FindingMove:
    """A finding that one of two runs states open and the other does not. ``is_new``: it is the second that states it."""

    finding_id: str
    kind: str
    incident_id: str | None
    officer_id: str | None
    is_new: bool


def count_findings(session: Session, first: str, second: str) -> list[tuple[str, int, int]]:
    """(kind, open in the first, open in the second), by kind."""
    counts: dict[str, list[int]] = {}
    finding = table_of(FindingRow).c
    for place, run_id in enumerate((first, second)):
        query = select(finding.kind, func.count()).where(finding.fingerprint.in_(_open_in(run_id))).group_by(finding.kind)
        for kind, count in session.connection().execute(query):
            counts.setdefault(kind, [0, 0])[place] += count
    return [(kind, counts[kind][0], counts[kind][1]) for kind in sorted(counts)]


def moved_findings(
    session: Session, first: str, second: str, limit: int, *, is_same_period: bool
) -> tuple[FindingMove, ...]:
    """The findings that only one of the runs states open, by incident, at most so many: at incidents that both judged, since
    elsewhere a run that did not look says nothing; those of no incident only where both are about the same period.

    Findings of one kind, incident, officer and recording (else device) are the same, whatever clause each policy names."""
    finding, answer = table_of(FindingRow).c, table_of(RunAnswerRow).c
    judged = [
        finding.incident_id.in_(select(answer.incident_id).where(answer.run_id == run_id)) for run_id in (first, second)
    ]
    is_comparable = or_(and_(*judged), finding.incident_id.is_(None)) if is_same_period else and_(*judged)
    found = []
    for states, does_not, is_new in ((first, second, False), (second, first, True)):
        query = (
            select(finding.finding_id, finding.kind, finding.incident_id, finding.officer_id)
            .where(finding.fingerprint.in_(_open_in(states)), is_comparable)
            .where(tuple_(*_subject(finding)).not_in(_subjects_open_in(does_not)))
            .order_by(func.coalesce(finding.incident_id, ""), finding.finding_id)
            .limit(limit)
        )
        for finding_id, kind, incident_id, officer_id in session.connection().execute(query):
            found.append(FindingMove(finding_id, kind, incident_id, officer_id, is_new))
    return tuple(sorted(found, key=lambda one: (one.incident_id or "", one.finding_id, one.is_new))[:limit])


def _subject(finding: Any) -> tuple[Any, ...]:
    return (
        finding.kind,
        func.coalesce(finding.incident_id, ""),
        func.coalesce(finding.officer_id, ""),
        func.coalesce(finding.recording_id, finding.device_id, ""),
    )


def _subjects_open_in(run_id: str) -> Select[Any]:
    other = aliased(table_of(FindingRow)).c
    return select(*_subject(other)).where(other.fingerprint.in_(_open_in(run_id)))


def _open_in(run_id: str) -> CompoundSelect[Any]:
    """Fingerprints of the findings that a run saw open."""
    parts = []
    for model in (ObservationRow, RepeatedObservationRow):
        seen = table_of(model).c
        parts.append(select(seen.fingerprint).where(seen.run_id == run_id, seen.state == FindingState.OPEN))
    return union_all(*parts)
