"""Results of assignments as columns, and their sums by group: what rates are made of, for a night or a year at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, tzinfo
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome
from bwc_audit.domain.shifts import Shift, month_codes, shift_codes

#: By what results are grouped.
GROUP_KEYS = ("officer", "unit", "call_type", "shift", "month")

_UNKNOWN_KEY = {
    "unit": "(unit not known)",
    "call_type": "(call type not known)",
    "shift": "(time not known)",
    "month": "(time not known)",
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

    @staticmethod
    def joined(parts: Sequence[RatePart], shifts: Sequence[Shift]) -> RatePart:
        """Parts of one whole, no incident in two of them, as if their results had come at once."""
        columns = RateColumns.joined([part.columns for part in parts])
        order = {label: place for place, label in enumerate((_UNKNOWN_KEY["shift"], *(shift.label for shift in shifts)))}
        groupings = {
            by: _regrouped([part.groupings[by] for part in parts], order if by == "shift" else None) for by in GROUP_KEYS
        }
        return RatePart(columns, groupings)


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


def sums_of(columns: RateColumns, grouping: Grouping) -> GroupSums:
    """All sums by group; whole numbers are exact."""
    codes, count = grouping.codes, len(grouping.keys)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(count + 1))

    def total(values: Ints) -> Ints:
        """Lengths: sums of doubles would not be exact."""
        running = np.concatenate((np.zeros(1, np.int64), np.cumsum(values[order])))
        return np.diff(running[edges])

    is_decided = np.isin(columns.outcome, [_PLACE_OF_OUTCOME[one] for one in (Outcome.COVERED, Outcome.FINDINGS)])
    is_open = np.isin(columns.outcome, [_PLACE_OF_OUTCOME[one] for one in (Outcome.PENDING, Outcome.UNKNOWN)])
    outcomes = _crossed(codes, columns.outcome, count, len(_OUTCOMES))
    is_out = columns.bucket >= 0
    buckets = _crossed(codes[is_out], columns.bucket[is_out], count, len(_BUCKETS))
    claims = ("existence", "on_time", "whole_window")
    required_us = total(columns.required_us * is_decided)
    covered_us, usable_us = total(columns.covered_us * is_decided), total(columns.usable_us * is_decided)
    parts = {"seconds_recorded": (columns.covered_us, covered_us), "usable_seconds": (columns.usable_us, usable_us)}
    clusters, squares, residuals = _clustered(columns, grouping, is_decided, required_us, parts)
    return GroupSums(
        assignments=np.diff(edges),
        outcomes={outcome: outcomes[:, place] for place, outcome in enumerate(_OUTCOMES)},
        buckets={bucket: buckets[:, place] for place, bucket in enumerate(_BUCKETS)},
        claims={
            name: np.bincount(codes[is_decided & (getattr(columns, name) == 1)], minlength=count).astype(np.int64)
            for name in claims
        },
        required_us=required_us,
        undecided_us=total(columns.required_us * is_open),
        covered_us=covered_us,
        usable_us=usable_us,
        unexamined_us=total(columns.unexamined_us * is_decided),
        clusters=clusters,
        squares=squares,
        residuals=residuals,
    )


def _crossed(codes: Ints, others: Ints, count: int, width: int) -> Ints:
    """How often each pair of a group and a place below ``width`` occurs, a row a group."""
    return np.bincount(codes * width + others, minlength=count * width).astype(np.int64).reshape(count, width)


def _clustered(
    columns: RateColumns,
    grouping: Grouping,
    is_decided: NDArray[np.bool_],
    required_us: Ints,
    parts: dict[str, tuple[Ints, Ints]],
) -> tuple[Ints, Doubles, dict[str, Doubles]]:
    """Officers at one incident share its fate, so that the incident is the cluster. Seconds, to stay in a double's range."""
    count, chosen = len(grouping.keys), is_decided & (columns.required_us > 0)
    incidents = int(columns.incident.max(initial=-1)) + 1
    pairs, place = np.unique(grouping.codes[chosen] * incidents + columns.incident[chosen], return_inverse=True)
    group = pairs // max(1, incidents)
    whole = _weighed(place, columns.required_us[chosen] / 1e6, len(pairs))
    all_s = required_us / 1e6
    left = 1 - whole / all_s[group]
    left[left <= 0] = 1.0  # the only cluster of its group: that has no interval
    residuals = {}
    for name, (part_us, sum_us) in parts.items():
        part = _weighed(place, part_us[chosen] / 1e6, len(pairs))
        share = sum_us[group] / required_us[group]
        residuals[name] = _weighed(group, ((part - share * whole) / left) ** 2, count)
    return np.bincount(group, minlength=count).astype(np.int64), _weighed(group, whole * whole, count), residuals


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


def _regrouped(parts: Sequence[Grouping], order: Mapping[str, int] | None) -> Grouping:
    """Groupings one behind the other, with codes of their common keys; ``order``: of the keys, None: ascending."""
    found = {key for part in parts for key in part.keys}
    keys = tuple(sorted(found) if order is None else sorted(found, key=order.__getitem__))
    place = {key: code for code, key in enumerate(keys)}
    codes = [np.array([place[key] for key in part.keys], np.int64)[part.codes] for part in parts if len(part.codes)]
    return Grouping(np.concatenate([np.zeros(0, np.int64), *codes]), keys)


def _each(results: Sequence[AssignmentResult], name: str) -> Iterator[Any]:
    return map(attrgetter(name), results)


def _coded(values: Iterable[Hashable]) -> tuple[Ints, list[str]]:
    places: dict[Hashable, int] = {}
    codes = _ints(places.setdefault(value, len(places)) for value in values)
    return codes, [str(value) for value in places]


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)
