"""Readings of a burned-in clock together: what they prove, and when they prove nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.overlay_clock import OverlayReading, read_clock, wall_us_of
from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Span, at_of, us_of

STARTED_US = wall_us_of(2025, 5, 25, 20, 9, 32) or 0


def reading(at_us: int, lead_us: int = 0, *, has_zone: bool = True, shown_us: int | None = None) -> OverlayReading:
    """The clock at a media time, cut to whole seconds as clocks show them; ``lead_us`` ahead of the metadata."""
    wall_us = STARTED_US + at_us + lead_us if shown_us is None else shown_us
    return OverlayReading(at_us, "", wall_us // SECOND_US * SECOND_US, has_zone, 0.9)


def every(step_s: float, count: int, lead_us: int = 0, *, has_zone: bool = True) -> list[OverlayReading]:
    return [reading(round(n * step_s * SECOND_US), lead_us, has_zone=has_zone) for n in range(count)]


@pytest.mark.parametrize("lead_us", [0, 47 * SECOND_US, -HOUR_US, -268 * DAY_US])
def test_constant_difference_is_the_offset(lead_us: int) -> None:
    clock = read_clock(every(7.3, 8, lead_us), None, STARTED_US)
    assert clock is not None
    assert clock.offset_us is not None
    assert abs(clock.offset_us - lead_us) <= SECOND_US
    assert (clock.agreed, clock.of, clock.jumps, clock.is_stuck) == (8, 8, (), False)


@given(
    lead_s=st.integers(-400 * 86400, 400 * 86400),
    steps=st.lists(st.integers(300_000, 40_000_000), min_size=3, max_size=12),
)
def test_offset_is_within_a_second_whatever_the_samples(lead_s: int, steps: list[int]) -> None:
    at_us = [sum(steps[:n]) for n in range(len(steps))]
    clock = read_clock([reading(at, lead_s * SECOND_US) for at in at_us], None, STARTED_US)
    assert clock is not None
    if not clock.is_stuck:
        assert clock.offset_us is not None
        assert abs(clock.offset_us - lead_s * SECOND_US) <= SECOND_US
        assert clock.jumps == ()


@given(st.randoms(use_true_random=False))
def test_order_of_readings_does_not_matter(lot: random.Random) -> None:
    readings = every(11, 9, 3 * SECOND_US)
    shuffled = list(readings)
    lot.shuffle(shuffled)
    assert read_clock(shuffled, None, STARTED_US) == read_clock(readings, None, STARTED_US)


@pytest.mark.parametrize(("count", "is_clock"), [(0, False), (1, False), (2, False), (3, True)])
def test_fewer_than_three_readings_prove_nothing(count: int, is_clock: bool) -> None:
    assert (read_clock(every(10, count), None, STARTED_US) is not None) is is_clock


def test_misreadings_are_outvoted() -> None:
    readings = every(10, 8)
    readings[2] = replace(readings[2], wall_us=(readings[2].wall_us or 0) + 5 * HOUR_US)
    readings[5] = replace(readings[5], wall_us=(readings[5].wall_us or 0) - 20 * DAY_US)
    clock = read_clock(readings, None, STARTED_US)
    assert clock is not None
    assert (clock.agreed, clock.of, clock.jumps) == (6, 8, ())
    assert abs(clock.offset_us or 0) <= SECOND_US


def test_readings_that_do_not_run_with_the_media_time_are_no_clock() -> None:
    scattered = [reading(n * 10 * SECOND_US, n * n * 977 * SECOND_US) for n in range(8)]
    assert read_clock(scattered, None, STARTED_US) is None


def test_half_of_the_readings_against_it_is_no_clock() -> None:
    readings = [*every(10, 3), *(reading((n + 3) * 10 * SECOND_US, (n + 1) ** 2 * HOUR_US) for n in range(3))]
    assert read_clock(readings, None, STARTED_US) is None


def test_jump_lies_between_the_last_and_the_first_reading_of_its_sides() -> None:
    readings = [reading(n * 10 * SECOND_US, 300 * SECOND_US if n >= 4 else 0) for n in range(8)]
    clock = read_clock(readings, None, STARTED_US)
    assert clock is not None
    (jump,) = clock.jumps
    assert jump.between == Span(30 * SECOND_US, 40 * SECOND_US)
    assert abs(jump.step_us - 300 * SECOND_US) <= SECOND_US
    assert abs(clock.offset_us or 0) <= SECOND_US


def test_step_that_could_be_rounding_is_no_jump() -> None:
    readings = [reading(n * 10 * SECOND_US, SECOND_US if n >= 4 else 0) for n in range(8)]
    clock = read_clock(readings, None, STARTED_US)
    assert clock is not None
    assert clock.jumps == ()


def test_drift_over_half_an_hour() -> None:
    readings = [reading(n * 180 * SECOND_US, round(n * 180 * 200)) for n in range(11)]
    clock = read_clock(readings, None, STARTED_US)
    assert clock is not None
    assert clock.drift_ppm is not None
    assert clock.drift_error_ppm is not None
    assert abs(clock.drift_ppm - 200) <= clock.drift_error_ppm
    assert abs(clock.offset_us or 0) <= 2 * SECOND_US
    assert clock.jumps == ()


def test_drift_is_not_told_from_less_than_a_minute() -> None:
    clock = read_clock(every(5, 8), None, STARTED_US)
    assert clock is not None
    assert clock.drift_ppm is None


def test_stopped_clock() -> None:
    clock = read_clock([reading(n * 10 * SECOND_US, shown_us=STARTED_US) for n in range(6)], None, STARTED_US)
    assert clock is not None
    assert clock.is_stuck
    assert clock.offset_us is None
    assert clock.origin_us is None


@pytest.mark.parametrize(("step_s", "is_stuck"), [(0.3, False), (6.0, True)])
def test_one_reading_within_a_second_is_not_a_stopped_clock(step_s: float, is_stuck: bool) -> None:
    readings = [reading(round(n * step_s * SECOND_US), shown_us=STARTED_US) for n in range(3)]
    clock = read_clock(readings, None, STARTED_US)
    assert clock is not None
    assert clock.is_stuck is is_stuck


def test_clock_that_says_it_was_not_set() -> None:
    unset = [OverlayReading(n * SECOND_US, "TIME NOT SET", None, False, 0.9) for n in range(4)]
    clock = read_clock([*unset, reading(9 * SECOND_US)], None, STARTED_US)
    assert clock is not None
    assert clock.is_not_set
    assert clock.offset_us is None
    assert read_clock(unset[:2], None, STARTED_US) is None


def test_zone_of_the_device_is_taken_out_and_named_zones_are_not_moved() -> None:
    new_york = ZoneInfo("America/New_York")
    local = read_clock(every(10, 5, -4 * HOUR_US, has_zone=False), new_york, STARTED_US)
    named = read_clock(every(10, 5), new_york, STARTED_US)
    assert local is not None
    assert named is not None
    assert abs((local.offset_us or 0) - (named.offset_us or 0)) <= SECOND_US
    assert local.zone_doubt_us is None


def test_unknown_zone_gives_an_origin_and_no_offset() -> None:
    clock = read_clock(every(10, 5, -4 * HOUR_US, has_zone=False), None, STARTED_US)
    assert clock is not None
    assert clock.is_local
    assert clock.offset_us is None
    assert abs((clock.origin_us or 0) - (STARTED_US - 4 * HOUR_US)) <= SECOND_US


def test_without_metadata_there_is_an_origin() -> None:
    clock = read_clock(every(10, 5), None, None)
    assert clock is not None
    assert clock.offset_us is None
    assert abs((clock.origin_us or 0) - STARTED_US) <= SECOND_US


@pytest.mark.parametrize(
    ("lead_us", "doubt_us"),
    [
        (0, None),
        (HOUR_US, HOUR_US),
        (-HOUR_US - 47 * SECOND_US, -HOUR_US),
        (11 * HOUR_US // 2, 11 * HOUR_US // 2),
        (20 * MINUTE_US, None),
        (15 * HOUR_US, None),
        (268 * DAY_US, None),
    ],
)
def test_whole_half_hours_speak_for_a_wrong_zone(lead_us: int, doubt_us: int | None) -> None:
    clock = read_clock(every(10, 6, lead_us), None, STARTED_US)
    assert clock is not None
    assert clock.zone_doubt_us == doubt_us


def both_ways(day: int, month: int, count: int = 5) -> list[OverlayReading]:
    first, other = wall_us_of(2025, month, day, 20, 0, 0), wall_us_of(2025, day, month, 20, 0, 0)
    assert first is not None
    assert other is not None
    return [
        OverlayReading(n * 10 * SECOND_US, "", first + n * 10 * SECOND_US, True, 0.9, other + n * 10 * SECOND_US)
        for n in range(count)
    ]


@pytest.mark.parametrize("expected", [(2025, 4, 5), (2025, 5, 4)])
def test_day_and_month_are_told_apart_by_the_expected_date(expected: tuple[int, int, int]) -> None:
    started_us = wall_us_of(*expected, 20, 0, 0) or 0
    clock = read_clock(both_ways(5, 4), None, started_us)
    assert clock is not None
    assert abs(clock.offset_us or 0) <= SECOND_US


def test_day_and_month_that_cannot_be_told_apart_are_no_clock() -> None:
    assert read_clock(both_ways(5, 4), None, None) is None
    assert read_clock(both_ways(5, 4), None, wall_us_of(2024, 1, 1, 0, 0, 0)) is None


def test_day_past_the_twelfth_settles_the_order_for_the_clip() -> None:
    midnight = wall_us_of(2025, 4, 12, 23, 59, 50) or 0
    swapped = wall_us_of(2025, 12, 4, 23, 59, 50) or 0
    before = [
        OverlayReading(n * SECOND_US, "", midnight + n * SECOND_US, True, 0.9, swapped + n * SECOND_US) for n in range(4)
    ]
    after = [OverlayReading(n * SECOND_US, "", midnight + n * SECOND_US, True, 0.9) for n in range(20, 26)]
    clock = read_clock([*before, *after], None, midnight)
    assert clock is not None
    assert clock.agreed == 10
    assert clock.jumps == ()


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(-(2**62), 2**62)), max_size=40, unique_by=lambda p: p[0]))
def test_any_numbers_give_a_clock_or_none(points: list[tuple[int, int]]) -> None:
    readings = [OverlayReading(at, "", wall, False, 0.5) for at, wall in points]
    clock = read_clock(readings, ZoneInfo("Europe/London"), STARTED_US)
    if clock is not None:
        assert 3 <= clock.agreed <= clock.of == len(points)


def test_there_is_no_time_on_the_thirtieth_of_february() -> None:
    assert wall_us_of(2025, 2, 30, 0, 0, 0) is None
    assert wall_us_of(1970, 1, 2, 0, 0, 1) == DAY_US + SECOND_US


LONDON = ZoneInfo("Europe/London")
BACK_US = wall_us_of(2025, 10, 26, 1, 0, 0) or 0  # UTC: 02:00 BST becomes 01:00 GMT
FORWARD_US = wall_us_of(2025, 3, 30, 1, 0, 0) or 0  # UTC: 01:00 GMT becomes 02:00 BST


def in_london(start_us: int, count: int = 10, every_us: int = 3 * MINUTE_US, ahead_us: int = 0) -> list[OverlayReading]:
    """What a clock set to London's time, which names no zone, shows from ``start_us`` (UTC) on."""
    readings = []
    for at_us in range(0, count * every_us, every_us):
        local = at_of(start_us + at_us + ahead_us).astimezone(LONDON).replace(tzinfo=UTC)
        readings.append(OverlayReading(at_us, "", us_of(local) // SECOND_US * SECOND_US, False, 0.9))
    return readings


@pytest.mark.parametrize("change_us", [BACK_US, FORWARD_US])
@pytest.mark.parametrize("before_min", [50, 15, -10, -55])
def test_a_right_local_clock_is_right_in_the_night_of_a_change(change_us: int, before_min: int) -> None:
    start_us = change_us - before_min * MINUTE_US
    clock = read_clock(in_london(start_us), LONDON, start_us)
    assert clock is not None
    assert abs(clock.offset_us or 0) <= SECOND_US
    assert (clock.agreed, clock.jumps) == (10, ())


@pytest.mark.parametrize("change_us", [BACK_US, FORWARD_US])
def test_a_clock_that_is_behind_by_minutes_stays_so_over_a_change(change_us: int) -> None:
    start_us = change_us - 15 * MINUTE_US
    clock = read_clock(in_london(start_us, ahead_us=-5 * MINUTE_US), LONDON, start_us)
    assert clock is not None
    assert clock.jumps == ()
    assert abs((clock.offset_us or 0) + 5 * MINUTE_US) <= SECOND_US


@pytest.mark.parametrize("change_us", [BACK_US, FORWARD_US])
def test_a_step_with_a_zone_that_is_not_known_is_no_jump(change_us: int) -> None:
    start_us = change_us - 15 * MINUTE_US
    clock = read_clock(in_london(start_us), None, start_us)
    assert clock is not None
    assert (clock.jumps, clock.offset_us, clock.is_local) == ((), None, True)


def test_other_steps_and_those_of_a_named_zone_stay_jumps() -> None:
    def stepping(step_us: int, *, has_zone: bool) -> int:
        readings = [reading(n * 10 * SECOND_US, step_us if n >= 4 else 0, has_zone=has_zone) for n in range(8)]
        clock = read_clock(readings, None, STARTED_US)
        return len(clock.jumps) if clock else -1

    assert stepping(HOUR_US, has_zone=False) == 0
    assert stepping(HOUR_US, has_zone=True) == 1
    assert stepping(HOUR_US + 4 * SECOND_US, has_zone=False) == 1
    assert stepping(2 * HOUR_US, has_zone=False) == 1


def test_a_clock_that_stands_in_the_hour_shown_twice_stands() -> None:
    wall_us = wall_us_of(2025, 10, 26, 1, 30, 0)
    readings = [OverlayReading(n * 6 * MINUTE_US, "", wall_us, False, 0.9) for n in range(10)]
    clock = read_clock(readings, LONDON, BACK_US - 30 * MINUTE_US)
    assert clock is not None
    assert clock.is_stuck
    assert clock.over == Span(0, 54 * MINUTE_US)


def test_drift_is_told_of_the_readings_before_a_jump_only() -> None:
    readings = [reading(n * 60 * SECOND_US, 300 * SECOND_US if n >= 6 else 0) for n in range(12)]
    clock = read_clock(readings, None, STARTED_US)
    assert clock is not None
    assert clock.over == Span(0, 5 * MINUTE_US)
