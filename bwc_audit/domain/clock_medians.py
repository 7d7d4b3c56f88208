"""Robust medians of many small groups at once: the arithmetic behind one clock offset for each camera and day.

Decides nothing. The median of a group stays inside its honest part as long as less than half of it lies elsewhere; it
moves with its values and does not depend on their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.coverage import Int


@dataclass(frozen=True, slots=True)
class GroupMedians:
    """One element for each group, ascending by ``key``. ``median_us``: of an even number the middle of the two, rounded
    down. ``spread_us``: median of the distances from it (MAD). ``first`` and ``count`` say where its members stand in
    ``order``, which names the elements of the input."""

    key: Int
    median_us: Int
    spread_us: Int
    count: Int
    first: Int
    order: Int

    def members(self, group: int) -> Int:
        """Indices of the input's elements that belong to one group, ascending by value."""
        start = int(self.first[group])
        return self.order[start : start + int(self.count[group])]


def group_medians(key: Int, value_us: Int) -> GroupMedians:
    """Medians of ``value_us`` by ``key``; both of one length, any order. n log n, about 100 bytes an element."""
    order = np.lexsort((value_us, key)).astype(np.int64)
    keys, values = key[order], value_us[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
    count = np.diff(np.append(first, len(keys)))
    median_us = _middle(values, first, count)
    group = np.repeat(np.arange(len(first), dtype=np.int64), count)
    away_us = np.abs(values - median_us[group])
    spread_us = _middle(away_us[np.lexsort((away_us, group))], first, count)
    return GroupMedians(keys[first], median_us, spread_us, count, first, order)


def _middle(ordered_us: Int, first: Int, count: Int) -> Int:
    low, high = ordered_us[first + (count - 1) // 2], ordered_us[first + count // 2]
    return np.asarray(low + (high - low) // 2)
