"""Pictures to burn clocks into: ``plain`` ones train the bank, ``street`` ones of the sample footage are the benchmark's."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from sample_media.scenery import scenery_of
from sample_media.shots import Look as Place
from tests.bench.overlay.drawing import Luma, Random


def plain(height: int, width: int, rng: Random) -> Luma:
    """Gradients, blobs, bars and noise of every coarseness and brightness."""
    picture = np.full((height, width), rng.uniform(0, 255), np.float32)
    for cells in (3, 8, 30, 90):
        rough = rng.normal(0, rng.choice([0, 8, 25, 60]), (cells, cells * 2)).astype(np.float32)
        kind = cv2.INTER_NEAREST if rng.random() < 0.3 else cv2.INTER_CUBIC
        picture += cv2.resize(rough, (width, height), interpolation=kind)
    for _ in range(int(rng.integers(0, 40))):
        one, other = rng.integers(0, (width, height), (2, 2)).tolist()
        cv2.line(picture, one, other, float(rng.uniform(0, 255)), int(rng.integers(1, 12)))
    for _ in range(int(rng.integers(0, 12))):
        left, top = rng.integers(0, (width, height)).tolist()
        cv2.rectangle(picture, (left, top), (left + int(rng.integers(4, 200)), top + int(rng.integers(4, 120))),
                      float(rng.uniform(0, 255)), -1 if rng.random() < 0.6 else 2)  # fmt: skip
    picture += rng.normal(0, rng.choice([0.5, 3, 8]), picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def _panorama(place: Place) -> Luma:
    seen = scenery_of(place, np.random.default_rng(7)).panorama
    grey = cv2.cvtColor(np.asarray(seen, np.uint8), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def street(height: int, width: int, rng: Random) -> Luma:
    """A view of the sample footage's scenery, anywhere in it, nearer or farther, with sensor noise."""
    wide = _panorama(list(Place)[int(rng.integers(len(Place)))])
    scale = rng.uniform(0.5, 1.0)
    rows = min(wide.shape[0], round(height * scale))
    columns = min(wide.shape[1], round(rows * width / height))
    top, left = int(rng.integers(0, wide.shape[0] - rows + 1)), int(rng.integers(0, wide.shape[1] - columns + 1))
    view = cv2.resize(wide[top : top + rows, left : left + columns], (width, height), interpolation=cv2.INTER_LINEAR)
    noisy = view.astype(np.float32) + rng.normal(0, rng.uniform(1, 6), view.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)
