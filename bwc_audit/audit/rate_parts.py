"""What rates need of the chunks of a long run, kept on disk until it is closed: those of ten years fill more memory than a
chunk.

Decides nothing. Gone with the program; what an earlier program decided is read from its results instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from tempfile import SpooledTemporaryFile

import numpy as np

from bwc_audit.domain.rate_columns import GROUP_KEYS, Grouping, RateColumns, RatePart

#: Up to so much stays in memory: a night's part, or a month's.
_IN_MEMORY_BYTES = 8 << 20

_COLUMNS = tuple(field.name for field in fields(RateColumns))


class RateParts:
    """Parts by the ordinal of their chunk, to be gone through as often as wanted, in order, one at a time."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - it is closed with the object
        self._place_of: dict[int, int] = {}

    def add(self, ordinal: int, part: RatePart) -> None:
        """Keep one part."""
        self._place_of[ordinal] = self._file.seek(0, 2)
        keys = json.dumps([part.groupings[by].keys for by in GROUP_KEYS]).encode()
        columns = [getattr(part.columns, name) for name in _COLUMNS]
        codes = [part.groupings[by].codes for by in GROUP_KEYS]
        for array in (np.stack([*columns, *codes]), np.frombuffer(keys, np.uint8)):
            np.save(self._file, array, allow_pickle=False)

    def __contains__(self, ordinal: int) -> bool:
        return ordinal in self._place_of

    def __iter__(self) -> Iterator[RatePart]:
        return (self._read(place) for _, place in sorted(self._place_of.items()))

    def _read(self, place: int) -> RatePart:
        self._file.seek(place)
        arrays = np.load(self._file, allow_pickle=False)
        keys = json.loads(np.load(self._file, allow_pickle=False).tobytes())
        codes = arrays[len(_COLUMNS) :]
        groupings = {by: Grouping(code, tuple(key)) for by, code, key in zip(GROUP_KEYS, codes, keys, strict=True)}
        return RatePart(RateColumns(*arrays[: len(_COLUMNS)]), groupings)
