"""Each role's whole job in a real browser, and the attempts that must fail."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Desk

Opened = Callable[..., Desk]
INCIDENT = "20250524-0067"


def test_a_reviewer_filters_opens_plays_at_the_gap_decides_exports_and_leaves(desk: Opened) -> None:
    one = desk("reviewer")
    page = one.page
    page.get_by_role("link", name="Findings", exact=True).click()
    page.locator("select[name=kind]").select_option("recording_gap")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Findings of kind “Gap in the recording”, newest first")).to_be_visible()
    page.locator("tbody tr", has_text=INCIDENT).get_by_role("link", name=INCIDENT).click()
    expect(page.get_by_role("heading", name=f"Incident {INCIDENT}")).to_be_visible()
    expect(page.locator("#lanes .vis-item.lane-gap").first).to_be_visible()

    page.locator("[data-entry]", has_text="Gap in the recording").get_by_role("button", name="Show this second").click()
    video = page.locator("[data-player='X60A10114-01306'] video")
    page.wait_for_function("v => v.readyState >= 2 && !v.seeking", arg=video.element_handle())
    at_s = float(video.evaluate("v => v.currentTime"))
    assert 12 < at_s < 15, "the gap begins where this recording ends: 22:16:15, 15 s into it"
    page.get_by_role("button", name="−5 s").click()
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"v => v.currentTime > {at_s - 4}", arg=video.element_handle(), timeout=20_000)
    page.get_by_role("button", name="Pause").click()

    entry = page.locator("[data-entry]", has_text="Gap in the recording")
    entry.get_by_text("Disposition", exact=False).last.click()
    entry.get_by_label("Explained", exact=True).check()
    entry.get_by_label("Reason for “Explained”").select_option("device_off")
    entry.get_by_label("Comment").first.fill("The log shows the battery running out.")
    entry.get_by_role("button", name="Record the decision").click()
    expect(entry.get_by_text("decided: explained (Device off)")).to_be_visible()

    one.go("/findings?disposition=explained")
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON").click()
    exported = json.loads(download.value.path().read_text("utf-8"))
    assert [(item["incident_id"], item["disposition"]) for item in exported] == [(INCIDENT, "explained")]
    page.get_by_role("button", name="Sign out").click()
    one.go(f"/incidents/{INCIDENT}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_list_is_worked_through_by_keyboard(desk: Opened) -> None:
    one = desk("reviewer")
    page = one.page
    one.go("/findings?kind=no_footage")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("tbody tr").first
    assert first.evaluate("row => row.contains(document.activeElement)")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No footage found", level=1)).to_be_visible()
    page.keyboard.press("d")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Record the decision").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("decided: confirmed")).to_be_visible()


def test_of_two_reviewers_at_once_the_second_sees_both(desk: Opened) -> None:
    one, other = desk("reviewer"), desk("accountability_officer")
    one.go("/findings?kind=no_footage")
    href = one.page.locator("tbody tr a").first.get_attribute("href")
    assert href is not None
    for each in (one, other):
        each.go(href)
    one.page.get_by_label("Confirmed").check()
    one.page.get_by_role("button", name="Record the decision").click()
    expect(one.page.get_by_text("decided: confirmed")).to_be_visible()
    other.page.get_by_label("Referred").check()
    other.page.get_by_label("Comment").first.fill("I see it otherwise.")
    other.page.get_by_role("button", name="Record the decision").click()
    expect(other.page.get_by_role("alert")).to_contain_text("Somebody else added")
    expect(other.page.get_by_text("decided: confirmed")).to_be_visible()
    expect(other.page.get_by_label("Comment").first).to_have_value("I see it otherwise.")


def test_an_auditor_re_runs_an_incident_and_reads_who_looked(desk: Opened) -> None:
    one = desk("auditor")
    page = one.page
    one.go(f"/incidents/{INCIDENT}")
    page.get_by_role("link", name="Re-run").click()
    page.get_by_label("Reason").fill("complaint 2025/118")
    page.get_by_role("button", name="Start the re-run").click()
    expect(page.get_by_text("The same answer as before.")).to_be_visible(timeout=120_000)
    page.get_by_role("link", name="Look at the incident as this run saw it").click()
    expect(page.get_by_text("2 runs looked at this incident")).to_be_visible()
    page.get_by_role("link", name="Access log").click()
    expect(page.get_by_text("re-ran").first).to_be_visible()


def test_an_accountability_officer_asks_what_if_and_looks_at_a_unit(desk: Opened) -> None:
    one = desk("accountability_officer")
    page = one.page
    one.go("/policies/what-if")
    page.get_by_label("Policy B").select_option("engineering")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("link", name="See what came of it").click(timeout=120_000)
    expect(page.get_by_role("heading", name="Rates side by side")).to_be_visible()
    page.get_by_role("link", name="Units").click()
    page.get_by_role("link", name="Response A").click()
    expect(page.locator("svg.funnel .mark.own").first).to_be_visible()


def test_a_supervisor_responds_and_sees_no_other_unit(desk: Opened) -> None:
    one = desk("supervisor")
    page = one.page
    one.go("/findings")
    expect(page.get_by_text("in your unit Response A")).to_be_visible()
    page.locator("tbody tr a").first.click()
    expect(page.get_by_role("button", name="Record the decision")).to_have_count(0)
    page.get_by_text("Add the officer’s or supervisor’s response").click()
    page.get_by_label("Response, in their own words").fill("Officer 104: the dock was broken.")
    page.get_by_role("button", name="Record the response").click()
    expect(page.get_by_text("the dock was broken")).to_be_visible()
    one.go(f"/incidents/{INCIDENT}")
    expect(page.get_by_role("heading", name="Nothing there")).to_be_visible()


def test_an_administrator_makes_an_account_that_signs_in_and_sees_no_findings(desk: Opened) -> None:
    one = desk("administrator")
    page = one.page
    page.get_by_role("link", name="Accounts").click()
    page.get_by_label("Name to sign in with").fill("new.reviewer")
    page.get_by_label("Role").select_option("reviewer")
    page.get_by_label("Password, 12 characters or more").fill("correct horse battery")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("rowheader", name="new.reviewer")).to_be_visible()
    one.go("/findings")
    expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()
    other = desk("new.reviewer")
    expect(other.page.get_by_role("heading", name="Last night")).to_be_visible()


def test_the_public_sees_numbers_and_nobody(desk: Opened) -> None:
    one = desk("public")
    expect(one.page.get_by_role("heading", name="Rates")).to_be_visible()
    assert one.page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts() == ["Home"]
    for path in ("/findings", f"/incidents/{INCIDENT}", "/officers", "/runs", "/access-log"):
        one.go(path)
        expect(one.page.get_by_role("heading", name="Not for your role")).to_be_visible()
