"""The clips that are measured: 720p30 H.264 at about 4 Mbit/s with AAC sound, one minute encoded and repeated."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

#: A picture that moves throughout and carries noise, so that the encoder needs its bit rate as a worn camera does.
_SCENE = "testsrc2=size=1280x720:rate=30:duration=60,rotate=a=0.02*sin(3*t),noise=alls=14:allf=t"
_SOUND = "anoisesrc=color=pink:amplitude=0.1:duration=60,tremolo=f=3:d=0.7"


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
        return 60 * self.minutes


CLIPS = tuple(Clip(minutes, gop_s, b_frames) for minutes in (10, 30) for gop_s in (1, 2) for b_frames in (0, 2))


def made(folder: Path, clip: Clip) -> Path:
    """The clip's file, made where it is not there yet."""
    path = folder / clip.name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        minute = folder.parent / f"minute-gop{clip.gop_s}-b{clip.b_frames}.mp4"
        if not minute.exists():
            _run([*_encoding(clip), str(minute)])
        repeated = ["-stream_loop", str(clip.minutes - 1), "-i", str(minute), "-c", "copy", "-movflags", "+faststart"]
        part = path.with_suffix(".part.mp4")
        _run([*repeated, str(part)])
        part.rename(path)
    return path


def _encoding(clip: Clip) -> list[str]:
    gop = str(30 * clip.gop_s)
    inputs = ["-f", "lavfi", "-i", _SCENE, "-f", "lavfi", "-i", _SOUND]
    video = [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-b:v",
        "4M",
        "-maxrate",
        "5M",
        "-bufsize",
        "8M",
        "-pix_fmt",
        "yuv420p",
    ]
    groups = ["-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-bf", str(clip.b_frames)]
    return [*inputs, *video, *groups, "-c:a", "aac", "-b:a", "64k", "-ac", "1", "-t", "60"]


def _run(arguments: list[str]) -> None:
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", *arguments], check=True)
