"""The policies that runs were decided under, in and out of the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from bwc_audit.domain.policy import Policy
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.tables import PolicyRow, RunRow, table_of

#: The key under which the content of a book lies beside that of its latest policy.
BOOK_KEY = "book"


def keep_book(session: Session, book: PolicyBook) -> None:
    """Keep what a run is asked to decide by under its hash: the latest edition's policy, and all editions and layers
    beside it where there are any."""
    content: dict[str, Any] = asdict(book.base)
    if book.policy_hash != book.base.policy_hash:
        content[BOOK_KEY] = book.content
    _keep(session, book.policy_hash, book.book_id, book.version, content)


def keep_policies(session: Session, policies: Iterable[Policy]) -> None:
    """Keep policies under their hashes; those that are kept already stay as they are."""
    for policy in policies:
        _keep(session, policy.policy_hash, policy.policy_id, policy.version, asdict(policy))


def _keep(session: Session, policy_hash: str, policy_id: str, version: str, content: dict[str, Any]) -> None:
    connection = session.connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {"policy_hash": policy_hash, "policy_id": policy_id, "policy_version": version, "content": content}
    connection.execute(dialect.insert(table_of(PolicyRow)).values(values).on_conflict_do_nothing())


def policy_content(session: Session, policy_hash: str) -> dict[str, Any] | None:
    """The content kept under a hash; None where there is none."""
    table = table_of(PolicyRow)
    found: dict[str, Any] | None = session.connection().scalar(
        select(table.c.content).where(table.c.policy_hash == policy_hash)
    )
    return found


@dataclass(frozen=True, slots=True)
class UsedPolicy:
    """A policy that runs decided by; ``last_us``: when the last of them began."""

    policy_hash: str
    policy_id: str
    policy_version: str
    runs: int
    last_us: int


def policies_of_runs(session: Session, source: str) -> tuple[UsedPolicy, ...]:
    """What the runs over a source were decided by, the latest used first."""
    run = table_of(RunRow).c
    query = (
        select(run.policy_hash, run.policy_id, run.policy_version, func.count(), func.max(run.started_us))
        .where(run.source == source, run.status.in_(DECIDED))
        .group_by(run.policy_hash, run.policy_id, run.policy_version)
        .order_by(func.max(run.started_us).desc(), run.policy_hash)
    )
    return tuple(UsedPolicy(*row) for row in session.connection().execute(query))
