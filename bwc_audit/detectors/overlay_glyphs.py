"""A line of burned-in text to characters: which one stands where, and how surely.

A line is brought to digits of 14 rows; a small network (two hidden layers) then says for every column which character
is centred there, or none. It was trained on drawn text of free fonts after H.264 (``tests/bench/overlay``, which makes
``glyphs.npz``); fonts unlike all of those are read badly, which shows as low probabilities. Whether the characters are
a clock is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Floats = NDArray[np.float32]

#: The characters a clock line is made of; the class after the last one is "none is centred here".
ALPHABET = "0123456789:-/.+ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGIT_ROWS = 14
PATCH_ROWS, PATCH_COLUMNS = 18, 14
_EDGE_ROWS = 4  # looked at around the patch, so that the top-hat meets no border inside it
_STROKE = 7  # columns at 14 rows a digit; the boldest strokes take 4
_MAX_COLUMNS = 1600  # of a line at 14 rows a digit: 160 characters
_PEAK = 0.35  # a character's probability from which it is one
_CLOSEST = 3  # columns between two characters; a colon of a narrow font takes 4


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """Characters of one line in order. ``columns``: their middles in line columns (14 rows a digit), ``n``;
    ``probabilities``: ``n x len(ALPHABET)``, each 0-1; ``ink``: 0-1 of every column of the line."""

    columns: NDArray[np.float32]
    probabilities: Floats
    ink: Floats


@dataclass(frozen=True, slots=True, eq=False)
class GlyphBank:
    """Weights of the network: ``PATCH_ROWS * PATCH_COLUMNS -> hidden -> hidden -> len(ALPHABET) + 1``."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def probabilities(self, windows: Floats) -> Floats:
        """``n x (len(ALPHABET) + 1)`` of ``n`` windows, rows flattened."""
        values = windows
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.maximum(values @ weight + bias, 0)
        values = values @ self.weights[-1] + self.biases[-1]
        values = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(values / values.sum(axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def shipped_bank() -> GlyphBank:
    """The bank shipped with the program."""
    with np.load(Path(__file__).with_name("glyphs.npz"), allow_pickle=False) as stored:
        layers = sum(name.startswith("weight") for name in stored.files)
        weights = tuple(stored[f"weight{layer}"].astype(np.float32) for layer in range(layers))
        biases = tuple(stored[f"bias{layer}"].astype(np.float32) for layer in range(layers))
    return GlyphBank(weights, biases)


def line_patch(luma: Luma, top: float, bottom: float, *, is_light: bool) -> Floats:
    """The line whose digits stand in rows ``[top, bottom)``, as ``PATCH_ROWS x columns``, strokes near 1, rest near 0."""
    scale = DIGIT_ROWS / (bottom - top)
    columns = min(_MAX_COLUMNS, max(PATCH_COLUMNS, round(luma.shape[1] * scale)))
    rows = PATCH_ROWS + 2 * _EDGE_ROWS
    first = top - (rows - DIGIT_ROWS) / 2 / scale
    crop = _rows(luma, first, rows / scale)
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(crop, (columns, rows), interpolation=kind), np.uint8)
    if not is_light:
        small = np.asarray(255 - small, np.uint8)
    kernel = np.ones((_STROKE, _STROKE), np.uint8)
    ink = cv2.morphologyEx(small, cv2.MORPH_TOPHAT, kernel)[_EDGE_ROWS:-_EDGE_ROWS].astype(np.float32)
    brightest = int(0.97 * ink.size)
    full = max(16.0, float(np.partition(ink, brightest, axis=None)[brightest]))
    return np.asarray(np.minimum(ink / full, 1.2), np.float32)


def windows_of(patch: Floats) -> Floats:
    """One flattened window for every column of the patch, centred on it."""
    half = PATCH_COLUMNS // 2
    wide = np.pad(patch, ((0, 0), (half, PATCH_COLUMNS - 1 - half)))
    views = sliding_window_view(wide, PATCH_COLUMNS, axis=1)
    return np.ascontiguousarray(views.transpose(1, 0, 2)).reshape(patch.shape[1], PATCH_ROWS * PATCH_COLUMNS)


def glyphs_of(patch: Floats, bank: GlyphBank) -> Glyphs:
    """The characters of a line patch, from left to right."""
    each = bank.probabilities(windows_of(patch))
    some = 1 - each[:, -1]
    tops = _peaks(some)
    wide = np.pad(each, ((1, 1), (0, 0)), constant_values=1)[np.array(tops, np.intp)[:, None] + np.arange(3)]
    weight = 1.001 - wide[:, :, -1:]
    probabilities = np.asarray((wide * weight).sum(axis=1) / weight.sum(axis=1), np.float32)
    columns = _middles(some, tops)
    return Glyphs(columns, probabilities[:, :-1], patch[2:-2].max(axis=0))


def _rows(luma: Luma, first: float, count: float) -> Luma:
    """``count`` rows from ``first`` on (either may be broken), the edge rows repeated outside of the picture."""
    begin, end = int(np.floor(first)), int(np.ceil(first + count))
    inside = luma[max(0, begin) : min(luma.shape[0], end)]
    before, after = max(0, -begin), max(0, end - luma.shape[0])
    return np.pad(inside, ((before, after), (0, 0)), mode="edge") if before or after else inside


def _peaks(some: Floats) -> list[int]:
    """Columns at which a character is most surely centred, none nearer than ``_CLOSEST`` to a surer one."""
    smooth = np.convolve(some, np.array([0.25, 0.5, 0.25], np.float32), "same")
    order = np.argsort(-smooth, kind="stable")
    taken = np.zeros(len(some) + 2 * _CLOSEST, bool)
    found = []
    for at in order[smooth[order] >= _PEAK]:
        if not taken[at + _CLOSEST]:
            found.append(int(at))
            taken[at + 1 : at + 2 * _CLOSEST] = True
    return sorted(found)


def _middles(some: Floats, tops: list[int]) -> Floats:
    """Where the characters' middles are, to parts of a column."""
    around = np.array(tops, np.float32)[:, None] + np.arange(-2, 3, dtype=np.float32)
    weight = np.pad(some, 2)[np.array(tops, np.intp)[:, None] + np.arange(5)] + 1e-6
    return np.asarray((around * weight).sum(axis=1) / weight.sum(axis=1), np.float32)
