"""What files claim and do not hold: bounds, tables that contradict each other, cut files, refusals, and few requests."""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.boxes import first_boxes
from bwc_audit.media.index import read_index
from bwc_audit.media.mp4_entries import SampleEntry
from bwc_audit.media.mp4_tables import MOST_SAMPLES, read_samples
from bwc_audit.media.sniff import sniff
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import MediaIndex
from bwc_audit.objects.folder import FolderStore

from . import clips as make
from .making_mp4 import Change, box, full, rewritten, rows_of, table, top_level

Clips = Callable[..., Path]


def index_of(path: Path) -> tuple[MediaIndex, RangeFile]:
    source = RangeFile(FolderStore(path.parent), path.name, path.stat().st_size)
    return read_index(source, sniff(source)), source


def reason_of(path: Path) -> str:
    with pytest.raises(MediaUnreadableError) as raised:
        index_of(path)
    return raised.value.reason


@pytest.fixture(scope="session")
def base(clips: Clips) -> bytes:
    """30 frames and sound, ``moov`` at the end."""
    path = clips("bounds.mp4", lambda path: make.write_clip(path, make.street(2), make.tone(2), preset="fast", bf=2))
    return path.read_bytes()


@pytest.fixture(scope="session")
def fragmented(clips: Clips) -> bytes:
    flags = "frag_keyframe+empty_moov+default_base_moof"
    path = clips("bounds_f.mp4", lambda path: make.write_clip(path, make.street(4), make.tone(4), movflags=flags))
    return path.read_bytes()


@pytest.fixture
def changed(base: bytes, tmp_path: Path) -> Callable[..., Path]:
    """The base clip with some boxes of its first track changed."""

    def write(changes: dict[bytes, Change], track: int | None = 0) -> Path:
        path = tmp_path / "changed.mp4"
        path.write_bytes(rewritten(base, changes, track=track))
        return path

    return write


def put(form: str, at: int, *values: int) -> Change:
    """Overwrites some fields of a body."""

    def change(body: bytes) -> bytes:
        written = bytearray(body)
        struct.pack_into(f">{form}", written, at, *values)
        return bytes(written)

    return change


CONTRADICTIONS: dict[str, tuple[dict[bytes, Change], int]] = {
    "fewer_times": ({b"stts": lambda _: table("II", [(20, 1024)])}, 30),
    "more_times": ({b"stts": lambda _: table("II", [(10**9, 1024)])}, 30),
    "times_that_sum_beyond_32_bits": ({b"stts": lambda _: table("II", [(2**32 - 1, 2**31)] * 50)}, -1),
    "times_of_no_sample": ({b"stts": lambda _: table("II", [(0, 5), (30, 1024), (7, 1024)])}, 30),
    "negative_time": ({b"stts": lambda _: table("II", [(29, 1024), (1, 2**32 - 5)])}, 30),
    "fewer_offsets": ({b"ctts": lambda _: table("Ii", [(12, 2048)])}, 30),
    "offsets_beyond_belief": ({b"ctts": lambda _: table("Ii", [(10, 2**30), (10, 0), (10, 0)])}, 30),
    "count_larger_than_box": ({b"stts": lambda body: table("II", rows_of(body, "II"), claimed=2**32 - 1)}, 30),
    "sizes_larger_than_box": ({b"stsz": put("I", 8, 2**32 - 1)}, 30),
    "fewer_sizes": ({b"stsz": put("I", 8, 25)}, 25),
    "key_of_no_sample": ({b"stss": lambda _: table("I", [(1,), (99,)])}, 30),
    "keys_in_disorder": ({b"stss": lambda _: table("I", [(9,), (1,)])}, 30),
    "chunks_in_disorder": ({b"stsc": lambda body: table("III", [(2, 1, 1), *rows_of(body, "III")])}, 0),
    "chunk_that_is_not": ({b"stsc": lambda body: table("III", [*rows_of(body, "III"), (10**6, 1, 1)])}, 30),
    "fewer_places": ({b"stco": lambda body: table("I", rows_of(body, "I")[:1])}, -1),
    "no_sizes": ({b"stsz": lambda _: b""}, 0),
    "no_chunk_sizes": ({b"stsc": lambda _: b""}, 0),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_said_and_the_rest_is_read(changed: Callable[..., Path], name: str) -> None:
    changes, count = CONTRADICTIONS[name]
    index, _ = index_of(changed(changes))
    video, sound = index.tracks
    assert index.doubts
    assert all(doubt.startswith("video track 1: ") for doubt in index.doubts)
    assert 0 < video.dts.size < 30 if count < 0 else video.dts.size == count
    assert sound.dts.size > 10
    assert index.missing_bytes == 0


def test_a_right_file_has_no_doubts(changed: Callable[..., Path]) -> None:
    index, _ = index_of(changed({}))
    assert (index.doubts, index.missing_bytes) == ((), 0)
    assert index.claimed_us == 2_000_000


def test_ends_beyond_the_file_are_counted(base: bytes, clips: Clips, tmp_path: Path) -> None:
    front = clips(
        "bounds_front.mp4", lambda path: make.write_clip(path, make.street(2), make.tone(2), movflags="faststart")
    ).read_bytes()
    path = tmp_path / "cut.mp4"
    for cut in (1, 1000, len(front) // 3):
        path.write_bytes(front[:-cut])
        index, _ = index_of(path)
        assert index.missing_bytes == cut
        video = index.tracks[0]
        held = video.offsets + video.sizes <= len(front) - cut
        assert int(held.sum()) < video.dts.size + (cut < 100)
    path.write_bytes(base[:-50])
    assert reason_of(path) == UnreadableReason.MOOV_MISSING


def test_a_cut_fragment_leaves_those_before_it(fragmented: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(fragmented)
    whole, _ = index_of(path)
    places = [at for at in range(len(fragmented)) if fragmented[at : at + 4] == b"moof"]
    assert len(places) == 4
    path.write_bytes(fragmented[: places[2] + 40])  # inside the box that says what the third fragment holds
    cut, _ = index_of(path)
    assert cut.missing_bytes > 0
    assert cut.is_fragmented
    assert [track.dts.size for track in cut.tracks] == [30, cut.tracks[1].dts.size]
    for track, other in zip(cut.tracks, whole.tracks, strict=True):
        np.testing.assert_array_equal(track.pts, other.pts[: track.pts.size])
    path.write_bytes(fragmented[: places[3] - 504])  # inside the media of the third
    assert index_of(path)[0].tracks[0].dts.size == 45
    assert index_of(path)[0].missing_bytes == 500


def test_claimed_lengths_are_claims(changed: Callable[..., Path]) -> None:
    long = full(1, struct.pack(">QQIQ", 0, 0, 1, 10**12), bytes(80))
    index, _ = index_of(changed({b"mvhd": lambda _: long}, track=None))
    assert index.claimed_us == 10**18
    index, _ = index_of(
        changed({b"mvhd": lambda _: full(1, struct.pack(">QQIQ", 0, 0, 1, 2**64 - 2), bytes(80))}, track=None)
    )
    assert index.claimed_us == 2**60
    assert index.tracks[0].dts.size == 30


def test_no_timescale(changed: Callable[..., Path]) -> None:
    index, _ = index_of(changed({b"mdhd": put("I", 12, 0)}))
    assert index.tracks[0].time_base == Fraction(1, 48_000)  # that of the movie, as in FFmpeg
    index, _ = index_of(changed({b"mdhd": put("I", 12, 0), b"mvhd": put("I", 12, 0)}, track=None))
    assert (index.tracks[0].time_base, index.claimed_us) == (Fraction(1), None)


@pytest.mark.parametrize(
    "changes",
    [
        {b"stsz": lambda _: full(0, struct.pack(">II", 1, 2**32 - 1)), b"stsc": lambda _: table("III", [(1, 2**32 - 1, 1)])},
        {b"elst": lambda _: table("IiI", [(1, 0, 0)] * 5000)},
        {
            b"elst": lambda _: table("IiI", [(2000, 0, 0)] * 1000),
            b"stsz": lambda _: full(0, struct.pack(">II", 1, 10**6)),
            b"stsc": lambda _: table("III", [(1, 10**6, 1)]),
        },
    ],
    ids=["samples", "edits", "samples_through_edits"],
)
def test_more_than_is_read_ends_quickly(changed: Callable[..., Path], changes: dict[bytes, Change]) -> None:
    path = changed(changes)
    started = time.process_time()
    assert reason_of(path) == UnreadableReason.MEMORY
    assert time.process_time() - started < 1


def test_runs_that_claim_more_samples_than_are_read(fragmented: bytes, tmp_path: Path) -> None:
    path = tmp_path / "runs.mp4"
    run = full(0, struct.pack(">I", MOST_SAMPLES + 1))
    path.write_bytes(rewritten(fragmented, {b"trun": lambda _: run}))
    assert reason_of(path) == UnreadableReason.MEMORY
    run = full(0, struct.pack(">I", 2**32 - 1), flags=0x200)
    path.write_bytes(rewritten(fragmented, {b"trun": lambda _: run}))
    index, _ = index_of(path)
    assert [track.dts.size for track in index.tracks] == [0, 0]
    assert any("a run claims" in doubt for doubt in index.doubts)


def test_a_full_table_stays_within_memory(changed: Callable[..., Path]) -> None:
    """As many samples as are read, in one table of constant size: what a file of 2 KB can make the program hold."""
    path = changed(
        {
            b"stsz": lambda _: full(0, struct.pack(">II", 1, MOST_SAMPLES - 100)),
            b"stsc": lambda _: table("III", [(1, MOST_SAMPLES - 100, 1)]),
            b"stts": lambda _: table("II", [(MOST_SAMPLES - 100, 1)]),
        }
    )
    tracemalloc.start()
    index, _ = index_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert index.tracks[0].dts.size > MOST_SAMPLES // 4
    assert peak < 250e6


def test_an_index_larger_than_is_read_is_not_read(base: bytes, tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    moov = b"".join(body for type_, body in top_level(base) if type_ == b"moov")
    with path.open("wb") as out:
        out.write(box(b"ftyp", b"isom\0\0\0\0") + struct.pack(">I4s", 65 * 2**20, b"moov") + moov)
        out.truncate(66 * 2**20)
    assert reason_of(path) == UnreadableReason.MEMORY


def test_many_and_nested_boxes_end_quickly(base: bytes, tmp_path: Path) -> None:
    nested = b""
    for _ in range(20_000):
        nested = struct.pack(">I4s", 8 + len(nested), b"moov") + nested
    path = tmp_path / "boxes.mp4"
    started = time.process_time()
    for moov in (nested, box(b"moov", box(b"free") * 200_000)):
        path.write_bytes(box(b"ftyp", b"isom\0\0\0\0") + moov)
        assert index_of(path)[0].tracks == ()
    path.write_bytes(box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", box(b"trak") * 20_000))
    assert reason_of(path) == UnreadableReason.MEMORY
    path.write_bytes(box(b"ftyp", b"isom\0\0\0\0") + box(b"free") * 200_000 + base)
    assert reason_of(path) == UnreadableReason.MOOV_MISSING
    assert time.process_time() - started < 3


def test_samples_in_another_file_are_refused(changed: Callable[..., Path]) -> None:
    elsewhere = full(0, struct.pack(">I", 1), box(b"url ", full(0, b"http://127.0.0.1:9/media.mp4\0")))
    assert reason_of(changed({b"dref": lambda _: elsewhere})) == UnreadableReason.PLAYLIST_REFUSED
    unnamed = full(0, struct.pack(">I", 1), box(b"url ", full(0)))
    assert index_of(changed({b"dref": lambda _: unnamed}))[0].tracks[0].dts.size == 30


def test_a_compressed_index_and_an_encrypted_track_are_named(changed: Callable[..., Path]) -> None:
    assert reason_of(changed({b"mvhd": lambda _: bytes(8), b"udta": lambda _: b""} | {b"moov": lambda _: box(b"cmov")})) == (
        UnreadableReason.CODEC_UNSUPPORTED
    )
    assert reason_of(changed({b"stsd": lambda body: body.replace(b"avc1", b"encv")})) == UnreadableReason.ENCRYPTED


def test_entries_that_differ_have_no_codec(changed: Callable[..., Path]) -> None:
    def twice(body: bytes) -> bytes:
        return full(0, struct.pack(">I", 2), body[8:], body[8:].replace(b"avc1", b"hvc1"))

    index, _ = index_of(changed({b"stsd": twice}))
    assert [track.codec for track in index.tracks] == ["", "aac"]
    index, _ = index_of(changed({b"stsd": lambda body: body.replace(b"avc1", b"wxyz")}))
    assert (index.tracks[0].codec, index.tracks[0].dts.size) == ("", 30)


@pytest.mark.parametrize(("bits", "listed"), [(4, b"\x12\x34\x50"), (8, b"\1\2\3\4\5"), (16, b"\0\1\0\2\0\3\0\4\0\5")])
def test_small_sizes(bits: int, listed: bytes) -> None:
    content = b"".join(
        [
            box(b"stts", table("II", [(5, 10)])),
            box(b"stsc", table("III", [(1, 2, 1)])),
            box(b"stco", table("I", [(100,), (200,), (300,)])),
            box(b"stz2", full(0, struct.pack(">II", bits, 5), listed)),
        ]
    )
    samples = read_samples(content, first_boxes(content, 0, len(content)), SampleEntry("video"))
    assert samples.sizes.tolist() == [1, 2, 3, 4, 5]
    assert samples.offsets.tolist() == [100, 101, 200, 203, 300]
    assert samples.dts.tolist() == [0, 10, 20, 30, 40]
    assert samples.doubts == ("sizes of 5 samples, places for 6",)


@pytest.fixture(scope="session")
def long_clip(clips: Clips) -> Path:
    """Five minutes of small pictures: an index larger than the first read."""
    scene = make.street(300, noise=0).filter("scale", 32, 18)
    return clips(
        "bounds_long.mp4", lambda path: make.write_clip(path, scene, make.tone(300), has_clock=False, movflags="faststart")
    )


def test_few_requests(long_clip: Path, tmp_path: Path) -> None:
    content = long_clip.read_bytes()
    boxes = dict(top_level(content))
    assert len(boxes[b"moov"]) > 70_000
    index, source = index_of(long_clip)
    assert source.requests == 2
    assert source.bytes_read < len(boxes[b"moov"]) + 70_000
    last = tmp_path / "last.mp4"
    last.write_bytes(content[: content.index(b"moov") - 4] + box(b"mdat", boxes[b"mdat"]) + box(b"moov", boxes[b"moov"]))
    assert index_of(last)[1].requests == 2
    assert index.tracks[0].dts.size == 4500


def test_fragments_cost_their_own_bytes(tmp_path: Path, fragmented: bytes) -> None:
    """400 fragments 60 KB apart; with their list at the end they are read together, without it one after another."""
    path = tmp_path / "many.mp4"
    parts = top_level(fragmented)
    front = b"".join(box(type_, body) for type_, body in parts[:2])
    moof = next(body for type_, body in parts if type_ == b"moof")
    one = box(b"moof", moof) + box(b"mdat", bytes(60_000))
    places = [len(front) + number * len(one) for number in range(400)]
    listed = box(b"tfra", full(1, struct.pack(">III", 1, 0, 400), *(struct.pack(">QQ3B", 0, at, 1, 1, 1) for at in places)))
    mfra = box(b"mfra", listed, box(b"mfro", full(0, struct.pack(">I", 8 + len(listed) + 16))))
    path.write_bytes(front + one * 400 + mfra)
    together, source = index_of(path)
    assert source.bytes_read < 0.05 * path.stat().st_size
    assert together.tracks[0].dts.size == 400 * 15
    path.write_bytes(front + one * 400)
    alone, other = index_of(path)
    assert other.bytes_read < 0.05 * path.stat().st_size
    for track, same in zip(together.tracks, alone.tracks, strict=True):
        np.testing.assert_array_equal(track.offsets, same.offsets)
