"""Which listed videos are named by a segment of their source: kept as a mark while rows come and go, and asked for here.

Whether a video without metadata matters is decided elsewhere. Every writer of segments or videos keeps the mark in its own
transaction, so that it is true at each commit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import exists, select, update
from sqlmodel import Session

from bwc_audit.domain.video_table import VideoTable
from bwc_audit.store.bulk import AT_ONCE, chunks, is_one_of
from bwc_audit.store.columns import clean_text
from bwc_audit.store.raw_rows import raw_batches
from bwc_audit.store.tables import SegmentRow, SourceFileRow, VideoObjectRow, table_of

#: More keys than this are looked for while reading all videos of the source.
MOST_BY_KEY = 300_000


def names_of(session: Session, source: str) -> set[str]:
    """The object keys that segments of the source name."""
    segment, file = table_of(SegmentRow).c, table_of(SourceFileRow).c
    query = select(segment.object_key).where(
        segment.file_id.in_(select(file.file_id).where(file.source == source)), segment.object_key.is_not(None)
    )
    return {key for batch in raw_batches(session, query) for (key,) in batch}


def is_among(key: str, names: Collection[str]) -> bool:
    """Whether the key, as it is stored, is one of the stored names."""
    return clean_text(key) in names


def mark_named(session: Session, source: str, file_id: int) -> None:
    """After the rows of a file came in: the videos that it names are named."""
    table, segment = table_of(VideoObjectRow), table_of(SegmentRow).c
    named_here = select(segment.object_key).where(segment.file_id == file_id)
    session.connection().execute(
        update(table)
        .where(table.c.source == source, ~table.c.is_named, table.c.object_key.in_(named_here))
        .values(is_named=True)
    )


def unmark_named(session: Session, source: str, keys: Sequence[str]) -> None:
    """Before the files with these keys go: videos that only they name are named no longer."""
    table, segment, file = table_of(VideoObjectRow), table_of(SegmentRow), table_of(SourceFileRow).c
    of_source = select(file.file_id).where(file.source == source)
    other = segment.alias("other")
    named_there = select(segment.c.object_key).where(segment.c.file_id.in_(of_source.where(file.key.in_(keys))))
    is_named_elsewhere = exists().where(
        other.c.object_key == table.c.object_key, other.c.file_id.in_(of_source.where(file.key.not_in(keys)))
    )
    session.connection().execute(
        update(table)
        .where(table.c.source == source, table.c.is_named, table.c.object_key.in_(named_there), ~is_named_elsewhere)
        .values(is_named=False)
    )


def videos_in_question(session: Session, source: str, named: Collection[str]) -> VideoTable:
    """Videos of the source whose key is one of ``named``, and those that no segment at all names, by key."""
    video = table_of(VideoObjectRow).c
    columns = (video.object_key, video.size_bytes, video.etag, video.modified_us)
    rows: list[Sequence[Any]] = []
    if len(named) <= MOST_BY_KEY:
        queries = [select(*columns).where(video.source == source, ~video.is_named)]
        queries += [
            select(*columns).where(video.source == source, video.is_named, is_one_of(session, video.object_key, keys))
            for keys in chunks(sorted(named), AT_ONCE)
        ]
        for query in queries:
            for batch in raw_batches(session, query):
                rows.extend(batch)
    else:
        for batch in raw_batches(session, select(*columns, ~video.is_named).where(video.source == source)):
            rows.extend(row[:-1] for row in batch if row[-1] or row[0] in named)
    rows.sort(key=itemgetter(0))  # here: databases order text by their own collations
    return VideoTable(*(list(column) for column in zip(*rows, strict=True))) if rows else VideoTable([], [], [], [])
