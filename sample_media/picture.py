"""The moving picture of one clip: a wandering camera, sensor noise, the burned-in clock, and the shot's faults.

Frames are planar YUV 4:2:0 (``HEIGHT * 3 // 2`` rows of ``WIDTH`` bytes), ready for the encoder. The same shot gives
the same bytes; every random number comes from the shot's own seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin

import cv2
import numpy as np
import numpy.typing as npt

from bwc_audit.domain.times import SECOND_US, at_of
from sample_media.scenery import (
    PANORAMA_HEIGHT,
    PANORAMA_WIDTH,
    Picture,
    Random,
    Scenery,
    clipped,
    paste_sprites,
    scenery_of,
)
from sample_media.shots import FPS, HEIGHT, WIDTH, Fault, Shot

_BORDER = 40  # pixels of view around the frame, for roll, bob and lens
_STRIP = (4, 26)  # rows of the burned-in clock: inside the first two rows of macroblocks
_DEFOCUS_PX = 15.0  # standard deviation of the blur: nobody's face can be told
_BARS = ((192, 192, 192), (0, 192, 192), (192, 192, 0), (0, 192, 0), (192, 0, 192), (0, 0, 192), (192, 0, 0))  # BGR
_FONT, _FONT_SCALE, _CELL = cv2.FONT_HERSHEY_SIMPLEX, 0.55, 9


@dataclass(slots=True)
class _Lens:
    """What does not change from frame to frame: the lens's dark corners, and tiles of the sensor's noise."""

    shade: Picture
    noise: list[Picture]


@lru_cache(maxsize=96)
def _bend(roll_steps: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]:
    """OpenCV's fixed-point map from frame to view for a wide lens rolled by a number of steps of 0.06 degrees."""
    columns, rows = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    radius = columns**2 + rows**2 * (HEIGHT / WIDTH) ** 2
    bend = 1.0 + 0.10 * (radius - 0.45)
    along, down = columns * bend * (WIDTH - 1) / 2, rows * bend * (HEIGHT - 1) / 2
    roll = roll_steps * 0.06 * pi / 180
    turned_along = (along * cos(roll) - down * sin(roll) + WIDTH / 2 + _BORDER).astype(np.float32)
    turned_down = (along * sin(roll) + down * cos(roll) + HEIGHT / 2 + _BORDER).astype(np.float32)
    bend_x, bend_y = cv2.convertMaps(turned_along, turned_down, cv2.CV_16SC2)
    return np.asarray(bend_x, np.int16), np.asarray(bend_y, np.uint16)


def _lens_of(scenery: Scenery, rng: Random) -> _Lens:
    columns, rows = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    radius = columns**2 + rows**2 * (HEIGHT / WIDTH) ** 2
    shade = np.clip(255 * (1.05 - 0.42 * radius**1.6), 90, 255).astype(np.uint8)
    tiles = [np.clip(rng.normal(16, scenery.noise, (HEIGHT + 32, WIDTH + 32)), 0, 32).astype(np.uint8) for _ in range(3)]
    return _Lens(shade, tiles)


@dataclass(frozen=True, slots=True)
class _Walk:
    """How this wearer moves: where the view starts, how it sweeps, and the beat of the steps."""

    start: float
    sweep: float
    period_s: float
    beat_hz: float

    def view(self, media_s: float, is_still: bool) -> tuple[float, float, float]:
        """Left edge, top edge (panorama pixels) and roll (degrees) of the view."""
        if is_still:
            return 500.0, 12.0, -2.0
        turn = sin(2 * pi * media_s / self.period_s) + 0.25 * sin(2 * pi * media_s / (self.period_s * 0.37))
        effort = 0.6 + 0.4 * sin(2 * pi * media_s / 11)
        step = 2 * pi * self.beat_hz * media_s
        left = self.start + self.sweep * turn + 2.5 * effort * sin(step / 2)
        top = 12 + 7 * sin(media_s / 3.1) + 5.0 * effort * abs(cos(step / 2))
        return left, top, 1.2 * effort * sin(step / 2) + 0.8 * sin(media_s / 2.3)


def _seen(scenery: Scenery, walk: _Walk, media_s: float) -> Picture:
    """The clean BGR frame at a moment."""
    left, top, roll = walk.view(media_s, scenery.is_still)
    width, height = WIDTH + 2 * _BORDER, HEIGHT + 2 * _BORDER
    column = min(max(round(left), 0), PANORAMA_WIDTH - width)
    row = min(max(round(top), 0), PANORAMA_HEIGHT - height)
    view = scenery.panorama[row : row + height, column : column + width].copy()
    paste_sprites(view, scenery.sprites, (column, row), media_s)
    bend_x, bend_y = _bend(round(roll / 0.06))
    return np.asarray(cv2.remap(view, bend_x, bend_y, cv2.INTER_LINEAR), np.uint8)


def _cloth(scenery: Scenery) -> Picture:
    """A coat over the lens: a dim smear without edges."""
    small = cv2.resize(scenery.panorama[40:400, 400:1040], (8, 5), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.8)
    smear = cv2.resize(small, (WIDTH * 2, HEIGHT * 2), interpolation=cv2.INTER_CUBIC)
    return clipped(smear * np.array((0.20, 0.24, 0.32)) + 14)


def _wave_hand(frame: Picture, share: float) -> Picture:
    """A hand passes from right to left; ``share`` 0..1 of its way."""
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    middle = int(WIDTH * (1.25 - 1.5 * share))
    cv2.ellipse(ink, (middle, 230), (150, 110), 20, 0, 360, 255, -1)
    for finger in range(4):
        tip = (middle - 190 + 25 * finger, 110 - 24 * finger)
        cv2.line(ink, (middle - 60 + 30 * finger, 190), tip, 255, 46)
    soft = cv2.GaussianBlur(ink, (31, 31), 0)[..., None] / 255.0
    return clipped(frame * (1 - soft) + np.array((96, 124, 176)) * soft)


def _strip(text: str) -> tuple[Picture, Picture, int]:
    """The burned-in clock as luma and opacity (percent), and the column at which it begins; one cell a character."""
    left = (WIDTH - len(text) * _CELL - 8) // 2 * 2
    ink = np.zeros((_STRIP[1] - _STRIP[0], WIDTH - left), np.uint8)
    for place, character in enumerate(text):
        (width, _), _ = cv2.getTextSize(character, _FONT, _FONT_SCALE, 1)
        cv2.putText(ink, character, (4 + place * _CELL + (_CELL - width) // 2, 17), _FONT, _FONT_SCALE, 255, 1, cv2.LINE_AA)
    opacity = np.maximum(55, ink.astype(np.uint16) * 100 // 255).astype(np.uint8)
    luma = np.where(ink > 0, 235, 16).astype(np.uint8)
    return luma, opacity, left


def _burn_in(frame: Picture, strip: tuple[Picture, Picture, int]) -> None:
    luma, opacity, left = strip
    under = frame[_STRIP[0] : _STRIP[1], left:WIDTH]
    weight = opacity.astype(np.uint16)
    under[:] = ((luma * weight + under * (100 - weight)) // 100).astype(np.uint8)
    chroma = frame[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    chroma[:, _STRIP[0] // 2 : _STRIP[1] // 2, left // 2 :] = 128


def _planar(picture: Picture, lens: _Lens, noise: int, gain: float) -> Picture:
    """BGR to planar YUV with dark corners and sensor noise."""
    frame: Picture = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)  # type: ignore[assignment]
    luma = frame[:HEIGHT]
    cv2.multiply(luma, lens.shade, luma, gain / 255.0)
    tile = lens.noise[noise % 3]
    row, column = noise * 7 % 31, noise * 13 % 31
    cv2.add(luma, tile[row : row + HEIGHT, column : column + WIDTH], luma)
    cv2.subtract(luma, np.full_like(luma, 16), luma)
    return frame


def _black(rng: Random) -> Picture:
    frame = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    frame[:HEIGHT] = 16 + rng.integers(0, 3, (HEIGHT, WIDTH), np.uint8)
    return frame


def _test_pattern() -> Picture:
    """Seven colour bars, as the electronics draw them: without noise."""
    bars = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for number, colour in enumerate(_BARS):
        bars[:, number * WIDTH // len(_BARS) : (number + 1) * WIDTH // len(_BARS)] = colour
    return np.asarray(cv2.cvtColor(bars, cv2.COLOR_BGR2YUV_I420), np.uint8)


def _with_stopgap(frame: Picture) -> Picture:
    """The lower three fifths in mid-grey, whole macroblocks."""
    line = HEIGHT * 2 // 5 // 16 * 16
    frame[line:HEIGHT] = 128
    frame[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)[:, line // 2 :] = 128
    return frame


def frames(shot: Shot) -> Iterator[Picture]:
    """All frames of a shot in order; frames that a camera lost are left out, not repeated."""
    rng = np.random.default_rng(shot.seed)
    scenery = scenery_of(shot.look, rng)
    lens = _lens_of(scenery, rng)
    walk = _Walk(rng.uniform(250, 650), rng.uniform(120, 230), rng.uniform(14, 24), rng.uniform(1.6, 2.0))
    cloth = _cloth(scenery) if shot.trouble(Fault.OBSTRUCTED) else scenery.panorama
    bare: Picture | None = None
    burnt: Picture | None = None
    second, strip = -1, _strip("")
    for number in range(round(shot.length_s * FPS)):
        media_s = number / FPS
        if shot.fault_at(media_s, Fault.FRAMES_LOST):
            continue
        frozen = shot.fault_at(media_s, Fault.FROZEN_ALL, Fault.FROZEN_PICTURE)
        if frozen is Fault.FROZEN_ALL and burnt is not None:
            yield burnt
            continue
        if frozen is None or bare is None:
            bare = _bare_frame(shot, scenery, lens, walk, cloth, number, rng)
        device_us = shot.device_started_us + number * SECOND_US // FPS
        if device_us // SECOND_US != second:
            second = device_us // SECOND_US
            strip = _strip(f"{at_of(second * SECOND_US):%Y-%m-%dT%H:%M:%SZ} {shot.overlay_name}")
        burnt = bare.copy()
        _burn_in(burnt, strip)
        yield burnt


def _bare_frame(shot: Shot, scenery: Scenery, lens: _Lens, walk: _Walk, cloth: Picture, number: int, rng: Random) -> Picture:
    """One frame before the clock is burned in."""
    media_s = number / FPS
    if shot.fault_at(media_s, Fault.BLACK):
        return _black(rng)
    if shot.fault_at(media_s, Fault.TEST_PATTERN):
        return _test_pattern()
    gain = 1.0 + 0.05 * sin(media_s / 4.0) + 0.02 * sin(media_s * 1.7)
    if shot.fault_at(media_s, Fault.OBSTRUCTED):
        x, y = int(WIDTH * 0.4 * (1 + sin(media_s / 5))), int(HEIGHT * 0.4 * (1 + cos(media_s / 4)))
        return _planar(cloth[y : y + HEIGHT, x : x + WIDTH], lens, number, gain)
    picture = _seen(scenery, walk, media_s)
    hand = shot.trouble(Fault.HAND)
    if hand is not None and hand.start_s <= media_s < hand.end_s:
        picture = _wave_hand(picture, (media_s - hand.start_s) / (hand.end_s - hand.start_s))
    if shot.fault_at(media_s, Fault.DEFOCUSED):
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), _DEFOCUS_PX), np.uint8)
    frame = _planar(picture, lens, number, gain)
    return _with_stopgap(frame) if shot.fault_at(media_s, Fault.STOPGAP) else frame
