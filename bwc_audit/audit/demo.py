"""The demo: the sample night in an embedded S3 server, with a database of its own below the state folder."""

from __future__ import annotations

import importlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine

from bwc_audit.audit.people import add_account, set_password
from bwc_audit.config import Settings, load_settings
from bwc_audit.domain.people import Role
from bwc_audit.errors import ConfigurationError
from bwc_audit.store.database import open_database, reading, upgrade
from bwc_audit.store.people import load_account

BUCKET, PREFIX = "bwc-demo", "night"

#: Whose officers the demo's supervisor sees.
_UNIT = "Response A"


def demo_settings(settings: Settings) -> Settings:
    """The settings of the demo: embedded defaults in ``state_dir/demo``, whatever else is configured."""
    return load_settings(state_dir=settings.state_dir / "demo", database_url="", workers=settings.workers)


@contextmanager
def prepared_demo(settings: Settings, say: Callable[[str], None]) -> Iterator[tuple[Settings, str]]:
    """Sample built, server running, night uploaded, database migrated: (settings to audit it with, its day).

    Everything started here has stopped when the block ends. Raises ``ConfigurationError`` where the sample or the server
    cannot be had.
    """
    from bwc_audit.embedded_s3 import embedded_s3, upload_tree  # no other command loads a client of S3 for it (0.15 s)

    sample = _sample_package()
    root = settings.state_dir / "sample"
    say("building the sample night (once)" if not root.exists() else "checking the sample night")
    sample.build(root)
    truth = json.loads((root / "ground_truth.json").read_text(encoding="utf-8"))
    say("starting the embedded S3 server")
    with embedded_s3(settings.state_dir / "s3") as server:
        counts = upload_tree(root / "source", server.client(), BUCKET, PREFIX, remove_extra=True)
        say(f"sample night in s3://{BUCKET}/{PREFIX}: {counts.uploaded} objects uploaded, {counts.unchanged} there already")
        ready = load_settings(
            state_dir=settings.state_dir,
            source=f"s3://{BUCKET}/{PREFIX}",
            s3_endpoint_url=server.endpoint_url,
            s3_access_key=server.access_key,
            s3_secret_key=server.secret_key,
            database_url="",
            timezone=truth["timezone"],
            policy=truth["policy"],
            mapping="default",
            as_of=truth["as_of"],
            workers=settings.workers,
        )
        engine = open_database(ready.effective_database_url)
        upgrade(engine)
        engine.dispose()
        say("running the nightly flow (Prefect starts a private server for it)")
        yield ready, truth["date"]


def demo_accounts(engine: Engine, now_us: int) -> str:
    """An account of each role, named as the role, all with one password made now, which is returned."""
    password = secrets.token_urlsafe(12)
    for role in Role:
        with reading(engine) as session:
            is_there = load_account(session, role) is not None
        if is_there:
            set_password(engine, role, password, now_us)
        else:
            unit = _UNIT if role is Role.SUPERVISOR else None
            add_account(engine, role, role, now_us, unit=unit, password=password)
    return password


def _sample_package() -> Any:
    try:
        return importlib.import_module("sample_media")
    except ImportError as error:
        raise ConfigurationError("the sample night is not installed; run the demo from a checkout of the project") from error
