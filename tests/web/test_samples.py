"""Review samples are shown as they were drawn, with what reviewers said; to whoever may read whole runs, and on record."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest

from bwc_audit.audit.review_samples import Said, SampleRequest, draw_sample, record_reviews, sample_view
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.people import Role
from bwc_audit.domain.reviews import Verdict
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.web.site import Site
from tests.web.conftest import Browser

Opened = Callable[..., Browser]


@pytest.fixture
def sample_id(site: Site) -> str:
    """A sample of the sample night that nobody has reviewed."""
    return _draw(site.audit)


def _draw(audit: Audit) -> str:
    """12 incidents of the sample night, by outcome: the id of the sample."""
    with reading(audit.engine) as session:
        (night,) = runs.load_runs(session, 1)
    drawn, _ = draw_sample(audit, night, SampleRequest("2026-11 <seed>", size=12, by=("outcome",)), "p.smith")
    return drawn.sample_id


def begin_a_review(audit: Audit) -> str:
    """A sample with a verdict on each finding of its first incident that has one: its id."""
    sample_id = _draw(audit)
    drawn = [one.incident for one in sample_view(audit, sample_id).standings]
    incident = next(one for one in drawn if one.findings)
    record_reviews(
        audit, sample_id, incident.incident_id, [Said(Verdict.CONFIRMED)], reviewer="ann", comment="seen at 22:14"
    )
    return sample_id


def test_no_sample_says_that_nothing_was_measured(browser: Opened) -> None:
    page = browser("auditor").get("/samples").text
    assert "None has been drawn over this source" in page
    assert "has not been measured" in page


def test_a_sample_is_listed_and_shown_with_all_that_was_drawn(browser: Opened, site: Site, sample_id: str) -> None:
    one, view = browser("reviewer"), sample_view(site.audit, sample_id)
    assert f'href="/samples/{sample_id}"' in one.get("/samples").text
    assert "0 of 12" in one.get("/samples").text
    page = one.get(f"/samples/{sample_id}").text
    assert "Provisional: 0 of 12 drawn incidents reviewed" in page
    assert "2026-11 &lt;seed&gt;" in page
    assert view.sample.digest in page
    linked = re.findall(r'<a href="/incidents/([^"?]+)\?run=([^"]+)"', page)
    wanted = [one.incident.incident_id for one in view.standings for _ in one.incident.findings or (None,)]
    assert linked == [(incident_id, view.sample.run_id) for incident_id in wanted]
    assert page.count("not reviewed yet") == len(view.standings)
    assert one.get(f"/incidents/{wanted[0]}?run={view.sample.run_id}").status_code == 200
    for stratum in view.strata:
        assert f'<th scope="row">{stratum.name}</th><td>{stratum.size}</td><td>{stratum.drawn}</td><td>0</td>' in page


def test_what_reviewers_said_is_shown_with_the_rates_of_the_command_line(
    browser: Opened, site: Site, sample_id: str
) -> None:
    for place, standing in enumerate(sample_view(site.audit, sample_id).standings):
        incident = standing.incident
        if incident.findings:
            for number, finding in enumerate(incident.findings):
                verdict = (Verdict.NOISE, Verdict.CONFIRMED, Verdict.CANNOT_TELL)[number % 3]
                said = [Said(verdict, finding.finding_id)]
                record_reviews(site.audit, sample_id, incident.incident_id, said, reviewer="ann")
        else:
            kinds = (FindingKind.NO_FOOTAGE,) if place % 2 else ()
            verdict = Verdict.MISSED if kinds else Verdict.NOTHING_MISSED
            said = [Said(verdict, kinds=kinds)]
            record_reviews(site.audit, sample_id, incident.incident_id, said, reviewer="bob", comment="at 22:14")
    result = sample_view(site.audit, sample_id).result
    page = html.unescape(browser("auditor").get(f"/samples/{sample_id}").text)
    assert "Complete: 12 of 12 drawn incidents reviewed" in page
    shares = [*result.noise.values(), *result.missed.values()]
    rows = re.findall(r"</th><td>(\d+) of (\d+)</td><td>([^<]+)</td><td>([^<]+)</td><td>[^<]+</td><td>(\d+) of", page)
    assert rows == [
        (
            *(str(one.hits), str(one.told)),
            "not known" if one.share is None else f"{100 * one.share:.1f} %",
            "not known" if one.low is None or one.high is None else f"{100 * one.low:.1f} – {100 * one.high:.1f} %",
            str(one.cannot_tell),
        )
        for one in shares
    ]
    assert "noise: the measured fact is wrong" in page
    assert re.search(r"bob, [^<]+: at 22:14", page)
    assert "not reviewed yet" not in page


def test_samples_are_for_who_may_read_whole_runs_and_looking_is_on_record(browser: Opened, sample_id: str) -> None:
    for role in (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PUBLIC):
        answers = [browser(role).get(f"/samples/{name}") for name in (sample_id, "RS-000000000000")]
        assert [one.status_code for one in answers] == [403, 403]
        assert 'href="/samples"' not in answers[0].text
    one = browser("accountability_officer")
    assert one.get("/samples/RS-000000000000").status_code == 404
    one.get("/samples")
    one.get(f"/samples/{sample_id}")
    log = browser("auditor").get("/access-log?account=accountability_officer").text
    assert [part in log for part in ("review samples", sample_id)] == [True, True]
