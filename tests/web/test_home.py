"""The first page: what the last night could not say stands on it as much as what it could."""

from __future__ import annotations

from collections.abc import Callable

from tests.web.conftest import Browser

Opened = Callable[..., Browser]


def test_the_first_page_says_what_failed_and_what_was_not_examined(browser: Opened) -> None:
    page = browser("auditor").get("/").text
    assert "INCOMPLETE: 9 parts of the input could not be examined." in page
    assert "the file ends before what it says it holds" in page
    assert "Rows rejected: bad time" in page
    assert "46 had to record" in page
    assert "In scope" in page


def test_numbers_without_names_are_all_that_the_public_and_supervisors_of_one_unit_see_there(browser: Opened) -> None:
    for role in ("public", "supervisor", "administrator"):
        page = browser(role).get("/").text
        assert "Any footage" in page
        for named in ("X60A1010", "Expires soon", "Failed inputs", "could not be read as records"):
            assert named not in page, (role, named)
