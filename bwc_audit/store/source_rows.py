"""Rows of the sources out of the store, by period in one fixed order, or by what they say.

Which rows are true or belong together is decided elsewhere; here a row keeps its file and line.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlmodel import Session

from bwc_audit.domain.chunks import EVENT_MARGIN_US
from bwc_audit.domain.coverage import Int
from bwc_audit.domain.event_table import EventTable
from bwc_audit.domain.records import (
    LONGEST_SEGMENT_US,
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
from bwc_audit.domain.segment_table import FIELDS, Coded, SegmentTable, TableBuilder
from bwc_audit.domain.times import DAY_US, Span
from bwc_audit.store.bulk import chunks, is_one_of
from bwc_audit.store.columns import Stored
from bwc_audit.store.named_videos import videos_in_question
from bwc_audit.store.raw_rows import raw, raw_batches
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

#: Other calls this far around the period tie the clocks of its cameras.
CLOCK_MARGIN_US = DAY_US

#: A stretch of more than this share of the time in which segments came in is read without the index on their start: a row
#: found by it costs ten times as much as a row passed over.
MOST_BY_INDEX = 1 / 12

_Record = TypeVar("_Record")

#: (field of ``Records``, its dataclass, its table)
KINDS: tuple[tuple[str, type[Any], type[Stored]], ...] = (
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
MODELS = {record_type: model for _, record_type, model in KINDS}
_TUPLES = frozenset({"incident_ids", "categories", "tags"})
_ENUMS: dict[tuple[type[Any], str], Any] = {
    (DeviceEvent, "event"): DeviceEventKind,
    (RejectedRow, "reason"): RejectReason,
}


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
    which a part lies within ``margin_us`` of the period, or that were uploaded then (a camera whose clock is months off
    tells a time far away); assignments of other incidents with an arrival within a day of the period; device events
    within 14 days of it.
    """
    files = _Files.of(session, source)
    event = table_of(DeviceEventRow).c
    segments = _load_segments(session, files, Span(period.start_us - margin_us, period.end_us + margin_us))
    wanted: dict[str, ColumnElement[bool]] = {
        "incidents": _incidents_wanted(period, incident_id),
        "assignments": _assignments_wanted(source, period, incident_id),
    }
    is_logged = event.at_us.between(period.start_us - EVENT_MARGIN_US, period.end_us + EVENT_MARGIN_US)
    loaded: dict[str, Any] = {
        name: _load(session, files, record_type, model, wanted.get(name))
        for name, record_type, model in KINDS
        if name not in ("segments", "device_events")
    }
    on_scene_us = table_of(AssignmentRow).c.on_scene_us
    is_near = on_scene_us.between(period.start_us - CLOCK_MARGIN_US, period.end_us + CLOCK_MARGIN_US)
    is_beside = is_near & ~func.coalesce(wanted["assignments"], false())
    beside = _load(session, files, Assignment, AssignmentRow, is_beside)
    is_theirs = is_one_of(session, table_of(IncidentRow).c.incident_id, {one.incident_id for one in beside})
    return Records(
        segments=segments,
        objects=videos_in_question(session, source, {key for key in segments.object_key if key is not None}),
        device_events=_load_events(session, files, is_logged),
        beside=beside,
        incidents_beside=_load(session, files, Incident, IncidentRow, is_theirs),
        **loaded,
    )


def count_incidents(session: Session, period: Span) -> int:
    """How many incidents were opened in a period, of all sources together: a measure of the work, not an answer."""
    query = select(func.count()).select_from(table_of(IncidentRow)).where(_incidents_wanted(period, None))
    return session.connection().scalar(query) or 0


def load_devices(session: Session, source: str, device_ids: Collection[str]) -> tuple[Device, ...]:
    """Rows of the register of cameras, of these cameras (a few hundred at most)."""
    return RowsOfSource.of(session, source).records(Device, table_of(DeviceRow).c.device_id.in_(device_ids))


def load_device_events(session: Session, source: str, device_ids: Collection[str], around: Span) -> tuple[DeviceEvent, ...]:
    """Entries of the logs of these cameras (a few hundred at most) in an interval."""
    table = table_of(DeviceEventRow).c
    wanted = table.device_id.in_(device_ids) & table.at_us.between(around.start_us, around.end_us)
    return RowsOfSource.of(session, source).records(DeviceEvent, wanted)


@dataclass(frozen=True, slots=True)
class RowsOfSource:
    """Rows of one source as a session sees them, asked for by what they say and not file by file: a source may have a
    million files. ``has_others``: the database holds other sources too."""

    session: Session
    source: str
    has_others: bool

    @staticmethod
    def of(session: Session, source: str) -> RowsOfSource:
        file = table_of(SourceFileRow).c
        other = or_(*(exists(select(file.file_id).where(one)) for one in (file.source < source, file.source > source)))
        return RowsOfSource(session, source, bool(session.connection().scalar(select(other))))

    def holds(self, record_type: type[Any]) -> ColumnElement[bool]:
        """Whether a row of a kind was read from a file of the source."""
        if not self.has_others:
            return true()
        file = table_of(SourceFileRow).c
        return exists().where(file.file_id == table_of(MODELS[record_type]).c.file_id, file.source == self.source)

    def records(self, record_type: type[_Record], wanted: ColumnElement[bool]) -> tuple[_Record, ...]:
        """The records of a kind that ``wanted`` (of the columns of its table) picks, by file and place in it."""
        rows = list(_rows(self.session, _columns_of(record_type).where(wanted, self.holds(record_type))))
        return _made(rows, record_type, _Files.among(self.session, self.source, {row[0] for row in rows}))

    def segments(self, around: Span, wanted: ColumnElement[bool]) -> SegmentTable:
        """Segments of which a part lies in ``around``, and those that came in then, that ``wanted`` picks."""
        builder = TableBuilder(_SEGMENT_COLUMNS)
        columns = select(*(raw(table_of(SegmentRow).c[name]) for name in _SEGMENT_COLUMNS))
        for lies_there in segments_around(self.session, around):
            for batch in raw_batches(self.session, columns.where(lies_there, wanted, self.holds(Segment))):
                builder.add(batch)
        file_ids = set(builder.numbers("file_id").tolist())
        return _segment_table(builder, _Files.among(self.session, self.source, file_ids))


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a source by their number, and their rank by key. ``has_others``: the database holds other sources too."""

    source: str
    key_of: dict[int, str]
    rank_of: Int
    has_others: bool

    @staticmethod
    def of(session: Session, source: str) -> _Files:
        file = table_of(SourceFileRow).c
        rows = session.connection().execute(select(file.file_id, file.key, file.source)).all()
        key_of = {file_id: key for file_id, key, of_source in rows if of_source == source}
        return _Files(source, key_of, _ranks(key_of), len(key_of) < len(rows))

    @staticmethod
    def among(session: Session, source: str, file_ids: Collection[int]) -> _Files:
        """Those with these numbers."""
        file = table_of(SourceFileRow).c
        key_of: dict[int, str] = {}
        for chunk in chunks(sorted(file_ids), 500):
            query = select(file.file_id, file.key).where(file.file_id.in_(chunk))
            key_of |= {row.file_id: row.key for row in session.connection().execute(query)}
        return _Files(source, key_of, _ranks(key_of), has_others=False)

    def only(self, query: Select[Any], model: type[Stored]) -> Select[Any]:
        """The query for rows of this source."""
        if not self.has_others:
            return query
        file = table_of(SourceFileRow).c
        return query.where(table_of(model).c.file_id.in_(select(file.file_id).where(file.source == self.source)))


def _ranks(key_of: dict[int, str]) -> Int:
    """For each number of a file its rank by key."""
    rank_of = np.zeros(max(key_of, default=0) + 1, np.int64)
    rank_of[sorted(key_of, key=key_of.__getitem__)] = np.arange(len(key_of))
    return rank_of


_SEGMENT_COLUMNS = ("file_id", "ordinal", "line", *FIELDS)


def _load_segments(session: Session, files: _Files, around: Span) -> SegmentTable:
    columns = select(*(raw(table_of(SegmentRow).c[name]) for name in _SEGMENT_COLUMNS))
    builder = TableBuilder(_SEGMENT_COLUMNS)
    for lies_there in segments_around(session, around):
        for batch in raw_batches(session, files.only(columns.where(lies_there), SegmentRow)):
            builder.add(batch)
    return _segment_table(builder, files)


def segments_around(session: Session, around: Span) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Which segments have a part in ``around``, and which others came in then: a clock far off puts them elsewhere."""
    table = table_of(SegmentRow)
    started_us = table.c.media_started_us
    # None is longer than the longest, so what began earlier has ended: the index on the start finds the rest. It does not
    # help where much of the table is wanted: rows are then read in the order in which they lie.
    bounded_us = started_us + 0 if _is_much(session, around) else started_us
    lies_there = and_(
        bounded_us > around.start_us - LONGEST_SEGMENT_US,
        bounded_us < around.end_us,
        started_us + table.c.duration_us > around.start_us,
    )
    came_then = table.c.uploaded_us.between(around.start_us, around.end_us)
    return lies_there, and_(came_then, ~lies_there)


def _is_much(session: Session, around: Span) -> bool:
    """Whether ``around`` is much of all the time that segments are of."""
    # By the clock of the server: a single camera that believes in 1970 would make any stretch a small one.
    uploaded_us = table_of(SegmentRow).c.uploaded_us
    first, last = (select(of(uploaded_us)).scalar_subquery() for of in (func.min, func.max))  # each the end of an index
    first_us, last_us = session.connection().execute(select(first, last)).one()
    return first_us is not None and around.length_us > MOST_BY_INDEX * (last_us - first_us)


def _segment_table(builder: TableBuilder, files: _Files) -> SegmentTable:
    """All that was gathered, by file and place in it."""
    file_id = builder.numbers("file_id")
    rank = files.rank_of[file_id]
    order = np.lexsort((builder.numbers("ordinal"), rank))
    keys = tuple(sorted(files.key_of.values()))
    return builder.table(Coded(rank, keys), order, dict.fromkeys(_TUPLES, _as_tuple))


def _as_tuple(document: str) -> tuple[str, ...]:
    return tuple(json.loads(document))


def _rows(session: Session, query: Select[Any]) -> Iterator[Sequence[Any]]:
    return (row for batch in raw_batches(session, query) for row in batch)


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
    opened_then = select(incident.c.incident_id).where(
        _incidents_wanted(period, None), incident.c.file_id.in_(select(file.c.file_id).where(file.c.source == source))
    )
    first_us = func.coalesce(assignment.dispatched_us, assignment.en_route_us, assignment.on_scene_us, assignment.cleared_us)
    is_orphan = ~exists().where(same)
    begins_then = (first_us >= period.start_us) & (first_us < period.end_us)
    return or_(assignment.incident_id.in_(opened_then), begins_then & is_orphan)


def _load(
    session: Session, files: _Files, record_type: type[_Record], model: type[Stored], wanted: ColumnElement[bool] | None
) -> tuple[_Record, ...]:
    query = _columns_of(record_type)
    if wanted is not None:
        query = query.where(wanted)
    return _made(list(_rows(session, files.only(query, model))), record_type, files)


def _load_events(session: Session, files: _Files, wanted: ColumnElement[bool]) -> EventTable:
    rows = list(_rows(session, files.only(_columns_of(DeviceEvent).where(wanted), DeviceEventRow)))
    if not rows:
        return EventTable.of(())
    file_id, ordinal, line, device_id, at_us, kind, value = zip(*rows, strict=True)
    rank = files.rank_of[np.array(file_id, np.int64)]
    order = np.lexsort((np.array(ordinal, np.int64), rank))
    spelt = Coded.of(kind)
    return EventTable(
        Coded(rank[order], tuple(sorted(files.key_of.values()))),
        np.array(line, np.int64)[order],
        Coded.of(device_id).taken(order),
        np.array(at_us, np.int64)[order],
        Coded(spelt.code[order], tuple(map(DeviceEventKind, spelt.values))),
        [value[place] for place in order.tolist()],
    )


def _columns_of(record_type: type[Any]) -> Select[Any]:
    table = table_of(MODELS[record_type])
    plain = [field.name for field in fields(record_type) if field.name != "row"]
    return select(table.c.file_id, table.c.ordinal, table.c.line, *(raw(table.c[name]) for name in plain))


def _made(rows: list[Sequence[Any]], record_type: type[_Record], files: _Files) -> tuple[_Record, ...]:
    """Records of rows, by file and place in it."""
    if not rows:
        return ()
    rank_of = files.rank_of.tolist()
    rows.sort(key=lambda row: (rank_of[row[0]], row[1]))
    file_ids, _, lines, *columns = zip(*rows, strict=True)
    names = [field.name for field in fields(record_type)]  # type: ignore[arg-type]  # all are dataclasses
    row_at = names.index("row")
    refs = map(RowRef, map(files.key_of.__getitem__, file_ids), lines)
    plain = map(partial(_converted, record_type), (*names[:row_at], *names[row_at + 1 :]), columns)
    values: list[Iterable[Any]] = list(plain)
    return tuple(map(record_type, *values[:row_at], refs, *values[row_at:]))


def _converted(record_type: type[Any], name: str, column: Sequence[Any]) -> Iterable[Any]:
    """The driver's values of a field as those of the record; each different document is read once."""
    if name in _TUPLES:
        return map(lru_cache(maxsize=100_000)(_as_tuple), column)
    if (record_type, name) in _ENUMS:
        return map({kind.value: kind for kind in _ENUMS[record_type, name]}.__getitem__, column)
    return map(bool, column) if name.startswith("is_") else column
