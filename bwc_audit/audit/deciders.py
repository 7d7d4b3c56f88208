"""Chunks of a long period worked out by child processes side by side, each recorded when all before it are.

A child opens the database itself and writes into it what it worked out; nothing large passes between it and this program,
which says only whose turn it is. The children hold the run's lock too: while one of them lives, nobody takes the run for
interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from bwc_audit.audit.children import Child, answers_in_turn
from bwc_audit.audit.liveness import lock_of
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.rate_columns import RatePart
from bwc_audit.domain.runs import Run
from bwc_audit.domain.times import Span
from bwc_audit.store.database import reading
from bwc_audit.store.source_rows import count_incidents

#: Fewer incidents than this are decided before a child process is up.
_WORTH_CHILDREN = 5_000
_CHILDREN = 2

#: What a child says, and is told, between working out a chunk and recording it.
WORKED_OUT, YOUR_TURN = "worked out", "your turn"


def deciders_for(audit: Audit, chunks: Sequence[Chunk], worth_children: int = _WORTH_CHILDREN) -> int:
    """How many processes decide these chunks of one run; 1: this one. ``worth_children``: fewer incidents are decided before
    a child process is up."""
    wanted = audit.settings.deciders
    if len(chunks) < 2 or wanted == 1:
        return 1
    if wanted:
        return min(wanted, len(chunks))
    period = Span(chunks[0].span.start_us, chunks[-1].span.end_us)
    with reading(audit.engine) as session:
        return _CHILDREN if count_incidents(session, period) >= worth_children else 1


def decided_side_by_side(
    audit: Audit, run: Run, chunks: Sequence[Chunk], basis: str, count: int
) -> Iterator[tuple[Chunk, RatePart]]:
    """Decide and record chunks in their order in ``count`` child processes; what rates need of each, when it is recorded.

    Raises what a child raised, or ``StoreError`` where one died; what was recorded until then stays.
    """
    parts = answers_in_turn(lambda: _child(audit, run, basis), chunks, count, _recorded)
    with closing(parts):
        yield from zip(chunks, parts, strict=True)


def _recorded(child: Child) -> RatePart:
    """Let a child record what it worked out."""
    child.receive()
    child.send(YOUR_TURN)
    part: RatePart = child.receive()
    return part


def _child(audit: Audit, run: Run, basis: str) -> Child:
    lock = lock_of(run.run_id)
    given = audit.settings, audit.book, audit.mapping, run, basis
    return Child("bwc_audit.audit.decider", given, () if lock is None else (lock,))
