"""Measures of every shape, for round trips; and those of an ordinary clip, for sizes and times."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from bwc_audit.domain.measures import FrameGaps, Lengths, Measures, PictureMeasures, SoundEnvelope, SoundLevels
from bwc_audit.domain.times import SECOND_US, Span

_TIME = st.integers(0, 2**53)
_NUMBER = st.floats(0, 1e9) | st.floats(0, 255, width=16)
_SPANS = st.lists(st.builds(lambda start, length: Span(start, start + length), _TIME, st.integers(1, 10**9)), max_size=3)
_SIDES = st.tuples(st.integers(1, 3), st.integers(1, 4))


def _array(kind: type[Any], values: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=size, max_size=size).map(lambda rows: np.array(rows, kind))


def _picture(sides: tuple[int, int]) -> st.SearchStrategy[PictureMeasures]:
    tiles = _array(np.float32, st.floats(0, 128, width=32), sides[0] * sides[1]).map(lambda flat: flat.reshape(sides))
    thumbnail = _array(np.uint8, st.integers(0, 255), 144).map(lambda flat: flat.reshape(12, 12))
    luma = ("luma_mean", "luma_p99", "luma_p1", "light_detail", "edge_px")
    numbers = (*luma, "stripe_deviation", "stripe_share", "smear_share", "grid_share", "equal_share")
    maybe = ("difference", "key_difference", "strip_difference")
    return st.builds(
        PictureMeasures,
        at_us=_TIME,
        end_us=_TIME,
        is_key=st.booleans(),
        tile_detail=tiles,
        thumbnail=thumbnail,
        coded_bytes=st.integers(0, 2**40),
        bytes_between=st.integers(0, 2**40),
        **dict.fromkeys(numbers, _NUMBER),
        **{name: st.none() | _NUMBER for name in maybe},
    )


def _sound(size: int) -> st.SearchStrategy[SoundLevels]:
    return st.builds(
        SoundLevels,
        starts_us=_array(np.int64, _TIME, size),
        ends_us=_array(np.int64, _TIME, size),
        dbfs=_array(np.float64, st.floats(-200, 0), size),
        examined=_SPANS.map(tuple),
        failed=_SPANS.map(tuple),
        clipped_share=_array(np.float64, st.floats(0, 1), size) | st.just(np.empty(0, np.float64)),
    )


MEASURES = st.builds(
    Measures,
    lengths=st.builds(Lengths, _TIME, _TIME, st.none() | _TIME, st.integers(0, 9), st.integers(0, 9), st.none() | _TIME),
    pictures=st.lists(_SIDES.flatmap(_picture), max_size=3).map(tuple),
    damaged=_SPANS.map(tuple),
    frames_damaged=st.integers(0, 9),
    sound=st.none() | st.integers(0, 3).flatmap(_sound),
    has_sound_track=st.booleans(),
    gaps=st.integers(0, 2).flatmap(
        lambda size: st.builds(FrameGaps, *(_array(np.int64, _TIME, size) for _ in range(3)))  # starts, ends, typical
    ),
    buffer_us=st.none() | _TIME,
    step_us=_TIME,
    rotation_degrees=st.sampled_from([0, 90, 180, 270]),
    is_mirrored=st.booleans(),
    envelope=st.none() | st.builds(SoundEnvelope, _TIME, _array(np.uint8, st.integers(0, 255), 5)),
)


def clip_measures(pictures: int = 100, sound_blocks: int = 3_600) -> Measures:
    """Measures as lively as those of a clip of half an hour: nothing in them repeats."""
    rng = np.random.default_rng(pictures)
    starts = np.arange(sound_blocks, dtype=np.int64) * SECOND_US // 2
    levels = np.round(rng.uniform(-60, -10, sound_blocks) * 2) / 2
    sound = SoundLevels(starts, starts + SECOND_US // 2, levels, (Span(0, 1_800 * SECOND_US),), (), np.zeros(sound_blocks))
    samples = tuple(_lively(number, rng) for number in range(pictures))
    return Measures(Lengths(1_800 * SECOND_US, 1_800 * SECOND_US), samples, sound=sound, has_sound_track=True)


def _lively(number: int, rng: np.random.Generator) -> PictureMeasures:
    def measured(most: float) -> float:
        return float(np.float16(rng.uniform(0, most)))

    at_us = number * 18 * SECOND_US
    tiles = (np.round(rng.gamma(2, 10, (7, 16)) * 8) / 8).astype(np.float32)
    thumbnail = np.clip(rng.normal(110, 30, (12, 12)), 0, 255).astype(np.uint8) // 16 * 16 + 8
    return PictureMeasures(
        at_us=at_us,
        end_us=at_us + 33_333,
        is_key=True,
        luma_mean=measured(200),
        luma_p99=measured(255),
        tile_detail=tiles,
        light_detail=measured(200),
        difference=measured(40),
        key_difference=measured(40),
        edge_px=measured(4),
        coded_bytes=int(rng.integers(50_000, 150_000)),
        thumbnail=thumbnail,
    )
