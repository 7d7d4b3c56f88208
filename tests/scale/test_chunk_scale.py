"""Ten times the period in chunks: ten times the time, and hardly more memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.measuring import in_fresh_process

pytestmark = pytest.mark.heavy


def test_ten_times_the_period_takes_at_most_eleven_times_as_long_and_hardly_more_memory(tmp_path: Path) -> None:
    in_fresh_process("tests.bench.chunks", "build", str(tmp_path), "20000")
    one = in_fresh_process("tests.bench.chunks", "run", str(tmp_path), "36")
    five = in_fresh_process("tests.bench.chunks", "run", str(tmp_path), "180")
    ten = in_fresh_process("tests.bench.chunks", "run", str(tmp_path), "360")
    assert ten["assignments"] / one["assignments"] == pytest.approx(10, rel=0.1)
    assert ten["chunks"] == 10 * one["chunks"]
    assert ten["first"] <= 11 * one["first"]
    # Measured 201, 231 and 246 MiB: SQLite keeps up to 32 MiB of pages, which one stretch does not fill.
    assert ten["peak_mib"] <= 1.25 * one["peak_mib"]
    assert ten["peak_mib"] <= 1.1 * five["peak_mib"]
    assert ten["again"] < ten["first"] / 5
