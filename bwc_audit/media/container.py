"""Opening one sniffed object with its one demuxer, and the table of its frames without decoding any.

No demuxer is guessed, no other file or address can be opened (every protocol is off), decoders run without threads.
The table comes from the container's own index where it is complete (MP4), else from reading all packets. Media time is
microseconds from the first video frame. The index holds decoding times, which are the presentation times in order,
shifted by the frames that B frames delay: the last few of those (less than 0.2 s) are missing from its table.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from bwc_audit.domain.inspection import AudioFacts, UnreadableReason, VideoFacts
from bwc_audit.domain.times import SECOND_US
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.sniff import Sniffed
from bwc_audit.media.source import RangeFile

#: Share by which frame distances may differ and still be one rate: time bases round to a tick.
_RATE_SLACK = 0.1
_READ_BYTES = 64 * 1024
_CLOSED = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0"}


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """All frames that the file really holds, in media time.

    ``times_us``: ascending presentation times; ``keys_us``: ascending presentation times of key frames, never later
    than the true ones; ``frames``: how many there are; ``end_us``: end of the last frame.
    ``claimed_us``: video duration that the container declares.
    ``audio_end_us``: end of the last sound packet, where packets were read. ``origin``: first video frame, in seconds
    of the container's own time. ``missing_frames``: frames in the index whose bytes are not in the file.
    """

    times_us: NDArray[np.int64]
    keys_us: NDArray[np.int64]
    frames: int
    end_us: int
    claimed_us: int | None
    origin: Fraction
    missing_frames: int = 0
    audio_end_us: int | None = None


@contextmanager
def opened(source: RangeFile, sniffed: Sniffed) -> Iterator[InputContainer]:
    """The container, open for reading. FFmpeg's and the decoder's errors become ``MediaUnreadableError``."""
    source.seek(0)
    with translated(source):
        options = _CLOSED if sniffed.demuxer == "mov" else {"protocol_whitelist": "none"}
        container = av.open(
            source, "r", format=sniffed.demuxer, options=options, metadata_errors="ignore", buffer_size=_READ_BYTES
        )
        with container:
            yield container


@contextmanager
def translated(source: RangeFile) -> Iterator[None]:
    """Turns what PyAV raises into ``MediaUnreadableError``; a fault of the store comes first and passes as itself."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError, MemoryError, OverflowError) as error:
        if source.fault is not None:
            raise source.fault from error
        raise MediaUnreadableError(_reason_of(error), str(error)) from error
    if source.fault is not None:
        raise source.fault


def video_of(container: InputContainer) -> VideoStream:
    """The first real video stream (no cover picture). Raises ``no_video`` or ``codec_unsupported``."""
    streams = [s for s in container.streams.video if not int(s.disposition) & 0x400]
    if not streams:
        raise MediaUnreadableError(UnreadableReason.NO_VIDEO, "no video track")
    stream = streams[0]
    if not has_decoder(stream):
        raise MediaUnreadableError(UnreadableReason.CODEC_UNSUPPORTED, "no decoder for the video track")
    if not stream.width or not stream.height:
        raise MediaUnreadableError(UnreadableReason.NO_VIDEO, "the video track has no picture size")
    stream.thread_type = "NONE"
    return stream


def has_decoder(stream: Stream) -> bool:
    """False where FFmpeg knows no decoder for the track (PyAV then leaves ``codec_context`` out)."""
    return getattr(stream, "codec_context", None) is not None


def frame_table(container: InputContainer, source: RangeFile, sniffed: Sniffed) -> FrameTable:
    """The table of the first video stream; reads all packets unless the container's index serves."""
    stream = video_of(container)
    if is_seekable(sniffed) and len(stream.index_entries):
        return _table_from_index(container, stream, source.size_bytes)
    return _table_from_packets(container, stream, sniffed.claimed_us)


def is_seekable(sniffed: Sniffed) -> bool:
    """True where seeks rest on the file's own sample table; elsewhere packets are read in order."""
    return sniffed.demuxer == "mov" and sniffed.moov != "fragmented"


def video_facts(stream: VideoStream, table: FrameTable) -> VideoFacts:
    """Facts as measured: frames and rate from the table, not from the header."""
    deltas = np.diff(table.times_us)
    deltas = deltas[deltas > 0]
    seconds = table.end_us / SECOND_US
    is_variable = False
    if deltas.size:
        typical = float(np.median(deltas))
        tick = float(stream.time_base or 0) * SECOND_US
        is_variable = bool(np.mean(np.abs(deltas - typical) > max(_RATE_SLACK * typical, 1.5 * tick)) > 0.02)
    return VideoFacts(
        codec=stream.codec_context.name,
        width=stream.width,
        height=stream.height,
        frames=table.frames,
        average_fps=round(table.frames / seconds, 3) if seconds > 0 else 0.0,
        is_variable_rate=is_variable,
    )


def audio_facts(container: InputContainer) -> AudioFacts | None:
    """Facts of the first sound stream, or None where there is none."""
    if not container.streams.audio:
        return None
    if not has_decoder(container.streams.audio[0]):
        return AudioFacts("unknown", 0, 0)
    context = container.streams.audio[0].codec_context
    return AudioFacts(context.name, context.sample_rate, context.channels)


def _table_from_index(container: InputContainer, stream: VideoStream, size_bytes: int) -> FrameTable:
    base = stream.time_base or Fraction(1, SECOND_US)
    entries = stream.index_entries
    rows = np.array([(e.timestamp, e.pos + e.size, e.is_keyframe, e.is_discard) for e in entries], dtype=np.int64)
    rows = rows.reshape(-1, 4)
    rows = rows[rows[:, 3] == 0]
    start = stream.start_time if stream.start_time is not None else int(rows[0, 0]) if rows.size else 0
    is_held = rows[:, 1] <= size_bytes
    held = rows[is_held]
    ticks = held[:, 0] - start
    claimed = None if stream.duration is None else _us(stream.duration, base)
    delay = int(np.count_nonzero(ticks < 0))  # frames decoded before the first is shown
    shown = ticks[delay:]
    keys = np.flatnonzero(held[:, 2] == 1)
    return _table(
        times_us=_us_array(shown, base),
        keys_us=_us_array(shown[np.minimum(keys, shown.size - 1)] if shown.size else shown, base),
        frames=held.shape[0],
        claimed_us=claimed,
        origin=start * base,
        missing_frames=int(np.count_nonzero(~is_held)),
        all_held=bool(is_held.all()),
    )


def _table_from_packets(container: InputContainer, stream: VideoStream, claimed_us: int | None) -> FrameTable:
    base = stream.time_base or Fraction(1, SECOND_US)
    sound = container.streams.audio[:1]
    shown: list[int] = []
    keys: list[int] = []
    audio_end = Fraction(-1)
    for packet in container.demux([stream, *sound]):
        at = packet.pts if packet.pts is not None else packet.dts
        if at is None:
            continue
        if packet.stream.index != stream.index:
            audio_end = max(audio_end, (at + (packet.duration or 0)) * (packet.time_base or base))
            continue
        shown.append(at)
        if packet.is_keyframe:
            keys.append(at)
    start = min(shown, default=0)
    claimed = _us(stream.duration, base) if stream.duration else container.duration
    return _table(
        times_us=_us_array(np.array(sorted(shown), dtype=np.int64) - start, base),
        keys_us=_us_array(np.array(sorted(keys), dtype=np.int64) - start, base),
        frames=len(shown),
        claimed_us=max((c for c in (claimed, claimed_us) if c is not None), default=None),
        origin=start * base,
        audio_end_us=None if audio_end < 0 else round((audio_end - start * base) * SECOND_US),
    )


def _table(
    *,
    times_us: NDArray[np.int64],
    keys_us: NDArray[np.int64],
    frames: int,
    claimed_us: int | None,
    origin: Fraction,
    missing_frames: int = 0,
    all_held: bool = False,
    audio_end_us: int | None = None,
) -> FrameTable:
    typical = int(np.median(np.diff(times_us))) if times_us.size > 1 else 0
    end_us = int(times_us[-1]) + typical if times_us.size else 0
    if all_held and claimed_us is not None and 0 < claimed_us - end_us < SECOND_US:
        end_us = claimed_us
    return FrameTable(times_us, keys_us, frames, end_us, claimed_us, origin, missing_frames, audio_end_us)


def _us(ticks: int, base: Fraction) -> int:
    return round(ticks * base * SECOND_US)


def _us_array(ticks: NDArray[np.int64], base: Fraction) -> NDArray[np.int64]:
    return np.array([_us(int(tick), base) for tick in ticks], dtype=np.int64)


def _reason_of(error: BaseException) -> UnreadableReason:
    if isinstance(error, MemoryError):
        return UnreadableReason.MEMORY
    if isinstance(error, (av.error.DecoderNotFoundError, av.error.PatchWelcomeError)):
        return UnreadableReason.CODEC_UNSUPPORTED
    if isinstance(error, (av.error.InvalidDataError, av.error.EOFError)):
        return UnreadableReason.NOT_MEDIA
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return UnreadableReason.MEMORY
    return UnreadableReason.IO_ERROR
