"""What looking into one video brought, as values. All times are microseconds of media time from the first video frame.

A defect is claimed only inside what was sampled; ``Examined`` says what that was, and ``not_examined`` what it was not.
Which clock the media time belongs to, and so where a defect lies in the world, is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bwc_audit.domain.measures import Measures
from bwc_audit.domain.overlay_clock import OverlayReading
from bwc_audit.domain.times import Span

#: Part of the key under which an inspection is stored: raise it when any measure changes.
INSPECTOR_VERSION = "5"


class InspectionStatus(StrEnum):
    """``partial``: something that was planned could not be examined (say, the rest of a truncated file)."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    UNREADABLE = "unreadable"


class UnreadableReason(StrEnum):
    EMPTY = "empty"
    NOT_MEDIA = "not_media"
    PLAYLIST_REFUSED = "playlist_refused"
    MOOV_MISSING = "moov_missing"
    NO_VIDEO = "no_video"
    CODEC_UNSUPPORTED = "codec_unsupported"
    ENCRYPTED = "encrypted"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    IO_ERROR = "io_error"


class DefectKind(StrEnum):
    """Kinds of defect of a file. ``silent_lead_in`` (how a pre-event buffer shows), ``low_light`` (dark, with something to
    see) and ``rotated_view`` are information: they take nothing away from what can be seen or heard."""

    BLACK_VIDEO = "black_video"
    OBSTRUCTED_VIEW = "obstructed_view"
    FROZEN_VIDEO = "frozen_video"
    TIMESTAMP_GAP = "timestamp_gap"
    AUDIO_MISSING = "audio_missing"
    AUDIO_MUTED = "audio_muted"
    DECODE_ERROR = "decode_error"
    TRUNCATED = "truncated"
    DURATION_MISMATCH = "duration_mismatch"
    SILENT_LEAD_IN = "silent_lead_in"
    UNIFORM_PICTURE = "uniform_picture"
    BLURRED_VIEW = "blurred_view"
    CORRUPT_PICTURE = "corrupt_picture"
    ROTATED_VIEW = "rotated_view"
    LOW_LIGHT = "low_light"
    AUDIO_CLIPPED = "audio_clipped"


#: What each kind is called.
DEFECT_TITLE: dict[DefectKind, str] = {
    DefectKind.BLACK_VIDEO: "Black picture",
    DefectKind.OBSTRUCTED_VIEW: "Covered view",
    DefectKind.FROZEN_VIDEO: "Frozen picture",
    DefectKind.TIMESTAMP_GAP: "Picture stops inside the file",
    DefectKind.AUDIO_MISSING: "No sound",
    DefectKind.AUDIO_MUTED: "Digital silence",
    DefectKind.DECODE_ERROR: "Damaged frames",
    DefectKind.TRUNCATED: "File cut short",
    DefectKind.DURATION_MISMATCH: "Length differs from the metadata",
    DefectKind.SILENT_LEAD_IN: "Silent beginning, as of a pre-event buffer",
    DefectKind.UNIFORM_PICTURE: "One colour or colour bars instead of a scene",
    DefectKind.BLURRED_VIEW: "Blurred view",
    DefectKind.CORRUPT_PICTURE: "Grey or smeared blocks in the picture",
    DefectKind.ROTATED_VIEW: "Picture turned or upside down",
    DefectKind.LOW_LIGHT: "Little light, with something to see",
    DefectKind.AUDIO_CLIPPED: "Sound overdriven",
}


@dataclass(frozen=True, slots=True)
class Defect:
    """One span of media time in which something is wrong; ``end_us`` may equal ``start_us`` for a point defect.

    ``confidence`` is 0..1; ``measures`` are the numbers it was decided from.
    """

    kind: DefectKind
    start_us: int
    end_us: int
    confidence: float
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """``moov`` is front, end, fragmented or none. ``duration_us`` is what the container claims; None: nothing."""

    format: str
    size_bytes: int
    duration_us: int | None
    moov: str


@dataclass(frozen=True, slots=True)
class VideoFacts:
    codec: str
    width: int
    height: int
    frames: int
    average_fps: float
    is_variable_rate: bool


@dataclass(frozen=True, slots=True)
class AudioFacts:
    codec: str
    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Still:
    """One sampled frame as a small JPEG, kept as evidence."""

    at_us: int
    jpeg: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of small pictures, one for each second of ``span`` (media time): what a deep look leaves to leaf through.

    ``seconds`` tiles; of those ``damaged`` could not be decoded whole, ``without_frame`` hold no frame, and
    ``not_looked_at`` were left out.
    """

    span: Span
    jpeg: bytes
    sha256: str
    seconds: int
    damaged: int = 0
    without_frame: int = 0
    not_looked_at: int = 0


@dataclass(frozen=True, slots=True)
class Examined:
    """What was looked at. ``spans``: media time in which frames were sampled; ``longest_step_us`` between two samples.

    ``requests``: ranged reads of the store; ``index_bytes``: those of ``bytes_read`` that served the index;
    ``seconds_examined_us``: length of the media time that the samples speak for.
    """

    bytes_read: int = 0
    frames_sampled: int = 0
    longest_step_us: int = 0
    audio_us: int = 0
    elapsed_s: float = 0.0
    spans: tuple[Span, ...] = ()
    requests: int = 0
    seconds_examined_us: int = 0
    index_bytes: int = 0


@dataclass(frozen=True, slots=True)
class InspectionRequest:
    """What to look at in one object. ``spans`` empty: the whole file. ``buffer_us``: the pre-event buffer the
    metadata state. ``expected_duration_us``: the length the metadata state. ``is_deep``: look at every frame, as far as the
    budget reaches. ``focus_us``: media times near which to look more closely (dispatch records inside the file).
    ``is_hashed``: also read the whole object once for its SHA-256. ``stills_at_us`` empty: a default choice.
    ``is_clock_look``: nothing is required of the picture here, only the clock burned into it is wanted."""

    object_key: str
    spans: tuple[Span, ...] = ()
    expected_duration_us: int | None = None
    buffer_us: int | None = None
    is_deep: bool = False
    is_hashed: bool = True
    stills_at_us: tuple[int, ...] = ()
    focus_us: tuple[int, ...] = ()
    is_clock_look: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """The whole outcome for one object. ``reason`` is set exactly when the status is unreadable.

    ``measures``: what ``defects`` were decided from; None where the file is unreadable. ``readings``: the burned-in clock
    in the frames in which it could be read, of ``clock_tried`` frames in which it was looked for.
    """

    object_key: str
    status: InspectionStatus
    reason: UnreadableReason | None = None
    detail: str = ""
    container: ContainerFacts | None = None
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    examined: Examined = field(default_factory=Examined)
    defects: tuple[Defect, ...] = ()
    stills: tuple[Still, ...] = ()
    not_examined: tuple[str, ...] = ()
    sha256: str | None = None
    measures: Measures | None = None
    readings: tuple[OverlayReading, ...] = ()
    clock_tried: int = 0
    sheets: tuple[Sheet, ...] = ()
