"""What the clock burned into a picture says against the start that the metadata state, one recording at a time.

It proves that picture and metadata differ (a wrong zone, a copy stamped anew, a file under another's metadata), not that
the device was wrong: both usually come from one device clock, whose own error only a dock measures (``clocks``). Nor does
it tell which of the two is right. So nothing is moved by it: the recording stays where its metadata place it, is believed
less by as much as they differ, and may as well lie where its picture says. An estimate of a clock over a device's whole
day, from docks, pictures and sounds together, is not made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bwc_audit.domain.inspection import DefectKind, Inspection
from bwc_audit.domain.overlay_clock import AGREEING_US, OverlayClock, read_clock
from bwc_audit.domain.policy import ClockRules, UsabilityRules
from bwc_audit.domain.records import Device, RowRef, Segment
from bwc_audit.domain.times import Span, us_of_seconds


@dataclass(frozen=True, slots=True)
class ShownClock:
    """The burned-in clock of one file. ``tolerance_us``: how exactly it can be compared (whole seconds, and the rounding
    of the metadata). ``shifts_us``: picture minus metadata beyond that, one for each stretch between two jumps; empty: they
    agree, or no difference can be told. ``first_us`` and ``text``: media time and words of its first reading."""

    clock: OverlayClock
    tolerance_us: int
    shifts_us: tuple[int, ...]
    first_us: int
    text: str

    @property
    def is_untimed(self) -> bool:
        """It was not set or stands still: it shows no time at all, and vouches for none."""
        return self.clock.is_not_set or self.clock.is_stuck

    def without(self, moved_us: int) -> ShownClock:
        """The same after the recording was moved by what its picture says: shifts that this explains are gone."""
        left = tuple(shift_us + moved_us for shift_us in self.shifts_us)
        return replace(self, shifts_us=tuple(shift_us for shift_us in left if abs(shift_us) > self.tolerance_us))

    def believed_us(self, tolerance_us: int, rules: ClockRules) -> int:
        """The tolerance of the recording's placement, given that of its device's clock."""
        grown_us = tolerance_us + max((abs(shift_us) for shift_us in self.shifts_us), default=0)
        return max(grown_us, us_of_seconds(rules.untrusted_s)) if self.is_untimed else grown_us


def shown_clocks(
    segments: Iterable[Segment], devices: Iterable[Device], seen: Mapping[str, Inspection], rules: UsabilityRules
) -> dict[RowRef, ShownClock]:
    """By metadata row, for each segment whose video (``seen``: by object key) shows a clock that enough readings prove."""
    zones = overlay_zones(devices)
    shown: dict[RowRef, ShownClock] = {}
    for segment in segments:
        inspection = seen.get(segment.object_key or "")
        if inspection is not None and inspection.readings:
            zone = zones.get(segment.device_id)
            clock = shown_clock(inspection, zone, segment.media_started_us, segment.precision_us, rules)
            if clock is not None:
                shown[segment.row] = clock
    return shown


def overlay_zones(devices: Iterable[Device]) -> dict[str, ZoneInfo]:
    """The zone of the burned-in clock, of devices for which a known one is stated."""
    zones: dict[str, ZoneInfo] = {}
    for device in devices:
        if device.overlay_zone:
            try:
                zones[device.device_id] = ZoneInfo(device.overlay_zone)
            except (ZoneInfoNotFoundError, ValueError):
                continue  # a clock without a zone of its own is then compared with nothing
    return zones


def shown_clock(
    inspection: Inspection, zone: ZoneInfo | None, media_started_us: int, precision_us: int, rules: UsabilityRules
) -> ShownClock | None:
    """The clock that the readings of one file prove; None: they prove none. ``zone``: of a clock that names none itself.
    ``media_started_us``: device time of media time 0 by the metadata, rounded to ``precision_us``."""
    clock = read_clock(inspection.readings, zone, media_started_us)
    if clock is None or (clock.is_stuck and not _goes_on(inspection, clock.over, rules)):
        return None  # in a picture that stands still the clock stands still with it, which says nothing of the clock
    first = min(inspection.readings, key=lambda reading: reading.at_us)
    tolerance_us = AGREEING_US + precision_us
    return ShownClock(clock, tolerance_us, tuple(_shifts(clock, tolerance_us)), first.at_us, first.text)


def _goes_on(inspection: Inspection, over: Span | None, rules: UsabilityRules) -> bool:
    """Whether the picture was seen to move while the clock stood: measured, not only never called frozen. Movement within
    the second that the clock shows first proves nothing, whatever came to a stop after it."""
    if over is None or inspection.measures is None:
        return False
    if any(defect.kind is DefectKind.FROZEN_VIDEO for defect in inspection.defects):
        return False
    return any(
        other.difference is not None and other.difference > rules.frozen_recode_difference
        for one, other in pairwise(inspection.measures.pictures)
        if one.at_us >= over.start_us + AGREEING_US and other.at_us <= over.end_us
    )


def _shifts(clock: OverlayClock, tolerance_us: int) -> Iterable[int]:
    if clock.offset_us is None:
        return
    shift_us = clock.offset_us
    for step_us in (0, *(jump.step_us for jump in clock.jumps)):
        shift_us += step_us
        if abs(shift_us) > tolerance_us:
            yield shift_us
