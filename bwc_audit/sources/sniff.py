"""What the values of an unknown column look like: times and their format, lengths, identifiers, or nothing.

A guess from a sample of texts, for a person to confirm; nothing is decided with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bwc_audit.sources.lengths import LengthRefused, length_from

#: Formats tried in this order; where day and month cannot be told apart the first that fits all values is taken.
_TIME_FORMATS = (
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%d%H%M%S",
)
_DATE_FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d")
_CLOCK_FORMATS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H%M%S")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
_WHOLE_MINUTE = re.compile(r"\d{2}:\d{2}(:00(\.0+)?)?")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.#/-]{0,79}")


#: Share of the values that must look alike: small samples hold a slip or two as well.
_AGREE = 0.8


class Look(StrEnum):
    """What a column looks like."""

    EMPTY = "empty"
    TIME = "time"
    DATE = "date"
    CLOCK = "time of day"
    NUMBER = "number"
    IDENTIFIER = "identifier"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A column's look; ``time_format`` is None for ISO 8601, ``is_day_open`` where 05/06 could be either. ``is_length``: it
    could hold lengths as ``H:MM:SS`` (which look like times of day while they are short); ``is_length_open``: 05:06 could be
    minutes and seconds as well as hours and minutes."""

    look: Look
    time_format: str | None = None
    has_offset: bool = False
    is_minute_rounded: bool = False
    is_day_open: bool = False
    is_length: bool = False
    is_length_open: bool = False


def sniff(values: Sequence[object]) -> Sniffed:
    """The look of a column by a sample of its values, four fifths of which must agree."""
    texts = [str(value).strip() for value in values if value is not None and str(value).strip()]
    if not texts:
        return Sniffed(Look.EMPTY)
    return replace(
        _look_of(texts), is_length=_most(texts, _is_length), is_length_open=any(text.count(":") == 1 for text in texts)
    )


def _look_of(texts: Sequence[str]) -> Sniffed:
    if _most(texts, lambda text: _ISO.fullmatch(text) is not None):
        clocks = [text[11:] for text in texts if _ISO.fullmatch(text)]
        has_offset = all(_OFFSET.search(clock) for clock in clocks)
        is_rounded = all(_WHOLE_MINUTE.fullmatch(_OFFSET.sub("", clock)) for clock in clocks) and len(clocks) > 2
        return Sniffed(Look.TIME, None, has_offset, is_rounded)
    for look, formats in ((Look.TIME, _TIME_FORMATS), (Look.DATE, _DATE_FORMATS), (Look.CLOCK, _CLOCK_FORMATS)):
        fitting = [each for each in formats if _most(texts, lambda text, each=each: _is_time(text, each))]  # type: ignore[misc]
        if fitting and not (look is not Look.TIME and fitting[0] in ("%Y%m%d", "%H%M%S")):
            is_open = len({each[:5] for each in fitting}) > 1
            return Sniffed(look, fitting[0], is_minute_rounded="%S" not in fitting[0], is_day_open=is_open)
    if _most(texts, lambda text: _NUMBER.fullmatch(text) is not None):
        return Sniffed(Look.NUMBER)
    is_short = _most(texts, lambda text: _IDENTIFIER.fullmatch(text) is not None and any(each.isdigit() for each in text))
    return Sniffed(Look.IDENTIFIER if is_short else Look.TEXT)


def _most(texts: Sequence[str], is_good: Callable[[str], bool]) -> bool:
    return sum(bool(is_good(text)) for text in texts) >= _AGREE * len(texts)


def _is_length(text: str) -> bool:
    try:
        length_from(text, "clock")
    except LengthRefused:
        return False
    return True


def _is_time(text: str, time_format: str) -> bool:
    if time_format == "%Y%m%d%H%M%S" and len(text) != 14:  # ten digits are a count of seconds, not a short date
        return False
    try:
        datetime.strptime(text, time_format)  # noqa: DTZ007
    except ValueError:
        return False
    return True
