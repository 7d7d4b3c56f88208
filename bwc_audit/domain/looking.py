"""What to look into, from measured coverage: which videos, which parts of them, near which moments.

Decides from rows alone; how an asked-for part is sampled is the business of whoever looks (policy ``sampling``).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.coverage import Int, SpanTable
from bwc_audit.domain.inspection import InspectionRequest
from bwc_audit.domain.judgement import Judged
from bwc_audit.domain.matching import Matching, needs
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.shifted import worth_a_look
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.domain.waterfall import Attendance

#: Of media time: long enough that a clock that runs can be told from one that stands, and for three readings that agree.
CLOCK_LOOK_US = 20 * SECOND_US


@dataclass(frozen=True, slots=True, eq=False)
class RequiredParts:
    """The stored videos that touch required windows, by key: ``pieces`` (``window``: place in ``keys``) are the parts inside
    windows, disjoint, in media time; ``placement`` the first that names the video, as an index of the placements."""

    keys: tuple[str, ...]
    pieces: SpanTable
    placement: Int

    @staticmethod
    def of(matching: Matching) -> RequiredParts:
        """From the windows that each recording touches."""
        window, index = matching.placements_of.pairs()
        is_stored = matching.videos.is_stored[index]
        window, index = window[is_stored], index[is_stored]
        named = matching.placements.listed("object_key")
        object_key = [named[place] or "" for place in index.tolist()]
        keys = tuple(sorted(set(object_key)))
        number = {key: place for place, key in enumerate(keys)}
        owner = np.array([number[key] for key in object_key], np.int64)
        begins_us, ends_us = matching.placements.start_us[index], matching.placements.end_us[index]
        low_us = np.maximum(begins_us, matching.windows.start_us[window]) - begins_us
        high_us = np.minimum(ends_us, matching.windows.end_us[window]) - begins_us
        first = np.full(len(keys), np.iinfo(np.int64).max)
        np.minimum.at(first, owner, index)
        return RequiredParts(keys, coverage.together(SpanTable(owner, low_us, high_us)), first)


def inspection_plan(matching: Matching, *, is_deep: bool = False) -> tuple[InspectionRequest, ...]:
    """What to look at: each stored video that touches a required window, the parts inside windows, more closely near the
    recorded times of dispatch; and the clock of those that could explain an absence if their times were wrong. By key."""
    required = RequiredParts.of(matching)
    spans, focus_us = required.pieces.spans_by_window(), _focus(matching, required)
    planned = []
    for place, (key, index) in enumerate(zip(required.keys, required.placement.tolist(), strict=True)):
        placement = matching.placements[index]
        planned.append(
            InspectionRequest(
                object_key=key,
                spans=spans[place],
                expected_duration_us=placement.end_us - placement.start_us,
                buffer_us=_buffer_in_file(placement),
                is_deep=is_deep,
                focus_us=tuple(sorted(focus_us[key])),
            )
        )
    planned += _clock_looks(matching, required)
    return tuple(sorted(planned, key=lambda request: request.object_key))


def _focus(matching: Matching, required: RequiredParts) -> dict[str, set[int]]:
    """For each video the times of dispatch inside its required parts, in media time."""
    keys, found = frozenset(required.keys), defaultdict[str, set[int]](set)
    for index, windows in matching.windows_of.items():
        placement = matching.placements[index]
        key = placement.object_key
        if key is None or key not in keys:
            continue
        for window in windows:
            low = max(placement.start_us, int(matching.windows.start_us[window])) - placement.start_us
            high = min(placement.end_us, int(matching.windows.end_us[window])) - placement.start_us
            found[key].update(_dispatch_times(matching.measured[window].attendance, placement, Span(low, high)))
    return found


def _dispatch_times(attendance: Attendance, placement: Placement, inside: Span) -> tuple[int, ...]:
    """The dispatch system's times of one attendance inside a span of the file, in media time; not those that are its ends,
    near which is looked closely anyway."""
    times = (attendance.dispatched_us, attendance.en_route_us, attendance.on_scene_us, attendance.cleared_us)
    media = (time_us - placement.start_us for time_us in times if time_us is not None)
    return tuple(at_us for at_us in media if inside.start_us < at_us < inside.end_us)


def _clock_looks(matching: Matching, required: RequiredParts) -> list[InspectionRequest]:
    """Short looks, at the beginning, for the clock in the picture of recordings that touch no window; only where an absence
    may be stated by now."""
    measures = matching.measures
    is_wanting = (measures.covered_us == 0) | (measures.late_margin_us > 0) | (measures.early_margin_us > 0)
    wanting = [
        window
        for window in np.flatnonzero(is_wanting | (measures.gap_margin_us > 0)).tolist()
        if not _is_pending(matching, matching.measured[window])
    ]
    found: dict[str, InspectionRequest] = {}
    others = frozenset(required.keys)
    for index in worth_a_look(needs(matching.measured, matching.windows), wanting, matching.placements, matching.windows_of):
        placement = matching.placements[index]
        key, length_us = placement.object_key, min(placement.end_us - placement.start_us, CLOCK_LOOK_US)
        if key is None or key in others or not matching.videos.is_stored[index]:
            continue
        if placement.deleted_us is None and length_us > 0:
            found[key] = InspectionRequest(key, (Span(0, length_us),), is_hashed=False, is_clock_look=True)
    return list(found.values())


def _is_pending(matching: Matching, judged: Judged) -> bool:
    if judged.window is None:
        return True
    return matching.completeness.pending(judged.attendance.officer_id, judged.window.span, judged.policy.upload) is not None


def _buffer_in_file(placement: Placement) -> int | None:
    """How much of the start of this file is pre-event buffer; 0 in later segments; None: not known."""
    if placement.activated_us is not None:
        return max(0, min(placement.activated_us - placement.start_us, placement.end_us - placement.start_us))
    return 0 if (placement.segment.segment_no or 1) > 1 else placement.segment.pre_event_buffer_us
