"""Long work beside the pages: re-runs and what-ifs, a few at a time, each watched by whoever asked for it.

What a re-run decides is stored as its run; a job only knows how far it is, and is forgotten when the server ends (its run is
then recorded as interrupted, as after any crash).
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bwc_audit.audit.ingest import Progress
from bwc_audit.errors import BwcAuditError

_log = logging.getLogger(__name__)

_AT_ONCE, _WAITING, _KEPT = 2, 10, 100


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Job:
    """One piece of work. ``told``: what → (done, of how many); ``result`` once it is done, ``error`` once it failed."""

    job_id: str
    kind: str
    subject: str
    account_id: str
    started_us: int
    state: JobState = JobState.WAITING
    told: dict[str, tuple[int, int]] = field(default_factory=dict)
    result: Any = None
    error: str = ""

    @property
    def is_over(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED)


class TooMany(BwcAuditError):  # noqa: N818  # what is so, not a fault
    """There is enough to do already."""


class Jobs:
    """The jobs of one server process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bwc-job")

    def start(self, kind: str, subject: str, account_id: str, now_us: int, work: Callable[[Progress], Any]) -> Job:
        """Begin the work, unless the same is under way: then that job is returned. Raises ``TooMany``."""
        with self._lock:
            for job in self._jobs.values():
                if (job.kind, job.subject) == (kind, subject) and not job.is_over:
                    return job
            if sum(not job.is_over for job in self._jobs.values()) >= _WAITING:
                raise TooMany("There is enough work under way already. Try again when some of it is done.")
            job = Job(secrets.token_urlsafe(12), kind, subject, account_id, now_us)
            self._jobs[job.job_id] = job
            for old in [one for one in self._jobs.values() if one.is_over][:-_KEPT]:
                del self._jobs[old.job_id]
        self._pool.submit(self._run, job, work)
        return job

    def is_under_way(self, kind: str, subject: str) -> bool:
        """Whether work of this kind on that goes on here, or waits to begin."""
        with self._lock:
            return any((job.kind, job.subject) == (kind, subject) and not job.is_over for job in self._jobs.values())

    def find(self, job_id: str) -> Job | None:
        """The job of that id; None where it is not known, or not any more."""
        with self._lock:
            return self._jobs.get(job_id)

    def close(self) -> None:
        """Begin nothing more; what runs is waited for by the interpreter."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, job: Job, work: Callable[[Progress], Any]) -> None:
        job.state = JobState.RUNNING

        def report(what: str, done: int, total: int) -> None:
            job.told = {**job.told, what: (done, total)}

        try:
            job.result = work(report)
            job.state = JobState.DONE
        except BwcAuditError as error:
            job.error, job.state = str(error), JobState.FAILED
        except Exception:  # noqa: BLE001  # the outermost edge of this thread: the job says so, the log has the trace
            _log.exception("a %s of %s failed", job.kind, job.subject)
            job.error, job.state = "A fault of this program; its log has the details.", JobState.FAILED
