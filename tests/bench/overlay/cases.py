"""Clips for the benchmark: a clock in a font that the bank does not know, its truth, and clips without any clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import numpy as np

from bwc_audit.domain.overlay_clock import wall_us_of
from bwc_audit.domain.times import SECOND_US
from tests.bench.overlay.backgrounds import street
from tests.bench.overlay.drawing import Drawn, Look, Luma, Random, burn, coded, drawn
from tests.bench.overlay.faces import Face, held_out_faces

HEIGHT, WIDTH = 720, 1280
READINGS = 8
FORMATS = (
    "%Y-%m-%dT%H:%M:%SZ AXON BODY 4 X60A12345",
    "%Y-%m-%d T%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S -0500",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S EST",
    "%d-%b-%Y 8HOUR:%M:%S %p",
    "%m/%d/%Y 8HOUR:%M:%S %p",
    "%d.%m.%Y %H:%M:%S",
    "%Y-%m-%d|%H:%M:%S",
    "%d/%m/%Y|%H:%M:%S",
)
_UNSET = ("TIME NOT SET AXON BODY 4 X60A12345", "0000-00-00 --:--:--", "1970-01-01 %H:%M:%S", "2000-01-01 %H:%M:%S")
_OTHER = (
    "REC 12:33",
    "MAIN STREET 12-44",
    "CALL 555-0134-2288",
    "X60A12345 AXON BODY 4",
    "+1 (212) 555-0199",
    "OPEN 08:00-17:30 MON-FRI",
    "7ABC 123",
    "00:12:44 REC",
    "SPEED LIMIT 35",
    "51.50735 -0.12776",
    "INV 2025-1133-09",
    "EXIT 12A 1/4 MILE",
)


class Trouble(Enum):
    NONE = "offset 0"
    SHIFT = "offset 47 s"
    ZONE = "offset 1 h (zone)"
    DAYS = "offset 268 d"
    JUMP = "jump of 300 s in the middle"
    DRIFT = "drift of 200 ppm, 30 min"
    STUCK = "stuck clock"
    UNSET = "not set"
    ABSENT = "no clock"
    OTHER = "other text, no clock"


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip: how its clock looks, and what is wrong with it. ``started``: the metadata's start, naive UTC."""

    trouble: Trouble
    face: Face
    size: int
    look: Look
    strength: float
    format: str
    corner: tuple[bool, bool]
    crf: int
    started: datetime
    step_s: float
    seed: int

    @property
    def started_us(self) -> int:
        at = self.started
        return (wall_us_of(at.year, at.month, at.day, at.hour, at.minute, at.second) or 0) + at.microsecond

    def media_us(self, number: int) -> int:
        return round(number * self.step_s * SECOND_US) + 40_000 * (number * 7 % 11)

    def shown(self, number: int) -> datetime:
        """What the clock shows at a sampled frame, as its own wall time."""
        media_us = self.media_us(number)
        lead = {
            Trouble.SHIFT: timedelta(seconds=47),
            Trouble.ZONE: timedelta(hours=-1),
            Trouble.DAYS: timedelta(days=-268),
            Trouble.JUMP: timedelta(seconds=300 if number >= READINGS // 2 else 0),
            Trouble.DRIFT: timedelta(microseconds=media_us * 200e-6),
        }.get(self.trouble, timedelta())
        if self.trouble is Trouble.STUCK:
            media_us = 0
        local = timedelta(hours=-5) if "-0500" in self.format else timedelta()
        return (self.started + timedelta(microseconds=media_us) + lead + local).replace(microsecond=0)

    def local_us(self, number: int) -> int:
        """What is shown, as microseconds since 1970-01-01 00:00 of the clock's own zone."""
        at = self.shown(number)
        return wall_us_of(at.year, at.month, at.day, at.hour, at.minute, at.second) or 0

    def truth_us(self, number: int) -> int:
        """The same in UTC, as far as the clock names its zone."""
        return self.local_us(number) + (5 * 3600 * SECOND_US if "-0500" in self.format else 0)

    def lines(self, number: int) -> list[str]:
        at = self.shown(number)
        pattern = self.format.replace("8HOUR", str(at.hour % 12 or 12)).replace("%b", at.strftime("%b").upper())
        return at.strftime(pattern).split("|")


def clips(count: int, seed: int, *, has_clock: bool) -> Iterator[Clip]:
    """``count`` clips, every trouble, format, look and corner in turn, everything else drawn by lot."""
    rng = np.random.default_rng(seed)
    faces = held_out_faces()
    kinds = [kind for kind in Trouble if (kind not in (Trouble.ABSENT, Trouble.OTHER)) == has_clock]
    for number in range(count):
        trouble = kinds[number % len(kinds)]
        pattern = FORMATS[int(rng.integers(len(FORMATS)))]
        if trouble is Trouble.UNSET:
            pattern = _UNSET[int(rng.integers(len(_UNSET)))]
        if trouble is Trouble.OTHER:
            pattern = _OTHER[int(rng.integers(len(_OTHER)))]
        started = datetime(2025, 1, 1) + timedelta(microseconds=int(rng.integers(0, 365 * 86400 * 10**6)))  # noqa: DTZ001
        yield Clip(
            trouble=trouble,
            face=faces[int(rng.integers(len(faces)))],
            size=int(np.exp(rng.uniform(np.log(12), np.log(48)))),
            look=list(Look)[int(rng.integers(len(Look)))],
            strength=float(rng.uniform(0.2, 1)),
            format=pattern,
            corner=(bool(rng.random() < 0.5), bool(rng.random() < 0.5)),
            crf=int(rng.integers(20, 36)),
            started=started,
            step_s=1800 / (READINGS - 1) if trouble is Trouble.DRIFT else float(rng.uniform(4, 40)),
            seed=int(rng.integers(2**31)),
        )


def frames(clip: Clip) -> list[Luma]:
    """The sampled key frames of a clip as the decoder gives them."""
    rng = np.random.default_rng(clip.seed)
    pictures = [street(HEIGHT, WIDTH, rng) for _ in range(READINGS)]
    for number, picture in enumerate(pictures):
        if clip.trouble is Trouble.ABSENT:
            continue
        if clip.trouble is Trouble.OTHER:
            _scatter(picture, clip, rng)
            continue
        _burn_lines(picture, [drawn(text, clip.face, clip.size) for text in clip.lines(number)], clip)
    return list(coded(pictures, clip.crf))


def _burn_lines(picture: Luma, lines: list[Drawn], clip: Clip) -> None:
    y = 8
    for place, line in enumerate(lines):
        rows, columns = line.mask.shape
        if columns + 16 > WIDTH:
            shrunk = [drawn(each.text, clip.face, int(clip.size * (WIDTH - 40) / columns) - 1) for each in lines]
            _burn_lines(picture, shrunk, clip)
            return
        x = WIDTH - columns - 8 if clip.corner[1] else 8
        row = y if not clip.corner[0] else HEIGHT - 8 - sum(each.mask.shape[0] for each in lines[place:])
        burn(picture, line, x, row, clip.look, clip.strength)
        y += rows


def _scatter(picture: Luma, clip: Clip, rng: Random) -> None:
    """The clip's text and two others, wherever a clock could stand."""
    for text in (clip.format, _OTHER[int(rng.integers(len(_OTHER)))], _OTHER[int(rng.integers(len(_OTHER)))]):
        line = drawn(text, clip.face, clip.size)
        rows, columns = line.mask.shape
        if columns + 16 > WIDTH:
            continue
        y = int(rng.integers(2, 100 - min(rows, 90))) if rng.random() < 0.5 else int(rng.integers(612, max(613, 718 - rows)))
        burn(picture, line, int(rng.integers(4, WIDTH - columns - 4)), y, clip.look, clip.strength)
