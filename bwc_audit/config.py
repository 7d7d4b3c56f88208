"""Settings: environment variables ``BWC_…`` over one ``bwc-audit.toml``, read once and passed in.

Secrets (S3 keys, a password in the database URL) come from the environment or from files only, never from the TOML file,
and no setting that can hold one is printed. A name that is no setting is an error wherever it stands: a misspelt variable
would otherwise leave the default in force unseen. An empty variable means *not set* for what may be unset.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from bwc_audit.domain.dispositions import SecondReview
from bwc_audit.domain.shifts import shifts_of
from bwc_audit.errors import ConfigurationError

SETTINGS_FILE = "bwc-audit.toml"

_PREFIX = "BWC_"

#: Where settings are looked for; not settings themselves.
_FILE_VARIABLE, _SECRETS_VARIABLE = "BWC_SETTINGS_FILE", "BWC_SECRETS_DIR"

#: Read by ``infra/compose.yaml`` alone; may stand in the shell of whoever runs both.
_COMPOSE_VARIABLES = frozenset({"BWC_SECRETS_FOLDER"})

_SECRETS = ("s3_access_key", "s3_secret_key", "web_secret", "oidc_client_secret")


class Settings(BaseSettings):
    """All settings with their defaults. Lengths in the unit of their name."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    source: str = Field("", description="where footage and records lie: s3://bucket/prefix or a folder")
    s3_endpoint_url: str | None = Field(None, description="endpoint of an S3-compatible store; none: Amazon's")
    s3_region: str | None = Field(None, description="region of the bucket")
    s3_access_key: SecretStr | None = Field(
        None, description="access key; none: boto3's own search (environment, files, role)"
    )
    s3_secret_key: SecretStr | None = Field(None, description="secret key")
    database_url: str = Field("", repr=False, description="database; empty: SQLite inside the state folder")
    state_dir: Path = Field(Path(".state"), description="folder for the embedded database, reports and Prefect's own files")
    timezone: str = Field("UTC", description="IANA zone of the agency")
    policy: str = Field("uk_generic", description="policy pack: a shipped one by id, or a YAML file")
    mapping: str = Field("default", description="mapping of foreign columns: a shipped one by id, or a YAML file")
    as_of: datetime | None = Field(None, description="the moment a run judges from; none: now")
    lookback_days: int = Field(
        7, ge=1, le=366, description="days a nightly run looks back; more where the policy keeps results pending for longer"
    )
    chunk_days: int = Field(
        62, ge=1, le=3_660, description="days of a period that are decided at a time; bounds memory, changes no answer"
    )
    abandoned_after_hours: int = Field(
        48, ge=1, description="hours after which a run of another machine that never ended is recorded as interrupted"
    )
    shifts: str = Field(
        "Early 07:00, Late 15:00, Night 23:00", description="when shifts begin on the agency's clock; names may be left out"
    )
    batch_size: int = Field(200, ge=1, le=10_000, description="videos looked into by one task")
    workers: int = Field(2, ge=1, le=256, description="child processes that look into videos at a time")
    deciders: int = Field(
        0, ge=0, le=64, description="processes that decide chunks of a long period at a time; 0: two where it pays; 1: one"
    )
    inspect_seconds: float = Field(300.0, gt=0, description="longest time for one video, seconds")
    web_secret: SecretStr | None = Field(
        None, description="key that signs cookies, 32 characters or more; none: one is made in the state folder"
    )
    second_review: SecondReview = Field(
        SecondReview.NONE, description="which decisions a second reviewer must look at: none, high (severity) or all"
    )
    web_public: bool = Field(False, description="rates and counts that name nobody are shown without signing in")
    web_address: str = Field("", description="address at which people reach the application; empty: as each request says")
    oidc_issuer: str = Field("", description="OpenID Connect issuer to sign in with; empty: local accounts only")
    oidc_client_id: str = Field("", description="what the issuer calls this application")
    oidc_client_secret: SecretStr | None = Field(None, description="the secret that goes with it")
    oidc_role_claim: str = Field("", description="claim that names a role; empty: only accounts made here may sign in")
    oidc_unit_claim: str = Field("", description="claim that names a supervisor's unit")
    inspect_memory_mb: int = Field(320, ge=128, le=340, description="most private memory for one child process, MiB")

    @field_validator(
        "s3_endpoint_url",
        "s3_region",
        "s3_access_key",
        "s3_secret_key",
        "web_secret",
        "oidc_client_secret",
        "as_of",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/London") from error
        return name

    @field_validator("shifts")
    @classmethod
    def _known_shifts(cls, text: str) -> str:
        shifts_of(text)
        return text

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
        return init_settings, env_settings, file_secret_settings, TomlConfigSettingsSource(settings_cls, settings_file())

    @property
    def effective_database_url(self) -> str:
        """The database URL, the embedded one where none is set."""
        return self.database_url or f"sqlite:///{(self.state_dir / 'audit.db').absolute()}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def environment(self) -> dict[str, str]:
        """These settings as ``BWC_…`` variables for a child process, secrets among them: never print it.

        Every setting is there, unset ones as empty text, so that nothing the child finds elsewhere changes them.
        """
        return {f"{_PREFIX}{name.upper()}": _as_text(getattr(self, name)) for name in type(self).model_fields}

    def require_source(self) -> str:
        """The source's address. Raises ``ConfigurationError`` where none is set."""
        if not self.source:
            raise ConfigurationError(
                f'no source is set: put `source = "s3://bucket/prefix"` (or a folder) into {SETTINGS_FILE}, '
                "or set BWC_SOURCE"
            )
        return self.source


def settings_file() -> Path:
    """The TOML file: ``BWC_SETTINGS_FILE``, else ``bwc-audit.toml`` in the working folder. It need not exist."""
    return Path(os.environ.get(_FILE_VARIABLE) or SETTINGS_FILE)


def load_settings(**given: Any) -> Settings:
    """Settings from the environment and the TOML file, with ``given`` values above both.

    Raises ``ConfigurationError`` that names each wrong setting, where it comes from and the mend.
    """
    path = settings_file()
    _refuse_unknown_variables()
    _refuse_secrets(_content(path), path)
    secrets_dir = os.environ.get(_SECRETS_VARIABLE) or None
    if secrets_dir is not None and not Path(secrets_dir).is_dir():
        raise ConfigurationError(f"{_SECRETS_VARIABLE}: {secrets_dir} is no folder")
    try:
        return Settings(_secrets_dir=secrets_dir, **given)
    except ValidationError as error:
        problems = "; ".join(_problem(one["loc"], one["type"], one["msg"]) for one in error.errors(include_input=False))
        raise ConfigurationError(f"settings (environment {_PREFIX}… or {path}): {problems}") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"settings cannot be read: {error}") from error


def _content(path: Path) -> dict[str, Any]:
    """What the TOML file says; nothing where there is none, unless it was asked for by name."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if os.environ.get(_FILE_VARIABLE):
            raise ConfigurationError(f"{_FILE_VARIABLE}: there is no file {path}") from error
        return {}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise ConfigurationError(f"{path} is not TOML: {error}") from error


def _refuse_secrets(content: dict[str, Any], path: Path) -> None:
    for name in _SECRETS:
        if name in content:
            raise ConfigurationError(
                f"{path}: {name} is a secret: set {_PREFIX}{name.upper()}, or put it into a file "
                f"{(_PREFIX + name).lower()} in the folder {_SECRETS_VARIABLE}"
            )
    if _holds_password(str(content.get("database_url", ""))):
        raise ConfigurationError(
            f"{path}: database_url holds a password: set {_PREFIX}DATABASE_URL, or put it into a file "
            f"{_PREFIX.lower()}database_url in the folder {_SECRETS_VARIABLE}"
        )


def _holds_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.password) or "password" in parse_qs(parts.query)
    except ValueError:
        return False  # no URL: the database says so


def _refuse_unknown_variables() -> None:
    """Only names in capitals are looked at, as they are written in the documentation."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields} | {_FILE_VARIABLE, _SECRETS_VARIABLE}
    for name in sorted(os.environ.keys() - _COMPOSE_VARIABLES):
        if name.startswith(_PREFIX) and name not in known:
            raise ConfigurationError(f"environment: {name} is no setting{_meant(name, known)}")


def _problem(where: tuple[int | str, ...], kind: str, message: str) -> str:
    name = ".".join(map(str, where))
    if kind == "extra_forbidden":
        return f"{name} is no setting{_meant(name, Settings.model_fields)}"
    return f"{name}: {message.removeprefix('Value error, ')}"


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.isoformat() if isinstance(value, datetime) else str(value)
