"""The clips are what the story says: lengths, sizes, bytes that come out the same, and faults that are really there."""

from __future__ import annotations

import hashlib
import io
import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from sample_media import building
from sample_media.day import Day
from sample_media.encoding import clip_bytes
from sample_media.records import metadata_of
from sample_media.shots import Fault, Look, Shot, Trouble
from sample_media.sound import RATE, samples
from sample_media.storyboard import the_day
from tests.fixtures_sample import SampleNight

#: The burned-in clock ends above this row.
_BELOW_CLOCK = 32


def _shot(*troubles: Trouble, clip_id: str = "test", length_s: float = 8, look: Look = Look.STREET, **more: bool) -> Shot:
    return Shot(clip_id, look, length_s, 2, 1_748_000_000_000_000, "AXON BODY 4 X60A10000", troubles, **more)


def _key_frames(content: bytes) -> list[tuple[float, npt.NDArray[np.int16], bool]]:
    """Time, luma below the clock, and whether the decoder found damage, of every key frame."""
    found = []
    with av.open(io.BytesIO(content), "r") as container:
        for frame in container.decode(video=0):
            if frame.key_frame and frame.time is not None:
                luma = frame.to_ndarray(format="gray").astype(np.int16)
                found.append((frame.time, luma[_BELOW_CLOCK:], frame.is_corrupt))
    return found


def test_the_story_stays_within_its_limits() -> None:
    shots = [footage.shot for footage in the_day().footage if footage.shot is not None]
    assert all(10 <= shot.length_s <= 60 for shot in shots)
    assert len({shot.clip_id for shot in shots}) == len(shots)
    assert {Fault.BLACK, Fault.OBSTRUCTED, Fault.FROZEN_ALL, Fault.FROZEN_PICTURE, Fault.HAND} <= {
        trouble.fault for shot in shots for trouble in shot.troubles
    }


def test_the_same_shot_gives_the_same_bytes() -> None:
    shot = _shot(length_s=3)
    assert clip_bytes(shot) == clip_bytes(shot)
    assert clip_bytes(shot) != clip_bytes(_shot(clip_id="another", length_s=3))


def test_a_clip_has_the_length_the_tracks_and_the_index_it_should() -> None:
    content = clip_bytes(_shot(length_s=4, is_moov_last=True))
    assert content.index(b"moov") > content.index(b"mdat")
    with av.open(io.BytesIO(content), "r") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (audio.codec_context.sample_rate, audio.codec_context.channels) == (RATE, 1)
        for stream in (video, audio):
            assert stream.duration is not None
            assert stream.time_base is not None
            assert float(stream.duration * stream.time_base) == pytest.approx(4, abs=0.1)
    plain = clip_bytes(_shot(length_s=4))
    assert plain.index(b"moov") < plain.index(b"mdat")


def test_a_frozen_picture_repeats_exactly_and_a_still_desk_does_not() -> None:
    frozen = _key_frames(clip_bytes(_shot(Trouble(Fault.FROZEN_PICTURE, 3, 7))))
    held = [luma for time, luma, _ in frozen if 3 <= time < 7]
    assert len(held) == 4
    assert all(np.array_equal(held[0], luma) for luma in held)
    desk = [luma for _, luma, _ in _key_frames(clip_bytes(_shot(look=Look.DESK)))]
    assert all(np.abs(one - two).mean() > 0.3 for one, two in pairwise(desk))


def test_black_is_black_and_night_is_not() -> None:
    black = _key_frames(clip_bytes(_shot(Trouble(Fault.BLACK, 0, 8))))
    assert all(np.percentile(luma, 99) < 24 for _, luma, _ in black)
    night = _key_frames(clip_bytes(_shot(look=Look.NIGHT)))
    assert all(np.percentile(luma, 99) > 60 for _, luma, _ in night)


def test_damage_is_seen_by_the_decoder_only_where_it_is_told() -> None:
    frames = _key_frames(clip_bytes(_shot(Trouble(Fault.DAMAGED, 2, 6))))
    assert any(is_corrupt for time, _, is_corrupt in frames if 2 <= time < 6)
    assert not any(is_corrupt for time, _, is_corrupt in frames if time < 2)


def test_lost_frames_leave_a_hole_and_the_file_goes_on() -> None:
    content = clip_bytes(_shot(Trouble(Fault.FRAMES_LOST, 2, 6)))
    with av.open(io.BytesIO(content), "r") as container:
        times = sorted(frame.time for frame in container.decode(video=0) if frame.time is not None)
    steps = np.diff(times)
    assert steps.max() == pytest.approx(4, abs=0.2)
    assert times[-1] > 7.5


def test_sound_is_silent_only_where_it_should_be() -> None:
    track = samples(_shot(Trouble(Fault.MUTED, 4, 6), look=Look.DESK))
    silent = [not track[second * RATE : (second + 1) * RATE].any() for second in range(8)]
    assert silent == [True, True, False, False, True, True, False, False]
    quiet = samples(_shot(look=Look.DESK))[2 * RATE :].astype(np.float64) / 32_768
    level = 20 * np.log10(np.sqrt(np.mean(quiet[-RATE // 10 :] ** 2)))
    assert level > -60


def test_a_truncated_clip_keeps_its_index() -> None:
    whole, cut = clip_bytes(_shot(length_s=4)), clip_bytes(_shot(Trouble(Fault.TRUNCATED), length_s=4))
    assert len(cut) == int(len(whole) * 0.6)
    assert whole.startswith(cut)


def test_metadata_match_the_bytes_except_where_the_story_says_otherwise() -> None:
    for footage in the_day().footage:
        metadata = metadata_of(footage, b"bytes")
        assert (metadata["sha256"] != hashlib.sha256(b"bytes").hexdigest()) is footage.is_hash_wrong
        assert metadata["size_bytes"] == 5


def _two_clips() -> Day:
    """A day of two short clips of the story and the files that are no video."""
    whole = the_day()
    short = [footage for footage in whole.footage if footage.placeholder is not None or footage.length_s <= 15]
    return Day(footage=short[:5], bad_files=whole.bad_files, bad_rows=whole.bad_rows)


def test_a_build_leaves_what_is_there_and_mends_what_is_not(tmp_path: Path) -> None:
    first = building.build(tmp_path, processes=1, day=_two_clips())
    assert (first.built, first.kept, first.clips) == (2, 0, 2)
    again = building.build(tmp_path, processes=1, day=_two_clips())
    assert (again.built, again.kept) == (0, 2)
    clip = max(tmp_path.rglob("*.mp4"), key=lambda path: path.stat().st_size)
    before = clip.read_bytes()
    clip.write_bytes(before[:-1])
    stranger = clip.with_name("left_over.json")
    stranger.write_text("{}")
    mended = building.build(tmp_path, processes=1, day=_two_clips())
    assert mended.built == 1
    assert clip.read_bytes() == before
    assert not stranger.exists()


def test_the_whole_source_is_there_and_small(sample_night: SampleNight) -> None:
    files = [path for path in (sample_night.source / "footage").rglob("*") if path.is_file()]
    assert 10_000_000 < sum(path.stat().st_size for path in files) < 24_000_000
    for footage in the_day().footage:
        path = sample_night.source / footage.object_key
        is_stored = footage.shot is not None or footage.copy_of is not None or footage.placeholder is not None
        assert path.is_file() is is_stored, footage.object_key
        assert path.with_suffix(".json").is_file() is (footage.paper in ("sidecar", "empty"))
        if footage.paper == "sidecar":
            stored = path.read_bytes() if is_stored else None
            metadata = json.loads(path.with_suffix(".json").read_text())
            if stored is not None:
                assert metadata["size_bytes"] == len(stored)
                is_wrong = metadata["sha256"] != hashlib.sha256(stored).hexdigest()
                assert is_wrong is footage.is_hash_wrong
