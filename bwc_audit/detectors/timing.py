"""Times of all frames to holes in them. A variable rate is no hole: a hole stands out of its own neighbourhood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import SECOND_US, us_of_seconds

#: Frame distances on each side that make the neighbourhood of a hole, and how far beyond their median it must stand.
_NEIGHBOURS = 8
_TIMES_TYPICAL = 3.0


def timestamp_gaps(times_us: NDArray[np.int64], rules: UsabilityRules) -> list[Defect]:
    """Holes between frames: from the end of the last frame's usual display to the next frame.

    ``times_us``: ascending times of all frames. A hole is a distance above ``timestamp_gap_s`` and above three times
    the median distance of its eight neighbours on each side.
    """
    deltas = np.diff(times_us)
    gaps = []
    for number in np.flatnonzero(deltas > us_of_seconds(rules.timestamp_gap_s)):
        around = np.concatenate([deltas[max(0, number - _NEIGHBOURS) : number], deltas[number + 1 :][:_NEIGHBOURS]])
        typical = float(np.median(around)) if around.size else 0.0
        if deltas[number] <= _TIMES_TYPICAL * typical:
            continue
        start_us, end_us = int(times_us[number]) + int(typical), int(times_us[number + 1])
        measures = {"gap_s": round(int(deltas[number]) / SECOND_US, 6), "typical_s": round(typical / SECOND_US, 6)}
        gaps.append(Defect(DefectKind.TIMESTAMP_GAP, start_us, end_us, 1.0, measures))
    return gaps
