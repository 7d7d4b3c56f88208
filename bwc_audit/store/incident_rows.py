"""The rows that one incident's decision may look at, found by way of its officers and their cameras.

A night looks at everything around it anyway; the re-run of one incident of a large force would read a hundred times what
can matter. What can is decided in ``domain.bearing``; the answers are those that all rows would give.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, or_, select, true
from sqlmodel import Session

from bwc_audit.domain.bearing import Marks, Meaning, cameras_bearing
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
from bwc_audit.store.source_rows import CLOCK_MARGIN_US, is_of_source, load_some, load_some_segments, segments_around
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
    return (
        load_some(session, source, Incident, table_of(IncidentRow).c.incident_id == incident_id),
        load_some(session, source, Assignment, table_of(AssignmentRow).c.incident_id == incident_id),
    )


def load_incident_records(session: Session, source: str, incident_id: str, period: Span, *, margin_us: int) -> Records:
    """As ``load_records`` for one incident, without the segments, log entries, holdings, exemptions and calls of cameras and
    officers that do not bear on it; all officers and rejected rows."""
    incidents, assignments = load_incident(session, source, incident_id)
    officers = load_some(session, source, Officer, true())
    meaning = Meaning(Roster(officers))
    ours = {meaning.of(row.officer_id) for row in assignments}
    around = Span(period.start_us - margin_us, period.end_us + margin_us)
    cameras = _cameras(session, source, incident_id, ours, around, meaning)
    segment, holding, exemption = (table_of(row).c for row in (SegmentRow, HoldingRow, ExemptionRow))
    event, device = table_of(DeviceEventRow).c, table_of(DeviceRow).c
    segments = load_some_segments(session, source, around, is_one_of(session, segment.device_id, cameras))
    holders = _spelt(session, source, Holding, true(), ours, meaning)
    is_held = or_(is_one_of(session, holding.device_id, cameras), is_one_of(session, holding.officer_id, holders))
    holdings = load_some(session, source, Holding, is_held)
    exempted = _spelt(session, source, Exemption, true(), ours, meaning)
    is_logged = event.at_us.between(period.start_us - EVENT_MARGIN_US, period.end_us + EVENT_MARGIN_US)
    named = {key for key in segments.object_key if key is not None}
    return Records(
        segments=segments,
        objects=videos_in_question(session, source, named),
        incidents=incidents,
        assignments=assignments,
        officers=officers,
        devices=load_some(session, source, Device, is_one_of(session, device.device_id, cameras)),
        holdings=holdings,
        exemptions=load_some(session, source, Exemption, is_one_of(session, exemption.officer_id, exempted)),
        device_events=load_some(session, source, DeviceEvent, is_logged & is_one_of(session, event.device_id, cameras)),
        rejected=load_some(session, source, RejectedRow, true()),
        beside=_beside(session, source, incident_id, period, segments, {*ours, *_met(segments, holdings, meaning)}, meaning),
    )


def _cameras(
    session: Session, source: str, incident_id: str, ours: Collection[str], around: Span, meaning: Meaning
) -> frozenset[str]:
    segment, holding = table_of(SegmentRow).c, table_of(HoldingRow).c
    # As it is written in the list; a database that does not tell case apart finds more.
    is_tagged = cast(segment.incident_ids, Text).contains(json.dumps(incident_id), autoescape=True)
    columns = (segment.device_id, segment.officer_id, segment.footage_id, segment.recording_id, segment.sha256, is_tagged)
    of_source = is_of_source(session, source, Segment)
    queries = [select(*columns).where(lies_there, of_source) for lies_there in segments_around(around)]
    rows = [row for query in queries for batch in raw_batches(session, query) for row in batch]
    marks = Marks(*(zip(*rows, strict=True) if rows else [()] * len(columns)))
    held = select(holding.device_id, holding.officer_id).where(is_of_source(session, source, Holding)).distinct()
    pairs = [(device_id, officer_id) for batch in raw_batches(session, held) for device_id, officer_id in batch]
    return cameras_bearing(ours, pairs, marks, meaning)


def _met(segments: SegmentTable, holdings: Collection[Holding], meaning: Meaning) -> set[str]:
    """The officers whose recordings these may be."""
    return {meaning.of(one) for one in (*segments.officer_id.values, *(row.officer_id for row in holdings)) if one}


def _beside(
    session: Session,
    source: str,
    incident_id: str,
    period: Span,
    segments: SegmentTable,
    officers: Collection[str],
    meaning: Meaning,
) -> tuple[Assignment, ...]:
    """Calls of that time that the recordings carry the ids of, and all of the officers whose they may be."""
    assignment = table_of(AssignmentRow).c
    around = (period.start_us - CLOCK_MARGIN_US, period.end_us + CLOCK_MARGIN_US)
    near = assignment.on_scene_us.between(*around) & (assignment.incident_id != incident_id)
    tags = sorted({tag for entered in segments.incident_ids.values for tag in entered})
    spelt = _spelt(session, source, Assignment, near, officers, meaning)
    is_met = or_(is_one_of(session, assignment.incident_id, tags), is_one_of(session, assignment.officer_id, spelt))
    return load_some(session, source, Assignment, near & is_met)


def _spelt(
    session: Session,
    source: str,
    record_type: type[Any],
    wanted: ColumnElement[bool],
    officers: Collection[str],
    meaning: Meaning,
) -> list[str]:
    """How rows of a kind spell these officers."""
    tables: dict[type[Any], type[Stored]] = {Holding: HoldingRow, Exemption: ExemptionRow, Assignment: AssignmentRow}
    query = select(table_of(tables[record_type]).c.officer_id).where(wanted, is_of_source(session, source, record_type))
    return meaning.spelt(session.connection().scalars(query.distinct()), officers)
