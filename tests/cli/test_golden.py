"""Help and tables, byte for byte. A missing golden file fails, and so does one that no command makes any more."""

from __future__ import annotations

import pytest

from tests.cli.golden import FOLDER, commands, help_file, help_text
from tests.cli.small_run import SmallRun
from tests.cli.tables import TABLES, table_text

#: Groups of commands, and the program itself: their commands show the examples.
_GROUPS = ((), ("db",), ("policy",), ("sample",), ("sources",), ("users",))
_MEND = "run `make golden` and look at the difference"


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_is_the_golden_one(words: tuple[str, ...]) -> None:
    golden = help_file(words)
    assert golden.is_file(), f"{golden} is missing: {_MEND}"
    assert help_text(words) == golden.read_text(encoding="utf-8"), _MEND


@pytest.mark.parametrize("words", [words for words in commands() if words not in _GROUPS], ids=" ".join)
def test_help_of_every_command_shows_an_example(words: tuple[str, ...]) -> None:
    assert f"Example: bwc-audit {' '.join(words)}" in help_text(words)


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_the_golden_ones(name: str, small_run: SmallRun) -> None:
    golden = FOLDER / name
    assert golden.is_file(), f"{golden} is missing: {_MEND}"
    assert table_text(small_run, TABLES[name]) == golden.read_text(encoding="utf-8"), _MEND


def test_no_golden_file_is_left_over() -> None:
    made = {help_file(words).name for words in commands()} | set(TABLES)
    assert {path.name for path in FOLDER.iterdir()} == made
