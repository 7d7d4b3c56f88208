"""Many rows at once: inserts in chunks through the driver, values converted by the types of their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table
from sqlmodel import Session

CHUNK_ROWS = 5_000

T = TypeVar("T")


def insert_rows(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows whose values stand in the order of ``columns``; returns how many. PostgreSQL: COPY."""
    connection = session.connection()
    converters = _converters(connection, table, columns)
    converted = (
        tuple(value if convert is None else convert(value) for convert, value in zip(converters, row, strict=True))
        for row in rows
    )
    if connection.dialect.name == "postgresql":
        return _copy(connection, table, columns, converted)
    marks = ", ".join("?" * len(columns))
    named = ", ".join(f'"{column}"' for column in columns)
    statement = f'INSERT INTO "{table.name}" ({named}) VALUES ({marks})'  # noqa: S608 - names of our own tables
    count = 0
    for chunk in chunks(converted, CHUNK_ROWS):
        connection.exec_driver_sql(statement, chunk)
        count += len(chunk)
    return count


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most ``size`` values each, in order."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def _converters(connection: Connection, table: Table, columns: Sequence[str]) -> tuple[Callable[[Any], Any] | None, ...]:
    dialect = connection.dialect
    return tuple(table.c[column].type.dialect_impl(dialect).bind_processor(dialect) for column in columns)


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count
