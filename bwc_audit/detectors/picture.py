"""One frame to its measures. Knows no thresholds except the share of the picture that the burned-in clock takes.

Luma is judged at 320 x 180 (area averaging, so that single-pixel noise falls by the averaging) in tiles of 20 x 20,
with the overlay strips at the top and the bottom left out. Only the comparison of two frames works at full size,
since what tells a stuck encoder from a still scene is the smallest noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _TILE = 320, 180, 20

Luma = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class PictureMeasures:
    """Measures of one frame.

    ``luma_mean``, ``luma_p99``: 0-255. ``tile_detail``: standard deviation of luma in each tile, ``rows x columns``.
    ``light_detail``: 99.9th percentile of the absolute Laplacian (how sharp the sharpest points are).
    ``difference``: mean absolute difference to the sample before, full size, None for the first.
    ``key_difference``: the same between two key frames that follow each other among the samples; else None.
    """

    at_us: int
    end_us: int
    is_key: bool
    luma_mean: float
    luma_p99: float
    tile_detail: NDArray[np.float32]
    light_detail: float
    difference: float | None = None
    key_difference: float | None = None

    @property
    def detail(self) -> float:
        """The second largest tile detail: one hot pixel does not count as content, a lamp across two tiles does."""
        flat = np.sort(self.tile_detail, axis=None)
        return float(flat[-2]) if flat.size > 1 else float(flat[-1])


def without_overlay(luma: Luma, overlay_share: float) -> Luma:
    """The picture without its top and bottom strips, each ``overlay_share`` of the height (0 to below 0.5)."""
    strip = int(luma.shape[0] * overlay_share)
    return luma[strip : luma.shape[0] - strip]


def mean_difference(one: Luma, other: Luma) -> float:
    """Mean absolute difference of two pictures of one size, in luma steps; of different sizes: 255."""
    if one.shape != other.shape:
        return 255.0
    return float(cv2.mean(cv2.absdiff(one, other))[0])


class PictureMeter:
    """Measures frames in order of time, holding two earlier pictures for the comparison: the last and the last key."""

    def __init__(self, overlay_share: float) -> None:
        self._overlay_share = overlay_share
        self._last: Luma | None = None
        self._last_key: Luma | None = None

    def measure(self, luma: Luma, at_us: int, end_us: int, *, is_key: bool) -> PictureMeasures:
        """Measures of ``luma`` (``height x width``), shown over ``[at_us, end_us)`` of media time."""
        body = np.ascontiguousarray(without_overlay(luma, self._overlay_share))
        difference = None if self._last is None else mean_difference(self._last, body)
        key_difference = mean_difference(self._last_key, body) if is_key and self._last_key is not None else None
        self._last = body
        if is_key:
            self._last_key = body
        small = _shrunk(body, _small_height(self._overlay_share))
        laplacian = np.abs(cv2.Laplacian(small, cv2.CV_16S))
        return PictureMeasures(
            at_us=at_us,
            end_us=end_us,
            is_key=is_key,
            luma_mean=float(small.mean()),
            luma_p99=float(np.percentile(small, 99)),
            tile_detail=tile_detail(small),
            light_detail=float(np.percentile(laplacian, 99.9)),
            difference=difference,
            key_difference=key_difference,
        )


def tile_detail(small: Luma) -> NDArray[np.float32]:
    """Standard deviation of luma in each whole tile of 20 x 20, ``rows x columns``."""
    rows, columns = small.shape[0] // _TILE, small.shape[1] // _TILE
    tiles = small[: rows * _TILE, : columns * _TILE].reshape(rows, _TILE, columns, _TILE)
    return np.asarray(tiles.astype(np.float32).std(axis=(1, 3)), dtype=np.float32)


def _shrunk(body: Luma, height: int) -> Luma:
    return np.asarray(cv2.resize(body, (_WIDTH, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _small_height(overlay_share: float) -> int:
    return max(_TILE, round(_HEIGHT * (1 - 2 * overlay_share) / _TILE) * _TILE)
