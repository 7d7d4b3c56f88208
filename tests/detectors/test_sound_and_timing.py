"""Levels to silence and missing sound; times to holes. Tables at the bounds, and laws."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.detectors.sound import FLOOR_DBFS, SoundLevels, condensed, level_dbfs, sound_defects
from bwc_audit.detectors.timing import frame_gaps, gap_defects
from bwc_audit.domain.inspection import Defect, DefectKind
from bwc_audit.domain.policy import UsabilityRules
from bwc_audit.domain.times import SECOND_US, Span

RULES = UsabilityRules(clause="usable")
CLIPPED = DefectKind.AUDIO_CLIPPED
LEAD_IN, MUTED, MISSING = DefectKind.SILENT_LEAD_IN, DefectKind.AUDIO_MUTED, DefectKind.AUDIO_MISSING


def levels(*stretches: tuple[float, float, float], end_s: float) -> SoundLevels:
    """Blocks of half a second from ``(from_s, to_s, dbfs)``; what no stretch covers holds no sound at all."""
    rows = [
        (round(at * SECOND_US), round(min(at + 0.5, to) * SECOND_US), dbfs)
        for begin, to, dbfs in stretches
        for at in np.arange(begin, to, 0.5).tolist()
    ]
    starts, ends, dbfs = zip(*rows, strict=True) if rows else ((), (), ())
    return SoundLevels(
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        np.array(dbfs, np.float64),
        (Span(0, round(end_s * SECOND_US)),),
    )


def found(sound: SoundLevels, end_s: float, buffer_s: float | None = None) -> list[tuple[DefectKind, float, float]]:
    buffer_us = None if buffer_s is None else round(buffer_s * SECOND_US)
    defects = sound_defects(sound, round(end_s * SECOND_US), buffer_us, RULES)
    return [(d.kind, d.start_us / SECOND_US, d.end_us / SECOND_US) for d in defects]


@pytest.mark.parametrize(("silent_s", "expected"), [(9.5, []), (10.0, [(MUTED, 50, 60)]), (10.5, [(MUTED, 50, 60.5)])])
def test_muted_lasts_at_least_the_minimum(silent_s: float, expected: list[tuple[DefectKind, float, float]]) -> None:
    end = 50 + silent_s
    sound = levels((0, 50, -30), (50, end, FLOOR_DBFS), (end, 100, -30), end_s=100)
    assert found(sound, 100) == expected


@pytest.mark.parametrize(("dbfs", "is_muted"), [(-63, False), (-80, False), (-80.1, True), (FLOOR_DBFS, True)])
def test_a_quiet_room_is_not_mute(dbfs: float, is_muted: bool) -> None:
    sound = levels((0, 20, -30), (20, 60, dbfs), end_s=60)
    assert bool(found(sound, 60)) is is_muted


@pytest.mark.parametrize(
    ("silent_s", "buffer_s", "expected"),
    [
        (30, 30, [(LEAD_IN, 0, 30)]),
        (32, 30, [(LEAD_IN, 0, 32)]),
        (33, 30, [(LEAD_IN, 0, 30)]),
        (40, 30, [(LEAD_IN, 0, 30), (MUTED, 30, 40)]),
        (2, 0, [(LEAD_IN, 0, 2)]),
        (12, 0, [(MUTED, 0, 12)]),
        (120, None, [(LEAD_IN, 0, 120)]),
        (125, None, [(LEAD_IN, 0, 120)]),
        (130, None, [(LEAD_IN, 0, 120), (MUTED, 120, 130)]),
        (0.5, None, []),
    ],
)
def test_silence_at_the_start(
    silent_s: float, buffer_s: float | None, expected: list[tuple[DefectKind, float, float]]
) -> None:
    sound = levels((0, silent_s, FLOOR_DBFS), (silent_s, 200, -30), end_s=200)
    assert found(sound, 200, buffer_s) == expected


def test_a_buffer_without_any_sound_is_a_lead_in_too() -> None:
    assert found(levels((30, 100, -30), end_s=100), 100, 30) == [(LEAD_IN, 0, 30)]


@pytest.mark.parametrize("beep_s", [0.05, 0.1, 0.4, 0.6])
@pytest.mark.parametrize("buffer_s", [None, 30])
def test_short_beeps_in_silence_end_the_lead_in(beep_s: float, buffer_s: float | None) -> None:
    parts = [one for at in range(0, 60, 4) for one in ((at, at + 4 - beep_s, FLOOR_DBFS), (at + 4 - beep_s, at + 4, -30.0))]
    assert found(levels(*parts, end_s=60), 60, buffer_s) == [(LEAD_IN, 0, 4 - beep_s)]


def test_short_beeps_in_silence_end_what_is_muted() -> None:
    parts = [(0, 20, -30.0), (20, 32, FLOOR_DBFS), (32, 32.05, -30.0), (32.05, 40, FLOOR_DBFS), (40, 60, -30.0)]
    assert found(levels(*parts, end_s=60), 60) == [(MUTED, 20, 32)]


def test_no_sound_from_first_to_last() -> None:
    assert found(levels((0, 60, FLOOR_DBFS), end_s=60), 60) == [(MUTED, 0, 60)]
    assert found(levels((0, 60, FLOOR_DBFS), end_s=60), 60, 30) == [(LEAD_IN, 0, 30), (MUTED, 30, 60)]
    assert found(levels(end_s=60), 60) == [(MISSING, 0, 60)]


@pytest.mark.parametrize(("ends_s", "expected"), [(91, []), (90, [(MISSING, 90, 100)]), (40, [(MISSING, 40, 100)])])
def test_sound_that_ends_before_the_picture(ends_s: float, expected: list[tuple[DefectKind, float, float]]) -> None:
    assert found(levels((0, ends_s, -30), end_s=100), 100) == expected


def test_packets_that_could_not_be_decoded_are_neither_missing_nor_silent() -> None:
    sound = levels((0, 40, -30), (70, 100, -30), end_s=100)
    failed = SoundLevels(sound.starts_us, sound.ends_us, sound.dbfs, sound.examined, (Span(40 * SECOND_US, 70 * SECOND_US),))
    assert found(sound, 100) == [(MISSING, 40, 70)]
    assert found(failed, 100) == []


def test_nothing_is_claimed_outside_what_was_examined() -> None:
    sound = levels((0, 200, FLOOR_DBFS), end_s=200)
    part = SoundLevels(sound.starts_us, sound.ends_us, sound.dbfs, (Span(150 * SECOND_US, 170 * SECOND_US),))
    assert found(part, 200) == [(MUTED, 150, 170)]


@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from([-30.0, -63.0, FLOOR_DBFS, None])), max_size=12),
    st.one_of(st.none(), st.integers(0, 120)),
)
def test_spans_are_disjoint_and_inside_the_video(parts: list[tuple[int, float | None]], buffer_s: int | None) -> None:
    stretches, at = [], 0
    for length, dbfs in parts:
        if dbfs is not None:
            stretches.append((float(at), float(at + length), dbfs))
        at += length
    end = max(at, 1)
    spans = [(a, b) for _, a, b in found(levels(*stretches, end_s=end), end, buffer_s)]
    assert spans == sorted(spans)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
    assert all(0 <= a < b <= end for a, b in spans)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.zeros(100, np.float32), FLOOR_DBFS),
        (np.zeros(0, np.float32), FLOOR_DBFS),
        (np.ones(100, np.float32), 0.0),
        (np.full(100, 0.1, np.float32), -20.0),
        (np.full(100, -32768, np.int16), 0.0),
        (np.full(100, 128, np.uint8), FLOOR_DBFS),
        (np.full((2, 50), 1, np.int16), -90.31),
    ],
)
def test_level(samples: np.ndarray, expected: float) -> None:
    assert level_dbfs(samples) == pytest.approx(expected, abs=0.01)


def gaps(*deltas_ms: int) -> list[Defect]:
    return list(gap_defects(frame_gaps(np.cumsum([0, *deltas_ms]).astype(np.int64) * 1000), RULES))


@pytest.mark.parametrize(("gap_ms", "count"), [(999, 0), (1000, 0), (1001, 1), (60_000, 1)])
def test_a_hole_is_longer_than_the_rule(gap_ms: int, count: int) -> None:
    assert len(gaps(*[33] * 50, gap_ms, *[33] * 50)) == count


def test_a_hole_runs_from_the_end_of_the_last_frame_to_the_next() -> None:
    (gap,) = gaps(*[40] * 25, 5000, *[40] * 25)
    assert (gap.start_us, gap.end_us) == (1_040_000, 6_000_000)
    assert gap.measures == {"gap_s": 5.0, "typical_s": 0.04}


def test_a_slow_rate_is_no_hole_and_holes_next_to_each_other_are_two() -> None:
    assert gaps(*[33] * 60, *[1500] * 30, *[33] * 60) == []
    assert len(gaps(*[33] * 30, 4000, 33, 4000, *[33] * 30)) == 2
    assert gaps() == []
    assert len(gaps(5000)) == 1


def clipped(*shares: float) -> SoundLevels:
    """A loud block of half a second for each share of samples at full scale."""
    sound = levels((0, len(shares) / 2, -6), end_s=len(shares) / 2)
    return replace(sound, clipped_share=np.array(shares, np.float64))


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([0.0] * 20 + [0.3] * 20 + [0.0] * 20, [(CLIPPED, 10, 20)]),
        ([0.0] * 20 + [0.3] * 19 + [0.0] * 20, []),
        ([0.0] * 20 + [0.019] * 30, []),
        ([0.3, *[0.0] * 5] * 12, []),
        ([0.3, 0.3, *[0.0] * 4] * 12, [(CLIPPED, 0, 34)]),
        ([0.3, *[0.0] * 7] * 9, []),
    ],
    ids=["minimum", "shorter", "few_samples", "few_blocks", "speech", "single_bangs"],
)
def test_overdriven_sound(shares: list[float], expected: list[tuple[DefectKind, float, float]]) -> None:
    assert found(clipped(*shares), len(shares) / 2) == expected


def test_sound_whose_loudness_was_not_measured_is_sound() -> None:
    sound = levels((0, 40, -30), (40, 80, float("nan")), end_s=80)
    assert found(sound, 80) == []


@given(st.lists(st.sampled_from([FLOOR_DBFS, -95.0, -85.0, -75.0, -62.0, -30.0, float("nan")]), min_size=1, max_size=80))
def test_condensed_sound_gives_the_same_answer(values: list[float]) -> None:
    starts = np.arange(len(values), dtype=np.int64) * 100_000
    end_us = len(values) * 100_000
    sound = SoundLevels(starts, starts + 100_000, np.array(values), (Span(0, end_us),), (), np.zeros(len(values)))
    short = replace(RULES, audio_minimum_s=0.3)
    less = condensed(sound)
    before, after = (sound_defects(one, end_us, 0, short) for one in (sound, less))
    assert [(d.kind, d.start_us, d.end_us) for d in before] == [(d.kind, d.start_us, d.end_us) for d in after]
    assert less.starts_us[0] == 0
    assert less.ends_us[-1] == end_us
    assert condensed(less) == less


def test_half_an_hour_of_packets_becomes_half_seconds() -> None:
    count = 1_800_000 // 64
    starts = np.arange(count, dtype=np.int64) * 64_000
    loudness = np.random.default_rng(1).uniform(-60, -20, count)
    less = condensed(SoundLevels(starts, starts + 64_000, loudness, (Span(0, 1_800 * SECOND_US),)))
    assert less.dbfs.size <= 4_100
    assert less.clipped_share.size == 0


def test_of_very_many_gaps_the_longest_are_kept() -> None:
    times = np.cumsum(np.array([400_000] * 20_000 + [5_000_000] + [400_000] * 20, np.int64))
    kept = frame_gaps(times)
    assert kept.starts_us.size <= 4_000
    assert int((kept.ends_us - kept.starts_us).max()) == 5_000_000
