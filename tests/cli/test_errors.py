"""What is wrong is said with the file or setting and the mend, on standard error, with the documented exit code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bwc_audit
from bwc_audit.cli import main
from bwc_audit.embedded_s3 import EmbeddedS3
from bwc_audit.errors import BwcAuditError, ConfigurationError
from tests.cli.conftest import Program, invoke
from tests.cli.small_run import SmallRun
from tests.media.clips import street, write_clip


def _refused(*arguments: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        invoke(*arguments)
    return str(refused.value)


def test_without_a_source(program: Program, tmp_path: Path) -> None:
    done = program("runs", BWC_STATE_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no source is set" in done.stderr
    assert "BWC_SOURCE" in done.stderr
    assert "Traceback" not in done.stderr


def test_source_folder_that_is_not_there(configured: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BWC_SOURCE", str(tmp_path / "nowhere"))
    said = _refused("ingest")
    assert f"source folder {tmp_path / 'nowhere'} is not there" in said
    assert "source setting" in said


def test_bucket_that_is_not_there(configured: SmallRun, s3_server: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_s3(monkeypatch, s3_server, "s3://no-such-bucket/night")
    with pytest.raises(BwcAuditError, match=r"no-such-bucket.*no such bucket; check its name and the endpoint"):
        invoke("ingest")


def test_database_behind_its_migrations(program: Program, small_run: SmallRun, tmp_path: Path) -> None:
    done = program("runs", **{**small_run.environment(), "BWC_STATE_DIR": str(tmp_path)})
    assert (done.returncode, done.stdout) == (3, "")
    assert "is behind its migrations" in done.stderr
    assert "run `bwc-audit db upgrade`" in done.stderr


@pytest.mark.parametrize("command", ["findings", "rates", "report"])
def test_unknown_run(command: str, configured: SmallRun) -> None:
    arguments = ("report", "NOPE") if command == "report" else (command, "--run", "NOPE")
    assert "is called 'NOPE': `bwc-audit runs` lists the runs" in _refused(*arguments)


def test_no_run_yet(configured: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BWC_STATE_DIR", str(tmp_path))
    upgraded = invoke("db", "upgrade")
    assert (upgraded.exit_code, upgraded.stderr) == (0, "")
    assert upgraded.stdout.startswith("database at revision ")
    assert invoke("runs").stdout.endswith("(none)\n")
    assert "start `bwc-audit nightly`" in _refused("findings")


@pytest.mark.parametrize(("option", "value"), [("--incident", "INC-9"), ("--officer", "999")])
def test_findings_of_what_was_never_judged_are_not_simply_none(option: str, value: str, configured: SmallRun) -> None:
    assert f"{option} '{value}': run {configured.run_id} judged no" in _refused("findings", option, value)
    judged = {"--incident": "INC-3", "--officer": "203"}[option]
    listed = invoke("findings", option, judged)
    assert (listed.exit_code, listed.stdout.splitlines()[-1]) == (0, "(none)")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nightly", "--date", "24.05.2025"), "--date '24.05.2025' is no calendar day: write YYYY-MM-DD"),
        (("nightly", "--date", "2025-02-30"), "--date '2025-02-30' is no calendar day"),
        (("nightly", "--date", ""), "--date '' is no calendar day"),
        (("nightly", "--from", "noon", "--to", "2025-05-24T00:00:00Z"), "--from 'noon' is no time"),
        (("nightly", "--from", "2025-05-24T00:00:00Z"), "--from and --to go together"),
        (("nightly", "--from", "2025-05-24T00:00:00", "--to", "2025-05-25T00:00:00"), "with zones"),
        (("nightly", "--from", "2025-05-25T00:00:00Z", "--to", "2025-05-24T00:00:00Z"), "--from before --to"),
        (("nightly", "--date", "2025-05-24", "--to", "2025-05-25T00:00:00Z"), "leave out --from and --to"),
        (("backfill", "2025-05-24", "tomorrow"), "LAST 'tomorrow' is no calendar day"),
        (("backfill", "2025-05-24", "2025-05-23"), "ends before it starts"),
        (("rates", "--by", "badge"), "--by badge: rates are grouped by officer, unit"),
        (("incident", "INC-9", "--reason", "x"), "no incident 'INC-9' in the records of"),
        (("incident", "INC-1", "--reason", " "), "needs a requester and a reason"),
        (("report", "latest", "--out", "/dev/null/x"), "cannot write the report to /dev/null/x"),
        (("policy", "show", "uk"), "no policy pack 'uk': name one of engineering, illinois"),
        (("policy", "validate", "nowhere.yaml"), "policy file nowhere.yaml: No such file"),
        (("inspect", "x.mp4", "--started-at", "2025-05-24T20:00:00"), "needs a zone"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_arguments_are_named(arguments: tuple[str, ...], said: str, configured: SmallRun) -> None:
    assert said in _refused(*arguments)


@pytest.mark.parametrize("text", ["coverage: {activation_grace: 30}", "coverage: [", "- 1", ""])
def test_policy_file_that_is_wrong_names_file_and_setting(text: str, configured: SmallRun, tmp_path: Path) -> None:
    path = tmp_path / "our.yaml"
    path.write_text(f"schema: bwc-policy/1\n{text}\n" if text.startswith("coverage") else text, encoding="utf-8")
    said = _refused("policy", "validate", str(path))
    assert str(path) in said
    if "grace" in text:
        assert "coverage.activation_grace:" in said


def test_policy_setting_that_names_nothing(configured: SmallRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BWC_POLICY", "london")
    assert "no policy pack 'london'" in _refused("runs")


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("findings", "--format", "xml"), ("inspect",), ("ingest", "--format", "csv")]
)
def test_usage_errors_are_2(arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: bwc-audit" in result.stderr


def test_without_arguments_the_commands_are_listed(program: Program) -> None:
    done = program()
    assert done.returncode == 2
    assert "nightly" in done.stdout + done.stderr
    assert invoke("--version").stdout == f"bwc-audit {bwc_audit.__version__}\n"


def test_a_fault_of_the_program_is_no_finding(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError("broken")

    monkeypatch.setattr("bwc_audit.cli.policies.shipped_policies", broken)
    monkeypatch.setattr("sys.argv", ["bwc-audit", "policy", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "a fault of this program, please report it: ZeroDivisionError: broken" in said.err
    assert "Traceback" not in said.err


def test_a_reader_that_goes_away_is_no_finding(small_run: SmallRun, program: Program) -> None:
    command = [sys.executable, "-c", "from bwc_audit.cli import main; main()", "policy", "show", "uk_generic"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        said = running.stderr.read()
        assert (running.wait(), said) == (141, b"")


def test_inspect_names_what_is_no_video_address(configured: SmallRun, tmp_path: Path) -> None:
    assert f"{tmp_path / 'none.mp4'} is not there" in _refused("inspect", str(tmp_path / "none.mp4"))
    assert "is a folder: give one video file" in _refused("inspect", str(tmp_path))
    assert "is a folder" in _refused("inspect", ".")
    assert "names no file" in _refused("inspect", f"{tmp_path}/")
    assert "names no file" in _refused("inspect", "s3://bucket")
    assert "not http" in _refused("inspect", "http://127.0.0.1/x.mp4")


def _text(path: Path) -> None:
    path.write_text("this is no video\n" * 100, encoding="utf-8")


def _playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/secret.ts\n", encoding="utf-8")


def _truncated(path: Path) -> None:
    whole = write_clip(path.with_name("whole.mp4"), street(4), movflags="faststart").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Path.touch, "unreadable (empty)"),
        (_text, "unreadable (not media)"),
        (_playlist, "unreadable (playlist refused)"),
        (_truncated, "partial"),
    ],
)
def test_inspect_of_what_cannot_be_wholly_examined_is_3(make: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make(path)
    result = invoke("inspect", str(path))
    assert result.exit_code == 3
    assert said in result.stdout.splitlines()[0]
    assert "nothing wrong" not in result.stdout


def test_inspect_over_s3(
    small_run: SmallRun, s3_server: EmbeddedS3, monkeypatch: pytest.MonkeyPatch, s3_bucket: str
) -> None:
    _use_s3(monkeypatch, s3_server, f"s3://{s3_bucket}")
    client = s3_server.client()
    for path in (small_run.clip, small_run.clip.with_suffix(".json")):
        client.upload_file(str(path), s3_bucket, f"night/{path.name}")
    seen = invoke("inspect", f"s3://{s3_bucket}/night/{small_run.clip.name}")
    assert seen.exit_code == 0
    assert "2025-05-24 18:00:20Z" in seen.stdout  # the sidecar told when the picture starts
    assert "is not there" in _refused("inspect", f"s3://{s3_bucket}/night/none.mp4")


def test_video_whose_sidecar_cannot_be_used_is_seen_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    clip = write_clip(folder / "clip.mp4", street(4))
    clip.with_suffix(".json").symlink_to(tmp_path / "elsewhere.json")
    (tmp_path / "elsewhere.json").write_text("{}", encoding="utf-8")
    seen = invoke("inspect", str(clip))
    assert seen.exit_code == 0
    assert f"sidecar not read: {clip.with_suffix('.json')} is refused" in seen.stderr
    clip.with_suffix(".json").unlink()
    clip.with_suffix(".json").write_text("{not JSON", encoding="utf-8")
    assert "sidecar clip.json not used: " in invoke("inspect", str(clip)).stderr
    (tmp_path / "link.mp4").symlink_to(clip)
    assert invoke("inspect", str(tmp_path / "link.mp4")).exit_code == 0  # a link given by a person is followed


def test_video_that_may_not_be_read_is_3(program: Program, s3_server: EmbeddedS3) -> None:
    keys = s3_server.further["nobody"]
    done = program(
        "inspect",
        "s3://open-bucket/any.mp4",
        BWC_S3_ENDPOINT_URL=s3_server.endpoint_url,
        BWC_S3_ACCESS_KEY=keys.access_key,
        BWC_S3_SECRET_KEY=keys.secret_key,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "whether it exists is unknown" in done.stderr
    assert keys.secret_key not in done.stderr


def _use_s3(monkeypatch: pytest.MonkeyPatch, server: EmbeddedS3, source: str, identity: str | None = None) -> None:
    keys = server.further[identity] if identity else server
    monkeypatch.setenv("BWC_SOURCE", source)
    monkeypatch.setenv("BWC_S3_ENDPOINT_URL", server.endpoint_url)
    monkeypatch.setenv("BWC_S3_ACCESS_KEY", keys.access_key)
    monkeypatch.setenv("BWC_S3_SECRET_KEY", keys.secret_key)
