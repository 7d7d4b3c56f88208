"""Funnels: what lies inside and outside, what scatters more than chance, and that nothing is a ranking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.funnel import LEAST_FOR_DISPERSION, Funnel, Place, funnel_of
from bwc_audit.domain.rates import Counts, Rate, RateGroup


def group(key: str, k: int, n: int) -> RateGroup:
    rate = Rate("existence", "assignments", k, n, None, None, None, None)
    return RateGroup(key, (rate,), Counts(n, (), n))


def funnel(*pairs: tuple[int, int]) -> Funnel:
    return funnel_of([group(f"{place:03d}", k, n) for place, (k, n) in enumerate(pairs)], "officer")


def test_a_full_count_is_not_unusual_where_it_is_likely() -> None:
    """2 of 2 where all together have 90 %: that happens four times in five."""
    found = funnel((2, 2), (90, 100), (88, 98))
    assert {point.place for point in found.points} == {Place.INSIDE}


@pytest.mark.parametrize(
    ("k", "place"), [(40, Place.OUTSIDE_998), (74, Place.OUTSIDE_95), (90, Place.INSIDE), (100, Place.OUTSIDE_95)]
)
def test_places(k: int, place: Place) -> None:
    """Beside a crowd that fixes the common rate near 83 %."""
    found = funnel((k, 100), (8300, 10_000))
    point = next(point for point in found.points if point.n == 100)
    expected = place if k != 100 else Place.OUTSIDE_998
    assert (point.place, point.is_above) == (expected, k > 83)


def test_groups_without_a_decided_assignment_are_counted_and_no_points() -> None:
    found = funnel((3, 4), (0, 0), (5, 6))
    assert (len(found.points), found.empty, found.k, found.n) == (2, 1, 8, 10)
    nothing = funnel((0, 0))
    assert (nothing.target, nothing.points, nothing.curve, nothing.empty) == (None, (), (), 1)


@pytest.mark.parametrize(("by", "rate"), [("month", "existence"), ("officer", "seconds_recorded")])
def test_only_counted_rates_of_officers_and_units_are_compared(by: str, rate: str) -> None:
    with pytest.raises(ValueError, match="a funnel compares"):
        funnel_of([group("1", 1, 2)], by, rate)


@pytest.mark.parametrize("count", [LEAST_FOR_DISPERSION - 1, LEAST_FOR_DISPERSION])
def test_few_points_do_not_tell_whether_they_scatter(count: int) -> None:
    assert (funnel(*[(8, 10)] * count).dispersion is None) is (count < LEAST_FOR_DISPERSION)


def test_chance_alone_is_not_overdispersion() -> None:
    dice = np.random.default_rng(2)
    sizes = dice.integers(20, 200, 300)
    found = funnel(*zip(dice.binomial(sizes, 0.85).tolist(), sizes.tolist(), strict=True))
    assert found.dispersion == pytest.approx(1.0, abs=0.15)
    assert not found.is_widened
    assert found.count(Place.OUTSIDE_95) + found.count(Place.OUTSIDE_998) <= 0.08 * 300
    assert found.count(Place.OUTSIDE_998) <= 3


def test_a_common_scatter_widens_the_limits() -> None:
    dice = np.random.default_rng(2)
    sizes = dice.integers(50, 200, 300)
    shares = dice.beta(17, 3, 300)
    found = funnel(*zip(dice.binomial(sizes, shares).tolist(), sizes.tolist(), strict=True))
    assert found.dispersion is not None
    assert found.dispersion > 2
    assert found.is_widened
    assert found.count(Place.OUTSIDE_998) <= 6


def test_one_unusual_officer_does_not_widen_the_limits_for_itself() -> None:
    dice = np.random.default_rng(4)
    found = funnel((20, 100), *((int(k), 100) for k in dice.binomial(100, 0.9, 40)))
    assert not found.is_widened
    assert [point.k for point in found.points if point.place is Place.OUTSIDE_998] == [20]


PAIRS = st.lists(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=30)


@given(PAIRS)
def test_limits_hold_the_common_rate_and_each_other(pairs: list[tuple[int, int]]) -> None:
    found = funnel(*pairs)
    assert found.target is not None
    for one in found.curve:
        assert 0 <= one.low_998 <= one.low_95 <= found.target + 1e-12
        assert found.target - 1e-12 <= one.high_95 <= one.high_998 <= 1
    numbers = [one.n for one in found.curve]
    assert numbers[0] == 1
    assert numbers[-1] == max(n for _, n in pairs)
    assert numbers == sorted(set(numbers))


@given(PAIRS, st.randoms(use_true_random=False))
def test_points_stand_in_the_order_of_their_numbers_whatever_order_they_came_in(
    pairs: list[tuple[int, int]], dice: object
) -> None:
    groups = [group(f"{place:03d}", k, n) for place, (k, n) in enumerate(pairs)]
    shuffled = list(groups)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    found = funnel_of(groups, "officer")
    assert found.points == funnel_of(shuffled, "officer").points
    assert [point.n for point in found.points] == sorted(point.n for point in found.points)
