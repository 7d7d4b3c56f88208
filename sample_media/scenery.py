"""What there is to see: panoramas of places, and the people and cars that pass through them, drawn once for each clip.

Pictures are BGR ``uint8``. A panorama is larger than a frame; the camera wanders over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sample_media.shots import Look

Picture = npt.NDArray[np.uint8]
Random = np.random.Generator

PANORAMA_WIDTH, PANORAMA_HEIGHT = 1700, 470
_GROUND = 300


@dataclass(frozen=True, slots=True)
class Sprite:
    """Something that passes: its pictures in turn, each with its mask, where its feet are, and its speed in pixels/s."""

    pictures: tuple[Picture, ...]
    masks: tuple[Picture, ...]
    foot: int
    start: float
    speed: float


@dataclass(frozen=True, slots=True)
class Scenery:
    """One place. ``is_still``: the camera lies; ``noise`` is the sensor's standard deviation in luma steps."""

    panorama: Picture
    sprites: tuple[Sprite, ...]
    noise: float
    is_still: bool = False


def scenery_of(look: Look, rng: Random) -> Scenery:
    """Draws the place of a clip."""
    if look is Look.DESK:
        return Scenery(_desk(rng), (), noise=3.0, is_still=True)
    if look in (Look.HALL, Look.SHOP):
        room = _hall(rng) if look is Look.HALL else _shop(rng)
        return Scenery(room, (_person(rng, 1.0, 395),), noise=2.2)
    street = _street(rng)
    people = tuple(_person(rng, 0.6, 330 + 14 * number) for number in range(3))
    sprites = (*people, _car(rng), _person(rng, 1.05, 420))
    if look is Look.STREET:
        return Scenery(street, sprites, noise=1.8)
    if look is Look.DAWN:
        return Scenery(_tinted(street, (0.62, 0.52, 0.55)), tuple(_dimmed(sprite, 0.55) for sprite in sprites), 2.4)
    return Scenery(_by_night(street, rng), tuple(_dimmed(sprite, 0.3) for sprite in sprites), noise=3.2)


def _texture(rng: Random, height: int, width: int, spread: float) -> npt.NDArray[np.float32]:
    """Mottled brightness: coarse and fine noise together."""
    coarse = rng.normal(0, spread, (max(2, height // 16), max(2, width // 16))).astype(np.float32)
    fine = rng.normal(0, spread * 0.4, (height, width)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) + fine, np.float32)


def clipped(values: npt.ArrayLike) -> Picture:
    """Any numbers as a picture: held to 0..255."""
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _mottled(picture: Picture, rng: Random, spread: float) -> Picture:
    height, width = picture.shape[:2]
    return clipped(picture + _texture(rng, height, width, spread)[..., None])


def _colour(rng: Random, low: int, high: int) -> tuple[int, int, int]:
    grey = int(rng.integers(low, high))
    blue, green, red = (int(np.clip(grey + shift, 0, 255)) for shift in rng.integers(-22, 23, 3))
    return blue, green, red


def _street(rng: Random) -> Picture:
    picture = np.zeros((PANORAMA_HEIGHT, PANORAMA_WIDTH, 3), np.uint8)
    rows = np.linspace(0, 1, _GROUND)[:, None, None]
    picture[:_GROUND] = (np.array([215, 190, 165]) * (1 - rows) + np.array([228, 224, 220]) * rows).astype(np.uint8)
    left = 0
    while left < PANORAMA_WIDTH:
        width = int(rng.integers(130, 230))
        _house(picture, rng, left, width)
        left += width + int(rng.integers(0, 2)) * int(rng.integers(10, 50))
    picture[_GROUND : _GROUND + 46] = (128, 134, 138)
    picture[_GROUND + 46 : _GROUND + 54] = (168, 172, 174)
    picture[_GROUND + 54 :] = (82, 82, 84)
    for joint in range(0, PANORAMA_WIDTH, 44):
        cv2.line(picture, (joint, _GROUND), (joint - 18, _GROUND + 46), (104, 110, 114), 1)
    for dash in range(0, PANORAMA_WIDTH, 150):
        cv2.rectangle(picture, (dash, _GROUND + 112), (dash + 78, _GROUND + 119), (205, 210, 212), -1)
    for _ in range(5):
        _tree(picture, rng, int(rng.integers(20, PANORAMA_WIDTH - 20)))
    for _ in range(4):
        body, mask = _car_picture(_colour(rng, 40, 200))
        _paste(picture, body, mask, int(rng.integers(0, PANORAMA_WIDTH - 190)), _GROUND + 84 - body.shape[0])
    return _mottled(picture, rng, 4.0)


def _house(picture: Picture, rng: Random, left: int, width: int) -> None:
    top = int(rng.integers(40, 120))
    right = min(left + width, PANORAMA_WIDTH)
    wall = ((78, 92, 138), (120, 150, 178), (168, 178, 184), (96, 110, 126))[int(rng.integers(0, 4))]
    cv2.rectangle(picture, (left, top), (right, _GROUND), wall, -1)
    if wall[2] < 150:
        darker = tuple(int(part * 0.86) for part in wall)
        for row in range(top, _GROUND, 7):
            cv2.line(picture, (left, row), (right, row), darker, 1)
    eaves = np.array([[left - 6, top], [left + width // 2, top - 38], [right + 6, top]], np.int32)
    cv2.fillPoly(picture, [eaves], (66, 62, 70))
    for storey in range(2):
        for column in range(2):
            x = left + 18 + column * (width - 76)
            y = top + 22 + storey * (_GROUND - top) // 2
            cv2.rectangle(picture, (x, y), (x + 40, y + 46), (226, 228, 230), -1)
            cv2.rectangle(picture, (x + 3, y + 3), (x + 37, y + 43), _colour(rng, 40, 110), -1)
            cv2.line(picture, (x + 20, y), (x + 20, y + 46), (226, 228, 230), 2)
    door = left + width // 2 - 16
    cv2.rectangle(picture, (door, _GROUND - 82), (door + 32, _GROUND), _colour(rng, 30, 120), -1)
    cv2.circle(picture, (door + 27, _GROUND - 38), 2, (180, 210, 220), -1)


def _tree(picture: Picture, rng: Random, x: int) -> None:
    cv2.rectangle(picture, (x - 5, 190), (x + 5, _GROUND + 20), (44, 60, 74), -1)
    for _ in range(60):
        spot = (x + int(rng.normal(0, 30)), 165 + int(rng.normal(0, 30)))
        cv2.circle(picture, spot, int(rng.integers(6, 17)), (40, int(rng.integers(80, 140)), 62), -1)


def _hall(rng: Random) -> Picture:
    picture = np.full((PANORAMA_HEIGHT, PANORAMA_WIDTH, 3), (168, 186, 196), np.uint8)
    picture[:58] = (206, 212, 214)
    picture[372:] = (74, 98, 128)
    picture[362:374] = (214, 220, 224)
    for x in range(0, PANORAMA_WIDTH, 24):
        cv2.line(picture, (x, 374), (x - 60, PANORAMA_HEIGHT), (60, 80, 106), 1)
    x = 60
    while x < PANORAMA_WIDTH - 160:
        if rng.random() < 0.5:
            cv2.rectangle(picture, (x, 110), (x + 122, 372), (236, 238, 240), -1)
            for panel in (128, 250):
                cv2.rectangle(picture, (x + 18, panel), (x + 104, panel + 104), (206, 210, 214), 3)
            cv2.circle(picture, (x + 112, 246), 5, (90, 150, 176), -1)
        else:
            cv2.rectangle(picture, (x, 140), (x + 128, 232), (44, 58, 74), -1)
            canvas = (rng.integers(70, 190, (6, 9, 1)) + rng.integers(-22, 23, (6, 9, 3))).astype(np.uint8)
            picture[148:224, x + 8 : x + 120] = cv2.resize(canvas, (112, 76), interpolation=cv2.INTER_CUBIC)
            cv2.rectangle(picture, (x - 4, 300), (x + 136, 372), _colour(rng, 50, 130), -1)
        x += int(rng.integers(170, 260))
    glow = np.exp(-(((np.arange(PANORAMA_WIDTH) % 560 - 280) / 210.0) ** 2))[None, :, None]
    return _mottled(clipped(picture * (0.55 + 0.5 * glow)), rng, 3.2)


def _shop(rng: Random) -> Picture:
    picture = np.full((PANORAMA_HEIGHT, PANORAMA_WIDTH, 3), (206, 210, 208), np.uint8)
    picture[400:] = (150, 158, 160)
    for shelf in range(72, 400, 66):
        cv2.rectangle(picture, (0, shelf + 50), (PANORAMA_WIDTH, shelf + 60), (120, 126, 130), -1)
        x = 0
        while x < PANORAMA_WIDTH:
            width = int(rng.integers(16, 40))
            top = shelf + int(rng.integers(0, 20))
            box = tuple(int(part) for part in rng.integers(20, 235, 3))
            cv2.rectangle(picture, (x, top), (x + width - 3, shelf + 50), box, -1)
            cv2.rectangle(picture, (x + 4, top + 10), (x + width - 8, top + 18), (236, 236, 236), -1)
            x += width
    for x in range(0, PANORAMA_WIDTH, 420):
        cv2.rectangle(picture, (x, 30), (x + 26, PANORAMA_HEIGHT), (96, 100, 104), -1)
    return _mottled(picture, rng, 3.0)


def _desk(rng: Random) -> Picture:
    picture = np.full((PANORAMA_HEIGHT, PANORAMA_WIDTH, 3), (186, 190, 184), np.uint8)
    picture[280:] = (92, 124, 158)
    cv2.rectangle(picture, (560, 90), (860, 270), (40, 40, 42), -1)
    cv2.rectangle(picture, (572, 102), (848, 258), (178, 150, 112), -1)
    for line in range(118, 248, 13):
        cv2.line(picture, (586, line), (586 + int(rng.integers(80, 245)), line), (232, 232, 228), 2)
    cv2.rectangle(picture, (690, 270), (730, 300), (52, 52, 54), -1)
    cv2.rectangle(picture, (900, 60), (1040, 230), (150, 118, 84), 8)
    picture[68:222, 908:1032] = (222, 206, 186)
    cv2.ellipse(picture, (930, 320), (34, 14), 0, 0, 360, (70, 70, 172), -1)
    cv2.rectangle(picture, (896, 320), (964, 378), (70, 70, 172), -1)
    sheet = np.array([[560, 400], [760, 330], [850, 372], [640, 452]], np.int32)
    cv2.fillPoly(picture, [sheet], (236, 238, 238))
    for offset in range(0, 70, 10):
        cv2.line(picture, (600 + offset, 404 + offset // 2), (740 + offset, 356 + offset // 2), (120, 116, 110), 1)
    return _mottled(picture, rng, 3.0)


def _person(rng: Random, scale: float, foot: int) -> Sprite:
    """A walking figure in four phases; one in three wears a yellow jacket."""
    height = int(250 * scale)
    jacket = (60, 225, 225) if rng.random() < 0.34 else _colour(rng, 30, 150)
    trousers, skin = _colour(rng, 25, 80), (120, 150, 196)
    pictures, masks = [], []
    for swing in (-0.22, 0.0, 0.22, 0.0):
        body = np.zeros((height, height // 2, 3), np.uint8)
        mask = np.zeros((height, height // 2), np.uint8)
        middle, hip = height // 4, int(height * 0.55)
        thick = max(2, height // 13)
        for target, ink in ((body, True), (mask, False)):
            for side in (-1, 1):
                feet = (middle + int(side * swing * height * 0.5), height - 3)
                cv2.line(target, (middle, hip), feet, trousers if ink else 255, thick)
                hand = (middle - int(side * swing * height * 0.4) + side * thick, int(height * 0.52))
                cv2.line(target, (middle, int(height * 0.22)), hand, jacket if ink else 255, max(2, thick * 2 // 3))
            trunk = ((middle - thick, int(height * 0.17)), (middle + thick, hip))
            cv2.rectangle(target, *trunk, jacket if ink else 255, -1)
            cv2.circle(target, (middle, int(height * 0.09)), max(2, height // 17), skin if ink else 255, -1)
        pictures.append(clipped(cv2.GaussianBlur(body, (3, 3), 0)))
        masks.append(mask)
    start = float(rng.uniform(350, 1250))
    return Sprite(tuple(pictures), tuple(masks), foot, start, float(rng.uniform(25, 60) * rng.choice((-1, 1))))


def _car_picture(colour: tuple[int, int, int]) -> tuple[Picture, Picture]:
    body, mask = np.zeros((78, 186, 3), np.uint8), np.zeros((78, 186), np.uint8)
    cabin = np.array([[40, 34], [62, 4], [124, 4], [150, 34]], np.int32)
    for target, ink in ((body, True), (mask, False)):
        cv2.fillPoly(target, [cabin], colour if ink else 255)
        cv2.rectangle(target, (4, 32), (182, 64), colour if ink else 255, -1)
        for wheel in (40, 146):
            cv2.circle(target, (wheel, 62), 15, (26, 26, 26) if ink else 255, -1)
    cv2.fillPoly(body, [np.array([[52, 32], [66, 10], [92, 10], [92, 32]], np.int32)], (168, 156, 140))
    cv2.fillPoly(body, [np.array([[98, 32], [98, 10], [120, 10], [138, 32]], np.int32)], (168, 156, 140))
    cv2.rectangle(body, (172, 38), (181, 46), (210, 240, 250), -1)
    return body, mask


def _car(rng: Random) -> Sprite:
    body, mask = _car_picture(_colour(rng, 40, 200))
    near = tuple(clipped(cv2.resize(part, None, fx=1.35, fy=1.35)) for part in (body, mask))
    return Sprite(near[:1], near[1:], 428, float(rng.uniform(0, 1500)), float(rng.uniform(180, 300)))


def _tinted(picture: Picture, factors: tuple[float, float, float]) -> Picture:
    return clipped(picture * np.array(factors))


def _dimmed(sprite: Sprite, factor: float) -> Sprite:
    dark = tuple(_tinted(picture, (factor, factor, factor)) for picture in sprite.pictures)
    return Sprite(dark, sprite.masks, sprite.foot, sprite.start, sprite.speed)


def _by_night(street: Picture, rng: Random) -> Picture:
    """Dark, but not black: street lamps with their pools of light, and a few lit windows."""
    light = np.full((PANORAMA_HEIGHT, PANORAMA_WIDTH, 3), (0.26, 0.20, 0.18))
    columns, rows = np.meshgrid(np.arange(PANORAMA_WIDTH), np.arange(PANORAMA_HEIGHT))
    warm = np.array((0.30, 0.52, 0.66))
    lamps = range(int(rng.integers(60, 200)), PANORAMA_WIDTH, 310)
    for lamp in lamps:
        pool = np.exp(-(((columns - lamp) / 95.0) ** 2 + ((rows - 320) / 95.0) ** 2))
        halo = np.exp(-(((columns - lamp) / 34.0) ** 2 + ((rows - 112) / 34.0) ** 2))
        light += (pool + 0.9 * halo)[..., None] * warm
    light[:_GROUND] *= np.where(street[:_GROUND].mean(axis=2, keepdims=True) > 205, 0.35, 1.0)
    night = clipped(street * light)
    for lamp in lamps:
        cv2.rectangle(night, (lamp - 2, 112), (lamp + 2, _GROUND + 40), (30, 32, 34), -1)
        cv2.ellipse(night, (lamp, 110), (15, 6), 0, 0, 360, (196, 238, 252), -1)
    for _ in range(9):
        x, y = int(rng.integers(0, PANORAMA_WIDTH - 30)), int(rng.integers(120, 200))
        cv2.rectangle(night, (x, y), (x + 26, y + 32), (110, 190, 226), -1)
    return night


def _paste(picture: Picture, body: Picture, mask: Picture, x: int, y: int) -> None:
    """Puts ``body`` into ``picture`` where ``mask`` is set, clipped at the borders."""
    height, width = mask.shape
    left, top = max(0, x), max(0, y)
    right, bottom = min(picture.shape[1], x + width), min(picture.shape[0], y + height)
    if left >= right or top >= bottom:
        return
    inside = (slice(top - y, bottom - y), slice(left - x, right - x))
    cv2.copyTo(body[inside], mask[inside], picture[top:bottom, left:right])


def paste_sprites(view: Picture, sprites: tuple[Sprite, ...], corner: tuple[int, int], media_s: float) -> None:
    """Puts everything that passes at a moment into a view whose upper left is ``corner`` (column, row)."""
    for sprite in sprites:
        phase = int(media_s * 5) % len(sprite.pictures)
        x = int((sprite.start + sprite.speed * media_s) % (PANORAMA_WIDTH + 300)) - 150
        body = sprite.pictures[phase]
        _paste(view, body, sprite.masks[phase], x - corner[0], sprite.foot - corner[1] - body.shape[0])
