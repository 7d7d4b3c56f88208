"""Chunks of a long period worked out by child processes side by side, each recorded when all before it are.

Python runs one thread of its own at a time, so a second core needs a second process. A child opens the database itself and
writes into it what it worked out; nothing large passes between it and this program, which says only whose turn it is. The
children hold the run's lock too: while one of them lives, nobody takes the run for interrupted.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from bwc_audit.audit.liveness import lock_of
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.rate_columns import RatePart
from bwc_audit.domain.runs import Run
from bwc_audit.domain.times import Span
from bwc_audit.errors import StoreError
from bwc_audit.store.database import reading
from bwc_audit.store.source_rows import count_incidents

#: Fewer incidents than this are decided before a child process is up.
_WORTH_CHILDREN = 5_000
_CHILDREN = 2

#: What a child says, and is told, between working out a chunk and recording it.
WORKED_OUT, YOUR_TURN = "worked out", "your turn"


def deciders_for(audit: Audit, chunks: Sequence[Chunk]) -> int:
    """How many processes decide these chunks of one run; 1: this one."""
    wanted = audit.settings.deciders
    if len(chunks) < 2 or wanted == 1:
        return 1
    if wanted:
        return min(wanted, len(chunks))
    period = Span(chunks[0].span.start_us, chunks[-1].span.end_us)
    with reading(audit.engine) as session:
        return _CHILDREN if count_incidents(session, period) >= _WORTH_CHILDREN else 1


def decided_side_by_side(
    audit: Audit, run: Run, chunks: Sequence[Chunk], basis: str, count: int
) -> Iterator[tuple[Chunk, RatePart]]:
    """Decide and record chunks in their order in ``count`` child processes; what rates need of each, when it is recorded.

    Raises what a child raised, or ``StoreError`` where one died; what was recorded until then stays.
    """
    children: list[_Child] = []
    try:
        for first in range(count):
            children.append(_Child(audit, run, basis))
            children[first].send(chunks[first])
        for place, chunk in enumerate(chunks):
            child = children[place % count]
            child.receive()
            child.send(YOUR_TURN)
            part = child.receive()
            if place + count < len(chunks):
                child.send(chunks[place + count])
            yield chunk, part
    finally:
        for child in children:
            child.end()


class _Child:
    """A process that decides chunks, and the pipe to it."""

    def __init__(self, audit: Audit, run: Run, basis: str) -> None:
        self._connection, theirs = Pipe()
        lock = lock_of(run.run_id)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bwc_audit.audit.decider", str(theirs.fileno())],
                pass_fds=[theirs.fileno(), *([] if lock is None else [lock])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.send((audit.settings, audit.book, audit.mapping, run, basis))

    def send(self, what: Any) -> None:
        """Hand it something. Raises ``StoreError`` where it is dead."""
        try:
            self._connection.send(what)
        except OSError as error:
            raise self._death() from error

    def receive(self) -> Any:
        """What it says next. Raises what it raised, or ``StoreError`` where it is dead."""
        try:
            said = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error
        if isinstance(said, BaseException):
            raise said
        return said

    def end(self) -> None:
        """End the process and wait for it: it is idle, or nobody wants what it works out."""
        self._connection.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _death(self) -> StoreError:
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return StoreError(f"a process that decides chunks of days ended ({how}): start the run again, it goes on from there")


def connected(descriptor: int) -> Connection[Any, Any]:
    """The child's end of the pipe."""
    return Connection(descriptor)
