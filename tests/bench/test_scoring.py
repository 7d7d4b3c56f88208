"""The benchmark's own rules: what counts as found, as right, as a false alarm; and that its recipes say what they mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.detectors.corpus import CORPUS, Clip, build
from tests.bench.detectors.frames import frame_times, frames
from tests.bench.detectors.held_out import HELD_OUT
from tests.bench.detectors.recipe import Coding, Half, Label, Recipe, Scene
from tests.bench.detectors.scoring import (
    Claim,
    Outcome,
    Share,
    Verdict,
    calibration,
    edge_errors,
    is_found,
    missed,
    precision,
    recall,
    verdict,
)
from tests.bench.detectors.shots import black, buffer, covered, damaged, frozen, gap, no_sound, turned
from tests.bench.detectors.table import Results, tables
from tests.bench.detectors.tuning import TUNING

BLACK = Label("black_video", 10.0, 20.0)
TINY = Coding("tiny", width=64, height=48, fps=5, crf=30)


def claim(kind: str, start_s: float, end_s: float, confidence: float = 0.9) -> Claim:
    return Claim(kind, start_s, end_s, confidence)


def outcome(labels: tuple[Label, ...], *claims: Claim, **more: object) -> Outcome:
    plain = Outcome("clip", "tuning", "adaptive", "shipped", 60.0, 0.1, labels, claims=claims)
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "labels", "expected"),
    [
        (claim("black_video", 12, 18), [BLACK], Verdict.RIGHT),
        (claim("black_video", 15, 25), [BLACK], Verdict.RIGHT),  # exactly half
        (claim("black_video", 15.1, 25.1), [BLACK], Verdict.FALSE),
        (claim("frozen_video", 12, 18), [BLACK], Verdict.OTHERWISE),
        (claim("frozen_video", 30, 40), [BLACK], Verdict.FALSE),
        (claim("black_video", 5, 8), [], Verdict.FALSE),
        (claim("obstructed_view", 1, 9), [Label("obstructed_view", 0, 10, is_optional=True)], Verdict.NEUTRAL),
        (claim("corrupt_picture", 1, 9), [Label("decode_error", 0, 10)], Verdict.RIGHT),
        (claim("audio_missing", 40, 60), [Label("truncated", 35, 60)], Verdict.NEUTRAL),
        (claim("duration_mismatch", 10, 10), [Label("truncated", 35, 60)], Verdict.NEUTRAL),
        (claim("duration_mismatch", 10, 10), [], Verdict.FALSE),
        (claim("timestamp_gap", 12, 12), [Label("timestamp_gap", 10, 20)], Verdict.RIGHT),  # a point
    ],
)
def test_what_a_claim_is_worth(made: Claim, labels: list[Label], expected: Verdict) -> None:
    assert verdict(made, labels) is expected


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([claim("black_video", 10, 15)], True),
        ([claim("black_video", 10, 14.9)], False),
        ([claim("black_video", 10, 13), claim("black_video", 12, 14), claim("black_video", 17, 18)], True),
        ([claim("black_video", 10, 14), claim("black_video", 10, 14)], False),  # the same time counts once
        ([claim("frozen_video", 10, 20)], False),
        ([], False),
    ],
)
def test_what_counts_as_found(claims: list[Claim], expected: bool) -> None:
    assert is_found(BLACK, claims) is expected


def test_corruption_in_the_picture_is_not_found_by_a_decoder_error() -> None:
    assert not is_found(Label("corrupt_picture", 0, 10), [claim("decode_error", 0, 10)])
    assert is_found(Label("decode_error", 0, 10), [claim("corrupt_picture", 0, 10)])


def test_a_cut_file_of_fragments_is_found_by_its_metadata_too() -> None:
    cut = Label("truncated", 30.0, 50.0)
    claims = [claim("truncated", 30, 30.5), claim("duration_mismatch", 30.5, 50)]
    assert not is_found(cut, claims[:1])
    assert is_found(cut, claims)
    assert not is_found(Label("timestamp_gap", 30.0, 50.0), claims)


def test_recall_parts_lengths_at_ten_seconds_and_leaves_optional_labels_out() -> None:
    labels = (BLACK, Label("black_video", 30, 39.9), Label("black_video", 45, 58, is_optional=True))
    seen = [outcome(labels, claim("black_video", 10, 20))]
    assert recall(seen, "black_video", is_long=True) == Share(1, 1)
    assert recall(seen, "black_video", is_long=False) == Share(0, 1)
    assert recall(seen, "black_video", is_long=True, is_optional=True) == Share(0, 1)
    assert [label for _, label in missed(seen)] == []
    assert [label for _, label in missed([replace(seen[0], limits="short")])] == [labels[1]]


def test_precision_counts_wrong_names_and_false_alarms_alike() -> None:
    seen = [outcome((BLACK,), *(claim("black_video", at, at + 4) for at in (12, 40)), claim("frozen_video", 12, 18))]
    assert precision(seen, "black_video") == Share(1, 2)
    assert precision(seen, "frozen_video") == Share(0, 1)
    assert precision(seen, "truncated").value is None


def test_ends_are_measured_from_the_outermost_claims() -> None:
    seen = [outcome((BLACK,), claim("black_video", 10.2, 14), claim("black_video", 15, 19.5))]
    ends = edge_errors(seen, "black_video")
    assert ends is not None
    assert ends.n == 2
    assert ends.median_s == pytest.approx(0.35)
    in_frames = edge_errors(seen, "black_video", in_frames=True)
    assert in_frames is not None
    assert in_frames.median_s == pytest.approx(3.5)
    assert edge_errors(seen, "frozen_video") is None


def test_confidence_is_binned_with_its_upper_end_in_the_last_bin() -> None:
    seen = [outcome((BLACK,), claim("black_video", 10, 20, 1.0), claim("black_video", 30, 40, 0.6))]
    shares = {low: share for low, _, share in calibration(seen)}
    assert shares[0.95] == Share(1, 1)
    assert shares[0.6] == Share(0, 1)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 20)), max_size=6), st.tuples(st.floats(0, 50), st.floats(3, 20)))
def test_more_claims_never_lose_a_label(pieces: list[tuple[float, float]], spot: tuple[float, float]) -> None:
    label = Label("black_video", spot[0], spot[0] + spot[1])
    claims = [claim("black_video", start, start + length) for start, length in pieces]
    found = [is_found(label, claims[:number]) for number in range(len(claims) + 1)]
    assert found == sorted(found)


def test_the_tables_hold_every_kind_and_say_what_is_missed() -> None:
    seen = outcome((BLACK,), claim("frozen_video", 40, 50), near_misses=("night",))
    text = tables(Results((seen, replace(seen, limits="short"))))
    assert "| `black_video` | 0/1 = 0.000 (0.00–0.79) |" in text
    assert "1 in 1 clips; minimum 3 s: 1 | **aim missed**" in text
    assert "`clip`: not found: `black_video` 10.0–20.0 s" in text
    assert "`clip`: false alarm: `frozen_video` 40.0–50.0 s" in text


def test_the_halves_are_disjoint_and_large_enough() -> None:
    assert len(CORPUS) >= 150
    assert len({recipe.name for recipe in CORPUS}) == len(CORPUS)
    assert len({recipe.seed for recipe in CORPUS}) == len(CORPUS)
    assert {recipe.scene for recipe in TUNING} & {recipe.scene for recipe in HELD_OUT} == {Scene.LAMP}
    assert not {replace(recipe.coding, name="") for recipe in TUNING} & {replace(r.coding, name="") for r in HELD_OUT}


@pytest.mark.parametrize("half", [TUNING, HELD_OUT], ids=["tuning", "held-out"])
def test_each_half_holds_every_kind_and_near_miss(half: tuple[Recipe, ...]) -> None:
    kinds = {label.kind for recipe in half for label in recipe.labels()}
    assert len(kinds) == 12
    near = {tag for recipe in half for tag in recipe.near_misses}
    assert {"flash", "fade", "hand", "fast pan", "fog", "rain", "dropped frame", "quiet room", "late sound"} <= near
    assert {"night", "one lamp", "blank wall", "variable rate", "buffer silence"} <= near
    assert {r.coding.container for r in half} == {"mp4", "mov", "mkv", "avi", "ts"} - (
        {"avi"} if half is HELD_OUT else set()
    )


def test_labels_follow_from_the_recipe() -> None:
    troubles = (black(5, 17), covered(20, 31, share=0.6), gap(33, 34), turned(40, 60, "180"), buffer(4))
    recipe = Recipe(Half.TUNING, Scene.NIGHT, TINY, troubles, length_s=60.0)
    assert recipe.labels() == (
        Label("black_video", 5, 17),
        Label("obstructed_view", 20, 31, is_optional=True),
        Label("rotated_view", 40, 60),
        Label("silent_lead_in", 0, 4),
    )
    assert recipe.near_misses == ("night", "buffer silence")
    assert recipe.buffer_s == 4


def test_copies_around_a_clip_move_its_labels() -> None:
    recipe = Recipe(Half.TUNING, Scene.HALL, TINY, (frozen(5, 17), no_sound(30, 60)), length_s=60.0, around=(2, 1))
    assert recipe.whole_s == 240
    assert recipe.labels() == (Label("frozen_video", 125, 137), Label("audio_missing", 150, 240))


def test_frames_are_left_out_of_a_gap_and_repeat_while_frozen() -> None:
    recipe = Recipe(Half.TUNING, Scene.HALL, TINY, (gap(2, 3), frozen(4, 6, "all")), length_s=8.0)
    times = frame_times(recipe)
    assert len(times) == 35
    assert not any(2 <= at_s < 3 for at_s in times)
    shown = dict(frames(recipe))
    held = [shown[at_s].tobytes() for at_s in times if 4 <= at_s < 6]
    assert len(set(held)) == 1
    assert len({planes.tobytes() for planes in shown.values()}) == len(times) - len(held) + 1
    again = dict(frames(recipe))
    assert all((again[at_s] == shown[at_s]).all() for at_s in times)


@pytest.mark.parametrize("scene", [Scene.DESK, Scene.PARKED])
def test_only_noise_tells_two_frames_of_a_still_scene_apart(scene: Scene) -> None:
    recipe = Recipe(Half.TUNING, scene, TINY, length_s=8.0, noise=0.0, has_clock=False)
    assert len({planes.tobytes() for _, planes in frames(recipe)}) == 1


def test_a_clip_is_made_once_and_again_when_its_recipe_changes(tmp_path: Path) -> None:
    recipe = Recipe(Half.TUNING, Scene.HALL, TINY, (damaged(2, 4, "keys"),), length_s=6.0)
    (clip,) = build([recipe], tmp_path, processes=1)
    assert clip == Clip(recipe, f"{recipe.name}.mp4", (Label("decode_error", 2.0, 4.0),))
    made = (tmp_path / clip.object_key).stat().st_mtime_ns
    assert build([recipe], tmp_path, processes=1) == (clip,)
    assert (tmp_path / clip.object_key).stat().st_mtime_ns == made
    (told,) = tmp_path.glob("*.json")
    told.write_text(told.read_text().replace(recipe.digest, "0"))
    build([recipe], tmp_path, processes=1)
    assert (tmp_path / clip.object_key).stat().st_mtime_ns > made
