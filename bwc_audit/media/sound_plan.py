"""Which samples of a sound track to decode, from their sizes and times alone.

What the sizes of AAC packets say is believed only as far as samples confirm it; what becomes of those is decided where
they are decoded. Codecs whose sizes say nothing are decoded throughout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.times import MINUTE_US, SECOND_US
from bwc_audit.media.plan import STEP_SLACK
from bwc_audit.media.track_index import Int, TrackIndex

#: Packets below this many bytes on average may be silence; speech at 16 kbit/s takes 40 bytes.
_SMALL_BYTES = 24
#: Sizes that vary less than this share of their mean may be padded silence; of the steadiest noise they varied by 0.02.
_LEVEL_SHARE = 0.005
#: Overdriven speech takes packets of 1.2 to 1.5 times the usual size, several a second; of other sounds a second holds one
#: or two that large, more only at the start of a track and after silence, when the encoder has bits to spare.
_LARGE, _LARGE_A_SECOND = 1.15, 4
#: Overdriven sound is so only while somebody speaks: pauses up to this long belong to it.
_PAUSE_S = 3
#: Of the seconds with large packets at most this many are looked into in each minute.
_PROBES_A_MINUTE = 3
#: Packets of one check of what is believed by its size.
_CHECKED = 3
#: Codecs whose packet sizes follow what is in them.
_SIZE_TELLS = frozenset({"aac"})

Claims = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SoundPlan:
    """About the wanted samples, by their place among them. ``is_believed``: there is sound by the sizes. ``is_restless``:
    the sizes may be those of overdriven sound. ``checks``: places to decode all the same, a few neighbours each."""

    is_believed: Claims
    is_restless: Claims
    checks: tuple[Int, ...]


def plan_of(track: TrackIndex, wanted: Int, starts_us: Int, step_us: int, beside_us: Sequence[int] = ()) -> SoundPlan:
    """The plan for the samples ``wanted`` (numbers in the track), which start at ``starts_us``.

    Two checks are never further apart than ``step_us``; they lie just before one of ``beside_us`` where that allows it,
    the slack of pictures given: these are further apart than their step by as much, and a check between each two of them
    would cost a request of its own.
    """
    if track.codec not in _SIZE_TELLS or not wanted.size:
        nothing = np.zeros(wanted.size, dtype=bool)
        return SoundPlan(nothing, nothing, ())
    sizes = track.sizes[wanted].astype(np.float64)
    seconds = starts_us // SECOND_US
    place = np.cumsum(np.diff(seconds, prepend=seconds[0]) != 0)  # number of the second among those that hold samples
    is_believed = _believed(sizes, place)
    large = _large(sizes, starts_us, is_believed)
    checks = [*_even_checks(starts_us, step_us, beside_us), *_probes(sizes, large, place, seconds)]
    return SoundPlan(is_believed, _near(large, place, seconds), tuple(checks))


def _believed(sizes: NDArray[np.float64], place: Int) -> Claims:
    """Which samples lie in a second that holds sound by its sizes, as do the seconds beside it."""
    count = np.bincount(place)
    mean = np.bincount(place, weights=sizes) / count
    deviation = np.sqrt(np.maximum(np.bincount(place, weights=sizes**2) / count - mean**2, 0))
    is_level = (deviation < _LEVEL_SHARE * mean) & (count >= _CHECKED)
    is_doubt = np.pad((mean < _SMALL_BYTES) | is_level, 1)
    is_sound = ~(is_doubt[:-2] | is_doubt[1:-1] | is_doubt[2:])
    believed: Claims = is_sound[place]
    return believed


def _large(sizes: NDArray[np.float64], starts_us: Int, is_believed: Claims) -> Claims:
    """Which believed samples are larger than the usual one of their minute."""
    large = np.zeros(sizes.size, dtype=bool)
    edges = np.flatnonzero(np.diff(starts_us // MINUTE_US)) + 1
    for part in np.split(np.arange(sizes.size), edges):
        believed = part[is_believed[part]]
        if believed.size:
            large[believed] = sizes[believed] >= _LARGE * float(np.median(sizes[believed]))
    return large


def _near(large: Claims, place: Int, seconds: Int) -> Claims:
    """Which samples lie within a pause of a second with several large ones."""
    restless = np.unique(seconds[(np.bincount(place, weights=large) >= _LARGE_A_SECOND)[place]])
    if not restless.size:
        return np.zeros(place.size, dtype=bool)
    after = np.searchsorted(restless, seconds)
    to_next = np.where(after < restless.size, restless[np.minimum(after, restless.size - 1)] - seconds, _PAUSE_S + 1)
    to_last = np.where(after > 0, seconds - restless[np.maximum(after - 1, 0)], _PAUSE_S + 1)
    near: Claims = np.minimum(to_next, to_last) <= _PAUSE_S
    return near


def _probes(sizes: NDArray[np.float64], large: Claims, place: Int, seconds: Int) -> Iterator[Int]:
    """Around the largest packet of the seconds that hold most large ones."""
    counts = np.bincount(place, weights=large)
    firsts = np.flatnonzero(np.diff(place, prepend=-1))
    minutes = seconds[firsts] // 60
    for part in np.split(np.arange(counts.size), np.flatnonzero(np.diff(minutes)) + 1):
        ranked = part[np.argsort(-counts[part], kind="stable")][:_PROBES_A_MINUTE]
        for second in ranked[counts[ranked] >= _LARGE_A_SECOND].tolist():
            behind = int(firsts[second + 1]) if second + 1 < firsts.size else sizes.size
            largest = int(firsts[second]) + int(np.argmax(sizes[int(firsts[second]) : behind]))
            yield _few(largest - _CHECKED // 2, sizes.size)


def _even_checks(starts_us: Int, step_us: int, beside_us: Sequence[int]) -> Iterator[Int]:
    """Checks from half a step behind the start on (of less sound: from its middle), each at a time that is read anyway
    where one lies within the step. Never more than there are samples and such times, however long the file says it is."""
    read_us = np.sort(np.array(beside_us, np.int64))
    end_us = int(starts_us[-1])
    last_us = int(starts_us[0]) + min(step_us, end_us - int(starts_us[0])) // 2 - step_us
    while (due_us := last_us + step_us) < end_us:
        reach_us = last_us + round(step_us * STEP_SLACK)
        near = int(np.searchsorted(read_us, min(reach_us, end_us), side="right")) - 1
        is_beside = near >= 0 and read_us[near] > max(last_us, int(starts_us[0]))
        last_us = int(read_us[near]) if is_beside else due_us
        first = int(np.searchsorted(starts_us, last_us))  # starts there or later, even where the times of a file go back
        if not is_beside:
            last_us = int(starts_us[first])  # over a hole at once: each check is of another sample
        yield _few(first - _CHECKED if is_beside else first, starts_us.size)


def _few(first: int, count: int) -> Int:
    """Some neighbouring places from ``first`` on, inside ``0 .. count - 1``."""
    first = max(0, min(first, count - _CHECKED))
    return np.arange(first, min(first + _CHECKED, count))
