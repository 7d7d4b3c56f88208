"""Keeps the clips on disk: what is missing or was made from another recipe is made anew, the rest is left alone.

Beside each clip lies ``<name>.json``: the digest of its recipe and its labels, written last, so that a build which was
interrupted is seen.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.bench.detectors.held_out import HELD_OUT
from tests.bench.detectors.recipe import Label, Recipe
from tests.bench.detectors.tuning import TUNING

FOLDER = Path(".state/bench/detectors")
CORPUS = (*TUNING, *HELD_OUT)


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip: its recipe, its file name inside the folder, and all its labels."""

    recipe: Recipe
    object_key: str
    labels: tuple[Label, ...]


def build(recipes: Sequence[Recipe], folder: Path, *, processes: int = 2) -> tuple[Clip, ...]:
    """Makes what is missing and returns all clips in the order of ``recipes``. Says on standard error what it does."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [recipe for recipe in recipes if _known_labels(recipe, folder) is None]
    began_s, spent_s = time.monotonic(), 0.0
    if missing:
        workers = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=prepare_worker)
        with workers as pool:
            for number, cpu_s in enumerate(pool.map(_make, missing, [folder] * len(missing)), 1):
                spent_s += cpu_s
                if number % 20 == 0 or number == len(missing):
                    elapsed_s = time.monotonic() - began_s
                    print(f"made {number}/{len(missing)} clips: {elapsed_s:.0f} s, {spent_s:.0f} CPU-s", file=sys.stderr)
    return tuple(Clip(recipe, _file_name(recipe), _known_labels(recipe, folder) or ()) for recipe in recipes)


def prepare_worker() -> None:
    """One thread for each worker, and no chatter of encoders."""
    import cv2

    os.nice(5)
    os.environ["SVT_LOG"] = "0"
    cv2.setNumThreads(1)


def _file_name(recipe: Recipe) -> str:
    return f"{recipe.name}.{recipe.coding.container}"


def _known_labels(recipe: Recipe, folder: Path) -> tuple[Label, ...] | None:
    """The labels of the finished clip; None: it is missing, or was made from another recipe."""
    told = folder / f"{recipe.name}.json"
    if not told.is_file() or not (folder / _file_name(recipe)).is_file():
        return None
    content = json.loads(told.read_text(encoding="utf-8"))
    if content["digest"] != recipe.digest:
        return None
    return tuple(Label(**label) for label in content["labels"])


def _make(recipe: Recipe, folder: Path) -> float:
    """Makes one clip; CPU seconds."""
    from tests.bench.detectors.encoding import write_clip  # the encoder's libraries are loaded by workers only

    began_s = time.process_time()
    labels = write_clip(recipe, folder / _file_name(recipe))
    content = {"digest": recipe.digest, "labels": [asdict(label) for label in labels]}
    (folder / f"{recipe.name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return time.process_time() - began_s
