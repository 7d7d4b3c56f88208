"""Frames and samples to the bytes of an MP4, and the damage that a file can take afterwards.

One encoder thread and no time stamps or version strings, so that the same shot gives the same bytes on the same machine.
"""

from __future__ import annotations

import io
import tempfile
import wave
from pathlib import Path

import av
import ffmpeg
import imageio_ffmpeg
import numpy as np

from sample_media.picture import frames
from sample_media.shots import FPS, HEIGHT, WIDTH, Fault, Look, Shot, Trouble
from sample_media.sound import RATE, samples

_RATE_FACTOR = {Look.STREET: 38, Look.DAWN: 35, Look.NIGHT: 33, Look.HALL: 33, Look.SHOP: 39, Look.DESK: 28}
_KEPT_SHARE = 0.6  # of a truncated file


def clip_bytes(shot: Shot) -> bytes:
    """The file of a shot, faults included."""
    with tempfile.TemporaryDirectory(prefix="bwc-clip-") as folder:
        path = Path(folder) / "clip.mp4"
        _encode(shot, path)
        content = path.read_bytes()
    damaged = shot.trouble(Fault.DAMAGED)
    if damaged is not None:
        content = _with_damaged_key_frames(content, damaged, shot.seed)
    if shot.trouble(Fault.TRUNCATED):
        content = content[: int(len(content) * _KEPT_SHARE)]
    return content


def _encode(shot: Shot, path: Path) -> None:
    picture = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="yuv420p", s=f"{WIDTH}x{HEIGHT}", r=FPS)
    streams = [picture]
    if not shot.trouble(Fault.NO_SOUND_TRACK):
        sound = path.with_suffix(".wav")
        _write_wave(shot, sound)
        streams.append(ffmpeg.input(str(sound)))
    command = ffmpeg.output(*streams, str(path), **_options(shot)).global_args("-hide_banner", "-loglevel", "error")
    running = command.run_async(cmd=imageio_ffmpeg.get_ffmpeg_exe(), pipe_stdin=True, quiet=False)
    for frame in frames(shot):
        running.stdin.write(frame.tobytes())
    running.stdin.close()
    if running.wait() != 0:
        raise RuntimeError(f"ffmpeg failed on {shot.clip_id} with exit code {running.returncode}")


def _options(shot: Shot) -> dict[str, object]:
    lost = shot.trouble(Fault.FRAMES_LOST)
    is_frozen = shot.trouble(Fault.FROZEN_PICTURE) or shot.trouble(Fault.FROZEN_ALL)
    options: dict[str, object] = {
        "vcodec": "libx264",
        "preset": "veryfast",
        "profile:v": "main",
        "bf": 0,
        "g": FPS if is_frozen or shot.trouble(Fault.DAMAGED) else 2 * FPS,
        "sc_threshold": 0,
        "threads": 1,
        "fps_mode": "passthrough",
        "acodec": "aac",
        "audio_bitrate": "32k",
        "flags": "+bitexact",
        "fflags": "+bitexact",
        "map_metadata": -1,
    }
    if is_frozen:
        # A constant quantiser and a slice of its own for the clock: the still picture is coded alike each time.
        options |= {"qp": _RATE_FACTOR[shot.look], "x264-params": "no-deblock=1:slice-max-mbs=80"}
    else:
        options["crf"] = _RATE_FACTOR[shot.look]
    if lost is not None:
        first, count = round(lost.start_s * FPS), round((lost.end_s - lost.start_s) * FPS)
        options["vf"] = f"setpts='(N+{count}*gte(N,{first}))/({FPS}*TB)'"
    if not shot.is_moov_last:
        options["movflags"] = "+faststart"
    return options


def _write_wave(shot: Shot, path: Path) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples(shot).tobytes())


def _with_damaged_key_frames(content: bytes, damaged: Trouble, seed: int) -> bytes:
    """Overwrites the later part of every key frame in the trouble's time; sizes and index stay as they are."""
    rng = np.random.default_rng(seed + 2)
    hurt = bytearray(content)
    with av.open(io.BytesIO(content), "r") as container:
        for packet in container.demux(container.streams.video[0]):
            if not packet.is_keyframe or packet.pts is None or packet.pos is None or packet.time_base is None:
                continue
            if damaged.start_s <= float(packet.pts * packet.time_base) < damaged.end_s:
                first, last = packet.pos + packet.size // 3, packet.pos + packet.size * 9 // 10
                hurt[first:last] = rng.integers(1, 255, last - first, dtype=np.uint8).tobytes()
    return bytes(hurt)
