"""What a first run's rows cost the driver alone: all rows of the sources fetched, and all rows of the run inserted, by one
program that does nothing else with them. No program in this language that keeps these tables is faster than the sum.

A stage of ``make bench-year``; or ``python -m tests.bench.driver_alone FOLDER URL`` over a database in which a first run was
recorded (SQLite).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, select

from bwc_audit.store.bulk import insert_ready
from bwc_audit.store.columns import Stored
from bwc_audit.store.database import open_database, reading, upgrade, writing
from bwc_audit.store.raw_rows import raw, raw_batches
from bwc_audit.store.source_rows import KINDS
from bwc_audit.store.tables import (
    FindingRow,
    ObservationRow,
    RunAnswerRow,
    RunIncidentRow,
    RunLanesRow,
    RunResultRow,
    RunRow,
    VideoObjectRow,
    table_of,
)

Spent = dict[str, float]

_READ: list[type[Stored]] = [*(model for _, _, model in KINDS), VideoObjectRow]
_WRITTEN: tuple[type[Stored], ...] = (
    FindingRow,
    ObservationRow,
    RunIncidentRow,
    RunResultRow,
    RunLanesRow,
    RunAnswerRow,
)


def driver_alone(engine: Engine, folder: Path) -> Spent:
    """CPU seconds and rows of both; what is written goes into a database of its own in the folder."""
    begun_s = time.process_time()
    read = sum(_fetched(engine, table_of(model)) for model in _READ)
    spent = {"read_s": time.process_time() - begun_s, "read": float(read), "written_s": 0.0, "written": 0.0}
    other = open_database(f"sqlite:///{folder}/alone.db")
    upgrade(other)
    _begin_run(engine, other)
    for model in _WRITTEN:
        table = table_of(model)
        rows = _rows(engine, table)
        begun_s = time.process_time()
        with writing(other) as session:
            insert_ready(session, table, [column.name for column in table.c], rows)
        spent["written_s"] += time.process_time() - begun_s
        spent["written"] += len(rows)
    other.dispose()
    return spent


def _begin_run(engine: Engine, other: Engine) -> None:
    """The run as it was before it ended: to one that ended nothing is added."""
    table = table_of(RunRow)
    names = [column.name for column in table.c]
    begun = [
        {**dict(zip(names, row, strict=True)), "status": "running", "finished_us": None} for row in _rows(engine, table)
    ]
    with writing(other) as session:
        insert_ready(session, table, names, (tuple(run.values()) for run in begun))


def _fetched(engine: Engine, table: Table) -> int:
    with reading(engine) as session:
        return sum(len(batch) for batch in raw_batches(session, select(*map(raw, table.c))))


def _rows(engine: Engine, table: Table) -> list[Sequence[Any]]:
    with reading(engine) as session:
        return [row for batch in raw_batches(session, select(*map(raw, table.c))) for row in batch]


if __name__ == "__main__":
    print(json.dumps(driver_alone(open_database(sys.argv[2]), Path(sys.argv[1]))))
