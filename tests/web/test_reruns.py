"""Examining an incident again from its page: the form, one at a time, the answer, and who may see it."""

from __future__ import annotations

from collections.abc import Callable

from bwc_audit.store.access_log import load_accesses
from bwc_audit.store.database import reading
from bwc_audit.web.site import Site
from tests.web.conftest import Browser

Opened = Callable[..., Browser]
INCIDENT = "20250524-0067"
FORM = f"/incidents/{INCIDENT}/re-run"


def test_an_incident_is_examined_again_to_its_end_and_the_page_says_what_changed(browser: Opened, site: Site) -> None:
    auditor, site.reruns.most = browser("auditor"), 1
    begun = auditor.post(FORM, reason="complaint 2025/118")
    assert (begun.status_code, begun.headers["location"]) == (303, f"{FORM}/progress")
    again = auditor.post(FORM, reason="and once more")
    assert again.status_code == 409
    assert "under way already" in again.text
    assert "and once more" in again.text
    assert "As many re-runs as may" in auditor.post("/incidents/20250524-0061/re-run", reason="because").text
    assert auditor.get(f"{FORM}/progress").status_code == 200

    site.reruns.wait(INCIDENT, 120)
    ended = auditor.get(f"{FORM}/progress")
    assert ended.status_code == 303, ended.text
    page = auditor.get(ended.headers["location"])
    for words in (
        "The same answer again",
        "complaint 2025/118",
        "auditor",
        "videos were sampled more densely than by the night",
        "A gap of",
    ):
        assert words in page.text
    piece = auditor.client.get(f"{FORM}/progress", headers={"hx-request": "true"})
    assert piece.headers["hx-redirect"] == ended.headers["location"]
    with reading(site.engine) as session:
        entries, _ = load_accesses(session, account_id="auditor", subject_id=INCIDENT)
    assert "re-ran" in {one.action for one in entries}
    assert browser("supervisor").get(ended.headers["location"]).status_code == 404
    assert browser("administrator").get(ended.headers["location"]).status_code == 403


def test_without_a_reason_or_the_right_nothing_begins(browser: Opened, site: Site) -> None:
    refused = browser("auditor").post(FORM, reason="  ")
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert browser("reviewer").post(FORM, reason="because").status_code == 403
    assert browser("auditor").post("/incidents/no-such/re-run", reason="because").status_code == 404
    assert site.reruns.state_of(INCIDENT) is None


def test_a_rerun_that_cannot_read_its_source_ends_in_words(browser: Opened, site: Site) -> None:
    auditor = browser("auditor", source=str(site.audit.settings.state_dir / "gone"))
    assert auditor.post(FORM, reason="because").status_code == 303
    site.reruns.wait(INCIDENT, 60)
    page = auditor.get(f"{FORM}/progress")
    assert page.status_code == 200
    assert "It ended without an answer" in page.text
    assert "is not there" in page.text
