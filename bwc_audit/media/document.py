"""An inspection as the document ``bwc-inspection/1``: seconds as floats, for people and scripts outside.

The schema under ``schemas/`` is generated from ``InspectionDocument``. What the readings of the burned-in clock say
together is decided elsewhere, since it needs the expected start; without it the readings stand alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Literal, cast

from bwc_audit.domain import overlay_clock as overlay
from bwc_audit.domain.inspection import DefectKind, Inspection, InspectionStatus, UnreadableReason
from bwc_audit.domain.times import SECOND_US, iso_utc

Moov = Literal["front", "end", "fragmented", "none"]


@dataclass(frozen=True, slots=True)
class ContainerPart:
    """``duration_s`` is what the container claims; null: nothing."""

    format: str
    size_bytes: int
    duration_s: float | None
    moov: Moov


@dataclass(frozen=True, slots=True)
class VideoPart:
    codec: str
    width: int
    height: int
    frames: int
    average_fps: float
    variable_rate: bool


@dataclass(frozen=True, slots=True)
class AudioPart:
    codec: str
    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class SpanPart:
    """Half-open, seconds of media time from the first video frame."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class ExaminedPart:
    """``longest_step_s``: the longest distance of two samples inside ``spans``. ``seconds``: how long it took.
    ``requests``: ranged reads; ``index_bytes``: those of ``bytes_read`` that served the index."""

    bytes_read: int
    frames_sampled: int
    longest_step_s: float
    audio_examined_s: float
    seconds: float
    spans: tuple[SpanPart, ...] = ()
    requests: int = 0
    index_bytes: int = 0


@dataclass(frozen=True, slots=True)
class DefectPart:
    """``end_s`` may equal ``start_s`` for a point. ``confidence`` is 0..1."""

    kind: DefectKind
    start_s: float
    end_s: float
    confidence: float
    measures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StillPart:
    """A sampled frame by its time and the SHA-256 of its JPEG; the picture itself is kept elsewhere."""

    at_s: float
    sha256: str


@dataclass(frozen=True, slots=True)
class OverlayReading:
    """One frame's clock. ``utc`` null: the text names no zone, or says that the clock was not set."""

    at_s: float
    text: str
    utc: str | None


@dataclass(frozen=True, slots=True)
class ClockJump:
    """The burned-in clock steps by ``step_s`` somewhere between the two media times."""

    start_s: float
    end_s: float
    step_s: float


@dataclass(frozen=True, slots=True)
class OverlayClock:
    """What the burned-in clock said. ``readings``: in ``tried`` frames it was looked for; ``agreed`` of them run together
    with the media time: 0 means that nothing is concluded. ``offset_s``: burned-in minus expected start and media time."""

    readings: tuple[OverlayReading, ...] = ()
    offset_s: float | None = None
    drift_ppm: float | None = None
    jumps: tuple[ClockJump, ...] = ()
    tried: int = 0
    agreed: int = 0
    stuck: bool = False
    not_set: bool = False


@dataclass(frozen=True, slots=True)
class InspectionDocument:
    """``bwc-inspection/1``. ``reason`` is set exactly when the status is unreadable; ``detail`` says it in words."""

    schema: Literal["bwc-inspection/1"]
    uri: str
    status: InspectionStatus
    reason: UnreadableReason | None
    detail: str
    container: ContainerPart | None
    video: VideoPart | None
    audio: AudioPart | None
    examined: ExaminedPart
    defects: tuple[DefectPart, ...]
    overlay_clock: OverlayClock
    stills: tuple[StillPart, ...] = ()
    not_examined: tuple[str, ...] = ()
    sha256: str | None = None


def inspection_document(inspection: Inspection, uri: str, clock: overlay.OverlayClock | None = None) -> dict[str, Any]:
    """``bwc-inspection/1`` as plain dicts, lists, strings and numbers, ready for ``json.dumps``."""
    plain: dict[str, Any] = asdict(document_of(inspection, uri, clock), dict_factory=_plain_dict)
    return plain


def document_of(inspection: Inspection, uri: str, clock: overlay.OverlayClock | None = None) -> InspectionDocument:
    """The document's model; ``uri`` names the object for people, without credentials. ``clock``: what the readings of the
    burned-in clock say together; None: nothing."""
    return InspectionDocument(
        schema="bwc-inspection/1",
        uri=uri,
        status=inspection.status,
        reason=inspection.reason,
        detail=inspection.detail,
        container=_container(inspection),
        video=_video(inspection),
        audio=_audio(inspection),
        examined=_examined(inspection),
        defects=tuple(
            DefectPart(d.kind, _s(d.start_us), _s(d.end_us), d.confidence, dict(d.measures)) for d in inspection.defects
        ),
        overlay_clock=_overlay_clock(inspection, clock),
        stills=tuple(StillPart(_s(still.at_us), still.sha256) for still in inspection.stills),
        not_examined=inspection.not_examined,
        sha256=inspection.sha256,
    )


def _overlay_clock(inspection: Inspection, clock: overlay.OverlayClock | None) -> OverlayClock:
    readings = tuple(
        OverlayReading(_s(one.at_us), one.text, iso_utc(one.wall_us) if one.has_zone and one.wall_us is not None else None)
        for one in inspection.readings
    )
    if clock is None:
        return OverlayClock(readings, tried=inspection.clock_tried)
    return OverlayClock(
        readings=readings,
        offset_s=None if clock.offset_us is None else _s(clock.offset_us),
        drift_ppm=clock.drift_ppm,
        jumps=tuple(ClockJump(_s(j.between.start_us), _s(j.between.end_us), _s(j.step_us)) for j in clock.jumps),
        tried=inspection.clock_tried,
        agreed=clock.agreed,
        stuck=clock.is_stuck,
        not_set=clock.is_not_set,
    )


def _container(inspection: Inspection) -> ContainerPart | None:
    facts = inspection.container
    if facts is None:
        return None
    duration_s = None if facts.duration_us is None else _s(facts.duration_us)
    return ContainerPart(facts.format, facts.size_bytes, duration_s, cast(Moov, facts.moov))


def _video(inspection: Inspection) -> VideoPart | None:
    facts = inspection.video
    if facts is None:
        return None
    return VideoPart(facts.codec, facts.width, facts.height, facts.frames, facts.average_fps, facts.is_variable_rate)


def _audio(inspection: Inspection) -> AudioPart | None:
    facts = inspection.audio
    return None if facts is None else AudioPart(facts.codec, facts.sample_rate, facts.channels)


def _examined(inspection: Inspection) -> ExaminedPart:
    examined = inspection.examined
    return ExaminedPart(
        bytes_read=examined.bytes_read,
        frames_sampled=examined.frames_sampled,
        longest_step_s=_s(examined.longest_step_us),
        audio_examined_s=_s(examined.audio_us),
        seconds=round(examined.elapsed_s, 3),
        spans=tuple(SpanPart(_s(span.start_us), _s(span.end_us)) for span in examined.spans),
        requests=examined.requests,
        index_bytes=examined.index_bytes,
    )


def _s(time_us: int) -> float:
    return time_us / SECOND_US


def _plain_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in pairs}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value
