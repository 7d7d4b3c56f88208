"""Ten years of a large force against one, each decided in chunks for the first time: time, and the peak of a process.

``python -m tests.bench.ten_years [ASSIGNMENTS] [YEARS]`` (SQLite). The years after the first are copies of its rows a year
later, with ids of their own and the same officers and cameras. The middle year is decided in a copy of the same database.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, cast, func, insert, literal, select, update

from bwc_audit.audit import deciding, night
from bwc_audit.audit.setup import open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.runs import RunKind
from bwc_audit.domain.times import Span, at_of
from bwc_audit.store.columns import Stored
from bwc_audit.store.database import writing
from bwc_audit.store.tables import (
    AssignmentRow,
    DeviceEventRow,
    ExemptionRow,
    HoldingRow,
    IncidentRow,
    SegmentRow,
    SourceFileRow,
    VideoObjectRow,
    table_of,
)
from tests.bench.back_fill import Spent, fill, settings_in
from tests.bench.measuring import Line, in_fresh_process, machine, peak_rss_mib, print_lines
from tests.bench.stored_year import ASSIGNMENTS
from tests.bench.year import AS_OF_US, PERIOD

ITSELF = "tests.bench.ten_years"
YEARS = 10
_COPIED: tuple[type[Stored], ...] = (SegmentRow, IncidentRow, AssignmentRow, HoldingRow, ExemptionRow, DeviceEventRow)
_KEPT = ("retention_until_us", "deleted_us")
_LENGTHS = ("duration_us", "pre_event_buffer_us", "precision_us")
_IDS = ("footage_id", "object_key", "recording_id", "incident_id", "sha256")


def _settings(folder: Path, years: int) -> Settings:
    as_of = at_of(AS_OF_US + (years - 1) * PERIOD.length_us)
    return settings_in(folder, f"sqlite:///{folder}/years.db").model_copy(update={"as_of": as_of})


def build(folder: Path, assignments: int, years: int) -> Spent:
    """Store the first year, and copies of it."""
    found = fill(folder, f"sqlite:///{folder}/years.db", assignments)
    audit = open_audit(_settings(folder, years))
    segments = table_of(SegmentRow)
    later_us = (years - 1) * PERIOD.length_us
    with writing(audit.engine) as session:
        session.connection().execute(update(segments).values({name: segments.c[name] + later_us for name in _KEPT}))
    for year in range(1, years):
        with writing(audit.engine) as session:
            _copy(session.connection(), year)
    return found


def _copy(connection: Connection, year: int) -> None:
    """Store the rows of the first year once more, as those of another."""
    files = table_of(SourceFileRow)
    for row in connection.execute(select(files).where(~files.c.key.startswith("Y"))).all():
        copied = {**row._mapping, "file_id": None, "key": f"Y{year}-{row.key}"}
        new = connection.scalar(insert(files).values(copied).returning(files.c.file_id))
        for table in map(table_of, _COPIED):
            _copy_rows(connection, table, table.c.file_id == row.file_id, year, {"file_id": literal(new)})
    videos = table_of(VideoObjectRow)
    _copy_rows(connection, videos, ~videos.c.object_key.startswith("Y"), year, {"modified_us": videos.c.modified_us})


def _copy_rows(
    connection: Connection, table: Table, wanted: ColumnElement[bool], year: int, given: dict[str, ColumnElement[Any]]
) -> None:
    def moved(name: str) -> ColumnElement[Any]:
        column = table.c[name]
        if name in given:
            return given[name]
        if name == "incident_ids":
            return func.replace(cast(column, Text), '"I', f'"Y{year}-I')
        if name in _IDS:
            return literal(f"Y{year}-") + column
        is_time = name.endswith("_us") and name not in (*_LENGTHS, *_KEPT)
        return column + year * PERIOD.length_us if is_time else column

    names = [column.name for column in table.c]
    connection.execute(insert(table).from_select(names, select(*map(moved, names)).where(wanted)))


def run(folder: Path, first: int, count: int, years: int) -> Spent:
    """Decide ``count`` years from the one with the number ``first`` (0: the first)."""
    audit = open_audit(_settings(folder, years))
    start_us = PERIOD.start_us + first * PERIOD.length_us
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    request = audit.request(RunKind.BACKFILL, Span(start_us, start_us + count * PERIOD.length_us))
    counts = deciding.decide_run(audit, night.start_run(audit, request)).counts
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": time.perf_counter() - wall_s,
        "cpu_s": time.process_time() - cpu_s + children.ru_utime + children.ru_stime,
        "peak_mib": peak_rss_mib(),
        "child_mib": children.ru_maxrss >> 10,
        **{key: counts[key] for key in ("assignments", "findings", "chunks")},
    }


def lines(assignments: int, years: int) -> list[Line]:
    """One year, and all."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        in_fresh_process(ITSELF, "build", temporary, str(assignments), str(years))
        shutil.copy(folder / "years.db", folder / "kept.db")
        one = in_fresh_process(ITSELF, "run", temporary, str(years // 2), "1", str(years))
        for path in folder.glob("years.db*"):
            path.unlink()
        (folder / "kept.db").rename(folder / "years.db")
        all_of_them = in_fresh_process(ITSELF, "run", temporary, "0", str(years), str(years))
    return [_line("one year", one, one), _line(f"{years} years", all_of_them, one)]


def _line(what: str, found: Spent, one: Spent) -> Line:
    told = ", ".join(f"{found[key]:,.0f} {key}" for key in ("chunks", "assignments", "findings"))
    memory = f"peak {found['peak_mib']:.0f} MiB, largest child {found['child_mib']:.0f} MiB"
    note = f"{found['wall_s']:.0f} s by the clock; {memory}; {told}"
    return Line(what, f"{found['cpu_s']:.1f} CPU-s", "one year", found["cpu_s"] / one["cpu_s"], note)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build", folder, assignments, years]:
            print(json.dumps(build(Path(folder), int(assignments), int(years))))
        case ["run", folder, first, count, years]:
            print(json.dumps(run(Path(folder), int(first), int(count), int(years))))
        case rest:
            print(machine())
            sizes = [int(one) for one in rest] + [ASSIGNMENTS, YEARS][len(rest) :]
            print_lines(f"{sizes[1]} years of {sizes[0]:,} assignments, SQLite", lines(*sizes))
