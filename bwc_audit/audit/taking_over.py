"""Answers of an earlier run taken over as they stand, where nothing that they rest on has changed.

The decision is a pure function of the rows, the policy, what was seen in videos, the program and the moment it judges from.
Where all of these are the same as those of the newest decided run over the same period, deciding again could only say the
same; the run then refers to what that run said. Anything else is decided anew. The re-run of one incident always is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session

from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.domain.chunks import HALO_US, SEGMENT_MARGIN_US, Chunk
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import Run, RunKind
from bwc_audit.domain.turned import turned
from bwc_audit.store import input_marks, planned, run_chunks, run_notes, runs, shared_runs, turns
from bwc_audit.store.database import reading, writing
from bwc_audit.store.run_chunks import StoredChunk

#: Nothing is read for a run that takes over what another one said.
_NO_EFFORT = {"bytes_read": 0, "requests": 0, "frames_sampled": 0}


def chunks_of_run(run: Run, stored: Sequence[StoredChunk]) -> tuple[Chunk, ...]:
    """The chunks of a run as they were stored, whatever the setting is by now."""
    return tuple(Chunk(one.ordinal, one.span, run.request.period) for one in stored)


def chunks_near(audit: Audit, run: Run, chunk: Chunk) -> tuple[int, int]:
    """(first, last) ordinal of the chunks whose recordings a chunk may look at."""
    with reading(audit.engine) as session:
        stored = run_chunks.load_chunks(session, run.run_id)
    reach_us = HALO_US + SEGMENT_MARGIN_US
    near = [
        one.ordinal
        for one in stored
        if one.span.start_us < chunk.span.end_us + reach_us and one.span.end_us > chunk.span.start_us - reach_us
    ]
    return min(near), max(near)


def basis_hash(session: Session, run: Run) -> str:
    """SHA-256 over all that the answers of a run rest on, its moment and its period included."""
    request = run.request
    digest = hashlib.sha256()
    for part in (
        *(request.source, request.period.start_us, request.period.end_us, request.as_of_us, request.timezone),
        *(request.policy_hash, request.is_deep, request.incident_id, run.software_version, run.inspector_version),
        input_marks.input_mark(session, request.source).readings_hash,
        planned.plan_digest(session, run.run_id),
    ):
        digest.update(f"{part}\0".encode(errors="replace"))
    return digest.hexdigest()


def take_over(audit: Audit, run: Run, basis: str) -> bool:
    """Record what the newest run over the same period said, where it rests on the same and no other run has looked at any of
    it since; returns whether that was so."""
    if run.request.kind is RunKind.INCIDENT:
        return False
    with reading(audit.engine) as session:
        stored = run_chunks.load_chunks(session, run.run_id)
        origin = shared_runs.alike(session, run, basis)
        if origin is None or any(chunk.decided_us is not None for chunk in stored):
            return False
        theirs = run_chunks.load_chunks(session, origin)
        states = [planned.count_plan(session, run.run_id, chunk.ordinal) for chunk in stored]
    if any("examined" in one for one in states):
        return False  # something was looked into just now
    if [one.span for one in theirs] != [one.span for one in stored]:
        return False
    with writing(audit.engine) as session:
        shared_runs.refer(session, run.run_id, origin)
        for one, known in zip(theirs, states, strict=True):
            counts = one.counts | _NO_EFFORT | {"videos_reused": known.get("reused", 0)}
            done = replace(one, decided_us=now_us(), basis_hash=basis, origin_run_id=origin, counts=counts)
            run_chunks.mark_decided(session, run.run_id, done)
        run_chunks.copy_unexamined(session, run.run_id, origin)
        _record_turns(session, run)
        run_notes.copy_notes(session, run.run_id, origin)
    return True


def _record_turns(session: Session, run: Run) -> None:
    """What is still pending."""
    pending = runs.load_results(session, run.run_id, outcome=Outcome.PENDING)
    earlier = turns.Earlier.of(session, run.request.source, {one.incident_id for one in pending}).outcomes(session)
    turns.add_turns(session, run.run_id, turned(pending, earlier))
