"""By how little a clock may be off for an absence to vanish, beyond the plain excess over what the policy allows.

A late start also vanishes where the officer's recording before the window is brought into it, and what then lies between
the two is no longer than a gap may be; an early end likewise by the recording after the window. The other way round,
``holding_us`` says by how little a clock may be off for what covers a window to leave it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.coverage import Bool, Int, SegmentArrays, WindowArrays, owner_axis
from bwc_audit.domain.groups import Groups
from bwc_audit.domain.placement import Placements


@dataclass(frozen=True, slots=True)
class Uncovered:
    """What no recording covers on one side of a window, one element each: its length at the very edge, and the longest
    stretch behind that, which there is where exemptions part it."""

    edge_us: Int
    rest_us: Int


def late_margins_us(
    segments: SegmentArrays, windows: WindowArrays, rows: Int, head: Uncovered, excess_us: Int, gap_us: Int
) -> Int:
    """For these windows. ``head``: what is uncovered at their start; ``excess_us``: how far the activation lies behind the
    latest allowed; ``gap_us``: how long a gap may be. All but ``rows`` have its length."""
    axis = owner_axis(windows, segments)
    owner = windows.owner[rows]
    ends, low = np.sort(axis.place(segments.owner, segments.end_us)), axis.place(owner, windows.start_us[rows])
    place = np.searchsorted(ends, low, side="right")
    before = ends[np.maximum(place - 1, 0)] if len(ends) else low
    is_there = (place > 0) & (before >= axis.base[owner])
    return _least(is_there, low - before, head, excess_us, gap_us)


def early_margins_us(
    segments: SegmentArrays, windows: WindowArrays, rows: Int, tail: Uncovered, excess_us: Int, gap_us: Int
) -> Int:
    """The same of the end. ``tail``: what is uncovered there; ``excess_us``: how far the last recorded moment lies before
    the earliest allowed."""
    axis = owner_axis(windows, segments)
    owner = windows.owner[rows]
    starts, high = np.sort(axis.place(segments.owner, segments.start_us)), axis.place(owner, windows.end_us[rows])
    place = np.searchsorted(starts, high, side="left")
    after = starts[np.minimum(place, len(starts) - 1)] if len(starts) else high
    is_there = (place < len(starts)) & (after < axis.base[owner + 1])
    return _least(is_there, after - high, tail, excess_us, gap_us)


def _least(is_there: Bool, distance_us: Int, uncovered: Uncovered, excess_us: Int, gap_us: Int) -> Int:
    """``is_there``: whether there is a recording at that distance."""
    is_closing = is_there & (distance_us + uncovered.edge_us <= gap_us) & (uncovered.rest_us <= gap_us)
    return np.where(is_closing, np.minimum(excess_us, distance_us), excess_us)


def holding_us(placements_of: Groups, windows: WindowArrays, placements: Placements) -> Int:
    """For each window how far the recording that lies deepest in it would have to move to leave it; 0: none touches it.
    A clock error smaller than that leaves something in the window."""
    window, index = placements_of.pairs()
    by_its_end = placements.end_us[index] - windows.start_us[window]
    by_its_start = windows.end_us[window] - placements.start_us[index]
    found = np.zeros(len(windows.owner), np.int64)
    np.maximum.at(found, window, np.minimum(by_its_end, by_its_start))
    return found
