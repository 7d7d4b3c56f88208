"""One frame to its measures. Knows no thresholds except the share of the picture that the burned-in clock takes.

Luma is judged at 320 x 180 with the overlay strips at the top and the bottom left out; detail and points of light at
half of that, averaged, since a sensor's noise in the dark is as strong as the folds of a cloth: of what is coded at
320 x 180 the average of 2 x 2 pixels takes half of it away, of larger pictures as good as all. Only the comparison of two
frames works at full size, since what tells a stuck encoder from a still scene is the smallest noise; and the search for
what a decoder leaves (``lost_parts``). Measures are rounded to what 16 bits hold, so that they are kept as judged.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bwc_audit.detectors.focus import edge_px
from bwc_audit.detectors.lost_parts import grey_share, grid_share, smear_share
from bwc_audit.domain.measures import THUMBNAIL_PX, PictureMeasures

_WIDTH, _HEIGHT, _TILE = 320, 180, 20
_COARSE_TILE = _TILE // 2
#: Detail is kept in eighths: finer steps say nothing, and take room.
_DETAIL_STEPS = 8.0
#: A thumbnail is kept in 16 levels; it serves only to tell which way up a picture stands.
_LEVEL_STEPS = 16
_MACROBLOCK_PX = 16
#: Levels that a block must hold before its exact repetition means anything.
_ROW_RANGE = 8
#: Where fewer of all blocks hold something, their equality says nothing: flat parts repeat in any still scene.
_LEAST_HELD_SHARE = 0.1
#: Pictures that differ by more show two scenes; of two codings of one picture the mean difference is below 4.
_ANOTHER_SCENE = 8.0
#: Blocks of the clock strips are 16 x 16 pixels, in a small picture 8 x 8: about one digit.
_STRIP_HALVINGS = 4
#: A point of light is smaller than this square, in pixels of 160 across; all but six of those pixels lie below it.
_LIGHT_SQUARE = np.ones((7, 7), np.uint8)
_LIGHT_PERCENT = 99.95

Luma = NDArray[np.uint8]

__all__ = ["Luma", "PictureMeasures", "PictureMeter", "mean_difference", "tile_detail", "without_overlay"]


def without_overlay(luma: Luma, overlay_share: float) -> Luma:
    """The picture without its top and bottom strips, each ``overlay_share`` of the height (0 to below 0.5)."""
    strip = int(luma.shape[0] * overlay_share)
    return luma[strip : luma.shape[0] - strip]


def overlay_strips(luma: Luma, overlay_share: float) -> Luma | None:
    """The two strips, one above the other; None where the share leaves none."""
    strip = int(luma.shape[0] * overlay_share)
    return np.concatenate([luma[:strip], luma[luma.shape[0] - strip :]]) if strip else None


def mean_difference(one: Luma, other: Luma) -> float:
    """Mean absolute difference of two pictures of one size, in luma steps; of different sizes: 255."""
    if one.shape != other.shape:
        return 255.0
    return float(cv2.norm(one, other, cv2.NORM_L1)) / max(1, one.size)


class PictureMeter:
    """Measures frames in order of time, holding two earlier pictures for the comparison: the last and the last key."""

    def __init__(self, overlay_share: float) -> None:
        self._overlay_share = overlay_share
        self._last: Luma | None = None
        self._last_key: Luma | None = None
        self._last_strips: Luma | None = None

    def measure(
        self, luma: Luma, at_us: int, end_us: int, *, is_key: bool, coded_bytes: int = 0, bytes_between: int = 0
    ) -> PictureMeasures:
        """Measures of ``luma`` (``height x width``), shown over ``[at_us, end_us)`` of media time.

        ``coded_bytes``: size of the frame in the file, 0 where it is not known; ``bytes_between``: of those before it.
        """
        body = np.ascontiguousarray(without_overlay(luma, self._overlay_share))
        strips = overlay_strips(luma, self._overlay_share)
        difference = None if self._last is None else mean_difference(self._last, body)
        key_difference = mean_difference(self._last_key, body) if is_key and self._last_key is not None else None
        strip_difference = _largest_change(self._last_strips, strips)
        compared = self._last if key_difference is None else self._last_key
        self._last, self._last_strips = body, strips
        if is_key:
            self._last_key = body
        small = _shrunk(body, _small_height(self._overlay_share))
        coarse = _halved(small)
        levels = _levels(small)
        stripe_deviation, stripe_share = _stripes(small)
        return PictureMeasures(
            at_us=at_us,
            end_us=end_us,
            is_key=is_key,
            luma_mean=_rounded(cv2.mean(small)[0]),
            luma_p99=_percentile(levels, 99),
            tile_detail=np.round(tile_detail(coarse) * _DETAIL_STEPS).astype(np.float32) / np.float32(_DETAIL_STEPS),
            light_detail=_percentile(_levels(_risen(coarse)), _LIGHT_PERCENT),
            difference=_rounded_if(difference),
            key_difference=_rounded_if(key_difference),
            luma_p1=_percentile(levels, 1),
            strip_difference=_rounded_if(strip_difference),
            edge_px=_rounded(edge_px(small) * min(1.0, body.shape[1] / _WIDTH)),
            stripe_deviation=_rounded(stripe_deviation),
            stripe_share=_rounded(stripe_share),
            grey_share=_rounded(grey_share(body)),
            smear_share=_rounded(smear_share(small)),
            grid_share=_rounded(grid_share(luma, int(luma.shape[0] * self._overlay_share))),
            coded_bytes=coded_bytes,
            bytes_between=bytes_between,
            equal_share=_rounded(_equal_share(compared, body, difference if key_difference is None else key_difference)),
            thumbnail=_thumbnail(coarse),
        )


def tile_detail(coarse: Luma) -> NDArray[np.float32]:
    """Standard deviation of luma in each whole tile of 10 x 10 (of a picture 160 pixels wide), ``rows x columns``."""
    rows, columns = coarse.shape[0] // _COARSE_TILE, coarse.shape[1] // _COARSE_TILE
    tiles = coarse[: rows * _COARSE_TILE, : columns * _COARSE_TILE].astype(np.float32)
    mean = cv2.resize(tiles, (columns, rows), interpolation=cv2.INTER_AREA)
    power = cv2.resize(cv2.multiply(tiles, tiles), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(np.sqrt(np.maximum(power - mean * mean, 0)), dtype=np.float32)


def _rounded(value: float) -> float:
    return float(np.float16(value))


def _rounded_if(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _risen(coarse: Luma) -> NDArray[np.uint8]:
    """How far each pixel rises above the surroundings of small bright things: lamps, windows, edges of bright ones."""
    return np.asarray(cv2.morphologyEx(coarse, cv2.MORPH_TOPHAT, _LIGHT_SQUARE), dtype=np.uint8)


def _levels(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How many pixels have each of the 256 levels."""
    return np.asarray(cv2.calcHist([small], [0], None, [256], [0, 256]), dtype=np.float32).ravel()


def _percentile(levels: NDArray[np.float32], percent: float) -> float:
    """The lowest level that at least this share of the pixels does not exceed."""
    rising = np.cumsum(levels)
    return float(np.searchsorted(rising, percent / 100 * rising[-1]))


def _largest_change(before: Luma | None, now: Luma | None) -> float | None:
    """Mean difference of the block of the strips that changed most; a digit of the clock fills about one block."""
    if before is None or now is None or before.shape != now.shape:
        return None
    change = cv2.absdiff(before, now)
    if not change.any():
        return 0.0
    for _ in range(_STRIP_HALVINGS if now.shape[1] >= _WIDTH * 2 else _STRIP_HALVINGS - 1):
        change = _halved(np.asarray(change, dtype=np.uint8))
    return float(change.max())


def _stripes(small: Luma) -> tuple[float, float]:
    """How far the upper half is from columns of one level each, and the share of neighbouring columns of one level."""
    upper = small[: max(1, small.shape[0] // 2)]
    columns = cv2.reduce(upper, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
    deviation = cv2.mean(cv2.absdiff(upper.astype(np.float32), np.repeat(columns, upper.shape[0], axis=0)))[0]
    return float(deviation), float(np.mean(np.abs(np.diff(columns[0])) < 1))


def _equal_share(before: Luma | None, now: Luma, difference: float | None) -> float:
    """Share of the blocks holding something that are the same to the last pixel; 0 where hardly any holds something, and
    where the whole differs so much that it is another scene."""
    if before is None or difference is None or difference > _ANOTHER_SCENE:
        return 0.0
    is_same = _by_block(np.asarray(cv2.compare(before, now, cv2.CMP_EQ), dtype=np.uint8), np.minimum) > 0
    if not is_same.any():
        return 0.0
    is_held = _by_block(now, np.maximum) - _by_block(now, np.minimum) >= _ROW_RANGE
    return float(is_same[is_held].mean()) if is_held.mean() >= _LEAST_HELD_SHARE else 0.0


def _by_block(luma: Luma, keep: np.ufunc) -> Luma:
    """The smallest or the largest of each whole block of 16 x 16, ``rows x columns``."""
    rows, columns = luma.shape[0] // _MACROBLOCK_PX, luma.shape[1] // _MACROBLOCK_PX
    if not rows or not columns:
        return np.zeros((1, 1), np.uint8)
    bands = luma[: rows * _MACROBLOCK_PX, : columns * _MACROBLOCK_PX].reshape(rows, _MACROBLOCK_PX, -1)
    kept = keep.reduce(keep.reduce(bands, axis=1).reshape(rows, columns, _MACROBLOCK_PX), axis=2)
    return np.asarray(kept, dtype=np.uint8)


def _thumbnail(coarse: Luma) -> Luma:
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    levels = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(levels // _LEVEL_STEPS * _LEVEL_STEPS + _LEVEL_STEPS // 2, dtype=np.uint8)


def _shrunk(body: Luma, height: int) -> Luma:
    """The picture at 320 pixels width: halved while that leaves enough (fast), then averaged to the size."""
    while body.shape[1] >= 2 * _WIDTH and body.shape[0] >= 2:
        body = _halved(body)
    how = cv2.INTER_LINEAR if body.shape[1] == _WIDTH else cv2.INTER_AREA
    return np.asarray(cv2.resize(body, (_WIDTH, height), interpolation=how), dtype=np.uint8)


def _halved(luma: Luma) -> Luma:
    """Averages of 2 x 2 pixels, an odd last row or column left out; a picture one pixel high or wide stays."""
    rows, columns = luma.shape[0] // 2, luma.shape[1] // 2
    if not rows or not columns:
        return luma
    even = luma[: 2 * rows, : 2 * columns]
    return np.asarray(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _small_height(overlay_share: float) -> int:
    return max(_TILE, round(_HEIGHT * (1 - 2 * overlay_share) / _TILE) * _TILE)
