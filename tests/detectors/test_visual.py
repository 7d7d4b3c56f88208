"""Measures to spans: threshold tables, minimum lengths, one kind at a time, and laws."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.detectors.picture import PictureMeasures, PictureMeter, mean_difference, without_overlay
from bwc_audit.detectors.visual import is_black, is_obstructed, kinds_of, visual_defects
from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import SECOND_US

RULES = UsabilityRules(clause="usable")
FRAME_US = 40_000


def sample(at_s: float = 0.0, **changes: object) -> PictureMeasures:
    """One good key frame, a frame of 40 ms; ``changes`` replace its measures."""
    at_us = round(at_s * SECOND_US)
    lively = PictureMeasures(at_us, at_us + FRAME_US, True, 110.0, 240.0, np.full((7, 16), 20, np.float32), 90.0, 9.0, 9.0)
    return replace(lively, **changes)  # type: ignore[arg-type]  # names of its fields


def tiles(detail: float) -> np.ndarray:
    return np.full((7, 16), detail, np.float32)


def black(at_s: float) -> PictureMeasures:
    return sample(at_s, luma_mean=16.0, luma_p99=16.0, tile_detail=tiles(0.0), light_detail=0.0)


def covered(at_s: float) -> PictureMeasures:
    return sample(at_s, luma_mean=60.0, luma_p99=80.0, tile_detail=tiles(1.0), light_detail=4.0)


def still(at_s: float, key: float = 0.05) -> PictureMeasures:
    return sample(at_s, difference=key, key_difference=key)


@pytest.mark.parametrize(
    ("p99", "detail", "expected"),
    [(23.9, 1.9, True), (24.0, 2.0, True), (24.1, 2.0, False), (24.0, 2.1, False), (0.0, 0.0, True)],
)
def test_black_needs_no_light_and_nothing_to_see(p99: float, detail: float, expected: bool) -> None:
    assert is_black(sample(luma_p99=p99, tile_detail=tiles(detail)), RULES) is expected


@pytest.mark.parametrize(
    ("smooth_tiles", "luma_mean", "light", "expected"),
    [
        (89, 100.0, 90.0, False),
        (90, 100.0, 90.0, True),
        (112, 100.0, 0.0, True),
        (112, 39.9, 11.9, True),
        (112, 39.9, 12.0, False),
        (112, 40.0, 12.0, True),
    ],
    ids=["below_share", "share", "all", "dark_without_lights", "night_lights", "not_night"],
)
def test_covered_needs_little_detail_over_most_of_the_picture(
    smooth_tiles: int, luma_mean: float, light: float, expected: bool
) -> None:
    detail = np.full(7 * 16, 20, np.float32)
    detail[:smooth_tiles] = 3.4
    seen = sample(luma_mean=luma_mean, light_detail=light, tile_detail=detail.reshape(7, 16))
    assert is_obstructed(seen, RULES) is expected


def test_damage_that_comes_and_goes_is_one_span_and_single_pictures_far_apart_are_not() -> None:
    damaged = {4, 8, 13, 17, 23}
    row = [sample(float(number), grid_share=0.3 if number in damaged else 0.0) for number in range(30)]
    found = [number for number, kind in enumerate(kinds_of(row, RULES)) if kind is DefectKind.CORRUPT_PICTURE]
    assert found == [*range(4, 18), 23]
    (defect,) = visual_defects(row, RULES)
    assert (defect.start_us, defect.end_us, defect.measures["grid_share"]) == (4_000_000, 17_040_000, 0.3)


def test_smooth_parts_that_do_not_touch_are_no_cover() -> None:
    detail = tiles(1.0)
    detail[:, 8] = 20
    assert not is_obstructed(sample(tile_detail=detail), RULES)


@pytest.mark.parametrize("make", [black, covered])
@pytest.mark.parametrize(("bad", "expected"), [(9, 0), (10, 1), (11, 1)])
def test_a_defect_counts_when_it_can_have_lasted_the_minimum(make, bad: int, expected: int) -> None:  # type: ignore[no-untyped-def]
    """Samples a second apart: nine bad ones lie within less than ten seconds of good neighbours."""
    samples = [sample(n) for n in range(3)] + [make(3 + n) for n in range(bad)] + [sample(3 + bad + n) for n in range(3)]
    rules = replace(RULES, minimum_s=10.5)
    assert len(visual_defects(samples, rules)) == expected


def test_a_span_claims_only_what_was_seen() -> None:
    samples = [sample(0), sample(1), *[black(n) for n in range(2, 16)], sample(16)]
    (found,) = visual_defects(samples, RULES)
    assert (found.kind, found.start_us, found.end_us) == (DefectKind.BLACK_VIDEO, 2 * SECOND_US, 15 * SECOND_US + FRAME_US)


def test_no_run_reaches_across_a_break() -> None:
    samples = [black(n) for n in range(8)] + [black(60 + n) for n in range(8)]
    assert visual_defects(samples, RULES, breaks_us=[60 * SECOND_US]) == []


def test_each_frame_is_one_thing_black_before_covered_before_frozen() -> None:
    stuck = {"difference": 0.0, "key_difference": 0.0}
    samples = [
        *[replace(black(n), **stuck) for n in range(12)],  # type: ignore[arg-type]  # names of its fields
        *[replace(covered(12 + n), **stuck) for n in range(12)],  # type: ignore[arg-type]  # names of its fields
        *[still(24 + n) for n in range(12)],
    ]
    kinds = [d.kind for d in visual_defects(samples, RULES)]
    assert kinds == [DefectKind.BLACK_VIDEO, DefectKind.OBSTRUCTED_VIEW, DefectKind.FROZEN_VIDEO]


@given(st.lists(st.sampled_from([sample, black, covered, still]), max_size=80), st.integers(0, 10**9))
def test_spans_are_sorted_disjoint_inside_the_samples_and_move_with_them(makers: list, shift_s: int) -> None:  # type: ignore[type-arg]
    samples = [make(float(n)) for n, make in enumerate(makers)]
    found = visual_defects(samples, RULES)
    for earlier, later in pairwise(found):
        assert earlier.end_us <= later.start_us
    for defect in found:
        assert samples[0].at_us <= defect.start_us < defect.end_us <= samples[-1].end_us
        assert 0.5 <= defect.confidence <= 1
    shift_us = shift_s * SECOND_US
    moved = [replace(s, at_us=s.at_us + shift_us, end_us=s.end_us + shift_us) for s in samples]
    assert [(d.kind, d.start_us - shift_us, d.end_us - shift_us) for d in visual_defects(moved, RULES)] == [
        (d.kind, d.start_us, d.end_us) for d in found
    ]


def measured(luma: np.ndarray) -> PictureMeasures:
    return PictureMeter(RULES.overlay_share).measure(luma, 0, FRAME_US, is_key=True)


def test_a_black_picture_with_hot_pixels_and_noise_is_black() -> None:
    rng = np.random.default_rng(1)
    luma = np.clip(rng.normal(17, 2, (720, 1280)), 0, 255).astype(np.uint8)
    luma[300, 400] = 255
    assert is_black(measured(luma), RULES)


def test_a_night_with_one_lamp_is_neither_black_nor_covered() -> None:
    luma = np.full((720, 1280), 17, np.uint8)
    luma[300:318, 395:413] = 220
    seen = measured(luma)
    assert not is_black(seen, RULES)
    assert not is_obstructed(seen, RULES)


def test_a_soft_gradient_is_covered_and_a_street_is_not() -> None:
    gradient = np.tile(np.linspace(60, 110, 1280), (720, 1)).astype(np.uint8)
    assert is_obstructed(measured(gradient), RULES)
    rng = np.random.default_rng(2)
    street = np.kron(rng.integers(0, 255, (36, 64)), np.ones((20, 20))).astype(np.uint8)
    assert not is_obstructed(measured(street), RULES)


def test_the_overlay_strips_are_left_out() -> None:
    luma = np.full((100, 60), 16, np.uint8)
    luma[:12] = 255
    luma[88:] = 255
    assert without_overlay(luma, 0.12).max() == 16


def test_differences() -> None:
    meter = PictureMeter(0.12)
    grey, lighter = np.full((180, 320), 100, np.uint8), np.full((180, 320), 101, np.uint8)
    first = meter.measure(grey, 0, 1, is_key=True)
    second = meter.measure(lighter, 1, 2, is_key=False)
    third = meter.measure(grey, 2, 3, is_key=True)
    assert (first.difference, first.key_difference) == (None, None)
    assert (second.difference, second.key_difference) == (1.0, None)
    assert (third.difference, third.key_difference) == (1.0, 0.0)
    assert mean_difference(grey, grey[:90]) == 255.0


def test_blocks_that_repeat_are_counted_among_those_that_hold_something() -> None:
    rng = np.random.default_rng(5)
    first = np.full((128, 256), 100, np.uint8)
    first[16:80] = rng.integers(0, 255, (64, 256))
    second = first.copy()
    second[16:48] = np.clip(first[16:48].astype(int) + 1, 0, 255)

    def share(one: np.ndarray, other: np.ndarray) -> float:
        meter = PictureMeter(0.0)
        meter.measure(one, 0, 1, is_key=True)
        return meter.measure(other, 1, 2, is_key=True).equal_share

    assert share(first, first) == 1.0
    assert share(first, second) == 0.5
    assert share(np.full_like(first, 90), np.full_like(first, 90)) == 0.0
    assert share(first, 255 - first) == 0.0
