"""What takes a part of the picture: covers close before the lens, out of focus, and parts of the scene, in focus.

``share`` of a trouble is the share of the whole picture. A cover keeps its place in the picture whatever the camera does,
but for a little play; so do a dashboard and a door frame before a camera that rests.
"""

from __future__ import annotations

from math import exp, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.scenery import Picture, clipped
from tests.bench.detectors.recipe import Trouble

#: Seconds that a finger or a lapel takes to come and to go.
_COMES_S = 0.2
#: A door swings in within about this time; the wearer turns to a wall as quickly.
_SWINGS_S = 0.8


def in_part(picture: Picture, trouble: Trouble, at_s: float, cloth: Picture) -> Picture:
    """``picture`` with a thumb or a jacket before the lens. ``cloth``: folds, at least as large as the picture."""
    height, width = picture.shape[:2]
    share = trouble.share * _come(trouble, at_s, _COMES_S) + 0.008 * sin(at_s * 2.3)
    across, down = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    folds = cloth[:height, :width, None].astype(np.float32) - 128
    if trouble.how == "thumb":
        # A quarter of an ellipse about the corner takes pi / 4 of its half axes' product.
        inside, soft = 1 - np.hypot(across, 1 - down) / max(1e-3, (max(0.0, share) * 4 / np.pi) ** 0.5), 0.10
        cover = np.array((26.0, 32.0, 52.0)) + folds * 0.12
    else:
        inside, soft = share + 0.12 * (across - 0.5) - (1 - down), 0.06
        cover = np.array((44.0, 38.0, 36.0)) + folds * 0.35
    weight = np.clip(inside / soft + 0.5, 0, 1)[..., None]
    return clipped(cover * weight + picture * (1 - weight))


def with_fixed_part(picture: Picture, trouble: Trouble, at_s: float) -> Picture:
    """``picture`` with a part of the scene that shows no detail and ends in a sharp edge."""
    height, width = picture.shape[:2]
    ink = np.zeros((height, width), np.uint8)
    rows, columns = int(height * trouble.share), int(width * trouble.share)
    part: NDArray[np.float64] = np.array((38.0, 36.0, 35.0))
    match trouble.how:
        case "dashboard":
            cv2.rectangle(ink, (0, height - rows), (width, height), 255, -1)
        case "frame":
            cv2.rectangle(ink, (0, 0), (columns, height), 255, -1)
        case "leaf":
            columns = int(columns * _come(trouble, at_s, _SWINGS_S))
            cv2.rectangle(ink, (width - columns, 0), (width, height), 255, -1 if columns else 1)
            part = np.array((62.0, 84.0, 104.0))
        case "wall":
            sway = 0.2 * sin(at_s * 0.45) + 0.02 * sin(at_s * 5.5)  # as far as the rest of the scene goes to and fro
            columns = int(width * max(0.0, trouble.share + sway) * _come(trouble, at_s, _SWINGS_S))
            cv2.rectangle(ink, (0, 0), (columns, height), 255, -1 if columns else 1)
            part = np.array((84.0, 88.0, 92.0))
    return np.asarray(np.where(ink[..., None] > 0, clipped(np.broadcast_to(part, picture.shape)), picture), np.uint8)


def _come(trouble: Trouble, at_s: float, seconds: float) -> float:
    """How far it has come, 0 to 1: in at its start, out again before its end; at once where the clip begins with it."""
    into = 1.0 if trouble.start_s <= 0 else _ease((at_s - trouble.start_s) / seconds)
    return min(into, _ease((trouble.end_s - at_s) / seconds))


def _ease(part: float) -> float:
    return 0.0 if part <= 0 else 1 / (1 + exp(-8 * (part - 0.5))) if part < 1 else 1.0
