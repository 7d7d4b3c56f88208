"""Many inspections in child processes that hold nothing: one file never stops the others, nor reaches anything else.

A child has neither files nor network (``confinement``); a thread of this process beside each reads the ranges it asks for
(``broker``). A child that dies, breaks the protocol, runs out of memory or takes too long is replaced, and its file comes
back unreadable (``crashed``, ``memory`` or ``timeout``). A store that fails or is slow is never held against a file.
Children are started as new interpreters (never forked, since the parent runs threads) and load only the inspection.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from bwc_audit.domain.inspection import Inspection, InspectionRequest, InspectionStatus, UnreadableReason
from bwc_audit.domain.policy import InspectionRules, SamplingRules, UsabilityRules
from bwc_audit.errors import BwcAuditError, ObjectStoreError
from bwc_audit.media.broker import Broker, store_fault
from bwc_audit.media.child_process import START_S, ChildDeathError, ChildProcess
from bwc_audit.objects.contract import ObjectStat, ObjectStore

Outcome = Inspection | ObjectStoreError

#: Private memory of a child. Beside it lie 50 MB of shared code: together they stay below 400 MB.
MEMORY_LIMIT_BYTES = 320 << 20
#: How long after its deadline a thread may still be waiting for the store before it is left behind.
_GRACE_S = 5.0
_LOOK_S = 0.5
#: Above this mean of a request a store is slow; below it a file asks for too much.
_SLOW_S = 0.25


def inspect_many(
    store: ObjectStore,
    requests: Iterable[InspectionRequest],
    rules: InspectionRules,
    *,
    workers: int = 2,
    seconds_limit: float = 300.0,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    stats: Mapping[str, ObjectStat] | None = None,
) -> Iterator[tuple[InspectionRequest, Outcome]]:
    """Each request with its outcome, in order of completion; every request exactly once.

    ``workers``: children at a time, at least 1. ``seconds_limit``: wall-clock time for one file.
    ``memory_limit_bytes``: private memory of one child. ``stats``: what was listed, by key; it saves a question a file,
    and an object that has changed since comes back as ``ObjectChangedError``. A store fault comes back as its
    ``ObjectStoreError``; whether to try again is the caller's to decide. Raises ``ConfigurationError`` where no child comes
    up. Closing the iterator early ends all children.
    """
    waiting = deque(requests)
    done: queue.SimpleQueue[tuple[_Worker, Outcome | BaseException]] = queue.SimpleQueue()

    def hire() -> _Worker:
        return _Worker(store, rules, seconds_limit, memory_limit_bytes, stats or {}, done)

    crew: list[_Worker] = []
    try:
        while waiting and len(crew) < max(1, workers):
            crew.append(hire())
            crew[-1].give(waiting.popleft())
        while any(worker.request for worker in crew):
            for worker, outcome in _finished(crew, done):
                if isinstance(outcome, BaseException) and not isinstance(outcome, ObjectStoreError):
                    raise outcome
                request = worker.take()
                if waiting and worker.is_lost:
                    crew.append(hire())
                if waiting:
                    (crew[-1] if worker.is_lost else worker).give(waiting.popleft())
                if worker.is_lost:
                    crew.remove(worker)
                yield request, outcome
    finally:
        for worker in crew:
            worker.stop()


def confinement_in_force(memory_limit_bytes: int = MEMORY_LIMIT_BYTES) -> tuple[str, ...]:
    """What holds a child on this machine, as the child itself found when it came up. Starts one; takes about a second."""
    rules = InspectionRules(SamplingRules(clause=""), UsabilityRules(clause=""))
    child = ChildProcess(rules, memory_limit_bytes)
    try:
        return child.start(START_S)
    finally:
        child.end()


def _finished(
    crew: list[_Worker], done: queue.SimpleQueue[tuple[_Worker, Outcome | BaseException]]
) -> list[tuple[_Worker, Outcome | BaseException]]:
    """What the next worker brought; and those that wait for a store which does not come back, each with its fault."""
    try:
        worker, outcome = done.get(timeout=_LOOK_S)
        return [(worker, outcome)] if worker in crew else []  # one left behind may come back late
    except queue.Empty:
        now_s = time.monotonic()
        stuck = [worker for worker in crew if worker.gives_up_s < now_s]
    return [(worker, worker.abandon()) for worker in stuck]


class _Worker:
    """A thread, its child, and the request they work on."""

    def __init__(
        self,
        store: ObjectStore,
        rules: InspectionRules,
        seconds_limit: float,
        memory_limit_bytes: int,
        stats: Mapping[str, ObjectStat],
        done: queue.SimpleQueue[tuple[_Worker, Outcome | BaseException]],
    ) -> None:
        self.request: InspectionRequest | None = None
        self.gives_up_s = math.inf
        self.is_lost = False
        self._store = store
        self._rules = rules
        self._seconds_limit = seconds_limit
        self._memory_limit_bytes = memory_limit_bytes
        self._stats = stats
        self._done = done
        self._given: queue.SimpleQueue[InspectionRequest | None] = queue.SimpleQueue()
        self._child: ChildProcess | None = None
        threading.Thread(target=self._work, name="child's parent", daemon=True).start()

    def give(self, request: InspectionRequest) -> None:
        """Hand over one file."""
        self.request = request
        self.gives_up_s = time.monotonic() + START_S + _GRACE_S
        self._given.put(request)

    def take(self) -> InspectionRequest:
        """The request whose outcome came."""
        if self.request is None:
            raise AssertionError("a worker without a request brought an outcome")
        request, self.request = self.request, None
        self.gives_up_s = math.inf
        return request

    def abandon(self) -> ObjectStoreError:
        """Leave the thread to its store, which does not answer; its child ends."""
        self.is_lost = True
        self.stop()
        key = self.request.object_key if self.request else ""
        return ObjectStoreError(f"{self._store.uri}/{key}: the store did not answer within {self._seconds_limit:g} s")

    def stop(self) -> None:
        """End child and thread, now; a thread that waits for its store ends when that comes back."""
        self._given.put(None)
        if self._child is not None:
            self._child.end()

    def _work(self) -> None:
        try:
            for request in iter(self._given.get, None):
                self._done.put((self, self._outcome(request)))
        except BaseException as error:  # noqa: BLE001  # raised again where the outcomes are read
            self._done.put((self, error))
        finally:
            if self._child is not None:
                self._child.end()

    def _outcome(self, request: InspectionRequest) -> Outcome:
        if self._child is None or self._child.is_spent:
            if self._child is not None:
                self._child.end()
            self._child = ChildProcess(self._rules, self._memory_limit_bytes)
            self._child.start(START_S)
        deadline_s = time.monotonic() + self._seconds_limit
        self.gives_up_s = deadline_s + _GRACE_S
        try:
            stat = self._stats.get(request.object_key) or self._store.head(request.object_key)
        except (BwcAuditError, OSError) as error:
            return store_fault(error)
        broker = Broker(self._store, stat)
        reason, detail = UnreadableReason.CRASHED, ""
        try:
            inspection = self._child.examine(request, stat, broker, deadline_s)
        except TimeoutError:
            if broker.waited_s > self._seconds_limit / 2 and broker.waited_s > broker.requests * _SLOW_S:
                return broker.fault or ObjectStoreError(
                    f"{self._store.uri}/{request.object_key}: the store took {broker.waited_s:.0f} s of the "
                    f"{self._seconds_limit:g} s for one file"
                )
            reason, detail = UnreadableReason.TIMEOUT, "the time limit for one file was reached"
            inspection = None
        except ChildDeathError as error:
            reason, detail = error.reason, str(error)
            inspection = None
        if broker.fault is not None:
            return broker.fault
        return inspection or Inspection(request.object_key, InspectionStatus.UNREADABLE, reason, detail)
