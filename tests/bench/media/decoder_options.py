"""``python -m tests.bench.media --decoding``: what a key frame costs to decode, as it is done and under other options.

Key frames of the first clip, from memory, one at a time as the plan decodes them; the least of three rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from bwc_audit.detectors.picture import PictureMeter
from bwc_audit.media.decoding import luma_of
from bwc_audit.media.frame_table import frame_table
from bwc_audit.media.index import read_index
from bwc_audit.media.indexed import packet_of
from bwc_audit.media.sniff import sniff
from bwc_audit.media.source import RangeFile
from bwc_audit.media.stills import still_of
from bwc_audit.objects.folder import FolderStore
from tests.bench.measuring import Line

_ROUNDS = 3
_KEYS_APART = 20
_OPTIONS: dict[str, dict[str, str]] = {
    "as it is done": {},
    "without the loop filter": {"skip_loop_filter": "all"},
    "flags2 fast": {"flags2": "+fast"},
    "flags low_delay": {"flags": "+low_delay"},
    "flags gray": {"flags": "+gray"},
}


class KeyFrames:
    """Some coded key frames of a clip, in memory, and decoders for them."""

    def __init__(self, path: Path) -> None:
        source = RangeFile(FolderStore(path.parent), path.name, path.stat().st_size)
        track = read_index(source, sniff(source)).first("video")
        assert track is not None
        self._track = track
        self._numbers = [int(number) for number in frame_table(track, source.size_bytes).key_samples[::_KEYS_APART]]
        places = [(int(track.offsets[number]), int(track.sizes[number])) for number in self._numbers]
        self._coded = source.read_many(places)
        self.mean_bytes = int(np.mean([len(coded) for coded in self._coded]))
        self.count = len(self._numbers)

    def decoded(self, options: dict[str, str]) -> list[Any]:
        """The pictures, each decoded alone."""
        context = CodecContext.create(self._track.codec, "r")
        assert isinstance(context, VideoCodecContext)
        context.extradata, context.thread_type, context.options = self._track.extradata, "NONE", options
        frames = []
        for number, coded in zip(self._numbers, self._coded, strict=True):
            context.flush_buffers()
            frames += [*context.decode(packet_of(self._track, number, coded)), *context.decode(None)]
        return frames


def decoding_lines(path: Path) -> list[Line]:
    """A line for each option, and for what else is done with a frame."""
    keys = KeyFrames(path)
    usual = keys.decoded({})
    lines = []
    for name, options in _OPTIONS.items():
        ms = _ms(partial(keys.decoded, options), keys.count)
        lines.append(Line(name, f"{ms:.2f} ms", note=_unlike(usual, keys.decoded(options))))
    lumas = [luma_of(frame) for frame in usual]
    lines.append(Line("measuring", f"{_ms(lambda: _measured(lumas), keys.count):.2f} ms"))
    lines.append(Line("a still", f"{_ms(lambda: [still_of(frame, 0) for frame in usual], keys.count):.2f} ms"))
    return [*lines, Line("coded", f"{keys.mean_bytes / 1000:.0f} KB")]


def _ms(task: Callable[[], object], count: int) -> float:
    spent = []
    for _ in range(_ROUNDS):
        began_s = time.process_time()
        task()
        spent.append(time.process_time() - began_s)
    return 1000 * min(spent) / count


def _measured(lumas: list[NDArray[np.uint8]]) -> None:
    meter = PictureMeter(0.12)
    for number, luma in enumerate(lumas):
        meter.measure(luma, number, number + 1, is_key=True)


def _unlike(usual: list[Any], frames: list[Any]) -> str:
    pairs = zip(usual, frames, strict=True)
    return f"luma {np.mean([np.mean(np.abs(np.int16(luma_of(a)) - luma_of(b))) for a, b in pairs]):.2f} off on average"
