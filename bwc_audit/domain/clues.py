"""What the sources hold that could explain an absence, indexed once for a run, so that each look-up costs a few steps.

Decides nothing. A pool of thousands of recordings that belong to nobody is counted and never listed: the nearest few are
found by their start.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bwc_audit.domain.matching import Matching
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind
from bwc_audit.domain.time_index import TimeIndex
from bwc_audit.domain.times import Span

OFF_KINDS = frozenset(
    {DeviceEventKind.POWER_OFF, DeviceEventKind.SLEEP, DeviceEventKind.BATTERY_EMPTY, DeviceEventKind.DOCK}
)
ON_KINDS = frozenset({DeviceEventKind.POWER_ON, DeviceEventKind.WAKE, DeviceEventKind.UNDOCK})

#: Of many recordings or videos that could explain one absence, this many are named; the rest are counted.
NAMED_AT_MOST = 3

#: So many neighbours by start are looked at for the nearest ones.
_LOOKED_AT = 48


@dataclass(frozen=True, slots=True)
class Pool:
    """Recordings that belong to nobody: by start, and their ends alone in order."""

    starts_us: list[int]
    placements: list[Placement]
    ends_us: list[int]

    @staticmethod
    def of(placements: Iterable[Placement]) -> Pool:
        ordered = sorted(placements, key=lambda one: (one.start_us, one.footage_id))
        return Pool([one.start_us for one in ordered], ordered, sorted(one.end_us for one in ordered))

    def count(self, span: Span) -> int:
        """How many overlap a span."""
        return bisect_left(self.starts_us, span.end_us) - bisect_right(self.ends_us, span.start_us)

    def nearest(self, span: Span, most: int) -> tuple[Placement, ...]:
        """Up to ``most`` that overlap it and whose start is nearest to its start, in order of that. Looked for among the
        neighbours by start: one that began very long before may be missed, and is still counted."""
        place = bisect_left(self.starts_us, span.start_us)
        around = self.placements[max(0, place - _LOOKED_AT) : place + _LOOKED_AT]
        running = [one for one in around if one.start_us < span.end_us and one.end_us > span.start_us]
        running.sort(key=lambda one: (abs(one.start_us - span.start_us), one.start_us, one.footage_id))
        return tuple(running[:most])


@dataclass(frozen=True, slots=True)
class Numbered:
    """The numbered files of one camera in order of time."""

    starts_us: tuple[int, ...]
    rows: tuple[Placement, ...]

    def around(self, span: Span) -> tuple[Placement, Placement] | None:
        """The last one that begins before a span's start and the first that begins at or after its end; None: one is
        missing."""
        before, after = bisect_left(self.starts_us, span.start_us), bisect_left(self.starts_us, span.end_us)
        return (self.rows[before - 1], self.rows[after]) if before and after < len(self.rows) else None


@dataclass(frozen=True, slots=True)
class Clues:
    """``tagged``: recordings by incident id; ``by_device``: all of a camera; ``unassigned``: those of nobody; ``switching``:
    a camera's log of being on and off; ``numbered``: its numbered files; ``docked_us``: when it was docked; ``uploaded_us``:
    when anything came in from it; ``orphan_videos``: videos without metadata."""

    tagged: dict[str, tuple[Placement, ...]]
    by_device: dict[str, TimeIndex[Placement]]
    unassigned: Pool
    switching: dict[str, tuple[DeviceEvent, ...]]
    numbered: dict[str, Numbered]
    docked_us: dict[str, tuple[int, ...]]
    uploaded_us: dict[str, tuple[int, ...]]
    orphan_videos: tuple[str, ...]

    @staticmethod
    def of(matching: Matching) -> Clues:
        tagged: dict[str, list[Placement]] = defaultdict(list)
        by_device: dict[str, list[Placement]] = defaultdict(list)
        for placement in matching.placements:
            by_device[placement.segment.device_id].append(placement)
            for incident_id in placement.segment.incident_ids:
                tagged[incident_id].append(placement)
        switching: dict[str, list[DeviceEvent]] = defaultdict(list)
        docked: dict[str, list[int]] = defaultdict(list)
        for event in sorted(matching.records.device_events, key=lambda event: (event.at_us, event.event, event.row)):
            if event.event in OFF_KINDS | ON_KINDS:
                switching[event.device_id].append(event)
            if event.event is DeviceEventKind.DOCK:
                docked[event.device_id].append(event.at_us)
        named = {placement.segment.object_key for placement in matching.placements}
        return Clues(
            tagged={key: tuple(found) for key, found in tagged.items()},
            by_device={key: _in_time(found) for key, found in by_device.items()},
            unassigned=Pool.of(placement for placement in matching.placements if placement.officer_id is None),
            switching={key: tuple(found) for key, found in switching.items()},
            numbered={key: _numbered(found) for key, found in by_device.items()},
            docked_us={key: tuple(found) for key, found in docked.items()},
            uploaded_us={key: _uploads(found) for key, found in by_device.items()},
            orphan_videos=tuple(
                sorted(video.object_key for video in matching.records.objects if video.object_key not in named)
            ),
        )


def overlapping(placements: TimeIndex[Placement], spans: tuple[Span, ...]) -> Iterator[Placement]:
    """Placements that overlap any of the spans, each once, in order of time."""
    low, high = min(span.start_us for span in spans), max(span.end_us for span in spans)
    for placement in placements.overlapping(low, high):
        if any(placement.start_us < span.end_us and placement.end_us > span.start_us for span in spans):
            yield placement


def _in_time(placements: Iterable[Placement]) -> TimeIndex[Placement]:
    return TimeIndex((placement.start_us, placement.end_us, placement) for placement in placements)


def _numbered(placements: Iterable[Placement]) -> Numbered:
    rows = tuple(one for one in placements if one.segment.sequence_no is not None)
    return Numbered(tuple(one.start_us for one in rows), rows)


def _uploads(placements: Iterable[Placement]) -> tuple[int, ...]:
    return tuple(sorted(one.segment.uploaded_us for one in placements if one.segment.uploaded_us is not None))
