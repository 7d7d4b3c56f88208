"""The coverage rules as SQL in PostgreSQL, with all that the engine gives (pairs of window and segment, covered
spans, gaps, numbers and margins): what somebody careful would write who keeps everything there.

Tables in the order of their index (owner, start), statistics up to date, no parallel workers, memory enough to sort in. The
joins are bounded from below by the longest span, so that the index finds the few spans near a window. What is timed are the
statements alone: not loading the tables, not building their indexes, not fetching anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bwc_audit.domain.coverage import NO_TIME, Int, SegmentArrays, WindowArrays
from tests.bench.baseline import Measured
from tests.domain.oracle import Allowed

_TABLES = """
SET max_parallel_workers_per_gather = 0;
SET work_mem = '512MB';
SET jit = off;
CREATE TEMP TABLE needed (id bigint, owner bigint, low bigint, high bigint, precision_us bigint, tolerance bigint);
CREATE TEMP TABLE recorded (id bigint, owner bigint, low bigint, high bigint, activated bigint, tolerance bigint);
"""
_INDEXES = """
CREATE INDEX ON needed (owner, low);
CREATE INDEX ON recorded (owner, low);
CLUSTER needed USING needed_owner_low_idx;
CLUSTER recorded USING recorded_owner_low_idx;
ANALYZE needed;
ANALYZE recorded;
"""
_JOINED = """
CREATE TEMP TABLE joined AS
WITH marked AS (
  SELECT owner, low, high, max(high) OVER (PARTITION BY owner ORDER BY low ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    AS reach FROM recorded
), numbered AS (
  SELECT owner, low, high, sum((reach IS NULL OR low > reach + %(join)s)::int)
    OVER (PARTITION BY owner ORDER BY low ROWS UNBOUNDED PRECEDING) AS island FROM marked
)
SELECT owner, min(low) AS low, max(high) AS high FROM numbered GROUP BY owner, island ORDER BY owner, low;
CREATE INDEX ON joined (owner, low);
ANALYZE joined;
"""
_SPANS = """
CREATE TEMP TABLE matched AS
WITH longest AS MATERIALIZED (SELECT max(high - low) AS most FROM recorded)
SELECT n.id, r.id AS segment, r.activated, r.tolerance
FROM needed n JOIN recorded r
  ON r.owner = n.owner AND r.low < n.high AND r.low > n.low - (SELECT most FROM longest) AND r.high > n.low;
CREATE TEMP TABLE covered AS
WITH longest AS MATERIALIZED (SELECT max(high - low) AS most FROM joined)
SELECT n.id, n.low AS first, n.high AS last, greatest(j.low, n.low) AS low, least(j.high, n.high) AS high
FROM needed n JOIN joined j
  ON j.owner = n.owner AND j.low < n.high AND j.low > n.low - (SELECT most FROM longest) AND j.high > n.low;
CREATE TEMP TABLE gap AS
WITH edged AS (
  SELECT id, first, last, lag(high) OVER own AS before, low, high, lead(low) OVER own AS after
  FROM covered WINDOW own AS (PARTITION BY id ORDER BY low)
)
SELECT id, coalesce(before, first) AS low, low AS high FROM edged WHERE coalesce(before, first) < low
UNION ALL SELECT id, high, last FROM edged WHERE after IS NULL AND high < last
UNION ALL SELECT id, low, high FROM needed n WHERE NOT EXISTS (SELECT FROM covered c WHERE c.id = n.id);
ANALYZE matched;
ANALYZE covered;
ANALYZE gap;
"""
_MEASURED = """
CREATE TEMP TABLE measured AS
WITH pressed AS (
  SELECT id, min(activated) AS activated, max(tolerance) AS tolerance FROM matched GROUP BY id
), summed AS (
  SELECT id, sum(high - low)::bigint AS covered, max(high) AS ended FROM covered GROUP BY id
), holed AS (
  SELECT g.id, n.low AS first, n.high AS last, g.high,
    CASE WHEN g.low = n.low THEN greatest(g.low, least(p.activated, g.high)) ELSE g.low END AS low
  FROM gap g JOIN needed n USING (id) JOIN pressed p USING (id) WHERE g.high < n.high
), holes AS (
  SELECT id, max(least(last - low, high - first) - %(gap)s) AS margin FROM holed WHERE high - low > %(gap)s GROUP BY id
), near AS (
  SELECT n.id, least(n.low - b.high, a.low - n.high) AS nearest FROM needed n
  LEFT JOIN LATERAL (SELECT high FROM joined j WHERE j.owner = n.owner AND j.low < n.low ORDER BY j.low DESC LIMIT 1) b
    ON true
  LEFT JOIN LATERAL (SELECT low FROM joined j WHERE j.owner = n.owner AND j.low >= n.high ORDER BY j.low LIMIT 1) a
    ON true
)
SELECT n.id, coalesce(s.covered, 0) AS covered,
  coalesce(p.activated - n.low, 0) AS lateness, coalesce(n.high - s.ended, 0) AS early,
  coalesce(p.activated - n.low - %(late)s, 0) AS late_margin, coalesce(n.high - s.ended - %(cut)s, 0) AS early_margin,
  coalesce(h.margin, 0) AS gap_margin, coalesce(p.tolerance, n.tolerance) + n.precision_us AS uncertainty,
  CASE WHEN p.id IS NULL THEN nearest ELSE 0 END AS nearest
FROM needed n JOIN near USING (id) LEFT JOIN summed s USING (id) LEFT JOIN pressed p USING (id) LEFT JOIN holes h USING (id);
"""
_MADE = "joined, matched, covered, gap, measured"


@contextmanager
def filled(url: str, windows: WindowArrays, segments: SegmentArrays) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose own tables hold the arrays, indexed."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLES)
        needed = (windows.owner, windows.start_us, windows.end_us, windows.precision_us, windows.tolerance_us)
        _copy(connection, "needed", range(len(windows.owner)), *(column.tolist() for column in needed))
        activated = [
            start if time == NO_TIME else time
            for start, time in zip(segments.start_us.tolist(), segments.activated_us.tolist(), strict=True)
        ]
        recorded: tuple[Int, ...] = (segments.owner, segments.start_us, segments.end_us)
        tolerance = segments.tolerance_us.tolist()
        _copy(connection, "recorded", range(len(tolerance)), *(column.tolist() for column in recorded), activated, tolerance)
        connection.execute(_INDEXES)
        yield connection


def _copy(connection: psycopg.Connection[Any], table: str, *columns: Any) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in zip(*columns, strict=True):
            copy.write_row(row)


def measure_with_sql(connection: psycopg.Connection[Any], allowed: Allowed) -> float:
    """Every window measured, into a table; returns the CPU seconds of the server's process."""
    connection.execute(f"DROP TABLE IF EXISTS {_MADE}")
    pid = connection.info.backend_pid
    begun_s = _cpu_s(pid)
    numbers = {
        "join": allowed.join,
        "gap": allowed.gap,
        "late": allowed.activation_grace,
        "cut": allowed.deactivation_grace,
    }
    for statement in (_JOINED, _SPANS, _MEASURED):
        psycopg.ClientCursor(connection).execute(statement, numbers)  # several statements: the client puts in the numbers
    return _cpu_s(pid) - begun_s


def measured_by_sql(connection: psycopg.Connection[Any]) -> list[Measured]:
    """The answers, in the order of the windows."""
    columns = "covered, lateness, early, late_margin, early_margin, gap_margin, uncertainty"
    return connection.execute(f"SELECT {columns} FROM measured ORDER BY id").fetchall()


def _cpu_s(pid: int) -> float:
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")


def spans_by_sql(connection: psycopg.Connection[Any], table: str) -> list[tuple[int, int, int]]:
    """(window, start, end) of ``covered`` or ``gap``, in order."""
    return connection.execute(f"SELECT id, low, high FROM {table} ORDER BY id, low").fetchall()
