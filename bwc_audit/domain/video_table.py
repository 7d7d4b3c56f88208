"""Video objects as columns: as many as there are segments, and hardly ever looked at one by one. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from bwc_audit.domain.records import StoredObject


@dataclass(frozen=True, slots=True, eq=False)
class VideoTable(Sequence[StoredObject]):
    """Columns of stored objects; names mean the same as there."""

    object_key: Sequence[str]
    size_bytes: Sequence[int]
    etag: Sequence[str]
    modified_us: Sequence[int]

    @staticmethod
    def of(objects: Sequence[StoredObject]) -> VideoTable:
        """The same objects as columns, in their order."""
        if isinstance(objects, VideoTable):
            return objects
        names = ("object_key", "size_bytes", "etag", "modified_us")
        return VideoTable(*([getattr(one, name) for one in objects] for name in names))

    def __len__(self) -> int:
        return len(self.object_key)

    @overload
    def __getitem__(self, place: int) -> StoredObject: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[StoredObject]: ...
    def __getitem__(self, place: int | slice) -> StoredObject | Sequence[StoredObject]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return StoredObject(self.object_key[place], self.size_bytes[place], self.etag[place], self.modified_us[place])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # compared by content
