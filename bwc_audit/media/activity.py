"""What the sizes of coded frames say about where to look; known from the index alone, before any frame is fetched.

An encoder spends bytes where something is to be seen: a covered lens, a black or a repeated picture costs it little, a
changed scene costs it another amount. So each second has two levels, the size of its key frame and the mean size of
its other frames. Seconds unlike the samples on both sides of them deserve a sample of their own, and seconds in which
nothing but the key frames costs anything deserve several, because only the comparison of pictures shows a stuck encoder.
Sizes only direct the looking. What is wrong with a picture is never concluded from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.frame_table import FrameTable
from bwc_audit.media.track_index import Int, TrackIndex

#: Levels are compared as powers of two: one step is twice or half the bytes.
_UNLIKE = 0.8
#: Other frames below this share of the file's upper quartile cost next to nothing.
_QUIET_SHARE = 0.12
#: Shorter changes are a flash, a hand, a turn of the head.
_LEAST_SECONDS = 2
_MEDIAN_SECONDS = 3

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Levels of each second of media time: log2 of bytes, the last known one where a second has no such frame.

    ``keys``: of the key frame; ``others``: mean of the other frames. ``is_quiet``: others cost next to nothing.
    """

    keys: Float
    others: Float
    is_quiet: NDArray[np.bool_]


def activity_of(track: TrackIndex, table: FrameTable) -> Activity:
    """The levels of a whole file."""
    seconds = int(table.end_us // SECOND_US) + 1
    sizes = track.sizes[table.samples]
    is_key = track.is_key[table.samples]
    second = np.minimum(table.times_us // SECOND_US, seconds - 1)
    others = _mean_by(second[~is_key], sizes[~is_key], seconds)
    known = others[others > 0]
    quiet_bytes = _QUIET_SHARE * float(np.percentile(known, 75)) if known.size else 0.0
    return Activity(
        keys=_level(_mean_by(second[is_key], sizes[is_key], seconds)),
        others=_level(others),
        is_quiet=(others > 0) & (others < quiet_bytes),
    )


def unlike_times(activity: Activity, sampled_us: Sequence[int], spans: Sequence[Span], most: int) -> list[int]:
    """Times in the spans whose seconds are unlike the nearest samples before and after them; at most ``most``, the
    longest stretches first. ``sampled_us`` ascending."""
    places = np.unique(np.array([at_us // SECOND_US for at_us in sampled_us], dtype=np.int64))
    found: list[int] = []
    for _ in range(most):
        stretches = list(_unlike_stretches(activity, places, spans))
        if not stretches or len(found) >= most:
            break
        taken = sorted(stretches, key=lambda run: (run[0] - run[1], run[0]))[: most - len(found)]
        middles = [(first + last) // 2 for first, last in taken]
        found += [middle * SECOND_US + SECOND_US // 2 for middle in middles]
        places = np.unique(np.concatenate([places, np.array(middles, dtype=np.int64)]))
    return found


def quiet_stretches(activity: Activity, spans: Sequence[Span]) -> Iterator[Span]:
    """Stretches of at least some seconds inside the spans in which only key frames cost anything."""
    for first, last in _runs(activity.is_quiet & _inside(activity.keys.size, spans)):
        if last - first + 1 >= _LEAST_SECONDS:
            yield Span(first * SECOND_US, (last + 1) * SECOND_US)


def _unlike_stretches(activity: Activity, places: Int, spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    seconds = np.arange(activity.keys.size)
    if not places.size:
        return
    following = np.clip(np.searchsorted(places, seconds), 0, places.size - 1)
    before, after = places[np.maximum(following - 1, 0)], places[following]
    unlike = np.minimum(_distance(activity, seconds, before), _distance(activity, seconds, after)) > _UNLIKE
    for first, last in _runs(unlike & _inside(seconds.size, spans)):
        if last - first + 1 >= _LEAST_SECONDS:
            yield first, last


def _distance(activity: Activity, seconds: Int, places: Int) -> Float:
    places = np.minimum(places, activity.keys.size - 1)
    apart = np.abs(activity.keys[seconds] - activity.keys[places])
    return np.asarray(np.maximum(apart, np.abs(activity.others[seconds] - activity.others[places]) / 2), dtype=np.float64)


def _inside(seconds: int, spans: Sequence[Span]) -> NDArray[np.bool_]:
    inside = np.zeros(seconds, dtype=bool)
    for span in spans:
        inside[max(0, -(-span.start_us // SECOND_US)) : max(0, span.end_us // SECOND_US)] = True
    return inside


def _runs(claims: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], claims, [False]]).astype(np.int8)))
    for first, behind in edges.reshape(-1, 2).tolist():
        yield first, behind - 1


def _mean_by(second: Int, sizes: Int, seconds: int) -> Float:
    count = np.bincount(second, minlength=seconds)
    return np.asarray(np.bincount(second, weights=sizes, minlength=seconds) / np.maximum(count, 1), dtype=np.float64)


def _level(means: Float) -> Float:
    """log2, the last known level carried over seconds without, then a running median against single odd seconds."""
    known = np.flatnonzero(means > 0)
    if not known.size:
        return np.zeros(means.size)
    last = known[np.clip(np.searchsorted(known, np.arange(means.size), side="right") - 1, 0, known.size - 1)]
    level = np.log2(means[last])
    padded = np.pad(level, _MEDIAN_SECONDS // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN_SECONDS)
    return np.asarray(np.median(windows, axis=1), dtype=np.float64)
