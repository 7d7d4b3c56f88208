"""Commands that audit: ``demo``, ``ingest``, ``nightly``, ``backfill``, ``incident``, ``report``.

Days and times are checked here, before a flow is started: what a person typed wrong is answered at once and leaves no run.
"""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections import Counter
from datetime import date as calendar_date
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bwc_audit.audit.demo import demo_accounts, demo_settings, prepared_demo
from bwc_audit.audit.ingest import ingest as ingest_source
from bwc_audit.audit.night import running_run
from bwc_audit.audit.progress import shown_progress
from bwc_audit.audit.rates import rates_of_run
from bwc_audit.audit.reports import write_run_report
from bwc_audit.audit.rerun import RunDiff, rerun_incident
from bwc_audit.audit.setup import Audit, nightly_period, now_us, open_audit
from bwc_audit.audit.standing import standing_rejections
from bwc_audit.cli.rerun_document import rerun_document
from bwc_audit.cli.serving import serve
from bwc_audit.cli.showing import (
    Format,
    note,
    one_line,
    print_expiring,
    print_json,
    print_table,
    print_turns,
    run_summary,
    say,
)
from bwc_audit.config import Settings, load_settings
from bwc_audit.domain.findings import Severity
from bwc_audit.domain.people import Role
from bwc_audit.domain.records import RejectedRow
from bwc_audit.domain.runs import Change, Run, RunKind, RunStatus
from bwc_audit.errors import BwcAuditError, ConfigurationError
from bwc_audit.store import run_notes, runs
from bwc_audit.store.database import reading
from bwc_audit.store.turns import load_turns

FailOn = Annotated[
    Severity | None,
    typer.Option(help="Exit with 1 where a finding of this severity or above is open, whether complete or not."),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command(epilog="Example: `bwc-audit demo`")(demo)
    app.command(epilog="Example: `bwc-audit ingest`")(ingest)
    app.command(epilog="Example: `bwc-audit nightly --date 2025-05-24`")(nightly)
    app.command(epilog="Example: `bwc-audit backfill 2025-05-01 2025-05-07`")(backfill)
    app.command(epilog='Example: `bwc-audit incident INC-0412 --reason "complaint 2025/118"`')(incident)
    app.command(epilog="Example: `bwc-audit report latest --out gap-report`")(report)


def demo(
    fail_on: FailOn = None,
    web: Annotated[bool, typer.Option("--web", help="Then serve the application over it, until interrupted.")] = False,
    port: Annotated[int, typer.Option(help="Port of the application.", min=0, max=65535)] = 8000,
) -> None:
    """Audit the sample night: build it, start an embedded S3 server, migrate, run the nightly flow, report."""
    settings = demo_settings(load_settings())
    with prepared_demo(settings, note) as (ready, day):
        run_ids = _flow(ready, "nightly", day=day)
        _close_night(ready, run_ids[-1], fail_on, is_incomplete_expected=True)
        if web:
            audit = open_audit(ready)
            password = demo_accounts(audit.engine, now_us())
            note(f"accounts: {', '.join(Role)}; password of each, until the next demo: {password}")
            serve(audit, "127.0.0.1", port)
    note(f"To look closer: BWC_STATE_DIR={ready.state_dir} BWC_SOURCE={ready.source} bwc-audit findings")


def ingest(format_: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE) -> None:
    """Pull metadata and records of the source into the database; only what is new or changed is read.

    Exit code 3 where a file could not be read, or rows stand rejected, now or from before.
    """
    audit = open_audit(load_settings())
    with shown_progress() as on_progress:
        summary = ingest_source(audit, on_progress)
    rejected = _rejected_now(audit)
    counts = {**summary.counts(), "rows_rejected_in_all": len(rejected)}
    by_reason = dict(sorted(Counter(row.reason.value for row in rejected).items()))
    if format_ is Format.JSON:
        print_json({**counts, "rejected_by_reason": by_reason, "not_read": list(summary.not_read)})
    else:
        rows = [(name.replace("_", " "), str(n)) for name, n in counts.items()]
        rows += [(f"of these: {reason.replace('_', ' ')}", str(n)) for reason, n in by_reason.items()]
        print_table(f"Ingest of {audit.source.uri}", ("", "n"), rows, right=("n",))
    for key in summary.not_read:
        note(f"not read, or not wholly: {one_line(key)}")
    for row in rejected[:20]:
        note(one_line(f"rejected: {row.row}{f' {row.field}' if row.field else ''}: {row.detail}"))
    if len(rejected) > 20:
        note(f"and {len(rejected) - 20} more rejected rows, all in the report of a run")
    if summary.not_read or rejected:
        raise typer.Exit(3)


def _rejected_now(audit: Audit) -> tuple[RejectedRow, ...]:
    """All rows of the source that stand rejected: of files not read again too, and those that another file contradicts."""
    with reading(audit.engine) as session:
        return standing_rejections(session, audit.source.uri)


def nightly(
    date: Annotated[str | None, typer.Option(help="Audit one calendar day of the agency, YYYY-MM-DD.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="Start, ISO 8601 with zone.")] = None,
    to: Annotated[str | None, typer.Option(help="End, ISO 8601 with zone.")] = None,
    fail_on: FailOn = None,
) -> None:
    """Ingest, match, look, decide and report: one audit run. Without options: the last days (`lookback_days`).

    Exit code 3 where anything could not be examined; the summary says what.
    """
    settings = load_settings()
    if date is not None and (from_ is not None or to is not None):
        raise ConfigurationError("--date already says from when to when: leave out --from and --to")
    start, end = _moment("--from", from_), _moment("--to", to)
    nightly_period(open_audit(settings), None if date is None else given_day("--date", date), start, end)
    given = {"day": date, "start": from_, "end": to}
    run_ids = _flow(settings, "nightly", **{name: value for name, value in given.items() if value is not None})
    _close_night(settings, run_ids[-1], fail_on)


def backfill(
    first: Annotated[str, typer.Argument(help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Argument(help="Last day, included.")],
) -> None:
    """One audit run over a range of days, decided in chunks of days (`chunk_days`); killed, the next call goes on with it.

    Exit code 3 where it is incomplete; a day of which nothing was read is named.
    """
    settings = load_settings()
    audit = open_audit(settings)
    if given_day("FIRST", first) > given_day("LAST", last):
        raise ConfigurationError(f"the range ends before it starts: {first} to {last}")
    run_ids = _flow(settings, "backfill", first=first, last=last)
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
    format_: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE,
) -> None:
    """Re-run one incident, looking at its videos densely, and print what changed against the last run."""
    audit = open_audit(load_settings())
    with shown_progress() as on_progress:
        diff = rerun_incident(
            audit, incident_id, requester=requester or getpass.getuser(), reason=reason, on_progress=on_progress
        )
    files = write_run_report(audit, diff.run.run_id)
    if format_ is Format.JSON:
        print_json(rerun_document(diff))
    else:
        _print_diff(diff)
        say(f"Report: {files.index.absolute()}")
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
    say(str(files.index.absolute()))


def find_run(name: str) -> Run:
    """The run meant by an id, an incident's id, or ``latest``: the newest decided one over a period, since the re-run of
    one incident would show its outcome as if it were everybody's. Raises ``ConfigurationError`` where there is none."""
    audit = open_audit(load_settings())
    with reading(audit.engine) as session:
        if name == "latest":
            newest = [runs.latest_run(session, kind=kind) for kind in (RunKind.NIGHTLY, RunKind.BACKFILL)]
            found = max((run for run in newest if run), key=lambda run: run.started_us, default=None)
        else:
            found = runs.load_run(session, name) or runs.latest_run(session, incident_id=name)
    if found is None:
        known = (
            "there are no decided runs yet: start `bwc-audit nightly`"
            if name == "latest"
            else f"no decided run and no incident of one is called {name!r}: `bwc-audit runs` lists the runs"
        )
        raise ConfigurationError(known)
    return found


def given_day(name: str, text: str) -> calendar_date:
    """The day that was typed for an option. Raises ``ConfigurationError`` for anything else."""
    try:
        return calendar_date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{name} {text!r} is no calendar day: write YYYY-MM-DD") from error


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{name} {text!r} is no time: write it as 2025-05-24T00:00:00+01:00") from error


def _flow(settings: Settings, name: str, **arguments: str) -> list[str]:
    """Run a flow in a child process (Prefect reads its settings at import); returns the run ids it printed."""
    command = [sys.executable, "-m", "flows", name, *(f"{key}={value}" for key, value in arguments.items())]
    done = subprocess.run(command, env=os.environ | settings.environment(), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 2:
        raise ConfigurationError("no result; the setting to mend is named above")
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
        rates = rates_of_run(session, audit, run).book.table()
        expiring = run_notes.load_expiring(session, run_id)
        turned = load_turns(session, run_id)
    run_summary(run, rates, observed)
    print_turns(turned)
    if expiring:
        print_expiring(expiring)
        say()
    say(f"Report: {(settings.state_dir / 'reports' / run_id / 'index.html').absolute()}")
    order = list(Severity)
    if fail_on and any(
        one.state == "open" and not one.finding.is_borderline and order.index(one.finding.severity) >= order.index(fail_on)
        for one in observed
    ):
        raise typer.Exit(1)
    if run.status is not RunStatus.COMPLETE and not is_incomplete_expected:
        raise typer.Exit(3)


def _print_diff(diff: RunDiff) -> None:
    if diff.before is None:
        say("No earlier run holds this incident.")
    else:
        same = "the same answer" if diff.is_unchanged else "a different answer"
        say(f"Against run {diff.before.run_id}: {same}.")
        for what in diff.basis:
            say(f"  · {what}")
    say()
    rows = [
        (one.officer_id, one.before or "–", one.now or "–", "" if one.before == one.now else "changed")
        for one in diff.outcomes
    ]
    print_table("Outcomes", ("officer", "before", "now", ""), rows)
    say()
    ordered = sorted(diff.observed, key=lambda one: (one.change is Change.UNCHANGED, one.finding.kind))
    print_table(
        "Findings",
        ("change", "kind", "officer", "cause", "fact"),
        [
            (
                one.change.value + (" (borderline)" if one.finding.is_borderline else ""),
                one.finding.kind.value,
                one.finding.officer_id or "–",
                one.cause or "",
                one.finding.message,
            )
            for one in ordered
        ],
        sentence="fact",
    )
    for what in diff.run.not_examined:
        note(f"not examined: {one_line(what)}")
