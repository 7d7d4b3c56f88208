"""The report of the sample night, byte for byte. A missing golden file fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from bwc_audit.report.write import write_report
from tests.report.regenerate_golden import GOLDEN, NAMES
from tests.report.report_builders import a_night


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_report(a_night(), folder)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_report_equals_its_golden_file(out: Path, name: str) -> None:
    golden = GOLDEN / Path(name).name
    assert golden.exists(), f"{golden} is missing: run `make golden` and look at the result"
    assert (out / name).read_text("utf-8") == golden.read_text("utf-8")
