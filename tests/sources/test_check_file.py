"""``sources check``: what it counts, what it finds odd, and that what it suggests can be read as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.check_file import FileCheck, check_file, odd_facts
from bwc_audit.sources.mapping import load_mapping, read_mapping
from bwc_audit.sources.sniff import Look, sniff
from tests.sources.test_mapping_language import ACTIVE, EVIDENCE, PRINTOUT

SAMPLES = Path(__file__).parents[2] / "sample_media" / "exports"
CALL_LOG = """\
Call Date,Call No,Call Time,Nature,Badges,Dispatch Date,Dispatch Time,Arrival Date,Arrival Time
05/24/2025,7,20:55:00,DOMESTIC,0101,05/24/2025,20:58:00,05/24/2025,21:05:00
05/25/2025,8,20:55:00,ALARM,0102,05/25/2025,20:58:00,05/25/2025,21:05:00
"""
SHORT_NAMES = """\
Call No,Badge,Type Of Call,Prio,Recvd,Disp,Arrived,Cleared
25-101,PC 0101,BURGLARY,2,05/24/2025 08:01,05/24/2025 08:03,05/24/2025 08:10,05/24/2025 08:40
25-102,PC 0102,DOMESTIC,1,05/24/2025 09:01,05/24/2025 09:03,05/24/2025 09:10,05/24/2025 09:50
"""
CLIPS = """\
Evidence ID,Camera Serial,Badge,Record Start,Length
E1,X1,101,05/24/2025 20:58,0:12:30
E2,X1,101,05/24/2025 21:58,1:02:30
E3,X2,102,05/24/2025 22:58,0:00:45
"""


def checked(folder: Path, text: str, mapping: str = "default", name: str = "export.csv") -> FileCheck:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return check_file(path, load_mapping(mapping))


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        (EVIDENCE, ["footage"]),
        (PRINTOUT, ["incidents", "assignments"]),
        (ACTIVE, ["incidents"]),
        (CALL_LOG, ["incidents", "assignments"]),
        (SHORT_NAMES, ["incidents", "assignments"]),
        (CLIPS, ["footage"]),
        ((SAMPLES / "new_orleans/cad/calls_for_service.csv").read_text(), ["incidents", "assignments"]),
        ((SAMPLES / "new_orleans/footage/bwc_metadata.csv").read_text(), ["footage"]),
        ((SAMPLES / "seattle/footage/bwv_minute.csv").read_text(), ["footage"]),
    ],
    ids=["evidence", "printout", "active", "split", "short", "lengths", "calls", "clips", "pilot"],
)
def test_what_is_suggested_for_unknown_columns_can_be_read_as_it_stands(
    tmp_path: Path, text: str, tables: list[str]
) -> None:
    first = checked(tmp_path, text)
    assert first.suggestion is not None
    assert first.suggestion.tables == tables
    again = check_file(tmp_path / "export.csv", read_mapping(first.suggestion.yaml, "suggested.yaml"))
    assert sorted(again.tables) == sorted(tables)
    assert again.rows_accepted >= 0.75 * again.rows_read > 0


def test_a_suggestion_takes_short_names_and_says_what_follows_from_missing_calls(tmp_path: Path) -> None:
    whole = checked(tmp_path, SHORT_NAMES).suggestion
    assert whole is not None
    for column, field in (("recvd", "opened_at"), ("type of call", "call_type"), ("disp", "dispatched_at")):
        assert f'"{column}": {field}' in whole.yaml
    assert not any("opened" in doubt for doubt in whole.doubts)
    part = checked(tmp_path, SHORT_NAMES.replace("Recvd", "Q7")).suggestion
    assert part is not None
    assert part.tables == ["assignments"]
    assert any("without incidents every result is `unknown`" in doubt for doubt in part.doubts)


def test_lengths_in_hours_and_minutes_are_suggested_as_such_and_are_no_times_of_day(tmp_path: Path) -> None:
    suggestion = checked(tmp_path, CLIPS).suggestion
    assert suggestion is not None
    assert "lengths: {duration_s: clock}" in suggestion.yaml
    assert "precision: 1min" in suggestion.yaml  # though the lengths go to the second
    again = check_file(tmp_path / "export.csv", read_mapping(suggestion.yaml, "suggested.yaml"))
    assert again.rows_accepted == 3
    with_zone = checked(tmp_path, CLIPS.replace("05/24/2025 ", "2025-05-24T").replace(",0:", "Z,0:").replace(",1:", "Z,1:"))
    assert with_zone.suggestion is not None
    assert "timezone" not in with_zone.suggestion.yaml


@pytest.mark.parametrize(("length", "is_open"), [("12:30", True), ("75:30", True), ("0:12:30", False)])
def test_a_length_of_two_parts_is_doubtful(tmp_path: Path, length: str, is_open: bool) -> None:
    suggestion = checked(tmp_path, f"Evidence ID,Record Start,Length\nE1,2025-05-24T20:58:01Z,{length}\n").suggestion
    assert suggestion is not None
    assert any("minutes and seconds" in doubt for doubt in suggestion.doubts) is is_open


@pytest.mark.parametrize(
    ("content", "accepted"),
    [
        (SHORT_NAMES.replace(",", ";").encode(), 4),
        (SHORT_NAMES.replace(",", "\t").encode(), 4),
        (("\ufeff" + SHORT_NAMES).encode(), 4),
        (SHORT_NAMES.replace("BURGLARY", "VOL À L’ÉTALAGE").encode("cp1252"), 4),
        (SHORT_NAMES.replace("Prio", "Priorität").encode("cp1252"), 4),
        (SHORT_NAMES.replace(":01,", ":01 AM,").replace(":03,", ":03 AM,").replace("0,", "0 AM,").replace("0\n", "0 AM\n")
            .replace("05/24/2025", "2025-05-24").encode(), 4),
    ],
    ids=["semicolons", "tabs", "mark", "values", "names", "12 hours"],
)  # fmt: skip
def test_a_suggestion_says_how_the_file_is_written(tmp_path: Path, content: bytes, accepted: int) -> None:
    (tmp_path / "export.csv").write_bytes(content)
    first = check_file(tmp_path / "export.csv", load_mapping("default"))
    assert first.suggestion is not None
    again = check_file(tmp_path / "export.csv", read_mapping(first.suggestion.yaml, "suggested.yaml"))
    assert (again.rows_accepted, again.rows_read) == (accepted, accepted)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (SHORT_NAMES.encode("utf-16"), "UTF-16"),
        (SHORT_NAMES.replace("Prio", "Badge").encode(), "badge occurs twice"),
        (b"", "no"),
    ],
    ids=["UTF-16", "twice", "empty"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_not_said_to_hold_nothing_that_fits(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "export.csv").write_bytes(content)
    found = check_file(tmp_path / "export.csv", load_mapping("default"))
    assert found.suggestion is None
    ((example,),) = found.examples.values()
    assert (example.row.line, why in example.detail, found.is_clean) == (0, True, False)


def test_parts_of_a_second_are_no_rounding_to_the_minute(tmp_path: Path) -> None:
    rows = "".join(f"{n},101,ALARM,2025-05-24T20:0{n}:00{{0}}Z,2025-05-24T20:1{n}:00{{0}}Z\n" for n in range(4))
    text = "Event ID,Badge,Call Type,Received,Arrived\n" + rows
    for part, is_rounded in (("", True), (".000", True), (".123456789", False)):
        suggestion = checked(tmp_path, text.format(part)).suggestion
        assert suggestion is not None
        assert ("precision: 1min" in suggestion.yaml) is is_rounded


def test_times_in_another_format_are_left_out_and_named(tmp_path: Path) -> None:
    text = "Evidence ID,Camera,Record Start,Length,Uploaded\nE1,X1,05/24/2025 20:58:01,40,2025-05-25T06:00:00\n"
    suggestion = checked(tmp_path, text).suggestion
    assert suggestion is not None
    assert any(doubt.startswith("uploaded: written in another format") for doubt in suggestion.doubts)
    assert check_file(tmp_path / "export.csv", read_mapping(suggestion.yaml, "suggested.yaml")).rows_accepted == 1


def test_dates_as_a_spreadsheet_counts_them_are_named(tmp_path: Path) -> None:
    text = SHORT_NAMES.replace("05/24/2025 08:01", "45801.33").replace("05/24/2025 09:01", "45801.37")
    suggestion = checked(tmp_path, text).suggestion
    assert suggestion is not None
    assert "recvd: numbers such as a spreadsheet counts days; export dates and times as text" in suggestion.doubts


def test_a_suggestion_joins_dates_and_times_of_day(tmp_path: Path) -> None:
    suggestion = checked(tmp_path, CALL_LOG).suggestion
    assert suggestion is not None
    assert 'dispatched_at: "{dispatch date} {dispatch time}"' in suggestion.yaml
    assert 'time_format: "%m/%d/%Y %H:%M:%S"' in suggestion.yaml


def test_nothing_is_suggested_where_nothing_fits(tmp_path: Path) -> None:
    check = checked(tmp_path, "colour,taste\nred,sweet\n")
    assert check.suggestion is not None
    assert check.suggestion.tables == []
    assert not check.is_clean


def test_the_counts_and_oddities_of_a_file(tmp_path: Path) -> None:
    path = SAMPLES / "new_orleans/footage/bwc_metadata.csv"
    check = check_file(path, load_mapping("new_orleans"))
    table = check.tables["footage"]
    assert (check.rows_read, check.rows_accepted, table.precision) == (8, 7, "second")
    assert dict(check.rejected) == {("duration_s", "bad_length"): 1}
    assert check.examples["duration_s", "bad_length"][0].row.line == 9
    assert {(n, said.split(",")[0]) for _, n, said in odd_facts(check)} == {
        (1, "last exactly 1"),
        (1, "carry a date as incident id"),
        (1, "carry no incident id"),
        (1, "carry words without a number as incident id (such as a system check)"),
        (2, "start in the same second as another"),
    }


def test_local_times_that_never_were_or_were_twice(tmp_path: Path) -> None:
    text = "incident_id,call_type,opened_at\n1,A,2025-03-09T02:30\n2,A,2025-11-02T01:30\n3,A,2025-11-02T03:30\n"
    path = tmp_path / "cad" / "incidents.csv"
    path.parent.mkdir()
    path.write_text(text)
    check = check_file(path, read_mapping("schema: bwc-mapping/1\nname: x\ntimezone: America/Chicago\n", "x"))
    assert (check.never_occurred, check.tables["incidents"].ambiguous, check.without_zone) == (1, 1, 0)
    assert check_file(path, load_mapping()).without_zone == 3


def test_the_kind_may_be_said(tmp_path: Path) -> None:
    path = tmp_path / "anything.csv"
    path.write_text("incident_id,officer_id,on_scene_at\n1,7,2025-05-24T21:05Z\n")
    assert list(check_file(path, load_mapping(), "assignments").tables) == ["assignments"]
    assert check_file(path, load_mapping(), "incidents").rejected[("call_type", "missing_column")] == 1


def test_a_file_that_is_not_there_or_no_record_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        check_file(tmp_path / "none.csv", load_mapping())
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(ConfigurationError, match=r"\.csv"):
        check_file(tmp_path / "a.xlsx", load_mapping())


@pytest.mark.parametrize(
    ("values", "look", "time_format"),
    [
        (["2025-05-24T21:05:00Z", "2025-05-24 21:06"], Look.TIME, None),
        (["24/05/2025 21:05", ""], Look.TIME, "%d/%m/%Y %H:%M"),
        (["05/24/2025 9:05:00 PM"], Look.TIME, "%m/%d/%Y %I:%M:%S %p"),
        (["05/24/2025"], Look.DATE, "%m/%d/%Y"),
        (["21:05", "07:00"], Look.CLOCK, "%H:%M"),
        (["1478272249"], Look.NUMBER, None),
        (["30.24"], Look.NUMBER, None),
        (["A-1", "B-2"], Look.IDENTIFIER, None),
        (["hands up", "x"], Look.TEXT, None),
        (["", None], Look.EMPTY, None),
    ],
)
def test_what_a_column_looks_like(values: list[object], look: Look, time_format: str | None) -> None:
    sniffed = sniff(values)
    assert (sniffed.look, sniffed.time_format) == (look, time_format)
