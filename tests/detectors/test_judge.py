"""From measures to defects, the one place of decision: laws, doubts, and a changed limit without anything read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.detectors.confidence import at_margin
from bwc_audit.detectors.judge import judge, said_doubt, weigh
from bwc_audit.detectors.visual import candidate_runs, kinds_of
from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.measures import FrameGaps, Lengths, Measures, PictureMeasures
from bwc_audit.domain.times import SECOND_US, Span
from tests.detectors.measured import (
    MAKERS,
    RULES,
    black,
    blurred,
    corrupt,
    covered,
    file_of,
    sample,
    still,
    uniform,
)  # fmt: skip

Maker = Callable[..., PictureMeasures]
FILES = st.lists(st.sampled_from(MAKERS), min_size=1, max_size=60).map(
    lambda makers: file_of([make(float(number)) for number, make in enumerate(makers)])
)


def said(defects: tuple[Defect, ...]) -> list[tuple[str, float, float]]:
    return [(d.kind.value, round(d.start_us / SECOND_US, 2), round(d.end_us / SECOND_US, 2)) for d in defects]


def around(make: Maker, bad: int = 14, **changes: Any) -> Measures:
    """Good samples, ``bad`` of another kind from 5 s on, good ones again; a second apart."""
    makers = [sample] * 5 + [make] * bad + [sample] * 5
    pictures = [one(float(number), **(changes if one is make else {})) for number, one in enumerate(makers)]
    return file_of(pictures)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (black, "black_video"),
        (covered, "obstructed_view"),
        (uniform, "uniform_picture"),
        (corrupt, "corrupt_picture"),
        (blurred, "blurred_view"),
    ],
)
def test_each_kind_from_its_first_to_its_last_sample(make: Maker, kind: str) -> None:
    assert said(judge(around(make), RULES)) == [(kind, 5.0, 18.04)]
    assert judge(around(make, bad=7), RULES) == ()


def test_a_frozen_picture_begins_with_its_first_frame() -> None:
    assert said(judge(around(still), RULES)) == [("frozen_video", 4.0, 18.04)]


@given(FILES)
def test_the_same_measures_give_the_same_answer_inside_what_was_examined(file: Measures) -> None:
    first = weigh(file, RULES)
    assert first == weigh(file, RULES)
    for found in (*first.defects, *first.doubtful):
        assert file.pictures[0].at_us <= found.start_us < found.end_us <= file.pictures[-1].end_us
        assert 0 <= found.confidence <= 1
    visual = [d for d in (*first.defects, *first.doubtful) if d.kind is not DefectKind.LOW_LIGHT]
    for earlier, later in pairwise(sorted(visual, key=lambda d: d.start_us)):
        assert earlier.end_us <= later.start_us


@given(FILES, st.floats(3, 20), st.floats(0, 10))
def test_a_longer_minimum_never_claims_more(file: Measures, minimum_s: float, more_s: float) -> None:
    shorter, longer = (replace(RULES, minimum_s=seconds) for seconds in (minimum_s, minimum_s + more_s))
    assert {*said(judge(file, longer))} <= {*said(judge(file, shorter))}


@given(FILES, st.floats(0, 1), st.floats(0, 1))
def test_what_is_not_sure_enough_is_doubtful_and_never_lost(file: Measures, one: float, other: float) -> None:
    bold = weigh(file, replace(RULES, minimum_confidence=min(one, other)))
    shy = weigh(file, replace(RULES, minimum_confidence=max(one, other)))
    assert {*said(shy.defects)} <= {*said(bold.defects)}
    assert sorted(said((*bold.defects, *bold.doubtful))) == sorted(said((*shy.defects, *shy.doubtful)))


@given(st.sampled_from(["black_video", "clock runs", "never alive"]), st.floats(-2, 3), st.floats(0, 3))
def test_confidence_never_falls_with_the_margin(row: str, margin: float, more: float) -> None:
    assert at_margin(row, margin) <= at_margin(row, margin + more)


def test_a_changed_limit_decides_anew() -> None:
    file = around(covered)
    assert said(judge(file, RULES)) == [("obstructed_view", 5.0, 18.04)]
    assert judge(file, replace(RULES, obstructed_detail=0.5)) == ()
    assert judge(file, replace(RULES, minimum_s=20.0)) == ()


def test_no_run_reaches_over_what_was_not_sampled() -> None:
    pictures = [black(float(at_s)) for at_s in (*range(8), *range(60, 68))]
    assert judge(file_of(pictures), RULES) == ()
    assert [*candidate_runs(pictures, RULES, max_apart_us=2_200_000)] == []
    assert len([*candidate_runs(pictures, RULES)]) == 1


def test_samples_at_any_distance_have_a_state() -> None:
    times = [0.0, 30.0, 30.03, 30.1, 32.0, 62.0]
    assert kinds_of([black(at_s) for at_s in times], RULES) == [DefectKind.BLACK_VIDEO] * 6
    assert kinds_of([], RULES) == []


@pytest.mark.parametrize(
    ("luma", "light", "share_free", "is_claimed"),
    [
        (60, 4, 0, True),
        (95, 8, 0, True),
        (150, 8, 0, False),
        (170, 40, 0, False),
        (112, 34, 4, False),
        (100, 90, 13, True),
        (170, 90, 13, False),
    ],
    ids=[
        "cloth",
        "finger",
        "white_wall",
        "wall_with_a_switch",
        "road_with_a_car",
        "finger_beside_the_scene",
        "wall_beside_a_window",
    ],
)
def test_a_bright_wall_is_doubtful_where_a_dark_cover_is_claimed(
    luma: float, light: float, share_free: int, is_claimed: bool
) -> None:
    detail = np.full(7 * 16, 1.0, np.float32)
    detail[:share_free] = 20
    changes: dict[str, Any] = {
        "luma_mean": luma,
        "luma_p99": luma + 20,
        "light_detail": light,
        "tile_detail": detail.reshape(7, 16),
    }
    found = weigh(around(covered, **changes), RULES)
    (one,) = (*found.defects, *found.doubtful)
    assert one.kind is DefectKind.OBSTRUCTED_VIEW
    assert bool(found.defects) is is_claimed
    assert one.measures["covered_share"] == round(1 - share_free / 112, 3)


def test_a_clock_that_stands_makes_a_frozen_picture_surer_than_one_that_runs() -> None:
    sure, less = (weigh(around(still, strip_difference=change), RULES).defects[0].confidence for change in (1.0, 30.0))
    assert sure > 0.8 > less >= RULES.minimum_confidence


def test_a_still_scene_near_the_limit_with_a_running_clock_is_doubtful() -> None:
    found = weigh(around(still, difference=0.248, key_difference=0.248), RULES)
    assert found.defects == ()
    assert [one.kind for one in found.doubtful] == [DefectKind.FROZEN_VIDEO]


def test_a_file_that_never_shows_life_is_not_called_frozen() -> None:
    """Without any noise or movement to compare with, a still scene without noise is as likely."""
    found = weigh(file_of([still(float(number)) for number in range(30)]), RULES)
    assert found.defects == ()
    (doubt,) = found.doubtful
    assert said_doubt(doubt) == "pictures: from 0.0 s to 29.0 s it cannot be told whether this is so or not: frozen picture"
    overdriven = replace(doubt, kind=DefectKind.AUDIO_CLIPPED)
    assert (
        said_doubt(overdriven) == "sound: from 0.0 s to 29.0 s it cannot be told whether this is so or not: sound overdriven"
    )


def test_the_dark_is_information() -> None:
    (found,) = judge(file_of([sample(float(number), luma_mean=30.0) for number in range(20)]), RULES)
    assert (found.kind, found.start_us) == (DefectKind.LOW_LIGHT, 0)


@pytest.mark.parametrize(("missing", "ends_s"), [(0, 60.0), (3, 60.0)])
def test_lengths(missing: int, ends_s: float) -> None:
    lengths = Lengths(held_us=40 * SECOND_US, video_end_us=40 * SECOND_US, claimed_us=60 * SECOND_US, missing_frames=missing)
    found = judge(Measures(lengths, has_sound_track=True), RULES)
    assert said(found) == [("truncated", 40.0, ends_s)]
    heard = replace(lengths, audio_end_us=59 * SECOND_US, missing_frames=0)
    assert judge(Measures(heard, has_sound_track=True), RULES) == ()


@pytest.mark.parametrize(("expected_s", "count"), [(42.0, 0), (42.1, 1), (38.0, 0), (37.9, 1)])
def test_a_length_that_differs_from_the_metadata(expected_s: float, count: int) -> None:
    end_us = 40 * SECOND_US
    lengths = Lengths(end_us, end_us, end_us, expected_us=round(expected_s * SECOND_US))
    found = judge(Measures(lengths, has_sound_track=True), RULES)
    assert [d.kind for d in found] == [DefectKind.DURATION_MISMATCH] * count


def test_damaged_frames_near_each_other_are_one_defect_and_far_ones_are_not() -> None:
    frames = [Span(at_s * SECOND_US, at_s * SECOND_US + 40_000) for at_s in (3, 4, 5, 20)]
    file = file_of([], damaged=tuple(frames), frames_damaged=4)
    assert said(judge(file, RULES)) == [("decode_error", 3.0, 5.04), ("decode_error", 20.0, 20.04)]


def test_a_file_without_sound_and_one_whose_sound_was_not_examined() -> None:
    silent = file_of([sample(float(number)) for number in range(12)], has_sound_track=False)
    assert said(judge(silent, RULES)) == [("audio_missing", 0.0, 11.04)]
    assert judge(replace(silent, has_sound_track=True), RULES) == ()


def test_gaps_are_decided_from_what_was_kept_of_them() -> None:
    gaps = FrameGaps(
        *(np.array(row, np.int64) for row in ([1_000_000, 9_000_000], [1_800_000, 12_000_000], [40_000, 40_000]))
    )
    file = file_of([], gaps=gaps)
    assert said(judge(file, RULES)) == [("timestamp_gap", 9.04, 12.0)]
    assert len(judge(file, replace(RULES, timestamp_gap_s=0.5))) == 2
