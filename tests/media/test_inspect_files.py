"""Every kind of file: the containers that are read, and the broken ones that must come back as an outcome."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from bwc_audit.domain.inspection import DefectKind, InspectionRequest, InspectionStatus, UnreadableReason
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.errors import ObjectMissingError, ObjectStoreError
from bwc_audit.media.inspect import inspect_object
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.objects.folder import FolderStore

from . import clips as make
from .conftest import RULES, defects, look

Clips = Callable[..., Path]


def boxes(content: bytes) -> dict[bytes, tuple[int, int]]:
    """Where each top-level box of an MP4 lies: its start and end."""
    found, start = {}, 0
    while start < len(content):
        length, name = struct.unpack_from(">I4s", content, start)
        found[name] = (start, start + length)
        start += length
    return found


@pytest.mark.parametrize(
    ("name", "options", "format_", "moov", "codec"),
    [
        ("end.mp4", {}, "mov,mp4", "end", "h264"),
        ("front.mov", {"movflags": "faststart"}, "mov,mp4", "front", "h264"),
        ("pieces.mp4", {"movflags": "frag_keyframe+empty_moov"}, "mov,mp4", "fragmented", "h264"),
        ("matroska.mkv", {}, "matroska", "none", "h264"),
        ("stream.ts", {}, "mpegts", "none", "h264"),
        ("motion.avi", {"c:v": "mjpeg", "pix_fmt": "yuvj420p", "c:a": "pcm_s16le"}, "avi", "none", "mjpeg"),
    ],
)
def test_each_container_is_read(
    clips: Clips, name: str, options: dict[str, Any], format_: str, moov: str, codec: str
) -> None:
    path = clips(name, lambda path: make.write_clip(path, make.blacked(make.street(20), 5, 17), make.tone(20), **options))
    seen = look(path)
    assert seen.status is InspectionStatus.COMPLETE
    assert seen.container is not None
    assert seen.video is not None
    assert (seen.container.format, seen.container.moov, seen.video.codec) == (format_, moov, codec)
    assert (seen.video.width, seen.video.height, seen.video.frames) == (320, 180, 300)
    assert seen.audio is not None
    (black,) = [d for d in seen.defects if d.kind is not DefectKind.SILENT_LEAD_IN]
    assert black.kind is DefectKind.BLACK_VIDEO
    assert abs(black.start_us - 5 * SECOND_US) <= 150_000
    assert abs(black.end_us - 17 * SECOND_US) <= 150_000
    assert seen.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


PLAYLISTS = {
    "m3u": b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/secret.ts\n",
    "m3u_after_space": b"\xef\xbb\xbf \n#EXTM3U\nfile:///etc/passwd\n",
    "concat": b"ffconcat version 1.0\nfile '/etc/hostname'\n",
    "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "session": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
    "address": b"http://127.0.0.1:9/video.mp4\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_playlists_are_refused_whatever_their_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(PLAYLISTS[name])
    seen = look(path)
    assert (seen.status, seen.reason) == (InspectionStatus.UNREADABLE, UnreadableReason.PLAYLIST_REFUSED)
    assert seen.sha256 is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", UnreadableReason.EMPTY),
        (b"this is a note, not a video\n" * 20, UnreadableReason.NOT_MEDIA),
        (b"\x00", UnreadableReason.NOT_MEDIA),
        (bytes(np.random.default_rng(7).integers(0, 256, 50_000, dtype=np.uint8)), UnreadableReason.NOT_MEDIA),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", UnreadableReason.MOOV_MISSING),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08moov", UnreadableReason.NO_VIDEO),
        (b"\x1a\x45\xdf\xa3" + b"\x80" * 500, UnreadableReason.NOT_MEDIA),
        (b"RIFF\xff\xff\0\0AVI LIST" + b"\0" * 500, UnreadableReason.NOT_MEDIA),
    ],
    ids=["empty", "text", "one_byte", "noise", "only_ftyp", "empty_moov", "matroska_noise", "avi_noise"],
)
def test_what_is_no_video_says_so(tmp_path: Path, content: bytes, reason: UnreadableReason) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    seen = look(path)
    assert (seen.status, seen.reason) == (InspectionStatus.UNREADABLE, reason)
    assert seen.defects == ()
    assert seen.examined.frames_sampled == 0


def test_a_recording_that_was_not_closed_has_no_moov(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    start, _ = boxes(content)[b"moov"]
    for name, cut in (("cut_before.mp4", start), ("cut_inside.mp4", start + 200)):
        (tmp_path / name).write_bytes(content[:cut])
        assert look(tmp_path / name).reason is UnreadableReason.MOOV_MISSING


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_truncated_file_is_partial_and_says_from_where(clips: Clips, tmp_path: Path, suffix: str) -> None:
    options: dict[str, Any] = {"movflags": "faststart"} if suffix == "mp4" else {}
    whole = clips(f"whole.{suffix}", lambda path: make.write_clip(path, make.street(12), make.tone(12), **options))
    content = whole.read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(content[: len(content) * 6 // 10])
    seen = look(path)
    assert seen.status is InspectionStatus.PARTIAL
    (cut,) = defects(seen, DefectKind.TRUNCATED)
    assert 5 * SECOND_US < cut.start_us < 9 * SECOND_US
    assert abs(cut.end_us - 12 * SECOND_US) <= 200_000
    assert {d.kind for d in seen.defects} <= {DefectKind.TRUNCATED, DefectKind.DECODE_ERROR}
    assert seen.examined.frames_sampled >= 3
    assert any("ends before" in what for what in seen.not_examined)


def test_a_claimed_length_beyond_all_frames_is_not_believed(good: Path, tmp_path: Path) -> None:
    content = bytearray(good.read_bytes())
    mdhd = content.index(b"mdhd")  # version 0: 4 version, 4 created, 4 modified, 4 timescale, 4 duration
    struct.pack_into(">I", content, mdhd + 4 + 16, 0x7FFFFFFF)
    mvhd = content.index(b"mvhd")
    struct.pack_into(">I", content, mvhd + 4 + 16, 0x7FFFFFFF)
    path = tmp_path / "huge.mp4"
    path.write_bytes(content)
    seen = look(path)
    assert seen.examined.frames_sampled <= 14
    assert seen.video is not None
    assert seen.video.frames == 180
    assert all(d.kind in (DefectKind.TRUNCATED, DefectKind.DURATION_MISMATCH) for d in seen.defects)


def test_sound_alone_is_no_video(clips: Clips) -> None:
    path = clips("voice.mp4", lambda path: make.write_clip(path, None, make.tone(5)))
    seen = look(path)
    assert (seen.status, seen.reason) == (InspectionStatus.UNREADABLE, UnreadableReason.NO_VIDEO)
    assert seen.audio is not None


def test_an_encrypted_track_is_named(clips: Clips) -> None:
    path = clips(
        "secret.mp4",
        lambda path: make.write_clip(
            path,
            make.street(3),
            encryption_scheme="cenc-aes-ctr",
            encryption_key="00112233445566778899aabbccddeeff",
            encryption_kid="00112233445566778899aabbccddeeff",
        ),
    )
    seen = look(path)
    assert (seen.status, seen.reason) == (InspectionStatus.UNREADABLE, UnreadableReason.ENCRYPTED)


def test_damaged_pictures_are_reported_and_the_rest_is_examined(good: Path, tmp_path: Path) -> None:
    content = bytearray(good.read_bytes())
    start, end = boxes(bytes(content))[b"mdat"]
    rng = np.random.default_rng(3)
    for place in rng.integers(start + 20_000, end, 12):
        content[place] ^= 0xFF
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    seen = look(path, is_deep=True)
    damaged = defects(seen, DefectKind.DECODE_ERROR)
    assert 0 < sum(d.measures["frames"] for d in damaged) < seen.examined.frames_sampled
    assert {d.kind for d in seen.defects} == {DefectKind.DECODE_ERROR}
    assert seen.stills


def test_damage_to_a_key_frame_lasts_to_the_next_since_the_frames_between_are_made_of_it(good: Path, tmp_path: Path) -> None:
    keys: list[tuple[int, int, int]] = []
    with av.open(str(good)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.is_keyframe and packet.pts is not None and packet.pos is not None and packet.time_base is not None:
                keys.append((round(packet.pts * packet.time_base * SECOND_US), packet.pos, packet.size))
    (begin_us, place, size), (end_us, *_) = keys[3], keys[4]
    content = bytearray(good.read_bytes())
    content[place + size // 3 : place + size // 2] = np.random.default_rng(8).bytes(size // 2 - size // 3)
    path = tmp_path / "key.mp4"
    path.write_bytes(content)
    (damaged,) = defects(look(path, spans=(Span(begin_us, end_us + SECOND_US),)), DefectKind.DECODE_ERROR)
    assert (damaged.start_us, damaged.end_us) == pytest.approx((begin_us, end_us), abs=1_000)


def test_nothing_but_damage_is_not_clean(good: Path, tmp_path: Path) -> None:
    content = bytearray(good.read_bytes())
    start, end = boxes(bytes(content))[b"mdat"]
    content[start + 8 : end] = bytes(end - start - 8)
    path = tmp_path / "zeroes.mp4"
    path.write_bytes(content)
    seen = look(path)
    assert seen.status is InspectionStatus.PARTIAL
    assert any("pictures" in what for what in seen.not_examined)


def test_stills_are_small_pictures_with_their_hash(good: Path) -> None:
    seen = look(good, stills_at_us=(0, 5_200_000))
    assert [still.at_us for still in seen.stills] == [0, 5_000_000]
    for still in seen.stills:
        picture = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (180, 320, 3)
        assert still.sha256 == hashlib.sha256(still.jpeg).hexdigest()


def test_looking_twice_gives_the_same(good: Path) -> None:
    one, other = look(good), look(good)
    assert (one.defects, one.stills, one.video, one.sha256) == (other.defects, other.stills, other.video, other.sha256)


def test_a_missing_object_is_raised_not_reported(tmp_path: Path) -> None:
    with pytest.raises(ObjectMissingError):
        look(tmp_path / "nothing.mp4")


class FailingStore:
    """A store whose reads fail from the ``fails_from``-th on."""

    uri = "failing"

    def __init__(self, inner: FolderStore, fails_from: int) -> None:
        self.inner = inner
        self.left = fails_from

    def list_objects(self, prefix: str = ""):  # type: ignore[no-untyped-def]  # not needed here
        return self.inner.list_objects(prefix)

    def head(self, key: str) -> ObjectStat:
        return self.inner.head(key)

    def read_range(self, key: str, start: int, length: int, etag: str | None = None) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise ObjectStoreError("the connection was reset")
        return self.inner.read_range(key, start, length, etag)

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        return [self.read_range(key, start, length, etag) for start, length in ranges]

    def read_all(self, key: str, limit_bytes: int) -> bytes:
        return self.inner.read_all(key, limit_bytes)


def test_a_store_fault_is_never_taken_for_a_bad_file(good: Path) -> None:
    request = InspectionRequest(good.name)
    counting = FailingStore(FolderStore(good.parent), fails_from=1_000)
    inspect_object(counting, request, RULES)
    reads = 1_000 - counting.left
    assert reads >= 3
    for fails_from in range(reads):
        store = FailingStore(FolderStore(good.parent), fails_from)
        with pytest.raises(ObjectStoreError, match="connection was reset"):
            inspect_object(store, request, RULES)
