"""The last step of a run: its chunks decided and recorded, each in one transaction, and the run closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.audit.chunked import chunks_for
from bwc_audit.audit.deciders import decided_side_by_side, deciders_for
from bwc_audit.audit.ingest import Progress, silent
from bwc_audit.audit.liveness import release_run
from bwc_audit.audit.night import running_run
from bwc_audit.audit.rate_parts import RateParts
from bwc_audit.audit.rates import record_rates
from bwc_audit.audit.recording import record, work_out
from bwc_audit.audit.run_counts import ROWS_DOUBLED, added_up, empty_days, left_pending, rejections
from bwc_audit.audit.setup import Audit, nightly_period, now_us
from bwc_audit.audit.taking_over import basis_hash, chunks_of_run, take_over
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.rate_columns import RatePart
from bwc_audit.domain.runs import UNEXAMINED, Run, RunStatus
from bwc_audit.domain.unexamined import unexamined_in_all
from bwc_audit.store import input_marks, run_chunks, runs, turns
from bwc_audit.store.database import reading, writing
from bwc_audit.store.rejected import sum_of_rejected


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
        chunks = chunks_of_run(run, stored)
        todo = [chunk for chunk, known in zip(chunks, stored, strict=True) if known.decided_us is None]
        for chunk, part in _decided(audit, run, todo, basis):
            told.add(chunk.ordinal, part)
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


def _decided(audit: Audit, run: Run, todo: Sequence[Chunk], basis: str) -> Iterator[tuple[Chunk, RatePart]]:
    """Decide and record chunks in their order, here or in child processes; what rates need of each."""
    if (count := deciders_for(audit, todo)) > 1:
        yield from decided_side_by_side(audit, run, todo, basis, count)
        return
    for chunk in todo:
        with without_cycle_search():
            yield chunk, record(audit, run, work_out(audit, run, chunk), basis)


def _close(audit: Audit, run: Run, ingest_counts: dict[str, int], told: RateParts) -> None:
    """Add up the chunks and end the run. ``told``: what rates need of the chunks that were decided just now."""
    with reading(audit.engine) as session:
        left = left_pending(session, run, nightly_period(audit))
    with writing(audit.engine) as session:
        stored = run_chunks.load_chunks(session, run.run_id)
        rejected = sum_of_rejected(session, run.request.source)
        doubled = sum(chunk.counts.get(ROWS_DOUBLED, 0) for chunk in stored)
        unexamined = unexamined_in_all(run_chunks.unexamined_of_each(session, run.run_id))
        besides = (*empty_days(session, run, audit.settings.zone), *rejections(rejected, doubled))
        not_examined = (*unexamined.said, *besides)
        record_rates(session, audit, run, stored, told)
        runs.close_run(
            session,
            run.run_id,
            status=RunStatus.INCOMPLETE if not_examined else RunStatus.COMPLETE,
            finished_us=now_us(),
            counts={**ingest_counts, **added_up(stored), **runs.count_findings(session, run.run_id)}
            | turns.count_turns(session, run.run_id)
            | left
            | {UNEXAMINED: unexamined.count + len(besides)},
            not_examined=not_examined,
            inputs_hash=input_marks.input_mark(session, run.request.source).inputs_hash,
        )
