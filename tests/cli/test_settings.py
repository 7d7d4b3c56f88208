"""Where settings come from, in which order, and that secrets stay out of files and print nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bwc_audit.config import Settings, load_settings
from bwc_audit.errors import ConfigurationError


def _toml(text: str) -> None:
    Path("bwc-audit.toml").write_text(text, encoding="utf-8")


def _refused() -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    return str(refused.value)


def test_environment_beats_secret_files_beat_toml_beat_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load_settings().lookback_days == 7
    _toml('lookback_days = 5\ntimezone = "Europe/London"\nsource = "from-toml"\n')
    assert load_settings().lookback_days == 5
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "bwc_lookback_days").write_text("6\n", encoding="utf-8")
    (tmp_path / "secrets" / "bwc_s3_secret_key").write_text("hush", encoding="utf-8")
    monkeypatch.setenv("BWC_SECRETS_DIR", str(tmp_path / "secrets"))
    assert load_settings().lookback_days == 6
    monkeypatch.setenv("BWC_LOOKBACK_DAYS", "7")
    settings = load_settings()
    assert (settings.lookback_days, settings.timezone, settings.source) == (7, "Europe/London", "from-toml")
    assert settings.s3_secret_key
    assert settings.s3_secret_key.get_secret_value() == "hush"
    assert load_settings(lookback_days=8).lookback_days == 8


def test_the_file_may_lie_elsewhere_but_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    monkeypatch.setenv("BWC_SETTINGS_FILE", str(path))
    assert f"there is no file {path}" in _refused()
    path.write_text("workers = 3", encoding="utf-8")
    assert load_settings().workers == 3
    path.write_text("workers = ", encoding="utf-8")
    assert f"{path} is not TOML" in _refused()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('s3_access_key = "AK"', "s3_access_key is a secret: set BWC_S3_ACCESS_KEY"),
        ('"s3_secret_key" = "hush-hush"', "s3_secret_key is a secret: set BWC_S3_SECRET_KEY"),
        ('database_url = "postgresql://bwc:hush-hush@db/bwc"', "database_url holds a password: set BWC_DATABASE_URL"),
        ('database_url = "postgresql:///bwc?password=hush-hush"', "database_url holds a password"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(line: str, said: str) -> None:
    _toml(line)
    assert said in _refused()
    assert "hush" not in _refused()
    assert "bwc-audit.toml" in _refused()


def test_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BWC_S3_ACCESS_KEY", "AKhush")
    monkeypatch.setenv("BWC_S3_SECRET_KEY", "hush-hush")
    monkeypatch.setenv("BWC_DATABASE_URL", "postgresql://bwc:hush-hush@db/bwc")
    settings = load_settings()
    assert "hush" not in repr(settings) + str(settings)
    monkeypatch.setenv("BWC_WORKERS", "hush-hush")
    assert "workers: " in _refused()
    assert "hush" not in _refused()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("BWC_TIMEZONE", "Europe/Londn", "timezone: 'Europe/Londn' is no IANA time zone, such as Europe/London"),
        ("BWC_TIMEZONE", "", "timezone: '' is no IANA time zone"),
        ("BWC_AS_OF", "2025-05-26T05:00:00", "as_of: needs a zone, for example 2025-05-26T05:00:00Z"),
        ("BWC_LOOKBACK_DAYS", "0", "lookback_days: Input should be greater than or equal to 1"),
        ("BWC_TIMZONE", "UTC", "BWC_TIMZONE is no setting; did you mean BWC_TIMEZONE?"),
        ("BWC_SECRETS_DIR", "/nowhere/at/all", "BWC_SECRETS_DIR: /nowhere/at/all is no folder"),
    ],
)
def test_a_wrong_setting_is_named(name: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    assert said in _refused()


def test_a_misspelt_setting_in_the_file_is_named() -> None:
    _toml('timzone = "UTC"')
    assert "bwc-audit.toml): timzone is no setting; did you mean timezone?" in _refused()


def test_environment_brings_the_same_settings_to_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(
        source="s3://bucket/night",
        s3_secret_key="hush",
        as_of=datetime(2025, 5, 26, 5, tzinfo=UTC),
        timezone="Europe/London",
        inspect_seconds=12.5,
        state_dir=Path("here"),
    )
    monkeypatch.setenv("BWC_S3_REGION", "elsewhere")  # what the child would find without it
    _toml('database_url = "sqlite:///other.db"\ns3_endpoint_url = "http://other"')
    for name, text in settings.environment().items():
        monkeypatch.setenv(name, text)
    assert load_settings() == settings
    assert set(settings.environment()) == {f"BWC_{name.upper()}" for name in Settings.model_fields}
