"""What a confined process can no longer do, tried in one; and what its parent takes from it."""

from __future__ import annotations

import json
import pickle
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bwc_audit.domain.inspection import (
    Defect,
    DefectKind,
    Examined,
    Inspection,
    InspectionRequest,
    InspectionStatus,
    Still,
)
from bwc_audit.domain.measures import Lengths, Measures, PictureMeasures
from bwc_audit.domain.times import Span
from bwc_audit.errors import ObjectForbiddenError, ObjectMissingError
from bwc_audit.media.broker import BYTES, FAULT, MOST_BYTES, Broker, BrokeredStore
from bwc_audit.media.isolated import inspect_many
from bwc_audit.media.wire import WireError, packed, receive_frame, unpacked
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.objects.folder import FolderStore

from .clips import street, tone, write_clip
from .conftest import RULES

ATTEMPTS = {
    "open a file": "open('/etc/passwd').read()",
    "open a file by system call": "call(257, -100, b'/etc/passwd', 0)",
    "open a file the old way": "call(2, b'/etc/passwd', 0)",
    "write a file": "open('/tmp/bwc-audit-breach', 'w')",
    "list a folder": "os.listdir('/')",
    "remove a file": "os.unlink('/tmp/bwc-audit-nothing')",
    "make a socket": "socket.socket()",
    "make a pair of sockets": "socket.socketpair()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "start a program": "subprocess.run(['/bin/true'])",
    "fork": "os.fork()",
    "start a thread": "threading.Thread(target=print).start()",
    "clone": "call(56, 17, 0, 0, 0, 0)",
    "clone the new way": "call(435, 0, 0)",
    "kill its parent": "os.kill(os.getppid(), 0)",
    "watch another process": "call(101, 16, os.getppid(), 0, 0)",
    "read another process": "call(310, os.getppid(), 0, 0, 0, 0, 0)",
    "make memory executable": "mmap.mmap(-1, 4096, prot=7)",
    "mount": "call(165, b'none', b'/mnt', b'tmpfs', 0, 0)",
    "raise a limit": "resource.setrlimit(resource.RLIMIT_DATA, (1 << 40, 1 << 40))",
    "use calls of the 32 bit kind": "call(0x40000002, b'/etc/passwd', 0)",
    "ring": "call(425, 4, 0)",
    "take much memory": "bytearray(1 << 30)",
}
SCRIPT = """
import ctypes, json, mmap, os, resource, socket, subprocess, sys, threading
from bwc_audit.media.confinement import confine
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
attempts = json.loads(sys.argv[1])
in_force = confine(200 << 20, 4)
seen = {}
for name, attempt in attempts.items():
    try:
        exec(attempt)
        seen[name] = "done"
    except (OSError, RuntimeError, MemoryError, ValueError) as error:
        seen[name] = type(error).__name__
print(json.dumps([in_force, seen]), flush=True)
"""


def test_a_confined_process_can_do_none_of_it() -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(ATTEMPTS)], capture_output=True, text=True, timeout=60, check=True
    )
    in_force, seen = json.loads(run.stdout)
    assert "no files, network, processes or threads (system call filter)" in in_force
    refused = {"PermissionError", "MemoryError", "RuntimeError", "ValueError"}
    assert {name: outcome for name, outcome in seen.items() if outcome not in refused} == {}
    assert list(seen) == list(ATTEMPTS)
    assert not Path("/tmp/bwc-audit-breach").exists()  # noqa: S108


def test_unconfined_it_could(tmp_path: Path) -> None:
    harmless = {"open a file": ATTEMPTS["open a file"], "make a socket": ATTEMPTS["make a socket"]}
    script = SCRIPT.replace("confine(200 << 20, 4)", "()")
    run = subprocess.run(
        [sys.executable, "-c", script, json.dumps(harmless)], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(run.stdout)[1] == {"open a file": "done", "make a socket": "done"}


def test_every_codec_still_works_confined(tmp_path: Path) -> None:
    made: dict[str, dict[str, Any]] = {
        "mjpeg.avi": {"c:v": "mjpeg"},
        "h264.ts": {},
        "h264.mp4": {},
        "mpeg4.mkv": {"c:v": "mpeg4"},
        "hevc.mp4": {"c:v": "libx265", "x265-params": "log-level=none"},
        "vp9.webm": {"c:v": "libvpx-vp9", "c:a": "libopus", "deadline": "realtime"},
    }
    for name, options in made.items():
        write_clip(tmp_path / name, street(4), tone(4), **options)
    names = sorted(path.name for path in tmp_path.iterdir())
    for request, one in inspect_many(FolderStore(tmp_path), [InspectionRequest(name) for name in names], RULES, workers=1):
        assert isinstance(one, Inspection)
        assert (request.object_key, one.status, one.detail) == (request.object_key, InspectionStatus.COMPLETE, "")
        assert one.examined.frames_sampled
        assert one.examined.audio_us
        assert one.stills


AN_INSPECTION = Inspection(
    "a.mp4",
    InspectionStatus.PARTIAL,
    examined=Examined(5, 3, elapsed_s=0.5, spans=(Span(0, 7),)),
    defects=(Defect(DefectKind.BLACK_VIDEO, 0, 5, 1.0, {"luma": 3.5, "frames": 2.0}),),
    stills=(Still(3, b"\xff\xd8", "00"),),
    not_examined=("clock",),
    measures=Measures(
        Lengths(5, 5),
        (PictureMeasures(0, 5, True, 1.0, float("nan"), np.ones((2, 3), np.float32), difference=0.5),),
        frames_damaged=np.int64(2),  # type: ignore[arg-type]  # as numpy gives counts
    ),
)


def test_an_inspection_travels_unchanged() -> None:
    there = unpacked(Inspection, packed(AN_INSPECTION))
    assert replace(there, measures=None) == replace(AN_INSPECTION, measures=None)
    assert there.measures is not None
    (picture,) = there.measures.pictures
    assert np.isnan(picture.luma_p99)
    assert picture.tile_detail.dtype == np.float32
    assert picture.tile_detail.tolist() == [[1.0] * 3] * 2
    assert there.measures.frames_damaged == 2


def changed(find: bytes, put: bytes) -> bytes:
    content = packed(AN_INSPECTION)
    length = int.from_bytes(content[:4])
    text = content[4 : 4 + length]
    assert find in text
    text = text.replace(find, put, 1)
    return len(text).to_bytes(4) + text + content[4 + length :]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0\x05[]",
        pickle.dumps(AN_INSPECTION),
        packed(AN_INSPECTION)[:-1],
        changed(b'"partial"', b'"verdict"'),
        changed(b'"partial"', b"7"),
        changed(b'"a.mp4"', b"null"),
        changed(b'"a.mp4"', b"[" * 50_000),
        changed(b"[2,3]", b"[2,4]"),
        changed(b"[2,3]", b"[2,-3]"),
        changed(b'"<f4"', b'"|O8"'),
        changed(b'"<f4"', b'"<f8"'),
        changed(b"[[0,7]]", b"[[7,0]]"),
        changed(b"[[0,7]]", b"[[0,99999999999999999999]]"),
        changed(b"[[0,7]]", b"[[0,7.5]]"),
        changed(b"[0,2]", b"[0,2000]"),
        changed(b"3.5", b'{"__class__":1}'),
    ],
)
def test_what_is_no_inspection_is_refused(content: bytes) -> None:
    with pytest.raises(WireError):
        unpacked(Inspection, content)


def asked(broker: Broker, wanted: bytes) -> tuple[bytes, bytes]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        broker.answer(ours, wanted)
        kind, content = receive_frame(theirs, {BYTES: 1 << 20, FAULT: 1 << 20})
        return kind, bytes(content)


@pytest.mark.parametrize(
    "wanted",
    [
        b"",
        b"x" * 13,
        (0).to_bytes(8) + (MOST_BYTES + 1).to_bytes(4),
        (101).to_bytes(8) + (1).to_bytes(4),
        2 * ((0).to_bytes(8) + (MOST_BYTES // 2 + 1).to_bytes(4)),
    ],
)
def test_requests_beyond_bounds_are_not_read(tmp_path: Path, wanted: bytes) -> None:
    broker = Broker(FolderStore(tmp_path / "never read"), ObjectStat("x", 100, "e", 0))
    with pytest.raises(WireError):
        asked(broker, wanted)
    assert broker.fault is None


def test_a_fault_keeps_its_kind(tmp_path: Path) -> None:
    broker = Broker(FolderStore(tmp_path), ObjectStat("x", 100, "e", 0))
    kind, content = asked(broker, (0).to_bytes(8) + (1).to_bytes(4))
    assert kind == FAULT
    assert b"is not there" in content
    assert isinstance(broker.fault, ObjectMissingError)


def served(folder: Path, use: Any) -> Any:
    """``use(store)`` with the child's side of a broker that a thread serves."""
    stat = FolderStore(folder).head("x")
    broker = Broker(FolderStore(folder), stat)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        while True:
            try:
                _, wanted = receive_frame(ours, {b"W": 1 << 16})
            except EOFError:
                return
            broker.answer(ours, wanted)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        return use(BrokeredStore(theirs, stat))
    finally:
        theirs.close()
        thread.join()
        ours.close()


def test_the_childs_store_reads_as_the_store_does(tmp_path: Path) -> None:
    content = bytes(range(256)) * 150_000
    (tmp_path / "x").write_bytes(content)
    ranges = [(n * 7, n % 50) for n in range(1_200)] + [(0, len(content)), (len(content) - 5, 50), (len(content), 5)]
    read = served(tmp_path, lambda store: store.read_ranges("x", ranges))
    is_same = read == [content[start : start + length] for start, length in ranges]
    assert is_same


def test_the_childs_store_knows_no_other_object(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).write_bytes(b"abc")
    for ask in (lambda store: store.head("y"), lambda store: store.read_range("y", 0, 1)):
        with pytest.raises(ObjectForbiddenError):
            served(tmp_path, ask)
    assert [each.key for each in served(tmp_path, lambda store: list(store.list_objects()))] == ["x"]
