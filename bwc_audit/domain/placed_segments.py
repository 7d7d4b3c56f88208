"""The segments of incidents as a decision hands them on: in order, built when somebody asks, since a year holds a million.

Decides only which incidents a segment is shown with: those whose windows it touches, and those it is tagged with by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np

from bwc_audit.domain.coverage import NO_TIME, Bool, Int
from bwc_audit.domain.groups import distinct, is_among
from bwc_audit.domain.inspection import Inspection
from bwc_audit.domain.matching import Matching
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.segment_table import Coded
from bwc_audit.domain.sight import Sight
from bwc_audit.domain.times import Span

#: Segments that are built together when all of them are asked for.
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSegments(Sequence[PlacedSegment]):
    """Each segment once for every incident whose windows it touches, or that it is tagged with; by incident, then time.

    ``placement``: index of each. ``is_tagged``: it touches no window of that incident.
    """

    matching: Matching
    sight: Sight
    inspections: Mapping[str, Inspection]
    placement: Int
    incident: Coded[str]
    is_tagged: Bool

    @staticmethod
    def of(matching: Matching, sight: Sight, inspections: Mapping[str, Inspection]) -> PlacedSegments:
        """All of them; incidents that were never read have none by tag."""
        touching, window = matching.windows_of.pairs()
        tagged, tag = matching.placements.tags()
        known = {incident.incident_id for incident in matching.records.incidents}
        measured = matching.measured.columns.incident
        names = sorted(known.union(measured.values))
        number = {name: place for place, name in enumerate(names)}
        of_window = np.array([number[name] for name in measured.values], np.int64)[measured.code]
        of_tag = np.array([number[name] if name in known else -1 for name in tag.values], np.int64)[tag.code]
        tagged, of_tag = tagged[of_tag >= 0], of_tag[of_tag >= 0]
        matched = distinct(touching * len(names) + of_window[window])
        entered = distinct(tagged * len(names) + of_tag)
        entered = entered[~is_among(entered, matched)]
        both = np.concatenate([matched, entered])
        index, incident = np.divmod(both, max(len(names), 1))
        order = _in_order(matching, index, incident)
        is_tagged = np.arange(len(both)) >= len(matched)
        incidents = Coded(incident[order], tuple(names))
        return PlacedSegments(matching, sight, inspections, index[order], incidents, is_tagged[order])

    def only(self, is_wanted: Bool) -> PlacedSegments:
        """Those for which the array, one for each, is true; in the same order."""
        incident = Coded(self.incident.code[is_wanted], self.incident.values)
        return replace(self, placement=self.placement[is_wanted], incident=incident, is_tagged=self.is_tagged[is_wanted])

    def __len__(self) -> int:
        return len(self.placement)

    @overload
    def __getitem__(self, place: int) -> PlacedSegment: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[PlacedSegment]: ...
    def __getitem__(self, place: int | slice) -> PlacedSegment | Sequence[PlacedSegment]:
        places = np.arange(len(self))[place]
        if isinstance(place, slice):
            return list(self._built(places))
        return next(self._built(places.reshape(1)))

    def __iter__(self) -> Iterator[PlacedSegment]:
        for first in range(0, len(self), _AT_ONCE):
            yield from self._built(np.arange(first, min(first + _AT_ONCE, len(self))))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # compared by content

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The fields of each in the order of ``PlacedSegment``, its span as start and end."""
        for first in range(0, len(self), _AT_ONCE):
            yield from self._rows(np.arange(first, min(first + _AT_ONCE, len(self))))

    def _built(self, places: Int) -> Iterator[PlacedSegment]:
        for incident_id, footage_id, recording_id, device_id, officer_id, start_us, end_us, *rest in self._rows(places):
            yield PlacedSegment(incident_id, footage_id, recording_id, device_id, officer_id, Span(start_us, end_us), *rest)

    def _rows(self, places: Int) -> Iterator[tuple[Any, ...]]:
        placements, index = self.matching.placements, self.placement[places]
        table, segment = placements.table, placements.segment[index]
        footage, keys = (_each(values, segment) for values in (table.footage_id, table.object_key))
        looked, said = self.sight.of_placement.looked, self.sight.of_placement.said_unseen(index)
        seen = [looked.get(each) for each in index.tolist()]
        unseen = zip(index.tolist(), footage, keys, strict=True)
        not_examined = (
            one.not_examined if one else said.get(each) or self._beside(name, key)
            for one, (each, name, key) in zip(seen, unseen, strict=True)
        )
        return zip(
            _each(self.incident.values, self.incident.code[places]),
            footage,
            _each(placements.recording.values, placements.recording.code[index]),
            _each(table.device_id.values, table.device_id.code[segment]),
            _each(placements.officer.values, placements.officer.code[index]),
            placements.start_us[index].tolist(),
            placements.end_us[index].tolist(),
            [None if each == NO_TIME else each for each in placements.activated_us[index].tolist()],
            placements.clocks.offset_us[segment].tolist(),
            placements.tolerance_us[index].tolist(),
            ["tagged" if each else "matched" for each in self.is_tagged[places].tolist()],
            keys,
            [one.inspection.status if one and one.inspection else None for one in seen],
            [one.unusable if one else () for one in seen],
            not_examined,
            strict=True,
        )

    def _beside(self, footage_id: str, key: str | None) -> tuple[str, ...]:
        """What is said of a segment that touches no window: nothing of it was seen, or at most its clock."""
        is_clock_read = (key or "") in self.inspections
        rest = "only the clock in its picture was looked for" if is_clock_read else "not looked into"
        return (f"{footage_id}: touches no required window, {rest}",)


def of_incidents(segments: Sequence[PlacedSegment], incident_ids: Collection[str]) -> Sequence[PlacedSegment]:
    """The segments of these incidents."""
    if not isinstance(segments, PlacedSegments):
        return tuple(one for one in segments if one.incident_id in incident_ids)
    incident = segments.incident
    return segments.only(incident.where(name in incident_ids for name in incident.values))


def of_files(segments: Sequence[PlacedSegment], footage_ids: Collection[str]) -> Sequence[PlacedSegment]:
    """The segments with these footage ids."""
    if not isinstance(segments, PlacedSegments):
        return tuple(one for one in segments if one.footage_id in footage_ids)
    placements = segments.matching.placements
    footage = placements.table.footage_id
    found = (footage[place] in footage_ids for place in placements.segment[segments.placement].tolist())
    return segments.only(np.fromiter(found, np.bool_, len(segments)))


def rows_of(segments: Sequence[PlacedSegment]) -> Iterator[tuple[Any, ...]]:
    """The fields of each segment in their order, its span as start and end; nothing is built that was not."""
    if isinstance(segments, PlacedSegments):
        yield from segments.rows()
        return
    for one in segments:
        span = one.span
        yield (
            *(one.incident_id, one.footage_id, one.recording_id, one.device_id, one.officer_id, span.start_us, span.end_us),
            *(one.activated_us, one.offset_us, one.uncertainty_us, one.role, one.object_key, one.inspection_status),
            *(one.unusable, one.not_examined),
        )


def _each(values: Sequence[Any], places: Int) -> list[Any]:
    """The values at these places."""
    return [values[place] for place in places.tolist()]


def _in_order(matching: Matching, index: Int, incident: Int) -> Int:
    """By incident, span, footage id and object key."""
    placements = matching.placements
    start_us, end_us = placements.start_us[index], placements.end_us[index]
    order = np.lexsort((index, end_us, start_us, incident))
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for column in (incident, start_us, end_us):
        same &= column[order[1:]] == column[order[:-1]]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same)) if len(order) else order
    footage, keys, segment = placements.table.footage_id, placements.table.object_key, placements.segment

    def rank(place: int) -> tuple[int, int, int, str, str, int]:
        at = int(segment[index[place]])
        times = int(incident[place]), int(start_us[place]), int(end_us[place])
        return (*times, footage[at], keys[at] or "", int(index[place]))

    order[tied] = sorted(order[tied].tolist(), key=rank)
    return order
