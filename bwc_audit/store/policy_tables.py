"""Table of the policies that runs were decided under, so that an old run can be read with its own clauses."""

from __future__ import annotations

from typing import Any, ClassVar

from bwc_audit.store.columns import Stored, document, text


class PolicyRow(Stored, table=True):
    """One policy as it was, word for word; never changed, because its key is its content."""

    __tablename__ = "policy"
    __table_args__: ClassVar[Any] = ()

    policy_hash: str = text("SHA-256 of all settings and clause texts", primary_key=True)
    policy_id: str = text("policy pack")
    policy_version: str = text("version of the pack")
    content: dict[str, Any] = document("all settings and clauses")
