"""From records to the clocks of all cameras: gathers the anchors that the records hold and estimates each camera's days.

The one place that knows both records and anchors; what the anchors prove is decided in ``clock_days``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from bwc_audit.domain.clock_anchors import (
    UNBOUNDED_US,
    Attended,
    AttendedArrays,
    TaggedArrays,
    dockings,
    overlay_anchors,
    tagged_anchors,
    upload_bounds,
)
from bwc_audit.domain.clock_days import clock_days
from bwc_audit.domain.clocks import ClockChecks
from bwc_audit.domain.coverage import Int
from bwc_audit.domain.event_table import EventTable
from bwc_audit.domain.identity import HolderHistory, Roster
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.records import Records, RowRef
from bwc_audit.domain.segment_table import NO_NUMBER, SegmentTable
from bwc_audit.domain.shown_clocks import ShownClock
from bwc_audit.domain.times import us_of_seconds


def estimated_clocks(
    records: Records,
    table: SegmentTable,
    rules: ClockRules,
    roster: Roster,
    history: HolderHistory,
    attended: Iterable[Attended],
    shown: Mapping[RowRef, ShownClock],
) -> ClockChecks:
    """The dock's checks, and what anchors say of each camera and day beyond them. The order of the records does not matter
    except for ``ClockDay.subjects``, which are indices of ``records.segments``; ``table`` are the same as columns."""
    events = EventTable.of(records.device_events)
    checks = ClockChecks.of(events, rules)
    device_ids = sorted(set(table.device_id.values))
    device_of = {device_id: place for place, device_id in enumerate(device_ids)}
    device = np.array([device_of[device_id] for device_id in table.device_id.values], np.int64)[table.device_id.code]
    at_us, length_us = table.media_started_us, table.duration_us
    docked = checks.estimates(device_ids, device, at_us)
    start_us = at_us - docked.offset_us
    calls = _Calls(attended)
    anchors = (
        tagged_anchors(_tagged(table, device, start_us, roster, history, calls), calls.arrays(), rules),
        overlay_anchors(table, device_of, shown),
    )
    uploaded_us = np.where(table.uploaded_us == NO_NUMBER, -UNBOUNDED_US, table.uploaded_us)
    slack_us = us_of_seconds(rules.untrusted_s)
    docks = dockings(events, device_of)
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
    table: SegmentTable, device: Int, start_us: Int, roster: Roster, history: HolderHistory, calls: _Calls
) -> TaggedArrays:
    """First segments of recordings, once for each attended incident that they name."""
    place, tag = table.tags()
    incident = np.array([calls.incident_of.get(name, -1) for name in tag.values], np.int64)[tag.code]
    is_first = (table.segment_no == NO_NUMBER) | (table.segment_no == 1)
    kept = (incident >= 0) & is_first[place]
    place, incident = place[kept], incident[kept]
    stated = [None if name is None else roster.resolve(name) for name in table.officer_id.values]
    attending = [calls.officer_of.get(one.officer_id, -1) if one else -1 for one in stated]
    officer = np.array(attending, np.int64)[table.officer_id.code[place]]
    is_named = np.array([one is not None for one in stated], np.bool_)[table.officer_id.code[place]]
    names = list(calls.incident_of)
    for row in np.flatnonzero(~is_named).tolist():
        holder = calls.holder_at(names[int(incident[row])], table.device_id[int(place[row])], history)
        officer[row] = calls.officer_of.get(holder or "", -1)
    begin_us = start_us[place]
    return TaggedArrays(
        device=device[place],
        subject=place,
        incident=incident,
        officer=officer,
        at_us=table.media_started_us[place],
        start_us=begin_us,
        end_us=begin_us + _lengths(table)[place],
        activated_us=begin_us + _leads(table)[place],
    )


def _lengths(table: SegmentTable) -> Int:
    """For each first segment the length of its recording, by device time."""
    recording = table.recordings()
    ends_us = table.media_started_us + table.duration_us
    last_us = np.full(len(recording.values), np.iinfo(np.int64).min)
    is_later = (table.segment_no != NO_NUMBER) & (table.segment_no != 1)
    np.maximum.at(last_us, recording.code[is_later], ends_us[is_later])
    return np.asarray(np.maximum(last_us[recording.code], ends_us) - table.media_started_us)


def _leads(table: SegmentTable) -> Int:
    """From the start of the media to activation; 0 where neither the button nor the buffer tells."""
    buffer_us = np.where(table.pre_event_buffer_us == NO_NUMBER, 0, table.pre_event_buffer_us)
    is_pressed = table.is_pressed(table.media_started_us + table.duration_us)
    return np.where(is_pressed, np.where(is_pressed, table.activated_us, 0) - table.media_started_us, buffer_us)
