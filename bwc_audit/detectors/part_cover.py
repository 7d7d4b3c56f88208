"""Where a part of the lens is covered, by the samples' measures alone: a finger, a lapel, the edge of a jacket.

What covers a part of the lens shows no detail, reaches to a side of the picture, keeps its place in it whatever the camera
does, and comes or goes while the rest of the scene stays as it was. A wall or a sky that the wearer turns to comes with
another scene, and wanders through the picture; a dashboard, a door frame or the dark side of a room was there before. So
three things are asked for: a region without detail that all samples of a run share; detail in its place shortly before the
run or shortly after it; and the same scene beside it at that moment.

Not known here: a cover that is there from the first sample to the last (it looks like a part of the scene), one that comes
and goes with a cut or a turn, one by night, one that is bright or keeps its own sharp folds. Where the rest of the picture
does not move during the run, whatever came (a door, a box, a person's back) may stand in the scene: ``moved`` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

import cv2
import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.measures import THUMBNAIL_PX, PictureMeasures
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import us_of_seconds

Samples = Sequence[PictureMeasures]
Mask = NDArray[np.bool_]

#: A run goes on while the region that all its samples share takes this much of what is asked for; and is one cover only
#: where nearly all share this much of what each shows: the edge of a wall wanders, the edge of a cover does not.
_SHARED, _STEADY, _NEARLY_ALWAYS = 0.8, 0.7, 0.8
#: What belongs to the cover, its coming and going apart: cells without detail in so many of the samples.
_USUAL = 0.5
#: Brighter parts are a sky or a lit wall: what lies on a lens takes the light.
_BRIGHTEST = 160
#: In an open picture this much of the region's place shows detail, or is so many levels (luma) brighter or darker.
_OPEN, _OTHER_LUMA = 0.6, 28.0
#: Levels (luma) by which the rest may differ, on average, between an open and a covered picture of one scene; and by
#: which it must differ somewhere inside the run to have moved.
_SAME_SCENE, _MOVED = 14.0, 8.0


@dataclass(frozen=True, slots=True)
class PartCover:
    """Samples ``first`` to ``last`` share a cover of ``share`` of the picture (median of the run, 0-1); ``moved``: luma by
    which the rest of the picture differs most from its beginning."""

    first: int
    last: int
    share: float
    moved: float

    @property
    def is_told(self) -> bool:
        """The rest of the scene moved, and what covers it did not."""
        return self.moved >= _MOVED


def part_covers(samples: Samples, rules: UsabilityRules) -> list[PartCover]:
    """Runs of samples that share a cover of part of the lens, in order of time, disjoint; ``samples`` ascending.

    With ``obstructed_apart_s`` infinite, an open picture at any distance and of any scene will do: reason to look closer.
    """
    regions = [_region(sample, rules) for sample in samples]
    found = []
    for first, last, shared in _sharing(regions, rules.obstructed_part_share * _SHARED):
        inside = np.array(regions[first : last + 1])
        share = float(np.median(inside.mean(axis=(1, 2))))
        core = _settled(samples[first : last + 1], inside, rules).mean(axis=0) >= _NEARLY_ALWAYS
        is_steady = core.mean() >= _STEADY * share or rules.obstructed_apart_s == inf
        if share < rules.obstructed_part_share or not is_steady:
            continue
        beside = _beside(inside.mean(axis=0) >= _USUAL)
        if _came_or_went(samples, first, last, (shared, beside), rules):
            begun = samples[first].thumbnail
            moved = max(_apart(begun, one.thumbnail, beside) for one in samples[first : last + 1])
            found.append(PartCover(first, last, share, moved))
    return found


def _region(sample: PictureMeasures, rules: UsabilityRules) -> Mask:
    """The largest connected region without detail that reaches a side of the picture; nothing of a night or bright one."""
    smooth = sample.tile_detail < rules.obstructed_detail
    if sample.luma_mean < rules.obstructed_night_luma / 2 or smooth.mean() < rules.obstructed_part_share * _SHARED:
        return np.zeros_like(smooth)
    luma = _resized(sample.thumbnail, smooth.shape)
    smooth &= luma < _BRIGHTEST
    _, labels = cv2.connectedComponents(smooth.astype(np.uint8), connectivity=4)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    at_side = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    best = int(at_side[np.argmax(sizes[at_side])])
    return np.asarray(labels == best) if best else np.zeros_like(smooth)


def _sharing(regions: Sequence[Mask], least: float) -> Iterator[tuple[int, int, Mask]]:
    """Longest runs of samples whose regions have at least this share of the picture in common, and what that is."""
    first = 0
    while first < len(regions):
        shared, last = regions[first], first
        while last + 1 < len(regions) and regions[last + 1].shape == shared.shape:
            both = shared & regions[last + 1]
            if both.mean() < least:
                break
            shared, last = both, last + 1
        if shared.any() and shared.mean() >= least:
            yield first, last, shared
        first = last + 1


def _settled(run: Samples, inside: Mask, rules: UsabilityRules) -> Mask:
    """The regions of a run without those of its first and last moments, in which it comes and goes, where any are left."""
    from_us, to_us = run[0].at_us, run[-1].at_us
    apart_us = 0 if rules.obstructed_apart_s == inf else us_of_seconds(rules.obstructed_apart_s)
    places = [place for place, one in enumerate(run) if from_us + apart_us <= one.at_us <= to_us - apart_us]
    return inside[places] if places else inside


def _came_or_went(samples: Samples, first: int, last: int, shared_beside: tuple[Mask, Mask], rules: UsabilityRules) -> bool:
    """Was the place open just before the run or just after it, with the same scene beside it?"""
    before, after = range(first - 1, -1, -1), range(last + 1, len(samples))
    return _was_open(samples, before, samples[first], shared_beside, rules) or _was_open(
        samples, after, samples[last], shared_beside, rules
    )


def _was_open(
    samples: Samples, places: range, covered: PictureMeasures, shared_beside: tuple[Mask, Mask], rules: UsabilityRules
) -> bool:
    shared, beside = shared_beside
    is_any = rules.obstructed_apart_s == inf
    apart_us = 0 if is_any else us_of_seconds(rules.obstructed_apart_s)
    for place in places[:1] if is_any else places:
        sample = samples[place]
        if not is_any and abs(sample.at_us - covered.at_us) > apart_us:
            return False
        if sample.tile_detail.shape != shared.shape:
            return False
        if _open_share(sample, covered, shared, rules) >= _OPEN:
            return is_any or _apart(sample.thumbnail, covered.thumbnail, beside) <= _SAME_SCENE
    return False


def _open_share(sample: PictureMeasures, covered: PictureMeasures, shared: Mask, rules: UsabilityRules) -> float:
    """How much of the place shows something else than the covered picture does there: detail, or another brightness."""
    change = np.abs(sample.thumbnail.astype(np.float32) - covered.thumbnail)
    is_other = np.asarray(cv2.resize(change, shared.shape[::-1], interpolation=cv2.INTER_NEAREST)) >= _OTHER_LUMA
    return float(((sample.tile_detail >= rules.obstructed_detail) | is_other)[shared].mean())


def _beside(shared: Mask) -> Mask:
    """The parts of a thumbnail that neither a region nor its soft edge reaches."""
    wide = cv2.dilate(_resized(shared.astype(np.uint8), (THUMBNAIL_PX, THUMBNAIL_PX)), np.ones((3, 3), np.uint8))
    return np.asarray(wide == 0)


def _apart(one: NDArray[np.uint8], other: NDArray[np.uint8], where: Mask) -> float:
    """Mean difference of two thumbnails there, luma; 0 where nothing is left to compare."""
    return float(np.abs(one.astype(np.float32) - other)[where].mean()) if where.any() else 0.0


def _resized(cells: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(cells, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
