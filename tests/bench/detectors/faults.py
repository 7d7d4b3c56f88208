"""What goes wrong before a picture is coded, as functions of a picture: before the lens, in the sensor, in the encoder.

BGR functions work before noise is added, I420 functions after it.
"""

from __future__ import annotations

from math import sin

import cv2
import numpy as np

from sample_media.scenery import Picture, Random, clipped
from tests.bench.detectors.parts import in_part, with_fixed_part
from tests.bench.detectors.recipe import Trouble, What
from tests.bench.detectors.scenes import rough

_BARS = ((192, 192, 192), (0, 192, 192), (192, 192, 0), (0, 192, 0), (192, 0, 192), (0, 0, 192), (192, 0, 0))
_FLATS = {"grey": (128, 128, 128), "green": (0, 135, 0), "blue": (200, 40, 20), "white": (252, 252, 252)}


class Faults:
    """The faults of one clip at one size; what is drawn once is drawn here."""

    def __init__(self, size: tuple[int, int], rng: Random) -> None:
        self._size, self._rng = size, rng
        width, height = size
        weave = cv2.GaussianBlur(rough(rng, height * 2, width * 2, 26, (max(8, width // 3), max(4, width // 9))), (0, 0), 3)
        self._cloth = np.asarray(weave, np.uint8)
        self._rain = [self._streaks() for _ in range(6)]

    def before_lens(self, picture: Picture, trouble: Trouble, at_s: float) -> Picture:
        """A BGR picture with one trouble of the scene, the lens or the mount."""
        match trouble.what:
            case What.COVERED:
                return self._covered(picture, trouble, at_s)
            case What.BLURRED:
                return self._blurred(picture, trouble.how)
            case What.TURNED:
                return self._turned(picture, trouble.how)
            case What.FIXED:
                return with_fixed_part(picture, trouble, at_s)
            case What.HAND:
                return self._hand(picture, (at_s - trouble.start_s) / (trouble.end_s - trouble.start_s))
            case What.FOG:
                return cv2.addWeighted(picture, 0.42, np.full_like(picture, 205), 0.58, 0)  # type: ignore[return-value]
            case What.RAIN:
                return np.asarray(cv2.add(picture, self._rain[int(self._rng.integers(6))]), np.uint8)
            case What.FADE:
                share = (at_s - trouble.start_s) / (trouble.end_s - trouble.start_s)
                return clipped(picture * abs(2 * share - 1.0))
            case What.FLASH:
                return np.full_like(picture, 250 if trouble.how == "white" else 2)
            case What.PAN:
                return np.asarray(cv2.blur(picture, (max(3, self._size[0] // 14), 1)), np.uint8)
        return picture

    def _covered(self, picture: Picture, trouble: Trouble, at_s: float) -> Picture:
        width, height = self._size
        if trouble.how in ("thumb", "jacket"):
            return in_part(picture, trouble, at_s, self._cloth)
        if trouble.how == "finger":
            skin = np.array((92.0, 118.0, 190.0)) * (0.75 + 0.1 * sin(at_s * 1.3))
            cover = clipped(skin + (self._cloth[:height, :width, None].astype(np.float32) - 128) * 0.25)
        else:
            x, y = int(width * 0.4 * (1 + sin(at_s / 5))), int(height * 0.4 * (1 + sin(at_s / 4)))
            part = self._cloth[y : y + height, x : x + width, None].astype(np.float32)
            cover = clipped((part - 128) * 0.35 + np.array((34.0, 40.0, 52.0)))
        if trouble.share >= 1.0:
            return cover
        edge = (trouble.share + 0.01 * sin(at_s * 2)) * width
        weight = np.clip((edge - np.arange(width, dtype=np.float32)) / (0.03 * width) + 0.5, 0, 1)[None, :, None]
        return clipped(cover * weight + picture * (1 - weight))

    def _blurred(self, picture: Picture, how: str) -> Picture:
        if how == "grease":
            soft = cv2.GaussianBlur(picture, (0, 0), self._size[0] * 0.02)
            return np.asarray(cv2.addWeighted(soft, 0.9, np.full_like(picture, 150), 0.1, 0), np.uint8)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), self._size[0] * (0.024 if how == "much" else 0.013)), np.uint8)

    def _turned(self, picture: Picture, how: str) -> Picture:
        if how == "flip":
            return np.asarray(cv2.flip(picture, 1), np.uint8)
        if how == "180":
            return np.asarray(cv2.rotate(picture, cv2.ROTATE_180), np.uint8)
        wide = cv2.resize(picture, (self._size[0], self._size[0] * self._size[0] // self._size[1]))
        side = cv2.rotate(wide, cv2.ROTATE_90_CLOCKWISE)
        top, left = (side.shape[0] - self._size[1]) // 2, (side.shape[1] - self._size[0]) // 2
        return np.asarray(side[top : top + self._size[1], left : left + self._size[0]], np.uint8)

    def _hand(self, picture: Picture, share: float) -> Picture:
        width, height = self._size
        ink = np.zeros((height, width), np.uint8)
        middle = int(width * (1.3 - 1.6 * share))
        cv2.ellipse(ink, (middle, int(height * 0.6)), (int(width * 0.3), int(height * 0.4)), 20, 0, 360, 255, -1)
        for finger in range(4):
            tip = (middle - int(width * (0.34 - 0.05 * finger)), int(height * (0.28 - 0.06 * finger)))
            cv2.line(ink, (middle, int(height * 0.5)), tip, 255, max(3, width // 14))
        soft = cv2.GaussianBlur(ink, (0, 0), width * 0.02)[..., None] / 255.0
        return clipped(picture * (1 - soft) + np.array((96, 124, 176)) * soft)

    def _streaks(self) -> Picture:
        width, height = self._size
        streaks = np.zeros((height, width, 3), np.uint8)
        for _ in range(90):
            x, y = int(self._rng.integers(0, width)), int(self._rng.integers(0, height))
            cv2.line(streaks, (x, y), (x - width // 90, y + height // 12), (52, 52, 52), 1, cv2.LINE_AA)
        return streaks

    def after_sensor(self, frame: Picture, trouble: Trouble, earlier: Picture | None) -> Picture:
        """An I420 frame with one trouble of the sensor or the encoder; ``earlier`` is a frame from half a second before."""
        match trouble.what:
            case What.BLACK:
                return self._black(trouble.how)
            case What.UNIFORM:
                return self._uniform(trouble.how)
            case What.CORRUPT:
                return self._corrupt(frame, trouble.how, frame if earlier is None else earlier)
        return frame

    def _black(self, how: str) -> Picture:
        width, height = self._size
        frame = np.full((height * 3 // 2, width), 128, np.uint8)
        frame[:height] = 16
        if how == "noisy":
            frame[:height] = clipped(17 + self._rng.normal(0, 1.6, (height, width)))
        if how == "cap":
            glow = np.linspace(16, 19, width, dtype=np.float32)[None, :]
            frame[:height] = clipped(glow + self._rng.normal(0, 1.0, (height, width)))
        return frame

    def _uniform(self, how: str) -> Picture:
        width, height = self._size
        picture = np.zeros((height, width, 3), np.uint8)
        if how == "bars":
            for number, colour in enumerate(_BARS):
                picture[:, number * width // 7 : (number + 1) * width // 7] = colour
        else:
            picture[:] = _FLATS[how]
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)

    def _corrupt(self, frame: Picture, how: str, earlier: Picture) -> Picture:
        """Lost slices as decoders conceal them: grey below a line, a smeared row of blocks, or blocks out of place."""
        width, height = self._size
        hurt = frame.copy()
        if how == "grey":
            hurt[int(height * 0.4) : height] = 128
            hurt[height:].reshape(2, height // 2, width // 2)[:, int(height * 0.2) :] = 128
        elif how == "smear":
            line = int(height * 0.35) // 16 * 16
            hurt[line:height] = hurt[line : line + 1]
        else:
            for _ in range(width * height // 1400):
                y, x = (int(self._rng.integers(0, limit - 16)) // 16 * 16 for limit in (height, width))
                v, u = (int(self._rng.integers(0, limit - 16)) for limit in (height, width))
                hurt[y : y + 16, x : x + 16] = earlier[v : v + 16, u : u + 16]
        return hurt
