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
from dataclasses import dataclass, field

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.boxes import HEADER_BYTES, MOST_BOXES, Box, HeldParts, box_of, boxes_in
from bwc_audit.media.mp4_entries import ENCRYPTED
from bwc_audit.media.source import RangeFile

#: The first read: a fragmented file's whole ``moov``, or the front of a 30 min file's.
_HEAD_BYTES = 64 * 1024
#: What one hop to the next box reads, and what is read at once where so little of the file is left: ``moov`` of 30 min
#: at 30 frames/s with sound is less than 2 MB.
_HOP_BYTES = 4096
_REST_BYTES = 2 * 1024 * 1024
#: 30 min at 30 frames/s need less than 2 MB, 12 hours less than 40.
_MOST_MOOV_BYTES = 64 * 1024 * 1024
_MP4_BOXES = frozenset(b"ftyp moov mdat free skip wide pnot styp moof sidx uuid".split())
_CONTAINER_BOXES = frozenset(b"moov trak mdia minf stbl".split())
_SECOND_MOVIE = "a second moov, as of files that were joined: what only it names was not looked at"
_SEGMENT = b"\x18\x53\x80\x67"  # of Matroska: all that follows the EBML header
_DEEPEST = 8  # moov, trak, mdia, minf, stbl are five
_PLAYLISTS = re.compile(
    rb"#EXTM3U|ffconcat|\[playlist\]|\[Reference\]|<\?xml|<MPD|<SmoothStreamingMedia|<asx|<smil|"
    rb"v=0\r?\n|RTSPtext|(?:https?|rtsp|rtmp|file|concat|subfile|tcp|udp|data):",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """``demuxer`` is the one demuxer that may open it. ``moov`` as in ``ContainerFacts``. ``missing_bytes``: how many
    bytes the last box claims beyond the end of the file. ``claimed_us``: the length an AVI header claims, which
    demuxers forget when the file is cut; None: it claims none. ``doubts``: what of the file is not read, in words.

    Of an MP4 also what reading its index needs: ``moov_content`` (the whole box), ``boxes`` (top-level boxes, up to the
    first fragment), ``walked_to`` (where the walk over them stopped) and ``held`` (what was read on the way). The walk over
    fragments, and so the bytes missing there, belong to the index."""

    demuxer: str
    format: str
    moov: str = "none"
    missing_bytes: int = 0
    claimed_us: int | None = None
    moov_content: bytes = field(default=b"", repr=False, compare=False)
    boxes: tuple[Box, ...] = ()
    walked_to: int = 0
    held: HeldParts | None = field(default=None, repr=False, compare=False)
    doubts: tuple[str, ...] = ()


def sniff(source: RangeFile) -> Sniffed:
    """Decide what ``source`` is. Raises ``MediaUnreadableError`` with its reason; ``ObjectStoreError`` passes."""
    if source.size_bytes == 0:
        raise MediaUnreadableError(UnreadableReason.EMPTY, "the object has no bytes")
    (head,) = source.read_many([(0, _HEAD_BYTES)])
    if _PLAYLISTS.match(head.removeprefix(b"\xef\xbb\xbf").lstrip()):
        raise MediaUnreadableError(UnreadableReason.PLAYLIST_REFUSED, "a list of other files or addresses, not a video")
    if head[4:8] in _MP4_BOXES:
        return _sniff_mp4(source, head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _sniff_matroska(head, source.size_bytes)
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return _sniff_avi(head, source.size_bytes)
    if _is_transport_stream(head):
        return Sniffed("mpegts", "mpegts")
    kind = "text" if _is_text(head[:4096]) else "no known video container"
    raise MediaUnreadableError(UnreadableReason.NOT_MEDIA, f"the first bytes are {kind}")


def is_encrypted(moov: bytes) -> bool:
    """True where a track's sample entry is encrypted (``encv``, ``enca``: ISO/IEC 23001-7). ``moov`` with its header."""
    return any(entry in ENCRYPTED for entry in _sample_entries(moov, 0, len(moov)))


def _sniff_mp4(source: RangeFile, head: bytes) -> Sniffed:
    held = HeldParts(source, head)
    moov: Box | None = None
    content = b""
    boxes: list[Box] = []
    for box in _top_level_boxes(held, source.size_bytes):
        if box.type == b"moof" and moov is not None:
            break
        boxes.append(box)
        if box.type == b"moov" and moov is None and box.end <= source.size_bytes:
            moov, content = box, _whole(held, box)
    if moov is None:
        raise MediaUnreadableError(UnreadableReason.MOOV_MISSING, "no complete moov box: the recording was not closed")
    if is_encrypted(content):
        raise MediaUnreadableError(UnreadableReason.ENCRYPTED, "a track is encrypted")
    end = boxes[-1].end
    first_fragment = next((each.start for each in (*boxes, box) if each.type == b"moof"), None)
    first_media = next((each.start for each in boxes if each.type == b"mdat"), moov.start)
    place = "end" if first_media < moov.start else "front"
    return Sniffed(
        demuxer="mov",
        format="mov,mp4",
        moov=place if first_fragment is None else "fragmented",
        missing_bytes=max(0, end - source.size_bytes),
        moov_content=content,
        boxes=tuple(boxes),
        walked_to=end if first_fragment is None else min(moov.end, first_fragment),
        held=held,
        doubts=(_SECOND_MOVIE,) if sum(each.type == b"moov" for each in boxes) > 1 else (),
    )


def _top_level_boxes(held: HeldParts, size_bytes: int) -> Iterator[Box]:
    """Boxes of the file in order, until its end or the first thing that is no box."""
    start = 0
    for _ in range(MOST_BOXES):
        rest = size_bytes - start
        box = box_of(held.at(start, HEADER_BYTES, rest if rest <= _REST_BYTES else _HOP_BYTES), start, size_bytes)
        if box is None:
            return
        yield box
        start = box.end


def _whole(held: HeldParts, moov: Box) -> bytes:
    """The bytes of ``moov``, read together with the header behind it."""
    if moov.length > _MOST_MOOV_BYTES:
        raise MediaUnreadableError(UnreadableReason.MEMORY, f"an index of {moov.length} bytes; {_MOST_MOOV_BYTES} are read")
    return held.at(moov.start, moov.length, _HOP_BYTES)


def _sniff_matroska(head: bytes, size_bytes: int) -> Sniffed:
    """The EBML header and the length of the segment behind it (RFC 8794, section 4; RFC 9559, section 4.5)."""
    start, length = _ebml_length(head, 4)
    start += length or 0
    missing_bytes = 0
    if head[start : start + 4] == _SEGMENT:
        start, length = _ebml_length(head, start + 4)
        missing_bytes = max(0, start + length - size_bytes) if length is not None else 0
    return Sniffed("matroska", "webm" if b"webm" in head[:64] else "matroska", missing_bytes=missing_bytes)


def _ebml_length(head: bytes, at: int) -> tuple[int, int | None]:
    """Where the element's content starts, and its length; None: unknown, as while a recording runs."""
    width = 9 - head[at].bit_length() if at < len(head) and head[at] else 0
    if not width or at + width > len(head):
        return at, None
    value_bits = 7 * width
    length = int.from_bytes(head[at : at + width], "big") & (1 << value_bits) - 1
    return at + width, None if length == (1 << value_bits) - 1 else length


def _sniff_avi(head: bytes, size_bytes: int) -> Sniffed:
    (length,) = struct.unpack_from("<I", head, 4)
    claimed_us: int | None = None
    if head[24:28] == b"avih" and len(head) >= 52:  # OpenDML 2.0: microseconds a frame, then three words, total frames
        frame_us, frames = struct.unpack_from("<I12xI", head, 32)
        claimed_us = frame_us * frames or None
    return Sniffed("avi", "avi", missing_bytes=max(0, length + 8 - size_bytes), claimed_us=claimed_us)


def _sample_entries(content: bytes, start: int, end: int, depth: int = 0) -> Iterator[bytes]:
    for box in boxes_in(content, start, end):
        if box.type in _CONTAINER_BOXES and depth < _DEEPEST:
            yield from _sample_entries(content, box.body, box.end, depth + 1)
        elif box.type == b"stsd":
            yield content[box.body + 12 : box.body + 16]


def _is_transport_stream(head: bytes) -> bool:
    return any(
        len(head) > first + 2 * packet and all(head[first + n * packet] == 0x47 for n in range(3))
        for first, packet in ((0, 188), (4, 192))
    )


def _is_text(head: bytes) -> bool:
    printable = sum(byte >= 0x20 or byte in b"\t\r\n" for byte in head)
    return b"\0" not in head and printable >= 0.95 * len(head)
