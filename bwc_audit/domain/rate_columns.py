"""Results of assignments as columns, and their sums by group: what rates are made of, for a night or a year at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, tzinfo
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome
from bwc_audit.domain.shifts import Shift, month_codes, shift_codes

#: By what results are grouped.
GROUP_KEYS = ("officer", "unit", "call_type", "shift", "month")

#: The shift and month of results that tell no time.
UNKNOWN_TIME = "(time not known)"

_UNKNOWN_KEY = {
    "unit": "(unit not known)",
    "call_type": "(call type not known)",
    "shift": UNKNOWN_TIME,
    "month": UNKNOWN_TIME,
}
_OUTCOMES = tuple(Outcome)
_BUCKETS = tuple(Bucket)
_PLACE_OF_OUTCOME = {outcome: place for place, outcome in enumerate(_OUTCOMES)}
_PLACE_OF_BUCKET: dict[str | None, int] = {str(bucket): place for place, bucket in enumerate(_BUCKETS)}

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which group each result belongs to: its place in ``keys``."""

    codes: Ints
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateColumns:
    """What rates need of results, one element each. ``outcome`` and ``bucket`` are places in their enums (bucket −1: none);
    the three claims are 0 or 1; lengths are microseconds; ``incident`` numbers the incidents."""

    outcome: Ints
    bucket: Ints
    existence: Ints
    on_time: Ints
    whole_window: Ints
    required_us: Ints
    covered_us: Ints
    usable_us: Ints
    unexamined_us: Ints
    incident: Ints

    def __len__(self) -> int:
        return len(self.outcome)

    @staticmethod
    def joined(parts: Sequence[RateColumns], number: Ints | None = None) -> RateColumns:
        """Parts of one whole, no incident in two of them. ``number``: a new one for each incident, those of one part behind
        those of the other; None: in that order."""
        columns = {
            field.name: np.concatenate([np.zeros(0, np.int64), *(getattr(part, field.name) for part in parts)])
            for field in fields(RateColumns)
        }
        counts = [int(part.incident.max(initial=-1)) + 1 for part in parts]
        first = np.repeat(np.cumsum([0, *counts])[:-1], [len(part) for part in parts])
        incident = columns["incident"] + first
        return RateColumns(**columns | {"incident": incident if number is None else number[incident]})


@dataclass(frozen=True, slots=True)
class RatePart:
    """What all rates need of some results: their columns, and their groups by each of ``GROUP_KEYS``."""

    columns: RateColumns
    groupings: dict[str, Grouping]

    @staticmethod
    def of(results: Sequence[AssignmentResult], zone: tzinfo, shifts: Sequence[Shift]) -> RatePart:
        """The whole of some results."""
        return RatePart(columns_of(results), {by: grouping_of(results, by, zone, shifts) for by in GROUP_KEYS})

    def grouping(self, by: str | None) -> Grouping:
        """The groups by a key; None: all in one."""
        return whole_of(self.columns) if by is None else self.groupings[by]


@dataclass(frozen=True, slots=True)
class GroupSums:
    """Sums of each group of a grouping, in the order of its keys. ``clusters`` and what follows speak of incidents with
    decided required time (see ``proportions.ratio_interval``)."""

    assignments: Ints
    outcomes: dict[Outcome, Ints]
    buckets: dict[Bucket, Ints]
    claims: dict[str, Ints]
    required_us: Ints
    undecided_us: Ints
    covered_us: Ints
    usable_us: Ints
    unexamined_us: Ints
    clusters: Ints
    squares: Doubles
    residuals: dict[str, Doubles]


def columns_of(results: Sequence[AssignmentResult]) -> RateColumns:
    """The columns of results, in their order."""
    outcome = _ints(map(_PLACE_OF_OUTCOME.__getitem__, _each(results, "outcome")))
    reason = _ints(_PLACE_OF_BUCKET.get(reason, -1) for reason in _each(results, "reason"))
    covered_us = _ints(_each(results, "covered_us"))
    return RateColumns(
        outcome=outcome,
        bucket=np.where(outcome == _PLACE_OF_OUTCOME[Outcome.EXCLUDED], reason, -1),
        existence=(covered_us > 0).astype(np.int64),
        on_time=_ints(claim is True for claim in _each(results, "is_on_time")),
        whole_window=_ints(claim is True for claim in _each(results, "is_whole_window")),
        required_us=_ints(_each(results, "required_us")),
        covered_us=covered_us,
        usable_us=_ints(usable_us or 0 for usable_us in _each(results, "usable_us")),
        unexamined_us=_ints(_each(results, "unexamined_us")),
        incident=_coded(_each(results, "incident_id"))[0],
    )


def grouping_of(results: Sequence[AssignmentResult], by: str, zone: tzinfo = UTC, shifts: Sequence[Shift] = ()) -> Grouping:
    """The groups of results by one of ``GROUP_KEYS``, ascending (shifts in the order of the day); only groups that occur.

    A result belongs to the shift and month in which its window opens, or the officer arrived. Raises ``ValueError`` for
    another key, and for shifts where none are given.
    """
    match by:
        case "officer":
            return _named(*_coded(one.officer_id for one in results))
        case "unit":
            return _named(*_coded(one.unit or _UNKNOWN_KEY[by] for one in results))
        case "call_type":
            return _named(*_coded(one.call_type or _UNKNOWN_KEY[by] for one in results))
        case "shift" | "month":
            return _timed(results, by, zone, shifts)
    raise ValueError(f"rates are grouped by {', '.join(GROUP_KEYS)}; not by {by!r}")


def whole_of(columns: RateColumns) -> Grouping:
    """All results in the one group ``all``."""
    return Grouping(np.zeros(len(columns), np.int64), ("all",))


def sums_of_parts(
    parts: Iterable[RatePart], by: str | None, order: Callable[[str], Any] = str
) -> tuple[tuple[str, ...], GroupSums]:
    """The groups that occur in parts of one whole, in their order, and their sums; no incident is in two of the parts.

    ``parts`` are gone through twice, since how much an incident deviates is known once its whole group is; so no more than
    one of them is held at a time. ``by`` None: the one group of all. Raises ``ValueError`` where there is no part.
    """
    keys: tuple[str, ...] = ()
    total: GroupSums | None = None
    for part in parts:
        grouping = part.grouping(by)
        new = sums_of(part.columns, grouping)
        before, keys = keys, tuple(sorted({*keys, *grouping.keys}, key=order))
        spread_new = _spread(new, grouping.keys, keys)
        total = spread_new if total is None else _added(_spread(total, before, keys), spread_new)
    if total is None:
        raise ValueError("rates of nothing at all: there is no part")
    place = {key: code for code, key in enumerate(keys)}
    residuals = {name: np.zeros(len(keys)) for name in total.residuals}
    for part in parts:
        grouping = part.grouping(by)
        codes = (
            np.array([place[key] for key in grouping.keys], np.int64)[grouping.codes]
            if len(grouping.codes)
            else grouping.codes
        )
        for name, found in _deviations(part.columns, Grouping(codes, keys), total).items():
            residuals[name] += found
    return keys, replace(total, residuals=residuals)


def _spread(sums: GroupSums, keys: Sequence[str], wanted: Sequence[str]) -> GroupSums:
    """The sums of groups at their places among more groups."""
    if tuple(keys) == tuple(wanted):
        return sums
    number = {key: code for code, key in enumerate(wanted)}
    place = np.array([number[key] for key in keys], np.int64)

    def at_place(values: Any) -> Any:
        if isinstance(values, dict):
            return {name: at_place(each) for name, each in values.items()}
        found = np.zeros(len(wanted), values.dtype)
        found[place] = values
        return found

    return GroupSums(*(at_place(getattr(sums, field.name)) for field in fields(GroupSums)))


def _added(one: GroupSums, other: GroupSums) -> GroupSums:
    def both(first: Any, second: Any) -> Any:
        return {name: first[name] + second[name] for name in first} if isinstance(first, dict) else first + second

    return GroupSums(*(both(getattr(one, field.name), getattr(other, field.name)) for field in fields(GroupSums)))


def sums_of(columns: RateColumns, grouping: Grouping) -> GroupSums:
    """All sums by group; whole numbers are exact."""
    codes, count = grouping.codes, len(grouping.keys)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(count + 1))

    def total(values: Ints) -> Ints:
        """Lengths: sums of doubles would not be exact."""
        running = np.concatenate((np.zeros(1, np.int64), np.cumsum(values[order])))
        return np.diff(running[edges])

    is_decided = _is_decided(columns)
    is_open = np.isin(columns.outcome, [_PLACE_OF_OUTCOME[one] for one in (Outcome.PENDING, Outcome.UNKNOWN)])
    outcomes = _crossed(codes, columns.outcome, count, len(_OUTCOMES))
    is_out = columns.bucket >= 0
    buckets = _crossed(codes[is_out], columns.bucket[is_out], count, len(_BUCKETS))
    claims = ("existence", "on_time", "whole_window")
    required_us = total(columns.required_us * is_decided)
    group, _, whole_s = _clusters(columns, grouping)
    sums = GroupSums(
        assignments=np.diff(edges),
        outcomes={outcome: outcomes[:, place] for place, outcome in enumerate(_OUTCOMES)},
        buckets={bucket: buckets[:, place] for place, bucket in enumerate(_BUCKETS)},
        claims={
            name: np.bincount(codes[is_decided & (getattr(columns, name) == 1)], minlength=count).astype(np.int64)
            for name in claims
        },
        required_us=required_us,
        undecided_us=total(columns.required_us * is_open),
        covered_us=total(columns.covered_us * is_decided),
        usable_us=total(columns.usable_us * is_decided),
        unexamined_us=total(columns.unexamined_us * is_decided),
        clusters=np.bincount(group, minlength=count).astype(np.int64),
        squares=_weighed(group, whole_s * whole_s, count),
        residuals={},
    )
    return replace(sums, residuals=_deviations(columns, grouping, sums))


def _crossed(codes: Ints, others: Ints, count: int, width: int) -> Ints:
    """How often each pair of a group and a place below ``width`` occurs, a row a group."""
    return np.bincount(codes * width + others, minlength=count * width).astype(np.int64).reshape(count, width)


def _is_decided(columns: RateColumns) -> NDArray[np.bool_]:
    return np.isin(columns.outcome, [_PLACE_OF_OUTCOME[one] for one in (Outcome.COVERED, Outcome.FINDINGS)])


def _clusters(columns: RateColumns, grouping: Grouping) -> tuple[Ints, Ints, Doubles]:
    """The incidents with decided required time in each group: (group of each, which of them each such result belongs to,
    required seconds of each). Officers at one incident share its fate, so that the incident is the cluster."""
    chosen = _is_counted(columns)
    incidents = int(columns.incident.max(initial=-1)) + 1
    pairs, place = np.unique(grouping.codes[chosen] * incidents + columns.incident[chosen], return_inverse=True)
    return pairs // max(1, incidents), place, _weighed(place, columns.required_us[chosen] / 1e6, len(pairs))


def _is_counted(columns: RateColumns) -> NDArray[np.bool_]:
    return np.asarray(_is_decided(columns) & (columns.required_us > 0))


def _deviations(columns: RateColumns, grouping: Grouping, total: GroupSums) -> dict[str, Doubles]:
    """What these results add to the residuals of each group, whose whole ``total`` is. Seconds, to stay in a double's
    range."""
    chosen, count = _is_counted(columns), len(grouping.keys)
    group, place, whole_s = _clusters(columns, grouping)
    left = 1 - whole_s / (total.required_us / 1e6)[group]
    left[left <= 0] = 1.0  # the only cluster of its group: that has no interval
    found = {}
    parts = {
        "seconds_recorded": (columns.covered_us, total.covered_us),
        "usable_seconds": (columns.usable_us, total.usable_us),
    }
    for name, (part_us, sum_us) in parts.items():
        part_s = _weighed(place, part_us[chosen] / 1e6, len(whole_s))
        share = sum_us[group] / total.required_us[group]
        found[name] = _weighed(group, ((part_s - share * whole_s) / left) ** 2, count)
    return found


def _weighed(codes: Ints, weights: Doubles, count: int) -> Doubles:
    return np.bincount(codes, weights, count).astype(np.float64)


def _timed(results: Sequence[AssignmentResult], by: str, zone: tzinfo, shifts: Sequence[Shift]) -> Grouping:
    times = [one.window.span.start_us if one.window else one.on_scene_us for one in results]
    is_known = np.array([time is not None for time in times], np.bool_)
    known_us = _ints(time for time in times if time is not None)
    codes = np.zeros(len(results), np.int64)
    if by == "month":
        found, months = month_codes(known_us, zone)
        labels: tuple[str, ...] = months
    else:
        if not shifts:
            raise ValueError("rates by shift need the start times of the shifts")
        found, labels = shift_codes(known_us, shifts, zone), tuple(shift.label for shift in shifts)
    codes[is_known] = found + 1
    return _occurring(codes, (_UNKNOWN_KEY[by], *labels))


def _occurring(codes: Ints, labels: Sequence[str]) -> Grouping:
    present, codes = np.unique(codes, return_inverse=True)
    return Grouping(codes.astype(np.int64), tuple(labels[place] for place in present))


def _named(codes: Ints, labels: Sequence[str]) -> Grouping:
    """Codes in the order of the labels instead of that of their first occurrence."""
    order = sorted(range(len(labels)), key=labels.__getitem__)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return Grouping(place[codes] if len(order) else codes, tuple(labels[old] for old in order))


def _each(results: Sequence[AssignmentResult], name: str) -> Iterator[Any]:
    return map(attrgetter(name), results)


def _coded(values: Iterable[Hashable]) -> tuple[Ints, list[str]]:
    places: dict[Hashable, int] = {}
    codes = _ints(places.setdefault(value, len(places)) for value in values)
    return codes, [str(value) for value in places]


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)
