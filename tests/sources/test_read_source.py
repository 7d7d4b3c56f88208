"""Whole sources: what is listed, what is read, and that nothing bad is lost or stops the reading."""

from __future__ import annotations

import json
import os
import pickle
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bwc_audit.domain.records import Incident, RejectReason, RowRef, Segment
from bwc_audit.embedded_s3 import EmbeddedS3
from bwc_audit.errors import ObjectStoreError
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.objects.folder import FolderStore
from bwc_audit.sources import text_rows
from bwc_audit.sources.mapping import load_mapping
from bwc_audit.sources.read_source import FileRole, Limits, gather_records, list_source_files, read_file
from tests.fixtures_s3 import OPEN_BUCKET, store_as
from tests.sources.writing import ASSIGNMENT, FOOTAGE, INCIDENT, a_mapping, csv_text, read_footage, read_one, told


def write(folder: Path, *keys: str, content: bytes = b"x") -> None:
    for key in keys:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(content)


class TestListing:
    def test_everything_is_a_video_a_file_to_read_or_ignored(self, tmp_path: Path) -> None:
        videos = ["footage/a.mp4", "footage/d/b.MOV", "footage/d/c.mkv", "footage/e.avi", "footage/f.ts"]
        files = {
            "footage/a.json": "footage",
            "footage/d/deep/m.jsonl": "footage",
            "footage/m.csv": "footage",
            "cad/incidents-2025.csv": "incidents",
            "cad/incidents.jsonl": "incidents",
            "cad/assignments.csv": "assignments",
            "roster/officers.csv": "officers",
            "roster/devices_all.csv": "devices",
            "roster/holders.csv": "holders",
            "events/device_events.jsonl": "device_events",
            "exemptions/any.csv": "exemptions",
        }
        ignored = ["README.txt", "cad/deep/incidents.csv", "cad/other.csv", "clip.mp4", "footage/noext", "cad/x.mp4"]
        write(tmp_path, *videos, *files, *ignored)
        listing = list_source_files(FolderStore(tmp_path))
        assert [each.object_key for each in listing.videos] == sorted(videos)
        assert {each.key: each.tables[0].mapping.table for each in listing.files} == files
        assert list(listing.ignored) == sorted(ignored)
        assert listing.uri == str(tmp_path)

    def test_the_identity_changes_with_content_mapping_and_the_video_beside(self, tmp_path: Path) -> None:
        store = FolderStore(tmp_path)

        def identity(zone: str = "UTC") -> str:
            (file,) = list_source_files(store, a_mapping(timezone=zone)).files
            return file.identity

        write(tmp_path, "footage/a.json", content=b"{}")
        identities = [identity(), identity("Europe/London")]
        write(tmp_path, "footage/a.mp4")
        identities.append(identity())
        write(tmp_path, "footage/a.json", content=b"{ }")
        identities.append(identity())
        assert len(set(identities)) == 4
        assert identity() == identities[-1]


class TestSidecars:
    @pytest.mark.parametrize(
        ("videos", "stated", "expected"),
        [
            (["footage/F1.mp4"], ..., "footage/F1.mp4"),
            (["footage/F1.ts", "footage/F1.mov"], ..., "footage/F1.mov"),
            (["footage/F1.MP4"], ..., "footage/F1.MP4"),
            (["footage/F10.mp4", "footage/sub/F1.mp4"], ..., None),
            (["footage/F1.mp4"], "footage/other.mp4", "footage/other.mp4"),
            (["footage/F1.mp4"], "other.mp4", "footage/other.mp4"),
            (["footage/F1.mp4"], "/footage/F1.mp4", "footage/F1.mp4"),
        ],
    )
    def test_which_video_a_sidecar_describes(
        self, tmp_path: Path, videos: list[str], stated: object, expected: str | None
    ) -> None:
        write(tmp_path, *videos)
        (segment,) = read_footage(tmp_path, object_key=stated).records
        assert isinstance(segment, Segment)
        assert segment.object_key == expected

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "empty_file"),
            (b" \n", "empty_file"),
            (b"\xef\xbb\xbf", "empty_file"),
            (b"{", "not_json"),
            (b"this is no json", "not_json"),
            (b"[]", "not_json"),
            (b'"text"', "not_json"),
            (b"null", "not_json"),
            (b"\xff\xfe{\x00}\x00", "not_json"),
            (b"[" * 100_000, "not_json"),
            (b'{"a": ' + b"9" * 10_000 + b"}", "not_json"),
        ],
    )
    def test_a_sidecar_that_cannot_be_read_is_a_rejected_file(self, tmp_path: Path, content: bytes, reason: str) -> None:
        rows = read_one(tmp_path, "footage/F1.json", content)
        assert [told(each) for each in rows.rejected] == [("footage/F1.json", 0, "", reason)]
        assert rows.records == ()
        assert not rows.is_complete

    def test_an_empty_object_misses_its_values(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "footage/F1.json", "{}")
        assert [told(each) for each in rows.rejected] == [("footage/F1.json", 1, "footage_id", "missing_value")]

    def test_a_byte_order_mark_is_no_content(self, tmp_path: Path) -> None:
        assert len(read_one(tmp_path, "footage/F1.json", b"\xef\xbb\xbf" + json.dumps(FOOTAGE).encode()).records) == 1

    def test_a_lone_surrogate_is_rejected_and_its_text_can_be_stored(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "footage/F1.json", json.dumps({**FOOTAGE, "status": "\ud800"}))
        (rejected,) = rows.rejected
        assert told(rejected) == ("footage/F1.json", 1, "status", "bad_value")
        assert rejected.text.encode() == b"\\ud800"

    def test_a_sidecar_over_the_limit_is_rejected_whole(self, tmp_path: Path) -> None:
        content = json.dumps(FOOTAGE)
        assert read_one(tmp_path, "footage/F1.json", content, limits=Limits(sidecar_bytes=len(content))).is_complete
        rows = read_one(tmp_path, "footage/F1.json", content, limits=Limits(sidecar_bytes=len(content) - 1))
        assert [told(each) for each in rows.rejected] == [("footage/F1.json", 0, "", "too_large")]


class TestTables:
    def test_columns_in_any_order_case_and_number(self, tmp_path: Path) -> None:
        text = "X,Opened_At , CALL_TYPE,incident_id,Y\n1,2025-05-25T20:00Z,THEFT,I1,2\n"
        rows = read_one(tmp_path, "cad/incidents.csv", "\ufeff" + text)
        assert [each.incident_id for each in rows.records if isinstance(each, Incident)] == ["I1"]
        assert rows.columns_ignored == ("x", "y")

    def test_a_missing_column_is_named_with_those_that_are_there(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/incidents.csv", "incident_id,type,opened_at\nI1,THEFT,2025-05-25T20:00Z\n")
        (rejected,) = rows.rejected
        assert told(rejected) == ("cad/incidents.csv", 0, "call_type", "missing_column")
        assert rejected.detail == "incidents needs column call_type; the file has: incident_id, type, opened_at"
        assert not rows.is_complete
        assert not rows.must_be_read_again

    @pytest.mark.parametrize(
        ("content", "field", "reason"),
        [
            (b"", "", "empty_file"),
            (b"\n", "", "empty_file"),
            (b",,\n1,2,3\n", "", "empty_file"),
            (b"incident_id,incident_id,call_type,opened_at\n", "incident_id", "not_csv"),
            (b'"incident_id,call_type\n', "", "not_csv"),
            (b"\x89PNG\r\n\x1a\n\x00\x00", "", "not_csv"),
            (b"\xff\xfei\x00d\x00\n\x00", "", "bad_value"),
            (b"incident_id;call_type;opened_at\nI1;T;2025-05-25T20:00Z\n", "incident_id", "missing_column"),
        ],
    )
    def test_a_file_that_is_no_table(self, tmp_path: Path, content: bytes, field: str, reason: str) -> None:
        rows = read_one(tmp_path, "cad/incidents.csv", content)
        assert [told(each) for each in rows.rejected] == [("cad/incidents.csv", 0, field, reason)]

    def test_column_names_alone_are_an_empty_table_and_complete(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/incidents.csv", "incident_id,call_type,opened_at\n")
        assert (rows.rejected, rows.records, rows.rows_read, rows.is_complete) == ((), (), 0, True)

    def test_damaged_rows_are_kept_with_their_line_and_the_others_are_read(self, tmp_path: Path) -> None:
        lines = [
            b"incident_id,call_type,opened_at",
            b"I1,THEFT,2025-05-25T20:00Z",
            b"I2,CAF\xe9,2025-05-25T20:00Z",
            b"",
            b"I3,THEFT",
            b"I4,THEFT,2025-05-25T20:00Z,more",
            b'I5,"two',
            b'lines",2025-05-25T20:00Z',
            b'I6,"x"y,2025-05-25T20:00Z',
            b"I7,a\x00b,2025-05-25T20:00Z",
            "I8,CAFÉ,2025-05-25T20:00Z".encode(),
        ]
        rows = read_one(tmp_path, "cad/incidents.csv", b"\r\n".join(lines))
        assert [(each.row.line, each.reason.value) for each in rows.rejected] == [
            (3, "bad_value"),
            (5, "not_csv"),
            (6, "not_csv"),
            (9, "not_csv"),
            (10, "bad_value"),
        ]
        read = [(each.incident_id, each.row.line) for each in rows.records if isinstance(each, Incident)]
        assert read == [("I1", 2), ("I5", 7), ("I8", 11)]
        assert (rows.rows_read, rows.rows_accepted, rows.is_complete) == (8, 3, True)

    def test_a_quote_that_is_never_closed_costs_a_bounded_part_of_the_file(self, tmp_path: Path) -> None:
        good = "I{},THEFT,2025-05-25T20:00Z\n"
        text = "incident_id,call_type,opened_at\n" + 'I,"open,2025\n' + "".join(good.format(n) for n in range(20_000))
        rows = read_one(tmp_path, "cad/incidents.csv", text)
        (rejected,) = rows.rejected
        assert rejected.row.line == 2
        assert rejected.reason is RejectReason.NOT_CSV
        last_lost = int(rejected.detail.split()[3])
        assert len(rows.records) == 20_002 - last_lost
        assert last_lost < 8_000

    def test_damaged_lines_of_json(self, tmp_path: Path) -> None:
        good = json.dumps(INCIDENT)
        text = "\n".join([good, "", "{oops", "[1]", good.replace("I1", "I2")]).encode() + b'\n{"a": "\xe9"}\n'
        rows = read_one(tmp_path, "cad/incidents.jsonl", text)
        assert [(each.row.line, each.reason.value) for each in rows.rejected] == [
            (3, "not_json"),
            (4, "not_json"),
            (6, "bad_value"),
        ]
        assert (rows.rows_read, rows.rows_accepted) == (5, 2)

    def test_rows_of_json_may_differ_in_their_fields_and_types(self, tmp_path: Path) -> None:
        rows: list[dict[str, object]] = [{"note": "x", "area": "7"}, {"note": None, "area": 7}, {"note": 1, "other": []}]
        lines = [json.dumps({**INCIDENT, "incident_id": f"I{n}", **row}) for n, row in enumerate(rows)]
        read = read_one(tmp_path, "cad/incidents.jsonl", "\n".join(lines))
        assert [each.area for each in read.records if isinstance(each, Incident)] == ["7", "7", None]
        assert read.columns_ignored == ("note", "other")

    def test_blank_lines_only_are_an_empty_file(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/incidents.jsonl", "\n\n")
        assert [told(each) for each in rows.rejected] == [("cad/incidents.jsonl", 0, "", "empty_file")]

    def test_a_line_without_end_stops_the_file_but_keeps_what_was_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(text_rows, "LINE_LIMIT", 200)
        good = json.dumps(INCIDENT)
        rows = read_one(tmp_path, "cad/incidents.jsonl", f"{good}\n{'x' * 201}\n{good.replace('I1', 'I2')}\n")
        assert [told(each) for each in rows.rejected] == [("cad/incidents.jsonl", 0, "", "too_large")]
        assert "line 2 is longer" in rows.rejected[0].detail
        assert len(rows.records) == 1

    def test_a_table_over_the_limit_is_rejected_whole(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/incidents.csv", csv_text(INCIDENT), limits=Limits(table_bytes=10))
        assert [told(each) for each in rows.rejected] == [("cad/incidents.csv", 0, "", "too_large")]

    def test_blocks_may_end_anywhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(text_rows, "BLOCK_BYTES", 7)
        incidents = [{**INCIDENT, "incident_id": f"I{n}", "area": "Straße €"} for n in range(300)]
        rows = read_one(tmp_path, "cad/incidents.csv", csv_text(*incidents))
        assert [(each.incident_id, each.area) for each in rows.records if isinstance(each, Incident)] == [
            (f"I{n}", "Straße €") for n in range(300)
        ]


class TestDuplicates:
    def test_a_second_row_with_the_same_id_is_rejected_and_names_the_first(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/incidents.csv", csv_text(INCIDENT, {**INCIDENT, "call_type": "ALARM"}, INCIDENT))
        assert [each.call_type for each in rows.records if isinstance(each, Incident)] == ["ALARM"]
        assert [told(each) for each in rows.rejected] == [
            ("cad/incidents.csv", 2, "incident_id", "duplicate_id"),
            ("cad/incidents.csv", 4, "incident_id", "duplicate_id"),
        ]
        assert "stands already at cad/incidents.csv:3" in rows.rejected[0].detail
        assert (rows.rows_read, rows.rows_accepted) == (3, 1)

    def test_over_several_files(self, tmp_path: Path) -> None:
        files = [
            read_one(tmp_path, "cad/incidents-1.csv", csv_text(INCIDENT)),
            read_one(tmp_path, "cad/incidents-2.csv", csv_text(INCIDENT, {**INCIDENT, "incident_id": "I2"})),
        ]
        records = gather_records(files)
        assert [str(each.row) for each in records.incidents] == ["cad/incidents-1.csv:2", "cad/incidents-2.csv:3"]
        assert [told(each) for each in records.rejected] == [("cad/incidents-2.csv", 2, "incident_id", "duplicate_id")]

    def test_an_officer_may_stand_in_two_units_at_different_times(self, tmp_path: Path) -> None:
        first = {"officer_id": "1", "unit": "A", "active_from": "2025-01-01T00Z", "active_to": "2025-05-01T00Z"}
        second = {"officer_id": "1", "unit": "B", "active_from": "2025-05-01T00Z"}
        assert len(read_one(tmp_path, "roster/officers.csv", csv_text(first, second)).records) == 2


class TestStoreFaults:
    def test_a_forbidden_file_is_a_rejected_file(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        (root / "cad").mkdir(parents=True)
        (tmp_path / "elsewhere.csv").write_text(csv_text(INCIDENT))
        (root / "cad" / "incidents.csv").symlink_to(tmp_path / "elsewhere.csv")
        store = FolderStore(root)
        (file,) = list_source_files(store).files
        rows = read_file(store, file)
        assert [told(each) for each in rows.rejected] == [("cad/incidents.csv", 0, "", "forbidden")]
        assert rows.must_be_read_again

    def test_a_key_without_permission_on_a_real_server(self, s3_server: EmbeddedS3) -> None:
        s3_server.client().put_object(Bucket=OPEN_BUCKET, Key="r/cad/incidents.csv", Body=csv_text(INCIDENT).encode())
        listing = list_source_files(store_as(s3_server, OPEN_BUCKET, "r", "visitor"))
        (file,) = listing.files
        assert len(read_file(store_as(s3_server, OPEN_BUCKET, "r", "visitor"), file).records) == 1
        (rejected,) = read_file(store_as(s3_server, OPEN_BUCKET, "r", "nobody"), file).rejected
        assert told(rejected) == ("cad/incidents.csv", 0, "", "forbidden")
        assert OPEN_BUCKET in rejected.detail

    def test_a_file_that_vanished_after_the_listing_is_a_rejected_file(self, tmp_path: Path) -> None:
        write(tmp_path, "cad/incidents.csv")
        store = FolderStore(tmp_path)
        (file,) = list_source_files(store).files
        (tmp_path / file.key).unlink()
        (rejected,) = read_file(store, file).rejected
        assert told(rejected) == ("cad/incidents.csv", 0, "", "object_missing")

    def test_a_file_that_shrank_after_the_listing_is_worth_another_try(self, tmp_path: Path) -> None:
        write(tmp_path, "cad/incidents.csv", content=csv_text(INCIDENT).encode())
        store = FolderStore(tmp_path)
        (file,) = list_source_files(store).files
        os.truncate(tmp_path / file.key, 10)
        with pytest.raises(ObjectStoreError, match="became shorter"):
            read_file(store, file)

    def test_faults_of_the_store_are_not_swallowed(self, tmp_path: Path) -> None:
        write(tmp_path, "cad/incidents.csv", content=csv_text(INCIDENT).encode())
        (file,) = list_source_files(FolderStore(tmp_path)).files
        with pytest.raises(ObjectStoreError, match="down"):
            read_file(StoreThatIsDown(), file)


class StoreThatIsDown:
    uri = "s3://down"

    def list_objects(self, prefix: str = "") -> Iterator[ObjectStat]:
        raise ObjectStoreError("the store is down")

    def head(self, key: str) -> ObjectStat:
        raise ObjectStoreError("the store is down")

    def read_range(self, key: str, start: int, length: int, etag: str | None = None) -> bytes:
        raise ObjectStoreError("the store is down")

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        raise ObjectStoreError("the store is down")

    def read_all(self, key: str, limit_bytes: int) -> bytes:
        raise ObjectStoreError("the store is down")


class TestLaws:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(seed=st.integers(0, 2**32))
    def test_shuffled_rows_give_the_same_records_and_rejections(self, tmp_path: Path, seed: int) -> None:
        rows: list[dict[str, object]] = [{**INCIDENT, "incident_id": f"I{n % 9}", "priority": n % 4} for n in range(30)]
        rows += [{**INCIDENT, "incident_id": "bad", "opened_at": at} for at in ("", "x", "2025-01-01T00:00")]
        shuffled = rows.copy()
        random.Random(seed).shuffle(shuffled)
        first = read_one(tmp_path, "cad/incidents.csv", csv_text(*rows))
        second = read_one(tmp_path, "cad/incidents.csv", csv_text(*shuffled))
        nowhere = RowRef("")
        assert {repr(replace(each, row=nowhere)) for each in first.records} == {
            repr(replace(each, row=nowhere)) for each in second.records
        }
        assert sorted((each.field, each.reason, each.text) for each in first.rejected) == sorted(
            (each.field, each.reason, each.text) for each in second.rejected
        )
        assert first.rows_read == first.rows_accepted + len(first.rejected) == second.rows_read == 33

    @settings(max_examples=150, deadline=None)
    @given(
        key=st.sampled_from(["cad/incidents.csv", "cad/assignments.jsonl", "footage/x.json", "footage/x.csv"]),
        content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")),
        header=st.booleans(),
    )
    @example(key="cad/incidents.csv", content=b'"\r\n\x00"', header=True)
    def test_no_content_makes_reading_raise_or_vanish(self, key: str, content: bytes, header: bool) -> None:
        if header and key.endswith(".csv"):
            content = csv_text({**INCIDENT, **FOOTAGE}).encode() + content
        with tempfile.TemporaryDirectory() as folder:
            rows = read_one(Path(folder), key, content)
        by_line = [each for each in rows.rejected if each.row.line]
        assert rows.rows_read == rows.rows_accepted + len(by_line)
        assert rows.rows_read or rows.rejected or key.endswith(".csv")
        for each in rows.rejected:
            assert (each.text + each.detail).encode().count(b"\x00") == 0

    def test_both_stores_give_the_same_rows(self, tmp_path: Path, s3_server: EmbeddedS3, s3_bucket: str) -> None:
        contents = {
            "footage/F1.mp4": b"video",
            "footage/F1.json": json.dumps(FOOTAGE).encode(),
            "cad/incidents.csv": csv_text(INCIDENT, {**INCIDENT, "incident_id": ""}).encode(),
            "cad/assignments.jsonl": json.dumps(ASSIGNMENT).encode(),
            "other.txt": b"?",
        }
        for key, content in contents.items():
            write(tmp_path, key, content=content)
            s3_server.client().put_object(Bucket=s3_bucket, Key=key, Body=content)
        results = []
        for store in (FolderStore(tmp_path), store_as(s3_server, s3_bucket)):
            listing = list_source_files(store)
            rows = [replace(read_file(store, each), identity="") for each in listing.files]
            assert listing.ignored == ("other.txt",)
            results.append(rows)
        assert results[0] == results[1]
        records = gather_records(results[0])
        assert [len(records.segments), len(records.incidents), len(records.assignments)] == [1, 1, 1]
        assert len(records.rejected) == 1


def test_a_listing_travels_to_another_process(tmp_path: Path) -> None:
    write(tmp_path, "cad/calls_for_service.csv", "footage/a.json", "footage/a.mp4")
    listing = list_source_files(FolderStore(tmp_path), load_mapping("new_orleans"))
    assert pickle.loads(pickle.dumps(listing)) == listing  # noqa: S301


def test_one_file_may_feed_two_tables(tmp_path: Path) -> None:
    times = {"TimeCreate": "2025-05-25T20:00:00", "TimeDispatch": "", "TimeArrive": "", "TimeClosed": ""}
    calls = {"NOPD_Item": "A1", "TypeText": "FIRE", "Priority": "1A", **times, "Disposition": "NAT", "PoliceDistrict": "1"}
    rows = read_one(tmp_path, "cad/calls_for_service.csv", csv_text(calls), load_mapping("new_orleans"))
    assert [type(each).__name__ for each in rows.records] == ["Incident", "Assignment"]
    assert (rows.rows_read, rows.rows_accepted) == (2, 2)
    assert {each.role for each in list_source_files(FolderStore(tmp_path), load_mapping("new_orleans")).files} == {
        FileRole.CSV
    }
