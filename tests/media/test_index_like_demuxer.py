"""The index read from the tables equals, packet by packet, what FFmpeg's demuxer gives: places, sizes, times, key marks."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import ffmpeg
import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bwc_audit.media.index import read_index
from bwc_audit.media.sniff import Sniffed, sniff
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import MediaIndex, TrackIndex
from bwc_audit.objects.folder import FolderStore

from . import clips as make
from .making_mp4 import box, rewritten, rows_of, table, top_level, with_edits

Clips = Callable[..., Path]
FRAGMENTS = "frag_keyframe+empty_moov"
REORDERED: dict[str, Any] = {"preset": "fast", "bf": 3, "x264-params": "keyint=15:scenecut=0"}

#: How a clip is coded.
CODED: dict[str, dict[str, Any]] = {
    "plain.mp4": {},
    "reordered.mp4": REORDERED,
    "open.mp4": REORDERED | {"x264-params": "keyint=15:open-gop=1:bframes=3:scenecut=0"},
    "open.mov": REORDERED | {"x264-params": "keyint=15:open-gop=1:bframes=3:scenecut=0"},
    "hevc.mp4": {"c:v": "libx265", "tag:v": "hvc1", "x265-params": "log-level=none:keyint=15:pools=1"},
    "mpeg4.mp4": {"c:v": "mpeg4", "bf": 2},
    "motion.mov": {"c:v": "mjpeg", "pix_fmt": "yuvj420p", "c:a": "pcm_s16le"},
    "motion.mp4": {"c:v": "mjpeg", "pix_fmt": "yuvj420p", "c:a": "libmp3lame"},
    "vp9.mp4": {"c:v": "libvpx-vp9", "deadline": "realtime", "cpu-used": 8, "c:a": "libopus"},
    "av1.mp4": {"c:v": "libsvtav1", "preset": 12, "c:a": "alac"},
    "ac3.mov": {"c:a": "ac3", "b:a": "64k"},
    "unequal.mp4": REORDERED | {"fps_mode": "vfr"},
}
#: How the clip with B frames is written again: options of input and output.
WRITTEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "front.mp4": ({}, {"movflags": "faststart"}),
    "unedited.mp4": ({}, {"use_editlist": 0}),
    "negative.mp4": ({}, {"movflags": "negative_cts_offsets"}),
    "cut.mp4": ({"ss": 0.7}, {}),
    "shortened.mp4": ({"ss": 0.4, "t": 1.1}, {}),
    "turned.mp4": ({"display_rotation": 90}, {}),
    "fragments.mp4": ({}, {"movflags": FRAGMENTS}),
    "fragments_after_first.mp4": ({}, {"movflags": "frag_keyframe"}),
    "fragments_delayed.mp4": ({}, {"movflags": "frag_keyframe+delay_moov"}),
    "fragments_cut.mp4": ({"ss": 1.2}, {"movflags": "frag_keyframe+delay_moov"}),
    "fragments_from_box.mp4": ({}, {"movflags": FRAGMENTS + "+default_base_moof"}),
    "fragments_no_base.mp4": ({}, {"movflags": FRAGMENTS + "+omit_tfhd_offset"}),
    "fragments_each.mp4": ({}, {"movflags": "frag_every_frame+empty_moov"}),
    "fragments_negative.mp4": ({}, {"movflags": "cmaf+frag_keyframe+negative_cts_offsets"}),
    "listed_each.mp4": ({}, {"movflags": "dash+frag_keyframe"}),
    "listed_once.mp4": ({}, {"movflags": "dash+frag_keyframe+global_sidx"}),
}


def opened(path: Path) -> tuple[RangeFile, Sniffed, MediaIndex]:
    source = RangeFile(FolderStore(path.parent), path.name, path.stat().st_size)
    sniffed = sniff(source)
    return source, sniffed, read_index(source, sniffed)


def packets(path: Path) -> list[tuple[Any, np.ndarray[Any, Any]]]:
    """Each stream with its packets: place, size, dts, pts, is key, is shown."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type in ("video", "audio")]
        rows: dict[int, list[tuple[Any, ...]]] = {stream.index: [] for stream in streams}
        for packet in container.demux(streams):
            if packet.dts is not None:
                shown = not packet.is_discard
                rows[packet.stream_index].append(
                    (packet.pos, packet.size, packet.dts, packet.pts, packet.is_keyframe, shown)
                )
        facts = [_facts(stream) for stream in streams]
        return [
            (fact, np.array(rows[stream.index], np.int64).reshape(-1, 6))
            for stream, fact in zip(streams, facts, strict=True)
        ]


def _facts(stream: Any) -> tuple[Any, ...]:
    context = stream.codec_context
    extent = (context.width, context.height) if stream.type == "video" else (context.sample_rate, context.channels)
    return context.codec.canonical_name, bytes(context.extradata or b""), stream.time_base, *extent


def _facts_of(track: TrackIndex) -> tuple[Any, ...]:
    extent = (track.width, track.height) if track.kind == "video" else (track.sample_rate, track.channels)
    return track.codec, track.extradata, track.time_base, *extent


def same_as_demuxer(path: Path, *, has_start: bool = False) -> MediaIndex:
    """``has_start``: the list's start is not applied by FFmpeg to fragments, which then carry times below zero."""
    _, _, index = opened(path)
    expected = packets(path)
    assert len(index.tracks) == len(expected)
    for track, (facts, rows) in zip(index.tracks, expected, strict=True):
        assert _facts_of(track) == facts
        mine = np.stack([track.offsets, track.sizes, track.dts, track.pts, track.is_key, track.is_shown], axis=1)
        if has_start:
            rows[:, 5] &= rows[:, 3] + np.maximum(track.durations, 1) > 0
        np.testing.assert_array_equal(mine, rows)
        assert track.durations.shape == track.dts.shape
    return index


@pytest.fixture(scope="session")
def coded(clips: Clips) -> Callable[[str], Path]:
    def clip(name: str) -> Path:
        scene = make.street(2.2)
        scene = scene.filter("select", "not(between(n,10,17))") if name == "unequal.mp4" else scene
        return clips(f"index_{name}", lambda path: make.write_clip(path, scene, make.tone(2), **CODED[name]))

    return clip


@pytest.fixture(scope="session")
def written(clips: Clips, coded: Callable[[str], Path]) -> Callable[[str], Path]:
    def write(path: Path, before: dict[str, Any], after: dict[str, Any]) -> None:
        job = ffmpeg.input(str(coded("reordered.mp4")), **before).output(str(path), c="copy", **after)
        job.global_args("-loglevel", "error", "-y").run(cmd=imageio_ffmpeg.get_ffmpeg_exe())

    return lambda name: clips(f"index_{name}", lambda path: write(path, *WRITTEN[name]))


@pytest.mark.parametrize("name", CODED)
def test_every_codec(coded: Callable[[str], Path], name: str) -> None:
    index = same_as_demuxer(coded(name))
    assert index.doubts == ()
    assert (index.missing_bytes, index.is_fragmented) == (0, False)
    video = index.first("video")
    assert video is not None
    assert video.dts.size == (25 if name == "unequal.mp4" else 33)
    assert video.is_shown.all()


@pytest.mark.parametrize("name", WRITTEN)
def test_every_form(written: Callable[[str], Path], name: str) -> None:
    path = written(name)
    index = same_as_demuxer(path, has_start=name.startswith(("fragments", "listed")))
    assert index.doubts == ()
    assert index.missing_bytes == 0
    assert index.is_fragmented is name.startswith(("fragments", "listed"))


def test_sound_that_starts_late(clips: Clips) -> None:
    late = make.tone(1).filter("asetpts", "PTS+1.3/TB")
    path = clips("index_late.mp4", lambda path: make.write_clip(path, make.street(2.5), late, **REORDERED))
    index = same_as_demuxer(path)
    sound = index.first("audio")
    assert sound is not None
    first = float(sound.pts[sound.is_shown][0] * sound.time_base)
    assert 1.2 < first <= 1.3


EDITS: dict[str, tuple[int, list[tuple[int, int]]]] = {
    "none_of_it": (0, [(0, 2048)]),
    "delay": (0, [(700, -1), (2000, 2048)]),
    "two_delays": (0, [(300, -1), (400, -1), (2000, 2048)]),
    "only_delay": (0, [(700, -1)]),
    "middle": (0, [(900, 2048 + 9000)]),
    "two_stretches": (0, [(400, 2048), (500, 2048 + 16384)]),
    "backwards": (0, [(500, 16384), (500, 2048)]),
    "pause": (0, [(400, 2048), (300, -1), (500, 12288)]),
    "repeated": (0, [(900, 2048), (900, 2048), (900, 2048)]),
    "past_the_end": (0, [(2000, 10**7)]),
    "huge": (0, [(2**32 - 1, 2**31 - 1)]),
    "sound_cut": (1, [(700, 5000)]),
    "sound_delay": (1, [(333, -1), (700, 1024)]),
    "sound_two": (1, [(300, 1500), (300, 20000)]),
    "sound_pause": (1, [(300, 1500), (200, -1), (300, 9000)]),
}


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("clip", ["plain.mp4", "reordered.mp4"])
def test_every_edit_list(coded: Callable[[str], Path], tmp_path: Path, clip: str, name: str, version: int) -> None:
    track, edits = EDITS[name]
    path = tmp_path / "edited.mp4"
    path.write_bytes(with_edits(coded(clip).read_bytes(), edits, track=track, version=version))
    same_as_demuxer(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    clip=st.sampled_from(["plain.mp4", "reordered.mp4", "motion.mov"]),
    track=st.integers(0, 1),
    edits=st.lists(st.tuples(st.integers(1, 3000), st.one_of(st.just(-1), st.integers(0, 40000))), min_size=1, max_size=4),
)
def test_any_edit_list(
    coded: Callable[[str], Path], tmp_path: Path, clip: str, track: int, edits: list[tuple[int, int]]
) -> None:
    path = tmp_path / "edited.mov"
    path.write_bytes(with_edits(coded(clip).read_bytes(), edits, track=track))
    same_as_demuxer(path)


def test_places_beyond_four_gigabytes(coded: Callable[[str], Path], tmp_path: Path) -> None:
    """A sparse file: ``mdat`` with a 64-bit length and a hole of 5 GiB before the media, which ``co64`` points to."""
    parts = dict(top_level(coded("reordered.mp4").read_bytes()))
    content = coded("reordered.mp4").read_bytes()
    before = content.index(b"mdat") + 4
    hole = 5 * 2**30
    shift = hole + 8  # the longer header

    def moved(body: bytes) -> bytes:
        return table("Q", [(place + shift,) for (place,) in rows_of(body, "I")])

    moov = rewritten(box(b"moov", parts[b"moov"]), {b"stco": moved}, names={b"stco": b"co64"})
    path = tmp_path / "long.mp4"
    with path.open("wb") as out:
        out.write(content[: before - 8])
        out.write(struct.pack(">I4sQ", 1, b"mdat", 16 + hole + len(parts[b"mdat"])))
        out.seek(before + shift)
        out.write(parts[b"mdat"] + moov)
    index = same_as_demuxer(path)
    assert index.missing_bytes == 0
    assert int(index.tracks[0].offsets.min()) > 2**32
    source, sniffed, _ = opened(path)
    assert (sniffed.moov, source.requests) == ("end", 2)


def test_sizes_in_sixteen_bits(coded: Callable[[str], Path], tmp_path: Path) -> None:
    def compact(body: bytes) -> bytes:
        (count,) = struct.unpack_from(">I", body, 8)
        return body[:4] + struct.pack(">II", 16, count) + struct.pack(f">{count}H", *struct.unpack(f">{count}I", body[12:]))

    path = tmp_path / "compact.mp4"
    content = coded("reordered.mp4").read_bytes()
    path.write_bytes(rewritten(content, {b"stsz": compact}, names={b"stsz": b"stz2"}))
    index = same_as_demuxer(path)
    assert index.tracks[0].sizes.tolist() == opened(coded("reordered.mp4"))[2].tracks[0].sizes.tolist()


@pytest.mark.parametrize(
    ("stss", "keys", "is_stated"),
    [
        (table("I", [(1,), (5,), (9,)]), [0, 4, 8], True),
        (table("I", []), [0], False),
        (b"", list(range(33)), False),
    ],
    ids=["other", "empty", "none"],
)
def test_key_frames_are_those_of_the_table(
    coded: Callable[[str], Path], tmp_path: Path, stss: bytes, keys: list[int], is_stated: bool
) -> None:
    """FFmpeg looks into the coded bytes instead, which is the same unless the table is wrong; so it must say so."""
    path = tmp_path / "sync.mp4"
    path.write_bytes(rewritten(coded("reordered.mp4").read_bytes(), {b"stss": lambda _: stss}, track=0))
    track = opened(path)[2].tracks[0]
    assert np.flatnonzero(track.is_key).tolist() == keys
    assert track.is_key_stated is is_stated
    assert all(track.is_key_stated for track in opened(coded("motion.mov"))[2].tracks)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("is_flipped", [False, True])
def test_the_turn_gives_what_a_player_shows(clips: Clips, tmp_path: Path, turn: int, is_flipped: bool) -> None:
    base = clips("index_still.mp4", lambda path: make.write_clip(path, make.street(0.2, noise=0), has_clock=False))
    path = tmp_path / "turned.mp4"
    before = {"display_rotation": turn} | ({"display_hflip": None} if is_flipped else {})
    run = {"cmd": imageio_ffmpeg.get_ffmpeg_exe(), "capture_stdout": True, "capture_stderr": True}
    ffmpeg.input(str(base), **before).output(str(path), c="copy").run(**run)
    track = opened(path)[2].tracks[0]
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="gray")
    picture = np.fliplr(picture) if track.is_mirrored else picture
    picture = np.rot90(picture, -track.rotation_degrees // 90)
    shown, _ = ffmpeg.input(str(path)).output("pipe:", format="rawvideo", pix_fmt="gray", **{"frames:v": 1}).run(**run)
    difference = np.frombuffer(shown, np.uint8).astype(int) - picture.reshape(-1)
    assert np.abs(difference).mean() < 1
