"""The coverage rules as one SQL statement in PostgreSQL: what somebody careful would write who keeps everything there.

Tables in the order of their index (owner, start), statistics up to date, no parallel workers, memory enough to sort in. The
joins are bounded from below by the longest span, so that the index finds the few spans near a window. What is timed is the
statement alone: not loading the tables, not building the indexes, not fetching the numbers.
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
CREATE TEMP TABLE recorded (owner bigint, low bigint, high bigint, activated bigint, tolerance bigint);
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
_MEASURED = """
CREATE TEMP TABLE measured AS
WITH longest AS MATERIALIZED (
  SELECT (SELECT max(high - low) FROM recorded) AS segment, (SELECT max(high - low) FROM joined) AS island
), matched AS (
  SELECT n.id, min(r.activated) AS activated, max(r.tolerance) AS tolerance
  FROM longest, needed n JOIN recorded r
    ON r.owner = n.owner AND r.low < n.high AND r.low > n.low - (SELECT segment FROM longest) AND r.high > n.low
  GROUP BY n.id
), parts AS (
  SELECT n.id, n.low AS first, n.high AS last, greatest(j.low, n.low) AS low, least(j.high, n.high) AS high
  FROM needed n JOIN joined j
    ON j.owner = n.owner AND j.low < n.high AND j.low > n.low - (SELECT island FROM longest) AND j.high > n.low
), edged AS (
  SELECT p.*, m.activated, lag(p.high) OVER (PARTITION BY p.id ORDER BY p.low) AS before
  FROM parts p JOIN matched m USING (id)
), holed AS (
  SELECT id, first, last, low, high, activated,
    CASE WHEN before IS NULL THEN greatest(first, least(activated, low)) ELSE before END AS hole FROM edged
), summed AS (
  SELECT id, sum(high - low)::bigint AS covered, min(activated) - min(first) AS lateness, min(last) - max(high) AS early,
    greatest(0, max(CASE WHEN low - hole > %(gap)s THEN least(last - hole, low - first) - %(gap)s ELSE 0 END)) AS gap_margin
  FROM holed GROUP BY id
)
SELECT n.id, coalesce(s.covered, 0) AS covered, coalesce(s.lateness, 0) AS lateness, coalesce(s.early, 0) AS early,
  coalesce(s.lateness - %(late)s, 0) AS late_margin, coalesce(s.early - %(cut)s, 0) AS early_margin,
  coalesce(s.gap_margin, 0) AS gap_margin, coalesce(m.tolerance, n.tolerance) + n.precision_us AS uncertainty
FROM needed n LEFT JOIN summed s USING (id) LEFT JOIN matched m USING (id);
"""


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
        _copy(connection, "recorded", *(column.tolist() for column in recorded), activated, tolerance)
        connection.execute(_INDEXES)
        yield connection


def _copy(connection: psycopg.Connection[Any], table: str, *columns: Any) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in zip(*columns, strict=True):
            copy.write_row(row)


def measure_with_sql(connection: psycopg.Connection[Any], allowed: Allowed) -> float:
    """Every window measured, into a table; returns the CPU seconds of the server's process."""
    connection.execute("DROP TABLE IF EXISTS joined, measured")
    pid = connection.info.backend_pid
    begun_s = _cpu_s(pid)
    numbers = {
        "join": allowed.join,
        "gap": allowed.gap,
        "late": allowed.activation_grace,
        "cut": allowed.deactivation_grace,
    }
    for statement in (_JOINED, _MEASURED):
        psycopg.ClientCursor(connection).execute(statement, numbers)  # several statements: the client puts in the numbers
    return _cpu_s(pid) - begun_s


def measured_by_sql(connection: psycopg.Connection[Any]) -> list[Measured]:
    """The answers, in the order of the windows."""
    columns = "covered, lateness, early, late_margin, early_margin, gap_margin, uncertainty"
    return connection.execute(f"SELECT {columns} FROM measured ORDER BY id").fetchall()


def _cpu_s(pid: int) -> float:
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")
