"""A few sampled frames as small JPEG pictures, kept as evidence; and the choice of which."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from bwc_audit.domain.inspection import Defect, DefectKind, Still
from bwc_audit.domain.measures import PictureMeasures
from bwc_audit.media.frame_table import FrameTable

WIDTH_PX = 320
_QUALITY = 80
_DEFAULT_COUNT = 6
#: Kinds that a still shows.
_VISUAL = frozenset(
    {
        DefectKind.BLACK_VIDEO,
        DefectKind.OBSTRUCTED_VIEW,
        DefectKind.FROZEN_VIDEO,
        DefectKind.BLURRED_VIEW,
        DefectKind.UNIFORM_PICTURE,
        DefectKind.CORRUPT_PICTURE,
        DefectKind.ROTATED_VIEW,
    }
)


def still_of(frame: VideoFrame, at_us: int) -> Still | None:
    """The frame 320 pixels wide, as JPEG with its SHA-256; None where the encoder refuses."""
    picture = small_picture(frame, WIDTH_PX)
    is_made, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not is_made:
        return None
    jpeg = coded.tobytes()
    return Still(at_us, jpeg, hashlib.sha256(jpeg).hexdigest())


def small_picture(frame: VideoFrame, width_px: int) -> NDArray[np.uint8]:
    """The frame as BGR, ``height x width x 3``, at most ``width_px`` wide."""
    width = min(width_px, frame.width)
    height = max(2, round(frame.height * width / frame.width / 2) * 2)
    picture = frame.reformat(width=width, height=height, format="bgr24", threads=1).to_ndarray()
    return np.ascontiguousarray(picture, dtype=np.uint8)


def spread(numbers: Sequence[int], count: int = _DEFAULT_COUNT) -> tuple[int, ...]:
    """So many of the frame numbers, evenly, the first and the last among them; all where there are fewer."""
    if not numbers:
        return ()
    places = np.linspace(0, len(numbers) - 1, min(count, len(numbers))).round().astype(int)
    return tuple(sorted({numbers[place] for place in places.tolist()}))


def of_defects(table: FrameTable, pictures: Sequence[PictureMeasures], defects: Sequence[Defect]) -> Iterator[int]:
    """The number of the sample nearest to the middle of each visual defect; any frame shows a turn that the container
    asks for."""
    for one in defects:
        is_asked = one.kind is DefectKind.ROTATED_VIEW and "likeness" not in one.measures
        if one.kind in _VISUAL and pictures and not is_asked:
            middle_us = (one.start_us + one.end_us) // 2
            nearest = min(pictures, key=lambda sample: (abs(sample.at_us - middle_us), sample.at_us))
            number = table.frame_at(nearest.at_us)
            if number is not None:
                yield number
