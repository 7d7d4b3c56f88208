"""How results are shown on a terminal: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table

from bwc_audit.domain.rates import RateTable
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import Change, ObservedFinding, Run


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def console() -> Console:
    """Standard output; as wide as the terminal, or wide enough for whole rows where there is none."""
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def note(text: str) -> None:
    """A remark for the person at the terminal: standard error."""
    print(text, file=sys.stderr, flush=True)


def print_json(document: Any) -> None:
    """JSON to standard output, alone."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A plain table; columns named in ``right`` are numbers."""
    table = Table(
        title=title or None, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    console().print(table)


def _plain(cell: str) -> str:
    """Text of sources is data: no markup, no control characters."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cell).replace("[", r"\[")


def percent(share: float | None) -> str:
    """A share as ``97.3 %``; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.1f} %"


def run_summary(run: Run, rates: RateTable, observed: Sequence[ObservedFinding]) -> None:
    """One run at a glance: complete or not, outcomes, rates, findings by kind."""
    said = console()
    count = run.counts.get
    if run.not_examined:
        said.print(f"[bold]INCOMPLETE[/bold]: {len(run.not_examined)} things could not be examined", markup=True)
        for what in run.not_examined[:8]:
            said.print(f"  · {_plain(what)}")
        if len(run.not_examined) > 8:
            said.print(f"  · and {len(run.not_examined) - 8} more, all listed in the report")
    else:
        said.print(
            f"Complete: {count('assignments', 0)} assignments judged, {count('videos_examined', 0)} videos looked into"
        )
    said.print()
    outcomes = [(outcome.value, str(count(f"assignments_{outcome.value}", 0))) for outcome in Outcome]
    print_table("Assignments", ("outcome", "n"), [*outcomes, ("all", str(count("assignments", 0)))], right=("n",))
    said.print()
    print_rates(rates)
    said.print()
    open_now = [one for one in observed if one.state == "open" and not one.finding.is_borderline]
    kinds = Counter(one.finding.kind for one in open_now)
    fresh = Counter(one.finding.kind for one in open_now if one.change in (Change.APPEARED, Change.REOPENED))
    rows = [
        (kind.group.value, kind.value.replace("_", " "), str(n), str(fresh[kind]))
        for kind, n in sorted(kinds.items(), key=lambda item: (item[0].group, -item[1], item[0]))
    ]
    print_table("Findings", ("group", "kind", "n", "new"), rows, right=("n", "new"))
    said.print()


def print_rates(table: RateTable) -> None:
    """All rates of all groups."""
    rows = [
        (
            group.key,
            rate.name.replace("_", " "),
            f"{rate.k:.0f}/{rate.n:.0f}" + (" s" if rate.unit == "seconds" else ""),
            percent(rate.share),
            "–" if rate.low is None else f"{percent(rate.low)} to {percent(rate.high)}",
            f"{percent(rate.band_low)} to {percent(rate.band_high)}",
        )
        for group in table.groups
        for rate in group.rates
    ]
    columns = ("group", "rate", "k/n", "share", "95 % interval", "pending and unknown all bad to all good")
    print_table("Rates", columns, rows, right=("k/n", "share"))
