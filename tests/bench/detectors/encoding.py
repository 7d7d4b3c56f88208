"""Frames and samples of a recipe to a file, through PyAV, because only there every frame can have a time of its own.

Ticks are a frame's share of a second where the rate is constant, and 1/600 s where it is not. Sound is handed over
second by second beside the pictures, so that both lie interleaved in the file as a camera would write them.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from sample_media.sound import RATE
from tests.bench.detectors.damage import damage
from tests.bench.detectors.frames import frames
from tests.bench.detectors.recipe import Coding, Label, Recipe
from tests.bench.detectors.sounds import sound_of

_FORMATS = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "avi": "avi", "ts": "mpegts"}
_VARIABLE_TICKS = 600
_QUICK = {
    "libx264": {"preset": "superfast", "sc_threshold": "0"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1:scenecut=0"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "row-mt": "0"},
    "libsvtav1": {"preset": "11", "svtav1-params": "lp=1"},
    "mjpeg": {"strict": "unofficial"},
}


def write_clip(recipe: Recipe, path: Path) -> tuple[Label, ...]:
    """Writes the file and returns all its labels, those of damage included."""
    if any(recipe.around):
        _write_long(recipe, path)
    else:
        _write(recipe, path, is_plain=False, has_sound=True)
    return (*recipe.labels(), *(damage(recipe, path) if recipe.is_damaged else ()))


def _opened(recipe: Recipe, path: Path) -> OutputContainer:
    options = {**dict(recipe.coding.mux), "fflags": "+bitexact"}
    return av.open(str(path), "w", format=_FORMATS[recipe.coding.container], options=options)


def _write(recipe: Recipe, path: Path, *, is_plain: bool, has_sound: bool) -> None:
    with _opened(recipe, path) as out:
        video = _video_stream(out, recipe.coding)
        sound = _Sound(out, recipe) if has_sound else None
        base = video.codec_context.time_base or Fraction(1, recipe.coding.fps)
        for at_s, planes in frames(recipe, is_plain=is_plain):
            if sound is not None:
                sound.write_until(at_s + 1.0)
            frame = VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = round(at_s / base), base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound is not None:
            sound.write_until(None)


def _write_long(recipe: Recipe, path: Path) -> None:
    """The clip in the middle of copies of its scene without troubles: coded frames are copied, not coded again."""
    before, after = recipe.around
    with tempfile.TemporaryDirectory(prefix="bwc-bench-") as folder:
        plain, piece = Path(folder) / "plain.mp4", Path(folder) / "piece.mp4"
        _write(recipe, plain, is_plain=True, has_sound=False)
        _write(recipe, piece, is_plain=False, has_sound=False)
        with _opened(recipe, path) as out, av.open(str(plain)) as first:
            video: Stream = out.add_stream_from_template(first.streams.video[0])
            sound = _Sound(out, recipe)
            for number, part in enumerate([plain] * before + [piece] + [plain] * after):
                _copy(part, out, video, number * recipe.length_s, sound)
            sound.write_until(None)


def _copy(part: Path, out: OutputContainer, video: Stream, from_s: float, sound: _Sound) -> None:
    with av.open(str(part)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            shift = round(Fraction(from_s) / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = video  # type: ignore[assignment]
            sound.write_until(from_s + float((packet.dts - shift) * packet.time_base) + 1.0)
            out.mux(packet)


def _video_stream(out: OutputContainer, coding: Coding) -> VideoStream:
    options = {**_QUICK.get(coding.codec, {}), **dict(coding.options)}
    stream: Any = out.add_stream(coding.codec, rate=coding.fps)
    stream.width, stream.height, stream.pix_fmt = coding.width, coding.height, "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, _VARIABLE_TICKS if coding.is_variable else coding.fps)
    context.gop_size = max(1, round(coding.gop_s * coding.fps))
    context.max_b_frames = coding.b_frames
    context.thread_count = 1
    if coding.crf is not None:
        options["crf"] = str(coding.crf)
        context.bit_rate = 0
    elif coding.qp is not None and coding.codec == "libx264":
        options["qp"] = str(coding.qp)
    elif coding.qp is not None:
        options |= {"qmin": str(coding.qp), "qmax": str(coding.qp)}
    if coding.kbit is not None:
        context.bit_rate = coding.kbit * 1000
    context.options = options
    return stream  # type: ignore[no-any-return]


class _Sound:
    """The sound track of a file, written as far as asked."""

    def __init__(self, out: OutputContainer, recipe: Recipe) -> None:
        self._out = out
        self._begin_s, self._wave = sound_of(recipe)
        self._written = 0
        self._stream: Any = None
        if self._wave.size:
            self._stream = out.add_stream(recipe.coding.sound, rate=RATE)
            self._stream.codec_context.layout = "mono"
            if recipe.coding.sound != "pcm_s16le":
                self._stream.codec_context.bit_rate = 48_000

    def write_until(self, until_s: float | None) -> None:
        """Codes sound up to a media time; None: all that is left, and closes the track."""
        if self._stream is None:
            return
        stop = self._wave.size if until_s is None else min(self._wave.size, int((until_s - self._begin_s) * RATE))
        if stop - self._written >= RATE or (until_s is None and stop > self._written):
            frame = av.AudioFrame.from_ndarray(self._wave[None, self._written : stop], format="s16", layout="mono")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = round(self._begin_s * RATE) + self._written
            self._out.mux(self._stream.encode(frame))
            self._written = stop
        if until_s is None:
            self._out.mux(self._stream.encode(None))


def decoded_picture(path: Path, at_s: float) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The BGR picture at a moment, decoded from the start of its group; for people who look at contact sheets."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start = stream.start_time or 0
        base = stream.time_base or Fraction(1, RATE)
        container.seek(start + round(at_s / base), stream=stream, backward=True)
        last = None
        for last in container.decode(stream):
            if last.pts is not None and float((last.pts - start) * base) >= at_s:
                break
        if last is None:
            raise RuntimeError(f"{path.name}: nothing to see at {at_s} s")
        return np.asarray(last.to_ndarray(format="bgr24"), np.uint8)
