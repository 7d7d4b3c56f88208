"""The sound of one recipe: the sample's own places and voices, and what goes wrong with them. ``int16`` mono."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sample_media.shots import Look, Shot
from sample_media.sound import RATE, samples
from tests.bench.detectors.recipe import Recipe, Scene, What

_INDOORS = (Scene.HALL, Scene.DESK, Scene.WALL, Scene.CORRIDOR, Scene.PARKED, Scene.PLASTER)
_QUIET = 10 ** (-63 / 20) * 32_768
_LOUD = 45.0


def sound_of(recipe: Recipe) -> tuple[float, npt.NDArray[np.int16]]:
    """When the track begins (media time, seconds) and its samples at ``RATE``; no samples: no track at all."""
    look = Look.HALL if recipe.scene in _INDOORS else Look.STREET
    wave = samples(Shot(recipe.name, look, recipe.whole_s, 0.0, 0, "")).copy()
    rng = np.random.default_rng(recipe.seed + 3)
    for trouble in recipe.troubles_of(What.MUTED, What.CLIPPED, What.QUIET, What.BUFFER):
        shift_s = 0.0 if trouble.what is What.BUFFER else recipe.shift_s
        part = slice(round((trouble.start_s + shift_s) * RATE), round((trouble.end_s + shift_s) * RATE))
        if trouble.what is What.CLIPPED:
            wave[part] = np.clip(wave[part].astype(np.float32) * _LOUD, -32_768, 32_767).astype(np.int16)
        elif trouble.what is What.QUIET:
            wave[part] = rng.normal(0, _QUIET, wave[part].size).round().astype(np.int16)
        else:
            wave[part] = 0
    begin_s = 0.0
    for trouble in recipe.troubles_of(What.NO_SOUND):
        if trouble.start_s <= 0 and trouble.end_s >= recipe.length_s:
            return 0.0, wave[:0]
        if trouble.start_s <= 0:
            begin_s = trouble.end_s
        else:
            wave = wave[: round((trouble.start_s + recipe.shift_s) * RATE)]
    return begin_s, wave[round(begin_s * RATE) :]
