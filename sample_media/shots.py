"""What one clip shows and what is wrong with it, as values: enough to make its bytes again, and nothing else.

A clip is rebuilt when its ``recipe`` changes; ``RENDERING`` is part of it and is raised when the way of drawing changes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

RENDERING = 4

WIDTH, HEIGHT, FPS = 640, 360, 12


class Look(StrEnum):
    """Where the camera is. ``desk``: it lies still and sees a quiet office."""

    STREET = "street"
    DAWN = "dawn"
    NIGHT = "night"
    HALL = "hall"
    SHOP = "shop"
    DESK = "desk"


class Fault(StrEnum):
    """What goes wrong. ``hand`` is no defect: a hand that passes the lens for a moment. ``test_pattern``: the sensor gives
    colour bars; ``stopgap``: below a line the grey that decoders put in place of what they lost, encoded once more."""

    BLACK = "black"
    OBSTRUCTED = "obstructed"
    FROZEN_PICTURE = "frozen_picture"
    FROZEN_ALL = "frozen_all"
    HAND = "hand"
    FRAMES_LOST = "frames_lost"
    MUTED = "muted"
    NO_SOUND_TRACK = "no_sound_track"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TEST_PATTERN = "test_pattern"
    DEFOCUSED = "defocused"
    STOPGAP = "stopgap"
    CLIPPED = "clipped"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault in ``[start_s, end_s)`` of media time; faults of the whole file have no times."""

    fault: Fault
    start_s: float = 0.0
    end_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Shot:
    """One clip to be made. ``silent_s``: length of the pre-event buffer, which has picture but no sound."""

    clip_id: str
    look: Look
    length_s: float
    silent_s: float
    device_started_us: int
    overlay_name: str
    troubles: tuple[Trouble, ...] = ()
    is_moov_last: bool = False

    @property
    def recipe(self) -> str:
        """Hexadecimal digest of all that decides the bytes."""
        text = json.dumps([RENDERING, WIDTH, HEIGHT, FPS, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def seed(self) -> int:
        """Seed of everything random in this clip; depends on its name alone."""
        return int.from_bytes(hashlib.sha256(self.clip_id.encode()).digest()[:4], "big")

    def trouble(self, fault: Fault) -> Trouble | None:
        """The trouble of that kind, if the clip has one."""
        return next((trouble for trouble in self.troubles if trouble.fault is fault), None)

    def fault_at(self, media_s: float, *faults: Fault) -> Fault | None:
        """Which of ``faults`` holds at a moment of media time."""
        for trouble in self.troubles:
            if trouble.fault in faults and trouble.start_s <= media_s < trouble.end_s:
                return trouble.fault
        return None
