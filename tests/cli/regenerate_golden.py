"""Writes the golden files of the command line anew: ``python -m tests.cli.regenerate_golden``. Look at the difference."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.cli.golden import FOLDER, commands, help_file, help_text
from tests.cli.small_run import small_run_in
from tests.cli.tables import TABLES, table_text


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = {help_file(words): help_text(words) for words in commands()}
    with tempfile.TemporaryDirectory() as folder:
        run = small_run_in(Path(folder))
        texts |= {FOLDER / name: table_text(run, arguments) for name, arguments in TABLES.items()}
    for path in set(FOLDER.glob("*.txt")) - set(texts):
        path.unlink()
        print(f"{path} removed")
    for path, text in sorted(texts.items()):
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
