"""Commands that audit: ``demo``, ``ingest``, ``nightly``, ``backfill``, ``incident``, ``report``."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bwc_audit.audit.demo import demo_settings, prepared_demo
from bwc_audit.audit.ingest import ingest as ingest_source
from bwc_audit.audit.night import running_run
from bwc_audit.audit.progress import shown_progress
from bwc_audit.audit.reports import write_run_report
from bwc_audit.audit.rerun import RunDiff, rerun_incident
from bwc_audit.audit.setup import open_audit
from bwc_audit.cli.showing import Format, console, note, print_json, print_table, run_summary
from bwc_audit.config import Settings, load_settings
from bwc_audit.domain.findings import Severity
from bwc_audit.domain.rates import rate_table
from bwc_audit.domain.runs import Change, Run, RunStatus
from bwc_audit.errors import BwcAuditError, ConfigurationError
from bwc_audit.store import runs
from bwc_audit.store.database import reading

FailOn = Annotated[Severity | None, typer.Option(help="Exit with 1 where a finding of this severity or above is open.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command(epilog="Example: `bwc-audit demo`")(demo)
    app.command(epilog="Example: `bwc-audit ingest`")(ingest)
    app.command(epilog="Example: `bwc-audit nightly --date 2025-05-24`")(nightly)
    app.command(epilog="Example: `bwc-audit backfill 2025-05-01 2025-05-07`")(backfill)
    app.command(epilog='Example: `bwc-audit incident INC-0412 --reason "complaint 2025/118"`')(incident)
    app.command(epilog="Example: `bwc-audit report latest --out gap-report`")(report)


def demo(fail_on: FailOn = None) -> None:
    """Audit the sample night: build it, start an embedded S3 server, migrate, run the nightly flow, report."""
    settings = demo_settings(load_settings())
    with prepared_demo(settings, note) as (ready, day):
        run_ids = _flow(ready, "nightly", day=day)
        _close_night(ready, run_ids[-1], fail_on, is_incomplete_expected=True)
    note("To look closer: BWC_STATE_DIR and BWC_SOURCE point the other commands at this database; see README.")


def ingest(format_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE) -> None:
    """Pull metadata and records of the source into the database; only what is new or changed is read."""
    audit = open_audit(load_settings())
    with shown_progress() as on_progress:
        summary = ingest_source(audit, on_progress)
    counts = {**summary.counts(), **{f"rejected: {reason}": n for reason, n in summary.rejected_by_reason.items()}}
    if format_ is Format.JSON:
        print_json(
            {**summary.counts(), "rejected_by_reason": summary.rejected_by_reason, "not_read": list(summary.not_read)}
        )
    else:
        rows = [(name.replace("_", " "), str(n)) for name, n in counts.items()]
        print_table(f"Ingest of {audit.source.uri}", ("", "n"), rows, right=("n",))
        for key in summary.not_read:
            note(f"not read, or not wholly: {key}")
    if summary.not_read or summary.rows_rejected:
        raise typer.Exit(3)


def nightly(
    date: Annotated[str | None, typer.Option(help="Audit one calendar day of the agency, YYYY-MM-DD.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="Start, ISO 8601 with zone.")] = None,
    to: Annotated[str | None, typer.Option(help="End, ISO 8601 with zone.")] = None,
    fail_on: FailOn = None,
) -> None:
    """Ingest, match, look, decide and report: one audit run. Without options: the last days (`lookback_days`)."""
    settings = load_settings()
    open_audit(settings)
    given = {"day": _checked(date), "start": _checked(from_), "end": _checked(to)}
    run_ids = _flow(settings, "nightly", **{name: value for name, value in given.items() if value})
    _close_night(settings, run_ids[-1], fail_on)


def backfill(
    first: Annotated[str, typer.Argument(help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Argument(help="Last day, included.")],
) -> None:
    """One audit run for each day of a range."""
    settings = load_settings()
    open_audit(settings)
    run_ids = _flow(settings, "backfill", first=_checked(first) or "", last=_checked(last) or "")
    audit = open_audit(settings)
    stored = [running_run(audit, run_id) for run_id in run_ids]
    rows = [
        (run.run_id, run.status.value, str(run.counts.get("assignments", 0)), str(run.counts.get("findings", 0)))
        for run in stored
    ]
    print_table("Runs", ("run", "status", "assignments", "findings"), rows, right=("assignments", "findings"))
    if any(run.status is not RunStatus.COMPLETE for run in stored):
        raise typer.Exit(3)


def incident(
    incident_id: Annotated[str, typer.Argument(help="The incident, as CAD writes it.")],
    reason: Annotated[str, typer.Option(help="Why it is run again; recorded with the run.")],
    requester: Annotated[str | None, typer.Option(help="Who asks; your account where not given.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="table or json")] = Format.TABLE,
) -> None:
    """Re-run one incident, looking at its videos densely, and print what changed against the last run."""
    audit = open_audit(load_settings())
    with shown_progress() as on_progress:
        diff = rerun_incident(
            audit, incident_id, requester=requester or getpass.getuser(), reason=reason, on_progress=on_progress
        )
    files = write_run_report(audit, diff.run.run_id)
    if format_ is Format.JSON:
        print_json(_diff_document(diff))
    else:
        _print_diff(diff)
        console().print(f"Report: {files.index.absolute()}")
    if diff.run.status is not RunStatus.COMPLETE:
        raise typer.Exit(3)


def report(
    run: Annotated[str, typer.Argument(help="A run's id, an incident's id (its latest run), or `latest`.")] = "latest",
    out: Annotated[Path | None, typer.Option(help="Folder to write into; the state folder where not given.")] = None,
) -> None:
    """Write the gap report of a run or an incident: static HTML, CSV and JSON."""
    audit = open_audit(load_settings())
    found = find_run(run)
    is_incident = run not in ("latest", found.run_id)
    files = write_run_report(audit, found.run_id, out, incident_id=run if is_incident else None)
    console().print(str(files.index.absolute()), soft_wrap=True)


def find_run(name: str) -> Run:
    """The run meant by an id, an incident's id, or ``latest``. Raises ``ConfigurationError`` where there is none."""
    audit = open_audit(load_settings())
    with reading(audit.engine) as session:
        if name == "latest":
            found = runs.latest_run(session)
        else:
            found = runs.load_run(session, name) or runs.latest_run(session, incident_id=name)
    if found is None:
        known = (
            "there are no decided runs yet: start `bwc-audit nightly`"
            if name == "latest"
            else f"no run or incident {name!r}"
        )
        raise ConfigurationError(known)
    return found


def _checked(text: str | None) -> str | None:
    if text is not None:
        try:
            datetime.fromisoformat(text)
        except ValueError as error:
            raise ConfigurationError(f"{text!r} is no ISO 8601 date or time") from error
    return text


def _flow(settings: Settings, name: str, **arguments: str) -> list[str]:
    """Run a flow in a child process (Prefect reads its settings at import); returns the run ids it printed."""
    command = [sys.executable, "-m", "flows", name, *(f"{key}={value}" for key, value in arguments.items())]
    done = subprocess.run(command, env=os.environ | settings.environment(), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 3:
        raise BwcAuditError("no result; the reason stands above, and in the run (`bwc-audit runs`)")
    if done.returncode != 0:
        raise BwcAuditError(f"the {name} flow ended with code {done.returncode}; see the messages above")
    return done.stdout.split()


def _close_night(settings: Settings, run_id: str, fail_on: Severity | None, *, is_incomplete_expected: bool = False) -> None:
    audit = open_audit(settings)
    run = running_run(audit, run_id)
    with reading(audit.engine) as session:
        observed = runs.load_observed(session, run_id)
        rates = rate_table(runs.load_results(session, run_id))
    run_summary(run, rates, observed)
    index = (settings.state_dir / "reports" / run_id / "index.html").absolute()
    console().print(f"Report: {index}", soft_wrap=True)
    order = list(Severity)
    if fail_on and any(
        one.state == "open" and not one.finding.is_borderline and order.index(one.finding.severity) >= order.index(fail_on)
        for one in observed
    ):
        raise typer.Exit(1)
    if run.status is not RunStatus.COMPLETE and not is_incomplete_expected:
        raise typer.Exit(3)


def _print_diff(diff: RunDiff) -> None:
    said = console()
    if diff.before is None:
        said.print("No earlier run holds this incident.")
    else:
        same = "the same answer" if diff.is_unchanged else "a different answer"
        said.print(f"Against run {diff.before.run_id}: {same}.")
        for what in diff.basis:
            said.print(f"  · {what}")
    said.print()
    rows = [
        (one.officer_id, one.before or "–", one.now or "–", "" if one.before == one.now else "changed")
        for one in diff.outcomes
    ]
    print_table("Outcomes", ("officer", "before", "now", ""), rows)
    said.print()
    ordered = sorted(diff.observed, key=lambda one: (one.change is Change.UNCHANGED, one.finding.kind))
    print_table(
        "Findings",
        ("change", "kind", "officer", "fact", "cause"),
        [
            (
                one.change.value + (" (borderline)" if one.finding.is_borderline else ""),
                one.finding.kind.value,
                one.finding.officer_id or "–",
                one.finding.message,
                one.cause or "",
            )
            for one in ordered
        ],
    )
    for what in diff.run.not_examined:
        note(f"not examined: {what}")


def _diff_document(diff: RunDiff) -> dict[str, object]:
    return {
        "schema": "bwc-rerun/1",
        "run_id": diff.run.run_id,
        "before_run_id": diff.before.run_id if diff.before else None,
        "status": diff.run.status.value,
        "is_unchanged": diff.is_unchanged,
        "basis": list(diff.basis),
        "outcomes": [{"officer_id": one.officer_id, "before": one.before, "now": one.now} for one in diff.outcomes],
        "findings": [
            {
                "finding_id": one.finding_id,
                "kind": one.finding.kind.value,
                "officer_id": one.finding.officer_id,
                "change": one.change.value,
                "cause": one.cause,
                "message": one.finding.message,
                "is_borderline": one.finding.is_borderline,
            }
            for one in diff.observed
        ],
        "not_examined": list(diff.run.not_examined),
    }
