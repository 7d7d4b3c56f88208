"""From records to the clocks of all cameras: gathers the anchors that the records hold and estimates each camera's days.

The one place that knows both records and anchors; what the anchors prove is decided in ``clock_days``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bwc_audit.domain.clock_anchors import (
    UNBOUNDED_US,
    Attended,
    AttendedArrays,
    SoundLag,
    TaggedArrays,
    dockings,
    overlay_anchors,
    sound_anchors,
    tagged_anchors,
    upload_bounds,
)
from bwc_audit.domain.clock_days import clock_days
from bwc_audit.domain.clocks import ClockChecks
from bwc_audit.domain.coverage import Int
from bwc_audit.domain.identity import HolderHistory, Roster
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.records import Records, RowRef, Segment
from bwc_audit.domain.shown_clocks import ShownClock
from bwc_audit.domain.times import us_of_seconds


def estimated_clocks(
    records: Records,
    rules: ClockRules,
    roster: Roster,
    history: HolderHistory,
    attended: Iterable[Attended],
    shown: Mapping[RowRef, ShownClock],
    sounds: Iterable[SoundLag] = (),
) -> ClockChecks:
    """The dock's checks, and what anchors say of each camera and day beyond them. The order of the records does not matter
    except for ``ClockDay.subjects``, which are indices of ``records.segments``."""
    checks = ClockChecks.of(records.device_events, rules)
    segments = records.segments
    device_ids = sorted({segment.device_id for segment in segments})
    device_of = {device_id: place for place, device_id in enumerate(device_ids)}
    device = np.array([device_of[segment.device_id] for segment in segments], np.int64)
    at_us = np.array([segment.media_started_us for segment in segments], np.int64)
    length_us = np.array([segment.duration_us for segment in segments], np.int64)
    docked = checks.estimates(device_ids, device, at_us)
    start_us = at_us - docked.offset_us
    calls = _Calls(attended)
    anchors = (
        tagged_anchors(_tagged(segments, device, start_us, roster, history, calls), calls.arrays(), rules),
        overlay_anchors(segments, device_of, shown),
        sound_anchors(sounds, device_of),
    )
    uploaded_us = np.array(
        [-UNBOUNDED_US if segment.uploaded_us is None else segment.uploaded_us for segment in segments], np.int64
    )
    slack_us = us_of_seconds(rules.untrusted_s)
    docks = dockings(records.device_events, device_of)
    bounds = upload_bounds(device, start_us, start_us + length_us, uploaded_us, docks, slack_us)
    is_measured = (docked.check >= 0).astype(np.int64)
    return checks.with_days(clock_days(device_ids, anchors, bounds, (device, at_us, is_measured), rules))


class _Calls:
    """Who attended what, with numbers for incidents and officers."""

    __slots__ = ("_officers_at", "_rows", "incident_of", "officer_of")

    def __init__(self, attended: Iterable[Attended]) -> None:
        self._rows = sorted(attended, key=lambda one: (one.incident_id, one.officer_id))
        self.incident_of: dict[str, int] = {}
        self.officer_of: dict[str, int] = {}
        self._officers_at: dict[str, list[Attended]] = defaultdict(list)
        for one in self._rows:
            self.incident_of.setdefault(one.incident_id, len(self.incident_of))
            self.officer_of.setdefault(one.officer_id, len(self.officer_of))
            self._officers_at[one.incident_id].append(one)

    def arrays(self) -> AttendedArrays:
        """All of them, in order."""
        return AttendedArrays(
            np.array([self.incident_of[one.incident_id] for one in self._rows], np.int64),
            np.array([self.officer_of[one.officer_id] for one in self._rows], np.int64),
            np.array([one.start_us for one in self._rows], np.int64),
            np.array([one.end_us for one in self._rows], np.int64),
        )

    def holder_at(self, incident_id: str, device_id: str, history: HolderHistory) -> str | None:
        """Who of those at the incident held the camera then; None: nobody, or more than one."""
        held = {
            one.officer_id
            for one in self._officers_at[incident_id]
            if device_id in history.devices_of(one.officer_id, one.start_us, one.end_us)
        }
        return held.pop() if len(held) == 1 else None


def _tagged(
    segments: Sequence[Segment], device: Int, start_us: Int, roster: Roster, history: HolderHistory, calls: _Calls
) -> TaggedArrays:
    """First segments of recordings, once for each attended incident that they name."""
    officers: dict[str, str | None] = {}
    rows: list[tuple[int, int, int]] = []
    for index, segment in enumerate(segments):
        if not segment.incident_ids or segment.segment_no not in (None, 1):
            continue
        for incident_id in segment.incident_ids:
            if incident_id not in calls.incident_of:
                continue
            officer_id = _officer_of(segment, roster, officers) or calls.holder_at(incident_id, segment.device_id, history)
            rows.append((index, calls.incident_of[incident_id], calls.officer_of.get(officer_id or "", -1)))
    picked = np.array([index for index, _, _ in rows], np.int64)
    lead_us = np.array([_lead_us(segments[index]) for index, _, _ in rows], np.int64)
    ends = _ends(segments)
    length_us = np.array([_length_us(segments[index], ends) for index, _, _ in rows], np.int64)
    at_us = np.array([segments[index].media_started_us for index, _, _ in rows], np.int64)
    start_us = start_us[picked] if len(picked) else np.zeros(0, np.int64)
    return TaggedArrays(
        device=device[picked] if len(picked) else picked,
        subject=picked,
        incident=np.array([incident for _, incident, _ in rows], np.int64),
        officer=np.array([officer for _, _, officer in rows], np.int64),
        at_us=at_us,
        start_us=start_us,
        end_us=start_us + length_us,
        activated_us=start_us + lead_us,
    )


def _ends(segments: Sequence[Segment]) -> dict[str, int]:
    """Device time at which recordings of several segments end."""
    ends: dict[str, int] = {}
    for segment in segments:
        if segment.recording_id is not None and segment.segment_no not in (None, 1):
            end_us = segment.media_started_us + segment.duration_us
            ends[segment.recording_id] = max(end_us, ends.get(segment.recording_id, end_us))
    return ends


def _length_us(segment: Segment, ends: Mapping[str, int]) -> int:
    """Length of the recording that a segment begins."""
    end_us = ends.get(segment.recording_id or "", 0)
    return max(segment.duration_us, end_us - segment.media_started_us)


def _officer_of(segment: Segment, roster: Roster, known: dict[str, str | None]) -> str | None:
    if segment.officer_id is None:
        return None
    if segment.officer_id not in known:
        officer = roster.resolve(segment.officer_id)
        known[segment.officer_id] = officer.officer_id if officer else None
    return known[segment.officer_id]


def _lead_us(segment: Segment) -> int:
    """From the start of the media to activation."""
    if segment.activated_us is not None:
        return segment.activated_us - segment.media_started_us
    return segment.pre_event_buffer_us or 0
