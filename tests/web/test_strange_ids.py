"""Ids as sources write them, a slash and brackets among them, lead to their pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bwc_audit.audit.people import add_account
from bwc_audit.audit.setup import open_audit
from bwc_audit.config import load_settings
from bwc_audit.domain.people import Role
from bwc_audit.web.app import make_app
from bwc_audit.web.site import Site
from tests.cli.small_run import MISSED, SmallRun, small_run_in
from tests.web.conftest import PASSWORD, START_US, Browser


@pytest.fixture
def auditor(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Browser]:
    """Over the small run, whose ids are strange."""
    run: SmallRun = small_run_in(tmp_path_factory.getbasetemp() / "small_run").copied_to(tmp_path)
    given = {name.removeprefix("BWC_").lower(): text for name, text in run.environment().items()}
    audit = open_audit(load_settings(**given))
    add_account(audit.engine, "auditor", Role.AUDITOR, START_US, password=PASSWORD)
    one = Browser(TestClient(make_app(Site(audit, "k" * 40, lambda: START_US)), follow_redirects=False))
    assert one.sign_in("auditor").status_code == 303
    yield one
    audit.engine.dispose()


def test_every_link_to_an_incident_of_the_list_leads_there(auditor: Browser) -> None:
    assert "/" in MISSED
    links = {unescape(href) for href in re.findall(r'href="(/incidents/[^"]+)"', auditor.get("/incidents").text)}
    assert len(links) > 3
    for href in links:
        page = auditor.get(href)
        assert page.status_code == 200, href
        below = [unescape(one) for one in re.findall(r'href="(/incidents/[^"]+/(?:re-run|files)[^"]*)"', page.text)]
        assert below
        assert [auditor.get(one).status_code for one in below] == [200] * len(below)
    assert any("%2F" in href for href in links)


def test_the_form_of_a_rerun_goes_back_to_its_own_incident(auditor: Browser) -> None:
    links = re.findall(r'href="(/incidents/[^"]+)"', auditor.get("/incidents").text)
    page = auditor.get(unescape(next(href for href in links if "%2F" in href)) + "/re-run").text
    action = unescape(re.findall(r'action="(/incidents/[^"]+)"', page)[0])
    refused = auditor.post(action, reason="")
    assert refused.status_code == 422
    assert MISSED in unescape(refused.text)
