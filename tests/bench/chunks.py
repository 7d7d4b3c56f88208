"""Ten stretches of time against one, decided in chunks of the same size: CPU seconds and peak of memory, a process each.

``python -m tests.bench.chunks build FOLDER ASSIGNMENTS`` stores a year there; ``run FOLDER DAYS`` decides
that many days of it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bwc_audit.audit import deciding, night
from bwc_audit.audit.setup import open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.runs import RunKind
from bwc_audit.domain.times import DAY_US, Span, at_of
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.store import source_files
from bwc_audit.store.database import open_database, upgrade, writing
from tests.bench.measuring import peak_rss_mib
from tests.bench.year import AS_OF_US, PERIOD, make_year, records_of

CHUNK_DAYS = 12


def settings_in(folder: Path) -> Settings:
    """Settings of an audit whose database lies in the folder."""
    (folder / "source").mkdir(exist_ok=True)
    return Settings(
        source=str(folder / "source"),
        state_dir=folder / "state",
        database_url="",
        as_of=at_of(AS_OF_US),
        chunk_days=CHUNK_DAYS,
        deciders=1,
    )


def build(folder: Path, assignments: int) -> dict[str, float]:
    """Store a year of records."""
    settings = settings_in(folder)
    engine = open_database(settings.effective_database_url)
    upgrade(engine)
    audit = open_audit(settings)
    records = records_of(make_year(assignments, 200))
    with writing(engine) as session:
        source_files.replace_file(session, audit.source.uri, ObjectStat("rows.csv", 1, "e", 0), records, read_at_us=0)
        source_files.replace_video_objects(session, audit.source.uri, records.objects)
    return {"segments": len(records.segments)}


def run(folder: Path, days: int) -> dict[str, float]:
    """Decide the first days of it, and again."""
    audit = open_audit(settings_in(folder))
    period = Span(PERIOD.start_us, PERIOD.start_us + days * DAY_US)
    spent = {}
    for name in ("first", "again"):
        begun_s = time.process_time()
        run_id = night.start_run(audit, audit.request(RunKind.BACKFILL, period))
        stored = deciding.decide_run(audit, run_id)
        spent[name] = time.process_time() - begun_s
    return {
        **spent,
        "assignments": stored.counts["assignments"],
        "chunks": stored.counts["chunks"],
        "peak_mib": peak_rss_mib(),
    }


if __name__ == "__main__":
    work = {"build": build, "run": run}[sys.argv[1]]
    print(json.dumps(work(Path(sys.argv[2]), int(sys.argv[3]))))
