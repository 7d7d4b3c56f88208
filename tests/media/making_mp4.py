"""MP4 boxes made and rewritten by hand: what no encoder writes, from the clip of an encoder that is right otherwise."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping

Change = Callable[[bytes], bytes]

_CONTAINERS = frozenset(b"moov trak mdia minf stbl edts dinf mvex moof traf".split())


def box(type_: bytes, *parts: bytes) -> bytes:
    """One box with a header of 8 bytes."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), type_) + body


def full(version: int, *parts: bytes, flags: int = 0) -> bytes:
    """The body of a box with version and flags."""
    return struct.pack(">I", version << 24 | flags) + b"".join(parts)


def table(form: str, rows: Iterable[tuple[int, ...]], *, version: int = 0, claimed: int | None = None) -> bytes:
    """The body of a counted table; ``form`` of one row without byte order; ``claimed``: the count it states."""
    packed = [struct.pack(f">{form}", *row) for row in rows]
    return full(version, struct.pack(">I", len(packed) if claimed is None else claimed), *packed)


def rows_of(body: bytes, form: str) -> list[tuple[int, ...]]:
    """The rows of a counted table."""
    (count,) = struct.unpack_from(">I", body, 4)
    return list(struct.iter_unpack(f">{form}", body[8 : 8 + count * struct.calcsize(f">{form}")]))


def top_level(content: bytes) -> list[tuple[bytes, bytes]]:
    """Type and body of each box, header lengths of 8 bytes only."""
    found = []
    start = 0
    while start + 8 <= len(content):
        length, type_ = struct.unpack_from(">I4s", content, start)
        found.append((type_, content[start + 8 : start + length]))
        start += length
    return found


def rewritten(
    content: bytes, changes: Mapping[bytes, Change], *, track: int | None = None, names: Mapping[bytes, bytes] | None = None
) -> bytes:
    """The boxes of ``content`` with the bodies of some types changed; a body that becomes empty drops its box.

    ``track``: only in this track, counted from 0. ``names``: new types for changed boxes. What lies behind a box whose
    length changes moves, and no place in a table follows it: let ``moov`` be last.
    """
    parts = []
    traks = 0
    for type_, body in top_level(content):
        if type_ in changes:
            changed = changes[type_](body)
            if changed:
                parts.append(box((names or {}).get(type_, type_), changed))
        elif type_ == b"trak" and track is not None and track != traks:
            parts.append(box(type_, body))
        elif type_ in _CONTAINERS:
            parts.append(box(type_, rewritten(body, changes, track=track, names=names)))
        else:
            parts.append(box(type_, body))
        traks += type_ == b"trak"
    return b"".join(parts)


def with_edits(content: bytes, edits: Iterable[tuple[int, int]], *, track: int = 0, version: int = 0) -> bytes:
    """The file with another edit list (duration in ticks of the movie, media time) in a track that has one."""
    form = "QqI" if version else "IiI"
    body = table(form, [(duration, media_time, 0x10000) for duration, media_time in edits], version=version)
    return rewritten(content, {b"elst": lambda _: body}, track=track)
