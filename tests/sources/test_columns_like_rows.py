"""The columnar reader gives what reading row by row gives: the same rows, refusals, lines, fields, reasons and texts."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bwc_audit.domain.records import Assignment, Segment
from bwc_audit.sources import text_rows
from bwc_audit.sources.mapping import Mapping
from tests.sources.plain_reading import Accepted, read_plainly
from tests.sources.writing import a_mapping, read_one

_FIRST, _LAST = (datetime(year, 1, 1) for year in (1969, 2068))  # noqa: DTZ001 - local times
_ODD = [
    "",
    " ",
    "\x1c",
    "\u00a0x",
    "a\tb",
    "é",
    '"',
    '""',
    "a\nb",
    "x" * 201,
    "7",
    "0",
    "1_0",
    "nan",
    "-1",
    "\x7f",
    "\u2028",
    "\ufeff",
]
_TIMES = [
    "2025-05-25T20:00:00Z",
    "2025-05-25T20:00:00",
    "2025-05-25 20:00:00",
    "2025-05-25T20:00:00.123Z",
    "2025-05-25T20:00:00.123456+05:30",
    "2025-05-25T20:00:00-05:00",
    "2025-05-25T20:00",
    "2025-05-25",
    "20250525T200000Z",
    "2025-W21-7T20:00:00Z",
    "2025-02-29T20:00:00Z",
    "2025-05-25T24:00:00Z",
    "2025-05-25T23:59:60Z",
    "2025-03-30T01:30:00",  # never was in London
    "2025-03-30T00:59:59",
    "2025-03-30T02:00:00",
    "2025-10-26T01:30:00",  # was twice in London
    "2025-10-26T00:59:59",
    "2025-10-26T02:00:00",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00",
    "2200-01-01T00:00:00Z",
    "2199-12-31T23:59:59+00:00",
    "0000-01-01T00:00:00Z",
    "２０２５-05-25T20:00:00Z",
    "2025-05-25T20:00:00z",
    "2025-05-25T20:00:00 Z",
    "31/12/2025 20:00",
]
_LENGTHS = [
    "60",
    "60.5",
    "0",
    "0.0000001",
    "28799.999999",
    "28800",
    "1e3",
    "-5",
    "inf",
    " 7 ",
    "007",
    "1800",
    "٣",
    "0.30000000000000004",
]
_IDS = ["F1", "F2", "PC 0101", "a;b", "a|b", ";", " ;x", "x" * 200, "x" * 201, "é" * 150]
_KEYS = ["a.mp4", "footage/a.mp4", "/a.mp4", "./a.mp4", "../a.mp4", "a//b", ".", "..", "a/..", "...", "a/.b"]


def cell(good: list[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(good), st.sampled_from(good), st.sampled_from(good), st.sampled_from(_ODD))


FOOTAGE_CELLS = {
    "footage_id": cell(_IDS),
    "object_key": cell(["", *_KEYS[:2]]),
    "device_id": cell(_IDS),
    "media_started_at": cell(_TIMES),
    "uploaded_at": cell(["", *_TIMES]),
    "duration_s": cell(_LENGTHS),
    "segment_no": cell(["", "1", "2147483647", "2147483648", "01", "1.0", "+1"]),
    "size_bytes": cell(["", "0", "9223372036854775807", "9223372036854775808"]),
    "sha256": cell(["", "a" * 64, "A" * 64, "g" * 64, "a" * 63]),
    "incident_ids": cell(["", *_IDS]),
    "schema": st.sampled_from(["", "bwc-footage/1", "bwc-incident/1", "other"]),
}
ASSIGNMENT_CELLS = {
    "incident_id": cell(_IDS),
    "officer_id": cell(_IDS),
    "on_scene_at": cell(["", *_TIMES]),
    "cancelled": cell(["", "true", "FALSE", "1", "yes", "maybe"]),
}


def quoted(value: str, style: int) -> str:
    """A cell, mostly quoted where it must be; style 0 leaves it bare, which may break the row."""
    if style == 0:
        return value
    return '"' + value.replace('"', '""') + '"' if style == 1 or any(each in value for each in '",\n\r') else value


@st.composite
def tables(draw: st.DrawFn, cells: dict[str, st.SearchStrategy[str]]) -> str:
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [",".join(cells)]
    style = st.sampled_from([1, 2, 2, 2, 2, 2, 2, 2]) if draw(st.booleans()) else st.just(2)
    for _ in range(draw(st.integers(0, 12))):
        row = [quoted(draw(each), draw(style)) for each in cells.values()]
        match draw(st.integers(0, 15)):
            case 0:
                row.append("more")
            case 1:
                row = row[:-1]
            case 2:
                row = [""]
            case 3:
                row[0] = row[0] + '"'
            case 4:
                row[0] = row[0] + "\x00"
        lines.append(",".join(row))
    return end.join(lines) + draw(st.sampled_from(["", end]))


def outcome(text: str, key: str, mapping: Mapping, record_type: type[Any]) -> tuple[list[Any], list[Any]]:
    with tempfile.TemporaryDirectory() as folder:
        rows = read_one(Path(folder), key, text.encode(), mapping)
    records = [each for each in rows.records if isinstance(each, record_type)]
    refused = [(each.row.line, each.field, each.reason.value, each.detail, each.text) for each in rows.rejected]
    return records, refused


def expected_refusals(refused: list[Any]) -> list[Any]:
    clean = [
        (*each[:4], each.text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")[:200])
        for each in refused
    ]
    return sorted(clean, key=lambda each: (each[0], each[1]))


def segment_fields(found: Accepted) -> dict[str, Any]:
    fields = found.fields
    return {
        "line": found.line,
        "id": (fields["footage_id"], fields["device_id"]),
        "at": (fields["media_started_at"], fields["uploaded_at"], fields["duration_s"]),
        "counts": (fields["segment_no"], fields["size_bytes"], fields["sha256"]),
        "incidents": fields["incident_ids"],
        "ambiguous": found.is_ambiguous,
    }


@settings(max_examples=400, deadline=None)
@given(
    text=tables(FOOTAGE_CELLS),
    zone=st.sampled_from(["Europe/London", "Asia/Kolkata", None]),
    block=st.sampled_from([40, 1 << 20]),
)
@example(
    text="footage_id,device_id,media_started_at,duration_s\nF1,D1,2025-05-25T20:00:00Z,6\nF2,D1,2025-05-25T20:00:00Z,x\n",
    zone=None,
    block=9,
)
def test_footage(text: str, zone: str | None, block: int) -> None:
    mapping = a_mapping(timezone=zone) if zone else a_mapping()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_rows, "BLOCK_CHARS", block)
        records, refused = outcome(text, "footage/m.csv", mapping, Segment)
    accepted, plain = read_plainly(text, "footage/m.csv", mapping)
    together = {at for at, each in enumerate(accepted) if each.fields["duration_s"] <= 0}
    assert [segment_fields(each) for at, each in enumerate(accepted) if at not in together] == [
        {
            "line": each.row.line,
            "id": (each.footage_id, each.device_id),
            "at": (each.media_started_us, each.uploaded_us, each.duration_us),
            "counts": (each.segment_no, each.size_bytes, each.sha256),
            "incidents": each.incident_ids,
            "ambiguous": each.is_ambiguous,
        }
        for each in records
    ]
    assert [each for each in refused if each[3] != "shorter than a microsecond"] == expected_refusals(plain)


@settings(max_examples=200, deadline=None)
@given(text=tables(ASSIGNMENT_CELLS))
def test_assignments_of_a_foreign_export(text: str) -> None:
    mapping = a_mapping(
        'tables: [{table: assignments, files: ["cad/x.csv"], columns: {incident_id: incident_id, on_scene_at: on_scene_at, '
        "cancelled: cancelled}, combined: {officer_id: 'PC {officer_id}'}, values: {cancelled: {maybe: 'true'}}}]",
        timezone="Europe/London",
        precision="1min",
    )
    records, refused = outcome(text, "cad/x.csv", mapping, Assignment)
    accepted, plain = read_plainly(text, "cad/x.csv", mapping)
    assert [(each.row.line, each.incident_id, each.officer_id, each.on_scene_us, each.is_cancelled) for each in records] == [
        (each.line, each.fields["incident_id"], officer, each.fields["on_scene_at"], each.fields["cancelled"])
        for each in accepted
        for officer in dict.fromkeys(each.fields["officer_id"])
    ]
    assert refused == expected_refusals(plain)


@pytest.mark.parametrize(
    "time_format", ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%Y%m%d%H%M%S", "%d.%m.%y %H:%M:%S %z", "%b %d %Y %H:%M"]
)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_times_of_any_format(time_format: str, data: st.DataObject) -> None:
    moments = st.datetimes(min_value=_FIRST, max_value=_LAST)
    written = moments.map(lambda at: at.strftime(time_format.replace("%z", "+0530")))
    odd = st.sampled_from(
        ["31/06/2025 22:40", "1/2/2025 3:04", "01/02/2025  03:04", "13/13/2025 10:00", "26/10/2025 01:30", "x y"]
    )
    times = data.draw(st.lists(written | odd, min_size=1, max_size=20))
    text = "incident_id,on_scene_at\n" + "".join(f"I,{each}\n" for each in times)
    tables_text = (
        'tables: [{table: assignments, files: ["cad/x.csv"], columns: {incident_id: incident_id, on_scene_at: on_scene_at}, '
        f"constants: {{officer_id: '1'}}, time_format: '{time_format}'}}]"
    )
    mapping = a_mapping(tables_text, timezone="Europe/London")
    records, refused = outcome(text, "cad/x.csv", mapping, Assignment)
    accepted, plain = read_plainly(text, "cad/x.csv", mapping)
    assert [(each.row.line, each.on_scene_us, each.is_ambiguous) for each in records] == [
        (each.line, each.fields["on_scene_at"], each.is_ambiguous) for each in accepted
    ]
    assert refused == expected_refusals(plain)
