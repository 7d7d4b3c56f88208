"""Entries of findings by command: read, added after what was read, refused otherwise, taken back."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from bwc_audit.audit.dispositions import SeenTooLittle
from bwc_audit.errors import ConfigurationError
from tests.cli.conftest import invoke
from tests.cli.small_run import SmallRun


@pytest.fixture
def finding(configured: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A finding of the small run, in a database of this test's own."""
    monkeypatch.setenv("BWC_STATE_DIR", str(configured.copied_to(tmp_path).state_dir))
    return str(json.loads(invoke("findings", "--format", "json").stdout)[0]["finding_id"])


def told(*arguments: str) -> str:
    """Standard output of the command."""
    result = invoke("dispose", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_entry_is_added_after_what_was_read_and_taken_back(finding: str) -> None:
    assert told(finding) == f"{finding}: open, 0 entries\n"
    decided = told(finding, "--decision", "explained", "--reason", "safety", "--comment", "Log 31")
    assert decided.startswith(f"{finding}: explained, 1 entries")
    assert all(words in decided for words in (f"os:{getpass.getuser()}", "safety", "Log 31"))
    with pytest.raises(SeenTooLittle):
        told(finding, "--decision", "confirmed")
    assert told(finding, "--decision", "confirmed", "--after", "1").startswith(f"{finding}: confirmed, 2 entries")
    back = told(finding, "--undo", "2", "--after", "2")
    assert back.startswith(f"{finding}: explained, 3 entries")
    assert "taken back" in back
    assert json.loads(invoke("findings", "--format", "json").stdout)[0]["finding_id"] == finding


def test_what_makes_no_entry_is_refused_and_nothing_is_stored(finding: str) -> None:
    with pytest.raises(ConfigurationError, match="needs a reason"):
        told(finding, "--decision", "explained")
    told(finding, "--decision", "confirmed")
    with pytest.raises(ConfigurationError, match="by somebody else"):
        told(finding, "--second", "agrees", "--after", "1")
    for wrong in (
        ("--comment", "only words"),
        ("--decision", "open", "--undo", "1"),
        ("--decision", "open", "--after", "5"),
    ):
        with pytest.raises(ConfigurationError):
            told(finding, *wrong)
    with pytest.raises(ConfigurationError, match="no finding F-0"):
        told("F-0")
    assert told(finding).startswith(f"{finding}: confirmed, 1 entries")
