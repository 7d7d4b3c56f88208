"""The fragments of an MP4 file one after another, in few waits for the store: boxes are followed, hints are read ahead.

Where fragments lie is only said by the box before each. Lists in the file (``sidx``, ``mfra``) and, without one, a few walks
side by side from places that look like a fragment tell what to read together; what they say is never believed: it is
followed box by box over the bytes that are then held already, so that a hint that is wrong costs a bounded read and
nothing else. Fragments close to each other are read through. What fragments hold is not known here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.boxes import HEADER_BYTES, Box, HeldParts, box_of
from bwc_audit.media.mp4_fragments import random_access_places, subsegments
from bwc_audit.media.source import RangeFile

#: A recording of 12 hours in fragments of one second has 43,200.
_MOST_FRAGMENTS = 50_000
#: Waits for the store with no more than a few fragments each: four minutes at 25 ms, 12 hours of fragments of one second.
_MOST_WAITS = 10_000
#: One fragment of 10 s holds less than 10 KB of tables.
_MOST_FRAGMENT_BYTES = 8 * 1024 * 1024
_MOST_READ_BYTES = 64 * 1024 * 1024
#: Held of what was read ahead: some thousand fragments.
_WAVE_BYTES = 8 * 1024 * 1024
#: Room before a listed fragment for the small boxes (``styp``, ``sidx``) that may stand there.
_BEFORE_BYTES = 256
#: Fragments nearer than this are cheaper to read through than to hop over, at 0.5 to 1 ms of processor time a request.
_NEAR_BYTES = 32 * 1024
_THROUGH_BYTES = 512 * 1024
_MOST_THROUGH_BYTES = 4 * 1024 * 1024
_TAIL_BYTES = 16 * 1024
#: Walks side by side, as many as a store reads at a time; fewer hops than this are not worth looking for their starts.
_WALKS = 8
_MANY_HOPS = 128
#: How a fragment begins, behind its length: its first box is always the one with its number.
_BEGINNING = b"moof\0\0\0\x10mfhd"


@dataclass(slots=True)
class Walk:
    """What walking the fragments has shown so far. ``ends``: ends of time that a ``sidx`` claims, as ticks and timescale."""

    missing_bytes: int = 0
    ends: list[tuple[int, int]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def fragments(source: RangeFile, parts: HeldParts, start: int, walk: Walk) -> Iterator[tuple[Box, bytes]]:
    """Each ``moof`` from ``start`` on with its bytes, by following the boxes to the end of the file.

    Raises ``MediaUnreadableError`` (``memory``) above a bound, ``ObjectStoreError`` for the store.
    """
    ahead = _Ahead(source, parts)
    seen, read_bytes = 0, 0
    for _ in range(4 * _MOST_FRAGMENTS):  # with each fragment: styp, sidx, moof, mdat
        box = box_of(ahead.at(start, HEADER_BYTES), start, source.size_bytes)
        if box is None:
            if start < source.size_bytes:
                left = source.size_bytes - start
                walk.doubts.append(f"{left} bytes from byte {start} on are no boxes: what they hold is not known")
            return
        walk.missing_bytes = max(walk.missing_bytes, box.end - source.size_bytes)
        if box.end <= source.size_bytes and box.type in (b"moof", b"sidx"):
            read_bytes += box.length
            if seen >= _MOST_FRAGMENTS or box.length > _MOST_FRAGMENT_BYTES or read_bytes > _MOST_READ_BYTES:
                raise MediaUnreadableError(UnreadableReason.MEMORY, "more or larger fragments than are read")
            content = ahead.at(start, box.length)
            if box.type == b"sidx":
                places, end = subsegments(content, Box(box.type, 0, box.length, box.header), box.end)
                walk.ends.append(end)
                ahead.listed = places if not seen else []
            else:
                ahead.meet(box)
                yield box, content
                seen += 1
        if ahead.waits > _MOST_WAITS:
            walk.doubts.append(f"fragments that take more than {_MOST_WAITS} reads one after another")
            return
        start = box.end
    walk.doubts.append("more boxes than are followed")


class _Ahead:
    """Reads for one who follows the boxes. ``listed``: places that a list in the file gives; ``waits``: reads of one or
    a few fragments, one after another."""

    def __init__(self, source: RangeFile, parts: HeldParts) -> None:
        self.listed: list[int] = []
        self.waits = 0
        self._source = source
        self._parts = parts
        self._met = 0
        self._first = 0
        self._last = 0
        self._moof_bytes = 1024
        self._through_bytes = 0
        self._next = 0  # number in ``listed`` of the first place that was not read ahead
        self._scouted_to = 0

    def at(self, start: int, length: int) -> bytes:
        """Bytes from ``start``; what is not held is read with what probably follows."""
        if self._met:
            self._read_ahead(start)
        before = self._source.requests
        more = max(0, self._moof_bytes + _BEFORE_BYTES - length)
        content = self._parts.at(start, length, self._through_bytes or more)
        if self._source.requests > before:
            self.waits += not self._through_bytes
            self._through_bytes = min(2 * self._through_bytes, _MOST_THROUGH_BYTES)
        return content

    def meet(self, moof: Box) -> None:
        """Learn from a fragment how long such are, and how far apart."""
        self._moof_bytes = max(512, min(moof.length * 3 // 2, 64 * 1024))
        is_near = self._met > 1 and moof.start - self._first < self._met * _NEAR_BYTES
        self._through_bytes = (self._through_bytes or _THROUGH_BYTES) if is_near else 0
        if not self._met:
            self._first = moof.start
            if len(self.listed) < 2:
                self.listed = _listed_at_end(self._source, moof.end)
            self.listed = sorted({place for place in self.listed if moof.end < place < self._source.size_bytes})
        self._met += 1
        self._last = moof.start

    def _read_ahead(self, start: int) -> None:
        """Before what lies at ``start`` is read alone: read all that is listed or found from there on together."""
        if self._through_bytes or start <= self._last or self._parts.holds(start):
            return
        length = self._moof_bytes + 2 * _BEFORE_BYTES
        most = _WAVE_BYTES // length
        if self._next < len(self.listed):
            self._next = max(self._next, bisect_left(self.listed, start))
            wave = self.listed[self._next : self._next + most]
            if wave and wave[0] - start <= _BEFORE_BYTES:
                self._next += len(wave)
                self._parts.prefetch([(max(0, place - _BEFORE_BYTES), length) for place in wave])
        elif self._met > 2 and start >= self._scouted_to:
            distance = (self._last - self._first) // (self._met - 1)
            self._scouted_to = min(self._source.size_bytes, start + most * distance)
            if self._scouted_to - start > _MANY_HOPS * distance:
                waits, held = _scouted(self._source, start, self._scouted_to, distance, length)
                self.waits += waits
                self._parts.hold(held)


def _scouted(source: RangeFile, start: int, end: int, distance: int, length: int) -> tuple[int, list[tuple[int, bytes]]]:
    """What several walks along the boxes of ``[start, end)`` have read, ``length`` bytes at a time, with its places; and
    in how many reads one after another.

    ``start``: where a box begins; ``distance``: about that of two fragments.
    """
    marks = [start + (end - start) * number // _WALKS for number in range(1, _WALKS)]
    starts = sorted({start, *_beginnings(source, marks, distance)})
    walks = dict(zip(starts, [*starts[1:], end], strict=True))
    waits, held = 0, list[tuple[int, bytes]]()
    while walks and len(held) * length < _WAVE_BYTES:
        parts = source.read_many([(at, length) for at in walks])
        held += zip(walks, parts, strict=True)
        waits += 1
        followed = [
            (_followed(at, part, source.size_bytes), to) for (at, to), part in zip(walks.items(), parts, strict=True)
        ]
        walks = {at: to for at, to in followed if at is not None and at < to}
    return waits, held


def _followed(start: int, content: bytes, size_bytes: int) -> int | None:
    """The first box behind ``content``, which begins with one; None where there is none."""
    at = start
    while at < start + len(content):
        box = box_of(content[at - start : at - start + HEADER_BYTES], at, size_bytes)
        if box is None:
            return at if at + HEADER_BYTES > start + len(content) > start + HEADER_BYTES else None
        at = box.end
    return at if at < size_bytes else None


def _beginnings(source: RangeFile, marks: list[int], distance: int) -> list[int]:
    """The first thing at or behind each mark that looks like a fragment, as far as one and a half distances."""
    step = min(max(distance // 4, 16 * 1024), 1024 * 1024)
    found: list[int] = []
    at = {mark: mark for mark in marks}
    for _ in range(6):
        parts = source.read_many([(place, step + len(_BEGINNING) + 4) for place in at.values()])
        following: dict[int, int] = {}
        for (mark, place), part in zip(at.items(), parts, strict=True):
            where = part.find(_BEGINNING, 4)
            if where >= 0:
                found.append(place + where - 4)
            else:
                following[mark] = place + step
        at = following
    return found


def _listed_at_end(source: RangeFile, after: int) -> list[int]:
    """Where the list at the end of the file says that fragments lie (``mfra``, whose length comes last)."""
    size = source.size_bytes
    if size - after < 4 * _THROUGH_BYTES:  # a few hops cost no more
        return []
    (tail,) = source.read_many([(size - _TAIL_BYTES, _TAIL_BYTES)])
    length = int.from_bytes(tail[-4:], "big")
    if tail[-12:-8] != b"mfro" or not 16 <= length <= min(_MOST_FRAGMENT_BYTES, size):
        return []
    content = tail[-length:] if length <= len(tail) else source.read_many([(size - length, length)])[0]
    return random_access_places(content) if content[4:8] == b"mfra" else []
