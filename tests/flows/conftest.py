"""One private Prefect server for the whole session, and a small night in a bucket for it to orchestrate."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect.settings import (
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_LOGGING_LEVEL,
    PREFECT_SERVER_ANALYTICS_ENABLED,
    temporary_settings,
)
from prefect.testing.utilities import prefect_test_harness

from bwc_audit.config import Settings
from bwc_audit.embedded_s3 import EmbeddedS3, upload_tree
from tests.audit.conftest import clip
from tests.audit.nights import night_settings
from tests.audit.small_force import SmallForce

__all__ = ["clip"]

#: An incident whose name must be seen nowhere in the orchestrator.
INCIDENT = "INC-20250524-7781"


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prefect's own server, with everything it keeps in a folder of the test."""
    home = tmp_path_factory.mktemp("prefect")
    given = {PREFECT_HOME: home, PREFECT_LOCAL_STORAGE_PATH: home / "storage"}
    with (
        temporary_settings({**given, PREFECT_SERVER_ANALYTICS_ENABLED: False, PREFECT_LOGGING_LEVEL: "INFO"}),
        prefect_test_harness(server_startup_timeout=240),
    ):
        yield


@pytest.fixture(scope="module")
def night_in_s3(s3_server: EmbeddedS3, clip: bytes, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Settings]:
    """Settings for an audit, below a state folder, of a bucket with one call: one officer recorded it, one did not."""
    force = SmallForce(tmp_path_factory.mktemp("force"), clip)
    force.call(INCIDENT, "20:00", "7", "8")
    force.recorded(INCIDENT, "7", "20:00")
    upload_tree(force.root, s3_server.client(), "hidden-bucket", "night")
    keys = {"s3_access_key": s3_server.access_key, "s3_secret_key": s3_server.secret_key}

    def settings(state_dir: Path) -> Settings:
        return night_settings("s3://hidden-bucket/night", state_dir, s3_endpoint_url=s3_server.endpoint_url, **keys)

    return settings


@pytest.fixture
def in_environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Settings], Settings]:
    """Makes settings those that every step of a flow finds."""

    def put(settings: Settings) -> Settings:
        for name in [name for name in os.environ if name.startswith("BWC_")]:
            monkeypatch.delenv(name)
        for name, value in settings.environment().items():
            monkeypatch.setenv(name, value)
        return settings

    return put
