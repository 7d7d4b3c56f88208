"""Where the sizes of coded frames ask for a sample, and where they ask for none."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.activity import Activity, activity_of, quiet_stretches, unlike_times
from bwc_audit.media.frame_table import FrameTable
from bwc_audit.media.track_index import TrackIndex

FPS, LENGTH_S, GOP_S = 10, 120, 2
WHOLE = (Span(0, LENGTH_S * SECOND_US),)
ENDS_US = (0, (LENGTH_S - 1) * SECOND_US)
Sizes = NDArray[np.float64]


def activity(change: Callable[[Sizes, NDArray[np.bool_]], None], *, noise: float = 0.05, all_keys: bool = False) -> Activity:
    """Key frames of 40,000 bytes, others of 8,000, both varying by ``noise``; ``change`` alters sizes in place."""
    count = FPS * LENGTH_S
    rng = np.random.default_rng(5)
    is_key = np.ones(count, bool) if all_keys else np.arange(count) % (FPS * GOP_S) == 0
    sizes = np.where(is_key, 40_000.0, 8_000.0) * rng.lognormal(0, noise, count)
    change(sizes, is_key)
    places = np.arange(count, dtype=np.int64)
    times = places * (SECOND_US // FPS)
    track = TrackIndex(
        "video", "h264", b"", Fraction(1, FPS), places, sizes.astype(np.int64), places, places, np.ones_like(places),
        is_key, np.ones(count, bool),
    )  # fmt: skip
    table = FrameTable(
        times, places, times[is_key], places[is_key], LENGTH_S * SECOND_US, SECOND_US // FPS, None, Fraction(0)
    )
    return activity_of(track, table)


def inside(start_s: float, end_s: float) -> slice:
    return slice(round(start_s * FPS), round(end_s * FPS))


def asked(found: Activity, most: int = 40) -> list[float]:
    return sorted(at_us / SECOND_US for at_us in unlike_times(found, ENDS_US, WHOLE, most))


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.3])
def test_a_steady_file_asks_for_nothing(noise: float) -> None:
    assert asked(activity(lambda sizes, is_key: None, noise=noise)) == []


@pytest.mark.parametrize("factor", [0.1, 0.5, 0.8, 1.25, 3.0])
@pytest.mark.parametrize("which", ["key frames", "others"])
def test_ten_seconds_at_another_level_are_sampled(factor: float, which: str) -> None:
    def change(sizes: Sizes, is_key: NDArray[np.bool_]) -> None:
        part = inside(50, 60)
        sizes[part] *= np.where(is_key[part] == (which == "key frames"), factor, 1.0)

    found = asked(activity(change, noise=0.02))
    assert any(50 <= at_s < 60 for at_s in found)
    assert all(45 <= at_s < 65 for at_s in found)


def test_what_is_unlike_follows_from_how_much_the_sizes_vary() -> None:
    steady, restless = activity(lambda sizes, is_key: None, noise=0.02), activity(lambda sizes, is_key: None, noise=0.6)
    assert (restless.unlike > 2 * steady.unlike).all()
    assert (steady.unlike > 0.1).all()  # a tenth of the bytes is alike in any file


def test_a_change_that_stays_is_sampled_once_or_twice_and_not_at_every_second() -> None:
    def change(sizes: Sizes, is_key: NDArray[np.bool_]) -> None:
        sizes[inside(40, 120)] *= 0.5

    assert len(asked(activity(change))) <= 2  # the sample at the end speaks for all that is like it


def test_a_flash_asks_for_nothing() -> None:
    def change(sizes: Sizes, is_key: NDArray[np.bool_]) -> None:
        sizes[inside(50, 50.4)] *= 1.5

    assert asked(activity(change)) == []


def test_where_all_are_key_frames_a_picture_that_repeats_shows_in_the_spread() -> None:
    def change(sizes: Sizes, is_key: NDArray[np.bool_]) -> None:
        sizes[inside(50, 62)] = sizes[inside(50, 62)].mean()

    assert any(50 <= at_s < 62 for at_s in asked(activity(change, all_keys=True)))


def test_never_more_than_asked_for_and_never_outside_the_spans() -> None:
    def change(sizes: Sizes, is_key: NDArray[np.bool_]) -> None:
        for start_s in range(10, 110, 20):
            sizes[inside(start_s, start_s + 10)] *= 0.2

    found = activity(change)
    assert len(asked(found, most=2)) == 2
    within = unlike_times(found, ENDS_US, [Span(0, 45 * SECOND_US)], 40)
    assert within
    assert max(within) < 45 * SECOND_US


def test_seconds_in_which_only_key_frames_cost_anything_are_quiet() -> None:
    def change(sizes: Sizes, is_key: NDArray[np.bool_]) -> None:
        part = inside(30, 42)
        sizes[part] = np.where(is_key[part], sizes[part], 40.0)

    stretches = list(quiet_stretches(activity(change), WHOLE))
    assert [(each.start_us // SECOND_US, each.end_us // SECOND_US) for each in stretches] == [(30, 42)]


def test_too_little_to_compare_asks_for_nothing() -> None:
    empty = np.zeros(0, np.int64)
    track = TrackIndex(
        "video", "h264", b"", Fraction(1, 10), empty, empty, empty, empty, empty, empty.astype(bool), empty.astype(bool)
    )
    table = FrameTable(empty, empty, empty, empty, 0, 0, None, Fraction(0))
    assert unlike_times(activity_of(track, table), [], WHOLE, 5) == []
