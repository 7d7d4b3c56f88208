"""Two cameras at one incident compared by sound, from the files to the incident's page."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import ffmpeg
import imageio_ffmpeg
import numpy as np
import pytest

from bwc_audit.audit.agreements import agreements_of
from bwc_audit.audit.reports import report_input, write_run_report
from bwc_audit.audit.rerun import rerun_incident
from bwc_audit.audit.setup import open_audit
from bwc_audit.config import Settings
from bwc_audit.detectors.sound_match import kept
from bwc_audit.domain.inspection import Inspection, InspectionRequest, InspectionStatus
from bwc_audit.domain.measures import Lengths, Measures
from bwc_audit.domain.policy import SoundMatchRules
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.report.evidence import SoundAgreement
from bwc_audit.store.planned import PlannedInspection
from tests.audit.nights import run_night
from tests.audit.small_force import CLIP_S, SmallForce
from tests.detectors.sound_scenes import RATE, SCENES, Sound, enveloped, heard

#: The clock of the second camera is ahead by this: what it heard at 20:00:03.2 by its metadata was at 20:00:00.
AHEAD_S = 3.2
_LEAD_S = 5


@pytest.fixture(scope="session")
def scenes() -> tuple[Sound, Sound]:
    """Somebody speaks; somebody else speaks elsewhere."""
    one, other = (SCENES["speech"](np.random.default_rng(seed), (CLIP_S + _LEAD_S) * RATE) for seed in (1, 2))
    return one, other


def microphone(scene: Sound, number: int, ahead_s: float = 0.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """What a camera records of the scene for the length of a clip when its clock is ahead."""
    first = round((_LEAD_S - ahead_s) * RATE)
    return np.asarray(heard(np.random.default_rng(number), scene, 10.0)[first : first + CLIP_S * RATE])


def dubbed(clip: bytes, sound: np.ndarray[tuple[int], np.dtype[np.float32]], folder: Path) -> bytes:
    """The clip with another sound, as AAC."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clip.mp4").write_bytes(clip)
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32_000).astype("<i2").tobytes())
    picture, dub = ffmpeg.input(str(folder / "clip.mp4")), ffmpeg.input(str(folder / "sound.wav"))
    coding = {"c:v": "copy", "c:a": "aac", "b:a": "64k", "ar": 48_000}
    job = ffmpeg.output(picture.video, dub.audio, str(folder / "dubbed.mp4"), **coding)
    job.global_args("-loglevel", "error", "-y", "-bitexact").run(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    return (folder / "dubbed.mp4").read_bytes()


def test_a_rerun_compares_the_clocks_of_cameras_that_heard_one_scene(
    force: SmallForce, settings: Settings, scenes: tuple[Sound, Sound], clip: bytes, tmp_path: Path
) -> None:
    here, elsewhere = scenes
    sounds = {
        ("I1", "7"): microphone(here, 10),
        ("I1", "8"): microphone(here, 11, AHEAD_S),
        ("I2", "7"): microphone(here, 12),
        ("I2", "8"): microphone(elsewhere, 13),
    }
    for incident_id, clock in (("I1", "20:00"), ("I2", "22:00")):
        force.call(incident_id, clock, "7", "8")
        for officer_id in ("7", "8"):
            content = dubbed(clip, sounds[incident_id, officer_id], tmp_path / f"{incident_id}-{officer_id}")
            force.recorded(incident_id, officer_id, clock, content)
    audit = open_audit(settings)
    night = run_night(settings)
    assert report_input(audit, night.run.run_id).agreements == {}  # a night does not listen to everything

    run = rerun_incident(audit, "I1", requester="A", reason="which came first").run
    (pair,) = report_input(audit, run.run_id).agreements["I1"]
    assert (pair.one, pair.other) == ("V-I1-7", "V-I1-8")
    assert pair.lag_us is not None
    assert abs(pair.lag_us - AHEAD_S * SECOND_US) <= pair.uncertainty_us == SECOND_US // 10
    assert pair.agreeing >= 3
    page = write_run_report(audit, run.run_id, tmp_path / "one").incidents["I1"].read_text()
    assert "heard the same sounds; the clock of V-I1-8 is 3.2 s ahead of that of V-I1-7" in page

    run = rerun_incident(audit, "I2", requester="A", reason="which came first").run
    assert report_input(audit, run.run_id).agreements["I2"] == (SoundAgreement("V-I2-7", "V-I2-8", why_not="different"),)
    page = write_run_report(audit, run.run_id, tmp_path / "two").incidents["I2"].read_text()
    assert "no answer from their sounds, because no difference of their clocks makes their sounds agree" in page


def segment(name: str, start_s: float = 0, seconds: float = 90, device_id: str = "", error_s: float = 1) -> PlacedSegment:
    start_us = round(start_s * SECOND_US)
    span = Span(start_us, start_us + round(seconds * SECOND_US))
    uncertainty_us = round(error_s * SECOND_US)
    camera = device_id or f"CAM-{name}"
    return PlacedSegment("I", name, f"R-{name}", camera, "7", span, None, 0, uncertainty_us, "matched", f"{name}.mp4")


def compared(
    files: list[PlacedSegment], sounds: dict[str, Measures | None], *, is_deep: bool = True
) -> tuple[SoundAgreement, ...]:
    seen = {
        f"{name}.mp4": Inspection(f"{name}.mp4", InspectionStatus.COMPLETE, measures=measures)
        for name, measures in sounds.items()
    }
    plan = [
        PlannedInspection(number, "e", 1, InspectionRequest(one.object_key or "", is_deep=is_deep))
        for number, one in enumerate(files)
    ]
    return agreements_of(files, plan, seen, SoundMatchRules()).get("I", ())


@pytest.fixture(scope="session")
def listened(scenes: tuple[Sound, Sound]) -> dict[str, Measures]:
    """Three cameras at one scene, the second ahead by 3.2 s, and one at another."""
    sounds = {
        "A": microphone(scenes[0], 10),
        "B": microphone(scenes[0], 11, AHEAD_S),
        "C": microphone(scenes[0], 12),
        "X": microphone(scenes[1], 13),
    }
    lengths = Lengths(CLIP_S * SECOND_US, CLIP_S * SECOND_US)
    return {name: Measures(lengths, has_sound_track=True, envelope=kept(enveloped(sound))) for name, sound in sounds.items()}


def test_answers_that_add_up_are_given(listened: dict[str, Measures]) -> None:
    found = compared([segment(name) for name in "ABC"], dict(listened))
    assert [(pair.one, pair.other) for pair in found] == [("A", "B"), ("A", "C"), ("B", "C")]
    assert [round((pair.lag_us or 0) / SECOND_US, 1) for pair in found] == [3.2, 0.0, -3.2]


def test_answers_that_contradict_each_other_are_not_given(listened: dict[str, Measures]) -> None:
    files = [segment("A"), segment("B"), segment("C"), segment("D", start_s=10, device_id="CAM-C")]
    # The second file of camera C is placed 10 s off: the clock of one camera cannot be right and wrong.
    found = compared(files, {**listened, "D": listened["C"]})
    assert {pair.why_not for pair in found} == {"contradicted"}
    assert all(pair.lag_us is None for pair in found)


@pytest.mark.parametrize(
    ("measures", "why_not"),
    [
        (None, "unreadable"),
        (Measures(Lengths(1, 1)), "soundless"),
        (Measures(Lengths(1, 1), has_sound_track=True), "not_heard"),
    ],
)
def test_why_there_is_no_answer_is_said(listened: dict[str, Measures], measures: Measures | None, why_not: str) -> None:
    expected = (SoundAgreement("A", "B", why_not=why_not),)
    assert compared([segment("A"), segment("B")], {"A": listened["A"], "B": measures}) == expected
    turned = (SoundAgreement("A", "B", why_not=why_not),)
    assert compared([segment("A"), segment("B")], {"A": measures, "B": listened["B"]}) == turned


def test_only_other_cameras_at_the_same_time_are_compared(listened: dict[str, Measures]) -> None:
    sounds: dict[str, Measures | None] = dict(listened)
    assert compared([segment("A", device_id="C1"), segment("B", device_id="C1")], sounds) == ()
    assert compared([segment("A"), segment("B", start_s=90)], sounds) == ()
    assert len(compared([segment("A"), segment("B", start_s=89)], sounds)) == 1
    assert compared([segment("A"), segment("B")], sounds, is_deep=False) == ()


def test_a_clock_of_wide_tolerance_is_searched_for_further(listened: dict[str, Measures]) -> None:
    far = [segment("A"), segment("B", start_s=60)]
    sounds: dict[str, Measures | None] = dict(listened)
    (found,) = compared(far, sounds)
    assert found.lag_us is not None
    assert abs(found.lag_us - 63.2 * SECOND_US) <= found.uncertainty_us
    narrow = agreements_of(
        far,
        [PlannedInspection(0, "e", 1, InspectionRequest(f"{name}.mp4", is_deep=True)) for name in "AB"],
        {f"{name}.mp4": Inspection(f"{name}.mp4", InspectionStatus.COMPLETE, measures=listened[name]) for name in "AB"},
        replace(SoundMatchRules(), search_s=10.0),
    )
    assert [pair.why_not for pair in narrow["I"]] == ["different"]


def test_of_very_many_recordings_the_first_pairs_are_compared_and_the_rest_is_said(listened: dict[str, Measures]) -> None:
    files = [segment(f"F{number:02d}") for number in range(17)]
    found = compared(files, {})
    assert len(found) == 136
    assert sum(pair.why_not == "too_many" for pair in found) == 16
