"""The one interface to footage and records: list, head, ranged read. Two implementations: S3 and a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """One object as the store lists it. ``key`` is relative to the source's prefix, ``/``-separated."""

    key: str
    size_bytes: int
    etag: str
    modified_us: int


class ObjectStore(Protocol):
    """Read-only view of one source. All methods raise ``ObjectStoreError`` or its more precise kinds."""

    @property
    def uri(self) -> str:
        """Where this source lies, without credentials; for messages."""
        ...

    def list_objects(self, prefix: str = "") -> Iterator[ObjectStat]:
        """All objects under ``prefix``, in ascending order of key."""
        ...

    def head(self, key: str) -> ObjectStat:
        """The object's facts. Raises ``ObjectMissingError`` or ``ObjectForbiddenError``."""
        ...

    def read_range(self, key: str, start: int, length: int, etag: str | None = None) -> bytes:
        """Bytes ``[start, start + length)``, shorter only at the end of the object.

        With ``etag`` (as ``head`` and the listing give it): ``ObjectChangedError`` where the object is another by now.
        """
        ...

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        """``read_range`` for each ``(start, length)``, in the order asked; several at a time where that is faster."""
        ...

    def read_all(self, key: str, limit_bytes: int) -> bytes:
        """The whole of a small object. Raises ``ObjectStoreError`` when it is larger than ``limit_bytes``."""
        ...
