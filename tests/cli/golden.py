"""The golden files of the command line: the help of every command, and the tables of the small run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from typer import rich_utils
from typer.main import get_command
from typer.testing import CliRunner

from bwc_audit.cli import app

FOLDER = Path(__file__).parents[1] / "golden" / "cli"

_WIDTH = "100"


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command and group, the program itself (no word) first."""
    yield ()
    yield from _below(get_command(app), ())


def _below(group: object, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, command in getattr(group, "commands", {}).items():
        yield (*words, name)
        yield from _below(command, (*words, name))


def help_file(words: tuple[str, ...]) -> Path:
    """``help-db-upgrade.txt``; the program itself is ``help.txt``."""
    return FOLDER / ("-".join(("help", *words)) + ".txt")


def help_text(words: tuple[str, ...]) -> str:
    """What ``--help`` prints into a pipe, 100 columns wide."""
    fixed = {"TERMINAL_WIDTH": _WIDTH, "COLUMNS": _WIDTH, "NO_COLOR": "1"}
    cleared = {name: text for name, text in os.environ.items() if name not in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS")}
    with mock.patch.dict(os.environ, cleared | fixed, clear=True):
        _read_width_anew()
        result = CliRunner().invoke(app, [*words, "--help"], prog_name="bwc-audit", catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.stdout.splitlines()).strip("\n") + "\n"


def _read_width_anew() -> None:
    """Typer reads width and colour when it is imported."""
    rich_utils.MAX_WIDTH = int(_WIDTH)
    rich_utils.FORCE_TERMINAL = None
