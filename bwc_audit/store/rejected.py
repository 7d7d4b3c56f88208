"""Rows of a source that stand rejected now, counted by reason and listed; of all files, or of those read until a moment."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from bwc_audit.domain.records import RejectedRow, RejectReason, RowRef
from bwc_audit.store.tables import RejectedRowRow, SourceFileRow, table_of


@dataclass(frozen=True, slots=True)
class RejectedSum:
    """Files of which nothing or not all could be read, ascending; and how many single rows stand rejected."""

    files: tuple[str, ...]
    lines: int


def sum_of_rejected(session: Session, source: str) -> RejectedSum:
    """What stands rejected of a source now, without reading each row."""
    row, file = table_of(RejectedRowRow).c, table_of(SourceFileRow).c
    of_source = (file.file_id == row.file_id, file.source == source)
    files = session.connection().scalars(select(file.key).where(*of_source, row.line == 0).distinct())
    lines = session.connection().scalar(select(func.count()).where(*of_source, row.line > 0))
    return RejectedSum(tuple(sorted(files)), lines or 0)


def count_rejected(session: Session, source: str, *, read_until_us: int | None = None) -> dict[RejectReason, int]:
    """How many rows stand rejected for which reason, the most frequent first."""
    row, file = table_of(RejectedRowRow).c, table_of(SourceFileRow).c
    query = (
        select(row.reason, func.count())
        .where(file.file_id == row.file_id, file.source == source, *_read_until(read_until_us))
        .group_by(row.reason)
        .order_by(func.count().desc(), row.reason)
    )
    return {RejectReason(reason): count for reason, count in session.connection().execute(query)}


def load_rejected(
    session: Session, source: str, limit: int | None = None, *, read_until_us: int | None = None
) -> tuple[RejectedRow, ...]:
    """The rejected rows by file and line, at most so many, or all."""
    row, file = table_of(RejectedRowRow).c, table_of(SourceFileRow).c
    query = (
        select(file.key, row.line, row.field, row.reason, row.detail, row.text)
        .where(file.file_id == row.file_id, file.source == source, *_read_until(read_until_us))
        .order_by(file.key, row.line, row.ordinal)
        .limit(limit)
    )
    return tuple(
        RejectedRow(row=RowRef(key, line), field=name, reason=RejectReason(reason), detail=detail, text=text)
        for key, line, name, reason, detail, text in session.connection().execute(query)
    )


def _read_until(at_us: int | None) -> list[ColumnElement[bool]]:
    return [] if at_us is None else [table_of(SourceFileRow).c.read_at_us <= at_us]
