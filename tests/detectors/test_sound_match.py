"""Clocks compared by sound: right to a tenth of a second, or no answer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwc_audit.detectors import sound_match
from bwc_audit.detectors.sound_match import (
    STEP_US,
    Envelope,
    NoMatch,
    Samples,
    SoundMatch,
    envelope_of,
    kept,
    match,
)
from bwc_audit.domain.measures import NOT_HEARD
from bwc_audit.domain.policy import SoundMatchRules
from bwc_audit.domain.times import SECOND_US, Span
from tests.detectors.sound_scenes import PERIODIC, RATE, SCENES, Sound, coded, enveloped, heard

TENTH_US = SECOND_US // 10
SEARCH_US = 120 * SECOND_US


@cache
def scene(kind: str, seed: int, seconds: int = 90) -> Sound:
    return {**SCENES, **PERIODIC}[kind](np.random.default_rng(seed), seconds * RATE)


@cache
def microphone(kind: str, seed: int, mic: int, snr_db: float = 10.0, seconds: int = 90) -> Envelope:
    return enveloped(heard(np.random.default_rng(mic), scene(kind, seed, seconds), snr_db))


def ahead(envelope: Envelope, by_us: int) -> Envelope:
    """The same recording by a clock that is ahead."""
    return replace(envelope, start_us=envelope.start_us + by_us)


@pytest.mark.parametrize("kind", SCENES)
@pytest.mark.parametrize("offset_us", [-90 * SECOND_US, 3_215_000, 47 * SECOND_US])
def test_same_scene_at_two_microphones_gives_the_offset(kind: str, offset_us: int) -> None:
    seconds = 180 if kind == "bangs" else 90  # a bang every few seconds: one window of 10 s holds one or two
    one, other = (microphone(kind, 1, mic, seconds=seconds) for mic in (10, 11))
    result = match(one, ahead(other, offset_us), 0, SEARCH_US)
    assert isinstance(result, SoundMatch)
    assert abs(result.lag_us - offset_us) <= TENTH_US
    assert result.uncertainty_us >= TENTH_US
    assert result.agreeing >= 3
    assert result.peak_ratio >= SoundMatchRules().peak_ratio


def test_codec_noise_and_different_beginnings_do_not_matter() -> None:
    sounds = [coded(heard(np.random.default_rng(mic), scene("speech", 2), 5.0)) for mic in (1, 2)]
    later = enveloped(sounds[1][20 * RATE :], 20 * SECOND_US - 5 * SECOND_US)
    result = match(enveloped(sounds[0]), later, 0, SEARCH_US)
    assert isinstance(result, SoundMatch)
    assert abs(result.lag_us + 5 * SECOND_US) <= TENTH_US


def test_order_of_the_two_only_turns_the_sign() -> None:
    one, other = microphone("speech", 1, 10), ahead(microphone("speech", 1, 11), 7 * SECOND_US)
    there, back = match(one, other, 0, SEARCH_US), match(other, one, 0, SEARCH_US)
    assert isinstance(there, SoundMatch)
    assert isinstance(back, SoundMatch)
    assert abs(there.lag_us + back.lag_us) <= 2 * STEP_US


@pytest.mark.parametrize("kind", SCENES)
def test_other_scenes_of_the_same_kind_give_no_answer(kind: str) -> None:
    for seed in range(3, 6):
        result = match(microphone(kind, seed, 10), microphone(kind, seed + 10, 11), 0, SEARCH_US)
        assert result is NoMatch.DIFFERENT


@pytest.mark.parametrize("kind", PERIODIC)
@pytest.mark.parametrize("is_same_scene", [True, False])
def test_sounds_that_repeat_give_no_answer(kind: str, is_same_scene: bool) -> None:
    other = microphone(kind, 1 if is_same_scene else 2, 11, snr_db=20)
    result = match(microphone(kind, 1, 10, snr_db=20), other, 0, SEARCH_US)
    assert result in (NoMatch.AMBIGUOUS, NoMatch.DIFFERENT)


def test_silence_and_what_was_not_heard_give_no_answer() -> None:
    loud = microphone("speech", 1, 10)
    quiet = enveloped(np.zeros(90 * RATE, np.float32))
    nothing = envelope_of([], Span(0, 90 * SECOND_US))
    for one, other in ((loud, quiet), (quiet, loud), (loud, nothing), (quiet, nothing)):
        assert match(one, other, 0, SEARCH_US) is NoMatch.SILENT


def test_short_recordings_and_empty_searches_give_no_answer() -> None:
    loud = microphone("speech", 1, 10)
    assert match(loud, Envelope(0, loud.levels[:1500]), 0, SEARCH_US) is NoMatch.TOO_SHORT
    assert match(loud, loud, 0, 0) is NoMatch.TOO_SHORT
    assert match(loud, ahead(loud, 10**12), 0, SEARCH_US) is NoMatch.TOO_SHORT


def test_offset_outside_the_search_is_not_answered_by_another_one() -> None:
    one, other = microphone("speech", 1, 10), ahead(microphone("speech", 1, 11), 60 * SECOND_US)
    assert isinstance(match(one, other, 0, 30 * SECOND_US), NoMatch)
    assert isinstance(match(one, other, 60 * SECOND_US, 5 * SECOND_US), SoundMatch)


def test_too_few_windows_that_agree_are_no_answer() -> None:
    one, other = microphone("speech", 1, 10), microphone("speech", 1, 11)
    assert match(one, other, 0, SEARCH_US, SoundMatchRules(agreeing=50)) is NoMatch.TOO_SHORT
    assert match(one, other, 0, SEARCH_US, SoundMatchRules(peak_ratio=1000)) is NoMatch.AMBIGUOUS


def test_envelope_does_not_depend_on_how_samples_come_in_blocks() -> None:
    samples = heard(np.random.default_rng(1), scene("speech", 1), 20.0)
    whole = envelope_of([(0, samples)], Span(0, 90 * SECOND_US))
    assert np.allclose(whole.levels, enveloped(samples).levels, atol=0.01, equal_nan=True)
    assert whole.levels.shape == (9000,)
    assert np.isfinite(whole.levels[:-2]).all()


def test_hole_in_the_sound_is_a_hole_in_the_envelope_and_later_sound_keeps_its_time() -> None:
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1.0
    levels = envelope_of([(0, click), (5 * SECOND_US, click)], Span(0, 8 * SECOND_US)).levels
    assert np.isnan(levels[105:495]).all()
    assert np.isnan(levels[605:]).all()
    loudest = [int(np.argmax(levels[low:high])) + low for low, high in ((0, 95), (500, 595))]
    assert abs(loudest[0] - 49) <= 1
    assert loudest[1] - loudest[0] == 500


def test_level_is_relative_to_full_scale() -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, 2 * RATE).astype(np.float32)  # full scale, a sixth of it in each band
    loud = envelope_of([(0, noise)], Span(0, SECOND_US)).levels
    soft = envelope_of([(0, noise * np.float32(0.01))], Span(0, SECOND_US)).levels
    assert -20 < float(loud.mean()) < -10
    assert abs(float((loud - soft).mean()) - 40) < 0.5


def test_what_is_kept_is_one_byte_a_step_in_half_decibels() -> None:
    envelope = Envelope(7, np.array([-200, -100, -62.3, 0, 26.9, 90, np.nan], np.float32))
    stored = kept(envelope)
    assert (stored.start_us, stored.levels.tolist()) == (7, [0, 0, 75, 200, 254, 254, NOT_HEARD])
    again = sound_match.opened(stored, 5)
    assert again.start_us == 12
    assert again.levels[:-1].tolist() == [-100, -100, -62.5, 0, 27, 27]
    assert np.isnan(again.levels[-1])


def test_what_is_kept_matches_as_well() -> None:
    one, other = (sound_match.opened(kept(microphone("babble", 1, mic))) for mic in (10, 11))
    result = match(one, ahead(other, 7 * SECOND_US), 0, SEARCH_US)
    assert isinstance(result, SoundMatch)
    assert abs(result.lag_us - 7 * SECOND_US) <= TENTH_US


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-(10**13), 10**13), st.integers(0, 3000)), max_size=8), st.integers(1, 40_000_000))
def test_blocks_at_any_time_are_taken_without_harm(blocks: list[tuple[int, int]], length_us: int) -> None:
    given_blocks: list[tuple[int, Samples]] = [(at_us, np.full(count, np.nan, np.float32)) for at_us, count in blocks]
    envelope = envelope_of(given_blocks, Span(0, length_us))
    assert envelope.levels.shape == (length_us // STEP_US,)


def test_a_claimed_length_without_end_makes_no_endless_envelope() -> None:
    assert len(envelope_of([], Span(0, 10**18)).levels) == 6 * 3600 * 100
