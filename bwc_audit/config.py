"""Settings: environment variables ``BWC_…`` over one ``bwc-audit.toml``, read once and passed in.

Secrets (S3 keys, a password in the database URL) come from the environment or from files only, never from the TOML file,
and are kept in values that print as stars.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from bwc_audit.errors import ConfigurationError

SETTINGS_FILE = "bwc-audit.toml"

_SECRETS = ("s3_access_key", "s3_secret_key")


class Settings(BaseSettings):
    """All settings with their defaults. Lengths in the unit of their name."""

    model_config = SettingsConfigDict(
        env_prefix="BWC_", extra="forbid", frozen=True, secrets_dir=os.environ.get("BWC_SECRETS_DIR")
    )

    source: str = Field("", description="where footage and records lie: s3://bucket/prefix or a folder")
    s3_endpoint_url: str | None = Field(None, description="endpoint of an S3-compatible store; none: Amazon's")
    s3_region: str | None = Field(None, description="region of the bucket")
    s3_access_key: SecretStr | None = Field(
        None, description="access key; none: boto3's own search (environment, files, role)"
    )
    s3_secret_key: SecretStr | None = Field(None, description="secret key")
    database_url: str = Field("", description="database; empty: SQLite inside the state folder")
    state_dir: Path = Field(Path(".state"), description="folder for the embedded database, reports and Prefect's own files")
    timezone: str = Field("UTC", description="IANA zone of the agency")
    policy: str = Field("uk_generic", description="policy pack: a shipped one by id, or a YAML file")
    mapping: str = Field("default", description="mapping of foreign columns: a shipped one by id, or a YAML file")
    as_of: datetime | None = Field(None, description="the moment a run judges from; none: now")
    lookback_days: int = Field(4, ge=1, le=366, description="days a nightly run looks back, so that pending results ripen")
    batch_size: int = Field(200, ge=1, le=10_000, description="videos looked into by one task")
    workers: int = Field(2, ge=1, le=256, description="child processes that look into videos at a time")
    inspect_seconds: float = Field(300.0, gt=0, description="longest time for one video, seconds")
    inspect_memory_mb: int = Field(1024, ge=256, description="most memory for one child process, MiB")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/London") from error
        return name

    @field_validator("as_of")
    @classmethod
    def _aware(cls, at: datetime | None) -> datetime | None:
        if at is not None and at.tzinfo is None:
            raise ValueError("needs a zone, for example 2025-05-26T05:00:00Z")
        return at

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Given values first, then the environment, secret files, and the TOML file last."""
        path = Path(os.environ.get("BWC_SETTINGS_FILE", SETTINGS_FILE))
        return init_settings, env_settings, file_secret_settings, TomlConfigSettingsSource(settings_cls, path)

    @property
    def effective_database_url(self) -> str:
        """The database URL, the embedded one where none is set."""
        return self.database_url or f"sqlite:///{(self.state_dir / 'audit.db').absolute()}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def environment(self) -> dict[str, str]:
        """These settings as ``BWC_…`` variables for a child process, secrets among them: never print it."""
        found = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            if value is not None:
                found[f"BWC_{name.upper()}"] = value.isoformat() if isinstance(value, datetime) else str(value)
        return found

    def require_source(self) -> str:
        """The source's address. Raises ``ConfigurationError`` where none is set."""
        if not self.source:
            raise ConfigurationError(
                f'no source is set: put `source = "s3://bucket/prefix"` (or a folder) into {SETTINGS_FILE}, '
                "or set BWC_SOURCE"
            )
        return self.source


def load_settings(**given: Any) -> Settings:
    """Settings from the environment and the TOML file, with ``given`` values above both.

    Raises ``ConfigurationError`` that names each wrong setting, where it comes from and the mend.
    """
    try:
        settings = Settings(_secrets_dir=os.environ.get("BWC_SECRETS_DIR"), **given)
        _refuse_secrets_in_file(Path(os.environ.get("BWC_SETTINGS_FILE", SETTINGS_FILE)))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
        raise ConfigurationError(f"settings (environment BWC_… or {SETTINGS_FILE}): {problems}") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{SETTINGS_FILE} cannot be read: {error}") from error
    return settings


def _refuse_secrets_in_file(path: Path) -> None:
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    for name in _SECRETS:
        if any(line.partition("=")[0].strip() == name for line in text.splitlines()):
            raise ConfigurationError(
                f"{path}: {name} is a secret: set BWC_{name.upper()} or a file in BWC_SECRETS_DIR instead"
            )
