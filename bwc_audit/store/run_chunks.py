"""The chunks of a run in and out of the store: which are decided, and on what each rests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session

from bwc_audit.domain.chunks import Chunk
from bwc_audit.domain.times import Span
from bwc_audit.store.tables import RunChunkRow, table_of


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """One chunk as stored, but for what it could not examine. ``decided_us`` None: not decided yet. ``basis_hash`` empty:
    never to be taken over."""

    ordinal: int
    span: Span
    decided_us: int | None = None
    basis_hash: str = ""
    origin_run_id: str | None = None
    counts: dict[str, int] = field(default_factory=dict)


def store_chunks(session: Session, run_id: str, planned: Iterable[Chunk]) -> None:
    """Store the chunks of a running run anew; none is decided."""
    table = table_of(RunChunkRow)
    session.connection().execute(delete(table).where(table.c.run_id == run_id))
    rows = [
        {
            "run_id": run_id,
            "ordinal": chunk.ordinal,
            "start_us": chunk.span.start_us,
            "end_us": chunk.span.end_us,
            "basis_hash": "",
            "counts": {},
            "not_examined": [],
        }
        for chunk in planned
    ]
    if rows:
        session.connection().execute(insert(table), rows)


def load_chunks(session: Session, run_id: str) -> tuple[StoredChunk, ...]:
    """The chunks of a run in order of time; none where it is not divided yet, or was recorded before there were chunks."""
    table = table_of(RunChunkRow)
    columns = [column for column in table.c if column.name != "not_examined"]
    query = select(*columns).where(table.c.run_id == run_id).order_by(table.c.ordinal)
    return tuple(_chunk_of(dict(row)) for row in session.connection().execute(query).mappings())


def unexamined_of_each(session: Session, run_id: str) -> Iterator[list[str]]:
    """What each decided chunk of a run could not examine, a sentence each; one chunk is held at a time, since a month's may
    be a hundred thousand."""
    table = table_of(RunChunkRow).c
    query = select(table.ordinal).where(table.run_id == run_id, table.decided_us.is_not(None)).order_by(table.ordinal)
    for ordinal in session.connection().scalars(query).all():
        one = select(table.not_examined).where(table.run_id == run_id, table.ordinal == ordinal)
        yield list(session.connection().scalars(one).one())


def copy_unexamined(session: Session, run_id: str, origin_run_id: str) -> None:
    """Let the chunks of a running run say what those of another one could not examine, by ordinal."""
    table, origin = table_of(RunChunkRow), table_of(RunChunkRow).alias("origin")
    theirs = select(origin.c.not_examined).where(origin.c.run_id == origin_run_id, origin.c.ordinal == table.c.ordinal)
    statement = update(table).where(table.c.run_id == run_id).values(not_examined=theirs.scalar_subquery())
    session.connection().execute(statement)


def mark_decided(session: Session, run_id: str, chunk: StoredChunk, not_examined: Sequence[str] = ()) -> None:
    """Record that a chunk of a running run is decided, what it counted, and what it could not examine."""
    table = table_of(RunChunkRow)
    session.connection().execute(
        update(table)
        .where(table.c.run_id == run_id, table.c.ordinal == chunk.ordinal)
        .values(
            decided_us=chunk.decided_us,
            basis_hash=chunk.basis_hash,
            origin_run_id=chunk.origin_run_id,
            counts=chunk.counts,
            not_examined=list(not_examined),
        )
    )


def unfinished_with_chunks(session: Session, run_ids: Sequence[str]) -> tuple[str, ...]:
    """Those of these runs that decided at least one chunk, newest first."""
    table = table_of(RunChunkRow).c
    query = select(table.run_id).where(table.run_id.in_(run_ids), table.decided_us.is_not(None)).distinct()
    return tuple(sorted(session.connection().scalars(query), reverse=True))


def _chunk_of(row: dict[str, Any]) -> StoredChunk:
    return StoredChunk(
        row["ordinal"],
        Span(row["start_us"], row["end_us"]),
        row["decided_us"],
        row["basis_hash"],
        row["origin_run_id"],
        dict(row["counts"]),
    )
