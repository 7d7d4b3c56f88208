"""How sharp the sharpest edges of a picture are: the measure behind *out of focus*.

A lens out of focus widens every edge alike. Movement widens only the edges across it, so that some edge along it stays
sharp; fog and darkness take the contrast away, and then nothing is said; noise does not reach the strong edges. A scene
that holds only soft things (a curtain, a cloud, a cover close before the lens) cannot be told from a lens out of focus.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

#: Side of the neighbourhood over which an edge's height is taken; wider edges are measured as about this wide.
_AROUND_PX = 15
#: An edge must be this high (luma) to count: less is noise, fog or the night.
_LEAST_HEIGHT = 24
#: As many points of one picture must lie on strong edges before anything is said (a fifth of a percent).
_LEAST_POINTS = 80
#: The width that one point in twenty stays below: the sharpest edges, without the luckiest points.
_SHARPEST = 0.05

_SQUARE = np.ones((_AROUND_PX, _AROUND_PX), np.uint8)


def edge_px(small: NDArray[np.uint8]) -> float:
    """Width of the sharpest strong edges in pixels of ``small`` (``height x 320`` luma), 2 to about 15; 0: cannot tell."""
    slope = _slope(small)
    height = cv2.subtract(cv2.dilate(small, _SQUARE), cv2.erode(small, _SQUARE))
    # The central difference is twice the slope of one pixel; an edge of slope 1 in 12 is softer than any lens makes it.
    is_steep = cv2.compare(cv2.convertScaleAbs(slope, alpha=6), height, cv2.CMP_GE)
    is_high = cv2.threshold(height, _LEAST_HEIGHT - 1, 255, cv2.THRESH_BINARY)[1]
    is_edge = np.asarray(cv2.bitwise_and(is_steep, is_high)) > 0
    if np.count_nonzero(is_edge) < _LEAST_POINTS:
        return 0.0
    widths = np.float32(2) * np.asarray(height)[is_edge] / np.asarray(slope)[is_edge]
    place = int(widths.size * _SHARPEST)
    return float(np.partition(widths, place)[place])


def _slope(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The larger central difference of each pixel, across or down; 0 across the border."""
    across, down = np.zeros_like(small), np.zeros_like(small)
    across[:, 1:-1] = cv2.absdiff(small[:, 2:], small[:, :-2])
    down[1:-1] = cv2.absdiff(small[2:], small[:-2])
    return np.asarray(cv2.max(across, down), dtype=np.uint8)
