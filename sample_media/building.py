"""Builds the source tree: tables, clips, sidecars, manifest. Clips whose recipe has not changed are left alone.

``<source>/footage/.recipes`` remembers what each clip was made from, its size and its SHA-256; it is not metadata
and no reader of sources takes it for such (it has no suffix).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2

from sample_media.day import Day
from sample_media.encoding import clip_bytes
from sample_media.paperwork import MANIFEST
from sample_media.records import manifest_text, metadata_of, sidecar_text, tables
from sample_media.shots import Shot
from sample_media.story import Footage
from sample_media.storyboard import the_day
from sample_media.truth import ground_truth_text

#: Beside the source, not in it: how each clip was made, so that a second build makes only what changed.
RECIPES = ".recipes.json"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """What a build did. ``built``: clips made anew; ``kept``: clips that were there already; all sizes in bytes."""

    source: Path
    clips: int
    built: int
    kept: int
    footage_bytes: int
    elapsed_s: float


def build(out: Path, *, processes: int = 2, on_progress: Progress | None = None, day: Day | None = None) -> BuildSummary:
    """Builds everything under ``out``: ``source/`` (the tree of a source) and ``ground_truth.json``.

    ``day``: another story than the sample day. ``on_progress`` gets clips done, clips to do, and the clip's name. Raises
    ``OSError`` where ``out`` cannot be written, ``RuntimeError`` where ffmpeg fails. Running it again makes only what is
    missing or changed.
    """
    began = time.monotonic()
    day = day or the_day()
    source = out / "source"
    write_records(day, out)
    wanted = {footage.object_key: footage.shot for footage in day.footage if footage.shot is not None}
    known = _known_recipes(source)
    missing = {key: shot for key, shot in wanted.items() if not _is_there(source / key, known.get(key), shot)}
    _make(source, missing, processes, on_progress)
    _write_papers(day, source)
    _remember(source, wanted)
    _remove_strangers(day, source)
    footage_bytes = sum(path.stat().st_size for path in (source / "footage").rglob("*") if path.is_file())
    elapsed_s = time.monotonic() - began
    return BuildSummary(source, len(wanted), len(missing), len(wanted) - len(missing), footage_bytes, elapsed_s)


def write_records(day: Day, out: Path) -> None:
    """Writes the tables outside ``footage/`` and the ground truth: the text files that are kept under version control."""
    for file, text in tables(day).items():
        _write_if_changed(out / "source" / file, text.encode())
    _write_if_changed(out / "ground_truth.json", ground_truth_text(day).encode())


def _known_recipes(source: Path) -> dict[str, dict[str, object]]:
    try:
        known = json.loads((source.parent / RECIPES).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return known if isinstance(known, dict) else {}


def _is_there(path: Path, known: dict[str, object] | None, shot: Shot) -> bool:
    """A clip is kept when its recipe, size and SHA-256 are those remembered."""
    if known is None or known.get("recipe") != shot.recipe or not path.is_file():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == known.get("sha256")


def _make(source: Path, missing: dict[str, Shot], processes: int, on_progress: Progress | None) -> None:
    """Makes clips, the longest first; in this process alone when one is asked for."""
    jobs = sorted(missing.items(), key=lambda job: (-job[1].length_s, job[0]))
    paths = [source / key for key, _ in jobs]
    shots = [shot for _, shot in jobs]
    if processes <= 1 or len(jobs) < 2:
        _follow(map(_make_one, paths, shots), len(jobs), on_progress)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        _follow(pool.map(_make_one, paths, shots), len(jobs), on_progress)


def _follow(done: Iterable[str], total: int, on_progress: Progress | None) -> None:
    for number, name in enumerate(done, start=1):
        if on_progress is not None:
            on_progress(number, total, name)


def _one_thread() -> None:
    cv2.setNumThreads(1)


def _make_one(path: Path, shot: Shot) -> str:
    _write_if_changed(path, clip_bytes(shot))
    return shot.clip_id


def _write_papers(day: Day, source: Path) -> None:
    """Stores copies and placeholders, then writes sidecars and the manifest over the bytes that are there."""
    rows: list[dict[str, object]] = []
    for footage in day.footage:
        path = source / footage.object_key
        stored = _stored_bytes(footage, source)
        if stored is not None and footage.shot is None:
            _write_if_changed(path, stored)
        metadata = metadata_of(footage, footage.footage_id.encode() if stored is None else stored)
        if footage.paper == "sidecar":
            _write_if_changed(path.with_suffix(".json"), sidecar_text(metadata).encode())
        elif footage.paper == "empty":
            _write_if_changed(path.with_suffix(".json"), b"")
        elif footage.paper == "manifest":
            rows.append(metadata)
    _write_if_changed(source / MANIFEST, manifest_text(day, rows).encode())
    for file, (content, _) in day.bad_files.items():
        _write_if_changed(source / file, content)


def _stored_bytes(footage: Footage, source: Path) -> bytes | None:
    """What lies under the footage's object key; None: nothing does."""
    if footage.placeholder is not None:
        return footage.placeholder
    if footage.copy_of is not None:
        return (source / footage.copy_of).read_bytes()
    return (source / footage.object_key).read_bytes() if footage.shot is not None else None


def _remember(source: Path, wanted: dict[str, Shot]) -> None:
    recipes = {
        key: {"recipe": shot.recipe, "sha256": hashlib.sha256((source / key).read_bytes()).hexdigest()}
        for key, shot in sorted(wanted.items())
    }
    _write_if_changed(source.parent / RECIPES, (json.dumps(recipes, indent=1) + "\n").encode())


def _remove_strangers(day: Day, source: Path) -> None:
    """Removes what an earlier storyboard left under ``footage/``; not what another build is writing just now."""
    ours = {footage.object_key for footage in day.footage} | set(day.bad_files) | {MANIFEST}
    ours |= {key.removesuffix(".mp4") + ".json" for key in ours if key.endswith(".mp4")}
    for path in (source / "footage").rglob("*"):
        if path.is_file() and path.suffix != ".partial" and path.relative_to(source).as_posix() not in ours:
            path.unlink()


def _write_if_changed(path: Path, content: bytes) -> None:
    """Writes a whole file or leaves it untouched; a reader never sees half of it."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(path)
