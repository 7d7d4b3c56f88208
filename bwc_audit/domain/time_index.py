"""Values that each last for some time, found by a moment or an interval without looking at all of them.

Decides nothing. A lookup costs the logarithm of the number of values plus what lies between the first that can still
overlap and the last that has begun; one value that lasts very long makes the lookups after its start look at its followers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

from bwc_audit.domain.coverage import Int, ranges

T = TypeVar("T")


class TimeIndex(Generic[T]):
    """Values by their half-open ``[start_us, end_us)``, in order of start; those with the same start as given."""

    __slots__ = ("_columns", "_ends", "_reach", "_starts", "_values")

    def __init__(self, rows: Iterable[tuple[int, int, T]]) -> None:
        ordered = sorted(rows, key=lambda row: row[0])
        self._set([row[0] for row in ordered], [row[1] for row in ordered], [row[2] for row in ordered])

    @classmethod
    def in_order(cls, starts_us: Int, ends_us: Int, values: Sequence[T]) -> TimeIndex[T]:
        """From columns that are in order of start already."""
        index = cls.__new__(cls)
        index._set(starts_us.tolist(), ends_us.tolist(), values)
        return index

    def _set(self, starts: list[int], ends: list[int], values: Sequence[T]) -> None:
        self._starts, self._ends, self._values = starts, ends, values
        self._reach = list(accumulate(ends, max))
        self._columns: tuple[Int, Int, Int] | None = None

    def overlapping(self, start_us: int, end_us: int) -> Iterator[T]:
        """Values that begin before ``end_us`` and end after ``start_us``."""
        first = bisect_right(self._reach, start_us)
        behind = bisect_left(self._starts, end_us)
        for place in range(first, behind):
            if self._ends[place] > start_us:
                yield self._values[place]

    def count(self, start_us: int, end_us: int) -> int:
        """How many of them that are."""
        first = bisect_right(self._reach, start_us)
        behind = bisect_left(self._starts, end_us)
        return sum(end > start_us for end in self._ends[first:behind])

    def overlapping_each(self, starts_us: Int, ends_us: Int) -> tuple[Int, Int]:
        """The same for many intervals at once: pairs of (place of the interval, place of the value), in that order."""
        if self._columns is None:
            self._columns = np.array(self._starts, np.int64), np.array(self._ends, np.int64), np.array(self._reach, np.int64)
        starts, ends, reach = self._columns
        first = np.searchsorted(reach, starts_us, side="right")
        behind = np.searchsorted(starts, ends_us, side="left")
        row, place = ranges(first, np.maximum(behind - first, 0))
        is_overlap = ends[place] > starts_us[row]
        return row[is_overlap], place[is_overlap]

    @property
    def values(self) -> Sequence[T]:
        """All values, in order of start."""
        return self._values
