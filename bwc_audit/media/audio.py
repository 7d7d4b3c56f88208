"""Sound of the requested spans to levels, block by block as the codec made them. Nothing is kept but the levels.

Packets that a decoder refuses become ``failed`` spans: there nothing is known, which is not the same as silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from bwc_audit.detectors.sound import SoundLevels, level_dbfs
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds

#: Read this much before a span, so that its first packet is decoded with its predecessor (AAC overlaps blocks).
_BEFORE_US = 200_000


def sound_spans(spans: Sequence[Span], lead_in_s: float, end_us: int) -> tuple[Span, ...]:
    """Where sound is examined: the spans, reaching back to the start where they begin within ``lead_in_s`` of it
    (whether early silence is a lead-in shows only from the start); clipped to ``[0, end_us)``, united."""
    reach_us = us_of_seconds(lead_in_s)
    united: list[Span] = []
    for span in sorted(spans):
        start_us = 0 if span.start_us < reach_us else span.start_us
        end = min(span.end_us, end_us)
        if united and start_us <= united[-1].end_us:
            united[-1] = Span(united[-1].start_us, max(end, united[-1].end_us))
        elif end > start_us:
            united.append(Span(start_us, end))
    return tuple(united)


def sound_levels(
    container: InputContainer, stream: AudioStream, origin: Fraction, spans: Sequence[Span], *, is_seekable: bool
) -> SoundLevels:
    """Levels of all sound in ``spans`` (ascending media time). Raises what PyAV raises (wrap in ``translated``)."""
    blocks: list[tuple[int, int, float]] = []
    failed: list[Span] = []
    reader = _Sound(stream, origin)
    packets = container.demux(stream)
    for span in spans:
        if is_seekable and span.start_us > SECOND_US:
            ticks = round((Fraction(span.start_us - _BEFORE_US, SECOND_US) + origin) / reader.base)
            container.seek(ticks, stream=stream, backward=True)
            packets = container.demux(stream)
            stream.codec_context.flush_buffers()
        for start_us, end_us, frames in reader.read(packets, span.end_us):
            if end_us <= span.start_us:
                continue
            if frames is None:
                failed.append(Span(start_us, max(end_us, start_us + 1)))
                continue
            blocks += [_block(frame, reader) for frame in frames]
    blocks.sort()
    starts, ends, levels = zip(*blocks, strict=True) if blocks else ((), (), ())
    return SoundLevels(
        starts_us=np.array(starts, dtype=np.int64),
        ends_us=np.array(ends, dtype=np.int64),
        dbfs=np.array(levels, dtype=np.float64),
        examined=tuple(spans),
        failed=tuple(failed),
    )


def _block(frame: AudioFrame, reader: _Sound) -> tuple[int, int, float]:
    start_us = reader.media_us(frame.pts)
    length_us = round(frame.samples * SECOND_US / frame.sample_rate) if frame.sample_rate else 0
    return start_us, start_us + length_us, level_dbfs(frame.to_ndarray())


class _Sound:
    """The sound decoder with its time base."""

    def __init__(self, stream: AudioStream, origin: Fraction) -> None:
        self._stream = stream
        self._origin = origin
        self.base = stream.time_base or Fraction(1, SECOND_US)

    def media_us(self, ticks: int | None) -> int:
        return round(((ticks or 0) * self.base - self._origin) * SECOND_US)

    def read(self, packets: Iterator[Packet[Any]], end_us: int) -> Iterator[tuple[int, int, list[AudioFrame] | None]]:
        """Packets up to ``end_us`` with their frames, or None where the decoder refused."""
        for packet in packets:
            at = packet.pts if packet.pts is not None else packet.dts
            if at is None:
                return
            start_us = self.media_us(at)
            if start_us >= end_us:
                return
            stop_us = self.media_us(at + (packet.duration or 0))
            try:
                frames = self._stream.codec_context.decode(packet)
            except av.error.MemoryError:
                raise
            except av.error.FFmpegError:  # not only invalid data: damaged AAC was seen to give "not permitted"
                yield start_us, stop_us, None
                continue
            yield start_us, stop_us, [frame for frame in frames if frame.pts is not None]
