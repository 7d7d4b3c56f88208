"""The server of the tests runs from the wheel as well as from Debian's packages, as root or not."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg

from tests.fixtures_postgres import debian_programs, running_server, wheel_programs


def test_the_server_of_a_wheel_in_a_private_folder_starts_answers_and_leaves_nothing(tmp_path: Path) -> None:
    package = wheel_programs().parent.parent
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.parent / name, tmp_path / "private" / name, symlinks=True)
    (tmp_path / "private").chmod(0o700)
    with running_server(tmp_path / "private" / package.name / "pginstall" / "bin") as server:
        folder = server.socket_dir
        name = server.create_database()
        with psycopg.connect(server.url(name)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not folder.exists()


def test_debian_programs_are_the_newest_ones() -> None:
    programs = debian_programs()
    assert programs is None or (programs / "initdb").exists()
