"""Up to when the sources have told: for dispatch, for footage, and for every camera's footage and log.

A watermark is the latest moment of which a source has spoken, as of the run. It proves that the source reached that far,
not that nothing before it is missing; what a later delivery still brings changes the answer on a later night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from operator import attrgetter

import numpy as np

from bwc_audit.domain.event_table import EventTable
from bwc_audit.domain.placement import Placements
from bwc_audit.domain.records import DeviceEventKind, Records
from bwc_audit.domain.segment_table import NO_NUMBER


class WatermarkKind(StrEnum):
    """What has been told until then."""

    CAD = "cad"
    FOOTAGE = "footage"
    DEVICE_FOOTAGE = "device_footage"
    DEVICE_LOG = "device_log"


@dataclass(frozen=True, slots=True)
class Watermark:
    """One of them; ``device_id`` for those of a camera. ``until_us`` None: nothing at all was read."""

    kind: WatermarkKind
    until_us: int | None
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class Watermarks:
    """All watermarks of a run, microseconds UTC, none later than *as of*.

    ``cad_us``: latest time in an incident or assignment. ``footage_us``: latest upload, or end of a recording whose upload
    time is not stated. ``docked_us``: last docking of a camera; ``received_us``: start of the latest recording that came in
    from it; ``log_us``: its latest log entry.
    """

    cad_us: int | None = None
    footage_us: int | None = None
    docked_us: dict[str, int] = field(default_factory=dict)
    received_us: dict[str, int] = field(default_factory=dict)
    log_us: dict[str, int] = field(default_factory=dict)

    def device_footage_us(self, device_id: str) -> int | None:
        """Until when footage of a camera is in: its last docking; where no dock logs it, its latest recording's start."""
        return self.docked_us.get(device_id, self.received_us.get(device_id))

    def listed(self) -> tuple[Watermark, ...]:
        """All of them, sources first, then cameras by name."""
        devices = sorted({*self.docked_us, *self.received_us, *self.log_us})
        return (
            Watermark(WatermarkKind.CAD, self.cad_us),
            Watermark(WatermarkKind.FOOTAGE, self.footage_us),
            *(Watermark(WatermarkKind.DEVICE_FOOTAGE, self.device_footage_us(one), one) for one in devices),
            *(Watermark(WatermarkKind.DEVICE_LOG, self.log_us.get(one), one) for one in devices),
        )


def watermarks_of(records: Records, placements: Placements, as_of_us: int) -> Watermarks:
    """From all rows read, and where their recordings lie. Times after *as of* (a clock far ahead) are not believed."""
    events = EventTable.of(records.device_events)
    log_us = events.latest(np.flatnonzero(events.at_us <= as_of_us))
    docks = events.of_kinds({DeviceEventKind.DOCK})
    docked_us = events.latest(docks[events.at_us[docks] <= as_of_us])
    uploaded_us = placements.table.uploaded_us[placements.segment]
    told_us = np.where(uploaded_us == NO_NUMBER, placements.end_us, uploaded_us)
    told_us = np.append(told_us, [] if records.footage_until_us is None else [records.footage_until_us]).astype(np.int64)
    told_us = told_us[told_us <= as_of_us]
    device, never = placements.device, np.iinfo(np.int64).min
    last_us = np.full(len(device.values), never)
    is_past = placements.start_us <= as_of_us
    np.maximum.at(last_us, device.code[is_past], placements.start_us[is_past])
    received_us = {name: at_us for name, at_us in zip(device.values, last_us.tolist(), strict=True) if at_us != never}
    cad_us = max((time_us for time_us in _cad_times(records) if time_us is not None and time_us <= as_of_us), default=None)
    return Watermarks(cad_us, int(told_us.max()) if told_us.size else None, docked_us, received_us, log_us)


def _cad_times(records: Records) -> Iterator[int | None]:
    of_incidents = (map(attrgetter(name), records.incidents) for name in ("opened_us", "closed_us"))
    names = ("dispatched_us", "en_route_us", "on_scene_us", "cleared_us")
    of_assignments = (map(attrgetter(name), records.assignments) for name in names)
    return chain(*of_incidents, *of_assignments)
