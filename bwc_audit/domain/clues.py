"""What the sources hold that could explain an absence, indexed once for a run, so that each look-up costs a few steps.

Decides nothing. A pool of thousands of recordings that belong to nobody is counted and never listed: the nearest few are
found by their start.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bwc_audit.domain.coverage import Int
from bwc_audit.domain.event_table import EventsAt, EventTable
from bwc_audit.domain.groups import Groups
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.placement import Placement, Placements
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind
from bwc_audit.domain.segment_table import NO_NUMBER
from bwc_audit.domain.time_index import TimeIndex
from bwc_audit.domain.times import DAY_US, Span

T = TypeVar("T")

OFF_KINDS = frozenset(
    {DeviceEventKind.POWER_OFF, DeviceEventKind.SLEEP, DeviceEventKind.BATTERY_EMPTY, DeviceEventKind.DOCK}
)
ON_KINDS = frozenset({DeviceEventKind.POWER_ON, DeviceEventKind.WAKE, DeviceEventKind.UNDOCK})

#: Of many recordings or videos that could explain one absence, this many are named; the rest are counted.
NAMED_AT_MOST = 3

#: Neighbours in a camera's numbering lie within so much of a gap: what is read beyond must not matter.
_NEAR_US = 2 * DAY_US

#: So many neighbours by start are looked at for the nearest ones.
_LOOKED_AT = 48


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Recordings that belong to nobody, in order of start, then footage id: their starts and ends, and their ends alone in
    order."""

    placements: Sequence[Placement]
    starts_us: list[int]
    until_us: list[int]
    ends_us: list[int]

    @staticmethod
    def of(placements: Placements) -> Pool:
        """Those of which nobody can be named."""
        nobody = placements.of_nobody()
        return Pool(
            placements.among(nobody.tolist()),
            placements.start_us[nobody].tolist(),
            placements.end_us[nobody].tolist(),
            np.sort(placements.end_us[nobody]).tolist(),
        )

    def count(self, span: Span) -> int:
        """How many overlap a span."""
        return bisect_left(self.starts_us, span.end_us) - bisect_right(self.ends_us, span.start_us)

    def nearest(self, span: Span, most: int) -> tuple[Placement, ...]:
        """Up to ``most`` that overlap it and whose start is nearest to its start, in order of that. Looked for among the
        neighbours by start: one that began very long before may be missed, and is still counted."""
        place = bisect_left(self.starts_us, span.start_us)
        first, behind = max(0, place - _LOOKED_AT), min(place + _LOOKED_AT, bisect_left(self.starts_us, span.end_us))
        ends_us = self.until_us[first:behind]
        running = [one for one, end_us in enumerate(ends_us, first) if end_us > span.start_us]
        # Those of one start stand in the order of their footage ids already.
        running.sort(key=lambda one: (abs(self.starts_us[one] - span.start_us), self.starts_us[one]))
        return tuple(self.placements[one] for one in running[:most])


@dataclass(frozen=True, slots=True)
class Numbered:
    """The numbered files of one camera in order of time."""

    starts_us: tuple[int, ...]
    rows: Sequence[Placement]

    def around(self, span: Span) -> tuple[Placement, Placement] | None:
        """The last one that begins before a span's start and the first that begins at or after its end, each within two
        days of it; None: one is missing."""
        before, after = bisect_left(self.starts_us, span.start_us), bisect_left(self.starts_us, span.end_us)
        if not before or after == len(self.rows):
            return None
        is_near = self.starts_us[before - 1] >= span.start_us - _NEAR_US and self.starts_us[after] < span.end_us + _NEAR_US
        return (self.rows[before - 1], self.rows[after]) if is_near else None


@dataclass(frozen=True, slots=True)
class Switching:
    """What one camera's log says of being on and off, in order of time."""

    at_us: tuple[int, ...]
    events: Sequence[DeviceEvent]

    def last(self, until_us: int) -> DeviceEvent | None:
        """The last entry at or before a moment."""
        place = bisect_right(self.at_us, until_us)
        return self.events[place - 1] if place else None


class _Made(Mapping[str, T]):
    """Something of the recordings of each name (a camera, an incident id), made when it is first asked for."""

    __slots__ = ("_made", "_make", "_members", "_number")

    def __init__(self, names: Sequence[str], members: Groups, make: Callable[[Int], T]) -> None:
        self._members, self._make = members, make
        self._number = {name: place for place, name in enumerate(names)}
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = self._make(np.array(self._members[self._number[name]], np.int64))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, place in self._number.items() if place in self._members)

    def __len__(self) -> int:
        return len(self._members)


@dataclass(frozen=True, slots=True)
class Clues:
    """``tagged``: recordings by incident id; ``by_device``: all of a camera; ``deleted``: its deleted ones;
    ``unassigned``: those of nobody; ``switching``: a camera's log of being on and off; ``numbered``: its numbered files;
    ``docked_us``: when it was docked; ``uploaded_us``: when anything came in from it; ``orphan_videos``: videos without
    metadata."""

    tagged: Mapping[str, Sequence[Placement]]
    by_device: Mapping[str, TimeIndex[Placement]]
    deleted: Mapping[str, TimeIndex[Placement]]
    unassigned: Pool
    switching: dict[str, Switching]
    numbered: Mapping[str, Numbered]
    docked_us: dict[str, tuple[int, ...]]
    uploaded_us: Mapping[str, tuple[int, ...]]
    orphan_videos: tuple[str, ...]

    @staticmethod
    def of(matching: Matching) -> Clues:
        placements, device = matching.placements, matching.placements.device
        events = EventTable.of(matching.records.device_events)
        switched, docked = events.in_time(OFF_KINDS | ON_KINDS), events.in_time({DeviceEventKind.DOCK})
        index, tag = placements.tags()
        tagged = Groups.of(tag.code, index, len(tag.values))
        of_device = Groups.of(device.code, np.arange(len(placements)), len(device.values))
        return Clues(
            tagged=_Made(tag.values, tagged, lambda own: placements.among(own.tolist())),
            by_device=_Made(device.values, of_device, placements.index_of),
            deleted=_Made(device.values, of_device, lambda own: placements.index_of(_deleted(placements, own))),
            unassigned=Pool.of(placements),
            switching={
                key: Switching(tuple(events.at_us[log].tolist()), EventsAt(events, log))
                for key, log in events.by_device(switched)
            },
            numbered=_Made(device.values, of_device, lambda own: _numbered(placements, own)),
            docked_us={key: tuple(events.at_us[found].tolist()) for key, found in events.by_device(docked)},
            uploaded_us=_Made(device.values, of_device, lambda own: _uploads(placements, own)),
            orphan_videos=tuple(sorted(video.object_key for video in matching.videos.unnamed)),
        )


def overlapping(placements: TimeIndex[Placement], spans: tuple[Span, ...]) -> Iterator[Placement]:
    """Placements that overlap any of the spans, each once, in order of time."""
    low, high = min(span.start_us for span in spans), max(span.end_us for span in spans)
    for placement in placements.overlapping(low, high):
        if any(placement.start_us < span.end_us and placement.end_us > span.start_us for span in spans):
            yield placement


def _deleted(placements: Placements, own: Int) -> Int:
    return np.asarray(own[placements.table.deleted_us[placements.segment[own]] != NO_NUMBER])


def _numbered(placements: Placements, own: Int) -> Numbered:
    own = own[placements.table.sequence_no[placements.segment[own]] != NO_NUMBER]
    return Numbered(tuple(placements.start_us[own].tolist()), placements.among(own.tolist()))


def _uploads(placements: Placements, own: Int) -> tuple[int, ...]:
    uploaded_us = placements.table.uploaded_us[placements.segment[own]]
    return tuple(np.sort(uploaded_us[uploaded_us != NO_NUMBER]).tolist())
