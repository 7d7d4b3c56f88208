"""Made-up sound of incidents, and what a microphone with its room, gain control and codec makes of it.

A scene is what happens (speech-like modulated noise, babble, bangs, sirens, music loops); a microphone hears it at its
own loudness, in its own room, with its own noise. Nothing is recorded anywhere: all of it comes from random numbers.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from bwc_audit.detectors.sound_match import SAMPLE_RATE, Envelope, Samples, envelope_of
from bwc_audit.domain.times import SECOND_US, Span

RATE = SAMPLE_RATE
Sound = NDArray[np.float64]
_BLOCK = 1024


def coloured(rng: np.random.Generator, count: int, low_hz: float, high_hz: float, slope: float = 0.0) -> Sound:
    """Noise of unit power between two frequencies, falling by ``slope`` powers of frequency."""
    spectrum = np.fft.rfft(rng.normal(size=count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    shape = ((hertz >= low_hz) & (hertz < high_hz)) * np.maximum(hertz, 20.0) ** -slope
    noise = np.fft.irfft(spectrum * shape, count)
    return np.asarray(noise / (np.std(noise) + 1e-12))


def speech(rng: np.random.Generator, count: int) -> Sound:
    """Syllables of random length and pitch region with pauses between phrases: noise modulated like a voice."""
    sound, at = np.zeros(count), 0
    bands = [coloured(rng, count, low, high) for low, high in ((200, 700), (700, 1500), (1500, 3400))]
    while at < count:
        length = int(RATE * rng.uniform(0.08, 0.35))
        piece = slice(at, min(count, at + length))
        rise = np.sin(np.linspace(0, np.pi, piece.stop - piece.start)) ** rng.uniform(0.5, 2)
        weights = rng.dirichlet((0.8, 0.8, 0.8))
        voiced = sum(weight * band[piece] for weight, band in zip(weights, bands, strict=True))
        sound[piece] += rng.uniform(0.3, 1.5) * rise * np.asarray(voiced)
        at += length + int(RATE * (rng.uniform(0.4, 3.0) if rng.random() < 0.15 else rng.uniform(0.0, 0.12)))
    return sound


def babble(rng: np.random.Generator, count: int) -> Sound:
    """Eight voices at once."""
    return np.asarray(sum(speech(rng, count) for _ in range(8)) / 3)


def bangs(rng: np.random.Generator, count: int) -> Sound:
    """A door, a blow, a dropped thing: every 2 to 15 s."""
    sound, at = np.zeros(count), int(RATE * rng.uniform(0, 5))
    while at < count:
        length = min(count - at, int(RATE * 0.5))
        decay = np.exp(-np.arange(length) / (RATE * rng.uniform(0.02, 0.12)))
        sound[at : at + length] += rng.uniform(2, 6) * decay * rng.normal(size=length)
        at += int(RATE * rng.uniform(2, 15))
    return sound


def siren(rng: np.random.Generator, count: int) -> Sound:
    """A wail that repeats exactly every 4 s: the same of every car."""
    seconds = np.arange(count) / RATE + rng.uniform(0, 4)
    hertz = 900 + 500 * np.sin(2 * np.pi * seconds / 4)
    return np.asarray(np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * 1.4)


def loop(rng: np.random.Generator, count: int) -> Sound:
    """Two bars of music, again and again."""
    bar = speech(np.random.default_rng(99), 2 * RATE) + bangs(np.random.default_rng(98), 2 * RATE)
    return np.asarray(np.roll(np.resize(bar, count), int(rng.integers(0, 2 * RATE))))


SCENES: dict[str, Callable[[np.random.Generator, int], Sound]] = {
    "speech": speech,
    "speech and bangs": lambda rng, count: speech(rng, count) + bangs(rng, count),
    "babble": babble,
    "bangs": bangs,
    "speech under a siren": lambda rng, count: speech(rng, count) + siren(rng, count),
}
#: What repeats: every lag of a whole period fits alike.
PERIODIC: dict[str, Callable[[np.random.Generator, int], Sound]] = {"siren": siren, "loop": loop}


def heard(rng: np.random.Generator, scene: Sound, snr_db: float, own: Sound | None = None) -> Samples:
    """The scene as one microphone has it: room, own noise at ``snr_db``, own sounds, gain control, loudness, clipping."""
    tail_s = rng.uniform(0.1, 0.7)
    tail = rng.normal(size=int(RATE * tail_s)) * np.exp(-6.9 * np.arange(int(RATE * tail_s)) / (RATE * tail_s))
    tail *= rng.uniform(0.2, 1.0) / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    size = 1 << (len(scene) + len(tail) - 1).bit_length()
    roomy = np.fft.irfft(np.fft.rfft(scene, size) * np.fft.rfft(tail, size), size)[: len(scene)]
    noise = coloured(rng, len(scene), 30, 3900, slope=rng.uniform(0.2, 1.0))
    mixed = roomy / np.std(roomy) + noise * 10 ** (-snr_db / 20)
    if own is not None:
        mixed = mixed + own / np.std(own) * 0.5
    return (gained(mixed) * rng.uniform(0.02, 0.4)).clip(-1, 1).astype(np.float32)


def gained(sound: Sound) -> Sound:
    """Automatic gain: loudness over the last half second, evened out by two thirds."""
    power = np.cumsum(np.concatenate([np.zeros(RATE // 2), sound**2]))
    recent = np.sqrt((power[RATE // 2 :] - power[: -RATE // 2]) / (RATE // 2) + 1e-3)
    return np.asarray(sound / recent ** (2 / 3))


def coded(samples: Samples) -> Samples:
    """Through AAC at 64 kbit/s (at 16 kHz, the least rate that takes so much) and back."""
    wide = np.repeat(samples, 2)
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=2 * RATE, bit_rate=64_000, layout="mono")
        for start in range(0, len(wide), _BLOCK):
            frame = AudioFrame.from_ndarray(wide[None, start : start + _BLOCK], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 2 * RATE, start, Fraction(1, 2 * RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    made.seek(0)
    with av.open(made, "r") as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    whole = np.concatenate(parts)[: len(wide)]
    return np.asarray(np.pad(whole, (0, len(wide) - len(whole))).reshape(-1, 2).mean(axis=1), np.float32)


def enveloped(samples: Samples, start_us: int = 0) -> Envelope:
    """The envelope of samples whose first is at ``start_us``, in blocks as a decoder gives them."""

    def blocks() -> Iterator[tuple[int, Samples]]:
        for first in range(0, len(samples), _BLOCK):
            yield start_us + first * SECOND_US // RATE, samples[first : first + _BLOCK]

    return envelope_of(blocks(), Span(start_us, start_us + len(samples) * SECOND_US // RATE))
