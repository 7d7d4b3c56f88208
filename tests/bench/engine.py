"""The coverage engine against plain Python with bisect and against SQL; and its memory in a process of its own."""

from __future__ import annotations

import json
import sys
import time

from bwc_audit.domain.coverage import measure_coverage
from tests.bench.baseline import measure_with_bisect, measured_by_engine
from tests.bench.measuring import Line, cpu_medians, in_fresh_process, peak_rss_mib
from tests.bench.sql_baseline import filled, measure_with_sql, measured_by_sql
from tests.bench.year import ALLOWED_A_YEAR, LIMITS, OFFICERS, arrays_of, make_year
from tests.fixtures_postgres import debian_programs, running_server, wheel_programs

ASSIGNMENTS = 300_000
#: SQL is timed on a third: both sides of its ratio.
SQL_ASSIGNMENTS = 100_000
_OFFICERS = 3 * OFFICERS


def lines() -> list[Line]:
    """All timed alternately over one year; refuses to print a comparison of different answers."""
    arrays = arrays_of(make_year(ASSIGNMENTS, _OFFICERS))
    windows, _, segments = arrays
    if measured_by_engine(measure_coverage(*arrays, LIMITS)) != measure_with_bisect(windows, segments, ALLOWED_A_YEAR):
        raise AssertionError("engine and baseline disagree: there is nothing to compare")
    spent = cpu_medians(
        {
            "engine": lambda: measure_coverage(*arrays, LIMITS),
            "bisect": lambda: measure_with_bisect(windows, segments, ALLOWED_A_YEAR),
        },
        rounds=3,
    )
    alone = in_fresh_process(__name__, str(ASSIGNMENTS))
    size = f"{ASSIGNMENTS:,} assignments × {len(segments.owner):,} segments"
    return [
        Line(
            f"plain Python with bisect, {size}",
            f"{spent['bisect']:.2f} CPU-s",
            "the engine",
            spent["bisect"] / spent["engine"],
        ),
        Line("the engine, the same, with all spans", f"{spent['engine']:.3f} CPU-s", "itself", 1.0),
        Line(
            "the engine in a fresh process",
            f"{alone['cpu_s']:.2f} CPU-s",
            note=f"peak RSS {alone['peak_mib']:.0f} MiB; {alone['before_mib']:.0f} MiB before it",
        ),
        *_against_sql(),
    ]


def _against_sql() -> list[Line]:
    arrays = arrays_of(make_year(SQL_ASSIGNMENTS, OFFICERS))
    windows, _, segments = arrays
    programs = debian_programs() or wheel_programs()
    with running_server(programs) as server, filled(server.url("postgres"), windows, segments) as connection:
        sql_s = min(measure_with_sql(connection, ALLOWED_A_YEAR) for _ in "12")
        if measured_by_sql(connection) != measured_by_engine(measure_coverage(*arrays, LIMITS)):
            raise AssertionError("engine and SQL disagree: there is nothing to compare")
    engine_s = cpu_medians({"engine": lambda: measure_coverage(*arrays, LIMITS)})["engine"]
    size = f"{SQL_ASSIGNMENTS:,} assignments × {len(segments.owner):,} segments"
    return [
        Line(f"SQL in PostgreSQL, {size}", f"{sql_s:.1f} CPU-s", "the engine", sql_s / engine_s, "the statement alone"),
        Line("the engine, the same", f"{engine_s:.3f} CPU-s", "itself", 1.0),
    ]


def once(assignments: int) -> dict[str, float]:
    """One decision here: CPU seconds, and the peak of memory before and after."""
    arrays = arrays_of(make_year(assignments, max(20, _OFFICERS * assignments // ASSIGNMENTS)))
    before_mib, begun_s = peak_rss_mib(), time.process_time()
    measure_coverage(*arrays, LIMITS)
    return {"cpu_s": time.process_time() - begun_s, "before_mib": before_mib, "peak_mib": peak_rss_mib()}


if __name__ == "__main__":
    print(json.dumps(once(int(sys.argv[1]))))
