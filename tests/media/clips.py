"""Clips made by the tests themselves: a scene, what goes wrong with it and when, and how it is coded. All 320 x 180."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

FPS = 15
CLOCK = {"text": "%{pts:hms}", "x": "w-110", "y": 3, "fontsize": 12, "fontcolor": "white", "box": 1, "boxcolor": "black"}


def street(seconds: float, *, noise: int = 6) -> Any:
    """A lively scene with sensor noise."""
    return _source(f"testsrc2=s=320x180:r={FPS}:d={seconds}").filter("noise", alls=noise, allf="t")


def desk(seconds: float, *, noise: int = 6) -> Any:
    """A camera lying on a desk: nothing moves but the sensor noise."""
    picture = f"mandelbrot=s=320x180:r={FPS},trim=end_frame=1,loop=-1:1,setpts=N/{FPS}/TB,trim=duration={seconds}"
    return _source(picture).filter("noise", alls=noise, allf="t")


def night(seconds: float) -> Any:
    """A dark street: nearly black, a few lamps, and one light that moves."""
    scene = _source(f"color=c=0x0a0a0e:s=320x180:r={FPS}:d={seconds}")
    for x, y in ((40, 60), (120, 50), (210, 70), (290, 55)):
        scene = scene.filter("drawbox", x=x, y=y, w=5, h=5, color="0xffe0a0", t="fill")
    moving = _source(f"color=c=white:s=8x4:r={FPS}:d={seconds}")
    scene = ffmpeg.overlay(scene, moving, x="mod(t*20,300)", y=110)
    return scene.filter("noise", alls=4, allf="t")


def covered(scene: Any, start_s: float, end_s: float) -> Any:
    """Something soft before the lens from ``start_s`` to ``end_s``."""
    cover = _source(f"gradients=s=320x180:r={FPS}:c0=0x50302a:c1=0x38221c:nb_colors=2:speed=0.0001:seed=7:d=60")
    cover = cover.filter("noise", alls=3, allf="t")
    return ffmpeg.overlay(scene, cover, enable=f"between(t,{start_s},{end_s - 0.001})", shortest=1)


def blacked(scene: Any, start_s: float, end_s: float) -> Any:
    """No picture from ``start_s`` to ``end_s``."""
    return scene.filter(
        "drawbox", x=0, y=0, w="iw", h="ih", color="black", t="fill", enable=f"between(t,{start_s},{end_s - 0.001})"
    )


def stuck(scene: Any, start_s: float, seconds: float) -> Any:
    """The picture of ``start_s`` repeats for ``seconds`` and then goes on where it stood."""
    frames = round(seconds * FPS)
    return scene.filter("loop", loop=frames, size=1, start=round(start_s * FPS)).filter("setpts", f"N/{FPS}/TB")


def tone(seconds: float, *, from_s: float = 0.0, until_s: float = 1e6) -> Any:
    """A tone of -23 dBFS between the two times and digital silence elsewhere."""
    expression = f"0.1*sin(440*2*PI*t)*between(t\\,{from_s}\\,{until_s})"
    return _source(f"aevalsrc={expression}:s=16000:d={seconds}")


def quiet_room(seconds: float) -> Any:
    """Noise of about -63 dBFS: nobody speaks."""
    return _source(f"anoisesrc=a=0.0012:r=16000:d={seconds}:seed=1")


def write_clip(path: Path, video: Any | None, sound: Any | None = None, *, has_clock: bool = True, **options: Any) -> Path:
    """Code the clip: H.264, a key frame each second unless ``options`` say otherwise; sound as AAC."""
    streams = []
    settings: dict[str, Any] = {}
    if video is not None:
        streams.append(video.filter("drawtext", **CLOCK) if has_clock else video)
        settings |= {"c:v": "libx264", "preset": "ultrafast", "crf": 26, "g": FPS, "pix_fmt": "yuv420p"}
    if sound is not None:
        streams.append(sound)
        settings |= {"c:a": "aac", "b:a": "32k"}
    settings |= options
    job = ffmpeg.output(*streams, str(path), **settings).global_args("-loglevel", "error", "-y", "-bitexact")
    job.run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), capture_stderr=True)
    return path


def _source(graph: str) -> Any:
    return ffmpeg.input(graph, f="lavfi")
