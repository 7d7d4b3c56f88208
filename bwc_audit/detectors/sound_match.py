"""How far apart the clocks of two recordings are, from the sounds that both heard.

Each sound becomes an envelope: one level every 10 ms, the mean of six bands in decibels. Its rises and falls survive what
tells two microphones apart (loudness, noise, reverberation, gain control, codec). Windows of one recording are looked for
in the other, each for itself; an answer needs one lag that stands out and windows that agree on it independently.
Silence, sounds that repeat (sirens, loops: several lags fit alike) and different sounds get a reason and no answer.

Six levels in place of their mean would answer more often under sirens and babble. Speech could then be understood from
what is kept of a recording, and so they are not kept.

What it does not know: where a sound came from. Two officers who listen to the same radio traffic hear the same sounds
in different places; their clocks are compared rightly all the same. Sound takes 0.1 s for 34 m, so nothing below that
is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy import fft  # now: where an envelope is made, no file of the program can be opened any more
from numpy.typing import NDArray

from bwc_audit.domain.measures import ENVELOPE_BOTTOM_DB, ENVELOPE_STEP_US, NOT_HEARD, SoundEnvelope
from bwc_audit.domain.policy import SoundMatchRules
from bwc_audit.domain.times import SECOND_US, Span

Samples = NDArray[np.float32]
Floats = NDArray[np.float32]

#: What an envelope is made from, and its step: 80 samples.
SAMPLE_RATE = 8_000
STEP_US = ENVELOPE_STEP_US
_HOP = SAMPLE_RATE * STEP_US // SECOND_US
_FRAME = 2 * _HOP
#: Where speech and most noises of a street carry; below lies wind and handling, above it codecs differ.
_BAND_EDGES_HZ = (200, 400, 700, 1_100, 1_700, 2_500, 3_600)
_BAND_EDGES = tuple(hertz * _FRAME // SAMPLE_RATE for hertz in _BAND_EDGES_HZ)
_FLOOR_DB = ENVELOPE_BOTTOM_DB
#: Six hours: 9 MB of levels. What lies beyond is left out.
_MOST_FRAMES = 6 * 3600 * SECOND_US // STEP_US
_CHUNK = 20 * SAMPLE_RATE
#: Levels are taken against their mean over this many steps (0.8 s), so that loudness and gain control fall away.
_LOCAL_STEPS = 81
#: Smoothing (50 ms): the tail of a room smears at least that much.
_SMOOTH_STEPS = 5
#: Level differences in dB that are noise of the estimate itself, and those beyond which a bang would outweigh all else.
_CORE_DB, _MOST_DB = 1.0, 12.0
#: Two lags nearer than this are one peak.
_PEAK_US = 500_000


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """``levels`` in dB relative to full scale, one for each 10 ms, not a number where nothing was heard.

    ``start_us``: when the first step is, by the clock of this recording (corrected as far as it is known)."""

    start_us: int
    levels: Floats


class NoMatch(StrEnum):
    """Why there is no answer."""

    SILENT = "silent"
    TOO_SHORT = "too_short"
    DIFFERENT = "different"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class SoundMatch:
    """What ``one`` heard at time t of its clock, ``other`` heard at t + ``lag_us`` of its own, ± ``uncertainty_us``.

    ``peak_ratio``: best over second-best lag; ``agreeing`` of ``tried`` windows found the lag each for itself.
    """

    lag_us: int
    uncertainty_us: int
    peak_ratio: float
    agreeing: int
    tried: int


class GrowingEnvelope:
    """The envelope of ``span`` from mono samples at 8 kHz, -1..1, given in blocks with the time of their first sample.

    Blocks ascend in time; where they leave a hole, nothing was heard. Memory is the envelope (0.4 kB a second, six hours
    at most) and one chunk of 20 s.
    """

    def __init__(self, span: Span) -> None:
        self._start_us = span.start_us
        self._levels = np.full(min(span.length_us // STEP_US, _MOST_FRAMES), np.nan, np.float32)
        self._held: list[Samples] = []
        self._first_us, self._count = 0, 0

    def add(self, at_us: int, samples: Samples) -> None:
        """The next block, whose first sample is at ``at_us``."""
        end_us = self._first_us + self._count * SECOND_US // SAMPLE_RATE
        if self._count and abs(at_us - end_us) > STEP_US:
            self._write()
            self._held, self._count = [], 0
        if not self._count:
            self._first_us = at_us
        self._held.append(np.asarray(samples, np.float32).ravel())
        self._count += self._held[-1].size
        if self._count >= _CHUNK:
            rest, used = self._write()
            self._held, self._count = [rest], rest.size
            self._first_us += used * SECOND_US // SAMPLE_RATE

    def done(self) -> Envelope:
        """The envelope of all that was given."""
        if self._count:
            self._write()
        return Envelope(self._start_us, self._levels)

    def _write(self) -> tuple[Samples, int]:
        """Levels of all whole frames that are held; returns what is left over, and how many samples are done with."""
        joined = np.concatenate(self._held)
        used = _write(self._levels, joined, self._first_us - self._start_us)
        return joined[used:], used


def envelope_of(blocks: Iterable[tuple[int, Samples]], span: Span) -> Envelope:
    """The envelope of ``span`` from blocks as ``GrowingEnvelope`` takes them."""
    growing = GrowingEnvelope(span)
    for at_us, samples in blocks:
        growing.add(at_us, samples)
    return growing.done()


def kept(envelope: Envelope) -> SoundEnvelope:
    """The envelope in half decibels, as it is stored."""
    steps = np.rint(2 * (np.clip(envelope.levels, _FLOOR_DB, _FLOOR_DB + (NOT_HEARD - 1) / 2) - _FLOOR_DB))
    is_heard = np.isfinite(envelope.levels)
    return SoundEnvelope(envelope.start_us, np.where(is_heard, np.nan_to_num(steps), NOT_HEARD).astype(np.uint8))


def opened(stored: SoundEnvelope, ahead_us: int = 0) -> Envelope:
    """A stored envelope, ``ahead_us`` later on the clock by which it is compared."""
    levels = stored.levels.astype(np.float32) / 2 + np.float32(_FLOOR_DB)
    is_heard = stored.levels != NOT_HEARD
    return Envelope(stored.start_us + ahead_us, np.where(is_heard, levels, np.float32(np.nan)).astype(np.float32))


def match(
    one: Envelope, other: Envelope, expected_lag_us: int, search_us: int, rules: SoundMatchRules | None = None
) -> SoundMatch | NoMatch:
    """The lag of ``other`` behind ``one`` within ``expected_lag_us`` ± ``search_us``, or why none can be said."""
    rules = rules or SoundMatchRules()
    if _is_silent(one, rules) or _is_silent(other, rules):
        return NoMatch.SILENT
    window = max(1, round(rules.window_s * SECOND_US / STEP_US))
    if min(len(one.levels), len(other.levels)) < 2 * window or search_us < STEP_US:
        return NoMatch.TOO_SHORT
    a, b = _movement(one.levels), _movement(other.levels)
    starts = _window_starts(a, window, rules)
    lags = _Lags.of(one, other, expected_lag_us, search_us)
    scores = _window_scores(a, b, starts, window, lags)
    return _decided(scores, lags, rules)


@dataclass(frozen=True, slots=True)
class _Lags:
    """Lags in steps: ``first`` .. ``first + count - 1``; ``shift``: steps from an index of one to the same time in other;
    ``rest_us``: what is left of the difference of the two starts below a step."""

    first: int
    count: int
    shift: int
    rest_us: int

    @staticmethod
    def of(one: Envelope, other: Envelope, expected_lag_us: int, search_us: int) -> _Lags:
        shift, rest_us = divmod(one.start_us - other.start_us, STEP_US)
        # A lag at which the recordings do not meet at all cannot be found: the search ends there.
        low = max(round((expected_lag_us - search_us) / STEP_US), -shift - len(one.levels))
        high = min(round((expected_lag_us + search_us) / STEP_US), len(other.levels) - shift)
        return _Lags(low, max(0, high - low + 1), shift, rest_us)

    def us(self, place: float) -> int:
        return round((self.first + place) * STEP_US) - self.rest_us


def _write(levels: Floats, samples: Samples, from_us: int) -> int:
    """Levels of all whole frames in ``samples``; returns how many samples are done with."""
    count = (samples.size - _FRAME) // _HOP + 1
    if count <= 0:
        return 0
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP][:count]
    spectrum = fft.rfft(np.nan_to_num(frames) * np.hanning(_FRAME).astype(np.float32), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) / (_FRAME * _FRAME / 8)
    # Sums over slices: a product with a matrix would start as many threads as there are cores for so little.
    bands = np.stack([power[:, low:high].sum(axis=1) for low, high in pairwise(_BAND_EDGES)])
    found = 10 * np.log10(np.maximum(bands, np.float32(10 ** (_FLOOR_DB / 10)))).mean(axis=0)
    first = round(from_us / STEP_US)
    low, high = max(0, -first), min(count, len(levels) - first)
    if low < high:
        levels[first + low : first + high] = found[low:high]
    return count * _HOP


def _is_silent(envelope: Envelope, rules: SoundMatchRules) -> bool:
    heard = envelope.levels[np.isfinite(envelope.levels)]
    return heard.size == 0 or float(np.percentile(heard, 99)) < rules.silence_db


def _movement(levels: Floats) -> Floats:
    """Levels against their local mean, cored and bounded; 0 where nothing was heard."""
    is_heard = np.isfinite(levels)
    filled = np.where(is_heard, levels, 0).astype(np.float32)
    weight = _running_sum(is_heard.astype(np.float32), _LOCAL_STEPS)
    local = _running_sum(filled, _LOCAL_STEPS) / np.maximum(weight, 1)
    centred = np.where(is_heard, filled - local, 0).astype(np.float32)
    smooth = _running_sum(centred, _SMOOTH_STEPS) / _SMOOTH_STEPS
    cored = np.sign(smooth) * np.clip(np.abs(smooth) - _CORE_DB, 0, _MOST_DB)
    return np.where(is_heard, cored, 0).astype(np.float32)


def _running_sum(values: Floats, width: int) -> Floats:
    """Sum over ``width`` (odd) steps around each."""
    half = width // 2
    padded = np.pad(values, (half + 1, half))
    sums = np.cumsum(padded, dtype=np.float64)
    return (sums[width:] - sums[:-width]).astype(np.float32)


def _window_starts(a: Floats, window: int, rules: SoundMatchRules) -> list[int]:
    """The liveliest window of each of evenly spread stretches."""
    starts = np.arange(0, len(a) - window + 1, window)
    activity = np.array([float(np.mean(a[start : start + window] ** 2)) for start in starts])
    groups = np.array_split(np.arange(len(starts)), max(1, min(len(starts), rules.most_windows)))
    liveliest = [group[int(np.argmax(activity[group]))] for group in groups if group.size]
    return [int(starts[place]) for place in liveliest if activity[place] >= rules.least_activity]


def _window_scores(a: Floats, b: Floats, starts: list[int], window: int, lags: _Lags) -> Floats:
    """Normalised correlation (windows, lags); not a number where less than half of a window meets the other recording."""
    scores = np.full((len(starts), lags.count), np.nan, np.float32)
    if not lags.count:
        return scores
    power = np.concatenate([[0.0], np.cumsum(b.astype(np.float64) ** 2)])
    size = _fast_length(window + lags.count - 1)
    for row, start in enumerate(starts):
        first = start + lags.shift + lags.first
        low, high = max(0, first), min(len(b), first + window + lags.count - 1)
        if high - low < window // 2:
            continue
        region = np.zeros(window + lags.count - 1, np.float32)
        region[low - first : high - first] = b[low:high]
        piece = a[start : start + window]
        product = fft.rfft(region, size) * np.conj(fft.rfft(piece, size))
        cross = fft.irfft(product, size)[: lags.count]
        begins = first + np.arange(lags.count)
        met_low, met_high = np.clip(begins, 0, len(b)), np.clip(begins + window, 0, len(b))
        norm = np.sqrt(np.maximum(power[met_high] - power[met_low], 1e-6) * float(np.sum(piece.astype(np.float64) ** 2)))
        is_met = (met_high - met_low >= window // 2) & (power[met_high] - power[met_low] > 1.0)
        scores[row] = np.where(is_met, cross / norm, np.nan)
    return scores


def _fast_length(least: int) -> int:
    """The next length of the form 2^n, 3·2^n or 5·2^n, which transforms quickly."""
    return min(base << max(0, (-(-least // base) - 1).bit_length()) for base in (1, 3, 5))


def _decided(scores: Floats, lags: _Lags, rules: SoundMatchRules) -> SoundMatch | NoMatch:
    is_met = np.isfinite(scores)
    counts = is_met.sum(axis=0)
    if not counts.size or counts.max() < rules.agreeing:
        return NoMatch.TOO_SHORT
    filled = np.where(is_met, scores, 0)
    total = np.where(counts >= rules.agreeing, filled.sum(axis=0) / np.sqrt(np.maximum(counts, 1)), 0)
    best = int(np.argmax(total))
    near = round(_PEAK_US / STEP_US)
    rivals = np.concatenate([total[: max(0, best - near)], total[best + near + 1 :]])
    rival = float(rivals.max()) if rivals.size else 0.0
    ratio = float(total[best]) / rival if rival > 0 else 0.0
    own = np.argmax(np.where(is_met, scores, -1), axis=1)
    tried = is_met[:, best]
    away = np.abs(own - best) * STEP_US
    agreeing = tried & (away <= rules.agree_s * SECOND_US)
    is_agreed = agreeing.sum() >= max(rules.agreeing, rules.agreeing_share * tried.sum())
    if best in (0, lags.count - 1) or not is_agreed:
        return NoMatch.DIFFERENT
    if ratio < rules.peak_ratio:
        return NoMatch.AMBIGUOUS
    spread_us = 2 * float(np.median(away[agreeing]))
    return SoundMatch(
        lag_us=lags.us(best + _vertex(total[best - 1 : best + 2])),
        uncertainty_us=round(max(rules.uncertainty_s * SECOND_US, spread_us)),
        peak_ratio=round(ratio, 2),
        agreeing=int(agreeing.sum()),
        tried=int(tried.sum()),
    )


def _vertex(three: Floats) -> float:
    """Where a parabola through three values has its top, -0.5..0.5 steps from the middle one."""
    left, middle, right = (float(value) for value in three)
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else max(-0.5, min(0.5, 0.5 * (left - right) / bend))
