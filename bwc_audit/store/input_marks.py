"""What tells whether the inputs of a source are still the same: a hash over the marks of all its files and videos."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from bwc_audit.store.tables import SourceFileRow, VideoObjectRow, table_of

#: Rows fetched at a time: a million videos are not held at once.
_PART = 10_000


def inputs_hash(session: Session, source: str, *, is_reading_counted: bool = False) -> str:
    """SHA-256 over the content marks of all record files and videos of the source; ``is_reading_counted``: also over when
    each file was read, since the same file read by another mapping gives other rows."""
    file, video = table_of(SourceFileRow).c, table_of(VideoObjectRow).c
    columns = (file.key, file.etag, file.size_bytes, *([file.read_at_us] if is_reading_counted else []))
    connection = session.connection()
    digest = hashlib.sha256()
    files = connection.execute(select(*columns).where(file.source == source))
    videos = connection.execute(
        select(video.object_key, video.etag, video.size_bytes).where(video.source == source).order_by(video.object_key)
    )
    _add(digest, sorted(map(tuple, files)))
    for part in videos.partitions(_PART):
        _add(digest, part)
    return digest.hexdigest()


def _add(digest: Any, rows: Iterable[Any]) -> None:
    lines = "".join(["\0".join(map(str, row)) + "\n" for row in rows])
    digest.update(lines.encode(errors="replace"))
