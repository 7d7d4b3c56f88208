"""How results are shown: tables for people, JSON and CSV for programs. Standard output here; remarks to standard error.

Text of sources is data: nothing in it is markup, and a character that could steer a terminal (controls, escape sequences,
bidirectional overrides) is shown as U+FFFD, or escaped in JSON. CSV in a file or pipe keeps every character.
A table that goes to a pipe has one line for each row; on a terminal it is folded into its width.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bwc_audit.domain.expiring import Expiring
from bwc_audit.domain.noise_rate import ReviewedNoise
from bwc_audit.domain.phrases import said_day_time
from bwc_audit.domain.rates import RateTable
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import LEFT_PENDING, Change, ObservedFinding, Run
from bwc_audit.domain.turned import TURN_WORDS, Turn, Turned, counted, said_turn
from bwc_audit.report.sources_section import expiring_words
from bwc_audit.report.words import plural

#: A sentence in a narrower column than this is set below its row instead.
_NARROWEST = 40

#: What a shell reports for a program whose reader went away (128 + SIGPIPE).
_READER_GONE = 141

_GAP = "  "
_JOINERS = "\u200c\u200d"  # part of words in Persian and Indic scripts; steer nothing
_UNPRINTABLE = re.compile(r"[^\n -~\xa0-\xac\xae-\u05ff]")


class Format(StrEnum):
    """For answers that are no rows."""

    TABLE = "table"
    JSON = "json"


class SheetFormat(StrEnum):
    """For answers that are rows."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def say(text: str = "") -> None:
    """Lines to standard output."""
    _write(readable(text) + "\n")


def note(text: str) -> None:
    """A remark for the person at the terminal: standard error."""
    print(readable(text), file=sys.stderr, flush=True)


def readable(text: str) -> str:
    """``text`` with line feeds, and U+FFFD for every other character that prints nothing and may steer the terminal."""
    return "".join(_shown(char) for char in text)


def one_line(text: str) -> str:
    """``text`` with U+FFFD for line feeds: a file may be named so that the rest of its name looks like a line of ours."""
    return text.replace("\n", "\ufffd")


def print_json(document: Any) -> None:
    """JSON to standard output, alone; characters that print nothing are escaped."""
    _write(json_text(document) + "\n")


def json_text(document: Any) -> str:
    """As printed by ``print_json``, without the last line feed."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return _UNPRINTABLE.sub(lambda found: found[0] if _shown(found[0]) == found[0] else json.dumps(found[0])[1:-1], text)


def print_csv(text: str) -> None:
    """CSV to standard output: every character in a file or pipe, readable ones on a terminal."""
    _write(readable(text) if sys.stdout.isatty() else text)


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = (), sentence: str = ""
) -> None:
    """A plain table; columns named in ``right`` are numbers. The column ``sentence``, the last one, moves below its row
    where the terminal is too narrow for it."""
    cells = [[" ".join(readable(cell.replace("\n", " ")).split()) for cell in row] for row in rows]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    total = sum(widths) + len(_GAP) * (len(widths) - 1)
    lines = [_bold(readable(title))] if title else []
    if width is None or total <= width:
        lines += _aligned(columns, cells, widths, right)
    elif sentence and width - (total - widths[-1]) < _NARROWEST and total - widths[-1] <= width:
        heads, *short = _aligned(columns[:-1], [row[:-1] for row in cells], widths[:-1], right)
        lines.append(heads)
        for line, row in zip(short, cells, strict=False):
            lines += [line, *textwrap.wrap(row[-1], width, initial_indent="    ", subsequent_indent="    ")]
    else:
        lines += _folded(columns, cells, right, width)
    _write("\n".join(lines) + ("\n" if cells else "\n(none)\n"))


def percent(share: float | None) -> str:
    """A share as ``97.3 %``; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.1f} %"


def run_summary(run: Run, rates: RateTable, observed: Sequence[ObservedFinding]) -> None:
    """One run at a glance: complete or not, outcomes, rates, findings by kind."""
    count = run.counts.get
    if run.not_examined:
        things = plural(run.unexamined, "thing")
        say(f"INCOMPLETE: {things} could not be examined")
        for what in run.not_examined[:8]:
            say(f"  · {one_line(what)}")
        if len(run.not_examined) > 8:
            say(f"  · and {run.unexamined - 8:,} more, listed in the report")
    else:
        judged, looked = plural(count("assignments", 0), "assignment"), plural(count("videos_examined", 0), "video")
        say(f"Complete: {judged} judged, {looked} looked into")
    if left := count(LEFT_PENDING, 0):
        were = f"{plural(left, 'assignment')} of the month before {'is' if left == 1 else 'are'} still pending"
        say(f"{were}, and nights do not look back so far: `bwc-audit backfill` over those days judges them again")
    say()
    outcomes = [(outcome.value, str(count(f"assignments_{outcome.value}", 0))) for outcome in Outcome]
    print_table("Assignments", ("outcome", "n"), [*outcomes, ("all", str(count("assignments", 0)))], right=("n",))
    say()
    print_rates(rates)
    say()
    open_now = [one for one in observed if one.state == "open" and not one.finding.is_borderline]
    kinds = Counter(one.finding.kind for one in open_now)
    renamed = {one.finding.subject for one in observed if one.change is Change.REPLACED}
    fresh = Counter(
        one.finding.kind
        for one in open_now
        if one.change in (Change.APPEARED, Change.REOPENED) and one.finding.subject not in renamed
    )
    rows = [
        (kind.group.value, kind.value.replace("_", " "), str(n), str(fresh[kind]))
        for kind, n in sorted(kinds.items(), key=lambda item: (item[0].group, -item[1], item[0]))
    ]
    print_table("Findings", ("group", "kind", "n", "new"), rows, right=("n", "new"))
    say()


def print_expiring(expiring: Sequence[Expiring], most: int = 8) -> None:
    """What may be deleted soon although something is open; nothing where nothing is."""
    rows = [(said_day_time(one.until_us), expiring_words(one)) for one in expiring[:most]]
    print_table("Expires soon while unresolved", ("may be deleted from", "what"), rows)
    if len(expiring) > most:
        say(f"and {len(expiring) - most} more: `bwc-audit completeness` lists them")


#: Lines of each turn that are named; the rest are counted.
_TURNS_NAMED = 5


def print_turns(turns: Sequence[Turned]) -> None:
    """What settled since the run before, and what still waits."""
    numbers = counted(turns)
    print_table("Since the run before", ("", "n"), [(TURN_WORDS[turn], str(numbers[turn])) for turn in Turn], right=("n",))
    say()
    named = [one for one in turns if one.turn is Turn.TO_FINDINGS]
    for one in named[:_TURNS_NAMED]:
        say(f"  · {said_turn(one)}")
    if len(named) > _TURNS_NAMED:
        say(f"  · and {len(named) - _TURNS_NAMED} more, all listed in the report")


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
    columns = ("group", "rate", "k/n", "share", "95 % interval", "undecided all bad to all good")
    print_table("Rates", columns, rows, right=("k/n", "share"))


def print_noise(noise: Sequence[ReviewedNoise]) -> None:
    """What reviewers had said of each kind of finding."""
    rows = [
        (
            one.kind.value.replace("_", " "),
            f"{one.noise}/{one.reviewed - one.cannot_tell}",
            percent(one.share),
            "–" if one.low is None else f"{percent(one.low)} to {percent(one.high)}",
            str(one.cannot_tell),
            one.sample_id,
        )
        for one in noise
    ]
    columns = ("kind", "noise", "share", "95 % interval", "cannot tell", "sample")
    print_table("Noise among findings, as reviewed", columns, rows, right=("noise", "share", "cannot tell"))


def _shown(char: str) -> str:
    if char == "\n" or char in _JOINERS:
        return char
    is_hidden = unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"
    return "\N{REPLACEMENT CHARACTER}" if is_hidden else char


def _write(text: str) -> None:
    """Everything that goes to standard output goes through here. A reader that went away ends the program quietly."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_READER_GONE) from error


def _bold(text: str) -> str:
    is_plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return text if is_plain else f"\x1b[1m{text}\x1b[0m"


def _aligned(
    columns: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[str]
) -> list[str]:
    def line(row: Sequence[str]) -> str:
        padded = []
        for column, cell, width in zip(columns, row, widths, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if column in right else cell + space)
        return _GAP.join(padded).rstrip()

    return [*([_bold(line(columns))] if any(columns) else []), *map(line, cells)]


def _folded(columns: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[str], width: int) -> list[str]:
    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="")
    for column in columns:
        table.add_column(Text(column), justify="right" if column in right else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(width=width, color_system=None, file=sys.stdout)
    with console.capture() as shown:
        console.print(table)
    heads, *rest = (line.rstrip() for line in shown.get().splitlines())
    return [_bold(heads), *rest]
