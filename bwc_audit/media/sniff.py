"""What a file is by its own bytes, before any demuxer sees it. Names and extensions are not believed.

Only four containers are let through, each to one named demuxer. Everything that makes a demuxer open *other* files or
addresses (playlists, concat scripts, manifests) is refused here by its first bytes. For MP4 the top-level boxes are
walked with ranged reads (ISO/IEC 14496-12, section 4.2): where ``moov`` lies, whether the file ends early, and whether
a track is encrypted. Whether the coded pictures are sound is not known here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.source import RangeFile

_HEAD_BYTES = 4096
_MOST_BOXES = 10_000
#: A ``moov`` above this is not searched for encryption: 30 min at 30 frames/s need less than 2 MB.
_MOST_MOOV_BYTES = 32 * 1024 * 1024
_MP4_BOXES = frozenset(b"ftyp moov mdat free skip wide pnot styp moof sidx uuid".split())
_CONTAINER_BOXES = frozenset(b"moov trak mdia minf stbl".split())
_PLAYLISTS = re.compile(
    rb"#EXTM3U|ffconcat|\[playlist\]|\[Reference\]|<\?xml|<MPD|<SmoothStreamingMedia|<asx|<smil|"
    rb"v=0\r?\n|RTSPtext|(?:https?|rtsp|rtmp|file|concat|subfile|tcp|udp|data):",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Box:
    """One MP4 box: ``[start, start + length)`` of the file as the box claims it, its header taking ``header`` bytes."""

    type: bytes
    start: int
    length: int
    header: int

    @property
    def end(self) -> int:
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Sniffed:
    """``demuxer`` is the one demuxer that may open it. ``moov`` as in ``ContainerFacts``. ``missing_bytes``: how many
    bytes the last box claims beyond the end of the file. ``claimed_us``: the length an AVI header claims, which
    demuxers forget when the file is cut; None: it claims none."""

    demuxer: str
    format: str
    moov: str = "none"
    missing_bytes: int = 0
    claimed_us: int | None = None


def sniff(source: RangeFile) -> Sniffed:
    """Decide what ``source`` is. Raises ``MediaUnreadableError`` with its reason; ``ObjectStoreError`` passes."""
    if source.size_bytes == 0:
        raise MediaUnreadableError(UnreadableReason.EMPTY, "the object has no bytes")
    head = source.read_at(0, _HEAD_BYTES)
    if _PLAYLISTS.match(head.removeprefix(b"\xef\xbb\xbf").lstrip()):
        raise MediaUnreadableError(UnreadableReason.PLAYLIST_REFUSED, "a list of other files or addresses, not a video")
    if head[4:8] in _MP4_BOXES:
        return _sniff_mp4(source)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Sniffed("matroska", "webm" if b"webm" in head[:64] else "matroska")
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return _sniff_avi(head, source.size_bytes)
    if _is_transport_stream(head):
        return Sniffed("mpegts", "mpegts")
    kind = "text" if _is_text(head) else "no known video container"
    raise MediaUnreadableError(UnreadableReason.NOT_MEDIA, f"the first bytes are {kind}")


def top_level_boxes(source: RangeFile) -> Iterator[Box]:
    """Boxes of the file in order, until its end or the first thing that is no box. Reads 16 bytes of each."""
    start = 0
    for _ in range(_MOST_BOXES):
        box = _box_at(source.read_at(start, 16), start, source.size_bytes)
        if box is None:
            return
        yield box
        start = box.end


def is_encrypted(moov: bytes) -> bool:
    """True where a track's sample entry is encrypted (``encv``, ``enca``: ISO/IEC 23001-7). ``moov`` with its header."""
    return any(entry in (b"encv", b"enca") for entry in _sample_entries(moov, 0, len(moov)))


def _sniff_mp4(source: RangeFile) -> Sniffed:
    moov: Box | None = None
    first_media: int | None = None
    is_fragmented = False
    missing = 0
    for box in top_level_boxes(source):
        missing = max(0, box.end - source.size_bytes)
        if box.type == b"moov" and not missing:
            moov = moov or box
        elif box.type == b"mdat" and first_media is None:
            first_media = box.start
        is_fragmented = is_fragmented or box.type == b"moof"
    if moov is None:
        raise MediaUnreadableError(UnreadableReason.MOOV_MISSING, "no complete moov box: the recording was not closed")
    if moov.length <= _MOST_MOOV_BYTES and is_encrypted(source.read_at(moov.start, moov.length)):
        raise MediaUnreadableError(UnreadableReason.ENCRYPTED, "a track is encrypted")
    place = "end" if first_media is not None and first_media < moov.start else "front"
    return Sniffed("mov", "mov,mp4", "fragmented" if is_fragmented else place, missing)


def _sniff_avi(head: bytes, size_bytes: int) -> Sniffed:
    (length,) = struct.unpack_from("<I", head, 4)
    claimed_us: int | None = None
    if head[24:28] == b"avih" and len(head) >= 52:  # OpenDML 2.0: microseconds a frame, then three words, total frames
        frame_us, frames = struct.unpack_from("<I12xI", head, 32)
        claimed_us = frame_us * frames or None
    return Sniffed("avi", "avi", missing_bytes=max(0, length + 8 - size_bytes), claimed_us=claimed_us)


def _box_at(header: bytes, start: int, end: int) -> Box | None:
    if len(header) < 8:
        return None
    length, type_ = struct.unpack_from(">I4s", header)
    header_bytes = 8
    if length == 1:
        if len(header) < 16:
            return None
        (length,) = struct.unpack_from(">Q", header, 8)
        header_bytes = 16
    elif length == 0:
        length = end - start
    if length < header_bytes or not all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in type_):
        return None
    return Box(type_, start, length, header_bytes)


def _sample_entries(boxes: bytes, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        box = _box_at(boxes[start : start + 16], start, end)
        if box is None:
            return
        body = start + box.header
        if box.type in _CONTAINER_BOXES:
            yield from _sample_entries(boxes, body, min(box.end, end))
        elif box.type == b"stsd":
            yield boxes[body + 12 : body + 16]
        start = box.end


def _is_transport_stream(head: bytes) -> bool:
    return any(
        len(head) > first + 2 * packet and all(head[first + n * packet] == 0x47 for n in range(3))
        for first, packet in ((0, 188), (4, 192))
    )


def _is_text(head: bytes) -> bool:
    printable = sum(byte >= 0x20 or byte in b"\t\r\n" for byte in head)
    return b"\0" not in head and printable >= 0.95 * len(head)
