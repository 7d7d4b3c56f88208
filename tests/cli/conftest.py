"""The decided small run for all command tests, and the two ways of calling the program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bwc_audit.cli import app
from tests.cli.small_run import SmallRun, small_run_in

Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """The run; nobody writes into its source."""
    return small_run_in(tmp_path_factory.getbasetemp() / "small_run")


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test."""
    for name in list(os.environ):
        if name.startswith(("BWC_", "AWS_")) or name in ("FORCE_COLOR", "COLUMNS", "GITHUB_ACTIONS"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def configured(small_run: SmallRun, monkeypatch: pytest.MonkeyPatch) -> SmallRun:
    """The environment names the small run."""
    for name, value in small_run.environment().items():
        monkeypatch.setenv(name, value)
    return small_run


@pytest.fixture
def program() -> Program:
    """``program("runs", …, BWC_X="y")``: the real program in a process of its own, with its streams and exit code."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from bwc_audit.cli import main; main()", *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def invoke(*arguments: str) -> Result:
    """The command in this process; an error of the audit is raised, as ``main`` would see it."""
    return CliRunner().invoke(app, list(arguments), prog_name="bwc-audit", catch_exceptions=False)
