"""Coded samples fetched by their place in the file's own index: only the wanted bytes, in parallel, no demuxer.

The decoder gets what the container's index says belongs to it and nothing else; it opens no file and no address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from av.audio.codeccontext import AudioCodecContext
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import TrackIndex

#: Codecs whose samples decode from the index alone exactly as through a demuxer (a test compares them).
ISOLATED_VIDEO = frozenset({"h264", "hevc", "mjpeg", "mpeg4"})
ISOLATED_SOUND = frozenset({"aac"})

_Context = TypeVar("_Context", bound=CodecContext)

#: One fetch: enough for eight large key frames at once, small against the memory limit of a child.
_FETCH_BYTES = 8 * 1024 * 1024
#: A single sample above this is no coded picture (an 8K intra frame takes some megabytes).
MOST_SAMPLE_BYTES = 32 * 1024 * 1024


class IndexedTracks:
    """``Tracks`` over ranged reads of one file."""

    def __init__(self, source: RangeFile) -> None:
        self._source = source

    def packets(self, track: TrackIndex, wanted: Sequence[range]) -> Iterator[Iterable[Packet[Any]]]:
        """For each range of sample numbers its packets; what one fetch can hold is read ahead, over several ranges."""
        for group in groups(track, wanted):
            if len(group) == 1:
                yield self._in_pieces(track, group[0])
            else:
                numbers = [number for run in group for number in run]
                coded = dict(zip(numbers, self._fetched(track, numbers), strict=True))
                for run in group:
                    yield [packet_of(track, number, coded[number]) for number in run]

    def expect(self, track: TrackIndex, runs: Sequence[range]) -> None:
        self._source.expect([[_place(track, number) for number in run] for run in runs])

    def video_decoder(self, track: TrackIndex) -> VideoCodecContext:
        context = CodecContext.create(track.codec, "r")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - a codec of ISOLATED_VIDEO
        return _set_up(context, track)

    def sound_decoder(self, track: TrackIndex) -> AudioCodecContext:
        context = CodecContext.create(track.codec, "r")
        assert isinstance(context, AudioCodecContext)  # noqa: S101 - a codec of ISOLATED_SOUND
        return _set_up(context, track)

    def _in_pieces(self, track: TrackIndex, run: range) -> Iterator[Packet[Any]]:
        """One range, however long, in fetches of bounded size; what is not asked for any more is not read."""
        for piece in pieces(track, run):
            for number, coded in zip(piece, self._fetched(track, piece), strict=True):
                yield packet_of(track, number, coded)

    def _fetched(self, track: TrackIndex, numbers: Sequence[int]) -> list[bytes]:
        return self._source.read_many([_place(track, number) for number in numbers])


def indexed(source: RangeFile) -> IndexedTracks:
    """Coded samples of a file whose index was read."""
    return IndexedTracks(source)


def _set_up(context: _Context, track: TrackIndex) -> _Context:
    context.extradata = track.extradata or None
    context.thread_type = "NONE"
    return context


def packet_of(track: TrackIndex, number: int, coded: bytes) -> Packet[Any]:
    """The sample as a decoder takes it, its times as in the index."""
    packet: Packet[Any] = Packet(len(coded))  # with the zeroes behind its end that decoders read; Packet(coded) has none
    packet.update(coded)
    packet.pts = int(track.pts[number])
    packet.dts = int(track.dts[number])
    packet.time_base = track.time_base
    return packet


def _place(track: TrackIndex, number: int) -> tuple[int, int]:
    """Where the sample lies in the file: start and length, bytes."""
    return int(track.offsets[number]), _size(track, number)


def _size(track: TrackIndex, number: int) -> int:
    return min(int(track.sizes[number]), MOST_SAMPLE_BYTES)


def groups(track: TrackIndex, wanted: Sequence[range]) -> Iterator[list[range]]:
    """Ranges that follow each other and fit into one fetch together; a larger one stands alone."""
    group: list[range] = []
    held = 0
    for run in wanted:
        length = int(track.sizes[run.start : run.stop].sum())
        if group and held + length > _FETCH_BYTES:
            yield group
            group, held = [], 0
        group.append(run)
        held += length
    if group:
        yield group


def pieces(track: TrackIndex, run: range) -> Iterator[range]:
    """The range in parts that one fetch can hold."""
    first, held = run.start, 0
    for number in run:
        size = _size(track, number)
        if number > first and (held + size > _FETCH_BYTES // 8):
            yield range(first, number)
            first, held = number, 0
        held += size
    yield range(first, run.stop)
