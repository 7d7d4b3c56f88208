"""Published rates: ``k / n`` with its interval, its exclusion waterfall and its sensitivity band.

Several defined rates, never one. The denominator of each is the decided assignments (``covered`` and ``findings``);
pending and unknown ones enter the band only: counted all bad (``band_low``), then all good (``band_high``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from bwc_audit.domain.proportions import ratio_interval, wilson_interval
from bwc_audit.domain.rate_columns import (
    GROUP_KEYS,
    UNKNOWN_TIME,
    Grouping,
    GroupSums,
    RateColumns,
    RatePart,
    columns_of,
    grouping_of,
    sums_of,
    sums_of_parts,
    whole_of,
)
from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome
from bwc_audit.domain.shifts import Shift, shifts_of
from bwc_audit.domain.times import SECOND_US

__all__ = [
    "GROUP_KEYS",
    "Counts",
    "Rate",
    "RateBook",
    "RateGroup",
    "RateTable",
    "rate_book",
    "rate_groups",
    "rate_table",
    "table_of",
]

#: Rates that count assignments; the others measure seconds.
COUNTED = ("existence", "on_time", "whole_window")

#: Where an agency names no shifts.
DEFAULT_SHIFTS = shifts_of("Early 07:00, Late 15:00, Night 23:00")


@dataclass(frozen=True, slots=True)
class Rate:
    """One defined rate. Shares are 0..1; None where ``n`` is 0. ``k`` and ``n`` count assignments, or seconds where
    ``unit`` is *seconds*. ``interval`` names how ``low`` and ``high`` came about: *wilson* (assignments as trials),
    *cluster* (incidents as clusters of seconds), None: there is none."""

    name: str
    unit: str
    k: float
    n: float
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None
    interval: str | None = None

    @property
    def share(self) -> float | None:
        return self.k / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many assignments a rate rests on: all, each bucket of the waterfall (in its fixed order, with zeros), and what
    became of those in scope."""

    assignments: int = 0
    waterfall: tuple[tuple[Bucket, int], ...] = ()
    decided: int = 0
    pending: int = 0
    unknown: int = 0

    @property
    def in_scope(self) -> int:
        return self.decided + self.pending + self.unknown


@dataclass(frozen=True, slots=True)
class RateGroup:
    """All rates of the assignments that share a key (``all`` for the whole period), and their counts."""

    key: str
    rates: tuple[Rate, ...]
    counts: Counts = field(default_factory=Counts)

    def rate(self, name: str) -> Rate:
        """The rate of this name. Raises ``KeyError``."""
        for one in self.rates:
            if one.name == name:
                return one
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class RateTable:
    """The counts of the whole (the waterfall in its fixed order, with zeros) and the groups, the first of them ``all``."""

    assignments: int
    waterfall: tuple[tuple[Bucket, int], ...]
    in_scope: int
    decided: int
    pending: int
    unknown: int
    groups: tuple[RateGroup, ...]
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RateBook:
    """Every rate of a run: of the whole, and of the groups of each key. ``shifts`` and ``zone`` (its IANA name) are those
    that they were made with."""

    whole: RateGroup
    groups: Mapping[str, tuple[RateGroup, ...]]
    shifts: tuple[Shift, ...]
    zone: str

    def table(self, by: str | None = None) -> RateTable:
        """The table of one grouping, or of the whole alone. Raises ``ValueError`` for a key that is none."""
        if by is not None and by not in self.groups:
            raise ValueError(f"rates are grouped by {', '.join(self.groups)}; not by {by!r}")
        return _table(self.whole, self.groups[by] if by is not None else (), by)


def rate_table(
    results: Sequence[AssignmentResult],
    by: str | None = None,
    *,
    zone: tzinfo = UTC,
    shifts: Sequence[Shift] = DEFAULT_SHIFTS,
) -> RateTable:
    """Rates of all results, and of each group of ``by`` (one of ``GROUP_KEYS``). Raises ``ValueError`` for another key."""
    columns = columns_of(results)
    groups = () if by is None else rate_groups(columns, grouping_of(results, by, zone, shifts))
    return _table(rate_groups(columns, whole_of(columns))[0], groups, by)


def table_of(columns: RateColumns) -> RateTable:
    """The rates of all results, of their columns."""
    return _table(rate_groups(columns, whole_of(columns))[0], (), None)


def rate_book(
    results: Sequence[AssignmentResult], zone: tzinfo, zone_name: str, shifts: Sequence[Shift] = DEFAULT_SHIFTS
) -> RateBook:
    """All rates of results: what a run stores."""
    return book_of((RatePart.of(results, zone, shifts),), zone_name, shifts)


def book_of(parts: Iterable[RatePart], zone_name: str, shifts: Sequence[Shift]) -> RateBook:
    """The same of what rates need of results, in parts of which no two hold one incident; they are gone through again and
    again. 300,000 results take about a second."""
    labels = {label: place for place, label in enumerate((UNKNOWN_TIME, *(shift.label for shift in shifts)))}
    groups = {by: _groups_of(parts, by, labels.__getitem__ if by == "shift" else str) for by in GROUP_KEYS}
    return RateBook(_groups_of(parts, None, str)[0], groups, tuple(shifts), zone_name)


def _groups_of(parts: Iterable[RatePart], by: str | None, order: Callable[[str], Any]) -> tuple[RateGroup, ...]:
    keys, sums = sums_of_parts(parts, by, order)
    return tuple(_group(key, place, sums) for place, key in enumerate(keys))


def rate_groups(columns: RateColumns, grouping: Grouping) -> tuple[RateGroup, ...]:
    """The rates of every group, in the order of its keys."""
    sums = sums_of(columns, grouping)
    return tuple(_group(key, place, sums) for place, key in enumerate(grouping.keys))


def _table(whole: RateGroup, groups: Sequence[RateGroup], by: str | None) -> RateTable:
    counts = whole.counts
    return RateTable(
        assignments=counts.assignments,
        waterfall=counts.waterfall,
        in_scope=counts.in_scope,
        decided=counts.decided,
        pending=counts.pending,
        unknown=counts.unknown,
        groups=(whole, *groups),
        by=by,
    )


def _group(key: str, place: int, sums: GroupSums) -> RateGroup:
    def outcome(one: Outcome) -> int:
        return int(sums.outcomes[one][place])

    counts = Counts(
        assignments=int(sums.assignments[place]),
        waterfall=tuple((bucket, int(values[place])) for bucket, values in sums.buckets.items()),
        decided=outcome(Outcome.COVERED) + outcome(Outcome.FINDINGS),
        pending=outcome(Outcome.PENDING),
        unknown=outcome(Outcome.UNKNOWN),
    )
    undecided = counts.pending + counts.unknown
    counted = (_counted(name, int(sums.claims[name][place]), counts.decided, undecided) for name in COUNTED)
    return RateGroup(
        key,
        (
            *counted,
            _measured("seconds_recorded", int(sums.covered_us[place]), 0, place, sums),
            _measured("usable_seconds", int(sums.usable_us[place]), int(sums.unexamined_us[place]), place, sums),
        ),
        counts,
    )


def _counted(name: str, k: int, n: int, undecided: int) -> Rate:
    low, high = wilson_interval(k, n) if n else (None, None)
    band_low, band_high = _band(k, k + undecided, n + undecided)
    return Rate(name, "assignments", k, n, low, high, band_low, band_high, "wilson" if n else None)


def _measured(name: str, part_us: int, unexamined_us: int, place: int, sums: GroupSums) -> Rate:
    """``unexamined_us``: covered time whose picture was not looked at; bad in the low band, good in the high one."""
    whole_us, undecided_us = int(sums.required_us[place]), int(sums.undecided_us[place])
    band_low, band_high = _band(part_us, part_us + unexamined_us + undecided_us, whole_us + undecided_us)
    k, n = part_us / SECOND_US, whole_us / SECOND_US
    interval = ratio_interval(
        k, n, int(sums.clusters[place]), float(sums.squares[place]), float(sums.residuals[name][place])
    )
    low, high = interval or (None, None)
    return Rate(name, "seconds", k, n, low, high, band_low, band_high, "cluster" if interval else None)


def _band(low: int, high: int, whole: int) -> tuple[float | None, float | None]:
    return (low / whole, high / whole) if whole else (None, None)
