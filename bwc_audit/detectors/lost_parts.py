"""What a decoder leaves in place of lost parts of a picture: exact mid-grey, one row drawn downwards, blocks out of place.

All three are marks that no lens makes. Damaged coding that still decodes to something plausible, a grey or a smear
below the share that the policy asks for, and blocks of another grid than 16 pixels are not seen.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]

#: Luma that FFmpeg puts where it has no picture to refer to: exactly the middle of 8 bits.
_STOPGAP = np.array([128.0])
_BLOCK_PX = 16
#: A smear repeats its row to within coding anew, over nearly all of the width; and the row has edges in it.
_ROW_SLACK, _REPEATED_SHARE = 3.0, 0.9
_EDGE_STEP, _EDGES_SHARE = 4.0, 0.1
#: A block's side that is out of place: a step of so many levels, twice as high as those beside it, along half the side.
_SIDE_STEP, _ALONG = 20, 0.5
#: Of a picture wider than this only each second, third … line of the grid is looked at: enough of them are left.
_WIDE_PX = 640
#: One line of the grid counts up to this share of its sides, so that no single line makes a grid.
_MOST_OF_A_LINE = 0.25
#: Below it (clean pictures: median 0.06, highest 0.23) there is no need to compare with lines beside the grid.
_WORTH_COMPARING = 0.15
#: Lines that belong to no block of 16 or 8 pixels: where a scene has as many steps, the grid says nothing.
_BESIDE_GRID = (4, 12)


def grey_share(body: Luma) -> float:
    """Share of whole macroblocks of ``body`` (``height x width``, full size) that are exactly mid-grey."""
    is_grey = np.asarray(cv2.inRange(body, _STOPGAP, _STOPGAP), dtype=np.uint8)
    if cv2.countNonZero(is_grey) < body.size // 50:
        return 0.0
    rows, columns = body.shape[0] // _BLOCK_PX, body.shape[1] // _BLOCK_PX
    if not rows or not columns:
        return 0.0
    cells = [cv2.reduce(is_grey[row * _BLOCK_PX : (row + 1) * _BLOCK_PX], 0, cv2.REDUCE_MIN)[0] for row in range(rows)]
    sides = np.stack(cells)[:, : columns * _BLOCK_PX].reshape(rows, columns, _BLOCK_PX)
    return float(np.mean(sides.all(axis=2)))


def smear_share(small: Luma) -> float:
    """Share of the height, from the bottom up, whose rows all repeat the last one; 0 where that row holds hardly an edge.

    So a decoder goes on where a slice is lost. A flat floor, a fog or the shading of a wall have no edges; those of a
    scene are not upright over most of the height, all of them. A test pattern (the whole height) is not excluded here.
    """
    last = small[-2:].mean(axis=0, dtype=np.float32)
    if np.mean(np.abs(np.diff(last)) >= _EDGE_STEP) < _EDGES_SHARE:
        return 0.0
    distance = cv2.absdiff(small.astype(np.float32), np.repeat(last[None], small.shape[0], axis=0))
    is_other = np.mean(np.asarray(distance) <= _ROW_SLACK, axis=1) < _REPEATED_SHARE
    others = np.flatnonzero(is_other[::-1])
    return float(others[0] / small.shape[0]) if others.size else 1.0


def grid_share(luma: Luma, strip: int) -> float:
    """How much of the 16-pixel grid stands out by clean steps beyond what the scene has beside it, 0 to 1.

    ``luma``: the whole picture at full size, whose first ``strip`` rows and last ``strip`` rows are left out. Of each
    line the share of block sides that are steps counts, a quarter of them fully.
    """
    top = -(-strip // _BLOCK_PX) * _BLOCK_PX
    end = (luma.shape[0] - strip) // _BLOCK_PX * _BLOCK_PX
    body = luma[top : max(top, end), : luma.shape[1] // _BLOCK_PX * _BLOCK_PX]
    if min(body.shape) < 3 * _BLOCK_PX:
        return 0.0
    apart = _BLOCK_PX * max(1, body.shape[1] // _WIDE_PX)
    on_grid = _lines_share(body, 0, apart)
    if on_grid < _WORTH_COMPARING:
        return 0.0
    return max(0.0, on_grid - max(_lines_share(body, beside, apart) for beside in _BESIDE_GRID))


def _lines_share(body: Luma, offset: int, apart: int) -> float:
    """Share of lines at ``offset`` into each block, both ways, that are steps; a line counts in full from a quarter on."""
    parts = [_stepped(body.T, offset, apart), _stepped(body, offset, apart)]
    lines = np.concatenate([np.minimum(part, _MOST_OF_A_LINE) for part in parts])
    return float(np.mean(lines)) / _MOST_OF_A_LINE


def _stepped(body: Luma, offset: int, apart: int) -> NDArray[np.float64]:
    """For each line between rows at ``offset`` into a block, the border left out: share of its sides that are steps."""
    lines = np.arange(offset or _BLOCK_PX, body.shape[0] - 1, apart)
    two_before, before, after, beyond = (np.ascontiguousarray(body[lines + by]) for by in (-2, -1, 0, 1))
    step = cv2.absdiff(before, after)
    beside = cv2.max(cv2.absdiff(two_before, before), cv2.absdiff(after, beyond))
    is_step = (np.asarray(step) >= _SIDE_STEP) & (np.asarray(cv2.add(beside, beside)) <= np.asarray(step))
    sides = is_step.reshape(lines.size, -1, _BLOCK_PX).mean(axis=2)
    return np.asarray(np.mean(sides >= _ALONG, axis=1), np.float64)
