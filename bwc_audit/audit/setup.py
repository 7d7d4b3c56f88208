"""What every use case works with, opened once from the settings and passed in."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil

from sqlalchemy import Engine

from bwc_audit.config import Settings
from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.runs import RunKind, RunRequest
from bwc_audit.domain.times import Span, us_of
from bwc_audit.errors import ConfigurationError
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.objects.open import open_store
from bwc_audit.sources.mapping import Mapping, load_mapping
from bwc_audit.sources.policy_files import load_book
from bwc_audit.store.database import open_database, require_current


def now_us() -> int:
    """The audit's own clock, microseconds UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Audit:
    """Settings with the database, the source, policy and mapping that they name."""

    settings: Settings
    engine: Engine
    source: ObjectStore
    book: PolicyBook
    mapping: Mapping = field(repr=False)

    @property
    def policy(self) -> Policy:
        """How media and clocks are measured; what is demanded of whom is asked of ``book``."""
        return self.book.base

    @property
    def as_of_us(self) -> int:
        """The moment to judge from: the setting, else now."""
        return us_of(self.settings.as_of) if self.settings.as_of else now_us()

    def request(
        self,
        kind: RunKind,
        period: Span,
        *,
        incident_id: str | None = None,
        requester: str | None = None,
        reason: str | None = None,
        is_deep: bool = False,
    ) -> RunRequest:
        """A run of this audit's policy over its source."""
        return RunRequest(
            kind=kind,
            source=self.source.uri,
            period=period,
            as_of_us=self.as_of_us,
            timezone=self.settings.timezone,
            policy_id=self.book.book_id,
            policy_version=self.book.version,
            policy_hash=self.book.policy_hash,
            incident_id=incident_id,
            requester=requester,
            reason=reason,
            is_deep=is_deep,
        )


def open_audit(settings: Settings) -> Audit:
    """Open everything the settings name. Raises ``ConfigurationError`` or ``StoreError`` (a database behind its
    migrations among them); the source itself is contacted only when it is read."""
    book, mapping = load_book(settings.policy, settings.timezone), load_mapping(settings.mapping)
    source = store_at(settings, settings.require_source())
    engine = open_database(settings.effective_database_url)
    require_current(engine)
    return Audit(settings, engine, source, book, mapping)


def opened_again(settings: Settings, book: PolicyBook, mapping: Mapping) -> Audit:
    """In a child process: what its parent has open. Raises as ``open_audit``; the revision was looked at there."""
    source = store_at(settings, settings.require_source())
    return Audit(settings, open_database(settings.effective_database_url), source, book, mapping)


def store_at(settings: Settings, uri: str) -> ObjectStore:
    """The store at an address, with the S3 settings. Nothing is contacted yet."""
    return open_store(
        uri,
        endpoint_url=settings.s3_endpoint_url,
        region=settings.s3_region,
        access_key=settings.s3_access_key.get_secret_value() if settings.s3_access_key else None,
        secret_key=settings.s3_secret_key.get_secret_value() if settings.s3_secret_key else None,
    )


def day_period(settings: Settings, day: date, days: int = 1) -> Span:
    """``days`` calendar days of the agency up to and including ``day``, as UTC (23 or 25 h when clocks change)."""
    zone = settings.zone
    first = day - timedelta(days=days - 1)
    start = datetime(first.year, first.month, first.day, tzinfo=zone)
    after = day + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone)
    return Span(us_of(start.astimezone(UTC)), us_of(end.astimezone(UTC)))


def days_until_ripe(book: PolicyBook) -> int:
    """How many whole days a nightly run must look back, so that it decides each call once more when the policy lets nothing
    more be pending: a call is opened at the end of its day at the latest, and officers arrive within another."""
    return 2 + ceil(book.longest_wait_s() / 86_400)


def nightly_period(
    audit: Audit, day: date | None = None, start: datetime | None = None, end: datetime | None = None
) -> Span:
    """The period of a nightly run: one day, an explicit interval, or the last ``lookback_days`` whole days, and as many more
    as the policy may keep a result pending.

    Raises ``ConfigurationError`` where only one end is given, a time has no zone, or the interval is empty.
    """
    if day is not None:
        return day_period(audit.settings, day)
    if start is None and end is None:
        today = datetime.fromtimestamp(audit.as_of_us / 1e6, audit.settings.zone).date()
        days = max(audit.settings.lookback_days, days_until_ripe(audit.book))
        return day_period(audit.settings, today - timedelta(days=1), days)
    if start is None or end is None or start.tzinfo is None or end.tzinfo is None or start >= end:
        raise ConfigurationError("--from and --to go together, with zones, --from before --to: 2025-05-24T00:00:00+01:00")
    return Span(us_of(start), us_of(end))
