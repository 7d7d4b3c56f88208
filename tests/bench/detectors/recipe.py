"""What one clip shows, what is wrong with it and when, and how it is coded: values only, enough to make its bytes again.

Labels follow from the recipe, save for damage to the file itself, whose times follow from where its frames lie. The
words for kinds are those of an inspection; some name kinds that an inspection may not know yet.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

#: Part of every digest: raise it when the way of drawing or coding changes, so that all clips are made anew.
RENDERING = 3

#: A cover of less than this share of the picture may be reported or not; it is counted in a row of its own.
FULL_COVER = 0.85
#: What is shorter is no defect of any class, and carries no label.
LEAST_LABEL_S = 3.0


class Half(StrEnum):
    """Thresholds may be set by ``tuning`` only."""

    TUNING = "tuning"
    HELD_OUT = "held-out"


class Scene(StrEnum):
    """Where the camera is. Tuning and held-out share none but the lamp, which is drawn anew from each clip's seed."""

    STREET = "street"
    DUSK = "dusk"
    NIGHT = "night"
    HALL = "hall"
    DESK = "desk"
    WALL = "wall"
    SNOW = "snow"
    LAMP = "lamp"
    SHOP = "shop"
    PATH = "path"
    CORRIDOR = "corridor"
    CAR_PARK = "car park"
    PARKED = "parked"
    PLASTER = "plaster"
    SKY = "sky"


NEAR_MISS_SCENES = {
    Scene.DESK: "static desk",
    Scene.PARKED: "static cabin",
    Scene.NIGHT: "night",
    Scene.CAR_PARK: "night",
    Scene.LAMP: "one lamp",
    Scene.WALL: "blank wall",
    Scene.PLASTER: "blank wall",
    Scene.SNOW: "snow",
    Scene.SKY: "white sky",
}
#: Nothing moves there, not even the camera.
STILL_SCENES = (Scene.DESK, Scene.PARKED)


class What(StrEnum):
    """What happens in a clip; the first group are defects, the second only look like some."""

    BLACK = "black"
    FROZEN = "frozen"
    COVERED = "covered"
    BLURRED = "blurred"
    UNIFORM = "uniform"
    CORRUPT = "corrupt"
    TURNED = "turned"
    GAP = "gap"
    MUTED = "muted"
    CLIPPED = "clipped"
    NO_SOUND = "no sound"
    DAMAGED = "damaged"
    CUT = "cut"

    FLASH = "flash"
    FADE = "fade"
    HAND = "hand"
    PAN = "fast pan"
    FOG = "fog"
    RAIN = "rain"
    DROPPED = "dropped frame"
    QUIET = "quiet room"
    BUFFER = "buffer silence"
    FIXED = "fixed part"


#: Kinds of defect that follow from the recipe alone. ``NO_SOUND`` is a missing track, or one that begins late or ends early.
KIND_OF = {
    What.BLACK: "black_video",
    What.FROZEN: "frozen_video",
    What.COVERED: "obstructed_view",
    What.BLURRED: "blurred_view",
    What.UNIFORM: "uniform_picture",
    What.CORRUPT: "corrupt_picture",
    What.TURNED: "rotated_view",
    What.GAP: "timestamp_gap",
    What.MUTED: "audio_muted",
    What.CLIPPED: "audio_clipped",
    What.NO_SOUND: "audio_missing",
    What.BUFFER: "silent_lead_in",
}
_FROM_FILE = (What.DAMAGED, What.CUT)
_NEAR = (What.FLASH, What.FADE, What.HAND, What.PAN, What.FOG, What.RAIN, What.DROPPED, What.QUIET, What.BUFFER, What.FIXED)


@dataclass(frozen=True, slots=True)
class Trouble:
    """``what`` in ``[start_s, end_s)`` of media time. ``how``: which form of it; ``share`` of the picture, 0 to 1."""

    what: What
    start_s: float
    end_s: float
    how: str = ""
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Coding:
    """One encoder and container. ``crf``, ``qp`` or ``kbit`` sets the rate, the first that is given. ``container`` is the
    suffix; ``mux`` and ``options`` are passed on to muxer and encoder. ``is_variable``: fewer frames in low light."""

    name: str
    codec: str = "libx264"
    container: str = "mp4"
    width: int = 320
    height: int = 180
    fps: int = 15
    gop_s: float = 1.0
    crf: int | None = None
    qp: int | None = None
    kbit: int | None = None
    b_frames: int = 0
    options: tuple[tuple[str, str], ...] = ()
    mux: tuple[tuple[str, str], ...] = ()
    sound: str = "aac"
    is_variable: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """What is wrong in ``[start_s, end_s)``. ``is_optional``: it may be reported or not."""

    kind: str
    start_s: float
    end_s: float
    is_optional: bool = False

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Recipe:
    """One clip. ``noise``: the sensor's standard deviation in luma steps, None for the scene's own. ``around``: how many
    times the same scene without troubles goes before and after it, by copying its coded frames."""

    half: Half
    scene: Scene
    coding: Coding
    troubles: tuple[Trouble, ...] = ()
    length_s: float = 48.0
    noise: float | None = None
    around: tuple[int, int] = (0, 0)
    has_clock: bool = True

    @property
    def name(self) -> str:
        """Unique in the table; also the stem of the file."""
        happenings = [f"{t.what}{'-' + t.how if t.how else ''}-{t.start_s:g}-{t.end_s:g}" for t in self.troubles]
        noise = [] if self.noise is None else [f"noise{self.noise:g}"]
        words = [self.half, self.scene, self.coding.name, *noise, *(happenings or ["plain"])]
        return "_".join(words).replace(" ", "-")

    @property
    def seed(self) -> int:
        """Seed of everything random in this clip."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:4], "big")

    @property
    def digest(self) -> str:
        """Hexadecimal digest of all that decides the bytes."""
        return hashlib.sha256(json.dumps([RENDERING, asdict(self)], sort_keys=True).encode()).hexdigest()

    @property
    def whole_s(self) -> float:
        """Length of the finished clip, copies included."""
        return self.length_s * (1 + sum(self.around))

    @property
    def shift_s(self) -> float:
        """How far the copies before it move the recipe's own times."""
        return self.length_s * self.around[0]

    @property
    def buffer_s(self) -> float:
        """The pre-event buffer that the metadata state."""
        return max((t.end_s for t in self.troubles if t.what is What.BUFFER), default=0.0)

    @property
    def near_misses(self) -> tuple[str, ...]:
        """What in this clip only looks like a defect."""
        tags = [NEAR_MISS_SCENES[self.scene]] if self.scene in NEAR_MISS_SCENES else []
        tags += ["variable rate"] if self.coding.is_variable else []
        tags += [f"{t.what}, {t.how}" if t.what is What.FIXED else str(t.what) for t in self.troubles if t.what in _NEAR]
        tags += ["late sound" for t in self.troubles if t.what is What.NO_SOUND and t.end_s - t.start_s < LEAST_LABEL_S]
        return tuple(dict.fromkeys(tags))

    def troubles_of(self, *whats: What) -> tuple[Trouble, ...]:
        return tuple(trouble for trouble in self.troubles if trouble.what in whats)

    def labels(self) -> tuple[Label, ...]:
        """Labels that follow from the recipe alone, in media time of the finished clip."""
        labels = []
        for trouble in self.troubles:
            if trouble.what not in KIND_OF or trouble.end_s - trouble.start_s < LEAST_LABEL_S:
                continue
            start_s, end_s = trouble.start_s + self.shift_s, trouble.end_s + self.shift_s
            if trouble.what in (What.TURNED, What.NO_SOUND) and trouble.end_s >= self.length_s:
                end_s = self.whole_s
            is_part = trouble.what is What.COVERED and trouble.share < FULL_COVER
            is_mirrored = trouble.what is What.TURNED and trouble.how == "flip"  # no picture tells by itself
            labels.append(Label(KIND_OF[trouble.what], start_s, end_s, is_optional=is_part or is_mirrored))
        return tuple(labels)

    @property
    def is_damaged(self) -> bool:
        return bool(self.troubles_of(*_FROM_FILE))
