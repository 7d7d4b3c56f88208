"""Bytes of one object as a seekable file: ranged reads, a small block cache, and a count of what was read.

The whole object is never held: at most ``cached_blocks`` blocks plus one read-ahead, and what ``read_many`` is asked
for. A fault of the store is kept in ``fault``, because a demuxer may take it for the end of the file; whoever reads
through it must look there before believing anything about the media.
"""

from __future__ import annotations

import hashlib
import io
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bwc_audit.errors import ObjectStoreError
from bwc_audit.objects.contract import ObjectStore

BLOCK_BYTES = 128 * 1024
#: Read-ahead for sequential reading: 1 MiB, then twice as much each time up to 4 MiB, as a request costs 1 to 30 ms.
_AHEAD_BLOCKS = 8
_MOST_AHEAD_BLOCKS = 32
_HASH_BYTES = 4 * 1024 * 1024
#: Two ranges closer than this are read as one: 16 KiB travel faster than another request is made (1 ms of CPU).
_NEAR_BYTES = 16 * 1024
#: Of a run that is read along with other ranges at most so much lies between its first and last byte, and of all runs
#: together at most so much is kept until it is asked for: some thousand pieces of sound.
_LONGEST_RUN_BYTES = 128 * 1024
_MOST_KEPT_BYTES = 4 * 1024 * 1024
#: No single read is larger, so that several connections share a long range.
_LONGEST_READ_BYTES = 8 * 1024 * 1024


def sha256_of(source: RangeFile) -> str:
    """SHA-256 of the whole object, hexadecimal, streamed in 4 MiB reads past the cache. Raises ``ObjectStoreError``."""
    digest = hashlib.sha256()
    for block in source.stream(_HASH_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _merged(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges in ascending order, joined where less than ``_NEAR_BYTES`` lie between."""
    joined: list[tuple[int, int]] = []
    for start, length in sorted(ranges):
        if joined and start - sum(joined[-1]) < _NEAR_BYTES:
            first, before = joined[-1]
            joined[-1] = (first, max(before, start + length - first))
        else:
            joined.append((start, length))
    return joined


def _start_of(run: _Run) -> int:
    return run.start


def _split(start: int, length: int) -> list[tuple[int, int]]:
    return [(at, min(_LONGEST_READ_BYTES, start + length - at)) for at in range(start, start + length, _LONGEST_READ_BYTES)]


@dataclass(frozen=True, slots=True, order=True)
class _Run:
    """Ranges that will be wanted together, and the stretch of bytes that holds all of them."""

    start: int
    length: int
    ranges: tuple[tuple[int, int], ...]

    @staticmethod
    def of(ranges: Sequence[tuple[int, int]]) -> _Run:
        start = min(each[0] for each in ranges)
        return _Run(start, max(sum(each) for each in ranges) - start, tuple(ranges))


class RangeFile(io.RawIOBase):
    """A read-only file over the ranged reads of a store.

    ``bytes_read`` counts what the store delivered, ``requests`` how many ranges it was asked for. With ``etag`` every
    read raises ``ObjectChangedError`` once the object is another one.
    """

    def __init__(
        self, store: ObjectStore, key: str, size_bytes: int, cached_blocks: int = 64, etag: str | None = None
    ) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._etag = etag
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._cached_blocks = cached_blocks
        self._position = 0
        self._last_missed = -2
        self._ahead = _AHEAD_BLOCKS
        self._expected: list[_Run] = []
        self._kept: dict[tuple[int, int], bytes] = {}
        self.size_bytes = size_bytes
        self.bytes_read = 0
        self.requests = 0
        self.fault: ObjectStoreError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As any file; a position past the end is allowed and reads nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes from here; possibly fewer, empty only at the end. Raises ``ObjectStoreError``."""
        left = self.size_bytes - self._position
        wanted = left if size < 0 else min(size, left)
        parts: list[bytes] = []
        while wanted > 0:
            block = self._block(self._position // BLOCK_BYTES)
            start = self._position % BLOCK_BYTES
            part = block[start : start + wanted]
            if not part:  # the object is shorter than it was when it was listed
                break
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return b"".join(parts)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed: WriteableBuffer
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def read_at(self, start: int, length: int) -> bytes:
        """Bytes ``[start, start + length)``, shorter only at the end; leaves the position there."""
        self.seek(start)
        return self.read(length)

    def expect(self, runs: Iterable[Sequence[tuple[int, int]]]) -> None:
        """Runs of ranges ``(start, length)`` that will be wanted: where ``read_many`` reads right beside a run,
        the run is read along in one piece and its ranges are kept; of more than 4 MiB of them only the first. Runs that
        spread over more than 128 KiB are left to be read by themselves. Never raises."""
        self._expected, total = [], 0
        for run in sorted(_Run.of(ranges) for ranges in runs if ranges):
            is_inside = run.start >= 0 and run.start + run.length <= self.size_bytes
            total += sum(length for _, length in run.ranges)
            if is_inside and 0 < run.length <= _LONGEST_RUN_BYTES and total <= _MOST_KEPT_BYTES:
                self._expected.append(run)

    def read_many(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Bytes of each ``(start, length)``, in the order asked, shorter only at the end of the object.

        Neighbours are read together and several reads run at a time. What is already held serves from memory; the
        position stays. All answers are in memory at once: whoever takes lengths from a file bounds them.
        Raises ``ObjectStoreError``.
        """
        wanted = [(start, max(0, min(length, self.size_bytes - start))) for start, length in ranges]
        found = {each: held for each in wanted if (held := self._held(*each)) is not None}
        missing = [each for each in wanted if each not in found]
        beside = self._beside(missing)
        reads = _merged([*missing, *((run.start, run.length) for run in beside)])
        pieces = [piece for read in reads for piece in _split(*read)]
        parts = iter(self._fetch_all(pieces))
        fetched = [(start, b"".join(next(parts) for _ in _split(start, length))) for start, length in reads]
        starts = [start for start, _ in fetched]

        def part(start: int, length: int) -> bytes:
            first, content = fetched[bisect_right(starts, start) - 1]
            return content[start - first : start - first + length]

        for each in missing:
            found[each] = part(*each)
        for run in beside:
            self._kept.update((each, part(*each)) for each in run.ranges)
            self._expected.remove(run)
        return [found[each] for each in wanted]

    def _beside(self, ranges: Sequence[tuple[int, int]]) -> list[_Run]:
        """What is expected and lies near one of the ranges."""
        near: dict[_Run, None] = {}
        for start, length in ranges:
            first = bisect_left(self._expected, start - _LONGEST_RUN_BYTES - _NEAR_BYTES, key=_start_of)
            behind = bisect_right(self._expected, start + length + _NEAR_BYTES, key=_start_of)
            for run in self._expected[first:behind]:
                if start - (run.start + run.length) < _NEAR_BYTES:
                    near[run] = None
        return list(near)

    def stream(self, chunk_bytes: int) -> Iterator[bytes]:
        """The whole object in order, without touching cache or position."""
        start = 0
        while start < self.size_bytes:
            chunk = self._fetch(start, min(chunk_bytes, self.size_bytes - start))
            if not chunk:
                return
            yield chunk
            start += len(chunk)

    def _fetch(self, start: int, length: int) -> bytes:
        return self._fetch_all([(start, length)])[0]

    def _fetch_all(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        if not ranges:
            return []
        self.requests += len(ranges)
        try:
            parts = self._store.read_ranges(self._key, ranges, self._etag)
        except ObjectStoreError as fault:
            self.fault = fault
            raise
        self.bytes_read += sum(len(part) for part in parts)
        return parts

    def _held(self, start: int, length: int) -> bytes | None:
        """The range from what is in memory; None where some of it is missing."""
        kept = self._kept.get((start, length))
        if kept is not None:
            return kept
        numbers = range(start // BLOCK_BYTES, (start + length - 1) // BLOCK_BYTES + 1)
        if not length:
            return b""
        if not all(number in self._blocks for number in numbers):
            return None
        first = start - numbers[0] * BLOCK_BYTES
        return b"".join(self._blocks[number] for number in numbers)[first : first + length]

    def _block(self, number: int) -> bytes:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        is_following = number == self._last_missed + 1
        ahead = min(self._ahead, self._cached_blocks) if is_following else 1
        self._ahead = min(2 * self._ahead, _MOST_AHEAD_BLOCKS) if is_following else _AHEAD_BLOCKS
        start = number * BLOCK_BYTES
        fetched = self._fetch(start, min(ahead * BLOCK_BYTES, self.size_bytes - start))
        self._last_missed = number + ahead - 1
        for offset in range(0, max(len(fetched), 1), BLOCK_BYTES):
            self._blocks[number + offset // BLOCK_BYTES] = fetched[offset : offset + BLOCK_BYTES]
        while len(self._blocks) > self._cached_blocks:
            self._blocks.popitem(last=False)
        return self._blocks.get(number, b"")
