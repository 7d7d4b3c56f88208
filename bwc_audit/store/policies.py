"""The policies that runs were decided under, in and out of the store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from bwc_audit.domain.policy import Policy
from bwc_audit.store.tables import PolicyRow, table_of


def keep_policy(session: Session, policy: Policy) -> None:
    """Keep a policy's content under its hash; one that is kept already stays as it is."""
    connection = session.connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {
        "policy_hash": policy.policy_hash,
        "policy_id": policy.policy_id,
        "policy_version": policy.version,
        "content": asdict(policy),
    }
    connection.execute(dialect.insert(table_of(PolicyRow)).values(values).on_conflict_do_nothing())


def policy_content(session: Session, policy_hash: str) -> dict[str, Any] | None:
    """The content kept under a hash; None where there is none."""
    table = table_of(PolicyRow)
    found: dict[str, Any] | None = session.connection().scalar(
        select(table.c.content).where(table.c.policy_hash == policy_hash)
    )
    return found
