"""All frames of one recipe with their times: place, faults, sensor noise, burned-in clock. Planar YUV 4:2:0.

The same recipe gives the same frames on the same machine. A frozen picture is the first frame of its time, repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sin

import cv2
import numpy as np

from bwc_audit.domain.times import SECOND_US, at_of
from sample_media.scenery import Picture, Random
from tests.bench.detectors.faults import Faults
from tests.bench.detectors.recipe import STILL_SCENES, Recipe, What
from tests.bench.detectors.scenes import place_of

_LENS = (
    What.COVERED,
    What.BLURRED,
    What.TURNED,
    What.HAND,
    What.FOG,
    What.RAIN,
    What.FADE,
    What.FLASH,
    What.PAN,
    What.FIXED,
)
_SENSOR = (What.BLACK, What.UNIFORM, What.CORRUPT)
_PAN_SPEED = 420.0  # panorama pixels a second
_NOISE_SPARE = 48
_CLOCK_EPOCH_US = 1_780_000_000 * SECOND_US


def frame_times(recipe: Recipe) -> list[float]:
    """Media times of all frames in seconds, ascending; frames that a camera lost are left out."""
    fps, times = recipe.coding.fps, []
    lost = recipe.troubles_of(What.GAP, What.DROPPED)
    for number in range(round(recipe.length_s * fps)):
        at_s = number / fps
        if recipe.coding.is_variable and number % _thinning(at_s):
            continue
        if not any(trouble.start_s - 1e-6 <= at_s < trouble.end_s - 1e-6 for trouble in lost):
            times.append(at_s)
    return times


def _thinning(at_s: float) -> int:
    """In low light a camera keeps every second or third frame; the light changes every 12 s."""
    return (1, 2, 3, 2)[int(at_s / 12) % 4]


class _Sensor:
    """Dark corners and noise, drawn once and moved about."""

    def __init__(self, size: tuple[int, int], noise: float, rng: Random) -> None:
        width, height = size
        columns, rows = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
        self._shade = np.clip(262 - 50 * (columns**2 + 0.4 * rows**2), 150, 255).astype(np.uint8)
        shape = (height + _NOISE_SPARE, width + _NOISE_SPARE)
        self._tiles = [np.clip(rng.normal(32, noise, shape), 0, 64).round().astype(np.uint8) for _ in range(5)]
        self._zero = np.full((height, width), 32, np.uint8)
        self._rng = rng

    def planar(self, picture: Picture, gain: float) -> Picture:
        """BGR to I420 as a sensor would see it."""
        frame = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        height, width = picture.shape[:2]
        luma = frame[:height]
        cv2.multiply(luma, self._shade, luma, gain / 255.0)
        row, column = (int(at) for at in self._rng.integers(0, _NOISE_SPARE, 2))
        tile = self._tiles[int(self._rng.integers(len(self._tiles)))]
        cv2.add(luma, tile[row : row + height, column : column + width], luma)
        cv2.subtract(luma, self._zero, luma)
        return frame


class _Clock:
    """Burns date and time into the upper right corner."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size, self._second = size, -1
        self._scale = size[1] / 180 * 0.32
        self._ink = np.zeros((1, 1), np.uint8)

    def burn(self, frame: Picture, at_s: float) -> None:
        if int(at_s) != self._second:
            self._second = int(at_s)
            text = f"{at_of(_CLOCK_EPOCH_US + self._second * SECOND_US):%Y-%m-%dT%H:%M:%SZ} BWC 4 X60A12345"
            (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, self._scale, 1)
            ink = np.zeros((int(height * 2.2), min(width + 6, self._size[0])), np.uint8)
            cv2.putText(ink, text, (3, int(height * 1.6)), cv2.FONT_HERSHEY_SIMPLEX, self._scale, 255, 1, cv2.LINE_AA)
            self._ink = ink
        high, wide = self._ink.shape
        under = frame[2 : 2 + high, self._size[0] - wide :]
        cv2.max(under // 2, self._ink, under)


def frames(recipe: Recipe, *, is_plain: bool = False) -> Iterator[tuple[float, Picture]]:
    """Time and frame, in order. ``is_plain``: the same without its troubles."""
    rng = np.random.default_rng(recipe.seed)
    size = (recipe.coding.width, recipe.coding.height)
    place = place_of(recipe.scene, size, rng)
    sensor = _Sensor(size, place.noise if recipe.noise is None else recipe.noise, rng)
    faults, clock = Faults(size, rng), _Clock(size)
    troubles = () if is_plain else recipe.troubles
    held: Picture | None = None
    past: list[Picture] = []
    for at_s in frame_times(recipe):
        now = [trouble for trouble in troubles if trouble.start_s - 1e-6 <= at_s < trouble.end_s - 1e-6]
        frozen = next((trouble for trouble in now if trouble.what is What.FROZEN), None)
        if frozen is None or held is None:
            pan = sum(_PAN_SPEED * (at_s - trouble.start_s) for trouble in now if trouble.what is What.PAN)
            picture = place.picture(at_s, pan)
            for trouble in now:
                if trouble.what in _LENS:
                    picture = faults.before_lens(picture, trouble, at_s)
            # Exposure breathes while the camera moves; where all stands still, only noise may tell two frames apart.
            breath = 0.0 if recipe.scene in STILL_SCENES else 0.04 * sin(at_s / 4)
            bare = sensor.planar(picture, 1.0 + breath)
            for trouble in now:
                if trouble.what in _SENSOR:
                    bare = faults.after_sensor(bare, trouble, past[0] if past else None)
            past = [*past[-7:], bare]
        frame = bare.copy()
        if frozen is not None and frozen.how == "all" and held is not None:
            frame = held.copy()
        elif recipe.has_clock:
            clock.burn(frame, at_s)
        held = frame if frozen is not None else None
        yield at_s, frame
