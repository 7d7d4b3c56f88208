"""What turned in a run, in and out of the store; and what earlier runs said of each assignment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlmodel import Session

from bwc_audit.domain.results import Outcome
from bwc_audit.domain.times import DAY_US
from bwc_audit.domain.turned import EarlierOutcome, Turn, Turned
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.bulk import AT_ONCE, chunks, insert_rows, is_one_of
from bwc_audit.store.tables import RunAnswerRow, RunIncidentRow, RunResultRow, RunRow, RunTurnRow, table_of

_COLUMNS = (
    *("run_id", "ordinal", "turn", "incident_id", "officer_id", "now", "now_reason"),
    *("before", "before_reason", "before_run_id"),
)

#: Pending results of so long before a night are counted.
_LEFT_US = 31 * DAY_US


@dataclass(frozen=True, slots=True)
class Earlier:
    """For each incident the newest decided run of the source that judged it, and the run under which its rows stand."""

    runs: Mapping[str, tuple[str, str]]

    @staticmethod
    def of(session: Session, source: str, incident_ids: Collection[str]) -> Earlier:
        """Those of these incidents; one that was never judged is left out."""
        answer, run = table_of(RunAnswerRow).c, table_of(RunRow).c
        newest: dict[str, tuple[int, str, str]] = {}
        for chunk in chunks(sorted(incident_ids), AT_ONCE):
            query = (
                select(answer.incident_id, run.started_us, run.run_id, answer.origin_run_id)
                .join(table_of(RunRow), run.run_id == answer.run_id)
                .where(is_one_of(session, answer.incident_id, chunk), run.source == source, run.status.in_(DECIDED))
            )
            for incident_id, *seen in session.connection().execute(query):
                newest[incident_id] = max(tuple(seen), newest.get(incident_id, (-1, "", "")))
        return Earlier({incident_id: (run_id, origin) for incident_id, (_, run_id, origin) in newest.items()})

    def outcomes(self, session: Session) -> dict[tuple[str, str], EarlierOutcome]:
        """The outcome of each assignment."""
        result = table_of(RunResultRow).c
        rows = self._rows(session, result.run_id, result.incident_id, result.officer_id, result.outcome, result.reason)
        return {
            (incident_id, officer_id): EarlierOutcome(self.runs[incident_id][0], Outcome(outcome), reason)
            for incident_id, officer_id, outcome, reason in rows
        }

    def openings(self, session: Session) -> dict[str, int]:
        """When each incident was opened; microseconds UTC, CAD clock."""
        incident = table_of(RunIncidentRow).c
        return dict(map(tuple, self._rows(session, incident.run_id, incident.incident_id, incident.opened_us)))

    def _rows(
        self, session: Session, of_run: ColumnElement[str], of_incident: ColumnElement[str], *more: ColumnElement[Any]
    ) -> Iterator[Row[Any]]:
        by_origin: dict[str, list[str]] = defaultdict(list)
        for incident_id, (_, origin) in self.runs.items():
            by_origin[origin].append(incident_id)
        for origin, named in by_origin.items():
            for chunk in chunks(named, AT_ONCE):
                query = select(of_incident, *more).where(of_run == origin, is_one_of(session, of_incident, chunk))
                yield from session.connection().execute(query)


def count_left_pending(session: Session, source: str, before_us: int) -> int:
    """How many assignments of calls of the month before a moment are pending as they were judged last."""
    run, result, incident = (table_of(row).c for row in (RunRow, RunResultRow, RunIncidentRow))
    since_us = before_us - _LEFT_US
    near = select(run.run_id).where(run.source == source, run.period_start_us < before_us, run.period_end_us > since_us)
    query = (
        select(result.incident_id)
        .join(table_of(RunIncidentRow), (incident.run_id == result.run_id) & (incident.incident_id == result.incident_id))
        .where(result.run_id.in_(near), result.outcome == Outcome.PENDING)
        .where(incident.opened_us >= since_us, incident.opened_us < before_us)
        .distinct()
    )
    judged = Earlier.of(session, source, set(session.connection().scalars(query))).outcomes(session)
    return sum(one.outcome is Outcome.PENDING for one in judged.values())


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
