"""Shifts and calendar months of the agency: which of them a moment belongs to, on the agency's own clock.

Both are rows of changeover instants, so that the nights on which clocks change need no rule of their own: the shift on that
night is an hour longer or shorter, and one that has begun does not end because the clock is put back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.times import DAY_US, at_of, us_of

_START = re.compile(r"(?:(?P<name>.*\S)\s+)?(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)")


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift: minutes after midnight on the agency's clock at which it begins, and what it is called."""

    start_minute: int
    label: str


def shifts_of(text: str) -> tuple[Shift, ...]:
    """Shifts from ``Early 07:00, Late 15:00, Night 23:00`` (names may be left out), ascending; each is labelled with its
    hours. Raises ``ValueError`` where a part is no time of day, or two shifts begin at one."""
    found = [(_START.fullmatch(part.strip()), part.strip()) for part in text.split(",")]
    starts: dict[int, str] = {}
    for match, part in found:
        if match is None:
            raise ValueError(
                f"{part!r} is no start of a shift: write a time of day, as 07:00, with a name before it or none"
            )
        minute = 60 * int(match["hour"]) + int(match["minute"])
        if minute in starts:
            raise ValueError(f"two shifts begin at {match['hour']}:{match['minute']}")
        starts[minute] = match["name"] or ""
    ordered = sorted(starts)
    ends = [*ordered[1:], ordered[0]]
    return tuple(
        Shift(start, f"{starts[start]} {_clock(start)}–{_clock(end)}".strip())
        for start, end in zip(ordered, ends, strict=True)
    )


def shift_codes(times_us: NDArray[np.int64], shifts: Sequence[Shift], zone: tzinfo) -> NDArray[np.int64]:
    """For each moment, the place of its shift in ``shifts``."""
    if not len(times_us):
        return np.zeros(0, np.int64)
    days = _days(int(times_us.min()) - DAY_US, int(times_us.max()) + DAY_US, zone)
    changes = [(_first_instant(day, shift.start_minute, zone), place) for day in days for place, shift in enumerate(shifts)]
    instants = np.array([instant for instant, _ in changes], np.int64)
    places = np.array([place for _, place in changes], np.int64)
    order = np.argsort(instants, kind="stable")
    return places[order][np.searchsorted(instants[order], times_us, side="right") - 1]


def month_codes(times_us: NDArray[np.int64], zone: tzinfo) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """For each moment, the place of its month in the months returned, ``2025-05`` and so on, ascending."""
    if not len(times_us):
        return np.zeros(0, np.int64), ()
    first, last = (at_of(int(edge)).astimezone(zone).date().replace(day=1) for edge in (times_us.min(), times_us.max()))
    months = [first]
    while months[-1] < last:
        months.append((months[-1] + timedelta(days=32)).replace(day=1))
    instants = np.array([_first_instant(month, 0, zone) for month in months], np.int64)
    return np.searchsorted(instants, times_us, side="right") - 1, tuple(f"{month:%Y-%m}" for month in months)


def _days(from_us: int, to_us: int, zone: tzinfo) -> list[date]:
    first, last = at_of(from_us).astimezone(zone).date(), at_of(to_us).astimezone(zone).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _first_instant(day: date, minute: int, zone: tzinfo) -> int:
    """The first instant of a day at which the clock on the wall shows ``minute`` or more, microseconds UTC."""
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    first, second = us_of(wall.astimezone(UTC)), us_of(wall.replace(fold=1).astimezone(UTC))
    if second >= first:
        return first
    # The clock is put forward over this time of day (PEP 495: fold 1 then lies before fold 0): the change itself counts.
    before = wall.utcoffset()
    while first - second > 1:
        middle = (first + second) // 2
        if at_of(middle).astimezone(zone).utcoffset() == before:
            second = middle
        else:
            first = middle
    return first


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
