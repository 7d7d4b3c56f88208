"""The coverage rules in plain Python with ``bisect``: what somebody careful would write without numpy.

Recordings are merged and sorted once for each officer; each window is then found by binary search. The rules are those of
``coverage.measure_coverage`` for windows of one piece, without the spans themselves; ``tests/domain/oracle.py`` states
them independently and compares every span.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import accumulate

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, CoverageMeasures, SegmentArrays, WindowArrays
from tests.domain.oracle import Allowed

#: covered, lateness, early, late margin, early margin, gap margin, uncertainty; microseconds.
Measured = tuple[int, int, int, int, int, int, int]


class _Officer:
    """One officer's recordings: by start, with the running latest end, and merged."""

    __slots__ = ("ends", "merged_ends", "merged_starts", "reach", "rows", "starts")

    def __init__(self, rows: list[tuple[int, int, int, int]], join_us: int) -> None:
        self.rows = sorted(rows)
        self.starts = [row[0] for row in self.rows]
        self.ends = [row[1] for row in self.rows]
        self.reach = list(accumulate(self.ends, max))
        self.merged_starts: list[int] = []
        self.merged_ends: list[int] = []
        for start, end, _, _ in self.rows:
            if self.merged_ends and start <= self.merged_ends[-1] + join_us:
                self.merged_ends[-1] = max(self.merged_ends[-1], end)
            else:
                self.merged_starts.append(start)
                self.merged_ends.append(end)


def measure_with_bisect(windows: WindowArrays, segments: SegmentArrays, allowed: Allowed) -> list[Measured]:
    """Every window measured, in order. All windows are one piece."""
    by_owner: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    for owner, start, end, activated, tolerance in _rows(
        segments.owner, segments.start_us, segments.end_us, segments.activated_us, segments.tolerance_us
    ):
        by_owner[owner].append((start, end, start if activated == NO_TIME else activated, tolerance))
    officers = {owner: _Officer(rows, allowed.join) for owner, rows in by_owner.items()}
    nobody = _Officer([], 0)
    return [
        _measure(officers.get(owner, nobody), start, end, precision, tolerance, allowed)
        for owner, start, end, precision, tolerance in _rows(
            windows.owner, windows.start_us, windows.end_us, windows.precision_us, windows.tolerance_us
        )
    ]


def measured_by_engine(measures: CoverageMeasures) -> list[Measured]:
    """The engine's answers in the same form."""
    columns = (
        *(measures.covered_us, measures.lateness_us, measures.early_us, measures.late_margin_us),
        *(measures.early_margin_us, measures.gap_margin_us, measures.uncertainty_us),
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _rows(*columns: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> zip[tuple[int, ...]]:
    return zip(*(column.tolist() for column in columns), strict=True)


def _measure(officer: _Officer, low: int, high: int, precision: int, tolerance: int, allowed: Allowed) -> Measured:
    first, behind = bisect_right(officer.reach, low), bisect_left(officer.starts, high)
    matched = [officer.rows[place] for place in range(first, behind) if officer.ends[place] > low]
    uncertainty = max((row[3] for row in matched), default=tolerance) + precision
    first, behind = bisect_right(officer.merged_ends, low), bisect_left(officer.merged_starts, high)
    parts = [
        (max(low, officer.merged_starts[place]), min(high, officer.merged_ends[place])) for place in range(first, behind)
    ]
    if not parts:
        return 0, 0, 0, 0, 0, 0, uncertainty
    activated = min(row[2] for row in matched)
    margin, at = 0, low
    for start, end in parts:
        begin = max(at, min(activated, start)) if at == low else at
        if start - begin > allowed.gap:
            margin = max(margin, min(high - begin, start - low) - allowed.gap)
        at = end
    lateness, early = activated - low, high - parts[-1][1]
    covered = sum(end - start for start, end in parts)
    late, cut = lateness - allowed.activation_grace, early - allowed.deactivation_grace
    return covered, lateness, early, late, cut, margin, uncertainty
