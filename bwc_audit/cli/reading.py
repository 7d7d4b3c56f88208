"""Commands that read what was decided: ``runs``, ``findings``, ``rates``."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session

from bwc_audit.audit.setup import open_audit
from bwc_audit.cli.running import find_run
from bwc_audit.cli.showing import SheetFormat, note, print_csv, print_json, print_rates, print_table, say
from bwc_audit.config import load_settings
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.phrases import said_day_time
from bwc_audit.domain.rates import GROUP_KEYS, rate_table
from bwc_audit.domain.runs import FindingState, Run
from bwc_audit.errors import ConfigurationError
from bwc_audit.report.documents import finding_document, policy_reference, rates_document
from bwc_audit.report.tables import findings_csv, rates_csv
from bwc_audit.store import runs as stored_runs
from bwc_audit.store.database import reading

RunName = Annotated[
    str, typer.Option("--run", help="A run's id, an incident's id (its latest run), or `latest` (night or backfill).")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command(epilog="Example: `bwc-audit runs`")(runs)
    app.command(epilog="Example: `bwc-audit findings --kind no_footage --format csv`")(findings)
    app.command(epilog="Example: `bwc-audit rates --by unit`")(rates)


def runs(limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20) -> None:
    """List the latest audit runs."""
    audit = open_audit(load_settings())
    with reading(audit.engine) as session:
        found = stored_runs.load_runs(session, limit)
    rows = [
        (
            run.run_id,
            run.request.kind.value,
            run.status.value,
            f"{said_day_time(run.request.period.start_us)} – {said_day_time(run.request.period.end_us)}",
            str(run.counts.get("findings", "–")),
            run.request.incident_id or "",
        )
        for run in found
    ]
    print_table("", ("run", "kind", "status", "period", "findings", "incident"), rows, right=("findings",))


def findings(
    incident: Annotated[str | None, typer.Option(help="Only this incident.")] = None,
    officer: Annotated[str | None, typer.Option(help="Only this officer.")] = None,
    kind: Annotated[FindingKind | None, typer.Option(help="Only this kind.")] = None,
    status: Annotated[FindingState | None, typer.Option(help="Only open or only resolved ones.")] = FindingState.OPEN,
    borderline: Annotated[bool, typer.Option("--borderline", help="Also what lies within the clock uncertainty.")] = False,
    run: RunName = "latest",
    format_: Annotated[SheetFormat, typer.Option("--format", help="How the answer is written.")] = SheetFormat.TABLE,
) -> None:
    """List the findings of a run."""
    audit = open_audit(load_settings())
    meant = find_run(run)
    with reading(audit.engine) as session:
        observed = stored_runs.load_observed(
            session,
            meant.run_id,
            incident_id=incident,
            officer_id=officer,
            kind=kind,
            state=status,
            include_borderline=borderline,
        )
        if not observed:
            _require_judged(session, meant, incident, officer)
    documents = [finding_document(one, policy_reference(meant.request)) for one in observed]
    if format_ is SheetFormat.JSON:
        print_json(documents)
    elif format_ is SheetFormat.CSV:
        print_csv(findings_csv(documents))
    else:
        rows = [
            (
                one.finding_id,
                one.finding.kind.value + (" (borderline)" if one.finding.is_borderline else ""),
                one.finding.severity.value,
                one.finding.incident_id or "–",
                one.finding.officer_id or one.finding.device_id or "–",
                one.finding.message,
            )
            for one in observed
        ]
        print_table("", ("finding", "kind", "severity", "incident", "officer", "fact"), rows, sentence="fact")
    _say_basis(meant, len(documents))


def rates(
    by: Annotated[str | None, typer.Option(help=f"Group by {', '.join(GROUP_KEYS)}.")] = None,
    run: RunName = "latest",
    format_: Annotated[SheetFormat, typer.Option("--format", help="How the answer is written.")] = SheetFormat.TABLE,
) -> None:
    """Rates of a run: k/n, 95 % interval, exclusion waterfall, sensitivity band."""
    if by is not None and by not in GROUP_KEYS:
        raise ConfigurationError(f"--by {by}: rates are grouped by {', '.join(GROUP_KEYS)}")
    audit = open_audit(load_settings())
    meant = find_run(run)
    with reading(audit.engine) as session:
        table = rate_table(stored_runs.load_results(session, meant.run_id), by)
    document = rates_document(table, meant)
    if format_ is SheetFormat.JSON:
        print_json(document)
    elif format_ is SheetFormat.CSV:
        print_csv(rates_csv(table))
    else:
        print_rates(table)
        rows = [(bucket.value.replace("_", " "), str(n)) for bucket, n in table.waterfall]
        rows += [("in scope", str(table.in_scope)), ("pending", str(table.pending)), ("unknown", str(table.unknown))]
        say()
        print_table(f"Exclusion waterfall: {table.assignments} assignments", ("", "n"), rows, right=("n",))
    _say_basis(meant, table.assignments)


def _require_judged(session: Session, run: Run, incident: str | None, officer: str | None) -> None:
    """An incident or officer that the run knows nothing about must not look like one without findings."""
    if incident is not None and not stored_runs.load_incidents(session, run.run_id, incident_id=incident):
        raise ConfigurationError(f"--incident {incident!r}: run {run.run_id} judged no such incident")
    if officer is not None and all(one.officer_id != officer for one in stored_runs.load_results(session, run.run_id)):
        raise ConfigurationError(f"--officer {officer!r}: run {run.run_id} judged no assignment of such an officer")


def _say_basis(run: Run, count: int) -> None:
    """What the numbers rest on, on standard error, so that an empty answer never looks like a clean one."""
    judged = run.counts.get("assignments", 0)
    as_of = said_day_time(run.request.as_of_us)
    scope = f" of incident {run.request.incident_id} alone" if run.request.incident_id else ""
    note(f"run {run.run_id}{scope} ({run.status.value}), as of {as_of}: {count} listed, {judged} assignments judged")
    for what in run.not_examined:
        note(f"not examined: {what}")
