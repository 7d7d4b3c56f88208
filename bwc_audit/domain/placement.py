"""Where each segment stands: whose it is, and when it was recorded in true time.

The device's own times stay in the ``Segment``; a ``Placement`` holds the corrected ones beside them, with the offset that
was taken out and what may still be wrong with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bwc_audit.domain.clock_anchors import AnchorKind
from bwc_audit.domain.clocks import ClockChecks, ClockEstimate
from bwc_audit.domain.identity import HolderHistory, Roster
from bwc_audit.domain.records import RowRef, Segment
from bwc_audit.domain.shown_clocks import ShownClock


@dataclass(frozen=True, slots=True)
class Placement:
    """One segment in corrected UTC time. ``activated_us``: the recording's activation (all its segments share it).

    ``officer_id`` None: nobody can be named; ``conflict`` names the holders who contradict one another.
    ``is_by_holder``: taken from the holder history, the metadata name no officer. ``shown``: the clock in its picture, where
    it was looked for and found; ``clock.tolerance_us`` has grown by what it contradicts.
    """

    segment: Segment
    recording_id: str
    officer_id: str | None
    is_by_holder: bool
    conflict: tuple[str, ...]
    start_us: int
    end_us: int
    activated_us: int | None
    clock: ClockEstimate
    shown: ShownClock | None = None

    @property
    def footage_id(self) -> str:
        return self.segment.footage_id


def place_segments(
    segments: Iterable[Segment],
    roster: Roster,
    history: HolderHistory,
    checks: ClockChecks,
    shown: Mapping[RowRef, ShownClock],
) -> tuple[Placement, ...]:
    """All segments placed; ordered by corrected start, then footage id and source row. ``shown``: by the segment's row."""
    segments = tuple(segments)
    activation = _activations(segments)
    device_ids = sorted({segment.device_id for segment in segments})
    number = {device_id: place for place, device_id in enumerate(device_ids)}
    device = np.array([number[segment.device_id] for segment in segments], np.int64)
    at_us = np.array([segment.media_started_us for segment in segments], np.int64)
    clocks = checks.estimates(device_ids, device, at_us)
    placed = [
        _place(segment, activation, roster, history, checks, checks.estimate_at(clocks, index), shown.get(segment.row))
        for index, segment in enumerate(segments)
    ]
    return tuple(sorted(placed, key=lambda place: (place.start_us, place.footage_id, place.segment.row)))


def recording_id_of(segment: Segment) -> str:
    """The recording a segment belongs to; a segment without one is a recording of its own."""
    return segment.recording_id or segment.footage_id


def _activations(segments: Iterable[Segment]) -> dict[str, int]:
    """Device time of activation for each recording that tells it, by button time or by the length of the buffer."""
    by_recording: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        by_recording[recording_id_of(segment)].append(segment)
    found: dict[str, int] = {}
    for recording_id, parts in by_recording.items():
        pressed = [part.activated_us for part in parts if part.activated_us is not None]
        pressed = pressed or _ends_of_buffer(parts)
        if pressed:
            found[recording_id] = min(pressed)
    return found


def _ends_of_buffer(parts: Sequence[Segment]) -> list[int]:
    return [
        part.media_started_us + part.pre_event_buffer_us
        for part in parts
        if part.pre_event_buffer_us is not None and part.segment_no in (None, 1)
    ]


def _place(
    segment: Segment,
    activation: dict[str, int],
    roster: Roster,
    history: HolderHistory,
    checks: ClockChecks,
    clock: ClockEstimate,
    shown: ShownClock | None,
) -> Placement:
    if shown is not None and clock.day is not None and AnchorKind.OVERLAY in clock.day.kinds:
        shown = shown.without(clock.moved_us)
    if shown is not None:
        clock = replace(clock, tolerance_us=shown.believed_us(clock.tolerance_us, checks.rules))
    start_us = segment.media_started_us - clock.offset_us
    officer_id, is_by_holder, conflict = _owner(segment, start_us, roster, history)
    recording_id = recording_id_of(segment)
    activated_us = activation.get(recording_id)
    return Placement(
        segment=segment,
        recording_id=recording_id,
        officer_id=officer_id,
        is_by_holder=is_by_holder,
        conflict=conflict,
        start_us=start_us,
        end_us=start_us + segment.duration_us,
        activated_us=None if activated_us is None else activated_us - clock.offset_us,
        clock=clock,
        shown=shown,
    )


def _owner(
    segment: Segment, start_us: int, roster: Roster, history: HolderHistory
) -> tuple[str | None, bool, tuple[str, ...]]:
    if segment.officer_id is not None:
        stated = roster.resolve(segment.officer_id)
        if stated is not None:
            return stated.officer_id, False, ()
    holders = set()
    for holding in history.holders_at(segment.device_id, start_us):
        officer = roster.resolve(holding.officer_id)
        holders.add(officer.officer_id if officer else holding.officer_id)
    if len(holders) == 1:
        return holders.pop(), True, ()
    return None, False, tuple(sorted(holders))
