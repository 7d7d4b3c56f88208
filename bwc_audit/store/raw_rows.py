"""Many rows out of the database at once: the driver's own values, without an object or a conversion for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Select, Text, cast, type_coerce
from sqlalchemy.types import JSON
from sqlmodel import Session

#: Rows that are handed on together; a year holds a million.
BATCH_ROWS = 10_000


def raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as the driver can hand it on unread: a JSON document as its text, a claim as it spells it."""
    match column.type:
        case JSON():
            return cast(column, Text)
        case Boolean():
            return type_coerce(column, Integer)
    return column


def raw_batches(session: Session, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a query of ``raw`` columns, a batch at a time, as the driver's own tuples; its faults too are the driver's
    (``store_errors`` knows them). SQLAlchemy's rows would cost more than fetching them."""
    result = session.connection().execute(query)
    cursor = result.cursor
    assert cursor is not None  # noqa: S101 - a SELECT has one
    try:
        while batch := cursor.fetchmany(BATCH_ROWS):
            yield batch
    finally:
        result.close()
