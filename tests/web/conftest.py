"""The application over the audited sample night, with an account of every role, asked in process and without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from bwc_audit.audit.people import add_account
from bwc_audit.audit.setup import open_audit
from bwc_audit.domain.people import Role
from bwc_audit.domain.times import MINUTE_US
from bwc_audit.store.database import open_database
from bwc_audit.web.app import make_app
from bwc_audit.web.site import Site
from tests.audit.nights import Night, night_settings
from tests.fixtures_night import SAMPLE, copy_database
from tests.fixtures_sample import SampleNight

PASSWORD = "correct horse battery"
UNIT = "Response A"
START_US = 1_764_000_000_000_000


@dataclass(slots=True)
class Clock:
    """The clock of the application: stands still unless it is moved."""

    at_us: int = START_US

    def __call__(self) -> int:
        return self.at_us

    def pass_minutes(self, minutes: float) -> None:
        """Let time pass."""
        self.at_us += int(minutes * MINUTE_US)


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody's browser without scripts: pages by ``get``, forms by ``post`` with the proof of the last page seen."""

    client: TestClient

    def get(self, path: str) -> Response:
        """A page."""
        answer: Response = self.client.get(path)
        return answer

    def post(self, path: str, **fields: str) -> Response:
        """A form, with the proof that any page of ours carries."""
        page = self.client.get("/sign-in").text
        proof = page.split('name="csrf" value="')[1].split('"')[0]
        answer: Response = self.client.post(path, data={"csrf": proof, **fields})
        return answer

    def sign_in(self, name: str, password: str = PASSWORD) -> Response:
        """Sign in."""
        return self.post("/sign-in", name=name, password=password)


@pytest.fixture(scope="session")
def peopled(folder_night: Night, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of the sample night with an account of each role, named as the role. Nobody writes into it."""
    folder = tmp_path_factory.mktemp("peopled")
    copy_database(folder_night.audit.settings.state_dir / "audit.db", folder / "audit.db")
    engine = open_database(f"sqlite:///{folder / 'audit.db'}")
    for role in Role:
        unit = UNIT if role is Role.SUPERVISOR else None
        add_account(engine, role, role, START_US, unit=unit, password=PASSWORD)
    engine.dispose()
    return folder


@pytest.fixture
def clock() -> Clock:
    """The application's clock."""
    return Clock()


@pytest.fixture
def site(peopled: Path, sample_night: SampleNight, tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """The application's site over a copy of that folder."""
    state = tmp_path / "state"
    state.mkdir()
    copy_database(peopled / "audit.db", state / "audit.db")
    audit = open_audit(night_settings(sample_night.source, state, **SAMPLE))
    yield Site(audit, "k" * 40, clock)
    audit.engine.dispose()


@pytest.fixture
def browser(site: Site) -> Callable[..., Browser]:
    """``browser("reviewer")``: signed in by that role's account; ``browser()``: nobody; settings may be replaced."""

    def opened(role: str | None = None, **settings: object) -> Browser:
        audit = replace(site.audit, settings=site.audit.settings.model_copy(update=settings))
        one = Browser(TestClient(make_app(replace(site, audit=audit)), follow_redirects=False))
        if role is not None:
            assert one.sign_in(role).status_code == 303
        return one

    return opened
