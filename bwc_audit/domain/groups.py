"""Indices that belong to indices (the windows of a recording, the recordings of a window) as arrays. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.coverage import Bool, Int


def distinct(values: Int) -> Int:
    """Each value once, ascending."""
    ordered = np.sort(values)
    is_first = np.ones(len(ordered), np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def is_among(values: Int, ordered: Int) -> Bool:
    """Which of the values stand in an ascending array."""
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[at] == values)


@dataclass(frozen=True, slots=True, eq=False)
class Groups(Mapping[int, tuple[int, ...]]):
    """The members of each key of ``0 … keys - 1``; only keys that have any are in the mapping.

    ``edges[key] … edges[key + 1]`` are the places of its members in ``members``.
    """

    edges: Int
    members: Int

    @staticmethod
    def of(key: Int, member: Int, keys: int) -> Groups:
        """From pairs; the members of a key stay in the order of the pairs."""
        order = np.argsort(key, kind="stable")
        return Groups(np.searchsorted(key[order], np.arange(keys + 1)), member[order])

    def __getitem__(self, key: int) -> tuple[int, ...]:
        if not 0 <= key < len(self.edges) - 1 or self.edges[key] == self.edges[key + 1]:
            raise KeyError(key)
        return tuple(self.members[self.edges[key] : self.edges[key + 1]].tolist())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and 0 <= key < len(self.edges) - 1 and bool(self.edges[key] < self.edges[key + 1])

    def __iter__(self) -> Iterator[int]:
        return iter(self.keys_with_members().tolist())

    def __len__(self) -> int:
        return len(self.keys_with_members())

    def keys_with_members(self) -> Int:
        """Ascending."""
        return np.flatnonzero(self.has_members())

    def has_members(self) -> Bool:
        """For each key whether it has any."""
        return np.asarray(self.edges[1:] > self.edges[:-1])

    def pairs(self) -> tuple[Int, Int]:
        """(key, member), by key."""
        return np.repeat(np.arange(len(self.edges) - 1, dtype=np.int64), np.diff(self.edges)), self.members
