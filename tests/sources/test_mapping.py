"""Mapping files: what they may say, what they do, and the shipped ones on rows of the exports' own shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from bwc_audit.domain.records import Assignment, Incident, Segment
from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.mapping import glob_pattern, load_mapping, precision_us_of, read_mapping, shipped_mappings
from tests.sources.writing import a_mapping, csv_text, read_one, told

NEW_ORLEANS_CLIPS = """\
:updated_at,evidence_id,status,title,id_external,date_uploaded,created_date_record_start,date_record_end,date_deleted,\
size_mb,duration_seconds,deletion_type,location,latitude,longitude,police_district
1,AAAA-1,Active,100 EXAMPLE ST,J-00001-16,2016-11-01T07:08:53.549-05:00,2016-10-31T23:59:53.000-05:00,\
2016-11-01T00:10:26.000-05:00,,290.2,633,,"(29.9, -89.9)",29.9,-89.9,4
1,AAAA-2,Active,EXAMPLE at SAMPLE,,2016-11-01T07:02:17.699-05:00,2016-10-31T23:56:49.000-05:00,\
2016-10-31T23:58:34.000-05:00,,60.4,,,,,,
1,AAAA-3,Active,EXAMPLE,J-00003-16,2016-11-01T07:02:17.699-05:00,2016-10-31T23:58:34.000-05:00,\
2016-10-31T23:56:49.000-05:00,,60.4,,,,,,
"""
NEW_ORLEANS_CALLS = """\
NOPD_Item,Type_,TypeText,Priority,MapX,TimeCreate,TimeDispatch,TimeArrive,TimeClosed,Disposition,Beat,PoliceDistrict
A0000117,62A,"BURGLAR ALARM, SILENT",2C,1,2017-01-01T00:00:14,2017-01-01T00:13:32,,2017-01-01T00:24:51,NAT,1L04,1
A0000217,103,FIGHT,1A,1,2017-01-01T00:01:13,,2017-01-01T00:01:13,2017-01-01T00:34:09,VOI,2U04,2
"""
SEATTLE_CLIPS = """\
evidence_id,filename_on_s3,youtube_id,id_external,created_date_record_start,date_record_end,flag_y_n,content_type,\
size_mb,duration_seconds,owner_first_name,owner_last_name,owner_badge_id,categories,evidence_tags
E1,E1.mp4,x,system check,2015-03-26T18:53:00,2015-03-26T18:54:00,N,mp4,11.15,30.24,[removed],[removed],5001,Training,
E2,E2.mp4,x,,2015-03-08T02:30:00,2015-03-08T02:31:00,N,mp4,11.15,30.24,[removed],[removed],5001,,
"""


class TestShipped:
    def test_all_can_be_loaded(self) -> None:
        names = (
            "active_calls",
            "cad_printout",
            "cad_split_times",
            "default",
            "evidence_export",
            "new_orleans",
            "seattle_pilot",
        )
        assert shipped_mappings() == names
        assert len({load_mapping(name).sha256 for name in names}) == 7

    def test_new_orleans_video(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "footage/bwc_metadata.csv", NEW_ORLEANS_CLIPS, load_mapping("new_orleans"))
        clips = [each for each in rows.records if isinstance(each, Segment)]
        assert [(each.footage_id, each.device_id, each.officer_id, each.incident_ids) for each in clips] == [
            ("AAAA-1", "clip-AAAA-1", None, ("J-00001-16",)),
            ("AAAA-2", "clip-AAAA-2", None, ()),
        ]
        assert clips[0].media_started_us == 1_477_976_393_000_000
        assert [each.duration_us for each in clips] == [633_000_000, 105_000_000]  # stated; from its two times
        assert [told(each)[1:] for each in rows.rejected] == [(4, "duration_s", "bad_length")]
        assert "size_mb" in rows.columns_ignored

    def test_new_orleans_calls(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "cad/calls_for_service.csv", NEW_ORLEANS_CALLS, load_mapping("new_orleans"))
        first, second = (each for each in rows.records if isinstance(each, Incident))
        assert (first.incident_id, first.call_type, first.priority, first.area) == (
            "A0000117",
            "BURGLAR ALARM, SILENT",
            "2C",
            "1",
        )
        assert first.opened_us == 1_483_250_414_000_000  # 06:00:14Z
        assert second.call_disposition_code == "VOI"
        jobs = [each for each in rows.records if isinstance(each, Assignment)]
        assert [(each.officer_id, each.is_cancelled, each.on_scene_us is None) for each in jobs] == [
            ("unknown", False, True),
            ("unknown", True, False),
        ]

    def test_seattle_with_times_rounded_to_the_minute(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "footage/clips_minute.csv", SEATTLE_CLIPS, load_mapping("seattle_pilot"))
        (clip,) = (each for each in rows.records if isinstance(each, Segment))
        assert (clip.officer_id, clip.object_key, clip.incident_ids) == ("5001", "footage/E1.mp4", ("system check",))
        assert (clip.media_started_us, clip.precision_us) == (1_427_421_180_000_000, 60_000_000)
        assert [told(each)[1:] for each in rows.rejected] == [(3, "media_started_at", "bad_time")]  # spring gap

    def test_seattle_with_seconds(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "footage/clips_second.csv", SEATTLE_CLIPS, load_mapping("seattle_pilot"))
        assert [each.precision_us for each in rows.records if isinstance(each, Segment)] == [1_000_000]


class TestMeaning:
    TABLES = """
tables:
  - table: incidents
    files: ["export/*.csv"]
    delimiter: ";"
    encoding: cp1252
    time_format: "%d.%m.%Y %H:%M:%S"
    columns: {Art: call_type, Tag: tags}
    optional: [Tag]
    combined: {incident_id: "{Datum}/{Nummer}", opened_at: "{Datum} {Zeit}"}
    constants: {area: Mitte}
    values: {call_type: {"1": THEFT, "*": OTHER}}
"""

    def test_combined_columns_constants_values_zone_and_encoding(self, tmp_path: Path) -> None:
        text = "Datum;Nummer;Zeit;Art;Tag\n02.01.2025;7;00:30:00;1;Straße\n02.01.2025;8;00:30:00;5;\n"
        mapping = a_mapping(self.TABLES, timezone="Europe/Berlin", precision="500ms")
        rows = read_one(tmp_path, "export/a.csv", text.encode("cp1252"), mapping)
        first, second = (each for each in rows.records if isinstance(each, Incident))
        assert (first.incident_id, first.call_type, first.tags, first.area) == (
            "02.01.2025/7",
            "THEFT",
            ("Straße",),
            "Mitte",
        )
        assert (first.opened_us, first.precision_us) == (1_735_774_200_000_000, 500_000)
        assert (second.call_type, second.tags) == ("OTHER", ())

    def test_a_part_that_is_missing_leaves_the_combination_missing(self, tmp_path: Path) -> None:
        text = "Datum;Nummer;Zeit;Art\n02.01.2025;;00:30:00;1\n"
        rows = read_one(tmp_path, "export/a.csv", text, a_mapping(self.TABLES, timezone="Europe/Berlin"))
        assert [told(each)[1:] for each in rows.rejected] == [(2, "incident_id", "missing_value")]

    def test_a_column_of_a_combination_that_is_missing_is_named(self, tmp_path: Path) -> None:
        rows = read_one(tmp_path, "export/a.csv", "Datum;Zeit;Art\n", a_mapping(self.TABLES))
        assert [told(each)[1:] for each in rows.rejected] == [(0, "incident_id", "missing_column")]

    def test_other_files_keep_the_default_layout_and_get_the_zone(self, tmp_path: Path) -> None:
        row = {"incident_id": "I", "call_type": "T", "opened_at": "2025-01-02T00:30"}
        mapping = a_mapping(self.TABLES, timezone="Europe/Berlin")
        (incident,) = read_one(tmp_path, "cad/incidents.csv", csv_text(row), mapping).records
        assert isinstance(incident, Incident)
        assert incident.opened_us == 1_735_774_200_000_000

    def test_a_table_may_differ_in_zone_and_rounding(self, tmp_path: Path) -> None:
        tables = 'tables: [{table: incidents, files: ["cad/incidents-utc*.csv"], timezone: UTC, precision: 1min}]'
        row = {"incident_id": "I", "call_type": "T", "opened_at": "2025-01-02T00:30"}
        mapping = a_mapping(tables, timezone="Europe/Berlin")
        (incident,) = read_one(tmp_path, "cad/incidents-utc.csv", csv_text(row), mapping).records
        assert isinstance(incident, Incident)
        assert (incident.opened_us, incident.precision_us) == (1_735_777_800_000_000, 60_000_000)


@pytest.mark.parametrize(
    ("glob", "key", "is_match"),
    [
        ("footage/**/*.json", "footage/a.json", True),
        ("footage/**/*.json", "footage/a/b/c.JSON", True),
        ("footage/**/*.json", "footage/a.jsonl", False),
        ("footage/**/*.json", "xfootage/a.json", False),
        ("cad/incidents*.csv", "cad/incidents/x.csv", False),
        ("cad/incidents*.csv", "cad/incidents.csv", True),
        ("a?.csv", "ab.csv", True),
        ("a?.csv", "a/.csv", False),
        ("a.csv", "abcsv", False),
        ("**", "any/thing", True),
    ],
)
def test_globs(glob: str, key: str, is_match: bool) -> None:
    assert (glob_pattern(glob).fullmatch(key) is not None) is is_match


@pytest.mark.parametrize(
    ("text", "microseconds"), [("1s", 1_000_000), ("1min", 60_000_000), ("500 ms", 500_000), ("1h", 3_600_000_000)]
)
def test_precisions(text: str, microseconds: int) -> None:
    assert precision_us_of(text) == microseconds


GOOD = "schema: bwc-mapping/1\nname: x\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("", "bwc-mapping/1"),
        ("- 1", "bwc-mapping/1"),
        ("schema: bwc-mapping/2\nname: x\n", "schema"),
        (GOOD + "colour: red\n", "colour"),
        (GOOD + "timezone: Mars/Olympus\n", "timezone.*IANA"),
        (GOOD + "timezone: ../etc\n", "timezone"),
        (GOOD + "precision: 0s\n", "precision"),
        (GOOD + "precision: 1 day\n", "precision"),
        (GOOD + "tables: [{table: videos, files: [a]}]", "tables.0.table"),
        (GOOD + "tables: [{table: incidents, files: []}]", "tables.0.files"),
        (GOOD + "tables: [{table: incidents, files: [a], columns: {x: colour}}]", "no field colour"),
        (GOOD + "tables: [{table: incidents, files: [a], constants: {colour: x}}]", "no field colour"),
        (GOOD + 'tables: [{table: incidents, files: [a], combined: {area: "{x"}}]', "combined"),
        (GOOD + 'tables: [{table: incidents, files: [a], combined: {area: "{}"}}]', "combined"),
        (GOOD + "tables: [{table: incidents, files: [a], duration_between: [x, y]}]", "footage only"),
    ],
)
def test_a_mapping_that_cannot_be_used_names_the_setting(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_mapping(text, "here.yaml")
    assert str(caught.value).startswith("here.yaml is n")


def test_a_mapping_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="new_orleans"):
        load_mapping(str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigurationError, match="no mapping nowhere"):
        load_mapping("nowhere")
    (tmp_path / "own.yaml").write_text(GOOD)
    assert load_mapping(str(tmp_path / "own.yaml")).name == "x"
