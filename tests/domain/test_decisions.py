"""The rules of ``docs/decisions.md``, one sentence and its boundary at a time."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from bwc_audit.domain.decide import decide
from bwc_audit.domain.findings import ExplanationKind, FindingKind
from bwc_audit.domain.inspection import (
    ContainerFacts,
    Defect,
    DefectKind,
    Examined,
    Inspection,
    InspectionStatus,
    UnreadableReason,
)
from bwc_audit.domain.matching import match
from bwc_audit.domain.measures import Lengths, Measures
from bwc_audit.domain.records import DeviceEventKind, RowRef
from bwc_audit.domain.results import Bucket, Outcome, PendingReason, UnknownReason
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US, Span
from tests.domain.worlds import EVENING_US, World, at


def seen(key: str = "footage/R1.mp4", *defects: Defect, length: float = 400) -> Inspection:
    whole = Span(0, round(length * SECOND_US))
    return Inspection(
        key,
        InspectionStatus.COMPLETE,
        container=ContainerFacts("mov,mp4", 1000, whole.end_us, "front"),
        examined=Examined(spans=(whole,), frames_sampled=10),
        defects=defects,
    )


def one_officer(*, start: float = -40, end: float = 310, **more: Any) -> World:
    """Officer 101 on scene from 0 to 300 s, one recording, looked into and sound."""
    world = World().officer("101").incident().attended("101").recorded("101", start, end, **more)
    world.inspections["footage/R1.mp4"] = seen(length=end - start)
    return world


def test_a_recording_over_the_whole_window_is_covered() -> None:
    result = one_officer().result()
    assert result.outcome is Outcome.COVERED
    assert result.covered_us == result.required_us == result.usable_us == 300 * SECOND_US
    assert one_officer().kinds() == []


@pytest.mark.parametrize(
    ("activated", "kinds"),
    [(30, []), (31, ["~late_activation"]), (91, ["~late_activation"]), (92, ["late_activation"])],
)
def test_late_beyond_grace_and_uncertainty(activated: float, kinds: list[str]) -> None:
    """Grace 30 s; trusted clock 60 s plus CAD rounding 1 s: borderline up to 91 s, stated from beyond."""
    world = one_officer(start=activated - 30, activated=activated)
    assert world.kinds() == kinds
    assert world.result().outcome is (Outcome.FINDINGS if kinds == ["late_activation"] else Outcome.COVERED)


def test_a_late_activation_says_what_was_measured_and_by_how_much_it_holds() -> None:
    finding = one_officer(start=64, activated=94).finding(FindingKind.LATE_ACTIVATION)
    assert finding.seconds_us == 94 * SECOND_US
    assert finding.margin_us == 64 * SECOND_US
    assert finding.uncertainty_us == 61 * SECOND_US
    assert finding.spans == (Span(at(0), at(64)),)
    assert finding.message.startswith("Activated 94 s after arrival (20:00:00Z); policy allows 30 s.")
    assert "buffer" in finding.message


def test_a_clock_that_no_dock_checked_is_believed_less() -> None:
    world = World().officer("101", checked=False).incident().attended("101").recorded("101", 64, 310)
    assert "~late_activation" in world.kinds()


@pytest.mark.parametrize(("end", "kinds"), [(270, []), (269, ["~early_deactivation"]), (208, ["early_deactivation"])])
def test_early(end: float, kinds: list[str]) -> None:
    assert one_officer(end=end).kinds() == kinds


@pytest.mark.parametrize(("hole", "kinds"), [(2, []), (60, []), (61, ["recording_gap"]), (90, ["recording_gap"])])
def test_a_hole_between_recordings(hole: float, kinds: list[str]) -> None:
    world = World().officer("101").incident().attended("101", clear=600)
    world.recorded("101", -40, 200).recorded("101", 200 + hole, 640, "R2", activated=-10)
    world.inspections = {"footage/R1.mp4": seen(), "footage/R2.mp4": seen("footage/R2.mp4")}
    found = [kind for kind in world.kinds() if "duration" not in kind and "buffer" not in kind]
    assert found == kinds
    assert world.result().covered_us == (600 - (0 if hole <= 2 else hole)) * SECOND_US


def test_what_is_lost_although_the_camera_ran_is_a_gap_and_not_lateness() -> None:
    """Activated before arrival, but the first segment of the recording is missing."""
    world = one_officer(start=150, end=310, activated=-20, segment_no=2)
    world.inspections["footage/R1.mp4"] = seen(length=160)
    assert world.kinds() == ["recording_gap"]
    assert world.finding(FindingKind.RECORDING_GAP).spans == (Span(at(0), at(150)),)


def test_no_footage_at_all_holds_for_any_clock() -> None:
    world = World().officer("101").officer("102").incident().attended("101").recorded("102", 4000, 4100)
    finding = world.finding(FindingKind.NO_FOOTAGE)
    assert finding.margin_us is None
    assert not finding.is_borderline


def test_no_footage_is_borderline_where_the_clock_could_explain_it() -> None:
    near = World().officer("101").incident().attended("101").recorded("101", 350, 600)
    far = World().officer("101").incident().attended("101").recorded("101", 362, 600)
    assert "~no_footage" in near.kinds()
    assert "no_footage" in far.kinds()
    (open_still,), (stated,) = near.decided().results, far.decided().results
    assert (open_still.outcome, open_still.reason) == (Outcome.UNKNOWN, UnknownReason.WITHIN_UNCERTAINTY)
    assert (open_still.is_on_time, open_still.is_whole_window) == (None, None)
    assert stated.outcome is Outcome.FINDINGS


@pytest.mark.parametrize(("last", "outcome"), [(50, Outcome.UNKNOWN), (70, Outcome.COVERED)])
def test_a_window_of_which_only_an_edge_is_covered_is_not_known_where_clocks_could_empty_it(
    last: float, outcome: Outcome
) -> None:
    """CAD times are rounded to minutes: the recording may begin up to 61 s before or after where it seems to."""
    world = World().officer("101").incident().attended("101", clear=110).recorded("101", 110 - last, 900)
    world.inspections["footage/R1.mp4"] = seen(length=790 + last)
    kinds = [kind for kind in world.kinds() if "late" in kind or "early" in kind]
    assert kinds == ["~late_activation"]
    (result,) = world.decided().results
    assert result.outcome is outcome
    assert (result.reason, result.is_on_time) == (
        (UnknownReason.WITHIN_UNCERTAINTY, None) if outcome is Outcome.UNKNOWN else (None, True)
    )


def test_a_late_start_that_the_clocks_could_explain_is_still_covered() -> None:
    world = one_officer(start=50, activated=80)
    assert "~late_activation" in world.kinds()
    assert {result.outcome for result in world.decided().results} == {Outcome.COVERED}


def test_a_camera_already_running_serves_a_second_call() -> None:
    world = one_officer(start=-600, activated=-570).incident("I2").attended("101", 100, 250, "I2")
    assert {result.outcome for result in world.decided().results} == {Outcome.COVERED}


def test_a_dock_check_moves_the_recording_and_keeps_the_device_time() -> None:
    """The camera was 200 s fast: recorded times say it was late, true time says it was not."""
    world = World().officer("101", checked=False).incident().attended("101").recorded("101", 160, 510)
    world.event("cam-101", DeviceEventKind.CLOCK_CHECK, 8 * 3600, "200")
    world.inspections["footage/R1.mp4"] = seen(length=350)
    assert world.kinds() == ["clock_offset"]
    segment = world.decided().segments[0]
    assert (segment.span.start_us, segment.offset_us) == (at(-40), 200 * SECOND_US)


@pytest.mark.parametrize(
    ("checks", "kinds"),
    [
        ([(0, "29")], []),
        ([(0, "30")], ["clock_offset"]),
        ([(-24 * 3600, "0"), (0, "4")], []),
        ([(-24 * 3600, "0"), (0, "5")], ["clock_drift"]),
        ([(-8 * 3600, "0"), (0, "-40")], ["clock_jump"]),
        ([(0, "not a number")], []),
        ([(7 * 3600, "45")], []),
    ],
)
def test_clock_kinds(checks: list[tuple[float, str]], kinds: list[str]) -> None:
    world = World().officer("101", checked=False)
    for second, value in checks:
        world.event("cam-101", DeviceEventKind.CLOCK_CHECK, second, value)
    assert world.kinds() == kinds


def test_a_clock_that_was_an_hour_off_at_the_dock_accuses_nobody() -> None:
    """When the hour came in is not known: uncorrected the recording fits, corrected it does not."""
    world = World().officer("101", checked=False).incident().attended("101").recorded("101", -40, 310)
    world.event("cam-101", DeviceEventKind.CLOCK_CHECK, 4 * 3600, "3600")
    assert "no_footage" not in world.kinds()
    assert "~no_footage" in world.kinds()


def hour_off_at_the_dock(start: float, end: float) -> World:
    """On scene for three hours; what the dock found says that the recording lies an hour earlier, or as its metadata say."""
    world = World().officer("101", checked=False).incident().attended("101", clear=10_800).recorded("101", start, end)
    return world.event("cam-101", DeviceEventKind.CLOCK_CHECK, 6 * 3600, "3600")


def test_a_start_that_only_a_clock_an_hour_off_could_explain_is_neither_on_time_nor_late() -> None:
    """Corrected the first 55 minutes are missing; an hour the other way nothing is. Something is recorded in any case."""
    result = hour_off_at_the_dock(6870, 14_400).result()
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, UnknownReason.WITHIN_UNCERTAINTY)
    assert (result.is_on_time, result.is_whole_window) == (None, None)


def test_a_small_absence_by_a_clock_an_hour_off_is_judged_as_by_one_that_nobody_checked() -> None:
    """Grace 30 s and 121 s of a clock that nobody checked: up to 151 s late it would be borderline, from there on firm."""
    outcomes = [hour_off_at_the_dock(3600 + late - 30, 14_430).result().outcome for late in (-20, 60, 151, 152)]
    assert outcomes == [Outcome.COVERED, Outcome.COVERED, Outcome.COVERED, Outcome.UNKNOWN]


def test_a_drift_has_grown_evenly_since_the_check_before() -> None:
    """17 s over 10 h: at the recording, in the middle, 8.5 s."""
    world = World().officer("101", checked=False).incident().attended("101").recorded("101", 140, 490)
    world.event("cam-101", DeviceEventKind.CLOCK_CHECK, 140 - 5 * 3600, "0")
    world.event("cam-101", DeviceEventKind.CLOCK_CHECK, 140 + 5 * 3600, "17")
    segment = world.decided().segments[0]
    assert (segment.offset_us, segment.uncertainty_us) == (round(8.5 * SECOND_US), 60 * SECOND_US)


# --- exclusion waterfall


def waterfall(world: World) -> tuple[Outcome, str | None]:
    result = world.result()
    return result.outcome, result.reason


@pytest.mark.parametrize(
    ("world", "bucket"),
    [
        (World().officer("101").incident().attended("101", cancelled=True), Bucket.CANCELLED),
        (World().officer("101").incident(call_type="TEST").attended("101"), Bucket.TEST_OR_CALLBACK),
        (World().officer("101").incident(tags=("Callback",)).attended("101"), Bucket.TEST_OR_CALLBACK),
        (World().officer("101").incident(call_type="ADMIN").attended("101"), Bucket.OUT_OF_SCOPE),
        (World().officer("101", None).incident().attended("101"), Bucket.NO_CAMERA_ISSUED),
        (World().officer("101").incident().attended("101", None, 300), Bucket.NEVER_ON_SCENE),
        (World().officer("101").incident().attended("101", 0, 59), Bucket.BELOW_MINIMUM),
        (World().officer("101").incident().attended("101", 0, 0), Bucket.BELOW_MINIMUM),
        (World().officer("101").incident().attended("101", 0, -1), Bucket.INVALID_TIMES),
        (World().officer("101").incident().attended("101", 0, 86_401), Bucket.INVALID_TIMES),
        (World().officer("101").incident().attended("101").exempt("101"), Bucket.FULLY_EXEMPT),
        (World().officer("101").incident().attended("101").exempt("101", -5, 300), Bucket.FULLY_EXEMPT),
        # the first bucket in order wins
        (World().officer("101", None).incident(call_type="TEST").attended("101", None, cancelled=True), Bucket.CANCELLED),
    ],
)
def test_each_bucket(world: World, bucket: Bucket) -> None:
    assert waterfall(world) == (Outcome.EXCLUDED, bucket)


def test_exactly_the_minimum_on_scene_is_judged() -> None:
    assert (
        World().officer("101").incident().attended("101", 0, 60).recorded("101", -40, 70).result().outcome is Outcome.COVERED
    )


def test_part_of_the_window_exempt_is_not_required() -> None:
    world = one_officer(end=100)
    world.exempt("101", 100, 300)
    assert world.result().required_us == 100 * SECOND_US
    assert world.result().outcome is Outcome.COVERED


def test_first_arrival_and_last_clear_of_several_rows() -> None:
    world = World().officer("101").incident().attended("101", 0, 100, line=2).attended("PC 0101", 400, 700, line=3)
    window = world.result().window
    assert window is not None
    assert window.span == Span(at(0), at(700))


def test_a_second_arrival_that_is_open_does_not_end_with_the_first_clear() -> None:
    world = World().officer("101").incident(closed_us=at(900))
    world.attended("101", 0, 100, line=2).attended("101", 400, None, line=3).recorded("101", -40, 110)
    window = world.result().window
    assert window is not None
    assert (window.span, window.end_reference) == (Span(at(0), at(900)), "incident_closed")
    assert world.kinds() == ["early_deactivation"]


@pytest.mark.parametrize("closed", [200, 400 + 30 * 3600])
def test_a_closing_that_cannot_end_the_second_arrival_leaves_the_first_clear(closed: float) -> None:
    world = World().officer("101").incident(closed_us=at(closed))
    world.attended("101", 0, 100, line=2).attended("101", 400, None, line=3).recorded("101", -40, 110)
    window = world.result().window
    assert window is not None
    assert (window.span, window.end_reference) == (Span(at(0), at(100)), "cleared")


def test_a_row_without_arrival_does_not_take_the_clear_away() -> None:
    world = World().officer("101").incident(closed_us=at(900))
    world.attended("101", 0, 100, line=2).attended("101", None, None, dispatched=150, line=3)
    window = world.result().window
    assert window is not None
    assert window.span == Span(at(0), at(100))


# --- pending and unknown


def test_absence_waits_for_the_upload_grace() -> None:
    world = World(as_of_us=at(300) + DAY_US - 1).officer("101").incident().attended("101").recorded("101", 4000, 4100)
    assert waterfall(world) == (Outcome.PENDING, PendingReason.UPLOAD_GRACE)
    assert "no_footage" not in world.kinds()
    world.as_of_us = at(300) + DAY_US
    assert waterfall(world) == (Outcome.FINDINGS, None)


def test_absence_waits_for_the_dock_but_not_for_ever() -> None:
    world = World().officer("101", docked=False).incident().attended("101").recorded("101", 4000, 4100)
    assert waterfall(world) == (Outcome.PENDING, PendingReason.DEVICE_NOT_DOCKED)
    world.as_of_us = at(300) + 4 * DAY_US
    assert waterfall(world) == (Outcome.FINDINGS, None)
    kinds = {explanation.kind for explanation in world.finding(FindingKind.NO_FOOTAGE).explanations}
    assert ExplanationKind.PENDING_UPLOAD in kinds


def test_an_officer_whose_camera_nobody_wrote_down_is_waited_for_too() -> None:
    world = World().officer("101").officer("102").incident().attended("101").recorded("102", 4000, 4100)
    world.holdings = [holding for holding in world.holdings if holding.officer_id != "101"]
    assert waterfall(world) == (Outcome.PENDING, PendingReason.DEVICE_NOT_DOCKED)
    world.as_of_us = at(300) + 4 * DAY_US
    assert waterfall(world) == (Outcome.FINDINGS, None)


def test_an_open_dispatch_record_is_pending() -> None:
    assert waterfall(World().officer("101").incident().attended("101", 0, None)) == (Outcome.PENDING, PendingReason.CAD_OPEN)


def test_the_closing_of_the_incident_substitutes_a_missing_clear() -> None:
    window = World().officer("101").incident(closed_us=at(500)).attended("101", 0, None).result().window
    assert window is not None
    assert (window.end_reference, window.is_substituted) == ("incident_closed", True)


def test_an_unknown_officer_is_not_without_footage() -> None:
    world = World().officer("101").incident().attended("999")
    assert waterfall_of(world, "999") == (Outcome.UNKNOWN, UnknownReason.IDENTITY)
    assert "no_footage" not in world.kinds()


def waterfall_of(world: World, officer_id: str) -> tuple[Outcome, str | None]:
    result = world.result(officer_id)
    return result.outcome, result.reason


def test_two_officers_with_one_bare_badge_are_not_guessed() -> None:
    world = World().officer("A101").officer("B101").incident().attended("0101")
    assert waterfall_of(world, "0101") == (Outcome.UNKNOWN, UnknownReason.IDENTITY)


def test_nothing_is_absent_where_no_footage_was_read() -> None:
    world = World().officer("101").incident().attended("101")
    assert waterfall(world) == (Outcome.UNKNOWN, UnknownReason.FOOTAGE_NOT_LOADED)
    assert world.decided().not_examined == ("no footage metadata were read for the period",)


def test_a_camera_with_two_holders_accuses_neither() -> None:
    world = World().officer("101").officer("102").incident().attended("101").recorded(None, 0, 300, device="cam-101")
    world.holdings.append(replace(world.holdings[1], device_id="cam-101"))
    assert waterfall(world) == (Outcome.UNKNOWN, UnknownReason.HOLDER_CONFLICT)


def test_a_pool_camera_is_found_through_its_holder() -> None:
    world = World().officer("101").incident().attended("101").recorded(None, -40, 310, device="cam-101")
    assert world.result().covered_us == 300 * SECOND_US


def test_an_assignment_to_an_incident_never_read() -> None:
    assert waterfall(World().officer("101").attended("101")) == (Outcome.UNKNOWN, UnknownReason.INCIDENT_NOT_LOADED)


# --- the incident as a whole


def four_cameras(*ends: float) -> World:
    world = World().incident()
    for number, end in enumerate(ends):
        officer_id = f"{101 + number}"
        world.officer(officer_id).attended(officer_id, 0, 900).recorded(officer_id, -40, end, f"R{number}")
    return world


def test_four_cameras_each_switched_off_and_none_left() -> None:
    world = four_cameras(500, 560, 600, 640)
    finding = world.finding(FindingKind.INCIDENT_UNCOVERED)
    assert finding.spans == (Span(at(640), at(900)),)
    assert (finding.officer_id, finding.seconds_us) == (None, 260 * SECOND_US)


def test_one_camera_left_running_covers_the_incident() -> None:
    assert "incident_uncovered" not in four_cameras(500, 560, 600, 890).kinds()


def test_a_tagged_recording_of_somebody_else_counts_for_the_incident() -> None:
    world = four_cameras(500, 560).officer("200").recorded("200", 400, 950, "R9")
    assert "incident_uncovered" not in world.kinds()


def test_the_incident_waits_for_all_its_cameras() -> None:
    world = four_cameras(500, 560).officer("103", docked=False).attended("103", 0, 900)
    assert "incident_uncovered" not in world.kinds()
    assert world.decided().incidents[0].uncovered is None


# --- what the videos show


def black(start: float, end: float) -> Defect:
    return Defect(DefectKind.BLACK_VIDEO, round(start * SECOND_US), round(end * SECOND_US), 1.0)


@pytest.mark.parametrize(("length", "kinds"), [(9.9, []), (10, ["black_video"])])
def test_black_from_ten_seconds_inside_the_window(length: float, kinds: list[str]) -> None:
    world = one_officer()
    world.inspections["footage/R1.mp4"] = seen("footage/R1.mp4", black(100, 100 + length), length=350)
    assert world.kinds() == kinds
    assert world.result().usable_us == round((300 - length) * SECOND_US)
    assert world.result().unusable == (Span(at(60), at(60 + length)),)


@pytest.mark.parametrize(("share", "kinds"), [(0.49, []), (0.5, ["obstructed_view"])])
def test_a_cover_of_part_of_the_view_counts_from_the_policys_share_on(share: float, kinds: list[str]) -> None:
    world = one_officer()
    cover = Defect(DefectKind.OBSTRUCTED_VIEW, 100 * SECOND_US, 130 * SECOND_US, 0.7, {"covered_share": share})
    world.inspections["footage/R1.mp4"] = seen("footage/R1.mp4", cover, length=350)
    assert world.kinds() == kinds
    assert world.result().usable_us == (270 if kinds else 300) * SECOND_US


def test_black_outside_the_window_is_nothing() -> None:
    world = one_officer()
    world.inspections["footage/R1.mp4"] = seen("footage/R1.mp4", black(0, 40), length=350)
    assert world.kinds() == []


def test_a_second_camera_makes_the_time_usable_again() -> None:
    world = one_officer().recorded("101", -40, 310, "R2", device="cam-spare")
    world.inspections["footage/R1.mp4"] = seen("footage/R1.mp4", black(100, 200), length=350)
    world.inspections["footage/R2.mp4"] = seen("footage/R2.mp4", length=350)
    assert world.result().usable_us == 300 * SECOND_US


def test_an_unreadable_video_is_recorded_time_that_nobody_saw() -> None:
    world = one_officer()
    world.inspections["footage/R1.mp4"] = Inspection("footage/R1.mp4", InspectionStatus.UNREADABLE, UnreadableReason.EMPTY)
    decision = world.decided()
    assert world.kinds() == ["unreadable"]
    assert (decision.results[0].usable_us, decision.results[0].unexamined_us) == (None, 300 * SECOND_US)
    assert decision.not_examined == ("R1: video unreadable (empty)",)


def test_time_that_the_metadata_claim_and_the_file_does_not_hold_is_not_usable() -> None:
    world = one_officer()
    held = Lengths(200 * SECOND_US, 200 * SECOND_US)
    world.inspections["footage/R1.mp4"] = replace(seen(length=200), measures=Measures(held, ()))
    decision = world.decided()
    assert decision.results[0].unexamined_us == 140 * SECOND_US  # the window ends 340 s into the recording
    assert decision.not_examined == ("R1: the file ends 150.0 s before its metadata say",)


def test_a_video_that_was_not_looked_into_is_said() -> None:
    world = one_officer()
    world.inspections.clear()
    assert world.decided().not_examined == ("R1: video not looked into",)


def test_metadata_without_video() -> None:
    world = one_officer()
    world.missing_objects.add("footage/R1.mp4")
    assert world.kinds() == ["object_missing"]
    assert world.result().outcome is Outcome.FINDINGS


# --- custody and labels


def test_a_file_shorter_than_its_metadata_say() -> None:
    world = one_officer()
    defect = Defect(DefectKind.DURATION_MISMATCH, 0, 8 * SECOND_US, 1.0, {"difference_s": -8.0})
    world.inspections["footage/R1.mp4"] = seen("footage/R1.mp4", defect, length=350)
    finding = world.finding(FindingKind.DURATION_MISMATCH)
    assert finding.message == "The metadata of R1 say 350.0 s, the file holds 342.0 s."
    assert finding.seconds_us == 8 * SECOND_US


def test_a_file_that_breaks_off_is_not_also_called_a_mismatch() -> None:
    world = one_officer()
    cut = Defect(DefectKind.TRUNCATED, 200 * SECOND_US, 350 * SECOND_US, 1.0)
    short = Defect(DefectKind.DURATION_MISMATCH, 0, 150 * SECOND_US, 1.0, {"difference_s": -150.0})
    world.inspections["footage/R1.mp4"] = seen("footage/R1.mp4", cut, short, length=350)
    assert world.kinds() == ["truncated"]


@pytest.mark.parametrize(
    ("more", "kinds"),
    [
        ({"incident_ids": ()}, ["incident_id_missing"]),
        ({"incident_ids": ("I9",)}, ["incident_id_wrong"]),
        ({"categories": ()}, ["category_missing"]),
        ({"uploaded_us": at(310) + DAY_US + 1}, ["late_upload"]),
        ({"uploaded_us": at(310) + DAY_US}, []),
        ({"retention_until_us": EVENING_US + 30 * HOUR_US + 7 * DAY_US}, ["retention_risk"]),
        ({"retention_until_us": EVENING_US + 30 * HOUR_US + 7 * DAY_US + 1}, []),
        ({"activated": -13.1}, ["short_buffer"]),
        ({"activated": -13.0}, []),
    ],
)
def test_labels_uploads_retention_and_buffer(more: dict[str, Any], kinds: list[str]) -> None:
    assert one_officer(**more).kinds() == kinds
    assert one_officer(**more).result().outcome is (Outcome.FINDINGS if kinds == ["short_buffer"] else Outcome.COVERED)


def test_a_hole_in_the_numbering() -> None:
    world = one_officer(sequence_no=7).recorded("101", 4000, 4100, "R2", sequence_no=9)
    finding = world.finding(FindingKind.SEQUENCE_GAP)
    assert finding.recording_id == "R2"
    assert "1 between 7 (R1) and 9 (R2) is not in the records" in finding.message


def test_numbers_of_recordings_that_were_not_read_are_not_missing() -> None:
    """What lies between an old recording that came in just now and the period belongs to no run over this period."""
    world = one_officer(sequence_no=9).recorded("101", -4 * 86_400, -4 * 86_400 + 100, "R0", sequence_no=2)
    assert "sequence_gap" not in world.kinds()


def test_the_later_of_two_rows_is_the_duplicate() -> None:
    world = one_officer().recorded("101", -40, 310, "R1")
    world.segments[1] = replace(world.segments[1], row=RowRef("footage/z.csv", 4))
    finding = world.finding(FindingKind.DUPLICATE)
    assert finding.evidence[0].ref == "footage/z.csv:4"


# --- the whole


def test_the_order_of_the_sources_changes_nothing() -> None:
    world = four_cameras(500, 560, 600, 640).officer("200").recorded("200", 400, 950, "R9").recorded("101", 4000, 4100, "R7")
    first = world.decided()
    for seed in range(5):
        shuffled = random.Random(seed)
        for rows in (world.segments, world.assignments, world.officers, world.holdings, world.events, world.devices):
            shuffled.shuffle(rows)
        assert world.decided() == first


def test_explanations_name_a_recording_tagged_with_the_incident_elsewhere() -> None:
    world = World().officer("101").incident().attended("101").recorded("101", -3640, -3290)
    explanation = world.finding(FindingKind.NO_FOOTAGE).explanations[0]
    assert explanation.kind is ExplanationKind.TAGGED_ELSEWHERE
    assert "it would fit if its clock were 60 min 40 s slow" in explanation.speaks_for[0]


def test_explanations_name_a_recording_filed_under_another_officer() -> None:
    world = World().officer("101").officer("102").incident().attended("101").recorded("102", -40, 310, device="cam-101")
    kinds = [explanation.kind for explanation in world.finding(FindingKind.NO_FOOTAGE).explanations]
    assert kinds == [ExplanationKind.OTHER_OFFICER, ExplanationKind.NEVER_ARRIVED]


def test_many_recordings_of_nobody_are_counted_rather_than_listed() -> None:
    world = World().officer("101").incident().attended("101")
    for number in range(5):
        world.recorded(None, -40, 310, f"R{number}", device=f"pool-{number}")
    explanations = world.finding(FindingKind.NO_FOOTAGE).explanations
    assert [one.kind for one in explanations] == [ExplanationKind.UNASSIGNED_DEVICE]
    assert explanations[0].speaks_for[0] == "recording R0 of camera pool-0, assigned to nobody, runs at that time"
    assert explanations[0].speaks_for[3:] == ("2 more recordings that belong to nobody run at that time",)


def test_identity_survives_a_change_of_times() -> None:
    late = one_officer(start=64, activated=94).finding(FindingKind.LATE_ACTIVATION)
    later = one_officer(start=164, activated=194).finding(FindingKind.LATE_ACTIVATION)
    assert late.fingerprint == later.fingerprint
    assert late.spans != later.spans


class TestRecordingThroughACallBeside:
    """One recording through a call of the night before (I0) and the first of this one (I1)."""

    @staticmethod
    def findings(*tags: str, cleared: float = -100) -> list[tuple[str, str | None, str]]:
        world = World().officer("101").incident().attended("101")
        world.incident("I0", opened=-1200).attended("101", -1000, cleared, "I0", dispatched=-1100, line=3)
        world.recorded("101", -1040, 310, incident_ids=tags, uploaded_us=at(310) + 40 * HOUR_US)
        rows = world.records()
        night = replace(
            rows,
            incidents=rows.incidents[:1],
            assignments=rows.assignments[:1],
            beside=rows.assignments[1:],
            incidents_beside=rows.incidents[1:],
        )
        period = Span(at(-600), at(6 * 3600))
        decision = decide(match(night, world.policy, period, world.as_of_us), {"footage/R1.mp4": seen(length=1350)})
        return [(one.kind.value, one.incident_id, one.message) for one in decision.findings]

    def test_its_number_is_not_wrong(self) -> None:
        assert [kind for kind, _, _ in self.findings("I0")] == ["late_upload"]

    def test_it_is_wrong_where_the_recording_does_not_touch_that_call(self) -> None:
        assert "incident_id_wrong" in [kind for kind, _, _ in self.findings("I9")]
        assert "incident_id_wrong" in [kind for kind, _, _ in self.findings("I0", cleared=-990)]  # below the minimum

    def test_a_number_that_is_missing_or_wrong_is_told_with_both_calls(self) -> None:
        ((_, _, missing), _) = self.findings()
        assert missing.endswith("it belongs to I0, I1.")

    def test_what_is_said_of_it_is_said_under_the_earlier_call(self) -> None:
        assert {incident_id for _, incident_id, _ in self.findings("I9")} == {"I0"}
