"""The steps of a run before it is decided: opened, planned, its videos looked into. Each commits its own work.

A step may be executed twice, by another worker, or again after a crash: what was done is found in the tables and not
repeated. The order of the steps belongs to the caller (a flow); what they decide belongs to the domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlmodel import Session

import bwc_audit
from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.chunked import chunks_for, gather, match_chunk, own_places
from bwc_audit.audit.ingest import Progress, silent
from bwc_audit.audit.liveness import hold_run, interrupted_runs, release_run
from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.inspection import INSPECTOR_VERSION, Inspection, InspectionRequest
from bwc_audit.domain.looking import inspection_plan
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.runs import Run, RunKind, RunRequest, RunStatus
from bwc_audit.domain.times import HOUR_US
from bwc_audit.errors import ObjectForbiddenError, ObjectMissingError, ObjectStoreError, StoreError
from bwc_audit.media.isolated import inspect_many
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.store import input_marks, inspections, planned, policies, run_chunks, runs
from bwc_audit.store.database import reading, writing
from bwc_audit.store.inspections import InspectionIdentity
from bwc_audit.store.planned import PlannedInspection

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
            input_marks.keep_input_mark(session, request.source)
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
        inputs_hash = input_marks.input_mark(session, run.request.source).inputs_hash
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
    own = {key_of[index] for index in own_places(matching, chunk).tolist()}
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


def fail_run(audit: Audit, run_id: str, why: str) -> None:
    """Close a run that could not decide anything; a run that is over already stays as it is."""
    if running_run(audit, run_id).status is RunStatus.RUNNING:
        with writing(audit.engine) as session:
            runs.close_run(session, run_id, status=RunStatus.FAILED, finished_us=now_us(), not_examined=[why])
        release_run(audit.settings.state_dir, run_id)
