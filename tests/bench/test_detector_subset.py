"""A dozen clips of the labelled benchmark, each time anew: no near-miss raises an alarm, no long defect is missed.

The whole benchmark says how well the detectors do; this only says that they have not become worse at the plain cases.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.detectors.corpus import Clip, build
from tests.bench.detectors.plans import SHIPPED, inspected
from tests.bench.detectors.recipe import Coding, Half, Recipe, Scene
from tests.bench.detectors.scoring import Verdict, alarms, missed
from tests.bench.detectors.shots import black, buffer, covered, cut, damaged, fade, flash, frozen, gap, hand, muted, no_sound

FRONT = Coding("front", fps=12, crf=26, mux=(("movflags", "+faststart"),))
MKV = Coding("mkv", container="mkv", fps=12, gop_s=2.0, crf=28, b_frames=2)

_CLIPS = (
    (Scene.DESK, FRONT, ()),
    (Scene.NIGHT, MKV, (hand(12.0),)),
    (Scene.LAMP, FRONT, (buffer(10.0),)),
    (Scene.STREET, FRONT, (flash(8.0), fade(16.0), no_sound(0.0, 0.5))),
    (Scene.STREET, FRONT, (black(10.3, 22.0, "noisy"),)),
    (Scene.NIGHT, MKV, (black(16.0, 30.0),)),
    (Scene.HALL, FRONT, (frozen(8.0, 22.0),)),
    (Scene.STREET, MKV, (covered(0.0, 12.5), gap(20.0, 24.0))),
    (Scene.HALL, MKV, (muted(12.0, 25.0),)),
    (Scene.DUSK, FRONT, (no_sound(0.0, 30.0), covered(14.0, 30.0, "finger"))),
    (Scene.STREET, FRONT, (damaged(8.0, 20.0),)),
    (Scene.HALL, FRONT, (cut(),)),
)
_RECIPES = [Recipe(Half.TUNING, scene, coding, troubles, length_s=30.0) for scene, coding, troubles in _CLIPS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labelled")


@pytest.fixture(scope="module")
def clips(folder: Path) -> dict[str, Clip]:
    """All clips by the name of their recipe."""
    return {clip.recipe.name: clip for clip in build(_RECIPES, folder)}


@pytest.mark.parametrize("name", [recipe.name for recipe in _RECIPES])
def test_what_is_wrong_is_found_and_nothing_else(clips: dict[str, Clip], folder: Path, name: str) -> None:
    seen = inspected(clips[name], folder, "adaptive", SHIPPED)
    assert not seen.failure
    assert seen.sampled > 0
    assert [label for _, label in missed([seen])] == []
    wrong = alarms([seen], Verdict.FALSE, Verdict.OTHERWISE)
    assert [(claim.kind, claim.start_s, claim.end_s) for _, claim, _ in wrong] == []
