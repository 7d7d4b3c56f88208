"""Samples from the command line: drawn, exported byte for byte, reviewed, summed up, shown with the next night's rates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

import bwc_audit
from bwc_audit.audit.deciding import decide_run
from bwc_audit.audit.ingest import ingest
from bwc_audit.audit.night import plan_run, start_run
from bwc_audit.audit.setup import day_period, open_audit
from bwc_audit.config import load_settings
from bwc_audit.domain.runs import RunKind
from bwc_audit.errors import ConfigurationError
from tests.cli.conftest import invoke
from tests.cli.small_run import CANCELLED, COVERED, MISSED, PENDING, SmallRun, audit_day

SHEET = """\
incident_id,stratum,pick,reviewed
INC-1,findings,,
INC-3,pending,0,false
INC-4,excluded,2,false
INC-[red]2[/red],findings,1,false
"""
_DRAW = ("sample", "draw", "--n", "3", "--seed", "2026-11", "--by", "outcome")


@pytest.fixture
def own_run(configured: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SmallRun:
    """The small run in a database of this test's own."""
    copied = configured.copied_to(tmp_path)
    monkeypatch.setenv("BWC_STATE_DIR", str(copied.state_dir))
    return copied


def drawn(*arguments: str) -> str:
    """The id of a sample."""
    return str(json.loads(invoke(*arguments, "--format", "json").stdout)["sample_id"])


def test_the_sheet_of_a_sample_is_the_same_byte_for_byte(own_run: SmallRun) -> None:
    """Pinned: ids, strata and picks of four incidents under a seed. Drawing again is no new sample."""
    first = invoke(*_DRAW, "--format", "csv")
    assert first.stdout == SHEET
    assert first.stderr == "drawn and stored\n"
    again = invoke(*_DRAW, "--format", "csv")
    assert (again.stdout, again.stderr) == (first.stdout, "drawn before: nothing was changed\n")
    assert invoke("sample", "list").stdout.count("RS-") == 1


def test_json_holds_what_is_needed_to_draw_it_again(own_run: SmallRun) -> None:
    document = json.loads(invoke(*_DRAW, "--format", "json").stdout)
    fixed = ("frame_kind", "by", "allocation", "seed", "algorithm", "width", "expected", "size", "frame_size")
    assert [document[name] for name in fixed] == [
        "all",
        ["outcome"],
        "proportional",
        "2026-11",
        "bwc-review-sample/1",
        None,
        None,
        3,
        4,
    ]
    assert document["digest"] == "23657dfe14c68ded43d017fe47a7a6c4a0fadc2af36c415e01e627f88756aeac"
    assert document["strata"] == [
        {"name": "excluded", "size": 1, "drawn": 1},
        {"name": "findings", "size": 2, "drawn": 1},
        {"name": "pending", "size": 1, "drawn": 1},
    ]
    assert json.loads(invoke("sample", "show", document["sample_id"], "--format", "json").stdout) == document


def test_a_width_is_turned_into_a_size(own_run: SmallRun) -> None:
    document = json.loads(invoke("sample", "draw", "--width", "0.5", "--seed", "s", "--format", "json").stdout)
    assert (document["size"], document["width"], document["expected"]) == (4, 0.5, 0.5)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--seed", "s"), "either how many"),
        (("--seed", "s", "--n", "1", "--width", "0.1"), "either how many"),
        (("--seed", "s", "--width", "1.5"), "lie between 0 and 1"),
        (("--seed", "s", "--n", "1", "--by", "colour"), "not of colour"),
        (("--seed", "s", "--n", "1", "--run", "nowhere"), "no decided run"),
    ],
)
def test_what_cannot_be_drawn_says_why(own_run: SmallRun, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        invoke("sample", "draw", *arguments)


@pytest.mark.parametrize(
    ("incident", "more", "told"),
    [
        (MISSED, ("--verdict", "nothing_missed"), "counted findings in"),
        (CANCELLED, ("--verdict", "noise"), "counted no finding in"),
        (CANCELLED, ("--verdict", "missed"), "needs the kind"),
        (MISSED, ("--verdict", "noise", "--finding", "F-000000000000"), "no such finding"),
        ("INC-9", ("--verdict", "cannot_tell"), "was not drawn in"),
        (MISSED, ("--verdict", "noise", "--reviewer", " "), "needs a reviewer"),
    ],
)
def test_what_cannot_be_recorded_says_why(own_run: SmallRun, incident: str, more: tuple[str, ...], told: str) -> None:
    sample = drawn("sample", "draw", "--n", "9", "--seed", "s")
    with pytest.raises(ConfigurationError, match=told):
        invoke("sample", "record", sample, incident, *more)


def test_an_unknown_sample_is_an_error(own_run: SmallRun) -> None:
    with pytest.raises(ConfigurationError, match="there is no review sample 'RS-1'"):
        invoke("sample", "show", "RS-1")


def test_reviews_make_a_noise_rate_that_later_runs_keep(own_run: SmallRun) -> None:
    sample = drawn("sample", "draw", "--n", "9", "--seed", "s")
    provisional = invoke("sample", "result", sample)
    assert provisional.exit_code == 3
    assert "provisional: 0 of 4 drawn incidents are reviewed" in provisional.stderr
    assert "how often" not in invoke("rates").stdout
    for incident, verdict in ((MISSED, "noise"), (PENDING, "nothing_missed"), (CANCELLED, "cannot_tell")):
        assert invoke("sample", "record", sample, incident, "--verdict", verdict, "--reviewer", "R").exit_code == 0
    said = invoke("sample", "record", sample, COVERED, "--verdict", "confirmed", "--reviewer", "R")
    assert said.stdout.endswith("recorded; 4 of 4 incidents reviewed\n")
    whole = invoke("sample", "result", sample)
    assert whole.exit_code == 0
    assert re.search(r"^no footage +1/1 +100\.0 % +100\.0 % to 100\.0 %", whole.stdout, re.MULTILINE)
    assert re.search(r"^anything +0/1 +0\.0 % +0\.0 % to 65\.8 % +0\.0 % to 50\.0 % +1$", whole.stdout, re.MULTILINE)
    assert json.loads(invoke("rates", "--format", "json").stdout)["noise"] == []  # decided before the review
    night_after = decided_again()
    noise = json.loads(invoke("rates", night_after, "--format", "json").stdout)["noise"]
    assert {one["kind"]: (one["share"], one["reviewed"], one["sample_id"]) for one in noise} == {
        "black_video": (0.0, 1, sample),
        "no_footage": (1.0, 1, sample),
    }
    invoke("sample", "record", sample, MISSED, "--verdict", "confirmed", "--reviewer", "R")
    assert json.loads(invoke("rates", night_after, "--format", "json").stdout)["noise"] == noise
    assert "Noise among findings, as reviewed" in invoke("rates", night_after).stdout


def decided_again() -> str:
    """Another night over the same records; what was looked into is known."""
    settings = load_settings()
    audit = open_audit(settings)
    counts = ingest(audit).counts()
    run_id = start_run(audit, audit.request(RunKind.NIGHTLY, day_period(settings, audit_day())))
    plan_run(audit, run_id)
    decide_run(audit, run_id, counts)
    audit.engine.dispose()
    return run_id


def test_rates_stay_as_they_were_stored(own_run: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other shifts, another zone and another policy since: the run keeps the rates it had."""
    before = invoke("rates", "--by", "shift", "--format", "json").stdout
    assert json.loads(before)["shifts"] == ["Early 07:00–15:00", "Late 15:00–23:00", "Night 23:00–07:00"]
    monkeypatch.setenv("BWC_SHIFTS", "06:00, 18:00")
    monkeypatch.setenv("BWC_TIMEZONE", "America/New_York")
    policy = yaml.safe_load((Path(bwc_audit.__file__).parent / "policies" / "uk_generic.yaml").read_text(encoding="utf-8"))
    policy["coverage"]["activation_grace_s"] = 0
    stricter = tmp_path / "stricter.yaml"
    stricter.write_text(yaml.safe_dump(policy), encoding="utf-8")
    monkeypatch.setenv("BWC_POLICY", str(stricter))
    assert invoke("rates", "--by", "shift", "--format", "json").stdout == before
    assert invoke("rates", own_run.run_id, "--by", "shift", "--format", "json").stdout == before


def test_wrong_shifts_are_a_setting_to_mend(configured: SmallRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BWC_SHIFTS", "Early 7am")
    with pytest.raises(ConfigurationError, match="shifts: 'Early 7am' is no start of a shift"):
        invoke("rates")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--funnel", "month"), "a funnel compares officer or unit"),
        (("--funnel", "officer", "--rate", "seconds_recorded"), "a funnel compares"),
        (("--format", "svg"), "only a funnel is drawn"),
        (("--labels",), "only a funnel is drawn"),
        (("--funnel", "officer", "--labels"), "in --format json and csv only"),
        (("--by", "weekday"), "rates are grouped by officer, unit, call_type, shift, month"),
    ],
)
def test_what_rates_cannot_show_says_why(configured: SmallRun, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        invoke("rates", *arguments)


def test_a_funnel_names_nobody_unasked(configured: SmallRun) -> None:
    """In no format; asked for, names stand in the order of names."""
    for form in ("table", "json", "csv", "svg"):
        shown = invoke("rates", "--funnel", "officer", "--format", form).stdout
        texts = re.findall(r">([^<]*)<", shown) if form == "svg" else [shown]
        assert texts
        assert not any(re.search(r"\b20[123]\b", text) for text in texts)
    named = json.loads(invoke("rates", "--funnel", "officer", "--format", "json", "--labels").stdout)
    assert [point["key"] for point in named["points"]] == ["201", "202"]


def test_a_funnel_is_a_picture_that_stands_alone(configured: SmallRun) -> None:
    picture = invoke("rates", "--funnel", "officer", "--format", "svg").stdout
    assert picture.startswith("<svg ")
    assert picture.endswith("</svg>\n")
    for part in ("<title>", "<desc>", "prefers-color-scheme:dark", "@media print", 'role="img"'):
        assert part in picture
    assert "<script" not in picture
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
