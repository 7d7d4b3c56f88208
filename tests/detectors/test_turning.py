"""A picture that turns over and stays so, and what only looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bwc_audit.detectors.turning import turns
from bwc_audit.domain.times import SECOND_US
from tests.detectors.measured import RULES, file_of, sample

RNG = np.random.default_rng(5)
ROOM = RNG.integers(20, 230, (12, 12)).astype(np.uint8)
OTHER = RNG.integers(20, 230, (12, 12)).astype(np.uint8)
DIM = (118 + ROOM // 40).astype(np.uint8)


def shown(*stretches: tuple[NDArray[np.uint8], int]) -> list[tuple[float, float, float, float]]:
    pictures = [thumbnail for thumbnail, seconds in stretches for _ in range(2 * seconds)]
    file = file_of([sample(number / 2, thumbnail=picture) for number, picture in enumerate(pictures)])
    return [
        (d.start_us / SECOND_US, d.end_us / SECOND_US, d.measures["rotation_degrees"], d.measures["is_mirrored"])
        for d in turns(file, RULES)
    ]


@pytest.mark.parametrize(("quarters", "degrees"), [(1, 90.0), (2, 180.0), (3, 270.0)])
def test_a_turn_lasts_to_the_end_or_until_it_is_undone(quarters: int, degrees: float) -> None:
    turned = np.rot90(ROOM, -quarters)
    assert shown((ROOM, 10), (turned, 20)) == [(10.0, 29.54, degrees, 0.0)]
    assert shown((ROOM, 10), (turned, 12), (ROOM, 10)) == [(10.0, 21.54, degrees, 0.0)]


def test_a_mirrored_picture_is_told() -> None:
    assert shown((ROOM, 10), (np.fliplr(ROOM), 20)) == [(10.0, 29.54, 0.0, 1.0)]


@pytest.mark.parametrize(
    "stretches",
    [
        ((ROOM, 30),),
        ((ROOM, 10), (OTHER, 20)),
        ((ROOM, 10), (np.rot90(ROOM, 2), 5), (ROOM, 10)),
        ((DIM, 10), (np.rot90(DIM, 2), 20)),
        ((np.full((12, 12), 90, np.uint8), 30),),
    ],
    ids=["stands", "another_scene", "short", "little_contrast", "nothing_to_see"],
)
def test_what_is_no_turn(stretches: tuple[tuple[NDArray[np.uint8], int], ...]) -> None:
    assert shown(*stretches) == []


def test_between_samples_far_apart_a_turn_is_a_doubt_and_no_claim() -> None:
    def found(first_s: float, shown: NDArray[np.uint8] = ROOM) -> list[tuple[float, bool]]:
        turned = (sample(first_s + number, thumbnail=np.rot90(shown, 2)) for number in range(20))
        judged = turns(file_of([sample(0.0, thumbnail=ROOM), *turned]), RULES)
        return [(one.start_us / SECOND_US, one.confidence >= RULES.minimum_confidence) for one in judged]

    assert (found(0.5), found(0.6)) == ([(0.5, True)], [(0.0, False)])
    assert found(0.6, OTHER) == []


def test_what_the_container_asks_of_players_is_told() -> None:
    (found,) = turns(file_of([sample(0.0)], rotation_degrees=180), RULES)
    assert (found.start_us, found.measures["rotation_degrees"], found.confidence) == (0, 180.0, 1.0)
