"""What tells whether the inputs of a source are still the same: a hash over the marks of all its files and videos."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from bwc_audit.store.raw_rows import raw_batches
from bwc_audit.store.tables import SourceFileRow, VideoObjectRow, table_of


def inputs_hash(session: Session, source: str, *, is_reading_counted: bool = False) -> str:
    """SHA-256 over the content marks of all record files and videos of the source; ``is_reading_counted``: also over when
    each file was read, since the same file read by another mapping gives other rows."""
    file, video = table_of(SourceFileRow).c, table_of(VideoObjectRow).c
    columns = (file.key, file.etag, file.size_bytes, *([file.read_at_us] if is_reading_counted else []))
    digest = hashlib.sha256()
    files = session.connection().execute(select(*columns).where(file.source == source))
    videos = select(video.object_key, video.etag, video.size_bytes).where(video.source == source).order_by(video.object_key)
    _add(digest, ["\0".join(map(str, row)) for row in sorted(map(tuple, files))])
    for part in raw_batches(session, videos):
        _add(digest, [f"{key}\0{etag}\0{size_bytes}" for key, etag, size_bytes in part])
    return digest.hexdigest()


def _add(digest: Any, lines: Sequence[str]) -> None:
    if lines:
        digest.update(("\n".join(lines) + "\n").encode(errors="replace"))
