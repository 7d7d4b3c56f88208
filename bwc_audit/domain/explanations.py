"""Competing explanations of an absence, each with what speaks for it and against it.

An explanation is an invitation to look, ordered by how directly a source speaks for it. None is offered without at least
one thing a reader can check; none of them withdraws the measured fact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.findings import Explanation, ExplanationKind
from bwc_audit.domain.groups import Groups
from bwc_audit.domain.matching import Judged, Matching
from bwc_audit.domain.phrases import said_length, said_moment, said_time
from bwc_audit.domain.placement import Placement, Placements
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind
from bwc_audit.domain.shifted import shifted_places
from bwc_audit.domain.time_index import TimeIndex
from bwc_audit.domain.times import Span, iso_utc

_OFF_KINDS = frozenset(
    {DeviceEventKind.POWER_OFF, DeviceEventKind.SLEEP, DeviceEventKind.BATTERY_EMPTY, DeviceEventKind.DOCK}
)
_ON_KINDS = frozenset({DeviceEventKind.POWER_ON, DeviceEventKind.WAKE, DeviceEventKind.UNDOCK})
_SWITCHING = _OFF_KINDS | _ON_KINDS

#: Of many recordings or videos that could explain one absence, this many are named; the rest are counted.
_NAMED_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class Clues:
    """What the sources hold that could explain an absence, indexed once for a run."""

    tagged: Mapping[str, Sequence[Placement]]
    by_device: Mapping[str, TimeIndex[Placement]]
    unassigned: TimeIndex[Placement]
    switching: dict[str, tuple[DeviceEvent, ...]]
    orphan_videos: tuple[str, ...]

    @staticmethod
    def of(matching: Matching) -> Clues:
        placements = matching.placements
        switching: dict[str, list[DeviceEvent]] = defaultdict(list)
        for event in matching.records.device_events:
            if event.event in _SWITCHING:
                switching[event.device_id].append(event)
        for events in switching.values():
            events.sort(key=lambda event: (event.at_us, event.event, event.row))
        index, tag = placements.tags()
        return Clues(
            tagged=_Tagged(placements, tag.values, Groups.of(tag.code, index, len(tag.values))),
            by_device=_ByDevice(placements),
            unassigned=placements.index_of(placements.of_nobody()),
            switching={key: tuple(found) for key, found in switching.items()},
            orphan_videos=tuple(sorted(video.object_key for video in matching.videos.unnamed)),
        )


class _Tagged(Mapping[str, Sequence[Placement]]):
    """Recordings by the incident id that they carry, in order of time."""

    __slots__ = ("_members", "_number", "_placements")

    def __init__(self, placements: Placements, tags: Sequence[str], members: Groups) -> None:
        self._placements, self._members = placements, members
        self._number = {tag: place for place, tag in enumerate(tags)}

    def __getitem__(self, incident_id: str) -> Sequence[Placement]:
        return [self._placements[index] for index in self._members[self._number[incident_id]]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._number)

    def __len__(self) -> int:
        return len(self._number)


class _ByDevice(Mapping[str, TimeIndex[Placement]]):
    """Recordings by camera; each camera's index is made when it is first asked for."""

    __slots__ = ("_made", "_members", "_number", "_placements")

    def __init__(self, placements: Placements) -> None:
        device = placements.device
        self._placements = placements
        self._members = Groups.of(device.code, np.arange(len(placements)), len(device.values))
        self._number = {device_id: place for place, device_id in enumerate(device.values)}
        self._made: dict[str, TimeIndex[Placement]] = {}

    def __getitem__(self, device_id: str) -> TimeIndex[Placement]:
        if device_id not in self._made:
            members = self._members[self._number[device_id]]
            self._made[device_id] = self._placements.index_of(np.array(members, np.int64))
        return self._made[device_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._number)

    def __len__(self) -> int:
        return len(self._number)


def explain(matching: Matching, clues: Clues, judged: Judged, spans: tuple[Span, ...]) -> tuple[Explanation, ...]:
    """Explanations for uncovered ``spans`` of one assignment; the most directly evidenced first."""
    found = [
        *_clock_contradiction(matching, judged),
        *_tagged_elsewhere(clues, judged),
        *_other_officer(matching, clues, judged, spans),
        *_unassigned_device(clues, spans),
        *_device_off(matching, clues, judged, spans),
        *_no_camera(matching, judged),
        *_pending_upload(matching, judged),
        *_video_without_metadata(clues),
    ]
    return tuple(found)


def _overlapping(placements: TimeIndex[Placement], spans: tuple[Span, ...]) -> Iterator[Placement]:
    """Placements that overlap any of the spans, each once, in order of time."""
    low, high = min(span.start_us for span in spans), max(span.end_us for span in spans)
    for placement in placements.overlapping(low, high):
        if any(placement.start_us < span.end_us and placement.end_us > span.start_us for span in spans):
            yield placement


def _clock_contradiction(matching: Matching, judged: Judged) -> Iterator[Explanation]:
    """Recordings that the clock in their picture moves into the window; and those that touch it and whose clock disagrees
    with their metadata, or shows no time."""
    if judged.measured is None:
        return
    moved_in = matching.shifted.placements_of.get(judged.measured, ())
    touching = matching.placements_of.get(judged.measured, ())
    for index in sorted({*moved_in, *touching}):
        placement = matching.placements[index]
        shown = placement.shown
        if shown is None or not (shown.shifts_us or shown.is_untimed):
            continue
        readings = f"{shown.clock.agreed} of {shown.clock.of} readings agree"
        said = f"the clock in the picture of recording {placement.recording_id} ({readings})"
        if shown.is_untimed:
            said += " was not set: it may lie elsewhere" if shown.clock.is_not_set else " stands still: it may lie elsewhere"
        for shift_us, place in zip(shown.shifts_us, shifted_places(placement), strict=True):
            side = "ahead of" if shift_us > 0 else "behind"
            said += (
                f" is {said_length(abs(shift_us))} {side} its metadata: by it the recording runs from "
                f"{said_moment(place.start_us)} to {said_moment(place.end_us)}"
            )
        against = [f"its metadata place it at {said_moment(placement.start_us)}"]
        against += ["the dock measured this camera's clock"] if placement.clock.check else []
        yield Explanation(ExplanationKind.CLOCK_CONTRADICTION, (said,), tuple(against))


def _tagged_elsewhere(clues: Clues, judged: Judged) -> Iterator[Explanation]:
    if judged.window is None:
        return
    window = judged.window.span
    for placement in clues.tagged.get(judged.attendance.incident_id, ()):
        if placement.start_us < window.end_us and placement.end_us > window.start_us:
            continue
        shift_us = window.start_us - placement.start_us
        shift = f"{said_length(abs(shift_us))} {'slow' if shift_us > 0 else 'fast'}"
        against = [] if placement.officer_id == judged.attendance.officer_id else ["it belongs to another officer"]
        against += ["the dock measured this camera's clock"] if placement.clock.check else []
        yield Explanation(
            ExplanationKind.TAGGED_ELSEWHERE,
            (
                f"recording {placement.recording_id} carries this incident's id and starts at "
                f"{iso_utc(placement.start_us)}; it would fit if its clock were {shift}",
            ),
            tuple(against),
        )


def _other_officer(matching: Matching, clues: Clues, judged: Judged, spans: tuple[Span, ...]) -> Iterator[Explanation]:
    officer_id = judged.attendance.officer_id
    for device_id in _held(matching, judged, spans):
        placements = clues.by_device.get(device_id)
        for placement in _overlapping(placements, spans) if placements else ():
            if placement.officer_id not in (None, officer_id):
                yield Explanation(
                    ExplanationKind.OTHER_OFFICER,
                    (
                        f"recording {placement.recording_id} of camera {device_id}, held by this officer then, "
                        f"is filed under officer {placement.officer_id}",
                    ),
                    ("the metadata name the other officer",),
                )


def _unassigned_device(clues: Clues, spans: tuple[Span, ...]) -> Iterator[Explanation]:
    """All ownerless recordings of that time as one explanation, the first few by name: in a large force there are many."""
    running = list(_overlapping(clues.unassigned, spans))
    if running:
        named = [
            f"recording {placement.recording_id} of camera {placement.device_id}, {_whose(placement)}, runs at that time"
            for placement in running[:_NAMED_AT_MOST]
        ]
        rest = len(running) - _NAMED_AT_MOST
        more = [f"{rest} more recordings that belong to nobody run at that time"] if rest > 0 else []
        yield Explanation(ExplanationKind.UNASSIGNED_DEVICE, (*named, *more))


def _whose(placement: Placement) -> str:
    return f"held by {' and '.join(placement.conflict)} at once" if placement.conflict else "assigned to nobody"


def _device_off(matching: Matching, clues: Clues, judged: Judged, spans: tuple[Span, ...]) -> Iterator[Explanation]:
    for device_id in _held(matching, judged, spans):
        events = clues.switching.get(device_id, ())
        before = bisect_right(events, spans[0].start_us, key=lambda event: event.at_us)
        if before and events[before - 1].event in _OFF_KINDS:
            last = events[before - 1]
            switched = f"{last.event.replace('_', ' ')} at {said_time(last.at_us)}"
            yield Explanation(
                ExplanationKind.DEVICE_OFF, (f"camera {device_id}: {switched}, not switched on again before the gap",)
            )


def _no_camera(matching: Matching, judged: Judged) -> Iterator[Explanation]:
    if judged.window and not _held(matching, judged, (judged.window.span,)):
        yield Explanation(
            ExplanationKind.NO_CAMERA,
            ("the holder history names no camera for this officer at that time",),
            ("the roster says that a camera was issued",),
        )


def _pending_upload(matching: Matching, judged: Judged) -> Iterator[Explanation]:
    if judged.window is None:
        return
    undocked = matching.completeness.undocked(judged.attendance.officer_id, judged.window.span)
    if undocked:
        yield Explanation(
            ExplanationKind.PENDING_UPLOAD,
            (f"camera {', '.join(undocked)} has not been docked since",),
            ("the time allowed for uploads is over",),
        )


def _video_without_metadata(clues: Clues) -> Iterator[Explanation]:
    if clues.orphan_videos:
        count = len(clues.orphan_videos)
        shown = ", ".join(clues.orphan_videos[:_NAMED_AT_MOST]) + (" …" if count > _NAMED_AT_MOST else "")
        said = f"{count} video{'s' if count > 1 else ''} in the store without metadata could be from that time: {shown}"
        yield Explanation(ExplanationKind.VIDEO_WITHOUT_METADATA, (said,))


def _held(matching: Matching, judged: Judged, spans: tuple[Span, ...]) -> tuple[str, ...]:
    return matching.history.devices_of(judged.attendance.officer_id, spans[0].start_us, spans[-1].end_us)
