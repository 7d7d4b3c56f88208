"""Decoded blocks of sound to levels and shares of clipped samples, many blocks of one form at a time.

A call for each block would cost more than the sums. Nothing of the sound is kept once it is measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from bwc_audit.detectors.sound import block_levels, unit_samples
from bwc_audit.detectors.sound_match import STEP_US
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.mono_sound import EnvelopeEar
from bwc_audit.media.track_index import Int

#: Values that are measured at once.
_BATCH = 1 << 18
#: Types of a value by FFmpeg's names; planar forms have those of the packed ones.
_KINDS = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "s64": np.int64, "flt": np.float32, "dbl": np.float64}


class _Form(NamedTuple):
    """What frames of one form share: samples of one channel, samples a second, FFmpeg's name of their type, channels; the
    type here, values of one plane, planes, and how long the sound is. A file may change all of it on its way."""

    samples: int
    rate: int
    name: str
    channels: int
    kind: np.dtype[np.generic]
    values: int
    planes: int
    length_us: int


def _form_of(frame: AudioFrame) -> _Form:
    """The form by what the frame states: ``to_ndarray`` would read all that PyAV takes for a plane (see ``Blocks.add``)."""
    length_us = round(frame.samples * SECOND_US / frame.sample_rate) if frame.sample_rate else 0
    channels = frame.layout.nb_channels
    planes = channels if frame.format.is_planar else 1
    kind: np.dtype[np.generic] = np.dtype(_KINDS[frame.format.packed.name])
    return _Form(*_key_of(frame), kind, frame.samples * channels // planes, planes, length_us)


def _key_of(frame: AudioFrame) -> tuple[int, int, str, int]:
    return frame.samples, frame.sample_rate, frame.format.name, frame.layout.nb_channels


@dataclass(slots=True)
class Blocks:
    """Decoded blocks, measured in batches of one form. ``levels``, ``clipped``: a batch each, in the order of ``rows``
    (sample number, start, end). ``ear``: hears all of it. ``waiting``: planes of one ``form`` that are not measured yet."""

    ear: EnvelopeEar | None = None
    rows: list[tuple[int, int, int]] = field(default_factory=list)
    levels: list[NDArray[np.float64]] = field(default_factory=list)
    clipped: list[NDArray[np.float64]] = field(default_factory=list)
    failed: list[Span] = field(default_factory=list)
    waiting: list[NDArray[np.generic]] = field(default_factory=list)
    form: _Form | None = None

    def add(self, frame: AudioFrame, number: int, start_us: int) -> None:
        """A decoded frame of 1 to 8 channels: its level is measured now or with those that follow."""
        if not frame.samples:
            return
        form = self.form
        if form is None or _key_of(frame) != form[:4]:
            self.measure()
            form = self.form = _form_of(frame)
        self.rows.append((number, start_us, start_us + form.length_us))
        # PyAV counts planes up to a null pointer, which eight channels do not leave: what it counts behind is no sound, and
        # to read it ends the process.
        self.waiting += [np.frombuffer(memoryview(plane), form.kind, form.values) for plane in frame.planes[: form.planes]]
        if len(self.waiting) * form.values >= _BATCH:
            self.measure()

    def measure(self) -> None:
        """Measure all frames that wait."""
        form, waiting = self.form, self.waiting
        if form is None or not waiting:
            return
        values = unit_samples(np.concatenate(waiting)).reshape(-1, form.planes * form.values)
        levels, clipped = block_levels(values)
        self.levels.append(levels)
        self.clipped.append(clipped)
        if self.ear is not None and values.size:
            self._hear(self.ear, form, values)
        self.waiting = []

    def _hear(self, ear: EnvelopeEar, form: _Form, values: NDArray[np.float32]) -> None:
        """Stretches without a hole, all channels as one."""
        mono = values.reshape(len(values), form.planes, form.samples, -1).mean(axis=(1, 3))
        times_us = np.array(self.rows[-len(values) :], np.int64)[:, 1:]
        holes = np.flatnonzero(np.abs(times_us[1:, 0] - times_us[:-1, 1]) > STEP_US) + 1
        for part in np.split(np.arange(len(values)), holes):
            ear.hear(mono[part].ravel(), form.rate, int(times_us[part[0], 0]))

    def columns(self) -> tuple[Int, NDArray[np.float64], NDArray[np.float64]]:
        """``rows x 3``, levels and shares of clipped samples of everything decoded so far."""
        self.measure()
        nothing = np.empty(0)
        rows = np.array(self.rows, np.int64).reshape(-1, 3)
        return rows, np.concatenate([nothing, *self.levels]), np.concatenate([nothing, *self.clipped])
