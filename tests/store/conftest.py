"""Every test of the store runs on SQLite and on a real PostgreSQL, each on a fresh, migrated database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bwc_audit.store.database import open_database, upgrade
from tests.fixtures_postgres import PostgresServer


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("store") / "migrated.db"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    """The name of a PostgreSQL database at the newest revision, to be copied."""
    name = postgres_server.create_database()
    engine = open_database(postgres_server.url(name))
    upgrade(engine)
    engine.dispose()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return str(request.param)


@pytest.fixture
def empty_url(dialect: str, tmp_path: Path, postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a database without any table."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def engine(
    dialect: str, tmp_path: Path, migrated_file: Path, postgres_server: PostgresServer, migrated_template: str
) -> Iterator[Engine]:
    """A migrated database without rows."""
    if dialect == "sqlite":
        engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'bwc.db')}")
        yield engine
        engine.dispose()
        return
    name = postgres_server.create_database(migrated_template)
    engine = open_database(postgres_server.url(name))
    yield engine
    engine.dispose()
    postgres_server.drop_database(name)
