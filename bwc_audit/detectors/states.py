"""What one sampled frame shows, by its own measures alone. Runs, lengths and the comparison in time are judged elsewhere.

Each frame is at most one thing, the first of: black; a decoder's stopgap (mid-grey); one colour or a test pattern;
covered; and, after what only time shows (a frozen picture), out of focus. So a black picture is not called uniform, and
colour bars are not called damage.

Not known here: whether a smooth bright picture is a wall or a white cloth; damage below its shares (a hall full of
uprights repeats its rows as well, over a quarter of the height); a lens covered in part below ``obstructed_share``, which
only time tells (``part_cover``), or covered by night while a lamp shows beside the cover.
"""

from __future__ import annotations

import cv2
import numpy as np

from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.measures import PictureMeasures
from bwc_audit.domain.policy import UsabilityRules

#: A sensor shows noise or shading in most tiles; a generated picture shows none, coding apart.
_GENERATED_DETAIL = 0.25
#: A test pattern has at least three steps between its columns (of 319), and levels at least this far apart.
_PATTERN_STRIPES = (0.8, 0.993)
_PATTERN_RANGE = 40.0
#: A smear begins below something that was decoded.
_WHOLE_HEIGHT = 0.95
#: A cover's edge is not straight: so much of the side that it leaves free shows detail.
_FREE_SIDE = 0.8


def is_black(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Nearly no light anywhere and nothing to see in it: a night scene has lights or shapes."""
    return sample.luma_p99 <= rules.black_luma_p99 and sample.detail <= rules.black_detail


def is_uniform(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """One colour throughout, or exact vertical stripes: a picture that no lens made."""
    levels = sample.luma_p99 - sample.luma_p1
    is_striped = _PATTERN_STRIPES[0] <= sample.stripe_share <= _PATTERN_STRIPES[1]
    is_pattern = is_striped and levels >= _PATTERN_RANGE and sample.stripe_deviation <= rules.uniform_stripe_deviation
    if levels > rules.uniform_range and not is_pattern:
        return False
    return float(np.median(sample.tile_detail)) <= _GENERATED_DETAIL


def smooth_share(sample: PictureMeasures, rules: UsabilityRules) -> float:
    """Share of the picture (0-1) that one connected region without detail takes."""
    smooth = (sample.tile_detail < rules.obstructed_detail).astype(np.uint8)
    if not smooth.any():
        return 0.0
    _, labels = cv2.connectedComponents(smooth, connectivity=8)
    return float(np.bincount(labels[labels > 0]).max() / smooth.size)


def has_free_side(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Does detail stand along nearly a whole side of the picture? So does what a cover over the rest leaves free."""
    detailed = sample.tile_detail >= rules.obstructed_detail
    sides = (detailed[0], detailed[-1], detailed[:, 0], detailed[:, -1])
    return max(float(side.mean()) for side in sides) >= _FREE_SIDE


def is_obstructed(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Little detail over most of the picture; not a dark scene with points of light, nor one that is out of focus.

    A cover shows no strong edges, or beside it those of the scene; where there are strong ones and all are wide, the lens
    is open (a dark scene out of focus is nearly as smooth as a cover).
    """
    if smooth_share(sample, rules) < rules.obstructed_share or is_blurred(sample, rules):
        return False
    is_night = sample.luma_mean < rules.obstructed_night_luma
    return not (is_night and sample.light_detail >= rules.obstructed_light_detail)


def is_lost_in_part(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Parts that the decoder had nothing for: grey, one row drawn down to the bottom, or a grid of blocks out of place.

    Repetition over the whole height is a test pattern, not damage.
    """
    is_smeared = rules.corrupt_smear_share <= sample.smear_share < _WHOLE_HEIGHT
    return sample.grey_share >= rules.corrupt_share or is_smeared or sample.grid_share >= rules.corrupt_grid_share


def is_blurred(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Even the sharpest of the strong edges are wide; never where no edge is strong enough to tell."""
    return sample.edge_px >= rules.blurred_edge_px


def is_dark(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Little light on the whole and something to see: not black. Information, nothing is wrong with the picture."""
    return sample.luma_mean < rules.low_light_luma and not is_black(sample, rules)


def own_kind(sample: PictureMeasures, rules: UsabilityRules) -> DefectKind | None:
    """What the frame shows by itself, out of focus excepted."""
    if is_black(sample, rules):
        return DefectKind.BLACK_VIDEO
    if is_lost_in_part(sample, rules):
        return DefectKind.CORRUPT_PICTURE
    if is_uniform(sample, rules):
        return DefectKind.UNIFORM_PICTURE
    return DefectKind.OBSTRUCTED_VIEW if is_obstructed(sample, rules) else None
