"""A whole run that says what an earlier one said: references only, made inside the database."""

from __future__ import annotations

from sqlalchemy import func, select, text, update
from sqlmodel import Session

from bwc_audit.domain.runs import Run
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.tables import (
    FindingRow,
    RepeatedObservationRow,
    RunChunkRow,
    RunRow,
    table_of,
)

_ANSWERS = (
    "INSERT INTO run_answer (run_id, incident_id, chunk, origin_run_id, digest) "
    "SELECT :run_id, incident_id, chunk, origin_run_id, digest FROM run_answer WHERE run_id = :origin"
)
#: A finding that was open is unchanged now; one that was resolved or replaced is not looked for again. Only what a run kept
#: open because it could not judge it has a cause while unchanged; it keeps it.
_OBSERVATIONS = (
    "INSERT INTO repeated_observation (run_id, fingerprint, ordinal, state, change, cause, origin_run_id) "
    "SELECT :run_id, fingerprint, ordinal, state, 'unchanged', CASE WHEN change = 'unchanged' THEN cause END, {origin} "
    "FROM {table} WHERE run_id = :origin AND state = 'open'"
)


def alike(session: Session, run: Run, basis_hash: str) -> str | None:
    """The newest decided run that looked at any of the same period of the source, if all of its chunks rest on exactly this;
    None otherwise."""
    table, chunk, request = table_of(RunRow).c, table_of(RunChunkRow).c, run.request
    newest = (
        select(table.run_id)
        .where(table.source == request.source, table.status.in_(DECIDED), table.run_id != run.run_id)
        .where(table.period_start_us < request.period.end_us, table.period_end_us > request.period.start_us)
        .order_by(table.started_us.desc(), table.run_id.desc())
        .limit(1)
    )
    run_id = session.connection().scalar(newest)
    if run_id is None:
        return None
    hashes = session.connection().scalars(select(chunk.basis_hash).where(chunk.run_id == run_id).distinct()).all()
    return str(run_id) if list(hashes) == [basis_hash] else None


def refer(session: Session, run_id: str, origin: str) -> None:
    """Let a running run say all that ``origin`` said, its findings unchanged."""
    connection = session.connection()
    names = {"run_id": run_id, "origin": origin}
    connection.execute(text(_ANSWERS), names)
    connection.execute(text(_OBSERVATIONS.format(table="observation", origin="run_id")), names)
    connection.execute(text(_OBSERVATIONS.format(table="repeated_observation", origin="origin_run_id")), names)
    run, seen, finding = table_of(RunRow), table_of(RepeatedObservationRow).c, table_of(FindingRow)
    connection.execute(
        update(finding)
        .where(finding.c.fingerprint.in_(select(seen.fingerprint).where(seen.run_id == run_id)))
        .values(last_run_id=run_id)
    )
    observed = connection.scalar(select(func.count()).where(seen.run_id == run_id))
    results = connection.scalar(select(run.c.result_count).where(run.c.run_id == origin))
    connection.execute(update(run).where(run.c.run_id == run_id).values(result_count=results, observation_count=observed))
