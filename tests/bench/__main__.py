"""``python -m tests.bench [engine|clocks|decision|stored|store|sources|nightly|incident …]``: what it costs; all without."""

from __future__ import annotations

import sys

from tests.bench import clocks, decision, engine, incident_page, nightly, sources, store, stored_year
from tests.bench.measuring import ROUNDS, machine, print_lines

_PARTS = {
    "engine": ("The coverage engine", engine.lines),
    "clocks": ("The clocks of all cameras", clocks.lines),
    "decision": ("From records to the database (SQLite)", decision.lines),
    "stored": ("From rows of the database to decided results (SQLite and PostgreSQL)", stored_year.lines),
    "store": ("Writing what a year decided", store.lines),
    "sources": ("Reading record files", sources.lines),
    "nightly": ("The night of the sample", nightly.lines),
    "incident": ("The page of one incident, 12 officers and 60 recordings (wall time)", incident_page.lines),
}


def main(wanted: list[str]) -> int:
    """Print the named parts."""
    unknown = [name for name in wanted if name not in _PARTS]
    if unknown:
        print(f"usage: python -m tests.bench [{'|'.join(_PARTS)} …]", file=sys.stderr)
        return 2
    print(f"{machine()}\nMedians of {ROUNDS} interleaved rounds (decision: 3), CPU seconds unless a wall time is named.")
    for name in wanted or _PARTS:
        title, lines = _PARTS[name]
        print_lines(title, lines())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
