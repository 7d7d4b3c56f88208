"""How columns are said: named constraints, times as whole microseconds, a comment on every column.

A comment names the unit and the origin of a value and, where it may be null, what null means. Text that a database
cannot hold (NUL, lone surrogates) is replaced by U+FFFD on its way in, so that a hostile row is kept rather than lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Double, Integer, LargeBinary, MetaData, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Stored(SQLModel):
    """Base of all tables; its metadata names every constraint."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)


class CleanText(TypeDecorator[str]):
    """Text that any database can hold; enums go in as their value."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as stored; the same text for all that Unicode allows except NUL."""
        return None if value is None else clean_text(value)


def clean_text(value: str) -> str:
    """``value`` without what UTF-8 or PostgreSQL cannot hold."""
    text = value if type(value) is str else str.__str__(value)
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode() if not _is_encodable(text) else text
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(comment: str, **options: Any) -> Any:
    """A text column."""
    return Field(sa_type=CleanText, sa_column_kwargs={"comment": comment}, **options)


def integer(comment: str, **options: Any) -> Any:
    """A 64-bit count or time."""
    return Field(sa_type=BigInteger, sa_column_kwargs={"comment": comment}, **options)


def small(comment: str, **options: Any) -> Any:
    """A 32-bit number; as a primary key it counts up by itself."""
    return Field(sa_type=Integer, sa_column_kwargs={"comment": comment}, **options)


def number(comment: str, **options: Any) -> Any:
    """A double-precision number; never a time."""
    return Field(sa_type=Double, sa_column_kwargs={"comment": comment}, **options)


def claim(comment: str, **options: Any) -> Any:
    """True or false."""
    return Field(sa_type=Boolean, sa_column_kwargs={"comment": comment}, **options)


def document(comment: str, **options: Any) -> Any:
    """JSON."""
    return Field(sa_type=JSON(none_as_null=True), sa_column_kwargs={"comment": comment}, **options)


def blob(comment: str, **options: Any) -> Any:
    """Bytes."""
    return Field(sa_type=LargeBinary, sa_column_kwargs={"comment": comment}, **options)


def one_of(column: str, values: Iterable[StrEnum | str], *, name: str | None = None) -> CheckConstraint:
    """CHECK that a column holds one of the values of an enum (null passes)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or f"{column}_known")


def not_negative(*columns: str) -> tuple[CheckConstraint, ...]:
    """CHECKs that columns are at least 0 (null passes)."""
    return tuple(CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative") for column in columns)


def ordered(first: str, last: str, *, is_strict: bool = False) -> CheckConstraint:
    """CHECK that two times do not run backwards (null passes); ``is_strict``: nor coincide."""
    sign = ">" if is_strict else ">="
    return CheckConstraint(f"{last} {sign} {first}", name=f"{last}_after_{first}")
