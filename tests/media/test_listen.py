"""Sound by packet sizes and by decoding; overdriven sound; envelopes; samples beside what is read anyway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.measures import ENVELOPE_STEP_US, NOT_HEARD, SoundEnvelope
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.media.listen import Heard, listen, listening_to
from bwc_audit.media.mono_sound import EnvelopeEar
from bwc_audit.media.plan import STEP_SLACK
from bwc_audit.media.reel import opened
from bwc_audit.media.sniff import sniff
from bwc_audit.media.sound_plan import plan_of
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import TrackIndex
from bwc_audit.objects.folder import FolderStore

from . import clips as make
from .conftest import RULES, defects, look

Clips = Callable[..., Path]
RATE = 48_000


def heard(path: Path, *, is_deep: bool = False, beside_us: tuple[int, ...] = ()) -> tuple[Heard, int]:
    """What listening to all of a file brings, and in how many requests."""
    source = RangeFile(FolderStore(path.parent), path.name, path.stat().st_size)
    with opened(source, sniff(source), lambda _: None) as reel:
        assert reel.sound_track is not None
        before = source.requests
        spans = [Span(0, reel.table.end_us)]
        found = listen(listening_to(reel, reel.sound_track, spans, RULES, is_deep=is_deep, beside_us=beside_us), RULES)
        return found, source.requests - before


def sound_places(path: Path) -> list[tuple[int, int]]:
    """Place and size of each packet of sound."""
    with av.open(str(path)) as container:
        return [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size and packet.pos is not None]


def speech(seconds: int, overdriven: slice | None = None) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Syllables of harmonics in noise of -45 dBFS; 45 times too loud in part."""
    rng = np.random.default_rng(3)
    count = seconds * RATE
    at_s = np.arange(count) / RATE
    pitch = 2 * np.pi * np.cumsum(128 * (1 + 0.08 * np.sin(2 * np.pi * at_s * 0.9))) / RATE
    voice = sum(np.sin(pitch * harmonic) / harmonic for harmonic in (1, 2, 3, 5, 8, 13))
    sound = 0.05 * voice * np.clip(np.sin(2 * np.pi * at_s * 3.7) + 0.3, 0, 1) * (at_s % 3 < 2)
    sound = sound + 0.005 * rng.normal(size=count)
    if overdriven is not None:
        part = slice(overdriven.start * RATE, overdriven.stop * RATE)
        sound[part] *= 45
    return np.clip(sound, -1, 1).astype(np.float32)


def with_sound(path: Path, sound: np.ndarray[Any, np.dtype[np.float32]]) -> Path:
    """A quiet picture with the sound as AAC of 48 kbit/s, interleaved every half second."""
    picture = path.with_suffix(".picture.mp4")
    make.write_clip(picture, make.desk(sound.size / RATE, noise=0), has_clock=False)
    with av.open(str(picture)) as given_file, av.open(str(path), "w") as out:
        video = given_file.streams.video[0]
        copied = out.add_stream_from_template(video)
        stream = out.add_stream("aac", rate=RATE, bit_rate=48_000, layout="mono")
        done = 0
        for packet in given_file.demux(video):
            if packet.dts is None:
                continue
            until = round(float(packet.dts * video.time_base) * RATE) // RATE * RATE  # type: ignore[operator]
            for first in range(done, min(until, sound.size), RATE // 2):
                frame = AudioFrame.from_ndarray(sound[None, first : first + RATE // 2], format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
                out.mux(stream.encode(frame))
            done = max(done, until)
            packet.stream = copied
            out.mux(packet)
        frame = AudioFrame.from_ndarray(sound[None, done:], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, done, Fraction(1, RATE)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_overdriven_speech_is_found_without_decoding_the_rest(clips: Clips) -> None:
    path = clips("overdriven.mp4", lambda path: with_sound(path, speech(60, slice(33, 46))))
    seen = look(path)
    (found,) = defects(seen, DefectKind.AUDIO_CLIPPED)
    assert abs(found.start_us - 33 * SECOND_US) <= SECOND_US
    assert abs(found.end_us - 46 * SECOND_US) <= SECOND_US
    assert seen.examined.audio_us < 30 * SECOND_US
    (whole,) = defects(look(path, is_deep=True), DefectKind.AUDIO_CLIPPED)
    assert abs(whole.start_us - found.start_us) <= SECOND_US // 2
    assert abs(whole.end_us - found.end_us) <= SECOND_US // 2


def test_loud_speech_is_not_overdriven_and_little_of_it_is_decoded(clips: Clips) -> None:
    path = clips("speech.mp4", lambda path: with_sound(path, speech(60)))
    seen = look(path)
    assert seen.defects == ()
    assert seen.examined.audio_us < 6 * SECOND_US


def test_levels_do_not_depend_on_what_else_was_decoded(clips: Clips) -> None:
    path = clips("speech.mp4", lambda path: with_sound(path, speech(60)))
    (sparse, _), (full, _) = heard(path), heard(path, is_deep=True)
    measured = ~np.isnan(sparse.levels.dbfs)
    assert 0 < measured.sum() < full.levels.dbfs.size / 4
    for start_us, end_us, dbfs in zip(
        sparse.levels.starts_us[measured].tolist(),
        sparse.levels.ends_us[measured].tolist(),
        sparse.levels.dbfs[measured].tolist(),
        strict=True,
    ):
        near = (full.levels.starts_us < end_us) & (full.levels.ends_us > start_us)
        assert dbfs <= full.levels.dbfs[near].max() + 0.5  # a block of the whole keeps its loudest level


def test_samples_beside_what_is_read_anyway_keep_the_step(clips: Clips) -> None:
    path = clips("speech.mp4", lambda path: with_sound(path, speech(60)))
    keys_us = tuple(range(0, 60 * SECOND_US, 9 * SECOND_US))
    found, _ = heard(path, beside_us=keys_us)
    measured = ~np.isnan(found.levels.dbfs)
    inner = [end_us for end_us in found.levels.ends_us[measured].tolist() if 5 * SECOND_US < end_us < 58 * SECOND_US]
    assert len(inner) == 2  # every 40 s, from 20 s on: before 18 s and 54 s
    assert [min(abs(end_us - key_us) for key_us in keys_us) < 60_000 for end_us in inner] == [True, True]


def test_pictures_a_little_further_apart_than_the_step_take_the_sound_along() -> None:
    starts_us = np.arange(47 * 400, dtype=np.int64) * 21_333
    keys_us = [second * SECOND_US for second in range(0, 400, 41)]
    plan = plan_of(
        _track(np.full(starts_us.size, 130) + np.arange(starts_us.size) % 9),
        np.arange(starts_us.size),
        starts_us,
        40 * SECOND_US,
        keys_us,
    )
    ends_us = [int(starts_us[check[-1]]) + 21_333 for check in plan.checks]
    beside = [min(abs(end_us - key_us) for key_us in keys_us) < 30_000 for end_us in ends_us]
    assert beside == [False] + [True] * 9  # the first: half a step behind the start


@given(
    st.lists(st.integers(0, 400 * SECOND_US), max_size=40),
    st.integers(1, 60),
    st.integers(0, 300),
)
def test_no_two_checks_are_further_apart_than_the_step(beside_us: list[int], step_s: int, seconds: int) -> None:
    count = 47 * seconds + 1
    starts_us = np.arange(count, dtype=np.int64) * 21_333
    rng = np.random.default_rng(1)
    plan = plan_of(_track(rng.integers(120, 140, count)), np.arange(count), starts_us, step_s * SECOND_US, beside_us)
    at_us = sorted(int(starts_us[check[0]]) for check in plan.checks)
    slack_us = 100_000  # a check is a few packets long
    for earlier_us, later_us in zip([0, *at_us], [*at_us, int(starts_us[-1])], strict=True):
        assert later_us - earlier_us <= step_s * STEP_SLACK * SECOND_US + slack_us
    assert len(plan.checks) <= 2 * (seconds // step_s + 1)


@pytest.mark.parametrize("early_us", [-4 * 10**15, 0])
def test_holes_take_no_checks(early_us: int) -> None:
    starts_us = np.arange(1_000, dtype=np.int64) * 20_000
    starts_us[0] = early_us
    starts_us[500:] += 4 * 10**15
    numbers = np.arange(starts_us.size)
    plan = plan_of(_track(100 + 5 * (numbers % 2)), numbers, starts_us, 5 * SECOND_US, [7 * SECOND_US, 10**15])
    assert 4 <= len(plan.checks) <= 9


def test_sound_far_before_the_picture_is_left_out(clips: Clips) -> None:
    path = clips("plain.mp4", lambda path: make.write_clip(path, make.desk(4), make.tone(4), has_clock=False))
    source = RangeFile(FolderStore(path.parent), path.name, path.stat().st_size)
    with opened(source, sniff(source), lambda _: None) as reel:
        track = reel.sound_track
        assert track is not None
        for early_s, is_wanted in ((4 * 10**9, False), (100, True)):
            pts, durations = track.pts.copy(), track.durations.copy()
            ticks = round(early_s / track.time_base)
            pts[0], durations[0] = -ticks, ticks + 1_000
            early = replace(track, pts=pts, durations=durations)
            found = listening_to(reel, early, [Span(0, reel.table.end_us)], RULES, is_deep=False)
            assert (0 in found.wanted) == is_wanted


def test_sizes_of_other_codecs_tell_nothing() -> None:
    plan = plan_of(_track(np.full(100, 500), "opus"), np.arange(100), np.arange(100) * 20_000, SECOND_US)
    assert not plan.is_believed.any()
    assert plan.checks == ()


@pytest.mark.parametrize("size", [4, 300])
def test_small_packets_and_packets_of_one_size_are_not_believed(size: int) -> None:
    plan = plan_of(_track(np.full(500, size)), np.arange(500), np.arange(500, dtype=np.int64) * 21_333, SECOND_US)
    assert not plan.is_believed.any()


def test_the_envelope_is_where_the_sound_is(clips: Clips) -> None:
    sound = make.tone(20, from_s=8, until_s=12)
    coding: dict[str, Any] = {"c:a": "pcm_s16le", "ac": 2}
    path = clips("beep.mkv", lambda path: make.write_clip(path, make.desk(20), sound, **coding))
    found, _ = heard(path, is_deep=True)
    envelope = found.envelope
    assert isinstance(envelope, SoundEnvelope)
    loud = np.flatnonzero((envelope.levels != NOT_HEARD) & (envelope.levels > 60)) * ENVELOPE_STEP_US + envelope.start_us
    assert abs(int(loud[0]) - 8 * SECOND_US) <= 3 * ENVELOPE_STEP_US
    assert abs(int(loud[-1]) - 12 * SECOND_US) <= 3 * ENVELOPE_STEP_US
    assert heard(path)[0].envelope is None


def test_sound_that_changes_its_channels_and_rate_on_the_way_is_measured(clips: Clips) -> None:
    def joined(path: Path) -> Path:
        content = b""
        for channels, rate in ((1, 16_000), (2, 16_000), (2, 48_000), (1, 16_000)):
            coding: dict[str, Any] = {"ac": channels, "ar": rate}
            content += make.write_clip(path.with_suffix(".part.ts"), make.desk(5), make.tone(5), **coding).read_bytes()
        path.write_bytes(content)
        return path

    path = clips("changing.ts", joined)
    for is_deep in (False, True):
        levels = heard(path, is_deep=is_deep)[0].levels
        measured = levels.dbfs[~np.isnan(levels.dbfs)]
        assert measured.size
        stereo_db = 0 if is_deep else -3  # the only sample of a sparse look lies in the middle: one voice on two channels
        assert abs(float(np.median(measured)) - -23 - stereo_db) < 3


@pytest.mark.parametrize("is_deep", [True, False])
def test_sound_of_eight_channels_is_measured(clips: Clips, is_deep: bool) -> None:
    voice = "0.1*sin(440*2*PI*t)"
    sound = ffmpeg.input(f"aevalsrc={'|'.join([voice] * 8)}:c=7.1:s={RATE}:d=8", f="lavfi")
    coding: dict[str, Any] = {"b:a": "512k"}
    path = clips("eight.mp4", lambda path: make.write_clip(path, make.desk(8), sound, has_clock=False, **coding))
    levels = heard(path, is_deep=is_deep)[0].levels
    assert levels.failed == ()
    assert abs(float(np.nanmedian(levels.dbfs)) - -23) < 1


def test_where_checks_cannot_be_decoded_nothing_is_believed(clips: Clips) -> None:
    def refused(path: Path) -> Path:
        """Packets that no decoder takes, of the sizes of sound."""
        content = bytearray(with_sound(path, speech(60)).read_bytes())
        for start, size in sound_places(path):
            content[start : start + size] = b"\xff" * size
        path.write_bytes(content)
        return path

    path = clips("refused.mp4", refused)
    levels = heard(path)[0].levels
    assert not np.isnan(levels.dbfs).any()
    assert sum(span.length_us for span in levels.failed) > 55 * SECOND_US
    assert look(path).not_examined


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_a_click_keeps_its_time_at_every_rate_and_after_a_hole(rate: int) -> None:
    click = np.zeros(rate, np.float32)
    click[rate // 2] = 1
    ear = EnvelopeEar(Span(0, 10 * SECOND_US))
    ear.hear(click, rate, 0)
    ear.hear(click, rate, SECOND_US)
    ear.hear(click, rate, 5 * SECOND_US + 300_000)
    levels = ear.envelope().levels
    heard_at = [int(np.argmax(levels[low:high])) + low for low, high in ((0, 95), (105, 195), (530, 625))]
    assert all(abs(at - expected) <= 1 for at, expected in zip(heard_at, (49, 149, 579), strict=True))
    assert set(levels[205:525].tolist()) == {NOT_HEARD}


@pytest.mark.parametrize("rate", [0, 1, 10**9])
def test_rates_that_no_camera_has_are_not_heard(rate: int) -> None:
    ear = EnvelopeEar(Span(0, SECOND_US))
    ear.hear(np.ones(2048, np.float32), rate, 0)
    assert set(ear.envelope().levels.tolist()) == {NOT_HEARD}


def _track(sizes: np.ndarray[Any, np.dtype[Any]], codec: str = "aac") -> TrackIndex:
    numbers = np.arange(sizes.size, dtype=np.int64)
    is_all = np.ones(sizes.size, dtype=bool)
    return TrackIndex(
        "audio", codec, b"", Fraction(1, RATE), numbers, sizes.astype(np.int64), numbers, numbers, numbers, is_all, is_all
    )
