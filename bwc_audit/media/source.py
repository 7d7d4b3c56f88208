"""Bytes of one object as a seekable file: ranged reads, a small block cache, and a count of what was read.

The whole object is never held: at most ``cached_blocks`` blocks plus one read-ahead. A fault of the store is kept in
``fault``, because a demuxer may take it for the end of the file; whoever reads through it must look there before
believing anything about the media.
"""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from collections.abc import Iterator

from bwc_audit.errors import ObjectStoreError
from bwc_audit.objects.contract import ObjectStore

BLOCK_BYTES = 128 * 1024
#: Read-ahead for sequential reading: eight blocks, 1 MiB, as small ranges cost about 10 ms each on some servers.
_AHEAD_BLOCKS = 8
_HASH_BYTES = 4 * 1024 * 1024


def sha256_of(source: RangeFile) -> str:
    """SHA-256 of the whole object, hexadecimal, streamed in 4 MiB reads past the cache. Raises ``ObjectStoreError``."""
    digest = hashlib.sha256()
    for block in source.stream(_HASH_BYTES):
        digest.update(block)
    return digest.hexdigest()


class RangeFile(io.RawIOBase):
    """A read-only file over ``ObjectStore.read_range``. ``bytes_read`` counts what the store delivered."""

    def __init__(self, store: ObjectStore, key: str, size_bytes: int, cached_blocks: int = 64) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._cached_blocks = cached_blocks
        self._position = 0
        self._last_missed = -2
        self.size_bytes = size_bytes
        self.bytes_read = 0
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
        try:
            part = self._store.read_range(self._key, start, length)
        except ObjectStoreError as fault:
            self.fault = fault
            raise
        self.bytes_read += len(part)
        return part

    def _block(self, number: int) -> bytes:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        ahead = min(_AHEAD_BLOCKS, self._cached_blocks) if number == self._last_missed + 1 else 1
        start = number * BLOCK_BYTES
        fetched = self._fetch(start, min(ahead * BLOCK_BYTES, self.size_bytes - start))
        self._last_missed = number + ahead - 1
        for offset in range(0, max(len(fetched), 1), BLOCK_BYTES):
            self._blocks[number + offset // BLOCK_BYTES] = fetched[offset : offset + BLOCK_BYTES]
        while len(self._blocks) > self._cached_blocks:
            self._blocks.popitem(last=False)
        return self._blocks.get(number, b"")
