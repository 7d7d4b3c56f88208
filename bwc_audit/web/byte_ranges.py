"""Which bytes of a file a request asks for (RFC 9110, one range). Several ranges at once are answered with the whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes\s*=\s*(\d{0,40})\s*-\s*(\d{0,40})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes ``[start, end)``, not empty unless the file is."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


class NoSuchPart(Exception):  # noqa: N818  # what is so, not a fault
    """The range asked for lies behind the end of the file."""


def part_asked(header: str | None, size_bytes: int, etag: str, if_range: str | None) -> Part | None:
    """The part that a ``Range`` header asks for; None: the whole, because there is no header, none that is understood, or
    ``If-Range`` names another version. Raises ``NoSuchPart``."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or (if_range is not None and if_range.strip() != etag):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:  # the last so many bytes
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
        if last and int(last) < int(first):
            return None
    if start >= end:
        raise NoSuchPart
    return Part(start, end)
