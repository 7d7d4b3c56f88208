"""Signing in and out: passwords, sessions, lock-out, forms of other sites, and what every answer carries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bwc_audit.audit.people import MOST_FAILURES
from tests.web.conftest import PASSWORD, Browser, Clock

Opened = Callable[..., Browser]


def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_the_page_asked_for(browser: Opened) -> None:
    stranger = browser()
    asked = stranger.get("/?from=mail")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2F%3Ffrom%3Dmail")
    answer = stranger.post("/sign-in", name="Reviewer", password=PASSWORD, next="/?from=mail")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?from=mail")
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x", "/a\nb"])
def test_signing_in_never_leads_to_another_site(browser: Opened, place: str) -> None:
    assert browser().post("/sign-in", name="reviewer", password=PASSWORD, next=place).headers["location"] == "/"


@pytest.mark.parametrize("name", ["reviewer", "nobody-of-that-name"])
def test_a_wrong_password_and_a_wrong_name_are_answered_alike_and_keep_the_name(browser: Opened, name: str) -> None:
    answer = browser().sign_in(name, "wrong")
    assert answer.status_code == 401
    assert "Name or password is not right." in answer.text
    assert f'value="{name}"' in answer.text


def test_after_too_many_failures_the_right_password_waits_too(browser: Opened, clock: Clock) -> None:
    for _ in range(MOST_FAILURES):
        assert browser().sign_in("reviewer", "wrong").status_code == 401
    assert browser().sign_in("reviewer").status_code == 429
    clock.pass_minutes(16)
    assert browser().sign_in("reviewer").status_code == 303


def test_an_address_that_tries_many_names_waits(browser: Opened) -> None:
    stranger = browser()
    for number in range(20):
        assert stranger.sign_in(f"guess{number}", "wrong").status_code == 401
    assert stranger.sign_in("reviewer").status_code == 429


def test_a_session_ends_when_idle_and_after_a_day_of_use(browser: Opened, clock: Clock) -> None:
    one = browser("reviewer")
    clock.pass_minutes(29)
    assert one.get("/").status_code == 200
    clock.pass_minutes(31)
    assert one.get("/").status_code == 303
    other = browser("reviewer")
    for _ in range(12 * 60 // 20 - 1):
        clock.pass_minutes(20)
        assert other.get("/").status_code == 200
    clock.pass_minutes(20)
    assert other.get("/").status_code == 303


def test_signing_out_ends_the_session_whoever_kept_its_cookie(browser: Opened) -> None:
    one, thief = browser("reviewer"), browser()
    thief.client.cookies.update(one.client.cookies)
    assert thief.get("/").status_code == 200
    assert one.post("/sign-out").status_code == 303
    assert (one.get("/").status_code, thief.get("/").status_code) == (303, 303)


def test_a_form_without_the_proof_or_with_that_of_another_browser_is_refused(browser: Opened) -> None:
    one, other = browser("reviewer"), browser("auditor")
    page = other.get("/sign-in").text
    foreign = page.split('name="csrf" value="')[1].split('"')[0]
    for fields in ({}, {"csrf": ""}, {"csrf": foreign}, {"csrf": "é"}):
        assert one.client.post("/sign-out", data=fields).status_code == 403
    assert one.get("/").status_code == 200


def test_a_cookie_that_was_tampered_with_is_no_session(browser: Opened) -> None:
    one = browser("reviewer")
    value = one.client.cookies["bwc_session"]
    one.client.cookies.clear()
    one.client.cookies.set("bwc_session", ("A" if value[0] != "A" else "B") + value[1:])
    assert one.get("/").status_code == 303


def test_every_answer_carries_the_security_headers_and_cookies_are_out_of_reach_of_scripts(browser: Opened) -> None:
    one = browser()
    answer = one.sign_in("reviewer")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("bwc_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    for path in ("/", "/sign-in", "/nowhere", "/static/web.css"):
        headers = one.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_the_public_page_names_nobody_and_is_shown_only_where_the_site_is_open(browser: Opened) -> None:
    assert browser().get("/").status_code == 303
    page = browser(web_public=True).get("/")
    assert page.status_code == 200
    assert "Rates" in page.text
    assert "Expires soon" not in page.text
    assert "/findings" not in page.text


def test_no_file_outside_our_own_is_served(browser: Opened) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/vendor", "/static/", "/static/nothing.css"):
        assert browser().get(path).status_code == 404


def test_an_address_cannot_put_words_into_our_mouth(browser: Opened) -> None:
    one = browser("reviewer")
    assert "Call 0800" not in one.get("/?done=Your+account+is+blocked.+Call+0800").text
    assert "Recorded for 12 findings." in one.get("/?done=Recorded+for+12+findings.").text
