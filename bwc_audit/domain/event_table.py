"""Entries of device logs as columns: three or four a camera and day, of which a decision names a few. Decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import overload

import numpy as np

from bwc_audit.domain.coverage import Int
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind, RowRef
from bwc_audit.domain.segment_table import Coded


@dataclass(frozen=True, slots=True, eq=False)
class EventTable(Sequence[DeviceEvent]):
    """Columns of log entries; names mean the same as there. ``file`` and ``line`` are their ``row``."""

    file: Coded[str]
    line: Int
    device_id: Coded[str]
    at_us: Int
    event: Coded[DeviceEventKind]
    value: Sequence[str | None]

    @staticmethod
    def of(events: Sequence[DeviceEvent]) -> EventTable:
        """The same entries as columns, in their order."""
        if isinstance(events, EventTable):
            return events
        return EventTable(
            Coded.of(map(attrgetter("row.file"), events)),
            np.fromiter(map(attrgetter("row.line"), events), np.int64, len(events)),
            Coded.of(map(attrgetter("device_id"), events)),
            np.fromiter(map(attrgetter("at_us"), events), np.int64, len(events)),
            Coded.of(map(attrgetter("event"), events)),
            [one.value for one in events],
        )

    def __len__(self) -> int:
        return len(self.at_us)

    @overload
    def __getitem__(self, place: int) -> DeviceEvent: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[DeviceEvent]: ...
    def __getitem__(self, place: int | slice) -> DeviceEvent | Sequence[DeviceEvent]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        row = RowRef(self.file[place], int(self.line[place]))
        return DeviceEvent(self.device_id[place], int(self.at_us[place]), self.event[place], row, self.value[place])

    def __iter__(self) -> Iterator[DeviceEvent]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # compared by content, and its columns are arrays

    def of_kinds(self, kinds: Collection[DeviceEventKind]) -> Int:
        """The places of entries of these kinds, ascending."""
        return np.flatnonzero(self.event.where(one in kinds for one in self.event.values))

    def in_time(self, kinds: Collection[DeviceEventKind]) -> Int:
        """The places of entries of these kinds by camera (in the order of ``device_id.values``), then time, kind and row."""
        places = self.of_kinds(kinds)
        files, names = self.file.values, self.event.values
        rank_of_file = np.argsort(sorted(range(len(files)), key=files.__getitem__))
        rank_of_kind = np.argsort(sorted(range(len(names)), key=names.__getitem__))
        order = np.lexsort(
            (
                self.line[places],
                rank_of_file[self.file.code[places]],
                rank_of_kind[self.event.code[places]],
                self.at_us[places],
                self.device_id.code[places],
            )
        )
        return places[order]

    def by_device(self, places: Int) -> Iterator[tuple[str, Int]]:
        """Places in order of their camera, cut up by camera."""
        edges = np.searchsorted(self.device_id.code[places], np.arange(len(self.device_id.values) + 1)).tolist()
        for number, name in enumerate(self.device_id.values):
            if edges[number] < edges[number + 1]:
                yield name, places[edges[number] : edges[number + 1]]

    def latest(self, places: Int) -> dict[str, int]:
        """For each camera the time of its last entry among these."""
        never = np.iinfo(np.int64).min
        last_us = np.full(len(self.device_id.values), never)
        np.maximum.at(last_us, self.device_id.code[places], self.at_us[places])
        return {name: at_us for name, at_us in zip(self.device_id.values, last_us.tolist(), strict=True) if at_us != never}


@dataclass(frozen=True, slots=True)
class EventsAt(Sequence[DeviceEvent]):
    """Some entries of a table, built when they are asked for."""

    table: EventTable
    places: Int

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> DeviceEvent: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[DeviceEvent]: ...
    def __getitem__(self, place: int | slice) -> DeviceEvent | Sequence[DeviceEvent]:
        if isinstance(place, slice):
            return EventsAt(self.table, self.places[place])
        return self.table[int(self.places[place])]
