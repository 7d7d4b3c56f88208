"""How long work shows that it goes on: a bar on a terminal, otherwise one line a minute. Always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bwc_audit.audit.ingest import Progress as Report

_LINE_EVERY_S = 60.0


@contextmanager
def shown_progress() -> Iterator[Report]:
    """A function to call with (what, done, total); it shows the state of each ``what``."""
    if sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        yield _Lines()


@contextmanager
def _bar() -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


class _Lines:
    """At most one line a minute; short work prints nothing."""

    def __init__(self) -> None:
        self._next_s = time.monotonic() + _LINE_EVERY_S

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _LINE_EVERY_S
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)
