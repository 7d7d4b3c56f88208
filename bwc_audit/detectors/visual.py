"""Measures of sampled frames to spans of black, uniform, covered, damaged, frozen and unsharp picture.

A span runs from the first defective sample to the end of the last defective sample's own display: what lies between
it and the next, good sample was not seen, and nothing is claimed about it. Whoever samples every step therefore errs
by at most one step, to the short side. A span counts when it can have lasted the minimum: up to the neighbouring good
samples, which lie a tenth of a second away where the edges were looked at again.

Each frame is at most one thing: what it shows by itself (``states``), then frozen, then out of focus. A covered lens
and a black picture repeat themselves too, and are not called frozen. Detail of a scene in the dark cannot be told from
a lens half covered; sharp points of light speak for an open lens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from math import inf

from bwc_audit.detectors.confidence import Around, weighed
from bwc_audit.detectors.frozen import frozen_runs
from bwc_audit.detectors.part_cover import part_covers
from bwc_audit.detectors.states import is_black, is_blurred, is_dark, is_obstructed, own_kind, smooth_share
from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.measures import PictureMeasures
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import us_of_seconds

Samples = Sequence[PictureMeasures]

__all__ = [
    "breaks_between",
    "candidate_runs",
    "dark_spans",
    "is_black",
    "is_obstructed",
    "kinds_of",
    "smooth_share",
    "visual_defects",
    "visual_runs",
]


def kinds_of(samples: Samples, rules: UsabilityRules) -> list[DefectKind | None]:
    """The state of each sample, None where nothing is wrong; ``samples`` ascending, at any distance from each other."""
    kinds = _joined_damage(samples, [own_kind(sample, rules) for sample in samples], rules)
    for first, last in frozen_runs(samples, rules):
        for number in range(first, last + 1):
            kinds[number] = kinds[number] or DefectKind.FROZEN_VIDEO
    kinds = [
        kind or (DefectKind.BLURRED_VIEW if is_blurred(sample, rules) else None)
        for kind, sample in zip(kinds, samples, strict=True)
    ]
    return _partly_covered(samples, _one_cover(samples, kinds, rules), rules)


def _partly_covered(samples: Samples, kinds: list[DefectKind | None], rules: UsabilityRules) -> list[DefectKind | None]:
    """Samples in which nothing else is wrong and a part of the lens is covered."""
    for cover in part_covers(samples, rules):
        for number in range(cover.first, cover.last + 1):
            kinds[number] = kinds[number] or DefectKind.OBSTRUCTED_VIEW
    return kinds


def _one_cover(samples: Samples, kinds: list[DefectKind | None], rules: UsabilityRules) -> list[DefectKind | None]:
    """A smooth picture is covered or out of focus by its few strong edges, which come and go with what moves beside a
    cover: a row of such pictures is, all of it, what most of them are."""
    agreed = list(kinds)
    either = (DefectKind.OBSTRUCTED_VIEW, DefectKind.BLURRED_VIEW)
    is_smooth = [
        kind in either and smooth_share(sample, rules) >= rules.obstructed_share
        for kind, sample in zip(kinds, samples, strict=True)
    ]
    first = 0
    for smooth, row in groupby(is_smooth):
        behind = first + len(list(row))
        if smooth:
            covered = kinds[first:behind].count(DefectKind.OBSTRUCTED_VIEW)
            agreed[first:behind] = [either[2 * covered < behind - first]] * (behind - first)
        first = behind
    return agreed


def _joined_damage(samples: Samples, kinds: list[DefectKind | None], rules: UsabilityRules) -> list[DefectKind | None]:
    """Damage comes and goes from picture to picture: what lies between two damaged ones in a row of seconds is damaged."""
    damaged = [number for number, kind in enumerate(kinds) if kind is DefectKind.CORRUPT_PICTURE]
    joined = list(kinds)
    for before, after in pairwise(damaged):
        if samples[after].at_us - samples[before].at_us <= us_of_seconds(rules.corrupt_join_s):
            joined[before:after] = [DefectKind.CORRUPT_PICTURE] * (after - before)
    return joined


def breaks_between(samples: Samples, max_apart_us: int) -> list[int]:
    """Times of samples that follow the one before at more than ``max_apart_us``: no run reaches across. 0: none."""
    if max_apart_us <= 0:
        return []
    return [later.at_us for earlier, later in pairwise(samples) if later.at_us - earlier.at_us > max_apart_us]


def visual_runs(samples: Samples, rules: UsabilityRules) -> list[tuple[DefectKind, int, int]]:
    """Candidate runs ``(kind, first, last)`` of sample numbers, of any length, in order of time, disjoint."""
    return list(_runs(kinds_of(samples, rules)))


def candidate_runs(
    samples: Samples, rules: UsabilityRules, breaks_us: Sequence[int] = (), *, max_apart_us: int = 0
) -> Iterator[tuple[Samples, int, int]]:
    """Runs ``(stretch, first, last)`` that can have lasted the minimum: worth a closer look at their edges.

    Two samples far apart that repeat one picture are too few to call it frozen, and reason enough to look between them; so
    is a place in the picture that lost its detail, whatever else changed.
    """
    minimum_us = us_of_seconds(rules.minimum_s)
    rules = replace(rules, frozen_pairs=1, obstructed_apart_s=inf)
    for stretch in _stretches(samples, [*breaks_us, *breaks_between(samples, max_apart_us)]):
        for _, first, last in visual_runs(stretch, rules):
            if _possible_us(stretch, first, last) >= minimum_us:
                yield stretch, first, last


def visual_defects(samples: Samples, rules: UsabilityRules, breaks_us: Sequence[int] = ()) -> list[Defect]:
    """Defects of at least the minimum length. ``breaks_us``: times (ends of sampled stretches) no run may cross."""
    minimum_us = us_of_seconds(rules.minimum_s)
    around = Around(samples)
    defects = []
    for stretch in _stretches(samples, breaks_us):
        for kind, first, last in visual_runs(stretch, rules):
            if _possible_us(stretch, first, last) >= minimum_us:
                inside = stretch[first : last + 1]
                confidence, measures = weighed(kind, inside, around, rules)
                measures["samples"] = float(len(inside))
                defects.append(Defect(kind, inside[0].at_us, inside[-1].end_us, confidence, measures))
    return defects


def dark_spans(samples: Samples, rules: UsabilityRules, breaks_us: Sequence[int] = ()) -> Iterator[Defect]:
    """``low_light``, information: spans of dark picture in which nothing is wrong, of at least the minimum length."""
    minimum_us = us_of_seconds(rules.minimum_s)
    for stretch in _stretches(samples, breaks_us):
        kinds = kinds_of(stretch, rules)
        dark = [
            DefectKind.LOW_LIGHT if kind is None and is_dark(sample, rules) else None
            for kind, sample in zip(kinds, stretch, strict=True)
        ]
        for kind, first, last in _runs(dark):
            inside = stretch[first : last + 1]
            if inside[-1].end_us - inside[0].at_us >= minimum_us:
                luma = max(sample.luma_mean for sample in inside)
                yield Defect(kind, inside[0].at_us, inside[-1].end_us, 1.0, {"luma_mean": round(luma, 2)})


def _possible_us(samples: Samples, first: int, last: int) -> int:
    """The longest that the run can have lasted: up to the neighbouring samples that were seen to be good."""
    begin = samples[first - 1].end_us if first else samples[first].at_us
    end = samples[last + 1].at_us if last + 1 < len(samples) else samples[last].end_us
    return end - begin


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
