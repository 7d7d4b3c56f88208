"""Fragments over a store that lets one wait: few waits, bounded bytes, and the same index whatever was read ahead."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from bwc_audit.media.index import read_index
from bwc_audit.media.sniff import sniff
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import MediaIndex
from bwc_audit.objects.folder import FolderStore
from bwc_audit.objects.s3 import READS_AT_A_TIME

from . import clips as make
from .making_mp4 import box, full, top_level

Clips = Callable[..., Path]


@dataclass(frozen=True)
class WaitingStore(FolderStore):
    """A folder that counts how often one would wait for a store which reads eight ranges at a time."""

    waits: list[int] = field(default_factory=list)

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        self.waits.append(-(-len(ranges) // READS_AT_A_TIME))
        return super().read_ranges(key, ranges, etag)


@dataclass(frozen=True)
class Front:
    """What stands before the fragments, and the body of one of them, with 15 frames."""

    head: bytes
    moof: bytes


@pytest.fixture(scope="session")
def front(clips: Clips) -> Front:
    flags = "frag_keyframe+empty_moov+default_base_moof"
    path = clips("walk.mp4", lambda path: make.write_clip(path, make.street(2), make.tone(2), movflags=flags))
    parts = top_level(path.read_bytes())
    moof = next(body for type_, body in parts if type_ == b"moof")
    return Front(b"".join(box(type_, body) for type_, body in parts[:2]), moof)


def written(path: Path, front: Front, distances: Sequence[int], *, is_listed: bool = False, filling: bytes = b"") -> Path:
    """Fragments so many bytes apart, their media left empty or of ``filling``; ``is_listed``: a list at the end."""
    places = []
    with path.open("wb") as file:
        file.write(front.head)
        for distance in distances:
            places.append(file.tell())
            moof = box(b"moof", front.moof)
            media = distance - len(moof)
            file.write(moof + struct.pack(">I4s", media, b"mdat") + filling[: media - 8])
            file.seek(places[-1] + distance)
        file.truncate(file.tell())
        if is_listed:
            rows = b"".join(struct.pack(">QQ3B", 0, at, 1, 1, 1) for at in places)
            listed = box(b"tfra", full(1, struct.pack(">III", 1, 0, len(places)), rows))
            file.write(box(b"mfra", listed, box(b"mfro", full(0, struct.pack(">I", 8 + len(listed) + 16)))))
    return path


def read(path: Path) -> tuple[MediaIndex, RangeFile, int]:
    store = WaitingStore(path.parent)
    source = RangeFile(store, path.name, path.stat().st_size)
    return read_index(source, sniff(source)), source, sum(store.waits)


def uneven(count: int, around: int) -> list[int]:
    return [around + (number * 7919) % around // 2 for number in range(count)]


def test_without_a_list_several_walks_share_the_waits(front: Front, tmp_path: Path) -> None:
    distances = uneven(1200, 100_000)
    alone, source, waits = read(written(tmp_path / "alone.mp4", front, distances))
    listed, other, waits_listed = read(written(tmp_path / "listed.mp4", front, distances, is_listed=True))
    assert alone.tracks[0].dts.size == 1200 * 15
    for track, same in zip(alone.tracks, listed.tracks, strict=True):
        for one, two in ((track.offsets, same.offsets), (track.pts, same.pts), (track.sizes, same.sizes)):
            np.testing.assert_array_equal(one, two)
    assert waits < 1200 / 4
    assert waits_listed < 1200 / 6
    assert source.bytes_read < 0.04 * sum(distances)
    assert other.bytes_read < 0.03 * sum(distances)


def test_more_than_is_read_ahead_at_a_time(front: Front, tmp_path: Path) -> None:
    distances = [40_000] * 7000
    index, source, waits = read(written(tmp_path / "many.mp4", front, distances, is_listed=True))
    assert index.tracks[0].dts.size == 7000 * 15
    assert waits < 7000 / 6
    assert source.bytes_read < 0.1 * 40_000 * 7000
    assert index.doubts == ()


def test_what_only_looks_like_a_fragment_costs_little_and_changes_nothing(front: Front, tmp_path: Path) -> None:
    lure = (box(b"moof", front.moof[:16]) + bytes(3)) * 2000
    plain, _, _ = read(written(tmp_path / "plain.mp4", front, uneven(300, 60_000)))
    index, source, waits = read(written(tmp_path / "lures.mp4", front, uneven(300, 60_000), filling=lure))
    np.testing.assert_array_equal(index.tracks[0].offsets, plain.tracks[0].offsets)
    np.testing.assert_array_equal(index.tracks[0].pts, plain.tracks[0].pts)
    assert index.tracks[0].dts.size == 300 * 15
    assert waits < 320
    assert source.bytes_read < 0.1 * source.size_bytes


def test_places_that_a_list_makes_up_are_not_believed(front: Front, tmp_path: Path) -> None:
    distances = uneven(300, 60_000)
    path = written(tmp_path / "listed.mp4", front, distances, is_listed=True)
    right, _, _ = read(path)
    content = path.read_bytes()
    at = content.rindex(b"tfra") + 20
    rows = bytearray(content)
    for number in range(300):
        struct.pack_into(">Q", rows, at + 19 * number + 8, (number * 104_729_123) % len(content))
    path.write_bytes(rows)
    wrong, source, _ = read(path)
    np.testing.assert_array_equal(wrong.tracks[0].offsets, right.tracks[0].offsets)
    assert wrong.tracks[0].dts.size == 300 * 15
    assert source.bytes_read < 0.2 * source.size_bytes


def test_close_fragments_are_read_through(front: Front, tmp_path: Path) -> None:
    index, source, waits = read(written(tmp_path / "close.mp4", front, uneven(2000, 8_000)))
    assert index.tracks[0].dts.size == 2000 * 15
    assert waits < 25
    assert source.bytes_read <= source.size_bytes + 70_000


def test_what_takes_too_many_waits_is_said(front: Front, tmp_path: Path) -> None:
    """Fragments whose first box is another one are not found by what they look like."""
    hidden = Front(front.head, box(b"free") + front.moof)
    index, _, waits = read(written(tmp_path / "hidden.mp4", hidden, [40_000] * 11_000))
    assert index.doubts == ("fragments that take more than 10000 reads one after another",)
    assert 5_000 * 15 < index.tracks[0].dts.size < 11_000 * 15
    assert waits < 12_000


def test_what_stands_behind_a_broken_box_is_said_to_be_unknown(front: Front, tmp_path: Path) -> None:
    path = written(tmp_path / "broken.mp4", front, [60_000] * 10)
    whole, _, _ = read(path)
    assert whole.doubts == ()
    content = bytearray(path.read_bytes())
    at = len(front.head) + 5 * 60_000
    content[at : at + 8] = bytes(8)
    path.write_bytes(content)
    rest, _, _ = read(path)
    assert rest.tracks[0].dts.size == 5 * 15
    assert any(f"{5 * 60_000} bytes from byte {at} on" in doubt for doubt in rest.doubts)
