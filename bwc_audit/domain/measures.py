"""Everything measured in one file, as values, so that judging it needs neither the file nor its frames.

Nothing here says what is good or bad: that is decided from these numbers and the policy, as often as the policy changes.
All times are microseconds of media time from the first video frame. Damage in frames that were not sampled is not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.times import Span

#: Side of a picture's thumbnail.
THUMBNAIL_PX = 12


def _no_detail() -> NDArray[np.float32]:
    return np.zeros((1, 1), np.float32)


def _no_thumbnail() -> NDArray[np.uint8]:
    return np.zeros((THUMBNAIL_PX, THUMBNAIL_PX), np.uint8)


def _empty(kind: type[Any]) -> Any:
    return lambda: np.empty(0, kind)


class _ByValue:
    """Equality by all fields, arrays by their shape and numbers; such values have no hash."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # arrays have none either

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        names = [one.name for one in fields(self)]  # type: ignore[arg-type]  # every heir is a dataclass
        return all(_is_same(getattr(self, name), getattr(other, name)) for name in names)


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f"))
    return bool(one == other)


@dataclass(frozen=True, slots=True, eq=False)
class PictureMeasures(_ByValue):
    """Measures of one frame, shown over ``[at_us, end_us)``. Luma is 0-255 without the strips of the burned-in clock.

    ``luma_mean``, ``luma_p99``, ``luma_p1``: of the picture at 320 pixels width. ``tile_detail``: standard deviation of
    luma in each tile of 10 x 10 of the picture at 160 pixels width, ``rows x columns``. ``light_detail``: how far the
    brightest small points there rise above what surrounds them (99.95th percentile, luma). ``difference``: mean absolute
    difference to the sample before, full size, None for the first. ``key_difference``: the same between two key frames
    that follow each other among the samples; else None. ``strip_difference``: the largest mean difference of a small
    block of the clock strips to the sample before, None for the first or without strips. ``edge_px``: width of the
    sharpest strong edges in pixels at 320 width; 0: no edge is strong enough to tell. ``stripe_deviation``: mean
    distance of the upper half from its own column means. ``stripe_share``: share of neighbouring columns there with one
    level. ``grey_share``: share of blocks that are exactly mid-grey; ``smear_share``: share of the height, from the
    bottom up, whose rows repeat one row that has edges; ``grid_share`` (0-1): how much of a grid of 16 pixels stands out
    by steps beyond what lies beside it.
    ``coded_bytes``: size of the frame as coded, 0: not known. ``bytes_between``: median size of the frames that are no
    key frames since the key frame before it in the file, 0: there are none. ``equal_share``: of the blocks of 16 x 16
    pixels that hold more than one level or two, the share that repeats what ``key_difference``, else ``difference``,
    compares with exactly (0-1). ``thumbnail``: 12 x 12 luma of the picture.
    """

    at_us: int
    end_us: int
    is_key: bool
    luma_mean: float
    luma_p99: float
    tile_detail: NDArray[np.float32] = field(default_factory=_no_detail)
    light_detail: float = 0.0
    difference: float | None = None
    key_difference: float | None = None
    luma_p1: float = 0.0
    strip_difference: float | None = None
    edge_px: float = 0.0
    stripe_deviation: float = 255.0
    stripe_share: float = 0.0
    grey_share: float = 0.0
    smear_share: float = 0.0
    grid_share: float = 0.0
    coded_bytes: int = 0
    bytes_between: int = 0
    equal_share: float = 0.0
    thumbnail: NDArray[np.uint8] = field(default_factory=_no_thumbnail)

    @property
    def detail(self) -> float:
        """The second largest tile detail: one hot pixel does not count as content, a lamp across two tiles does."""
        flat = np.sort(self.tile_detail, axis=None)
        return float(flat[-2]) if flat.size > 1 else float(flat[-1])


@dataclass(frozen=True, slots=True, eq=False)
class SoundLevels(_ByValue):
    """Levels of decoded blocks, ascending. ``failed``: spans whose packets could not be decoded.

    ``dbfs``: level of each block, NaN: there is sound, and how loud was not measured. ``clipped_share``: share of its
    samples at full scale (0-1); empty: not measured.
    ``examined``: the spans of media time that were asked for; outside them nothing is known.
    """

    starts_us: NDArray[np.int64]
    ends_us: NDArray[np.int64]
    dbfs: NDArray[np.float64]
    examined: tuple[Span, ...]
    failed: tuple[Span, ...] = ()
    clipped_share: NDArray[np.float64] = field(default_factory=_empty(np.float64))


#: Step of an envelope; its level in half decibels above this bottom, and the mark of what was not heard.
ENVELOPE_STEP_US = 10_000
ENVELOPE_BOTTOM_DB = -100.0
NOT_HEARD = 255


@dataclass(frozen=True, slots=True, eq=False)
class SoundEnvelope(_ByValue):
    """How loud it was, one number for each 10 ms from ``start_us`` (media time) on: half decibels above -100 dB relative
    to full scale, 0-254; 255: nothing was heard.

    Made for comparing recordings, and for nothing else: neither pitch nor tone is in it. Of speech that is cut down to
    the loudness of one band few words are recognised; it takes the loudness of three bands for most of them (Shannon et
    al., Speech recognition with primarily temporal cues, Science 270, 1995). So only one is kept, and never the sound.
    """

    start_us: int
    levels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FrameGaps(_ByValue):
    """Long distances between neighbouring frames, ascending: time of the frame before, of the frame after, and the
    typical distance around (the median of the neighbours; 0: there are none). Short distances are not kept."""

    starts_us: NDArray[np.int64] = field(default_factory=_empty(np.int64))
    ends_us: NDArray[np.int64] = field(default_factory=_empty(np.int64))
    typical_us: NDArray[np.int64] = field(default_factory=_empty(np.int64))


@dataclass(frozen=True, slots=True)
class Lengths:
    """What the file says of its length and what it holds. ``claimed_us``: the container's video length, None: nothing
    claimed. ``held_us``: end of the last video frame held. ``expected_us``: length the metadata state. ``video_end_us``:
    where the picture ends and sound may too. ``audio_start_us``, ``audio_end_us``: of the sound track, None: not known."""

    held_us: int
    video_end_us: int
    claimed_us: int | None = None
    missing_frames: int = 0
    missing_bytes: int = 0
    expected_us: int | None = None
    audio_start_us: int | None = None
    audio_end_us: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Measures(_ByValue):
    """All measures of one file.

    ``pictures``: the undamaged samples, ascending. ``damaged``: display spans of frames that the decoder refused or
    concealed, ascending, one a frame. ``frames_damaged``: how many those were. ``sound``: None where no sound was
    examined; ``has_sound_track`` tells whether there is any. ``buffer_us``: pre-event buffer the metadata state.
    ``envelope``: of a deep look only.
    ``step_us``: the longest distance of samples that still speak for what lies between them. ``rotation_degrees``
    (0, 90, 180, 270 clockwise) and ``is_mirrored``: how the container asks players to turn the picture.
    """

    lengths: Lengths
    pictures: tuple[PictureMeasures, ...] = ()
    damaged: tuple[Span, ...] = ()
    frames_damaged: int = 0
    sound: SoundLevels | None = None
    has_sound_track: bool = False
    gaps: FrameGaps = field(default_factory=FrameGaps)
    buffer_us: int | None = None
    step_us: int = 0
    rotation_degrees: int = 0
    is_mirrored: bool = False
    envelope: SoundEnvelope | None = None
