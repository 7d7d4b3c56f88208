"""Time that exemptions cut out of the middle of required windows: no second of it makes anybody late, or early.

Knows only the pieces that are left of each window. All lengths and times are integer microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ExemptTime:
    """The spans between the pieces of a window, one element each: by window, then time. ``required_before_us`` and
    ``required_after_us``: how much is required of the window on either side."""

    window: Int
    start_us: Int
    end_us: Int
    required_before_us: Int
    required_after_us: Int
    windows: int

    @staticmethod
    def between(window: Int, start_us: Int, end_us: Int, windows: int) -> ExemptTime:
        """From pieces, sorted by window, then time, at least one for each of the ``windows``."""
        behind = np.flatnonzero(window[1:] == window[:-1])
        total = np.cumsum(end_us - start_us)
        last = np.searchsorted(window, np.arange(windows), side="right") - 1
        before_window = np.concatenate([np.zeros(1, np.int64), total[last][:-1]])
        own = window[behind]
        return ExemptTime(
            window=own,
            start_us=end_us[behind],
            end_us=start_us[behind + 1],
            required_before_us=total[behind] - before_window[own],
            required_after_us=total[last[own]] - total[behind],
            windows=windows,
        )

    def before(self, time_us: Int) -> Int:
        """For each window how much of it lies before a time."""
        return self._summed(np.clip(time_us[self.window] - self.start_us, 0, self.end_us - self.start_us))

    def after(self, time_us: Int) -> Int:
        """For each window how much of it lies after a time."""
        return self._summed(np.clip(self.end_us - time_us[self.window], 0, self.end_us - self.start_us))

    def within_first(self, required_us: Int) -> Int:
        """For each window how much of it is over before more than so much required time is."""
        return self._summed(np.where(self.required_before_us <= required_us[self.window], self.end_us - self.start_us, 0))

    def within_last(self, required_us: Int) -> Int:
        """For each window how much of it is still to come when no more than so much required time is."""
        return self._summed(np.where(self.required_after_us <= required_us[self.window], self.end_us - self.start_us, 0))

    def _summed(self, length_us: Int) -> Int:
        found = np.zeros(self.windows, np.int64)
        np.add.at(found, self.window, length_us)
        return found
