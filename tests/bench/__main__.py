"""``python -m tests.bench [engine|clocks|decision|stored|store|sources|incident_page|reviewers|nightly …]``: what it
costs; all by default."""

from __future__ import annotations

import sys

from tests.bench import clocks, decision, engine, incident_page, nightly, reviewers, sources, store, stored_year
from tests.bench.measuring import ROUNDS, machine, print_lines

_PARTS = {
    "engine": ("The coverage engine", engine.lines),
    "clocks": ("The clocks of all cameras", clocks.lines),
    "decision": ("From records to the database (SQLite)", decision.lines),
    "stored": ("From rows of the database to decided results (SQLite and PostgreSQL)", stored_year.lines),
    "store": ("Writing what a year decided", store.lines),
    "sources": ("Reading record files", sources.lines),
    "incident_page": ("The page of an incident of 12 officers and 60 recordings", incident_page.lines),
    "reviewers": ("Reviewers at work, all at once (SQLite)", reviewers.lines),
    "nightly": ("The night of the sample", nightly.lines),
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
