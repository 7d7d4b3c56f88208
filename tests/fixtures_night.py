"""The sample night audited once over its folder; tests that go on from there copy its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bwc_audit.config import Settings
from tests.audit.nights import Night, night_settings, run_night
from tests.fixtures_sample import SampleNight

SAMPLE: dict[str, Any] = {"timezone": "Europe/London", "workers": 2}


@pytest.fixture(scope="session")
def folder_night(sample_night: SampleNight, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The sample night over the folder and SQLite. Nobody writes into its database again."""
    return run_night(night_settings(sample_night.source, tmp_path_factory.mktemp("folder-night"), **SAMPLE))


@pytest.fixture
def after_the_night(folder_night: Night, sample_night: SampleNight, tmp_path: Path) -> Callable[..., Settings]:
    """Settings for a copy of the database as that night left it; keyword arguments replace settings."""

    def copied(**more: object) -> Settings:
        before, after = folder_night.audit.settings, tmp_path / "state" / "audit.db"
        after.parent.mkdir()
        copy_database(before.state_dir / "audit.db", after)
        return night_settings(sample_night.source, after.parent, **{**SAMPLE, **more})

    return copied


def copy_database(before: Path, after: Path) -> None:
    """Copy an SQLite database that may be in use."""
    with sqlite3.connect(before) as source, sqlite3.connect(after) as target:
        source.backup(target)
    source.close()
    target.close()
