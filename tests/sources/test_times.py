"""Boundary tables of times: zones, both changes of daylight saving, bounds, texts that are none."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bwc_audit.domain.records import RejectReason
from bwc_audit.sources.zoned_times import TimeRefused, read_time

CHICAGO = ZoneInfo("America/Chicago")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # changes by half an hour


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-05-25T20:09:32Z", "2025-05-25T20:09:32"),
        ("2025-05-25 20:09:32Z", "2025-05-25T20:09:32"),
        ("2025-05-25T20:09Z", "2025-05-25T20:09:00"),
        ("2025-05-25T20:09:32.123456Z", "2025-05-25T20:09:32.123456"),
        ("2025-05-25T15:09:32.5-05:00", "2025-05-25T20:09:32.500000"),
        ("2025-05-26T01:39:32+05:30", "2025-05-25T20:09:32"),
        ("20250525T200932Z", "2025-05-25T20:09:32"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00"),
        ("2199-12-31T23:59:59.999999Z", "2199-12-31T23:59:59.999999"),
    ],
)
def test_a_time_with_offset_stands_by_itself_and_wins_over_the_zone(text: str, expected: str) -> None:
    assert read_time(text) == (utc(expected), False)
    assert read_time(text, CHICAGO) == (utc(expected), False)


@pytest.mark.parametrize(
    ("zone", "text", "expected", "is_ambiguous"),
    [
        # autumn: 02:00 CDT becomes 01:00 CST on 2025-11-02
        (CHICAGO, "2025-11-02T00:59:59.999999", "2025-11-02T05:59:59.999999", False),
        (CHICAGO, "2025-11-02T01:00:00", "2025-11-02T06:00:00", True),
        (CHICAGO, "2025-11-02T01:59:59", "2025-11-02T06:59:59", True),
        (CHICAGO, "2025-11-02T02:00:00", "2025-11-02T08:00:00", False),
        # spring: 02:00 CST becomes 03:00 CDT on 2025-03-09
        (CHICAGO, "2025-03-09T01:59:59", "2025-03-09T07:59:59", False),
        (CHICAGO, "2025-03-09T03:00:00", "2025-03-09T08:00:00", False),
        (LONDON, "2025-10-26T00:59:59", "2025-10-25T23:59:59", False),
        (LONDON, "2025-10-26T01:00:00", "2025-10-26T00:00:00", True),
        (LONDON, "2025-10-26T02:00:00", "2025-10-26T02:00:00", False),
        (LORD_HOWE, "2025-04-06T01:29:59", "2025-04-05T14:29:59", False),
        (LORD_HOWE, "2025-04-06T01:30:00", "2025-04-05T14:30:00", True),
        (LORD_HOWE, "2025-04-06T02:00:00", "2025-04-05T15:30:00", False),
        (CHICAGO, "2025-05-25", "2025-05-25T05:00:00", False),
    ],
)
def test_local_times_and_the_hour_that_occurs_twice(zone: ZoneInfo, text: str, expected: str, is_ambiguous: bool) -> None:
    assert read_time(text, zone) == (utc(expected), is_ambiguous)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (CHICAGO, "2025-03-09T02:00:00"),
        (CHICAGO, "2025-03-09T02:59:59.999999"),
        (LONDON, "2025-03-30T01:30:00"),
        (LORD_HOWE, "2025-10-05T02:15:00"),
    ],
)
def test_a_local_time_that_never_occurred_is_refused(zone: ZoneInfo, text: str) -> None:
    with pytest.raises(TimeRefused, match=f"never occurred in {zone.key}") as caught:
        read_time(text, zone)
    assert caught.value.reason is RejectReason.BAD_TIME


@pytest.mark.parametrize("text", ["2025-05-25T20:09:32", "2025-05-25", "2025-05-25 20:09"])
def test_a_time_without_zone_needs_one(text: str) -> None:
    with pytest.raises(TimeRefused, match="state the agency's `timezone`") as caught:
        read_time(text)
    assert caught.value.reason is RejectReason.TIME_WITHOUT_ZONE


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2025-13-01T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2025-05-25T24:00:01Z",
        "2025-05-25T23:59:60Z",
        "05/25/2025 20:09",
        "1969-12-31T23:59:59.999999Z",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "T",
        1748203772,
        True,
        ["2025-05-25T20:09:32Z"],
    ],
)
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(TimeRefused) as caught:
        read_time(text, CHICAGO)
    assert caught.value.reason is RejectReason.BAD_TIME


def test_a_stated_format_is_read_and_nothing_else() -> None:
    american = "%m/%d/%Y %I:%M:%S %p"
    assert read_time("01/09/2018 09:26:00 PM", CHICAGO, american).at == utc("2018-01-10T03:26:00")
    with pytest.raises(TimeRefused, match="format"):
        read_time("2018-01-09T21:26:00Z", CHICAGO, american)
