"""How far a camera's clock is believed, and by how much it is corrected.

Two layers. The dock measures the camera itself (``clock_check``: device clock minus server clock in seconds, after which
the dock sets the device right), so each value is what the clock lost or gained since the check before. What the metadata
differ by beyond that (a wrong zone, a stamp of another machine, a clock that no dock measured) is estimated for each
camera and day from anchors (``clock_days``), and applied only where they prove it. Which of the two it was is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bwc_audit.domain.clock_clues import HALF_DAY_US
from bwc_audit.domain.clock_days import ClockDay
from bwc_audit.domain.coverage import Bool, Int
from bwc_audit.domain.event_table import EventsAt, EventTable
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.groups import distinct
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind
from bwc_audit.domain.times import DAY_US, SECOND_US, us_of_seconds

#: No clock is ten thousand years off.
_MOST_US = 2**58


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """``offset_us``: device clock minus true time; ``tolerance_us``: how far it may still be off either way. ``day``: what
    anchors say of that camera and day, where they say anything; its offset is part of ``offset_us`` where it is applied."""

    offset_us: int
    tolerance_us: int
    check: DeviceEvent | None
    day: ClockDay | None = None

    @property
    def moved_us(self) -> int:
        """The part of the offset that rests on anchors; the recording may as well lie where it was without it."""
        return self.day.offset_us if self.day and self.day.is_applied else 0


@dataclass(frozen=True, slots=True)
class ClockEstimates:
    """The same for many moments, one element each. ``check`` and ``day``: index into ``ClockChecks.events`` and ``days``;
    -1: none."""

    offset_us: Int
    tolerance_us: Int
    check: Int
    day: Int


@dataclass(frozen=True, slots=True)
class ClockChecks:
    """All dock checks of all devices in one row, by device, then time, with the policy's beliefs and the days on which
    anchors say something. ``day_of``: those by camera and half day. ``moments``: the checks' times, ascending; ``place``:
    device and rank of time in one number.
    """

    device_of: dict[str, int]
    events: tuple[DeviceEvent, ...]
    at_us: Int
    offset_us: Int
    device: Int
    moments: Int
    place: Int
    rules: ClockRules
    days: tuple[ClockDay, ...] = ()
    day_of: dict[tuple[str, int], int] = field(default_factory=dict)

    @staticmethod
    def of(events: Sequence[DeviceEvent], rules: ClockRules) -> ClockChecks:
        """From device logs alone; ``with_days`` adds what anchors say."""
        table = EventTable.of(events)
        found = [
            (event.device_id, event.at_us, offset_us, event)
            for event in EventsAt(table, table.of_kinds({DeviceEventKind.CLOCK_CHECK}))
            if (offset_us := _checked(event)) is not None
        ]
        found.sort(key=lambda row: (row[0], row[1], row[2], row[3].row))
        device_of = {device_id: place for place, device_id in enumerate(dict.fromkeys(row[0] for row in found))}
        device = np.array([device_of[row[0]] for row in found], np.int64)
        at_us = np.array([row[1] for row in found], np.int64)
        moments = distinct(at_us)
        return ClockChecks(
            device_of=device_of,
            events=tuple(row[3] for row in found),
            at_us=at_us,
            offset_us=np.array([row[2] for row in found], np.int64),
            device=device,
            moments=moments,
            place=device * (len(moments) + 1) + np.searchsorted(moments, at_us),
            rules=rules,
        )

    def with_days(self, days: Sequence[ClockDay]) -> ClockChecks:
        """These checks, and what anchors say of some cameras and days."""
        names = ("device_of", "events", "at_us", "offset_us", "device", "moments", "place", "rules")
        day_of: dict[tuple[str, int], int] = {}
        for place, one in enumerate(days):
            first = one.start_us // HALF_DAY_US
            for half in (first, first + 1):
                other = day_of.get((one.device_id, half))
                if other is None or days[other].weight < one.weight:
                    day_of[one.device_id, half] = place
        return ClockChecks(**{name: getattr(self, name) for name in names}, days=tuple(days), day_of=day_of)

    def estimate(self, device_id: str, device_time_us: int) -> ClockEstimate:
        """The clock of one camera at one device time; see ``estimates``."""
        found = self.estimates((device_id,), np.zeros(1, np.int64), np.array([device_time_us], np.int64))
        return self.estimate_at(found, 0)

    def estimate_at(self, found: ClockEstimates, index: int) -> ClockEstimate:
        """One element of many, as a value."""
        check, day = int(found.check[index]), int(found.day[index])
        return ClockEstimate(
            int(found.offset_us[index]),
            int(found.tolerance_us[index]),
            None if check < 0 else self.events[check],
            None if day < 0 else self.days[day],
        )

    def estimates(self, device_ids: Sequence[str], device: Int, time_us: Int) -> ClockEstimates:
        """The clocks of many moments; ``device``: index into ``device_ids``.

        From the first check at or after the time, if that is within ``check_days``. A drift is taken to have grown evenly
        since the check before. Any other deviation may have come at any moment before the check; where it is larger than
        ``trusted_s``, an answer must therefore hold with it and without it. To that comes what the day's anchors prove.
        """
        check, offset_us, tolerance_us = self._checked_at(device_ids, device, time_us)
        day = np.full(len(time_us), -1, np.int64)
        for place, one in self._days_among(device_ids, device, time_us):
            day[place] = one
            said = self.days[one]
            if said.is_applied:
                offset_us[place] += said.offset_us
                tolerance_us[place] += said.uncertainty_us + said.spread_us
            else:
                tolerance_us[place] += said.at_least_us
        return ClockEstimates(offset_us, tolerance_us, check, day)

    def _checked_at(self, device_ids: Sequence[str], device: Int, time_us: Int) -> tuple[Int, Int, Int]:
        """(check or -1, offset, tolerance), of the dock's checks alone."""
        trusted_us, untrusted_us = us_of_seconds(self.rules.trusted_s), us_of_seconds(self.rules.untrusted_s)
        count = len(time_us)
        offset_us, tolerance_us = np.zeros(count, np.int64), np.full(count, untrusted_us)
        check = np.full(count, -1, np.int64)
        if not len(self.events):
            return check, offset_us, tolerance_us
        codes = np.array([self.device_of.get(device_id, -1) for device_id in device_ids], np.int64)[device]
        after = np.searchsorted(self.place, codes * (len(self.moments) + 1) + np.searchsorted(self.moments, time_us))
        near = np.minimum(after, len(self.events) - 1)
        is_near = (after < len(self.events)) & (self.device[near] == codes) & (codes >= 0)
        is_near &= self.at_us[near] - time_us <= self.rules.check_days * DAY_US
        check[is_near] = near[is_near]
        measured_us, is_drift, grown = self._drifts(near, time_us)
        doubt_us = np.where(np.abs(measured_us) > trusted_us, np.abs(measured_us), 0)
        offset_us = np.where(is_near, np.where(is_drift, grown, measured_us), 0)
        tolerance_us = np.where(is_near, trusted_us + np.where(is_drift, 0, doubt_us), untrusted_us)
        return check, offset_us, tolerance_us

    def _drifts(self, check: Int, time_us: Int) -> tuple[Int, Bool, Int]:
        """For checks: (what they measured, whether that is a drift, the part of it that had grown at a time)."""
        measured_us, before = self.offset_us[check], np.maximum(check - 1, 0)
        has_before = (check > 0) & (self.device[before] == self.device[check])
        elapsed_us = np.where(has_before, self.at_us[check] - self.at_us[before], 0)
        is_drift = kinds_of(measured_us, elapsed_us, self.rules)[1]
        share = (time_us - self.at_us[before]) / np.maximum(elapsed_us, 1)
        return measured_us, is_drift, np.floor(np.where(is_drift, measured_us * share, 0)).astype(np.int64)

    def _days_among(self, device_ids: Sequence[str], device: Int, time_us: Int) -> Iterable[tuple[Int, int]]:
        """For each day that anchors speak of: which of the moments lie in it."""
        if not self.days:
            return
        wanted = {one.device_id for one in self.days}
        codes = {place for place, device_id in enumerate(device_ids) if device_id in wanted}
        places = np.flatnonzero(np.isin(device, list(codes)))
        members: dict[int, list[int]] = defaultdict(list)
        for place in places.tolist():
            key = (device_ids[int(device[place])], int(time_us[place]) // HALF_DAY_US)
            if key in self.day_of:
                members[self.day_of[key]].append(place)
        for one, found in members.items():
            yield np.array(found, np.int64), one


def _checked(event: DeviceEvent) -> int | None:
    if event.value is None:
        return None
    try:
        offset_us = us_of_seconds(float(event.value))
    except (ValueError, OverflowError):
        return None  # a value that is no number cannot be read as a rest of zero; the row itself is kept
    return offset_us if abs(offset_us) < _MOST_US else None


#: The kinds that checks may state, in the order of ``kinds_of``.
STATED_BY_CHECKS = (FindingKind.CLOCK_JUMP, FindingKind.CLOCK_DRIFT, FindingKind.CLOCK_OFFSET)


def kinds_of(measured_us: Int, elapsed_us: Int, rules: ClockRules) -> tuple[Bool, Bool, Bool]:
    """Whether each check says (jump, drift, offset): at most one of them. ``elapsed_us`` 0: no check before.

    A change between two checks is a *jump* when it is at least ``jump_s`` and steeper than ``jump_ppm``, a *drift* when it
    is steeper than ``drift_ppm`` and at least ``drift_minimum_s``; otherwise a value of ``offset_s`` is an *offset*.
    """
    size_s = np.abs(measured_us) / SECOND_US
    is_timed = (elapsed_us > 0) & (elapsed_us <= rules.check_days * DAY_US)
    rate_ppm = np.where(is_timed, np.abs(measured_us) / np.maximum(elapsed_us, 1) * 1e6, 0)
    is_jump = is_timed & (size_s >= rules.jump_s) & (rate_ppm > rules.jump_ppm)
    is_drift = is_timed & ~is_jump & (size_s >= rules.drift_minimum_s) & (rate_ppm > rules.drift_ppm)
    return np.asarray(is_jump), np.asarray(is_drift), np.asarray((size_s >= rules.offset_s) & ~is_jump & ~is_drift)
