"""A year of a large force from its rows in a database to what was decided of it, stored: ``make bench-year``.

The stages of a back-fill as it is run: decided in chunks of days and written, and the same again with nothing changed; then
the re-run of one incident in the middle, and the year replayed under another policy. Each stage has a process of its own,
so that peaks of memory are its own. Nothing is looked into: there are no videos behind the rows; and looking is not planned.

``python -m tests.bench.back_fill [ASSIGNMENTS] [sqlite|postgresql …]``.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from bwc_audit.audit import deciding, night
from bwc_audit.audit.compare import compare_policies, period_request
from bwc_audit.audit.rerun import incident_period
from bwc_audit.audit.setup import Audit, open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.runs import RunKind
from bwc_audit.domain.times import at_of
from bwc_audit.sources.policy_files import load_book
from bwc_audit.store.database import open_database, reading, upgrade
from bwc_audit.store.tables import IncidentRow, table_of
from tests.bench.driver_alone import driver_alone
from tests.bench.measuring import Line, in_fresh_process, machine, peak_rss_mib, print_lines
from tests.bench.stored_year import ASSIGNMENTS, OFFICERS_A_YEAR, store_year
from tests.bench.year import AS_OF_US, PERIOD, POLICY, make_year, records_of
from tests.fixtures_postgres import debian_programs, running_server, wheel_programs

ITSELF = "tests.bench.back_fill"
OTHER_POLICY = "new_jersey"
STAGES = ("first run", "again, unchanged", "one incident", "two policies compared")
#: The least that a first run could cost: on SQLite, behind it.
DRIVER_ALONE = "its rows fetched and inserted, and nothing else"

Spent = dict[str, float]


def settings_in(folder: Path, url: str) -> Settings:
    """Settings of an audit with its database at ``url`` and all else in the folder."""
    (folder / "source").mkdir(exist_ok=True)
    return Settings(
        source=str(folder / "source"),
        state_dir=folder / "state",
        database_url=url,
        as_of=at_of(AS_OF_US),
        policy=POLICY.policy_id,
    )


def fill(folder: Path, url: str, assignments: int) -> Spent:
    """Store a year of records, file by file; the numbers of rows."""
    settings = settings_in(folder, url)
    upgrade(open_database(settings.effective_database_url))
    audit = open_audit(settings)
    records = records_of(make_year(assignments, max(20, OFFICERS_A_YEAR * assignments // ASSIGNMENTS)))
    store_year(audit.engine, records, audit.source.uri)
    return {"assignments": len(records.assignments), "segments": len(records.segments)}


def back_fill(audit: Audit) -> Spent:
    """Decide the year and store what was decided, or take it over where nothing changed."""
    run_id = night.start_run(audit, audit.request(RunKind.BACKFILL, PERIOD))
    counts = deciding.decide_run(audit, run_id).counts
    return {"assignments": counts["assignments"], "findings": counts["findings"], "chunks": counts["chunks"]}


def one_incident(audit: Audit) -> Spent:
    """Decide an incident in the middle of the year again, and store it."""
    with reading(audit.engine) as session:
        count = session.connection().scalar(select(func.count()).select_from(table_of(IncidentRow))) or 0
    incident_id = f"I{count // 2:07d}"
    begun_s = time.perf_counter()
    period = incident_period(audit, incident_id)
    request = audit.request(RunKind.INCIDENT, period, incident_id=incident_id, requester="bench", reason="bench")
    counts = deciding.decide_run(audit, night.start_run(audit, request)).counts
    return {"assignments": counts["assignments"], "wall_s": time.perf_counter() - begun_s}


def two_policies(audit: Audit) -> Spent:
    """Replay the year under a policy that requires other windows, so that much moves."""
    found = compare_policies(audit, load_book(POLICY.policy_id), load_book(OTHER_POLICY), period_request(audit, PERIOD))
    return {"findings": len(found.findings), "moved_assignments": len(found.assignments)}


def rows_alone(audit: Audit) -> Spent:
    """The driver's part of the first run, in one process."""
    with tempfile.TemporaryDirectory() as folder:
        found = driver_alone(audit.engine, Path(folder))
    return {"wall_s": found["read_s"] + found["written_s"], "cpu_s": found["read_s"] + found["written_s"], **found}


def stage(name: str, folder: Path, url: str) -> Spent:
    """One stage, measured from the opened audit on."""
    audit = open_audit(settings_in(folder, url))
    work = {**dict(zip(STAGES, (back_fill, back_fill, one_incident, two_policies), strict=True)), DRIVER_ALONE: rows_alone}[
        name
    ]
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    found = work(audit)
    spent = {"wall_s": time.perf_counter() - wall_s, "cpu_s": time.process_time() - cpu_s + _of_children()}
    return (
        spent
        | found
        | {"peak_mib": peak_rss_mib(), "child_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10}
    )


def _of_children() -> float:
    """CPU seconds of the processes that decided chunks, and ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def lines(assignments: int, name: str) -> list[Line]:
    """All stages on one database."""
    with tempfile.TemporaryDirectory() as temporary, _database(name, Path(temporary)) as url:
        filled = in_fresh_process(ITSELF, "fill", temporary, url, str(assignments))
        print(f"{name}: {filled['assignments']:,} assignments, {filled['segments']:,} segments stored", file=sys.stderr)
        stages = (STAGES[0], DRIVER_ALONE, *STAGES[1:]) if name == "sqlite" else STAGES
        return [_line(name, one, in_fresh_process(ITSELF, "stage", temporary, url, one)) for one in stages]


def _line(database: str, name: str, found: Spent) -> Line:
    told = ", ".join(
        f"{found[key]:,.0f} {key}" for key in ("chunks", "assignments", "findings", "read", "written") if key in found
    )
    children = f", largest child {found['child_mib']:.0f} MiB" if found["child_mib"] else ""
    note = f"{found['cpu_s']:.2f} CPU-s, peak {found['peak_mib']:.0f} MiB{children}; {told}"
    return Line(f"{database}: {name}", f"{found['wall_s']:.2f} s", note=note)


@contextmanager
def _database(name: str, folder: Path) -> Iterator[str]:
    if name == "sqlite":
        yield f"sqlite:///{folder}/year.db"
        return
    with running_server(debian_programs() or wheel_programs()) as server:
        yield server.url(server.create_database())


def main(arguments: list[str]) -> None:
    """The table."""
    assignments = int(arguments[0]) if arguments else ASSIGNMENTS
    print(machine())
    for name in arguments[1:] or ("sqlite", "postgresql"):
        print_lines(f"A year of {assignments:,} assignments, {name}", lines(assignments, name))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill", folder, url, assignments]:
            print(json.dumps(fill(Path(folder), url, int(assignments))))
        case ["stage", folder, url, name]:
            print(json.dumps(stage(name, Path(folder), url)))
        case rest:
            main(rest)
