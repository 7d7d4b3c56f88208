"""What orchestration costs: the night of the sample with nothing new in it, by library calls and through the flow.

One process of its own runs both alternately, after Prefect's private server is up; its start is measured apart, with a
new and with a used home. Peaks of memory are those of that process and of the children that looked into the videos.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import sample_media
from bwc_audit.audit import deciding, night
from bwc_audit.audit.ingest import ingest
from bwc_audit.audit.reports import write_run_report
from bwc_audit.audit.setup import day_period, open_audit
from bwc_audit.config import load_settings
from bwc_audit.domain.runs import RunKind
from bwc_audit.store.database import open_database, upgrade
from tests.bench.measuring import ROUNDS, Line, in_fresh_process, peak_rss_mib

SAMPLE_FOLDER = Path(__file__).parents[2] / ".state" / "demo" / "sample"


def lines() -> list[Line]:
    """The whole comparison, over a database and a Prefect home that are made for it and removed."""
    built = sample_media.build(SAMPLE_FOLDER)
    truth = json.loads(sample_media.GROUND_TRUTH.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "BWC_SOURCE": str(built.source.absolute()),
            "BWC_STATE_DIR": folder,
            "BWC_TIMEZONE": truth["timezone"],
            "BWC_POLICY": truth["policy"],
            "BWC_AS_OF": truth["as_of"],
        }
        imported = in_fresh_process(__name__, "import", environment=environment)
        cold = in_fresh_process(__name__, "start", environment=environment)
        warm = [in_fresh_process(__name__, "start", environment=environment) for _ in range(3)]
        nights = in_fresh_process(__name__, "nights", truth["date"], environment=environment)
    return [*_start_lines(imported, cold, warm), *_night_lines(nights)]


def _start_lines(imported: dict[str, float], cold: dict[str, float], warm: list[dict[str, float]]) -> list[Line]:
    first, then = cold["cpu_s"], statistics.median(one["cpu_s"] for one in warm)
    wall_s = statistics.median(one["wall_s"] for one in warm)
    return [
        Line("import of Prefect", f"{imported['prefect_s']:.1f} CPU-s"),
        Line("import of the flows, the library being imported already", f"{imported['flows_s']:.1f} CPU-s"),
        Line(
            "Prefect's private server up, new home",
            f"{first:.1f} CPU-s",
            note=f"{cold['wall_s']:.1f} s; migrates its database",
        ),
        Line("the same, used home", f"{then:.1f} CPU-s", "new home", then / first, f"{wall_s:.1f} s"),
    ]


def _night_lines(nights: dict[str, Any]) -> list[Line]:
    library_s, flow_s = nights["library_s"], nights["flow_s"]
    return [
        Line("second night, library calls", f"{library_s:.2f} s", "itself", 1.0, f"{nights['library_cpu_s']:.2f} CPU-s"),
        Line(
            "second night, through the flow",
            f"{flow_s:.2f} s",
            "library calls",
            flow_s / library_s,
            f"{flow_s - library_s:+.2f} s; {nights['flow_cpu_s']:.2f} CPU-s without the server's own",
        ),
        Line("memory of the nightly process, peak", f"{nights['peak_mib']:.0f} MiB"),
        Line("memory of an inspecting child, peak", f"{nights['child_mib']:.0f} MiB", note="over all videos of the sample"),
    ]


def _import_both() -> dict[str, float]:
    from flows.__main__ import _stay_local

    _stay_local()
    begun_s = time.process_time()
    import prefect  # noqa: F401

    between_s = time.process_time()
    import flows.nightly  # noqa: F401

    return {"prefect_s": between_s - begun_s, "flows_s": time.process_time() - between_s}


def _start_server() -> dict[str, float]:
    """Seconds from asking for the server to its answer; CPU seconds of the server alone, its end included."""
    from flows.__main__ import _stay_local

    _stay_local()
    from prefect.server.api.server import SubprocessASGIServer

    begun_s = time.monotonic()
    server = SubprocessASGIServer()
    server.start()
    wall_s = time.monotonic() - begun_s
    server.stop()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall_s": wall_s, "cpu_s": used.ru_utime + used.ru_stime}


def _nights(day: str) -> dict[str, float]:
    from flows.__main__ import _stay_local

    _stay_local()
    from flows.nightly import nightly

    settings = load_settings()
    engine = open_database(settings.effective_database_url)
    upgrade(engine)
    engine.dispose()
    child_mib = _peak_of_children(lambda: _library_night(day))
    nightly(day=day)
    spent: dict[str, list[tuple[float, float]]] = {"library": [], "flow": []}
    for _ in range(ROUNDS):
        for name, one_night in (("library", lambda: _library_night(day)), ("flow", lambda: nightly(day=day))):
            wall_s, cpu_s = time.monotonic(), time.process_time()
            one_night()
            spent[name].append((time.monotonic() - wall_s, time.process_time() - cpu_s))
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in spent.items()}
    return {
        "library_s": medians["library"][0],
        "library_cpu_s": medians["library"][1],
        "flow_s": medians["flow"][0],
        "flow_cpu_s": medians["flow"][1],
        "peak_mib": peak_rss_mib(),
        "child_mib": child_mib,
    }


def _library_night(day: str) -> None:
    """The steps of the flow, called one after another."""
    audit = open_audit(load_settings())
    run_id = night.start_run(audit, audit.request(RunKind.NIGHTLY, day_period(audit.settings, date.fromisoformat(day))))
    counts = ingest(audit).counts()
    for batch in range(night.plan_run(audit, run_id).batches):
        night.inspect_batch(audit, run_id, batch)
    deciding.decide_run(audit, run_id, counts)
    write_run_report(audit, run_id)
    audit.engine.dispose()


def _peak_of_children(work: Callable[[], object]) -> float:
    """The highest VmHWM of any child process while ``work`` runs, MiB, looked up every 50 ms."""
    peak_kib, is_over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak_kib
        while not is_over.wait(0.05):
            peak_kib = max(peak_kib, *(_peak_of(pid) for pid in _children()), 0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        is_over.set()
        watcher.join()
    return peak_kib / 1024


def _children() -> list[str]:
    found = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        try:
            found += (task / "children").read_text().split()
        except FileNotFoundError:
            continue
    return found


def _peak_of(pid: str) -> int:
    """Peak of a process that runs our inspection, KiB; 0 where it is something else or has ended."""
    try:
        if b"bwc_audit.media.child" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            return 0
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


_PARTS: dict[str, Callable[..., dict[str, float]]] = {"import": _import_both, "start": _start_server, "nights": _nights}

if __name__ == "__main__":
    print(json.dumps(_PARTS[sys.argv[1]](*sys.argv[2:])))
