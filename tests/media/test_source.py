"""Many ranges at once through one file: right, few reads, counted, and faults never taken for the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bwc_audit.errors import ObjectChangedError, ObjectStoreError
from bwc_audit.media.source import BLOCK_BYTES, RangeFile
from bwc_audit.objects.folder import FolderStore

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class RecordingStore(FolderStore):
    """Notes every call."""

    calls: list[list[tuple[int, int]]] = field(default_factory=list)

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        self.calls.append(list(ranges))
        if key == "fails":
            raise ObjectStoreError("the connection was reset")
        return super().read_ranges(key, ranges, etag)


def a_file(folder: Path, size_bytes: int, name: str = "x", etag: str | None = None) -> tuple[RangeFile, RecordingStore]:
    path = folder / name
    if not path.exists():
        path.write_bytes((bytes(range(251)) * (size_bytes // 251 + 1))[:size_bytes])
    store = RecordingStore(folder)
    return RangeFile(store, name, size_bytes, etag=etag), store


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.lists(st.tuples(st.integers(0, 1_100_000), st.integers(0, 300_000)), max_size=12),
    before=st.lists(st.integers(0, 999_999), max_size=3),
)
def test_many_ranges_are_what_each_alone_would_be(tmp_path: Path, wanted: list[tuple[int, int]], before: list[int]) -> None:
    source, store = a_file(tmp_path, 1_000_000)
    content = (tmp_path / "x").read_bytes()
    for start in before:
        source.read_at(start, 10)
    is_same = source.read_many(wanted) == [content[start : start + length] for start, length in wanted]
    assert is_same
    assert source.requests == sum(len(call) for call in store.calls)
    assert source.bytes_read == sum(min(length, 1_000_000 - start) for call in store.calls for start, length in call)


def test_neighbours_are_read_together_and_all_in_one_call(tmp_path: Path) -> None:
    source, store = a_file(tmp_path, 2 * MIB)
    source.read_many([(MIB, 10), (0, 100), (100 + 16 * KIB - 1, 50), (200 + 33 * KIB, 7)])
    assert store.calls == [[(0, 100 + 16 * KIB - 1 + 50), (200 + 33 * KIB, 7), (MIB, 10)]]
    assert source.requests == 3


def test_long_ranges_are_shared_out(tmp_path: Path) -> None:
    source, store = a_file(tmp_path, 17 * MIB)
    (whole,) = source.read_many([(0, 17 * MIB)])
    assert store.calls == [[(0, 8 * MIB), (8 * MIB, 8 * MIB), (16 * MIB, MIB)]]
    assert len(whole) == 17 * MIB


def test_blocks_in_memory_serve_and_none_are_added(tmp_path: Path) -> None:
    source, store = a_file(tmp_path, 8 * BLOCK_BYTES)
    source.read_at(0, 10)
    assert source.read_many([(5, 100), (BLOCK_BYTES - 3, 3)]) == [source.read_at(5, 100), source.read_at(BLOCK_BYTES - 3, 3)]
    assert len(store.calls) == 1
    source.read_many([(4 * BLOCK_BYTES, 10)])
    source.read_at(4 * BLOCK_BYTES, 10)
    assert len(store.calls) == 3


def test_nothing_asked_reads_nothing(tmp_path: Path) -> None:
    source, store = a_file(tmp_path, 100)
    assert source.read_many([]) == []
    assert source.read_many([(100, 5), (5_000, 5), (7, 0)]) == [b"", b"", b""]
    assert store.calls == []


def test_a_fault_is_raised_and_kept(tmp_path: Path) -> None:
    source, _ = a_file(tmp_path, 100, "fails")
    with pytest.raises(ObjectStoreError, match="reset"):
        source.read_many([(0, 5)])
    assert source.fault is not None


def test_another_version_is_never_read(tmp_path: Path) -> None:
    _, store = a_file(tmp_path, 300_000)
    source, _ = a_file(tmp_path, 300_000, etag=store.head("x").etag)
    assert source.read_at(0, 3) == b"\x00\x01\x02"
    (tmp_path / "x").write_bytes(b"another")
    for read in (lambda: source.read_at(200_000, 5), lambda: source.read_many([(0, 5), (200_000, 5)])):
        with pytest.raises(ObjectChangedError):
            read()
    assert isinstance(source.fault, ObjectChangedError)
