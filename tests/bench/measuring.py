"""How the benchmarks measure: interleaved rounds, CPU seconds of this process, medians; and a table of ratios.

On a shared machine wall time says more about the neighbours than about the code, so ratios are taken from CPU seconds of
things that ran alternately in the same process.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table. ``ratio`` is this row's cost over the baseline's; below 1 is cheaper."""

    what: str
    measured: str
    baseline: str = ""
    ratio: float | None = None
    note: str = ""


def cpu_medians(tasks: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU seconds of each task over ``rounds`` rounds, one of each in turn. Garbage is collected in between."""
    spent: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            gc.collect()
            begun_s = time.process_time()
            task()
            spent[name].append(time.process_time() - begun_s)
    return {name: statistics.median(times) for name, times in spent.items()}


def peak_rss_mib() -> float:
    """The most memory this process ever held, MiB. ``getrusage`` would count that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def in_fresh_process(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """What ``python -m module arguments`` prints last, read as JSON: for peaks of memory, which never go down."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **(environment or {})},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def machine() -> str:
    """Processor, cores, system and versions, in a line."""
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "sqlalchemy", "prefect"))
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{cpu}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}, {packages}"


def print_lines(title: str, lines: list[Line]) -> None:
    """One part of the table."""
    print(f"\n## {title}\n\n| what | measured | baseline | ratio | note |\n| --- | ---: | --- | ---: | --- |")
    for line in lines:
        ratio = "" if line.ratio is None else f"{line.ratio:.3g} ×"
        print(f"| {line.what} | {line.measured} | {line.baseline} | {ratio} | {line.note} |")
    sys.stdout.flush()
