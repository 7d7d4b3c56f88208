"""Contact sheets of clips, so that a person can see whether a clip shows what its labels say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tests.bench.detectors.corpus import Clip
from tests.bench.detectors.encoding import decoded_picture

_CELL = (240, 135)
_COLUMNS = 8


def write_sheet(clips: Sequence[Clip], folder: Path, path: Path) -> None:
    """One row a clip: its name, and pictures at equal distances."""
    rows = []
    for clip in clips:
        strip = np.full((18, _CELL[0] * _COLUMNS, 3), 255, np.uint8)
        cv2.putText(strip, clip.recipe.name, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
        pictures = [_picture(clip, folder, number) for number in range(_COLUMNS)]
        rows += [strip, np.concatenate(pictures, axis=1)]
    cv2.imwrite(str(path), np.concatenate(rows))


def _picture(clip: Clip, folder: Path, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    recipe = clip.recipe
    at_s = recipe.shift_s + (number + 0.5) * recipe.length_s / _COLUMNS
    try:
        picture = decoded_picture(folder / clip.object_key, at_s)
    except (RuntimeError, OSError, ValueError):
        return np.full((_CELL[1], _CELL[0], 3), (60, 0, 60), np.uint8)
    small = np.asarray(cv2.resize(picture, _CELL, interpolation=cv2.INTER_AREA), np.uint8)
    cv2.putText(small, f"{at_s:.0f} s", (3, 130), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1, cv2.LINE_AA)
    return small
