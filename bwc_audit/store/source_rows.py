"""Rows of the sources in and out of the store: written file by file, read by period in one fixed order.

Which rows are true or belong together is decided elsewhere; here a row keeps its file and line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, or_, select, update
from sqlmodel import Session

from bwc_audit.domain.record_columns import RecordColumns, columns_of
from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    DeviceEventKind,
    Exemption,
    Holding,
    Incident,
    Officer,
    Records,
    RejectedRow,
    RejectReason,
    RowRef,
    Segment,
    StoredObject,
)
from bwc_audit.domain.times import DAY_US, Span
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.store.bulk import chunks, insert_columns, insert_rows
from bwc_audit.store.columns import Stored
from bwc_audit.store.tables import (
    AssignmentRow,
    DeviceEventRow,
    DeviceRow,
    ExemptionRow,
    HoldingRow,
    IncidentRow,
    OfficerRow,
    RejectedRowRow,
    SegmentRow,
    SourceFileRow,
    VideoObjectRow,
    table_of,
)

#: Device logs are read this far around the period: dock checks and docks before and after it.
EVENT_MARGIN_US = 14 * DAY_US

_Record = TypeVar("_Record")

#: (field of ``Records``, its dataclass, its table)
_KINDS: tuple[tuple[str, type[Any], type[Stored]], ...] = (
    ("segments", Segment, SegmentRow),
    ("incidents", Incident, IncidentRow),
    ("assignments", Assignment, AssignmentRow),
    ("officers", Officer, OfficerRow),
    ("devices", Device, DeviceRow),
    ("holdings", Holding, HoldingRow),
    ("exemptions", Exemption, ExemptionRow),
    ("device_events", DeviceEvent, DeviceEventRow),
    ("rejected", RejectedRow, RejectedRowRow),
)
_MODELS = {record_type: model for _, record_type, model in _KINDS}
_TUPLES = frozenset({"incident_ids", "categories", "tags"})
_ENUMS: dict[tuple[type[Any], str], Any] = {
    (DeviceEvent, "event"): DeviceEventKind,
    (RejectedRow, "reason"): RejectReason,
}


class FileMark(NamedTuple):
    """What tells whether a file is still the one that was read."""

    etag: str
    size_bytes: int


def known_files(session: Session, source: str) -> dict[str, FileMark]:
    """For each file of the source that was read: its mark at that time."""
    file = table_of(SourceFileRow).c
    rows = session.connection().execute(
        select(file.key, file.etag, file.size_bytes).where(file.source == source).order_by(file.key)
    )
    return {key: FileMark(etag, size) for key, etag, size in rows}


def replace_file(
    session: Session,
    source: str,
    stat: ObjectStat,
    records: Records,
    rejected: Sequence[RejectedRow] = (),
    *,
    read_at_us: int,
) -> None:
    """Store exactly these rows as the content of one file; what was read from it before goes.

    ``records.objects`` is not looked at; ``rejected`` is added to ``records.rejected``.
    """
    kinds = [(each, getattr(records, name)) for name, each, _ in _KINDS if name != "rejected"]
    columns = [columns_of(record_type, rows, stat.key) for record_type, rows in kinds if rows]
    replace_file_parts(session, source, stat, [(columns, (*records.rejected, *rejected))], read_at_us=read_at_us)


def replace_file_parts(
    session: Session,
    source: str,
    stat: ObjectStat,
    parts: Iterable[tuple[Sequence[RecordColumns], Sequence[RejectedRow]]],
    *,
    read_at_us: int,
) -> int:
    """As ``replace_file``, for a file that comes in parts, each written before the next is asked for; returns the file's
    number. All of it is one transaction, which the caller ends."""
    forget_files(session, source, (stat.key,))
    connection = session.connection()
    file = table_of(SourceFileRow)
    described = {"etag": stat.etag, "size_bytes": stat.size_bytes, "modified_us": stat.modified_us}
    new = insert(file).values(source=source, key=stat.key, read_at_us=read_at_us, accepted=0, rejected=0, **described)
    file_id = int(connection.execute(new.returning(file.c.file_id)).scalar_one())
    written: Counter[type[Any]] = Counter()
    for columns, rejected in parts:
        refused = [columns_of(RejectedRow, rejected, stat.key)] if rejected else []
        for each in (*columns, *refused):
            _insert_columns(session, file_id, written[each.record_type], each)
            written[each.record_type] += len(each)
    counts = {"accepted": written.total() - written[RejectedRow], "rejected": written[RejectedRow]}
    connection.execute(update(file).where(file.c.file_id == file_id).values(**counts))
    return file_id


def set_file_mark(session: Session, file_id: int, etag: str) -> None:
    """Change the mark by which a file is known, where reading it showed that it must be read again."""
    file = table_of(SourceFileRow)
    session.connection().execute(update(file).where(file.c.file_id == file_id).values(etag=etag))


def _insert_columns(session: Session, file_id: int, first: int, records: RecordColumns) -> None:
    count = len(records)
    own = {"file_id": [file_id] * count, "ordinal": range(first, first + count), "line": records.lines}
    insert_columns(session, table_of(_MODELS[records.record_type]), {**own, **records.columns})


def forget_files(session: Session, source: str, keys: Iterable[str]) -> int:
    """Remove files and all rows read from them; returns how many files there were."""
    file = table_of(SourceFileRow)
    count = 0
    for chunk in chunks(keys, 500):
        count += session.connection().execute(delete(file).where(file.c.source == source, file.c.key.in_(chunk))).rowcount
    return count


def replace_video_objects(session: Session, source: str, objects: Iterable[StoredObject]) -> None:
    """Set the video objects of the source to exactly these."""
    table = table_of(VideoObjectRow)
    session.connection().execute(delete(table).where(table.c.source == source))
    rows = ((source, item.object_key, item.size_bytes, item.etag, item.modified_us) for item in objects)
    insert_rows(session, table, ("source", "object_key", "size_bytes", "etag", "modified_us"), rows)


def load_video_objects(session: Session, source: str) -> tuple[StoredObject, ...]:
    """All video objects of the source by key."""
    table = table_of(VideoObjectRow).c
    rows = session.connection().execute(
        select(table.object_key, table.size_bytes, table.etag, table.modified_us)
        .where(table.source == source)
        .order_by(table.object_key)
    )
    return tuple(StoredObject(*row) for row in rows)


def load_records(session: Session, source: str, period: Span, *, margin_us: int, incident_id: str | None = None) -> Records:
    """What a decision about the period (or the one incident) may look at, by file and place in it.

    All officers, devices, holdings, exemptions and rejected rows; videos that a segment below names, and those that
    no segment names; incidents opened in the period, or
    ``incident_id`` alone; their assignments, and those without incident that have a time in the period; segments of
    which a part lies within ``margin_us`` of the period; device events within 14 days of it.
    """
    low, high = period.start_us - margin_us, period.end_us + margin_us
    segment, event = table_of(SegmentRow).c, table_of(DeviceEventRow).c
    wanted: dict[str, ColumnElement[bool]] = {
        "segments": (segment.media_started_us < high) & (segment.media_started_us + segment.duration_us > low),
        "incidents": _incidents_wanted(period, incident_id),
        "assignments": _assignments_wanted(source, period, incident_id),
        "device_events": event.at_us.between(period.start_us - EVENT_MARGIN_US, period.end_us + EVENT_MARGIN_US),
    }
    loaded = {name: _load(session, source, record_type, model, wanted.get(name)) for name, record_type, model in _KINDS}
    return Records(objects=_videos_in_question(session, source, wanted["segments"]), **loaded)


def _videos_in_question(session: Session, source: str, is_wanted: ColumnElement[bool]) -> tuple[StoredObject, ...]:
    """Videos that a wanted segment names, and those that no segment at all names, by key."""
    video, segment, file = table_of(VideoObjectRow), table_of(SegmentRow), table_of(SourceFileRow)
    naming = (
        select(segment.c.object_key)
        .join(file, segment.c.file_id == file.c.file_id)
        .where(file.c.source == source, segment.c.object_key.is_not(None))
    )
    named_now, named_ever = naming.where(is_wanted), naming
    rows = session.connection().execute(
        select(video.c.object_key, video.c.size_bytes, video.c.etag, video.c.modified_us)
        .where(video.c.source == source)
        .where(or_(video.c.object_key.in_(named_now), video.c.object_key.not_in(named_ever)))
        .order_by(video.c.object_key)
    )
    return tuple(StoredObject(*row) for row in rows)


def _incidents_wanted(period: Span, incident_id: str | None) -> ColumnElement[bool]:
    incident = table_of(IncidentRow).c
    if incident_id is not None:
        return incident.incident_id == incident_id
    return (incident.opened_us >= period.start_us) & (incident.opened_us < period.end_us)


def _assignments_wanted(source: str, period: Span, incident_id: str | None) -> ColumnElement[bool]:
    assignment, incident, file = table_of(AssignmentRow).c, table_of(IncidentRow), table_of(SourceFileRow)
    if incident_id is not None:
        return assignment.incident_id == incident_id
    same = (incident.c.incident_id == assignment.incident_id) & (
        incident.c.file_id.in_(select(file.c.file_id).where(file.c.source == source))
    )
    is_opened_in_period = exists().where(same, _incidents_wanted(period, None))
    first_us = func.coalesce(assignment.dispatched_us, assignment.en_route_us, assignment.on_scene_us, assignment.cleared_us)
    is_orphan = ~exists().where(same)
    return or_(is_opened_in_period, is_orphan & (first_us >= period.start_us) & (first_us < period.end_us))


def _load(
    session: Session, source: str, record_type: type[_Record], model: type[Stored], wanted: ColumnElement[bool] | None
) -> tuple[_Record, ...]:
    table, file = table_of(model), table_of(SourceFileRow)
    names = [field.name for field in fields(record_type)]  # type: ignore[arg-type]  # all are dataclasses
    columns = [file.c.key if name == "row" else table.c[name] for name in names]
    query: Select[Any] = (
        select(*columns, table.c.line)
        .join_from(table, file, table.c.file_id == file.c.file_id)
        .where(file.c.source == source)
        .order_by(file.c.key, table.c.ordinal)
    )
    if wanted is not None:
        query = query.where(wanted)
    convert = _conversions(record_type, names)
    row_at = names.index("row")
    loaded = []
    for found in session.connection().execute(query):
        values = list(found)
        values[row_at] = RowRef(values[row_at], values.pop())
        for place, conversion in convert:
            values[place] = conversion(values[place])
        loaded.append(record_type(*values))
    return tuple(loaded)


def _conversions(record_type: type[Any], names: Sequence[str]) -> tuple[tuple[int, Any], ...]:
    return tuple(
        (place, tuple if name in _TUPLES else _ENUMS[record_type, name])
        for place, name in enumerate(names)
        if name in _TUPLES or (record_type, name) in _ENUMS
    )
