"""The coverage engine: required windows against recorded segments, vectorised over all officers and times at once.

It decides what is covered, what is a gap, how late and how early, and by how much clock error each answer holds. It does
not know who an officer is, whether sources are complete, or what a picture shows.

All officers are laid behind one another on a single axis, so that sorting, running maxima and
binary search serve them all in a few passes of numpy. Memory: about 200 bytes a segment and a window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.exempt_time import ExemptTime
from bwc_audit.domain.times import Span

Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

#: A limit in microseconds: one for all windows, or an array of one element a window (rules that differ by assignment).
Limit = int | Int

#: Stands for "no such time" in an array of microseconds.
NO_TIME = np.iinfo(np.int64).min

_AXIS_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class SegmentArrays:
    """Recorded segments, one element each, any order. ``activated_us`` is ``NO_TIME`` where it is not recorded."""

    owner: Int
    start_us: Int
    end_us: Int
    activated_us: Int
    tolerance_us: Int


@dataclass(frozen=True, slots=True)
class WindowArrays:
    """Required windows, one element each. ``tolerance_us``: clock tolerance where no segment matches."""

    owner: Int
    start_us: Int
    end_us: Int
    precision_us: Int
    tolerance_us: Int


@dataclass(frozen=True, slots=True)
class SpanTable:
    """Spans that belong to windows: sorted by ``window``, then time; disjoint within a window."""

    window: Int
    start_us: Int
    end_us: Int

    def __len__(self) -> int:
        return len(self.window)

    def only(self, mask: Bool) -> SpanTable:
        """The spans for which ``mask`` holds, in the same order."""
        return SpanTable(self.window[mask], self.start_us[mask], self.end_us[mask])

    def spans_by_window(self) -> dict[int, tuple[Span, ...]]:
        """The spans of each window that has any, as values."""
        found: dict[int, list[Span]] = defaultdict(list)
        rows = zip(self.window.tolist(), self.start_us.tolist(), self.end_us.tolist(), strict=True)
        for window, start_us, end_us in rows:
            found[window].append(Span(start_us, end_us))
        return {window: tuple(spans) for window, spans in found.items()}

    def total_us(self, windows: int) -> Int:
        """Sum of lengths for each of ``windows`` windows."""
        total = np.zeros(windows, np.int64)
        np.add.at(total, self.window, self.end_us - self.start_us)
        return total


@dataclass(frozen=True, slots=True)
class CoverageLimits:
    """The policy's numbers in microseconds, for all windows alike or for each by itself."""

    activation_grace_us: Limit
    deactivation_grace_us: Limit
    gap_us: Limit
    join_us: Limit


@dataclass(frozen=True, slots=True)
class CoverageMeasures:
    """What was measured for each window (arrays of its length), and the spans behind it.

    ``lateness_us`` and ``early_us`` count no time that exemptions cut out of the window, and mean nothing where
    ``covered_us`` is 0. ``*_margin_us`` are positive exactly where the kind is stated: how far the activation, or the last
    recorded moment, lies beyond what is allowed; ``nearest_us`` is ``NO_TIME`` where the owner has no segment at all.
    ``holes``: the spans of ``recording_gap``. ``pair_window``/``pair_segment``: which segments overlap which window.
    """

    required_us: Int
    covered_us: Int
    lateness_us: Int
    early_us: Int
    nearest_us: Int
    late_margin_us: Int
    early_margin_us: Int
    gap_margin_us: Int
    uncertainty_us: Int
    covered: SpanTable
    gaps: SpanTable
    late_gaps: SpanTable
    early_gaps: SpanTable
    holes: SpanTable
    pair_window: Int
    pair_segment: Int


@dataclass(frozen=True, slots=True)
class Axis:
    """The single axis: each owner has a stretch of it as long as the time in which anything of theirs lies."""

    base: Int
    shift: Int

    @staticmethod
    def over(spans: Sequence[tuple[Int, Int, Int]], slack_us: int) -> Axis:
        """``spans``: (owner, start, end) of all that will be placed; more than ``slack_us`` lie between two owners. Raises
        ``ValueError`` where the stretches do not fit 62 bits: decide in shorter chunks."""
        owners = max((int(owner.max(initial=-1)) for owner, _, _ in spans), default=-1) + 1
        low, high = np.full(owners, np.iinfo(np.int64).max), np.full(owners, np.iinfo(np.int64).min)
        for owner, start_us, end_us in spans:
            np.minimum.at(low, owner, start_us)
            np.maximum.at(high, owner, end_us)
        is_empty = low > high
        low[is_empty] = high[is_empty] = 0
        length = high - low + slack_us + 1
        if float(length.astype(np.float64).sum()) >= _AXIS_LIMIT:
            raise ValueError(f"the times of {owners} owners exceed the axis; decide in shorter periods")
        base = np.concatenate([np.zeros(1, np.int64), np.cumsum(length)])
        return Axis(base, base[:-1] - low)

    def place(self, owner: Int, time_us: Int) -> Int:
        return time_us + self.shift[owner]

    def time_us(self, position: Int, owner: Int) -> Int:
        return position - self.shift[owner]

    def owner_at(self, position: Int) -> Int:
        """Whose stretch a position lies in."""
        return np.searchsorted(self.base, position, side="right") - 1


def limit_at(limit: Limit, window: Int) -> Limit:
    """The limit of each of the windows named."""
    return limit if isinstance(limit, int) else limit[window]


def ranges(first: Int, count: Int) -> tuple[Int, Int]:
    """Expand ``count[i]`` consecutive indices from ``first[i]``: returns (i repeated, the indices)."""
    row = np.repeat(np.arange(len(first), dtype=np.int64), count)
    offset = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
    return row, first[row] + offset


def union(starts: Int, ends: Int, join_us: int = 0) -> tuple[Int, Int]:
    """Disjoint ascending spans that cover the same points; holes of at most ``join_us`` are bridged."""
    if not len(starts):
        return starts, ends
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    is_first = np.ones(len(starts), np.bool_)
    is_first[1:] = starts[1:] > reach[:-1] + join_us
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], len(starts)) - 1
    return starts[first], reach[last]


def clip(starts: Int, ends: Int, low: Int, high: Int) -> tuple[Int, Int, Int]:
    """Parts of disjoint ascending spans inside each ``[low, high)``: (index of the range, start, end)."""
    first = np.searchsorted(ends, low, side="right")
    behind = np.searchsorted(starts, high, side="left")
    row, index = ranges(first, np.maximum(behind - first, 0))
    return row, np.maximum(starts[index], low[row]), np.minimum(ends[index], high[row])


def complement(row: Int, starts: Int, ends: Int, low: Int, high: Int) -> tuple[Int, Int, Int]:
    """What clipped spans (sorted by row, then time) leave of each ``[low, high)``: (row, start, end)."""
    # A row with n spans has n + 1 gaps, some empty: each ends where the next span starts, the last one at the end of the
    # row. Their places follow from the counts, so nothing is sorted.
    count = np.bincount(row, minlength=len(low))
    last = np.cumsum(count + 1) - 1
    behind_span = np.arange(len(row), dtype=np.int64) + row + 1
    gap_row = np.repeat(np.arange(len(low), dtype=np.int64), count + 1)
    gap_start, gap_end = np.empty_like(gap_row), np.empty_like(gap_row)
    gap_start[last - count], gap_start[behind_span] = low, ends
    gap_end[last], gap_end[behind_span - 1] = high, starts
    is_real = gap_end > gap_start
    return gap_row[is_real], gap_start[is_real], gap_end[is_real]


def uncovered(pieces: SpanTable, covered_by: SpanTable, join_us: Limit) -> SpanTable:
    """Parts of ``pieces`` that no span of ``covered_by`` with the same ``window`` covers."""
    axis = Axis.over([(table.window, table.start_us, table.end_us) for table in (pieces, covered_by)], _most(join_us))
    low, high = axis.place(pieces.window, pieces.start_us), axis.place(pieces.window, pieces.end_us)
    starts = axis.place(covered_by.window, covered_by.start_us)
    ends = axis.place(covered_by.window, covered_by.end_us)
    row, gap_start, gap_end = complement(*_joined(starts, ends, low, high, limit_at(join_us, pieces.window)), low, high)
    window = pieces.window[row]
    return SpanTable(window, axis.time_us(gap_start, window), axis.time_us(gap_end, window))


def together(table: SpanTable) -> SpanTable:
    """The union of the spans of each ``window``, which may overlap and have any order."""
    axis = Axis.over([(table.window, table.start_us, table.end_us)], 0)
    starts, ends = union(axis.place(table.window, table.start_us), axis.place(table.window, table.end_us))
    window = axis.owner_at(starts)
    return SpanTable(window, axis.time_us(starts, window), axis.time_us(ends, window))


def of_each(limit: Limit, windows: int) -> Int:
    """A limit as one number a window."""
    return np.broadcast_to(np.asarray(limit, np.int64), (windows,))


def _most(limit: Limit) -> int:
    return limit if isinstance(limit, int) else int(limit.max(initial=0))


def _joined(starts: Int, ends: Int, low: Int, high: Int, join_us: Limit) -> tuple[Int, Int, Int]:
    """The union of spans inside each ``[low, high)``, holes of up to ``join_us`` bridged: (row, start, end), sorted."""
    if isinstance(join_us, int):
        return clip(*union(starts, ends, join_us), low, high)
    parts = [(np.zeros(0, np.int64),) * 3]
    for each_us in sorted(set(join_us.tolist())):  # few: one for each set of rules in force
        own = np.flatnonzero(join_us == each_us)
        row, start, end = clip(*union(starts, ends, each_us), low[own], high[own])
        parts.append((own[row], start, end))
    row, start, end = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(row, kind="stable")
    return row[order], start[order], end[order]


def measure_coverage(
    windows: WindowArrays, pieces: SpanTable, segments: SegmentArrays, limits: CoverageLimits
) -> CoverageMeasures:
    """Measure every window against the segments of its owner.

    ``pieces``: the required time of each window (more than one where exemptions cut it), sorted, inside the window, at
    least one each. Raises ``ValueError`` where the period is too long for the axis.
    """
    count = len(windows.owner)
    axis = owner_axis(windows, segments, limits.join_us)
    covered, gaps = _cover_pieces(windows, pieces, segments, limits.join_us, axis)
    pair_window, pair_segment, nearest_us = _match(windows, segments, axis)
    activated_us = np.where(segments.activated_us == NO_TIME, segments.start_us, segments.activated_us)
    first_activated = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first_activated, pair_window, activated_us[pair_segment])
    tolerance = np.zeros(count, np.int64)
    np.maximum.at(tolerance, pair_window, segments.tolerance_us[pair_segment])
    is_matched = np.zeros(count, np.bool_)
    is_matched[pair_window] = True
    tolerance = np.where(is_matched, tolerance, windows.tolerance_us)
    covered_us = covered.total_us(count)
    is_covered = covered_us > 0
    last_end = windows.start_us.copy()
    np.maximum.at(last_end, covered.window, covered.end_us)
    exempt = ExemptTime.between(pieces.window, pieces.start_us, pieces.end_us, count)
    lateness_us = first_activated - windows.start_us - exempt.before(first_activated)
    early_us = windows.end_us - last_end - exempt.after(last_end)
    late_by, early_by = (of_each(one, count) for one in (limits.activation_grace_us, limits.deactivation_grace_us))
    latest = windows.start_us + late_by + exempt.within_first(late_by)
    earliest = windows.end_us - early_by - exempt.within_last(early_by)
    late_gaps, early_gaps, holes = _split_gaps(gaps, covered, is_covered, first_activated, last_end, limits.gap_us)
    return CoverageMeasures(
        required_us=pieces.total_us(count),
        covered_us=covered_us,
        lateness_us=np.where(is_covered, lateness_us, 0),
        early_us=np.where(is_covered, early_us, 0),
        nearest_us=nearest_us,
        late_margin_us=np.where(is_covered, first_activated - latest, 0),
        early_margin_us=np.where(is_covered, earliest - last_end, 0),
        gap_margin_us=_gap_margin(holes, windows, limits.gap_us),
        uncertainty_us=tolerance + windows.precision_us,
        covered=covered,
        gaps=gaps,
        late_gaps=late_gaps,
        early_gaps=early_gaps,
        holes=holes,
        pair_window=pair_window,
        pair_segment=pair_segment,
    )


def covered_time(
    windows: WindowArrays, pieces: SpanTable, segments: SegmentArrays, join_us: Limit
) -> tuple[SpanTable, SpanTable]:
    """What the segments of each window's owner cover of its pieces, and what they leave: (covered, gaps)."""
    axis = owner_axis(windows, segments, join_us)
    return _cover_pieces(windows, pieces, segments, join_us, axis)


def owner_axis(windows: WindowArrays, segments: SegmentArrays, slack_us: Limit = 0) -> Axis:
    """The axis on which all windows and segments lie."""
    return Axis.over([(rows.owner, rows.start_us, rows.end_us) for rows in (windows, segments)], _most(slack_us))


def _cover_pieces(
    windows: WindowArrays, pieces: SpanTable, segments: SegmentArrays, join_us: Limit, axis: Axis
) -> tuple[SpanTable, SpanTable]:
    owner = windows.owner[pieces.window]
    low, high = axis.place(owner, pieces.start_us), axis.place(owner, pieces.end_us)
    starts, ends = axis.place(segments.owner, segments.start_us), axis.place(segments.owner, segments.end_us)
    row, start, end = _joined(starts, ends, low, high, limit_at(join_us, pieces.window))
    gap_row, gap_start, gap_end = complement(row, start, end, low, high)

    def table(row: Int, start: Int, end: Int) -> SpanTable:
        return SpanTable(pieces.window[row], axis.time_us(start, owner[row]), axis.time_us(end, owner[row]))

    return table(row, start, end), table(gap_row, gap_start, gap_end)


def _match(windows: WindowArrays, segments: SegmentArrays, axis: Axis) -> tuple[Int, Int, Int]:
    """All overlapping (window, segment) pairs, and each window's distance to its owner's nearest segment."""
    starts = axis.place(segments.owner, segments.start_us)
    order = np.argsort(starts, kind="stable")
    starts = starts[order]
    ends = axis.place(segments.owner, segments.end_us)[order]
    reach = np.maximum.accumulate(ends) if len(ends) else ends
    low, high = axis.place(windows.owner, windows.start_us), axis.place(windows.owner, windows.end_us)
    first = np.searchsorted(reach, low, side="right")
    behind = np.searchsorted(starts, high, side="left")
    window, index = ranges(first, np.maximum(behind - first, 0))
    is_overlap = ends[index] > low[window]
    nearest = _nearest(axis.base[windows.owner], axis.base[windows.owner + 1], low, high, starts, reach, behind)
    return window[is_overlap], order[index[is_overlap]], nearest


def touching(windows: WindowArrays, segments: SegmentArrays) -> tuple[Int, Int]:
    """All pairs of (window, segment of its owner that overlaps it)."""
    return _match(windows, segments, owner_axis(windows, segments))[:2]


def _nearest(base: Int, limit: Int, low: Int, high: Int, starts: Int, reach: Int, behind: Int) -> Int:
    far = np.iinfo(np.int64).max
    if not len(starts):
        return np.full(len(low), NO_TIME)
    next_start = starts[np.minimum(behind, len(starts) - 1)]
    has_next = (behind < len(starts)) & (next_start < limit)
    previous_end = reach[np.maximum(behind - 1, 0)]
    has_previous = (behind > 0) & (previous_end >= base)
    after = np.where(has_next, next_start - high, far)
    before = np.where(has_previous, np.maximum(low - previous_end, 0), far)
    distance = np.minimum(after, before)
    return np.where(distance == far, NO_TIME, distance)


def _split_gaps(
    gaps: SpanTable, covered: SpanTable, is_covered: Bool, first_activated: Int, last_end: Int, gap_us: Limit
) -> tuple[SpanTable, SpanTable, SpanTable]:
    """Gaps before the activation, after the last coverage, and the holes between that are longer than ``gap_us``.

    Exemptions may part what lies before the first coverage, or behind the last. What is cut off there at the activation was
    lost although the camera was running.
    """
    first_start = np.full(len(is_covered), np.iinfo(np.int64).max)
    np.minimum.at(first_start, covered.window, covered.start_us)
    gaps = gaps.only(is_covered[gaps.window])
    is_head, is_tail = gaps.start_us < first_start[gaps.window], gaps.start_us >= last_end[gaps.window]
    activated = np.clip(first_activated[gaps.window], gaps.start_us, gaps.end_us)
    late = SpanTable(gaps.window, gaps.start_us, activated).only(is_head & (activated > gaps.start_us))
    inner = SpanTable(gaps.window, np.where(is_head, activated, gaps.start_us), gaps.end_us)
    is_hole = ~is_tail & (inner.end_us - inner.start_us > limit_at(gap_us, inner.window))
    return late, gaps.only(is_tail), inner.only(is_hole)


def _gap_margin(holes: SpanTable, windows: WindowArrays, gap_us: Limit) -> Int:
    """The smallest shift of the camera, all holes the same way, that leaves none longer than ``gap_us`` inside the window;
    0: no hole."""
    allowed_us = limit_at(gap_us, holes.window)
    to_the_right, to_the_left = np.zeros((2, len(windows.owner)), np.int64)
    np.maximum.at(to_the_right, holes.window, windows.end_us[holes.window] - holes.start_us - allowed_us)
    np.maximum.at(to_the_left, holes.window, holes.end_us - windows.start_us[holes.window] - allowed_us)
    return np.minimum(to_the_right, to_the_left)
