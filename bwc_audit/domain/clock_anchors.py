"""What ties a camera's clock to another clock, one *anchor* at a time, and what each kind of them can prove.

Every anchor says by how much the times of a recording's metadata are ahead of the time it was really recorded, beyond what
the dock measured of the camera itself:

- ``tagged``: a recording names an incident that its officer attended, and lies elsewhere; it would fit if it had been
  activated on arrival. Coarse (minutes), and a mistyped id looks the same: one alone proves nothing. A recording that lies
  where its tag says is an anchor for *no shift*.
- ``overlay``: the clock burned into the picture is behind the metadata. Exact, but picture and metadata usually come from
  one clock: it proves that they differ, not which of them is right, and says nothing where they agree.
- ``upload``: a recording cannot end after it was uploaded, and a dock that saw the camera before it would have emptied it.
  A range of offsets, not a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bwc_audit.domain.coverage import Bool, Int
from bwc_audit.domain.event_table import EventTable
from bwc_audit.domain.groups import distinct
from bwc_audit.domain.policy import ClockRules
from bwc_audit.domain.records import DeviceEventKind, RowRef
from bwc_audit.domain.segment_table import SegmentTable
from bwc_audit.domain.shown_clocks import ShownClock
from bwc_audit.domain.times import SECOND_US, us_of_seconds


class AnchorKind(StrEnum):
    """Where an anchor comes from; the dock's own checks are kept apart (``clocks``): they measure the camera itself."""

    TAGGED = "tagged"
    OVERLAY = "overlay"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Attended:
    """One officer at one incident: the time in which a recording of it would lie."""

    incident_id: str
    officer_id: str
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Anchors:
    """Point anchors, one element each. ``offset_us``: metadata minus true time; ``subject``: the segment (index) that it
    rests on, -1: none; ``pair``: what must differ between two anchors that count twice (incident, recording, camera)."""

    kind: AnchorKind
    device: Int
    at_us: Int
    offset_us: Int
    uncertainty_us: Int
    subject: Int
    pair: Int

    def __len__(self) -> int:
        return len(self.device)

    def only(self, mask: Int | Bool) -> Anchors:
        """The anchors that a mask or a list of indices picks, in that order."""
        columns = (self.device, self.at_us, self.offset_us, self.uncertainty_us, self.subject, self.pair)
        return Anchors(self.kind, *(column[mask] for column in columns))


@dataclass(frozen=True, slots=True)
class TaggedArrays:
    """One element for each recording and incident that it names. ``at_us``: device time of its start; the other times have
    the dock's correction taken out. ``officer``: -1 where nobody can be named. ``subject``: its segment."""

    device: Int
    subject: Int
    incident: Int
    officer: Int
    at_us: Int
    start_us: Int
    end_us: Int
    activated_us: Int


@dataclass(frozen=True, slots=True)
class AttendedArrays:
    """One element for each officer at an incident, in any order; no pair of the two twice."""

    incident: Int
    officer: Int
    start_us: Int
    end_us: Int


def tagged_anchors(tagged: TaggedArrays, attended: AttendedArrays, rules: ClockRules) -> Anchors:
    """One anchor for each camera, day and incident that a recording of it names and its officer attended.

    0 where any of the camera's recordings that day touches the incident (within ``untrusted_s``). Otherwise from arrival to
    activation, and only of recordings that name one incident alone, touch no other call of their officer where they lie,
    and would, so moved, lie inside that call and cover it, each by ``fit_share``.
    """
    pair, call = _joined(tagged, attended)
    device, day = tagged.device[pair], day_of(tagged.at_us[pair])
    start, end = tagged.start_us[pair], tagged.end_us[pair]
    call_start, call_end = attended.start_us[call], attended.end_us[call]
    slack_us = us_of_seconds(rules.untrusted_s)
    touches = (start < call_end + slack_us) & (end > call_start - slack_us)
    shift_us = tagged.activated_us[pair] - call_start
    is_free = ~touches
    is_free &= _is_only_tag(tagged.subject[pair])
    is_free &= _would_fit(start - shift_us, end - shift_us, call_start, call_end, rules.fit_share)
    is_free[is_free] &= ~_touching_any(attended, tagged.officer[pair][is_free], start[is_free], end[is_free], slack_us)
    kept = np.flatnonzero(touches | is_free)
    anchors = Anchors(
        AnchorKind.TAGGED,
        device[kept],
        tagged.at_us[pair][kept],
        np.where(touches, 0, shift_us)[kept],
        np.full(len(kept), us_of_seconds(rules.tagged_s), np.int64),
        tagged.subject[pair][kept],
        tagged.incident[pair][kept],
    )
    return _one_for_each(anchors, day[kept], ~touches[kept])


def day_of(at_us: Int) -> Int:
    """The UTC day of a device time, counted from 1970-01-01."""
    return at_us // (86_400 * SECOND_US)


def _joined(tagged: TaggedArrays, attended: AttendedArrays) -> tuple[Int, Int]:
    """Pairs (tagged, attended) of the same incident and officer."""
    officers = int(max((one.max() for one in (tagged.officer, attended.officer) if len(one)), default=0)) + 1
    known = attended.incident * officers + attended.officer
    order = np.argsort(known, kind="stable")
    wanted = np.where(tagged.officer < 0, -1, tagged.incident * officers + tagged.officer)
    place = np.minimum(np.searchsorted(known[order], wanted), max(len(order) - 1, 0))
    is_found = known[order][place] == wanted if len(order) else np.zeros(len(wanted), np.bool_)
    pair = np.flatnonzero(is_found)
    return pair, order[place[pair]] if len(order) else pair


def _is_only_tag(subject: Int) -> Bool:
    """Whether an element is the only one of its segment: one that names two incidents does not say where it belongs."""
    _, place, count = np.unique(subject, return_inverse=True, return_counts=True)
    return np.asarray(count[place] == 1)


def _would_fit(start: Int, end: Int, call_start: Int, call_end: Int, share: float) -> Bool:
    overlap = np.minimum(end, call_end) - np.maximum(start, call_start)
    return np.asarray((overlap >= share * (end - start)) & (overlap >= share * (call_end - call_start)))


def _touching_any(attended: AttendedArrays, officer: Int, start: Int, end: Int, slack_us: int) -> Bool:
    """Whether a recording touches any call of its officer where it lies. Asked of the few that do not fit their tag."""
    order = np.lexsort((attended.start_us, attended.officer))
    by_officer = attended.officer[order]
    found = np.zeros(len(officer), np.bool_)
    low, high = np.searchsorted(by_officer, officer, "left"), np.searchsorted(by_officer, officer, "right")
    for place in range(len(officer)):
        calls = order[low[place] : high[place]]
        is_before_end = attended.start_us[calls] - slack_us < end[place]
        found[place] = bool(np.any(is_before_end & (attended.end_us[calls] + slack_us > start[place])))
    return found


def _one_for_each(anchors: Anchors, day: Int, is_shifted: Bool) -> Anchors:
    """One for each camera, day and ``pair``: the one that is not shifted before the others, then the earliest."""
    order = np.lexsort((anchors.at_us, is_shifted, anchors.pair, day, anchors.device))
    keys = [column[order] for column in (anchors.device, day, anchors.pair)]
    is_first = np.ones(len(order), np.bool_)
    if len(order):
        is_first[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return anchors.only(np.sort(order[is_first]))


def overlay_anchors(table: SegmentTable, device_of: Mapping[str, int], shown: Mapping[RowRef, ShownClock]) -> Anchors:
    """An anchor for each recording whose picture differs from its metadata by one constant amount."""
    files = {row.file for row in shown}
    places = (
        np.flatnonzero(table.file.where(file in files for file in table.file.values)) if shown else np.zeros(0, np.int64)
    )
    found = [
        (place, clock)
        for place in places.tolist()
        if (clock := shown.get(table.row(place))) is not None and len(clock.shifts_us) == 1 and not clock.clock.jumps
    ]
    subject = np.array([place for place, _ in found], np.int64)
    return Anchors(
        AnchorKind.OVERLAY,
        np.array([device_of[table.device_id[place]] for place, _ in found], np.int64),
        table.media_started_us[subject],
        np.array([-clock.shifts_us[0] for _, clock in found], np.int64),
        np.array([clock.tolerance_us for _, clock in found], np.int64),
        subject,
        subject,
    )


#: No bound on that side.
UNBOUNDED_US = 2**61


@dataclass(frozen=True, slots=True)
class UploadBounds:
    """For each segment the offsets that uploads and docks allow: at least ``low_us``, at most ``high_us`` (``UNBOUNDED_US``
    either way: nothing is known). The lower one is a fact; the upper one rests on docks emptying what they see."""

    low_us: Int
    high_us: Int


def upload_bounds(
    device: Int, start_us: Int, end_us: Int, uploaded_us: Int, docks: tuple[Int, Int], slack_us: int
) -> UploadBounds:
    """``uploaded_us``: ``-UNBOUNDED_US`` where it is not stated. ``docks``: camera and time of each docking, any order.

    A segment was recorded before the docking that brought it in (else before its upload), and after the docking before
    that one. ``slack_us``: how far clocks may be off besides.
    """
    is_known = uploaded_us > -UNBOUNDED_US
    dock_device, dock_us = docks
    order = np.lexsort((dock_us, dock_device))
    dock_device, dock_us = dock_device[order], dock_us[order]
    moments = distinct(dock_us)
    stride = len(moments) + 1
    placed = dock_device * stride + np.searchsorted(moments, dock_us)
    # The last docking at or before the upload, and the one before it, of the same camera.
    last = np.searchsorted(placed, device * stride + np.searchsorted(moments, uploaded_us, "right")) - 1
    before = last - 1
    has_before = is_known & (before >= 0) & _same(dock_device, before, device) & _same(dock_device, last, device)
    low_us = np.where(is_known, end_us - uploaded_us - slack_us, -UNBOUNDED_US)
    known_dock = dock_us[np.maximum(before, 0)] if len(dock_us) else np.zeros(len(device), np.int64)
    high_us = np.where(has_before, start_us - known_dock + slack_us, UNBOUNDED_US)
    return UploadBounds(low_us, high_us)


def _same(dock_device: Int, place: Int, device: Int) -> Bool:
    if not len(dock_device):
        return np.zeros(len(device), np.bool_)
    return np.asarray(dock_device[np.clip(place, 0, len(dock_device) - 1)] == device)


def dockings(events: EventTable, device_of: Mapping[str, int]) -> tuple[Int, Int]:
    """Camera and time of each docking of a known camera."""
    places = events.of_kinds({DeviceEventKind.DOCK})
    known = np.array([device_of.get(name, -1) for name in events.device_id.values], np.int64)
    device = known[events.device_id.code[places]]
    return device[device >= 0], events.at_us[places[device >= 0]]
