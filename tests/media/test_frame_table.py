"""Times that no recording has: they are left out and counted, and nothing grows or turns negative with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bwc_audit.domain.times import SECOND_US
from bwc_audit.media.frame_table import frame_table, media_us
from bwc_audit.media.track_index import TrackIndex

WEEK_S = 7 * 24 * 3600


def track_of(pts: Sequence[int], base: Fraction = Fraction(1)) -> TrackIndex:
    """Key frames of 10 bytes at these times."""
    ticks = np.array(pts, dtype=np.int64)
    places = np.arange(len(pts), dtype=np.int64)
    yes = np.ones(len(pts), dtype=bool)
    return TrackIndex("video", "mjpeg", b"", base, places * 10, places * 0 + 10, ticks, ticks, places * 0 + 1, yes, yes)


@pytest.mark.parametrize("leap", [WEEK_S + 10, 2**40, 2**60, 2**63 - 1, -WEEK_S - 10, -(2**60), -(2**63)])
def test_a_leap_of_more_than_a_week_is_left_out(leap: int) -> None:
    table = frame_table(track_of([0, 1, 2, 3, leap]), 50)
    assert table.times_us.tolist() == [0, SECOND_US, 2 * SECOND_US, 3 * SECOND_US]
    assert (table.misplaced_frames, table.missing_frames) == (1, 0)
    assert sorted(table.samples.tolist()) == [0, 1, 2, 3]


def test_a_week_is_a_recording() -> None:
    table = frame_table(track_of([0, 1, WEEK_S, 2 * WEEK_S - 10]), 40)
    assert table.misplaced_frames == 0
    assert table.end_us > (2 * WEEK_S - 10) * SECOND_US


@pytest.mark.parametrize("start", [2**62, -(2**62), 2**63 - 10])
def test_a_start_beyond_belief_is_a_start(start: int) -> None:
    table = frame_table(track_of([start, start + 1, start + 2]), 30)
    assert table.times_us.tolist() == [0, SECOND_US, 2 * SECOND_US]
    assert abs(table.origin) == 10**12


@pytest.mark.parametrize(("claimed", "expected"), [(None, None), (0, None), (-5, None), (7, 7 * SECOND_US), (2**60, 10**18)])
def test_claims_are_bounded(claimed: int | None, expected: int | None) -> None:
    track = replace(track_of([0, 1]), claimed=claimed)
    assert frame_table(track, 20).claimed_us == expected


def test_no_frames() -> None:
    table = frame_table(track_of([]), 0)
    assert (table.times_us.size, table.end_us, table.misplaced_frames) == (0, 0, 0)


@pytest.mark.parametrize("base", [Fraction(1), Fraction(1, 90_000), Fraction(1001, 30_000), Fraction(1, 2**31)])
def test_media_times_never_turn_round(base: Fraction) -> None:
    ticks = np.array([-(2**63), -(2**62), -90_000, 0, 1, 90_000, 2**62, 2**63 - 1], dtype=np.int64)
    times = media_us(ticks, base)
    assert np.all(np.diff(times) >= 0)
    assert int(times[3]) == 0
    assert int(times[5]) == round(90_000 * base * SECOND_US)
