"""Pool cameras, transfers, staff without camera, two-officer units, calls that overlap, rows that contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from bwc_audit.domain.results import Outcome, UnknownReason
from tests.dirt.nights import ASSIGNMENTS, Night

MINUTE_US = 60_000_000
CALL = "I1,DOMESTIC,2025-05-24T20:55,"
JOB = "I1,101,2025-05-24T20:58,2025-05-24T21:05,2025-05-24T21:30"
CLIP = "F1,POOL7,,2025-05-24T21:04,2025-05-24T21:04:30,1799,2025-05-25T05:00,"


def answered(folder: Path) -> Night:
    return Night(folder).officers("101").incidents(CALL).assignments(JOB)


def test_a_pool_camera_counts_for_who_held_it_that_day(tmp_path: Path) -> None:
    night = answered(tmp_path).officers("102").footage(CLIP).docked("POOL7")
    night.holders("POOL7,102,2025-05-23T06:00,2025-05-24T06:00", "POOL7,101,2025-05-24T06:00,2025-05-25T06:00")
    assert night.rejected() == ()
    assert night.result().covered_us == 25 * MINUTE_US


def test_an_officer_transferred_within_the_period_stands_twice_on_the_roster(tmp_path: Path) -> None:
    night = answered(tmp_path).footage(CLIP.replace("POOL7,", "C101,101"))
    night.files["roster/officers.csv"] = (
        "officer_id,unit,active_from,active_to,camera_from\n"
        "101,A,2020-01-01T00:00Z,2025-05-01T00:00Z,2020-01-01T00:00Z\n"
        "101,B,2025-05-01T00:00Z,,2020-01-01T00:00Z\n"
    )
    assert night.rejected() == ()
    assert night.result().covered_us == 25 * MINUTE_US


def test_staff_without_camera_are_excluded_never_missing(tmp_path: Path) -> None:
    night = Night(tmp_path).incidents(CALL).assignments(JOB)
    night.file("roster/officers.csv", "officer_id,unit,camera_from,camera_to", "101,Front desk,,")
    night.footage(CLIP)
    result = night.result()
    assert (result.outcome, str(result.reason)) == (Outcome.EXCLUDED, "no_camera_issued")


def test_someone_on_no_roster_is_unknown_identity(tmp_path: Path) -> None:
    night = answered(tmp_path).assignments(JOB.replace(",101,", ",TASK FORCE,")).footage(CLIP)
    assert night.result("TASK FORCE").reason == "identity"


@pytest.mark.parametrize("officers", ["101;102", "101|102", "101/102", "101, 102"])
def test_both_officers_of_a_unit_must_record(tmp_path: Path, officers: str) -> None:
    yaml = (
        "schema: bwc-mapping/1\nname: ours\ntimezone: Europe/London\ntables:\n"
        "  - {table: assignments, files: [cad/assignments.csv], separators: {officer_id: ',/;|'}}\n"
    )
    night = Night(tmp_path).officers("101", "102").incidents(CALL).with_mapping(yaml)
    night.file("cad/assignments.csv", ASSIGNMENTS, JOB.replace(",101,", f',"{officers}",'))
    night.footage(CLIP.replace("POOL7,", "C101,101"))
    assert night.result("101").covered_us == 25 * MINUTE_US
    assert night.kinds() == ["no_footage"]
    assert night.result("102").covered_us == 0


def test_calls_that_overlap_are_served_by_one_recording_that_names_one_of_them(tmp_path: Path) -> None:
    night = answered(tmp_path).incidents("I2,ALARM,2025-05-24T21:10,")
    night.assignments("I2,101,2025-05-24T21:15,2025-05-24T21:20,2025-05-24T21:33")
    night.footage("F1,C101,101,2025-05-24T21:04,2025-05-24T21:04:30,1800,2025-05-25T05:00,I1")
    assert [night.result(incident_id=each).covered_us for each in ("I1", "I2")] == [25 * MINUTE_US, 13 * MINUTE_US]
    assert night.kinds() == []


def test_footage_that_names_two_incidents_is_shared_by_them(tmp_path: Path) -> None:
    night = answered(tmp_path).incidents("I2,ALARM,2025-05-24T21:10,")
    night.assignments("I2,101,2025-05-24T21:15,2025-05-24T21:20,2025-05-24T21:33")
    night.footage("F1,C101,101,2025-05-24T21:04,2025-05-24T21:04:30,1800,2025-05-25T05:00,I1;I2")
    assert night.records().segments[0].incident_ids == ("I1", "I2")
    assert night.kinds() == []


def test_a_camera_that_fell_off_keeps_recording_and_its_time_counts_as_recorded(tmp_path: Path) -> None:
    """What it shows is for the pictures to say; by its times the call is covered."""
    night = answered(tmp_path).footage("F1,C101,101,2025-05-24T21:04,2025-05-24T21:04:30,7200,2025-05-25T05:00,I1")
    assert night.kinds() == []


class TestContradictions:
    def test_a_device_with_two_holders_names_both_rows_and_the_rest_of_the_night_goes_on(self, tmp_path: Path) -> None:
        night = answered(tmp_path).officers("102", "103").footage(CLIP).docked("POOL7")
        night.holders("POOL7,101,2025-05-24T06:00,2025-05-25T06:00", "POOL7,102,2025-05-24T20:00,2025-05-25T06:00")
        night.assignments(JOB.replace(",101,", ",103,"))
        night.footage("F3,C103,103,2025-05-24T21:04,2025-05-24T21:04:30,1799,2025-05-25T05:00,I1")
        first, second = sorted(night.rejected(), key=lambda each: each.row)
        assert (first.row.line, second.row.line) == (5, 6)
        assert "roster/holders.csv:6" in first.detail
        assert "roster/holders.csv:5" in second.detail
        assert night.result("103").covered_us == 25 * MINUTE_US
        assert night.result("101").outcome is not Outcome.COVERED
        assert "no_footage" not in [each.kind.value for each in night.decided().findings if each.officer_id == "101"]

    @pytest.mark.parametrize(
        ("second", "is_told"),
        [
            ("POOL7,102,2025-05-24T19:59:59,", True),
            ("POOL7,102,2025-05-24T20:00,", False),
            ("POOL7,PC 0101,2025-05-24T10:00,", False),  # the same officer, written otherwise
            ("POOL8,102,2025-05-24T10:00,", False),
        ],
    )
    def test_where_periods_only_touch_or_one_officer_repeats_nothing_is_wrong(
        self, tmp_path: Path, second: str, is_told: bool
    ) -> None:
        night = Night(tmp_path).holders("POOL7,101,2025-05-24T06:00,2025-05-24T20:00", second)
        assert bool(night.rejected()) is is_told

    def test_an_incident_twice_with_different_times_names_both_rows(self, tmp_path: Path) -> None:
        night = answered(tmp_path).incidents("I1,DOMESTIC,2025-05-24T21:55,").footage(CLIP)
        rejected = night.rejected()
        assert [(each.reason.value, each.row.line) for each in rejected] == [("duplicate_id", 2), ("duplicate_id", 3)]
        assert "cad/incidents.csv:3" in rejected[0].detail
        assert night.result("101").reason is UnknownReason.INCIDENT_NOT_LOADED

    @pytest.mark.parametrize(
        ("cleared", "is_rejected"),
        [("2025-05-31T20:57:59", False), ("2025-05-31T20:58:00", True), ("2026-06-28T21:30", True)],
    )
    def test_an_assignment_of_400_days_is_rejected_and_one_of_a_week_less_a_second_is_not(
        self, tmp_path: Path, cleared: str, is_rejected: bool
    ) -> None:
        night = answered(tmp_path).assignments(f"I1,101,2025-05-24T20:58,2025-05-24T21:05,{cleared}").footage(CLIP)
        assert [(each.row.line, each.field, each.reason.value) for each in night.rejected()] == (
            [(3, "cleared_at", "bad_time")] if is_rejected else []
        )
        if is_rejected:
            assert night.result().required_us == 25 * MINUTE_US

    def test_a_mapping_that_names_a_missing_column_says_where_and_what_there_is(self, tmp_path: Path) -> None:
        yaml = (
            "schema: bwc-mapping/1\nname: ours\ntimezone: Europe/London\ntables:\n  - table: assignments\n"
            "    files: [cad/x.csv]\n    columns:\n"
            "      Event: incident_id\n      Badge: officer_id\n      Arrived: on_scene_at\n"
        )
        night = answered(tmp_path).footage(CLIP.replace("POOL7,", "C101,101")).with_mapping(yaml)
        night.file("cad/x.csv", "Event,Badge,Arrival", "I9,101,2025-05-24T21:05")
        (rejected,) = night.rejected()
        assert (rejected.row.file, rejected.row.line, rejected.reason.value) == ("cad/x.csv", 0, "missing_column")
        assert rejected.detail == (
            "assignments needs column arrived (our.yaml line 10); the file has: event, badge, arrival"
        )
        assert night.result().covered_us == 25 * MINUTE_US
