"""Every route with every role: what is not granted is refused, and a refusal says nothing of what exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from bwc_audit.audit.people import make_token
from bwc_audit.domain.people import RIGHTS, Right, Role
from bwc_audit.web.app import ROOMS
from bwc_audit.web.site import Site
from tests.web.conftest import START_US, Browser

Opened = Callable[..., Browser]

#: Ids that exist in the sample night (see its scenes), and one of each kind that does not.
_KNOWN = {
    "incident_id": "20250524-0067",
    "footage_id": "X60A10114-01305",
    "number": "0",
    "pick": "1",
    "account_id": "public",
    "job_id": "none-is-under-way",
}
_UNKNOWN = dict.fromkeys((*_KNOWN, "finding_id", "run_id", "name"), "no-such-thing") | {"number": "999"}


def _routes() -> dict[tuple[str, str], Right | str | None]:
    return {key: right for room in ROOMS for key, right in room.access.items()}


def _api_routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in _flat(app):
        if route.path.startswith("/api/v1/"):
            for method in route.methods or ():
                yield method, route.path


def _flat(app: FastAPI) -> Iterator[APIRoute]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            yield context.original_route


def test_every_route_of_the_application_says_who_may_use_it(browser: Opened) -> None:
    app = browser().client.app
    assert isinstance(app, FastAPI)
    declared = _routes().keys()
    seen = {(method, route.path) for route in _flat(app) for method in route.methods or ()}
    undeclared = {one for one in seen - declared if not one[1].startswith(("/static/", "/api/v1"))}
    assert undeclared == set()
    assert declared <= seen


@pytest.mark.parametrize("role", [*Role, None])
def test_what_a_role_may_not_is_refused_whether_or_not_it_exists(browser: Opened, role: Role | None) -> None:
    one = browser(role)
    wrong = []
    for (method, path), right in _routes().items():
        if right == "open" or path == "/sign-out":
            continue
        may = role is not None and (right is None or right in RIGHTS[role])
        answers = []
        for ids in (_KNOWN | _some(path), _UNKNOWN):
            address = _filled(path, ids)
            answer = one.client.request(method, address, data={} if method == "POST" else None)
            answers.append(answer)
        for answer in answers:
            if role is None:
                is_right = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            elif may:
                is_right = method == "POST" or answer.status_code in (200, 404, 415)
            else:
                is_right = answer.status_code == 403
            if not is_right:
                wrong.append((method, str(answer.url), right, answer.status_code))
        if role is not None and not may and _told(answers[0].text) != _told(answers[1].text):
            wrong.append((method, path, right, "the refusals differ"))
    assert wrong == []


def test_the_api_refuses_without_a_token_and_beyond_its_scopes(browser: Opened, site: Site) -> None:
    one = browser()
    assert isinstance(one.client.app, FastAPI)
    _, narrow = make_token(site.engine, "public", "rates", frozenset({Right.SUMMARY}), 1, START_US)
    for method, path in _api_routes(one.client.app):
        address = _filled(path, _UNKNOWN)
        for headers in ({}, {"authorization": "Bearer bwc_wrong"}, {"authorization": "Basic eDp5"}):
            assert one.client.request(method, address, headers=headers, json={"place": 0}).status_code == 401, path
        status = one.client.request(
            method, address, headers={"authorization": f"Bearer {narrow}"}, json={"place": 0}
        ).status_code
        assert status == (200 if path == "/api/v1/rates" else 403), path


def test_a_supervisor_sees_their_own_unit_and_of_others_not_even_that_they_exist(browser: Opened) -> None:
    chief, own = browser("auditor"), browser("supervisor")
    foreign = chief.get("/findings?unit=Response+C").text
    links = {part.split('"')[0] for part in foreign.split('href="/findings/')[1:] if part.startswith("F-")}
    assert links
    for link in links:
        assert chief.get(f"/findings/{link}").status_code == 200
        hidden, unknown = own.get(f"/findings/{link}"), own.get("/findings/F-000000000000")
        assert (hidden.status_code, _told(hidden.text)) == (404, _told(unknown.text))
    assert own.get("/incidents/20250524-0067").status_code == 404
    assert own.get("/units/Response%20C").status_code == 404
    assert own.get("/units/Response%20A").status_code == 200
    listed = own.get("/findings").text
    assert "in your unit Response A" in listed
    assert "Response C" not in listed


def test_a_disabled_account_is_out_at_once(browser: Opened) -> None:
    one, chief = browser("reviewer"), browser("administrator")
    assert one.get("/").status_code == 200
    assert chief.post("/accounts/reviewer", do="disable").status_code == 303
    assert one.get("/").status_code == 303
    assert browser().sign_in("reviewer").status_code == 401
    assert "last administrator" in chief.post("/accounts/administrator", do="disable").text


def _filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value).replace("{" + name + ":path}", value)
    return path


def _some(path: str) -> dict[str, str]:
    """Names that exist, by what the path is about."""
    name = "104" if path.startswith("/officers") else "Response A" if path.startswith("/units") else "uk_generic"
    return {"name": name, "finding_id": "F-000000000000", "run_id": "no-such-run"}


def _told(page: str) -> str:
    """A page without what is of this request alone."""
    return page.split("<main", 1)[-1]
