"""Signing in with OpenID Connect, against a real provider on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import oidc_provider_mock
import pytest
from httpx import Response
from pydantic import SecretStr

from bwc_audit.audit.people import add_account
from bwc_audit.domain.people import Role
from bwc_audit.web.site import Site
from tests.web.conftest import START_US, Browser

Opened = Callable[..., Browser]


@pytest.fixture
def issuer() -> Iterator[str]:
    """A provider on a free port, that lets anybody in and knows what it is told of them."""
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def elsewhere(browser: Opened, issuer: str) -> Callable[..., Browser]:
    """A browser of an application that signs in with this provider."""

    def opened(**more: object) -> Browser:
        return browser(oidc_issuer=issuer, oidc_client_id="bwc", oidc_client_secret=SecretStr("s" * 20), **more)

    return opened


def person(issuer: str, sub: str, **claims: object) -> None:
    """Let the provider know somebody."""
    httpx.put(f"{issuer}/users/{sub}", json=claims).raise_for_status()


def sign_in(one: Browser, sub: str) -> Response:
    """Go to the provider, sign in there, come back."""
    asked = one.get("/sign-in/elsewhere?next=/incidents")
    assert asked.status_code == 303
    answer = httpx.post(asked.headers["location"], data={"sub": sub})
    return one.get(_back(answer))


def _back(answer: httpx.Response) -> str:
    place = urlsplit(answer.headers["location"])
    return f"{place.path}?{place.query}"


def test_who_has_an_account_here_signs_in_and_lands_where_they_wanted(
    elsewhere: Callable[..., Browser], issuer: str, site: Site
) -> None:
    add_account(site.engine, "alice", Role.REVIEWER, START_US, subject=f"{issuer} alice")
    one = elsewhere()
    assert "Sign in with your force’s account" in one.get("/sign-in").text
    answer = sign_in(one, "alice")
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")
    assert "alice, reviewer" in one.get("/incidents").text
    assert one.sign_in("alice", "").status_code == 401


def test_who_is_not_known_here_stays_out(elsewhere: Callable[..., Browser]) -> None:
    one = elsewhere()
    answer = sign_in(one, "mallory")
    assert answer.status_code == 403
    assert "not here" in answer.text
    assert one.get("/").status_code == 303


def test_a_claim_names_the_role_and_the_unit(elsewhere: Callable[..., Browser], issuer: str) -> None:
    person(issuer, "sam", role=["staff", "supervisor"], unit="Response A", name="Sam Smith", email="sam@force.example")
    one = elsewhere(oidc_role_claim="role", oidc_unit_claim="unit")
    assert sign_in(one, "sam").status_code == 303
    assert "in your unit Response A" in one.get("/findings").text
    person(issuer, "eve", role="chief")
    assert sign_in(elsewhere(oidc_role_claim="role"), "eve").status_code == 403


def test_an_answer_to_another_browser_a_used_code_and_a_changed_state_are_refused(
    elsewhere: Callable[..., Browser], issuer: str, site: Site
) -> None:
    add_account(site.engine, "alice", Role.REVIEWER, START_US, subject=f"{issuer} alice")
    one, thief = elsewhere(), elsewhere()
    answer = httpx.post(one.get("/sign-in/elsewhere").headers["location"], data={"sub": "alice"})
    back = _back(answer)
    assert thief.get(back).status_code == 403
    given = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert one.get(f"/sign-in/elsewhere/back?{urlencode({**given, 'state': 'other'})}").status_code == 403
    thief.get("/sign-in/elsewhere")
    assert thief.get(back).status_code == 403
    assert thief.get("/").status_code == 303


def test_a_disabled_account_stays_out_by_this_way_too(
    elsewhere: Callable[..., Browser], issuer: str, site: Site, browser: Opened
) -> None:
    add_account(site.engine, "alice", Role.REVIEWER, START_US, subject=f"{issuer} alice")
    browser("administrator").post("/accounts/alice", do="disable")
    assert sign_in(elsewhere(), "alice").status_code == 403


def test_a_provider_that_is_gone_is_said(browser: Opened) -> None:
    one = browser(oidc_issuer="http://127.0.0.1:1", oidc_client_id="bwc", oidc_client_secret=SecretStr("s"))
    answer = one.get("/sign-in/elsewhere")
    assert answer.status_code == 400
    assert "the sign-in service cannot be reached" in answer.text


def test_without_a_provider_there_is_no_such_way(browser: Opened) -> None:
    assert browser().get("/sign-in/elsewhere").status_code == 404
