"""Measures of sampled frames to spans of black, covered and frozen picture.

A span runs from the first defective sample to the end of the last defective sample's own display: what lies between
it and the next, good sample was not seen, and nothing is claimed about it. Whoever samples every step therefore errs
by at most one step, to the short side. A span counts when it can have lasted the minimum: up to the neighbouring good
samples, which lie a tenth of a second away where the edges were looked at again.

Each frame is at most one thing: black before covered before frozen. A covered lens and a black picture repeat
themselves too, and are not called frozen. Detail of a scene in the dark cannot be told from a lens half covered;
sharp points of light speak for an open lens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from bwc_audit.detectors.frozen import frozen_runs
from bwc_audit.detectors.picture import PictureMeasures
from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import us_of_seconds

Samples = Sequence[PictureMeasures]


def is_black(sample: PictureMeasures, rules: UsabilityRules) -> bool:
    """Nearly no light anywhere and nothing to see in it: a night scene has lights or shapes."""
    return sample.luma_p99 <= rules.black_luma_p99 and sample.detail <= rules.black_detail


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


def visual_runs(samples: Samples, rules: UsabilityRules) -> list[tuple[DefectKind, int, int]]:
    """Candidate runs ``(kind, first, last)`` of sample numbers, of any length, in order of time, disjoint."""
    kinds = [_kind_of(sample, rules) for sample in samples]
    for first, last in frozen_runs(samples, rules):
        for number in range(first, last + 1):
            kinds[number] = kinds[number] or DefectKind.FROZEN_VIDEO
    return list(_runs(kinds))


def candidate_runs(
    samples: Samples, rules: UsabilityRules, breaks_us: Sequence[int] = ()
) -> Iterator[tuple[Samples, int, int]]:
    """Runs ``(stretch, first, last)`` that can have lasted the minimum: worth a closer look at their edges."""
    minimum_us = us_of_seconds(rules.minimum_s)
    for stretch in _stretches(samples, breaks_us):
        for _, first, last in visual_runs(stretch, rules):
            if _possible_us(stretch, first, last) >= minimum_us:
                yield stretch, first, last


def visual_defects(samples: Samples, rules: UsabilityRules, breaks_us: Sequence[int] = ()) -> list[Defect]:
    """Defects of at least the minimum length. ``breaks_us``: times (ends of sampled stretches) no run may cross."""
    minimum_us = us_of_seconds(rules.minimum_s)
    defects = []
    for stretch in _stretches(samples, breaks_us):
        for kind, first, last in visual_runs(stretch, rules):
            if _possible_us(stretch, first, last) >= minimum_us:
                defects.append(_defect(kind, stretch, first, last, rules))
    return defects


def _possible_us(samples: Samples, first: int, last: int) -> int:
    """The longest that the run can have lasted: up to the neighbouring samples that were seen to be good."""
    begin = samples[first - 1].end_us if first else samples[first].at_us
    end = samples[last + 1].at_us if last + 1 < len(samples) else samples[last].end_us
    return end - begin


def _kind_of(sample: PictureMeasures, rules: UsabilityRules) -> DefectKind | None:
    if is_black(sample, rules):
        return DefectKind.BLACK_VIDEO
    return DefectKind.OBSTRUCTED_VIEW if is_obstructed(sample, rules) else None


def _runs(kinds: Sequence[DefectKind | None]) -> Iterator[tuple[DefectKind, int, int]]:
    first = 0
    for number in range(1, len(kinds) + 1):
        if number == len(kinds) or kinds[number] is not kinds[first]:
            kind = kinds[first]
            if kind is not None:
                yield kind, first, number - 1
            first = number


def _stretches(samples: Samples, breaks_us: Sequence[int]) -> Iterator[Samples]:
    begin = 0
    for at_us in [*sorted(breaks_us), None]:
        end = begin
        while end < len(samples) and (at_us is None or samples[end].at_us < at_us):
            end += 1
        if end > begin:
            yield samples[begin:end]
        begin = end


def _defect(kind: DefectKind, samples: Samples, first: int, last: int, rules: UsabilityRules) -> Defect:
    inside = samples[first : last + 1]
    measures, margin = _MEASURES[kind](inside, rules)
    measures["samples"] = float(len(inside))
    confidence = round(0.5 + 0.5 * min(1.0, max(0.0, margin)), 3)
    return Defect(kind, inside[0].at_us, inside[-1].end_us, confidence, measures)


def _black_measures(inside: Samples, rules: UsabilityRules) -> tuple[dict[str, float], float]:
    p99 = max(s.luma_p99 for s in inside)
    detail = max(s.detail for s in inside)
    return {"luma_p99": round(p99, 2), "detail": round(detail, 3)}, 1 - detail / max(rules.black_detail, 1e-9)


def _obstructed_measures(inside: Samples, rules: UsabilityRules) -> tuple[dict[str, float], float]:
    share = min(smooth_share(s, rules) for s in inside)
    detail = float(np.mean([np.median(s.tile_detail) for s in inside]))
    luma = float(np.mean([s.luma_mean for s in inside]))
    margin = (share - rules.obstructed_share) / max(1 - rules.obstructed_share, 1e-9)
    return {"smooth_share": round(share, 3), "median_detail": round(detail, 3), "luma_mean": round(luma, 2)}, margin


def _frozen_measures(inside: Samples, rules: UsabilityRules) -> tuple[dict[str, float], float]:
    keys = [s.key_difference for s in inside[1:] if s.key_difference is not None]
    agreeing = [difference for difference in keys if difference <= rules.frozen_key_difference]
    exact = [s for s in inside[1:] if s.difference is not None and s.difference <= rules.frozen_difference]
    measures = {
        "pairs": float(len(inside) - 1),
        "exact_pairs": float(len(exact)),
        "key_pairs": float(len(agreeing)),
        "largest_key_difference": round(max(agreeing, default=0.0), 5),
    }
    return measures, min(1.0, len(agreeing) / max(1, rules.frozen_pairs))


_MEASURES: dict[DefectKind, Callable[[Samples, UsabilityRules], tuple[dict[str, float], float]]] = {
    DefectKind.BLACK_VIDEO: _black_measures,
    DefectKind.OBSTRUCTED_VIEW: _obstructed_measures,
    DefectKind.FROZEN_VIDEO: _frozen_measures,
}
