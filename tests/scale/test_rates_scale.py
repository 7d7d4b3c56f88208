"""Rates of a year of a large force in one go: 300,000 assignments, 2,500 officers."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bwc_audit.domain.findings import Window
from bwc_audit.domain.funnel import funnel_of
from bwc_audit.domain.rates import rate_book, rate_table
from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome
from bwc_audit.domain.review_sample import FrameEntry, draw
from bwc_audit.domain.times import DAY_US, SECOND_US, Span

pytestmark = pytest.mark.heavy

_COUNT = 300_000
_START_US = 1_735_689_600 * SECOND_US


def results() -> list[AssignmentResult]:
    """Eight in ten covered, some with findings, open or excluded; two officers an incident."""
    dice = np.random.default_rng(1)
    starts = (_START_US + dice.integers(0, 365 * DAY_US, _COUNT)).tolist()
    required = (dice.integers(60, 7200, _COUNT) * SECOND_US).tolist()
    outcomes = dice.choice(5, _COUNT, p=[0.8, 0.12, 0.02, 0.01, 0.05]).tolist()
    kinds = [*Outcome]
    return [
        AssignmentResult(
            f"I{n // 2}",
            f"{n % 2500}",
            kinds[outcome],
            Bucket.CANCELLED if kinds[outcome] is Outcome.EXCLUDED else None,
            unit=f"U{n % 12}",
            call_type=f"T{n % 40}",
            window=Window(Span(start_us, start_us + required_us), "on_scene", "cleared"),
            required_us=required_us,
            covered_us=required_us if outcome == 0 else required_us // 3,
            usable_us=required_us // 4,
            is_on_time=outcome == 0,
            is_whole_window=outcome == 0,
        )
        for n, (start_us, required_us, outcome) in enumerate(zip(starts, required, outcomes, strict=True))
    ]


def _cpu_s(started: float) -> float:
    return time.process_time() - started


def test_a_year_of_rates_funnels_and_a_sample() -> None:
    """Bounds are about twice what a busy two-core machine took: 0.5 s, 1.0 s, 0.3 s, 1.5 s of processor time."""
    year = results()
    started = time.process_time()
    table = rate_table(year, "officer")
    assert _cpu_s(started) < 1.0
    assert len(table.groups) == 2501
    started = time.process_time()
    book = rate_book(year, ZoneInfo("Europe/London"), "Europe/London")
    assert _cpu_s(started) < 2.5
    assert [len(book.groups[by]) for by in ("officer", "unit", "call_type", "shift", "month")] == [2500, 12, 40, 3, 12]
    started = time.process_time()
    funnel = funnel_of(book.groups["officer"], "officer", "whole_window")
    assert _cpu_s(started) < 1.0
    assert len(funnel.points) == 2500
    started = time.process_time()
    drawn = draw([FrameEntry(f"I{n}", f"U{n % 12}") for n in range(150_000)], 400, "s")
    assert _cpu_s(started) < 3.0
    assert len(drawn.picks) == 400
