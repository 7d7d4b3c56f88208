"""What a mapping can say, each setting with a row it is for; and that what it cannot say is told with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bwc_audit.domain.records import Assignment, Incident, Segment
from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.mapped_columns import badge_as
from bwc_audit.sources.mapping import IdentifierForm, load_mapping, read_mapping
from tests.sources.writing import a_mapping, read_one, told


def assignments(folder: Path, table: str, text: str, **settings: str) -> tuple[list[Assignment], list[Any]]:
    """The assignments of one file read with the settings of one table, and what was rejected."""
    mapping = a_mapping(f"tables:\n  - table: assignments\n    files: [cad/x.csv]\n{table}", timezone="UTC", **settings)
    rows = read_one(folder, "cad/x.csv", text, mapping)
    return [each for each in rows.records if isinstance(each, Assignment)], [told(each)[1:] for each in rows.rejected]


def test_the_first_column_that_has_a_value_is_taken(tmp_path: Path) -> None:
    table = (
        "    columns: {Nr: incident_id, Badge: officer_id}\n    first_of: {on_scene_at: [Arrived, At Scene, Stop Began]}\n"
    )
    text = "Nr,Badge,Arrived,At Scene\n1,7,2025-05-24T21:05,2025-05-24T21:06\n2,7,,2025-05-24T21:07\n3,7,,\n"
    found, rejected = assignments(tmp_path, table, text)
    assert [each.on_scene_us and each.on_scene_us // 60_000_000 % 60 for each in found] == [5, 7, None]
    assert rejected == []


def test_a_fallback_of_which_no_column_is_there_is_told(tmp_path: Path) -> None:
    table = "    columns: {Nr: incident_id, Badge: officer_id}\n    first_of: {on_scene_at: [Arrived, At Scene]}\n"
    assert assignments(tmp_path, table, "Nr,Badge\n1,7\n")[1] == [(0, "arrived", "missing_column")]


@pytest.mark.parametrize(
    ("unit", "length", "minutes"), [("min", "25", 25), ("s", "90", 1.5), ("h", "1.5", 90), ("clock", "1:02:30", 62.5)]
)
def test_an_end_may_follow_from_a_start_and_a_length(tmp_path: Path, unit: str, length: str, minutes: float) -> None:
    table = (
        "    columns: {Nr: incident_id, Badge: officer_id, Arrived: on_scene_at}\n"
        f"    end_after: {{cleared_at: {{start: on_scene_at, length: Lasted, unit: {unit}}}}}\n"
    )
    text = f"Nr,Badge,Arrived,Lasted\n1,7,2025-05-24T21:05,{length}\n2,7,2025-05-24T21:05,\n3,7,2025-05-24T21:05,long\n"
    (first, second), rejected = assignments(tmp_path, table, text)
    assert first.cleared_us is not None
    assert first.on_scene_us is not None
    assert first.cleared_us - first.on_scene_us == minutes * 60_000_000
    assert second.cleared_us is None
    assert rejected == [(4, "cleared_at", "bad_length")]


@pytest.mark.parametrize(
    ("unit", "length", "seconds"),
    [("clock", "0:12:30", 750), ("clock", "12:30", 750), ("clock", "1:00:00.5", 3600.5), ("min", "2.5", 150)],
)
def test_lengths_of_clips_are_read_as_the_mapping_says(tmp_path: Path, unit: str, length: str, seconds: float) -> None:
    mapping = a_mapping(
        "tables:\n  - table: footage\n    files: [footage/x.csv]\n"
        "    columns: {Id: footage_id, Cam: device_id, Start: media_started_at, Long: duration_s}\n"
        f"    lengths: {{duration_s: {unit}}}\n",
        timezone="UTC",
    )
    text = f"Id,Cam,Start,Long\nA,C,2025-05-24T21:05,{length}\nB,C,2025-05-24T22:05,a while\nD,C,2025-05-24T23:05,0\n"
    rows = read_one(tmp_path, "footage/x.csv", text, mapping)
    assert [each.duration_us for each in rows.records if isinstance(each, Segment)] == [seconds * 1_000_000]
    assert [told(each)[1:] for each in rows.rejected] == [(3, "duration_s", "bad_length"), (4, "duration_s", "bad_length")]


def test_a_plain_number_is_no_length_where_hours_and_minutes_are_written(tmp_path: Path) -> None:
    mapping = a_mapping(
        "tables:\n  - table: footage\n    files: [footage/x.csv]\n    lengths: {duration_s: clock}\n", timezone="UTC"
    )
    text = "footage_id,device_id,media_started_at,duration_s\nA,C,2025-05-24T21:05,90\n"
    rows = read_one(tmp_path, "footage/x.csv", text, mapping)
    assert [(told(each)[1:], each.text) for each in rows.rejected] == [((2, "duration_s", "bad_length"), "90")]


@pytest.mark.parametrize(
    ("start", "end", "minutes", "is_twice"),
    [
        ("00:50", "00:58", 8, False),
        ("00:50", "01:40", 50, True),
        ("01:50", "01:10", 20, True),
        ("00:50", "02:10", 140, False),
    ],
)
def test_a_length_between_two_times_is_doubtful_where_its_end_occurred_twice(
    tmp_path: Path, start: str, end: str, minutes: int, is_twice: bool
) -> None:
    mapping = a_mapping(
        "tables:\n  - table: footage\n    files: [footage/x.csv]\n    duration_between: [Start, End]\n"
        "    columns: {Id: footage_id, Cam: device_id, Start: media_started_at}\n",
        timezone="Europe/London",
    )
    text = f"Id,Cam,Start,End\nA,C,2025-10-26T{start},2025-10-26T{end}\n"
    (clip,) = (each for each in read_one(tmp_path, "footage/x.csv", text, mapping).records if isinstance(each, Segment))
    assert (clip.duration_us, clip.is_ambiguous) == (minutes * 60_000_000, is_twice)


def test_one_row_may_count_for_each_unit_in_a_cell(tmp_path: Path) -> None:
    table = (
        "    row_for_each: {column: Units, separators: '/'}\n    columns: {Nr: incident_id, Units: unit_id}\n"
        "    combined: {officer_id: '{Units} (unit)'}\n"
    )
    found, rejected = assignments(tmp_path, table, "Nr,Units\n1,B455/ D254 /\n2,C1\n3,\n")
    assert [(each.row.line, each.unit_id, each.officer_id) for each in found] == [
        (2, "B455", "B455 (unit)"),
        (2, "D254", "D254 (unit)"),
        (3, "C1", "C1 (unit)"),
    ]
    assert rejected == [(4, "officer_id", "missing_value")]


def test_records_of_different_kinds_may_stand_in_one_file(tmp_path: Path) -> None:
    mapping = a_mapping(
        "tables:\n"
        "  - {table: incidents, files: [cad/x.csv], where: {Rec: [CALL]}, "
        "columns: {Nr: incident_id, What: call_type, At: opened_at}}\n"
        "  - {table: assignments, files: [cad/x.csv], where: {Rec: [UNIT, XUNIT]}, "
        "columns: {Nr: incident_id, What: officer_id, At: on_scene_at}}\n",
        timezone="UTC",
    )
    text = "Rec,Nr,What,At\nCALL,1,THEFT,2025-05-24T21:00\nunit,1,7,2025-05-24T21:05\nNOTE,1,x,\n"
    rows = read_one(tmp_path, "cad/x.csv", text, mapping)
    assert [type(each) for each in rows.records] == [Incident, Assignment]
    assert (rows.rows_read, rows.rows_accepted, rows.rows_passed_over, rows.rejected) == (2, 2, 1, ())


def test_rows_that_repeat_an_incident_are_one_unless_they_differ(tmp_path: Path) -> None:
    table = (
        "tables: [{table: incidents, files: [cad/x.csv], rows_may_repeat: %s, "
        "columns: {Nr: incident_id, T: call_type, At: opened_at}}]"
    )
    text = "Nr,T,At\n1,A,2025-05-24T21:00\n1,A,2025-05-24T21:00\n2,A,2025-05-24T21:00\n2,B,2025-05-24T21:00\n"
    outcomes = []
    for may_repeat in ("true", "false"):
        rows = read_one(tmp_path, "cad/x.csv", text, a_mapping(table % may_repeat, timezone="UTC"))
        assert len(rows.records) == 2
        outcomes.append([told(each)[1:] for each in rows.rejected])
    assert outcomes == [
        [(5, "incident_id", "duplicate_id")],
        [(3, "incident_id", "duplicate_id"), (5, "incident_id", "duplicate_id")],
    ]


@pytest.mark.parametrize(
    ("written", "form", "expected"),
    [
        ("PC-00452", IdentifierForm(without_prefixes=("PC",), without_leading_zeros=True), "452"),
        ("pc 452", IdentifierForm(without_prefixes=("PC",)), "452"),
        ("PC", IdentifierForm(without_prefixes=("PC",)), "PC"),
        ("000", IdentifierForm(without_leading_zeros=True), "0"),
        ("452", IdentifierForm(digits=6), "000452"),
        ("A452", IdentifierForm(digits=6), "A452"),
        ("a452", IdentifierForm(upper_case=True), "A452"),
        ("PC 007/PC 008", IdentifierForm(without_prefixes=("PC",), without_leading_zeros=True), "7/8"),
    ],
)
def test_badges_are_brought_into_the_form_of_the_roster(written: str, form: IdentifierForm, expected: str) -> None:
    assert badge_as(form, written) == expected


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("    end_after: {cleared_at: {start: officer_id, length: x}}", "officer_id is none"),
        ("    lengths: {cleared_at: clock}", "cleared_at is none"),
        ("    separators: {unit_id: '/'}", "unit_id is none"),
        ("    first_of: {colour: [x]}", "no field colour"),
        ("    colour: red", "line 7: tables.0.colour"),
        ("    precision: 1 day", "line 7: tables.0.precision"),
    ],
)
def test_what_a_mapping_cannot_say_is_told_with_its_line(setting: str, words: str) -> None:
    text = f"schema: bwc-mapping/1\nname: x\n# a comment\ntables:\n  - table: assignments\n    files: [a]\n{setting}\n"
    with pytest.raises(ConfigurationError, match=words):
        read_mapping(text, "here.yaml")


EVIDENCE = """\
Evidence ID,Device Serial,Device Model,Owner Badge ID,Record Start,Record End,Duration (s),\
Uploaded On,Size (bytes),ID,Categories,Retention Until,Deleted On,Status
E1,X60A00001,BODY 4,PC 00452,2025-05-24T21:04:10,2025-05-24T21:34:10,1800,2025-05-25T06:02:00,1000,\
"25-1,25-2",Arrest|DV,,,Active
E2,X60A00001,BODY 4,PC 00452,2025-05-24T21:34:10,2025-05-24T21:40:00,,2025-05-25T06:02:00,1000,\
,,,,Active
"""
PRINTOUT = """\
Event ID,Officer Badge ID,Officer Dispatched DateTime,Officer Cleared DateTime,Call Type,Event Created DateTime
25-1,PC 00452,2025-05-24T20:58:00,2025-05-24T21:30:00,DOMESTIC,2025-05-24T20:55:00
25-1,00453/00454,2025-05-24T20:59:00,2025-05-24T21:31:00,DOMESTIC,2025-05-24T20:55:00
25-2,PC 00452,2025-05-24T21:40:00,,ALARM,2025-05-24T21:39:00
"""
ACTIVE = """\
"beat","block","date_time","division","incident_number","location","nature_of_call",\
"priority","reporting_area","status","unit_number"
"444","400","2025-05-24T09:00:00.000","Southwest","25-0000001","Example Ave","11V - Burg Motor Veh",\
"3","4116","At Scene","B455"
"444",,"2025-05-24T09:00:00.000","Southwest","25-0000001","Example Ave","11V - Burg Motor Veh",\
"3","4116","At Scene","B156/D254"
"""


class TestShippedForVendors:
    def test_an_evidence_export(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "footage/evidence_2025.csv", EVIDENCE, load_mapping("evidence_export"))
        assert rows.rejected == ()
        first, second = (each for each in rows.records if isinstance(each, Segment))
        assert (first.officer_id, first.incident_ids, first.categories) == ("452", ("25-1", "25-2"), ("Arrest", "DV"))
        assert (first.duration_us, second.duration_us) == (1_800_000_000, 350_000_000)
        assert first.object_key == "footage/E1.mp4"

    def test_a_cad_printout(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/printout.csv", PRINTOUT, load_mapping("cad_printout"))
        assert rows.rejected == ()
        jobs = [(each.incident_id, each.officer_id) for each in rows.records if isinstance(each, Assignment)]
        assert jobs == [("25-1", "452"), ("25-1", "453"), ("25-1", "454"), ("25-2", "452")]
        assert [each.incident_id for each in rows.records if isinstance(each, Incident)] == ["25-1", "25-2"]

    def test_active_calls_with_several_units(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/active_calls.csv", ACTIVE, load_mapping("active_calls"))
        assert rows.rejected == ()
        assert [each.unit_id for each in rows.records if isinstance(each, Assignment)] == ["B455", "B156", "D254"]
        assert len([each for each in rows.records if isinstance(each, Incident)]) == 1
