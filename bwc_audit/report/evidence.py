"""What a deep look into the files of an incident brings to its page, as values.

Times of one file are microseconds of media time from its first video frame; the page places them in the world. Nothing
here is decided again: clocks, sound agreement and defects come as they were decided.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bwc_audit.domain.inspection import Defect
from bwc_audit.domain.measures import SoundLevels
from bwc_audit.domain.times import Span


@dataclass(frozen=True, slots=True)
class Effort:
    """What was looked at, of one file or of a whole night. ``asked_us``: media time that somebody had to record and the
    file should show, None: not known; ``unseen_us``: of it what no sample speaks for. ``longest_step_us``: between two
    samples that follow each other; ``between_us``: of the picture what lies between samples and was not decoded."""

    bytes_read: int = 0
    requests: int = 0
    frames: int = 0
    picture_us: int = 0
    sound_us: int = 0
    longest_step_us: int = 0
    asked_us: int | None = None
    unseen_us: int = 0
    between_us: int = 0

    @property
    def unseen_share(self) -> float | None:
        """0..1 of the time asked for; None where that is not known, or nothing."""
        return self.unseen_us / self.asked_us if self.asked_us else None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One reading of the burned-in clock: the text as read, and the UTC time it means (None: it has none)."""

    at_us: int
    text: str
    utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class BurnedInClock:
    """The clock in the picture. ``tried``: at how many places it was looked for; ``agreed``: how many of the readings
    support what is said. ``offset_us``: burned-in minus metadata. ``jumps``: (media time, step). ``why_not``: why nothing
    is said, empty where something is.
    """

    tried: int
    readings: tuple[ClockReading, ...] = ()
    agreed: int = 0
    offset_us: int | None = None
    uncertainty_us: int = 0
    drift_ppm: float | None = None
    jumps: tuple[tuple[int, int], ...] = ()
    is_stuck: bool = False
    is_not_set: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class SheetPage:
    """One page of small pictures. ``span``: media time. ``world_start_us``: the placement by which its printed clock times
    were made, None: only media time is printed. ``damaged``, ``without_frame``, ``not_looked_at``: seconds among them.
    ``preview``: the page made smaller, empty: none is shown."""

    span: Span
    jpeg: bytes
    sha256: str
    seconds: int
    world_start_us: int | None = None
    damaged: int = 0
    without_frame: int = 0
    not_looked_at: int = 0
    preview: bytes = b""


@dataclass(frozen=True, slots=True)
class InspectionEvidence:
    """What is known of the inside of one file. ``sound`` None: it was not listened to, ``sound_note`` says why;
    ``is_soundless``: the file has no sound track. ``silence_dbfs``: the limit of the policy. ``clock`` None: it was not
    looked for."""

    effort: Effort
    is_deep: bool = False
    defects: tuple[Defect, ...] = ()
    sound: SoundLevels | None = None
    is_soundless: bool = False
    sound_note: str = ""
    silence_dbfs: float = -80.0
    clock: BurnedInClock | None = None
    pages: tuple[SheetPage, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SoundAgreement:
    """Two files of one incident compared by sound. ``lag_us``: how far the clock of ``other`` is ahead of that of ``one``
    as placed on the page, ± ``uncertainty_us``; None: ``why_not`` says why there is no answer. What speaks for it:
    ``agreeing`` of ``tried`` stretches found it each for itself, and it fits ``peak_ratio`` times as well as any other
    difference (0: not known)."""

    one: str
    other: str
    lag_us: int | None = None
    uncertainty_us: int = 0
    agreeing: int = 0
    tried: int = 0
    why_not: str = ""
    peak_ratio: float = 0.0
