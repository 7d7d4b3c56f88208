"""The page of the API: one's own tokens, and that a revoked one is out at once."""

from __future__ import annotations

from collections.abc import Callable

from bwc_audit.audit.people import make_token
from bwc_audit.domain.people import Right
from bwc_audit.web.site import Site
from tests.web.conftest import START_US, Browser


def test_a_token_is_revoked_by_whom_it_acts_for_and_by_nobody_else(browser: Callable[..., Browser], site: Site) -> None:
    token, secret = make_token(site.engine, "reviewer", "night export", frozenset({Right.FINDINGS}), 30, START_US)
    head = {"authorization": f"Bearer {secret}"}
    owner, other = browser("reviewer"), browser("auditor")
    page = owner.get("/api").text
    assert "night export" in page
    assert "GET /api/v1/findings" in page
    assert secret not in page
    assert token.token_hash not in page
    assert "night export" not in other.get("/api").text
    assert other.post("/tokens/revoke", token=token.token_id).status_code == 404
    assert owner.client.get("/api/v1/findings", headers=head).status_code == 200
    assert owner.post("/tokens/revoke", token=token.token_id).status_code == 303
    assert owner.client.get("/api/v1/findings", headers=head).status_code == 401
    assert "revoked" in owner.get("/api").text
