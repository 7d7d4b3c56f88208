"""The steps of a run as Prefect tasks: each opens what it needs from the settings, does one library step, returns counts.

Nothing is decided here. Task results are never cached: what was done is known from the audit's own tables, so any step may
be executed twice. Parameters and results carry run ids and numbers only, because anyone who sees the Prefect UI sees them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from bwc_audit.audit import night
from bwc_audit.audit.ingest import ingest
from bwc_audit.audit.progress import shown_progress
from bwc_audit.audit.reports import write_run_report
from bwc_audit.audit.setup import Audit, open_audit
from bwc_audit.config import load_settings
from bwc_audit.domain.runs import RunKind
from bwc_audit.domain.times import Span
from bwc_audit.errors import ObjectForbiddenError, ObjectMissingError, ObjectStoreError

#: Waits before another try after a fault of the object store: a hiccup, a restart, a short outage.
RETRY_SECONDS: list[float] = [2, 20, 120]


def audit_from_settings() -> Audit:
    """The audit that environment and settings file name; in every process the same."""
    return open_audit(load_settings())


def is_worth_a_retry(_task: Any, _run: Any, state: Any) -> bool:
    """Only faults of the object store's service; a missing bucket or a refused key stays so."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, ObjectStoreError) and not isinstance(error, ObjectMissingError | ObjectForbiddenError)


@task(
    cache_policy=NO_CACHE, retries=len(RETRY_SECONDS), retry_delay_seconds=RETRY_SECONDS, retry_condition_fn=is_worth_a_retry
)
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
def open_run(kind: str, start_us: int, end_us: int) -> str:
    """Open the run of a period and return its id."""
    audit = audit_from_settings()
    return night.start_run(audit, audit.request(RunKind(kind), Span(start_us, end_us)))


@task(cache_policy=NO_CACHE)
def plan(run_id: str) -> int:
    """Plan what to look into; returns the number of batches."""
    summary = night.plan_run(audit_from_settings(), run_id)
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
def look_into(run_id: str, batch: int) -> dict[str, int]:
    """Look into one batch of videos. Videos the store does not hand out are tried again, and then stay failed."""
    with shown_progress() as on_progress:
        summary = night.inspect_batch(audit_from_settings(), run_id, batch, on_progress)
    if summary.failed and (task_run.run_count or 0) <= len(RETRY_SECONDS):
        raise ObjectStoreError(f"{summary.failed} videos of batch {batch} could not be fetched")
    return asdict(summary)


@task(cache_policy=NO_CACHE)
def decide(run_id: str, ingest_counts: dict[str, int]) -> dict[str, Any]:
    """Decide and record; returns status and counts."""
    run = night.decide_run(audit_from_settings(), run_id, ingest_counts)
    return {"status": run.status.value, "counts": run.counts, "not_examined": len(run.not_examined)}


@task(cache_policy=NO_CACHE)
def give_up(run_id: str, why: str) -> None:
    """Record that the run failed."""
    night.fail_run(audit_from_settings(), run_id, why)


@task(cache_policy=NO_CACHE)
def report(run_id: str) -> str:
    """Write the gap report; returns the path of its first page."""
    return str(write_run_report(audit_from_settings(), run_id).index)
