"""Which frames to look at: a pure function of key frame times, requested spans and step.

Where key frames lie densely enough for the step, only they are decoded. Where they do not, decoding goes forward from
a key frame to each wanted time, so that the longest distance between two samples stays near the step. What cannot be
sampled (a hole in the frames themselves) is left to whoever measures the distance afterwards.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bwc_audit.domain.times import Span

#: Key frames may lie this much further apart than the step and still serve alone (29.97 frames/s, GOP of one second).
_SLACK = 1.1


@dataclass(frozen=True, slots=True)
class Visit:
    """Start decoding at the key frame ``key_us``; take the first frame at or after each of ``wanted_us`` (ascending).

    ``wanted_us`` empty: take the key frame alone. The key frame itself is taken in any case: it costs nothing more.
    """

    key_us: int
    wanted_us: tuple[int, ...] = ()


def plan_visits(
    keys_us: Sequence[int],
    end_us: int,
    spans: Iterable[Span],
    step_us: int,
    *,
    display_us: int = 0,
    is_deep: bool = False,
) -> tuple[Visit, ...]:
    """Visits in order of time that sample ``spans`` (media time; clipped to ``[first key, end_us)``) every ``step_us``.

    ``keys_us``: ascending times of key frames. ``is_deep``: never by key frames alone. ``step_us`` > 0.
    ``display_us``: how long a frame usually shows; where decoding goes forward, the last frame of a span is wanted too.
    """
    wanted: list[int] = []
    key_only: list[int] = []
    for span in _clipped(spans, keys_us, end_us):
        if not is_deep and _is_dense(keys_us, span, step_us):
            key_only += _thinned(keys_us, span, step_us)
        else:
            wanted += _grid(span, step_us, display_us)
    return visits_at(keys_us, wanted, key_only)


def visits_at(keys_us: Sequence[int], wanted_us: Iterable[int], key_only_us: Iterable[int] = ()) -> tuple[Visit, ...]:
    """Visits that take the frames at ``wanted_us`` and, alone, the key frames ``key_only_us``."""
    groups: dict[int, set[int]] = {}
    for at_us in wanted_us:
        place = bisect_right(keys_us, at_us) - 1
        if place >= 0:
            groups.setdefault(keys_us[place], set()).add(at_us)
    for key_us in key_only_us:
        groups.setdefault(key_us, set())
        if groups[key_us]:
            groups[key_us].add(key_us)
    return tuple(Visit(key_us, tuple(sorted(wanted))) for key_us, wanted in sorted(groups.items()))


def _clipped(spans: Iterable[Span], keys_us: Sequence[int], end_us: int) -> list[Span]:
    """Spans cut to where frames can be decoded, united, in order."""
    if not keys_us:
        return []
    pieces = sorted((max(s.start_us, keys_us[0]), min(s.end_us, end_us)) for s in spans)
    united: list[Span] = []
    for start, end in pieces:
        if end <= start:
            continue
        if united and start <= united[-1].end_us:
            united[-1] = Span(united[-1].start_us, max(end, united[-1].end_us))
        else:
            united.append(Span(start, end))
    return united


def _is_dense(keys_us: Sequence[int], span: Span, step_us: int) -> bool:
    inside = [span.start_us, *keys_us[bisect_left(keys_us, span.start_us) : bisect_left(keys_us, span.end_us)]]
    if len(inside) == 1:
        return False
    inside.append(span.end_us)
    return all(later - earlier <= step_us * _SLACK for earlier, later in pairwise(inside))


def _thinned(keys_us: Sequence[int], span: Span, step_us: int) -> list[int]:
    """Key frames of the span, leaving out those that the step does not need."""
    inside = keys_us[bisect_left(keys_us, span.start_us) : bisect_left(keys_us, span.end_us)]
    taken: list[int] = []
    for number, key_us in enumerate(inside):
        following = inside[number + 1] if number + 1 < len(inside) else None
        if not taken or following is None or following - taken[-1] > step_us * _SLACK:
            taken.append(key_us)
    return taken


def _grid(span: Span, step_us: int, display_us: int) -> list[int]:
    times = list(range(span.start_us, span.end_us, step_us))
    last_us = span.end_us - round(1.5 * display_us)
    if display_us and last_us - times[-1] > display_us:
        times.append(last_us)
    return times
