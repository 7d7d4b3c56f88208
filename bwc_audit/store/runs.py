"""Audit runs in the store: opened, recorded in one piece, closed; read back as the values they were.

A finished run is sealed by the database itself. What a decision means, and how findings stand against earlier runs, is
decided elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from bwc_audit.domain.findings import Explanation, FindingKind
from bwc_audit.domain.results import AssignmentResult, Decision, IncidentResult, PlacedSegment
from bwc_audit.domain.runs import FindingState, ObservedFinding, Run, RunKind, RunRequest, RunStatus
from bwc_audit.domain.times import Span, at_of
from bwc_audit.errors import StoreError
from bwc_audit.store import run_rows
from bwc_audit.store.bulk import chunks, insert_rows
from bwc_audit.store.columns import Stored
from bwc_audit.store.dispositions import latest_decisions
from bwc_audit.store.tables import (
    DispositionRow,
    ExplanationRow,
    FindingRow,
    ObservationRow,
    RunIncidentRow,
    RunResultRow,
    RunRow,
    RunSegmentRow,
    table_of,
)

_DECIDED = (RunStatus.COMPLETE, RunStatus.INCOMPLETE)


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
    """Store all that a running run decided; what it had recorded before is replaced.

    ``observed`` may hold earlier findings that are resolved now. Raises ``StoreError`` where the run is not running.
    """
    _require_running(session, run_id)
    _clear(session, run_id)
    results, incidents, segments = decision.results, decision.incidents, decision.segments
    _insert(session, RunResultRow, run_rows.RESULT_COLUMNS, _numbered(run_rows.result_row, run_id, results))
    _insert(session, RunIncidentRow, run_rows.INCIDENT_COLUMNS, _numbered(run_rows.incident_row, run_id, incidents))
    _insert(session, RunSegmentRow, run_rows.SEGMENT_COLUMNS, _numbered(run_rows.segment_row, run_id, segments))
    _upsert_findings(session, run_id, observed)
    _insert(session, ObservationRow, run_rows.OBSERVATION_COLUMNS, _numbered(run_rows.observation_row, run_id, observed))
    explanations = (row for item in observed for row in run_rows.explanation_rows(run_id, item.finding))
    _insert(session, ExplanationRow, run_rows.EXPLANATION_COLUMNS, explanations)
    _restate_findings(session, run_id)
    run = table_of(RunRow)
    session.connection().execute(
        update(run)
        .where(run.c.run_id == run_id)
        .values(
            result_count=len(results),
            observation_count=len(observed),
            counts=decision.counts,
            not_examined=list(decision.not_examined),
        )
    )


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
    run = table_of(RunRow)
    values: dict[str, Any] = {"status": status, "finished_us": finished_us, "inputs_hash": inputs_hash}
    if counts is not None:
        values["counts"] = counts
    if not_examined is not None:
        values["not_examined"] = list(not_examined)
    session.connection().execute(update(run).where(run.c.run_id == run_id).values(values))


def load_run(session: Session, run_id: str) -> Run | None:
    """The run with this id; None where there is none."""
    run = table_of(RunRow)
    row = session.connection().execute(select(run).where(run.c.run_id == run_id)).mappings().one_or_none()
    return None if row is None else run_rows.run_of(dict(row))


def load_runs(session: Session, limit: int = 50, *, source: str | None = None) -> tuple[Run, ...]:
    """The latest runs, newest first."""
    return _runs(session, _newest(source=source).limit(limit))


def latest_run(
    session: Session,
    *,
    kind: RunKind | None = None,
    source: str | None = None,
    incident_id: str | None = None,
    is_decided: bool = True,
) -> Run | None:
    """The newest run of a kind; with ``incident_id``, the newest that has that incident in its results.

    ``is_decided``: only runs that came to a decision (complete or incomplete).
    """
    run, result = table_of(RunRow).c, table_of(RunResultRow).c
    query = _newest(source=source).limit(1)
    if kind is not None:
        query = query.where(run.kind == kind)
    if is_decided:
        query = query.where(run.status.in_(_DECIDED))
    if incident_id is not None:
        query = query.where(exists().where(result.run_id == run.run_id, result.incident_id == incident_id))
    return next(iter(_runs(session, query)), None)


def _newest(source: str | None) -> Select[Any]:
    run = table_of(RunRow)
    query = select(run).order_by(run.c.started_us.desc(), run.c.run_id.desc())
    return query if source is None else query.where(run.c.source == source)


def _runs(session: Session, query: Select[Any]) -> tuple[Run, ...]:
    return tuple(run_rows.run_of(dict(row)) for row in session.connection().execute(query).mappings())


def load_results(session: Session, run_id: str, *, incident_id: str | None = None) -> tuple[AssignmentResult, ...]:
    """The results of a run, in the order of the decision."""
    return tuple(map(run_rows.result_of, _rows_of_run(session, RunResultRow, run_id, incident_id)))


def load_incidents(session: Session, run_id: str, *, incident_id: str | None = None) -> tuple[IncidentResult, ...]:
    """The incidents of a run, in the order of the decision."""
    return tuple(map(run_rows.incident_of, _rows_of_run(session, RunIncidentRow, run_id, incident_id)))


def load_segments(session: Session, run_id: str, *, incident_id: str | None = None) -> tuple[PlacedSegment, ...]:
    """The placed segments of a run, in the order of the decision."""
    return tuple(map(run_rows.segment_of, _rows_of_run(session, RunSegmentRow, run_id, incident_id)))


def _rows_of_run(session: Session, model: type[Stored], run_id: str, incident_id: str | None) -> list[dict[str, Any]]:
    table = table_of(model)
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.ordinal)
    if incident_id is not None:
        query = query.where(table.c.incident_id == incident_id)
    return [dict(row) for row in session.connection().execute(query).mappings()]


def load_observed(
    session: Session,
    run_id: str,
    *,
    incident_id: str | None = None,
    officer_id: str | None = None,
    kind: FindingKind | None = None,
    state: FindingState | None = None,
    include_borderline: bool = True,
) -> tuple[ObservedFinding, ...]:
    """The findings a run observed, in the order they were recorded, each with the latest disposition."""
    observation, finding = table_of(ObservationRow).c, table_of(FindingRow).c
    query = _observations().where(observation.run_id == run_id).order_by(observation.ordinal)
    wanted = ((finding.incident_id, incident_id), (finding.officer_id, officer_id), (finding.kind, kind))
    for column, value in (*wanted, (observation.state, state)):
        if value is not None:
            query = query.where(column == value)
    if not include_borderline:
        query = query.where(~observation.is_borderline)
    return _observed(session, query)


def previous_observations(
    session: Session,
    source: str,
    *,
    period: Span,
    incident_ids: Collection[str] | None = None,
    fingerprints: Collection[str] = (),
) -> dict[str, ObservedFinding]:
    """The last known observation of each finding that a new run over this scope states or may resolve, by fingerprint.

    ``fingerprints``: those it states, compared wherever they were seen before. Further, ``incident_ids`` given (re-run): the
    findings of these incidents; None: those of incidents opened in the period, those whose own time lies in it (or whose run
    covers it, where they name no time), and videos without metadata. Only runs of the same source that decided count.
    """
    run, observation, finding = table_of(RunRow).c, table_of(ObservationRow).c, table_of(FindingRow).c
    base = _observations().join(table_of(RunRow), run.run_id == observation.run_id)
    base = base.where(run.source == source, run.status.in_(_DECIDED))
    in_question = set(fingerprints)
    if incident_ids is None:
        in_scope = base.with_only_columns(observation.fingerprint).where(_in_period(period)).distinct()
        in_question.update(session.connection().scalars(in_scope))
    else:
        for chunk in chunks(sorted(set(incident_ids)), 500):
            named = base.with_only_columns(observation.fingerprint).where(finding.incident_id.in_(chunk)).distinct()
            in_question.update(session.connection().scalars(named))
    found: dict[str, ObservedFinding] = {}
    for chunk in chunks(sorted(in_question), 500):
        found |= _latest_of_each(session, base.where(observation.fingerprint.in_(chunk)))
    return found


def _in_period(period: Span) -> Any:
    run, observation, finding = table_of(RunRow).c, table_of(ObservationRow).c, table_of(FindingRow).c
    incident = table_of(RunIncidentRow)
    opened_us = (
        select(incident.c.opened_us)
        .where(incident.c.run_id == observation.run_id, incident.c.incident_id == finding.incident_id)
        .scalar_subquery()
    )
    time_us = func.coalesce(opened_us, observation.at_us)
    return or_(
        and_(
            run.period_start_us < period.end_us,
            run.period_end_us > period.start_us,
            or_(time_us.is_(None), and_(time_us >= period.start_us, time_us < period.end_us)),
        ),
        # A video without metadata has no time: every run judges all of them.
        finding.kind == FindingKind.METADATA_MISSING,
    )


def _latest_of_each(session: Session, query: Select[Any]) -> dict[str, ObservedFinding]:
    run, observation = table_of(RunRow).c, table_of(ObservationRow).c
    rank = func.row_number().over(partition_by=observation.fingerprint, order_by=(run.started_us.desc(), run.run_id.desc()))
    ranked = query.add_columns(rank.label("age")).subquery()
    newest = select(ranked).where(ranked.c.age == 1).order_by(ranked.c.fingerprint)
    return {item.finding.fingerprint: item for item in _observed(session, newest)}


def _observations() -> Select[Any]:
    observation, finding = table_of(ObservationRow), table_of(FindingRow)
    identity = [finding.c[name] for name in ("finding_id", "kind", "incident_id", "officer_id", "clause")]
    return select(observation, *identity).join_from(observation, finding, observation.c.fingerprint == finding.c.fingerprint)


def _observed(session: Session, query: Select[Any]) -> tuple[ObservedFinding, ...]:
    rows = [dict(row) for row in session.connection().execute(query).mappings()]
    explanations = _explanations(session, rows)
    decisions = latest_decisions(session, {row["fingerprint"] for row in rows})
    return tuple(
        run_rows.observed_of(
            row,
            tuple(explanations.get((row["run_id"], row["fingerprint"]), ())),
            decisions.get(row["fingerprint"]),
        )
        for row in rows
    )


def _explanations(session: Session, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[Explanation]]:
    table = table_of(ExplanationRow)
    found: dict[tuple[str, str], list[Explanation]] = {}
    for chunk in chunks(rows, 500):
        query = select(table).where(
            table.c.run_id.in_({row["run_id"] for row in chunk}),
            table.c.fingerprint.in_({row["fingerprint"] for row in chunk}),
        )
        query = query.order_by(table.c.run_id, table.c.fingerprint, table.c.ordinal)
        for row in session.connection().execute(query).mappings():
            found.setdefault((row["run_id"], row["fingerprint"]), []).append(run_rows.explanation_of(dict(row)))
    return found


def _require_running(session: Session, run_id: str) -> None:
    run = table_of(RunRow).c
    query = select(run.status).where(run.run_id == run_id).with_for_update()
    status = session.connection().scalar(query)
    if status != RunStatus.RUNNING:
        raise StoreError(f"run {run_id} is {status or 'not there'}: only a running run can be written")


def _numbered(row_of: Any, run_id: str, values: Sequence[Any]) -> Any:
    return (row_of(run_id, ordinal, value) for ordinal, value in enumerate(values))


def _insert(session: Session, model: type[Stored], columns: Sequence[str], rows: Any) -> None:
    insert_rows(session, table_of(model), columns, rows)


def _clear(session: Session, run_id: str) -> None:
    for model in (ExplanationRow, ObservationRow, RunResultRow, RunIncidentRow, RunSegmentRow):
        table = table_of(model)
        session.connection().execute(delete(table).where(table.c.run_id == run_id))


def _upsert_findings(session: Session, run_id: str, observed: Sequence[ObservedFinding]) -> None:
    if not observed:
        return
    connection, table = session.connection(), table_of(FindingRow)
    values = [dict(zip(run_rows.FINDING_COLUMNS, run_rows.finding_row(run_id, item), strict=True)) for item in observed]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    renewed = {name: statement.excluded[name] for name in ("device_id", "recording_id", "last_run_id", "state")}
    connection.execute(statement.on_conflict_do_update(index_elements=["fingerprint"], set_=renewed), values)


def _restate_findings(session: Session, run_id: str) -> None:
    """Where a run is recorded anew, findings that it no longer observes go back to what the runs before it said."""
    connection, table, seen = session.connection(), table_of(FindingRow), table_of(ObservationRow).c
    disposition = table_of(DispositionRow).c
    is_unseen_here = ~exists().where(seen.fingerprint == table.c.fingerprint, seen.run_id == run_id)
    is_disposed = exists().where(disposition.fingerprint == table.c.fingerprint)
    connection.execute(
        delete(table).where(table.c.first_run_id == run_id, table.c.last_run_id == run_id, is_unseen_here, ~is_disposed)
    )
    newest = select(seen.run_id).where(seen.fingerprint == table.c.fingerprint).order_by(seen.run_id.desc()).limit(1)
    state = select(seen.state).where(seen.fingerprint == table.c.fingerprint).order_by(seen.run_id.desc()).limit(1)
    connection.execute(
        update(table)
        .where(table.c.last_run_id == run_id, is_unseen_here, exists().where(seen.fingerprint == table.c.fingerprint))
        .values(last_run_id=newest.scalar_subquery(), state=state.scalar_subquery())
    )
