"""Many rows at once, through the driver: inserts in chunks, and inserts that renew what is there.

Values are converted by the types of their columns, or come ready for the driver where a year of rows is written: there the
conversions of a general library cost more than the database itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar, cast

import psycopg
from psycopg import sql
from sqlalchemy import ARRAY, Boolean, ColumnElement, Connection, Table, Text, any_, func, literal, select
from sqlmodel import Session

from bwc_audit.store.columns import CleanText, clean_text

CHUNK_ROWS = 5_000
#: Values that are looked for together.
AT_ONCE = 10_000

#: The guards of PostgreSQL keep the rows of one COPY together until they have looked at them.
_COPY_ROWS = 50_000

T = TypeVar("T")


def insert_rows(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows whose values stand in the order of ``columns``; returns how many. PostgreSQL: COPY."""
    converters = _converters(session.connection(), table, columns)
    converted = (
        tuple(value if convert is None else convert(value) for convert, value in zip(converters, row, strict=True))
        for row in rows
    )
    return insert_ready(session, table, columns, converted)


def insert_ready(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows whose values are what the driver stores already: clean text, numbers, JSON as text."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return sum(_copy(connection, table, columns, chunk) for chunk in chunks(rows, _COPY_ROWS))
    marks = ", ".join("?" * len(columns))
    named = ", ".join(f'"{column}"' for column in columns)
    statement = f'INSERT INTO "{table.name}" ({named}) VALUES ({marks})'  # noqa: S608 - names of our own tables
    count = 0
    for chunk in chunks(rows, CHUNK_ROWS):
        connection.exec_driver_sql(statement, chunk)
        count += len(chunk)
    return count


def insert_columns(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> int:
    """Insert rows that stand side by side, as ``insert_rows`` does; values are converted a column at a time."""
    connection = session.connection()
    converted = [_converted(connection, table, name, values) for name, values in columns.items()]
    if connection.dialect.name == "postgresql":
        return _copy(connection, table, list(columns), zip(*converted, strict=True))
    marks, named = ", ".join("?" * len(columns)), ", ".join(f'"{column}"' for column in columns)
    statement = f'INSERT INTO "{table.name}" ({named}) VALUES ({marks})'  # noqa: S608 - names of our own tables
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    return driver.executemany(statement, zip(*converted, strict=True)).rowcount


def _converted(connection: Connection, table: Table, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """The values as the driver takes them; a column that needs no change is passed on as it is."""
    kind = table.c[name].type
    (convert,) = _converters(connection, table, (name,))
    if convert is None:
        return values
    if isinstance(kind, CleanText):
        texts = [value for value in values if value is not None] if None in values else values
        if all(type(value) is str for value in texts) and "".join(texts).isprintable():
            return values
    if isinstance(kind, CleanText | Boolean):
        return [None if value is None else convert(value) for value in values]
    known: dict[Any, Any] = {}
    for value in values:  # JSON: most rows say the same, or nothing
        if value not in known:
            known[value] = convert(value)
    return [known[value] for value in values]


def upsert_ready(
    session: Session,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    key: str,
    renewed: Sequence[str],
) -> None:
    """Insert rows, values as in ``insert_ready``; of those whose ``key`` is there already, renew some columns where they
    differ. No two of the rows have one key."""
    connection = session.connection()
    named = ", ".join(f'"{column}"' for column in columns)
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in renewed)
    differs = " OR ".join(f'"{table.name}"."{column}" IS DISTINCT FROM excluded."{column}"' for column in renewed)
    renew = f'ON CONFLICT ("{key}") DO UPDATE SET {changes} WHERE {differs}'
    if connection.dialect.name == "postgresql":
        incoming = f"incoming_{table.name}"
        connection.exec_driver_sql(f'CREATE TEMP TABLE "{incoming}" (LIKE "{table.name}") ON COMMIT DROP')
        _copy(connection, table, columns, rows, into=incoming)
        connection.exec_driver_sql(
            f'INSERT INTO "{table.name}" ({named}) SELECT {named} FROM "{incoming}" {renew}'  # noqa: S608 - our own names
        )
        connection.exec_driver_sql(f'DROP TABLE "{incoming}"')
        return
    # SQLite 3.39 and newer know IS DISTINCT FROM; its own IS NOT means the same in all versions.
    renew = renew.replace("IS DISTINCT FROM", "IS NOT")
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({named}) VALUES ({marks}) {renew}'  # noqa: S608 - our own names
    for chunk in chunks(rows, CHUNK_ROWS):
        connection.exec_driver_sql(statement, chunk)


def is_one_of(session: Session, column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column of text is one of these values, which go as one parameter: a parameter for each costs the library
    more than the database takes to find it."""
    if session.connection().dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(Text)))
    each = func.json_each(literal(json.dumps(list(values)), Text)).table_valued("value")
    return column.in_(select(each.c.value))


def clean_values(row: Sequence[Any]) -> tuple[Any, ...]:
    """The row with text that any database can hold."""
    return tuple(clean_text(value) if isinstance(value, str) else value for value in row)


def is_suspect(document: str) -> bool:
    """Whether values written as this JSON (ASCII only) may hold text that a database cannot; surrogate pairs count too."""
    return "\\u0000" in document or "\\ud" in document


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most ``size`` values each, in order."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def _converters(connection: Connection, table: Table, columns: Sequence[str]) -> tuple[Callable[[Any], Any] | None, ...]:
    dialect = connection.dialect
    return tuple(table.c[column].type.dialect_impl(dialect).bind_processor(dialect) for column in columns)


def _copy(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], into: str | None = None
) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(into or table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count
