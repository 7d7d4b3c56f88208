"""Tables of what looking into videos brought, under the identity of the content and of the way of looking.

Times are microseconds of media time from the first video frame.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, UniqueConstraint

from bwc_audit.domain.inspection import InspectionStatus, UnreadableReason
from bwc_audit.store.columns import Stored, blob, claim, document, integer, not_negative, number, one_of, small, text


class InspectionRow(Stored, table=True):
    """The outcome for one object, one version of the measures and one plan."""

    __tablename__ = "inspection"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint(
            "source", "object_key", "etag", "size_bytes", "inspector_version", "plan_digest", name="uq_inspection_identity"
        ),
        one_of("status", InspectionStatus),
        one_of("reason", UnreadableReason),
        CheckConstraint("(status = 'unreadable') = (reason IS NOT NULL)", name="reason_when_unreadable"),
        *not_negative("size_bytes", "bytes_read", "frames_sampled", "longest_step_us", "audio_us", "elapsed_s"),
    )

    inspection_id: int | None = small("own number", default=None, primary_key=True)
    source: str = text("source URI, without credentials")
    object_key: str = text("video inside the source")
    etag: str = text("version mark of the store")
    size_bytes: int = integer("bytes, as the store lists it")
    inspector_version: str = text("version of the video measures")
    plan_digest: str = text("SHA-256 over what was asked for and how it was sampled; limits that judge are no part of it")
    plan: dict[str, Any] = document("what was asked for")
    status: str = text("complete, partial or unreadable")
    reason: str | None = text("why nothing could be examined; null: it could", default=None)
    detail: str = text("more words; empty: none")
    container_format: str | None = text("null: no container was read", default=None)
    container_size_bytes: int | None = integer("bytes; null: no container was read", default=None)
    container_duration_us: int | None = integer("length the container claims; null: none", default=None)
    container_moov: str | None = text("front, end, fragmented or none; null: no container was read", default=None)
    video_codec: str | None = text("null: no picture track", default=None)
    video_width: int | None = small("pixels; null: no picture track", default=None)
    video_height: int | None = small("pixels; null: no picture track", default=None)
    video_frames: int | None = integer("frames in the index; null: no picture track", default=None)
    video_average_fps: float | None = number("frames a second; null: no picture track", default=None)
    video_is_variable_rate: bool | None = claim("frame distances vary; null: no picture track", default=None)
    audio_codec: str | None = text("null: no sound track", default=None)
    audio_sample_rate: int | None = small("hertz; null: no sound track", default=None)
    audio_channels: int | None = small("null: no sound track", default=None)
    bytes_read: int = integer("bytes read from the store")
    frames_sampled: int = integer("frames that were decoded and judged")
    longest_step_us: int = integer("longest distance between two samples")
    audio_us: int = integer("length of sound examined")
    elapsed_s: float = number("seconds it took; not part of the result")
    examined_spans: list[list[int]] = document("media time in which frames were sampled")
    defects: list[dict[str, Any]] = document("kind, start_us, end_us, confidence, measures")
    not_examined: list[str] = document("what could not be examined, a sentence each")
    sha256: str | None = text("hexadecimal over the whole object; null: it was not hashed", default=None)


class InspectionMeasuresRow(Stored, table=True):
    """What an inspection measured, and what that cost; kept apart, since it is read only where somebody decides anew."""

    __tablename__ = "inspection_measures"
    __table_args__: ClassVar[Any] = not_negative("requests", "seconds_examined_us", "index_bytes")

    inspection_id: int = small("inspection", primary_key=True, foreign_key="inspection.inspection_id", ondelete="CASCADE")
    measures: bytes | None = blob("all measures of the file, compressed; null: unreadable", default=None)
    requests: int = integer("ranged reads of the store")
    seconds_examined_us: int = integer("length of media time that the samples speak for")
    index_bytes: int = integer("bytes read for the index alone")
    readings: list[dict[str, Any]] | None = document("burned-in clock, a reading each; null: not kept then", default=None)
    clock_tried: int | None = small("frames in which a clock was looked for; null: not kept then", default=None)


class StillRow(Stored, table=True):
    """One sampled frame as a small JPEG."""

    __tablename__ = "still"
    __table_args__: ClassVar[Any] = not_negative("ordinal")

    inspection_id: int = small("inspection", primary_key=True, foreign_key="inspection.inspection_id", ondelete="CASCADE")
    ordinal: int = small("place among the stills, from 0", primary_key=True)
    at_us: int = integer("microseconds of media time")
    jpeg: bytes = blob("the picture")
    sha256: str = text("hexadecimal over the picture")


class SheetRow(Stored, table=True):
    """One page of small pictures of a deep look."""

    __tablename__ = "sheet"
    __table_args__: ClassVar[Any] = (
        *not_negative("ordinal", "seconds"),
        CheckConstraint("end_us > start_us", name="start_before_end"),
    )

    inspection_id: int = small("inspection", primary_key=True, foreign_key="inspection.inspection_id", ondelete="CASCADE")
    ordinal: int = small("place among the sheets, from 0", primary_key=True)
    start_us: int = integer("microseconds of media time")
    end_us: int = integer("microseconds of media time")
    seconds: int = small("small pictures on it, one a second")
    damaged: int = small("seconds whose frames could not be decoded whole")
    without_frame: int = small("seconds that hold no frame")
    not_looked_at: int = small("seconds that were left out")
    jpeg: bytes = blob("the page")
    sha256: str = text("hexadecimal over the page")
