"""The application served over a real socket and opened in a real Chromium. `make test-browser` installs what this needs."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from bwc_audit.audit.setup import Audit, open_audit
from bwc_audit.web.app import make_app
from bwc_audit.web.site import Site
from tests.audit.nights import night_settings
from tests.fixtures_night import SAMPLE, copy_database
from tests.fixtures_sample import SampleNight
from tests.web.conftest import PASSWORD, peopled

__all__ = ["peopled"]

_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *(
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--autoplay-policy=no-user-gesture-required",
    ),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is of the browser suite."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True, slots=True)
class Served:
    """A running application over a copy of the sample night's database."""

    address: str
    site: Site


@pytest.fixture
def served(peopled: Path, sample_night: SampleNight, tmp_path: Path) -> Iterator[Served]:
    """The application on a free port of the loopback interface, ended with the test."""
    state = tmp_path / "state"
    state.mkdir()
    copy_database(peopled / "audit.db", state / "audit.db")
    with serving(open_audit(night_settings(sample_night.source, state, **SAMPLE))) as running:
        yield running


@contextmanager
def serving(audit: Audit) -> Iterator[Served]:
    """The application over an audit, on a free port of the loopback interface."""
    site = Site(audit, "k" * 40)
    server = uvicorn.Server(uvicorn.Config(make_app(site), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the application did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(f"http://127.0.0.1:{port}", site)
    finally:
        server.should_exit = True
        thread.join(20)
        audit.engine.dispose()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the session."""
    program = shutil.which("chromium")
    assert program is not None, "chromium is not installed: `make test-browser` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Desk:
    """Somebody at the application: a page of a browser of their own, and what its console complained of."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the application."""
        self.page.goto(self.address + path)

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """By the form, as a person does."""
        self.go("/sign-in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def desk(served: Served, chromium: Browser) -> Iterator[Callable[..., Desk]]:
    """``desk("reviewer")``: signed in by that role's account. A script error or a refused resource fails the test."""
    contexts: list[BrowserContext] = []
    desks: list[Desk] = []

    def opened(role: str | None = None, *, width: int = 1280, theme: str = "light") -> Desk:
        scheme: Literal["dark", "light"] = "dark" if theme == "dark" else "light"
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=served.address, accept_downloads=True
        )
        contexts.append(context)
        one = Desk(context.new_page(), served.address)
        desks.append(one)
        one.page.on("console", lambda message: _keep(one, message))
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        if role is not None:
            one.sign_in(role)
        return one

    yield opened
    for context in contexts:
        context.close()
    assert [complaint for one in desks for complaint in one.complaints] == []


def _keep(one: Desk, message: ConsoleMessage) -> None:
    # Chromium reports answers such as 403 as errors of loading: tests ask for those on purpose, and say so.
    if message.type == "error" and "the server responded with a status of" not in message.text:
        one.complaints.append(message.text)
