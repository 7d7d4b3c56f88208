"""Opening the database, bringing it to the current revision, and its transactions.

SQLite by default, PostgreSQL by URL; which of the two it is, nothing outside the store knows. A ``reading`` session sees
one snapshot; a ``writing`` session takes the write lock at its start and commits when its block ends without an error.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session

from bwc_audit.errors import StoreError
from bwc_audit.store.faults import place_of, store_errors

#: How long a writer waits for another one before it gives up.
BUSY_S = 15.0

#: PostgreSQL: migrations of two programs at once wait for each other under this number.
_UPGRADE_LOCK = 0x62776361

_WRITES = "bwc_writes"
#: Pages that a connection keeps: the default of 2 MiB is read again and again while a year of findings is written.
_CACHE_KIB = 32 << 10


def open_database(url: str, *, busy_s: float = BUSY_S) -> Engine:
    """The engine for a database URL (``sqlite:///file`` or ``postgresql://…``). Raises ``StoreError``.

    A missing SQLite file is made, readable by its owner only. Nothing is created inside: that is ``upgrade``.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError("database_url is not a URL such as sqlite:///bwc.db or postgresql://host/name") from error
    match parsed.drivername.split("+")[0]:
        case "sqlite":
            return _open_sqlite(parsed, busy_s)
        case "postgresql" | "postgres":
            return _open_postgres(parsed.set(drivername="postgresql+psycopg"), busy_s)
    raise StoreError(f"database_url: {parsed.drivername} is not supported; use sqlite:/// or postgresql://")


def _open_sqlite(url: URL, busy_s: float) -> Engine:
    if url.database and url.database != ":memory:" and not url.database.startswith("file:"):
        _make_private(Path(url.database), url)
    engine = create_engine(url, connect_args={"timeout": busy_s})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(path: Path, url: URL) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make_file(path)
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(path)
    except PermissionError as error:
        raise StoreError(
            f"database {place_of(url)}: no permission to write it: change the owner or mode of {path.parent}, "
            "or set database_url"
        ) from error
    except OSError as error:
        raise StoreError(f"database {place_of(url)}: cannot be made: {error.strerror}; set database_url") from error


def _make_file(path: Path) -> None:
    """Make the file where it is not there, and never open one that is: closing it would drop every lock that this process
    holds on the database in use (POSIX; https://www.sqlite.org/howtocorrupt.html section 2.2)."""
    with suppress(FileExistsError):  # another program was faster
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not open transactions by itself: ours begin in _begin_sqlite, so that DDL is part of them.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = NORMAL", f"cache_size = -{_CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own knows the letters of English only: text searched without regard to case would miss Å and É.
    connection.create_function("lower", 1, lowered, deterministic=True)


def lowered(value: Any) -> Any:
    """Text with every letter that has a small form of one character in it, letter by letter, as PostgreSQL does; anything
    else as it is. Not ``casefold``: it makes two letters of one (ß), which PostgreSQL does not."""
    if not isinstance(value, str):
        return value
    if value.isascii():
        return value.lower()
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in value)


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer under WAL fails at once when somebody wrote in between; so writers say it first.
    is_writing = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _open_postgres(url: URL, busy_s: float) -> Engine:
    arguments: dict[str, Any] = {"connect_timeout": 10, "options": f"-c lock_timeout={int(busy_s * 1000)}"}
    if "options" in url.query:
        arguments.pop("options")
    return create_engine(url, connect_args=arguments, pool_pre_ping=True)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one snapshot and keeps nothing. Raises ``StoreError``."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with store_errors(engine), Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session that commits when the block ends, and takes everything back when it raises. Raises ``StoreError``."""
    with store_errors(engine), Session(engine.execution_options(**{_WRITES: True})) as session:
        yield session
        session.commit()


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Bring the database to the newest revision; returns (revision before, revision now). Raises ``StoreError``."""
    before, head = revisions(engine)
    config = _alembic_config()
    try:
        with store_errors(engine), engine.execution_options(**{_WRITES: True}).begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _UPGRADE_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"database {place_of(engine.url)}: cannot be upgraded: {error}") from error
    return before, head


def revisions(engine: Engine) -> tuple[str | None, str]:
    """(revision of the database, None where it has none; newest revision of this program). Raises ``StoreError``."""
    with store_errors(engine), engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    if head is None:
        raise StoreError("this program holds no migrations: it is not completely installed")
    return current, head


def require_current(engine: Engine) -> None:
    """Raises ``StoreError`` unless the database is exactly at the newest revision."""
    current, head = revisions(engine)
    if current == head:
        return
    known = {script.revision for script in ScriptDirectory.from_config(_alembic_config()).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"database {place_of(engine.url)} is ahead of this program: it is at revision {current}, the program knows "
            f"up to {head}; install the newer bwc-audit"
        )
    raise StoreError(
        f"database {place_of(engine.url)} is behind its migrations: it is at {current or 'no revision'}, the program "
        f"needs {head}; run `bwc-audit db upgrade`"
    )


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
