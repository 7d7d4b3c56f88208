"""Bytes of one object for a child that may open neither files nor connections: it asks, the parent reads.

The child never names an object. It asks for ranges of *the* object of its current task, and the parent, which alone holds
the store and its credentials, checks each request against bounds and reads them from the version that was listed. A
fault of the store is kept by the parent and told to the child; the outcome of the task is then that fault, whatever the
child makes of it. What the bytes mean is not known here.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator, Sequence

from bwc_audit.errors import ObjectChangedError, ObjectForbiddenError, ObjectMissingError, ObjectStoreError
from bwc_audit.media.wire import WireError, receive_frame, send_frame
from bwc_audit.objects.contract import ObjectStat, ObjectStore

#: Child to parent: ready to work; ranges wanted; the inspection; given up since the store failed.
READY, WANTED, ANSWER, GAVE_UP = b"R", b"W", b"A", b"G"
#: Parent to child: what all tasks share; one task; bytes of ranges; a fault of the store.
SETUP, TASK, BYTES, FAULT = b"S", b"T", b"B", b"F"

#: Most bytes and ranges of one message: what the parent holds for a child at a time.
MOST_BYTES = 32 * 1024 * 1024
MOST_RANGES = 512
#: A whole deep inspection of 4 h at 30 frames/s takes some 200 MB as values, one of 30 min with stills 25 MB.
_MOST_ANSWER_BYTES = 256 * 1024 * 1024
_FROM_PARENT = {SETUP: 1 << 24, TASK: 1 << 24, BYTES: MOST_BYTES + 4 * MOST_RANGES, FAULT: 1 << 16}
_RANGE = struct.Struct(">QI")
FROM_CHILD = {READY: 4096, WANTED: MOST_RANGES * _RANGE.size, ANSWER: _MOST_ANSWER_BYTES, GAVE_UP: 0}
_KINDS = (ObjectStoreError, ObjectMissingError, ObjectForbiddenError, ObjectChangedError)


class Broker:
    """The parent's side of one task. ``fault``: what the store failed with, if it did. ``waited_s``: time spent on it."""

    def __init__(self, store: ObjectStore, stat: ObjectStat) -> None:
        self._store = store
        self._stat = stat
        self.fault: ObjectStoreError | None = None
        self.requests = 0
        self.waited_s = 0.0

    def answer(self, connection: socket.socket, wanted: bytes | bytearray) -> None:
        """Send the ranges a child asked for, or the fault. Raises ``WireError`` where the request is out of bounds."""
        ranges = _checked(wanted, self._stat.size_bytes)
        self.requests += len(ranges)
        began_s = time.monotonic()
        try:
            parts = self._store.read_ranges(self._stat.key, ranges, self._stat.etag)
        except Exception as error:  # noqa: BLE001  # also a fault of the store's code must not pass for one of the file
            self.fault = self.fault or store_fault(error)
            text = str(self.fault).encode()[:4096]
            send_frame(connection, FAULT, bytes([_KINDS.index(type(self.fault))]), text)
            return
        finally:
            self.waited_s += time.monotonic() - began_s
        send_frame(connection, BYTES, struct.pack(f">{len(parts)}I", *map(len, parts)), *parts)


class BrokeredStore:
    """The child's side: an ``ObjectStore`` of one object, whose bytes the parent hands over."""

    uri = "the object of this task"

    def __init__(self, connection: socket.socket, stat: ObjectStat) -> None:
        self._connection = connection
        self._stat = stat

    def list_objects(self, prefix: str = "") -> Iterator[ObjectStat]:
        """The one object."""
        if self._stat.key.startswith(prefix):
            yield self._stat

    def head(self, key: str) -> ObjectStat:
        self._check(key)
        return self._stat

    def read_range(self, key: str, start: int, length: int, etag: str | None = None) -> bytes:
        return self.read_ranges(key, [(start, length)], etag)[0]

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        """``etag`` may be left out: the parent reads no other version than the one it listed."""
        self._check(key)
        pieces = [(number, *piece) for number, each in enumerate(ranges) for piece in _pieces(*each)]
        found: list[list[bytes]] = [[] for _ in ranges]
        for batch in _batches(pieces):
            for (number, _, _), part in zip(batch, self._ask(batch), strict=True):
                found[number].append(part)
        return [parts[0] if len(parts) == 1 else b"".join(parts) for parts in found]

    def read_all(self, key: str, limit_bytes: int) -> bytes:
        content = self.read_range(key, 0, limit_bytes + 1)
        if len(content) > limit_bytes:
            raise ObjectStoreError(f"{key} is larger than {limit_bytes} bytes and was not read whole")
        return content

    def _check(self, key: str) -> None:
        if key != self._stat.key:
            raise ObjectForbiddenError(f"{key!r} is not {self.uri}")

    def _ask(self, batch: Sequence[tuple[int, int, int]]) -> list[bytes]:
        send_frame(self._connection, WANTED, b"".join(_RANGE.pack(start, length) for _, start, length in batch))
        kind, content = receive_frame(self._connection, _FROM_PARENT)
        if kind == FAULT:
            raise _KINDS[content[0]](content[1:].decode(errors="replace"))
        lengths = struct.unpack_from(f">{len(batch)}I", content)
        view, at = memoryview(content), 4 * len(batch)
        parts = []
        for length in lengths:
            parts.append(bytes(view[at : at + length]))
            at += length
        return parts


def receive_from_parent(connection: socket.socket) -> tuple[bytes, bytearray]:
    """The parent's next message. Raises ``EOFError`` where there is none any more."""
    return receive_frame(connection, _FROM_PARENT)


def store_fault(error: Exception) -> ObjectStoreError:
    """The fault itself where it is one of the store's kinds; any other failure of reading as the general kind."""
    if type(error) in _KINDS and isinstance(error, ObjectStoreError):
        return error
    text = str(error) if isinstance(error, ObjectStoreError) else f"reading failed: {type(error).__name__}: {error}"
    fault = ObjectStoreError(text)
    fault.__cause__ = error
    return fault


def _checked(wanted: bytes | bytearray, size_bytes: int) -> list[tuple[int, int]]:
    if not wanted or len(wanted) % _RANGE.size:
        raise WireError("a request of no whole ranges")
    ranges = [(start, length) for start, length in _RANGE.iter_unpack(wanted)]
    if sum(length for _, length in ranges) > MOST_BYTES or any(start > size_bytes for start, _ in ranges):
        raise WireError("a request beyond its bounds")
    return ranges


def _pieces(start: int, length: int) -> list[tuple[int, int]]:
    """The range in parts of at most one message."""
    if start < 0 or length < 0:
        raise ValueError(f"range [{start}, +{length}) is negative")
    steps = range(start, start + length, MOST_BYTES) if length else [start]
    return [(at, min(MOST_BYTES, start + length - at)) for at in steps]


def _batches(pieces: Sequence[tuple[int, int, int]]) -> Iterator[list[tuple[int, int, int]]]:
    batch: list[tuple[int, int, int]] = []
    held = 0
    for piece in pieces:
        if batch and (len(batch) == MOST_RANGES or held + piece[2] > MOST_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(piece)
        held += piece[2]
    if batch:
        yield batch
