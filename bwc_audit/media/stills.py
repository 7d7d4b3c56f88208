"""A few sampled frames as small JPEG pictures, kept as evidence; and the choice of which."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np
from av.video.frame import VideoFrame

from bwc_audit.domain.inspection import Defect, DefectKind, Still

WIDTH_PX = 320
_QUALITY = 80
_DEFAULT_COUNT = 6
_VISUAL = frozenset({DefectKind.BLACK_VIDEO, DefectKind.OBSTRUCTED_VIEW, DefectKind.FROZEN_VIDEO})


def still_of(frame: VideoFrame, at_us: int) -> Still | None:
    """The frame 320 pixels wide, as JPEG with its SHA-256; None where the encoder refuses."""
    width = min(WIDTH_PX, frame.width)
    height = max(2, round(frame.height * width / frame.width / 2) * 2)
    picture = frame.reformat(width=width, height=height, format="bgr24").to_ndarray()
    is_made, coded = cv2.imencode(".jpg", np.ascontiguousarray(picture), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not is_made:
        return None
    jpeg = coded.tobytes()
    return Still(at_us, jpeg, hashlib.sha256(jpeg).hexdigest())


def still_times(sampled_us: Sequence[int], asked_us: Sequence[int], defects: Sequence[Defect]) -> tuple[int, ...]:
    """Which sampled times become stills: the nearest to each asked one; else six evenly, and one in each visual defect."""
    if not sampled_us:
        return ()
    if asked_us:
        return tuple(sorted({_nearest(sampled_us, at_us) for at_us in asked_us}))
    count = min(_DEFAULT_COUNT, len(sampled_us))
    places = np.linspace(0, len(sampled_us) - 1, count).round().astype(int).tolist()
    chosen = {sampled_us[place] for place in places}
    for defect in defects:
        if defect.kind in _VISUAL:
            chosen.add(_nearest(sampled_us, (defect.start_us + defect.end_us) // 2))
    return tuple(sorted(chosen))


def _nearest(sampled_us: Sequence[int], at_us: int) -> int:
    return min(sampled_us, key=lambda sampled: (abs(sampled - at_us), sampled))
