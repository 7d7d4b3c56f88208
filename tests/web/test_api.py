"""The API: what its description promises holds for whatever is asked of it, within the scopes of the token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.generation import GenerationMode

from bwc_audit.audit.people import make_token
from bwc_audit.domain.people import RIGHTS, Role
from bwc_audit.web.app import make_app
from bwc_audit.web.site import Site
from tests.web.conftest import START_US, Browser, Clock

Opened = Callable[..., Browser]


@pytest.fixture
def bearer(site: Site) -> dict[str, str]:
    """The head of a request by a token of an accountability officer with every scope."""
    rights = RIGHTS[Role.ACCOUNTABILITY_OFFICER]
    _, secret = make_token(site.engine, "accountability_officer", "test", rights, 30, START_US)
    return {"authorization": f"Bearer {secret}"}


def test_pages_of_findings_together_are_the_list(browser: Opened, bearer: dict[str, str]) -> None:
    one = browser().client
    found: list[str] = []
    start: int | None = 0
    while start is not None:
        page = one.get(f"/api/v1/findings?limit=7&start={start}", headers=bearer).json()
        found += [item["finding_id"] for item in page["items"]]
        start = page["next"]
    assert len(found) == len(set(found)) == page["total"]
    item = one.get(f"/api/v1/findings/{found[0]}", headers=bearer).json()
    assert item["finding_id"] == found[0]


def test_an_entry_is_added_with_the_place_that_was_seen(browser: Opened, bearer: dict[str, str]) -> None:
    one = browser().client
    finding_id = one.get("/api/v1/findings?limit=1", headers=bearer).json()["items"][0]["finding_id"]
    path = f"/api/v1/findings/{finding_id}/dispositions"
    made = one.post(path, headers=bearer, json={"decision": "confirmed", "place": 0})
    assert (made.status_code, made.json()["decision"], made.json()["place"]) == (201, "confirmed", 1)
    late = one.post(path, headers=bearer, json={"decision": "referred", "place": 0})
    assert late.status_code == 409
    assert one.post(path, headers=bearer, json={"decision": "guilty", "place": 1}).status_code == 422
    assert one.get(path, headers=bearer).json() == made.json()


def test_an_incident_and_rates_are_the_documents_of_the_command_line(browser: Opened, bearer: dict[str, str]) -> None:
    one = browser().client
    incident = one.get("/api/v1/incidents/20250524-0067", headers=bearer).json()
    assert [result["outcome"] for result in incident["results"]] == ["findings"]
    rates = one.get("/api/v1/rates?by=unit", headers=bearer).json()
    assert {group["key"] for group in rates["groups"]} >= {"all", "Response A"}
    assert one.get("/api/v1/incidents/nothing", headers=bearer).status_code == 404
    assert one.get("/api/v1/findings?kind=nothing", headers=bearer).status_code == 422
    for path, name in (("findings", "unit"), ("findings", "incident"), ("incidents", "officer"), ("incidents", "call_type")):
        answer = one.get(f"/api/v1/{path}?{name}=nothing", headers=bearer)
        assert (answer.status_code, "is called 'nothing'" in answer.json()["explanation"]) == (422, True), (path, name)


def test_an_expired_token_and_one_of_a_disabled_account_are_out(
    browser: Opened, bearer: dict[str, str], clock: Clock
) -> None:
    one = browser().client
    assert one.get("/api/v1/runs", headers=bearer).status_code == 200
    clock.pass_minutes(31 * 24 * 60)
    assert one.get("/api/v1/runs", headers=bearer).status_code == 401


#: A description cannot say which names exist: others are refused (see above).
_KNOWN = {"unit": "Response A", "officer": "104", "incident": "20250524-0067", "call_type": "NUISANCE"}


def _name_what_is_there(case: schemathesis.Case[Any]) -> None:
    """In a request that is meant to be accepted, names that exist, and days in their order."""
    is_list = case.path in ("/api/v1/findings", "/api/v1/incidents")
    if not is_list or case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    case.query |= {name: _KNOWN[name] for name in _KNOWN.keys() & case.query.keys()}
    if {"from", "to"} <= case.query.keys():
        case.query["to"] = case.query["from"]


def test_the_api_keeps_its_own_description_whatever_is_asked(site: Site, bearer: dict[str, str]) -> None:
    app = make_app(site)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    count = 0
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]

        @settings(max_examples=12, derandomize=True, database=None, deadline=None)
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case[Any]) -> None:
            _name_what_is_there(case)
            case.call_and_validate(headers=bearer)

        check()
        count += 1
    assert count == 9
