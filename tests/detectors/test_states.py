"""Generated pictures, defective and nearly so, to what one frame shows by itself."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bwc_audit.detectors.states import is_blurred, is_dark, own_kind
from bwc_audit.domain.inspection import DefectKind
from tests.detectors.measured import RULES, measured, sample, tiles, uniform

Luma = NDArray[np.uint8]
SIZE = (720, 1280)


def street(seed: int = 2, noise: float = 3.0) -> Luma:
    """Hard-edged things of every size and brightness, as a lens in focus shows them, with a sensor's noise."""
    rng = np.random.default_rng(seed)
    picture = np.full(SIZE, 120, np.float32)
    for _ in range(220):
        x, y = int(rng.integers(0, SIZE[1])), int(rng.integers(0, SIZE[0]))
        width, height = (int(side) for side in rng.integers(20, 220, 2))
        picture[y : y + height, x : x + width] = rng.integers(20, 235)
    return noisy(cv2.GaussianBlur(picture, (0, 0), 1.2), noise)


def noisy(picture: NDArray[np.generic], noise: float, seed: int = 3) -> Luma:
    rng = np.random.default_rng(seed)
    values = np.asarray(picture, np.float32) + rng.normal(0, noise, picture.shape)
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def bars() -> Luma:
    columns = np.repeat(np.array([235, 210, 170, 145, 106, 81, 41], np.uint8), 183)[: SIZE[1]]
    return np.tile(columns, (SIZE[0], 1))


def stopgap(share: float) -> Luma:
    picture = street()
    picture[round(SIZE[0] * (1 - share)) // 16 * 16 :] = 128
    return picture


def smeared(from_share: float) -> Luma:
    picture = street()
    line = round(SIZE[0] * from_share)
    picture[line:] = picture[line]
    return picture


def misplaced(every: int, picture: Luma | None = None) -> Luma:
    """Each ``every``-th block of 16 x 16 shows what belongs elsewhere."""
    whole = street() if picture is None else picture
    hurt = whole.copy()
    rng = np.random.default_rng(9)
    for y in range(0, whole.shape[0], 16):
        for x in range(y // 16 % every * 16, whole.shape[1], every * 16):
            v, u = (int(rng.integers(0, side - 16)) for side in whole.shape)
            hurt[y : y + 16, x : x + 16] = whole[v : v + 16, u : u + 16]
    return hurt


def shelves() -> Luma:
    """Dark boards that lie just on the grid of 16 pixels, on some of its lines."""
    picture = street()
    for y in range(96, SIZE[0], 96):
        picture[y : y + 16] = 20
    return picture


def tiled_wall() -> Luma:
    """Tiles as wide as seven and a half blocks: their joints lie on the grid and beside it alike."""
    picture = np.full(SIZE, 170, np.uint8)
    picture[::120] = picture[:, ::120] = 90
    return noisy(picture, 3.0)


def cloth(noise: float) -> Luma:
    """Folds over the lens, coded at 320 x 180: a sensor's noise in the dark is as strong as they are."""
    x, y = np.meshgrid(np.arange(320), np.arange(180))
    return noisy(45 + 8 * np.sin(x / 37) + 6 * np.sin((x + 2 * y) / 61), noise)


def unlit(noise: float, lamp: int = 0) -> Luma:
    """A dark yard coded at 320 x 180, with one lamp of ``lamp`` pixels where that is not 0."""
    picture = cloth(0.0).astype(np.float32) * 0.5
    picture[60 : 60 + lamp, 100 : 100 + lamp] = 120
    return noisy(picture, noise)


def moved(picture: Luma) -> Luma:
    """Blurred by a sideways movement of 60 pixels."""
    return np.asarray(cv2.blur(picture, (61, 1)), np.uint8)


def out_of_focus(sigma: float) -> Luma:
    return noisy(cv2.GaussianBlur(street(noise=0), (0, 0), sigma), 3.0)


def foggy() -> Luma:
    return noisy(cv2.GaussianBlur(street(noise=0), (0, 0), 20).astype(np.float32) * 0.08 + 150, 2.0)


def fence() -> Luma:
    """Upright bars before a street: rows repeat along them, and only there."""
    picture = street()
    for x in range(40, SIZE[1], 80):
        picture[:, x : x + 12] = 30
    return picture


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (street(), None),
        (fence(), None),
        (bars(), DefectKind.UNIFORM_PICTURE),
        (noisy(bars(), 4.0), None),
        (np.full(SIZE, 200, np.uint8), DefectKind.UNIFORM_PICTURE),
        (np.full(SIZE, 16, np.uint8), DefectKind.BLACK_VIDEO),
        (np.full(SIZE, 128, np.uint8), DefectKind.CORRUPT_PICTURE),
        (stopgap(0.5), DefectKind.CORRUPT_PICTURE),
        (stopgap(0.14), None),
        (smeared(0.35), DefectKind.CORRUPT_PICTURE),
        (smeared(0.55), None),  # of a hall full of uprights rows repeat as well, over a part of the height
        (smeared(0.95), None),
        (misplaced(3), DefectKind.CORRUPT_PICTURE),
        (misplaced(4, fence()), DefectKind.CORRUPT_PICTURE),
        (misplaced(90), None),
        (shelves(), None),
        (tiled_wall(), None),
        (cloth(0.0), DefectKind.OBSTRUCTED_VIEW),
        (cloth(5.0), DefectKind.OBSTRUCTED_VIEW),
        (unlit(3.0, lamp=6), None),
        (noisy(np.tile(np.linspace(60, 110, SIZE[1]), (SIZE[0], 1)), 3.0), DefectKind.OBSTRUCTED_VIEW),
    ],
    ids=["street", "fence", "bars", "bars_filmed", "one_colour", "black", "no_reference", "grey_below", "grey_in_the_strip",
         "smear", "smear_of_less_than_half", "smear_in_the_strip", "blocks", "blocks_and_a_fence", "few_blocks",
         "shelves_on_the_grid", "tiled_wall", "cloth_without_noise", "noisy_cloth", "lamp_in_the_dark", "cloth"],
)  # fmt: skip
def test_what_a_picture_shows(picture: Luma, expected: DefectKind | None) -> None:
    assert own_kind(measured(picture), RULES) is expected


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (street(), False),
        (street(noise=10), False),
        (out_of_focus(4), False),
        (out_of_focus(16), True),
        (out_of_focus(24), True),
        (moved(street()), False),
        (foggy(), False),
        (noisy(street(noise=0) * 0.06 + 16, 3.0), False),
        (np.full(SIZE, 90, np.uint8), False),
    ],
    ids=["street", "noise", "a_little_soft", "soft", "softer", "moved", "fog", "dark", "flat"],
)
def test_out_of_focus_needs_every_edge_wide(picture: Luma, expected: bool) -> None:
    assert is_blurred(measured(picture), RULES) is expected


def test_edges_grow_with_the_blur() -> None:
    widths = [measured(out_of_focus(sigma)).edge_px for sigma in (0.5, 8, 16, 24)]
    assert widths == sorted(widths)
    assert widths[0] < 3 < widths[-1]


def test_dark_is_not_black() -> None:
    night = np.full(SIZE, 17, np.uint8)
    night[300:330, 400:430] = 220
    night[200:230, 800:900] = 160
    assert is_dark(measured(night), RULES)
    assert not is_dark(measured(street()), RULES)
    assert not is_dark(measured(np.full(SIZE, 16, np.uint8)), RULES)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"luma_p99": 112.0}, True),
        ({"luma_p99": 112.5}, False),
        ({"luma_p99": 180.0, "stripe_share": 0.97, "stripe_deviation": 1.5}, True),
        ({"luma_p99": 180.0, "stripe_share": 0.97, "stripe_deviation": 1.6}, False),
        ({"luma_p99": 180.0, "stripe_share": 1.0, "stripe_deviation": 0.0}, False),
    ],
)
def test_one_colour_or_exact_stripes_and_nothing_between(changes: dict[str, float], expected: bool) -> None:
    found = own_kind(uniform(0, **changes), RULES)
    assert (found is DefectKind.UNIFORM_PICTURE) is expected


def test_strong_edges_that_are_all_wide_are_a_lens_out_of_focus_and_no_cover() -> None:
    smooth: dict[str, Any] = {"tile_detail": tiles(2.0), "light_detail": 4.0}
    assert own_kind(sample(edge_px=2.2, **smooth), RULES) is DefectKind.OBSTRUCTED_VIEW
    assert own_kind(sample(edge_px=6.0, **smooth), RULES) is None


@pytest.mark.parametrize(("share", "expected"), [(0.09, None), (0.1, DefectKind.CORRUPT_PICTURE)])
def test_damage_needs_its_share(share: float, expected: DefectKind | None) -> None:
    assert own_kind(sample(grey_share=share), RULES) is expected


@pytest.mark.parametrize(
    ("smear", "grid", "expected"), [(0.49, 0.21, False), (0.5, 0, True), (0, 0.22, True), (0.96, 0, False)]
)
def test_a_smear_and_a_grid_of_blocks_have_their_own_limits(smear: float, grid: float, expected: bool) -> None:
    found = own_kind(sample(smear_share=smear, grid_share=grid), RULES)
    assert (found is DefectKind.CORRUPT_PICTURE) is expected


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (17, 40), (90, 160), (481, 641), (1080, 1920)])
def test_pictures_of_any_size_are_measured(shape: tuple[int, int]) -> None:
    seen = measured(noisy(np.full(shape, 100), 5.0))
    assert 80 < seen.luma_mean < 120
    assert seen.tile_detail.shape == (7, 16)
    assert seen.thumbnail.shape == (12, 12)
