"""Times and lengths as people read them: agency zone first, UTC beside it.

Decides only how a count of microseconds is written. An instant inside a repeated hour (end of daylight saving) is
told apart by the zone abbreviation, which every full time carries.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Span, at_of
from bwc_audit.errors import ConfigurationError


def zone_of(name: str) -> ZoneInfo:
    """The IANA zone called ``name``; raises ``ConfigurationError`` for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(f"timezone {name!r} is not a known IANA zone; set one such as Europe/London") from error


@lru_cache(maxsize=8192)
def local(at_us: int, zone: ZoneInfo) -> datetime:
    """The aware local time of an instant. Remembered: a page names each of its instants many times."""
    return at_of(at_us).astimezone(zone)


def clock(at_us: int, zone: ZoneInfo) -> str:
    """``21:14:05``; tenths of a second only where they are not zero."""
    at = local(at_us, zone)
    tenths = at.microsecond // 100_000
    return f"{at:%H:%M:%S}" + (f".{tenths}" if tenths else "")


def moment(at_us: int, zone: ZoneInfo) -> str:
    """``21 Nov 2026, 21:14:05 GMT``."""
    at = local(at_us, zone)
    return f"{at.day} {at:%b %Y}, {clock(at_us, zone)} {at:%Z}"


def moment_utc(at_us: int) -> str:
    """``2026-11-21 21:14:05 UTC``."""
    return f"{at_of(at_us):%Y-%m-%d %H:%M:%S} UTC"


def period(span: Span, zone: ZoneInfo) -> str:
    """Start and end of a longer span, to the minute, each with its date."""
    first, last = local(span.start_us, zone), local(span.end_us, zone)
    return f"{first.day} {first:%b %Y, %H:%M %Z} to {last.day} {last:%b %Y, %H:%M %Z}"


def stretch(span: Span, zone: ZoneInfo) -> str:
    """``21:14:05–21:15:39``, with dates where the span crosses midnight."""
    first, last = local(span.start_us, zone), local(span.end_us, zone)
    if first.date() == last.date():
        return f"{clock(span.start_us, zone)}–{clock(span.end_us, zone)}"
    return f"{first.day} {first:%b} {clock(span.start_us, zone)} – {last.day} {last:%b} {clock(span.end_us, zone)}"


def length(length_us: int) -> str:
    """A duration in the largest two units: ``9.5 s``, ``1 min 34 s``, ``2 h 05 min``, ``3 d 4 h``; signed."""
    sign, rest = ("−", -length_us) if length_us < 0 else ("", length_us)
    if rest < 10 * SECOND_US and rest % SECOND_US:
        return f"{sign}{rest / SECOND_US:.1f} s"
    rest = (rest + SECOND_US // 2) // SECOND_US * SECOND_US
    if rest < MINUTE_US:
        return f"{sign}{rest // SECOND_US} s"
    for unit, name, part, part_name in (
        (MINUTE_US, "min", SECOND_US, "s"),
        (HOUR_US, "h", MINUTE_US, "min"),
        (DAY_US, "d", HOUR_US, "h"),
    ):
        if rest < {"min": HOUR_US, "h": DAY_US}.get(name, rest + 1):
            whole, left = rest // unit, rest % unit // part
            return f"{sign}{whole} {name}" + (f" {left} {part_name}" if left else "")
    raise AssertionError("unreachable: days take every length")


def seconds(length_us: int) -> float:
    """Microseconds as seconds, for documents."""
    return length_us / SECOND_US
