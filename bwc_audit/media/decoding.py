"""Decoded frames at planned places, the same whatever path the coded bytes took.

A visit starts at a key frame, alone with the decoder, and feeds no more samples than its last wanted frame needs. Frames
are known by their presentation time, which is in the table: never index / rate. A decoder's refusal is kept as a fault
with its time and the reading goes on; damage in frames that were not decoded stays unseen.

Some streams have no pictures that stand alone (intra refresh renews a stripe in each frame): what the index calls a key
frame then is no intra picture. Such a stream is decoded from one key frame earlier, after which every stripe was renewed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from bwc_audit.media.frame_table import FrameTable
from bwc_audit.media.track_index import TrackIndex

#: Ten seconds at 30 frames/s tell what frames cost; a group without end must not make each frame cost its length.
_MOST_BETWEEN = 300


@dataclass(frozen=True, slots=True, eq=False)
class SampledFrame:
    """One decoded frame. ``number``: its place in the table. ``is_key``: it can be decoded alone; ``is_corrupt``: the
    decoder says that it is damaged, or a frame before it since the key frame, of which it may be made.
    ``coded_bytes``: what it took in the file. ``bytes_between``: median size of the frames
    that are no key frames since the key frame before it, itself included, 0: there are none."""

    number: int
    at_us: int
    end_us: int
    picture: VideoFrame
    is_key: bool
    is_corrupt: bool
    coded_bytes: int
    bytes_between: int


@dataclass(slots=True)
class DecodeLog:
    """What went wrong: media times of frames that were refused or never came. ``lead_in``: key frames to begin earlier,
    since those of this stream do not stand alone."""

    faults_us: set[int] = field(default_factory=set)
    lead_in: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """Decode from key frame ``key`` (its number among the keys) and take the frames ``frames`` (numbers in the table,
    ascending, none before the key)."""

    key: int
    frames: tuple[int, ...]


class Tracks(Protocol):
    """The coded samples of a file and decoders for them."""

    def packets(self, track: TrackIndex, wanted: Sequence[range]) -> Iterator[Iterable[Packet[Any]]]:
        """For each range of sample numbers (ascending starts), its packets in decoding order, times as in the index."""
        ...

    def expect(self, track: TrackIndex, runs: Sequence[range]) -> None:
        """These samples will be wanted: what lies beside others may be read along with them."""
        ...

    def video_decoder(self, track: TrackIndex) -> VideoCodecContext:
        """A decoder without threads. Raises what PyAV raises where there is none."""
        ...

    def sound_decoder(self, track: TrackIndex) -> AudioCodecContext:
        """A decoder without threads. Raises what PyAV raises where there is none."""
        ...


class _NotAloneError(Exception):
    """The key frames of this stream do not stand alone: the visit must begin earlier. Nothing was given of it yet."""


def visits_to(table: FrameTable, frames: Iterable[int]) -> tuple[Visit, ...]:
    """Visits that reach the frames (numbers in the table), each from the nearest key frame before it in time."""
    ordered = np.array(sorted(set(frames)), dtype=np.int64)
    if not ordered.size or not table.keys_us.size:
        return ()
    keys = np.searchsorted(table.keys_us, table.times_us[ordered], side="right") - 1
    visits = []
    for key in np.unique(keys[keys >= 0]).tolist():
        visits.append(Visit(key, tuple(ordered[keys == key].tolist())))
    return tuple(visits)


def decoded(
    tracks: Tracks,
    track: TrackIndex,
    table: FrameTable,
    visits: Sequence[Visit],
    log: DecodeLog,
) -> Iterator[SampledFrame]:
    """The frames of all visits in order of time. Raises what PyAV raises for a file that cannot be read on."""
    context = tracks.video_decoder(track)
    pending = list(visits)
    while pending:
        wanted = [_samples_of(table, visit, log.lead_in) for visit in pending]
        runs = tracks.packets(track, wanted)
        for visit in tuple(pending):
            try:
                yield from _frames_of(visit, next(runs), context, track, table, log)
            except _NotAloneError:
                log.lead_in = 1
                break
            pending.pop(0)


def luma_of(frame: VideoFrame) -> NDArray[np.uint8]:
    """The luma plane, ``height x width``, 0-255; a view where the format allows, else a converted copy."""
    if not frame.format.name.startswith(("yuv4", "yuvj4", "nv", "gray")) or frame.format.components[0].bits != 8:
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


def _samples_of(table: FrameTable, visit: Visit, lead_in: int) -> range:
    first = int(table.key_samples[max(0, visit.key - lead_in)])
    last = max(int(table.samples[number]) for number in visit.frames)
    return range(first, max(first, last) + 1)


def _frames_of(
    visit: Visit,
    run: Iterable[Packet[Any]],
    context: VideoCodecContext,
    track: TrackIndex,
    table: FrameTable,
    log: DecodeLog,
) -> Iterator[SampledFrame]:
    """The wanted frames of one visit, in order; what never came is logged."""
    wanted = {int(track.pts[table.samples[number]]): number for number in visit.frames}
    context.flush_buffers()
    key_pts = int(track.pts[table.key_samples[visit.key]])
    may_begin_earlier = visit.key > 0 and not log.lead_in
    refusals = [0]
    is_first, is_hurt = True, False
    for frame in _pictures(run, context, refusals):
        if is_first and may_begin_earlier and not _stands_alone(frame, key_pts):
            raise _NotAloneError
        is_first = False
        is_hurt = is_hurt or (frame.is_corrupt and frame.pts is not None and frame.pts >= key_pts)
        number = wanted.pop(frame.pts, None) if frame.pts is not None else None
        if number is not None:
            yield _sampled(frame, number, track, table, is_hurt=is_hurt)
        if not wanted:
            return
    if is_first and may_begin_earlier and not refusals[0]:
        raise _NotAloneError
    log.faults_us.update(int(table.times_us[number]) for number in wanted.values())


def _stands_alone(frame: VideoFrame, key_pts: int) -> bool:
    """The first picture after a fresh start is the key frame itself, and is no prediction from others."""
    return frame.pts == key_pts and frame.pict_type in (PictureType.I, PictureType.NONE)


def _pictures(run: Iterable[Packet[Any]], context: VideoCodecContext, refusals: list[int]) -> Iterator[VideoFrame]:
    for packet in run:
        yield from _decoded(packet, context, refusals)
    yield from _decoded(None, context, refusals)


def _decoded(packet: Packet[Any] | None, context: VideoCodecContext, refusals: list[int]) -> list[VideoFrame]:
    """What the decoder gives for a packet; a refused one gives nothing, is counted, and its frame missed by its time."""
    try:
        return context.decode(packet)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        refusals[0] += 1
        return []


def _sampled(frame: VideoFrame, number: int, track: TrackIndex, table: FrameTable, *, is_hurt: bool) -> SampledFrame:
    at_us = int(table.times_us[number])
    following_us = int(table.times_us[number + 1]) if number + 1 < table.times_us.size else table.end_us
    usual_us, shown_us = table.usual_us, following_us - at_us
    sample = int(table.samples[number])
    return SampledFrame(
        number=number,
        at_us=at_us,
        end_us=at_us + (shown_us if 0 < shown_us <= 2 * usual_us else usual_us),
        picture=frame,
        is_key=bool(track.is_key[sample]),
        is_corrupt=frame.is_corrupt or is_hurt,
        coded_bytes=int(track.sizes[sample]),
        bytes_between=_bytes_between(number, track, table),
    )


def _bytes_between(number: int, track: TrackIndex, table: FrameTable) -> int:
    """A key frame ends the group of frames before it; any other frame belongs to its own, and to no later one."""
    place = int(np.searchsorted(table.keys_us, table.times_us[number])) - 1
    after = int(np.searchsorted(table.times_us, table.keys_us[place])) + 1 if place >= 0 else 0
    samples = table.samples[max(after, number + 1 - _MOST_BETWEEN) : number + 1]
    sizes = np.sort(track.sizes[samples[~track.is_key[samples]]])
    return int(sizes[(sizes.size - 1) // 2] + sizes[sizes.size // 2]) // 2 if sizes.size else 0
