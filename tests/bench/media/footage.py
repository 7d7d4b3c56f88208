"""The clips that are measured: a walk along a street, 720p30 H.264 at about 4 Mbit/s with AAC sound.

Drawn and coded as for the labelled benchmark (`tests.bench.detectors`), with its shake and sensor noise. One minute is
coded and repeated; the seconds in which the encoder's rate control settles are left out, as they would come every minute.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from tests.bench.detectors.encoding import write_clip
from tests.bench.detectors.recipe import Coding, Half, Recipe, Scene

_MINUTE_S, _SETTLING_S = 60, 10


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip: its length, distance of key frames in seconds, and B frames between two others."""

    minutes: int
    gop_s: int
    b_frames: int

    @property
    def name(self) -> str:
        return f"{self.minutes}min-gop{self.gop_s}-b{self.b_frames}.mp4"

    @property
    def seconds(self) -> int:
        return _MINUTE_S * self.minutes


CLIPS = tuple(Clip(minutes, gop_s, b_frames) for minutes in (10, 30) for gop_s in (1, 2) for b_frames in (0, 2))


def made(folder: Path, clip: Clip) -> Path:
    """The clip's file, made where it is not there yet."""
    path = folder / clip.name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        minute = _minute(folder.parent, clip)
        part = path.with_suffix(".part.mp4")
        _run("-stream_loop", str(clip.minutes - 1), "-i", str(minute), "-c", "copy", "-movflags", "+faststart", str(part))
        part.rename(path)
    return path


def _minute(folder: Path, clip: Clip) -> Path:
    minute = folder / f"street-gop{clip.gop_s}-b{clip.b_frames}.mp4"
    if not minute.exists():
        settling = minute.with_suffix(".settling.mp4")
        write_clip(_recipe(clip), settling)
        part = minute.with_suffix(".part.mp4")
        _run("-ss", str(_SETTLING_S), "-i", str(settling), "-c", "copy", "-t", str(_MINUTE_S), str(part))
        part.rename(minute)
        settling.unlink()
    return minute


def _recipe(clip: Clip) -> Recipe:
    coding = Coding(
        "media", width=1280, height=720, fps=30, gop_s=clip.gop_s, kbit=4000, b_frames=clip.b_frames, sound="aac"
    )
    return Recipe(Half.TUNING, Scene.STREET, coding, length_s=_MINUTE_S + _SETTLING_S)


def _run(*words: str) -> None:
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", *words], check=True)
