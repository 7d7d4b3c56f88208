"""Which differences between officers or units chance alone would bring about: a rate against the number of assignments.

Limits around the rate of all of them, exact binomial ones, wider where there are fewer assignments. A point inside the
limits cannot be told from chance; a point outside says that something differs (calls, places, equipment, records), not what.
Nothing is ordered by its rate.

Source: D. J. Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in Medicine 24 (2005).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, sqrt

import numpy as np

from bwc_audit.domain.proportions import binomial_limits, signed_z
from bwc_audit.domain.rates import COUNTED, RateGroup

#: What can be compared; of the groups, those that people or places make.
FUNNEL_KEYS = ("officer", "unit")

#: One tail of the two pairs of limits: two-sided 95 % and 99.8 %.
_TAIL_95, _TAIL_998 = 0.025, 0.001

#: Fewer points than this do not tell whether they scatter more than chance.
LEAST_FOR_DISPERSION = 10
_WINSORISED = 0.1
#: What Winsorising so leaves of the variance of a normal distribution, so that chance alone comes out as 1.
_LEFT_OF_CHANCE = 0.678655

#: At most so many places at which limits are worked out for drawing.
_CURVE_STEPS = 160


class Place(StrEnum):
    """Where a point lies: inside the 95 % limits, between those and the 99.8 % ones, or outside both."""

    INSIDE = "inside"
    OUTSIDE_95 = "outside_95"
    OUTSIDE_998 = "outside_998"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the share at ``n`` assignments, 0..1."""

    n: int
    low_95: float
    high_95: float
    low_998: float
    high_998: float


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One officer or unit: ``k`` of ``n`` decided assignments, and where that lies. ``is_above``: over the common rate."""

    key: str
    k: int
    n: int
    place: Place
    is_above: bool

    @property
    def share(self) -> float:
        return self.k / self.n


@dataclass(frozen=True, slots=True)
class Funnel:
    """Rates of one grouping against their numbers. ``target``: the rate of all together, None where nothing was decided.

    ``dispersion``: Spiegelhalter's φ, mean square of the Winsorised standardised distances (1: chance alone), None for
    fewer than ``LEAST_FOR_DISPERSION`` points. ``is_widened``: φ is above ``1 + 2 sqrt(2 / points)``, more than chance,
    and all limits are ``sqrt(φ)`` times as far from the target. ``empty``: groups without a decided assignment, no points.
    Points stand in the order of their numbers of assignments.
    """

    by: str
    rate: str
    target: float | None
    k: int
    n: int
    points: tuple[FunnelPoint, ...]
    curve: tuple[Limits, ...]
    dispersion: float | None
    is_widened: bool
    empty: int

    def count(self, place: Place) -> int:
        """How many points lie there."""
        return sum(point.place is place for point in self.points)


def funnel_of(groups: Iterable[RateGroup], by: str, rate: str = "existence") -> Funnel:
    """The funnel of one counted rate over the groups of ``by``. Raises ``ValueError`` for another rate or grouping."""
    if by not in FUNNEL_KEYS or rate not in COUNTED:
        raise ValueError(f"a funnel compares {' or '.join(FUNNEL_KEYS)} by one of {', '.join(COUNTED)}")
    rates = [(group.key, group.rate(rate)) for group in groups]
    found = [(key, int(one.k), int(one.n)) for key, one in rates if one.n]
    k, n = sum(part for _, part, _ in found), sum(whole for _, _, whole in found)
    empty = len(rates) - len(found)
    if not n:
        return Funnel(by, rate, None, 0, 0, (), (), None, False, empty)
    target = k / n
    dispersion = _dispersion([signed_z(part / whole, whole, target) for _, part, whole in found])
    is_widened = dispersion is not None and dispersion > 1 + 2 * sqrt(2 / len(found))
    stretch = sqrt(dispersion) if dispersion is not None and is_widened else 1.0
    at = {whole: _limits(whole, target, stretch) for whole in {whole for _, _, whole in found}}
    points = [_point(key, part, whole, target, at[whole]) for key, part, whole in found]
    return Funnel(
        by=by,
        rate=rate,
        target=target,
        k=k,
        n=n,
        points=tuple(sorted(points, key=lambda point: (point.n, point.k, point.key))),
        curve=tuple(_limits(whole, target, stretch) for whole in _steps(max(at))),
        dispersion=dispersion,
        is_widened=is_widened,
        empty=empty,
    )


def _point(key: str, k: int, n: int, target: float, limits: Limits) -> FunnelPoint:
    share = k / n
    if share < limits.low_998 or share > limits.high_998:
        place = Place.OUTSIDE_998
    elif share < limits.low_95 or share > limits.high_95:
        place = Place.OUTSIDE_95
    else:
        place = Place.INSIDE
    return FunnelPoint(key, k, n, place, share > target)


def _limits(n: int, target: float, stretch: float) -> Limits:
    pairs = (*binomial_limits(n, target, _TAIL_95), *binomial_limits(n, target, _TAIL_998))
    return Limits(n, *(min(1.0, max(0.0, target + stretch * (limit - target))) for limit in pairs))


def _dispersion(distances: Sequence[float]) -> float | None:
    """Spiegelhalter 2005, section 4.2: the outermost tenth on each side counts as if it lay at its inner edge, so that a few
    unusual points do not hide themselves by widening the limits."""
    if len(distances) < LEAST_FOR_DISPERSION:
        return None
    low, high = np.quantile(distances, (_WINSORISED, 1 - _WINSORISED))
    return float(np.mean(np.clip(distances, low, high) ** 2)) / _LEFT_OF_CHANCE


def _steps(most: int) -> list[int]:
    """Numbers from 1 to ``most``: every small one, then ever wider apart, since the limits bend where numbers are small."""
    factor = max(1.0, most ** (1 / _CURVE_STEPS))
    steps, at = [1], 1.0
    while steps[-1] < most:
        at = max(at * factor, at + 1 if at < _CURVE_STEPS / 4 else at + most / _CURVE_STEPS)
        steps.append(min(most, ceil(at)))
    return steps
