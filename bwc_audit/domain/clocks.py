"""How far a camera's clock is believed, and what is wrong with it.

Evidence here is the dock's own measurement (``clock_check``: device clock minus server clock in seconds, after which the
dock sets the device right), so each value is what the clock lost or gained since the check before. Clocks burned into the
picture and other anchors are not looked at here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, Int
from bwc_audit.domain.findings import Evidence, Finding, FindingKind, Severity
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind
from bwc_audit.domain.times import DAY_US, SECOND_US, Span, iso_utc, us_of_seconds


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """``offset_us``: device clock minus true time; ``tolerance_us``: how far it may still be off either way."""

    offset_us: int
    tolerance_us: int
    check: DeviceEvent | None


@dataclass(frozen=True, slots=True)
class ClockEstimates:
    """The same for many moments, one element each. ``check``: index into ``ClockChecks.events``; -1: none."""

    offset_us: Int
    tolerance_us: Int
    check: Int


@dataclass(frozen=True, slots=True)
class _Believed:
    """What each check of one device says of the time before it; one element a check. ``drifts_from_us``: since when its
    offset has grown evenly; ``NO_TIME``: it is no drift. ``first``: its place among all events."""

    at_us: Int
    offset_us: Int
    tolerance_us: Int
    drifts_from_us: Int
    first: int


@dataclass(frozen=True, slots=True)
class ClockChecks:
    """All dock checks of all devices, ascending in time, with the policy's beliefs. ``events``: the same in one row."""

    by_device: dict[str, tuple[tuple[int, int, DeviceEvent], ...]]
    rules: ClockRules
    events: tuple[DeviceEvent, ...]
    believed: dict[str, _Believed]

    @staticmethod
    def of(events: Iterable[DeviceEvent], rules: ClockRules) -> ClockChecks:
        by_device: dict[str, list[tuple[int, int, DeviceEvent]]] = defaultdict(list)
        for event in events:
            offset_us = _checked_offset(event)
            if offset_us is not None:
                by_device[event.device_id].append((event.at_us, offset_us, event))
        ordered = {
            device: tuple(sorted(rows, key=lambda row: (row[0], row[1], row[2].row))) for device, rows in by_device.items()
        }
        believed: dict[str, _Believed] = {}
        found: list[DeviceEvent] = []
        for device, checks in ordered.items():
            believed[device] = _believed([check[0] for check in checks], [check[1] for check in checks], len(found), rules)
            found += [check[2] for check in checks]
        return ClockChecks(ordered, rules, tuple(found), believed)

    def estimate(self, device_id: str, device_time_us: int) -> ClockEstimate:
        """The clock of one camera at one device time; see ``estimates``."""
        found = self.estimates((device_id,), np.zeros(1, np.int64), np.array([device_time_us], np.int64))
        return self.estimate_at(found, 0)

    def estimate_at(self, found: ClockEstimates, index: int) -> ClockEstimate:
        """One element of many, as a value."""
        check = int(found.check[index])
        event = None if check < 0 else self.events[check]
        return ClockEstimate(int(found.offset_us[index]), int(found.tolerance_us[index]), event)

    def estimates(self, device_ids: Sequence[str], device: Int, time_us: Int) -> ClockEstimates:
        """The clocks of many moments; ``device``: index into ``device_ids``.

        From the first check at or after the time, if that is within ``check_days``. A drift is taken to have grown evenly
        since the check before. Any other deviation may have come at any moment before the check; where it is larger than
        ``trusted_s``, an answer must therefore hold with it and without it.
        """
        count = len(time_us)
        offset_us, check = np.zeros(count, np.int64), np.full(count, -1, np.int64)
        tolerance_us = np.full(count, us_of_seconds(self.rules.untrusted_s), np.int64)
        order = np.argsort(device, kind="stable")
        edges = np.searchsorted(device[order], np.arange(len(device_ids) + 1))
        for place, device_id in enumerate(device_ids):
            own, known = order[edges[place] : edges[place + 1]], self.believed.get(device_id)
            if known is None or not len(own):
                continue
            after = np.searchsorted(known.at_us, time_us[own])
            near = np.minimum(after, len(known.at_us) - 1)
            is_near = (after == near) & (known.at_us[near] - time_us[own] <= self.rules.check_days * DAY_US)
            own, near = own[is_near], near[is_near]
            check[own], tolerance_us[own] = near + known.first, known.tolerance_us[near]
            offset_us[own] = _grown(known, near, time_us[own])
        return ClockEstimates(offset_us, tolerance_us, check)


def _believed(at_us: Sequence[int], offsets_us: Sequence[int], first: int, rules: ClockRules) -> _Believed:
    trusted_us = us_of_seconds(rules.trusted_s)
    tolerance_us, drifts_from_us = [], []
    for before_us, moment_us, offset_us in zip((None, *at_us), at_us, offsets_us, strict=False):
        elapsed_us = None if before_us is None else moment_us - before_us
        is_drift = _kind_of(offset_us, elapsed_us, rules) is FindingKind.CLOCK_DRIFT
        doubt_us = abs(offset_us) if abs(offset_us) > trusted_us and not is_drift else 0
        tolerance_us.append(trusted_us + doubt_us)
        drifts_from_us.append(before_us if is_drift and before_us is not None else NO_TIME)
    return _Believed(
        at_us=np.array(at_us, np.int64),
        offset_us=np.array(offsets_us, np.int64),
        tolerance_us=np.array(tolerance_us, np.int64),
        drifts_from_us=np.array(drifts_from_us, np.int64),
        first=first,
    )


def _grown(known: _Believed, near: Int, time_us: Int) -> Int:
    """The offset at a time before the check ``near``: of a drift, the part that had grown by then."""
    offset_us, from_us = known.offset_us[near], known.drifts_from_us[near]
    drift = np.flatnonzero(from_us != NO_TIME)
    elapsed_us = (known.at_us[near] - from_us)[drift]
    for place, whole_us in zip(
        drift.tolist(), elapsed_us.tolist(), strict=True
    ):  # exact: the product needs more than 64 bits
        offset_us[place] = int(offset_us[place]) * int(time_us[place] - from_us[place]) // whole_us
    return offset_us


def _checked_offset(event: DeviceEvent) -> int | None:
    if event.event is not DeviceEventKind.CLOCK_CHECK or event.value is None:
        return None
    try:
        return us_of_seconds(float(event.value))
    except (ValueError, OverflowError):
        return None  # a value that is no number cannot be read as a rest of zero; the row itself is kept


def clock_findings(checks: ClockChecks, period: Span, used: Collection[DeviceEvent]) -> Iterator[Finding]:
    """At most one finding a device and kind for the checks inside ``period`` and those ``used`` to place its recordings
    (a camera is often docked only the morning after); the largest of its kind.

    A change between two checks is a *jump* when it is at least ``jump_s`` and steeper than ``jump_ppm``, a *drift* when
    it is steeper than ``drift_ppm`` and at least ``drift_minimum_s``; otherwise a large value is an *offset*.
    """
    for device_id, rows in sorted(checks.by_device.items()):
        found: dict[FindingKind, tuple[int, int, DeviceEvent, int | None]] = {}
        for before, (at_us, offset_us, event) in zip((None, *rows), rows, strict=False):
            if not period.start_us <= at_us < period.end_us and event not in used:
                continue
            elapsed_us = at_us - before[0] if before else None
            kind = _kind_of(offset_us, elapsed_us, checks.rules)
            if kind and (kind not in found or abs(offset_us) > abs(found[kind][1])):
                found[kind] = (at_us, offset_us, event, elapsed_us)
        for kind, (at_us, offset_us, event, elapsed_us) in sorted(found.items()):
            yield _finding(kind, device_id, at_us, offset_us, event, elapsed_us, checks.rules.clause)


def _kind_of(offset_us: int, elapsed_us: int | None, rules: ClockRules) -> FindingKind | None:
    size_s = abs(offset_us) / SECOND_US
    if elapsed_us and elapsed_us <= rules.check_days * DAY_US:
        rate_ppm = abs(offset_us) / elapsed_us * 1e6
        if size_s >= rules.jump_s and rate_ppm > rules.jump_ppm:
            return FindingKind.CLOCK_JUMP
        if size_s >= rules.drift_minimum_s and rate_ppm > rules.drift_ppm:
            return FindingKind.CLOCK_DRIFT
    return FindingKind.CLOCK_OFFSET if size_s >= rules.offset_s else None


def _finding(
    kind: FindingKind,
    device_id: str,
    at_us: int,
    offset_us: int,
    event: DeviceEvent,
    elapsed_us: int | None,
    clause: str,
) -> Finding:
    measured = f"the dock measured the clock of {device_id} {offset_us / SECOND_US:+.1f} s off at {iso_utc(at_us)}"
    if kind is FindingKind.CLOCK_OFFSET or elapsed_us is None:
        message = f"{measured}; recordings before it are placed with this offset taken out."
    else:
        rate_ppm = abs(offset_us) / elapsed_us * 1e6
        word = "a step" if kind is FindingKind.CLOCK_JUMP else "a drift"
        message = f"{measured}, {elapsed_us / SECOND_US / 3600:.1f} h after it was set right: {word} ({rate_ppm:.0f} ppm)."
    return Finding(
        kind=kind,
        clause=clause,
        severity=Severity.MEDIUM,
        message=message[0].upper() + message[1:],
        device_id=device_id,
        seconds_us=abs(offset_us),
        evidence=(Evidence("device_event", str(event.row), at_us),),
    )
