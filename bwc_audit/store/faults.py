"""What databases complain about, said as ``StoreError`` with the mend. Never shows the password of a URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from bwc_audit.errors import StoreError

#: (what the driver says, what is wrong and how to mend it); the first that fits is told.
_MENDS = (
    ("database is locked", "it is locked by another program: wait for that, or stop it, and run this again"),
    ("deadlock detected", "two writers waited for each other: run this again"),
    ("lock timeout", "it is locked by another program: wait for that, or stop it, and run this again"),
    ("readonly database", "it may not be written: give this user write permission to the file and its folder"),
    ("unable to open database file", "the file cannot be opened: check that the folder exists and its permissions"),
    ("file is not a database", "the file is not an SQLite database: check the path in database_url"),
    ("malformed", "the file is damaged: restore a backup"),
    ("disk is full", "no space is left: free some and run this again"),
    ("no space left", "no space is left: free some and run this again"),
    ("password authentication failed", "user or password is refused: check database_url"),
    ("no password supplied", "the server wants a password: put it into database_url"),
    ("permission denied", "this user lacks a permission there: grant it"),
    ("does not exist", "something the program expects is not there: check database_url, then run `bwc-audit db upgrade`"),
    ("no such table", "a table is missing: run `bwc-audit db upgrade`"),
    ("no such column", "a column is missing: run `bwc-audit db upgrade`"),
    ("connection refused", "no server answers there: start PostgreSQL, or check database_url"),
    ("could not translate host name", "the host name is not known: check database_url"),
    ("failed to resolve host", "the host name is not known: check database_url"),
    ("connection timeout", "no server answers there in time: check host, port and firewall"),
    ("is the server running", "no server answers there: start PostgreSQL, or check database_url"),
    ("connection failed", "no server answers there: start PostgreSQL, or check database_url"),
    ("server closed the connection", "the server went away: start it and run this again"),
    ("terminating connection", "the server went away: start it and run this again"),
)


def place_of(url: URL) -> str:
    """Where the database lies, for messages: without password."""
    return url.render_as_string(hide_password=True)


@contextmanager
def store_errors(target: Engine | URL) -> Iterator[None]:
    """Translate what the database raises inside the block. Raises ``StoreError``."""
    url = target.url if isinstance(target, Engine) else target
    try:
        yield
    except (SQLAlchemyError, psycopg.Error, sqlite3.Error, OverflowError) as error:
        raise StoreError(f"database {place_of(url)}: {_said(error, url)}") from error


def _said(error: Exception, url: URL) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    told = " ".join(str(cause).split())
    if url.password:
        told = told.replace(str(url.password), "***")
    if isinstance(error, (IntegrityError, psycopg.IntegrityError, sqlite3.IntegrityError)):
        return f"a rule of the stored data refused this: {told}"
    lowered = told.lower()
    mend = next((mend for sign, mend in _MENDS if sign in lowered), "")
    return f"{mend} ({told[:400]})" if mend else told[:600]
