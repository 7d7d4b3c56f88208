"""Decoded sound to an envelope: brought to 8 kHz, measured at once and forgotten. The sound itself is never kept."""

from __future__ import annotations

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from bwc_audit.detectors.sound_match import SAMPLE_RATE, STEP_US, GrowingEnvelope, kept
from bwc_audit.domain.measures import SoundEnvelope
from bwc_audit.domain.times import SECOND_US, Span

#: Rates that cameras use; a block of a claimed 1 Hz would become 8,000 times as long.
_LEAST_RATE, _MOST_RATE = 4_000, 384_000


class EnvelopeEar:
    """Takes mono samples in order of time, from the start of ``span`` to its end (media time)."""

    def __init__(self, span: Span) -> None:
        self._growing = GrowingEnvelope(span)
        self._rate = self._first_us = self._end_us = self._count = 0
        self._resampler: AudioResampler | None = None

    def hear(self, samples: NDArray[np.float32], rate: int, start_us: int) -> None:
        """The next samples (-1..1, one channel), ``rate`` a second, the first at ``start_us``. After a hole, and where the
        rate changes, the envelope begins anew; at a rate that no camera has nothing is heard."""
        if not _LEAST_RATE <= rate <= _MOST_RATE or not samples.size:
            return
        if rate != self._rate or abs(start_us - self._end_us) > STEP_US:
            self._take(None)
            self._begin(rate, start_us)
        self._end_us = start_us + samples.size * SECOND_US // rate
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = rate
        self._take(frame)

    def envelope(self) -> SoundEnvelope:
        """What was heard."""
        self._take(None)
        return kept(self._growing.done())

    def _begin(self, rate: int, start_us: int) -> None:
        self._rate, self._count = rate, 0
        self._first_us = self._end_us = start_us
        self._resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)

    def _take(self, frame: AudioFrame | None) -> None:
        """Measure a frame, or with None what the resampler still holds. Places follow from the count of samples, since the
        container's times are rounded."""
        if self._resampler is None:
            return
        for part in self._resampler.resample(frame):
            samples = np.asarray(part.to_ndarray(), np.float32).ravel()
            self._growing.add(self._first_us + self._count * SECOND_US // SAMPLE_RATE, samples)
            self._count += samples.size
