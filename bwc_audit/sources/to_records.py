"""From the cells of one row to a domain record, or to the reason why there is none.

One row gives at most one rejection: the first thing that is wrong with it, in the order times, then fields as the schema
lists them, then what fields say together. Two-officer units become one record each, with the same row reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from pydantic import ValidationError

from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    DeviceEventKind,
    Exemption,
    Holding,
    Incident,
    Officer,
    RejectedRow,
    RejectReason,
    RowRef,
    Segment,
)
from bwc_audit.domain.times import us_of, us_of_seconds
from bwc_audit.sources.mapping import MappedTable, column_name
from bwc_audit.sources.rows import (
    ROW_MODELS,
    SCHEMA_OF_TABLE,
    AssignmentRow,
    DeviceEventRow,
    DeviceRow,
    ExemptionRow,
    FootageRow,
    HolderRow,
    IncidentRow,
    OfficerRow,
    field_names,
    is_identifier,
    is_length,
    time_fields,
)
from bwc_audit.sources.zoned_times import TimeRefused, length_between, read_time

Record: TypeAlias = Segment | Incident | Assignment | Officer | Device | Holding | Exemption | DeviceEvent


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands beside a row: where it was read, how its table is mapped, and the video a sidecar lies beside."""

    table: MappedTable
    file: str
    sibling_video: str | None = None


class RowRefused(Exception):  # noqa: N818 - no fault of the program: the row is kept as rejected
    """A row that cannot stand, with the field and the reason."""

    def __init__(self, field: str, reason: RejectReason, detail: str, value: object = "") -> None:
        super().__init__(detail)
        self.field = field
        self.reason = reason
        self.detail = detail
        self.value = value


def rejected_row(
    file: str, line: int, reason: RejectReason, detail: str, field: str = "", value: object = ""
) -> RejectedRow:
    """A rejection whose texts any database takes: no NUL, no undecodable bytes, the value at most 200 characters."""
    return RejectedRow(RowRef(file, line), field, reason, _storable(detail, 500), _storable(str(value), 200))


def _storable(text: str, length: int) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")[:length]


def records_of_row(reading: Reading, line: int, cells: dict[str, object]) -> tuple[Record, ...]:
    """The records of one row (several for a two-officer unit). Raises ``RowRefused``."""
    mapping = reading.table.mapping
    fields = _mapped(reading.table, cells)
    _check_schema(mapping.table, cells)
    is_ambiguous = _read_times(reading.table, fields, cells)
    model = ROW_MODELS[SCHEMA_OF_TABLE[mapping.table]]
    try:
        row = model.model_validate(fields)
    except ValidationError as fault:
        raise _refusal(fault, fields) from fault
    return _BUILDERS[mapping.table](row, reading, RowRef(reading.file, line), is_ambiguous)


def _mapped(table: MappedTable, cells: dict[str, object]) -> dict[str, Any]:
    """Fields by name; missing ones (empty, null) are left out. Texts are stripped."""
    mapping = table.mapping
    fields: dict[str, Any] = {}
    pairs = mapping.columns.items() if mapping.columns else ((name, name) for name in field_names(mapping.table))
    for column, field in pairs:
        value = _present(cells.get(column))
        if value is not None:
            fields[field] = value
    for field, pieces in mapping.templates.items():
        parts = [(text, _present(cells.get(column)) if column else "") for text, column in pieces]
        if all(part is not None for _, part in parts):
            fields[field] = "".join(f"{text}{part}" for text, part in parts)
    for field, constant in mapping.constants.items():
        fields.setdefault(field, constant)
    for field, renamed in mapping.values.items():
        if field in fields:
            fields[field] = renamed.get(str(fields[field]), renamed.get("*", fields[field]))
    return fields


def _present(value: object) -> object | None:
    if isinstance(value, str):
        return value.strip() or None
    return value


def _check_schema(table: str, cells: dict[str, object]) -> None:
    stated = cells.get("schema")
    if isinstance(stated, str) and stated.startswith("bwc-") and stated != SCHEMA_OF_TABLE[table]:
        raise RowRefused(
            "schema", RejectReason.BAD_VALUE, f"read here as {SCHEMA_OF_TABLE[table]}, but says {stated}", stated
        )


def _read_times(table: MappedTable, fields: dict[str, Any], cells: dict[str, object]) -> bool:
    """Replaces the texts of times by aware times; derives the length where the mapping says so. True: ambiguous."""
    mapping = table.mapping
    is_ambiguous = False
    for field in time_fields(mapping.table):
        if field in fields:
            try:
                at, is_double = read_time(fields[field], table.zone, mapping.time_format)
            except TimeRefused as refusal:
                raise RowRefused(field, refusal.reason, refusal.detail, fields[field]) from refusal
            fields[field] = at
            is_ambiguous |= is_double
    if mapping.duration_between is not None and "duration_s" not in fields:
        start, end = (_present(cells.get(column_name(name))) for name in mapping.duration_between)
        if start is not None and end is not None:
            fields["duration_s"] = _derived_length_s(table, start, end)
    return is_ambiguous


def _derived_length_s(table: MappedTable, start: object, end: object) -> float:
    try:
        first = read_time(start, table.zone, table.mapping.time_format)
        last = read_time(end, table.zone, table.mapping.time_format)
    except TimeRefused as refusal:
        raise RowRefused("duration_s", refusal.reason, f"length from two times: {refusal.detail}", end) from refusal
    return length_between(first, last).total_seconds()


def _refusal(fault: ValidationError, fields: dict[str, Any]) -> RowRefused:
    """The first problem that the model found, in the project's classes."""
    problem = fault.errors(include_url=False, include_context=False)[0]
    field = str(problem["loc"][0]) if problem["loc"] else ""
    if problem["type"] == "missing":
        return RowRefused(field, RejectReason.MISSING_VALUE, f"{field} is missing")
    if is_identifier(field):
        reason = RejectReason.BAD_IDENTIFIER
    elif is_length(field):
        reason = RejectReason.BAD_LENGTH
    elif isinstance(fields.get(field), datetime):
        reason = RejectReason.BAD_TIME
    else:
        reason = RejectReason.BAD_VALUE
    return RowRefused(field, reason, str(problem["msg"]), fields.get(field, ""))


def _us(at: datetime | None) -> int | None:
    return None if at is None else us_of(at)


def _length_us(seconds: float | None) -> int | None:
    return None if seconds is None else us_of_seconds(seconds)


def _check_order(start: datetime | None, end: datetime | None, field: str) -> None:
    if start is not None and end is not None and end <= start:
        raise RowRefused(field, RejectReason.BAD_TIME, f"{field} is not after its beginning", end.isoformat())


def video_key(stated: str | None, reading: Reading) -> str | None:
    """The key of the video that footage metadata describe, relative to the source.

    A bare file name lies in the folder of the file that states it; nothing stated: the video beside a sidecar, if listed.
    Raises ``RowRefused`` for a key that leaves the source.
    """
    if stated is None:
        return reading.sibling_video
    key = stated.removeprefix("./").lstrip("/")
    if any(part in ("", ".", "..") for part in key.split("/")):
        raise RowRefused("object_key", RejectReason.BAD_IDENTIFIER, "a key stays inside its source", stated)
    folder, slash, _ = reading.file.rpartition("/")
    return key if "/" in key else f"{folder}{slash}{key}"


def _segment(row: FootageRow, reading: Reading, ref: RowRef, is_ambiguous: bool) -> tuple[Record, ...]:
    duration_us = us_of_seconds(row.duration_s)
    if duration_us <= 0:
        raise RowRefused("duration_s", RejectReason.BAD_LENGTH, "shorter than a microsecond", row.duration_s)
    segment = Segment(
        footage_id=row.footage_id,
        device_id=row.device_id,
        media_started_us=us_of(row.media_started_at),
        duration_us=duration_us,
        row=ref,
        object_key=video_key(row.object_key, reading),
        officer_id=row.officer_id,
        device_model=row.device_model,
        recording_id=row.recording_id,
        segment_no=row.segment_no,
        sequence_no=row.sequence_no,
        activated_us=_us(row.activated_at),
        deactivated_us=_us(row.deactivated_at),
        pre_event_buffer_us=_length_us(row.pre_event_buffer_s),
        uploaded_us=_us(row.uploaded_at),
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        incident_ids=row.incident_ids,
        categories=row.categories,
        retention_until_us=_us(row.retention_until),
        deleted_us=_us(row.deleted_at),
        status=row.status,
        precision_us=reading.table.precision_us,
        is_ambiguous=is_ambiguous,
    )
    return (segment,)


def _incident(row: IncidentRow, reading: Reading, ref: RowRef, is_ambiguous: bool) -> tuple[Record, ...]:
    incident = Incident(
        incident_id=row.incident_id,
        call_type=row.call_type,
        opened_us=us_of(row.opened_at),
        row=ref,
        priority=row.priority,
        closed_us=_us(row.closed_at),
        area=row.area,
        call_disposition_code=row.call_disposition_code,
        tags=row.tags,
        precision_us=reading.table.precision_us,
        is_ambiguous=is_ambiguous,
    )
    return (incident,)


def _assignments(row: AssignmentRow, reading: Reading, ref: RowRef, is_ambiguous: bool) -> tuple[Record, ...]:
    return tuple(
        Assignment(
            incident_id=row.incident_id,
            officer_id=officer_id,
            row=ref,
            unit_id=row.unit_id,
            dispatched_us=_us(row.dispatched_at),
            en_route_us=_us(row.en_route_at),
            on_scene_us=_us(row.on_scene_at),
            cleared_us=_us(row.cleared_at),
            is_cancelled=row.cancelled,
            precision_us=reading.table.precision_us,
            is_ambiguous=is_ambiguous,
        )
        for officer_id in dict.fromkeys(row.officer_id)
    )


def _officer(row: OfficerRow, reading: Reading, ref: RowRef, is_ambiguous: bool) -> tuple[Record, ...]:
    _check_order(row.active_from, row.active_to, "active_to")
    _check_order(row.camera_from, row.camera_to, "camera_to")
    active = (_us(row.active_from), _us(row.active_to))
    camera = (_us(row.camera_from), _us(row.camera_to))
    return (Officer(row.officer_id, row.unit, ref, row.role, *active, *camera),)


def _device(row: DeviceRow, reading: Reading, ref: RowRef, is_ambiguous: bool) -> tuple[Record, ...]:
    lengths = (_length_us(row.configured_buffer_s), _length_us(row.segment_cap_s))
    return (Device(row.device_id, row.model, ref, row.vendor, *lengths, row.overlay_zone),)


def _holding(row: HolderRow, reading: Reading, ref: RowRef, is_ambiguous: bool) -> tuple[Record, ...]:
    _check_order(row.held_from, row.held_to, "held_to")
    return (Holding(row.device_id, row.officer_id, us_of(row.held_from), ref, _us(row.held_to)),)


def _exemption(row: ExemptionRow, reading: Reading, ref: RowRef, is_ambiguous: bool) -> tuple[Record, ...]:
    _check_order(row.from_, row.to, "to")
    span = (_us(row.from_), _us(row.to))
    return (Exemption(row.officer_id, row.reason_code, ref, row.incident_id, *span, row.approved_by, row.note),)


def _device_event(row: DeviceEventRow, reading: Reading, ref: RowRef, is_ambiguous: bool) -> tuple[Record, ...]:
    if row.event is DeviceEventKind.CLOCK_CHECK and not _is_seconds(row.value):
        raise RowRefused("value", RejectReason.BAD_VALUE, "a clock check needs its offset in seconds", row.value or "")
    return (DeviceEvent(row.device_id, us_of(row.at), row.event, ref, row.value),)


def _is_seconds(text: str | None) -> bool:
    try:
        return abs(float(text or "")) < 4e9  # false for NaN and for clocks more than 126 years off
    except ValueError:
        return False


_BUILDERS: dict[str, Callable[[Any, Reading, RowRef, bool], tuple[Record, ...]]] = {
    "footage": _segment,
    "incidents": _incident,
    "assignments": _assignments,
    "officers": _officer,
    "devices": _device,
    "holders": _holding,
    "exemptions": _exemption,
    "device_events": _device_event,
}
