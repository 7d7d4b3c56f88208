"""What tells whether the inputs of a source are still the same: a hash over the marks of all its files and videos.

A year has a million of them, so the hash is kept beside them. Whoever changes a file or a video says so first, in the same
transaction; that empties what is kept and holds its row until the change is committed or taken back. What is kept is
therefore never older than the rows: it is that of the rows, or empty, and then it is worked out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from bwc_audit.store.raw_rows import raw_batches
from bwc_audit.store.tables import InputMarkRow, SourceFileRow, VideoObjectRow, table_of


class InputMark(NamedTuple):
    """SHA-256, hexadecimal, over key, mark and size of all record files and videos of a source; ``readings_hash``: also over
    when each file was read, since the same file read by another mapping gives other rows."""

    inputs_hash: str
    readings_hash: str


#: Nothing is kept: it must be worked out.
_CHANGED = InputMark("", "")


def input_mark(session: Session, source: str) -> InputMark:
    """The mark of the source as the session sees it."""
    kept = _kept(session, source)
    return kept if kept is not None and kept != _CHANGED else fresh_input_mark(session, source)


def say_changing(session: Session, source: str) -> None:
    """Before files or videos of the source change: what is kept of them holds no longer. Another transaction that says so of
    the same source waits until this one has ended."""
    dialect = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    new = dialect.insert(table_of(InputMarkRow)).values(source=source, **_CHANGED._asdict())
    renewed = new.on_conflict_do_update(index_elements=["source"], set_=_CHANGED._asdict())
    session.connection().execute(renewed)


def keep_input_mark(session: Session, source: str) -> None:
    """Work the mark out and keep it, where it is not kept; not where another transaction is changing the source now."""
    table = table_of(InputMarkRow)
    query = select(table.c.inputs_hash).where(table.c.source == source).with_for_update(skip_locked=True)
    # The row is ours until we commit: nobody can change what is read after it.
    if session.connection().scalar(query) == _CHANGED.inputs_hash:
        mark = fresh_input_mark(session, source)
        session.connection().execute(update(table).where(table.c.source == source).values(**mark._asdict()))


def stale_input_marks(session: Session) -> tuple[str, ...]:
    """The sources whose kept mark is not that of their rows: none, unless somebody changed rows in another way."""
    table = table_of(InputMarkRow).c
    sources = session.connection().scalars(select(table.source).order_by(table.source)).all()
    return tuple(one for one in sources if _kept(session, one) not in (_CHANGED, fresh_input_mark(session, one)))


def fresh_input_mark(session: Session, source: str) -> InputMark:
    """The mark worked out from all rows."""
    file, video = table_of(SourceFileRow).c, table_of(VideoObjectRow).c
    files = select(file.key, file.etag, file.size_bytes, file.read_at_us).where(file.source == source)
    found = [tuple(row) for batch in raw_batches(session, files) for row in batch]
    inputs, readings = hashlib.sha256(), hashlib.sha256()
    _add([inputs], ("\0".join(map(str, row)) for row in sorted(row[:3] for row in found)))
    _add([readings], ("\0".join(map(str, row)) for row in sorted(found)))
    videos = select(video.object_key, video.etag, video.size_bytes).where(video.source == source).order_by(video.object_key)
    for part in raw_batches(session, videos):
        _add([inputs, readings], (f"{key}\0{etag}\0{size_bytes}" for key, etag, size_bytes in part))
    return InputMark(inputs.hexdigest(), readings.hexdigest())


def _kept(session: Session, source: str) -> InputMark | None:
    table = table_of(InputMarkRow).c
    row = session.connection().execute(select(table.inputs_hash, table.readings_hash).where(table.source == source)).first()
    return None if row is None else InputMark(*row)


def _add(digests: Sequence[Any], lines: Iterable[str]) -> None:
    text = "\n".join(lines)
    if text:
        encoded = (text + "\n").encode(errors="replace")
        for digest in digests:
            digest.update(encoded)
