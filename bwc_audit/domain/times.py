"""The time axis: UTC, integer microseconds since 1970-01-01T00:00:00Z, half-open spans ``[start, end)``.

There is no float on this axis and no naive ``datetime``. Seconds as floats appear only at the edges, for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def us_of(at: datetime) -> int:
    """Microseconds since the epoch of an aware ``datetime``; exact. Raises ``ValueError`` for a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"time without zone: {at.isoformat()}")
    return (at - _EPOCH) // _MICROSECOND


def at_of(time_us: int) -> datetime:
    """The aware UTC ``datetime`` of a count of microseconds; exact."""
    return _EPOCH + timedelta(microseconds=int(time_us))


def us_of_seconds(seconds: float) -> int:
    """Microseconds of a duration given in seconds, rounded to the nearest."""
    return round(seconds * SECOND_US)


def iso_utc(time_us: int) -> str:
    """ISO 8601 with ``Z``; fractional seconds only where they are not zero."""
    return at_of(time_us).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open interval ``[start_us, end_us)`` of UTC time. Empty and negative spans cannot be built."""

    start_us: int
    end_us: int

    def __post_init__(self) -> None:
        if self.end_us <= self.start_us:
            raise ValueError(f"span ends at or before its start: [{self.start_us}, {self.end_us})")

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us

    @property
    def length_s(self) -> float:
        return self.length_us / SECOND_US
