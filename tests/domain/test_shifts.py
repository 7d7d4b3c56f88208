"""Shifts and months on the agency's clock, on the two nights of the year above all."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.shifts import month_codes, shift_codes, shifts_of
from bwc_audit.domain.times import DAY_US, HOUR_US, at_of, us_of

LONDON, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/London"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
THREE = shifts_of("Early 07:00, Late 15:00, Night 23:00")


def shift_at(text: str, zone: ZoneInfo = LONDON, shifts: str = "Early 07:00, Late 15:00, Night 23:00") -> str:
    parsed = shifts_of(shifts)
    return parsed[int(shift_codes(np.array([us_of(datetime.fromisoformat(text))]), parsed, zone)[0])].label


def test_shifts_are_labelled_with_their_hours() -> None:
    assert [shift.label for shift in THREE] == ["Early 07:00–15:00", "Late 15:00–23:00", "Night 23:00–07:00"]
    assert [shift.label for shift in shifts_of("19:00, 07:00")] == ["07:00–19:00", "19:00–07:00"]
    assert [shift.label for shift in shifts_of("A first 06:30")] == ["A first 06:30–06:30"]


@pytest.mark.parametrize("text", ["", "Early", "24:00", "7:00", "07:60", "Early 07:00, Late 07:00", "07:00,"])
def test_what_is_no_list_of_shifts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="shift"):
        shifts_of(text)


@pytest.mark.parametrize(
    ("at", "label"),
    [
        ("2025-06-01T05:59:59.999999Z", "Night 23:00–07:00"),
        ("2025-06-01T06:00:00Z", "Early 07:00–15:00"),
        ("2025-06-01T06:00:00.000001Z", "Early 07:00–15:00"),
        ("2025-01-15T06:59:59.999999Z", "Night 23:00–07:00"),
        ("2025-01-15T07:00:00Z", "Early 07:00–15:00"),
        ("2025-06-01T22:00:00Z", "Night 23:00–07:00"),
        ("2025-03-30T05:59:59Z", "Night 23:00–07:00"),
        ("2025-03-30T06:00:00Z", "Early 07:00–15:00"),
        ("2025-10-26T06:59:59Z", "Night 23:00–07:00"),
        ("2025-10-26T07:00:00Z", "Early 07:00–15:00"),
    ],
)
def test_a_shift_begins_by_the_clock_on_the_wall(at: str, label: str) -> None:
    assert shift_at(at) == label


@pytest.mark.parametrize(
    ("at", "label"),
    [
        ("2025-11-02T05:29:59Z", "A 13:30–01:30"),
        ("2025-11-02T05:30:00Z", "B 01:30–13:30"),
        ("2025-11-02T06:15:00Z", "B 01:30–13:30"),  # 01:15 for the second time: the shift has begun
    ],
)
def test_a_shift_that_has_begun_does_not_end_when_the_clock_is_put_back(at: str, label: str) -> None:
    assert shift_at(at, NEW_YORK, "B 01:30, A 13:30") == label


@pytest.mark.parametrize(
    ("at", "label"), [("2025-03-09T06:59:59.999999Z", "A 14:30–02:30"), ("2025-03-09T07:00:00Z", "B 02:30–14:30")]
)
def test_a_start_that_the_clock_leaps_over_is_the_leap(at: str, label: str) -> None:
    assert shift_at(at, NEW_YORK, "B 02:30, A 14:30") == label


def test_months_begin_by_the_clock_on_the_wall() -> None:
    times = [us_of(datetime.fromisoformat(text)) for text in ("2025-05-31T22:59:59Z", "2025-05-31T23:00:00Z")]
    codes, months = month_codes(np.array(times), LONDON)
    assert [months[code] for code in codes] == ["2025-05", "2025-06"]
    codes, months = month_codes(np.array([times[0], times[0] + 70 * DAY_US]), LONDON)
    assert (months, codes.tolist()) == (("2025-05", "2025-06", "2025-07", "2025-08"), [0, 3])


def test_no_times_have_no_shifts_and_months() -> None:
    none = np.zeros(0, np.int64)
    assert shift_codes(none, THREE, LONDON).tolist() == []
    codes, months = month_codes(none, LONDON)
    assert (codes.tolist(), months) == ([], ())


@given(
    st.lists(st.integers(us_of(datetime.fromisoformat("2024-01-01T00:00Z")), 800 * DAY_US + 1_704_067_200_000_000)),
    st.sampled_from([LONDON, NEW_YORK, LORD_HOWE]),
)
def test_away_from_the_changes_the_wall_clock_says_it(times: list[int], zone: ZoneInfo) -> None:
    """The oracle: one moment at a time, by its local hour; on days on which no clock changes."""
    quiet = [time for time in times if _offset(time - DAY_US, zone) == _offset(time + DAY_US, zone)]
    codes = shift_codes(np.array(quiet, np.int64), THREE, zone)
    months, names = month_codes(np.array(quiet, np.int64), zone)
    for time, code, month in zip(quiet, codes, months, strict=True):
        local = at_of(time).astimezone(zone)
        assert code == (0 if 7 <= local.hour < 15 else 1 if 15 <= local.hour < 23 else 2)
        assert names[month] == f"{local:%Y-%m}"


@given(st.integers(0, 24 * 400), st.sampled_from([LONDON, NEW_YORK, LORD_HOWE]))
def test_every_shift_lasts_about_as_long_as_its_hours_say(hour: int, zone: ZoneInfo) -> None:
    """Eight hours, or one more or less on the nights of the change."""
    start = us_of(datetime.fromisoformat("2025-01-01T00:00Z")) + hour * HOUR_US
    times = start + np.arange(30) * HOUR_US
    changes = np.flatnonzero(np.diff(shift_codes(times, THREE, zone)))
    assert set(np.diff(changes).tolist()) <= {7, 8, 9}
    assert len(changes) >= 3


def _offset(time_us: int, zone: ZoneInfo) -> object:
    return at_of(time_us).astimezone(zone).utcoffset()
