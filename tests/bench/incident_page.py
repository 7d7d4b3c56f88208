"""The page of one large incident: 12 officers, 60 recordings in pieces with gaps, each looked into, on both databases.

A night over real small videos decides it; then the application is asked in process, signed in as a reviewer, so that
checking the session and the access log count as well. Medians of wall and CPU time; sizes as sent.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from bwc_audit.audit.people import add_account
from bwc_audit.audit.setup import now_us
from bwc_audit.domain.people import Role
from bwc_audit.web.app import make_app
from bwc_audit.web.site import Site
from tests.audit.nights import Night, night_settings, run_night
from tests.audit.small_force import CLIP_S, SmallForce
from tests.bench.measuring import Line, in_fresh_process
from tests.fixtures_postgres import debian_programs, running_server, wheel_programs
from tests.media.clips import FPS, street, tone, write_clip

OFFICERS, PIECES = 12, 5
INCIDENT = "LARGE"
ROUNDS = 15
_DATABASES = ("sqlite", "postgresql")
_PASSWORD = "correct horse battery"  # of an account that lives as long as this process


def lines() -> list[Line]:
    """Both databases, each in a process of its own."""
    return [line for name in _DATABASES for line in _lines_of(name, in_fresh_process(__name__, name))]


def _lines_of(database: str, found: dict[str, dict[str, float]]) -> list[Line]:
    return [
        Line(
            f"{database}: {what}",
            f"{1000 * one['wall_s']:.0f} ms",
            note=f"{1000 * one['cpu_s']:.0f} CPU-ms, {one['bytes'] / 1024:,.0f} KiB",
        )
        for what, one in found.items()
    ]


def once(database: str) -> dict[str, dict[str, float]]:
    """Here and now: what each answer takes."""
    with tempfile.TemporaryDirectory() as folder, _database(database) as url:
        force = large_incident(Path(folder))
        night = run_night(night_settings(force.root, Path(folder) / "state", database_url=url, workers=2))
        add_account(night.audit.engine, "reviewer", Role.REVIEWER, now_us(), password=_PASSWORD)
        client = TestClient(make_app(Site(night.audit, "k" * 40)), follow_redirects=False)
        _sign_in(client)
        answers = _answers(client, night)
        night.audit.engine.dispose()
        return answers


def large_incident(folder: Path) -> SmallForce:
    """The source: one call of half an hour, twelve officers, five recordings each with gaps between them."""
    clip = write_clip(folder / "clip.mp4", street(CLIP_S), tone(CLIP_S, from_s=10), g=FPS * 2).read_bytes()
    force = SmallForce(folder / "source", clip)
    officers = [str(100 + number) for number in range(OFFICERS)]
    issued = "2025-01-01T00:00:00Z"
    force.write_csv("roster/officers.csv", [{"officer_id": one, "unit": "north", "camera_from": issued} for one in officers])
    force.write_csv("roster/devices.csv", [{"device_id": f"CAM{one}", "model": "Model 4"} for one in officers])
    held: list[dict[str, object]] = [{"device_id": f"CAM{one}", "officer_id": one, "held_from": issued} for one in officers]
    force.write_csv("roster/holders.csv", held)
    force.call(INCIDENT, "20:00", *officers, seconds=1800)
    for officer in officers:
        force.docked(f"CAM{officer}", force.moment("06:00:00", days=1))
        for piece in range(PIECES):
            force.recorded(f"{INCIDENT}-{piece}", officer, f"20:{1 + 6 * piece:02}", incident_ids=[INCIDENT])
    return force


def _sign_in(client: TestClient) -> None:
    proof = client.get("/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    fields = {"csrf": proof, "name": "reviewer", "password": _PASSWORD}
    assert client.post("/sign-in", data=fields).status_code == 303


def _answers(client: TestClient, night: Night) -> dict[str, dict[str, float]]:
    officers = len({one.officer_id for one in night.results})
    assert (officers, night.videos_examined) == (OFFICERS, OFFICERS * PIECES), "not the incident that was meant"
    footage = f"/incidents/{INCIDENT}/footage/V-{INCIDENT}-0-100"
    asked: dict[str, Callable[[], Any]] = {
        "the page": lambda: client.get(f"/incidents/{INCIDENT}"),
        "the inside of its files": lambda: client.get(f"/incidents/{INCIDENT}/files"),
        "one frame": lambda: client.get(f"{footage}/frames/0"),
        "64 KiB of a video": lambda: client.get(f"{footage}/video", headers={"range": "bytes=65536-131071"}),
    }
    return {what: _median(ask) for what, ask in asked.items()}


def _median(ask: Callable[[], Any]) -> dict[str, float]:
    answer = ask()
    assert answer.status_code in (200, 206), answer.text
    wall, cpu = [], []
    for _ in range(ROUNDS):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        ask()
        wall.append(time.perf_counter() - wall_s)
        cpu.append(time.process_time() - cpu_s)
    return {"wall_s": statistics.median(wall), "cpu_s": statistics.median(cpu), "bytes": len(answer.content)}


@contextmanager
def _database(name: str) -> Iterator[str]:
    """The address of a new database; empty: SQLite in the state folder."""
    if name == "sqlite":
        yield ""
        return
    with running_server(debian_programs() or wheel_programs()) as server:
        yield server.url(server.create_database())


if __name__ == "__main__":
    print(json.dumps(once(sys.argv[1])))
