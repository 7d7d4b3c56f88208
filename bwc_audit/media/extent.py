"""How far the samples of a file speak: the stretches of media time in which they lie no further apart than was asked.

Beyond them nothing is known. Where the file holds no frames there was nothing to sample: that is a defect of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from bwc_audit.domain.policy import SamplingRules
from bwc_audit.domain.spans import within, without
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds
from bwc_audit.media.frame_table import FrameTable

#: Frames lie where the camera put them, not where the plan wants them: so much further apart is still one step.
_SLACK = 1.2
#: No frames for longer than this, and than three usual distances: there is nothing to sample.
_HOLE_US = SECOND_US


def sampled_spans(marks: Sequence[Span], table: FrameTable, sampling: SamplingRules) -> tuple[Span, ...]:
    """The stretches that samples shown over ``marks`` (ascending) speak for, without the holes of the file."""
    apart_us = round(max(sampling.step_s, sampling.near_step_s) * SECOND_US * _SLACK)
    return tuple(without(_stretches(marks, apart_us), _holes(table)))


def longest_step_us(marks: Sequence[Span], sampled: Sequence[Span]) -> int:
    """The longest distance between the starts of two neighbouring samples of one stretch; 0 where there are no two."""
    starts = {span.start_us for span in sampled}
    return max((b.start_us - a.start_us for a, b in pairwise(marks) if b.start_us not in starts), default=0)


def not_sampled(spans: Sequence[Span], sampled: Sequence[Span], table: FrameTable, sampling: SamplingRules) -> Iterator[str]:
    """In words: what of ``spans`` holds frames and was not sampled, where it is longer than the ends of a plan leave."""
    slack_us = 2 * us_of_seconds(min(sampling.near_step_s, sampling.step_s))
    for span in spans:
        held = without([span], _holes(table))
        left_us = sum(piece.length_us for piece in held) - sum(piece.length_us for piece in within(sampled, held))
        if left_us > slack_us:
            yield (
                f"pictures: {left_us / SECOND_US:.1f} s between {span.start_us / SECOND_US:.1f} s "
                f"and {span.end_us / SECOND_US:.1f} s were not sampled"
            )


def _stretches(marks: Iterable[Span], apart_us: int) -> Iterator[Span]:
    stretch: Span | None = None
    last_us = 0
    for mark in marks:
        if stretch is not None and mark.start_us - last_us <= apart_us:
            stretch = Span(stretch.start_us, max(mark.end_us, stretch.end_us))
        else:
            if stretch is not None:
                yield stretch
            stretch = mark
        last_us = mark.start_us
    if stretch is not None:
        yield stretch


def _holes(table: FrameTable) -> list[Span]:
    times_us, usual_us = table.times_us, table.usual_us
    long = np.flatnonzero(np.diff(times_us) > max(_HOLE_US, 3 * usual_us))
    return [Span(int(times_us[number]) + usual_us, int(times_us[number + 1])) for number in long]
