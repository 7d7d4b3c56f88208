"""Many times at once: each different day and each different time of day is read once, by the rule for one time.

A text is cut where its day ends; ``read_time``'s own parsing reads both halves, and local time is settled for each hour
that occurs, by the rule for one time at both ends of the hour. Whatever does not come apart so, and every hour in which
clocks change, is left to the rule itself, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from bwc_audit.domain.times import HOUR_US, at_of, us_of
from bwc_audit.sources.zoned_times import EARLIEST, LATEST, TimeRefused, as_written, in_zone

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY_DIRECTIVES = re.compile(r"(?:%[dmYybBaAj]|[^%\s])+")
_CLOCK_DIRECTIVES = re.compile(r"(?:%[HIMSfpz]|[^%])+")
_NO_OFFSET = 1 << 62
_UNREAD = -(1 << 62)
_BOUNDS_US = (us_of(EARLIEST), us_of(LATEST))


class ReadTimes(NamedTuple):
    """Microseconds UTC (None: no value), none of which occurred twice, and the places left to the rule for one time."""

    times_us: list[int | None]
    left: list[int]


@dataclass(slots=True)
class TimesReader:
    """Reads the times of one table: its zone and format. Keeps what it has read for the next block."""

    zone: ZoneInfo | None
    time_format: str | None
    _days: dict[str, int] = field(default_factory=dict)
    _clocks: dict[str, int] = field(default_factory=dict)
    _offsets: dict[str, int] = field(default_factory=dict)
    _hours: dict[int, int] = field(default_factory=dict)

    def read(self, values: Sequence[Any]) -> ReadTimes:
        """The times of a column; each is a text or None, anything else is left."""
        places = [place for place, value in enumerate(values) if type(value) is str]
        left = [] if len(places) == len(values) else _not_text(values)
        texts = values if len(places) == len(values) else [values[place] for place in places]
        halves = self._halves(texts) if texts else None
        if halves is None:
            return ReadTimes([None] * len(values), sorted((*places, *left)))
        times_us = self._times_us(*halves)
        is_read = times_us > _UNREAD
        if len(places) == len(values) and is_read.all():
            return ReadTimes(times_us.tolist(), [])
        read: list[int | None] = [None] * len(values)
        for place, time_us, is_good in zip(places, times_us.tolist(), is_read.tolist(), strict=True):
            if is_good:
                read[place] = time_us
            else:
                left.append(place)
        return ReadTimes(read, sorted(left))

    def _halves(self, texts: Sequence[str]) -> tuple[Sequence[str], Sequence[str]] | None:
        if self.time_format is None:
            return [text[:10] for text in texts], [text[10:] for text in texts]
        if _cut_format(self.time_format) is None:
            return None
        cut = [text.partition(" ") for text in texts]
        return [day for day, _, _ in cut], [clock for _, _, clock in cut]

    def _times_us(self, days: Sequence[str], clocks: Sequence[str]) -> npt.NDArray[np.int64]:
        """UTC microseconds, or ``_UNREAD``."""
        for day in set(days) - self._days.keys():
            self._days[day] = self._day_us(day)
        for clock in set(clocks) - self._clocks.keys():
            self._clocks[clock], self._offsets[clock] = self._clock_us(clock)
        day_us = np.fromiter(map(self._days.__getitem__, days), np.int64, len(days))
        clock_us = np.fromiter(map(self._clocks.__getitem__, clocks), np.int64, len(clocks))
        offset_us = np.fromiter(map(self._offsets.__getitem__, clocks), np.int64, len(clocks))
        is_read = (day_us > _UNREAD) & (clock_us > _UNREAD)
        local_us = np.where(is_read, day_us + np.where(is_read, clock_us, 0), 0)
        is_local = offset_us == _NO_OFFSET
        if is_local.any():
            offset_us = np.where(is_local, self._zone_offsets_us(local_us), offset_us)
        is_read &= offset_us > _UNREAD
        times_us = local_us - np.where(is_read, offset_us, 0)
        is_read &= (times_us >= _BOUNDS_US[0]) & (times_us < _BOUNDS_US[1])
        return np.where(is_read, times_us, _UNREAD)

    def _day_us(self, day: str) -> int:
        if self.time_format is None:
            return _parsed_us(day, None)[0] if _ISO_DAY.fullmatch(day) else _UNREAD
        return _parsed_us(day, self.time_format.partition(" ")[0])[0]

    def _clock_us(self, clock: str) -> tuple[int, int]:
        """Microseconds since midnight, and the stated offset or ``_NO_OFFSET``."""
        if self.time_format is None:
            since_us, offset_us = _parsed_us(f"1970-01-01{clock}", None)
        else:
            since_us, offset_us = _parsed_us(f"1970 {clock}", f"%Y {self.time_format.partition(' ')[2]}")
        return since_us, offset_us

    def _zone_offsets_us(self, local_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Offsets of local times, ``_UNREAD`` where the zone is not known or clocks change in that hour."""
        hours, place = np.unique(local_us // HOUR_US, return_inverse=True)
        for hour in hours.tolist():
            if hour not in self._hours:
                self._hours[hour] = self._hour_offset_us(hour)
        return np.array([self._hours[hour] for hour in hours.tolist()], np.int64)[place]

    def _hour_offset_us(self, hour: int) -> int:
        offsets = set()
        for local_us in (hour * HOUR_US, (hour + 1) * HOUR_US - 1):
            if self.zone is None or not _BOUNDS_US[0] <= local_us < _BOUNDS_US[1]:
                return _UNREAD
            try:
                read = in_zone(at_of(local_us).replace(tzinfo=None), self.zone)
            except TimeRefused:
                return _UNREAD
            offsets.add(_UNREAD if read.is_ambiguous else local_us - us_of(read.at))
        return offsets.pop() if len(offsets) == 1 else _UNREAD


def _parsed_us(text: str, time_format: str | None) -> tuple[int, int]:
    """Local microseconds since the epoch and the stated offset; ``_UNREAD`` for what is no time."""
    try:
        at = as_written(text, time_format)
    except TimeRefused:
        return _UNREAD, _NO_OFFSET
    offset = at.utcoffset()
    local_us = us_of(at.replace(tzinfo=UTC))
    return local_us, _NO_OFFSET if offset is None else us_of(datetime(1970, 1, 1, tzinfo=UTC) + offset)


def _cut_format(time_format: str) -> tuple[str, str] | None:
    """The two halves of a format whose first blank parts the day from the time of day, else None."""
    day, blank, clock = time_format.partition(" ")
    if not blank or not _DAY_DIRECTIVES.fullmatch(day) or not _CLOCK_DIRECTIVES.fullmatch(clock):
        return None
    return day, clock


def _not_text(values: Sequence[Any]) -> list[int]:
    return [place for place, value in enumerate(values) if value is not None and type(value) is not str]
