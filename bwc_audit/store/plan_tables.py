"""Table of what a run plans to look into, so that any worker can take a batch and a killed run can go on."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index

from bwc_audit.store.columns import Stored, document, integer, not_negative, one_of, small, text

#: ``reused``: looked into by an earlier run already. ``failed``: the store could not be read; the audit is incomplete.
PLAN_STATES = ("planned", "reused", "examined", "failed")


class PlannedInspectionRow(Stored, table=True):
    """One video of a run's plan, with the content it had when the plan was made."""

    __tablename__ = "planned_inspection"
    __table_args__: ClassVar[Any] = (
        one_of("state", PLAN_STATES, name="state_known"),
        *not_negative("ordinal", "size_bytes"),
        Index(None, "run_id", "object_key"),
    )

    run_id: str = text("audit run", primary_key=True, foreign_key="run.run_id")
    ordinal: int = small("place in the plan, from 0", primary_key=True)
    chunk: int = small("chunk of the run whose recordings it belongs to")
    object_key: str = text("video inside the source")
    etag: str = text("version mark of the store")
    size_bytes: int = integer("bytes, as the store lists it")
    request: dict[str, Any] = document("what is asked for: spans, expected length, buffer, depth")
    state: str = text("planned, reused, examined or failed")
    detail: str = text("why it failed; empty: it did not", default="")
