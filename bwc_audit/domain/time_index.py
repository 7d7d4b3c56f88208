"""Values that each last for some time, found by a moment or an interval without looking at all of them.

Decides nothing. A lookup costs the logarithm of the number of values plus what lies between the first that can still
overlap and the last that has begun; one value that lasts very long makes the lookups after its start look at its followers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class TimeIndex(Generic[T]):
    """Values by their half-open ``[start_us, end_us)``, in order of start; those with the same start as given."""

    __slots__ = ("_ends", "_reach", "_starts", "_values")

    def __init__(self, rows: Iterable[tuple[int, int, T]]) -> None:
        ordered = sorted(rows, key=lambda row: row[0])
        self._starts = [start_us for start_us, _, _ in ordered]
        self._ends = [end_us for _, end_us, _ in ordered]
        self._values = [value for _, _, value in ordered]
        self._reach = list(accumulate(self._ends, max))

    def overlapping(self, start_us: int, end_us: int) -> Iterator[T]:
        """Values that begin before ``end_us`` and end after ``start_us``."""
        first = bisect_right(self._reach, start_us)
        behind = bisect_left(self._starts, end_us)
        for place in range(first, behind):
            if self._ends[place] > start_us:
                yield self._values[place]
