"""The made-up year as rows of a database, and what it costs to decide all of it, or one incident, from there."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from sqlalchemy import Engine, func, select

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.domain.chunks import SEGMENT_MARGIN_US
from bwc_audit.domain.decide import decide
from bwc_audit.domain.matching import match
from bwc_audit.domain.records import Records
from bwc_audit.domain.times import MINUTE_US, Span
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.sources.duplicates import with_unique_ids
from bwc_audit.store.database import open_database, reading, upgrade, writing
from bwc_audit.store.source_files import replace_file, replace_video_objects
from bwc_audit.store.source_rows import load_records
from bwc_audit.store.tables import IncidentRow, table_of
from tests.bench.measuring import Line, in_fresh_process, peak_rss_mib
from tests.bench.year import AS_OF_US, OFFICERS, PERIOD, POLICY, make_year, records_of
from tests.fixtures_postgres import debian_programs, running_server, wheel_programs

SOURCE = "folder:/bench"
ASSIGNMENTS = 300_000
OFFICERS_A_YEAR = 3 * OFFICERS
STAGES = ("load", "match", "decide")


def store_year(engine: Engine, records: Records, source: str = SOURCE) -> None:
    """Put the rows into an empty database, file by file, as an ingest does."""
    by_file: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for field in fields(Records):
        if field.name not in ("objects", "beside", "incidents_beside", "beside_unjudged", "footage_until_us"):
            for row in getattr(records, field.name):
                by_file[row.row.file][field.name].append(row)
    with writing(engine) as session:
        for key, rows in sorted(by_file.items()):
            columns: dict[str, Any] = {name: tuple(found) for name, found in rows.items()}
            held = Records(**columns)
            replace_file(session, source, ObjectStat(key, 1, "e", 0), held, read_at_us=0)
        replace_video_objects(session, source, records.objects)


def decide_stored(engine: Engine, spent: dict[str, float]) -> int:
    """Load, match and decide the stored year; returns the number of results."""
    with without_cycle_search():
        with timed(spent, "load"), reading(engine) as session:
            records = with_unique_ids(load_records(session, SOURCE, PERIOD, margin_us=SEGMENT_MARGIN_US))
        with timed(spent, "match"):
            matching = match(records, POLICY, PERIOD, AS_OF_US)
        with timed(spent, "decide"):
            decision = decide(matching, {})
    return len(decision.results)


@contextmanager
def timed(spent: dict[str, float], name: str) -> Iterator[None]:
    """Adds the CPU seconds of this process under a name."""
    begun_s = time.process_time()
    yield
    spent[name] = spent.get(name, 0) + time.process_time() - begun_s


def lines(assignments: int = ASSIGNMENTS) -> list[Line]:
    """The year on both databases; and one incident of it, as a re-run of it would be decided."""
    found = []
    with tempfile.TemporaryDirectory() as folder, running_server(debian_programs() or wheel_programs()) as server:
        for name, url in (("SQLite", f"sqlite:///{folder}/year.db"), ("PostgreSQL", server.url(server.create_database()))):
            fill(url, assignments)
            year = in_fresh_process(__name__, "once", url)
            whole_s = sum(year[stage] for stage in STAGES)
            parts = ", ".join(f"{stage} {year[stage]:.1f}" for stage in STAGES)
            note = f"{parts}; peak {year['peak_mib']:.0f} MiB"
            found.append(Line(f"{name}: {assignments:,} assignments decided", f"{whole_s:.1f} CPU-s", note=note))
            one = in_fresh_process(__name__, "incident", url)
            parts = ", ".join(f"{stage} {one[stage]:.2f}" for stage in STAGES)
            found.append(Line(f"{name}: one incident of it", f"{sum(one[stage] for stage in STAGES):.2f} CPU-s", note=parts))
    return found


def one_incident(url: str) -> dict[str, float]:
    """The stages for one incident in the middle of a stored year."""
    engine = open_database(url)
    spent: dict[str, float] = {}
    with reading(engine) as session:
        count = session.connection().scalar(select(func.count()).select_from(table_of(IncidentRow))) or 0
        incident_id = f"I{count // 2:07d}"
        nowhere = load_records(session, SOURCE, Span(0, 1), margin_us=0, incident_id=incident_id)
    opened_us = nowhere.incidents[0].opened_us
    period = Span(opened_us, (nowhere.incidents[0].closed_us or opened_us) + MINUTE_US)
    with without_cycle_search():
        with timed(spent, "load"), reading(engine) as session:
            records = load_records(session, SOURCE, period, margin_us=SEGMENT_MARGIN_US, incident_id=incident_id)
            records = with_unique_ids(records)
        with timed(spent, "match"):
            matching = match(records, POLICY, period, AS_OF_US)
        with timed(spent, "decide"):
            decision = decide(matching, {})
    engine.dispose()
    return {**spent, "results": len(decision.results)}


def once(url: str) -> dict[str, float]:
    """The stages over a stored year: CPU seconds by name, peak MiB, results."""
    engine = open_database(url)
    spent: dict[str, float] = {}
    results = decide_stored(engine, spent)
    engine.dispose()
    return {**spent, "results": results, "peak_mib": peak_rss_mib()}


def fill(url: str, assignments: int) -> None:
    """Make the database of a year."""
    engine = open_database(url)
    upgrade(engine)
    store_year(engine, records_of(make_year(assignments, max(20, OFFICERS_A_YEAR * assignments // ASSIGNMENTS))))
    engine.dispose()


if __name__ == "__main__":
    match sys.argv[1]:
        case "fill":
            fill(sys.argv[2], int(sys.argv[3]))
        case "incident":
            print(json.dumps(one_incident(sys.argv[2])))
        case _:
            print(json.dumps(once(sys.argv[2])))
