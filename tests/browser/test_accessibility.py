"""axe-core over every page, in both themes and two widths: no serious violation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Desk, Served
from tests.web.test_samples import begin_a_review

Opened = Callable[..., Desk]

#: Which account looks at which pages.
_PAGES: tuple[tuple[str | None, str], ...] = (
    (None, "/sign-in"),
    ("reviewer", "/"),
    ("public", "/"),
    ("reviewer", "/nowhere"),
    ("public", "/findings"),
    ("reviewer", "/findings"),
    ("reviewer", "/findings?kind=nonsense"),
    ("reviewer", "/findings/bulk?kind=no_footage"),
    ("reviewer", "/incidents"),
    ("reviewer", "/incidents/20250524-0067"),
    ("reviewer", "/incidents/20250524-0064"),
    ("auditor", "/incidents/20250524-0067/re-run"),
    ("auditor", "/runs"),
    ("auditor", "/officers"),
    ("auditor", "/officers/104"),
    ("auditor", "/units/Response A"),
    ("auditor", "/policies"),
    ("auditor", "/policies/uk_generic"),
    ("auditor", "/policies/what-if"),
    ("auditor", "/access-log"),
    ("auditor", "/api"),
    ("administrator", "/accounts"),
    ("reviewer", "/findings?kind=no_footage"),
    ("auditor", "/runs?kind=nightly"),
    ("auditor", "/samples"),
    ("auditor", "/samples?first"),
    ("reviewer", "/samples?first"),
    *(("reviewer", f"/samples/SAMPLE/review/{pick}") for pick in (1, 2, 3, 4)),
    ("auditor", "/runs/compare?a=RUN&b=RUN"),
)
#: Lists of which the first entry is opened, and looked at instead.
_OPENED = ("/findings?kind=no_footage", "/runs?kind=nightly", "/samples?first")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_no_page_has_a_serious_violation(desk: Opened, served: Served, theme: str, width: int) -> None:
    sample_id = begin_a_review(served.site.audit)
    found = []
    desks: dict[str | None, Desk] = {}
    run_id = ""
    for role, path in _PAGES:
        if role not in desks:
            desks[role] = desk(role, theme=theme, width=width)
        one = desks[role]
        one.go(path.replace("RUN", run_id).replace("SAMPLE", sample_id))
        if path in _OPENED:
            one.page.locator("tbody a").first.click()
            one.page.wait_for_load_state()
            assert one.page.url.rpartition("/")[0].endswith(path.partition("?")[0])
        if path.startswith("/runs?"):
            run_id = one.page.url.rpartition("/")[2]
        result = Axe().run(one.page)
        found += [
            f"{path} as {role}: {violation['id']} ({violation['impact']}): {node['target']} {node['failureSummary']}"
            for violation in result.response["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
        overflow = one.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path} is wider than the window by {overflow} px"
    assert found == []
