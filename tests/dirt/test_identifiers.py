"""Ids as people type them, numbers that come again each day, badges that every system writes its own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from bwc_audit.domain.results import Outcome
from tests.dirt.nights import Night

JOB = "I1,101,2025-05-24T20:58,2025-05-24T21:05,2025-05-24T21:30"


def answered(folder: Path) -> Night:
    """Officer 101 on scene from 21:05 to 21:30."""
    return Night(folder).officers("101").incidents("I1,DOMESTIC,2025-05-24T20:55,").assignments(JOB)


def clip(incident_ids: str = "I1", footage: str = "F1", device: str = "C101", officer: str = "101") -> str:
    """21:04 to 21:34."""
    return f"{footage},{device},{officer},2025-05-24T21:04,2025-05-24T21:04:30,1799,2025-05-25T05:00,{incident_ids}"


@pytest.mark.parametrize("typed", ["", "system check", "05-24-2025", "2424 CUMBERLAND CT", "I1"])
def test_what_is_typed_as_id_does_not_decide_whether_a_call_was_recorded(tmp_path: Path, typed: str) -> None:
    night = answered(tmp_path).footage(clip(typed))
    assert night.kinds() == []
    assert night.result().covered_us == night.result().required_us == 25 * 60 * 1_000_000


def test_an_address_typed_as_title_is_no_column_of_ours(tmp_path: Path) -> None:
    night = answered(tmp_path).file(
        "footage/m.csv",
        "footage_id,title,device_id,officer_id,media_started_at,duration_s",
        'F1,"2424 CUMBERLAND CT, APT ""B""",C101,101,2025-05-24T21:04,1799',
    )
    assert night.kinds() == []


def test_two_recordings_with_one_id_and_one_start_are_two_officers(tmp_path: Path) -> None:
    night = answered(tmp_path).officers("102").assignments(JOB.replace("101", "102"))
    night.footage(clip(), clip(device="C102", officer="102"))
    assert [night.result(officer).covered_us for officer in ("101", "102")] == [25 * 60 * 1_000_000] * 2
    assert night.kinds() == []


@pytest.mark.parametrize("written", ["101", "PC 0101", "pc-101", "000101", "PC101"])
def test_badges_are_written_differently_in_every_system(tmp_path: Path, written: str) -> None:
    night = Night(tmp_path).officers("101").incidents("I1,DOMESTIC,2025-05-24T20:55,")
    night.assignments(JOB.replace(",101,", f",{written},")).footage(clip())
    (result,) = night.decided().results
    assert (result.officer_id, result.covered_us) == ("101", 25 * 60 * 1_000_000)


def test_a_badge_that_fits_two_officers_is_unknown_never_no_footage(tmp_path: Path) -> None:
    night = Night(tmp_path).officers("PC101", "SGT101").incidents("I1,DOMESTIC,2025-05-24T20:55,")
    result = night.assignments(JOB).footage(clip(officer="")).result()
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "identity")
    assert night.kinds() == []


def test_numbers_that_start_again_each_day_do_not_merge_two_days(tmp_path: Path) -> None:
    """Call 7 of two days: with date and number as its identity each has its own times."""
    header = (
        "Call Date,Call No,Call Time,Nature,Units,Badges,Dispatch Date,Dispatch Time,Arrival Date,Arrival Time,"
        "Minutes On Scene,Disposition"
    )
    night = Night(tmp_path).officers("101").with_mapping("cad_split_times")
    night.file(
        "cad/call_log.csv",
        header,
        "05/24/2025,7,20:55:00,DOMESTIC,A1,0101,05/24/2025,20:58:00,05/24/2025,21:05:00,25,OK",
        "05/25/2025,7,20:55:00,ALARM,A1,0101,05/25/2025,20:58:00,05/25/2025,21:05:00,25,OK",
    )
    night.footage(clip().replace(":04,", ":04Z,").replace(":30,", ":30Z,").replace("05:00,", "05:00Z,"))
    records = night.records()
    assert [each.incident_id for each in records.incidents] == ["05/24/2025#7", "05/25/2025#7"]
    assert records.rejected == ()
    assert night.result(incident_id="05/24/2025#7").covered_us == 25 * 60 * 1_000_000


def test_numbers_that_start_again_are_told_where_the_mapping_merges_them(tmp_path: Path) -> None:
    night = Night(tmp_path).incidents("7,DOMESTIC,2025-05-24T20:55,", "7,ALARM,2025-05-25T20:55,")
    first, second = night.rejected()
    assert [(each.reason.value, each.row.line, each.text) for each in (first, second)] == [
        ("duplicate_id", 2, "7"),
        ("duplicate_id", 3, "7"),
    ]
    assert "cad/incidents.csv:3" in first.detail
    assert "cad/incidents.csv:2" in second.detail
    assert "add the date in the mapping" in first.detail
