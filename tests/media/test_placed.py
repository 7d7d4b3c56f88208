"""Files without an index of their own are read once: wanted samples come by their place, and are the demuxer's or none."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from bwc_audit.media.container import DemuxedTracks, demuxed
from bwc_audit.media.placed import Noted, PlacedSamples, elementary
from bwc_audit.media.sniff import sniff
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import MediaIndex, TrackIndex
from bwc_audit.objects.folder import FolderStore

from . import clips as make
from .conftest import look

Clips = Callable[..., Path]

_PCM = {"c:a": "pcm_s16le"}
FORMS: dict[str, dict[str, Any]] = {
    "reordered.mkv": {"preset": "fast", "bf": 2},
    "vp9.webm": {"c:v": "libvpx-vp9", "deadline": "realtime", "cpu-used": 8, "c:a": "libopus"},
    "mjpeg.avi": {"c:v": "mjpeg", "pix_fmt": "yuvj420p", **_PCM},
    "h264.avi": {"bf": 0, **_PCM},
    "reordered.ts": {"preset": "fast", "bf": 2},
    "timed.m2ts": {"f": "mpegts", "mpegts_m2ts_mode": 1},
    "av1.mp4": {"c:v": "libaom-av1", "cpu-used": 8, "crf": 50, "usage": "realtime"},
}


@pytest.fixture(params=FORMS)
def clip(request: pytest.FixtureRequest, clips: Clips) -> Path:
    name: str = request.param
    scene = make.street(2).filter("scale", 160, 90)
    return clips(f"placed_{name}", lambda path: make.write_clip(path, scene, make.tone(2), has_clock=False, **FORMS[name]))


def _source(path: Path) -> RangeFile:
    return RangeFile(FolderStore(path.parent), path.name, path.stat().st_size)


def _coded(path: Path) -> dict[str, list[bytes]]:
    """Each packet as the demuxer gives it."""
    found: dict[str, list[bytes]] = {"video": [], "audio": []}
    with av.open(str(path), format=sniff(_source(path)).demuxer) as container:
        for packet in container.demux(container.streams.video[0], container.streams.audio[0]):
            if packet.size:
                found[packet.stream.type].append(bytes(packet))
    return found


def _in_packets(index: MediaIndex, tracks: DemuxedTracks, track: TrackIndex) -> list[bytes]:
    wanted = [range(number, number + 1) for number in range(track.sizes.size)]
    return [bytes(packet) for run in tracks.packets(track, wanted) for packet in run]


def test_samples_by_place_are_the_demuxers(clip: Path) -> None:
    source = _source(clip)
    with demuxed(source, sniff(source)) as (index, tracks):
        video, sound = index.first("video"), index.first("audio")
        assert video is not None
        assert sound is not None
        expected = _coded(clip)
        assert len(expected["video"]) == 30
        before = source.bytes_read
        assert _in_packets(index, tracks, sound) == expected["audio"]
        assert source.bytes_read == before  # kept since the first reading
        assert tracks._placed_of[id(video)].read(range(30)) is not None
        assert _in_packets(index, tracks, video) == expected["video"]


def test_a_changed_byte_is_noticed_and_the_demuxer_asked(clips: Clips) -> None:
    path = clips("placed_checked.mkv", lambda path: make.write_clip(path, make.street(2), make.tone(2), preset="fast"))
    source = _source(path)
    with demuxed(source, sniff(source)) as (index, tracks):
        video = index.first("video")
        assert video is not None
        noted = tracks._placed_of[id(video)]._noted
        noted.checks[3] += 1
        expected = _coded(path)["video"]
        assert tracks._placed_of[id(video)].read([2]) is not None
        assert tracks._placed_of[id(video)].read([2, 3]) is None
        assert _in_packets(index, tracks, video) == expected
        noted.places[0] = source.size_bytes - 4  # a place where the sample is not
        noted.places[5] = -1
        assert tracks._placed_of[id(video)].read([0]) is None
        assert tracks._placed_of[id(video)].read([5]) is None
        assert _in_packets(index, tracks, video) == expected


@pytest.mark.parametrize("name", ["long.mkv", "long.ts", "long.avi"])
def test_a_file_is_read_once(clips: Clips, name: str) -> None:
    """At a megabyte a second, so that what is held in memory is a small part."""
    sound: dict[str, Any] = _PCM if name.endswith("avi") else {}
    path = clips(
        f"placed_{name}", lambda path: make.write_clip(path, make.street(40, noise=30), make.tone(40), crf=1, bf=0, **sound)
    )
    assert path.stat().st_size > 30e6
    seen = look(path, is_hashed=False)
    assert seen.measures is not None
    assert seen.examined.frames_sampled >= 4
    assert path.stat().st_size <= seen.examined.bytes_read < 1.1 * path.stat().st_size
    assert seen.examined.requests < 60


def test_sound_that_is_too_much_to_keep_is_not_kept() -> None:
    noted = Noted(kept=bytearray())
    packet: av.Packet[Any] = av.Packet(bytes(1024 * 1024))
    for _ in range(32):
        noted.note(packet)
    assert len(noted.kept or b"") == 32 * 1024 * 1024
    noted.note(packet)
    kept = noted.kept
    assert kept is None
    assert noted.places == array("q", [-1] * 33)


def test_what_takes_too_much_room_at_once_is_left_to_the_demuxer(clips: Clips) -> None:
    path = clips("placed_room.mkv", lambda path: make.write_clip(path, make.street(2), make.tone(2), preset="fast"))
    source = _source(path)
    with demuxed(source, sniff(source)) as (index, tracks):
        video = index.first("video")
        assert video is not None
        placed = tracks._placed_of[id(video)]
        times = 32 * 1024 * 1024 // int(video.sizes[0]) + 1
        before = source.bytes_read
        assert placed.read([0] * times) is None
        assert source.bytes_read == before
        assert placed.read([0, 1]) is not None


def test_what_transport_packets_carry() -> None:
    def packet(stream: int, payload: bytes, *, starts: bool = False, stuffing: int = 0) -> bytes:
        control = 0x30 if stuffing else 0x10
        head = bytes([0x47, (0x40 if starts else 0) | stream >> 8, stream & 0xFF, control])
        field = bytes([stuffing - 1]) + bytes(stuffing - 1) if stuffing else b""
        return head + field + payload

    start = b"\0\0\1\xe0\0\0\x80\x80\x05" + bytes(5)
    content = b"".join(
        [
            packet(0x100, start + b"a" * 170, starts=True),
            packet(0x101, b"z" * 184),
            packet(0x100, b"b" * 84, stuffing=100),
            packet(0x100, start + b"c" * 170, starts=True),
        ]
    )
    assert len(content) == 4 * 188
    assert elementary(content) == b"a" * 170 + b"b" * 84 + b"c" * 170
    timed = b"".join(bytes(4) + content[at : at + 188] for at in range(0, len(content), 188))[4:]
    assert elementary(timed) == elementary(content)
    assert elementary(content[:376] + b"x" * 376) == b"a" * 170
    for cut in range(0, 200, 7):
        elementary(content[:cut])
    full_field = bytes([0x47, 1, 0, 0x30, 255]) + bytes(183)
    assert elementary(full_field) == b""


def test_a_window_stays_within_bounds(clips: Clips) -> None:
    path = clips("placed_bounds.ts", lambda path: make.write_clip(path, make.street(1)))
    source = _source(path)
    with demuxed(source, sniff(source)) as (index, tracks):
        video = index.tracks[0]
        noted = Noted(places=array("q", [0] + [-1] * (video.sizes.size - 1)), checks=array("q", [0] * video.sizes.size))
        placed = PlacedSamples(source, video, noted, is_transport=True)
        before = source.bytes_read
        assert placed.read([0]) is None
        assert source.bytes_read - before <= 2 * int(video.sizes[0]) + 64 * 1024
        assert isinstance(tracks, DemuxedTracks)
