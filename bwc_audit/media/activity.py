"""What the sizes of coded frames say about where to look; known from the index alone, before any frame is fetched.

An encoder spends bytes where something is to be seen: a covered lens, a black or a repeated picture costs it another
amount than the scene before it, as a key frame, in the frames between, or both. Seconds whose sizes, averaged over a few
seconds, are unlike those around the samples on both sides of them get a sample of their own; what counts as unlike
follows from how much the sizes of this file vary from one key frame to the next. So a long distance between two samples
remains only where the sizes say that nothing changed. Seconds in which nothing but the key frames costs anything get
several samples, because only the comparison of pictures shows a stuck encoder; where all are key frames, seconds in which
they all cost the same. In a long file the sizes also show by how much its scenes differ from one time to another; what
does not stand out of that is the walk going on, and no reason to look.

Sizes only direct the looking. What is wrong with a picture is never concluded from them. Damage to the bytes leaves their
sizes as they were: between two samples it stays unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.frame_table import FrameTable
from bwc_audit.media.track_index import Int, TrackIndex

#: Levels are powers of two of bytes. Means that differ by less than this (a tenth of the bytes) are alike in any file.
_LEAST_UNLIKE = 0.15
#: From so many standard deviations of the difference of two means on they are unlike.
_SIGMAS = 3.0
#: So many seconds apart scenes are compared; in files of so many seconds, which no single defect fills; and a change by more
#: than this (a quarter of the bytes) is looked into however much scenes differ.
_SCENES_APART_S, _LONG_S, _MOST_UNLIKE_SCENES = 20, 300, 0.3
#: Seconds over which levels are averaged, and over which the level at a sample is taken.
_MEAN_SECONDS, _SAMPLE_SECONDS = 5, 3
#: No sample is added nearer to another one: shorter changes are a flash, a hand, a turn of the head.
_LEAST_APART_S = 5
#: Where more than this share are key frames, the spread of their sizes says what the other frames say elsewhere.
_ALL_KEYS = 0.9
#: A spread (standard deviation over mean) is told apart down to a thousandth, and weighs a quarter: it varies more.
_LEAST_SPREAD, _SPREAD_WEIGHT = 1e-3, 0.25
#: Seconds whose other frames cost (the median of each: a clock in the picture makes one of them dear) less than this share
#: of the file's upper quartile cost next to nothing, for at least so many seconds.
_QUIET_SHARE, _QUIET_SECONDS = 0.12, 2
#: From the median of absolute differences to the standard deviation of normally distributed ones.
_MAD_TO_SIGMA = 1.4826

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """``levels``: a row for each kind of level, a column for each second of media time, the last known one where a second
    has no such frame. ``unlike``: for each row, by how much means differ where something changed. ``is_quiet``: seconds
    in which the other frames cost next to nothing, or all key frames the same."""

    levels: Float
    unlike: Float
    is_quiet: NDArray[np.bool_]


def activity_of(track: TrackIndex, table: FrameTable) -> Activity:
    """The levels of a whole file: of its key frames, of the frames between, of the spread where there are none between."""
    seconds = int(table.end_us // SECOND_US) + 1
    sizes = track.sizes[table.samples].astype(np.float64)
    is_key = track.is_key[table.samples]
    second = np.minimum(table.times_us // SECOND_US, seconds - 1)
    costs = _median_by(second[~is_key], sizes[~is_key], seconds)
    others = _mean_by(second[~is_key], sizes[~is_key], seconds)
    rows = [_log2(_mean_by(second[is_key], sizes[is_key], seconds)), _log2(others)]
    if np.count_nonzero(is_key) > _ALL_KEYS * is_key.size:
        costs = _spread(second, sizes, seconds)
        rows.append(_SPREAD_WEIGHT * _log2(costs))
    known = [row for row in rows if np.count_nonzero(~np.isnan(row)) > _SAMPLE_SECONDS]
    usual = float(np.percentile(costs[costs > 0], 75)) if (costs > 0).any() else 0.0
    levels = np.array([_carried(row) for row in known]).reshape(len(known), seconds)
    by_noise = np.array([max(_LEAST_UNLIKE, _SIGMAS * _deviation(row)) for row in known])
    return Activity(
        levels=levels,
        unlike=np.maximum(by_noise, np.minimum(_MOST_UNLIKE_SCENES, _SIGMAS * _between_scenes(levels))),
        is_quiet=(costs > 0) & (costs < _QUIET_SHARE * usual),
    )


def unlike_times(activity: Activity, sampled_us: Sequence[int], spans: Sequence[Span], most: int) -> list[int]:
    """Times in the spans whose seconds are unlike the nearest samples before and after them, at most ``most``: between each
    two samples the middle of the stretch that is most unlike, then the same again with those samples known.
    ``sampled_us`` ascending."""
    seconds = activity.levels.shape[1]
    places = np.unique(np.array(sampled_us, dtype=np.int64) // SECOND_US)
    places = places[places < seconds]
    if not len(activity.levels) or not places.size:
        return []
    means, at_sample = _levels_over(activity.levels)
    is_inside = _inside(seconds, spans)
    found: list[int] = []
    while len(found) < most:
        unlikeness = np.where(is_inside, _unlikeness(activity, means, at_sample, places), 0.0)
        peaks: dict[int, tuple[float, int]] = {}
        for first, last in _runs(unlikeness > 1):
            between, middle = int(np.searchsorted(places, first)), (first + last) // 2
            peaks[between] = max(peaks.get(between, (0.0, 0)), (float(unlikeness[first : last + 1].max()), middle))
        middles = [middle for _, middle in sorted(peaks.values(), reverse=True)][: most - len(found)]
        if not middles:
            break
        found += [middle * SECOND_US + SECOND_US // 2 for middle in middles]
        places = np.unique(np.append(places, middles))
    return found


def quiet_stretches(activity: Activity, spans: Sequence[Span]) -> Iterator[Span]:
    """Stretches of at least some seconds inside the spans in which only key frames cost anything."""
    for first, last in _runs(activity.is_quiet & _inside(activity.is_quiet.size, spans)):
        if last - first + 1 >= _QUIET_SECONDS:
            yield Span(first * SECOND_US, (last + 1) * SECOND_US)


def _unlikeness(activity: Activity, means: Float, at_sample: Float, places: Int) -> Float:
    """For each second, how unlike it is to the more alike of the samples beside it; above 1 something changed."""
    seconds = np.arange(means.shape[1])
    following = np.clip(np.searchsorted(places, seconds), 0, places.size - 1)
    before, after = places[np.maximum(following - 1, 0)], places[following]
    unlike = activity.unlike[:, None]
    from_before = (np.abs(means - at_sample[:, before]) / unlike).max(axis=0)
    from_after = (np.abs(means - at_sample[:, after]) / unlike).max(axis=0)
    is_near = np.minimum(np.abs(seconds - before), np.abs(after - seconds)) < _LEAST_APART_S
    return np.where(is_near, 0.0, np.minimum(from_before, from_after))


def _inside(seconds: int, spans: Sequence[Span]) -> NDArray[np.bool_]:
    inside = np.zeros(seconds, dtype=bool)
    for span in spans:
        inside[max(0, -(-span.start_us // SECOND_US)) : max(0, span.end_us // SECOND_US)] = True
    return inside


def _runs(claims: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], claims, [False]]).astype(np.int8)))
    for first, behind in edges.reshape(-1, 2).tolist():
        yield first, behind - 1


def _mean_by(second: Int, sizes: Float, seconds: int) -> Float:
    count = np.bincount(second, minlength=seconds)
    return np.asarray(np.bincount(second, weights=sizes, minlength=seconds) / np.maximum(count, 1), dtype=np.float64)


def _median_by(second: Int, sizes: Float, seconds: int) -> Float:
    """The lower median of each second, 0 where there is nothing."""
    order = np.lexsort((sizes, second))
    count = np.bincount(second, minlength=seconds)
    first = np.cumsum(count) - count
    places = (first + np.maximum(count - 1, 0) // 2)[count > 0]
    median = np.zeros(seconds)
    median[count > 0] = sizes[order][places]
    return median


def _log2(means: Float) -> Float:
    """NaN where there is nothing."""
    return np.log2(means, out=np.full(means.size, np.nan), where=means > 0)


def _spread(second: Int, sizes: Float, seconds: int) -> Float:
    """Standard deviation over mean, 0 where there is nothing."""
    mean = _mean_by(second, sizes, seconds)
    power = _mean_by(second, sizes**2, seconds)
    share = np.sqrt(np.maximum(power - mean**2, 0)) / np.maximum(mean, 1)
    return np.where(mean > 0, share + _LEAST_SPREAD, 0.0)


def _deviation(row: Float) -> float:
    """Standard deviation of the difference of two means, from the steps between neighbouring known levels."""
    places = np.flatnonzero(~np.isnan(row))
    each = _MAD_TO_SIGMA * float(np.median(np.abs(np.diff(row[places])))) / np.sqrt(2)
    seconds_each = (places[-1] - places[0]) / (places.size - 1)
    return float(each * np.sqrt(seconds_each * (1 / _MEAN_SECONDS + 1 / _SAMPLE_SECONDS)))


def _between_scenes(levels: Float) -> Float:
    """For each row the standard deviation of the difference of a mean and a sample's level some time before it, 0 where the
    file is too short to tell: half of it may hold a defect there."""
    if levels.shape[1] < _LONG_S:
        return np.zeros(len(levels))
    means, at_sample = _levels_over(levels)
    steps = np.abs(means[:, _SCENES_APART_S:] - at_sample[:, :-_SCENES_APART_S])
    return np.asarray(_MAD_TO_SIGMA * np.median(steps, axis=1))


def _levels_over(levels: Float) -> tuple[Float, Float]:
    """For each second the mean of the seconds around it, and the level that a sample there would stand for."""
    return _over(levels, _MEAN_SECONDS).mean(axis=2), np.median(_over(levels, _SAMPLE_SECONDS), axis=2)


def _carried(row: Float) -> Float:
    known = np.flatnonzero(~np.isnan(row))
    return row[known[np.clip(np.searchsorted(known, np.arange(row.size), side="right") - 1, 0, known.size - 1)]]


def _over(levels: Float, seconds: int) -> Float:
    """For each second the levels of the seconds around it, on a last axis of that length."""
    padded = np.pad(levels, ((0, 0), (seconds // 2, seconds // 2)), mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, seconds, axis=1))
