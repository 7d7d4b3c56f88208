"""Where each segment stands: whose it is, and when it was recorded in true time.

The device's own times stay in the ``Segment``; a ``Placement`` holds the corrected ones beside them, with the offset that
was taken out and what may still be wrong with it. All segments are placed at once, as columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import overload

import numpy as np

from bwc_audit.domain.clock_anchors import AnchorKind
from bwc_audit.domain.clocks import ClockChecks, ClockEstimate, ClockEstimates
from bwc_audit.domain.coverage import NO_TIME, Bool, Int
from bwc_audit.domain.groups import distinct
from bwc_audit.domain.identity import HolderHistory, Roster
from bwc_audit.domain.records import Holding, RowRef, Segment
from bwc_audit.domain.segment_table import NO_NUMBER, Coded, SegmentTable, number_at
from bwc_audit.domain.shown_clocks import ShownClock
from bwc_audit.domain.time_index import TimeIndex


class Placement:
    """One segment in corrected UTC time: a row of ``Placements``, read from its columns when something of it is asked for.

    ``officer_id`` None: nobody can be named; ``conflict`` names the holders who contradict one another.
    ``is_by_holder``: taken from the holder history, the metadata name no officer. ``activated_us``: the recording's
    activation (all its segments share it). ``shown``: the clock in its picture, where it was looked for and found;
    ``clock.tolerance_us`` has grown by what it contradicts.
    """

    __slots__ = ("_all", "_segment", "end_us", "index", "start_us")

    def __init__(self, placements: Placements, index: int) -> None:
        self._all, self.index = placements, index
        self.start_us, self.end_us = int(placements.start_us[index]), int(placements.end_us[index])
        self._segment: Segment | None = None

    @property
    def _place(self) -> int:
        return int(self._all.segment[self.index])

    @property
    def segment(self) -> Segment:
        """The metadata, with the device's own times."""
        if self._segment is None:
            self._segment = self._all.table[self._place]
        return self._segment

    @property
    def footage_id(self) -> str:
        return self._all.table.footage_id[self._place]

    @property
    def device_id(self) -> str:
        return self._all.table.device_id[self._place]

    @property
    def object_key(self) -> str | None:
        return self._all.table.object_key[self._place]

    @property
    def sha256(self) -> str | None:
        return self._all.table.sha256[self._place]

    @property
    def deleted_us(self) -> int | None:
        """When its video was deleted, as its metadata say."""
        return number_at(self._all.table.deleted_us, self._place)

    @property
    def sequence_no(self) -> int | None:
        """The number that its camera gave it."""
        return number_at(self._all.table.sequence_no, self._place)

    @property
    def row(self) -> RowRef:
        """Where the metadata were read."""
        return self._all.table.row(self._place)

    @property
    def recording_id(self) -> str:
        return self._all.recording[self.index]

    @property
    def officer_id(self) -> str | None:
        return self._all.officer[self.index]

    @property
    def is_by_holder(self) -> bool:
        return bool(self._all.is_by_holder[self.index])

    @property
    def conflict(self) -> tuple[str, ...]:
        return self._all.conflict.get(self.index, ())

    @property
    def activated_us(self) -> int | None:
        activated_us = int(self._all.activated_us[self.index])
        return None if activated_us == NO_TIME else activated_us

    @property
    def shown(self) -> ShownClock | None:
        return self._all.shown.get(self.index)

    @property
    def clock(self) -> ClockEstimate:
        clock = self._all.checks.estimate_at(self._all.clocks, self._place)
        return replace(clock, tolerance_us=int(self._all.tolerance_us[self.index]))


@dataclass(frozen=True, slots=True, eq=False)
class Placements(Sequence[Placement]):
    """All segments placed; ordered by corrected start, then footage id and source row. Columns have that order.

    ``segment``: place in ``table``; ``run``: what segments of one recording of one camera share. ``officer``: None: nobody
    can be named. ``activated_us``: ``NO_TIME`` where it is not
    known. ``clock_at``: place in ``clocks``. ``shown`` and ``conflict``: for the few that have one.
    """

    table: SegmentTable
    checks: ClockChecks
    clocks: ClockEstimates
    segment: Int
    run: Int
    recording: Coded[str]
    officer: Coded[str | None]
    is_by_holder: Bool
    start_us: Int
    end_us: Int
    activated_us: Int
    tolerance_us: Int
    conflict: Mapping[int, tuple[str, ...]]
    shown: Mapping[int, ShownClock]
    _built: dict[int, Placement] = field(default_factory=dict)
    _listed: dict[str, Sequence[str | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.segment)

    @overload
    def __getitem__(self, index: int) -> Placement: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Placement]: ...
    def __getitem__(self, index: int | slice) -> Placement | Sequence[Placement]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        found = self._built.get(index)
        if found is None:
            found = self._built[index] = Placement(self, index)
        return found

    def __iter__(self) -> Iterator[Placement]:
        return (Placement(self, index) for index in range(len(self)))

    @property
    def device(self) -> Coded[str]:
        """The camera of each."""
        return self.table.device_id.taken(self.segment)

    @property
    def offset_us(self) -> Int:
        """What was taken out of each device time."""
        return np.asarray(self.clocks.offset_us[self.segment])

    def of_nobody(self) -> Int:
        """Those of which nobody can be named, ascending."""
        return np.flatnonzero(self.officer.where(name is None for name in self.officer.values))

    def moved(self) -> list[int]:
        """Those that may lie elsewhere: by the clock in their picture, or since an offset was taken out that rests on
        anchors; ascending."""
        by_picture = (index for index, shown in self.shown.items() if shown.shifts_us)
        return sorted({*by_picture, *self._corrected_by_anchors()})

    def _corrected_by_anchors(self) -> list[int]:
        is_moving = np.array([*(bool(day.is_applied and day.offset_us) for day in self.checks.days), False], np.bool_)
        return [int(index) for index in np.flatnonzero(is_moving[self.clocks.day[self.segment]])]

    def tagged_with(self, incident_ids: Collection[str]) -> Bool:
        """Which of them carry one of these incident ids, entered by hand."""
        entered, wanted = self.table.incident_ids, frozenset(incident_ids)
        return entered.where(not wanted.isdisjoint(each) for each in entered.values)[self.segment]

    def tags(self) -> tuple[Int, Coded[str]]:
        """Each incident id that was entered by hand, in order of the placements: (index, the id)."""
        place, tag = self.table.tags()
        rank = np.empty(len(self), np.int64)
        rank[self.segment] = np.arange(len(self))
        index = rank[place]
        order = np.argsort(index, kind="stable")
        return index[order], tag.taken(order)

    def listed(self, name: str) -> Sequence[str | None]:
        """A plain column of the table in this order, such as ``footage_id``; laid out once."""
        found = self._listed.get(name)
        if found is None:
            column = getattr(self.table, name)
            found = self._listed[name] = [column[place] for place in self.segment.tolist()]
        return found

    def among(self, indices: Sequence[int]) -> Sequence[Placement]:
        """These placements, built when they are asked for."""
        return _Among(self, indices)

    def first_us(self) -> Int:
        """For each when its recording began, as far as segments of it are there."""
        first_us = np.full(int(self.run.max(initial=-1)) + 1, np.iinfo(np.int64).max)
        np.minimum.at(first_us, self.run, self.start_us)
        return np.asarray(first_us[self.run])

    def index_of(self, indices: Int) -> TimeIndex[Placement]:
        """These placements (ascending) by time."""
        return TimeIndex.in_order(self.start_us[indices], self.end_us[indices], self.among(indices.tolist()))


@dataclass(frozen=True, slots=True)
class _Among(Sequence[Placement]):
    placements: Placements
    indices: Sequence[int]

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, place: int) -> Placement: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Placement]: ...
    def __getitem__(self, place: int | slice) -> Placement | Sequence[Placement]:
        if isinstance(place, slice):
            return _Among(self.placements, self.indices[place])
        return self.placements[self.indices[place]]


def place_segments(
    segments: Sequence[Segment],
    roster: Roster,
    history: HolderHistory,
    checks: ClockChecks,
    shown: Mapping[RowRef, ShownClock],
) -> Placements:
    """All segments placed. ``shown``: by the segment's row."""
    table = SegmentTable.of(segments)
    clocks = checks.estimates(table.device_id.values, table.device_id.code, table.media_started_us)
    start_us = table.media_started_us - clocks.offset_us
    recording = table.recordings()
    run = table.runs(recording)
    activated_us = _activations(table, run)
    pressed_us = _button_times(table, activated_us) - clocks.offset_us
    officer, is_by_holder, conflict = _owners(table, (pressed_us, start_us), roster, history)
    tolerance_us, shown_at = clocks.tolerance_us + table.coarse_us(), _shown_at(table, shown)
    for place, one in shown_at.items():
        shown_at[place] = rest = _not_yet_taken_out(one, checks.estimate_at(clocks, place))
        tolerance_us[place] = rest.believed_us(int(tolerance_us[place]), checks.rules)
    order = _in_order(table, start_us)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return Placements(
        table=table,
        checks=checks,
        clocks=clocks,
        segment=order,
        run=run[order],
        recording=recording.taken(order),
        officer=officer.taken(order),
        is_by_holder=is_by_holder[order],
        start_us=start_us[order],
        end_us=(start_us + table.duration_us)[order],
        activated_us=np.where(activated_us == NO_TIME, NO_TIME, activated_us - clocks.offset_us)[order],
        tolerance_us=tolerance_us[order],
        conflict={int(rank[place]): holders for place, holders in conflict.items()},
        shown={int(rank[place]): one for place, one in shown_at.items()},
    )


def _not_yet_taken_out(shown: ShownClock, clock: ClockEstimate) -> ShownClock:
    """The clock in a picture without the offset that it helped to prove and that was taken out for it."""
    is_taken_out = clock.day is not None and AnchorKind.OVERLAY in clock.day.kinds
    return shown.without(clock.moved_us) if is_taken_out else shown


def _in_order(table: SegmentTable, start_us: Int) -> Int:
    """Places of segments by corrected start, then footage id and source row."""
    order = np.argsort(start_us, kind="stable")
    starts = start_us[order]
    is_same = starts[1:] == starts[:-1]
    tied = np.flatnonzero(np.append(is_same, False) | np.append(False, is_same))
    if len(tied):
        keyed = [
            (start, table.footage_id[place], table.file[place], int(table.line[place]), place)
            for start, place in zip(starts[tied].tolist(), order[tied].tolist(), strict=True)
        ]
        order[tied] = [key[-1] for key in sorted(keyed)]
    return order


def _activations(table: SegmentTable, run: Int) -> Int:
    """For each segment the device time of activation that its recording (``run``) tells, by button time or by the length
    of the buffer; ``NO_TIME``: it tells none."""
    runs = int(run.max(initial=-1)) + 1
    never = np.iinfo(np.int64).max
    pressed, behind_buffer = (np.full(runs, never) for _ in "12")
    ends_us = np.full(runs, NO_TIME)
    np.maximum.at(ends_us, run, table.media_started_us + table.duration_us)
    is_pressed = table.is_pressed(ends_us[run])
    np.minimum.at(pressed, run[is_pressed], table.activated_us[is_pressed])
    is_first = (table.segment_no == NO_NUMBER) | (table.segment_no == 1)
    is_told = is_first & (table.pre_event_buffer_us != NO_NUMBER)
    buffered_us = table.media_started_us[is_told] + table.pre_event_buffer_us[is_told]
    np.minimum.at(behind_buffer, run[is_told], buffered_us)
    found = np.where(pressed == never, behind_buffer, pressed)
    return np.where(found == never, NO_TIME, found)[run]


def _button_times(table: SegmentTable, activated_us: Int) -> Int:
    """The device time of activation where it lies inside the segment, else of its start."""
    is_inside = (activated_us > table.media_started_us) & (activated_us < table.media_started_us + table.duration_us)
    return np.where(is_inside, activated_us, table.media_started_us)


def _shown_at(table: SegmentTable, shown: Mapping[RowRef, ShownClock]) -> dict[int, ShownClock]:
    """By the segment's place in the table."""
    if not shown:
        return {}
    files = {row.file for row in shown}
    places = np.flatnonzero(table.file.where(file in files for file in table.file.values)).tolist()
    rows = ((place, table.row(place)) for place in places)
    return {place: shown[row] for place, row in rows if row in shown}


def _owners(
    table: SegmentTable, moments_us: Sequence[Int], roster: Roster, history: HolderHistory
) -> tuple[Coded[str | None], Bool, dict[int, tuple[str, ...]]]:
    """Whose each segment is, whether that follows from the holder history, and between whom it contradicts itself.

    ``moments_us``: when the holder is asked for, the next where nobody held the camera then. First comes the button: the
    buffer before it may be of the time of whoever held the camera until then."""
    number: dict[str | None, int] = {None: 0}
    named = [None if name is None else roster.resolve(name) for name in table.officer_id.values]
    codes = [number.setdefault(one.officer_id if one else None, len(number)) for one in named]
    officer = np.array(codes, np.int64)[table.officer_id.code]
    is_by_holder, conflict = np.zeros(len(table), np.bool_), {}
    is_told = officer != 0
    for held_us in moments_us:
        for places, holdings in _held(table, np.flatnonzero(~is_told), held_us, history):
            is_told[places] = True
            found = [roster.resolve(holding.officer_id) for holding in holdings]
            holders = [one.officer_id if one else holding.officer_id for one, holding in zip(found, holdings, strict=True)]
            if len(set(holders)) == 1:
                officer[places], is_by_holder[places] = number.setdefault(holders[0], len(number)), True
            else:
                conflict.update(dict.fromkeys(places.tolist(), tuple(sorted(set(holders)))))
    return Coded(officer, tuple(number)), is_by_holder, conflict


def _held(
    table: SegmentTable, wanted: Int, held_us: Int, history: HolderHistory
) -> Iterator[tuple[Int, tuple[Holding, ...]]]:
    """The segments in groups whose cameras, at that moment, were held under the same holdings; not those held by nobody."""
    device = table.device_id.code[wanted]
    order = wanted[np.argsort(device, kind="stable")]
    edges = np.searchsorted(table.device_id.code[order], np.arange(len(table.device_id.values) + 1)).tolist()
    for device_id, (low, high) in zip(table.device_id.values, pairwise(edges), strict=True):
        index = history.by_device.get(device_id)
        if index is None or low == high:
            continue
        places = order[low:high]
        row, which = index.overlapping_each(held_us[places], held_us[places] + 1)
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        count = np.bincount(row, minlength=len(places))
        lone = count[row] == 1
        for one in distinct(which[lone]).tolist():
            yield places[row[lone & (which == one)]], (index.values[one],)
        for several in np.flatnonzero(count > 1).tolist():
            groups[tuple(which[row == several].tolist())].append(several)
        for held, rows in groups.items():
            yield places[np.array(rows)], tuple(index.values[one] for one in held)
