"""The steps of a run as Prefect tasks: each opens what it needs from the settings, does one library step, returns counts.

Nothing is decided here. Task results are never cached: what was done is known from the audit's own tables, so any step may
be executed twice. Parameters, results and the words of states carry run ids and numbers only, because anyone who sees the
Prefect UI sees them; what went wrong is told by the run's own record and on standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from bwc_audit.audit import deciding, night
from bwc_audit.audit.ingest import ingest
from bwc_audit.audit.progress import shown_progress
from bwc_audit.audit.reports import write_run_report
from bwc_audit.audit.setup import Audit, open_audit
from bwc_audit.config import load_settings
from bwc_audit.domain.runs import RunKind
from bwc_audit.domain.times import Span
from bwc_audit.errors import BwcAuditError, ObjectForbiddenError, ObjectMissingError, ObjectStoreError

#: Waits before another try after a fault of the object store: a hiccup, a restart, a short outage.
RETRY_SECONDS: list[float] = [2, 20, 120]


def audit_from_settings() -> Audit:
    """The audit that environment and settings file name; in every process the same."""
    return open_audit(load_settings())


class PrivateError(BwcAuditError):
    """Stands for a fault whose words (addresses, names of objects) are not for the orchestrator; ``fault`` has them."""

    def __init__(self, fault: BwcAuditError) -> None:
        super().__init__(f"{type(fault).__name__}: the run's record and standard error tell more")
        self.fault = fault

    def __reduce__(self) -> tuple[type[PrivateError], tuple[BwcAuditError]]:
        return PrivateError, (self.fault,)


@contextmanager
def private() -> Iterator[None]:
    """Says the faults of the audit on standard error, and raises ``PrivateError`` for them."""
    try:
        yield
    except PrivateError:
        raise
    except BwcAuditError as error:
        print(f"bwc-audit: {error}", file=sys.stderr, flush=True)
        raise PrivateError(error) from None


def words_of(error: BaseException) -> str:
    """What went wrong, in the audit's own words."""
    fault = error.fault if isinstance(error, PrivateError) else error
    return str(fault) if isinstance(fault, BwcAuditError) else f"a fault of the program: {fault!r}"


def is_worth_a_retry(_task: Any, _run: Any, state: Any) -> bool:
    """Only faults of the object store's service; a missing bucket or a refused key stays so."""
    error = state.result(raise_on_failure=False)
    error = error.fault if isinstance(error, PrivateError) else error
    return isinstance(error, ObjectStoreError) and not isinstance(error, ObjectMissingError | ObjectForbiddenError)


@task(
    cache_policy=NO_CACHE, retries=len(RETRY_SECONDS), retry_delay_seconds=RETRY_SECONDS, retry_condition_fn=is_worth_a_retry
)
@private()
def pull_records() -> dict[str, int]:
    """Ingest what is new or changed in the source."""
    with shown_progress() as on_progress:
        summary = ingest(audit_from_settings(), on_progress)
    get_run_logger().info(
        "records: %d files listed, %d read, %d rows accepted, %d rejected",
        summary.files_listed,
        summary.files_read,
        summary.rows_accepted,
        summary.rows_rejected,
    )
    return summary.counts()


@task(cache_policy=NO_CACHE)
@private()
def open_run(kind: str, start_us: int, end_us: int) -> str:
    """Open the run of a period and return its id."""
    audit = audit_from_settings()
    return night.start_run(audit, audit.request(RunKind(kind), Span(start_us, end_us)))


@task(cache_policy=NO_CACHE)
@private()
def plan(run_id: str) -> int:
    """Plan what to look into; returns the number of batches."""
    with shown_progress() as on_progress:
        summary = night.plan_run(audit_from_settings(), run_id, on_progress)
    get_run_logger().info(
        "plan: %d videos touch required windows, %d known already, %d batches",
        summary.videos,
        summary.reused,
        summary.batches,
    )
    return summary.batches


@task(
    cache_policy=NO_CACHE, retries=len(RETRY_SECONDS), retry_delay_seconds=RETRY_SECONDS, retry_condition_fn=is_worth_a_retry
)
@private()
def look_into(run_id: str, batch: int) -> dict[str, int]:
    """Look into one batch of videos. Where the store's service failed they are tried again, and then stay failed."""
    with shown_progress() as on_progress:
        summary = night.inspect_batch(audit_from_settings(), run_id, batch, on_progress)
    if summary.worth_a_retry and (task_run.run_count or 0) <= len(RETRY_SECONDS):
        raise ObjectStoreError(f"{summary.worth_a_retry} videos of batch {batch} could not be fetched")
    return asdict(summary)


@task(cache_policy=NO_CACHE)
@private()
def decide(run_id: str, ingest_counts: dict[str, int]) -> dict[str, Any]:
    """Decide and record chunk by chunk; returns status and counts. Executed again, it goes on where it stopped."""
    with shown_progress() as on_progress:
        run = deciding.decide_run(audit_from_settings(), run_id, ingest_counts, on_progress)
    return {"status": run.status.value, "counts": run.counts, "not_examined": len(run.not_examined)}


def give_up(run_id: str, error: BaseException) -> None:
    """Record that the run failed, and why. No task: its parameters would be seen."""
    night.fail_run(audit_from_settings(), run_id, words_of(error))


@task(cache_policy=NO_CACHE)
@private()
def report(run_id: str) -> str:
    """Write the gap report; returns the path of its first page."""
    return str(write_run_report(audit_from_settings(), run_id).index)
