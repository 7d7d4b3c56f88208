"""Is the picture turned or mirrored from some moment on? Information: a turned picture can still be seen.

The container's own request to turn the picture is a fact. A turn inside the recording is claimed only where the frames
on both sides of one moment are unlike as they stand and alike when one of them is turned, and where it stays so. Of a
walking camera two frames a second apart are as often unlike as not, so only frames close together are compared: those
of a deep look. Two neighbouring samples further apart that are nearly one picture turned are a doubt, never a claim. A
camera that turns slowly, a turn by a quarter that shows other parts of the scene, a scene that looks alike upside down,
and most turns between samples further apart show nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bwc_audit.detectors.confidence import at_margin
from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.measures import Measures, PictureMeasures
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import us_of_seconds

_MIRROR = -1
#: A turned picture must be this much more alike than the one that stands.
_AHEAD = 0.4
#: Thumbnails must hold this much contrast (standard deviation, luma) on both sides: a few lamps look alike any way up.
_LEAST_CONTRAST = 16.0
#: So much must one of two samples far apart, turned, be like the other to be doubtful.
_SUSPECT = 0.85
#: Pairs that are looked at together, and what sums in another order may differ by.
_TOGETHER, _ROUNDING = 1000, 1e-6

Pair = tuple[PictureMeasures, PictureMeasures]


def turns(measures: Measures, rules: UsabilityRules) -> Iterator[Defect]:
    """``rotated_view``: of the whole file as the container says, and of spans that begin with a turn."""
    if measures.rotation_degrees or measures.is_mirrored:
        told = {"rotation_degrees": float(measures.rotation_degrees), "is_mirrored": float(measures.is_mirrored)}
        yield Defect(DefectKind.ROTATED_VIEW, 0, max(1, measures.lengths.held_us), 1.0, told)
    yield from _suspicions(measures.pictures, rules)
    began: tuple[int, int, float] | None = None
    samples = measures.pictures
    for number in range(1, len(samples)):
        found = _turn(samples[number - 1], samples[number], rules)
        if found is None:
            continue
        if began is not None:
            yield from _span(samples, began, number - 1, rules)
            began = None
        else:
            began = (number, *found)
    if began is not None:
        yield from _span(samples, began, len(samples) - 1, rules)


def _suspicions(samples: Sequence[PictureMeasures], rules: UsabilityRules) -> Iterator[Defect]:
    """Between two samples too far apart to claim it the picture may have turned: with a confidence that claims nothing."""
    apart_us = us_of_seconds(rules.rotated_apart_s)
    apart = [pair for pair in pairwise(samples) if pair[1].at_us - pair[0].at_us > apart_us]
    for before, after in _perhaps_turned(apart, _SUSPECT):
        found = _turned(before.thumbnail, after.thumbnail, _SUSPECT)
        if found is not None:
            told = {"rotation_degrees": float(max(0, found[0]) * 90), "likeness": found[1]}
            confidence = at_margin("turned, far apart", (found[1] - _SUSPECT) / (1 - _SUSPECT))
            yield Defect(DefectKind.ROTATED_VIEW, before.at_us, after.end_us, confidence, told)


def _span(
    samples: Sequence[PictureMeasures], began: tuple[int, int, float], last: int, rules: UsabilityRules
) -> Iterator[Defect]:
    first, turn, likeness = began
    start_us, end_us = samples[first].at_us, samples[last].end_us
    if end_us - start_us < us_of_seconds(rules.minimum_s):
        return
    margin = (likeness - rules.rotated_likeness) / max(1 - rules.rotated_likeness, 1e-9)
    told = {"rotation_degrees": float(max(0, turn) * 90), "is_mirrored": float(turn == _MIRROR), "likeness": likeness}
    yield Defect(DefectKind.ROTATED_VIEW, start_us, end_us, at_margin(DefectKind.ROTATED_VIEW, margin), told)


def is_turn(before: PictureMeasures, after: PictureMeasures, rules: UsabilityRules) -> bool:
    """Does the picture turn or mirror itself between the two?"""
    return _turn(before, after, rules) is not None


def _turn(before: PictureMeasures, after: PictureMeasures, rules: UsabilityRules) -> tuple[int, float] | None:
    """The turn between two samples (quarter turns, or the mirror) and how alike they are then; None: no turn."""
    if after.at_us - before.at_us > us_of_seconds(rules.rotated_apart_s):
        return None
    return _turned(before.thumbnail, after.thumbnail, rules.rotated_likeness)


def _turned(before: NDArray[np.uint8], after: NDArray[np.uint8], least: float) -> tuple[int, float] | None:
    """The turn that makes two thumbnails alike by at least ``least``, while they are unlike as they stand."""
    if min(float(np.std(before)), float(np.std(after))) < _LEAST_CONTRAST:
        return None
    if _likeness(before, after) >= least - _AHEAD:
        return None
    tried = {quarter: _likeness(np.rot90(before, -quarter), after) for quarter in (1, 2, 3)}
    tried[_MIRROR] = _likeness(np.fliplr(before), after)
    turn = max(tried, key=lambda one: tried[one])
    return (turn, round(tried[turn], 3)) if tried[turn] >= least else None


def _perhaps_turned(pairs: Sequence[Pair], least: float) -> Iterator[Pair]:
    """The pairs that ``_turned`` may call turned, found by one product over all of them: nearly no pair is."""
    for first in range(0, len(pairs), _TOGETHER):
        part = pairs[first : first + _TOGETHER]
        before, after = (_normal([pair[side].thumbnail for pair in part]) for side in (0, 1))
        seen = [np.rot90(before, quarter, axes=(1, 2)) for quarter in (1, 2, 3)] + [before[:, :, ::-1]]
        best = np.max([np.einsum("nij,nij->n", one, after) for one in seen], axis=0)
        for place in np.flatnonzero(best >= least - _ROUNDING).tolist():
            yield part[place]


def _normal(thumbnails: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Each without its mean and of length one (0 where it shows nothing): products of two are their likeness."""
    centred = np.array(thumbnails, np.float64)
    centred -= centred.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.einsum("nij,nij->n", centred, centred))
    return np.asarray(centred / np.where(length > 0, length, 1.0)[:, None, None], np.float64)


def _likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Correlation of two thumbnails, -1 to 1; 1 where neither shows anything."""
    first, second = (np.asarray(each, np.float64) - np.mean(each) for each in (one, other))
    scale = float(np.sqrt(np.sum(first * first) * np.sum(second * second)))
    return float(np.sum(first * second)) / scale if scale > 0 else 1.0
