"""Where in a line of characters a date or a time of day can stand: by which slots take digits, and which separators.

Digits stand evenly apart in clocks, also in fonts whose letters do not; a lost or invented character shows in that. Whether
there is such a day, and what stands before and behind it, is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bwc_audit.detectors.overlay_glyphs import ALPHABET, Glyphs

DIGITS = slice(0, 10)
_SEPARATORS = [ALPHABET.index(character) for character in "-/."]
# A slot for digits knows no letters: what looks like one of these is a digit there.
_LETTERS_AS_DIGITS = (("O", 0), ("Q", 0), ("D", 0), ("I", 1), ("Z", 2), ("S", 5), ("G", 6), ("B", 8))
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DATES = ("dddd=dd=dd", "dd=dd=dddd", "dd=mmm=dddd", "ddmmmdddd")
TIMES = ("dd:dd:dd", "d:dd:dd")
#: Of the digits' probability, what the best one must have; and what digits (and letters like them) must have of all.
#: Between 0.5 and 0.7 lie 3 % of the readings of 200 drawn clips; above, 2 of the benchmark's 3,398 are wrong.
LEAST_DIGIT = 0.7
_LEAST_MASS = 0.4
_LEAST_SEPARATOR = 0.4
UNEVEN = 0.28  # of the digits' distance; a 1 stands 0.15 off its middle, a lost character shifts by 0.5 or more


@dataclass(frozen=True, slots=True)
class Part:
    """A date or a time found at characters ``[first, end)``. ``score``: its worst slot, 0-1."""

    first: int
    end: int
    text: str
    score: float
    pitch: float


def parts(glyphs: Glyphs, patterns: tuple[str, ...]) -> Iterator[Part]:
    """Every place at which a pattern fits: digits sure, separators there, evenly set, no further digit attached."""
    digit = _digits(glyphs)
    mass = digit.sum(axis=1)
    sure = digit.max(axis=1) / np.maximum(mass, 1e-6)
    sure[mass < _LEAST_MASS] = 0
    separator = glyphs.probabilities[:, _SEPARATORS].sum(axis=1)
    colon = glyphs.probabilities[:, ALPHABET.index(":")]
    for pattern in patterns:
        fits = _first_slots(pattern, sure, separator, colon)
        for first in np.flatnonzero(fits):
            part = _part(glyphs, pattern, int(first), sure)
            if part is not None:
                yield part


def _digits(glyphs: Glyphs) -> NDArray[np.float32]:
    """Probability of each digit, ``n x 10``, where only digits can stand."""
    digit = glyphs.probabilities[:, DIGITS].copy()
    for letter, shape in _LETTERS_AS_DIGITS:
        digit[:, shape] += glyphs.probabilities[:, ALPHABET.index(letter)]
    return digit


def _first_slots(
    pattern: str, sure: NDArray[np.float32], separator: NDArray[np.float32], colon: NDArray[np.float32]
) -> NDArray[np.bool_]:
    starts = len(sure) - len(pattern) + 1
    fits = np.ones(max(0, starts), bool)
    for slot, kind in enumerate(pattern if starts > 0 else ""):
        here = slice(slot, slot + starts)
        if kind == "d":
            fits &= sure[here] >= LEAST_DIGIT
        elif kind == "=":
            fits &= separator[here] >= _LEAST_SEPARATOR
        elif kind == ":":
            fits &= colon[here] >= _LEAST_SEPARATOR
    return fits


def _part(glyphs: Glyphs, pattern: str, first: int, sure: NDArray[np.float32]) -> Part | None:
    end = first + len(pattern)
    digits = [n for n, kind in enumerate(pattern) if kind == "d"]
    pitch = _pitch(glyphs.columns[first:end], pattern)
    if pitch is None or _continues(glyphs, first - 1, first, pitch) or _continues(glyphs, end, end - 1, pitch):
        return None
    best = _digits(glyphs)[first:end].argmax(axis=1)
    text = "".join(str(best[n]) if kind == "d" else kind for n, kind in enumerate(pattern))
    score = float(sure[first:end][digits].min())
    if "mmm" in pattern:
        at = pattern.index("mmm")
        month, surely = _month(glyphs.probabilities[first + at : first + at + 3])
        if surely < LEAST_DIGIT:
            return None
        text, score = text.replace("mmm", month), min(score, surely)
    separators = [first + n for n, kind in enumerate(pattern) if kind == "="]
    if separators:
        shape = _SEPARATORS[int(glyphs.probabilities[np.ix_(separators, _SEPARATORS)].sum(axis=0).argmax())]
        text = text.replace("=", ALPHABET[shape])
    return Part(first, end, text, score, pitch)


def _pitch(columns: NDArray[np.float32], pattern: str) -> float | None:
    """Distance of neighbouring digits; None where they, or digits around like separators, stand unevenly."""
    steps = np.diff(columns)
    pairs = np.array([steps[n] for n in range(len(steps)) if pattern[n : n + 2] == "dd"])
    pitch = float(np.median(pairs))
    around = [columns[n + 1] - columns[n - 1] for n, kind in enumerate(pattern) if kind in "=:"]
    if np.abs(pairs - pitch).max() > UNEVEN * pitch:
        return None
    if around and (max(around) - min(around) > 1.6 * UNEVEN * pitch or max(around) > 2.6 * pitch):
        return None
    return pitch if pitch >= 4 else None


def _continues(glyphs: Glyphs, other: int, edge: int, pitch: float) -> bool:
    """A further digit stands at the distance of a neighbour: the run is part of a longer number."""
    if not 0 <= other < len(glyphs.columns):
        return False
    if abs(float(glyphs.columns[other] - glyphs.columns[edge])) > pitch * (1 + UNEVEN):
        return False
    return float(glyphs.probabilities[other, DIGITS].sum()) > 0.7 and not (other > edge and is_zulu(glyphs, other))


def is_zulu(glyphs: Glyphs, at: int) -> bool:
    of = glyphs.probabilities[at]
    return float(of[ALPHABET.index("Z")]) > 0.15 and float(of[ALPHABET.index("Z")] + of[2] + of[7]) > 0.6


def _month(probabilities: NDArray[np.float32]) -> tuple[str, float]:
    each = np.array([np.prod([p[ALPHABET.index(c)] + 1e-4 for p, c in zip(probabilities, m, strict=True)]) for m in MONTHS])
    best = int(each.argmax())
    if each[best] < 0.02:
        return MONTHS[best], 0.0
    return MONTHS[best], float(each[best] / each.sum())


def looks_like_clock(glyphs: Glyphs) -> bool:
    """Digits and separators enough for a time of day, whether or not they fit one."""
    digits = int((_digits(glyphs).sum(axis=1) > 0.6).sum())
    separators = int((glyphs.probabilities[:, [*_SEPARATORS, ALPHABET.index(":")]].sum(axis=1) > 0.4).sum())
    return digits >= 5 and separators >= 2
