"""What one sampled frame shows, by its own measures alone. Runs, lengths and the comparison in time are judged elsewhere.

Each frame is at most one thing, the first of: black; a decoder's stopgap (mid-grey); one colour or a test pattern;
covered; and, after what only time shows (a frozen picture), out of focus. So a black picture is not called uniform, and
colour bars are not called damage.

Not known here: whether a smooth bright picture is a wall or a white cloth; blocks that a decoder put in wrong places, or
smeared downwards (a coarsely coded hall full of uprights repeats its rows as well, over up to half of the height);
an edge of the lens that is covered while the rest shows the scene (its share is in the measures, and the policy may
lower ``obstructed_share``).
"""

from __future__ import annotations

import cv2
import numpy as np

from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.measures import PictureMeasures
from bwc_audit.domain.policy import UsabilityRules

#: A sensor shows noise or shading in most tiles; a generated picture shows none, coding apart.
_GENERATED_DETAIL = 0.5
#: A test pattern has at least three steps between its columns (of 319), and levels at least this far apart.
_PATTERN_STRIPES = (0.8, 0.993)
_PATTERN_RANGE = 40.0


def is_black(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Nearly no light anywhere and nothing to see in it: a night scene has lights or shapes."""
    return sample.luma_p99 <= rules.black_luma_p99 and sample.detail <= rules.black_detail


def is_uniform(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """One colour throughout, or exact vertical stripes: a picture that no lens made."""
    levels = sample.luma_p99 - sample.luma_p1
    if float(np.median(sample.tile_detail)) > _GENERATED_DETAIL:
        return False
    if levels <= rules.uniform_range:
        return True
    is_striped = _PATTERN_STRIPES[0] <= sample.stripe_share <= _PATTERN_STRIPES[1]
    return is_striped and levels >= _PATTERN_RANGE and sample.stripe_deviation <= rules.uniform_stripe_deviation


def smooth_share(sample: PictureMeasures, rules: UsabilityRules) -> float:
    """Share of the picture (0-1) that one connected region without detail takes."""
    smooth = (sample.tile_detail < rules.obstructed_detail).astype(np.uint8)
    if not smooth.any():
        return 0.0
    _, labels = cv2.connectedComponents(smooth, connectivity=8)
    return float(np.bincount(labels[labels > 0]).max() / smooth.size)


def is_obstructed(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Little detail over most of the picture, and not a dark scene with sharp points of light."""
    if smooth_share(sample, rules) < rules.obstructed_share:
        return False
    is_night = sample.luma_mean < rules.obstructed_night_luma
    return not (is_night and sample.light_detail >= rules.obstructed_light_detail)


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
    if sample.grey_share >= rules.corrupt_share:
        return DefectKind.CORRUPT_PICTURE
    if is_uniform(sample, rules):
        return DefectKind.UNIFORM_PICTURE
    return DefectKind.OBSTRUCTED_VIEW if is_obstructed(sample, rules) else None
