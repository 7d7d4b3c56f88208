"""Examining an incident again from its page: the form, one at a time, the answer, and who may see it."""

from __future__ import annotations

import time
from collections.abc import Callable

from httpx import Response

from bwc_audit.audit.night import start_run
from bwc_audit.domain.runs import RunKind
from bwc_audit.domain.times import MINUTE_US, Span
from bwc_audit.store import runs
from bwc_audit.store.access_log import load_accesses
from bwc_audit.store.database import reading
from bwc_audit.web.site import Site
from tests.web.conftest import Browser

Opened = Callable[..., Browser]
INCIDENT = "20250524-0067"
FORM = f"/incidents/{INCIDENT}/re-run"


def _ended(one: Browser, href: str) -> Response:
    """The job's page once it is over, as somebody sees it who reloads it."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        page = one.get(href)
        if page.status_code == 303 or "It could not be done" in page.text:
            return page
        time.sleep(0.2)
    raise AssertionError("the work has not ended")


def test_an_incident_is_examined_again_to_its_end_and_the_page_says_what_changed(browser: Opened, site: Site) -> None:
    auditor = browser("auditor")
    begun = auditor.post(FORM, reason="complaint 2025/118")
    assert begun.status_code == 303
    job = begun.headers["location"]
    assert auditor.post(FORM, reason="and once more").headers["location"] == job
    other = browser("accountability_officer").post(FORM, reason="me too")
    assert other.status_code == 409
    assert "me too" in other.text
    assert browser("accountability_officer").get(job).status_code == 404

    answer = _ended(auditor, job).headers["location"]
    assert auditor.client.get(job, headers={"hx-request": "true"}).headers["hx-redirect"] == answer
    page = browser("reviewer").get(answer)
    for words in (
        "The same answer as before",
        "complaint 2025/118",
        "auditor",
        "videos were sampled more densely than by the night",
        "A gap of",
    ):
        assert words in page.text
    with reading(site.engine) as session:
        entries, _ = load_accesses(session, account_id="auditor", subject_id=INCIDENT)
    assert "re-ran" in {one.action for one in entries}
    assert browser("supervisor").get(answer).status_code == 404
    assert browser("administrator").get(answer).status_code == 403


def test_without_a_reason_or_the_right_nothing_begins(browser: Opened, site: Site) -> None:
    refused = browser("auditor").post(FORM, reason="  ")
    assert refused.status_code == 422
    assert "needs a reason" in refused.text
    assert browser("reviewer").post(FORM, reason="because").status_code == 403
    assert browser("auditor").post("/incidents/no-such/re-run", reason="because").status_code == 404
    assert not site.jobs.is_under_way("re-run", INCIDENT)


def test_one_that_another_program_works_on_is_not_begun_twice(browser: Opened, site: Site) -> None:
    asked = site.audit.request(
        RunKind.INCIDENT, Span(0, MINUTE_US), incident_id=INCIDENT, requester="A. Auditor", reason="a court asks"
    )
    start_run(site.audit, asked)  # held by this test as another program would
    refused = browser("auditor").post(FORM, reason="because")
    assert refused.status_code == 409
    assert "Another program" in refused.text


def test_a_run_that_is_no_rerun_or_that_nobody_knows_has_no_such_page(browser: Opened, site: Site) -> None:
    with reading(site.engine) as session:
        night = runs.load_runs(session)[0]
    for run_id in (night.run_id, "no-such-run"):
        assert browser("reviewer").get(f"/reruns/{run_id}").status_code == 404
