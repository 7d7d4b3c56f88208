"""A cover of part of the lens, and what only looks like one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bwc_audit.detectors.judge import weigh
from bwc_audit.detectors.part_cover import part_covers
from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.measures import PictureMeasures
from tests.detectors.measured import RULES, file_of, sample, tiles

RNG = np.random.default_rng(8)
#: One scene a second while the wearer walks.
SCENES = [RNG.integers(90, 230, (12, 12)).astype(np.uint8) for _ in range(41)]


def seen(at_s: float, columns: int = 0, scene: int | None = None, luma: int = 40) -> PictureMeasures:
    """A picture of a scene, by its second; ``columns`` of 16 show no detail and are of one brightness."""
    detail, thumbnail = tiles(20), SCENES[int(at_s) if scene is None else scene].copy()
    detail[:, :columns] = 1.0
    thumbnail[:, : columns * 12 // 16] = luma
    return sample(at_s, tile_detail=detail, thumbnail=thumbnail)


def walk(columns_at: Sequence[int], luma: int = 40) -> list[PictureMeasures]:
    """A picture a second; where the covered columns change, another just before, of the scene before."""
    samples = [seen(0, columns_at[0], luma=luma)]
    for at_s in range(1, len(columns_at)):
        if columns_at[at_s] != columns_at[at_s - 1]:
            samples.append(seen(at_s - 0.1, columns_at[at_s - 1], at_s, luma))
        samples.append(seen(at_s, columns_at[at_s], luma=luma))
    return samples


@pytest.mark.parametrize(("columns", "share"), [(4, 0.25), (8, 0.5), (12, 0.75)])
def test_what_keeps_its_place_while_the_scene_moves_is_a_cover_with_its_share(columns: int, share: float) -> None:
    (found,) = weigh(file_of(walk([0] * 10 + [columns] * 15 + [0] * 10)), RULES).defects
    assert (found.kind, found.start_us, found.end_us) == (DefectKind.OBSTRUCTED_VIEW, 10_000_000, 24_940_000)
    assert (found.measures["covered_share"], found.measures["is_part"]) == (share, 1.0)


@pytest.mark.parametrize(
    "samples",
    [
        walk([8] * 35),
        walk([0] * 10 + [2] * 15 + [0] * 10),
        walk([0] * 10 + [8] * 15 + [0] * 10, luma=200),
        [seen(at_s, 8 * (10 <= at_s < 25)) for at_s in range(35)],
        walk([0] * 10 + [4, 10] * 7 + [0] * 10),
        walk([0] * 10 + [8] * 5 + [0] * 10),
    ],
    ids=["always_there", "small", "bright", "comes_with_another_scene", "wanders", "short"],
)
def test_what_is_no_cover(samples: list[PictureMeasures]) -> None:
    judged = weigh(file_of(samples), RULES)
    assert (judged.defects, judged.doubtful) == ((), ())


def test_where_nothing_else_moves_it_is_doubtful() -> None:
    still = [seen(at_s, 8 * (10 <= at_s < 25), scene=0) for at_s in range(35)]
    judged = weigh(file_of(still), RULES)
    assert judged.defects == ()
    assert [one.kind for one in judged.doubtful] == [DefectKind.OBSTRUCTED_VIEW]


def test_the_policy_says_from_which_share_on() -> None:
    samples = walk([0] * 10 + [8] * 15 + [0] * 10)
    assert len(part_covers(samples, RULES)) == 1
    assert part_covers(samples, replace(RULES, obstructed_part_share=0.6)) == []
