"""The answer does not depend on the path to the bytes: index or demuxer, folder or storage, one container or another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bwc_audit.domain.inspection import AudioFacts, Inspection, InspectionRequest
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.embedded_s3 import EmbeddedS3, upload_tree
from bwc_audit.media.container import demuxed
from bwc_audit.media.decoding import DecodeLog, Tracks, decoded, luma_of, visits_to
from bwc_audit.media.frame_table import frame_table
from bwc_audit.media.index import read_index
from bwc_audit.media.indexed import indexed
from bwc_audit.media.inspect import inspect_object
from bwc_audit.media.listen import listen, listening_to
from bwc_audit.media.reel import opened
from bwc_audit.media.sniff import sniff
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import MediaIndex, TrackIndex
from bwc_audit.objects.folder import FolderStore
from bwc_audit.objects.s3 import S3Store, make_client

from . import clips as make
from .conftest import RULES

Clips = Callable[..., Path]

#: Ways of coding one scene; every one of them is an MP4 or MOV that both paths can read.
CODINGS: dict[str, dict[str, Any]] = {
    "plain.mp4": {},
    "front.mp4": {"movflags": "+faststart"},
    "b_frames.mp4": {"preset": "medium", "bf": 3, "g": 30},
    "open_gop.mp4": {"preset": "medium", "bf": 3, "g": 30, "x264-params": "open-gop=1"},
    "intra_refresh.mp4": {"preset": "veryfast", "g": 30, "x264-params": "intra-refresh=1"},
    "long_groups.mp4": {"g": 120},
    "fragmented.mp4": {"movflags": "+frag_keyframe+empty_moov+default_base_moof"},
    "mpeg4.mp4": {"c:v": "mpeg4", "q:v": 5},
    "mjpeg.mov": {"c:v": "mjpeg", "q:v": 5, "pix_fmt": "yuvj420p"},
    "edit_list.mp4": {"ss": 0.7},
}
CONTAINERS = ("plain.mp4", "same.mkv", "same.ts", "same.mov")


@pytest.fixture(params=CODINGS)
def coded(request: pytest.FixtureRequest, clips: Clips) -> Path:
    name: str = request.param
    return clips(f"paths_{name}", lambda path: make.write_clip(path, make.street(9), make.tone(9), **CODINGS[name]))


def _source(path: Path) -> RangeFile:
    return RangeFile(FolderStore(path.parent), path.name, path.stat().st_size)


def _both(path: Path, closing: ExitStack) -> Iterator[tuple[RangeFile, MediaIndex, Tracks]]:
    source = _source(path)
    sniffed = sniff(source)
    yield source, read_index(source, sniffed), indexed(source)
    other = _source(path)
    index, tracks = closing.enter_context(demuxed(other, sniff(other)))
    yield other, index, tracks


def _pictures(source: RangeFile, track: TrackIndex, tracks: Tracks) -> list[tuple[int, bytes]]:
    table = frame_table(track, source.size_bytes)
    wanted = sorted({*range(0, table.times_us.size, 17), table.times_us.size - 1})
    visits = visits_to(table, wanted)
    frames = decoded(tracks, track, table, visits, DecodeLog())
    return [(frame.at_us, luma_of(frame.picture).tobytes()) for frame in frames]


def test_index_and_demuxer_give_the_same_frames(coded: Path) -> None:
    with ExitStack() as closing:
        seen = []
        for source, index, tracks in _both(coded, closing):
            track = index.first("video")
            assert track is not None
            table = frame_table(track, source.size_bytes)
            seen.append((table.times_us.tolist(), table.keys_us.tolist(), _pictures(source, track, tracks)))
        (times, keys, pictures), (other_times, other_keys, other_pictures) = seen
    assert times == other_times
    assert keys == other_keys
    assert [at_us for at_us, _ in pictures] == [at_us for at_us, _ in other_pictures]
    assert pictures == other_pictures
    assert len(pictures) >= 8


def test_a_frame_reached_from_the_middle_is_the_frame_of_a_whole_reading(coded: Path) -> None:
    with ExitStack() as closing:
        source, index, tracks = next(_both(coded, closing))
        track = index.first("video")
        assert track is not None
        table = frame_table(track, source.size_bytes)
        every = visits_to(table, range(table.times_us.size))
        whole = {one.number: luma_of(one.picture).tobytes() for one in decoded(tracks, track, table, every, DecodeLog())}
        alone = [table.frame_at(int(key)) for key in table.keys_us[1:4]]
        wanted = visits_to(table, [number for number in alone if number is not None])
        for frame in decoded(tracks, track, table, wanted, DecodeLog()):
            assert luma_of(frame.picture).tobytes() == whole[frame.number]


def _plain(seen: Inspection) -> Inspection:
    """Without what the path may change: cost and duration of the look, and the container's own facts."""
    return replace(
        seen,
        object_key="",
        container=None,
        examined=replace(seen.examined, bytes_read=0, requests=0, elapsed_s=0, index_bytes=0),
    )


def test_both_stores_give_the_same_answer(clips: Clips, s3_server: EmbeddedS3) -> None:
    path = clips("paths_plain.mp4", lambda path: make.write_clip(path, make.street(9), make.tone(9)))
    client = make_client(s3_server.endpoint_url, None, s3_server.access_key, s3_server.secret_key)
    upload_tree(path.parent, client, "paths")
    store = S3Store("paths", "", s3_server.endpoint_url, None, s3_server.access_key, s3_server.secret_key)
    request = InspectionRequest(path.name)
    ours = inspect_object(FolderStore(path.parent), request, RULES)
    theirs = inspect_object(store, request, RULES)
    assert _plain(ours) == _plain(theirs)
    assert ours.examined.bytes_read == theirs.examined.bytes_read


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_shows_the_same_defect(clips: Clips, name: str) -> None:
    scene = make.blacked(make.street(24), 6, 18)
    options: dict[str, Any] = {"preset": "veryfast", "bf": 0}
    path = clips(f"same_{name}", lambda path: make.write_clip(path, scene, make.tone(24), **options))
    seen = inspect_object(FolderStore(path.parent), InspectionRequest(path.name), RULES)
    (black,) = seen.defects
    assert black.kind == "black_video"
    assert abs(black.start_us - 6 * SECOND_US) <= 200_000
    assert abs(black.end_us - 18 * SECOND_US) <= 200_000


def test_a_part_of_a_file_costs_a_part_of_its_bytes(clips: Clips) -> None:
    path = clips(
        "paths_long.mp4", lambda path: make.write_clip(path, make.street(60), make.tone(60), crf=18, movflags="+faststart")
    )
    whole = path.stat().st_size
    request = InspectionRequest(path.name, spans=(Span(20 * SECOND_US, 30 * SECOND_US),), is_hashed=False)
    seen = inspect_object(FolderStore(path.parent), request, RULES)
    assert seen.examined.bytes_read < whole / 8
    (span,) = seen.examined.spans
    assert abs(span.start_us - 20 * SECOND_US) <= SECOND_US


def test_sound_is_the_same_by_both_paths(clips: Clips) -> None:
    path = clips("paths_sound.mp4", lambda path: make.write_clip(path, make.street(20), make.tone(20, until_s=8)))
    facts: list[AudioFacts | None] = []
    source = _source(path)
    with opened(source, sniff(source), facts.append) as reel:
        assert reel.sound_track is not None
        spans = [Span(0, reel.table.end_us)]
        sparse = listen(listening_to(reel, reel.sound_track, spans, RULES, is_deep=False), RULES).levels
        full = listen(listening_to(reel, reel.sound_track, spans, RULES, is_deep=True), RULES).levels
    assert facts == [AudioFacts("aac", 16000, 1)]
    loud = [level for level in sparse.dbfs if not np.isnan(level) and level > -80]
    assert loud
    assert all(abs(level - -23) < 2 for level in loud)
    for levels in (sparse, full):
        is_silent = levels.dbfs < -80
        assert abs(int(levels.starts_us[is_silent].min()) - 8 * SECOND_US) < 200_000
        assert abs(int(levels.ends_us[is_silent].max()) - 20 * SECOND_US) < 200_000
