"""By how little a clock may be off for an absence to vanish, beyond the plain excess over what the policy allows.

A late start also vanishes where the officer's recording before the window is brought into it, and what then lies between
the two is no longer than a gap may be; an early end likewise by the recording after the window. The other way round,
``holding_us`` says by how little a clock may be off for what covers a window to leave it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np

from bwc_audit.domain.coverage import Int, WindowArrays
from bwc_audit.domain.groups import Groups
from bwc_audit.domain.placement import Placements
from bwc_audit.domain.times import Span


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Each officer's recordings; their starts and ends are put in order when they are first asked for."""

    placements: Placements
    members: Groups
    number_of: dict[str | None, int]
    _times: dict[str, tuple[list[int], list[int]]] = field(default_factory=dict)

    @staticmethod
    def of(placements: Placements) -> Neighbours:
        officer = placements.officer
        members = Groups.of(officer.code, np.arange(len(placements)), len(officer.values))
        return Neighbours(placements, members, {officer_id: place for place, officer_id in enumerate(officer.values)})

    def times_us(self, officer_id: str) -> tuple[list[int], list[int]]:
        """(starts, ends) of an officer's recordings, each ascending."""
        if officer_id not in self._times:
            own = np.array(self.members.get(self.number_of.get(officer_id, -1), ()), np.int64)
            starts, ends = np.sort(self.placements.start_us[own]), np.sort(self.placements.end_us[own])
            self._times[officer_id] = (starts.tolist(), ends.tolist())
        return self._times[officer_id]

    def late_margin_us(self, officer_id: str, window: Span, head_us: int, excess_us: int, gap_us: int) -> int:
        """``head_us``: uncovered time at the window's start; ``excess_us``: lateness beyond the grace."""
        _, ends = self.times_us(officer_id)
        place = bisect_right(ends, window.start_us)
        before_us = window.start_us - ends[place - 1] if place else None
        return _least(before_us, head_us, excess_us, gap_us)

    def early_margin_us(self, officer_id: str, window: Span, tail_us: int, excess_us: int, gap_us: int) -> int:
        """``tail_us``: uncovered time at the window's end; ``excess_us``: what is missing there beyond the grace."""
        starts, _ = self.times_us(officer_id)
        place = bisect_left(starts, window.end_us)
        after_us = starts[place] - window.end_us if place < len(starts) else None
        return _least(after_us, tail_us, excess_us, gap_us)


def _least(distance_us: int | None, uncovered_us: int, excess_us: int, gap_us: int) -> int:
    if distance_us is None or distance_us + uncovered_us > gap_us:
        return excess_us
    return min(excess_us, distance_us)


def holding_us(placements_of: Groups, windows: WindowArrays, placements: Placements) -> Int:
    """For each window how far the recording that lies deepest in it would have to move to leave it; 0: none touches it.
    A clock error smaller than that leaves something in the window."""
    window, index = placements_of.pairs()
    by_its_end = placements.end_us[index] - windows.start_us[window]
    by_its_start = windows.end_us[window] - placements.start_us[index]
    found = np.zeros(len(windows.owner), np.int64)
    np.maximum.at(found, window, np.minimum(by_its_end, by_its_start))
    return found
