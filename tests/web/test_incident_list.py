"""The list of incidents: page, files and API by one query; filters are said, and refused when they are none."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable

from bwc_audit.audit.people import make_token
from bwc_audit.domain.people import Right
from bwc_audit.web.site import Site
from tests.web.conftest import START_US, UNIT, Browser

Opened = Callable[..., Browser]
_FILTERS = "outcome=findings&from=2025-05-24&to=2025-05-24&order=oldest"


def test_page_files_and_api_say_the_same_incidents_in_the_same_order(browser: Opened, site: Site) -> None:
    one = browser("accountability_officer")
    page = one.get(f"/incidents?{_FILTERS}").text
    assert "opened to 2025-05-24, that day included, oldest first" in page
    listed = one.get(f"/incidents.json?{_FILTERS}").json()
    rows = list(csv.DictReader(io.StringIO(one.get(f"/incidents.csv?{_FILTERS}").text)))
    _, secret = make_token(site.engine, "auditor", "list", frozenset({Right.FINDINGS}), 1, START_US)
    head = {"authorization": f"Bearer {secret}"}
    paged = []
    start: int | None = 0
    while start is not None:
        answer = one.client.get(f"/api/v1/incidents?{_FILTERS}&limit=3&start={start}", headers=head).json()
        paged += answer["items"]
        start = answer["next"]
    assert paged == listed
    assert [row["incident_id"] for row in rows] == [item["incident_id"] for item in listed]
    assert len(listed) > 3
    assert all(item["findings"] for item in listed)
    assert [item["opened_at"] for item in listed] == sorted(item["opened_at"] for item in listed)
    assert all(f"/incidents/{item['incident_id']}" in page for item in listed[:50])
    assert one.get("/incidents.json?to=2025-05-01").json() == []


def test_a_supervisor_counts_only_officers_of_their_unit(browser: Opened, site: Site) -> None:
    _, secret = make_token(site.engine, "supervisor", "list", frozenset({Right.FINDINGS}), 1, START_US)
    _, all_of_it = make_token(site.engine, "auditor", "list", frozenset({Right.FINDINGS}), 1, START_US)
    client = browser().client

    def listed(token: str, more: str = "") -> list[dict[str, object]]:
        address = f"/api/v1/incidents?limit=200{more}"
        answer: list[dict[str, object]] = client.get(address, headers={"authorization": f"Bearer {token}"}).json()["items"]
        return answer

    own, of_unit = listed(secret), listed(all_of_it, f"&unit={UNIT}")
    assert [item["incident_id"] for item in own] == [item["incident_id"] for item in of_unit]
    assert len(own) < len(listed(all_of_it))
    foreign, unknown = (
        client.get(f"/api/v1/incidents?unit={unit}", headers={"authorization": f"Bearer {secret}"})
        for unit in ("Response+C", "Response+Z")
    )
    assert foreign.status_code == unknown.status_code == 422
    assert foreign.json() == {**unknown.json(), "explanation": unknown.json()["explanation"].replace("Z", "C")}
    assert browser("supervisor").get("/incidents.csv").status_code == 403


def test_what_is_no_filter_is_refused_and_kept_as_typed(browser: Opened) -> None:
    one = browser("auditor")
    for query, told in (
        ("from=yesterday", "is no day"),
        ("outcome=guilty", "is none of"),
        ("run=nothing", "there is no run nothing"),
        ("order=fame", "is no order"),
        ("page=0", "there is no page 0"),
        ("unit=Response+Z", "Unit: none that you may see is called 'Response Z'"),
        ("officer=9999", "Officer: none that you may see is called '9999'"),
        ("call_type=kept", "Call type: none that you may see is called 'kept'"),
        ("from=2025-05-25&to=2025-05-24", "no day is both 2025-05-25 or later and 2025-05-24 or earlier"),
    ):
        answer = one.get(f"/incidents?{query}&text=kept+as+typed")
        page = html.unescape(answer.text)
        assert (answer.status_code, told in page, "kept as typed" in page) == (422, True, True), query
        if "page" not in query:
            assert one.get(f"/incidents.csv?{query}").status_code == 422
    for path in ("/incidents", "/findings"):
        assert one.get(f"{path}?from=0001-01-01&to=9999-12-31").status_code == 200


def test_a_view_is_kept_for_its_account_until_it_is_forgotten(browser: Opened) -> None:
    one = browser("auditor")
    assert one.post("/incidents/views", name="Bad ones", query=_FILTERS).status_code == 303
    assert "Bad ones" in one.get("/incidents").text
    assert "Bad ones" not in one.get("/findings").text
    assert "Bad ones" not in browser("reviewer").get("/incidents").text
    one.post("/incidents/views", forget="Bad ones", query="")
    assert "Bad ones" not in one.get("/incidents").text
