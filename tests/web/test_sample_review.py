"""Reviewers say what the audit made of drawn incidents, one after the other; nothing is stored that does not fit."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

import pytest

from bwc_audit.audit.review_samples import Said, SampleRequest, SampleView, draw_sample, record_reviews, sample_view
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.people import Role
from bwc_audit.domain.reviews import Standing, Verdict
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.web.site import Site
from tests.web.conftest import Browser

Opened = Callable[..., Browser]


@pytest.fixture
def sample_id(site: Site) -> str:
    """All incidents of the sample night, drawn."""
    with reading(site.engine) as session:
        (night,) = runs.load_runs(session, 1)
        count = len(runs.load_incidents(session, night.run_id))
    drawn, _ = draw_sample(site.audit, night, SampleRequest("review", size=count), "p.smith")
    return drawn.sample_id


def _view(site: Site, sample_id: str) -> SampleView:
    return sample_view(site.audit, sample_id)


def _first(view: SampleView, wanted: Callable[[Standing], bool]) -> tuple[int, Standing]:
    return next((pick, one) for pick, one in enumerate(view.standings, 1) if wanted(one))


def _fields(page: str) -> dict[str, list[str]]:
    """The choices that a page offers, by field."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="(?:radio|checkbox)" name="([^"]+)" value="([^"]+)"', page):
        found.setdefault(name, []).append(value)
    return found


def _seen(page: str) -> str:
    (seen,) = re.findall(r'name="seen" value="(\d+)"', page)
    return str(seen)


def _going_on(one: Browser, first: str) -> Iterator[tuple[str, str]]:
    """(address, page) of each incident to review, as the application leads from one to the next."""
    address = first
    while "/review/" in address:
        path = address.partition("?")[0]
        page = one.get(path).text
        choices = {name: values[0] for name, values in _fields(page).items() if name.startswith("verdict")}
        answer = one.post(path, seen=_seen(page), comment="seen at 22:14", **choices)
        assert answer.status_code == 303
        yield path, page
        address = answer.headers["location"]
    assert address == f"{first.partition('/review/')[0]}?done=Recorded."


def test_a_reviewer_is_led_through_the_whole_sample(browser: Opened, site: Site, sample_id: str) -> None:
    one = browser("reviewer")
    assert f'href="/samples/{sample_id}/review/1"' in one.get(f"/samples/{sample_id}").text
    walked = [path for path, _ in _going_on(one, f"/samples/{sample_id}/review/1")]
    view = _view(site, sample_id)
    assert walked == [f"/samples/{sample_id}/review/{pick}" for pick in range(1, view.sample.size + 1)]
    assert view.result.reviewed == view.result.drawn
    said = {review.verdict for standing in view.standings for review in standing.of_findings.values()}
    of_none = {review.verdict for standing in view.standings for review in standing.of_incident}
    assert (said, of_none) == ({Verdict.CONFIRMED}, {Verdict.NOTHING_MISSED})
    reviewers = {review.reviewer for standing in view.standings for review in standing.of_incident}
    assert reviewers == {"reviewer"}
    page = one.get(f"/samples/{sample_id}").text
    assert f"Complete: {view.sample.size} of" in page
    assert "seen at 22:14" in page
    assert f"/samples/{sample_id}/review/1" in page  # a verdict can be mended later


def test_only_what_fits_the_incident_can_be_chosen_and_is_stored(browser: Opened, site: Site, sample_id: str) -> None:
    one, view = browser("accountability_officer"), _view(site, sample_id)
    pick, standing = _first(view, lambda each: len(each.incident.findings) > 1)
    path = f"/samples/{sample_id}/review/{pick}"
    fields = _fields(one.get(path).text)
    assert fields == {
        f"verdict_{place}": ["confirmed", "noise", "cannot_tell"] for place in range(len(standing.incident.findings))
    }
    assert one.post(path, seen="0", verdict_1="noise").status_code == 303
    now = _view(site, sample_id).standings[pick - 1]
    assert {key: one.verdict for key, one in now.of_findings.items()} == {
        standing.incident.findings[1].fingerprint: Verdict.NOISE
    }
    assert not now.is_reviewed
    refused = one.post(path, seen="1", verdict_0="nothing_missed")
    assert refused.status_code == 422
    assert "say confirmed, noise or cannot_tell of each" in refused.text
    assert _view(site, sample_id).standings[pick - 1] == now


def test_what_was_missed_is_named_by_kind(browser: Opened, site: Site, sample_id: str) -> None:
    one = browser("reviewer")
    pick, _ = _first(_view(site, sample_id), lambda each: not each.incident.findings)
    path = f"/samples/{sample_id}/review/{pick}"
    fields = _fields(one.get(path).text)
    assert fields.pop("verdict") == ["nothing_missed", "missed", "cannot_tell"]
    assert set(fields) == {f"missed_{kind}" for kind in FindingKind}
    for typed, problem in (
        ({"verdict": "missed"}, "missed needs the kind"),
        ({"verdict": "nothing_missed", "missed_no_footage": "on"}, "the verdict is another one"),
        ({"missed_no_footage": "on"}, "Choose a verdict first"),
        ({"verdict": "excellent"}, "Choose a verdict first"),
    ):
        refused = one.post(path, seen="0", comment="at 22:14 <here>", **typed)
        assert (refused.status_code, problem in refused.text) == (422, True)
        assert "at 22:14 &lt;here&gt;</textarea>" in refused.text
        assert ('name="missed_no_footage" value="on" checked' in refused.text) == ("missed_no_footage" in typed)
    assert not _view(site, sample_id).standings[pick - 1].of_incident
    one.post(path, seen="0", verdict="missed", missed_no_footage="on", missed_black_video="on")
    kinds = {review.kind for review in _view(site, sample_id).standings[pick - 1].of_incident}
    assert kinds == {FindingKind.NO_FOOTAGE, FindingKind.BLACK_VIDEO}


def test_a_verdict_over_one_that_was_not_seen_is_not_stored(browser: Opened, site: Site, sample_id: str) -> None:
    one = browser("reviewer")
    pick, standing = _first(_view(site, sample_id), lambda each: len(each.incident.findings) == 1)
    path = f"/samples/{sample_id}/review/{pick}"
    seen = _seen(one.get(path).text)
    incident_id = standing.incident.incident_id
    record_reviews(site.audit, sample_id, incident_id, [Said(Verdict.NOISE)], reviewer="ann", comment="a lens cap")
    late = one.post(path, seen=seen, verdict_0="confirmed", comment="mine")
    assert late.status_code == 409
    assert "Nothing of yours was stored" in late.text
    page = html.unescape(late.text)
    assert re.search(r"Said last: noise: the measured fact is wrong \(ann, [^)]+: a lens cap\)", page)
    assert re.search(r'name="verdict_0" value="confirmed" checked', page)
    (now,) = _view(site, sample_id).standings[pick - 1].of_findings.values()
    assert now.reviewer == "ann"
    assert one.post(path, seen=_seen(late.text), verdict_0="confirmed", comment="mine").status_code == 303
    (now,) = _view(site, sample_id).standings[pick - 1].of_findings.values()
    assert (now.reviewer, now.verdict, now.comment) == ("reviewer", Verdict.CONFIRMED, "mine")


def test_who_may_not_decide_neither_reviews_nor_is_asked_to(browser: Opened, site: Site, sample_id: str) -> None:
    path = f"/samples/{sample_id}/review/1"
    for role in (Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR):
        assert browser(role).get(path).status_code == 403
        assert browser(role).post(path, seen="0", verdict="cannot_tell", verdict_0="cannot_tell").status_code == 403
    assert "/review/" not in browser(Role.AUDITOR).get(f"/samples/{sample_id}").text
    assert _view(site, sample_id).result.reviewed == 0


def test_no_such_place_is_not_there_and_looking_is_on_record(browser: Opened, sample_id: str) -> None:
    one = browser("reviewer")
    for place in ("0", "999999", "-1", "x", "1" * 30):
        assert one.get(f"/samples/{sample_id}/review/{place}").status_code == 404
    assert one.get("/samples/RS-000000000000/review/1").status_code == 404
    page = one.get(f"/samples/{sample_id}/review/1").text
    choices = {name: values[0] for name, values in _fields(page).items() if name.startswith("verdict")}
    one.post(f"/samples/{sample_id}/review/1", seen="0", **choices)
    log = browser("auditor").get("/access-log?account=reviewer").text
    assert f"{sample_id} no. 1" in log
    assert "reviewed" in log
