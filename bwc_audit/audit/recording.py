"""One chunk of a run, from stored rows to recorded answers: worked out first, which changes nothing, and then recorded.

Chunks may be worked out at the same time, by several programs; they are recorded one after the other, in their order,
because what a chunk says of cameras and of findings at its edges is compared with what the chunks before it said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bwc_audit.audit.chunked import decide_chunk, gather, in_scope
from bwc_audit.audit.judging import judged
from bwc_audit.audit.night import identity_of
from bwc_audit.audit.observing import observe_chunk
from bwc_audit.audit.rates import rate_part
from bwc_audit.audit.run_counts import ROWS_DOUBLED, effort, failed_videos
from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.audit.taking_over import chunks_near
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.clock_findings import is_of_camera, with_earlier
from bwc_audit.domain.expiring import ending_soon, expires_soon
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.rate_columns import RatePart
from bwc_audit.domain.results import Decision
from bwc_audit.domain.reused_numbers import said_of_reused_numbers
from bwc_audit.domain.runs import Run
from bwc_audit.domain.turned import turned
from bwc_audit.store import inspections, planned, policies, run_chunks, runs, turns
from bwc_audit.store.answers import Answers, answers_of
from bwc_audit.store.database import reading, writing
from bwc_audit.store.observations import stated_in_run
from bwc_audit.store.run_chunks import StoredChunk
from bwc_audit.store.run_notes import add_notes
from bwc_audit.store.run_rows import Content, content_of


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What a chunk says before it is compared with anything said earlier. ``answers``: its rows, ready to be stored, and
    ``contents`` those of its findings but of cameras, which may yet say more; ``rates``: what rates need of it."""

    chunk: Chunk
    matching: Matching
    decision: Decision
    answers: Answers
    contents: Mapping[str, Content]
    rates: RatePart
    counts: Mapping[str, int]
    failed: tuple[str, ...]


def work_out(audit: Audit, run: Run, chunk: Chunk) -> WorkedOut:
    """Decide one chunk from the stored rows. Nothing is written. Raises ``StoreError``."""
    run_id = run.run_id
    reach = chunks_near(audit, run, chunk)
    with reading(audit.engine) as session:
        near = planned.load_plan(session, run_id, first_chunk=reach[0], last_chunk=reach[1])
        plan = (
            near
            if chunk.is_only
            else planned.load_plan(session, run_id, first_chunk=chunk.ordinal, last_chunk=chunk.ordinal)
        )
        by_identity = inspections.load_inspections(session, (identity_of(audit, one) for one in near))
        gathered = gather(session, run.request, chunk)
    seen = {identity.object_key: judged(one, audit.policy.usability) for identity, one in by_identity.items()}
    matching, decision = decide_chunk(audit, run.request, gathered, seen)
    decision = in_scope(decision, run.request.incident_id)
    counts = {
        **decision.counts,
        ROWS_DOUBLED: gathered.doubled,
        "videos_reused": sum(one.state == "reused" for one in plan),
        "videos_failed": sum(one.state == "failed" for one in plan),
        **effort(plan, seen, audit.policy.sampling),
    }
    rates = rate_part(audit, run.request, decision.results)
    return WorkedOut(
        chunk, matching, decision, answers_of(decision), _contents(decision), rates, counts, failed_videos(plan)
    )


def _contents(decision: Decision) -> dict[str, Content]:
    return {one.fingerprint: content_of(one) for one in decision.findings if not is_of_camera(one)}


def record(audit: Audit, run: Run, worked_out: WorkedOut, basis: str) -> RatePart:
    """Compare a chunk with what was said earlier and record it, in one transaction, after all chunks before it; returns what
    rates need of it. ``basis``: hash of all that its answers rest on. Raises ``StoreError``."""
    request, run_id, chunk = run.request, run.run_id, worked_out.chunk
    matching, decision = worked_out.matching, worked_out.decision
    with reading(audit.engine) as session:
        cameras = [one.fingerprint for one in decision.findings if is_of_camera(one)]
        told = {} if chunk.is_only else stated_in_run(session, run_id, cameras)
        decision = replace(decision, findings=with_earlier(decision.findings, told))
        observed = observe_chunk(session, run_id, request, decision, matching.records, chunk)
        said_before = turns.Earlier.of(session, request.source, {one.incident_id for one in decision.results})
        earlier, openings = said_before.outcomes(session), said_before.openings(session)
    ending: dict[str, int] = {}
    for policy, indices in matching.by_policy(np.arange(len(matching.placements))):
        ending |= ending_soon(matching.placements, indices, request.as_of_us, policy.retention)
    expiring = expires_soon(ending, observed, decision.results, decision.segments)
    reused = said_of_reused_numbers(decision.incidents, openings)
    not_examined = (*worked_out.failed, *decision.not_examined, *reused)
    done = StoredChunk(chunk.ordinal, chunk.span, now_us(), basis, None, dict(worked_out.counts))
    with writing(audit.engine) as session:
        policies.keep_policies(session, matching.book.resolved())
        runs.add_decision(session, run_id, decision, observed, chunk.ordinal, worked_out.answers, worked_out.contents)
        turns.add_turns(session, run_id, turned(decision.results, earlier))
        add_notes(session, run_id, decision.clocks, decision.watermarks, decision.waiting, expiring)
        run_chunks.mark_decided(session, run_id, done, not_examined)
    return worked_out.rates
