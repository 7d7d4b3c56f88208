"""What goes wrong in a clip is found where it is, and what looks alike is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bwc_audit.audit.judging import judged
from bwc_audit.detectors.judge import weigh
from bwc_audit.domain.inspection import DefectKind, InspectionStatus
from bwc_audit.domain.times import SECOND_US, Span

from . import clips as make
from .conftest import RULES, defects, look

Clips = Callable[..., Path]
STEP_US = SECOND_US

BLACK, COVERED, FROZEN = DefectKind.BLACK_VIDEO, DefectKind.OBSTRUCTED_VIEW, DefectKind.FROZEN_VIDEO
B_FRAMES = {"g": 45, "preset": "veryfast", "bf": 3}
LONG_GROUPS: dict[str, Any] = {"g": 150}

DEFECTIVE: list[tuple[str, DefectKind, float, float, Callable[[], Any], dict[str, Any]]] = [
    ("black", BLACK, 6.0, 18.0, lambda: make.blacked(make.street(24), 6, 18), {}),
    ("black_b_frames", BLACK, 6.5, 18.5, lambda: make.blacked(make.street(24), 6.5, 18.5), B_FRAMES),
    ("black_to_the_end", BLACK, 6.0, 20.0, lambda: make.blacked(make.street(20), 6, 60), {}),
    ("covered", COVERED, 6.5, 18.5, lambda: make.covered(make.street(24), 6.5, 18.5), {}),
    ("covered_long_groups", COVERED, 6.5, 18.5, lambda: make.covered(make.street(24), 6.5, 18.5), LONG_GROUPS),
    ("frozen", FROZEN, 6.0, 18.0, lambda: make.stuck(make.street(12), 6, 12), {}),
]
CLEAN: list[tuple[str, Callable[[], Any], dict[str, Any]]] = [
    ("street", lambda: make.street(12), {}),
    ("desk", lambda: make.desk(20), {}),
    ("desk_little_noise", lambda: make.desk(20, noise=2), {}),
    ("desk_two_second_groups", lambda: make.desk(20, noise=2), {"g": 2 * make.FPS}),
    ("night", lambda: make.night(20), {}),
    ("flash", lambda: make.blacked(make.street(16), 6, 6.4), {}),
    ("black_nine_seconds", lambda: make.blacked(make.street(20), 6, 15), {}),
    ("hand", lambda: make.covered(make.street(16), 6, 8), {}),
]


def test_a_picture_that_repeats_inside_one_long_group_is_in_doubt_and_not_clean(clips: Clips) -> None:
    def stuck(path: Path) -> Path:
        return make.write_clip(path, make.stuck(make.street(12), 6, 12), make.tone(24), **LONG_GROUPS)

    seen = look(clips("frozen_long_groups.mp4", stuck))
    assert seen.measures is not None
    (doubt,) = weigh(seen.measures, RULES.usability).doubtful
    assert doubt.kind is FROZEN
    assert abs(doubt.start_us - 6 * SECOND_US) <= STEP_US
    assert abs(doubt.end_us - 18 * SECOND_US) <= STEP_US
    (remark,) = judged(seen, RULES.usability).not_examined
    assert "frozen" in remark


@pytest.mark.parametrize(("name", "kind", "start_s", "end_s", "scene", "options"), DEFECTIVE, ids=[d[0] for d in DEFECTIVE])
def test_a_visual_defect_is_found_where_it_is(
    clips: Clips,
    name: str,
    kind: DefectKind,
    start_s: float,
    end_s: float,
    scene: Callable[[], Any],
    options: dict[str, Any],
) -> None:
    path = clips(f"{name}.mp4", lambda path: make.write_clip(path, scene(), make.tone(24), **options))
    seen = look(path)
    (found,) = [d for d in seen.defects if d.kind in (BLACK, COVERED, FROZEN)]
    assert found.kind is kind
    assert seen.status is InspectionStatus.COMPLETE
    slack_us = 150_000 if kind is not FROZEN else STEP_US  # edges are looked at ten times a second
    assert abs(found.start_us - start_s * SECOND_US) <= slack_us
    assert abs(found.end_us - end_s * SECOND_US) <= slack_us
    assert any(found.start_us <= still.at_us < found.end_us for still in seen.stills)


@pytest.mark.parametrize(("name", "scene", "options"), CLEAN, ids=[c[0] for c in CLEAN])
def test_what_only_looks_like_a_defect_is_none(
    clips: Clips, name: str, scene: Callable[[], Any], options: dict[str, Any]
) -> None:
    path = clips(f"{name}.mp4", lambda path: make.write_clip(path, scene(), make.tone(24), t=20, **options))
    seen = look(path)
    assert seen.status is InspectionStatus.COMPLETE
    assert seen.examined.frames_sampled >= 4
    assert seen.examined.longest_step_us <= 5 * SECOND_US
    assert [d.kind for d in seen.defects if d.kind in (BLACK, COVERED, FROZEN)] == []


@pytest.mark.parametrize("buffer_us", [None, 10 * SECOND_US, 8 * SECOND_US + 1])
def test_silence_at_the_start_is_the_buffer(clips: Clips, buffer_us: int | None) -> None:
    path = clips("lead.mp4", lambda path: make.write_clip(path, make.street(24), make.tone(24, from_s=10)))
    seen = look(path, buffer_us=buffer_us)
    (lead,) = defects(seen, DefectKind.SILENT_LEAD_IN)
    assert (lead.start_us, round(lead.end_us / SECOND_US, 1)) == (0, 10.0)
    assert defects(seen, DefectKind.AUDIO_MUTED) == []


def test_silence_beyond_the_buffer_is_muted(clips: Clips) -> None:
    path = clips("long_lead.mp4", lambda path: make.write_clip(path, make.street(24), make.tone(24, from_s=20)))
    seen = look(path, buffer_us=5 * SECOND_US)
    (lead,) = defects(seen, DefectKind.SILENT_LEAD_IN)
    (muted,) = defects(seen, DefectKind.AUDIO_MUTED)
    assert lead.end_us == muted.start_us == 5 * SECOND_US
    assert round(muted.end_us / SECOND_US, 1) == 20.0


def test_a_silent_rest_is_muted_and_a_quiet_room_is_not(clips: Clips) -> None:
    muted = look(clips("muted.mp4", lambda path: make.write_clip(path, make.street(24), make.tone(24, until_s=8))))
    (found,) = defects(muted, DefectKind.AUDIO_MUTED)
    assert abs(found.start_us - 8 * SECOND_US) <= 100_000
    assert found.end_us == 24 * SECOND_US
    quiet = look(clips("quiet.mp4", lambda path: make.write_clip(path, make.street(12), make.quiet_room(12))))
    assert quiet.defects == ()
    assert quiet.examined.audio_us > 0
    assert quiet.measures is not None
    assert quiet.measures.sound is not None
    assert -70 < np.nanmax(quiet.measures.sound.dbfs) < -55  # heard, not only believed by its size


def test_a_file_silent_from_first_to_last_is_muted_not_lead_in(clips: Clips) -> None:
    path = clips("silent.mp4", lambda path: make.write_clip(path, make.street(12), make.tone(12, from_s=99)))
    assert [d.kind for d in look(path).defects] == [DefectKind.AUDIO_MUTED]


def test_missing_sound(clips: Clips) -> None:
    none = look(clips("mute_track.mp4", lambda path: make.write_clip(path, make.street(12))))
    assert [(d.kind, d.start_us, d.end_us) for d in none.defects] == [(DefectKind.AUDIO_MISSING, 0, 12 * SECOND_US)]
    assert none.audio is None
    ends = look(clips("sound_ends.mp4", lambda path: make.write_clip(path, make.street(24), make.tone(10))))
    (found,) = defects(ends, DefectKind.AUDIO_MISSING)
    assert abs(found.start_us - 10 * SECOND_US) <= 100_000
    assert found.end_us == 24 * SECOND_US


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_hole_in_the_times_is_found_and_a_variable_rate_is_none(clips: Clips, suffix: str) -> None:
    later = "PTS+gte(N,150)*4/TB"
    path = clips(
        f"hole.{suffix}",
        lambda path: make.write_clip(path, make.street(20).filter("setpts", later), make.tone(24), fps_mode="passthrough"),
    )
    hole = look(path)
    (gap,) = defects(hole, DefectKind.TIMESTAMP_GAP)
    assert abs(gap.start_us - 10 * SECOND_US) <= 2000
    assert abs(gap.end_us - 14 * SECOND_US) <= 2000
    assert hole.status is InspectionStatus.COMPLETE
    assert len(hole.examined.spans) == 2
    slower = "if(gte(N,60),PTS*3-8/TB,PTS)"
    path = clips(
        f"slower.{suffix}",
        lambda path: make.write_clip(path, make.street(8).filter("setpts", slower), make.tone(15), fps_mode="passthrough"),
    )
    variable = look(path)
    assert variable.video is not None
    assert variable.video.is_variable_rate
    assert defects(variable, DefectKind.TIMESTAMP_GAP) == []


def test_only_the_requested_spans_are_looked_at(clips: Clips) -> None:
    path = clips("black.mp4", lambda path: make.write_clip(path, make.blacked(make.street(24), 6, 18), make.tone(24)))
    span = Span(0, 5 * SECOND_US)
    before = look(path, spans=(span,))
    assert before.defects == ()
    assert before.examined.spans
    assert all(span.start_us <= s.start_us and s.end_us <= span.end_us for s in before.examined.spans)
    assert before.examined.bytes_read > 0
    beyond = look(path, spans=(Span(30 * SECOND_US, 40 * SECOND_US),))
    assert beyond.status is InspectionStatus.PARTIAL
    assert any("outside the video" in what for what in beyond.not_examined)


def test_deep_inspection_samples_more_and_agrees(clips: Clips) -> None:
    path = clips("black.mp4", lambda path: make.write_clip(path, make.blacked(make.street(24), 6, 18), make.tone(24)))
    deep, plain = look(path, is_deep=True), look(path)
    assert deep.examined.longest_step_us <= 2 * SECOND_US // make.FPS
    assert deep.examined.frames_sampled > plain.examined.frames_sampled
    assert [d.kind for d in deep.defects] == [d.kind for d in plain.defects] == [BLACK]


def test_length_is_compared_with_the_metadata(good: Path) -> None:
    assert defects(look(good, expected_duration_us=12 * SECOND_US), DefectKind.DURATION_MISMATCH) == []
    assert defects(look(good, expected_duration_us=14 * SECOND_US), DefectKind.DURATION_MISMATCH) == []
    (found,) = defects(look(good, expected_duration_us=14 * SECOND_US + 1), DefectKind.DURATION_MISMATCH)
    assert found.measures["container_s"] == 12.0
    assert found.measures["expected_s"] == 14.000001
