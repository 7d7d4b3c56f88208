"""What is written where: documents, tables, safe names, whole files."""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bwc_audit.domain.findings import Evidence
from bwc_audit.domain.rates import rate_table
from bwc_audit.errors import ConfigurationError
from bwc_audit.report.document_parts import policy_reference
from bwc_audit.report.file_names import PAGE_NAME, page_name
from bwc_audit.report.finding_document import FindingDocument, finding_document
from bwc_audit.report.rates_document import RatesDocument, rates_document
from bwc_audit.report.result_document import ResultDocument
from bwc_audit.report.run_document import RunDocument
from bwc_audit.report.tables import findings_csv, guarded
from bwc_audit.report.write import write_report
from tests.report import report_builders as night

CONTRACT = [
    "finding_id",
    "fingerprint",
    "kind",
    "severity",
    "state",
    "disposition",
    "incident_id",
    "officer_id",
    "device_id",
    "footage_ids",
    "run_id",
    "policy",
    "clause",
    "window",
    "spans",
    "seconds",
    "uncertainty_s",
    "margin_s",
    "message",
    "explanations",
    "evidence",
    "not_examined",
]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_finding_document_has_exactly_the_contract_fields() -> None:
    document = finding_document(night.findings()[0], policy_reference(night.run().request))
    assert list(document) == CONTRACT
    assert document["window"] == {
        "start": "2026-06-12T20:14:05Z",
        "end": "2026-06-12T20:52:00Z",
        "start_reference": "on_scene",
        "end_reference": "cleared",
    }
    assert document["seconds"] == 94.0
    assert document["margin_s"] == 64.0
    assert list(document["explanations"][0]) == ["kind", "for", "against"]
    assert list(document["evidence"][0]) == ["type", "ref", "at", "sha256"]
    assert document["policy"] == f"uk_generic/2026-11@{night.policy().policy_hash[:12]}"


def test_rates_document_follows_the_contract() -> None:
    document = rates_document(night.a_night().rates, night.run())
    assert list(document)[:6] == ["run_id", "policy", "as_of", "period", "waterfall", "groups"]
    assert list(document)[6:] == ["by", "counts", "timezone", "shifts", "noise", "stored"]
    assert list(document["groups"][0]) == ["key", "rates", "counts", "waterfall"]
    assert list(document["groups"][0]["rates"]["existence"])[:6] == ["k", "n", "low", "high", "band_low", "band_high"]
    assert list(document["groups"][0]["rates"]["existence"])[6:] == ["unit", "share", "interval"]
    assert document["groups"][0]["rates"]["existence"]["k"] == 5
    assert sum(step["n"] for step in document["waterfall"]) == 4


def test_written_documents_fit_their_schemas(tmp_path: Path) -> None:
    files = write_report(night.a_night(), tmp_path)
    for kind, path in (
        (list[FindingDocument], files.findings_json),
        (list[ResultDocument], files.results_json),
        (RunDocument, files.run_json),
    ):
        adapter: TypeAdapter[object] = TypeAdapter(kind)
        adapter.validate_json(path.read_bytes(), strict=True)
        assert adapter.json_schema()
    assert TypeAdapter(RatesDocument).json_schema()["properties"].keys() >= {"waterfall", "groups"}


def test_borderline_stands_apart_from_findings(tmp_path: Path) -> None:
    files = write_report(night.a_night(), tmp_path)
    findings = json.loads(files.findings_json.read_text("utf-8"))
    run = json.loads(files.run_json.read_text("utf-8"))
    assert len(findings) == 7
    assert [finding["kind"] for finding in run["borderline"]] == ["early_deactivation"]
    assert [finding["kind"] for finding in findings if finding["state"] == "resolved"] == ["no_footage"]


def test_csv_holds_the_rows_of_the_json(tmp_path: Path) -> None:
    files = write_report(night.a_night(), tmp_path)
    for table, document in ((files.findings_csv, files.findings_json), (files.results_csv, files.results_json)):
        rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
        whole = json.loads(document.read_text("utf-8"))
        assert [row["officer_id"] for row in rows] == [element["officer_id"] or "" for element in whole]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1"])
def test_formulas_are_disarmed(text: str) -> None:
    assert guarded(text) == f"'{text}"
    finding = replace(
        night.late_activation(), message=text, officer_id=text, incident_id=text, evidence=(Evidence(text, text),)
    )
    rows = list(csv.DictReader(io.StringIO(findings_csv([finding_document(night.observed(finding), "p")]), newline="")))
    assert rows[0]["message"] == rows[0]["officer_id"] == rows[0]["incident_id"] == f"'{text}".replace("\r", "\n")
    assert rows[0]["evidence"].startswith("'")


def test_numbers_and_plain_text_are_not_touched() -> None:
    assert guarded("Activated 94 s after arrival") == "Activated 94 s after arrival"
    document = finding_document(night.observed(replace(night.late_activation(), margin_us=-5_000_000)), "p")
    assert next(csv.DictReader(io.StringIO(findings_csv([document]))))["margin_s"] == "-5.0"


@pytest.mark.parametrize(
    ("incident_id", "name"),
    [
        ("CAD-0612-0417", "CAD-0612-0417.html"),
        ("../../etc/passwd", "etc-passwd.*.html"),
        ("", "incident.e3b0c44298fc.html"),
        ("CON", "CON.*.html"),
        ("日本", "incident.*.html"),
        ("a/b\\c:d", "a-b-c-d.*.html"),
        ("\udc80", "incident.*.html"),
        ("A" * 500, "A" * 60 + ".*.html"),
    ],
)
def test_page_names(incident_id: str, name: str) -> None:
    made = page_name(incident_id)
    head, _, tail = name.partition("*")
    assert made.startswith(head)
    assert made.endswith(tail)
    assert PAGE_NAME.fullmatch(made)


@given(st.text(st.characters()), st.text(st.characters()))
def test_page_names_are_safe_and_told_apart_even_without_case(one: str, other: str) -> None:
    assert PAGE_NAME.fullmatch(page_name(one))
    assert (page_name(one).lower() == page_name(other).lower()) == (one == other)
    assert page_name(one).lower() != page_name(one + " ").lower()
    assert page_name("CAD-1").lower() != page_name("cad-1").lower()


def test_hostile_identifiers_stay_inside_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "report"
    names = ("../../../escape", "/absolute", "nul\0byte", "\udc80", "a" * 400, "..", "CON", "two\nlines")
    incidents = tuple(replace(night.incidents()[0], incident_id=name) for name in names)
    files = write_report(replace(night.a_night(), incidents=incidents, results=(), segments=(), observed=()), out)
    assert len({path.name.lower() for path in files.incidents.values()}) == len(names)
    assert all(path.parent == out / "incidents" and path.is_file() for path in files.incidents.values())
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    json.loads(files.run_json.read_text("utf-8"))


def test_same_input_in_any_order_gives_the_same_bytes(tmp_path: Path) -> None:
    report, chance = night.a_night(), random.Random(7)
    write_report(report, tmp_path / "one")
    mixed = replace(
        report,
        results=tuple(chance.sample(report.results, len(report.results))),
        incidents=tuple(chance.sample(report.incidents, len(report.incidents))),
        segments=tuple(chance.sample(report.segments, len(report.segments))),
        observed=tuple(chance.sample(report.observed, len(report.observed))),
        rejected=tuple(reversed(report.rejected)),
        stills=dict(reversed(list(report.stills.items()))),
        rates=rate_table(tuple(reversed(report.results))),
    )
    write_report(mixed, tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_writing_again_replaces_pages_and_removes_only_its_own_old_ones(tmp_path: Path) -> None:
    write_report(night.a_night(), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "incidents" / "KEPT.html").write_text("mine as well")
    write_report(night.a_quiet_night(), tmp_path)
    assert [path.name for path in (tmp_path / "incidents").iterdir()] == ["KEPT.html"]
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"pages": 5}', '{"pages": ["../../notes.txt", "incidents/../x.html", 7]}', "\xff"]
)
def test_foreign_list_of_pages_removes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "report" / "x.html").write_text("mine")
    (tmp_path / "report" / "run.json").write_bytes(text.encode("latin-1"))
    write_report(night.a_night(), tmp_path / "report")
    assert (tmp_path / "notes.txt").exists()
    assert (tmp_path / "report" / "x.html").exists()


def test_first_page_comes_last_and_a_broken_report_leaves_the_old_one(tmp_path: Path) -> None:
    write_report(night.a_quiet_night(), tmp_path)
    before = (tmp_path / "index.html").read_bytes()
    broken = replace(night.a_night(), run=night.run(counts={"bytes_read": None}))
    with pytest.raises(TypeError):
        write_report(broken, tmp_path)
    assert (tmp_path / "index.html").read_bytes() == before
    assert not list(tmp_path.rglob("*.partial"))


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"cannot write the report to .*report.*choose another folder"):
        write_report(night.a_night(), tmp_path / "report")


def test_unknown_zone_is_named(tmp_path: Path) -> None:
    run = night.run()
    report = replace(night.a_night(), run=replace(run, request=replace(run.request, timezone="Europe/Lundon")))
    with pytest.raises(ConfigurationError, match="'Europe/Lundon' is not a known IANA zone"):
        write_report(report, tmp_path)
