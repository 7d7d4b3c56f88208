"""How times and lengths are said in findings: whole seconds for people, UTC with its Z. No verdicts, no names."""

from __future__ import annotations

from bwc_audit.domain.times import DAY_US, MINUTE_US, SECOND_US, at_of, iso_utc

_DAY_S = DAY_US // SECOND_US


def said_length(length_us: int) -> str:
    """``94 s``, ``6 min 40 s``, ``2 h 05 min``, ``268 days 3 h 05 min``; rounded to the second, hours cut to the minute."""
    seconds = round(length_us / SECOND_US)
    if seconds < 120:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 120:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours >= 100:
        return f"{hours // 24} days {hours % 24} h {minutes:02d} min"
    return f"{hours} h {minutes:02d} min"


def said_time(time_us: int) -> str:
    """``20:09:32Z``, rounded to the second."""
    minutes, second = divmod((time_us + SECOND_US // 2) // SECOND_US % _DAY_S, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}Z"


def said_moment(time_us: int) -> str:
    """``2025-05-24T20:09:32Z``, rounded to the second."""
    return iso_utc((time_us + SECOND_US // 2) // SECOND_US * SECOND_US)


def said_day_time(time_us: int) -> str:
    """``2025-05-24 20:09Z``, cut to the minute."""
    return at_of(time_us // MINUTE_US * MINUTE_US).strftime("%Y-%m-%d %H:%MZ")
