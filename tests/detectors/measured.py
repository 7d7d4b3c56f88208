"""Measures said by hand: one good sample and what may be wrong with it, and files made of such samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bwc_audit.detectors.picture import PictureMeter
from bwc_audit.domain.measures import Lengths, Measures, PictureMeasures
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import SECOND_US

RULES = UsabilityRules(clause="usable")
FRAME_US = 40_000


def tiles(detail: float) -> NDArray[np.float32]:
    """The same detail everywhere."""
    return np.full((7, 16), detail, np.float32)


def sample(at_s: float = 0.0, **changes: Any) -> PictureMeasures:
    """One good key frame of a lively scene with a running clock; ``changes`` replace its measures."""
    at_us = round(at_s * SECOND_US)
    lively = PictureMeasures(
        at_us=at_us,
        end_us=at_us + FRAME_US,
        is_key=True,
        luma_mean=110.0,
        luma_p99=240.0,
        luma_p1=20.0,
        tile_detail=tiles(20),
        light_detail=90.0,
        difference=9.0,
        key_difference=9.0,
        strip_difference=30.0,
        edge_px=2.2,
    )
    return replace(lively, **changes)


def black(at_s: float, **changes: Any) -> PictureMeasures:
    dark: dict[str, Any] = {"luma_mean": 16.0, "luma_p99": 16.0, "luma_p1": 16.0, "tile_detail": tiles(0.0)}
    return sample(at_s, **{**dark, "light_detail": 0.0, "edge_px": 0.0, **changes})


def covered(at_s: float, **changes: Any) -> PictureMeasures:
    smooth: dict[str, Any] = {"luma_mean": 60.0, "luma_p99": 80.0, "tile_detail": tiles(1.0)}
    return sample(at_s, **{**smooth, "light_detail": 4.0, "edge_px": 0.0, **changes})


def still(at_s: float, **changes: Any) -> PictureMeasures:
    return sample(at_s, **{"difference": 0.05, "key_difference": 0.05, **changes})


def blurred(at_s: float, **changes: Any) -> PictureMeasures:
    return sample(at_s, **{"edge_px": 8.0, **changes})


def uniform(at_s: float, **changes: Any) -> PictureMeasures:
    flat: dict[str, Any] = {"luma_p99": 110.0, "luma_p1": 109.0, "tile_detail": tiles(0.0)}
    return sample(at_s, **{**flat, "light_detail": 0.0, "edge_px": 0.0, **changes})


def corrupt(at_s: float, **changes: Any) -> PictureMeasures:
    return sample(at_s, **{"grey_share": 0.5, **changes})


MAKERS = (sample, black, covered, still, blurred, uniform, corrupt)


def file_of(pictures: Sequence[PictureMeasures], **changes: Any) -> Measures:
    """A file with these pictures that lasts as long as they do, with sound that was not examined."""
    end_us = pictures[-1].end_us if pictures else 0
    whole = Measures(Lengths(end_us, end_us), tuple(pictures), has_sound_track=True, step_us=2_200_000)
    return replace(whole, **changes)


def measured(luma: NDArray[np.uint8]) -> PictureMeasures:
    """The measures of one picture."""
    return PictureMeter(RULES.overlay_share).measure(luma, 0, FRAME_US, is_key=True)
