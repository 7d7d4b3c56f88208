"""Times of all frames to holes in them. A variable rate is no hole: a hole stands out of its own neighbourhood."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.measures import FrameGaps
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import SECOND_US, us_of_seconds

#: Frame distances on each side that make the neighbourhood of a hole, and how far beyond their median it must stand.
_NEIGHBOURS = 8
_TIMES_TYPICAL = 3.0
#: Shorter distances are not kept: a policy would not call them holes (three frames at ten frames a second).
FLOOR_US = 300_000
#: At most this many are kept, the longest: a file of nothing but holes says no more with further ones.
_MOST_KEPT = 4_000


def frame_gaps(times_us: NDArray[np.int64]) -> FrameGaps:
    """Distances above 0.3 s between neighbouring frames, with the median of their eight neighbours on each side.

    ``times_us``: ascending times of all frames. A file that shows less than three frames a second throughout keeps
    only those distances that stand out of their neighbourhood, and of all at most the 4,000 longest.
    """
    deltas = np.diff(times_us)
    long = np.flatnonzero(deltas > FLOOR_US)
    if long.size > _MOST_KEPT:
        standing_out = long[deltas[long] > _TIMES_TYPICAL * float(np.median(deltas[deltas > 0]))]
        long = standing_out if standing_out.size else long
        longest = np.argsort(deltas[long], kind="stable")[-_MOST_KEPT:]
        long = np.sort(long[longest])
    typical = [_typical_us(deltas, int(number)) for number in long]
    return FrameGaps(
        np.asarray(times_us[long], np.int64), np.asarray(times_us[long + 1], np.int64), np.array(typical, np.int64)
    )


def gap_defects(gaps: FrameGaps, rules: UsabilityRules) -> Iterator[Defect]:
    """Holes: from the end of the last frame's usual display to the next frame.

    A hole is a distance above ``timestamp_gap_s`` and above three times the typical distance around it.
    """
    least_us = us_of_seconds(rules.timestamp_gap_s)
    rows = zip(gaps.starts_us.tolist(), gaps.ends_us.tolist(), gaps.typical_us.tolist(), strict=True)
    for before_us, after_us, typical_us in rows:
        apart_us = after_us - before_us
        if apart_us <= least_us or apart_us <= _TIMES_TYPICAL * typical_us:
            continue
        measures = {"gap_s": round(apart_us / SECOND_US, 6), "typical_s": round(typical_us / SECOND_US, 6)}
        yield Defect(DefectKind.TIMESTAMP_GAP, before_us + typical_us, after_us, 1.0, measures)


def _typical_us(deltas: NDArray[np.int64], number: int) -> int:
    around = np.concatenate([deltas[max(0, number - _NEIGHBOURS) : number], deltas[number + 1 :][:_NEIGHBOURS]])
    return int(np.median(around)) if around.size else 0
