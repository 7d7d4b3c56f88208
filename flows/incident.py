"""The re-run of one incident, for whoever may start flows but has no shell."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from bwc_audit.audit.rerun import rerun_incident
from flows import steps


@task(cache_policy=NO_CACHE)
@steps.private()
def rerun(incident_id: str, requester: str, reason: str) -> dict[str, str | int]:
    """One re-run; returns its id, status and how many findings are as they were."""
    diff = rerun_incident(steps.audit_from_settings(), incident_id, requester=requester, reason=reason)
    changed = sum(one.change.value != "unchanged" for one in diff.observed)
    return {"run_id": diff.run.run_id, "status": diff.run.status.value, "findings": len(diff.observed), "changed": changed}


@flow(name="incident", persist_result=False, validate_parameters=False)
def incident(incident_id: str, requester: str, reason: str) -> str:
    """Re-run one incident; requester and reason are recorded with the run. Returns the run's id.

    All three are visible in the orchestrator: give opaque identifiers there, and the words in the case file.
    """
    outcome = rerun(incident_id, requester, reason)
    run_id = str(outcome["run_id"])
    steps.report(run_id)
    lines = "\n".join(f"- {name}: {value}" for name, value in outcome.items())
    create_markdown_artifact(f"# Re-run\n\n{lines}\n", key="audit-rerun")
    return run_id
