"""Completeness first: absence is stated only after the sources can be complete for that officer and time.

Decides from the clock of the run and the docks' log; it does not know whether a dock that saw a camera also emptied it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.coverage import Bool, Int
from bwc_audit.domain.identity import HolderHistory
from bwc_audit.domain.policy import UploadRules
from bwc_audit.domain.records import DeviceEvent, DeviceEventKind
from bwc_audit.domain.results import PendingReason
from bwc_audit.domain.times import Span, us_of_seconds


@dataclass(frozen=True, slots=True)
class Completeness:
    """When each camera was docked, who held it, and how long uploads are waited for."""

    docked_us: dict[str, tuple[int, ...]]
    history: HolderHistory
    rules: UploadRules
    as_of_us: int

    @staticmethod
    def of(events: Iterable[DeviceEvent], history: HolderHistory, rules: UploadRules, as_of_us: int) -> Completeness:
        docked: dict[str, list[int]] = defaultdict(list)
        for event in events:
            if event.event is DeviceEventKind.DOCK and event.at_us <= as_of_us:
                docked[event.device_id].append(event.at_us)
        return Completeness({device: tuple(sorted(times)) for device, times in docked.items()}, history, rules, as_of_us)

    def pending(self, officer_id: str, window: Span, rules: UploadRules | None = None) -> PendingReason | None:
        """Why absence in this window cannot be stated yet; None: it can. ``rules``: those of the assignment, if it has its
        own."""
        rules = rules or self.rules
        waited_us = self.as_of_us - window.end_us
        if waited_us < us_of_seconds(rules.grace_s):
            return PendingReason.UPLOAD_GRACE
        if waited_us < us_of_seconds(rules.dock_wait_s) and not self._is_docked(officer_id, window):
            return PendingReason.DEVICE_NOT_DOCKED
        return None

    def is_waited_for(self, ended_us: Int) -> Bool:
        """For windows by their end, whether absence may still be ``pending``; of the others it never is."""
        longest_us = max(us_of_seconds(self.rules.grace_s), us_of_seconds(self.rules.dock_wait_s))
        return np.asarray(self.as_of_us - ended_us < longest_us)

    def _is_docked(self, officer_id: str, window: Span) -> bool:
        """Whether every camera of the officer is known to have been docked; not where no holder row names a camera."""
        held = self.history.devices_of(officer_id, window.start_us, window.end_us)
        return bool(held) and not self.undocked(officer_id, window)

    def undocked(self, officer_id: str, window: Span) -> tuple[str, ...]:
        """Cameras that the officer held in the window and no dock has seen since its end."""
        held = self.history.devices_of(officer_id, window.start_us, window.end_us)
        return tuple(device_id for device_id in held if not self._docked_since(device_id, window.end_us))

    def _docked_since(self, device_id: str, time_us: int) -> bool:
        times = self.docked_us.get(device_id, ())
        return bisect_left(times, time_us) < len(times)
