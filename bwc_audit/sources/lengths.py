"""Lengths of time as dispatch systems write them: a number of a stated unit, or hours, minutes and seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

LengthUnit = Literal["s", "min", "h", "clock"]

_SECONDS_IN: dict[str, float] = {"s": 1, "min": 60, "h": 3600}
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):([0-5]\d(?:\.\d{1,6})?)", re.ASCII)


class LengthRefused(Exception):  # noqa: N818 - no fault of the program: the row is kept as rejected
    """The text is no length."""


def length_from(text: object, unit: LengthUnit) -> timedelta:
    """The length, to the microsecond. ``clock`` is ``H:MM:SS`` or ``MM:SS``. Raises ``LengthRefused``."""
    written = str(text).strip()
    if unit == "clock":
        match = _CLOCK.fullmatch(written)
        if match is None:
            raise LengthRefused("a length is written as H:MM:SS")
        return timedelta(hours=int(match[1] or 0), minutes=int(match[2]), seconds=float(match[3]))
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", written, re.ASCII) is None:
        raise LengthRefused("a length is a number that is not negative")
    return timedelta(seconds=float(written) * _SECONDS_IN[unit])
