"""What turned in a run, in and out of the store; and what earlier runs said of each assignment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from bwc_audit.domain.results import Outcome
from bwc_audit.domain.turned import EarlierOutcome, Turn, Turned
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.bulk import AT_ONCE, chunks, insert_rows, is_one_of
from bwc_audit.store.tables import RunAnswerRow, RunResultRow, RunRow, RunTurnRow, table_of

_COLUMNS = (
    *("run_id", "ordinal", "turn", "incident_id", "officer_id", "now", "now_reason"),
    *("before", "before_reason", "before_run_id"),
)


def earlier_outcomes(session: Session, source: str, incident_ids: Collection[str]) -> dict[tuple[str, str], EarlierOutcome]:
    """The outcome of each assignment of these incidents in the newest decided run of the source that judged the incident."""
    found: dict[tuple[str, str], EarlierOutcome] = {}
    for chunk in chunks(sorted(incident_ids), AT_ONCE):
        by_origin: dict[str, dict[str, str]] = {}
        for incident_id, (_, run_id, origin) in _newest(session, source, chunk).items():
            by_origin.setdefault(origin, {})[incident_id] = run_id
        result = table_of(RunResultRow).c
        for origin, run_of in by_origin.items():
            query = select(result.incident_id, result.officer_id, result.outcome, result.reason).where(
                result.run_id == origin, is_one_of(session, result.incident_id, run_of)
            )
            for incident_id, officer_id, outcome, reason in session.connection().execute(query):
                found[incident_id, officer_id] = EarlierOutcome(run_of[incident_id], Outcome(outcome), reason)
    return found


def _newest(session: Session, source: str, incident_ids: Sequence[str]) -> dict[str, tuple[int, str, str]]:
    answer, run = table_of(RunAnswerRow).c, table_of(RunRow).c
    query = (
        select(answer.incident_id, run.started_us, run.run_id, answer.origin_run_id)
        .join(table_of(RunRow), run.run_id == answer.run_id)
        .where(is_one_of(session, answer.incident_id, incident_ids), run.source == source, run.status.in_(DECIDED))
    )
    newest: dict[str, tuple[int, str, str]] = {}
    for incident_id, *seen in session.connection().execute(query):
        newest[incident_id] = max(tuple(seen), newest.get(incident_id, (-1, "", "")))
    return newest


def add_turns(session: Session, run_id: str, turns: Sequence[Turned]) -> None:
    """Add turns to those that a running run has recorded."""
    table = table_of(RunTurnRow)
    last = session.connection().scalar(select(func.max(table.c.ordinal)).where(table.c.run_id == run_id))
    rows = (
        (run_id, ordinal, one.turn, one.incident_id, one.officer_id, one.now, one.now_reason, *_before(one))
        for ordinal, one in enumerate(turns, 0 if last is None else last + 1)
    )
    insert_rows(session, table, _COLUMNS, rows)


def _before(one: Turned) -> tuple[Any, ...]:
    before = one.before
    return (None, None, None) if before is None else (before.outcome, before.reason, before.run_id)


def load_turns(session: Session, run_id: str, *, turn: Turn | None = None, limit: int | None = None) -> tuple[Turned, ...]:
    """What turned in a run, in the order it was recorded; all of it, or one kind; at most so many."""
    table = table_of(RunTurnRow)
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.ordinal).limit(limit)
    if turn is not None:
        query = query.where(table.c.turn == turn)
    return tuple(_turned_of(dict(row)) for row in session.connection().execute(query).mappings())


def _turned_of(row: dict[str, Any]) -> Turned:
    before = None
    if row["before_run_id"] is not None:
        before = EarlierOutcome(row["before_run_id"], Outcome(row["before"]), row["before_reason"])
    return Turned(
        Turn(row["turn"]),
        row["incident_id"],
        row["officer_id"],
        Outcome(row["now"]),
        row["now_reason"],
        before,
    )


def count_turns(session: Session, run_id: str) -> dict[str, int]:
    """How many assignments of a run took each turn, zeros included."""
    table = table_of(RunTurnRow).c
    query = select(table.turn, func.count()).where(table.run_id == run_id).group_by(table.turn)
    found = {row[0]: row[1] for row in session.connection().execute(query)}
    return {f"turned_{turn.value}": found.get(turn.value, 0) for turn in Turn}
