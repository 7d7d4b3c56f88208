"""Every command is in the documentation, and every command line shown there is one that the program would take."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer._click.exceptions import MissingParameter, NoArgsIsHelpError, UsageError
from typer.main import get_command

from bwc_audit.cli import app
from tests.cli.golden import commands

_ROOT = Path(__file__).parents[2]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_QUOTED = re.compile(r"`([^`\n]+)`")
_PROGRAM = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/)?bwc-audit(?P<rest> .*)?$")


def _shown(page: Path) -> list[tuple[str, bool]]:
    """The arguments of every ``bwc-audit …`` in a code block (True) or between backquotes (False)."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = "\n".join(_FENCED.findall(text)).splitlines()
    quoted = _QUOTED.findall(_FENCED.sub("", text))
    found = [
        (_PROGRAM.match(line.strip()), is_block) for lines, is_block in ((blocks, True), (quoted, False)) for line in lines
    ]
    return [((match["rest"] or "").strip(), is_block) for match, is_block in found if match]


def _words(line: str) -> list[str]:
    """Without comment, pipe, redirection and what the documentation leaves open."""
    words = shlex.split(line, comments=True)
    return words[
        : next((n for n, word in enumerate(words) if word[0] in "|>&;<[{" or word in ("2>", "…", "...")), len(words))
    ]


_LINES = sorted({(page.relative_to(_ROOT).as_posix(), *shown) for page in _PAGES for shown in _shown(page)})


@pytest.mark.parametrize(
    "words",
    [words for words in commands() if words and words not in (("db",), ("policy",), ("sample",), ("sources",), ("users",))],
    ids=" ".join,
)
def test_every_command_is_documented(words: tuple[str, ...]) -> None:
    told = {line for _, line, _ in _LINES}
    assert any(_words(line)[: len(words)] == list(words) for line in told), f"no page shows `bwc-audit {' '.join(words)}`"


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_command_line_shown_is_one(page: Path) -> None:
    problems = [f"`bwc-audit {line}`: {fault}" for line, is_block in _shown(page) if (fault := _fault(line, is_block))]
    assert not problems, f"{page}: " + "; ".join(problems)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("nightly --date 2025-05-24", ""),
        ("incident INC-1 --reason 'complaint 2025/118' | head", ""),
        ("nighty", "no such command"),
        ("nightly --day 2025-05-24", "No such option: --day"),
        ("findings --format xml", "Invalid value for '--format'"),
        ("incident INC-1", "Missing option"),
        ("db", ""),
    ],
)
def test_a_wrong_command_line_would_be_noticed(line: str, fault: str) -> None:
    assert _fault(line, True).startswith(fault)
    assert bool(_fault(line, True)) is bool(fault)


def _fault(line: str, is_block: bool) -> str:
    """Why the program would not take the line; empty: it would. In running text a command may be only named."""
    words = _words(line)
    command = get_command(app)
    while (below := getattr(command, "commands", None)) is not None and words and not words[0].startswith("-"):
        if words[0] not in below:
            return "no such command"
        command = below[words.pop(0)]
    if {"--help", "--version"} & set(words):
        return ""
    try:
        command.make_context("bwc-audit", list(words))
    except MissingParameter as error:
        return error.format_message() if is_block else ""
    except NoArgsIsHelpError:
        return ""
    except UsageError as error:
        return error.format_message()
    return ""
