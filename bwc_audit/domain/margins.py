"""By how little a clock may be off for an absence to vanish, beyond the plain excess over what the policy allows.

A late start also vanishes where the officer's recording before the window is brought into it, and what then lies between
the two is no longer than a gap may be; an early end likewise by the recording after the window.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bwc_audit.domain.placement import Placement
from bwc_audit.domain.times import Span


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Starts and ends of each officer's recordings, each ascending."""

    starts_us: dict[str, list[int]]
    ends_us: dict[str, list[int]]

    @staticmethod
    def of(placements: Iterable[Placement]) -> Neighbours:
        starts: dict[str, list[int]] = defaultdict(list)
        ends: dict[str, list[int]] = defaultdict(list)
        for one in placements:
            if one.officer_id is not None:
                starts[one.officer_id].append(one.start_us)
                ends[one.officer_id].append(one.end_us)
        return Neighbours(
            {officer_id: sorted(times) for officer_id, times in starts.items()},
            {officer_id: sorted(times) for officer_id, times in ends.items()},
        )

    def late_margin_us(self, officer_id: str, window: Span, head_us: int, excess_us: int, gap_us: int) -> int:
        """``head_us``: uncovered time at the window's start; ``excess_us``: lateness beyond the grace."""
        ends = self.ends_us.get(officer_id, [])
        place = bisect_right(ends, window.start_us)
        before_us = window.start_us - ends[place - 1] if place else None
        return _least(before_us, head_us, excess_us, gap_us)

    def early_margin_us(self, officer_id: str, window: Span, tail_us: int, excess_us: int, gap_us: int) -> int:
        """``tail_us``: uncovered time at the window's end; ``excess_us``: what is missing there beyond the grace."""
        starts = self.starts_us.get(officer_id, [])
        place = bisect_left(starts, window.end_us)
        after_us = starts[place] - window.end_us if place < len(starts) else None
        return _least(after_us, tail_us, excess_us, gap_us)


def _least(distance_us: int | None, uncovered_us: int, excess_us: int, gap_us: int) -> int:
    if distance_us is None or distance_us + uncovered_us > gap_us:
        return excess_us
    return min(excess_us, distance_us)
