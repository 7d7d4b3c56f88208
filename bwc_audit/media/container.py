"""Opening one sniffed object with its one demuxer, and what its packets say as a ``MediaIndex``.

No demuxer is guessed, no other file or address can be opened (every protocol is off), decoders run without threads.
All packets are read once for the table, because these containers have no index that tells every frame's time. Wanted
samples are then fetched by the places noted meanwhile (``placed``); what does not serve that way is reached by a seek whose
landing is checked against the table, else by reading from the start.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice
from typing import Any, Literal, cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.domain.times import SECOND_US
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.faults import translated
from bwc_audit.media.indexed import groups, pieces
from bwc_audit.media.placed import Noted, PlacedSamples
from bwc_audit.media.sniff import Sniffed
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import Int, MediaIndex, TrackIndex

_READ_BYTES = 64 * 1024
_CLOSED = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0"}
_COVER_PICTURE = 0x400
#: Packets of one file: a day at 60 frames/s with sound is below ten million; memory ends it earlier, at 70 bytes a packet.
_MOST_PACKETS = 20_000_000
#: A wanted sample this near behind the last one read is reached by reading on, not by a seek.
_NEAR_SAMPLES = 60


@contextmanager
def demuxed(source: RangeFile, sniffed: Sniffed) -> Iterator[tuple[MediaIndex, DemuxedTracks]]:
    """The file, open for reading through its demuxer, with the table of its packets.

    FFmpeg's errors become ``MediaUnreadableError``, as do a file without picture (``no_video``) and a picture that no
    decoder is there for (``codec_unsupported``).
    """
    with ExitStack() as closing:

        def open_again() -> InputContainer:
            return closing.enter_context(_opened(source, sniffed))

        with translated(source):
            container = open_again()
            video = _video_of(container)
            streams: list[Stream] = [video, *container.streams.audio[:1]]
            index, noted = _index_of(container, streams, source)
        is_transport = sniffed.demuxer == "mpegts"
        placed = [
            PlacedSamples(source, track, each, is_transport=is_transport)
            for track, each in zip(index.tracks, noted, strict=True)
        ]
        yield index, DemuxedTracks(source, container, streams, index, placed, open_again)


def _opened(source: RangeFile, sniffed: Sniffed) -> InputContainer:
    source.seek(0)
    options = _CLOSED if sniffed.demuxer == "mov" else {"protocol_whitelist": "none"}
    return av.open(source, "r", format=sniffed.demuxer, options=options, metadata_errors="ignore", buffer_size=_READ_BYTES)


class DemuxedTracks:
    """``Tracks`` by noted places, else through FFmpeg's demuxer, whose one reading position makes ranges in order cheaper.

    ``placed``: one for each track. ``open_again`` gives the same file from its start, which seeks do not reach in every
    container.
    """

    def __init__(
        self,
        source: RangeFile,
        container: InputContainer,
        streams: Sequence[Stream],
        index: MediaIndex,
        placed: Sequence[PlacedSamples],
        open_again: Callable[[], InputContainer],
    ) -> None:
        self._source = source
        self._container = container
        self._open_again = open_again
        self._stream_of = dict(zip(map(id, index.tracks), streams, strict=True))
        self._placed_of = dict(zip(map(id, index.tracks), placed, strict=True))
        self._reading: _Reading | None = None

    def packets(self, track: TrackIndex, wanted: Sequence[range]) -> Iterator[Iterable[Packet[Any]]]:
        for group in groups(track, wanted):
            found = self._together(track, group) if len(group) > 1 else None
            for number, run in enumerate(group):
                yield self._in_pieces(track, run) if found is None else found[number]

    def expect(self, track: TrackIndex, runs: Sequence[range]) -> None:
        """Nothing: the file was read in order once, and what may be wanted of the sound is kept from then."""

    def video_decoder(self, track: TrackIndex) -> VideoCodecContext:
        return cast(VideoStream, self._stream_of[id(track)]).codec_context

    def sound_decoder(self, track: TrackIndex) -> AudioCodecContext:
        return cast(AudioCodecContext, self._stream_of[id(track)].codec_context)

    def _together(self, track: TrackIndex, group: Sequence[range]) -> list[list[Packet[Any]]] | None:
        """The packets of several ranges by one fetch; None where one of them does not serve that way."""
        packets = self._placed_of[id(track)].read([number for run in group for number in run])
        if packets is None:
            return None
        following = iter(packets)
        return [list(islice(following, len(run))) for run in group]

    def _in_pieces(self, track: TrackIndex, run: range) -> Iterator[Packet[Any]]:
        """One range, however long, in fetches of bounded size; through the demuxer from where that does not serve."""
        for piece in pieces(track, run):
            packets = self._placed_of[id(track)].read(piece)
            if packets is None:
                yield from self._run(track, range(piece.start, run.stop))
                return
            yield from packets

    def _run(self, track: TrackIndex, run: range) -> Iterator[Packet[Any]]:
        reading = self._reading
        if reading is None or reading.track is not track or not 0 <= run.start - reading.next <= _NEAR_SAMPLES:
            reading = self._reading = self._landed(track, run.start)
        for packet in reading.packets:
            number = reading.next
            reading.next += 1
            if number >= run.start:
                packet.pts = int(track.pts[number])
                yield packet
            if reading.next >= run.stop:
                return

    def _landed(self, track: TrackIndex, number: int) -> _Reading:
        """A reading that stands at or before sample ``number``: by a seek that hits a known sample, else at the start."""
        stream = self._stream_of[id(track)]
        if number:
            here = self._container.streams[stream.index]
            self._container.seek(int(track.dts[number]), stream=here, backward=True)
            packets = _packets(self._container, [here], self._source)
            first = next(packets, None)
            place = None if first is None else _place_of(track, first)
            if first is not None and place is not None and place <= number:
                return _Reading(track, chain([first], packets), place)
        self._container = self._open_again()
        here = self._container.streams[stream.index]
        return _Reading(track, _packets(self._container, [here], self._source), 0)


@dataclass(slots=True)
class _Reading:
    """Packets of one track in file order; ``next`` is the number of the sample that comes next."""

    track: TrackIndex
    packets: Iterator[Packet[Any]]
    next: int


@dataclass(slots=True)
class _Rows:
    """What the packets of one stream say, in file order; 54 bytes a packet."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    durations: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    is_key: array[int] = field(default_factory=lambda: array("b"))
    is_shown: array[int] = field(default_factory=lambda: array("b"))
    noted: Noted = field(default_factory=Noted)


def has_decoder(stream: Stream) -> bool:
    """False where FFmpeg knows no decoder for the track (PyAV then leaves ``codec_context`` out)."""
    return getattr(stream, "codec_context", None) is not None


def _video_of(container: InputContainer) -> VideoStream:
    """The first real video stream (no cover picture). Raises ``no_video`` or ``codec_unsupported``."""
    streams = [s for s in container.streams.video if not int(s.disposition) & _COVER_PICTURE]
    if not streams:
        raise MediaUnreadableError(UnreadableReason.NO_VIDEO, "no video track")
    stream = streams[0]
    if not has_decoder(stream):
        raise MediaUnreadableError(UnreadableReason.CODEC_UNSUPPORTED, "no decoder for the video track")
    stream.thread_type = "NONE"
    return stream


def _index_of(container: InputContainer, streams: Sequence[Stream], source: RangeFile) -> tuple[MediaIndex, list[Noted]]:
    rows = {stream.index: _Rows() for stream in streams}
    for stream in streams:
        if stream.type == "audio":
            rows[stream.index].noted.kept = bytearray()
    for number, packet in enumerate(_packets(container, streams, source)):
        if number >= _MOST_PACKETS:
            raise MediaUnreadableError(UnreadableReason.NOT_MEDIA, f"more than {_MOST_PACKETS} packets")
        row = rows[packet.stream_index]
        at = packet.pts if packet.pts is not None else packet.dts
        row.pts.append(at if at is not None else 0)
        row.dts.append(packet.dts if packet.dts is not None else row.pts[-1])
        row.durations.append(packet.duration or 0)
        row.sizes.append(packet.size)
        row.is_key.append(packet.is_keyframe)
        row.is_shown.append(at is not None and not packet.is_discard)
        row.noted.note(packet)
    tracks = tuple(_track_of(stream, rows[stream.index]) for stream in streams)
    return MediaIndex(tracks, container.duration), [rows[stream.index].noted for stream in streams]


def _track_of(stream: Stream, rows: _Rows) -> TrackIndex:
    context = stream.codec_context if has_decoder(stream) else None
    kind: Literal["video", "audio"] = "video" if stream.type == "video" else "audio"
    return TrackIndex(
        kind=kind,
        codec="unknown" if context is None else context.name,
        extradata=b"",
        time_base=stream.time_base or Fraction(1, SECOND_US),
        offsets=np.full(len(rows.pts), -1, dtype=np.int64),
        sizes=_column(rows.sizes),
        dts=_column(rows.dts),
        pts=_column(rows.pts),
        durations=_column(rows.durations),
        is_key=_column(rows.is_key).astype(np.bool_),
        is_shown=_column(rows.is_shown).astype(np.bool_),
        claimed=stream.duration,
        width=getattr(context, "width", 0),
        height=getattr(context, "height", 0),
        sample_rate=getattr(context, "sample_rate", 0),
        channels=getattr(context, "channels", 0),
    )


def _column(values: array[int]) -> Int:
    return np.array(values, dtype=np.int64)


def _place_of(track: TrackIndex, packet: Packet[Any]) -> int | None:
    """The number of the sample that a packet is; None where its time is not that of exactly one sample."""
    at = packet.pts if packet.pts is not None else packet.dts
    places = np.flatnonzero(track.pts == at) if at is not None else np.empty(0)
    return int(places[0]) if places.size == 1 else None


def _packets(container: InputContainer, streams: Sequence[Stream], source: RangeFile) -> Iterator[Packet[Any]]:
    """The packets from here on. Where FFmpeg gives up for now, after 64 KiB that are no media (the zeroes of a file whose
    room was taken beforehand), it is asked again, as long as it comes further."""
    reached = -1
    while True:
        try:
            yield from _real(container.demux(*streams))
            return
        except av.error.BlockingIOError:
            if source.fault is not None or source.tell() <= reached:
                raise
            reached = source.tell()


def _real(packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Without the empty packets that PyAV gives at the end to flush decoders."""
    return (packet for packet in packets if packet.size or packet.dts is not None)
