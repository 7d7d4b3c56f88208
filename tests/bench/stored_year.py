"""The made-up year as rows of a database, and what it costs to decide all of it, or one incident, from there."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from sqlalchemy import Engine

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.night import SEGMENT_MARGIN_US
from bwc_audit.domain.decide import decide
from bwc_audit.domain.matching import match
from bwc_audit.domain.records import Records
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.sources.duplicates import with_unique_ids
from bwc_audit.store.database import open_database, reading, upgrade, writing
from bwc_audit.store.source_rows import load_records, replace_file, replace_video_objects
from tests.bench.measuring import peak_rss_mib
from tests.bench.year import AS_OF_US, OFFICERS, PERIOD, POLICY, make_year, records_of

SOURCE = "folder:/bench"
ASSIGNMENTS = 300_000
OFFICERS_A_YEAR = 3 * OFFICERS


def store_year(engine: Engine, records: Records) -> None:
    """Put the rows into an empty database, file by file, as an ingest does."""
    by_file: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for field in fields(Records):
        if field.name != "objects":
            for row in getattr(records, field.name):
                by_file[row.row.file][field.name].append(row)
    with writing(engine) as session:
        for key, rows in sorted(by_file.items()):
            held = Records(**{name: tuple(found) for name, found in rows.items()})
            replace_file(session, SOURCE, ObjectStat(key, 1, "e", 0), held, read_at_us=0)
        replace_video_objects(session, SOURCE, records.objects)


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
    if sys.argv[1] == "fill":
        fill(sys.argv[2], int(sys.argv[3]))
    else:
        print(json.dumps(once(sys.argv[2])))
