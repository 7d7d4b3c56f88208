"""Rows of the sources into the store, file by file: what a file says takes the place of what it said when read before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session

from bwc_audit.domain.record_columns import RecordColumns, columns_of
from bwc_audit.domain.records import Records, RejectedRow, StoredObject
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.store.bulk import chunks, insert_columns, insert_rows
from bwc_audit.store.input_marks import say_changing
from bwc_audit.store.named_videos import is_among, mark_named, names_of, unmark_named
from bwc_audit.store.source_rows import KINDS, MODELS
from bwc_audit.store.tables import SourceFileRow, VideoObjectRow, table_of


class FileMark(NamedTuple):
    """What tells whether a file is still the one that was read."""

    etag: str
    size_bytes: int


def known_files(session: Session, source: str) -> dict[str, FileMark]:
    """For each file of the source that was read: its mark at that time."""
    file = table_of(SourceFileRow).c
    rows = session.connection().execute(
        select(file.key, file.etag, file.size_bytes).where(file.source == source).order_by(file.key)
    )
    return {key: FileMark(etag, size) for key, etag, size in rows}


def replace_file(
    session: Session,
    source: str,
    stat: ObjectStat,
    records: Records,
    rejected: Sequence[RejectedRow] = (),
    *,
    read_at_us: int,
) -> None:
    """Store exactly these rows as the content of one file; what was read from it before goes.

    ``records.objects`` is not looked at; ``rejected`` is added to ``records.rejected``.
    """
    kinds = [(each, getattr(records, name)) for name, each, _ in KINDS if name != "rejected"]
    columns = [columns_of(record_type, rows, stat.key) for record_type, rows in kinds if rows]
    replace_file_parts(session, source, stat, [(columns, (*records.rejected, *rejected))], read_at_us=read_at_us)


def replace_file_parts(
    session: Session,
    source: str,
    stat: ObjectStat,
    parts: Iterable[tuple[Sequence[RecordColumns], Sequence[RejectedRow]]],
    *,
    read_at_us: int,
) -> int:
    """As ``replace_file``, for a file that comes in parts, each written before the next is asked for; returns the file's
    number. All of it is one transaction, which the caller ends."""
    forget_files(session, source, (stat.key,))
    connection = session.connection()
    file = table_of(SourceFileRow)
    described = {"etag": stat.etag, "size_bytes": stat.size_bytes, "modified_us": stat.modified_us}
    new = insert(file).values(source=source, key=stat.key, read_at_us=read_at_us, accepted=0, rejected=0, **described)
    file_id = int(connection.execute(new.returning(file.c.file_id)).scalar_one())
    written: Counter[type[Any]] = Counter()
    for columns, rejected in parts:
        refused = [columns_of(RejectedRow, rejected, stat.key)] if rejected else []
        for each in (*columns, *refused):
            _insert_columns(session, file_id, written[each.record_type], each)
            written[each.record_type] += len(each)
    mark_named(session, source, file_id)
    counts = {"accepted": written.total() - written[RejectedRow], "rejected": written[RejectedRow]}
    connection.execute(update(file).where(file.c.file_id == file_id).values(**counts))
    return file_id


def set_file_mark(session: Session, source: str, file_id: int, etag: str) -> None:
    """Change the mark by which a file is known, where reading it showed that it must be read again."""
    say_changing(session, source)
    file = table_of(SourceFileRow)
    session.connection().execute(update(file).where(file.c.file_id == file_id).values(etag=etag))


def _insert_columns(session: Session, file_id: int, first: int, records: RecordColumns) -> None:
    count = len(records)
    own = {"file_id": [file_id] * count, "ordinal": range(first, first + count), "line": records.lines}
    insert_columns(session, table_of(MODELS[records.record_type]), {**own, **records.columns})


def forget_files(session: Session, source: str, keys: Iterable[str]) -> int:
    """Remove files and all rows read from them; returns how many files there were."""
    file = table_of(SourceFileRow)
    count = 0
    for chunk in chunks(keys, 500):
        say_changing(session, source)
        unmark_named(session, source, chunk)
        count += session.connection().execute(delete(file).where(file.c.source == source, file.c.key.in_(chunk))).rowcount
    return count


def replace_video_objects(session: Session, source: str, objects: Iterable[StoredObject]) -> None:
    """Set the video objects of the source to exactly these."""
    table = table_of(VideoObjectRow)
    say_changing(session, source)
    session.connection().execute(delete(table).where(table.c.source == source))
    names = names_of(session, source)
    columns = ("source", "object_key", "size_bytes", "etag", "modified_us", "is_named")
    rows = (
        (source, item.object_key, item.size_bytes, item.etag, item.modified_us, is_among(item.object_key, names))
        for item in objects
    )
    insert_rows(session, table, columns, rows)
