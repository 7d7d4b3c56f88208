"""Results on standard output, all else on standard error; and text of sources steers neither rich nor the terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from bwc_audit.cli.running import _close_night
from bwc_audit.cli.showing import json_text, print_table, readable, run_summary
from bwc_audit.config import load_settings
from bwc_audit.domain.findings import FindingKind, Severity
from bwc_audit.domain.runs import Change
from bwc_audit.errors import ConfigurationError
from tests.cli.conftest import Program, invoke
from tests.cli.small_run import MISSED, STEERING, SmallRun
from tests.report import report_builders as night

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(
    "arguments",
    [
        ("findings", "--borderline"),
        ("rates", "--by", "call_type"),
        ("ingest",),
        ("policy", "show", "uk_generic"),
        ("completeness",),
    ],
    ids=" ".join,
)
def test_json_is_alone_on_standard_output(arguments: tuple[str, ...], configured: SmallRun) -> None:
    result = invoke(*arguments, "--format", "json")
    assert json.loads(result.stdout)
    assert result.stderr.strip()
    assert not _STEERING.search(result.stdout + result.stderr)


def test_clocks_say_how_many_cameras_were_looked_at_and_refuse_one_that_nobody_knows(configured: SmallRun) -> None:
    shown = invoke("clocks", "--date", "2025-05-24")
    assert shown.exit_code == 0
    assert "0 days of" in shown.stderr
    assert json.loads(invoke("clocks", "--format", "json").stdout) == []
    with pytest.raises(ConfigurationError, match="knew no such camera"):
        invoke("clocks", "--device", "nobody's")
    with pytest.raises(ConfigurationError, match="no calendar day"):
        invoke("clocks", "--date", "yesterday")


def test_json_keeps_the_text_as_it_is(configured: SmallRun) -> None:
    rates = json.loads(invoke("rates", "--by", "call_type", "--format", "json").stdout)
    assert STEERING in {group["key"] for group in rates["groups"]}
    strange = {"a": "é\x7f\x9b1m\u202e\ud800\U000e0001 \n"}
    assert json.loads(json_text(strange)) == strange
    assert json_text(strange).isascii() is False
    assert not _STEERING.search(json_text(strange))


def test_csv_in_a_pipe_keeps_the_text_as_it_is(configured: SmallRun) -> None:
    rows = list(csv.DictReader(io.StringIO(invoke("rates", "--by", "call_type", "--format", "csv").stdout)))
    assert STEERING in {row["group"] for row in rows}
    listed = list(csv.DictReader(io.StringIO(invoke("findings", "--format", "csv").stdout)))
    assert MISSED in {row["incident_id"] for row in listed}


def test_tables_show_brackets_and_hide_what_steers(configured: SmallRun) -> None:
    shown = invoke("findings").stdout
    assert MISSED in shown
    assert "REC-[/bold]1" in shown
    by_type = invoke("rates", "--by", "call_type").stdout
    assert "THEFT \ufffd[31m\ufffdRED" in by_type
    assert not _STEERING.search(shown + by_type)


def test_errors_and_file_names_hide_what_steers(program: Program, tmp_path: Path) -> None:
    name = os.path.join(tmp_path, "[red]\x1b]0;owned\x07.mp4")
    open(name, "w").close()
    seen = program("inspect", name)
    assert seen.returncode == 3
    assert "[red]\ufffd]0;owned\ufffd.mp4: unreadable (empty)" in seen.stdout
    assert not _STEERING.search(seen.stdout + seen.stderr)


def test_a_file_name_makes_no_line_of_its_own(program: Program, tmp_path: Path) -> None:
    name = os.path.join(tmp_path, "a.mp4: complete\nb.mp4")
    open(name, "w").close()
    seen = program("inspect", name)
    assert (
        seen.stdout.splitlines()[0] == f"{tmp_path}/a.mp4: complete\ufffdb.mp4: unreadable (empty) the object has no bytes"
    )


def test_what_was_not_examined_is_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    report = night.a_night()
    run = replace(report.run, not_examined=("footage/x.mp4\n  · all is well",))
    run_summary(run, report.rates, report.observed)
    assert "  · footage/x.mp4\ufffd  · all is well\n" in capsys.readouterr().out


def test_readable_keeps_words_of_all_scripts() -> None:
    kept = "Ünïcode 東京 می\u200cخواهم a\u00a0b [bold] :car:\nline"
    assert readable(kept) == kept
    assert readable("\x1b[1m\r\t\x9b\u202e\u2066\ud800\x00") == "\ufffd[1m" + "\ufffd" * 7


def test_a_table_in_a_pipe_has_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ("n", "name"), [("1", "x" * 300), ("10", "[/] two\nlines 東京")], right=("n",))
    assert capsys.readouterr().out == " n  name\n 1  " + "x" * 300 + "\n10  [/] two lines 東京\n"


def test_a_fact_that_stood_under_another_clause_is_not_called_new(capsys: pytest.CaptureFixture[str]) -> None:
    report = night.a_night()
    late = next(one for one in report.observed if one.finding.kind is FindingKind.LATE_ACTIVATION)
    before = night.observed(replace(late.finding, clause="earlier"), Change.REPLACED, cause="stated under another clause")
    for observed, new in (((late,), "1"), ((late, before), "0")):
        run_summary(report.run, report.rates, observed)
        (line,) = [line for line in capsys.readouterr().out.splitlines() if "late activation" in line]
        assert line.split()[-2:] == ["1", new]


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Things", ("n", "name"), [])
    assert capsys.readouterr().out == "Things\nn  name\n(none)\n"


def test_on_a_narrow_terminal_the_sentence_stands_below_its_row(configured: SmallRun) -> None:
    main_end, program_end = pty.openpty()
    command = [sys.executable, "-c", "from bwc_audit.cli import main; main()", "findings"]
    with subprocess.Popen(
        command, stdout=program_end, stderr=subprocess.PIPE, env={**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    ) as running:
        running.communicate(timeout=60)
    os.close(program_end)
    shown = os.read(main_end, 1 << 16).decode().replace("\r\n", "\n")
    os.close(main_end)
    lines = shown.splitlines()
    assert lines[0].startswith("\x1b[1mfinding")
    assert lines[1].split()[1:3] == ["black_video", "low"]
    assert lines[2].startswith("    In recording REC-[/bold]1 the picture is black")
    assert all(len(line) <= 80 for line in lines[1:])
    assert not _STEERING.search("\n".join(lines[1:]))


@pytest.mark.parametrize(("fail_on", "code"), [(Severity.LOW, 1), (Severity.HIGH, 1), (None, 3)])
def test_findings_end_with_1_only_when_asked(
    fail_on: Severity | None, code: int, configured: SmallRun, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        _close_night(load_settings(), configured.run_id, fail_on)
    assert ended.value.exit_code == code
    shown = capsys.readouterr().out
    assert shown.startswith("INCOMPLETE: 1 thing could not be examined\n")
    assert f"reports/{configured.run_id}/index.html" in shown


def test_rows_that_stand_rejected_are_told_again(configured: SmallRun) -> None:
    again = invoke("ingest")
    assert again.exit_code == 3
    assert "rows rejected now     0\n" in again.stdout
    assert "rows rejected in all  1\n" in again.stdout
    assert again.stderr == "rejected: cad/incidents.csv:6 opened_at: not a time in ISO 8601\n"


def test_latest_is_the_latest_night_not_a_rerun(
    configured: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BWC_STATE_DIR", str(configured.copied_to(tmp_path).state_dir))
    invoke("incident", "INC-3", "--reason", "test", "--requester", "tester")
    assert f"run {configured.run_id} (incomplete)" in invoke("rates").stderr
    assert "of incident INC-3 alone" in invoke("rates", "--run", "INC-3").stderr
