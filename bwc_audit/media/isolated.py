"""Many inspections in child processes, each with limits of memory, files and time: one file never stops the others.

A child that dies, runs out of memory or takes too long is replaced, and its file comes back unreadable (``crashed``,
``memory`` or ``timeout``). Children are started as new interpreters (never forked, since the parent may run threads)
and load only the inspection; starting one takes about half a second. The store must be picklable.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, Pipe, wait

from bwc_audit.domain.inspection import Inspection, InspectionRequest, InspectionStatus, UnreadableReason
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.errors import ObjectStoreError
from bwc_audit.media.child import READY
from bwc_audit.objects.contract import ObjectStore

Outcome = Inspection | ObjectStoreError

#: A child that has not come up by then is counted as dead: imports take half a second, ten on a crowded machine.
_START_S = 60.0
_THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def inspect_many(
    store: ObjectStore,
    requests: Iterable[InspectionRequest],
    rules: InspectionRules,
    *,
    workers: int = 2,
    seconds_limit: float = 300.0,
    memory_limit_bytes: int = 1 << 30,
) -> Iterator[tuple[InspectionRequest, Outcome]]:
    """Each request with its outcome, in order of completion; every request exactly once.

    ``workers``: children at a time, at least 1. ``seconds_limit``: wall-clock time for one file.
    ``memory_limit_bytes``: private memory of one child. A store fault comes back as its ``ObjectStoreError``; whether
    to try again is the caller's to decide. Closing the iterator early ends all children.
    """
    waiting = deque(requests)
    children: list[_Child] = []
    try:
        while waiting or any(child.request for child in children):
            while waiting and (child := _idle(children, min(workers, len(waiting) + len(children)))):
                if child not in children:
                    child.start(store, rules, memory_limit_bytes)
                    children.append(child)
                child.give(waiting.popleft(), seconds_limit)
            yield from _collect(children)
    finally:
        for child in children:
            child.stop()


def _idle(children: list[_Child], workers: int) -> _Child | None:
    free = next((child for child in children if child.request is None), None)
    if free is not None:
        return free
    return _Child() if len(children) < max(1, workers) else None


def _collect(children: list[_Child]) -> Iterator[tuple[InspectionRequest, Outcome]]:
    """Wait for answers, deaths and deadlines; the dead leave ``children``."""
    busy = [child for child in children if child.request is not None]
    patience_s = max(0.0, min(child.deadline_s for child in busy) - time.monotonic())
    ready = set(wait([child.connection for child in busy], timeout=patience_s))
    for child in busy:
        request = child.request
        if request is None or (child.connection not in ready and time.monotonic() < child.deadline_s):
            continue
        outcome = child.take() if child.connection in ready else child.overdue()
        if outcome is None:
            continue
        if child.is_dead:
            children.remove(child)
            child.stop()
        yield request, outcome


class _Child:
    """One child process and the request it works on."""

    connection: Connection
    request: InspectionRequest | None = None
    deadline_s: float = 0.0
    is_dead: bool = False
    _is_ready: bool = False
    _seconds_limit: float = 0.0
    _process: subprocess.Popen[bytes]

    def start(self, store: ObjectStore, rules: InspectionRules, memory_limit_bytes: int) -> None:
        """Start the interpreter and send it what all its requests share."""
        self.connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bwc_audit.media.child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **_THREADS, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,
            )
        self._send(list(sys.path))
        self._send((store, rules, memory_limit_bytes))

    def give(self, request: InspectionRequest, seconds_limit: float) -> None:
        """Hand over one file; its time counts from here, or from when a new child is ready."""
        self._seconds_limit = seconds_limit
        self.deadline_s = time.monotonic() + (seconds_limit if self._is_ready else _START_S)
        self.request = request
        self._send(request)

    def take(self) -> Outcome | None:
        """The answer, or what the child's death means; None where a new child says that it is ready."""
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return self._death(self._release())
        if answer == READY:
            self._is_ready = True
            self.deadline_s = time.monotonic() + self._seconds_limit
            return None
        request = self._release()
        if isinstance(answer, ObjectStoreError):
            return answer
        if isinstance(answer, Inspection):
            self.is_dead = answer.reason in (UnreadableReason.MEMORY, UnreadableReason.CRASHED)
            return answer
        self.is_dead = True
        return _unreadable(request, UnreadableReason.CRASHED, "the child gave no answer that can be read")

    def overdue(self) -> Outcome:
        """End a child that takes too long."""
        request = self._release()
        self.is_dead = True
        return _unreadable(request, UnreadableReason.TIMEOUT, "the time limit for one file was reached")

    def stop(self) -> None:
        """End the process, now, and wait for it."""
        self.connection.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _release(self) -> InspectionRequest:
        if self.request is None:
            raise AssertionError("a child without a request gave an answer")
        request, self.request = self.request, None
        self.deadline_s = 0.0
        return request

    def _death(self, request: InspectionRequest) -> Outcome:
        self.is_dead = True
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return _unreadable(request, UnreadableReason.CRASHED, "the child closed its connection")
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return _unreadable(request, UnreadableReason.CRASHED, f"the child died: {name}")

    def _send(self, value: object) -> None:
        """A child that is already dead shows when its answer is taken, not here."""
        try:
            self.connection.send(value)
        except (BrokenPipeError, ConnectionResetError):
            return


def _unreadable(request: InspectionRequest, reason: UnreadableReason, detail: str) -> Inspection:
    return Inspection(request.object_key, InspectionStatus.UNREADABLE, reason, detail)
