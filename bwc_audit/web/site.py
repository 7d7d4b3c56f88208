"""What the application works with, made once and passed to every request: the audit, the key of the cookies, the clock."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy import Engine

from bwc_audit.audit.setup import Audit, now_us
from bwc_audit.config import Settings
from bwc_audit.errors import ConfigurationError
from bwc_audit.web.jobs import Jobs

_KEY_FILE = "web.key"
_SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class Site:
    """``now_us``: the clock, microseconds UTC."""

    audit: Audit
    key: str = field(repr=False)
    now_us: Callable[[], int] = now_us
    jobs: Jobs = field(default_factory=Jobs, repr=False, compare=False)

    @property
    def engine(self) -> Engine:
        return self.audit.engine

    @property
    def zone(self) -> ZoneInfo:
        return self.audit.settings.zone


def site_of(request: Request) -> Site:
    """The site that a request came to; a dependency of routes."""
    site: Site = request.app.state.site
    return site


def cookie_key(settings: Settings) -> str:
    """The key that signs cookies: the setting, else one kept in the state folder, readable by its owner only.

    Raises ``ConfigurationError`` for one that is too short or cannot be kept."""
    if settings.web_secret is not None:
        key = settings.web_secret.get_secret_value()
        if len(key) < _SHORTEST_KEY:
            raise ConfigurationError(f"web_secret has fewer than {_SHORTEST_KEY} characters")
        return key
    return _kept_key(settings.state_dir / _KEY_FILE)


def _kept_key(path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
        key = path.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: the key of the cookies cannot be kept: {error.strerror}; set web_secret"
        ) from error
    if len(key) < _SHORTEST_KEY:
        raise ConfigurationError(f"{path} holds no key: remove it, and another one is made")
    return key
