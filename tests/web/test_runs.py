"""The history of runs, one run, and two of them side by side: what moved is listed, what was not judged is not compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from bwc_audit.audit.deciding import decide_run
from bwc_audit.audit.ingest import ingest
from bwc_audit.audit.night import plan_run, start_run
from bwc_audit.audit.setup import day_period
from bwc_audit.domain.runs import Change, ObservedFinding, RunKind
from bwc_audit.sources.policy_files import load_book
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.web.site import Site
from tests.audit.nights import DAY
from tests.web.conftest import Browser

Opened = Callable[..., Browser]


@pytest.fixture
def stricter(site: Site) -> str:
    """A later run of the same night under another policy, over what was looked at already: its id."""
    audit = replace(site.audit, book=load_book("illinois", "Europe/London"))
    ingest(audit)
    asked = audit.request(RunKind.BACKFILL, day_period(audit.settings, DAY))
    run_id = start_run(audit, asked)
    plan_run(audit, run_id)
    decide_run(audit, run_id, {})
    return run_id


def _night(site: Site) -> str:
    with reading(site.engine) as session:
        found = runs.latest_run(session, kind=RunKind.NIGHTLY)
    assert found is not None
    return found.run_id


def _ids(page: str) -> list[str]:
    return re.findall(r'<a href="/runs/([0-9TZ]+-[0-9a-f]+)"', page)


def test_the_history_is_filtered_and_says_by_what(browser: Opened, site: Site, stricter: str) -> None:
    one, night = browser("auditor"), _night(site)
    assert _ids(one.get("/runs").text) == [stricter, night]
    page = one.get("/runs?kind=nightly&policy=uk_generic").text
    assert _ids(page) == [night]
    assert "under the policy uk_generic, newest first</strong>: 1–1 of 1" in page
    assert _ids(one.get("/runs?from=2025-05-25").text) == []
    assert _ids(one.get(f"/runs?to=2025-05-24&text={stricter[-8:]}").text) == [stricter]
    wrong = one.get("/runs?status=fine")
    assert (wrong.status_code, _ids(wrong.text)) == (422, [])
    wrong = one.get("/runs?policy=uk_generik")
    assert (wrong.status_code, "Policy: none that you may see is called" in wrong.text) == (422, True)
    assert ": none" in one.get("/runs?policy=new_jersey").text
    assert one.get("/runs?page=0").status_code == 422


def test_a_run_shows_its_own_policy_what_it_rejected_and_what_waited(browser: Opened, site: Site, stricter: str) -> None:
    one, night = browser("auditor"), _night(site)
    page = one.get(f"/runs/{night}").text
    assert "12 rows or files that were read by the end of the run stand rejected" in page
    assert "decided at the latest" in page
    policy = page.split('href="/policies/')[1].split('"')[0]
    other = one.get(f"/runs/{stricter}").text.split('href="/policies/')[1].split('"')[0]
    assert policy != other
    assert "uk_generic" in one.get(f"/policies/{policy}").text
    assert all(f"/policies/{name}" in one.get("/policies").text for name in (policy, other))
    assert one.get("/policies/" + "0" * 64).status_code == 404


def test_findings_of_a_run_are_narrowed_by_how_it_saw_them(browser: Opened, site: Site, stricter: str) -> None:
    one, night = browser("auditor"), _night(site)
    links = re.findall(r'<a href="(/findings\?run=[^"]+)">([^<]+)</a></th><td>(\d+)', one.get(f"/runs/{stricter}").text)
    assert {label for _, label, count in links if int(count)} > {"Unchanged"}
    for href, _, count in links:
        page = one.get(href.replace("&amp;", "&")).text
        assert f"of {count}.</p>" in page if int(count) else ": none" in page
        assert "that this run saw as" in page
    assert "that the last run saw as" in one.get("/findings?change=unchanged").text
    assert night != stricter


def test_a_fact_under_another_clause_is_counted_as_replaced_and_not_as_resolved(
    browser: Opened, site: Site, stricter: str
) -> None:
    one = browser("auditor")
    with reading(site.engine) as session:
        observed = runs.load_observed(session, stricter)
    again = [each for each in observed if "under another clause of the policy" in (each.cause or "")]
    replaced = [each for each in again if (each.cause or "").startswith("stated as ")]
    assert {each.change for each in replaced} == {Change.REPLACED}
    label = r"Replaced under another clause</a></th><td>(\d+)"
    assert re.findall(label, one.get(f"/runs/{stricter}").text) == [str(len(replaced))]
    assert re.findall(label, one.get("/").text) == ["0"]
    listed = one.client.get(f"/findings.json?run={stricter}&change=replaced").json()
    assert {each["finding_id"] for each in listed} == {each.finding_id for each in replaced}
    assert {each["state"] for each in listed} == {"replaced"}
    incident_id = replaced[0].finding.incident_id
    assert "Replaced since the run before" in one.get(f"/incidents/{incident_id}?run={stricter}").text


def _subject(observed: ObservedFinding) -> tuple[str | None, ...]:
    found = observed.finding
    return (found.kind, found.incident_id, found.officer_id, found.recording_id or found.device_id)


def test_two_runs_list_what_moved_and_which_findings_only_one_states(browser: Opened, site: Site, stricter: str) -> None:
    one, night = browser("auditor"), _night(site)
    page = one.get(f"/runs/compare?a={stricter}&b={night}").text
    assert night in page.split("Earlier: ")[1].split("</h2>")[0]
    assert stricter in page.split("Later: ")[1].split("</h2>")[0]
    assert "policy uk_generic" in page
    with reading(site.engine) as session:
        results = [
            {(each.incident_id, each.officer_id): (each.outcome, each.reason) for each in runs.load_results(session, run_id)}
            for run_id in (night, stricter)
        ]
        observed = [
            [each for each in runs.load_observed(session, run_id) if each.state == "open"] for run_id in (night, stricter)
        ]
        judged = {each.incident_id for each in runs.load_incidents(session, stricter)}
    both = results[0].keys() & results[1].keys()
    moved = {key for key in both if results[0][key] != results[1][key]}
    assert moved
    assert page.count(f"?run={stricter}") >= len(moved)
    assert all(f"/incidents/{incident_id}?run={night}" in page for incident_id, _ in moved)
    assert all(each.finding.incident_id in {*judged, None} for each in observed[0])  # both are about one period
    for heading, own, other in (("earlier", observed[0], observed[1]), ("later", observed[1], observed[0])):
        subjects = {_subject(each) for each in other}
        only = {each.finding_id for each in own if _subject(each) not in subjects}
        assert _listed(page, f"<h3>Only the {heading} run</h3>") == only
        # The others are the same facts, under a clause of each policy.
        assert only < {each.finding_id for each in own} - {each.finding_id for each in other}
    assert _listed(page, "<h3>Only the later run</h3>")


def _listed(page: str, heading: str) -> set[str]:
    """Findings of the table below a heading; none where it is not there."""
    section = page.partition(heading)[2].partition("</table>")[0]
    return set(re.findall(r'href="/findings/(F-[0-9a-f]+)"', section))


def test_officers_of_a_chosen_run_are_broken_down_by_shift_and_call_type(browser: Opened, site: Site, stricter: str) -> None:
    one, night = browser("auditor"), _night(site)
    listed = one.get(f"/officers?run={night}").text
    assert f'value="{night}" selected' in listed
    name = re.findall(rf'href="/officers/([^"?]+)\?run={night}"', listed)[0]
    page = one.get(f"/officers/{name}?run={night}").text
    assert [title in page for title in ("By call type", "By shift", "By month", "By unit")] == [True] * 4
    assert one.get(f"/officers/{name}?run=none").status_code == 422
    assert one.get(f"/units/Response%20A?run={stricter}").status_code == 200
