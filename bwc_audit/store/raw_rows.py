"""Many rows out of the database at once: the driver's own tuples, without an object or a conversion for each value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast
from sqlalchemy.types import JSON
from sqlmodel import Session

#: Rows that are handed on together; a year holds a million.
BATCH_ROWS = 50_000


def raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as the driver can hand it on unread: a JSON document as its text."""
    return cast(column, Text) if isinstance(column.type, JSON) else column


def raw_batches(session: Session, query: Select[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows of a query as the driver has them: JSON as text (see ``raw``), claims as it spells them."""
    result = session.connection().execute(query.execution_options(stream_results=True))
    cursor = result.cursor
    assert cursor is not None  # noqa: S101 - a SELECT has one
    try:
        while batch := cursor.fetchmany(BATCH_ROWS):
            yield batch
    finally:
        result.close()
