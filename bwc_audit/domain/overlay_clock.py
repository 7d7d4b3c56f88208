"""What the readings of a burned-in clock say together: offset, jumps, drift, or nothing.

A single reading proves nothing. Readings count when at least three of them run with the media time; where the day and
the month cannot be told apart and nothing else tells them, there is no clock. An hour that a zone shows twice, in the
night in which clocks go back, is read as the one nearer to what the metadata expect. A clock that names no zone, and whose
zone is not known, may step by one hour with its zone: that is no jump. Whether the difference lies with the overlay or
with the metadata is not known here, nor why the clock was set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Span, at_of, us_of

#: A clock shows whole seconds: two readings of one clock lie up to a second apart, and half a second of frame times.
AGREEING_US = 1_500_000
_LEAST = 3  # readings that must agree
_MOST = 600  # readings looked at; more are thinned out evenly
_STEEPEST_PPM = 1000.0  # a quartz clock drifts 20-100 ppm; more than this over a clip is a misreading
_STUCK_US = 10 * SECOND_US  # of media time over which one and the same reading means a stopped clock
_HALF_HOUR_US = 30 * MINUTE_US
_ZONE_SLACK_US = 2 * MINUTE_US  # a wrong zone and an ordinary offset come together
#: No zone is further from UTC than this.
WIDEST_ZONE_US = 14 * HOUR_US
_SAME_DAY_US = DAY_US + WIDEST_ZONE_US  # a clock in an unknown zone may be this far off and yet be right


@dataclass(frozen=True, slots=True)
class OverlayReading:
    """One frame's clock. ``at_us``: media time. ``wall_us``: what it shows as microseconds since 1970-01-01 00:00 of its
    own zone (UTC where ``has_zone``: its zone is taken out); None: the clock says that it was not set.
    ``other_wall_us``: the same digits with day and month exchanged, where both are dates. ``score``: 0-1."""

    at_us: int
    text: str
    wall_us: int | None
    has_zone: bool
    score: float
    other_wall_us: int | None = None


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock steps by ``step_us`` against the media time somewhere inside ``between`` (media time)."""

    between: Span
    step_us: int


@dataclass(frozen=True, slots=True)
class OverlayClock:
    """``offset_us``: overlay minus expected start and media time (the first stretch where there are jumps); None: not
    known. ``origin_us``: UTC shown at media time 0, or the local time where no zone is known (``is_local``).
    ``agreed`` of ``of`` readings run together. ``drift_ppm``: positive: the overlay runs fast; None: too few or too short
    to tell. ``over``: media time from the first to the last of the readings that ``drift_ppm``, or that it stands still,
    is told from; nothing of it is known outside. ``zone_doubt_us``: the whole half-hours that the offset is made of, where
    it looks like a wrong zone."""

    agreed: int
    of: int
    offset_us: int | None = None
    origin_us: int | None = None
    is_local: bool = False
    drift_ppm: float | None = None
    drift_error_ppm: float | None = None
    over: Span | None = None
    jumps: tuple[Jump, ...] = ()
    is_stuck: bool = False
    is_not_set: bool = False
    zone_doubt_us: int | None = None


@dataclass(frozen=True, slots=True)
class _Point:
    """A reading as overlay time minus media time."""

    at_us: int
    lead_us: int


def read_clock(
    readings: Sequence[OverlayReading], zone: ZoneInfo | None, media_started_us: int | None
) -> OverlayClock | None:
    """The clock that ``readings`` (any order, distinct media times) show together; None: they prove none.

    ``zone``: the overlay's, for readings that name none; without it such a clock has an origin but no offset.
    ``media_started_us``: UTC of media time 0 as the metadata have it.
    """
    tried = _thinned(sorted(readings, key=lambda reading: reading.at_us))
    unset = [reading for reading in tried if reading.wall_us is None]
    if len(unset) >= _LEAST and len(unset) * 2 > len(tried):
        return OverlayClock(agreed=len(unset), of=len(tried), is_not_set=True)
    shown = [reading for reading in tried if reading.wall_us is not None]
    has_zone = sum(reading.has_zone for reading in shown) * 2 > len(shown)
    shown = [reading for reading in shown if reading.has_zone == has_zone]
    is_local = not has_zone and zone is None
    clocks = []
    for walls in _ways(shown):
        at_us = [reading.at_us for reading in shown]
        points = _points(at_us, walls, None if has_zone else zone, media_started_us)
        clock = _stuck(at_us, walls, len(tried)) or _running(points, len(tried), is_local, media_started_us)
        if clock is not None:
            clocks.append(clock)
    return _only(clocks, media_started_us)


def _thinned(readings: list[OverlayReading]) -> list[OverlayReading]:
    step = -(-len(readings) // _MOST) or 1
    return readings[::step]


def _ways(shown: Sequence[OverlayReading]) -> list[list[int]]:
    """The ways to read all dates of the clip, one order of day and month for all."""
    first = [reading.wall_us or 0 for reading in shown]
    other = [first[n] if r.other_wall_us is None else r.other_wall_us for n, r in enumerate(shown)]
    return [first] if first == other else [first, other]


def _only(clocks: list[OverlayClock], media_started_us: int | None) -> OverlayClock | None:
    """The one clock, or of two ways to read the date the one near the metadata's (they lie a month or more apart)."""
    if len(clocks) <= 1 or clocks[0].is_stuck:
        return clocks[0] if clocks else None
    if media_started_us is None:
        return None
    near = [c for c in clocks if c.origin_us is not None and abs(c.origin_us - media_started_us) < _SAME_DAY_US]
    return near[0] if len(near) == 1 else None


def _points(at_us: list[int], walls: list[int], zone: ZoneInfo | None, media_started_us: int | None) -> list[_Point]:
    expected = [None if media_started_us is None else media_started_us + at for at in at_us]
    utc = [_utc(wall_us, zone, one) for wall_us, one in zip(walls, expected, strict=True)]
    return [_Point(at, shown_us - at) for at, shown_us in zip(at_us, utc, strict=True)]


def _utc(wall_us: int, zone: ZoneInfo | None, expected_us: int | None) -> int:
    """UTC of a time on the wall; of an hour that the zone shows twice, the one nearest to ``expected_us``."""
    if zone is None:
        return wall_us
    try:
        ways = [us_of(at_of(wall_us).replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    except OverflowError:
        return wall_us
    return ways[0] if expected_us is None else min(ways, key=lambda way: abs(way - expected_us))


def _stuck(at_us: list[int], walls: list[int], of: int) -> OverlayClock | None:
    """All readings the same, as they stand on the wall, while the media time went on."""
    if len(walls) < _LEAST or at_us[-1] - at_us[0] < _STUCK_US:
        return None
    value = max(set(walls), key=walls.count)
    stuck = [at for at, wall_us in zip(at_us, walls, strict=True) if wall_us == value]
    if len(stuck) < _LEAST or len(stuck) * 3 < len(walls) * 2 or stuck[-1] - stuck[0] < _STUCK_US:
        return None
    return OverlayClock(agreed=len(stuck), of=of, over=Span(stuck[0], stuck[-1]), is_stuck=True)


def _running(points: list[_Point], of: int, is_local: bool, media_started_us: int | None) -> OverlayClock | None:
    stretches = _stretches(points)
    kept = [point for stretch in stretches for point in stretch]
    if len(kept) * 2 <= len(points):
        return None  # as many readings speak against it as for it
    first = stretches[0]
    drift = _drift(first)
    steady_us = _steady_lead(first, drift[0] if drift else 0.0)
    offset_us = None if media_started_us is None or is_local else steady_us - media_started_us
    jumps = (_jump(one, other) for one, other in pairwise(stretches))
    return OverlayClock(
        agreed=len(kept),
        of=of,
        offset_us=offset_us,
        origin_us=steady_us,
        is_local=is_local,
        drift_ppm=drift[0] if drift else None,
        drift_error_ppm=drift[1] if drift else None,
        over=Span(first[0].at_us, first[-1].at_us) if drift else None,
        jumps=tuple(jump for jump in jumps if not (is_local and _is_zone_change(jump))),
        zone_doubt_us=None if offset_us is None else _zone_doubt(offset_us),
    )


def _stretches(points: list[_Point]) -> list[list[_Point]]:
    """Runs of at least three readings that agree with the one before them; readings alone are misreadings."""
    runs: list[list[_Point]] = []
    for point in points:
        for run in runs[-4:][::-1]:
            if abs(point.lead_us - run[-1].lead_us) <= _allowed(point.at_us - run[-1].at_us):
                run.append(point)
                break
        else:
            runs.append([point])
    strong = sorted((run for run in runs if len(run) >= _LEAST), key=lambda run: (-len(run), run[0].at_us))
    kept: list[list[_Point]] = []
    for run in strong:
        if all(run[-1].at_us < other[0].at_us or other[-1].at_us < run[0].at_us for other in kept):
            kept.append(run)
    return sorted(kept, key=lambda run: run[0].at_us) or [[]]


def _allowed(apart_us: int) -> int:
    return AGREEING_US + int(apart_us * _STEEPEST_PPM / 1e6)


def _drift(points: list[_Point]) -> tuple[float, float] | None:
    """Slope in ppm and how far it may be off: whole seconds hide up to one, at either end."""
    if len(points) < 4:
        return None
    span_us = points[-1].at_us - points[0].at_us
    if span_us < MINUTE_US:
        return None
    at = np.array([point.at_us for point in points], np.float64)
    lead = np.array([point.lead_us - points[0].lead_us for point in points], np.float64)
    first, second = np.triu_indices(len(points), 1)
    apart = at[second] - at[first]
    far = apart >= span_us / 3
    slope = float(np.median((lead[second] - lead[first])[far] / apart[far])) * 1e6
    return slope, SECOND_US / span_us * 1e6 * 2 / len(points) ** 0.5


def _steady_lead(points: list[_Point], drift_ppm: float) -> int:
    """Overlay minus media time at media time 0: a shown second began on average half a second ago."""
    leads = [point.lead_us - int(point.at_us * drift_ppm / 1e6) for point in points]
    return int(np.median(leads)) + SECOND_US // 2


def _jump(one: list[_Point], other: list[_Point]) -> Jump:
    step_us = int(np.median([p.lead_us for p in other])) - int(np.median([p.lead_us for p in one]))
    return Jump(Span(one[-1].at_us, other[0].at_us), step_us)


def _is_zone_change(jump: Jump) -> bool:
    """Whether summer time beginning or ending would make this step."""
    return abs(abs(jump.step_us) - HOUR_US) <= AGREEING_US


def _zone_doubt(offset_us: int) -> int | None:
    halves_us = round(offset_us / _HALF_HOUR_US) * _HALF_HOUR_US
    if halves_us == 0 or abs(halves_us) > WIDEST_ZONE_US or abs(offset_us - halves_us) > _ZONE_SLACK_US:
        return None
    return halves_us


def wall_us_of(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    """Microseconds since 1970-01-01 00:00 of a time as a clock shows it; None: there is no such time."""
    try:
        return us_of(datetime(year, month, day, hour, minute, second, tzinfo=UTC))  # UTC stands for the clock's own zone
    except ValueError:
        return None
