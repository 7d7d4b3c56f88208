"""What a clock in a picture does to a decision: findings of its own, less belief in a placement, no firm absence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bwc_audit.domain.findings import ExplanationKind, Finding, FindingKind
from bwc_audit.domain.inspection import Defect, DefectKind, Inspection, InspectionStatus
from bwc_audit.domain.looking import CLOCK_LOOK_US, inspection_plan
from bwc_audit.domain.overlay_clock import OverlayReading
from bwc_audit.domain.results import Outcome, UnknownReason
from bwc_audit.domain.times import DAY_US, SECOND_US, Span
from tests.domain.worlds import World, at

CLOCKS = {FindingKind.CLOCK_OFFSET, FindingKind.CLOCK_JUMP, FindingKind.CLOCK_DRIFT}


def shows(
    start: float,
    name: str = "R1",
    *,
    shift_s: float = 0,
    jump: tuple[int, float] = (99, 0),
    count: int = 8,
    every_s: float = 11.3,
    gain_ppm: float = 0,
    has_zone: bool = True,
    defects: tuple[Defect, ...] = (),
) -> Inspection:
    """A video whose picture shows the time of its metadata and ``shift_s``; from reading ``jump[0]`` on ``jump[1]`` more."""
    readings = []
    for number in range(count):
        media_s = number * every_s
        wall_s = start + media_s * (1 + gain_ppm / 1e6) + shift_s + (jump[1] if number >= jump[0] else 0)
        wall_us = at(wall_s) // SECOND_US * SECOND_US
        readings.append(OverlayReading(round(media_s * SECOND_US), "2025-05-24T", wall_us, has_zone, 0.9))
    return _inspected(name, tuple(readings), defects)


def unset(name: str = "R1", count: int = 8) -> Inspection:
    readings = tuple(OverlayReading(n * 11 * SECOND_US, "2000-01-01T", None, False, 0.9) for n in range(count))
    return _inspected(name, readings)


def stuck(name: str = "R1", *defects: Defect) -> Inspection:
    return _inspected(name, tuple(OverlayReading(n * 11 * SECOND_US, "", at(0), True, 0.9) for n in range(8)), defects)


def _inspected(name: str, readings: tuple[OverlayReading, ...], defects: tuple[Defect, ...] = ()) -> Inspection:
    key = f"footage/{name}.mp4"
    return Inspection(key, InspectionStatus.COMPLETE, readings=readings, clock_tried=len(readings), defects=defects)


def covered(inspection: Inspection) -> World:
    """Officer 101 on scene from 0 to 300 s, recorded throughout."""
    world = World().officer("101").incident().attended("101").recorded("101", -40, 310)
    world.inspections[inspection.object_key] = inspection
    return world


def clock_findings(world: World) -> list[Finding]:
    return [finding for finding in world.findings() if finding.kind in CLOCKS]


@pytest.mark.parametrize("shift_s", [0, 1, -2.4])
def test_the_same_clock_is_nothing(shift_s: float) -> None:
    world = covered(shows(-40, shift_s=shift_s))
    plain = World().officer("101").incident().attended("101").recorded("101", -40, 310)
    assert clock_findings(world) == []
    assert world.matched().placements[0].clock.tolerance_us == plain.matched().placements[0].clock.tolerance_us
    assert world.result().outcome is Outcome.COVERED


@pytest.mark.parametrize(
    ("shift_s", "words", "zone"),
    [(3600, "60 min 00 s ahead of", True), (-47.2, "47 s behind", False), (268 * 86_400, "268 days 0 h ahead of", False)],
)
def test_a_difference_is_an_offset_with_its_margin(shift_s: float, words: str, zone: bool) -> None:
    (finding,) = clock_findings(covered(shows(-40, shift_s=shift_s)))
    assert (finding.kind, finding.recording_id, finding.incident_id) == (FindingKind.CLOCK_OFFSET, "R1", "I1")
    assert finding.seconds_us == pytest.approx(abs(shift_s) * SECOND_US, abs=SECOND_US)
    assert finding.margin_us == finding.seconds_us - 30 * SECOND_US
    assert finding.uncertainty_us == 2_500_000
    assert words in finding.message
    assert "8 of 8 readings agree" in finding.message
    assert ("zone" in finding.message) is zone
    assert not finding.is_borderline


@pytest.mark.parametrize(("shift_s", "kinds"), [(28, []), (31, ["~clock_offset"]), (34, ["clock_offset"])])
def test_a_small_offset_is_none_then_borderline_then_stated(shift_s: float, kinds: list[str]) -> None:
    assert covered(shows(-40, shift_s=shift_s)).kinds() == kinds


def test_a_clock_that_was_not_set_is_an_offset_without_a_number() -> None:
    world = covered(unset())
    (finding,) = clock_findings(world)
    assert (finding.kind, finding.seconds_us, finding.margin_us) == (FindingKind.CLOCK_OFFSET, 0, None)
    assert "was not set" in finding.message
    assert world.matched().placements[0].clock.tolerance_us == 120 * SECOND_US


def test_a_clock_that_stands_still_is_a_drift_unless_the_picture_stands_still_too() -> None:
    (finding,) = clock_findings(covered(stuck()))
    assert finding.kind is FindingKind.CLOCK_DRIFT
    assert "stands still" in finding.message
    frozen = Defect(DefectKind.FROZEN_VIDEO, 0, 80 * SECOND_US, 1.0)
    assert clock_findings(covered(stuck("R1", frozen))) == []


def test_a_step_inside_the_file_is_a_jump_and_doubts_the_placement() -> None:
    world = covered(shows(-40, jump=(4, 90)))
    (finding,) = clock_findings(world)
    assert finding.kind is FindingKind.CLOCK_JUMP
    assert finding.margin_us == pytest.approx(60 * SECOND_US, abs=SECOND_US)
    assert finding.spans == (Span(at(-40 + 33.9), at(-40 + 45.2)),)
    assert world.matched().placements[0].clock.tolerance_us == pytest.approx(150 * SECOND_US, abs=SECOND_US)


def test_a_drift_inside_a_long_file_is_stated_and_a_slow_one_is_not() -> None:
    def long(ppm: float) -> World:
        world = World().officer("101").incident().attended("101").recorded("101", -40, 14_400)
        inspection = shows(-40, count=10, every_s=1_600, gain_ppm=ppm)
        world.inspections[inspection.object_key] = inspection
        return world

    assert [one.kind for one in clock_findings(long(400))] == [FindingKind.CLOCK_DRIFT]
    assert clock_findings(long(60)) == []


@pytest.mark.parametrize(
    "inspection", [shows(-40, shift_s=3600, count=2), unset(count=2), shows(-40, shift_s=3600, has_zone=False)]
)
def test_too_few_readings_and_a_clock_without_a_zone_prove_nothing(inspection: Inspection) -> None:
    world = covered(inspection)
    assert clock_findings(world) == []
    assert world.matched().placements[0].clock.tolerance_us == 60 * SECOND_US


def test_a_zone_that_the_device_states_makes_a_local_clock_agree() -> None:
    world = covered(shows(-40, shift_s=3600, has_zone=False))
    world.devices = [replace(device, overlay_zone="Europe/London") for device in world.devices]
    assert clock_findings(world) == []
    world.devices = [replace(device, overlay_zone="UTC") for device in world.devices]
    assert [one.kind for one in clock_findings(world)] == [FindingKind.CLOCK_OFFSET]
    world.devices = [replace(device, overlay_zone="Atlantis/Sunk") for device in world.devices]
    assert clock_findings(world) == []


# --- absences


def shifted_out(shift_s: float = 3600, *, tagged: tuple[str, ...] = (), officer: str = "101", **more: Any) -> World:
    """Officer 101 on scene from 0 to 300 s; the metadata place the only recording an hour before."""
    world = World().officer("101").officer("102").incident().attended("101")
    world.recorded(officer, -3640, -3290, incident_ids=tagged, **more)
    inspection = shows(-3640, shift_s=shift_s)
    world.inspections[inspection.object_key] = inspection
    return world


def test_a_recording_that_its_picture_moves_into_the_window_forbids_a_firm_absence() -> None:
    world = shifted_out()
    assert world.kinds() == ["clock_offset", "~no_footage"]
    result = world.result()
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, UnknownReason.CLOCK_CONTRADICTION)
    assert result.is_on_time is None
    (explanation, *_) = world.finding(FindingKind.NO_FOOTAGE).explanations
    assert explanation.kind is ExplanationKind.CLOCK_CONTRADICTION
    assert (
        "60 min 00 s ahead of its metadata: by it the recording runs from 2025-05-24T19:59:20Z" in explanation.speaks_for[0]
    )
    assert explanation.speaks_against == (
        "its metadata place it at 2025-05-24T18:59:20Z",
        "the dock measured this camera's clock",
    )


@pytest.mark.parametrize("shift_s", [0, -3600, 7200])
def test_a_clock_that_leads_elsewhere_leaves_the_absence_firm(shift_s: float) -> None:
    world = shifted_out(shift_s)
    assert "no_footage" in world.kinds()
    assert world.result().outcome is Outcome.FINDINGS


def test_another_officers_recording_fills_no_window_and_may_still_cover_the_incident() -> None:
    other = shifted_out(officer="102", tagged=("I1",)).attended("102", clear=None, arrival=4000)
    assert {"no_footage"} <= set(other.kinds())
    assert other.result("101").outcome is Outcome.FINDINGS
    assert other.matched().measures.uncertainty_us.tolist()[0] == 61 * SECOND_US
    assert other.matched().shifted.incidents == {"I1"}


@pytest.mark.parametrize(("tagged", "kind"), [((), "no_footage"), (("I1",), "~no_footage")])
def test_nobodys_recording_counts_where_it_is_tagged(tagged: tuple[str, ...], kind: str) -> None:
    world = (
        World().officer("101").incident().attended("101").recorded(None, -3640, -3290, device="pool", incident_ids=tagged)
    )
    world.inspections["footage/R1.mp4"] = shows(-3640, shift_s=3600)
    assert kind in world.kinds()
    assert (world.finding(FindingKind.NO_FOOTAGE).margin_us is None) is (not tagged)


def test_a_gap_into_which_a_recording_may_belong_is_not_firm() -> None:
    world = shifted_out().recorded("101", 200, 310, "R2")
    assert "~late_activation" in world.kinds()
    assert world.result().outcome is Outcome.UNKNOWN


def test_a_contradicted_recording_makes_absences_around_it_as_uncertain() -> None:
    def early(shift_s: float) -> World:
        world = World().officer("101").incident().attended("101", clear=600).recorded("101", -40, 310)
        inspection = shows(-40, shift_s=shift_s)
        world.inspections[inspection.object_key] = inspection
        return world

    assert early(0).kinds() == ["early_deactivation"]
    assert early(100).kinds() == ["clock_offset", "early_deactivation"]
    assert early(100).result().outcome is Outcome.FINDINGS
    assert "~early_deactivation" in early(3600).kinds()
    assert early(3600).result().reason is UnknownReason.CLOCK_CONTRADICTION


def test_an_incident_is_not_called_uncovered_where_a_recording_may_belong_to_it() -> None:
    world = shifted_out().attended("102")
    world.recorded("102", 0, 40, "R9", activated=0)
    assert "~incident_uncovered" in world.kinds()
    world.inspections.clear()
    assert "incident_uncovered" in world.kinds()


# --- the plan


def test_the_clock_of_recordings_that_could_explain_an_absence_is_looked_at() -> None:
    world = shifted_out()
    world.recorded("101", -20 * 3600, -20 * 3600 + 60, "far", incident_ids=())
    world.recorded("102", -3640, -3290, "other", incident_ids=())
    (look,) = inspection_plan(world.matched())
    assert (look.object_key, look.spans, look.is_hashed) == ("footage/R1.mp4", (Span(0, CLOCK_LOOK_US),), False)
    assert (
        inspection_plan(covered(shows(-40)).recorded("101", 4000, 4100, "R2").matched())[-1].object_key == "footage/R1.mp4"
    )


def test_no_clock_is_looked_for_while_the_absence_cannot_be_stated_yet() -> None:
    world = shifted_out()
    world.as_of_us = at(3600)
    assert inspection_plan(world.matched()) == ()


def test_dispatch_times_inside_the_file_are_looked_at_more_closely() -> None:
    world = World().under(window={"start": ("dispatched",)}).officer("101").incident()
    world.attended("101", arrival=100, dispatched=-20).recorded("101", -40, 400)
    (look,) = inspection_plan(world.matched())
    assert look.spans == (Span(20 * SECOND_US, 340 * SECOND_US),)
    assert look.focus_us == (140 * SECOND_US,)
    (plain,) = inspection_plan(covered(shows(-40)).matched())
    assert plain.focus_us == ()


def test_shifts_far_beyond_any_day_do_no_harm() -> None:
    world = shifted_out(400 * DAY_US / SECOND_US)
    assert world.kinds() == ["no_footage"]
