"""What to look into, from measured coverage: which videos, which parts of them, near which moments.

Decides from rows alone; how an asked-for part is sampled is the business of whoever looks (policy ``sampling``).
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from bwc_audit.domain import coverage
from bwc_audit.domain.inspection import InspectionRequest
from bwc_audit.domain.matching import Judged, Matching, needs
from bwc_audit.domain.placement import Placement
from bwc_audit.domain.shifted import worth_a_look
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.domain.waterfall import Attendance

#: Of media time: long enough that a clock that runs can be told from one that stands, and for three readings that agree.
CLOCK_LOOK_US = 20 * SECOND_US


def inspection_plan(matching: Matching, *, is_deep: bool = False) -> tuple[InspectionRequest, ...]:
    """What to look at: each stored video that touches a required window, the parts inside windows, more closely near the
    recorded times of dispatch; and the clock of those that could explain an absence if their times were wrong. By key."""
    stored = {video.object_key for video in matching.records.objects}
    spans: dict[str, set[Span]] = defaultdict(set)
    focus_us: dict[str, set[int]] = defaultdict(set)
    placement_of: dict[str, Placement] = {}
    for index, windows in matching.windows_of.items():
        placement = matching.placements[index]
        key = placement.segment.object_key
        if key is None or key not in stored:
            continue
        placement_of.setdefault(key, placement)
        for window in windows:
            low = max(placement.start_us, int(matching.windows.start_us[window])) - placement.start_us
            high = min(placement.end_us, int(matching.windows.end_us[window])) - placement.start_us
            spans[key].add(Span(low, high))
            focus_us[key].update(_dispatch_times(matching.measured[window].attendance, placement, Span(low, high)))
    planned = [
        InspectionRequest(
            object_key=key,
            spans=_merged(spans[key]),
            expected_duration_us=placement_of[key].segment.duration_us,
            buffer_us=_buffer_in_file(placement_of[key]),
            is_deep=is_deep,
            focus_us=tuple(sorted(focus_us[key])),
        )
        for key in sorted(spans)
    ]
    planned += _clock_looks(matching, stored - spans.keys())
    return tuple(sorted(planned, key=lambda request: request.object_key))


def _dispatch_times(attendance: Attendance, placement: Placement, inside: Span) -> tuple[int, ...]:
    """The dispatch system's times of one attendance inside a span of the file, in media time; not those that are its ends,
    near which is looked closely anyway."""
    times = (attendance.dispatched_us, attendance.en_route_us, attendance.on_scene_us, attendance.cleared_us)
    media = (time_us - placement.start_us for time_us in times if time_us is not None)
    return tuple(at_us for at_us in media if inside.start_us < at_us < inside.end_us)


def _clock_looks(matching: Matching, keys: set[str]) -> list[InspectionRequest]:
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
    for index in worth_a_look(needs(matching.measured), wanting, matching.placements, matching.windows_of):
        placement = matching.placements[index]
        key, length_us = placement.segment.object_key, min(placement.segment.duration_us, CLOCK_LOOK_US)
        if key in keys and key is not None and placement.deleted_us is None and length_us > 0:
            found[key] = InspectionRequest(key, (Span(0, length_us),), is_hashed=False, is_clock_look=True)
    return list(found.values())


def _is_pending(matching: Matching, judged: Judged) -> bool:
    if judged.window is None:
        return True
    return matching.completeness.pending(judged.attendance.officer_id, judged.window.span, judged.policy.upload) is not None


def _merged(spans: set[Span]) -> tuple[Span, ...]:
    ordered = sorted(spans)
    starts, ends = coverage.union(
        np.array([span.start_us for span in ordered], np.int64), np.array([span.end_us for span in ordered], np.int64)
    )
    return tuple(Span(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True))


def _buffer_in_file(placement: Placement) -> int | None:
    """How much of the start of this file is pre-event buffer; 0 in later segments; None: not known."""
    if placement.activated_us is not None:
        return max(0, min(placement.activated_us - placement.start_us, placement.segment.duration_us))
    return 0 if (placement.segment.segment_no or 1) > 1 else placement.segment.pre_event_buffer_us
