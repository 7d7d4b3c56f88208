"""Decoded frames at planned times. Media time is ``pts * time_base`` from the first video frame, never index / rate.

Each visit starts at a key frame and goes forward only as far as the plan wants. A decoder's refusal is kept as a fault
with its time and the reading goes on; damage in frames that were not decoded stays unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from bwc_audit.domain.times import SECOND_US
from bwc_audit.media.container import FrameTable
from bwc_audit.media.plan import Visit

#: Times are compared with this slack: half a millisecond covers the rounding of every time base in use.
_SLACK_US = 500
#: A visit that begins within this of where the reading stands is reached by reading on, not by a seek.
_NEAR_US = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class SampledFrame:
    """One decoded frame. ``is_key``: it was decoded alone or first; ``is_corrupt``: the decoder says it is damaged."""

    at_us: int
    duration_us: int
    picture: VideoFrame
    is_key: bool
    is_corrupt: bool


@dataclass(slots=True)
class DecodeLog:
    """What went wrong while decoding: media times, and how many wanted frames never came."""

    faults_us: list[int] = field(default_factory=list)
    frames_missed: int = 0


def luma_of(frame: VideoFrame) -> NDArray[np.uint8]:
    """The luma plane, ``height x width``, 0-255; a view where the format allows, else a converted copy."""
    if not frame.format.name.startswith(("yuv4", "yuvj4", "nv", "gray")) or frame.format.components[0].bits != 8:
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


def frames_at(
    container: InputContainer,
    stream: VideoStream,
    table: FrameTable,
    visits: Sequence[Visit],
    log: DecodeLog,
    *,
    is_seekable: bool,
) -> Iterator[SampledFrame]:
    """The planned frames in order of time. ``is_seekable``: the container has an index that seeks can be trusted with.

    A frame wanted twice comes once. Faults and missing frames go into ``log``. Raises what PyAV raises for a container
    that cannot be read on (wrap in ``translated``).
    """
    reader = _Reader(container, stream, table.origin, log)
    for number, visit in enumerate(visits):
        if is_seekable:
            reader.go_to(visit.key_us)
        following = visits[number + 1].key_us if number + 1 < len(visits) else None
        yield from _frames_of_visit(reader, visit, following)


def _frames_of_visit(reader: _Reader, visit: Visit, following_us: int | None) -> Iterator[SampledFrame]:
    wanted = list(visit.wanted_us)
    found = 0
    is_first = True
    for frame in reader.decode_from(visit.key_us, following_us, is_alone=not visit.wanted_us):
        at_us = reader.media_us(frame.pts)
        if is_first:
            wanted.insert(0, at_us)
        if wanted and at_us >= wanted[0] - _SLACK_US:
            while wanted and at_us >= wanted[0] - _SLACK_US:
                wanted.pop(0)
            duration_us = round((frame.duration or 0) * (frame.time_base or 0) * SECOND_US)
            found += 1
            yield SampledFrame(at_us, duration_us, frame, bool(frame.key_frame), frame.is_corrupt)
        is_first = False
        if not wanted:
            break
    if not found:
        reader.log.frames_missed += max(1, len(visit.wanted_us))


class _Reader:
    """Packets of one stream in file order with one packet of look-back, and the decoder's state."""

    def __init__(self, container: InputContainer, stream: VideoStream, origin: Fraction, log: DecodeLog) -> None:
        self._container = container
        self._stream = stream
        self._base = stream.time_base or Fraction(1, SECOND_US)
        self._origin = origin
        self._packets = container.demux(stream)
        self._pending: Packet[Any] | None = None
        self._at_us: int | None = None
        self.log = log

    def media_us(self, ticks: int | None) -> int:
        return round(((ticks or 0) * self._base - self._origin) * SECOND_US)

    def go_to(self, key_us: int) -> None:
        """Seek to the key frame unless reading on gets there as soon."""
        if self._at_us is not None and 0 <= key_us - self._at_us <= _NEAR_US:
            return
        ticks = round((Fraction(key_us, SECOND_US) + self._origin) / self._base)
        self._container.seek(ticks, stream=self._stream, backward=True)
        self._packets = self._container.demux(self._stream)
        self._pending = None

    def decode_from(self, key_us: int, following_us: int | None, *, is_alone: bool) -> Iterator[VideoFrame]:
        """Frames from the first key frame at or after ``key_us`` on, without leading frames, up to ``following_us``."""
        context = self._stream.codec_context
        context.flush_buffers()
        first_pts: int | None = None
        for packet in self._following():
            packet_us = self.media_us(packet.pts if packet.pts is not None else packet.dts)
            if first_pts is None:
                if not packet.is_keyframe or packet_us < key_us - _SLACK_US:
                    continue
                first_pts = packet.pts if packet.pts is not None else packet.dts
            elif following_us is not None and packet.is_keyframe and packet_us >= following_us - _SLACK_US:
                self._pending = packet
                break
            yield from self._shown(packet, packet_us, first_pts)
            if is_alone:
                break
        if first_pts is not None:
            yield from self._shown(None, key_us, first_pts)

    def _following(self) -> Iterator[Packet[Any]]:
        while True:
            packet = self._pending or next(self._packets, None)
            self._pending = None
            if packet is None or (packet.size == 0 and packet.dts is None):
                return
            self._at_us = self.media_us(packet.dts if packet.dts is not None else packet.pts)
            yield packet

    def _shown(self, packet: Packet[Any] | None, at_us: int, first_pts: int | None) -> list[VideoFrame]:
        try:
            frames = self._stream.codec_context.decode(packet)
        except av.error.EOFError:
            return []
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            self.log.faults_us.append(at_us)
            return []
        return [f for f in frames if f.pts is not None and (first_pts is None or f.pts >= first_pts)]
