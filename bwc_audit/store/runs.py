"""Audit runs in the store: opened, recorded in one piece, closed; read back as the values they were.

A finished run is sealed by the database itself. What a decision means, and how findings stand against earlier runs, is
decided elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlmodel import Session

from bwc_audit.domain.results import Decision
from bwc_audit.domain.runs import FindingState, ObservedFinding, RunRequest, RunStatus
from bwc_audit.domain.times import DAY_US, at_of
from bwc_audit.errors import StoreError
from bwc_audit.store import run_rows
from bwc_audit.store.answers import Answers, answers_of, load_incidents, load_results, load_segments, record_answers
from bwc_audit.store.observations import (
    Surroundings,
    forget_observed,
    load_observed,
    previous_observations,
    record_observed,
)
from bwc_audit.store.run_list import latest_rerun, latest_run, load_run, load_runs, runs_with_incident
from bwc_audit.store.run_notes import forget_notes
from bwc_audit.store.run_rows import Content
from bwc_audit.store.tables import (
    ObservationRow,
    RepeatedObservationRow,
    RunAnswerRow,
    RunIncidentRow,
    RunLanesRow,
    RunResultRow,
    RunRow,
    RunTurnRow,
    table_of,
)

__all__ = [
    "add_decision",
    "close_run",
    "count_findings",
    "days_with_incidents",
    "forget_recorded",
    "latest_rerun",
    "latest_run",
    "load_incidents",
    "load_observed",
    "load_results",
    "load_run",
    "load_runs",
    "load_segments",
    "mark_abandoned",
    "mark_planned",
    "new_run_id",
    "open_run",
    "previous_observations",
    "record_decision",
    "running_run_ids",
    "runs_with_incident",
]


def new_run_id(started_us: int) -> str:
    """An opaque id that sorts by start: UTC stamp with microseconds and eight random hexadecimal digits."""
    return f"{at_of(started_us):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}"


def open_run(
    session: Session,
    request: RunRequest,
    *,
    started_us: int,
    software_version: str,
    inspector_version: str = "",
    run_id: str | None = None,
) -> str:
    """Store that a run has begun (status *running*) and return its id. A given ``run_id`` that exists is taken as is:
    opening it again changes nothing. Raises ``StoreError`` where that run was asked for something else or is over."""
    if run_id is not None:
        existing = load_run(session, run_id)
        if existing is not None:
            if existing.status is not RunStatus.RUNNING or existing.request != request:
                raise StoreError(f"run {run_id} is {existing.status} or was asked for something else: start a new run")
            return run_id
    run_id = run_id or new_run_id(started_us)
    session.connection().execute(
        insert(table_of(RunRow)).values(
            run_id=run_id,
            **run_rows.request_values(request),
            status=RunStatus.RUNNING,
            started_us=started_us,
            software_version=software_version,
            inspector_version=inspector_version,
            inputs_hash="",
            counts={},
            not_examined=[],
        )
    )
    return run_id


def running_run_ids(session: Session) -> tuple[str, ...]:
    """The ids of all runs stored as *running*, ascending."""
    run = table_of(RunRow).c
    query = select(run.run_id).where(run.status == RunStatus.RUNNING).order_by(run.run_id)
    return tuple(session.connection().scalars(query))


def mark_abandoned(
    session: Session, *, started_before_us: int, finished_us: int, run_ids: Collection[str] = ()
) -> tuple[str, ...]:
    """Record as *failed* the runs still *running* that began before a moment, or are among ``run_ids``: their program is
    gone. Returns them."""
    run = table_of(RunRow)
    query = (
        update(run)
        .where(
            run.c.status == RunStatus.RUNNING,
            or_(run.c.started_us < started_before_us, run.c.run_id.in_(run_ids)),
        )
        .values(
            status=RunStatus.FAILED,
            finished_us=finished_us,
            not_examined=["the run was interrupted before it was finished"],
        )
        .returning(run.c.run_id)
    )
    return tuple(sorted(session.connection().scalars(query)))


def record_decision(session: Session, run_id: str, decision: Decision, observed: Sequence[ObservedFinding]) -> None:
    """Store all that a running run decided, in one piece; what it had recorded before is replaced.

    ``observed`` may hold earlier findings that are resolved or replaced now. Raises ``StoreError`` where the run is
    not running.
    """
    _require_running(session, run_id)
    forget_recorded(session, run_id)
    add_decision(session, run_id, decision, observed)
    _update(session, run_id, counts=decision.counts, not_examined=list(decision.not_examined))


def add_decision(
    session: Session,
    run_id: str,
    decision: Decision,
    observed: Sequence[ObservedFinding],
    chunk: int = 0,
    answers: Answers | None = None,
    contents: Mapping[str, Content] = MappingProxyType({}),
) -> int:
    """Add what a running run decided for one chunk of its period to what it recorded so far; returns how many answers had to
    be stored anew. ``answers``: of the decision; ``contents``: of its findings, by fingerprint; where they are at hand.
    Raises ``StoreError`` where the run is not running."""
    results, observations = _require_running(session, run_id)
    stored = record_answers(session, run_id, answers or answers_of(decision), chunk)
    added = record_observed(session, run_id, observed, Surroundings.of(decision), observations, contents)
    _update(
        session,
        run_id,
        result_count=results + len(decision.results),
        observation_count=observations + added,
    )
    return stored


def forget_recorded(session: Session, run_id: str) -> None:
    """Remove all that a running run recorded so far; findings that it observed go back to what the runs before it said."""
    forget_observed(session, run_id)
    forget_notes(session, run_id)
    for model in (RunTurnRow, RunAnswerRow, RunResultRow, RunIncidentRow, RunLanesRow):
        table = table_of(model)
        session.connection().execute(delete(table).where(table.c.run_id == run_id))
    _update(session, run_id, result_count=None, observation_count=None)


def mark_planned(session: Session, run_id: str, inputs_hash: str) -> None:
    """Record on what inputs the plan of a running run rests."""
    _require_running(session, run_id)
    _update(session, run_id, inputs_hash=inputs_hash)


def count_findings(session: Session, run_id: str) -> dict[str, int]:
    """How many findings a run saw open: firm ones, and borderline ones."""
    content = table_of(ObservationRow).c
    found = {False: 0, True: 0}
    for model in (ObservationRow, RepeatedObservationRow):
        seen = table_of(model).c
        origin = seen.run_id if model is ObservationRow else seen.origin_run_id
        query = (
            select(content.is_borderline, func.count())
            .where(seen.run_id == run_id, seen.state == FindingState.OPEN)
            .group_by(content.is_borderline)
        )
        if model is not ObservationRow:
            query = query.where(content.run_id == origin, content.fingerprint == seen.fingerprint)
        for is_borderline, count in session.connection().execute(query):
            found[bool(is_borderline)] += count
    return {"findings": found[False], "findings_borderline": found[True]}


def days_with_incidents(session: Session, run_id: str, start_us: int) -> frozenset[int]:
    """In which stretches of 24 h from a moment on an incident of the run was opened, numbered from 0."""
    answer, incident = table_of(RunAnswerRow).c, table_of(RunIncidentRow).c
    day = (incident.opened_us - start_us) // DAY_US
    query = (
        select(day)
        .where(answer.run_id == run_id, incident.run_id == answer.origin_run_id)
        .where(incident.incident_id == answer.incident_id)
        .distinct()
    )
    return frozenset(session.connection().scalars(query))


def _update(session: Session, run_id: str, **values: Any) -> None:
    run = table_of(RunRow)
    session.connection().execute(update(run).where(run.c.run_id == run_id).values(values))


def close_run(
    session: Session,
    run_id: str,
    *,
    status: RunStatus,
    finished_us: int,
    counts: dict[str, int] | None = None,
    not_examined: Sequence[str] | None = None,
    inputs_hash: str = "",
) -> None:
    """End a run; from here on the database refuses any change to it. ``counts`` and ``not_examined`` None: as
    recorded with the decision. Raises ``StoreError`` where the run is not running."""
    _require_running(session, run_id)
    values: dict[str, Any] = {"status": status, "finished_us": finished_us, "inputs_hash": inputs_hash}
    if counts is not None:
        values["counts"] = counts
    if not_examined is not None:
        values["not_examined"] = list(not_examined)
    _update(session, run_id, **values)


def _require_running(session: Session, run_id: str) -> tuple[int, int]:
    """(results, findings) recorded so far."""
    run = table_of(RunRow).c
    query = select(run.status, run.result_count, run.observation_count).where(run.run_id == run_id).with_for_update()
    row = session.connection().execute(query).one_or_none()
    if row is None or row.status != RunStatus.RUNNING:
        raise StoreError(f"run {run_id} is {row.status if row else 'not there'}: only a running run can be written")
    return row.result_count or 0, row.observation_count or 0
