"""What a supervisor may not see is not counted for them either; what two runs are compared of is on record and said."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from bwc_audit.audit.night import fail_run, start_run
from bwc_audit.audit.people import make_token
from bwc_audit.domain.people import Right
from bwc_audit.domain.runs import RunKind
from bwc_audit.domain.times import MINUTE_US, Span
from bwc_audit.store.database import reading, writing
from bwc_audit.store.tables import FindingRow, RunResultRow, table_of
from bwc_audit.web.site import Site
from tests.web.conftest import START_US, UNIT, Browser

Opened = Callable[..., Browser]


@pytest.fixture
def moved_officer(site: Site) -> str:
    """An officer of the supervisor's unit whose findings were all made in another one."""
    table = table_of(FindingRow)
    with reading(site.engine) as session:
        query = select(table.c.officer_id).where(
            table.c.unit == UNIT, table.c.is_borderline.is_(False), table.c.state == "open"
        )
        officer_id = str(session.connection().scalars(query.order_by(table.c.officer_id)).first())
    with writing(site.engine) as session:
        session.connection().execute(update(table).where(table.c.officer_id == officer_id).values(unit="Response C"))
    return officer_id


def test_findings_of_another_unit_are_not_counted_for_a_supervisor(browser: Opened, moved_officer: str) -> None:
    assert "No finding of this run is open." in browser("supervisor").get(f"/officers/{moved_officer}").text
    assert "No finding of this run is open." not in browser("auditor").get(f"/officers/{moved_officer}").text


@pytest.fixture
def borrowed_officer(site: Site, unit: str | None) -> tuple[str, int, int]:
    """An officer of the supervisor's unit who worked one assignment in another one: (id, own assignments, all of them)."""
    result = table_of(RunResultRow)
    with writing(site.engine) as session:
        connection = session.connection()
        # What a run decided is sealed; here it stands for a run in which the roster said so.
        guards = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'run_result'"
        )
        for (guard,) in guards.all():
            connection.exec_driver_sql(f'DROP TRIGGER "{guard}"')
        many = select(result.c.officer_id).where(result.c.unit == UNIT).group_by(result.c.officer_id)
        officer_id = str(connection.scalar(many.having(func.count() > 1).order_by(result.c.officer_id)))
        of_officer = result.c.officer_id == officer_id
        total = connection.scalar(select(func.count()).where(of_officer)) or 0
        one = connection.scalar(select(func.min(result.c.incident_id)).where(of_officer))
        connection.execute(update(result).where(of_officer, result.c.incident_id == one).values(unit=unit))
    return officer_id, total - 1, total


@pytest.mark.parametrize("unit", ["Response C", None])
def test_of_an_officer_of_two_units_a_supervisor_counts_the_own_part(
    browser: Opened, borrowed_officer: tuple[str, int, int]
) -> None:
    officer_id, own, total = borrowed_officer
    assert own >= 1
    page = browser("supervisor").get(f"/officers/{officer_id}").text
    assert f": {own} assignment" in page
    assert "Assignments in other units are not shown" in page
    assert "Response C" not in page
    assert "own part on their page" in browser("supervisor").get("/officers").text
    assert f": {total} assignments" in browser("auditor").get(f"/officers/{officer_id}").text


def test_filters_of_incidents_do_not_tell_a_supervisor_of_other_units(browser: Opened) -> None:
    own, chief = browser("supervisor"), browser("auditor")
    page = chief.get("/incidents?unit=Neighbourhood").text
    shared = {name for name in _incidents(page) if own.get(f"/incidents/{name}").status_code == 200}
    assert shared, "an incident of both units"
    assert _incidents(own.get("/incidents?unit=Neighbourhood").text) == set()
    for outcome in ("covered", "findings", "unknown", "pending", "excluded"):
        for name in _incidents(own.get(f"/incidents?outcome={outcome}").text):
            assert own.get(f"/incidents?outcome={outcome}&text={name}").text.count(f"× {outcome}")


def _incidents(page: str) -> set[str]:
    return set(re.findall(r'href="/incidents/([0-9-]+)"', page))


def test_a_parameter_that_the_api_does_not_have_is_refused(browser: Opened, site: Site) -> None:
    _, secret = make_token(site.engine, "auditor", "list", frozenset({Right.FINDINGS, Right.SUMMARY}), 1, START_US)
    head = {"authorization": f"Bearer {secret}"}
    client = browser().client
    assert client.get("/api/v1/findings?limit=1", headers=head).status_code == 200
    for wrong in ("/api/v1/findings?change=appeared", "/api/v1/incidents?kind=no_footage", "/api/v1/rates?unit=x"):
        answer = client.get(wrong, headers=head)
        assert (answer.status_code, "no such parameter" in answer.text) == (422, True)


def test_comparing_runs_is_on_record(browser: Opened) -> None:
    one = browser("auditor")
    (run_id,) = set(re.findall(r'href="/runs/([0-9TZ]+-[0-9a-f]+)"', one.get("/runs").text))
    one.get(f"/runs/compare?a={run_id}&b={run_id}")
    assert f"{run_id} and {run_id}" in one.get("/access-log?account=auditor").text


def test_a_run_that_decided_nothing_is_not_compared_as_if_findings_had_gone(browser: Opened, site: Site) -> None:
    one = browser("auditor")
    (run_id,) = set(re.findall(r'href="/runs/([0-9TZ]+-[0-9a-f]+)"', one.get("/runs").text))
    failed = start_run(site.audit, site.audit.request(RunKind.NIGHTLY, Span(0, MINUTE_US)))
    fail_run(site.audit, failed, "the store went away")
    answer = one.get(f"/runs/compare?a={run_id}&b={failed}")
    assert answer.status_code == 400
    assert "it decided nothing" in answer.text
