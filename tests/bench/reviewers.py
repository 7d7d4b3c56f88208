"""Fifty reviewers at once: each asks for the next page about two seconds after it got the last one, for half a minute.

The application runs in a process of its own over the sample night (SQLite, folder); the reviewers are threads of this one,
on the same cores. Bounded in number, time and requests.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

import sample_media
from bwc_audit.audit.people import add_account
from bwc_audit.audit.setup import now_us
from bwc_audit.domain.people import Role
from tests.audit.nights import night_settings, run_night
from tests.bench.measuring import Line
from tests.bench.nightly import SAMPLE_FOLDER
from tests.fixtures_night import SAMPLE

REVIEWERS, SECONDS, THINK_S = 50, 30.0, 2.0
_PASSWORD = "correct horse battery"
_INCIDENTS = ("20250524-0067", "20250524-0064", "20250524-0061", "20250524-0053")
_PAGES = (
    "/",
    "/findings",
    "/findings?kind=no_footage",
    "/findings?severity=high&order=oldest",
    "/incidents",
    *(f"/incidents/{incident_id}" for incident_id in _INCIDENTS),
)


def lines() -> list[Line]:
    """What the reviewers waited, by page and over all."""
    with tempfile.TemporaryDirectory() as folder:
        built = sample_media.build(SAMPLE_FOLDER)
        settings = night_settings(built.source, Path(folder), **SAMPLE)
        engine = run_night(settings).audit.engine
        for number in range(REVIEWERS):
            add_account(engine, f"reviewer{number}", Role.REVIEWER, now_us(), password=_PASSWORD)
        engine.dispose()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        program = [sys.executable, "-c", "from bwc_audit.cli import main; main()", "web", "--port", str(port)]
        environment = {**os.environ, **settings.environment()}
        with subprocess.Popen(program, env=environment, stderr=subprocess.DEVNULL) as server:
            try:
                waited = _work(f"http://127.0.0.1:{port}")
            finally:
                server.terminate()
    every = [time_s for times in waited.values() for time_s in times]
    told = [_line(page, times) for page, times in sorted(waited.items())]
    return [*told, _line(f"all pages, {REVIEWERS} reviewers, {len(every)} requests", every)]


def _line(what: str, times: list[float]) -> Line:
    ordered = sorted(times)
    return Line(what, f"{1000 * statistics.median(ordered):.0f} ms", note=f"p95 {1000 * _p95(ordered):.0f} ms")


def _p95(times: list[float]) -> float:
    return times[int(0.95 * (len(times) - 1))]


def _work(address: str) -> dict[str, list[float]]:
    _wait_for(address)
    waited: dict[str, list[float]] = {page: [] for page in _PAGES}
    lock = threading.Lock()
    clients = [_signed_in(address, number) for number in range(REVIEWERS)]
    until = time.monotonic() + SECONDS

    def review(client: httpx.Client, seed: int) -> None:
        chance = random.Random(seed)
        time.sleep(chance.random() * THINK_S)
        while time.monotonic() < until:
            page = chance.choice(_PAGES)
            began = time.perf_counter()
            answer = client.get(page)
            took = time.perf_counter() - began
            answer.raise_for_status()
            with lock:
                waited[page].append(took)
            time.sleep(chance.uniform(0.5, 1.5) * THINK_S)

    threads = [threading.Thread(target=review, args=(client, seed)) for seed, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waited


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            httpx.get(f"{address}/sign-in")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the application did not start")


def _signed_in(address: str, number: int) -> httpx.Client:
    client = httpx.Client(base_url=address, timeout=30)
    proof = client.get("/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    form = {"csrf": proof, "name": f"reviewer{number}", "password": _PASSWORD}
    if client.post("/sign-in", data=form).status_code != 303:
        raise SystemExit("a reviewer could not sign in")
    return client
