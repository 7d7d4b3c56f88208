"""The night: pull records, plan, look into videos, decide, report."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from bwc_audit.audit.setup import day_period, nightly_period
from bwc_audit.domain.runs import RunKind
from bwc_audit.domain.times import Span
from flows import steps

#: A batch brings its own child processes; batches beside one another would only fight for the same cores.
_ONE_BATCH_AT_A_TIME: TaskRunner[PrefectFuture[Any]] = ThreadPoolTaskRunner(max_workers=1)  # type: ignore[assignment]  # its future type is narrower


@flow(name="nightly", task_runner=_ONE_BATCH_AT_A_TIME, persist_result=False, validate_parameters=False)
@steps.private()
def nightly(day: str | None = None, start: str | None = None, end: str | None = None) -> str:
    """One audit run over a day, an interval (``start``, ``end``: ISO 8601 with zone), or the last days; returns its id."""
    period = nightly_period(
        steps.audit_from_settings(),
        date.fromisoformat(day) if day else None,
        datetime.fromisoformat(start) if start else None,
        datetime.fromisoformat(end) if end else None,
    )
    return _one_run(RunKind.NIGHTLY, period)


@flow(name="backfill", task_runner=_ONE_BATCH_AT_A_TIME, persist_result=False, validate_parameters=False)
@steps.private()
def backfill(first: str, last: str) -> list[str]:
    """One run over all calendar days from ``first`` to ``last`` (ISO dates, both included), decided in chunks of days;
    returns its id in a list."""
    settings = steps.audit_from_settings().settings
    start = day_period(settings, date.fromisoformat(first)).start_us
    end = day_period(settings, date.fromisoformat(last)).end_us
    return [_one_run(RunKind.BACKFILL, Span(start, end))]


def _one_run(kind: RunKind, period: Span) -> str:
    run_id = steps.open_run(kind.value, period.start_us, period.end_us)
    try:
        ingested = steps.pull_records()
        for looked in [steps.look_into.submit(run_id, batch) for batch in range(steps.plan(run_id))]:
            looked.result()
        decided = steps.decide(run_id, ingested)
    except Exception as error:  # the outermost edge: whatever happened, the run must say that it failed
        steps.give_up(run_id, error)
        raise
    steps.report(run_id)
    create_markdown_artifact(
        _summary(run_id, decided["status"], decided["counts"], decided["not_examined"]), key="audit-run"
    )
    return run_id


def _summary(run_id: str, status: str, counts: dict[str, int], not_examined: int) -> str:
    """Numbers only: artifacts are visible to whoever sees the orchestrator."""
    rows = "\n".join(f"| {name.replace('_', ' ')} | {number} |" for name, number in counts.items())
    return f"# Run {run_id}: {status}\n\n{not_examined} entries were not examined.\n\n| | |\n| --- | ---: |\n{rows}\n"
