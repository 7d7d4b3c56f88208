"""What a clock in a picture does to a decision: findings of its own, less belief in a placement, no firm absence."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from bwc_audit.domain.findings import ExplanationKind, Finding, FindingKind
from bwc_audit.domain.inspection import Defect, DefectKind, Inspection, InspectionStatus
from bwc_audit.domain.looking import CLOCK_LOOK_US, inspection_plan
from bwc_audit.domain.measures import Lengths, Measures, PictureMeasures
from bwc_audit.domain.overlay_clock import AGREEING_US, OverlayReading, read_clock
from bwc_audit.domain.results import Outcome, UnknownReason
from bwc_audit.domain.shifted import MovedIn
from bwc_audit.domain.shown_clock_findings import Stated, drift_stated
from bwc_audit.domain.shown_clocks import ShownClock
from bwc_audit.domain.times import DAY_US, SECOND_US, Span
from tests.domain.worlds import UK, World, at

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


def stuck(name: str = "R1", *defects: Defect, moves: tuple[float | None, ...] = (None, *[30.0] * 7)) -> Inspection:
    """A clock that stands for 77 s; ``moves``: by how much each picture differs from the one before, 11 s apart."""
    readings = tuple(OverlayReading(n * 11 * SECOND_US, "", at(0), True, 0.9) for n in range(8))
    pictures = tuple(
        PictureMeasures(n * 11 * SECOND_US, (n + 1) * 11 * SECOND_US, True, 90.0, 200.0, difference=moved)
        for n, moved in enumerate(moves)
    )
    measures = Measures(Lengths(88 * SECOND_US, 88 * SECOND_US), pictures)
    return replace(_inspected(name, readings, defects), measures=measures)


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
    [
        (3600, "60 min 00 s ahead of", True),
        (-47.2, "47 s behind", False),
        (268 * 86_400 - 5, "267 days 23 h 59 min ahead of", False),
    ],
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


@pytest.mark.parametrize(
    ("moves", "is_stated"),
    [
        ((None, *[0.0] * 7), False),  # frozen throughout, too doubtful to be called so
        ((None, *[3.9] * 7), False),  # noise of a still scene, or a picture coded anew
        ((None, 60.0, *[0.0] * 6), False),  # came to a stop within the second that the clock shows
        ((None, *[0.0] * 6, 60.0), True),
    ],
)
def test_a_clock_stands_still_only_where_the_picture_moved(moves: tuple[float | None, ...], is_stated: bool) -> None:
    assert bool(clock_findings(covered(stuck(moves=moves)))) is is_stated


def test_a_clock_that_stands_still_is_not_stated_without_measures() -> None:
    assert clock_findings(covered(replace(stuck(), measures=None))) == []


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

    (finding,) = clock_findings(long(400))
    assert finding.kind is FindingKind.CLOCK_DRIFT
    assert "gains 5.8 s over the 4 h 00 min that were read (404 ppm)" in finding.message
    assert not finding.is_borderline
    assert clock_findings(long(60)) == []


def drift_read(lot: random.Random, ppm: float, over_s: float, count: int = 10) -> Stated | None:
    """The drift stated of a clock that was read ``count`` times, not quite evenly, over a part of its file."""
    start_us, readings = at(lot.random()), []
    for number in range(count):
        at_us = round((number / (count - 1) * over_s + lot.uniform(0, 1)) * SECOND_US)
        wall_us = start_us + round(at_us * (1 + ppm / 1e6))
        readings.append(OverlayReading(at_us, "", wall_us // SECOND_US * SECOND_US, True, 0.9))
    clock = read_clock(readings, None, start_us)
    return None if clock is None else drift_stated(ShownClock(clock, AGREEING_US + SECOND_US, (), 0, ""), UK.clock)


@pytest.mark.parametrize("over_s", [80, 1200, 3600])
def test_of_thousands_of_right_clocks_none_is_firmly_called_fast_or_slow(over_s: float) -> None:
    lot = random.Random(20)
    stated = [drift_read(lot, 0, over_s, lot.choice((4, 6, 10))) for _ in range(2000)]
    assert all(one is None or one.is_borderline(AGREEING_US + SECOND_US) for one in stated)


@pytest.mark.parametrize("ppm", [500, -500])
def test_a_real_drift_is_found_over_the_time_that_was_read(ppm: float) -> None:
    lot = random.Random(21)
    long = drift_read(lot, ppm, 3 * 3600)
    short = drift_read(lot, ppm, 5400)
    assert long is not None
    assert not long.is_borderline(2_500_000)
    assert long.size_us == pytest.approx(5.4 * SECOND_US, abs=SECOND_US)
    assert short is not None
    assert short.is_borderline(2_500_000)
    assert short.is_borderline(0) is (short.size_us <= 4 * SECOND_US)


def test_a_right_clock_read_in_a_small_part_of_a_long_file_does_not_drift() -> None:
    lot = random.Random(4)
    for _ in range(60):
        world = World().officer("101").incident().attended("101", clear=1200).recorded("101", -40, 14_360)
        fraction_s, readings = lot.random(), []
        for number in range(10):
            media_s = 100 + 120 * number + lot.uniform(-0.5, 0.5)
            wall_us = at(-40 + media_s + fraction_s) // SECOND_US * SECOND_US
            readings.append(OverlayReading(round(media_s * SECOND_US), "", wall_us, True, 0.9))
        inspection = _inspected("R1", tuple(readings))
        world.inspections[inspection.object_key] = inspection
        assert clock_findings(world) == []


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
    assert other.matched().shifted.incidents == {"I1": MovedIn(1, 300 * SECOND_US)}


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


def next_by_metadata(shift_s: float) -> World:
    """Officer 101 on scene for an hour, recorded for ten minutes; the next recording starts 4 s after the window, and ends
    an hour later."""
    world = World().officer("101").incident().attended("101", clear=3600).recorded("101", -40, 600)
    world.recorded("101", 3604, 7204, "R2", incident_ids=())
    inspection = shows(3604, "R2", shift_s=shift_s)
    world.inspections[inspection.object_key] = inspection
    return world


@pytest.mark.parametrize("shift_s", [0, -6])
def test_a_recording_moved_in_by_seconds_leaves_a_large_absence_firm(shift_s: float) -> None:
    world = next_by_metadata(shift_s)
    assert world.kinds() == ["early_deactivation"]
    assert world.result().outcome is Outcome.FINDINGS
    assert bool(world.matched().shifted.moved_in) is (shift_s < 0)


@pytest.mark.parametrize("shift_s", [-1800, -3004])
def test_a_recording_that_may_cover_the_rest_makes_the_absence_unknown(shift_s: float) -> None:
    world = next_by_metadata(shift_s)
    assert "~early_deactivation" in world.kinds()
    assert world.result().reason is UnknownReason.CLOCK_CONTRADICTION


def test_an_absence_that_a_place_might_split_into_allowed_ones_is_not_firm() -> None:
    """118 s without a recording, of which 10 s in the middle may belong to one: two stretches of 54 s, within 60 s."""
    world = World().under(clock={"trusted_s": 1}).officer("101").incident().attended("101", clear=1000)
    world.recorded("101", -40, 400).recorded("101", 518, 1040, "R2").recorded("101", 1454, 1464, "R3", incident_ids=())
    assert world.kinds() == ["recording_gap"]
    world.inspections["footage/R3.mp4"] = shows(1454, "R3", shift_s=-1000, every_s=1.2)
    assert "~recording_gap" in world.kinds()


def test_an_incident_stays_uncovered_where_only_seconds_may_belong_to_it() -> None:
    world = next_by_metadata(-6).officer("102").attended("102", clear=3600).recorded("102", -40, 600, "R9")
    assert "incident_uncovered" in world.kinds()
    assert world.matched().shifted.incidents["I1"].overlap_us < 2 * SECOND_US


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
