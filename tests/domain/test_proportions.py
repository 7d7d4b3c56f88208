"""Intervals of measured time and limits of counts: known values, the edges, and what must hold whatever the numbers are."""

from __future__ import annotations

from math import comb, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.proportions import (
    FEW_CLUSTERS,
    binomial_limits,
    effective_interval,
    ratio_interval,
    t_95,
    wilson_interval,
)


def interval_of(parts: list[float], wholes: list[float]) -> tuple[float, float] | None:
    """The interval of a ratio, from its clusters."""
    part, whole = np.array(parts), np.array(wholes)
    share = part.sum() / whole.sum() if whole.sum() else 0.0
    left = np.where(whole < whole.sum(), 1 - whole / max(whole.sum(), 1e-300), 1.0)
    residuals = float((((part - share * whole) / left) ** 2).sum())
    return ratio_interval(float(part.sum()), float(whole.sum()), len(parts), float((whole**2).sum()), residuals)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.7062), (2, 4.30265), (3, 3.18245), (6, 2.44691), (10, 2.22814), (99, 1.98422)]
)
def test_quantiles_of_t_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    assert t_95(freedom) == pytest.approx(quantile, rel=1.3e-3 if freedom == 3 else 2e-4)


def test_no_freedom_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no degrees"):
        t_95(0)


@pytest.mark.parametrize(("parts", "wholes"), [([], []), ([50.0], [100.0]), ([0.0, 0.0], [0.0, 0.0])])
def test_below_two_clusters_or_without_time_there_is_no_interval(parts: list[float], wholes: list[float]) -> None:
    assert interval_of(parts, wholes) is None


def test_two_clusters_tell_very_little() -> None:
    interval = interval_of([100.0, 0.0], [100.0, 100.0])
    assert interval is not None
    low, high = interval
    assert (low, high) == pytest.approx((0.0, 1.0), abs=0.06)


def test_clusters_that_are_all_or_nothing_and_equally_long_are_trials() -> None:
    """Then the interval is Wilson's over their number, but for the degrees of freedom that their variance costs."""
    parts, wholes = [100.0] * 300 + [0.0] * 100, [100.0] * 400
    interval = interval_of(parts, wholes)
    assert interval == pytest.approx(wilson_interval(300, 400), abs=5e-4)


def test_equal_shares_are_believed_no_more_than_as_many_trials() -> None:
    assert interval_of([90.0] * 50, [100.0] * 50) == pytest.approx(wilson_interval(45, 50))


@pytest.mark.parametrize(("count", "is_bound"), [(FEW_CLUSTERS - 1, True), (FEW_CLUSTERS, False), (FEW_CLUSTERS + 1, False)])
def test_few_clusters_are_believed_no_more_than_as_many_trials(count: int, is_bound: bool) -> None:
    parts = [80.0 + n % 21 for n in range(count)]
    interval = interval_of(parts, [100.0] * count)
    assert interval is not None
    trials = wilson_interval(sum(parts) / 100, count)
    width, most = interval[1] - interval[0], trials[1] - trials[0]
    assert (width == pytest.approx(most)) is is_bound
    assert width <= most * (1 + 1e-9)


def test_one_long_assignment_widens_the_interval() -> None:
    """Three hundred calls of which one took a third of all time: what became of that one decides a third."""
    alike = interval_of([95.0, 100.0] * 150, [100.0] * 300)
    long = interval_of([95.0, 100.0] * 150 + [0.0], [100.0] * 300 + [15_000.0])
    assert alike is not None
    assert long is not None
    assert long[1] - long[0] > 10 * (alike[1] - alike[0])


_CLUSTERS = st.lists(st.tuples(st.floats(0, 1), st.floats(1, 10_000)), min_size=2, max_size=150)


@given(_CLUSTERS)
def test_the_interval_holds_its_ratio_and_stays_in_bounds(clusters: list[tuple[float, float]]) -> None:
    parts, wholes = [share * whole for share, whole in clusters], [whole for _, whole in clusters]
    interval = interval_of(parts, wholes)
    assert interval is not None
    share = sum(parts) / sum(wholes)
    assert 0 <= interval[0] <= share + 1e-12
    assert share - 1e-12 <= interval[1] <= 1
    assert interval[0] < interval[1]


@given(_CLUSTERS, st.floats(0.01, 100))
def test_the_interval_does_not_depend_on_the_unit_of_time(clusters: list[tuple[float, float]], factor: float) -> None:
    parts, wholes = [share * whole for share, whole in clusters], [whole for _, whole in clusters]
    rescaled = interval_of([factor * part for part in parts], [factor * whole for whole in wholes])
    assert rescaled == pytest.approx(interval_of(parts, wholes), abs=1e-6)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Lengths with a long tail, a tenth not recorded and a fifth in part; 400 samples of 150 assignments each.

    Measured over many more: 89 to 96 % from 100 assignments on, above 95 % below that (``docs/rates.md``)."""
    dice = np.random.default_rng(11)

    def assignments(count: int) -> tuple[np.ndarray, np.ndarray]:
        whole, chance = dice.lognormal(7, 0.9, count), dice.random(count)
        return whole * np.where(chance < 0.1, 0, np.where(chance < 0.3, dice.random(count), 1)), whole

    part, whole = assignments(1_000_000)
    truth = part.sum() / whole.sum()
    held = 0
    for _ in range(400):
        part, whole = assignments(150)
        interval = interval_of(part.tolist(), whole.tolist())
        assert interval is not None
        held += interval[0] <= truth <= interval[1]
    assert 0.88 <= held / 400 <= 0.99


def test_what_was_looked_at_wholly_leaves_nothing_to_chance() -> None:
    assert effective_interval(0.25, inf) == (0.25, 0.25)
    assert effective_interval(0.25, 40.0) == wilson_interval(10, 40)


def _at_most(k: int, n: int, share: float) -> float:
    return sum(comb(n, x) * share**x * (1 - share) ** (n - x) for x in range(k + 1))


@given(st.integers(1, 60), st.integers(1, 99), st.sampled_from([0.025, 0.001]))
def test_a_count_lies_outside_exactly_where_chance_seldom_leads(n: int, percent: int, tail: float) -> None:
    share = percent / 100
    low, high = binomial_limits(n, share, tail)
    assert 0 <= low <= share <= high <= 1
    for k in range(n + 1):
        at_most, at_least = _at_most(k, n, share), 1 - _at_most(k - 1, n, share)
        if abs(at_most - tail) > 1e-9:
            assert (k / n < low) is (at_most < tail)
        if abs(at_least - tail) > 1e-9:
            assert (k / n > high) is (at_least < tail)


@pytest.mark.parametrize(("share", "limits"), [(0.0, (0.0, 0.0)), (1.0, (1.0, 1.0))])
def test_where_nothing_varies_the_limits_are_the_share(share: float, limits: tuple[float, float]) -> None:
    assert binomial_limits(7, share, 0.025) == limits


def test_limits_of_many_trials_are_those_of_the_normal_distribution() -> None:
    low, high = binomial_limits(1_000_000, 0.9, 0.025)
    assert (low, high) == pytest.approx((0.9 - 1.96 * 0.0003, 0.9 + 1.96 * 0.0003), abs=2e-6)
