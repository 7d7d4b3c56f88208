"""MP4 boxes (ISO/IEC 14496-12, section 4.2): their headers, in memory and in a file of which only parts are read.

What a box means is not known here. Every length comes from the file and is only a claim: a box in memory never reaches
past its parent, a box of a file may reach past the end, and ``Box.end`` says how far.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bwc_audit.media.source import RangeFile

#: A level of a real file holds some dozens; fragments are counted apart.
MOST_BOXES = 10_000
HEADER_BYTES = 16
#: Claimed lengths are held within this, so that places of a file stay inside 64 bits.
_MOST_LENGTH = 2**62
_HEADER = struct.Struct(">I4s")
_TYPE_BYTES = bytes([*range(0x20, 0x7F), 0xA9])


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

    @property
    def body(self) -> int:
        """Where its content starts."""
        return self.start + self.header


def box_of(header: bytes, start: int, end: int) -> Box | None:
    """The box whose first bytes are ``header``; None where that is no box. A length of 0 means: up to ``end``."""
    if len(header) < 8:
        return None
    length, type_ = _HEADER.unpack_from(header)
    header_bytes = 8
    if length == 1:
        if len(header) < 16:
            return None
        length = min(struct.unpack_from(">Q", header, 8)[0], _MOST_LENGTH)
        header_bytes = 16
    elif length == 0:
        length = end - start
    if length < header_bytes or type_.translate(None, _TYPE_BYTES):
        return None
    return Box(type_, start, length, header_bytes)


def boxes_in(content: bytes, start: int, end: int) -> Iterator[Box]:
    """Boxes of ``content[start:end]`` in order, up to the first thing that is no box; each cut at ``end``."""
    for _ in range(MOST_BOXES):
        box = box_of(content[start : min(start + HEADER_BYTES, end)], start, end)
        if box is None:
            return
        if box.end > end:
            box = Box(box.type, box.start, end - box.start, box.header)
        yield box
        start = box.end


def first_boxes(content: bytes, start: int, end: int) -> dict[bytes, Box]:
    """The first box of each type in ``content[start:end]``."""
    found: dict[bytes, Box] = {}
    for box in boxes_in(content, start, end):
        found.setdefault(box.type, box)
    return found


class HeldParts:
    """Parts of one file that were read already; what is asked for and not held is read in one request.

    Holds the last such part and whatever ``prefetch`` was given: the caller bounds both.
    """

    def __init__(self, source: RangeFile, head: bytes = b"") -> None:
        self._source = source
        self._last = (0, head)
        self._starts: list[int] = []
        self._parts: list[bytes] = []

    def prefetch(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Read ``(start, length)`` each, together, to serve later."""
        ordered = sorted(ranges)
        self._parts = self._source.read_many(ordered)
        self._starts = [start for start, _ in ordered]

    def hold(self, parts: Sequence[tuple[int, bytes]]) -> None:
        """Keep what was read elsewhere, each with its place, to serve later; what was prefetched before is dropped."""
        ordered = sorted(parts)
        self._parts = [part for _, part in ordered]
        self._starts = [start for start, _ in ordered]

    def holds(self, start: int) -> bool:
        """Whether the beginning of a box at ``start`` is held."""
        return len(self._held(start, HEADER_BYTES)) >= min(HEADER_BYTES, self._source.size_bytes - start)

    def at(self, start: int, length: int, ahead: int = 0) -> bytes:
        """Bytes ``[start, start + length)``, shorter only at the end of the file. A read takes ``ahead`` bytes more;
        what is held of the beginning is not read again. Raises ``ObjectStoreError``."""
        length = max(0, min(length, self._source.size_bytes - start))
        held = self._held(start, length)
        if len(held) < length:
            missing = start + len(held)
            (read,) = self._source.read_many([(missing, length - len(held) + ahead)])
            held = held + read
            self._last = (start, held)
        return held[:length]

    def _held(self, start: int, length: int) -> bytes:
        first, part = self._last
        if first <= start < first + len(part):
            return part[start - first : start - first + length]
        place = bisect_right(self._starts, start) - 1
        if place >= 0 and start < self._starts[place] + len(self._parts[place]):
            at = start - self._starts[place]
            return self._parts[place][at : at + length]
        return b""
