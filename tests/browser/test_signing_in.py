"""Signing in and out as a person does it, with the keyboard too."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Desk

Opened = Callable[..., Desk]


def test_somebody_signs_in_by_keyboard_and_out_again(desk: Opened) -> None:
    one = desk()
    one.go("/")
    one.page.get_by_label("Name").focus()
    one.page.keyboard.type("reviewer")
    one.page.keyboard.press("Tab")
    one.page.keyboard.type("correct horse battery")
    one.page.keyboard.press("Enter")
    expect(one.page.get_by_role("heading", name="Last night")).to_be_visible()
    one.page.get_by_role("button", name="Sign out").click()
    expect(one.page.get_by_role("heading", name="Sign in")).to_be_visible()
    one.go("/findings")
    expect(one.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_password_is_said_and_the_name_stays(desk: Opened) -> None:
    one = desk()
    one.sign_in("reviewer", "not the password")
    expect(one.page.get_by_role("alert")).to_have_text("Name or password is not right.")
    expect(one.page.get_by_label("Name")).to_have_value("reviewer")
