"""Many times at once: each different day and each different time of day is read once, by the rule for one time.

A text is cut where its day ends; ``read_time``'s own parsing reads both halves, and local time is settled for each hour
that occurs, by the rule for one time at both ends of the hour. Whatever does not come apart so, and every hour in which
clocks change, is left to the rule itself, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import compress
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from bwc_audit.domain.times import HOUR_US, at_of, us_of
from bwc_audit.sources.zoned_times import EARLIEST, LATEST, TimeRefused, as_written, in_zone

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY_DIRECTIVES = re.compile(r"(?:%[dmYybBaAj]|[^%\s])+")
_CLOCK_DIRECTIVES = re.compile(r"(?:%[HIMSfpz]|[^%])+")

#: Places of the digits and of the marks between them in ``2025-05-25T20:09:32``.
_DIGITS = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_MARKS = np.array([4, 7, 10, 13, 16])
_MARK_LETTERS = np.frombuffer(b"--T::", np.uint8)
_TENS = 10 ** np.arange(9, -1, -1, dtype=np.int64)

#: Fewer texts are not worth taking together.
_FEW = 200

#: Clock times kept for the next block; with milliseconds nearly every one is another.
_REMEMBERED = 500_000
_NO_OFFSET = 1 << 62
_UNREAD = -(1 << 62)
_NOT_ASKED = -(1 << 63)
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
    _clocks: dict[str, tuple[int, int]] = field(default_factory=dict)
    _hours: dict[int, int] = field(default_factory=dict)
    _minutes: npt.NDArray[np.int64] = field(default_factory=lambda: np.full(10_000, _NOT_ASKED, np.int64))
    _seconds: npt.NDArray[np.int64] = field(default_factory=lambda: np.full(100, _NOT_ASKED, np.int64))

    def read(self, values: Sequence[Any]) -> ReadTimes:
        """The times of a column; each is a text or None, anything else is left."""
        places = [place for place, value in enumerate(values) if type(value) is str]
        left = [] if len(places) == len(values) else _not_text(values)
        texts = values if len(places) == len(values) else [values[place] for place in places]
        times_us = self._read_texts(texts) if texts else None
        if times_us is None:
            return ReadTimes([None] * len(values), sorted((*places, *left)))
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

    def _read_texts(self, texts: Sequence[str]) -> npt.NDArray[np.int64] | None:
        """UTC microseconds, or ``_UNREAD``; None where no text of this format can be cut."""
        if self.time_format is not None:
            return None if _cut_format(self.time_format) is None else self._of_halves(texts)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        usual = int(np.bincount(lengths).argmax())
        is_usual = lengths == usual
        if len(texts) < _FEW or not 19 <= usual <= 27:
            return self._of_halves(texts)
        if is_usual.all():
            return self._all_alike(texts)
        times_us = np.full(len(texts), _UNREAD, np.int64)
        times_us[is_usual] = self._all_alike(list(compress(texts, is_usual.tolist())))
        times_us[~is_usual] = self._of_halves(list(compress(texts, (~is_usual).tolist())))
        return times_us

    def _all_alike(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """ISO texts of one length, with seconds and a short rest: their digits are taken together, and only different
        days, minutes of a day, seconds and rests are read."""
        content = "".join(texts).encode("ascii", "replace")
        letters = np.frombuffer(content, np.uint8).reshape(len(texts), -1)
        digits = letters[:, _DIGITS].astype(np.int64) - ord("0")
        is_shaped = (letters[:, _MARKS] == _MARK_LETTERS).all(axis=1) & ((digits >= 0) & (digits <= 9)).all(axis=1)
        days = np.where(is_shaped, digits[:, :8] @ _TENS[2:], 0)
        minutes = np.where(is_shaped, digits[:, 8:12] @ _TENS[6:], 0)
        seconds = np.where(is_shaped, digits[:, 12:] @ _TENS[8:], 0)
        rests = np.zeros((len(texts), 8), np.uint8)
        rests[:, : letters.shape[1] - 19] = letters[:, 19:]
        keys, rest_at = np.unique(rests.view(np.uint64).ravel(), return_inverse=True)
        rest_texts = [key.tobytes().rstrip(b"\0").decode() for key in keys]
        read = np.array([self._clock_us(f"T00:00:00{rest}") for rest in rest_texts], np.int64)[rest_at]
        named, day_at = np.unique(days, return_inverse=True)
        day_us = np.array([self._day_of_number(day) for day in named.tolist()], np.int64)[day_at]
        minute_us = _looked_up(self._minutes, minutes, lambda n: self._clock_us(f"T{n // 100:02}:{n % 100:02}")[0])
        second_us = _looked_up(self._seconds, seconds, lambda n: self._clock_us(f"T00:00:{n:02}")[0])
        begun_us = np.where(second_us > _UNREAD, minute_us + np.maximum(second_us, 0), _UNREAD)
        begun_us[minute_us == _UNREAD] = _UNREAD
        day_us[~is_shaped] = _UNREAD
        return self._in_utc(day_us, begun_us, read[:, 0], read[:, 1])

    def _of_halves(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Texts of any length, cut behind the day; each different half is read once."""
        if self.time_format is None:
            days, clocks = [text[:10] for text in texts], [text[10:] for text in texts]
        else:
            cut = [text.partition(" ") for text in texts]
            days, clocks = [day for day, _, _ in cut], [clock for _, _, clock in cut]
        if len(self._clocks) > _REMEMBERED:
            self._clocks.clear()
        for day in set(days) - self._days.keys():
            self._days[day] = self._day_us(day)
        for clock in set(clocks) - self._clocks.keys():
            self._clocks[clock] = self._clock_us(clock)
        day_us = np.fromiter(map(self._days.__getitem__, days), np.int64, len(days))
        read = np.array([self._clocks[clock] for clock in clocks], np.int64)
        return self._in_utc(day_us, read[:, 0], np.zeros(len(days), np.int64), read[:, 1])

    def _in_utc(
        self,
        day_us: npt.NDArray[np.int64],
        clock_us: npt.NDArray[np.int64],
        rest_us: npt.NDArray[np.int64],
        offset_us: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int64]:
        is_read = (day_us > _UNREAD) & (clock_us > _UNREAD) & (rest_us > _UNREAD)
        local_us = np.where(is_read, day_us, 0) + np.where(is_read, clock_us, 0) + np.where(is_read, rest_us, 0)
        is_local = offset_us == _NO_OFFSET
        if is_local.any():
            offset_us = np.where(is_local, self._zone_offsets_us(local_us), offset_us)
        is_read &= offset_us > _UNREAD
        times_us = local_us - np.where(is_read, offset_us, 0)
        is_read &= (times_us >= _BOUNDS_US[0]) & (times_us < _BOUNDS_US[1])
        return np.where(is_read, times_us, _UNREAD)

    def _day_of_number(self, day: int) -> int:
        text = f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"
        if text not in self._days:
            self._days[text] = self._day_us(text)
        return self._days[text]

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


def _looked_up(
    table: npt.NDArray[np.int64], keys: npt.NDArray[np.int64], read: Callable[[int], int]
) -> npt.NDArray[np.int64]:
    """The microseconds of keys out of a table, in which those that are new are first read."""
    found = table[keys]
    new = np.unique(keys[found == _NOT_ASKED])
    for key in new.tolist():
        table[key] = read(key)
    return table[keys] if len(new) else found


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
