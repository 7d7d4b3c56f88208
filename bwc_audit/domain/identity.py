"""Who is meant: officer identifiers across systems, and who held a device when.

Decides only what the roster and the holder history say. An identifier that fits no officer, or more than one, stays
unresolved; guessing would put one officer's silence on another's record.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np

from bwc_audit.domain.coverage import Int
from bwc_audit.domain.records import Holding, Officer
from bwc_audit.domain.segment_table import Coded
from bwc_audit.domain.time_index import TimeIndex

_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Z]+")
_PREFIX_AND_ZEROS = re.compile(r"^[A-Z]*0*")

#: Later than any time: the end of a holding that is still going on.
_NEVER_US = 2**63 - 1


@lru_cache(maxsize=1 << 16)
def bare_badge(officer_id: str) -> str:
    """The identifier without prefix letters, punctuation and leading zeros: ``PC 0101`` and ``101`` are both ``101``.

    Empty where nothing is left (an identifier of letters only has no bare form).
    """
    return _PREFIX_AND_ZEROS.sub("", _NOT_ALPHANUMERIC.sub("", officer_id.upper()), count=1)


class Roster:
    """Officers by identifier, as written first, else by a bare badge that exactly one officer has."""

    __slots__ = ("_by_bare", "_by_id", "_resolved")

    def __init__(self, officers: Iterable[Officer]) -> None:
        self._by_id = {officer.officer_id: officer for officer in officers}
        by_bare: dict[str, set[str]] = defaultdict(set)
        for officer_id in self._by_id:
            by_bare[bare_badge(officer_id)].add(officer_id)
        by_bare.pop("", None)
        self._resolved: dict[str, Officer | None] = {}
        self._by_bare = {bare: next(iter(ids)) for bare, ids in by_bare.items() if len(ids) == 1}

    def resolve(self, officer_id: str) -> Officer | None:
        """The officer meant, or None."""
        found = self._by_id.get(officer_id)
        if found is not None:
            return found
        if officer_id not in self._resolved:  # the same spelling comes with every row of its system
            self._resolved[officer_id] = self._by_id.get(self._by_bare.get(bare_badge(officer_id), ""))
        return self._resolved[officer_id]


@dataclass(frozen=True, slots=True)
class HolderHistory:
    """Effective-dated holders of each device."""

    by_device: dict[str, TimeIndex[Holding]]
    by_officer: dict[str, TimeIndex[Holding]]
    _asked: dict[tuple[str, int, int], tuple[str, ...]] = field(default_factory=dict)

    @staticmethod
    def of(holdings: Iterable[Holding], roster: Roster) -> HolderHistory:
        by_device: dict[str, list[Holding]] = defaultdict(list)
        by_officer: dict[str, list[Holding]] = defaultdict(list)
        for holding in holdings:
            by_device[holding.device_id].append(holding)
            officer = roster.resolve(holding.officer_id)
            by_officer[officer.officer_id if officer else holding.officer_id].append(holding)
        return HolderHistory(
            {key: _in_time(rows) for key, rows in by_device.items()},
            {key: _in_time(rows) for key, rows in by_officer.items()},
        )

    def devices_of(self, officer_id: str, start_us: int, end_us: int) -> tuple[str, ...]:
        """Devices the officer held at any moment of ``[start_us, end_us)``, ascending."""
        key = (officer_id, start_us, end_us)
        found = self._asked.get(key)
        if found is None:  # each absence asks several times for its own window
            held = self.by_officer.get(officer_id)
            devices = {holding.device_id for holding in held.overlapping(start_us, end_us)} if held else ()
            found = self._asked[key] = tuple(sorted(devices))
        return found

    def devices_of_each(
        self, officer_ids: Sequence[str], officer: Int, start_us: Int, end_us: Int
    ) -> tuple[Int, Coded[str]]:
        """The same for many officers (``officer``: index into ``officer_ids``) and intervals at once: pairs of (place of the
        interval, a device held in it)."""
        order = np.argsort(officer, kind="stable")
        edges = np.searchsorted(officer[order], np.arange(len(officer_ids) + 1)).tolist()
        number: dict[str, int] = {}
        rows, devices = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for officer_id, (low, high) in zip(officer_ids, pairwise(edges), strict=True):
            index = self.by_officer.get(officer_id)
            if index is None or low == high:
                continue
            own = order[low:high]
            row, place = index.overlapping_each(start_us[own], end_us[own])
            codes = [number.setdefault(holding.device_id, len(number)) for holding in index.values]
            rows.append(own[row])
            devices.append(np.array(codes, np.int64)[place])
        return np.concatenate(rows), Coded(np.concatenate(devices), tuple(number))


def _holding_order(holding: Holding) -> tuple[int, str, str]:
    return (holding.held_from_us, holding.device_id, holding.officer_id)


def _in_time(holdings: Iterable[Holding]) -> TimeIndex[Holding]:
    return TimeIndex(
        (holding.held_from_us, _NEVER_US if holding.held_to_us is None else holding.held_to_us, holding)
        for holding in sorted(holdings, key=_holding_order)
    )
