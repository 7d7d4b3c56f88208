"""Segments as columns: a year of a large force holds a million of them, and few are ever looked at one by one.

Decides nothing. A column is an array of microseconds or counts (``NO_NUMBER`` where nothing is stated), a ``Coded`` column
where few values repeat, or a plain list; a ``Segment`` is built when somebody asks for one by its place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import count
from typing import Any, Generic, TypeVar, overload

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, Bool, Int, ranges
from bwc_audit.domain.records import RowRef, Segment
from bwc_audit.domain.times import SECOND_US

#: Stands for "not stated" in an array.
NO_NUMBER = NO_TIME

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True, eq=False)
class Coded(Generic[T]):
    """A column of which the same values occur again and again: ``values[code[i]]`` is the value at place ``i``."""

    code: Int
    values: tuple[T, ...]

    @staticmethod
    def of(column: Iterable[T]) -> Coded[T]:
        """Codes in order of first occurrence."""
        first: dict[T, int] = {}
        return Coded(_codes(first, [_places_of_first(first, column, 0)]), tuple(first))

    def __getitem__(self, place: int) -> T:
        return self.values[int(self.code[place])]

    def taken(self, places: Int) -> Coded[T]:
        """The column at these places."""
        return Coded(self.code[places], self.values)

    def where(self, claim: Iterable[bool]) -> Bool:
        """For each place what ``claim``, one for each of ``values``, says of its value."""
        return np.fromiter(claim, np.bool_, len(self.values))[self.code]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentTable(Sequence[Segment]):
    """Columns of segments; a name that ``Segment`` has means the same here. ``file`` and ``line`` are its ``row``."""

    file: Coded[str]
    line: Int
    footage_id: Sequence[str]
    device_id: Coded[str]
    media_started_us: Int
    duration_us: Int
    object_key: Sequence[str | None]
    officer_id: Coded[str | None]
    device_model: Coded[str | None]
    recording_id: Sequence[str | None]
    segment_no: Int
    sequence_no: Int
    activated_us: Int
    deactivated_us: Int
    pre_event_buffer_us: Int
    uploaded_us: Int
    size_bytes: Int
    sha256: Sequence[str | None]
    incident_ids: Coded[tuple[str, ...]]
    categories: Coded[tuple[str, ...]]
    retention_until_us: Int
    deleted_us: Int
    status: Coded[str | None]
    precision_us: Int
    is_ambiguous: Int

    @staticmethod
    def of(segments: Sequence[Segment]) -> SegmentTable:
        """The same segments as columns, in their order."""
        if isinstance(segments, SegmentTable):
            return segments
        columns: dict[str, Any] = {
            "file": Coded.of(segment.row.file for segment in segments),
            "line": np.array([segment.row.line for segment in segments], np.int64),
        }
        for name in FIELDS:
            columns[name] = column_of(name, [getattr(segment, name) for segment in segments])
        return SegmentTable(**columns)

    def __len__(self) -> int:
        return len(self.line)

    @overload
    def __getitem__(self, place: int) -> Segment: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Segment]: ...
    def __getitem__(self, place: int | slice) -> Segment | Sequence[Segment]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return Segment(
            row=self.row(place),
            is_ambiguous=bool(self.is_ambiguous[place]),
            **{name: _stated(getattr(self, name)[place]) for name in _STATED},
        )

    def __iter__(self) -> Iterator[Segment]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # compared by content, and its columns are arrays

    def row(self, place: int) -> RowRef:
        """Where a segment was read."""
        return RowRef(self.file[place], int(self.line[place]))

    def recordings(self) -> Coded[str]:
        """The recording that each segment belongs to; one without is a recording of its own."""
        return Coded.of(map(recording_name, self.recording_id, self.footage_id))

    def coarse_us(self) -> Int:
        """How far the times of each may be from what its camera wrote, where they are rounded to more than a second; to the
        second, as cameras write, counts as part of the clock's tolerance."""
        return np.where(self.precision_us > SECOND_US, self.precision_us, 0)

    def is_pressed(self, until_us: Int) -> Bool:
        """Whether each tells when the button was pressed. A time at which nothing was recorded any more (``until_us``), or
        not before that of the deactivation, is none: the two were confused."""
        is_told = (self.activated_us != NO_NUMBER) & (self.activated_us < until_us)
        return np.asarray(is_told & ((self.deactivated_us == NO_NUMBER) | (self.activated_us < self.deactivated_us)))

    def runs(self, recording: Coded[str]) -> Int:
        """A number for each segment that those of one recording of one camera share: two cameras may use one id."""
        if len(recording.values) == len(self):
            return recording.code
        pairs = recording.code * len(self.device_id.values) + self.device_id.code
        return np.asarray(np.unique(pairs, return_inverse=True)[1])

    def recording_ids(self) -> frozenset[str]:
        """The ids of all recordings."""
        return frozenset(map(recording_name, self.recording_id, self.footage_id))

    def tags(self) -> tuple[Int, Coded[str]]:
        """Each incident id that was entered by hand: (place of the segment, the id)."""
        flat = Coded.of(tag for entered in self.incident_ids.values for tag in entered)
        count = np.array([len(entered) for entered in self.incident_ids.values], np.int64)
        first = np.cumsum(count) - count
        code = self.incident_ids.code
        place, at = ranges(first[code], count[code])
        return place, flat.taken(at)


def recording_name(recording_id: str | None, footage_id: str) -> str:
    """The recording that a segment belongs to; one without is a recording of its own."""
    return recording_id or footage_id


#: All columns but those of the row, and those of them that are not a claim.
FIELDS = tuple(field.name for field in fields(Segment) if field.name != "row")
_STATED = tuple(name for name in FIELDS if name != "is_ambiguous")
_CODED = frozenset({"device_id", "officer_id", "device_model", "incident_ids", "categories", "status"})
_LISTED = frozenset({"footage_id", "object_key", "recording_id", "sha256"})


def column_of(name: str, values: Sequence[Any]) -> Any:
    """The values of one field as the table keeps them; numbers may be None or ``NO_NUMBER`` where nothing is stated."""
    if name in _CODED:
        return Coded.of(values)
    if name in _LISTED:
        return values
    try:
        return np.fromiter(values, np.int64, len(values))
    except TypeError:
        return np.fromiter([NO_NUMBER if value is None else value for value in values], np.int64, len(values))


def number_at(column: Int, place: int) -> int | None:
    """A number of a column as a segment has it; None where nothing is stated."""
    value = int(column[place])
    return None if value == NO_NUMBER else value


def _stated(value: Any) -> Any:
    if isinstance(value, np.int64):
        return None if value == NO_NUMBER else int(value)
    return value


def _places_of_first(first: dict[T, int], column: Iterable[T], behind: int) -> Int:
    """For each value the place where it stood first: ``first``, by value, kept up. ``behind``: places that went before. No
    Python is run for a single value, which counts where there are millions."""
    return np.fromiter(map(first.setdefault, column, count(behind)), np.int64)


def _codes(first: Mapping[Any, int], places: Sequence[Int]) -> Int:
    """The values numbered in order of first occurrence, from the places where each stood first."""
    occurring = np.fromiter(first.values(), np.int64, len(first))
    return np.searchsorted(occurring, np.concatenate(places)) if places else np.zeros(0, np.int64)


class TableBuilder:
    """A table gathered from batches of rows, so that no more than one batch is ever held as rows."""

    __slots__ = ("_columns", "_first", "_names", "_rows")

    def __init__(self, names: Sequence[str]) -> None:
        """``names``: of the columns, in the order in which rows have them."""
        self._names = names
        self._first: dict[str, dict[Any, int]] = {name: {} for name in names if name in _CODED}
        self._columns: dict[str, list[Any]] = {name: [] for name in names}
        self._rows = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in some rows; None and ``NO_NUMBER`` both say that nothing is stated."""
        for name, values in zip(self._names, zip(*rows, strict=True), strict=True):
            if name in _CODED:
                self._columns[name].append(_places_of_first(self._first[name], values, self._rows))
            elif name in _LISTED:
                self._columns[name].extend(values)
            else:
                self._columns[name].append(column_of(name, values))
        self._rows += len(rows)

    def numbers(self, name: str) -> Int:
        """A column of numbers, in the order of the rows."""
        parts = self._columns[name]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def table(self, file: Coded[str], order: Int, decoded: Mapping[str, Callable[[Any], Any]]) -> SegmentTable:
        """The rows in this order, read from these files. ``decoded``: how coded values of a column become values."""
        columns: dict[str, Any] = {"file": file.taken(order), "line": self.numbers("line")[order]}
        is_in_order = len(order) == len(file.code) and bool((np.diff(order) > 0).all())
        for name in FIELDS:
            if name in _CODED:
                decode = decoded.get(name)
                values = self._first[name] if decode is None else map(decode, self._first[name])
                columns[name] = Coded(_codes(self._first[name], self._columns[name])[order], tuple(values))
            elif name in _LISTED:
                listed = self._columns[name]
                columns[name] = listed if is_in_order else [listed[place] for place in order.tolist()]
            else:
                columns[name] = self.numbers(name)[order]
        return SegmentTable(**columns)
