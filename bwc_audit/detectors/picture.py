"""One frame to its measures. Knows no thresholds except the share of the picture that the burned-in clock takes.

Luma is judged at 320 x 180 (area averaging, so that single-pixel noise falls by the averaging) in tiles of 20 x 20,
with the overlay strips at the top and the bottom left out. Only the comparison of two frames works at full size,
since what tells a stuck encoder from a still scene is the smallest noise; and the search for a decoder's stopgaps,
which are exact to the step. Measures are rounded to what 16 bits hold, so that they are kept as they were judged.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bwc_audit.detectors.focus import edge_px
from bwc_audit.domain.measures import THUMBNAIL_PX, PictureMeasures

_WIDTH, _HEIGHT, _TILE = 320, 180, 20
#: Detail is kept in eighths: finer steps say nothing, and take room.
_DETAIL_STEPS = 8.0
#: A thumbnail is kept in 16 levels; it serves only to tell which way up a picture stands.
_LEVEL_STEPS = 16
#: Luma that FFmpeg puts where it has no picture to refer to: exactly the middle of 8 bits.
_STOPGAP = np.array([128.0])
_MACROBLOCK_PX = 16
#: Levels that a row must vary inside a block before its exact repetition downwards means anything.
_ROW_RANGE = 8
#: Coding anew leaves this much between repeated rows; these shares of a band must repeat, and vary from side to side.
_ROW_SLACK = 2
_REPEATED_SHARE, _VARIED_SHARE = 0.9, 0.3
#: Blocks of the clock strips are 16 x 16 pixels, in a small picture 8 x 8: about one digit.
_STRIP_HALVINGS = 4

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

    def measure(self, luma: Luma, at_us: int, end_us: int, *, is_key: bool, coded_bytes: int = 0) -> PictureMeasures:
        """Measures of ``luma`` (``height x width``), shown over ``[at_us, end_us)`` of media time.

        ``coded_bytes``: size of the frame in the file, 0 where it is not known.
        """
        body = np.ascontiguousarray(without_overlay(luma, self._overlay_share))
        strips = overlay_strips(luma, self._overlay_share)
        difference = None if self._last is None else mean_difference(self._last, body)
        key_difference = mean_difference(self._last_key, body) if is_key and self._last_key is not None else None
        strip_difference = _largest_change(self._last_strips, strips)
        self._last, self._last_strips = body, strips
        if is_key:
            self._last_key = body
        small = _shrunk(body, _small_height(self._overlay_share))
        levels = _levels(small)
        stripe_deviation, stripe_share = _stripes(small)
        return PictureMeasures(
            at_us=at_us,
            end_us=end_us,
            is_key=is_key,
            luma_mean=_rounded(cv2.mean(small)[0]),
            luma_p99=_percentile(levels, 99),
            tile_detail=np.round(tile_detail(small) * _DETAIL_STEPS).astype(np.float32) / np.float32(_DETAIL_STEPS),
            light_detail=_percentile(_levels(_sharpness(small)), 99.9),
            difference=_rounded_if(difference),
            key_difference=_rounded_if(key_difference),
            luma_p1=_percentile(levels, 1),
            strip_difference=_rounded_if(strip_difference),
            edge_px=_rounded(edge_px(small) * min(1.0, body.shape[1] / _WIDTH)),
            stripe_deviation=_rounded(stripe_deviation),
            stripe_share=_rounded(stripe_share),
            grey_share=_rounded(_grey_share(body)),
            smear_share=_rounded(_smear_share(body)),
            saturated_share=_rounded(float(levels[235:].sum() / small.size)),
            coded_bytes=coded_bytes,
            thumbnail=_thumbnail(small),
        )


def tile_detail(small: Luma) -> NDArray[np.float32]:
    """Standard deviation of luma in each whole tile of 20 x 20, ``rows x columns``."""
    rows, columns = small.shape[0] // _TILE, small.shape[1] // _TILE
    tiles = small[: rows * _TILE, : columns * _TILE].astype(np.float32)
    mean = cv2.resize(tiles, (columns, rows), interpolation=cv2.INTER_AREA)
    power = cv2.resize(cv2.multiply(tiles, tiles), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(np.sqrt(np.maximum(power - mean * mean, 0)), dtype=np.float32)


def _rounded(value: float) -> float:
    return float(np.float16(value))


def _rounded_if(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _sharpness(small: Luma) -> NDArray[np.uint8]:
    return np.asarray(cv2.convertScaleAbs(cv2.Laplacian(small, cv2.CV_16S)), dtype=np.uint8)


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


def _grey_share(body: Luma) -> float:
    """Share of whole macroblocks that are exactly mid-grey."""
    is_grey = np.asarray(cv2.inRange(body, _STOPGAP, _STOPGAP), dtype=np.uint8)
    if cv2.countNonZero(is_grey) < body.size // 50:
        return 0.0
    return _share_of_cells(is_grey, _MACROBLOCK_PX)


def _smear_share(body: Luma) -> float:
    """Share of the height in bands across which, from side to side, each row repeats the one above, and is not flat.

    So a decoder goes on where a slice is lost. Upright edges of a real scene repeat their rows only here and there.
    """
    band = max(2 * _MACROBLOCK_PX, body.shape[0] // 9)
    columns = body.shape[1] // _MACROBLOCK_PX
    if body.shape[0] <= band or not columns:
        return 0.0
    change = cv2.absdiff(body[1:], body[:-1])
    tops = range(0, change.shape[0] - band + 1, band)
    largest = np.concatenate([cv2.reduce(change[top : top + band], 0, cv2.REDUCE_MAX) for top in tops])
    is_repeated = largest <= _ROW_SLACK
    if not is_repeated.any():
        return 0.0
    rows = body[list(tops), : columns * _MACROBLOCK_PX].reshape(len(tops), columns, _MACROBLOCK_PX)
    is_varied = (np.ptp(rows, axis=2) >= _ROW_RANGE).mean(axis=1) >= _VARIED_SHARE
    return float(np.mean((is_repeated.mean(axis=1) >= _REPEATED_SHARE) & is_varied))


def _share_of_cells(marks: NDArray[np.uint8], side: int) -> float:
    rows, columns = marks.shape[0] // side, marks.shape[1] // side
    if not rows or not columns:
        return 0.0
    cells = [cv2.reduce(marks[row * side : (row + 1) * side], 0, cv2.REDUCE_MIN)[0, : columns * side] for row in range(rows)]
    return float(np.mean(np.stack(cells).reshape(rows, columns, side).all(axis=2)))


def _thumbnail(small: Luma) -> Luma:
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    levels = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
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
