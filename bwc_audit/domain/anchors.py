"""From clock differences between pairs of cameras to one offset for each: consistent, or none.

Every pair measured says how far one clock is ahead of another. Around a closed ring of cameras these must add up to
zero; where they do not, one of them is wrong and it is not known which, so the whole group gets no offset. Offsets are
relative to the first camera of a group: which of them is right, if any, is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class PairLag:
    """The clock of ``other`` is ahead of that of ``one`` by ``lag_us`` ± ``uncertainty_us`` (more than 0)."""

    one: str
    other: str
    lag_us: int
    uncertainty_us: int


@dataclass(frozen=True, slots=True)
class RelativeOffsets:
    """One group of cameras that are connected by pairs.

    ``offset_us`` by camera, ahead of ``reference`` (which has 0); None where the pairs contradict each other.
    ``residuals``: each pair with what it differs from the offsets, microseconds. ``checks``: pairs beyond those that the
    offsets need; 0: nothing speaks for them but the pairs themselves.
    """

    reference: str
    cameras: tuple[str, ...]
    offset_us: dict[str, int] | None
    residuals: tuple[tuple[PairLag, int], ...]
    checks: int


def relative_offsets(pairs: Iterable[PairLag]) -> tuple[RelativeOffsets, ...]:
    """Groups in order of their first camera (by name), each solved by least squares weighted by 1/uncertainty².

    A group contradicts itself where any residual is larger than its pair's uncertainty. Pairs of a camera with itself are
    left out. The answer does not depend on the order of the pairs.
    """
    kept = sorted((pair for pair in pairs if pair.one != pair.other), key=_order)
    return tuple(_solved(cameras, [pair for pair in kept if pair.one in cameras]) for cameras in _groups(kept))


def _order(pair: PairLag) -> tuple[str, str, int, int]:
    return pair.one, pair.other, pair.lag_us, pair.uncertainty_us


def _groups(pairs: Sequence[PairLag]) -> list[tuple[str, ...]]:
    """Cameras that are connected by pairs, sorted."""
    near: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        near[pair.one].add(pair.other)
        near[pair.other].add(pair.one)
    groups, left = [], set(near)
    for first in sorted(near):
        if first not in left:
            continue
        group, todo = {first}, [first]
        while todo:
            found = near[todo.pop()] - group
            group |= found
            todo += found
        left -= group
        groups.append(tuple(sorted(group)))
    return groups


def _solved(cameras: tuple[str, ...], pairs: list[PairLag]) -> RelativeOffsets:
    place = {camera: index for index, camera in enumerate(cameras)}
    design = np.zeros((len(pairs), len(cameras)))
    rows = np.arange(len(pairs))
    weights = np.array([1 / max(1, pair.uncertainty_us) for pair in pairs])
    design[rows, [place[pair.other] for pair in pairs]] = weights
    design[rows, [place[pair.one] for pair in pairs]] = -weights
    lags = np.array([float(pair.lag_us) for pair in pairs])
    solution, *_ = np.linalg.lstsq(design[:, 1:], lags * weights, rcond=None)
    offsets = {camera: round(offset) for camera, offset in zip(cameras, [0.0, *solution.tolist()], strict=True)}
    residuals = tuple((pair, pair.lag_us - (offsets[pair.other] - offsets[pair.one])) for pair in pairs)
    is_consistent = all(abs(rest_us) <= pair.uncertainty_us for pair, rest_us in residuals)
    return RelativeOffsets(
        reference=cameras[0],
        cameras=cameras,
        offset_us=offsets if is_consistent else None,
        residuals=residuals,
        checks=len(pairs) - (len(cameras) - 1),
    )
