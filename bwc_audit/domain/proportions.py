"""Intervals of shares: Wilson's for counts, one for ratios of measured time, and the quantiles both need.

What is counted (``k`` of ``n`` assignments) has Wilson's interval. Seconds are no independent trials: a ratio of sums over
clusters has Wilson's interval at its *effective number* of clusters, the number of independent trials that would leave the
ratio as uncertain as the clusters do.
"""

from __future__ import annotations

from math import copysign, inf, pi, sqrt, tan

import numpy as np
from numpy.typing import NDArray

#: Two-sided 95 % quantile of the normal distribution.
Z_95 = 1.959963984540054

#: Below so many clusters an estimated variance is not believed where it says *more* certain than as many plain trials.
FEW_CLUSTERS = 100


def wilson_interval(k: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Wilson score interval of a proportion, bounds in 0..1. Requires ``0 <= k <= n`` and ``n > 0``.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if not 0 <= k <= n or n <= 0:
        raise ValueError(f"no proportion: {k} of {n}")
    return _wilson(k / n, n, z)


def _wilson(share: float, n: float, z: float = Z_95) -> tuple[float, float]:
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def effective_interval(share: float, effective_n: float) -> tuple[float, float]:
    """Wilson's interval of a share that rests on ``effective_n`` independent trials (> 0, need not be whole; infinite:
    nothing was left to chance, and the interval is the share itself)."""
    return (share, share) if effective_n == inf else _wilson(share, effective_n)


def ratio_interval(part: float, whole: float, clusters: int, squares: float, residuals: float) -> tuple[float, float] | None:
    """95 % interval of the ratio ``part / whole`` of two sums over clusters; None below two clusters or without a whole.

    ``squares``: sum of the squared wholes of the clusters; ``residuals``: sum over clusters of
    ``((part_i - share * whole_i) / (1 - whole_i / whole))²``, so that ``(clusters - 1) / clusters * residuals / whole²`` is
    the delete-one jackknife variance of the ratio (B. Efron, C. Stein, Annals of Statistics 9, 1981; to first order the
    linearised one of W. G. Cochran, *Sampling Techniques*, 3rd ed. 1977, section 6.4).
    ``share (1 - share) / variance`` is the effective number of trials, times
    ``(z / t)²`` for the degrees of freedom (E. L. Korn, B. I. Graubard, Survey Methodology 24, 1998); Wilson's interval at
    that number (N. Dean, M. Pagano, J. Survey Statistics and Methodology 3, 2015). Where the clusters do not vary, or are
    fewer than ``FEW_CLUSTERS``, the number is at most ``whole² / squares``: L. Kish's number of equally long clusters.
    """
    if clusters < 2 or whole <= 0:
        return None
    share = part / whole
    variance = (clusters - 1) / clusters * residuals / (whole * whole)
    equal = whole * whole / squares
    adjusted = (Z_95 / t_95(clusters - 1)) ** 2
    spread = share * (1 - share)
    effective = spread / variance * adjusted if variance > 0 and spread > 0 else equal
    if clusters < FEW_CLUSTERS:
        effective = min(effective, equal)
    return _wilson(share, effective)


def t_95(freedom: int) -> float:
    """Two-sided 95 % quantile of Student's t; ``freedom`` of at least 1.

    Exact for 1 and 2, else the expansion of Abramowitz and Stegun 26.7.5: within 0.13 % from 3 on, 0.01 % from 6 on.
    """
    if freedom < 1:
        raise ValueError(f"no degrees of freedom: {freedom}")
    if freedom == 1:
        return tan(0.475 * pi)
    if freedom == 2:
        return 0.95 * sqrt(2 / (1 - 0.95**2))
    z = Z_95
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, 1))


def binomial_limits(n: int, share: float, tail: float) -> tuple[float, float]:
    """Limits of ``k / n`` for a binomial of ``n`` trials: below the first and above the second lies a ``k`` exactly where
    chance leads so far out (or further, on that side) with probability ``tail`` or less.

    ``n >= 1``, ``share`` in 0..1, ``tail`` in 0..0.5. Between whole counts the limits run as straight as the probability
    does: the interpolation of D. J. Spiegelhalter, Statistics in Medicine 24 (2005), appendix A.1.1, done for each tail by
    itself, since from one side it would call a full count unusual where it is likely.
    """
    if share <= 0 or share >= 1:
        return float(share > 0), float(share > 0)
    return _lower_limit(n, share, tail), 1 - _lower_limit(n, 1 - share, tail)


def _lower_limit(n: int, share: float, tail: float) -> float:
    first, below = _binomial_below(n, share)
    at = int(np.searchsorted(below, tail, side="right"))
    if at == 0:
        return first / n
    return float((first + at - 1 + (tail - below[at - 1]) / (below[at] - below[at - 1])) / n)


def _binomial_below(n: int, share: float) -> tuple[int, NDArray[np.float64]]:
    """(first count, probability of at most each count from there on), over all counts that can practically occur."""
    middle, reach = n * share, 12 * sqrt(n * share * (1 - share)) + 40
    first, last = max(0, int(middle - reach)), min(n, int(middle + reach) + 1)
    counts = np.arange(first, last + 1, dtype=np.float64)
    # Steps between neighbouring probabilities: log((n - k + 1) / k · p / q), summed from the first count on.
    steps = np.log((n - counts[1:] + 1) / counts[1:]) + np.log(share / (1 - share))
    logs = np.concatenate(([0.0], np.cumsum(steps)))
    chances = np.exp(logs - logs.max())
    return first, np.cumsum(chances) / chances.sum()


def signed_z(share: float, n: float, target: float) -> float:
    """How many standard errors a share of ``n`` trials lies above ``target`` (0..1); infinite where there is none."""
    if share == target:
        return 0.0
    error = sqrt(target * (1 - target) / n)
    return (share - target) / error if error else copysign(inf, share - target)
