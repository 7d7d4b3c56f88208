"""The re-run of one incident, with who asked and why, and what changed against the run before.

A re-run is a new run: the old one stays as it was. It looks into the videos more densely than the night does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bwc_audit.audit.deciding import decide_run
from bwc_audit.audit.ingest import Progress, ingest, silent
from bwc_audit.audit.night import fail_run, inspect_batch, plan_run, start_run
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.phrases import said_length
from bwc_audit.domain.results import AssignmentResult
from bwc_audit.domain.runs import Change, ObservedFinding, Run, RunKind, RunRequest, RunStatus
from bwc_audit.domain.times import MINUTE_US, Span
from bwc_audit.errors import BwcAuditError, ConfigurationError, ObjectStoreError
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.store.incident_rows import load_incident


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """One officer's outcome before and now; None: not there."""

    officer_id: str
    before: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class RunDiff:
    """What a re-run changed. ``before`` None: no earlier run holds this incident. ``basis``: what it rested on that is
    different, in words; empty: the same."""

    run: Run
    before: Run | None
    observed: tuple[ObservedFinding, ...]
    outcomes: tuple[OutcomeChange, ...]
    basis: tuple[str, ...]

    @property
    def is_unchanged(self) -> bool:
        """The same answer again."""
        same_findings = all(one.change is Change.UNCHANGED for one in self.observed)
        return self.before is not None and same_findings and all(one.before == one.now for one in self.outcomes)


def incident_period(audit: Audit, incident_id: str) -> Span:
    """From the incident's first recorded time to its last, at least a minute.

    Raises ``ConfigurationError`` where no source row names the incident.
    """
    with reading(audit.engine) as session:
        incidents, assignments = load_incident(session, audit.source.uri, incident_id)
    times = [time for one in incidents for time in (one.opened_us, one.closed_us) if time is not None]
    for row in assignments:
        moments = (row.dispatched_us, row.en_route_us, row.on_scene_us, row.cleared_us)
        times += [time for time in moments if time is not None]
    if not times:
        raise ConfigurationError(
            f"no incident {incident_id!r} in the records of {audit.source.uri}: check the id, or run `bwc-audit ingest`"
        )
    return Span(min(times), max(max(times), min(times) + MINUTE_US))


def rerun_incident(
    audit: Audit,
    incident_id: str,
    *,
    requester: str,
    reason: str,
    on_progress: Progress = silent,
    on_started: Callable[[str], None] = lambda _run_id: None,
) -> RunDiff:
    """Bring the records up to date, look into the incident's videos densely, decide it anew, and compare.

    ``on_started`` is told the id of the run once it is stored.

    Raises ``ConfigurationError`` without requester, reason or incident; ``ObjectStoreError`` and ``StoreError``.
    """
    if not requester.strip() or not reason.strip():
        raise ConfigurationError("a re-run needs a requester and a reason: they are recorded with it")
    try:
        summary = ingest(audit, on_progress)
    except ObjectStoreError as error:
        _record_refusal(audit, incident_id, requester, reason, str(error))
        raise
    period = incident_period(audit, incident_id)
    with reading(audit.engine) as session:
        before = runs.latest_run(session, source=audit.source.uri, incident_id=incident_id)
    run_id = start_run(audit, _request(audit, period, incident_id, requester, reason))
    try:
        on_started(run_id)
        plan = plan_run(audit, run_id)
        for batch in range(plan.batches):
            inspect_batch(audit, run_id, batch, on_progress)
        run = decide_run(audit, run_id, summary.counts())
    except BaseException as error:  # an interruption too: the run must not stay open
        fail_run(audit, run_id, str(error) if isinstance(error, BwcAuditError) else f"interrupted: {error!r}")
        raise
    return _diff(audit, run, before, incident_id)


def rerun_diff(audit: Audit, run: Run) -> RunDiff:
    """What a stored re-run changed against the latest run that had begun before it. Raises ``ConfigurationError`` for a run
    that is no re-run, or that came to no decision."""
    incident_id = run.request.incident_id
    if incident_id is None or run.status not in (RunStatus.COMPLETE, RunStatus.INCOMPLETE):
        raise ConfigurationError(f"run {run.run_id} is no re-run that came to a decision")
    with reading(audit.engine) as session:
        before = runs.latest_run(session, source=run.request.source, incident_id=incident_id, before=run)
    return _diff(audit, run, before, incident_id)


def _request(audit: Audit, period: Span, incident_id: str, requester: str, reason: str) -> RunRequest:
    return audit.request(RunKind.INCIDENT, period, incident_id=incident_id, requester=requester, reason=reason, is_deep=True)


def _record_refusal(audit: Audit, incident_id: str, requester: str, reason: str, why: str) -> None:
    """Keep that a re-run was asked for and could not be done, where an earlier ingest knows the incident."""
    try:
        period = incident_period(audit, incident_id)
    except ConfigurationError:
        return
    fail_run(audit, start_run(audit, _request(audit, period, incident_id, requester, reason)), why)


def _diff(audit: Audit, run: Run, before: Run | None, incident_id: str) -> RunDiff:
    with reading(audit.engine) as session:
        now = _outcomes(runs.load_results(session, run.run_id, incident_id=incident_id))
        then = _outcomes(runs.load_results(session, before.run_id, incident_id=incident_id)) if before else {}
        observed = runs.load_observed(session, run.run_id)
    officers = sorted(now.keys() | then.keys())
    outcomes = tuple(OutcomeChange(officer_id, then.get(officer_id), now.get(officer_id)) for officer_id in officers)
    return RunDiff(run, before, observed, outcomes, tuple(differences_of_basis(run, before)) if before else ())


def _outcomes(results: tuple[AssignmentResult, ...]) -> dict[str, str]:
    return {
        result.officer_id: result.outcome.value if result.reason is None else f"{result.outcome.value}: {result.reason}"
        for result in results
    }


def differences_of_basis(run: Run, before: Run) -> list[str]:
    """Everything a run rests on that is different from the run before."""
    said = []
    if run.request.policy_hash != before.request.policy_hash:
        said.append(
            f"policy {before.request.policy_id} {before.request.policy_version} → "
            f"{run.request.policy_id} {run.request.policy_version}"
        )
    if run.inspector_version != before.inspector_version:
        said.append(f"inspector version {before.inspector_version} → {run.inspector_version}")
    if run.software_version != before.software_version:
        said.append(f"program version {before.software_version} → {run.software_version}")
    if run.inputs_hash != before.inputs_hash:
        said.append("files of the source were added, changed or removed")
    if run.request.is_deep and not before.request.is_deep:
        said.append("videos were sampled more densely than by the night")
    if before.request.is_deep and not run.request.is_deep:
        said.append("videos were sampled less densely than by the re-run")
    if run.request.as_of_us != before.request.as_of_us:
        said.append(f"judged {said_length(run.request.as_of_us - before.request.as_of_us)} later")
    return said
