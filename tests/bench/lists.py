"""The lists of the application over a made-up database: seconds from request to finished page, as a reviewer waits for it.

``python -m tests.bench.lists 1000000 postgresql`` fills one database and asks each list some times in turn; the application
and the database run on this machine, without a network between. Times are by the clock, so a busy machine shows in them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import insert, text, update
from sqlmodel import Session

from bwc_audit.audit.people import add_account
from bwc_audit.audit.setup import Audit, open_audit
from bwc_audit.config import load_settings
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.people import Role
from bwc_audit.domain.times import DAY_US, MINUTE_US
from bwc_audit.store.bulk import chunks, insert_ready
from bwc_audit.store.database import open_database, upgrade, writing
from bwc_audit.store.tables import (
    DispositionRow,
    FindingRow,
    ObservationRow,
    RepeatedObservationRow,
    RunAnswerRow,
    RunIncidentRow,
    RunLanesRow,
    RunResultRow,
    RunRow,
    table_of,
)
from bwc_audit.web.app import make_app
from bwc_audit.web.site import Site
from tests.bench.measuring import Line, machine, print_lines
from tests.fixtures_postgres import debian_programs, running_server, wheel_programs

SIZES = {"sqlite": 100_000, "postgresql": 1_000_000}
ROUNDS = 7
_START_US, _DAYS = 1_735_689_600_000_000, 365
_YEAR, _NIGHT = "r1", "r2"
_PER_INCIDENT, _UNITS, _OFFICERS, _CALLS = 5, 20, 2_000, 40
_SEVERITIES = ("low", "medium", "high")
_PASSWORD = "correct horse battery"

#: What a reviewer asks for; every list stands for a way through the indexes.
PAGES = {
    "findings, newest first": "/findings",
    "findings, page 200": "/findings?page=200",
    "findings, gravest first": "/findings?order=severity",
    "findings, by officer": "/findings?order=officer",
    "findings of one kind, open": "/findings?kind=late_activation&state=open",
    "findings of one unit and call type": "/findings?unit=unit-07&call_type=call-07",
    "findings of one officer": "/findings?officer=officer-0042",
    "findings of one day": "/findings?from=2025-05-24&to=2025-05-24",
    "findings that appeared in the last run": "/findings?change=appeared",
    "findings with a decision": "/findings?disposition=confirmed",
    "findings without one": "/findings?disposition=open",
    "findings with a text that many have": "/findings?text=late",
    "findings with a text that none has": "/findings?text=nowhere+at+all",
    "incidents of the year": "/incidents?run=r1",
    "incidents of one unit, oldest first": "/incidents?run=r1&unit=unit-07&order=oldest",
}


def lines() -> list[Line]:
    """Both databases at their sizes."""
    return [line for name, count in SIZES.items() for line in lines_of(name, count)]


def lines_of(name: str, count: int) -> list[Line]:
    """One database."""
    with _database(name) as (url, folder):
        site = _filled(url, folder, count)
        spent = _asked(site)
        site.engine.dispose()
    return [_line(name, count, what, seconds) for what, seconds in spent.items()]


def _line(name: str, count: int, what: str, seconds: list[float]) -> Line:
    worst = f"{name}, {count:,} findings; worst of {len(seconds)}: {1000 * max(seconds):.0f} ms"
    return Line(what, f"{1000 * statistics.median(seconds):.0f} ms", note=worst)


def _asked(site: Site) -> dict[str, list[float]]:
    client = TestClient(make_app(site), follow_redirects=False)
    proof = client.get("/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    signed = client.post("/sign-in", data={"csrf": proof, "name": "reviewer", "password": _PASSWORD})
    assert signed.status_code == 303
    spent: dict[str, list[float]] = {what: [] for what in PAGES}
    for place in range(ROUNDS + 1):
        for what, path in PAGES.items():
            begun_s = time.perf_counter()
            answer = client.get(path)
            took_s = time.perf_counter() - begun_s
            assert answer.status_code == 200, (path, answer.status_code)
            if place:  # the first round fills caches
                spent[what].append(took_s)
    return spent


@contextmanager
def _database(name: str) -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        if name == "sqlite":
            yield f"sqlite:///{folder}/audit.db", Path(folder)
            return
        with running_server(debian_programs() or wheel_programs()) as server:
            yield server.url(server.create_database()), Path(folder)


def _filled(url: str, folder: Path, count: int) -> Site:
    engine = open_database(url)
    upgrade(engine)
    engine.dispose()
    (folder / "source").mkdir()
    audit = open_audit(
        load_settings(source=str(folder / "source"), state_dir=folder, database_url=url, timezone="UTC", policy="uk_generic")
    )
    fill(audit, count)
    add_account(audit.engine, "reviewer", Role.REVIEWER, _START_US, password=_PASSWORD)
    with audit.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return Site(audit, "k" * 40)


def fill(audit: Audit, count: int) -> None:
    """A run over a year with ``count`` findings, a fifth as many incidents; then a night that saw a fiftieth of them again,
    and a decision on every twentieth."""
    with writing(audit.engine) as session:
        for place, run_id in enumerate((_YEAR, _NIGHT)):
            _add_run(session, audit.source.uri, run_id, place)
    for part in chunks(range(count // _PER_INCIDENT), 20_000):
        with writing(audit.engine) as session:
            _add_incidents(session, part)
    for part in chunks(range(count), 50_000):
        with writing(audit.engine) as session:
            _add_findings(session, part)
    with writing(audit.engine) as session:
        run = table_of(RunRow)
        done = {"status": "complete", "finished_us": _START_US, "result_count": 0, "observation_count": 0}
        session.connection().execute(update(run).values(done))


def _add_run(session: Session, source: str, run_id: str, place: int) -> None:
    end_us = _START_US + _DAYS * DAY_US
    values: dict[str, object] = {
        "run_id": run_id,
        "kind": "nightly" if place else "backfill",
        "source": source,
        "period_start_us": end_us - DAY_US if place else _START_US,
        "period_end_us": end_us,
        "as_of_us": end_us + DAY_US,
        "timezone": "UTC",
        "policy_id": "bench",
        "policy_version": "1",
        "policy_hash": "0" * 64,
        "is_deep": False,
        "status": "running",
        "started_us": _START_US + place,
        "software_version": "1",
        "inspector_version": "1",
        "inputs_hash": "",
        "counts": {},
        "not_examined": [],
    }
    session.connection().execute(insert(table_of(RunRow)).values(values))


def _opened_us(incident: int) -> int:
    return _START_US + incident * 7_919 % (_DAYS * 1440) * MINUTE_US


def _add_incidents(session: Session, part: list[int]) -> None:
    names = {one: f"I-{one:07}" for one in part}
    answers = ((_YEAR, names[one], 0, _YEAR, "") for one in part)
    insert_ready(session, table_of(RunAnswerRow), ("run_id", "incident_id", "chunk", "origin_run_id", "digest"), answers)
    incidents = ((_YEAR, names[one], one, _call(one), _opened_us(one)) for one in part)
    insert_ready(session, table_of(RunIncidentRow), _INCIDENT, incidents)
    lanes = ((_YEAR, names[one], '{"columns": [], "rows": []}') for one in part)
    insert_ready(session, table_of(RunLanesRow), ("run_id", "incident_id", "segments"), lanes)
    results = (
        (
            *(_YEAR, names[one], _officer(one + place), 2 * one + place, "covered" if place else "findings"),
            *(_unit(one + place), 0, 0, 0, *["[]"] * 5),
        )
        for one in part
        for place in (0, 1)
    )
    columns = ("run_id", "incident_id", "officer_id", "ordinal", "outcome", "unit", "required_us", "covered_us")
    more = ("unexamined_us", "covered", "gaps", "unusable", "footage_ids", "not_examined")
    insert_ready(session, table_of(RunResultRow), (*columns, *more), results)


def _officer(one: int) -> str:
    return f"officer-{one % _OFFICERS:04}"


def _unit(one: int) -> str:
    return f"unit-{one % _UNITS:02}"


def _call(one: int) -> str:
    return f"call-{one % _CALLS:02}"


def _fingerprint(one: int) -> str:
    """32 digits that come in no order, as real ones do."""
    return f"{one * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def _add_findings(session: Session, part: list[int]) -> None:
    kinds, prints = list(FindingKind), {one: _fingerprint(one) for one in part}
    again = [one for one in part if one % 50 == 0]
    insert_ready(session, table_of(FindingRow), _FINDING, (_finding(one, prints[one], kinds) for one in part))
    insert_ready(session, table_of(ObservationRow), _OBSERVATION, (_observation(one, prints[one]) for one in part))
    seen = ((_NIGHT, prints[one], one, "open", "appeared" if one % 100 else "unchanged", _YEAR) for one in again)
    insert_ready(session, table_of(RepeatedObservationRow), _REPEATED, seen)
    words = ("confirmed", "explained", "technical_fault", "coaching")
    decided = (
        (prints[one], words[one // 20 % 4], "", "reviewer", _START_US, "decision", 1) for one in part if one % 20 == 0
    )
    columns = ("fingerprint", "decision", "comment", "reviewer", "at_us", "kind", "place")
    insert_ready(session, table_of(DispositionRow), columns, decided)


_INCIDENT = ("run_id", "incident_id", "ordinal", "call_type", "opened_us")
_REPEATED = ("run_id", "fingerprint", "ordinal", "state", "change", "origin_run_id")
_FINDING = (
    *("fingerprint", "finding_id", "kind", "incident_id", "officer_id", "device_id", "clause", "first_run_id"),
    *("last_run_id", "state", "placed_us", "severity", "is_borderline", "unit", "call_type", "said_run_id"),
)
_OBSERVATION = (
    *("run_id", "fingerprint", "ordinal", "state", "change", "severity", "message", "seconds_us", "is_borderline"),
    *("spans", "footage_ids", "evidence", "not_examined", "content_digest"),
)


def _finding(one: int, fingerprint: str, kinds: list[FindingKind]) -> tuple[Any, ...]:
    incident = one // _PER_INCIDENT
    return (
        *(fingerprint, f"f-{one:07}", kinds[one * 7 % len(kinds)].value, f"I-{incident:07}", _officer(incident)),
        *(
            f"camera-{incident % _OFFICERS:04}",
            "A1",
            _YEAR,
            _YEAR if one % 50 else _NIGHT,
            _state(one),
            _opened_us(incident),
        ),
        *(("low", "medium", "high")[one % 3], one % 7 == 0, _unit(incident), _call(incident), _YEAR),
    )


def _state(one: int) -> str:
    return "resolved" if one % 4 == 1 else "open"


def _observation(one: int, fingerprint: str) -> tuple[Any, ...]:
    state = _state(one)
    return (
        *(
            _YEAR,
            fingerprint,
            one,
            state,
            "resolved" if state == "resolved" else "appeared",
            ("low", "medium", "high")[one % 3],
        ),
        *(f"activated {one % 900} s late, {one % 60} s after arrival", one % 900 * 1_000_000, one % 7 == 0),
        *("[]", "[]", "[]", "[]", ""),
    )


if __name__ == "__main__":
    wanted = {sys.argv[2]: int(sys.argv[1])} if len(sys.argv) > 2 else SIZES
    print(machine())
    for database, size in wanted.items():
        print_lines(f"Lists ({database})", lines_of(database, size))
