"""The last step of a run: its chunks decided and recorded, each in one transaction, and the run closed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.chunked import chunks_for, decide_chunk, gather, in_scope, not_examined_in_all
from bwc_audit.audit.ingest import Progress, silent
from bwc_audit.audit.judging import judged
from bwc_audit.audit.liveness import release_run
from bwc_audit.audit.night import identity_of, running_run
from bwc_audit.audit.observing import observe_chunk
from bwc_audit.audit.rate_parts import RateParts
from bwc_audit.audit.rates import rate_part, record_rates
from bwc_audit.audit.run_counts import ROWS_DOUBLED, added_up, effort, empty_days, failed_videos, rejections
from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.audit.taking_over import basis_hash, chunks_near, chunks_of_run, take_over
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.clock_findings import is_of_camera, with_earlier
from bwc_audit.domain.expiring import ending_soon, expires_soon
from bwc_audit.domain.rate_columns import RatePart
from bwc_audit.domain.runs import Run, RunStatus
from bwc_audit.domain.turned import turned
from bwc_audit.store import input_marks, inspections, planned, policies, run_chunks, runs, turns
from bwc_audit.store.database import reading, writing
from bwc_audit.store.observations import stated_in_run
from bwc_audit.store.rejected import sum_of_rejected
from bwc_audit.store.run_chunks import StoredChunk
from bwc_audit.store.run_notes import add_notes


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
    told = RateParts()
    if not take_over(audit, run, basis):
        with reading(audit.engine) as session:
            stored = run_chunks.load_chunks(session, run_id)
        for chunk, known in zip(chunks_of_run(run, stored), stored, strict=True):
            if known.decided_us is None:
                with without_cycle_search():
                    told.add(chunk.ordinal, _decide_chunk(audit, run, chunk, basis))
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
        observed = observe_chunk(session, run_id, request, decision, matching.records, chunk)
        earlier = turns.earlier_outcomes(session, request.source, {one.incident_id for one in decision.results})
    not_examined = (*failed_videos(plan), *decision.not_examined)
    counts = {
        **decision.counts,
        ROWS_DOUBLED: gathered.doubled,
        "videos_reused": sum(one.state == "reused" for one in plan),
        "videos_failed": sum(one.state == "failed" for one in plan),
        **effort(plan, seen, audit.policy.sampling),
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


def _close(audit: Audit, run: Run, ingest_counts: dict[str, int], told: RateParts) -> None:
    """Add up the chunks and end the run. ``told``: what rates need of the chunks that were decided just now."""
    with writing(audit.engine) as session:
        stored = run_chunks.load_chunks(session, run.run_id)
        rejected = sum_of_rejected(session, run.request.source)
        doubled = sum(chunk.counts.get(ROWS_DOUBLED, 0) for chunk in stored)
        parts = [chunk.not_examined for chunk in stored]
        not_examined = (
            *not_examined_in_all(parts),
            *empty_days(session, run, audit.settings.zone),
            *rejections(rejected, doubled),
        )
        record_rates(session, audit, run, stored, told)
        runs.close_run(
            session,
            run.run_id,
            status=RunStatus.INCOMPLETE if not_examined else RunStatus.COMPLETE,
            finished_us=now_us(),
            counts={**ingest_counts, **added_up(stored), **runs.count_findings(session, run.run_id)}
            | turns.count_turns(session, run.run_id),
            not_examined=not_examined,
            inputs_hash=input_marks.input_mark(session, run.request.source).inputs_hash,
        )
