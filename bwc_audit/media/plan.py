"""Which frames to look at: pure functions of the frame table, the requested spans and the policy's steps.

First the even steps, finer near the ends of what is asked for; key frames where they lie densely enough, since each is
decoded alone, else frames in between. Then, once samples are known, the middle of every distance across which something
changes, until neighbours are one key frame apart; then the frames between those two key frames. What cannot be sampled
(a hole in the frames themselves) is left to whoever measures the distance afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from bwc_audit.domain.policy import SamplingRules
from bwc_audit.domain.spans import joined, within
from bwc_audit.domain.times import Span, us_of_seconds
from bwc_audit.media.frame_table import FrameTable

#: Key frames may lie this much further apart than the step and still serve alone (29.97 frames/s, whole-second steps).
STEP_SLACK = 1.05
#: Parts into which one round divides a distance: two frames decoded beside each new one cost as much as the new ones.
_PARTS = 4
_NEAR_KEY_US = 500_000

#: From where a walk stands to how far its next step may reach, microseconds.
StepAt = Callable[[int], int]


def united(spans: Iterable[Span], end_us: int) -> tuple[Span, ...]:
    """Spans clipped to ``[0, end_us)``, joined where they touch, in order."""
    return tuple(joined(within(joined(spans), [Span(0, end_us)]) if end_us > 0 else ()))


def even_frames(
    table: FrameTable, spans: Sequence[Span], sampling: SamplingRules, focus_us: Sequence[int] = ()
) -> list[int]:
    """Numbers of frames that sample the spans (united, media time) at the policy's steps, ascending.

    ``focus_us``: further times near which the finer step holds.
    """
    numbers: set[int] = set()
    for span in spans:
        numbers.update(_of_span(table, span, sampling, [span.start_us, span.end_us, *focus_us]))
    return sorted(numbers)


def frames_inside(table: FrameTable, span: Span) -> range:
    """Numbers of all frames shown first inside a span."""
    first, behind = np.searchsorted(table.times_us, [span.start_us, span.end_us])
    return range(int(first), int(behind))


def frames_near(table: FrameTable, times_us: Iterable[int], reach_us: int = _NEAR_KEY_US) -> list[int]:
    """For each time the nearest key frame within ``reach_us``, else the first frame at or after it."""
    return sorted({number for at_us in times_us if (number := _near(table, at_us, reach_us)) is not None})


def between(table: FrameTable, low_us: int, high_us: int, edge_step_us: int) -> list[int]:
    """New frames between two samples, to find out where something changes: key frames at the parts of the distance;
    where no key frame lies between, frames at every ``edge_step_us``. Empty: they cannot be told apart any further."""
    first, behind = (int(place) for place in np.searchsorted(table.keys_us, [low_us + 1, high_us]))
    if first < behind:
        places = np.unique(np.linspace(first - 1, behind, _PARTS + 1).round().astype(int))
        keys = [table.keys_us[place] for place in places.tolist() if first <= place < behind]
        return [number for key in keys if (number := table.frame_at(int(key))) is not None]
    inside = frames_inside(table, Span(low_us + 1, high_us)) if high_us > low_us + 1 else range(0)
    return _thinned(table, inside, low_us, high_us, edge_step_us)


def filling(table: FrameTable, low_us: int, high_us: int, step_us: int) -> list[int]:
    """New frames between two samples so that neighbours lie no further apart than ``step_us``, key frames preferred."""
    if high_us - low_us <= step_us * STEP_SLACK:
        return []
    return [n for n in _walk(table, low_us, high_us, lambda _: step_us) if low_us < table.times_us[n] < high_us]


def _of_span(table: FrameTable, span: Span, sampling: SamplingRules, near_us: Sequence[int]) -> Iterator[int]:
    step_us, near_step_us = us_of_seconds(sampling.step_s), us_of_seconds(sampling.near_step_s)
    reach_us = us_of_seconds(sampling.near_reach_s)

    def step_at(at_us: int) -> int:
        if not reach_us:
            return step_us
        if any(-near_step_us <= at_us - one <= reach_us or 0 <= one - at_us <= reach_us for one in near_us):
            return min(step_us, near_step_us)
        until_us = min((one - reach_us - at_us for one in near_us if one - reach_us > at_us), default=step_us)
        return min(step_us, max(until_us, near_step_us))

    first = table.frame_at(span.start_us)
    if first is None:
        return
    yield first
    yield from _walk(table, int(table.times_us[first]), span.end_us, step_at)
    last_us = span.end_us - round(1.5 * table.usual_us)
    last = _key_between(table, span.end_us - near_step_us // 2, last_us)
    last = table.frame_at(max(span.start_us, last_us)) if last is None else last
    if last is not None and table.times_us[last] < span.end_us:
        yield last


def _walk(table: FrameTable, from_us: int, to_us: int, step_at: StepAt) -> Iterator[int]:
    """Frames behind ``from_us`` up to ``to_us``, each within the step of the one before where the file holds any."""
    at_us = from_us
    while True:
        step_us = max(step_at(at_us), table.usual_us, 1)
        if at_us + step_us >= to_us:
            return
        number = _key_between(table, at_us, at_us + round(step_us * STEP_SLACK))
        number = table.frame_at(at_us + step_us) if number is None else number
        if number is None or table.times_us[number] >= to_us:
            return
        yield number
        at_us = max(int(table.times_us[number]), at_us + 1)


def _key_between(table: FrameTable, after_us: int, up_to_us: int) -> int | None:
    """The number of the last key frame in ``(after, up_to]``."""
    place = int(np.searchsorted(table.keys_us, up_to_us, side="right")) - 1
    if place < 0 or table.keys_us[place] <= after_us:
        return None
    return table.frame_at(int(table.keys_us[place]))


def _near(table: FrameTable, at_us: int, reach_us: int) -> int | None:
    place = int(np.searchsorted(table.keys_us, at_us))
    near = [int(key) for key in table.keys_us[max(0, place - 1) : place + 1] if abs(key - at_us) <= reach_us]
    return table.frame_at(min(near, key=lambda key: abs(key - at_us)) if near else at_us)


def _thinned(table: FrameTable, inside: range, low_us: int, high_us: int, step_us: int) -> list[int]:
    """Of the frames those at ``step_us`` from each other, none too near to ``high_us``."""
    taken: list[int] = []
    last_us = low_us
    for number in inside:
        at_us = int(table.times_us[number])
        if at_us - last_us >= step_us * (1 - 1 / 8) and high_us - at_us >= step_us // 2:
            taken.append(number)
            last_us = at_us
    return taken
