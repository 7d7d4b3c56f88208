"""Real documents fit the published schemas; what the program prints also holds no field that its schema does not name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

import bwc_audit
from bwc_audit.cli import app
from bwc_audit.sources.rows import ROW_MODELS
from tests.cli.small_run import COVERED, SmallRun, small_run_in
from tests.fixtures_sample import SampleNight
from tests.schemas.published import load

_PACKAGE = Path(bwc_audit.__file__).parent


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return small_run_in(tmp_path_factory.getbasetemp() / "small_run")


@pytest.fixture
def answered(small_run: SmallRun, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``answered(exit_code, *arguments)``: the JSON that a command prints about the small run."""
    for name, value in small_run.environment().items():
        monkeypatch.setenv(name, value)

    def answer(exit_code: int, *arguments: str) -> Any:
        result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    return answer


def _check(document: Any, name: str) -> None:
    jsonschema.Draft202012Validator(_closed(load(name))).validate(document)


def _closed(schema: Any) -> Any:
    """The schema, refusing every field that it does not name."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def test_a_field_the_schema_does_not_name_would_be_noticed(small_run: SmallRun) -> None:
    run = json.loads((small_run.report / "run.json").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError, match="extra"):
        _check(run | {"extra": 1}, "bwc-run/1")
    with pytest.raises(jsonschema.ValidationError, match="run_id"):
        _check({key: value for key, value in run.items() if key != "run_id"}, "bwc-run/1")


@pytest.mark.parametrize(
    ("file", "schema"),
    [("run.json", "bwc-run/1"), ("results.json", "bwc-result/1"), ("findings.json", "bwc-finding/1")],
)
def test_files_of_a_report_fit(file: str, schema: str, small_run: SmallRun) -> None:
    document = json.loads((small_run.report / file).read_text(encoding="utf-8"))
    assert document
    _check(document, schema)


def test_findings_and_rates_fit(answered: Any) -> None:
    findings = answered(0, "findings", "--format", "json", "--borderline")
    assert {one["kind"] for one in findings} >= {"no_footage", "black_video"}
    _check(findings, "bwc-finding/1")
    _check(answered(0, "rates", "--by", "unit", "--format", "json"), "bwc-rates/1")
    for more in ((), ("--labels",)):
        _check(answered(0, "rates", "--funnel", "officer", "--format", "json", *more), "bwc-funnel/1")


def test_a_sample_fits(small_run: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answered: Any) -> None:
    monkeypatch.setenv("BWC_STATE_DIR", str(small_run.copied_to(tmp_path).state_dir))
    sample = answered(0, "sample", "draw", "--n", "3", "--seed", "s", "--by", "call_type,outcome", "--format", "json")
    _check(sample, "bwc-review-sample/1")
    for one in sample["drawn"]:
        verdict = "confirmed" if one["findings"] else "cannot_tell"
        recorded = CliRunner().invoke(
            app, ["sample", "record", sample["sample_id"], one["incident_id"], "--verdict", verdict]
        )
        assert recorded.exit_code == 0, recorded.output
    reviewed = answered(0, "sample", "result", sample["sample_id"], "--format", "json")
    assert reviewed["result"]["reviewed"] == 3
    _check(reviewed, "bwc-review-sample/1")


def test_a_rerun_fits(answered: Any, small_run: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BWC_STATE_DIR", str(small_run.copied_to(tmp_path).state_dir))
    rerun = answered(3, "incident", COVERED, "--reason", "test", "--requester", "tester", "--format", "json")
    assert rerun["before_run_id"]
    assert rerun["findings"]
    _check(rerun, "bwc-rerun/1")


def test_inspections_fit_also_of_what_is_no_video(answered: Any, small_run: SmallRun, tmp_path: Path) -> None:
    seen = answered(0, "inspect", str(small_run.clip), "--json")
    assert [defect["kind"] for defect in seen["defects"]] == ["silent_lead_in", "black_video"]
    _check(seen, "bwc-inspection/1")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    refused = answered(3, "inspect", str(empty), "--json")
    assert (refused["status"], refused["reason"], refused["video"]) == ("unreadable", "empty", None)
    _check(refused, "bwc-inspection/1")


def test_source_checks_fit_also_of_rejected_rows_and_unknown_columns(answered: Any, tmp_path: Path) -> None:
    clips = Path(__file__).parents[2] / "sample_media" / "exports" / "new_orleans" / "footage" / "bwc_metadata.csv"
    unknown = answered(3, "sources", "check", str(clips), "--format", "json")
    assert unknown["suggestion"]["yaml"]
    _check(unknown, "bwc-source-check/1")
    rows = tmp_path / "incidents.csv"
    rows.write_text("incident_id,call_type,opened_at\nI1,STOP,2025-05-24T20:00:00Z\nI2,STOP,yesterday\n")
    checked = answered(3, "sources", "check", str(rows), "--kind", "incidents", "--format", "json")
    assert (checked["rows"]["accepted"], checked["rejected"][0]["examples"][0]["line"]) == (1, 3)
    _check(checked, "bwc-source-check/1")


def _yaml_files(folder: str) -> list[Path]:
    return sorted((_PACKAGE / folder).glob("*.yaml"))


@pytest.mark.parametrize("path", _yaml_files("policies"), ids=lambda path: path.name)
def test_shipped_policies_fit(path: Path) -> None:
    _check(yaml.safe_load(path.read_text(encoding="utf-8")), "bwc-policy/1")


@pytest.mark.parametrize("path", _yaml_files("mappings"), ids=lambda path: path.name)
def test_shipped_mappings_fit(path: Path) -> None:
    _check(yaml.safe_load(path.read_text(encoding="utf-8")), "bwc-mapping/1")


def test_a_policy_shown_as_json_fits(answered: Any) -> None:
    _check(answered(0, "policy", "show", "uk_generic", "--format", "json"), "bwc-policy/1")


def test_a_misspelt_policy_setting_does_not_fit() -> None:
    policy = yaml.safe_load((_PACKAGE / "policies" / "uk_generic.yaml").read_text(encoding="utf-8"))
    policy["coverage"]["activation_grace"] = 30
    with pytest.raises(jsonschema.ValidationError, match="activation_grace"):
        _check(policy, "bwc-policy/1")


def _rows(name: str) -> Iterable[tuple[str, Any, bool]]:
    """(schema, document, whether the program takes it): what JSON and JSON Lines may say."""
    incident = {"incident_id": "I1", "call_type": "THEFT", "opened_at": "2025-05-25T20:00:00Z"}
    assignment = {"incident_id": "I1", "officer_id": "101"}
    event = {"device_id": "D1", "at": "2025-05-25T20:00:00Z", "event": "dock"}
    rows: dict[str, list[tuple[Any, bool]]] = {
        "bwc-incident/1": [
            (incident, True),
            ({**incident, "priority": 1, "tags": "a;b", "unknown": "ignored"}, True),
            ({**incident, "tags": ["a", "b"], "closed_at": None}, True),
            ({**incident, "incident_id": ""}, False),
            ({"incident_id": "I1", "call_type": "THEFT"}, False),
        ],
        "bwc-assignment/1": [
            (assignment, True),
            ({**assignment, "officer_id": ["101", 102], "cancelled": True}, True),
            ({**assignment, "officer_id": []}, False),
            ({**assignment, "officer_id": ""}, False),
        ],
        "bwc-device-event/1": [(event, True), ({**event, "event": "explode"}, False)],
        "bwc-exemption/1": [({"officer_id": "101", "from": None, "reason_code": "victim"}, True)],
    }
    return [(name, document, is_taken) for document, is_taken in rows.get(name, [])]


@pytest.mark.parametrize(("name", "document", "is_taken"), [case for name in ROW_MODELS for case in _rows(name)])
def test_row_schemas_and_row_models_agree(name: str, document: Any, is_taken: bool) -> None:
    validator = jsonschema.Draft202012Validator(load(name))
    assert validator.is_valid(document) is is_taken
    if is_taken:
        ROW_MODELS[name].model_validate(document)
    else:
        with pytest.raises(ValueError, match="validation error"):
            ROW_MODELS[name].model_validate(document)


def test_sidecars_of_the_sample_fit(sample_night: SampleNight) -> None:
    validator = jsonschema.Draft202012Validator(load("bwc-footage/1"))
    rejected = {row["file"] for row in sample_night.truth["rejected"]}
    fitting = 0
    for path in sorted((sample_night.source / "footage").rglob("*.json")):
        if path.relative_to(sample_night.source).as_posix() not in rejected:
            validator.validate(json.loads(path.read_text(encoding="utf-8")))
            fitting += 1
    assert fitting >= 20
