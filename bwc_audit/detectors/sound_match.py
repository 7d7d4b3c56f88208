"""How far apart the clocks of two recordings are, from the sounds that both heard.

Each sound becomes an envelope: the level of six bands every 10 ms. Rises and falls of these levels survive what tells
two microphones apart (loudness, noise, reverberation, gain control, codec). Windows of one recording are looked for in
the other, each for itself; an answer needs one lag that stands out and windows that agree on it independently.
Silence, sounds that repeat (sirens, loops: several lags fit alike) and different sounds get a reason and no answer.

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
from numpy.typing import NDArray

from bwc_audit.domain.times import SECOND_US, Span

Samples = NDArray[np.float32]
Floats = NDArray[np.float32]

#: What an envelope is made from, and its step: 80 samples.
SAMPLE_RATE = 8_000
STEP_US = 10_000
_HOP = SAMPLE_RATE * STEP_US // SECOND_US
_FRAME = 2 * _HOP
#: Where speech and most noises of a street carry; below lies wind and handling, above it codecs differ.
_BAND_EDGES_HZ = (200, 400, 700, 1_100, 1_700, 2_500, 3_600)
_FLOOR_DB = -100.0
#: Six hours: 52 MB of levels. What lies beyond is left out.
_MOST_FRAMES = 6 * 3600 * SECOND_US // STEP_US
_CHUNK = 20 * SAMPLE_RATE
#: Levels are taken against their mean over this many steps (0.8 s), so that loudness and gain control fall away.
_LOCAL_STEPS = 81
#: Smoothing (50 ms): the tail of a room smears at least that much.
_SMOOTH_STEPS = 5
#: Level differences in dB that are noise of the estimate itself, and those beyond which a bang would outweigh all else.
_CORE_DB, _MOST_DB = 2.0, 12.0
#: Two lags nearer than this are one peak.
_PEAK_US = 500_000


@dataclass(frozen=True, slots=True)
class MatchRules:
    """When an answer is given. Numbers are engineering defaults, measured by ``tests/bench/sound_match.py``.

    ``window_s``: length of one window; ``most_windows`` of one recording are tried, the liveliest of evenly spread
    ones. ``silence_db``: a recording whose loudest band stays below it is silent. ``least_activity``: mean square of the
    levels' movement (dB²) that a window needs. ``peak_ratio``: best lag over the best other one. ``agreeing``: windows
    that must find the best lag by themselves, within ``agree_s``; ``agreeing_share``: of those tried. ``uncertainty_s``:
    the least that is stated.
    """

    window_s: float = 10.0
    most_windows: int = 48
    silence_db: float = -75.0
    least_activity: float = 0.5
    peak_ratio: float = 1.5
    agreeing: int = 3
    agreeing_share: float = 0.2
    agree_s: float = 0.1
    uncertainty_s: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """``levels`` (steps, bands) in dB relative to full scale, not a number where nothing was heard; the step is 10 ms.

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


def envelope_of(blocks: Iterable[tuple[int, Samples]], span: Span) -> Envelope:
    """The envelope of ``span`` from mono samples at 8 kHz, -1..1, in blocks with the time of their first sample.

    Blocks ascend in time; where they leave a hole, nothing was heard. Memory is the envelope (2.4 kB a second) and one
    chunk of 20 s.
    """
    steps = min(span.length_us // STEP_US, _MOST_FRAMES)
    levels = np.full((max(0, steps), len(_BAND_EDGES_HZ) - 1), np.nan, np.float32)
    held: list[Samples] = []
    first_us, count = 0, 0
    for at_us, samples in blocks:
        end_us = first_us + count * SECOND_US // SAMPLE_RATE
        if count and abs(at_us - end_us) > STEP_US:
            _write(levels, np.concatenate(held), first_us - span.start_us)
            held, count = [], 0
        if not count:
            first_us = at_us
        held.append(np.asarray(samples, np.float32).ravel())
        count += held[-1].size
        if count >= _CHUNK:
            joined = np.concatenate(held)
            used = _write(levels, joined, first_us - span.start_us)
            held, count = [joined[used:]], joined.size - used
            first_us += used * SECOND_US // SAMPLE_RATE
    if count:
        _write(levels, np.concatenate(held), first_us - span.start_us)
    return Envelope(span.start_us, levels)


def match(
    one: Envelope, other: Envelope, expected_lag_us: int, search_us: int, rules: MatchRules | None = None
) -> SoundMatch | NoMatch:
    """The lag of ``other`` behind ``one`` within ``expected_lag_us`` ± ``search_us``, or why none can be said."""
    rules = rules or MatchRules()
    if _is_silent(one, rules) or _is_silent(other, rules):
        return NoMatch.SILENT
    window = round(rules.window_s * SECOND_US / STEP_US)
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
    spectrum = np.fft.rfft(np.nan_to_num(frames) * np.hanning(_FRAME).astype(np.float32), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) / (_FRAME * _FRAME / 8)
    bins = np.arange(power.shape[1]) * SAMPLE_RATE / _FRAME
    bands = np.stack([(bins >= low) & (bins < high) for low, high in pairwise(_BAND_EDGES_HZ)], axis=1).astype(np.float32)
    found = 10 * np.log10(np.maximum(power @ bands, np.float32(10 ** (_FLOOR_DB / 10))))
    first = round(from_us / STEP_US)
    low, high = max(0, -first), min(count, len(levels) - first)
    if low < high:
        levels[first + low : first + high] = found[low:high]
    return count * _HOP


def _is_silent(envelope: Envelope, rules: MatchRules) -> bool:
    heard = envelope.levels[np.isfinite(envelope.levels).all(axis=1)]
    return heard.size == 0 or float(np.percentile(heard.max(axis=1), 99)) < rules.silence_db


def _movement(levels: Floats) -> Floats:
    """Levels against their local mean, cored and bounded; 0 where nothing was heard. Shape as given."""
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
    padded = np.pad(values, ((half + 1, half), (0, 0)))
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    return (sums[width:] - sums[:-width]).astype(np.float32)


def _window_starts(a: Floats, window: int, rules: MatchRules) -> list[int]:
    """The liveliest window of each of evenly spread stretches."""
    starts = np.arange(0, len(a) - window + 1, window)
    activity = np.array([float(np.mean(a[start : start + window] ** 2)) for start in starts])
    groups = np.array_split(np.arange(len(starts)), min(len(starts), rules.most_windows))
    liveliest = [group[int(np.argmax(activity[group]))] for group in groups if group.size]
    return [int(starts[place]) for place in liveliest if activity[place] >= rules.least_activity]


def _window_scores(a: Floats, b: Floats, starts: list[int], window: int, lags: _Lags) -> Floats:
    """Normalised correlation (windows, lags); not a number where less than half of a window meets the other recording."""
    scores = np.full((len(starts), lags.count), np.nan, np.float32)
    if not lags.count:
        return scores
    power = np.concatenate([[0.0], np.cumsum(np.sum(b.astype(np.float64) ** 2, axis=1))])
    size = _fast_length(window + lags.count - 1)
    for row, start in enumerate(starts):
        first = start + lags.shift + lags.first
        low, high = max(0, first), min(len(b), first + window + lags.count - 1)
        if high - low < window // 2:
            continue
        region = np.zeros((window + lags.count - 1, b.shape[1]), np.float32)
        region[low - first : high - first] = b[low:high]
        piece = a[start : start + window]
        product = np.fft.rfft(region, size, axis=0) * np.conj(np.fft.rfft(piece, size, axis=0))
        cross = np.fft.irfft(product.sum(axis=1), size)[: lags.count]
        begins = first + np.arange(lags.count)
        met_low, met_high = np.clip(begins, 0, len(b)), np.clip(begins + window, 0, len(b))
        norm = np.sqrt(np.maximum(power[met_high] - power[met_low], 1e-6) * float(np.sum(piece.astype(np.float64) ** 2)))
        is_met = (met_high - met_low >= window // 2) & (power[met_high] - power[met_low] > 1.0)
        scores[row] = np.where(is_met, cross / norm, np.nan)
    return scores


def _fast_length(least: int) -> int:
    """The next length of the form 2^n, 3·2^n or 5·2^n, which transforms quickly."""
    return min(base << max(0, (-(-least // base) - 1).bit_length()) for base in (1, 3, 5))


def _decided(scores: Floats, lags: _Lags, rules: MatchRules) -> SoundMatch | NoMatch:
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
