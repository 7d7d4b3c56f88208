"""What a chunk cannot know from its own rows: where assignments without an incident begin, which incident ids stand twice,
whether there is footage at all, and up to when."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session

from bwc_audit.domain.times import Span
from bwc_audit.store.bulk import AT_ONCE, chunks, is_one_of
from bwc_audit.store.tables import AssignmentRow, IncidentRow, SegmentRow, SourceFileRow, table_of


def first_times(session: Session, source: str, period: Span, part: Span) -> dict[str, int]:
    """For each incident id that assignments name, that no row of the source describes, and that begins in ``part``: its
    first time in the period, so that all of it is judged where it begins."""
    assignment, incident, file = table_of(AssignmentRow), table_of(IncidentRow).c, table_of(SourceFileRow).c
    row = assignment.c
    files = select(file.file_id).where(file.source == source)
    first_us = func.coalesce(row.dispatched_us, row.en_route_us, row.on_scene_us, row.cleared_us)
    is_known = exists().where(incident.incident_id == row.incident_id, incident.file_id.in_(files))
    in_part = (
        select(row.incident_id)
        .where(row.file_id.in_(files), ~is_known, first_us >= part.start_us, first_us < part.end_us)
        .distinct()
    )
    ids = session.connection().scalars(in_part).all()
    found: dict[str, int] = {}
    for chunk in chunks(ids, 500):
        query = (
            select(row.incident_id, func.min(first_us).label("time_us"))
            .where(row.incident_id.in_(chunk), row.file_id.in_(files))
            .where(first_us >= period.start_us, first_us < period.end_us)
            .group_by(row.incident_id)
        )
        found |= {row.incident_id: row.time_us for row in session.connection().execute(query)}
    return found


def doubled_incidents(session: Session, source: str, incident_ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the incident ids that more than one row of the source describes."""
    return _incidents_having(session, source, incident_ids, func.count() > 1)


def contradicted_incidents(session: Session, source: str, incident_ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the incident ids that rows of the source give different times of opening."""
    opened_us = table_of(IncidentRow).c.opened_us
    return _incidents_having(session, source, incident_ids, func.min(opened_us) < func.max(opened_us))


def doubled_in(session: Session, source: str, period: Span | None) -> tuple[str, ...]:
    """The incident ids that more than one row of the source describes, one of them opened in the period (None: whenever)."""
    incident, file = table_of(IncidentRow).c, table_of(SourceFileRow).c
    files = select(file.file_id).where(file.source == source)
    query = (
        select(incident.incident_id)
        .where(incident.file_id.in_(files))
        .group_by(incident.incident_id)
        .having(func.count() > 1)
        .order_by(incident.incident_id)
    )
    if period is not None:
        is_inside = (incident.opened_us >= period.start_us) & (incident.opened_us < period.end_us)
        query = query.where(
            incident.incident_id.in_(select(incident.incident_id).where(is_inside, incident.file_id.in_(files)))
        )
    return tuple(session.connection().scalars(query))


def _incidents_having(
    session: Session, source: str, incident_ids: Iterable[str], condition: ColumnElement[bool]
) -> tuple[str, ...]:
    incident, file = table_of(IncidentRow).c, table_of(SourceFileRow).c
    files = select(file.file_id).where(file.source == source)
    found: list[str] = []
    for chunk in chunks(sorted(set(incident_ids)), AT_ONCE):
        query = (
            select(incident.incident_id)
            .where(is_one_of(session, incident.incident_id, chunk), incident.file_id.in_(files))
            .group_by(incident.incident_id)
            .having(condition)
        )
        found += session.connection().scalars(query)
    return tuple(sorted(found))


def first_footage(session: Session, source: str, period: Span) -> int | None:
    """When the first segment that starts in the period does so; None where none does."""
    segment, file = table_of(SegmentRow).c, table_of(SourceFileRow).c
    files = select(file.file_id).where(file.source == source)
    query = select(func.min(segment.media_started_us)).where(
        segment.file_id.in_(files), segment.media_started_us >= period.start_us, segment.media_started_us < period.end_us
    )
    start_us: int | None = session.connection().scalar(query)
    return start_us


def footage_until(session: Session, source: str, as_of_us: int) -> int | None:
    """Up to when the footage of the source has told by *as of*: its latest upload, or the end of a recording whose upload is
    not stated; None: it holds none by then."""
    segment, file = table_of(SegmentRow).c, table_of(SourceFileRow).c
    of_source = segment.file_id.in_(select(file.file_id).where(file.source == source))
    ended_us = segment.media_started_us + segment.duration_us
    uploaded_us = segment.uploaded_us
    # The last in the index, where a maximum would read every segment of the source; the sum keeps SQLite from its index on
    # files.
    is_ours = (segment.file_id + 0).in_(select(file.file_id).where(file.source == source))
    latest = (
        select(uploaded_us).where(is_ours, uploaded_us <= as_of_us).order_by(uploaded_us.desc()).limit(1),
        select(func.max(ended_us)).where(of_source, segment.uploaded_us.is_(None), ended_us <= as_of_us),
    )
    found = [time_us for query in latest if (time_us := session.connection().scalar(query)) is not None]
    return max(found, default=None)
