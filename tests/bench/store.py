"""Writing what a year decided: rows a second against the drivers' own limit and against the ORM, and what running it again
costs.

The limit is the same rows, converted beforehand, through ``executemany`` (SQLite) and ``COPY`` (PostgreSQL) into the same
tables; the bad baseline is the ORM, a row at a time, on a small share. CPU seconds are those of this process: what the
PostgreSQL server spends is not in them, so its wall time stands beside.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table
from sqlmodel import Session

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.domain.decide import decide
from bwc_audit.domain.matching import match
from bwc_audit.domain.results import Decision
from bwc_audit.domain.runs import ObservedFinding, RunKind, RunRequest, RunStatus  # noqa: F401
from bwc_audit.store import answers, observations, runs, shared_runs
from bwc_audit.store.bulk import insert_ready
from bwc_audit.store.database import open_database, reading, upgrade, writing
from bwc_audit.store.tables import RunResultRow, table_of
from tests.bench.decision import observed_of
from tests.bench.measuring import Line, in_fresh_process
from tests.bench.year import AS_OF_US, OFFICERS, PERIOD, POLICY, make_year, records_of
from tests.fixtures_postgres import debian_programs, running_server, wheel_programs

ASSIGNMENTS = 100_000
_ORM_ROWS = 3_000
_SOURCE = "folder:/bench"
_DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of this process, and seconds on the clock."""

    cpu_s: float
    wall_s: float


def lines() -> list[Line]:
    """Both databases, each in a process of its own."""
    return [line for name in _DATABASES for line in _lines_of(name, in_fresh_process(__name__, name, str(ASSIGNMENTS)))]


def _lines_of(name: str, found: dict[str, Any]) -> list[Line]:
    rows, written, limit = found["rows"], found["written"], found["limit"]
    wall = f"{rows / written['wall_s']:,.0f} rows/s by the clock"
    limit_name = "executemany" if name == "sqlite" else "COPY"
    orm_rate, rate = _ORM_ROWS / found["orm"]["cpu_s"], found["results"] / found["results_written"]["cpu_s"]
    return [
        Line(f"{name}: {limit_name} of the same rows", f"{limit['cpu_s']:.1f} CPU-s", note=f"{rows:,} rows, the limit"),
        Line(
            f"{name}: first run of {found['results']:,} assignments",
            f"{written['cpu_s']:.1f} CPU-s",
            limit_name,
            written["cpu_s"] / limit["cpu_s"],
            f"{rows / written['cpu_s']:,.0f} rows/CPU-s, {wall}",
        ),
        Line(f"{name}: results by the ORM, a row at a time", f"{orm_rate:,.0f} rows/CPU-s", "this", rate / orm_rate),
        Line(
            f"{name}: decided again, nothing changed",
            f"{found['again']['cpu_s']:.1f} CPU-s",
            "first run",
            found["again"]["cpu_s"] / written["cpu_s"],
            f"{found['again_rows']:,} rows of content stored",
        ),
        Line(
            f"{name}: taken over, nothing changed",
            f"{found['taken']['cpu_s']:.2f} CPU-s",
            "first run",
            found["taken"]["cpu_s"] / written["cpu_s"],
            f"{found['taken']['wall_s']:.1f} s",
        ),
        Line(f"{name}: what earlier runs said of one incident", f"{found['incident']['wall_s'] * 1000:.1f} ms"),
    ]


def once(url: str, assignments: int) -> dict[str, Any]:
    """Everything once, on one database."""
    records = records_of(make_year(assignments, max(20, OFFICERS * assignments // ASSIGNMENTS)))
    with without_cycle_search():
        decision = decide(match(records, POLICY, PERIOD, AS_OF_US), {})
        engine = open_database(url)
        upgrade(engine)
        found: dict[str, Any] = {"results": len(decision.results)}
        captured: list[tuple[Table, tuple[str, ...], list[Any]]] = []
        first, found["written"] = _written(engine, decision, 1)
        found["taken"] = _taken_over(engine, first)
        second, found["again"] = _written(engine, decision, 3)
        found["again_rows"] = _content_rows(engine, second)
        found["incident"] = _one_incident(engine, decision.results[0].incident_id)
        _capture(engine, decision, captured)
        found["rows"] = sum(len(rows) for _, _, rows in captured)
        found["limit"], found["results_written"] = _limit(engine, captured)
        found["orm"] = _by_orm(engine, captured)
        engine.dispose()
    return {name: value if not isinstance(value, Spent) else _plain(value) for name, value in found.items()}


def _plain(spent: Spent) -> dict[str, float]:
    return {"cpu_s": spent.cpu_s, "wall_s": spent.wall_s}


def _timed(work: Callable[[], object]) -> Spent:
    wall_s, cpu_s = time.monotonic(), time.process_time()
    work()
    return Spent(time.process_time() - cpu_s, time.monotonic() - wall_s)


def _request() -> RunRequest:
    return RunRequest(
        RunKind.BACKFILL, _SOURCE, PERIOD, AS_OF_US, "UTC", POLICY.policy_id, POLICY.version, POLICY.policy_hash
    )


def _open(engine: Engine, number: int) -> str:
    with writing(engine) as session:
        return runs.open_run(session, _request(), started_us=AS_OF_US + number, software_version="bench")


def _written(engine: Engine, decision: Decision, number: int) -> tuple[str, Spent]:
    run_id = _open(engine, number)
    observed = observed_of(decision, run_id)

    def write() -> None:
        with writing(engine) as session:
            runs.record_decision(session, run_id, decision, observed)
            runs.close_run(session, run_id, status=RunStatus.COMPLETE, finished_us=AS_OF_US + number)

    return run_id, _timed(write)


def _taken_over(engine: Engine, origin: str) -> Spent:
    run_id = _open(engine, 2)

    def refer() -> None:
        with writing(engine) as session:
            shared_runs.refer(session, run_id, origin)
            runs.close_run(session, run_id, status=RunStatus.COMPLETE, finished_us=AS_OF_US + 2)

    return _timed(refer)


def _content_rows(engine: Engine, run_id: str) -> int:
    tables = ("run_result", "run_incident", "run_lanes", "observation")
    with reading(engine) as session:
        connection = session.connection()
        return sum(
            int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM {name} WHERE run_id = '{run_id}'").scalar_one())  # noqa: RUF100, S608
            for name in tables
        )


def _one_incident(engine: Engine, incident_id: str) -> Spent:
    def ask() -> None:
        with reading(engine) as session:
            before = runs.latest_run(session, source=_SOURCE, incident_id=incident_id)
            assert before is not None
            runs.load_results(session, before.run_id, incident_id=incident_id)
            runs.load_segments(session, before.run_id, incident_id=incident_id)
            runs.previous_observations(session, _SOURCE, period=PERIOD, incident_ids=[incident_id])

    ask()
    return _timed(ask)


def _capture(engine: Engine, decision: Decision, captured: list[tuple[Table, tuple[str, ...], list[Any]]]) -> None:
    """The rows that a first run hands to the driver, kept instead of shared: a run of another name in an empty database."""

    def keep(_session: Session, table: Table, columns: Any, rows: Any, *_: Any) -> int:
        captured.append((table, tuple(columns), list(rows)))
        return 0

    with _replaced(keep), tempfile.TemporaryDirectory() as folder:
        other = open_database(f"sqlite:///{folder}/capture.db")
        upgrade(other)
        _written(other, decision, 1)
        other.dispose()


@contextmanager
def _replaced(keep: Callable[..., int]) -> Iterator[None]:
    modules: tuple[Any, ...] = (answers, observations)
    writer: Any = observations
    upsert = writer.upsert_ready
    for module in modules:
        module.insert_ready = keep
    writer.upsert_ready = keep
    try:
        yield
    finally:
        for module in modules:
            module.insert_ready = insert_ready
        writer.upsert_ready = upsert


def _limit(engine: Engine, captured: list[tuple[Table, tuple[str, ...], list[Any]]]) -> tuple[Spent, Spent]:
    """The rows of a new run straight through the driver; and the part of it that are results."""
    run_id = _open(engine, 4)
    results = Spent(0.0, 0.0)
    total = Spent(0.0, 0.0)
    with writing(engine) as session:
        for table, columns, rows in captured:
            named = [index for index, column in enumerate(columns) if column in ("run_id", "origin_run_id")]
            renamed = (
                [tuple(run_id if index in named else value for index, value in enumerate(row)) for row in rows]
                if table.name != "finding"
                else [
                    (
                        f"limit-{row[0]}",
                        *row[1 : columns.index("first_run_id")],
                        run_id,
                        run_id,
                        *row[columns.index("state") :],
                    )
                    for row in rows
                ]
            )
            spent = _timed(lambda table=table, columns=columns, rows=renamed: insert_ready(session, table, columns, rows))  # type: ignore[misc]
            total = Spent(total.cpu_s + spent.cpu_s, total.wall_s + spent.wall_s)
            results = spent if table.name == "run_result" else results
        session.rollback()
    return total, results


def _by_orm(engine: Engine, captured: list[tuple[Table, tuple[str, ...], list[Any]]]) -> Spent:
    run_id = _open(engine, 5)
    columns, rows = next((columns, rows) for table, columns, rows in captured if table is table_of(RunResultRow))
    documents = {"covered", "gaps", "unusable", "footage_ids", "not_examined"}
    values: list[dict[str, Any]] = [
        {
            name: json.loads(value) if name in documents else run_id if name == "run_id" else value
            for name, value in zip(columns, row, strict=True)
        }
        for row in rows[:_ORM_ROWS]
    ]

    def write() -> None:
        with writing(engine) as session:
            for one in values:
                session.add(RunResultRow(**one))
                session.flush()
            session.rollback()

    return _timed(write)


def main(name: str, assignments: int) -> dict[str, Any]:
    """Measure on one of the databases."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            return once(f"sqlite:///{Path(folder) / 'bench.db'}", assignments)
    with running_server(debian_programs() or wheel_programs()) as server:
        return once(server.url(server.create_database()), assignments)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
