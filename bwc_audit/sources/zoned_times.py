"""From the text of a time to UTC microseconds: what zone it is in, and what daylight saving makes of it.

A time with ``Z`` or an offset stands by itself. One without needs an agency zone; where local clocks were set back it
may have occurred twice: it is read as the earlier and marked ambiguous. Where they were set forward it never occurred
and is refused. Whether the clock that told it was right is decided elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bwc_audit.domain.records import RejectReason

#: Times outside are no times of body-worn video, and would not fit every column they are stored in.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class ReadTime(NamedTuple):
    """A time as read, in UTC."""

    at: datetime
    is_ambiguous: bool


class TimeRefused(Exception):  # noqa: N818 - no fault of the program: the row is kept as rejected
    """The text is no usable time; caught where rows are read and kept as a rejected row."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_time(text: object, zone: ZoneInfo | None = None, time_format: str | None = None) -> ReadTime:
    """The time that ``text`` tells, in UTC. ISO 8601, or ``time_format`` (strptime) where the mapping states one.

    An offset in the text wins over ``zone``. Raises ``TimeRefused`` with its reason.
    """
    if not isinstance(text, str):
        raise TimeRefused(RejectReason.BAD_TIME, "a time is written as ISO 8601 text")
    at = as_written(text, time_format)
    if at.tzinfo is not None:
        return ReadTime(_in_bounds(at), False)
    if zone is None:
        raise TimeRefused(RejectReason.TIME_WITHOUT_ZONE, "no Z and no offset; state the agency's `timezone` in the mapping")
    return in_zone(at, zone)


def as_written(text: str, time_format: str | None) -> datetime:
    """The time as it is written, naive where it states no offset. Raises ``TimeRefused``."""
    try:
        return datetime.strptime(text, time_format) if time_format else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError as fault:
        expected = f"the format {time_format}" if time_format else "ISO 8601"
        raise TimeRefused(RejectReason.BAD_TIME, f"not a time in {expected}") from fault


def in_zone(at: datetime, zone: ZoneInfo) -> ReadTime:
    """A naive local time in UTC; the earlier where it occurred twice. Raises ``TimeRefused`` where it never occurred."""
    earlier = at.replace(tzinfo=zone, fold=0)
    later = at.replace(tzinfo=zone, fold=1)
    before, after = earlier.utcoffset(), later.utcoffset()
    if before is None or after is None or before == after:
        return ReadTime(_in_bounds(earlier), False)
    if before < after:
        raise TimeRefused(
            RejectReason.BAD_TIME, f"this local time never occurred in {zone.key}: clocks were set forward over it"
        )
    return ReadTime(_in_bounds(earlier), True)


def _in_bounds(at: datetime) -> datetime:
    try:
        utc = at.astimezone(UTC)
    except OverflowError as fault:
        raise TimeRefused(RejectReason.BAD_TIME, "outside 1970 to 2200") from fault
    if not EARLIEST <= utc < LATEST:
        raise TimeRefused(RejectReason.BAD_TIME, "outside 1970 to 2200")
    return utc


def length_between(start: ReadTime, end: ReadTime) -> timedelta:
    """The length from ``start`` to ``end``; negative where they are the wrong way round."""
    return end.at - start.at
