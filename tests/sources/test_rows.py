"""What a row may say, and the class of rejection for what it may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    DeviceEventKind,
    Exemption,
    Holding,
    Incident,
    Officer,
    RowRef,
    Segment,
)
from bwc_audit.sources.rows import ROW_MODELS, SCHEMA_OF_TABLE, field_names, required_fields, time_fields
from tests.sources.writing import ASSIGNMENT, INCIDENT, a_mapping, csv_text, read_footage, read_one, told

T0_US = 1_748_203_200_000_000  # 2025-05-25T20:00:00Z
MINUTE_US = 60_000_000


class TestRecords:
    def test_a_segment_with_everything(self, tmp_path: Path) -> None:
        rows = read_footage(
            tmp_path,
            schema="bwc-footage/1",
            device_model="Body 4",
            officer_id=101,
            recording_id="R1",
            segment_no=2,
            sequence_no=17,
            activated_at="2025-05-25T20:00:30Z",
            deactivated_at="2025-05-25T20:01:00.5Z",
            pre_event_buffer_s=30,
            uploaded_at="2025-05-26T08:00:00+02:00",
            size_bytes=12345,
            sha256="AB" * 32,
            incident_ids=["I1", " I2 "],
            categories="Theft; Traffic stop|",
            retention_until="2025-06-25T00:00:00Z",
            deleted_at=None,
            status="",
        )
        assert rows.rejected == ()
        assert rows.records == (
            Segment(
                footage_id="F1",
                device_id="D1",
                media_started_us=T0_US,
                duration_us=60_500_000,
                row=RowRef("footage/F1.json", 1),
                object_key="footage/F1.mp4",
                officer_id="101",
                device_model="Body 4",
                recording_id="R1",
                segment_no=2,
                sequence_no=17,
                activated_us=T0_US + MINUTE_US // 2,
                deactivated_us=T0_US + MINUTE_US + 500_000,
                pre_event_buffer_us=30_000_000,
                uploaded_us=T0_US + 10 * 60 * MINUTE_US,
                size_bytes=12345,
                sha256="ab" * 32,
                incident_ids=("I1", "I2"),
                categories=("Theft", "Traffic stop"),
                retention_until_us=1_750_809_600_000_000,
            ),
        )
        assert rows.columns_ignored == ()

    def test_each_table_gives_its_record(self, tmp_path: Path) -> None:
        at = "2025-05-25T20:00:00Z"
        later = "2025-05-25T20:01:00Z"
        end_us = T0_US + MINUTE_US
        cases: dict[str, tuple[dict[str, object], object]] = {
            "cad/incidents.csv": (
                {**INCIDENT, "priority": 1, "closed_at": later, "area": "7", "tags": "a|b"},
                Incident("I1", "THEFT", T0_US, RowRef("", 2), "1", end_us, "7", None, ("a", "b")),
            ),
            "cad/assignments.csv": (
                {**ASSIGNMENT, "unit_id": "U1", "dispatched_at": at, "cancelled": "yes"},
                Assignment("I1", "101", RowRef("", 2), "U1", T0_US, on_scene_us=T0_US + 5 * MINUTE_US, is_cancelled=True),
            ),
            "roster/officers.csv": (
                {"officer_id": "0101", "unit": "A", "role": "patrol", "camera_from": at, "camera_to": later},
                Officer("0101", "A", RowRef("", 2), "patrol", None, None, T0_US, end_us),
            ),
            "roster/devices.csv": (
                {"device_id": "D1", "model": "Body 4", "configured_buffer_s": 30, "segment_cap_s": 1800},
                Device("D1", "Body 4", RowRef("", 2), None, 30_000_000, 1_800_000_000),
            ),
            "roster/holders.csv": (
                {"device_id": "D1", "officer_id": "101", "held_from": at},
                Holding("D1", "101", T0_US, RowRef("", 2)),
            ),
            "exemptions/all.csv": (
                {"officer_id": "101", "from": at, "to": later, "reason_code": "victim", "note": "asked"},
                Exemption("101", "victim", RowRef("", 2), None, T0_US, end_us, None, "asked"),
            ),
            "events/device_events.csv": (
                {"device_id": "D1", "at": at, "event": "Clock_Check", "value": "-92.5"},
                DeviceEvent("D1", T0_US, DeviceEventKind.CLOCK_CHECK, RowRef("", 2), "-92.5"),
            ),
        }
        for key, (row, expected) in cases.items():
            rows = read_one(tmp_path, key, csv_text(row))
            assert rows.rejected == ()
            (record,) = rows.records
            assert repr(record).replace(f"file='{key}'", "file=''") == repr(expected)

    def test_a_unit_of_two_officers_is_two_assignments_of_one_row(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/assignments.csv", csv_text({**ASSIGNMENT, "officer_id": "101; 102|101"}))
        assert [(each.officer_id, each.row.line) for each in rows.records if isinstance(each, Assignment)] == [
            ("101", 2),
            ("102", 2),
        ]
        assert (rows.rows_read, rows.rows_accepted) == (1, 1)

    def test_clear_before_arrival_is_for_the_waterfall_not_for_the_import(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/assignments.csv", csv_text({**ASSIGNMENT, "cleared_at": "2025-05-25T20:04:00Z"}))
        assert len(rows.records) == 1
        assert rows.rejected == ()

    def test_a_doubled_footage_id_is_kept_for_the_audit(self, tmp_path: Path) -> None:
        line = json.dumps({"footage_id": "F", "device_id": "D", "media_started_at": "2025-05-25T20:00Z", "duration_s": 1})
        rows = read_one(tmp_path, "footage/m.jsonl", f"{line}\n{line}\n")
        assert len(rows.records) == 2

    def test_rounding_and_ambiguity_come_from_the_mapping(self, tmp_path: Path) -> None:
        mapping = a_mapping(timezone="America/Chicago", precision="1min")
        rows = read_one(tmp_path, "cad/incidents.csv", csv_text({**INCIDENT, "opened_at": "2025-11-02T01:30"}), mapping)
        (incident,) = rows.records
        assert isinstance(incident, Incident)
        assert (incident.precision_us, incident.is_ambiguous) == (60_000_000, True)
        assert incident.opened_us == 1_762_065_000_000_000  # 06:30Z, the earlier


class TestRejections:
    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("footage_id", ..., "missing_value"),
            ("footage_id", "  ", "missing_value"),
            ("device_id", None, "missing_value"),
            ("media_started_at", "", "missing_value"),
            ("duration_s", ..., "missing_value"),
            ("footage_id", "F\n1", "bad_identifier"),
            ("footage_id", "x" * 201, "bad_identifier"),
            ("device_id", {"id": 1}, "bad_identifier"),
            ("officer_id", "10\x001", "bad_identifier"),
            ("incident_ids", [""], "bad_identifier"),
            ("incident_ids", 5, "bad_identifier"),
            ("object_key", "footage/../../etc/passwd", "bad_identifier"),
            ("object_key", "..", "bad_identifier"),
            ("media_started_at", "soon", "bad_time"),
            ("media_started_at", 1748203200, "bad_time"),
            ("uploaded_at", "2025-05-25T25:00:00Z", "bad_time"),
            ("media_started_at", "2025-05-25T20:00:00", "time_without_zone"),
            ("duration_s", 0, "bad_length"),
            ("duration_s", -1, "bad_length"),
            ("duration_s", 0.0000001, "bad_length"),
            ("duration_s", 28_800, "bad_length"),
            ("duration_s", "long", "bad_length"),
            ("duration_s", "nan", "bad_length"),
            ("duration_s", "inf", "bad_length"),
            ("duration_s", 10**400, "bad_length"),
            ("size_bytes", -1, "bad_value"),
            ("size_bytes", 2**63, "bad_value"),
            ("segment_no", 1.5, "bad_value"),
            ("sequence_no", 2**31, "bad_value"),
            ("sha256", "abc", "bad_value"),
            ("pre_event_buffer_s", -0.1, "bad_value"),
            ("status", "x" * 2001, "bad_value"),
            ("status", "a\x00b", "bad_value"),
            ("categories", [{"a": 1}], "bad_value"),
            ("schema", "bwc-footage/2", "bad_value"),
        ],
    )
    def test_footage(self, tmp_path: Path, field: str, value: object, reason: str) -> None:
        rows = read_footage(tmp_path, **{field: value})
        assert rows.records == ()
        (rejected,) = rows.rejected
        assert told(rejected) == ("footage/F1.json", 1, field, reason)
        assert rejected.detail
        assert len(rejected.text) <= 200
        assert "\x00" not in rejected.text
        assert (rows.rows_read, rows.rows_accepted, rows.is_complete) == (1, 0, True)

    @pytest.mark.parametrize("seconds", [0.000001, 28_799.999999])
    def test_lengths_just_inside_their_bounds_are_accepted(self, tmp_path: Path, seconds: float) -> None:
        (segment,) = read_footage(tmp_path, duration_s=seconds).records
        assert isinstance(segment, Segment)
        assert segment.duration_us == round(seconds * 1e6)

    @pytest.mark.parametrize(
        ("key", "row", "field", "reason"),
        [
            ("cad/incidents.csv", {**INCIDENT, "call_type": ""}, "call_type", "missing_value"),
            ("cad/assignments.csv", {**ASSIGNMENT, "officer_id": ";"}, "officer_id", "bad_identifier"),
            ("cad/assignments.csv", {**ASSIGNMENT, "cancelled": "perhaps"}, "cancelled", "bad_value"),
            (
                "roster/holders.csv",
                {"device_id": "D", "officer_id": "1", "held_from": "2025-01-02T00Z", "held_to": "2025-01-02T00Z"},
                "held_to",
                "bad_time",
            ),
            (
                "roster/officers.csv",
                {"officer_id": "1", "unit": "A", "active_from": "2025-01-02T00Z", "active_to": "2025-01-01T00Z"},
                "active_to",
                "bad_time",
            ),
            (
                "exemptions/x.csv",
                {"officer_id": "1", "reason_code": "v", "from": "2025-01-02T00Z", "to": "2025-01-01T00Z"},
                "to",
                "bad_time",
            ),
            (
                "events/device_events.csv",
                {"device_id": "D", "at": "2025-01-02T00Z", "event": "dropped"},
                "event",
                "bad_value",
            ),
            (
                "events/device_events.csv",
                {"device_id": "D", "at": "2025-01-02T00Z", "event": "clock_check", "value": "nan"},
                "value",
                "bad_value",
            ),
        ],
    )
    def test_other_tables(self, tmp_path: Path, key: str, row: dict[str, object], field: str, reason: str) -> None:
        rows = read_one(tmp_path, key, csv_text(row))
        assert [told(each) for each in rows.rejected] == [(key, 2, field, reason)]
        assert rows.records == ()


def test_every_schema_has_its_fields_as_the_contract_names_them() -> None:
    assert set(ROW_MODELS) == set(SCHEMA_OF_TABLE.values())
    for table, schema in SCHEMA_OF_TABLE.items():
        document = ROW_MODELS[schema].model_json_schema(by_alias=True)
        assert tuple(document["properties"]) == field_names(table)
        assert tuple(document["required"]) == required_fields(table)
        times = {name for name, field in document["properties"].items() if "date-time" in json.dumps(field)}
        assert times == set(time_fields(table))
