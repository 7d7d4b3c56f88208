"""Draws clock lines onto pictures as cameras do: light with a dark outline, dark on light, on a half-clear box.

What is drawn is known to the pixel: where each character stands, and in which rows the digits do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from tests.bench.overlay.faces import Face, loaded

Luma = NDArray[np.uint8]
Random = np.random.Generator


class Look(Enum):
    """How a line stands out from the picture."""

    OUTLINE = "light, dark outline"
    SHADOW = "light, dark shadow"
    BOX = "light on half-clear dark box"
    DARK_BOX = "dark on half-clear light box"
    DARK_OUTLINE = "dark, light outline"


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A line of text. ``mask``: coverage 0-255; ``centres``: column of each character's ink middle (NaN: no ink)."""

    mask: Luma
    text: str
    centres: tuple[float, ...]
    top: int
    bottom: int


def _put(canvas: Luma, text: str, x: int, y: int, face: Face, size: int) -> int:
    """Draws at the base line and gives where the next character begins."""
    if face.hershey is not None:
        scale = size / (32 if face.hershey != cv2.FONT_HERSHEY_PLAIN else 15)
        thick = max(1, round(size / 14))
        (width, _), _ = cv2.getTextSize(text, face.hershey, scale, thick)
        cv2.putText(canvas, text, (x, y), face.hershey, scale, 255, thick, cv2.LINE_AA)
        return x + width
    after, _ = cv2.putText(canvas, text, (x, y), 255, loaded(face.path), size, 0)
    return int(after[0])


@lru_cache(maxsize=20000)
def _glyph(face: Face, size: int, character: str) -> tuple[Luma, int, tuple[int, int] | None]:
    """The character's cell (``3 size`` rows, base line at ``2 size``), its advance, and its ink's first and last column."""
    cell = np.zeros((3 * size, 3 * size), np.uint8)
    advance = _put(cell, character, size, 2 * size, face, size) - size
    inked = np.flatnonzero(cell.max(axis=0) > 90)
    return cell, advance, (int(inked[0]), int(inked[-1])) if len(inked) else None


@lru_cache(maxsize=4000)
def digit_rows(face: Face, size: int) -> tuple[int, int]:
    """First and one past the last row of the digit 0 in its cell."""
    rows = np.flatnonzero(_glyph(face, size, "0")[0].max(axis=1) > 110)
    return int(rows[0]), int(rows[-1]) + 1


def drawn(text: str, face: Face, size: int, tracking: int = 0, cell: int | None = None) -> Drawn:
    """The text as a mask; ``cell``: fixed pitch in pixels, each character centred in it."""
    placed, x, centres = [], size, []
    for character in text:
        glyph, advance, ink = _glyph(face, size, character)
        shift = (cell - advance) // 2 if cell else 0
        placed.append((glyph, x + shift))
        centres.append(x + shift - size + (ink[0] + ink[1]) / 2 if ink else np.nan)
        x += (cell or advance) + tracking
    top, bottom = digit_rows(face, size)
    mask = np.zeros((3 * size, x + 3 * size), np.uint8)
    for glyph, at in placed:
        under = mask[:, at - size : at + 2 * size]
        np.maximum(under, glyph[:, : under.shape[1]], out=under)
    first = max(0, top - 4)
    last = min(3 * size, bottom + 4 + (bottom - top) // 4)
    left = size - 4
    right = x + 4
    return Drawn(mask[first:last, left:right], text, tuple(c - left for c in centres), top - first, bottom - first)


def pixelated(line: Drawn, times: int) -> Drawn:
    """The line with hard pixels, ``times`` larger: the fonts of cheap on-screen displays."""
    hard = ((line.mask > 100) * 255).astype(np.uint8)
    large = np.asarray(cv2.resize(hard, None, fx=times, fy=times, interpolation=cv2.INTER_NEAREST), np.uint8)
    centres = tuple(c * times for c in line.centres)
    return Drawn(large, line.text, centres, line.top * times, line.bottom * times)


def burn(luma: Luma, line: Drawn, x: int, y: int, look: Look, strength: float = 1.0) -> None:
    """Burns the line in with its mask's corner at ``(x, y)``; it must lie inside. ``strength``: 0-1 of the contrast."""
    under = luma[y : y + line.mask.shape[0], x : x + line.mask.shape[1]]
    picture = under.astype(np.float32)
    cover = line.mask.astype(np.float32) / 255
    height = line.bottom - line.top
    around = max(1, round(height / 12))
    is_dark = look in (Look.DARK_BOX, Look.DARK_OUTLINE)
    ground, ink = (225.0, 20.0) if is_dark else (16.0, 235.0)
    if look in (Look.BOX, Look.DARK_BOX):
        share = 0.45 + 0.45 * strength
        picture += (ground - picture) * share
    elif look is Look.SHADOW:
        shadow = np.roll(np.roll(cover, around, axis=0), around, axis=1)
        picture += (ground - picture) * shadow
    else:
        size = 2 * around + 1
        wide = cv2.dilate(cover, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
        picture += (ground - picture) * wide * (0.6 + 0.4 * strength)
    picture += (ink - picture) * cover * (0.75 + 0.25 * strength)
    under[:] = np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def coded(frames: Sequence[Luma], crf: int, *, are_keys: bool = True) -> Iterator[Luma]:
    """The frames after H.264 at a rate factor; ``are_keys``: each coded alone, else one key frame and what follows."""
    height, width = frames[0].shape
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 30)
    encoder.options = {"crf": str(crf), "preset": "veryfast", "g": "1" if are_keys else "60", "bf": "0", "threads": "1"}
    decoder = av.CodecContext.create("h264", "r")
    chroma = np.full((height // 2, width), 128, np.uint8)
    packets = []
    for number, luma in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    for packet in [*packets, None]:
        for shown in decoder.decode(packet):
            yield np.ascontiguousarray(shown.to_ndarray()[:height])
