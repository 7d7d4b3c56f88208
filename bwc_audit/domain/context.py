"""Which rows a decision about some days must see besides those of the days themselves, so that a long period can be decided
in chunks of days and memory does not grow with it.

Decided from the same rows around it, an assignment has the same result in a chunk of one day as in a whole year: windows,
coverage, holders and clocks reach no further than the context. What may be said differently is what looks at everything
that was read: how far away the officer's nearest recording is (none within the context: none was found), recordings that
carry the incident's id further away, the first of several rows with one id or hash, and the neighbours in a camera's
numbering.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bwc_audit.domain.records import LONGEST_SEGMENT_US, Assignment, Records
from bwc_audit.domain.segment_table import SegmentTable
from bwc_audit.domain.times import DAY_US, Span

#: An assignment may last 24 hours, a segment begins at most 8 hours before, and a clock may be a zone off.
SEGMENT_CONTEXT_US = 2 * DAY_US
#: A clock is believed for a week from its last check; docks and switches before and after tell what happened since.
EVENT_CONTEXT_US = 14 * DAY_US


@dataclass(frozen=True, slots=True)
class Context:
    """The rows that a chunk needs. ``incidents``: those opened in it, with all their assignments, and assignments without
    incident that have their first time in it. ``segments``: those of which a part lies in it. ``segments_started``: the
    same, by their start alone. ``events``: device logs. Rosters, holders, exemptions and rejected rows: all of them."""

    incidents: Span
    segments: Span
    segments_started: Span
    events: Span


def context_of(chunk: Span) -> Context:
    """What a decision about the chunk may look at."""
    segments = _around(chunk, SEGMENT_CONTEXT_US)
    started = Span(segments.start_us - LONGEST_SEGMENT_US, segments.end_us)
    return Context(chunk, segments, started, _around(chunk, EVENT_CONTEXT_US))


def part_of(records: Records, chunk: Span) -> Records:
    """The rows, of a longer period, that a decision about the chunk may look at."""
    context = context_of(chunk)
    table = SegmentTable.of(records.segments)
    starts, ends = table.media_started_us, table.media_started_us + table.duration_us
    places = np.flatnonzero((starts < context.segments.end_us) & (ends > context.segments.start_us)).tolist()
    opened = {one.incident_id: chunk.start_us <= one.opened_us < chunk.end_us for one in records.incidents}
    events = context.events
    return replace(
        records,
        segments=tuple(table[place] for place in places),
        incidents=tuple(one for one in records.incidents if opened[one.incident_id]),
        assignments=tuple(one for one in records.assignments if opened.get(one.incident_id, _is_in(one, chunk))),
        device_events=tuple(one for one in records.device_events if events.start_us <= one.at_us <= events.end_us),
    )


def _is_in(row: Assignment, chunk: Span) -> bool:
    times = (row.dispatched_us, row.en_route_us, row.on_scene_us, row.cleared_us)
    first_us = next((time_us for time_us in times if time_us is not None), None)
    return first_us is not None and chunk.start_us <= first_us < chunk.end_us


def _around(chunk: Span, by_us: int) -> Span:
    return Span(chunk.start_us - by_us, chunk.end_us + by_us)
