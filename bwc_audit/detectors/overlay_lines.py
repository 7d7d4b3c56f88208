"""Where lines of burned-in text stand in a part of a picture: rows of shapes of one height, light or dark.

Found by what is narrower than a stroke can be (top-hat), in pieces, and by pieces that share their upper and lower rows.
What the lines say is not known here; most of what is found on a street is no text.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]

_STROKE = 15  # pixels; bold strokes of a 48 pixel font take 9
_LOWEST, _HIGHEST = 6, 60  # pixels of a digit
_MOST_PIECES = 500  # looked at, the highest first: the comparison is square in them
_LEAST_PIECES = 4
_GAP = 3.0  # heights between two neighbours of a line


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line in pixels of the part looked at: rows ``[top, bottom)`` of its digits. ``pieces``: shapes that agree."""

    top: float
    bottom: float
    left: int
    right: int
    pieces: int
    is_light: bool

    @property
    def height(self) -> float:
        return self.bottom - self.top


def text_lines(part: Luma, contrast: int, most: int, *, is_light: bool) -> list[TextLine]:
    """At most ``most`` lines that stand out by ``contrast`` luma steps, those of most pieces first."""
    kind = cv2.MORPH_TOPHAT if is_light else cv2.MORPH_BLACKHAT
    ink = cv2.morphologyEx(part, kind, np.ones((_STROKE, _STROKE), np.uint8))
    mask = cv2.threshold(ink, contrast, 255, cv2.THRESH_BINARY)[1]
    most_labels = (part.shape[0] // 2 + 1) * (part.shape[1] // 2 + 1)  # pieces of one pixel, none touching
    labels = cv2.CV_16U if most_labels < 2**16 else cv2.CV_32S  # 16 bits take a third of the time
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=labels)
    boxes = boxes[1:]
    width, height, area = boxes[:, 2], boxes[:, 3], boxes[:, 4]
    fits = (height >= _LOWEST) & (height <= _HIGHEST) & (width <= 12 * height) & (area * 10 >= width * height)
    boxes = boxes[fits]
    if len(boxes) > _MOST_PIECES:
        boxes = boxes[np.argsort(-boxes[:, 3], kind="stable")[:_MOST_PIECES]]
    return _lines(np.asarray(boxes, np.int32), most, is_light)


def _lines(boxes: NDArray[np.int32], most: int, is_light: bool) -> list[TextLine]:
    found: list[TextLine] = []
    tops, bottoms = boxes[:, 1], boxes[:, 1] + boxes[:, 3]
    slack = np.maximum(1, boxes[:, 3] // 9)[:, None]
    alike = (np.abs(tops[:, None] - tops) <= slack) & (np.abs(bottoms[:, None] - bottoms) <= slack)
    free = np.ones(len(boxes), bool)
    for _ in range(4 * most):
        counts = (alike & free).sum(axis=1) * free
        if len(found) == most or not len(boxes) or counts.max() < _LEAST_PIECES:
            break
        members = np.flatnonzero(alike[int(counts.argmax())] & free)
        free[members] = False
        line = _longest(boxes[members], is_light)
        if line is not None:
            found.append(line)
    return sorted(found, key=lambda line: -line.pieces)


def _longest(boxes: NDArray[np.int32], is_light: bool) -> TextLine | None:
    """The longest run of neighbours; None: too short for a clock."""
    boxes = boxes[np.argsort(boxes[:, 0], kind="stable")]
    height = float(np.median(boxes[:, 3]))
    gaps = boxes[1:, 0] - (boxes[:-1, 0] + boxes[:-1, 2])
    runs = np.split(boxes, np.flatnonzero(gaps > _GAP * height) + 1)
    run = max(runs, key=len)
    left, right = int(run[0, 0]), int((run[:, 0] + run[:, 2]).max())
    if len(run) < _LEAST_PIECES or right - left < 3 * height:
        return None
    top, bottom = float(np.median(run[:, 1])), float(np.median(run[:, 1] + run[:, 3]))
    return TextLine(top, bottom, left, right, len(run), is_light)
