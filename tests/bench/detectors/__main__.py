"""``python -m tests.bench.detectors``: builds missing clips, inspects all, prints the tables and writes them down.

A run over everything also renews the tables of ``docs/detectors.md``. The exit code is 0 whether or not aims are met.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.bench.detectors.corpus import CORPUS, FOLDER, build
from tests.bench.detectors.plans import PLANS, inspect_all
from tests.bench.detectors.sheets import write_sheet
from tests.bench.detectors.table import Results, tables
from tests.bench.measuring import machine

_PAGE = Path("docs/detectors.md")
_BEGIN, _END = "<!-- tables begin: written by the run -->", "<!-- tables end -->"
_CLIPS_A_SHEET = 8


def main(words: list[str]) -> int:
    """Runs what the words ask for."""
    asked = _parser().parse_args(words)
    wanted = [recipe for recipe in CORPUS if asked.only in recipe.name]
    if not wanted:
        print(f"no clip's name holds {asked.only!r}", file=sys.stderr)
        return 2
    began_s = time.monotonic()
    clips = build(wanted, FOLDER, processes=asked.processes)
    if asked.sheets:
        Path(asked.sheets).mkdir(parents=True, exist_ok=True)
        for number in range(0, len(clips), _CLIPS_A_SHEET):
            part = clips[number : number + _CLIPS_A_SHEET]
            write_sheet(part, FOLDER, Path(asked.sheets) / f"sheet{number // _CLIPS_A_SHEET:02}.png")
        return 0
    outcomes = []
    for plan in asked.plans:
        outcomes += inspect_all(clips, FOLDER, plan, processes=asked.processes)
        print(f"{plan}: {time.monotonic() - began_s:.0f} s since the start", file=sys.stderr)
    text = f"{_heading(len(clips))}\n\n{tables(Results(tuple(outcomes)))}"
    print(text)
    told = {"machine": machine(), "clips": len(clips), "outcomes": [asdict(outcome) for outcome in outcomes]}
    (FOLDER / "results.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    if not asked.only and tuple(asked.plans) == PLANS:
        _renew(_PAGE, text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.detectors", description=__doc__)
    parser.add_argument("--only", default="", help="clips whose name holds this text")
    parser.add_argument("--plans", nargs="+", choices=PLANS, default=list(PLANS))
    parser.add_argument("--sheets", default="", help="write contact sheets into this folder and stop")
    parser.add_argument("--processes", type=int, default=2)
    return parser


def _heading(clips: int) -> str:
    return f"{clips} clips; measured on {machine()}. Each part is `k/n = share (Wilson 95 % interval)`."


def _renew(page: Path, text: str) -> None:
    """Puts the tables between the marks of the page."""
    old = page.read_text(encoding="utf-8")
    before, _, rest = old.partition(_BEGIN)
    _, mark, after = rest.partition(_END)
    if not mark:
        raise ValueError(f"{page}: the marks for the tables are missing")
    page.write_text(f"{before}{_BEGIN}\n\n{text.rstrip()}\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
