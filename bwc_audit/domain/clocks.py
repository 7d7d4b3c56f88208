"""How far a camera's clock is believed, and what is wrong with it.

Evidence here is the dock's own measurement (``clock_check``: device clock minus server clock in seconds, after which the
dock sets the device right), so each value is what the clock lost or gained since the check before. Clocks burned into the
picture and other anchors are not looked at here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

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
class ClockChecks:
    """All dock checks of all devices, ascending in time, with the policy's beliefs."""

    by_device: dict[str, tuple[tuple[int, int, DeviceEvent], ...]]
    rules: ClockRules

    @staticmethod
    def of(events: Iterable[DeviceEvent], rules: ClockRules) -> ClockChecks:
        by_device: dict[str, list[tuple[int, int, DeviceEvent]]] = defaultdict(list)
        for event in events:
            offset_us = _checked_offset(event)
            if offset_us is not None:
                by_device[event.device_id].append((event.at_us, offset_us, event))
        return ClockChecks(
            {
                device: tuple(sorted(rows, key=lambda row: (row[0], row[1], row[2].row)))
                for device, rows in by_device.items()
            },
            rules,
        )

    def estimate(self, device_id: str, device_time_us: int) -> ClockEstimate:
        """The clock at a device time: from the first check at or after it, if that is within ``check_days``.

        A drift is taken to have grown evenly since the check before. Any other deviation may have come at any moment
        before the check; where it is larger than ``trusted_s``, an answer must therefore hold with it and without it.
        """
        checks = self.by_device.get(device_id, ())
        index = bisect_left(checks, device_time_us, key=lambda check: check[0])
        if index == len(checks) or checks[index][0] - device_time_us > self.rules.check_days * DAY_US:
            return ClockEstimate(0, us_of_seconds(self.rules.untrusted_s), None)
        at_us, offset_us, event = checks[index]
        trusted_us = us_of_seconds(self.rules.trusted_s)
        before_us = checks[index - 1][0] if index else None
        if before_us is not None and _kind_of(offset_us, at_us - before_us, self.rules) is FindingKind.CLOCK_DRIFT:
            grown_us = offset_us * (device_time_us - before_us) // (at_us - before_us)
            return ClockEstimate(grown_us, trusted_us, event)
        doubt_us = abs(offset_us) if abs(offset_us) > trusted_us else 0
        return ClockEstimate(offset_us, trusted_us + doubt_us, event)


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
