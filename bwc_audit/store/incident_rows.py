"""The rows that one incident's decision may look at, found by way of its officers and their cameras.

A night looks at everything around it anyway; the re-run of one incident of a large force would read a hundred times what
can matter. What can is decided in ``domain.bearing``; the answers are those that all rows would give.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, select, true
from sqlmodel import Session

from bwc_audit.domain.bearing import Held, Marks, Meaning, cameras_bearing
from bwc_audit.domain.chunks import EVENT_MARGIN_US
from bwc_audit.domain.identity import Roster
from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    Exemption,
    Holding,
    Incident,
    Officer,
    Records,
    RejectedRow,
    Segment,
)
from bwc_audit.domain.segment_table import SegmentTable
from bwc_audit.domain.times import Span
from bwc_audit.store.bulk import is_one_of
from bwc_audit.store.columns import Stored
from bwc_audit.store.named_videos import videos_in_question
from bwc_audit.store.raw_rows import raw_batches
from bwc_audit.store.source_rows import CLOCK_MARGIN_US, RowsOfSource, segments_around
from bwc_audit.store.tables import (
    AssignmentRow,
    DeviceEventRow,
    DeviceRow,
    ExemptionRow,
    HoldingRow,
    IncidentRow,
    SegmentRow,
    table_of,
)


def load_incident(session: Session, source: str, incident_id: str) -> tuple[tuple[Incident, ...], tuple[Assignment, ...]]:
    """The rows of an incident and its assignments, by file and place in it."""
    return _incident(RowsOfSource.of(session, source), incident_id)


def load_incident_records(session: Session, source: str, incident_id: str, period: Span, *, margin_us: int) -> Records:
    """As ``load_records`` for one incident, without the segments, log entries, holdings, exemptions and calls of cameras and
    officers that do not bear on it; all officers and rejected rows."""
    rows = RowsOfSource.of(session, source)
    incidents, assignments = _incident(rows, incident_id)
    officers = rows.records(Officer, true())
    meaning = Meaning(Roster(officers))
    ours = {meaning.of(row.officer_id) for row in assignments}
    around = Span(period.start_us - margin_us, period.end_us + margin_us)
    cameras = cameras_bearing(ours, _held(rows), _marks(rows, incident_id, around), meaning, around)
    segment, holding, event, device = (table_of(row).c for row in (SegmentRow, HoldingRow, DeviceEventRow, DeviceRow))
    segments = rows.segments(around, is_one_of(session, segment.device_id, cameras))
    holdings = rows.records(Holding, is_one_of(session, holding.device_id, cameras))
    exempted = is_one_of(session, table_of(ExemptionRow).c.officer_id, _spelt(rows, Exemption, true(), ours, meaning))
    is_logged = event.at_us.between(period.start_us - EVENT_MARGIN_US, period.end_us + EVENT_MARGIN_US)
    beside = _beside(rows, incident_id, period, _met(segments, holdings, meaning), meaning)
    their_id = table_of(IncidentRow).c.incident_id
    return Records(
        segments=segments,
        objects=videos_in_question(session, source, {key for key in segments.object_key if key is not None}),
        incidents=incidents,
        assignments=assignments,
        officers=officers,
        devices=rows.records(Device, is_one_of(session, device.device_id, cameras)),
        holdings=holdings,
        exemptions=rows.records(Exemption, exempted),
        device_events=rows.records(DeviceEvent, is_logged & is_one_of(session, event.device_id, cameras)),
        rejected=rows.records(RejectedRow, true()),
        beside=beside,
        incidents_beside=rows.records(Incident, is_one_of(session, their_id, {one.incident_id for one in beside})),
    )


def _incident(rows: RowsOfSource, incident_id: str) -> tuple[tuple[Incident, ...], tuple[Assignment, ...]]:
    return (
        rows.records(Incident, table_of(IncidentRow).c.incident_id == incident_id),
        rows.records(Assignment, table_of(AssignmentRow).c.incident_id == incident_id),
    )


def _held(rows: RowsOfSource) -> list[Held]:
    """Which camera whoever held, ever."""
    holding = table_of(HoldingRow).c
    columns = (holding.device_id, holding.officer_id, holding.held_from_us, holding.held_to_us)
    query = select(*columns).where(rows.holds(Holding))
    return [Held(*row) for batch in raw_batches(rows.session, query) for row in batch]


def _marks(rows: RowsOfSource, incident_id: str, around: Span) -> Marks:
    segment = table_of(SegmentRow).c
    # As it is written in the list; a database that does not tell case apart finds more.
    is_tagged = cast(segment.incident_ids, Text).contains(json.dumps(incident_id), autoescape=True)
    columns = (segment.device_id, segment.officer_id, segment.footage_id, segment.recording_id, segment.sha256, is_tagged)
    queries = [
        select(*columns).where(lies_there, rows.holds(Segment)) for lies_there in segments_around(rows.session, around)
    ]
    found = [row for query in queries for batch in raw_batches(rows.session, query) for row in batch]
    return Marks(*(zip(*found, strict=True) if found else [()] * len(columns)))


def _met(segments: SegmentTable, holdings: Collection[Holding], meaning: Meaning) -> set[str]:
    """The officers whose recordings these may be."""
    return {meaning.of(one) for one in (*segments.officer_id.values, *(row.officer_id for row in holdings)) if one}


def _beside(
    rows: RowsOfSource, incident_id: str, period: Span, officers: Collection[str], meaning: Meaning
) -> tuple[Assignment, ...]:
    """Calls of that time of the officers whose recordings those may be."""
    assignment = table_of(AssignmentRow).c
    around = (period.start_us - CLOCK_MARGIN_US, period.end_us + CLOCK_MARGIN_US)
    near = assignment.on_scene_us.between(*around) & (assignment.incident_id != incident_id)
    spelt = _spelt(rows, Assignment, near, officers, meaning)
    return rows.records(Assignment, near & is_one_of(rows.session, assignment.officer_id, spelt))


def _spelt(
    rows: RowsOfSource, record_type: type[Any], wanted: ColumnElement[bool], officers: Collection[str], meaning: Meaning
) -> list[str]:
    """How rows of a kind spell these officers."""
    tables: dict[type[Any], type[Stored]] = {Exemption: ExemptionRow, Assignment: AssignmentRow}
    query = select(table_of(tables[record_type]).c.officer_id).where(wanted, rows.holds(record_type)).distinct()
    return meaning.spelt((one for batch in raw_batches(rows.session, query) for (one,) in batch), officers)
