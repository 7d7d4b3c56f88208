"""What the camera sees: places by time, as clean BGR pictures of any size, before defects, noise and clock.

Two families. A *panorama* is drawn once and the view wanders over it (the sample's own places, and a few bare ones). A
*walkway* is a box in perspective whose textures run towards the camera: ground, sides and what is above.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin

import cv2
import numpy as np
import numpy.typing as npt

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
from sample_media.shots import Look
from tests.bench.detectors.recipe import Scene

_VIEW = (640, 360)  # the part of a panorama that is seen
_BORDER = 40
_TILE = 512  # pixels of a walkway's texture, which repeats
_LOOKS = {
    Scene.STREET: Look.STREET,
    Scene.DUSK: Look.DAWN,
    Scene.NIGHT: Look.NIGHT,
    Scene.HALL: Look.HALL,
    Scene.DESK: Look.DESK,
    Scene.SHOP: Look.SHOP,
}


class Panorama:
    """A wandering, shaking view of a wide picture. ``noise``: the sensor's standard deviation there."""

    def __init__(self, scenery: Scenery, size: tuple[int, int], rng: Random) -> None:
        self.noise = scenery.noise
        self._scenery, self._size = scenery, size
        self._start, self._sweep = rng.uniform(250, 650), rng.uniform(120, 230)
        self._period_s, self._beat_hz = rng.uniform(14, 24), rng.uniform(1.6, 2.0)
        self._kept: Picture | None = None

    def picture(self, at_s: float, pan: float = 0.0) -> Picture:
        """The view at a moment; ``pan``: how far it is turned aside, in pixels of the panorama."""
        if self._scenery.is_still and self._kept is not None:
            return self._kept.copy()
        left, top, roll = (500.0, 12.0, -2.0) if self._scenery.is_still else self._wander(at_s)
        width, height = _VIEW[0] + 2 * _BORDER, _VIEW[1] + 2 * _BORDER
        column = int(min(max(left + pan, 0), PANORAMA_WIDTH - width))
        row = int(min(max(top, 0), PANORAMA_HEIGHT - height))
        view = self._scenery.panorama[row : row + height, column : column + width].copy()
        paste_sprites(view, self._scenery.sprites, (column, row), at_s)
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), roll, self._size[0] / _VIEW[0])
        turn[:, 2] += (np.array(self._size) - np.array((width, height))) / 2
        seen = np.asarray(cv2.warpAffine(view, turn, self._size, flags=cv2.INTER_LINEAR), np.uint8)
        if self._scenery.is_still:
            self._kept = seen
        return seen.copy() if self._scenery.is_still else seen

    def _wander(self, at_s: float) -> tuple[float, float, float]:
        turn = sin(2 * pi * at_s / self._period_s) + 0.25 * sin(2 * pi * at_s / (self._period_s * 0.37))
        effort, step = 0.6 + 0.4 * sin(2 * pi * at_s / 11), 2 * pi * self._beat_hz * at_s
        left = self._start + self._sweep * turn + 2.5 * effort * sin(step / 2)
        top = 12 + 7 * sin(at_s / 3.1) + 5 * effort * abs(cos(step / 2))
        return left, top, 1.2 * effort * sin(step / 2) + 0.8 * sin(at_s / 2.3)


class Walkway:
    """Walking along a passage: textures of ground, sides and top come nearer; steps shake the view."""

    def __init__(self, scene: Scene, size: tuple[int, int], rng: Random) -> None:
        self.noise = {Scene.PATH: 1.6, Scene.CORRIDOR: 2.4}.get(scene, 3.6)
        self._size, self._is_night = size, scene is Scene.CAR_PARK
        ground, side, above = _WALKWAYS[scene](rng)
        self._atlas = np.concatenate([ground, side, above])
        self._speed, self._beat_hz = rng.uniform(150, 240), rng.uniform(1.6, 2.0)
        self._maps(scene)

    def _maps(self, scene: Scene) -> None:
        wide, high = int(self._size[0] * 1.16), int(self._size[1] * 1.16)
        across, down = np.meshgrid(np.linspace(-1.1, 1.1, wide), np.linspace(-0.75, 0.75, high))
        is_side = np.abs(across) * 0.8 > np.abs(down) * 1.3
        near = np.maximum(np.abs(across) * 0.8, np.abs(down) * 1.3).clip(0.06, None)
        self._along = (150 / near).astype(np.float32)
        self._across = (np.where(is_side, down, across) / near * 130 + _TILE / 2).astype(np.float32)
        self._part = np.where(is_side, 1, np.where(down > 0, 0, 2)).astype(np.float32) * _TILE
        fade = np.exp(-0.10 / near) if scene is not Scene.PATH else np.ones_like(near)
        self._shade = (fade * 255).astype(np.uint8)
        if self._is_night:
            lamp = np.exp(-((across / 0.5) ** 2) - ((down - 0.35) / 0.3) ** 2)
            self._shade = clipped(self._shade * (0.12 + 0.5 * lamp))

    def picture(self, at_s: float, pan: float = 0.0) -> Picture:
        """The view at a moment; ``pan`` as for a panorama."""
        along = (self._along + np.float32(self._speed * at_s)) % (_TILE - 1)
        across = self._across if not pan else (self._across + np.float32(pan)) % (_TILE - 1)
        view = cv2.remap(self._atlas, across, along + self._part, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        view = cv2.multiply(view, cv2.merge([self._shade] * 3), scale=1 / 255)
        if self._is_night:
            self._lights(np.asarray(view, np.uint8), at_s)
        step, spare = 2 * pi * self._beat_hz * at_s, 0.07 * self._size[1]
        turn = cv2.getRotationMatrix2D((view.shape[1] / 2, view.shape[0] / 2), 1.4 * sin(step / 2), 1.0)
        turn[0, 2] += self._size[0] / 2 - view.shape[1] / 2 + 0.6 * spare * sin(at_s / 1.7) + 0.3 * spare * sin(step / 2)
        turn[1, 2] += self._size[1] / 2 - view.shape[0] / 2 + 0.6 * spare * abs(cos(step / 2))
        return np.asarray(cv2.warpAffine(view, turn, self._size, flags=cv2.INTER_LINEAR), np.uint8)

    def _lights(self, view: npt.NDArray[np.uint8], at_s: float) -> None:
        """Lamps on both sides, and a car that comes nearer every few seconds."""
        height, width = view.shape[:2]
        for number in range(4):
            nearness = 0.12 + 0.22 * ((number - at_s * 0.3) % 4)
            for side in (-1, 1):
                spot = (int(width * (0.5 + side * 0.5 * nearness)), int(height * (0.5 - 0.55 * nearness)))
                cv2.circle(view, spot, max(1, int(width * 0.016 * nearness) + 1), (190, 235, 250), -1, cv2.LINE_AA)
        nearness = at_s % 7 / 7
        for side in (-1, 1):
            spot = (int(width * (0.42 + side * 0.05 * nearness - 0.2 * nearness)), int(height * (0.52 + 0.2 * nearness)))
            cv2.circle(view, spot, max(1, int(width * 0.022 * nearness)), (250, 250, 240), -1, cv2.LINE_AA)


Place = Panorama | Walkway


def place_of(scene: Scene, size: tuple[int, int], rng: Random) -> Place:
    """Draws a place for pictures of ``size`` (width, height)."""
    if scene in _LOOKS:
        return Panorama(scenery_of(_LOOKS[scene], rng), size, rng)
    if scene in _WALKWAYS:
        return Walkway(scene, size, rng)
    return Panorama(_BARE[scene](rng), size, rng)


def rough(rng: Random, height: int, width: int, spread: float, grains: tuple[int, ...] = (64, 16, 4, 1)) -> Picture:
    """Layered noise about 128: each layer's grain (pixels) halves in strength towards the finest."""
    total = np.zeros((height, width), np.float32)
    for number, grain in enumerate(grains):
        layer = rng.normal(0, spread / 1.5**number, (max(2, height // grain), max(2, width // grain))).astype(np.float32)
        total += cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC)
    return clipped(total + 128)


def _tinted(grey: Picture, colour: tuple[float, float, float]) -> Picture:
    return clipped(grey[..., None].astype(np.float32) * np.array(colour, np.float32))


def _blank(rng: Random, colour: tuple[float, float, float], spread: float, noise: float) -> Scenery:
    """A bare wall in daylight, near: its grain, its shading, the skirting and a socket."""
    wall = _tinted(rough(rng, PANORAMA_HEIGHT, PANORAMA_WIDTH, spread, (128, 8, 2, 1)), colour)
    cv2.rectangle(wall, (0, 424), (PANORAMA_WIDTH, PANORAMA_HEIGHT), (150, 170, 182), -1)
    for left in range(int(rng.integers(60, 200)), PANORAMA_WIDTH, 420):
        cv2.rectangle(wall, (left, 300), (left + 34, 334), (226, 230, 232), -1)
        cv2.rectangle(wall, (left, 300), (left + 34, 334), (120, 126, 130), 2)
    return Scenery(wall, (), noise)


def _snow(rng: Random) -> Scenery:
    """A snowed-over street: its shapes remain, nearly white; people stay dark."""
    street = scenery_of(Look.STREET, rng)
    white = cv2.addWeighted(street.panorama, 0.32, np.full_like(street.panorama, 255), 0.63, 0)
    white[346:] = clipped(rough(rng, PANORAMA_HEIGHT - 346, PANORAMA_WIDTH, 5)[..., None].astype(np.float32) + 100)
    return Scenery(np.asarray(white, np.uint8), street.sprites, 1.4)


def _sky(rng: Random) -> Scenery:
    """Looking up: a white sky, wires and the edge of roofs."""
    sky = np.full((PANORAMA_HEIGHT, PANORAMA_WIDTH, 3), (240, 236, 232), np.uint8)
    for number in range(4):
        height = 60 + 60 * number + int(rng.integers(0, 30))
        cv2.line(sky, (0, height), (PANORAMA_WIDTH, height + int(rng.integers(-40, 40))), (90, 90, 92), 2, cv2.LINE_AA)
    roofs = rough(rng, PANORAMA_HEIGHT, PANORAMA_WIDTH, 16)
    for left in range(0, PANORAMA_WIDTH, 170):
        top = int(rng.integers(250, 340))
        sky[top:, left : left + 168] = _tinted(roofs[top:, left : left + 168], (0.5, 0.55, 0.75))
    return Scenery(sky, (), 1.2)


def _lamp(rng: Random) -> Scenery:
    """A dark street with one lamp in sight."""
    dark = np.asarray(scenery_of(Look.STREET, rng).panorama, np.float32) * 0.055 + 10
    columns, rows = np.meshgrid(np.arange(PANORAMA_WIDTH), np.arange(PANORAMA_HEIGHT))
    for lamp in range(int(rng.integers(100, 300)), PANORAMA_WIDTH, 520):
        glow = np.exp(-(((columns - lamp) / 60.0) ** 2 + ((rows - 150) / 60.0) ** 2))
        dark += glow[..., None] * np.array((30.0, 60.0, 80.0))
        dark[140:150, lamp - 8 : lamp + 8] = (170, 225, 245)
    return Scenery(clipped(dark), (), 2.6)


def _cabin(rng: Random) -> Scenery:
    """A parked car from the passenger's seat: wheel, dashboard, a grey view outside. Nothing moves."""
    cabin = _tinted(rough(rng, PANORAMA_HEIGHT, PANORAMA_WIDTH, 10), (0.34, 0.33, 0.32))
    outside = _tinted(rough(rng, PANORAMA_HEIGHT, PANORAMA_WIDTH, 26), (1.15, 1.1, 1.05))
    pane = np.zeros((PANORAMA_HEIGHT, PANORAMA_WIDTH), np.uint8)
    cv2.fillPoly(pane, [np.array([[480, 30], [1120, 30], [1180, 240], [440, 240]], np.int32)], 255)
    cv2.copyTo(outside, pane, cabin)
    cv2.circle(cabin, (640, 380), 130, (22, 22, 24), 16, cv2.LINE_AA)
    for column in range(760, 1100, 40):
        cv2.rectangle(cabin, (column, 300), (column + 26, 318), (90, 150, 160), -1)
    return Scenery(cabin, (), 2.6, is_still=True)


def _path(rng: Random) -> tuple[Picture, Picture, Picture]:
    hedge = _tinted(rough(rng, _TILE, _TILE, 34, (48, 12, 4)), (0.45, 0.85, 0.5))
    sky = _tinted(rough(rng, _TILE, _TILE, 14, (128, 48)), (1.75, 1.62, 1.5))
    return _tinted(rough(rng, _TILE, _TILE, 22), (0.85, 0.95, 1.05)), hedge, sky


def _corridor(rng: Random) -> tuple[Picture, Picture, Picture]:
    floor = _tinted(rough(rng, _TILE, _TILE, 10), (0.7, 0.8, 0.9))
    wall = _tinted(rough(rng, _TILE, _TILE, 8), (1.3, 1.4, 1.42))
    ceiling = _tinted(rough(rng, _TILE, _TILE, 5), (1.5, 1.5, 1.5))
    for at in range(0, _TILE, 128):
        wall[at + 20 : at + 84, 190:] = (70, 84, 96)
        wall[at + 26 : at + 78, 196:] = _tinted(rough(rng, 52, _TILE - 196, 12), (0.5, 0.6, 0.85))
        wall[at + 98 : at + 120, 205:235] = _tinted(rough(rng, 22, 30, 40, (8, 2)), (1.2, 1.0, 0.9))
        floor[at : at + 3] = floor[at + 64 : at + 67] = (70, 76, 84)
        floor[:, ::64] = (70, 76, 84)
        ceiling[at + 40 : at + 76, 226:286] = (252, 254, 255)
    return floor, wall, ceiling


def _car_park(rng: Random) -> tuple[Picture, Picture, Picture]:
    floor = _tinted(rough(rng, _TILE, _TILE, 20), (0.9, 0.9, 0.9))
    wall = _tinted(rough(rng, _TILE, _TILE, 26), (0.8, 0.85, 0.9))
    for at in range(0, _TILE, 64):
        floor[at : at + 5, 110:190] = floor[at : at + 5, 320:400] = (210, 214, 216)
        wall[at + 8 : at + 48, 235:] = _tinted(rough(rng, 40, _TILE - 235, 30), (0.9, 0.5, 0.6))
    return floor, wall, _tinted(rough(rng, _TILE, _TILE, 8), (0.5, 0.5, 0.5))


_WALKWAYS: dict[Scene, Callable[[Random], tuple[Picture, Picture, Picture]]] = {
    Scene.PATH: _path,
    Scene.CORRIDOR: _corridor,
    Scene.CAR_PARK: _car_park,
}
_BARE: dict[Scene, Callable[[Random], Scenery]] = {
    Scene.WALL: lambda rng: _blank(rng, (1.36, 1.46, 1.5), 6.0, 1.8),
    Scene.PLASTER: lambda rng: _blank(rng, (1.05, 1.1, 1.3), 4.5, 2.4),
    Scene.SNOW: _snow,
    Scene.SKY: _sky,
    Scene.LAMP: _lamp,
    Scene.PARKED: _cabin,
}
