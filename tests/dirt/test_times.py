"""Times without zone, rounded, across midnight and both changes of the clocks, late uploads, impossible orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from bwc_audit.domain.results import Outcome, UnknownReason
from tests.dirt.nights import Night

MINUTE_US = 60_000_000
CALL = "I1,DOMESTIC,2025-05-24T20:55,"
JOB = "I1,101,2025-05-24T20:58,2025-05-24T21:05,2025-05-24T21:30"


def answered(folder: Path, job: str = JOB, precision: str = "1s") -> Night:
    return Night(folder, precision=precision).officers("101").incidents(CALL).assignments(job)


def test_a_time_without_zone_is_rejected_where_the_mapping_states_none(tmp_path: Path) -> None:
    night = answered(tmp_path).with_mapping("schema: bwc-mapping/1\nname: ours\n")
    assert {each.reason.value for each in night.rejected()} == {"time_without_zone"}


def test_a_clip_of_30_seconds_that_spans_a_minute_keeps_its_own_length(tmp_path: Path) -> None:
    header = (
        "evidence_id,filename_on_s3,id_external,created_date_record_start,date_record_end,duration_seconds,"
        "owner_badge_id,categories"
    )
    night = Night(tmp_path, day="2015-03-26").with_mapping("seattle_pilot")
    night.file("footage/clips_minute.csv", header, "E1,E1.mp4,,2015-03-26T18:53:00,2015-03-26T18:54:00,30.24,5001,")
    (clip,) = night.records().segments
    assert (clip.duration_us, clip.precision_us) == (30_240_000, MINUTE_US)


@pytest.mark.parametrize(("precision", "uncertainty_s"), [("1s", 61), ("1min", 120)])
def test_rounding_to_the_minute_is_part_of_the_uncertainty(tmp_path: Path, precision: str, uncertainty_s: int) -> None:
    night = answered(tmp_path, precision=precision)
    night.footage("F1,C101,101,2025-05-24T21:07,2025-05-24T21:07:30,1800,2025-05-25T05:00,I1")
    result = night.result()
    assert result.uncertainty_us is not None
    assert result.uncertainty_us >= uncertainty_s * 1_000_000
    assert ("late_activation" in night.kinds()) is (precision == "1s")


@pytest.mark.parametrize("on_scene", ["2025-05-24T23:50", "2025-05-24T23:59:59"])
def test_a_recording_across_midnight_covers_both_days(tmp_path: Path, on_scene: str) -> None:
    night = answered(tmp_path, f"I1,101,2025-05-24T23:40,{on_scene},2025-05-25T00:20")
    night.footage("F1,C101,101,2025-05-24T23:45,2025-05-24T23:45:30,3000,2025-05-25T09:00,I1")
    assert night.kinds() == []
    assert night.result().covered_us == night.result().required_us > 0


def test_clocks_set_forward_an_hour_that_never_was_is_rejected_and_the_rest_is_real_time(tmp_path: Path) -> None:
    night = Night(tmp_path, day="2025-03-30").officers("101").incidents("I1,DOMESTIC,2025-03-30T00:40,")
    night.assignments(
        "I1,101,2025-03-30T00:45,2025-03-30T00:50,2025-03-30T02:10",
        "I1,101,2025-03-30T00:45,2025-03-30T01:30,2025-03-30T02:10",
    )
    night.footage("F1,C101,101,2025-03-30T00:49,2025-03-30T00:49:30,1500,2025-03-30T09:00,I1")
    assert [(each.row.line, each.field, each.reason.value) for each in night.rejected()] == [(3, "on_scene_at", "bad_time")]
    assert night.result().required_us == 20 * MINUTE_US  # 00:50 to 02:10 on the wall
    assert night.kinds() == []


def test_clocks_set_back_an_hour_that_was_twice_is_read_as_the_earlier_and_marked(tmp_path: Path) -> None:
    night = Night(tmp_path, day="2025-10-26").officers("101").incidents("I1,DOMESTIC,2025-10-26T00:40,")
    night.assignments("I1,101,2025-10-26T00:45,2025-10-26T00:50,2025-10-26T02:10")
    night.footage("F1,C101,101,2025-10-26T00:49,2025-10-26T00:49:30,9000,2025-10-26T09:00,I1")
    assert night.result().required_us == 140 * MINUTE_US  # 00:50 to 02:10 on the wall, with one hour twice
    assert night.kinds() == []
    twice = Night(tmp_path / "twice", day="2025-10-26").incidents("I2,ALARM,2025-10-26T01:30,")
    assert [each.is_ambiguous for each in twice.records().incidents] == [True]


class TestTheHourTwice:
    """The second 01:30 of the night, attended and recorded whole: the rows alone do not tell it from the first."""

    def test_a_call_in_it_accuses_nobody(self, tmp_path: Path) -> None:
        night = Night(tmp_path, day="2025-10-26").officers("101").incidents("I1,DOMESTIC,2025-10-26T01:20,")
        night.assignments("I1,101,2025-10-26T01:25,2025-10-26T01:30,2025-10-26T01:42")
        night.footage("F1,C101,101,2025-10-26T01:29Z,2025-10-26T01:29:30Z,780,2025-10-26T09:00Z,I1")
        assert (night.result().outcome, night.result().reason) == (Outcome.UNKNOWN, UnknownReason.WITHIN_UNCERTAINTY)
        assert [
            each for each in night.decided().findings if each.kind.value == "no_footage" and not each.is_borderline
        ] == []

    def test_a_recording_in_it_accuses_nobody(self, tmp_path: Path) -> None:
        night = Night(tmp_path, day="2025-10-26").officers("101").incidents("I1,DOMESTIC,2025-10-26T01:20Z,")
        night.assignments("I1,101,2025-10-26T01:25Z,2025-10-26T01:30Z,2025-10-26T01:42Z")
        night.footage("F1,C101,101,2025-10-26T01:29,2025-10-26T01:29:30,780,2025-10-26T09:00,I1")
        assert (night.result().outcome, night.result().reason) == (Outcome.UNKNOWN, UnknownReason.WITHIN_UNCERTAINTY)

    def test_who_recorded_nothing_near_is_still_told(self, tmp_path: Path) -> None:
        night = Night(tmp_path, day="2025-10-26").officers("101").incidents("I1,DOMESTIC,2025-10-26T01:20,")
        night.assignments("I1,101,2025-10-26T01:25,2025-10-26T01:30,2025-10-26T01:42")
        night.footage("F1,C101,101,2025-10-26T06:00Z,2025-10-26T06:00:30Z,780,2025-10-26T09:00Z,I9")
        assert "no_footage" in night.kinds()

    def test_a_stay_over_the_change_has_its_hour(self, tmp_path: Path) -> None:
        night = Night(tmp_path, day="2025-10-26").officers("101").incidents("I1,DOMESTIC,2025-10-26T01:40,")
        night.assignments("I1,101,2025-10-26T01:41,2025-10-26T01:45,2025-10-26T01:25")
        night.footage("F1,C101,101,2025-10-26T00:44Z,2025-10-26T00:44:30Z,2520,2025-10-26T09:00Z,I1")
        assert (night.result().required_us, night.result().covered_us) == (40 * MINUTE_US, 40 * MINUTE_US)
        assert night.kinds() == []


@pytest.mark.parametrize("hours", [7, 14])
def test_an_upload_hours_later_is_no_finding(tmp_path: Path, hours: int) -> None:
    uploaded = f"2025-05-25T{(21 + hours) % 24:02}:40"
    night = answered(tmp_path).footage(f"F1,C101,101,2025-05-24T21:04,2025-05-24T21:04:30,1799,{uploaded},I1")
    assert night.kinds() == []


def test_clips_of_exactly_1800_seconds_that_follow_each_other_are_one_recording(tmp_path: Path) -> None:
    night = answered(tmp_path, "I1,101,2025-05-24T20:58,2025-05-24T21:05,2025-05-24T22:20")
    night.footage(
        "F1,C101,101,2025-05-24T21:04:00,2025-05-24T21:04:30,1800,2025-05-25T05:00,I1",
        "F2,C101,101,2025-05-24T21:34:00,,1800,2025-05-25T05:00,I1",
        "F3,C101,101,2025-05-24T22:04:00,,1200,2025-05-25T05:00,I1",
    )
    assert night.kinds() == []
    assert night.result().covered_us == 75 * MINUTE_US


def test_several_arrivals_are_one_attendance_from_the_first_to_the_last(tmp_path: Path) -> None:
    night = answered(tmp_path).assignments("I1,101,2025-05-24T21:40,2025-05-24T21:45,2025-05-24T22:00")
    night.footage("F1,C101,101,2025-05-24T21:04,2025-05-24T21:04:30,3600,2025-05-25T05:00,I1")
    assert night.result().required_us == 55 * MINUTE_US
    assert night.kinds() == []


def test_on_scene_after_clear_is_invalid_times_and_no_rate_counts_it(tmp_path: Path) -> None:
    night = answered(tmp_path, "I1,101,2025-05-24T20:58,2025-05-24T21:30,2025-05-24T21:05")
    result = night.footage("F1,C101,101,2025-05-24T21:04,,1799,2025-05-25T05:00,I1").result()
    assert (result.outcome, str(result.reason)) == (Outcome.EXCLUDED, "invalid_times")


def test_a_pre_event_buffer_that_reaches_back_over_the_stop_before_is_counted_once(tmp_path: Path) -> None:
    night = answered(tmp_path)
    night.footage(
        "F1,C101,101,2025-05-24T21:04:00,2025-05-24T21:04:30,900,2025-05-25T05:00,I1",
        "F2,C101,101,2025-05-24T21:18:30,2025-05-24T21:19:00,900,2025-05-25T05:00,I1",
    )
    assert night.result().covered_us == night.result().required_us == 25 * MINUTE_US
    assert night.kinds() == []


def test_start_and_stop_confused_shows_as_the_call_missing_between_two_clips(tmp_path: Path) -> None:
    """The camera ran before and after the call: pressed to start when it ran, to stop when it did not."""
    night = answered(tmp_path)
    night.footage(
        "F1,C101,101,2025-05-24T20:50,2025-05-24T20:50:30,960,2025-05-25T05:00,I1",
        "F2,C101,101,2025-05-24T21:28,2025-05-24T21:28:30,900,2025-05-25T05:00,I1",
    )
    assert "recording_gap" in night.kinds()
    assert night.result().covered_us == 3 * MINUTE_US
