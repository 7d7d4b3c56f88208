"""The sound of one clip: a quiet place, somebody speaking now and then, and digital silence where nothing was recorded.

Samples are ``int16`` mono at ``RATE``. The pre-event buffer is exactly zero, as is a muted stretch; a quiet room is not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sample_media.shots import Fault, Look, Shot

RATE = 48_000
_HEARD = 16_000  # nothing above 8 kHz is made: speech and streets need no more
_ROOM_DBFS = {Look.DESK: -50.0, Look.HALL: -48.0, Look.SHOP: -42.0, Look.NIGHT: -46.0, Look.DAWN: -46.0, Look.STREET: -38.0}
_VOICE_DBFS = -24.0
_FULL_SCALE = 32_767.0
_TOO_LOUD = 45.0  # times: a gain that cuts off speech and street alike

Wave = npt.NDArray[np.float32]


def samples(shot: Shot) -> npt.NDArray[np.int16]:
    """The whole sound track of a shot."""
    rng = np.random.default_rng(shot.seed + 1)
    heard = round(shot.length_s * _HEARD)
    slow = _room(rng, heard, _ROOM_DBFS[shot.look]) + _voices(rng, heard)
    times = np.arange(round(shot.length_s * RATE), dtype=np.float64) * (_HEARD / RATE)
    wave = np.interp(times, np.arange(heard), slow)
    wave[: round(shot.silent_s * RATE)] = 0.0
    muted = shot.trouble(Fault.MUTED)
    if muted is not None:
        wave[round(muted.start_s * RATE) : round(muted.end_s * RATE)] = 0.0
    clipped = shot.trouble(Fault.CLIPPED)
    if clipped is not None:
        wave[round(clipped.start_s * RATE) : round(clipped.end_s * RATE)] *= _TOO_LOUD
    return np.asarray(np.clip(wave * _FULL_SCALE, -_FULL_SCALE, _FULL_SCALE), np.int16)


def _at_level(wave: Wave, dbfs: float) -> Wave:
    level = float(np.sqrt(np.mean(wave**2))) or 1.0
    return (wave * (10 ** (dbfs / 20) / level)).astype(np.float32)


def _room(rng: np.random.Generator, count: int, dbfs: float) -> Wave:
    """Noise that falls off towards high frequencies, swelling a little."""
    white = rng.normal(0, 1, count).astype(np.float32)
    summed = np.cumsum(white, dtype=np.float64)
    low = (summed[16:] - summed[:-16]) / 16
    swell = 1 + 0.3 * np.sin(np.arange(count) / _HEARD * 0.7 + rng.uniform(0, 6))
    coloured = np.concatenate([low[:16], low]) * swell + 0.02 * white
    return _at_level(coloured.astype(np.float32), dbfs)


def _voices(rng: np.random.Generator, count: int) -> Wave:
    """Phrases of one to three seconds: harmonics of a gliding pitch, opened and closed four times a second."""
    wave = np.zeros(count, np.float32)
    at = int(rng.uniform(0.2, 1.5) * _HEARD)
    while at < count:
        length = min(int(rng.uniform(1.0, 3.0) * _HEARD), count - at)
        seconds = np.arange(length, dtype=np.float32) / _HEARD
        pitch = rng.choice((112.0, 128.0, 196.0)) * (1 + 0.08 * np.sin(2 * np.pi * seconds * 0.9))
        angle = 2 * np.pi * np.cumsum(pitch) / _HEARD
        syllables = np.clip(np.sin(2 * np.pi * seconds * rng.uniform(3.2, 4.6)) + 0.3, 0, 1)
        voice = sum(np.sin(angle * harmonic) / harmonic**0.8 for harmonic in (1, 2, 3, 5, 8, 13))
        spoken = (np.asarray(voice) * syllables).astype(np.float32)
        if length > _HEARD // 4:
            wave[at : at + length] += _at_level(spoken, _VOICE_DBFS)
        at += length + int(rng.uniform(0.8, 3.0) * _HEARD)
    return wave
