"""A camera whose times are wrong all day: found where anchors prove it, told where they do not, and never guessed.

Rows in, decision out. ``shifted_day`` is an evening of four calls, each recorded from before arrival until after clear and
tagged with its incident, by a camera whose clock is ``shift`` seconds ahead.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwc_audit.domain.clock_anchors import AnchorKind
from bwc_audit.domain.clock_days import ClockDay, Confidence
from bwc_audit.domain.decide import decide
from bwc_audit.domain.findings import Finding, FindingKind
from bwc_audit.domain.records import DeviceEventKind
from bwc_audit.domain.results import Outcome, UnknownReason
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US, Span
from tests.domain.test_shown_clocks import shows
from tests.domain.worlds import EVENING_US, World, at

#: Arrival and clear of the evening's calls, seconds; no two gaps between them alike.
CALLS = ((-14_000, -13_100), (-8_600, -8_200), (-3_000, -2_200), (1_900, 2_800))
HOUR = 3600
LONG = 268 * 86_400


def evening(shift: float, *, checked: bool = False, calls: Iterable[tuple[int, int]] = CALLS, late: float = 20) -> World:
    """Officer 101 at the calls; the recordings lie ``shift`` seconds beside them. Activation ``late`` s after arrival."""
    world = World().officer("101", checked=checked)
    for number, (arrival, clear) in enumerate(calls, 1):
        incident_id = f"I{number}"
        world.incident(incident_id, opened=arrival - 300).attended("101", arrival, clear, incident_id, line=number + 1)
        start = arrival + late - 30 + shift
        world.recorded("101", start, clear + 15 + shift, f"R{number}", incident_ids=(incident_id,), uploaded_us=at(9 * HOUR))
    return world


def day_of(world: World) -> ClockDay:
    (day,) = world.matched().checks.days
    return day


def outcomes(world: World) -> set[Outcome]:
    return {result.outcome for result in world.decided().results}


def offsets(world: World) -> list[Finding]:
    return [finding for finding in world.findings() if finding.kind is FindingKind.CLOCK_OFFSET and finding.device_id]


def absences(world: World) -> list[str]:
    return [kind for kind in world.kinds() if kind.strip("~") in ("no_footage", "late_activation", "early_deactivation")]


# --- found


@pytest.mark.parametrize("shift", [HOUR, -HOUR, 5 * HOUR, -LONG])
def test_a_camera_that_is_off_all_day_is_found_and_its_recordings_fall_into_their_windows(shift: int) -> None:
    world = evening(shift)
    assert outcomes(world) == {Outcome.COVERED}
    assert absences(world) == []
    (finding,) = offsets(world)
    assert not finding.is_borderline
    assert finding.seconds_us == pytest.approx(abs(shift) * SECOND_US, abs=60 * SECOND_US)
    assert "4 anchors (tagged recordings" in finding.message
    assert finding.margin_us == finding.seconds_us - 30 * SECOND_US
    assert finding.uncertainty_us == 120 * SECOND_US
    assert set(finding.footage_ids) == {"R1", "R2", "R3", "R4"}


def test_the_device_time_is_kept_beside_the_corrected_one() -> None:
    world = evening(HOUR)
    placed = {segment.footage_id: segment for segment in world.decided().segments}
    assert world.segments[0].media_started_us == at(-14_000 - 10 + HOUR)
    assert placed["R1"].offset_us == (HOUR + 20) * SECOND_US
    assert placed["R1"].span.start_us + placed["R1"].offset_us == world.segments[0].media_started_us


def test_margins_say_that_an_offset_from_tags_is_coarse() -> None:
    """Late by 150 s at one call of an hour's shift: within what untrusted clock (120 s) and tags (120 s) can tell."""
    world = evening(HOUR)
    start, pressed = at(1_900 + 120 + HOUR), at(1_900 + 150 + HOUR)
    world.segments[3] = replace(world.segments[3], media_started_us=start, activated_us=pressed, duration_us=800 * SECOND_US)
    finding = world.finding(FindingKind.LATE_ACTIVATION)
    assert finding.is_borderline
    assert finding.uncertainty_us is not None
    assert finding.uncertainty_us >= 241 * SECOND_US


def test_47_seconds_that_the_dock_measured() -> None:
    world = evening(47)
    world.event("cam-101", DeviceEventKind.CLOCK_CHECK, 8 * HOUR, "47")
    (finding,) = offsets(world)
    assert finding.seconds_us == 47 * SECOND_US
    assert "the dock measured" in finding.message.lower()
    assert {segment.offset_us for segment in world.decided().segments} == {47 * SECOND_US}
    assert absences(world) == []


def shown(world: World, shift: float, names: Iterable[str] = ("R1", "R2", "R3", "R4")) -> World:
    """The clock in the picture shows ``shift`` seconds more than the metadata."""
    for segment in world.segments:
        if segment.footage_id in names:
            start = (segment.media_started_us - EVENING_US) / SECOND_US
            inspection = shows(start, segment.footage_id, shift_s=shift)
            world.inspections[inspection.object_key] = inspection
    return world


def test_47_seconds_between_metadata_and_a_picture_whose_clock_the_dock_measured() -> None:
    world = shown(evening(47, checked=True), -47)
    day = day_of(world)
    assert (day.confidence, day.kinds) == (Confidence.AGREED, (AnchorKind.OVERLAY,))
    assert day.anchors == 4  # the tags lie where they say, within what they can tell
    assert day.offset_us == pytest.approx(47 * SECOND_US, abs=SECOND_US)
    assert all(abs(one.offset_us - 47 * SECOND_US) <= SECOND_US for one in world.decided().segments)
    assert {one.uncertainty_us for one in world.decided().segments} == {62_500_000}


def test_an_hour_that_picture_and_tags_agree_on_needs_fewer_tags() -> None:
    """Two tags of an hour prove nothing; with a picture that shows true time they do."""
    two = evening(HOUR, checked=True, calls=CALLS[:2])
    assert day_of(two).confidence is Confidence.DOUBTFUL
    day = day_of(shown(two, -HOUR, ("R1",)))
    assert (day.confidence, day.anchors) == (Confidence.AGREED, 3)
    assert day.offset_us == pytest.approx(HOUR * SECOND_US, abs=SECOND_US)
    assert outcomes(two) == {Outcome.COVERED}


def test_an_upload_before_the_end_of_the_recording_supports_what_tags_say() -> None:
    """A shift of 40 minutes is no zone; that the recordings end after their upload proves that the clock was ahead."""
    world = evening(2400)
    assert day_of(world).confidence is Confidence.DOUBTFUL
    world.segments[:] = [
        replace(one, uploaded_us=one.media_started_us + one.duration_us - 1000 * SECOND_US) for one in world.segments
    ]
    day = day_of(world)
    assert (day.confidence, day.kinds) == (Confidence.AGREED, (AnchorKind.TAGGED, AnchorKind.UPLOAD))
    assert outcomes(world) == {Outcome.COVERED}


def test_a_recording_that_ends_after_its_upload_is_stated_and_moves_nothing() -> None:
    world = World().officer("101", checked=False).incident().attended("101")
    world.recorded("101", -40, 310, uploaded_us=at(310 - 600))
    (finding,) = offsets(world)
    assert not finding.is_borderline
    assert finding.seconds_us == 480 * SECOND_US  # 600 s, less what an unchecked clock may be off anyway
    assert "a recording ends after its own upload, by 8 min 00 s more than clocks may be off anyway" in finding.message
    assert {segment.offset_us for segment in world.decided().segments} == {0}


# --- not found: near-misses


def test_one_mistyped_incident_id_moves_nothing() -> None:
    world = evening(0)
    world.segments[2] = replace(world.segments[2], incident_ids=("I1",))
    assert world.matched().checks.days == ()
    assert offsets(world) == []


@pytest.mark.parametrize("number", [1, 2])
def test_mistyped_ids_far_from_their_calls_move_nothing(number: int) -> None:
    """Recordings that touch no call at all, tagged with calls of the officer: one, and two that even agree."""
    world = evening(0)
    for place in range(number):
        arrival, clear = CALLS[place]
        world.segments[place] = replace(world.segments[place], media_started_us=at(arrival + HOUR - 10))
        assert clear > arrival
    days = world.matched().checks.days
    assert all(not day.is_applied for day in days)
    assert all(segment.offset_us == 0 for segment in world.decided().segments)


def test_an_officer_who_tags_every_recording_with_the_call_before_creates_no_offset() -> None:
    even = tuple((start, start + 1200) for start in (-14_400, -10_800, -7_200, -3_600, 0))
    world = evening(0, calls=even)
    for place in range(1, 5):
        world.segments[place] = replace(world.segments[place], incident_ids=(f"I{place}",))
    assert world.matched().checks.days == ()
    assert outcomes(world) == {Outcome.COVERED}


def test_an_officer_who_tags_two_incidents_creates_no_offset() -> None:
    world = evening(HOUR)
    world.segments[:] = [replace(one, incident_ids=("I1", *one.incident_ids)) for one in world.segments[1:]]
    assert world.matched().checks.days == ()


def test_true_long_drives_recorded_after_the_call_create_no_offset() -> None:
    """Transport to custody, tagged with the call, begun 47 minutes after arrival: far shorter than the call was."""
    world = World().officer("101", checked=False)
    for number, (arrival, clear) in enumerate(CALLS, 1):
        world.incident(f"I{number}", opened=arrival - 300).attended("101", arrival, clear, f"I{number}", line=number + 1)
        world.recorded(
            "101", clear + 900, clear + 1100, f"R{number}", incident_ids=(f"I{number}",), uploaded_us=at(9 * HOUR)
        )
    assert world.matched().checks.days == ()
    assert "no_footage" in world.kinds()


def test_long_drives_that_look_like_the_call_are_told_and_not_applied() -> None:
    """The same length as the call and always 47 minutes later: a habit could do that, a wrong zone could not."""
    world = evening(47 * 60)
    day = day_of(world)
    assert (day.confidence, day.why) == (Confidence.DOUBTFUL, "only tags say so, and habits could explain it")
    (finding,) = offsets(world)
    assert finding.is_borderline
    assert {segment.offset_us for segment in world.decided().segments} == {0}


def test_tags_alone_do_not_outvote_a_dock() -> None:
    world = evening(HOUR, checked=True)
    assert day_of(world).why == "only tags say so, and a dock measured this clock"
    assert {segment.offset_us for segment in world.decided().segments} == {0}


def test_pictures_alone_do_not_say_which_side_is_right() -> None:
    world = shown(evening(0), HOUR)
    assert day_of(world).why == "anchors contradict it (tagged)"
    for place, one in enumerate(world.segments):
        world.segments[place] = replace(one, incident_ids=())
    assert day_of(world).why == "picture and metadata differ; which of them is right is not proved"
    assert day_of(world).confidence is Confidence.DOUBTFUL
    assert {segment.offset_us for segment in world.decided().segments} == {0}


def test_a_shift_that_uploads_forbid_is_not_applied() -> None:
    """By the tags the clock was an hour slow; but then the recordings would end after they were uploaded."""
    world = evening(-HOUR)
    world.segments[:] = [
        replace(one, uploaded_us=one.media_started_us + one.duration_us + 600 * SECOND_US) for one in world.segments
    ]
    day = day_of(world)
    assert (day.confidence, day.why) == (Confidence.DOUBTFUL, "uploads or dockings contradict it")


@pytest.mark.parametrize(("tags", "is_applied"), [(2, False), (3, True)])
def test_the_least_number_of_anchors(tags: int, is_applied: bool) -> None:
    assert day_of(evening(HOUR, calls=CALLS[:tags])).is_applied is is_applied


@pytest.mark.parametrize(("away", "is_applied"), [(100, True), (241, False)])
def test_anchors_that_scatter_agree_on_nothing(away: int, is_applied: bool) -> None:
    """Three recordings; one of them activated ``away`` seconds later against arrival than the others."""
    world = evening(HOUR, calls=CALLS[:3])
    one = world.segments[2]
    world.segments[2] = replace(one, activated_us=(one.activated_us or 0) + away * SECOND_US)
    assert any(day.is_applied for day in world.matched().checks.days) is is_applied


def test_one_recording_of_five_that_lies_right_is_an_outlier_and_one_of_four_is_not() -> None:
    five = (*CALLS, (4_000, 5_000))
    for calls, is_applied in ((CALLS, False), (five, True)):
        world = evening(HOUR, calls=calls)
        one = world.segments[0]
        world.segments[0] = replace(
            one, media_started_us=one.media_started_us - HOUR_US, activated_us=(one.activated_us or 0) - HOUR_US
        )
        assert day_of(world).is_applied is is_applied


# --- what a correction may not do


def test_a_window_that_only_the_correction_empties_has_no_firm_absence() -> None:
    """Where the recordings lay before lies another call, of which nothing is left once they are moved."""
    world = evening(HOUR)
    world.incident("I9", opened=-12_000).attended("101", -10_300, -9_700, "I9", line=9).incident("I8", opened=7_000)
    result = next(one for one in world.decided().results if one.incident_id == "I9")
    assert (result.outcome, result.reason) != (Outcome.FINDINGS, None)
    if result.outcome is Outcome.UNKNOWN:
        assert result.reason == UnknownReason.CLOCK_CONTRADICTION
    assert "no_footage" not in world.kinds()


def long_call(start: float, end: float) -> World:
    """An evening an hour ahead, and a call of three hours whose recording carries no id; seconds by the metadata."""
    world = evening(HOUR, calls=CALLS[:3]).incident("I9", opened=3_900).attended("101", 4_000, 14_800, "I9", line=9)
    return world.recorded("101", start, end, "R9", incident_ids=(), uploaded_us=at(9 * HOUR))


def test_an_absence_that_only_the_correction_makes_is_not_firm() -> None:
    """By its metadata the recording covers the call; with the hour taken out it ends an hour before the call does."""
    world = long_call(3_980, 14_810)
    assert "R9" in {segment.footage_id for segment in world.decided().segments if segment.offset_us > 3_000 * SECOND_US}
    result = next(one for one in world.decided().results if one.incident_id == "I9")
    assert absences(world) == ["~early_deactivation"]
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, UnknownReason.WITHIN_UNCERTAINTY)


def test_an_absence_that_is_worse_without_the_correction_stays_firm() -> None:
    """The recording starts an hour late with the hour taken out, and two hours late without."""
    assert absences(long_call(4_000 + 2 * HOUR, 14_800 + HOUR)) == ["late_activation"]


def test_a_window_far_from_both_places_keeps_its_firm_absence() -> None:
    world = evening(-LONG)
    world.incident("I9", opened=-20_000).attended("101", 15_000, 15_900, "I9", line=9)
    assert "no_footage" in world.kinds()


def test_the_day_before_and_the_camera_beside_are_left_alone() -> None:
    world = evening(HOUR).officer("102", checked=False)
    world.recorded("102", 100, 200, "R8").recorded("101", 100 - 86_400, 200 - 86_400, "R9", incident_ids=())
    offset = {place.footage_id: place.clock.offset_us for place in world.matched().placements}
    assert (offset["R8"], offset["R9"]) == (0, 0)
    assert offset["R1"] != 0


def test_the_order_of_the_rows_changes_nothing() -> None:
    world = shown(evening(HOUR), -HOUR, ("R1", "R2"))
    first = world.decided()
    for seed in range(5):
        random.Random(seed).shuffle(world.segments)
        random.Random(seed).shuffle(world.assignments)
        assert world.decided() == first


def test_a_pool_camera_is_anchored_through_its_holder_at_the_call() -> None:
    world = evening(-LONG)
    world.segments[:] = [replace(one, officer_id=None) for one in world.segments]
    world.holdings[:] = [replace(one, held_from_us=at(-86_400)) for one in world.holdings]
    assert day_of(world).is_applied


def test_capped_recordings_are_judged_by_their_whole_length() -> None:
    """A call of 50 minutes in two files of 30 and 21 minutes."""
    calls = ((-18_000, -15_000), (-10_000, -7_000), (-1_000, 2_000))
    world = evening(HOUR, calls=calls)
    parts = []
    for one in world.segments:
        cap_us = 1_500 * SECOND_US
        parts.append(replace(one, recording_id=one.footage_id, segment_no=1, duration_us=cap_us))
        parts.append(
            replace(
                one,
                footage_id=f"{one.footage_id}b",
                object_key=f"footage/{one.footage_id}b.mp4",
                recording_id=one.footage_id,
                segment_no=2,
                media_started_us=one.media_started_us + cap_us,
                duration_us=one.duration_us - cap_us,
            )
        )
    world.segments = parts
    assert day_of(world).is_applied
    assert outcomes(world) == {Outcome.COVERED}


def test_an_offset_on_top_of_what_the_dock_measured() -> None:
    """The dock took 40 s out; the metadata are an hour off besides, by picture and tags."""
    world = shown(evening(HOUR + 40), -HOUR)
    world.event("cam-101", DeviceEventKind.CLOCK_CHECK, 8 * HOUR, "40")
    offset = {place.clock.offset_us for place in world.matched().placements}
    assert all(abs(one - (HOUR + 40) * SECOND_US) <= 2 * SECOND_US for one in offset)
    assert outcomes(world) == {Outcome.COVERED}


def test_the_finding_lists_the_days_it_speaks_of() -> None:
    (finding,) = offsets(evening(HOUR))
    assert finding.spans == (Span(EVENING_US // DAY_US * DAY_US, EVENING_US // DAY_US * DAY_US + DAY_US),)


def test_decisions_under_a_stricter_policy_apply_nothing() -> None:
    world = evening(HOUR).under(clock={"anchors_least": 5})
    assert day_of(world).why == "4 of 5 anchors that are needed"
    decision = decide(world.matched(), {})
    assert {segment.offset_us for segment in decision.segments} == {0}


# --- laws of the estimate


def without_uploads(world: World) -> World:
    """Uploads and dockings stay where they were, so they may say nothing here."""
    return replace(world, segments=[replace(one, uploaded_us=None) for one in world.segments])


@settings(max_examples=25, deadline=None)
@given(st.integers(-40, 400), st.sampled_from([HOUR, -HOUR, 3 * HOUR]))
def test_the_estimate_moves_with_the_calendar(days: int, shift: int) -> None:
    """The same evening, whole days earlier or later: the same offset, anchors and reason."""
    later = [(arrival + days * 86_400, clear + days * 86_400) for arrival, clear in CALLS]
    here, there = (day_of(without_uploads(evening(shift, calls=calls))) for calls in (CALLS, later))
    assert replace(there, start_us=here.start_us) == here
    assert there.start_us - here.start_us == days * DAY_US


@settings(max_examples=25, deadline=None)
@given(st.integers(-14, 14).filter(bool), st.permutations(range(4)), st.lists(st.integers(0, 90), min_size=4, max_size=4))
def test_any_order_and_any_usual_lateness_give_the_hour(hours: int, order: list[int], late: list[int]) -> None:
    """Where anything is found, it is the whole hours within the lateness of the officers; never another shift."""
    world = evening(hours * HOUR, late=0)
    for place, seconds in enumerate(late):
        one = world.segments[place]
        world.segments[place] = replace(one, activated_us=(one.activated_us or 0) + seconds * SECOND_US)
    found = world.matched().checks.days
    world.segments[:] = [world.segments[place] for place in order]
    assert world.matched().checks.days == found
    for day in found:
        assert 0 <= day.offset_us - hours * HOUR * SECOND_US <= 90 * SECOND_US
