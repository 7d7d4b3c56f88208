"""Completeness first: absence is stated only after the sources can be complete for that officer and time.

Decides from the clock of the run, the docks' log and how far the sources have told; it does not know whether a dock that
saw a camera also emptied it. What is pending says what it waits for, and when that will be over at the latest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bwc_audit.domain.coverage import Bool, Int
from bwc_audit.domain.identity import HolderHistory
from bwc_audit.domain.policy import UploadRules
from bwc_audit.domain.results import PendingReason
from bwc_audit.domain.times import Span, us_of_seconds
from bwc_audit.domain.watermarks import Watermarks


@dataclass(frozen=True, slots=True)
class Completeness:
    """How far the sources have told, who held which camera, and how long uploads are waited for."""

    marks: Watermarks
    history: HolderHistory
    rules: UploadRules
    as_of_us: int

    def pending(self, officer_id: str, window: Span, rules: UploadRules | None = None) -> PendingReason | None:
        """Why absence in this window cannot be stated yet; None: it can. ``rules``: those of the assignment, if it has its
        own.

        No footage of anybody that is newer than the window: the source itself is behind, and nothing is absent yet, however
        long that lasts. Otherwise the upload grace, then the docking of the officer's cameras, for ``dock_wait_s`` at most.
        """
        rules = rules or self.rules
        waited_us = self.as_of_us - window.end_us
        if waited_us < us_of_seconds(rules.grace_s):
            return PendingReason.UPLOAD_GRACE
        if self.marks.footage_us is not None and self.marks.footage_us < window.end_us:
            return PendingReason.SOURCE_BEHIND
        if waited_us < us_of_seconds(rules.dock_wait_s) and not self._is_received(officer_id, window):
            return PendingReason.DEVICE_NOT_DOCKED
        return None

    def is_waited_for(self, ended_us: Int, rules: Iterable[UploadRules]) -> Bool:
        """For windows by their end, whether absence may still be ``pending``; of the others it never is. ``rules``: all that
        any of them has."""
        longest_us = max((us_of_seconds(max(one.grace_s, one.dock_wait_s)) for one in (*rules, self.rules)), default=0)
        is_behind = np.zeros(len(ended_us), np.bool_) if self.marks.footage_us is None else ended_us > self.marks.footage_us
        return np.asarray((self.as_of_us - ended_us < longest_us) | is_behind)

    def ripens_us(
        self, officer_id: str, window: Span, reason: PendingReason, rules: UploadRules | None = None
    ) -> int | None:
        """When a pending result is decided at the latest, given the sources as they are now; None: depends on a delivery."""
        rules = rules or self.rules
        if reason is PendingReason.UPLOAD_GRACE and self._is_received(officer_id, window):
            return window.end_us + us_of_seconds(rules.grace_s)
        if reason in (PendingReason.UPLOAD_GRACE, PendingReason.DEVICE_NOT_DOCKED):
            return window.end_us + us_of_seconds(max(rules.grace_s, rules.dock_wait_s))
        return None

    def _is_received(self, officer_id: str, window: Span) -> bool:
        """Whether every camera of the officer is known to have been emptied; not where no holder row names a camera."""
        held = self.history.devices_of(officer_id, window.start_us, window.end_us)
        return bool(held) and not self.undocked(officer_id, window)

    def undocked(self, officer_id: str, window: Span) -> tuple[str, ...]:
        """Cameras that the officer held in the window and that were not emptied since its end."""
        held = self.history.devices_of(officer_id, window.start_us, window.end_us)
        return tuple(device_id for device_id in held if not self._is_emptied_since(device_id, window.end_us))

    def _is_emptied_since(self, device_id: str, time_us: int) -> bool:
        until_us = self.marks.docked_us.get(device_id)  # one later recording may come in ahead of older ones; a dock empties
        return until_us is not None and until_us >= time_us
