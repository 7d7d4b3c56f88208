"""The embedded server: starts over old data, keeps its keys to itself, always ends."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bwc_audit import embedded_s3 as module
from bwc_audit.embedded_s3 import EmbeddedS3, UploadCounts, embedded_s3, upload_tree
from bwc_audit.errors import ConfigurationError, ObjectForbiddenError
from tests.fixtures_s3 import store_as

HOLD_SERVER = """
import sys, time
from pathlib import Path
from bwc_audit.embedded_s3 import embedded_s3
with embedded_s3(Path(sys.argv[1])) as server:
    print(server.process_id, flush=True)
    time.sleep(60)
"""


def is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_ended(process_id: int, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while is_running(process_id) and time.monotonic() < until:
        time.sleep(0.1)
    return not is_running(process_id)


def test_a_second_start_finds_the_data_and_has_other_keys(tmp_path: Path) -> None:
    with embedded_s3(tmp_path / "state") as first:
        first.client().create_bucket(Bucket="kept")
        first.client().put_object(Bucket="kept", Key="x", Body=b"abc")
    assert not is_running(first.process_id)
    began = time.monotonic()
    with embedded_s3(tmp_path / "state") as second:
        assert time.monotonic() - began < 5
        assert second.client().get_object(Bucket="kept", Key="x")["Body"].read() == b"abc"
        assert {first.access_key, first.secret_key}.isdisjoint({second.access_key, second.secret_key})
        old_keys = EmbeddedS3(second.endpoint_url, first.access_key, first.secret_key, second.process_id)
        with pytest.raises(ObjectForbiddenError):
            store_as(old_keys, "kept").head("x")
    assert not is_running(second.process_id)


def test_keys_stand_in_no_argument_log_or_file(s3_server: EmbeddedS3) -> None:
    process = Path(f"/proc/{s3_server.process_id}")
    data_dir = Path(os.readlink(process / "cwd"))
    told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes() + repr(s3_server).encode()
    for secret in (s3_server.access_key, s3_server.secret_key):
        assert secret.encode() not in told
        assert secret.encode() not in (data_dir / "server.log").read_bytes()
    assert not (data_dir / "identities.json").exists()
    assert stat.S_IMODE((data_dir / "server.log").stat().st_mode) == 0o600


def test_listens_on_loopback_only(s3_server: EmbeddedS3) -> None:
    sockets = {os.readlink(each) for each in Path(f"/proc/{s3_server.process_id}/fd").iterdir()}
    inodes = {name[len("socket:[") : -1] for name in sockets if name.startswith("socket:[")}
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            cells = line.split()
            if cells[3] == "0A" and cells[9] in inodes:
                listening.add(cells[1].rpartition(":")[0])
    assert listening == {"0100007F"}  # 127.0.0.1


def test_the_body_failing_still_stops_the_server(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), embedded_s3(tmp_path) as server:
        raise KeyboardInterrupt
    assert not is_running(server.process_id)


def test_the_server_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    starter = subprocess.Popen([sys.executable, "-c", HOLD_SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    server_id = int(starter.stdout.readline())
    assert is_running(server_id)
    arguments = Path(f"/proc/{server_id}/cmdline").read_text()
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    assert wait_until_ended(server_id, within_s=15)
    remove_sockets(arguments)  # the server leaves them, and its starter could not remove them


def remove_sockets(arguments: str) -> None:
    for port in re.findall(r"port=(\d+)", arguments):
        for number in (int(port), int(port) + module.GRPC_OFFSET):
            for path in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):  # noqa: S108 - the server's own choice
                path.unlink()


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "weed"
    program.write_text("#!/bin/sh\necho cannot lock the store\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(module, "server_program", lambda: str(program))
    with pytest.raises(ConfigurationError, match=r"did not come up(.|\n)*cannot lock the store"), embedded_s3(tmp_path):
        pass
    assert not (tmp_path / "identities.json").exists()


def test_uploads_only_what_is_new_or_changed(s3_server: EmbeddedS3, tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    (folder / "footage").mkdir(parents=True)
    (folder / "footage" / "large.bin").write_bytes(b"0123456789abcdef" * 400_000)
    (folder / "a.csv").write_text("a\n")
    (folder / "empty").write_text("")
    client = s3_server.client()

    def upload(remove_extra: bool = False) -> UploadCounts:
        return upload_tree(folder, client, "upload-test", "p", remove_extra=remove_extra)

    assert upload() == UploadCounts(uploaded=3, unchanged=0, uploaded_bytes=6_400_002)
    assert upload() == UploadCounts(uploaded=0, unchanged=3)
    (folder / "a.csv").write_text("b\n")
    (folder / "empty").unlink()
    assert upload() == UploadCounts(uploaded=1, unchanged=1, extra=1, uploaded_bytes=2)
    assert upload(remove_extra=True) == UploadCounts(unchanged=2, removed=1)
    store = store_as(s3_server, "upload-test", "p")
    assert [each.key for each in store.list_objects()] == ["a.csv", "footage/large.bin"]
    assert store.read_all("a.csv", 9) == b"b\n"


def test_an_empty_folder_is_not_uploaded_in_silence(s3_server: EmbeddedS3, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no files"):
        upload_tree(tmp_path, s3_server.client(), "upload-nothing")
