"""Tables of what the sources say: one for each kind of record, every row with the file and line it was read from.

Nothing is corrected here: camera times stay camera times, invalid orders of times stay as they were written.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql_text

from bwc_audit.domain.records import DeviceEventKind, RejectReason
from bwc_audit.store.columns import Stored, claim, document, integer, not_negative, one_of, small, text


class SourceFileRow(Stored, table=True):
    """One file of records as it was last read."""

    __tablename__ = "source_file"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("source", "key"),
        *not_negative("size_bytes", "accepted", "rejected"),
    )

    file_id: int | None = small("own number of the file", default=None, primary_key=True)
    source: str = text("source URI, without credentials")
    key: str = text("object key inside the source")
    etag: str = text("version mark of the store when it was read")
    size_bytes: int = integer("bytes, as the store lists it")
    modified_us: int = integer("microseconds UTC, clock of the store")
    read_at_us: int = integer("microseconds UTC, clock of the audit: when its rows were read")
    accepted: int = integer("rows accepted")
    rejected: int = integer("rows kept as rejected, the file as a whole (line 0) included")


class _Read(Stored):
    file_id: int = small("file it was read from", primary_key=True, foreign_key="source_file.file_id", ondelete="CASCADE")
    ordinal: int = small("place among the rows of its kind and file, from 0", primary_key=True)
    line: int = small("1-based line in the file; 0: the whole file")


class SegmentRow(_Read, table=True):
    """One file of a recording; times of the camera's clock unless said otherwise."""

    __tablename__ = "segment"
    __table_args__: ClassVar[Any] = (
        *not_negative("line", "ordinal", "duration_us", "pre_event_buffer_us", "size_bytes", "precision_us"),
        Index(None, "media_started_us"),
        Index(None, "uploaded_us"),
        Index(None, "device_id", "media_started_us"),
        Index(None, "footage_id"),
        Index(None, "object_key"),
    )

    footage_id: str = text("identifier of the segment, from its metadata")
    device_id: str = text("camera")
    media_started_us: int = integer("microseconds UTC, camera clock: first frame, pre-event buffer included")
    duration_us: int = integer("microseconds")
    object_key: str | None = text("video inside the source; null: the metadata name no file", default=None)
    officer_id: str | None = text("null: the metadata name no officer", default=None)
    device_model: str | None = text("null: not stated", default=None)
    recording_id: str | None = text("null: not stated", default=None)
    segment_no: int | None = integer("place in its recording; null: not stated", default=None)
    sequence_no: int | None = integer("the device's own numbering; null: not stated", default=None)
    activated_us: int | None = integer("microseconds UTC, camera clock: button; null: not recorded", default=None)
    deactivated_us: int | None = integer("microseconds UTC, camera clock: button; null: not recorded", default=None)
    pre_event_buffer_us: int | None = integer("microseconds of media before activation; null: not stated", default=None)
    uploaded_us: int | None = integer("microseconds UTC, server clock; null: not stated", default=None)
    size_bytes: int | None = integer("bytes, as the metadata state; null: not stated", default=None)
    sha256: str | None = text("hexadecimal, as the metadata state; null: not stated", default=None)
    incident_ids: list[str] = document("incident ids entered by hand; evidence, not the key")
    categories: list[str] = document("categories entered by hand")
    retention_until_us: int | None = integer("microseconds UTC: may be deleted then; null: not stated", default=None)
    deleted_us: int | None = integer("microseconds UTC, server clock; null: not deleted as far as is known", default=None)
    status: str | None = text("the source's own word; null: not stated", default=None)
    precision_us: int = integer("rounding of the times, microseconds")
    is_ambiguous: bool = claim("a local time that occurred twice, read as the earlier")


class IncidentRow(_Read, table=True):
    """One call or stop of the dispatch or records system; times of its clock."""

    __tablename__ = "incident"
    __table_args__: ClassVar[Any] = (
        *not_negative("line", "ordinal", "precision_us"),
        Index(None, "opened_us"),
        Index(None, "incident_id"),
    )

    incident_id: str = text("identifier in the dispatch system")
    call_type: str = text("as written in the source")
    opened_us: int = integer("microseconds UTC, CAD clock")
    priority: str | None = text("null: not stated", default=None)
    closed_us: int | None = integer("microseconds UTC, CAD clock; null: still open or not stated", default=None)
    area: str | None = text("null: not stated", default=None)
    call_disposition_code: str | None = text("null: not stated", default=None)
    tags: list[str] = document("tags of the incident")
    precision_us: int = integer("rounding of the times, microseconds")
    is_ambiguous: bool = claim("a local time that occurred twice, read as the earlier")


class AssignmentRow(_Read, table=True):
    """An officer on an incident; times of the CAD clock, in whatever order the source has them."""

    __tablename__ = "assignment"
    __table_args__: ClassVar[Any] = (
        *not_negative("line", "ordinal", "precision_us"),
        Index(None, "incident_id"),
        Index(None, "on_scene_us"),
    )

    incident_id: str = text("identifier in the dispatch system")
    officer_id: str = text("as written; two-officer units are two rows")
    unit_id: str | None = text("null: not stated", default=None)
    dispatched_us: int | None = integer("microseconds UTC, CAD clock; null: not recorded", default=None)
    en_route_us: int | None = integer("microseconds UTC, CAD clock; null: not recorded", default=None)
    on_scene_us: int | None = integer("microseconds UTC, CAD clock; null: not recorded", default=None)
    cleared_us: int | None = integer("microseconds UTC, CAD clock; null: not recorded", default=None)
    is_cancelled: bool = claim("the source marks it cancelled")
    precision_us: int = integer("rounding of the times, microseconds")
    is_ambiguous: bool = claim("a local time that occurred twice, read as the earlier")


class OfficerRow(_Read, table=True):
    """One row of the roster."""

    __tablename__ = "officer"
    __table_args__: ClassVar[Any] = not_negative("line", "ordinal")

    officer_id: str = text("as the roster writes it")
    unit: str = text("unit, shift or station")
    role: str | None = text("null: not stated", default=None)
    active_from_us: int | None = integer("microseconds UTC; null: no start known", default=None)
    active_to_us: int | None = integer("microseconds UTC; null: still active", default=None)
    camera_from_us: int | None = integer("microseconds UTC; null with camera_to_us null: never issued", default=None)
    camera_to_us: int | None = integer("microseconds UTC; null: still issued, if ever", default=None)


class DeviceRow(_Read, table=True):
    """One camera."""

    __tablename__ = "device"
    __table_args__: ClassVar[Any] = not_negative("line", "ordinal", "configured_buffer_us", "segment_cap_us")

    device_id: str = text("as the roster writes it")
    model: str = text("model")
    vendor: str | None = text("null: not stated", default=None)
    configured_buffer_us: int | None = integer("pre-event buffer it is set to, microseconds; null: unknown", default=None)
    segment_cap_us: int | None = integer("longest file it writes, microseconds; null: unknown", default=None)
    overlay_zone: str | None = text("IANA zone of its burned-in clock; null: unknown", default=None)


class HoldingRow(_Read, table=True):
    """Who held a device, from (included) to (excluded)."""

    __tablename__ = "holding"
    __table_args__: ClassVar[Any] = not_negative("line", "ordinal")

    device_id: str = text("camera")
    officer_id: str = text("holder")
    held_from_us: int = integer("microseconds UTC")
    held_to_us: int | None = integer("microseconds UTC; null: still held", default=None)


class ExemptionRow(_Read, table=True):
    """Time in which an officer need not record."""

    __tablename__ = "exemption"
    __table_args__: ClassVar[Any] = not_negative("line", "ordinal")

    officer_id: str = text("who need not record")
    reason_code: str = text("code of the reason, never a narrative")
    incident_id: str | None = text("null: any incident in that time", default=None)
    from_us: int | None = integer("microseconds UTC; null: from the start of the window", default=None)
    to_us: int | None = integer("microseconds UTC; null: to the end of the window", default=None)
    approved_by: str | None = text("null: not stated", default=None)
    note: str | None = text("null: none", default=None)


class DeviceEventRow(_Read, table=True):
    """One entry of a device log."""

    __tablename__ = "device_event"
    __table_args__: ClassVar[Any] = (
        *not_negative("line", "ordinal"),
        one_of("event", DeviceEventKind),
        Index(None, "at_us"),
        Index(None, "device_id", "at_us"),
    )

    device_id: str = text("camera")
    at_us: int = integer("microseconds UTC, clock of dock or device log")
    event: str = text("kind of entry")
    value: str | None = text("clock_check: device minus server clock, seconds; null: none", default=None)


class RejectedRowRow(_Read, table=True):
    """A row, or a whole file (line 0), that was not accepted, with the reason."""

    __tablename__ = "rejected_row"
    __table_args__: ClassVar[Any] = (*not_negative("line", "ordinal"), one_of("reason", RejectReason))

    field: str = text("field that was at fault; empty: the row as a whole")
    reason: str = text("class of the fault")
    detail: str = text("the fault in words")
    text: str = text("the offending value, shortened")


class VideoObjectRow(Stored, table=True):
    """A video as the object store lists it; identity is key, etag and size."""

    __tablename__ = "video_object"
    __table_args__: ClassVar[Any] = (
        *not_negative("size_bytes"),
        Index(
            "ix_video_object_unnamed",
            "source",
            "object_key",
            sqlite_where=sql_text("is_named = 0"),
            postgresql_where=sql_text("NOT is_named"),
        ),
    )

    source: str = text("source URI, without credentials", primary_key=True)
    object_key: str = text("key inside the source", primary_key=True)
    size_bytes: int = integer("bytes, as the store lists it")
    etag: str = text("version mark of the store")
    modified_us: int = integer("microseconds UTC, clock of the store")
    is_named: bool = claim("a segment of the source names it")


class InputMarkRow(Stored, table=True):
    """What ``input_marks`` worked out over all files and videos of a source, as long as none of them changed."""

    __tablename__ = "input_mark"

    source: str = text("source URI, without credentials", primary_key=True)
    inputs_hash: str = text("SHA-256 over files and videos; empty: they changed since, or it was never worked out")
    readings_hash: str = text("as inputs_hash, over when each file was read too")
