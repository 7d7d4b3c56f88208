"""Text is found in either case, whatever its letters, and alike on both databases."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from bwc_audit.store.database import open_database, reading, upgrade, writing
from bwc_audit.store.run_list import has_text, load_runs
from bwc_audit.store.runs import open_run
from tests.fixtures_postgres import PostgresServer
from tests.store.test_runs import REQUEST

_SAID = ("Åsa ÉLAN", "straße", "ΟΔΟΣ", "Ёлка", "ŁÓDŹ 100%", "plain English", None)
_FOUND = {
    "åsa élan": ["Åsa ÉLAN"],
    "ÅSA": ["Åsa ÉLAN"],
    "STRAßE": ["straße"],
    "strasse": [],  # two letters are not one
    "οδοσ": ["ΟΔΟΣ"],
    "ёЛКА": ["Ёлка"],
    "łódź 100%": ["ŁÓDŹ 100%"],
    "0_%": [],  # marks of patterns are text
    "ENGLISH": ["plain English"],
}


@pytest.fixture
def any_letters(dialect: str, tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Engine]:
    """A migrated database; on PostgreSQL one that knows the letters of UTF-8, as docs/operations.md asks for."""
    name = f"t_{secrets.token_hex(8)}"
    if dialect == "postgresql":
        with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'".encode())
    engine = open_database(f"sqlite:///{tmp_path / name}" if dialect == "sqlite" else postgres_server.url(name))
    upgrade(engine)
    yield engine
    engine.dispose()
    if dialect == "postgresql":
        postgres_server.drop_database(name)


def test_text_is_found_in_either_case_and_nothing_else_is(any_letters: Engine) -> None:
    with writing(any_letters) as session:
        for place, said in enumerate(_SAID):
            open_run(session, replace(REQUEST, reason=said), started_us=place, software_version="1")
    with reading(any_letters) as session:
        found = {typed: [one.request.reason for one in load_runs(session, wanted=[has_text(typed)])] for typed in _FOUND}
    assert found == _FOUND
