"""A stuck encoder against a still scene, on the differences that were measured on coded clips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bwc_audit.detectors.frozen import frozen_runs
from bwc_audit.detectors.picture import PictureMeasures
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import SECOND_US

RULES = UsabilityRules(clause="usable")
FLAT = np.full((7, 16), 20, np.float32)


def keys(*differences: float) -> list[PictureMeasures]:
    """Key frames a second apart, each this different from the one before; the first differs from nothing."""
    return sequence("K" * (len(differences) + 1), [0.0, *differences])


def sequence(
    kinds: str, differences: list[float], key_differences: list[float | None] | None = None
) -> list[PictureMeasures]:
    """``K`` a key frame, ``p`` another; a key frame's difference to the last key is its own unless given."""
    samples = []
    for number, (kind, difference) in enumerate(zip(kinds, differences, strict=True)):
        given = key_differences[number] if key_differences else difference
        samples.append(
            PictureMeasures(
                at_us=number * SECOND_US,
                end_us=number * SECOND_US + 40_000,
                is_key=kind == "K",
                luma_mean=110,
                luma_p99=240,
                tile_detail=FLAT,
                light_detail=90,
                difference=difference if number else None,
                key_difference=given if kind == "K" and number else None,
            )
        )
    return samples


def runs(samples: list[PictureMeasures]) -> list[tuple[int, int]]:
    return list(frozen_runs(samples, RULES))


@pytest.mark.parametrize(
    ("difference", "expected"), [(0.0, [(0, 8)]), (0.24, [(0, 8)]), (0.25, [(0, 8)]), (0.26, []), (0.54, []), (3.8, [])]
)
def test_two_key_frames_decide(difference: float, expected: list[tuple[int, int]]) -> None:
    assert runs(keys(*[difference] * 8)) == expected


@pytest.mark.parametrize(("pairs", "expected"), [(2, []), (3, [(0, 3)])])
def test_several_pairs_are_needed(pairs: int, expected: list[tuple[int, int]]) -> None:
    assert runs(keys(*[0.0] * pairs)) == expected


def test_a_moving_scene_around_it_stays_out() -> None:
    assert runs(keys(9, 8, 9, 0.0, 0.1, 0.0, 0.04, 9, 8)) == [(3, 7)]


def test_while_the_encoder_settles_the_run_is_drawn_back() -> None:
    assert runs(keys(15, 2.1, 1.35, 1.0, 0.01, 0.02, 0.02, 0.03, 0.0, 12)) == [(1, 9)]


def test_one_key_frame_that_differs_more_cuts_no_hole_into_the_run() -> None:
    found = runs(keys(15, 2.1, 1.35, 1.0, 0.01, 0.55, 0.02, 0.02, 0.03, 0.0, 12))
    assert [number for first, last in found for number in range(first, last + 1)] == list(range(1, 11))


def test_level_noise_before_it_is_not_drawn_in() -> None:
    first, last = runs(keys(3.0, 3.02, 2.98, 3.01, 0.0, 0.0, 0.0, 0.0))[0]
    assert last == 8
    assert first >= 3


def test_a_still_scene_crushed_inside_each_group_is_not_frozen() -> None:
    """Groups of two seconds: the second frame repeats exactly, each key frame shows new noise."""
    kinds = "Kp" * 8
    differences = [0.7, 0.0] * 8
    assert runs(sequence(kinds, differences)) == []


def test_a_still_scene_in_long_groups_is_not_frozen_where_key_frames_can_be_compared() -> None:
    kinds = "Kpppppppp" * 2
    differences = [0.9, *[0.0] * 8] * 2
    assert runs(sequence(kinds, differences)) == []


def test_long_groups_without_two_key_frames_need_exact_repetition() -> None:
    """The scene stops inside a group and goes on inside the next: its two key frames show different scenes."""
    kinds = "KpppppKppppppp"
    moves = [9.0, 9.0, 0.09, 0.0, 0.0, 0.0, 2.6, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0, 8.0]
    key_differences: list[float | None] = [None] * 6 + [20.0] + [None] * 7
    assert runs(sequence(kinds, moves, key_differences)) == [(1, 11)]
    noisy = [d if d != 0.0 else 0.1 for d in moves]
    assert runs(sequence(kinds, noisy, key_differences)) == []
    assert runs([]) == []


def sized(differences: list[float], coded: list[int], between: int = 20, equal: float = 0.0) -> list[PictureMeasures]:
    """Key frames as of ``keys``, the first of them of another scene, with their sizes."""
    samples = keys(*differences)
    rows = zip(samples, coded, strict=True)
    return [replace(sample, coded_bytes=size, bytes_between=between, equal_share=equal) for sample, size in rows]


def test_key_frames_that_grow_and_differ_less_settle_on_one_picture() -> None:
    """400 kbit/s at 640 x 360: it never comes below the limit; a noise of 0.35 steps keeps level, and so do its sizes."""
    grown = [20_000, 36_000, 78_323, 84_538, 88_821, 93_193]
    assert runs(sized([42.0, 0.985, 0.647, 0.548, 0.453], grown, between=169)) == [(1, 5)]
    level = [9_615, 9_700, 9_701, 9_761, 9_714, 9_716]
    assert runs(sized([42.0, 0.727, 0.71, 0.70, 0.697], level, between=70)) == []


def test_frames_between_that_cost_something_speak_for_noise() -> None:
    """VP9 keeps a noise of 0.3 steps so well that key frames differ by 0.18 only; the frames between cost it 9 %."""
    key_bytes = 28_400
    idle = int(RULES.frozen_idle_share * key_bytes)
    coded = [key_bytes] * 6
    assert runs(sized([0.18] * 5, coded, between=2_556)) == []
    assert runs(sized([0.18] * 5, coded, between=idle + 1)) == []
    assert runs(sized([0.18] * 5, coded, between=idle)) == [(0, 5)]


@pytest.mark.parametrize(("equal", "expected"), [(0.0, []), (0.04, []), (0.05, [(0, 5)]), (0.4, [(0, 5)])])
def test_blocks_that_are_the_same_to_the_last_pixel_tell_one_picture(equal: float, expected: list[tuple[int, int]]) -> None:
    """HEVC codes one picture differently from key frame to key frame."""
    assert runs(sized([0.47, 0.43, 0.6, 0.74, 0.61], [4_360] * 6, between=15, equal=equal)) == expected


def test_blocks_repeat_inside_a_group_of_any_still_scene() -> None:
    samples = sequence("K" + "p" * 8, [0.0] + [1.1] * 8)
    noisy = [replace(sample, coded_bytes=9_500, bytes_between=2_000, equal_share=0.22) for sample in samples]
    assert runs(noisy) == []


def test_a_key_frame_compared_before_others_were_added_is_compared_with_the_sample_before() -> None:
    key_differences: list[float | None] = [None, 42.0, 0.1, None, 42.0, 0.1]
    assert runs(sequence("KKKpKK", [0.0, 40.0, 0.1, 0.0, 0.3, 0.1], key_differences)) == [(1, 5)]


def test_noise_before_a_fading_series_stays_out() -> None:
    assert runs(keys(2.9, 2.7, 2.9, 3.1, 1.4, 0.6, 0.02, 0.03, 0.0, 9.0))[0][0] >= 4


@pytest.mark.parametrize("noise", [[1.0, 0.97, 1.02, 0.99, 1.0, 1.01], [0.6, 0.55, 0.6, 0.57, 0.6, 0.58]])
def test_level_noise_never_fades(noise: list[float]) -> None:
    assert runs(keys(9.0, *noise)) == []
