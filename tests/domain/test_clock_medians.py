"""Laws of the robust median by group, and of the clock estimate that rests on it."""

from __future__ import annotations

import random
from statistics import median

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.clock_days import _without_repeats
from bwc_audit.domain.clock_medians import group_medians
from bwc_audit.domain.clocks import ClockChecks
from bwc_audit.domain.coverage import Int
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind, RowRef
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US
from tests.domain.worlds import UK

VALUES = st.integers(-(2**40), 2**40)
GROUPS = st.lists(st.tuples(st.integers(0, 4), VALUES), min_size=1, max_size=40)


def medians(rows: list[tuple[int, int]]) -> dict[int, tuple[int, int, int]]:
    key, value = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    found = group_medians(key, value)
    columns: tuple[Int, ...] = (found.key, found.median_us, found.spread_us, found.count)
    return {one[0]: (one[1], one[2], one[3]) for one in zip(*(column.tolist() for column in columns), strict=True)}


@given(GROUPS)
def test_each_group_has_the_median_and_spread_of_the_textbook(rows: list[tuple[int, int]]) -> None:
    for key, (middle, spread, count) in medians(rows).items():
        mine = sorted(value for group, value in rows if group == key)
        assert count == len(mine)
        assert middle == median(mine) if count % 2 else middle == (mine[count // 2 - 1] + mine[count // 2]) // 2
        away = sorted(abs(value - middle) for value in mine)
        assert spread == (away[(count - 1) // 2] + away[count // 2]) // 2


@given(GROUPS, st.integers(-(2**50), 2**50))
def test_the_median_moves_with_its_values_and_the_spread_stays(rows: list[tuple[int, int]], shift: int) -> None:
    moved = medians([(key, value + shift) for key, value in rows])
    assert moved == {key: (middle + shift, spread, n) for key, (middle, spread, n) in medians(rows).items()}


@given(GROUPS, st.randoms())
def test_the_order_does_not_matter(rows: list[tuple[int, int]], shuffler: random.Random) -> None:
    first = medians(rows)
    shuffler.shuffle(rows)
    assert medians(rows) == first


@given(st.lists(st.integers(-60, 60), min_size=1, max_size=15), st.lists(VALUES, max_size=14))
def test_less_than_half_of_outliers_never_moves_it_out_of_the_honest_part(honest: list[int], wild: list[int]) -> None:
    wild = wild[: len(honest) - 1]
    middle, spread, _ = medians([(0, value) for value in (*honest, *wild)])[0]
    assert min(honest) <= middle <= max(honest)
    assert spread <= max(honest) - min(honest)


def test_members_name_the_elements_of_a_group() -> None:
    found = group_medians(np.array([5, 3, 5, 5], np.int64), np.array([30, 1, 10, 20], np.int64))
    assert found.members(1).tolist() == [2, 3, 0]


def test_no_values_have_no_medians() -> None:
    assert len(group_medians(np.zeros(0, np.int64), np.zeros(0, np.int64)).key) == 0
    assert _without_repeats(()) == ()


# --- one clock and many clocks

CHECKS = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(0, 40 * DAY_US), st.integers(-90_000, 90_000)), max_size=12
)
MOMENTS = st.lists(st.tuples(st.sampled_from(["A", "B", "C", "D"]), st.integers(-DAY_US, 41 * DAY_US)), max_size=8)


def checks_of(rows: list[tuple[str, int, int]]) -> ClockChecks:
    kind = DeviceEventKind.CLOCK_CHECK
    return ClockChecks.of(
        [
            DeviceEvent(device, at, kind, RowRef("e.csv", line), f"{value / 1000}")
            for line, (device, at, value) in enumerate(rows)
        ],
        UK.clock,
    )


def by_hand(rows: list[tuple[str, int, int]], device: str, at_us: int) -> tuple[int, int]:
    """The dock's correction, one moment at a time: (offset, tolerance)."""
    mine = sorted((at, round(value / 1000 * SECOND_US)) for name, at, value in rows if name == device)
    after = [place for place, (at, _) in enumerate(mine) if at >= at_us]
    if not after or mine[after[0]][0] - at_us > 7 * DAY_US:
        return 0, 120 * SECOND_US
    at, offset = mine[after[0]]
    if after[0] and 0 < at - mine[after[0] - 1][0] <= 7 * DAY_US:
        before = mine[after[0] - 1][0]
        ppm, size_s = abs(offset) / (at - before) * 1e6, abs(offset) / SECOND_US
        is_jump = size_s >= 30 and ppm > 1000
        if not is_jump and size_s >= 2 and ppm > 50:
            return offset * (at_us - before) // (at - before), 60 * SECOND_US
    return offset, 60 * SECOND_US + (abs(offset) if abs(offset) > 60 * SECOND_US else 0)


@given(CHECKS, MOMENTS)
def test_many_clocks_at_once_are_the_same_as_one_at_a_time(
    rows: list[tuple[str, int, int]], moments: list[tuple[str, int]]
) -> None:
    checks, names = checks_of(rows), ["D", "C", "B", "A"]
    device = np.array([names.index(name) for name, _ in moments], np.int64)
    many = checks.estimates(names, device, np.array([at for _, at in moments], np.int64))
    for place, (name, at) in enumerate(moments):
        offset, tolerance = by_hand(rows, name, at)
        assert abs(int(many.offset_us[place]) - offset) <= 1  # a microsecond of rounding in a drift
        assert int(many.tolerance_us[place]) == tolerance
        assert checks.estimate(name, at) == checks.estimate_at(many, place)


def test_a_check_that_is_no_time_at_all_is_left_out() -> None:
    kind = DeviceEventKind.CLOCK_CHECK
    wild = [DeviceEvent("A", HOUR_US, kind, RowRef("e.csv", 2), value) for value in ("1e300", "inf", "nan", "-1e13", "x")]
    assert ClockChecks.of(wild, UK.clock).events == ()
