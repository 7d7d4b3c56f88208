"""What of the time asked for nobody saw: never less than it was, and never nothing where nobody looked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.inspection import (
    Examined,
    Inspection,
    InspectionRequest,
    InspectionStatus,
    UnreadableReason,
    VideoFacts,
)
from bwc_audit.domain.measures import FrameGaps, Lengths, Measures
from bwc_audit.domain.policy import SamplingRules
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.domain.unseen import asked_us, between_us
from bwc_audit.domain.unseen import unseen_us as unseen_under


def seconds(start: float, end: float) -> Span:
    return Span(round(start * SECOND_US), round(end * SECOND_US))


def seen(*spans: Span, gaps: tuple[Span, ...] = (), held_s: float = 100) -> Inspection:
    starts, ends = (np.array([getattr(gap, name) for gap in gaps], np.int64) for name in ("start_us", "end_us"))
    held_us = round(held_s * SECOND_US)
    measures = Measures(Lengths(held_us, held_us), (), gaps=FrameGaps(starts, ends, np.zeros(len(gaps), np.int64)))
    return Inspection("a.mp4", InspectionStatus.COMPLETE, examined=Examined(spans=spans), measures=measures)


def unseen_us(request: InspectionRequest, seen: Inspection | None) -> int | None:
    return unseen_under(request, seen, SamplingRules("c", near_step_s=5))


ASKED = InspectionRequest("a.mp4", (seconds(10, 40), seconds(30, 50), seconds(60, 70)))


def test_all_is_unseen_where_nobody_looked_or_nothing_could_be_read() -> None:
    unreadable = Inspection("a.mp4", InspectionStatus.UNREADABLE, UnreadableReason.CRASHED)
    assert asked_us(ASKED) == unseen_us(ASKED, None) == unseen_us(ASKED, unreadable) == 50 * SECOND_US
    whole = InspectionRequest("a.mp4")
    assert (asked_us(whole), unseen_us(whole, None), unseen_us(whole, unreadable)) == (None, None, None)
    assert (asked_us(whole, seen()), unseen_us(whole, seen())) == (100 * SECOND_US, 100 * SECOND_US)


def test_rests_below_half_a_step_and_holes_without_frames_are_seen() -> None:
    assert unseen_us(ASKED, seen(seconds(10.4, 47.5), seconds(60, 70))) == 0
    assert unseen_us(ASKED, seen(seconds(10, 47), seconds(60, 70))) == 3 * SECOND_US
    assert unseen_us(ASKED, seen(seconds(10, 20), seconds(26, 50), gaps=(seconds(20, 26),))) == 10 * SECOND_US


@pytest.mark.parametrize(
    ("frames", "between_s"),
    [(0, 0), (21, 598.25), (7176, 2), (7188, 0), (7200, 0), (9000, 0)],
)
def test_what_lies_between_samples_is_all_that_was_not_decoded(frames: int, between_s: float) -> None:
    length_us = 600 * SECOND_US if frames else 0
    video = VideoFacts("h264", 1280, 720, 7200, 12.0, is_variable_rate=False)
    examined = Examined(frames_sampled=frames, seconds_examined_us=length_us)
    assert between_us(replace(seen(), video=video, examined=examined)) == between_s * SECOND_US
    assert between_us(replace(seen(), examined=examined)) == 0


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40))))
def test_looking_at_more_never_leaves_more_unseen(pieces: list[tuple[int, int]]) -> None:
    spans = tuple(seconds(start, start + length) for start, length in pieces)
    rest = [unseen_us(ASKED, seen(*spans[:count])) or 0 for count in range(len(spans) + 1)]
    assert rest == sorted(rest, reverse=True)
    assert rest[0] == asked_us(ASKED)
