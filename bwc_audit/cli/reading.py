"""Commands that read what was decided: ``runs``, ``findings``, ``rates``."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlmodel import Session

from bwc_audit.audit.rates import RunRates, rates_of_run
from bwc_audit.audit.setup import open_audit
from bwc_audit.cli.funnels import RatesFormat, show_funnel
from bwc_audit.cli.running import find_run
from bwc_audit.cli.showing import (
    SheetFormat,
    note,
    one_line,
    print_csv,
    print_json,
    print_noise,
    print_rates,
    print_table,
    say,
)
from bwc_audit.config import load_settings
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.funnel import FUNNEL_KEYS
from bwc_audit.domain.phrases import said_day_time
from bwc_audit.domain.rates import COUNTED, GROUP_KEYS, RateTable
from bwc_audit.domain.runs import FindingState, Run
from bwc_audit.errors import ConfigurationError
from bwc_audit.report.document_parts import policy_reference
from bwc_audit.report.finding_document import finding_document
from bwc_audit.report.rates_document import rates_document
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
    status: Annotated[FindingState | None, typer.Option(help="Only those in this state.")] = FindingState.OPEN,
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
    run: Annotated[str | None, typer.Argument(help="A run, as `--run` names it.")] = None,
    by: Annotated[str | None, typer.Option(help=f"Group by one of: {', '.join(GROUP_KEYS)}.")] = None,
    funnel: Annotated[
        str | None, typer.Option(help=f"A rate against the number of assignments, of each: {' or '.join(FUNNEL_KEYS)}.")
    ] = None,
    rate: Annotated[str, typer.Option(help=f"The rate of the funnel: {', '.join(COUNTED)}.")] = COUNTED[0],
    labels: Annotated[bool, typer.Option("--labels", help="Name the officers or units of a funnel (JSON, CSV).")] = False,
    run_: RunName = "latest",
    format_: Annotated[RatesFormat, typer.Option("--format", help="How the answer is written.")] = RatesFormat.TABLE,
) -> None:
    """Rates of a run as they were stored with it: k/n, 95 % interval, exclusion waterfall, sensitivity band.

    With `--funnel`: which differences between officers or units cannot be told from chance. It is no ranking.
    """
    if by is not None and by not in GROUP_KEYS:
        raise ConfigurationError(f"--by {by}: rates are grouped by {', '.join(GROUP_KEYS)}")
    audit = open_audit(load_settings())
    meant = find_run(run or run_)
    if funnel is not None:
        show_funnel(audit, meant, funnel, rate, format_, with_keys=labels)
        return
    if format_ is RatesFormat.SVG or labels:
        raise ConfigurationError("only a funnel is drawn, or has labels: add --funnel officer or --funnel unit")
    with reading(audit.engine) as session:
        known = rates_of_run(session, audit, meant, () if by is None else (by,))
    table = known.book.table(by)
    if format_ is RatesFormat.JSON:
        print_json(rates_document(table, meant, shifts=known.book.shifts, noise=known.noise, is_stored=known.is_stored))
    elif format_ is RatesFormat.CSV:
        print_csv(rates_csv(table))
    else:
        _print_rates(table, known)
    if not known.is_stored:
        note("this run was recorded before rates were stored with it: they were worked out now")
    _say_basis(meant, table.assignments)


def _print_rates(table: RateTable, known: RunRates) -> None:
    print_rates(table)
    rows = [(bucket.value.replace("_", " "), str(n)) for bucket, n in table.waterfall]
    rows += [("in scope", str(table.in_scope)), ("pending", str(table.pending)), ("unknown", str(table.unknown))]
    say()
    print_table(f"Exclusion waterfall: {table.assignments} assignments", ("", "n"), rows, right=("n",))
    if known.noise:
        say()
        print_noise(known.noise)


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
        note(f"not examined: {one_line(what)}")
