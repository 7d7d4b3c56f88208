"""What anchors of all kinds say of each camera and day, side by side: medians, agreement, and what uploads allow.

Decides nothing; what it proves is judged in ``clock_days``. Cameras of which nothing says a shift, nearly all, are left out
at once. A *day* is 24 hours of device time from midnight or from noon UTC, each tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.clock_anchors import UNBOUNDED_US, AnchorKind, Anchors, UploadBounds
from bwc_audit.domain.clock_medians import group_medians
from bwc_audit.domain.coverage import Bool, Int
from bwc_audit.domain.groups import distinct
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.times import DAY_US, us_of_seconds

#: Days begin at every other of these.
HALF_DAY_US = DAY_US // 2


@dataclass(frozen=True, slots=True)
class KindClue:
    """What one kind of point anchor says of one camera and day."""

    kind: AnchorKind
    median_us: int
    spread_us: int
    uncertainty_us: int
    agreeing: int
    count: int
    subjects: tuple[int, ...]

    def share(self) -> float:
        return self.agreeing / self.count


@dataclass(frozen=True, slots=True)
class DayClues:
    """What is known of one camera and day. ``low_us`` and ``high_us``: the range that uploads and docks allow;
    ``late``: segments that end after they were uploaded. ``is_measured``: a dock checked the clock within ``check_days``."""

    kinds: tuple[KindClue, ...]
    low_us: int
    high_us: int
    late: tuple[int, ...]
    is_measured: bool

    def refutes_us(self, offset_us: int, slack_us: int) -> bool:
        """Whether uploads or docks forbid this offset."""
        return not self.low_us - slack_us <= offset_us <= self.high_us + slack_us


def clues_by_day(
    devices: int, anchors: Sequence[Anchors], bounds: UploadBounds, segments: tuple[Int, Int, Int], rules: ClockRules
) -> Iterator[tuple[int, int, DayClues]]:
    """Camera, start of the day and its clues, for each day on which anything says a shift; ``segments`` as in
    ``clock_days``."""
    device, at_us, is_measured = segments
    is_asked = _asked_devices(devices, anchors, device, bounds)
    anchors = [one.only(is_asked[one.device]) for one in anchors]
    kept = np.flatnonzero(is_asked[device]) if len(device) else np.zeros(0, np.int64)
    device, at_us, is_measured = device[kept], at_us[kept], is_measured[kept]
    bounds = UploadBounds(bounds.low_us[kept], bounds.high_us[kept])
    times = [*(one.at_us for one in anchors), at_us]
    origin = min((int(one.min()) // HALF_DAY_US - 1 for one in times if len(one)), default=0)
    stride = max((int(one.max()) // HALF_DAY_US for one in times if len(one)), default=0) - origin + 1
    for is_noon in (0, 1):
        keys = device * stride + _tile(at_us, is_noon) - origin
        anchor_keys = [one.device * stride + _tile(one.at_us, is_noon) - origin for one in anchors]
        for key, clues in _clues(anchors, anchor_keys, bounds, (keys, is_measured, kept), rules):
            yield key // stride, (key % stride + origin) * HALF_DAY_US, clues


def _clues(
    anchors: Sequence[Anchors],
    anchor_keys: Sequence[Int],
    bounds: UploadBounds,
    segments: tuple[Int, Int, Int],
    rules: ClockRules,
) -> Iterator[tuple[int, DayClues]]:
    """Clues by key of camera and day. ``segments``: key, whether a dock measured the clock, and name of each."""
    keys, is_measured, names = segments
    shifted = [key[one.offset_us != 0] for one, key in zip(anchors, anchor_keys, strict=True)]
    asked = distinct(np.concatenate([*shifted, keys[bounds.low_us > 0]]))
    kinds: dict[int, list[KindClue]] = defaultdict(list)
    for one, key_of_anchor in zip(anchors, anchor_keys, strict=True):
        for key, said in _said(one, key_of_anchor, asked, rules):
            kinds[key].append(said)
    low_us, high_us, late = _bounds_by_day(keys, bounds, names, asked)
    measured = set(distinct(keys[is_measured > 0]).tolist())
    for key in asked.tolist():
        yield (
            key,
            DayClues(
                tuple(kinds.get(key, ())),
                low_us.get(key, -UNBOUNDED_US),
                high_us.get(key, UNBOUNDED_US),
                late.get(key, ()),
                key in measured,
            ),
        )


def _asked_devices(count: int, anchors: Sequence[Anchors], device: Int, bounds: UploadBounds) -> Bool:
    """Cameras of which anything says a shift; the others, nearly all, are done with."""
    is_asked = np.zeros(count, np.bool_)
    for one in anchors:
        is_asked[one.device[one.offset_us != 0]] = True
    is_asked[device[bounds.low_us > 0]] = True
    return is_asked


def _tile(at_us: Int, is_noon: int) -> Int:
    """The half day in which the day that holds a time begins: an even one from midnight, an odd one from noon."""
    return (at_us // HALF_DAY_US - is_noon) // 2 * 2 + is_noon


def _said(anchors: Anchors, key: Int, asked: Int, rules: ClockRules) -> Iterator[tuple[int, KindClue]]:
    """What the anchors of one kind say of each camera and day that is asked for."""
    medians = group_medians(key, anchors.offset_us)
    is_asked = np.isin(medians.key, asked)
    for place in np.flatnonzero(is_asked).tolist():
        mine, median_us = medians.members(place), int(medians.median_us[place])
        reach_us = us_of_seconds(rules.agree_s) if anchors.kind is AnchorKind.TAGGED else 0
        near = np.abs(anchors.offset_us[mine] - median_us) <= reach_us + anchors.uncertainty_us[mine]
        subjects = tuple(int(subject) for subject in np.sort(anchors.subject[mine[near]]) if subject >= 0)
        yield (
            int(medians.key[place]),
            KindClue(
                anchors.kind,
                median_us,
                int(medians.spread_us[place]),
                int(anchors.uncertainty_us[mine].max()),
                len(distinct(anchors.pair[mine[near]])),
                len(distinct(anchors.pair[mine])),
                subjects,
            ),
        )


def _bounds_by_day(
    keys: Int, bounds: UploadBounds, names: Int, asked: Int
) -> tuple[dict[int, int], dict[int, int], dict[int, tuple[int, ...]]]:
    """The tightest bounds of each camera and day asked for, and the segments (by name) that end after upload."""
    days, place = np.unique(keys, return_inverse=True)
    low_us, high_us = np.full(len(days), -UNBOUNDED_US), np.full(len(days), UNBOUNDED_US)
    np.maximum.at(low_us, place, bounds.low_us)
    np.minimum.at(high_us, place, bounds.high_us)
    is_asked = np.isin(days, asked)
    days, low_us, high_us = days[is_asked], low_us[is_asked], high_us[is_asked]
    late: dict[int, list[int]] = defaultdict(list)
    for index in np.flatnonzero(bounds.low_us > 0).tolist():
        late[int(keys[index])].append(int(names[index]))
    named = days.tolist()
    return (
        dict(zip(named, low_us.tolist(), strict=True)),
        dict(zip(named, high_us.tolist(), strict=True)),
        {key: tuple(found) for key, found in late.items()},
    )
