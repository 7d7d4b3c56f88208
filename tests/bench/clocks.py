"""The clock estimate of a year: 1,000,000 segments of 3,000 cameras, 300,000 calls; anchors, uploads and dockings."""

from __future__ import annotations

import numpy as np

from bwc_audit.domain.clock_anchors import (
    AnchorKind,
    Anchors,
    AttendedArrays,
    TaggedArrays,
    tagged_anchors,
    upload_bounds,
)
from bwc_audit.domain.clock_days import ClockDay, clock_days
from bwc_audit.domain.clock_medians import group_medians
from bwc_audit.domain.coverage import Int
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US
from tests.bench.measuring import Line, cpu_medians

SEGMENTS, CAMERAS, DAYS = 1_000_000, 3_000, 365
CALLS = 300_000
_RULES = ClockRules("clock")


def lines() -> list[Line]:
    """The whole estimate, and the medians alone."""
    year = _Year()
    found = year.estimate()
    shifted = {one.device_id for one in found if one.is_applied}
    if shifted != {"cam-7"}:
        raise AssertionError(f"of one camera that is three hours ahead, found: {sorted(shifted)}")
    key, value = year.tagged.device * DAYS + year.tagged.at_us // DAY_US, year.tagged.activated_us
    days = len(np.unique(key))
    spent = cpu_medians({"estimate": year.estimate, "medians": lambda: group_medians(key, value)}, rounds=3)
    size = f"{SEGMENTS:,} segments, {days:,} days of a camera"
    return [
        Line(
            f"clocks of all cameras, {size}", f"{spent['estimate']:.2f} CPU-s", note=f"{len(found)} days of one camera found"
        ),
        Line("robust medians by group alone, the same", f"{spent['medians']:.2f} CPU-s"),
    ]


class _Year:
    """Every call recorded and tagged by its officer's camera; one camera, busy on 25 days, is three hours ahead on them."""

    def __init__(self) -> None:
        random = np.random.default_rng(7)
        call = np.arange(CALLS, dtype=np.int64)
        officer, start = call % CAMERAS, (call // CAMERAS) * (DAYS * DAY_US // (CALLS // CAMERAS) // HOUR_US * HOUR_US)
        start = start + random.integers(0, 12 * HOUR_US, CALLS)
        turn = call // CAMERAS
        start = np.where(officer == 7, turn // 4 * DAY_US + turn % 4 * 5 * HOUR_US, start)
        self.calls = AttendedArrays(call, officer, start, start + 20 * 60 * SECOND_US)
        picked = np.sort(random.integers(0, CALLS, SEGMENTS))
        device = officer[picked]
        begins = start[picked] + random.integers(-30, 60, SEGMENTS) * SECOND_US
        begins = begins + np.where(device == 7, 3 * HOUR_US, 0)
        ends = begins + 20 * 60 * SECOND_US
        index = np.arange(SEGMENTS, dtype=np.int64)
        self.tagged = TaggedArrays(device, index, picked, device, begins, begins, ends, begins)
        self.uploaded = ends + random.integers(HOUR_US, 14 * HOUR_US, SEGMENTS)
        docked = np.tile(np.arange(DAYS, dtype=np.int64) * DAY_US, CAMERAS)
        self.docks: tuple[Int, Int] = (np.repeat(np.arange(CAMERAS, dtype=np.int64), DAYS), docked)
        self.names = [f"cam-{number}" for number in range(CAMERAS)]

    def estimate(self) -> tuple[ClockDay, ...]:
        tagged = self.tagged
        anchors = tagged_anchors(tagged, self.calls, _RULES)
        none = Anchors(AnchorKind.OVERLAY, *(np.zeros(0, np.int64),) * 6)
        bounds = upload_bounds(tagged.device, tagged.start_us, tagged.end_us, self.uploaded, self.docks, 120 * SECOND_US)
        segments = (tagged.device, tagged.at_us, np.zeros(SEGMENTS, np.int64))
        return clock_days(self.names, (anchors, none), bounds, segments, _RULES)
