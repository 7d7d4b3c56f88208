"""``doctor``: every thing a night needs is tried, and what is wrong is named with its mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from bwc_audit.embedded_s3 import EmbeddedS3
from tests.cli.conftest import invoke
from tests.cli.small_run import SmallRun


def test_a_good_installation(configured: SmallRun) -> None:
    result = invoke("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "MEND" not in result.stdout
    assert f"{configured.source}: objects found" in result.stdout


def test_everything_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BWC_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("BWC_SOURCE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("BWC_POLICY", "london")
    monkeypatch.setenv("BWC_MAPPING", "london")
    result = invoke("doctor")
    assert result.exit_code == 3
    wrong = {line.split("  ")[1]: line for line in result.stdout.splitlines() if line.startswith("MEND")}
    assert set(wrong) == {"policy", "mapping", "database", "source: list", "source: read"}
    assert "name one of engineering, illinois" in wrong["policy"]
    assert "run `bwc-audit db upgrade`" in wrong["database"]
    assert "mend the source setting" in wrong["source: list"]
    assert "something is to be mended" in result.stderr


def test_a_state_folder_that_cannot_be_made(configured: SmallRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BWC_STATE_DIR", str(tmp_path / "file" / "state"))
    result = invoke("doctor")
    assert result.exit_code == 3
    assert (
        f"{tmp_path / 'file' / 'state'}: Not a directory; give this account the permission, or set BWC_STATE_DIR"
        in result.stdout
    )


def test_a_real_bucket_by_environment(
    configured: SmallRun, s3_server: EmbeddedS3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BWC_SOURCE", f"s3://{s3_bucket}/night")
    monkeypatch.setenv("BWC_S3_ENDPOINT_URL", s3_server.endpoint_url)
    monkeypatch.setenv("BWC_S3_ACCESS_KEY", s3_server.access_key)
    monkeypatch.setenv("BWC_S3_SECRET_KEY", s3_server.secret_key)
    empty = invoke("doctor")
    assert empty.exit_code == 3
    assert "can be reached and holds nothing: check bucket and prefix" in empty.stdout
    s3_server.client().put_object(Bucket=s3_bucket, Key="night/cad/incidents.csv", Body=b"incident_id\n")
    good = invoke("doctor")
    assert good.exit_code == 0
    assert "12 bytes of the first object" in good.stdout
    monkeypatch.setenv("BWC_S3_SECRET_KEY", "wrong-secret")
    refused = invoke("doctor")
    assert refused.exit_code == 3
    assert "is refused" in refused.stdout
    assert "wrong-secret" not in refused.output
