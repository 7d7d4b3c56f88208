"""Damage to a finished file, at known frames: bytes overwritten, or the end cut off. Says what it did as labels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.bench.detectors.recipe import Label, Recipe, What

#: How much of a cut file is left; and which part of a frame's bytes is overwritten.
_KEPT_SHARE = 0.6
_FIRST_THIRD, _LAST_TENTH = 3, 10


@dataclass(frozen=True, slots=True)
class _Coded:
    """One coded frame: its time from the first frame's, and where its bytes lie."""

    at_s: float
    offset: int
    size: int
    is_key: bool


def damage(recipe: Recipe, path: Path) -> tuple[Label, ...]:
    """Damages the file as the recipe says."""
    coded = _coded_frames(path)
    content = bytearray(path.read_bytes())
    labels: list[Label] = []
    for trouble in recipe.troubles_of(What.DAMAGED):
        first_s, end_s = trouble.start_s + recipe.shift_s, trouble.end_s + recipe.shift_s
        hurt = [frame for frame in coded if first_s <= frame.at_s < end_s and (frame.is_key or trouble.how != "keys")]
        rng = np.random.default_rng(recipe.seed + 2)
        for frame in hurt:
            part = slice(frame.offset + frame.size // _FIRST_THIRD, frame.offset + frame.size - frame.size // _LAST_TENTH)
            content[part] = rng.integers(1, 255, part.stop - part.start, dtype=np.uint8).tobytes()
        after = [frame.at_s for frame in coded if frame.is_key and frame.at_s > hurt[-1].at_s]
        labels.append(Label("decode_error", hurt[0].at_s, min(after, default=recipe.whole_s)))
    if recipe.troubles_of(What.CUT):
        kept = int(len(content) * _KEPT_SHARE)
        held = [frame.at_s for frame in coded if frame.offset + frame.size <= kept]
        labels.append(Label("truncated", max(held, default=0.0), recipe.whole_s))
        del content[kept:]
    path.write_bytes(content)
    return tuple(labels)


def _coded_frames(path: Path) -> list[_Coded]:
    """All frames in order of time."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = stream.time_base or Fraction(1, 1000)
        for packet in container.demux(stream):
            if packet.pts is not None and packet.pos is not None:
                found.append((packet.pts, packet.pos, packet.size, packet.is_keyframe))
    begin = min(pts for pts, *_ in found)
    return [_Coded(float((pts - begin) * base), offset, size, is_key) for pts, offset, size, is_key in sorted(found)]
