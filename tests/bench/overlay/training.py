"""Makes ``bwc_audit/detectors/glyphs.npz``: ``python -m tests.bench.overlay.training [frames] [epochs]``.

Lines of clock-like text in the bank's fonts are burned into drawn pictures, coded as H.264, cut out a little askew, and
each column becomes one example: the character centred there, or none. Same seed, same machine: same weights.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bwc_audit.detectors.overlay_glyphs import ALPHABET, DIGIT_ROWS, line_patch, windows_of
from tests.bench.overlay.backgrounds import plain
from tests.bench.overlay.drawing import Drawn, Look, Luma, Random, burn, coded, drawn, pixelated
from tests.bench.overlay.faces import Face, bank_faces

_NONE = len(ALPHABET)
_HIDDEN = (192, 64)
_STEP = np.float32(1 / 200)  # inputs are kept as bytes in these steps: a quarter of the memory
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def clock_like(rng: Random) -> str:
    """Text in the shapes of clock lines, digits evenly spread, at times with other capital text."""
    d = "".join(str(n) for n in rng.integers(0, 10, 24))
    month = _MONTHS[int(rng.integers(12))]
    name = "".join(ALPHABET[int(n)] for n in rng.integers(15, len(ALPHABET), 5))
    shapes = (
        f"{d[:4]}-{d[4:6]}-{d[6:8]}T{d[8:10]}:{d[10:12]}:{d[12:14]}Z {name}",
        f"{d[:4]}-{d[4:6]}-{d[6:8]} {d[8:10]}:{d[10:12]}:{d[12:14]} -0{d[14:17]}",
        f"{d[:2]}/{d[2:4]}/{d[4:8]} {d[8:10]}:{d[10:12]}:{d[12:14]} {name[:3]} +{d[14:18]}",
        f"{d[:2]}-{month}-{d[4:8]} {d[8]}:{d[10:12]}:{d[12:14]} {'AP'[int(rng.integers(2))]}M",
        f"{d[:2]}.{d[2:4]}.{d[4:8]} {month} {d[8:10]}:{d[10:12]}:{d[12:14]}.{d[14:17]}",
        f"{name} TIME NOT SET {d[:6]} AXON BODY {d[6]}",
        "0000-00-00 --:--:-- --/--/----",
        f"{name}{d[:3]}{name} {d[3:9]}",
    )
    return shapes[int(rng.choice(len(shapes), p=[0.2, 0.16, 0.2, 0.16, 0.1, 0.06, 0.04, 0.08]))]


def random_line(faces: list[Face], rng: Random) -> Drawn:
    """A line in any face and size, at times with hard pixels, wide tracking or fixed cells."""
    face = faces[int(rng.integers(len(faces)))]
    size = int(np.exp(rng.uniform(np.log(12), np.log(48))))
    if rng.random() < 0.12:
        times = int(rng.integers(2, 4))
        return pixelated(drawn(clock_like(rng), face, max(10, size // times), int(rng.integers(0, 2))), times)
    cell = round(size * rng.uniform(0.55, 0.75)) if rng.random() < 0.1 else None
    tracking = int(rng.choice([0, 0, 0, 1, 2, round(size * 0.1)]))
    return drawn(clock_like(rng), face, size, tracking, cell)


def examples(frames: int, rng: Random) -> tuple[Bytes, NDArray[np.int64]]:
    """``n x window`` and ``n`` classes from as many frames; some of the columns without a character are left out."""
    faces = bank_faces()
    inputs: list[Bytes] = []
    classes: list[NDArray[np.int64]] = []
    while frames > 0:
        batch = [_frame(faces, rng) for _ in range(10)]
        frames -= len(batch)
        for luma, (_, placed) in zip(coded([b[0] for b in batch], int(rng.integers(18, 37))), batch, strict=True):
            for line, x, y, is_light in placed:
                found = _line_examples(luma, line, x, y, is_light, rng)
                inputs.append(found[0])
                classes.append(found[1])
    return np.concatenate(inputs), np.concatenate(classes)


def _frame(faces: list[Face], rng: Random) -> tuple[Luma, list[tuple[Drawn, int, int, bool]]]:
    luma = plain(480, 896, rng)
    y = 6
    placed: list[tuple[Drawn, int, int, bool]] = []
    while True:
        line = random_line(faces, rng)
        rows, columns = line.mask.shape
        if columns + 20 > luma.shape[1]:
            continue
        if y + rows + 12 > luma.shape[0]:
            return luma, placed
        look = list(Look)[int(rng.choice(len(Look), p=[0.35, 0.15, 0.25, 0.15, 0.1]))]
        x = int(rng.integers(4, luma.shape[1] - columns - 4))
        burn(luma, line, x, y, look, rng.uniform(0.15, 1))
        placed.append((line, x, y, look not in (Look.DARK_BOX, Look.DARK_OUTLINE)))
        y += rows + int(rng.integers(2, 12))


def _line_examples(luma: Luma, line: Drawn, x: int, y: int, is_light: bool, rng: Random) -> tuple[Bytes, NDArray[np.int64]]:
    height = line.bottom - line.top
    top = y + line.top + rng.uniform(-0.07, 0.07) * height
    bottom = y + line.bottom + rng.uniform(-0.07, 0.07) * height
    left, right = max(0, x - 3 * height), min(luma.shape[1], x + line.mask.shape[1] + 3 * height)
    patch = line_patch(np.ascontiguousarray(luma[:, left:right]), top, bottom, is_light=is_light)
    scale = DIGIT_ROWS / (bottom - top)
    classes = np.full(patch.shape[1], _NONE)
    keep = np.asarray(rng.random(patch.shape[1]) < 0.5)
    for character, centre in zip(line.text, line.centres, strict=True):
        if character not in ALPHABET or np.isnan(centre):
            continue
        at = (x + centre + 0.5 - left) * scale - 0.5
        for column in range(max(0, round(at) - 2), min(patch.shape[1], round(at) + 3)):
            away = abs(column - at)
            classes[column] = ALPHABET.index(character) if away <= 1.0 else classes[column]
            keep[column] = away <= 1.0 or away > 1.7
    return np.rint(windows_of(patch)[keep] / _STEP).astype(np.uint8), classes[keep]


def train(inputs: Bytes, classes: NDArray[np.int64], epochs: int, rng: Random) -> list[tuple[Floats, Floats]]:
    """Weights and biases of each layer: cross-entropy, Adam, step size falling to zero."""
    sizes = (inputs.shape[1], *_HIDDEN, _NONE + 1)
    layers = [
        (rng.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32), np.zeros(b, np.float32)) for a, b in pairwise(sizes)
    ]
    moments = [(np.zeros_like(p), np.zeros_like(p)) for layer in layers for p in layer]
    batch, step = 256, 0
    steps = epochs * (len(inputs) // batch)
    for epoch in range(epochs):
        order, loss = rng.permutation(len(inputs)), 0.0
        for begin in range(0, len(order) - batch + 1, batch):
            chosen = order[begin : begin + batch]
            gradients, cost = _gradients(layers, inputs[chosen] * _STEP, classes[chosen])
            loss += cost
            step += 1
            rate = 1.5e-3 * 0.5 * (1 + np.cos(np.pi * step / steps))
            _adam([p for layer in layers for p in layer], gradients, moments, rate, step)
        print(f"epoch {epoch + 1}: loss {loss / (len(order) // batch):.4f}", flush=True)
    return layers


def _gradients(layers: list[tuple[Floats, Floats]], x: Floats, y: NDArray[np.int64]) -> tuple[list[Floats], float]:
    values = [x]
    for weight, bias in layers[:-1]:
        values.append(np.maximum(values[-1] @ weight + bias, 0))
    scores = values[-1] @ layers[-1][0] + layers[-1][1]
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    cost = float(-np.log(scores[rows, y] + 1e-9).mean())
    scores[rows, y] -= 1
    slope = scores / len(y)
    gradients: list[Floats] = []
    for number in range(len(layers) - 1, -1, -1):
        gradients = [values[number].T @ slope, slope.sum(axis=0), *gradients]
        if number:
            slope = (slope @ layers[number][0].T) * (values[number] > 0)
    return gradients, cost


def _adam(
    weights: list[Floats], gradients: list[Floats], moments: list[tuple[Floats, Floats]], rate: float, step: int
) -> None:
    for weight, gradient, (first, second) in zip(weights, gradients, moments, strict=True):
        first += 0.1 * (gradient - first)
        second += 0.001 * (gradient**2 - second)
        weight -= (rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)).astype(np.float32)


def main(frames: int = 800, epochs: int = 10) -> None:
    rng = np.random.default_rng(11)
    inputs, classes = examples(frames, rng)
    print(f"{len(inputs)} examples, {(classes != _NONE).mean():.0%} with a character, {inputs.nbytes / 1e6:.0f} MB")
    tried, tried_classes = inputs[-20000:], classes[-20000:]
    layers = train(inputs[:-20000], classes[:-20000], epochs, rng)
    values = tried * _STEP
    for number, (weight, bias) in enumerate(layers):
        values = values @ weight + bias
        values = np.maximum(values, 0) if number < len(layers) - 1 else values
    right = values.argmax(axis=1) == tried_classes
    print(f"unseen columns: {right.mean():.4f} right; with a character {right[tried_classes != _NONE].mean():.4f}")
    stored = {f"weight{n}": w.astype(np.float16) for n, (w, _) in enumerate(layers)}
    stored |= {f"bias{n}": b.astype(np.float16) for n, (_, b) in enumerate(layers)}
    np.savez_compressed(Path("bwc_audit/detectors/glyphs.npz"), **stored)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:3]))
