"""One chunk of a run: its rows gathered, measured, decided, and what of that belongs to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlmodel import Session

from bwc_audit.audit.setup import Audit
from bwc_audit.domain.chunks import SEGMENT_MARGIN_US, Chunk, chunks_of, own_part
from bwc_audit.domain.coverage import Int
from bwc_audit.domain.decide import basis_of, decide
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.matching import Matching, match
from bwc_audit.domain.records import Assignment, Records, Segment
from bwc_audit.domain.results import Decision, Outcome
from bwc_audit.domain.runs import RunKind, RunRequest
from bwc_audit.domain.times import Span
from bwc_audit.domain.video_table import VideoTable
from bwc_audit.sources.duplicates import with_unique_ids
from bwc_audit.store import incident_rows, orphans, source_rows, turns


@dataclass(frozen=True, slots=True)
class Gathered:
    """The rows that a chunk looks at, which incidents among them are its own, and how many rows were rejected just now
    because their id stands twice: all of them, and those that belong to this chunk."""

    chunk: Chunk
    records: Records
    incident_ids: frozenset[str]
    doubled_in_sight: int = 0
    doubled: int = 0


def chunks_for(audit: Audit, request: RunRequest) -> tuple[Chunk, ...]:
    """How the period of a run is divided; the re-run of one incident is never."""
    if request.kind is RunKind.INCIDENT:
        return (Chunk(0, request.period, request.period),)
    return chunks_of(request.period, audit.settings.chunk_days)


def gather(session: Session, request: RunRequest, chunk: Chunk | None = None) -> Gathered:
    """All rows that the run (or one chunk of it) may look at; rows whose id another file holds too are rejected here."""
    chunk = chunk or Chunk(0, request.period, request.period)
    if request.incident_id is None:
        records = source_rows.load_records(session, request.source, chunk.sight, margin_us=SEGMENT_MARGIN_US)
    else:
        records = incident_rows.load_incident_records(
            session, request.source, request.incident_id, chunk.sight, margin_us=SEGMENT_MARGIN_US
        )
    records = replace(records, footage_until_us=orphans.footage_until(session, request.source, request.as_of_us))
    records = _with_unjudged(session, request, records)
    if chunk.is_only:
        unique = with_unique_ids(_with_contradictions(session, request, records, _incident_ids(records)))
        named = {one.incident_id for one in records.incidents} | {one.incident_id for one in records.assignments}
        doubled = len(unique.rejected) - len(records.rejected)
        return Gathered(chunk, unique, frozenset(named), doubled, doubled)
    return _gather_part(session, request, chunk, records)


def _gather_part(session: Session, request: RunRequest, chunk: Chunk, records: Records) -> Gathered:
    stored = len(records.rejected)
    twice = orphans.doubled_incidents(session, request.source, _incident_ids(records))
    doubtful = _with_contradictions(session, request, _with_far_doubles(session, request, records, twice), twice)
    records = with_unique_ids(doubtful)
    doubled = records.rejected[stored:]
    own = {one.incident_id for one in records.incidents if chunk.holds(one.opened_us)}
    known = {one.incident_id for one in records.incidents}
    own |= {name for name, opened_us in _first_opened(doubtful, request, known).items() if chunk.holds(opened_us)}
    known = {one.incident_id for one in doubtful.incidents}
    unknown = {one.incident_id for one in records.assignments} - known
    started_us = orphans.first_times(session, request.source, request.period, chunk.sight)
    own |= {incident_id for incident_id in unknown if chunk.holds(started_us.get(incident_id, chunk.span.start_us))}
    records = replace(records, assignments=_whole_orphans(session, request, records.assignments, own - known))
    if not records.segments:
        records = replace(records, segments=_any_footage(session, request))
    own_doubled = sum(one.text in own if one.field == "incident_id" else chunk.is_first for one in doubled)
    return Gathered(chunk, records, frozenset(own), len(doubled), own_doubled)


def _with_unjudged(session: Session, request: RunRequest, records: Records) -> Records:
    """The records with which of the calls beside, before the run's period, no run has judged: nothing is left to them."""
    earlier = {one.incident_id for one in records.incidents_beside if one.opened_us < request.period.start_us}
    judged = turns.Earlier.of(session, request.source, earlier).runs
    return replace(records, beside_unjudged=frozenset(earlier - judged.keys()))


def _incident_ids(records: Records) -> list[str]:
    return [one.incident_id for one in records.incidents]


def _with_far_doubles(session: Session, request: RunRequest, records: Records, twice: Collection[str]) -> Records:
    """The records with rows of the run's period that carry an incident id of theirs too, so that every chunk keeps the same
    one of them. ``twice``: the ids that more than one row describes."""
    here = {one.row for one in records.incidents} if twice else frozenset()
    found = []
    for incident_id in twice:
        incidents, _ = incident_rows.load_incident(session, request.source, incident_id)
        found += [
            one
            for one in incidents
            if one.row not in here and request.period.start_us <= one.opened_us < request.period.end_us
        ]
    return replace(records, incidents=(*records.incidents, *found)) if found else records


def _with_contradictions(session: Session, request: RunRequest, records: Records, among: Collection[str]) -> Records:
    """The records with every row of the source that gives an incident of theirs another time of opening, whenever that is:
    a night of one day must not take the calls of two days with one number for one call. ``among``: ids of theirs, all that
    may stand twice."""
    ids = orphans.contradicted_incidents(session, request.source, among)
    found = {one.row: one for one in records.incidents} if ids else {}
    for incident_id in ids:
        incidents, _ = incident_rows.load_incident(session, request.source, incident_id)
        found |= {one.row: one for one in incidents}
    return replace(records, incidents=tuple(found.values())) if ids else records


def _first_opened(records: Records, request: RunRequest, kept: Collection[str]) -> dict[str, int]:
    """When the incidents that are not kept were first opened in the run's period: that part of it owns them."""
    first_us: dict[str, int] = {}
    for one in records.incidents:
        if one.incident_id not in kept and request.period.start_us <= one.opened_us < request.period.end_us:
            first_us[one.incident_id] = min(one.opened_us, first_us.get(one.incident_id, one.opened_us))
    return first_us


def _whole_orphans(
    session: Session, request: RunRequest, assignments: Sequence[Assignment], incident_ids: Collection[str]
) -> tuple[Assignment, ...]:
    """The assignments, those of incidents that were never read with all their rows in the period of the run."""
    if not incident_ids:
        return tuple(assignments)
    rest = {one.row: one for one in assignments}
    for incident_id in sorted(incident_ids):
        _, whole = incident_rows.load_incident(session, request.source, incident_id)
        rest |= {one.row: one for one in whole if _begins_in(one, request.period)}
    return tuple(one for _, one in sorted(rest.items()))


def _begins_in(row: Assignment, period: Span) -> bool:
    times = (row.dispatched_us, row.en_route_us, row.on_scene_us, row.cleared_us)
    first_us = next((time_us for time_us in times if time_us is not None), None)
    return first_us is not None and period.start_us <= first_us < period.end_us


def _any_footage(session: Session, request: RunRequest) -> Sequence[Segment]:
    """One segment of the run's period, far from the chunk, where there is any: footage *was* loaded, and a chunk in which
    nobody recorded is not a chunk whose footage is missing from the sources."""
    period = Span(request.period.start_us - SEGMENT_MARGIN_US, request.period.end_us + SEGMENT_MARGIN_US)
    start_us = orphans.first_footage(session, request.source, period)
    if start_us is None:
        return ()
    found = source_rows.load_records(session, request.source, Span(start_us, start_us + 1), margin_us=0).segments
    return found[:1]


def match_chunk(
    audit: Audit, request: RunRequest, gathered: Gathered, seen: Mapping[str, Inspection] | None = None
) -> Matching:
    """Measure a chunk with what lies around it. ``seen``: what was seen in videos so far, by object key."""
    return match(gathered.records, audit.book, gathered.chunk.sight, request.as_of_us, seen)


def decide_chunk(
    audit: Audit, request: RunRequest, gathered: Gathered, seen: Mapping[str, Inspection]
) -> tuple[Matching, Decision]:
    """The measures of a chunk, and what of the decision belongs to it, counted. ``seen``: judged, by object key."""
    matching = match_chunk(audit, request, gathered, seen)
    basis = basis_of(matching, seen, is_own=gathered.chunk.holds)
    whole = decide(matching, seen, basis=basis, of_period=request.period)
    own = own_part(whole, gathered.chunk, gathered.incident_ids)
    if gathered.chunk.is_only:
        return matching, own
    return matching, replace(own, counts={**whole.counts, **_own_counts(gathered, matching, own, seen)})


def own_places(matching: Matching, chunk: Chunk) -> Int:
    """The recordings (indices of its placements, ascending) that belong to a chunk."""
    placements = matching.placements
    uploaded_us = placements.table.uploaded_us[placements.segment]
    return np.flatnonzero(chunk.holds_recordings(placements.start_us, uploaded_us))


def _own_counts(gathered: Gathered, matching: Matching, own: Decision, seen: Mapping[str, Inspection]) -> dict[str, int]:
    """The counts of a decision for what belongs to the chunk alone, so that those of all chunks add up."""
    chunk, records = gathered.chunk, gathered.records
    key_of = matching.placements.listed("object_key")
    placed = own_places(matching, chunk)
    touching = placed[matching.windows_of.has_members()[placed]]
    keys, named = {key_of[index] for index in placed.tolist()}, set(key_of)
    looked = {key_of[index] for index in touching.tolist()} & seen.keys() if seen else ()
    outcomes = Counter(one.outcome for one in own.results)
    return {
        "incidents": len(own.incidents),
        "assignments": len(own.results),
        **{f"assignments_{outcome.value}": outcomes[outcome] for outcome in Outcome},
        "segments": len(placed),
        "segments_in_windows": len(touching),
        # Videos that no metadata name are seen by every chunk, and counted by the first.
        "videos_stored": sum(
            key in keys or (chunk.is_first and key not in named) for key in VideoTable.of(records.objects).object_key
        ),
        "videos_examined": len(looked),
        "frames_sampled": sum(one.examined.frames_sampled for key, one in seen.items() if key in keys),
        # So do rows that stand rejected.
        "rows_rejected": gathered.doubled + (len(records.rejected) - gathered.doubled_in_sight if chunk.is_first else 0),
    }


def in_scope(decision: Decision, incident_id: str | None) -> Decision:
    """The part of a decision that belongs to one incident; all of it where none is named."""
    if incident_id is None:
        return decision
    results = tuple(result for result in decision.results if result.incident_id == incident_id)
    return replace(
        decision,
        results=results,
        incidents=tuple(one for one in decision.incidents if one.incident_id == incident_id),
        findings=tuple(finding for finding in decision.findings if finding.incident_id == incident_id),
        segments=tuple(segment for segment in decision.segments if segment.incident_id == incident_id),
        waiting=tuple(one for one in decision.waiting if one.incident_id == incident_id),
    )
