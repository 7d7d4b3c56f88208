"""Commands for foreign exports: ``sources check``, before a file goes into a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bwc_audit.cli.showing import Format, note, print_json, print_table, say
from bwc_audit.cli.source_check_document import check_document
from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.check_file import FileCheck, check_file, odd_facts
from bwc_audit.sources.mapping import load_mapping, shipped_mappings
from bwc_audit.sources.rows import SCHEMA_OF_TABLE


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    sources = typer.Typer(help="Foreign exports: what a file holds, and how it is mapped.", no_args_is_help=True)
    sources.command("check", epilog="Example: `bwc-audit sources check export.csv --suggest our-cad.yaml`")(check)
    sources.command("mappings", epilog="Example: `bwc-audit sources mappings`")(mappings)
    app.add_typer(sources, name="sources")


def check(
    file: Annotated[Path, typer.Argument(help="A CSV, JSON Lines or JSON file.")],
    mapping: Annotated[str, typer.Option(help="A shipped mapping, or a YAML file.")] = "default",
    kind: Annotated[str | None, typer.Option(help=f"Read it as one table: {', '.join(SCHEMA_OF_TABLE)}.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA zone to put into a suggestion.")] = None,
    suggest: Annotated[Path | None, typer.Option(help="Write the suggested mapping here.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE,
) -> None:
    """Read a file as an ingest would and say what is accepted, what is not and why, and what looks odd. Stores nothing.

    Exit code 3 where a row is rejected or the file fits no table; a mapping is suggested then.
    """
    if kind is not None and kind not in SCHEMA_OF_TABLE:
        raise ConfigurationError(f"--kind {kind}: give one of {', '.join(SCHEMA_OF_TABLE)}")
    found = check_file(file, load_mapping(mapping), kind, timezone)
    if format_ is Format.JSON:
        print_json(check_document(found))
    else:
        _say_check(found)
    if suggest is not None:
        _write_suggestion(found, suggest)
    if not found.is_clean:
        raise typer.Exit(3)


def mappings() -> None:
    """List the shipped mappings."""
    loaded = [load_mapping(name) for name in shipped_mappings()]
    rows = [(each.name, each.title, ", ".join(dict.fromkeys(table.table for table in each.tables))) for each in loaded]
    print_table("", ("mapping", "title", "tables"), rows)


def _say_check(found: FileCheck) -> None:
    document = check_document(found)
    say(f"{found.file}, read with the mapping {found.mapping}: {found.rows_accepted} of {found.rows_read} rows accepted")
    if found.rows_passed_over:
        say(f"{found.rows_passed_over} rows belong to no table of the mapping (`where`)")
    columns = ("table", "accepted", "first", "last", "precision", "ambiguous times", "officers", "devices")
    rows = [tuple("–" if value is None else str(value) for value in each.values()) for each in document["tables"]]
    if rows:
        say()
        print_table("", columns, rows, right=("accepted", "ambiguous times", "officers", "devices"))
    if found.rejected:
        say()
        refused = [
            (str(n), reason.replace("_", " "), name or "–", str(one.row.line or "whole file"), one.text or "–", one.detail)
            for (name, reason), n in found.rejected.most_common()
            for one in found.examples[name, reason][:1]
        ]
        print_table("Rejected", ("n", "reason", "field", "line", "text", "why"), refused, right=("n",), sentence="why")
    facts = [(str(n), table, said) for table, n, said in odd_facts(found)]
    if facts:
        say()
        print_table("Worth a look", ("n", "table", "these rows"), facts, right=("n",), sentence="these rows")
    if found.never_occurred:
        say(f"{found.never_occurred} local times never occurred: clocks were set forward over them")
    if found.columns_ignored:
        say()
        say(f"not used: {', '.join(found.columns_ignored)}")
    _say_suggestion(found)


def _say_suggestion(found: FileCheck) -> None:
    if found.suggestion is None:
        return
    say()
    if not found.suggestion.tables:
        say("no mapping can be suggested: no column looks like the id and start of a clip, or the number and time of a call")
        _say_doubts(found.suggestion.doubts)
        return
    say(f"the columns fit no table as they are; suggested ({', '.join(found.suggestion.tables)}):")
    say()
    say(found.suggestion.yaml.rstrip())
    _say_doubts(found.suggestion.doubts)


def _say_doubts(doubts: Sequence[str]) -> None:
    for doubt in doubts:
        say(f"- {doubt}")


def _write_suggestion(found: FileCheck, path: Path) -> None:
    if found.suggestion is None:
        note("no mapping was written: " + ("the columns fit as they are" if found.tables else "the file cannot be read"))
        return
    if not found.suggestion.tables:
        note("no mapping was written: nothing fits")
        return
    try:
        path.write_text(found.suggestion.yaml, "utf-8")
    except OSError as fault:
        raise ConfigurationError(f"--suggest {path}: {fault.strerror}") from fault
    note(f"mapping written to {path}; read it, then: bwc-audit sources check {found.file} --mapping {path}")
