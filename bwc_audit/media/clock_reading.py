"""The burned-in clock of one file, read in some of the frames that are sampled anyway."""

from __future__ import annotations

from dataclasses import dataclass, field

from bwc_audit.detectors.overlay_layout import OverlayPlace
from bwc_audit.detectors.overlay_reading import read_overlay
from bwc_audit.domain.overlay_clock import OverlayReading
from bwc_audit.media.decoding import SampledFrame, luma_of

#: Frames of a file in which a clock is looked for: three must agree, and some may be unreadable.
CLOCK_FRAMES = 10
#: After so many frames without any clock the rest of the file is not searched: it has none that can be read.
_GIVE_UP_AFTER = 3


@dataclass(slots=True)
class ClockReader:
    """``readings`` so far, of ``tried`` frames. Once a place is known, only there is looked."""

    readings: list[OverlayReading] = field(default_factory=list)
    tried: int = 0
    _place: OverlayPlace | None = None

    def read(self, frame: SampledFrame) -> None:
        """Look for the clock in one frame."""
        if not self.readings and self.tried >= _GIVE_UP_AFTER:
            return
        self.tried += 1
        luma = luma_of(frame.picture)
        found = read_overlay(luma, place=self._place)
        if found is None and self._place is not None:
            found = read_overlay(luma)
        if found is not None:
            self._place = found.place
            self.readings.append(found.reading(frame.at_us))
