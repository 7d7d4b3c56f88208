"""How sure a visual defect is, from how far its measures lie beyond their limits: one table, monotone in each margin.

A margin is 0 at the limit and 1 where nothing speaks against the defect. On the labelled benchmark every claim was right
whatever its confidence (0.5 to 0.7: 18 of 18, so that more than 0.8 of such claims are right there at 95 %); the values at
the limit stay below that bound, since drawings hold less than footage does. So they are not too high for what was tried,
and order the defects of one kind; how often a claim is right on a camera that was not tried, they do not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bwc_audit.detectors.frozen import is_one_picture
from bwc_audit.detectors.part_cover import part_covers
from bwc_audit.detectors.states import has_free_side, smooth_share
from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.measures import PictureMeasures
from bwc_audit.domain.policy import UsabilityRules

Samples = Sequence[PictureMeasures]
Weighed = tuple[dict[str, float], float]

#: Kind: confidence at margin 0 and at margin 1, straight between.
_AT_LIMIT_AND_SURE: dict[str, tuple[float, float]] = {
    DefectKind.BLACK_VIDEO: (0.7, 1.0),
    DefectKind.UNIFORM_PICTURE: (0.7, 0.98),
    DefectKind.CORRUPT_PICTURE: (0.65, 0.95),
    DefectKind.OBSTRUCTED_VIEW: (0.6, 0.95),
    "covered in part": (0.55, 0.8),
    "covered in part, nothing moves": (0.3, 0.48),
    DefectKind.BLURRED_VIEW: (0.6, 0.85),
    DefectKind.ROTATED_VIEW: (0.55, 0.9),
    "turned, far apart": (0.3, 0.48),
    # frozen, by what the burned-in clock and the rest of the file tell
    "clock stands": (0.8, 0.98),
    "clock runs": (0.45, 0.85),
    "no clock": (0.5, 0.9),
    "never alive": (0.3, 0.48),
}
#: A picture this much brighter than the policy's bright limit can be anything smooth and lit, most of all a wall.
_BRIGHT_SPAN = 60.0
#: What brightness, and sharp points in a smooth picture, take away from *covered* at most (as factors).
_BRIGHT_FACTOR, _SHARP_FACTOR = 0.4, 0.5
#: A side counts as free when it is so in more than this share of the samples.
_MOSTLY = 0.5
#: Of the pairs that can be compared, this share with a changed block in the strips says that a clock runs there.
_RUNNING_SHARE = 0.5
#: Samples nearer than this may show the same second of a clock.
_CLOCK_US = 1_000_000
#: No two key frames agreed, but they differed less and less: a little more than exact repetition in one group.
_SETTLING_MARGIN = 0.25


@dataclass(frozen=True, slots=True)
class Around:
    """All samples of the file, from which a run is understood."""

    samples: Samples


def weighed(kind: DefectKind, inside: Samples, around: Around, rules: UsabilityRules) -> tuple[float, dict[str, float]]:
    """Confidence (0-1) of a run of samples, and the measures that it rests on."""
    match kind:
        case DefectKind.BLACK_VIDEO:
            measures, margin = _black(inside, rules)
        case DefectKind.UNIFORM_PICTURE:
            measures, margin = _uniform(inside, rules)
        case DefectKind.CORRUPT_PICTURE:
            measures, margin = _corrupt(inside, rules)
        case DefectKind.BLURRED_VIEW:
            measures, margin = _blurred(inside, rules)
        case DefectKind.OBSTRUCTED_VIEW if covers := _in_part(inside, around, rules):
            return covers
        case DefectKind.OBSTRUCTED_VIEW:
            measures, margin = _obstructed(inside, rules)
            return round(at_margin(kind, margin) * _factor_of_light(measures, rules), 3), measures
        case _:
            return _frozen(inside, around, rules)
    return at_margin(kind, margin), measures


def at_margin(row: str, margin: float) -> float:
    """The confidence that the table's row gives at a margin, which is cut to 0-1."""
    least, most = _AT_LIMIT_AND_SURE[row]
    return round(least + (most - least) * min(1.0, max(0.0, margin)), 3)


def _black(inside: Samples, rules: UsabilityRules) -> Weighed:
    p99 = max(s.luma_p99 for s in inside)
    detail = max(s.detail for s in inside)
    return {"luma_p99": round(p99, 2), "detail": round(detail, 3)}, 1 - detail / max(rules.black_detail, 1e-9)


def _uniform(inside: Samples, rules: UsabilityRules) -> Weighed:
    levels = max(s.luma_p99 - s.luma_p1 for s in inside)
    detail = max(float(np.median(s.tile_detail)) for s in inside)
    return {"luma_range": round(levels, 2), "median_detail": round(detail, 3)}, 1 - 2 * detail


def _corrupt(inside: Samples, rules: UsabilityRules) -> Weighed:
    """By the median picture that is damaged by itself: a run holds others between them."""
    shares = {
        "stopgap_share": ([s.grey_share for s in inside], rules.corrupt_share, 0.5),
        "smear_share": ([s.smear_share for s in inside], rules.corrupt_smear_share, 0.7),
        "grid_share": ([s.grid_share for s in inside], rules.corrupt_grid_share, 0.5),
    }
    measures, margin = {}, 0.0
    for name, (values, limit, sure) in shares.items():
        beyond = [value for value in values if value >= limit]
        measures[name] = round(float(np.median(beyond or values)), 3)
        if beyond:
            margin = max(margin, (measures[name] - limit) / max(sure - limit, 1e-9))
    return measures, margin


def _blurred(inside: Samples, rules: UsabilityRules) -> Weighed:
    widest = float(np.median([s.edge_px for s in inside]))
    return {"edge_px": round(widest, 2)}, widest / max(rules.blurred_edge_px, 1e-9) - 1


def _obstructed(inside: Samples, rules: UsabilityRules) -> Weighed:
    share = min(smooth_share(s, rules) for s in inside)
    measures = {
        "covered_share": round(share, 3),
        "median_detail": round(float(np.mean([np.median(s.tile_detail) for s in inside])), 3),
        "luma_mean": round(float(np.mean([s.luma_mean for s in inside])), 2),
        "light_detail": round(float(np.median([s.light_detail for s in inside])), 2),
        "free_side": float(np.mean([has_free_side(s, rules) for s in inside]) > _MOSTLY),
    }
    return measures, (share - rules.obstructed_share) / max(1 - rules.obstructed_share, 1e-9)


def _in_part(inside: Samples, around: Around, rules: UsabilityRules) -> tuple[float, dict[str, float]] | None:
    """Of a cover of part of the lens; None where most of the samples are covered whole."""
    whole = [smooth_share(s, rules) >= rules.obstructed_share for s in inside]
    first, last = inside[0].at_us, inside[-1].at_us
    samples = around.samples
    covers = [
        one for one in part_covers(samples, rules) if samples[one.first].at_us <= last and samples[one.last].at_us >= first
    ]
    if sum(whole) > _MOSTLY * len(whole) or not covers:
        return None
    cover = max(covers, key=lambda one: one.last - one.first)
    measures = {"covered_share": round(cover.share, 3), "is_part": 1.0, "moved": round(cover.moved, 2)}
    row = "covered in part" if cover.is_told else "covered in part, nothing moves"
    margin = (cover.share - rules.obstructed_part_share) / max(rules.obstructed_share - rules.obstructed_part_share, 1e-9)
    return at_margin(row, margin), measures


def _factor_of_light(measures: dict[str, float], rules: UsabilityRules) -> float:
    """A cover takes the light, and nothing on it is sharp, unless it leaves a side free; a wall, a road or a sky are bright,
    and hold sharp points in their midst."""
    bright = min(1.0, max(0.0, (measures["luma_mean"] - rules.obstructed_bright_luma) / _BRIGHT_SPAN))
    sharp = min(1.0, max(0.0, measures["light_detail"] / max(rules.obstructed_light_detail, 1e-9) - 0.5))
    if measures["free_side"]:
        sharp = 0.0
    return (1 - (1 - _BRIGHT_FACTOR) * bright) * (1 - (1 - _SHARP_FACTOR) * sharp)


def _frozen(inside: Samples, around: Around, rules: UsabilityRules) -> tuple[float, dict[str, float]]:
    compared = [s for s in inside[1:] if s.key_difference is not None]
    keys = [s for s in compared if (s.key_difference or 0.0) <= rules.frozen_recode_difference]
    agreeing = [s for s in keys if is_one_picture(s, rules)]
    exact = [s for s in inside[1:] if s.difference is not None and s.difference <= rules.frozen_difference]
    largest = max((s.key_difference or 0.0 for s in agreeing), default=0.0)
    is_running = _clock_runs(inside, rules)
    is_alive = len(around.samples) > len(inside) and _is_alive(inside, around, rules)
    measures = {
        "pairs": float(len(inside) - 1),
        "exact_pairs": float(len(exact)),
        "key_pairs": float(len(agreeing)),
        "largest_key_difference": round(largest, 5),
        "clock_runs": -1.0 if is_running is None else float(is_running),
    }
    margin = _margin_of_keys(agreeing, rules) if agreeing else _SETTLING_MARGIN if len(keys) > 1 else 0.0
    outside = [s for s in around.samples if not inside[0].at_us <= s.at_us <= inside[-1].at_us]
    if is_running is False and _clock_runs(outside, rules):
        return at_margin("clock stands", margin), measures
    if not is_alive:
        return at_margin("never alive", margin), measures
    return at_margin("clock runs" if is_running else "no clock", margin), measures


def _margin_of_keys(agreeing: Samples, rules: UsabilityRules) -> float:
    """The median: the first key frames of a run differ more than all later ones, since the encoder still settles."""
    limit = max(rules.frozen_key_difference, 1e-9)
    margins = []
    for sample in agreeing:
        difference = sample.key_difference or 0.0
        margins.append(1 - difference / limit if difference <= limit else max(sample.equal_share, _SETTLING_MARGIN))
    return float(np.median(margins))


def _is_alive(inside: Samples, around: Around, rules: UsabilityRules) -> bool:
    """Somewhere outside the run the camera showed what a standing picture does not: movement, or a sensor's noise."""
    first_us, last_us = inside[0].at_us, inside[-1].at_us
    outside = [s.difference for s in around.samples if not first_us <= s.at_us <= last_us and s.difference is not None]
    return any(difference > rules.frozen_key_difference for difference in outside)


def _clock_runs(samples: Samples, rules: UsabilityRules) -> bool | None:
    """Does something small in the strips change from second to second? None where that cannot be told.

    Two samples of one second show the same time; only pairs a second apart count.
    """
    changes = [
        later.strip_difference
        for earlier, later in pairwise(samples)
        if later.strip_difference is not None and later.at_us - earlier.at_us >= _CLOCK_US
    ]
    if not changes:
        return None
    return sum(change >= rules.strip_difference for change in changes) >= _RUNNING_SHARE * len(changes)
