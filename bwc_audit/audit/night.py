"""The steps of a run, from rows to decided results: gather → decide → record. Each commits its own work.

A step may be executed twice, by another worker, or again after a crash: what was done is found in the tables and not
repeated. The order of the steps belongs to the caller (a flow); what they decide belongs to the domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from zoneinfo import ZoneInfo

import numpy as np
from sqlmodel import Session

import bwc_audit
from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.chunked import chunks_for, decide_chunk, gather, match_chunk, not_examined_in_all, own_places
from bwc_audit.audit.ingest import Progress, silent
from bwc_audit.audit.judging import judged
from bwc_audit.audit.liveness import hold_run, interrupted_runs, release_run
from bwc_audit.audit.rates import rate_part, record_rates
from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.audit.taking_over import basis_hash, chunks_near, chunks_of_run, take_over
from bwc_audit.audit.withheld import Withheld
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.clock_findings import is_of_camera, with_earlier
from bwc_audit.domain.expiring import ending_soon, expires_soon
from bwc_audit.domain.inspection import INSPECTOR_VERSION, Inspection, InspectionRequest
from bwc_audit.domain.lifecycle import RunBasis, observe
from bwc_audit.domain.looking import inspection_plan
from bwc_audit.domain.policy import Policy, SamplingRules
from bwc_audit.domain.rate_columns import RatePart
from bwc_audit.domain.records import Records, RejectedRow
from bwc_audit.domain.results import Decision, PlacedSegment
from bwc_audit.domain.runs import ObservedFinding, Run, RunKind, RunRequest, RunStatus
from bwc_audit.domain.segment_table import SegmentTable
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US, at_of
from bwc_audit.domain.turned import turned
from bwc_audit.domain.unseen import asked_us, between_us, unseen_us
from bwc_audit.errors import ObjectForbiddenError, ObjectMissingError, ObjectStoreError, StoreError
from bwc_audit.media.isolated import inspect_many
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.store import input_marks, inspections, planned, policies, run_chunks, runs, turns
from bwc_audit.store.database import reading, writing
from bwc_audit.store.inspections import InspectionIdentity
from bwc_audit.store.observations import stated_in_run
from bwc_audit.store.planned import PlannedInspection
from bwc_audit.store.rejected import load_rejected
from bwc_audit.store.run_chunks import StoredChunk
from bwc_audit.store.run_notes import add_notes

#: Counted for each chunk: rows rejected because their id stands twice.
_DOUBLED = "rows_doubled"

#: Inspections that go into one transaction.
_INSPECTIONS_A_COMMIT = 20


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """How many videos touch required windows, how many of them are known already, and in how many batches the rest lies."""

    run_id: str
    videos: int
    reused: int
    batches: int


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What became of one batch. ``failed``: the store did not hand them out; ``worth_a_retry``: those of them whose fault
    may pass (an object that is gone or refused stays so)."""

    examined: int
    failed: int
    bytes_read: int
    worth_a_retry: int = 0


def start_run(audit: Audit, request: RunRequest) -> str:
    """Open a run and return its id; runs of dead programs are recorded as failed first, but one that was asked for the same
    and has decided chunks already is taken up again, as of its own moment.

    Another run that is being worked on is left alone. Raises ``ConfigurationError`` and ``StoreError``.
    """
    started_us = now_us()
    run_id = runs.new_run_id(started_us)
    state_dir = audit.settings.state_dir
    hold_run(state_dir, run_id)
    oldest_us = started_us - audit.settings.abandoned_after_hours * HOUR_US
    try:
        with writing(audit.engine) as session:
            dropped = interrupted_runs(state_dir, runs.running_run_ids(session))
            resumed = _resumable(session, dropped, request, oldest_us)
            if resumed is not None:
                hold_run(state_dir, resumed)
            runs.mark_abandoned(
                session,
                started_before_us=oldest_us,
                finished_us=started_us,
                run_ids=[one for one in dropped if one != resumed],
            )
            if resumed is not None:
                release_run(state_dir, run_id)
                return resumed
            policies.keep_book(session, audit.book)
            return runs.open_run(
                session,
                request,
                started_us=started_us,
                software_version=bwc_audit.__version__,
                inspector_version=INSPECTOR_VERSION,
                run_id=run_id,
            )
    except StoreError:
        release_run(state_dir, run_id)
        raise


def _resumable(session: Session, run_ids: Sequence[str], request: RunRequest, oldest_us: int) -> str | None:
    """The newest of these interrupted runs that this program can go on with where it stopped; None: none of them."""
    if request.kind is RunKind.INCIDENT:
        return None
    for run_id in run_chunks.unfinished_with_chunks(session, run_ids):
        run = runs.load_run(session, run_id)
        is_alike = run is not None and replace(run.request, as_of_us=request.as_of_us) == request
        is_ours = run is not None and (run.software_version, run.inspector_version) == (
            bwc_audit.__version__,
            INSPECTOR_VERSION,
        )
        if run is not None and is_alike and is_ours and run.started_us >= oldest_us:
            return run_id
    return None


def running_run(audit: Audit, run_id: str) -> Run:
    """The run by its id. Raises ``StoreError`` where there is none."""
    with reading(audit.engine) as session:
        run = runs.load_run(session, run_id)
    if run is None:
        raise StoreError(f"there is no run {run_id}; `bwc-audit runs` lists them")
    return run


def plan_run(audit: Audit, run_id: str, on_progress: Progress = silent) -> PlanSummary:
    """Decide what to look into and store it, once, chunk by chunk; what is known from earlier nights is marked *reused*.

    A run that was taken up again after its inputs changed is planned, and will be decided, from its first chunk on.
    """
    run = running_run(audit, run_id)
    with reading(audit.engine) as session:
        inputs_hash = input_marks.inputs_hash(session, run.request.source)
        is_planned = bool(run_chunks.load_chunks(session, run_id)) and run.inputs_hash == inputs_hash
    if not is_planned and run.status is RunStatus.RUNNING:
        _store_plan(audit, run, inputs_hash, on_progress)
    with reading(audit.engine) as session:
        states = planned.count_plan(session, run_id)
    videos = sum(states.values())
    return PlanSummary(run_id, videos, states.get("reused", 0), -(-videos // audit.settings.batch_size))


def _store_plan(audit: Audit, run: Run, inputs_hash: str, on_progress: Progress) -> None:
    """The chunks are stored last: a run that has them has its whole plan."""
    chunks, first = chunks_for(audit, run.request), 0
    with writing(audit.engine) as session:
        planned.forget_plan(session, run.run_id)
        run_chunks.store_chunks(session, run.run_id, ())
        runs.forget_recorded(session, run.run_id)
    for chunk in chunks:
        with without_cycle_search():
            plan = _make_plan(audit, run, chunk, first)
        with writing(audit.engine) as session:
            planned.store_plan(session, run.run_id, plan, chunk.ordinal)
        first += len(plan)
        on_progress("planning, chunks of days", chunk.ordinal + 1, len(chunks))
    with writing(audit.engine) as session:
        run_chunks.store_chunks(session, run.run_id, chunks)
        runs.mark_planned(session, run.run_id, inputs_hash)


def _make_plan(audit: Audit, run: Run, chunk: Chunk, first: int) -> tuple[PlannedInspection, ...]:
    """What to look into for the recordings that belong to a chunk. ``first``: ordinal of the first one."""
    with reading(audit.engine) as session:
        gathered = gather(session, run.request, chunk)
    matching = match_chunk(audit, run.request, gathered)
    stored = {video.object_key: video for video in matching.records.objects}
    key_of = matching.placements.listed("object_key")
    own = {key_of[index] for index in own_places(matching, chunk)}
    asked = [one for one in inspection_plan(matching, is_deep=run.request.is_deep) if one.object_key in own]
    with reading(audit.engine) as session:
        present = planned.planned_keys(session, run.run_id, [one.object_key for one in asked]) if first else frozenset()
        asked = [one for one in asked if one.object_key not in present]
        plan = tuple(
            PlannedInspection(ordinal, stored[one.object_key].etag, stored[one.object_key].size_bytes, one)
            for ordinal, one in enumerate(asked, first)
        )
        known = inspections.known_inspections(session, (identity_of(audit, one) for one in plan))
    return tuple(replace(one, state="reused") if identity_of(audit, one) in known else one for one in plan)


def identity_of(
    audit: Audit, one: PlannedInspection, policy: Policy | None = None, inspector_version: str = INSPECTOR_VERSION
) -> InspectionIdentity:
    """Under what the outcome of a planned inspection is kept; by the audit's policy, or that of an older run."""
    rules = (policy or audit.policy).inspection
    return inspections.identity_of(audit.source.uri, one.etag, one.size_bytes, one.request, rules, inspector_version)


def inspect_batch(audit: Audit, run_id: str, batch: int, on_progress: Progress = silent) -> BatchSummary:
    """Look into the videos of one batch that were not looked into yet, in child processes.

    A video that cannot be read as media is an outcome like any other. One that the store does not hand out is tried again
    by the next execution of the step, and stays *failed* otherwise.
    """
    first = batch * audit.settings.batch_size
    with reading(audit.engine) as session:
        plan = planned.load_plan(session, run_id, first=first, behind=first + audit.settings.batch_size)
    todo = {one.request.object_key: one for one in plan if one.state in ("planned", "failed")}
    examined = failed = bytes_read = worth_a_retry = 0
    outcomes = inspect_many(
        audit.source,
        [one.request for one in todo.values()],
        audit.policy.inspection,
        workers=audit.settings.workers,
        seconds_limit=audit.settings.inspect_seconds,
        memory_limit_bytes=audit.settings.inspect_memory_mb << 20,
        stats={key: ObjectStat(key, one.size_bytes, one.etag, 0) for key, one in todo.items() if one.size_bytes},
    )
    for chunk in _chunked(outcomes, _INSPECTIONS_A_COMMIT):
        with writing(audit.engine) as session:
            for asked, outcome in chunk:
                one = todo[asked.object_key]
                if isinstance(outcome, ObjectStoreError):
                    planned.mark_planned(session, run_id, [one.ordinal], "failed", str(outcome))
                    failed += 1
                    worth_a_retry += not isinstance(outcome, ObjectMissingError | ObjectForbiddenError)
                    continue
                inspections.record_inspection(session, identity_of(audit, one), asked, outcome)
                planned.mark_planned(session, run_id, [one.ordinal], "examined")
                examined += 1
                bytes_read += outcome.examined.bytes_read
        on_progress("looking into videos", examined + failed, len(todo))
    return BatchSummary(examined, failed, bytes_read, worth_a_retry)


def _chunked(
    outcomes: Iterator[tuple[InspectionRequest, Inspection | ObjectStoreError]], size: int
) -> Iterator[Sequence[tuple[InspectionRequest, Inspection | ObjectStoreError]]]:
    while chunk := tuple(islice(outcomes, size)):
        yield chunk


def decide_run(
    audit: Audit, run_id: str, ingest_counts: dict[str, int] | None = None, on_progress: Progress = silent
) -> Run:
    """Decide all assignments of the run chunk by chunk, compare with earlier runs, record everything, and close the run.

    One transaction a chunk: executed again after a crash, it goes on with the first chunk that was not decided. Deciding a
    closed run again changes nothing and returns it. The run is *incomplete* where anything was not examined.
    """
    run = running_run(audit, run_id)
    if run.status is not RunStatus.RUNNING:
        return run
    basis = _ready_chunks(audit, run)
    told: dict[int, RatePart] = {}
    if not take_over(audit, run, basis):
        with reading(audit.engine) as session:
            stored = run_chunks.load_chunks(session, run_id)
        for chunk, known in zip(chunks_of_run(run, stored), stored, strict=True):
            if known.decided_us is None:
                with without_cycle_search():
                    told[chunk.ordinal] = _decide_chunk(audit, run, chunk, basis)
            on_progress("deciding, chunks of days", chunk.ordinal + 1, len(stored))
    _close(audit, run, ingest_counts or {}, told)
    release_run(audit.settings.state_dir, run_id)
    return running_run(audit, run_id)


def _ready_chunks(audit: Audit, run: Run) -> str:
    """What the answers of the run rest on. Makes sure that the run has chunks, and that those decided rest on the same."""
    with reading(audit.engine) as session:
        stored = run_chunks.load_chunks(session, run.run_id)
        basis = basis_hash(session, run)
    is_stale = any(chunk.decided_us is not None and chunk.basis_hash != basis for chunk in stored)
    if is_stale or not stored:
        with writing(audit.engine) as session:
            runs.forget_recorded(session, run.run_id)
            runs.restate_findings(session, run.run_id)
            run_chunks.store_chunks(session, run.run_id, chunks_for(audit, run.request))
    return basis


def _decide_chunk(audit: Audit, run: Run, chunk: Chunk, basis: str) -> RatePart:
    """Decide one chunk and record it, in one transaction; returns what rates need of it."""
    request, run_id = run.request, run.run_id
    reach = chunks_near(audit, run, chunk)
    with reading(audit.engine) as session:
        near = planned.load_plan(session, run_id, first_chunk=reach[0], last_chunk=reach[1])
        plan = (
            near
            if chunk.is_only
            else planned.load_plan(session, run_id, first_chunk=chunk.ordinal, last_chunk=chunk.ordinal)
        )
        by_identity = inspections.load_inspections(session, (identity_of(audit, one) for one in near))
        gathered = gather(session, request, chunk)
    seen = {identity.object_key: judged(one, audit.policy.usability) for identity, one in by_identity.items()}
    matching, decision = decide_chunk(audit, request, gathered, seen)
    decision = in_scope(decision, request.incident_id)
    with reading(audit.engine) as session:
        cameras = [one.fingerprint for one in decision.findings if is_of_camera(one)]
        told = {} if chunk.is_only else stated_in_run(session, run_id, cameras)
        decision = replace(decision, findings=with_earlier(decision.findings, told))
        observed = _observe(session, run_id, request, decision, matching.records, chunk)
        earlier = turns.earlier_outcomes(session, request.source, {one.incident_id for one in decision.results})
    not_examined = (*_failed_videos(plan), *decision.not_examined)
    counts = {
        **decision.counts,
        _DOUBLED: gathered.doubled,
        "videos_reused": sum(one.state == "reused" for one in plan),
        "videos_failed": sum(one.state == "failed" for one in plan),
        **_effort(plan, seen, audit.policy.sampling),
    }
    ending: dict[str, int] = {}
    for policy, indices in matching.by_policy(np.arange(len(matching.placements))):
        ending |= ending_soon(matching.placements, indices, request.as_of_us, policy.retention)
    expiring = expires_soon(ending, observed, decision.results, decision.segments)
    done = StoredChunk(chunk.ordinal, chunk.span, now_us(), basis, None, counts, not_examined)
    with writing(audit.engine) as session:
        policies.keep_policies(session, matching.book.resolved())
        runs.add_decision(session, run_id, decision, observed, chunk.ordinal)
        turns.add_turns(session, run_id, turned(decision.results, earlier))
        add_notes(session, run_id, decision.clocks, decision.watermarks, decision.waiting, expiring)
        run_chunks.mark_decided(session, run_id, done)
    return rate_part(audit, request, decision.results)


def _close(audit: Audit, run: Run, ingest_counts: dict[str, int], told: Mapping[int, RatePart]) -> None:
    """Add up the chunks and end the run. ``told``: what rates need of the chunks that were decided just now."""
    with writing(audit.engine) as session:
        stored = run_chunks.load_chunks(session, run.run_id)
        rejected = load_rejected(session, run.request.source)
        doubled = sum(chunk.counts.get(_DOUBLED, 0) for chunk in stored)
        parts = [chunk.not_examined for chunk in stored]
        not_examined = (
            *not_examined_in_all(parts),
            *_empty_days(session, run, audit.settings.zone),
            *_rejections(rejected, doubled),
        )
        runs.restate_findings(session, run.run_id)
        record_rates(session, audit, run, stored, told)
        runs.close_run(
            session,
            run.run_id,
            status=RunStatus.INCOMPLETE if not_examined else RunStatus.COMPLETE,
            finished_us=now_us(),
            counts={**ingest_counts, **added_up(stored), **runs.count_findings(session, run.run_id)}
            | turns.count_turns(session, run.run_id),
            not_examined=not_examined,
            inputs_hash=input_marks.inputs_hash(session, run.request.source),
        )


def fail_run(audit: Audit, run_id: str, why: str) -> None:
    """Close a run that could not decide anything; a run that is over already stays as it is."""
    if running_run(audit, run_id).status is RunStatus.RUNNING:
        with writing(audit.engine) as session:
            runs.close_run(session, run_id, status=RunStatus.FAILED, finished_us=now_us(), not_examined=[why])
        release_run(audit.settings.state_dir, run_id)


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


def _observe(
    session: Session, run_id: str, request: RunRequest, decision: Decision, records: Records, chunk: Chunk
) -> tuple[ObservedFinding, ...]:
    incident_ids = None if request.incident_id is None else {request.incident_id}
    previous = runs.previous_observations(
        session,
        request.source,
        period=chunk.span,
        incident_ids=incident_ids,
        fingerprints={finding.fingerprint for finding in decision.findings},
    )
    known: dict[str, RunBasis | None] = {}

    def basis_of(earlier_id: str) -> RunBasis | None:
        if earlier_id not in known:
            known[earlier_id] = _basis_of_run(session, earlier_id)
        return known[earlier_id]

    return observe(
        decision.findings,
        previous,
        run_id=run_id,
        basis=RunBasis(request.policy_hash, INSPECTOR_VERSION, DecidedFootage(decision.segments), request.is_deep),
        previous_basis=basis_of,
        is_withheld=Withheld(decision.results, SegmentTable.of(records.segments).recording_ids(), records.rejected).covers,
    )


def _basis_of_run(session: Session, run_id: str) -> RunBasis | None:
    run = runs.load_run(session, run_id)
    if run is None:
        return None
    return RunBasis(run.request.policy_hash, run.inspector_version, StoredFootage(session, run_id), run.request.is_deep)


class DecidedFootage(Mapping[str, frozenset[tuple[str, int, int]]]):
    """The footage of a decision by incident, worked out when it is first asked for: only what changed is compared."""

    def __init__(self, segments: Sequence[PlacedSegment]) -> None:
        self._segments = segments
        self._known: dict[str, frozenset[tuple[str, int, int]]] | None = None

    def _found(self) -> dict[str, frozenset[tuple[str, int, int]]]:
        if self._known is None:
            self._known = _footage(self._segments)
        return self._known

    def __getitem__(self, incident_id: str) -> frozenset[tuple[str, int, int]]:
        return self._found()[incident_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


class StoredFootage(Mapping[str, frozenset[tuple[str, int, int]]]):
    """The footage of a stored run by incident, each read when it is asked for: only what changed is compared."""

    def __init__(self, session: Session, run_id: str) -> None:
        self._session, self._run_id = session, run_id
        self._read: dict[str, frozenset[tuple[str, int, int]]] = {}

    def __getitem__(self, incident_id: str) -> frozenset[tuple[str, int, int]]:
        if incident_id not in self._read:
            segments = runs.load_segments(self._session, self._run_id, incident_id=incident_id)
            self._read[incident_id] = _footage(segments).get(incident_id, frozenset())
        return self._read[incident_id]

    def __iter__(self) -> Iterator[str]:
        return iter(_footage(runs.load_segments(self._session, self._run_id)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _footage(segments: Sequence[PlacedSegment]) -> dict[str, frozenset[tuple[str, int, int]]]:
    found: dict[str, set[tuple[str, int, int]]] = {}
    for one in segments:
        found.setdefault(one.incident_id, set()).add((one.footage_id, one.span.start_us, one.span.end_us))
    return {incident_id: frozenset(rows) for incident_id, rows in found.items()}


def _effort(plan: Sequence[PlannedInspection], seen: Mapping[str, Inspection], sampling: SamplingRules) -> dict[str, int]:
    """What looking cost this run (nothing for what was known), how much picture and sound its answers rest on, how much
    of the time that had to be seen nobody saw, and how much of the picture lies between the frames that were decoded."""
    required = [one.request for one in plan if not one.request.is_clock_look]
    unseen = [unseen_us(asked, seen.get(asked.object_key), sampling) or 0 for asked in required]
    looked = [one for one in plan if one.request.object_key in seen]
    known = [seen[one.request.object_key].examined for one in looked]
    now = [examined for one, examined in zip(looked, known, strict=True) if one.state == "examined"]
    return {
        "bytes_read": sum(examined.bytes_read for examined in now),
        "requests": sum(examined.requests for examined in now),
        "frames_sampled": sum(examined.frames_sampled for examined in now),
        "picture_us": sum(examined.seconds_examined_us for examined in known),
        "sound_us": sum(examined.audio_us for examined in known),
        "asked_us": sum(asked_us(asked, seen.get(asked.object_key)) or 0 for asked in required),
        "unseen_us": sum(unseen),
        "between_samples_us": sum(between_us(seen[one.request.object_key]) for one in looked),
        "clock_looks": len(plan) - len(required),
    }


def _empty_days(session: Session, run: Run, zone: ZoneInfo) -> tuple[str, ...]:
    """Days of a back-fill of several in which no incident was opened: nobody looks at each as at a night."""
    period = run.request.period
    days = range(-(-period.length_us // DAY_US))
    if run.request.kind is not RunKind.BACKFILL or len(days) < 2:
        return ()
    present = runs.days_with_incidents(session, run.run_id, period.start_us)
    if not present:
        return ()  # said of the whole period already
    return tuple(
        f"no assignments were read for {at_of(period.start_us + day * DAY_US + DAY_US // 2).astimezone(zone):%Y-%m-%d}: "
        "nothing of that day could be judged"
        for day in days
        if day not in present
    )


def added_up(chunks: Sequence[StoredChunk]) -> dict[str, int]:
    """The counts of all chunks; lengths in whole seconds, what nobody saw rounded up: a little is not nothing."""
    counts: dict[str, int] = {}
    for chunk in chunks:
        for name, number in chunk.counts.items():
            counts[name] = counts.get(name, 0) + number
    found = {name: number for name, number in counts.items() if not name.endswith("_us") and name != _DOUBLED}
    for what in ("picture", "sound", "asked"):
        found[f"{what}_seconds"] = counts.get(f"{what}_us", 0) // SECOND_US
    for what in ("unseen", "between_samples"):
        found[f"{what}_seconds"] = -(-counts.get(f"{what}_us", 0) // SECOND_US)
    return found | {"chunks": len(chunks)}


def _failed_videos(plan: Sequence[PlannedInspection]) -> tuple[str, ...]:
    return tuple(
        f"{one.request.object_key}: {one.detail or 'not looked into before the run ended'}"
        for one in plan
        if one.state in ("planned", "failed")
    )


def _rejections(rejected: Sequence[RejectedRow], doubled: int) -> tuple[str, ...]:
    files = sorted({row.row.file for row in rejected if row.row.line == 0})
    lines = sum(row.row.line > 0 for row in rejected) + doubled
    said = [f"{file}: the file, or the rest of it, could not be read as records" for file in files]
    if lines:
        said.append(f"{lines} {'row' if lines == 1 else 'rows'} of the sources rejected and not judged")
    return tuple(said)
