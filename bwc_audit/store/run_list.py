"""Stored runs, found: one by its id, the newest of a kind, those that a list asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlmodel import Session

from bwc_audit.domain.runs import Run, RunKind
from bwc_audit.store import run_rows
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.tables import RunAnswerRow, RunRow, table_of

Clause = ColumnElement[bool]


def load_run(session: Session, run_id: str) -> Run | None:
    """The run with this id; None where there is none."""
    run = table_of(RunRow)
    row = session.connection().execute(select(run).where(run.c.run_id == run_id)).mappings().one_or_none()
    return None if row is None else run_rows.run_of(dict(row))


def load_runs(
    session: Session, limit: int = 50, *, source: str | None = None, wanted: Sequence[Clause] = (), offset: int = 0
) -> tuple[Run, ...]:
    """The latest runs, newest first; of those that ``wanted`` asks for, leaving out the first ``offset``."""
    return _runs(session, _newest(source=source).where(*wanted).limit(limit).offset(offset))


def count_runs(session: Session, source: str, wanted: Sequence[Clause] = ()) -> int:
    """How many runs over a source there are of those asked for."""
    run = table_of(RunRow)
    query = select(func.count()).select_from(run).where(run.c.source == source, *wanted)
    return session.connection().scalar(query) or 0


def is_of(column: str, value: str) -> Clause:
    """Runs whose column has this value."""
    clause: Clause = table_of(RunRow).c[column] == value
    return clause


def is_decided() -> Clause:
    """Runs that came to a decision."""
    return table_of(RunRow).c.status.in_(DECIDED)


def decided_a_period() -> Clause:
    """Runs over a period, rather than one incident, that came to a decision."""
    return and_(table_of(RunRow).c.kind != RunKind.INCIDENT, is_decided())


def is_between(start_us: int | None, end_us: int | None) -> Clause:
    """Runs whose period touches ``[start_us, end_us)``; None: open on that side."""
    run = table_of(RunRow).c
    sides = [run.period_end_us > start_us] if start_us is not None else []
    sides += [run.period_start_us < end_us] if end_us is not None else []
    return and_(*sides)


def has_text(text: str) -> Clause:
    """Runs whose id, incident, requester or reason holds a text, in either case."""
    run = table_of(RunRow).c
    return or_(
        *(column.icontains(text, autoescape=True) for column in (run.run_id, run.incident_id, run.requester, run.reason))
    )


def latest_run(
    session: Session,
    *,
    kind: RunKind | None = None,
    source: str | None = None,
    incident_id: str | None = None,
    is_decided: bool = True,
    before: Run | None = None,
) -> Run | None:
    """The newest run of a kind; with ``incident_id``, the newest that has that incident in its results; with ``before``,
    the newest that had begun before that one.

    ``is_decided``: only runs that came to a decision (complete or incomplete).
    """
    run, answer = table_of(RunRow).c, table_of(RunAnswerRow).c
    query = _newest(source=source).limit(1)
    if kind is not None:
        query = query.where(run.kind == kind)
    if is_decided:
        query = query.where(run.status.in_(DECIDED))
    if before is not None:
        is_earlier = and_(run.started_us == before.started_us, run.run_id < before.run_id)
        query = query.where(or_(run.started_us < before.started_us, is_earlier))
    if incident_id is not None:
        query = query.where(exists().where(answer.run_id == run.run_id, answer.incident_id == incident_id))
    return next(iter(_runs(session, query)), None)


def runs_with_incident(session: Session, source: str, incident_id: str) -> tuple[Run, ...]:
    """The decided runs over a source that say something of an incident, newest first."""
    run, answer = table_of(RunRow).c, table_of(RunAnswerRow).c
    with_incident = select(answer.run_id).where(answer.incident_id == incident_id)
    return _runs(session, _newest(source).where(run.status.in_(DECIDED), run.run_id.in_(with_incident)))


def latest_rerun(session: Session, source: str, incident_id: str) -> Run | None:
    """The newest re-run that was asked for of an incident, whatever became of it."""
    run = table_of(RunRow).c
    asked = (run.kind == RunKind.INCIDENT, run.incident_id == incident_id)
    return next(iter(_runs(session, _newest(source).where(*asked).limit(1))), None)


def _newest(source: str | None) -> Select[Any]:
    run = table_of(RunRow)
    query = select(run).order_by(run.c.started_us.desc(), run.c.run_id.desc())
    return query if source is None else query.where(run.c.source == source)


def _runs(session: Session, query: Select[Any]) -> tuple[Run, ...]:
    return tuple(run_rows.run_of(dict(row)) for row in session.connection().execute(query).mappings())
