"""Published rates: ``k / n`` with its interval, its exclusion waterfall and its sensitivity band.

Several defined rates, never one. The denominator of each is the decided assignments (``covered`` and ``findings``);
pending and unknown ones enter the band only: counted all bad (``band_low``), then all good (``band_high``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome
from bwc_audit.domain.times import SECOND_US, iso_utc

#: Two-sided 95 % quantile of the normal distribution.
Z_95 = 1.959963984540054

GROUP_KEYS = ("officer", "unit", "call_type", "month")


def wilson_interval(k: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Wilson score interval of a proportion, bounds in 0..1. Requires ``0 <= k <= n`` and ``n > 0``.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if not 0 <= k <= n or n <= 0:
        raise ValueError(f"no proportion: {k} of {n}")
    share = k / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class Rate:
    """One defined rate. Shares are 0..1; None where ``n`` is 0. ``k`` and ``n`` count assignments, or seconds where
    ``unit`` is *seconds*; seconds are no independent trials, so those carry no interval (``low``, ``high`` None)."""

    name: str
    unit: str
    k: float
    n: float
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None

    @property
    def share(self) -> float | None:
        return self.k / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class RateGroup:
    """All rates of the assignments that share a key (``all`` for the whole period)."""

    key: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class RateTable:
    """The waterfall, in its fixed order with zeros, and the groups; ``assignments`` = excluded + in scope."""

    assignments: int
    waterfall: tuple[tuple[Bucket, int], ...]
    in_scope: int
    decided: int
    pending: int
    unknown: int
    groups: tuple[RateGroup, ...]


def rate_table(results: Sequence[AssignmentResult], by: str | None = None) -> RateTable:
    """Rates of all results, and of each group of ``by`` (one of ``GROUP_KEYS``). Raises ``ValueError`` for another key."""
    groups = [_group("all", results)]
    if by is not None:
        keys = sorted({_key_of(result, by) for result in results})
        groups += [_group(key, [result for result in results if _key_of(result, by) == key]) for key in keys]
    count = [result.outcome for result in results].count
    waterfall = tuple((bucket, sum(result.reason == bucket for result in results)) for bucket in Bucket)
    excluded = count(Outcome.EXCLUDED)
    return RateTable(
        assignments=len(results),
        waterfall=waterfall,
        in_scope=len(results) - excluded,
        decided=count(Outcome.COVERED) + count(Outcome.FINDINGS),
        pending=count(Outcome.PENDING),
        unknown=count(Outcome.UNKNOWN),
        groups=tuple(groups),
    )


def _key_of(result: AssignmentResult, by: str) -> str:
    match by:
        case "officer":
            return result.officer_id
        case "unit":
            return result.unit or "(unit not known)"
        case "call_type":
            return result.call_type or "(call type not known)"
        case "month":
            start_us = result.window.span.start_us if result.window else result.on_scene_us
            return iso_utc(start_us)[:7] if start_us is not None else "(time not known)"
    raise ValueError(f"rates are grouped by {', '.join(GROUP_KEYS)}; not by {by!r}")


def _group(key: str, results: Sequence[AssignmentResult]) -> RateGroup:
    decided = [result for result in results if result.outcome in (Outcome.COVERED, Outcome.FINDINGS)]
    undecided = [result for result in results if result.outcome in (Outcome.PENDING, Outcome.UNKNOWN)]
    n, open_n = len(decided), len(undecided)
    seconds = sum(result.required_us for result in decided) / SECOND_US
    open_seconds = sum(result.required_us for result in undecided) / SECOND_US
    covered = sum(result.covered_us for result in decided) / SECOND_US
    usable = sum(result.usable_us or 0 for result in decided) / SECOND_US
    unexamined = sum(result.unexamined_us for result in decided) / SECOND_US
    return RateGroup(
        key,
        (
            _counted("existence", sum(result.covered_us > 0 for result in decided), n, open_n),
            _counted("on_time", sum(result.is_on_time is True for result in decided), n, open_n),
            _counted("whole_window", sum(result.is_whole_window is True for result in decided), n, open_n),
            _measured("seconds_recorded", covered, seconds, open_seconds, 0.0),
            _measured("usable_seconds", usable, seconds, open_seconds, unexamined),
        ),
    )


def _counted(name: str, k: int, n: int, undecided: int) -> Rate:
    low, high = wilson_interval(k, n) if n else (None, None)
    total = n + undecided
    band = (k / total, (k + undecided) / total) if total else (None, None)
    return Rate(name, "assignments", k, n, low, high, *band)


def _measured(name: str, k: float, n: float, undecided: float, unexamined: float) -> Rate:
    """``unexamined``: covered seconds whose picture was not looked at; bad in the low band, good in the high one."""
    total = n + undecided
    band = (k / total, (k + unexamined + undecided) / total) if total else (None, None)
    return Rate(name, "seconds", k, n, None, None, *band)
