"""Coded samples of a file that was demuxed once, read again by their place: only their bytes, checked, no second reading.

While the demuxer reads the file for its table, each packet's place and checksum are noted, and the sound is kept as long as
it is small. A wanted sample is then cut out of the bytes at its place: as they stand (Matroska, AVI), or out of the
transport packets of its stream. What does not have the noted size and checksum is not used, whatever the reason (laced or
compressed blocks, other framing): whoever asked then goes through the demuxer. So the bytes are the demuxer's or none.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from av.packet import Packet, PacketSideData

from bwc_audit.media.indexed import MOST_SAMPLE_BYTES, packet_of
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import TrackIndex

if TYPE_CHECKING:
    from av.packet import PktSideDataT

#: Sound kept in memory: an hour of AAC at 64 kbit/s, a third of the room that a child has beside its libraries.
_MOST_KEPT_BYTES = 32 * 1024 * 1024
#: Most that is fetched for one request: four pieces of samples, since each brings the room around it.
_MOST_WINDOWS_BYTES = 32 * 1024 * 1024
#: Packets that come with trimming marks: the first and the last of a stream, seldom more.
_MOST_MARKS = 1000
#: With these a packet is more than its bytes.
_BESIDE: tuple[PktSideDataT, ...] = (
    "palette",
    "new_extradata",
    "param_change",
    "matroska_block_additional",
    "encryption_info",
)
#: Bytes between the noted place and the payload: none (AVI), or track number, time and flags of a Matroska block.
_LEADS = (0, 4, 5)
_SYNC = 0x47  # "G"
#: Lengths of a transport packet: plain, and with a time of four bytes before it.
_STRIDES = (188, 192)
_PACKET_BYTES = 188
#: Room around a sample for headers, and for transport packets of other streams between its own.
_ROOM_BYTES = 64 * 1024


@dataclass(slots=True)
class Noted:
    """What the first reading notes of one track, in file order: places (-1: unknown or not to be used) and checksums.
    ``kept``: the packets' bytes one after another, None where they are too many or not wanted."""

    places: array[int] = field(default_factory=lambda: array("q"))
    checks: array[int] = field(default_factory=lambda: array("q"))
    kept: bytearray | None = None
    marks: dict[int, PacketSideData] = field(default_factory=dict)

    def note(self, packet: Packet[Any]) -> None:
        """Note one packet more."""
        is_plain = not any(packet.has_sidedata(kind) for kind in _BESIDE)
        self.places.append(packet.pos if is_plain and packet.pos is not None else -1)
        self.checks.append(crc32(packet))
        if self.kept is None:
            return
        if packet.has_sidedata("skip_samples"):
            self.marks[len(self.places) - 1] = packet.get_sidedata("skip_samples")
        self.kept += packet
        if len(self.kept) > _MOST_KEPT_BYTES or len(self.marks) > _MOST_MARKS or not is_plain:
            self.kept = None
            self.marks = {}


class PlacedSamples:
    """Samples of one track by what was noted of it. ``is_transport``: a transport stream, whose samples lie in pieces."""

    def __init__(self, source: RangeFile, track: TrackIndex, noted: Noted, *, is_transport: bool) -> None:
        self._source = source
        self._is_transport = is_transport
        self._track = track
        self._noted = noted
        self._ends = np.cumsum(track.sizes) if noted.kept is not None else None
        self._places = np.frombuffer(noted.places, dtype=np.int64) if noted.places else np.zeros(0, np.int64)
        self._known = np.unique(self._places[self._places >= 0])

    def read(self, numbers: Sequence[int]) -> list[Packet[Any]] | None:
        """The packets of these samples, together; None where one of them is not what was noted, or where they take more
        than fits in memory to fetch.

        Raises ``ObjectStoreError``. The caller bounds how much is asked for at a time.
        """
        if self._ends is not None:
            return [self._kept(number) for number in numbers]
        windows = [self._window(number) for number in numbers]
        if any(length <= 0 for _, length in windows) or sum(length for _, length in windows) > _MOST_WINDOWS_BYTES:
            return None
        packets: list[Packet[Any]] = []
        for number, content in zip(numbers, self._source.read_many(windows), strict=True):
            coded = self._found(number, content)
            if coded is None:
                return None
            packets.append(packet_of(self._track, number, coded))
        return packets

    def _kept(self, number: int) -> Packet[Any]:
        assert self._noted.kept is not None  # noqa: S101  # as ``_ends``
        assert self._ends is not None  # noqa: S101
        end = int(self._ends[number])
        packet = packet_of(self._track, number, bytes(self._noted.kept[end - int(self._track.sizes[number]) : end]))
        if number in self._noted.marks:
            packet.set_sidedata(self._noted.marks[number])
        return packet

    def _window(self, number: int) -> tuple[int, int]:
        """Where the sample's bytes lie, with room for what else stands there; a length of 0: not known."""
        start, size = int(self._places[number]), int(self._track.sizes[number])
        if start < 0 or not 0 < size <= MOST_SAMPLE_BYTES:
            return 0, 0
        if not self._is_transport:
            return start, size + _LEADS[-1]
        # Up to the second next place: a sample may end in the packets after the next one's start.
        after = int(np.searchsorted(self._known, start, "right")) + 1
        end = int(self._known[after]) if after < self._known.size else self._source.size_bytes
        return start, min(end - start, 2 * size + _ROOM_BYTES)

    def _found(self, number: int, content: bytes) -> bytes | None:
        size, check = int(self._track.sizes[number]), self._noted.checks[number]
        if self._is_transport:
            content = elementary(content)
        for lead in _LEADS:
            coded = content[lead : lead + size]
            if len(coded) == size and crc32(coded) == check:
                return coded
        return None


def elementary(content: bytes) -> bytes:
    """What the packets of one stream carry, their headers left out: that of the first transport packet in ``content``."""
    if content[:1] != b"\x47" == content[4:5]:
        content = content[4:]
    stride = next((length for length in _STRIDES if content[length : length + 1] == b"\x47"), _STRIDES[0])
    stream = content[1:3] and (content[1] & 0x1F, content[2])
    carried = bytearray()
    for at in range(0, len(content) - _PACKET_BYTES + 1, stride):
        if content[at] != _SYNC:
            break
        if (content[at + 1] & 0x1F, content[at + 2]) != stream or not content[at + 3] & 0x10:
            continue
        start = at + 4 + (1 + content[at + 4] if content[at + 3] & 0x20 else 0)
        payload = content[start : max(start, at + _PACKET_BYTES)]
        if content[at + 1] & 0x40 and payload[:3] == b"\0\0\1" and len(payload) > 8:
            payload = payload[9 + payload[8] :]
        carried += payload
    return bytes(carried)
