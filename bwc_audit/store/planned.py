"""A run's plan of inspections, in and out of the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlmodel import Session

from bwc_audit.domain.inspection import InspectionRequest
from bwc_audit.domain.times import Span
from bwc_audit.store.bulk import chunks, insert_rows
from bwc_audit.store.tables import PlannedInspectionRow, table_of


@dataclass(frozen=True, slots=True)
class PlannedInspection:
    """One video to look into: content (etag, size) and request; ``state`` is one of ``plan_tables.PLAN_STATES``."""

    ordinal: int
    etag: str
    size_bytes: int
    request: InspectionRequest
    state: str = "planned"
    detail: str = ""


def store_plan(session: Session, run_id: str, plan: Iterable[PlannedInspection], chunk: int = 0) -> None:
    """Add to the plan of a running run what belongs to one of its chunks."""
    columns = ("run_id", "ordinal", "chunk", "object_key", "etag", "size_bytes", "request", "state", "detail")
    rows = (
        (
            *(run_id, one.ordinal, chunk, one.request.object_key, one.etag, one.size_bytes),
            *(asdict(one.request), one.state, one.detail),
        )
        for one in plan
    )
    insert_rows(session, table_of(PlannedInspectionRow), columns, rows)


def forget_plan(session: Session, run_id: str) -> None:
    """Remove the plan of a running run."""
    table = table_of(PlannedInspectionRow)
    session.connection().execute(delete(table).where(table.c.run_id == run_id))


def load_plan(
    session: Session,
    run_id: str,
    *,
    first: int = 0,
    behind: int | None = None,
    first_chunk: int = 0,
    last_chunk: int | None = None,
    object_keys: Collection[str] | None = None,
) -> tuple[PlannedInspection, ...]:
    """The plan of a run, ordinals ``[first, behind)`` of the chunks from ``first_chunk`` to ``last_chunk``, in order; or
    that of some videos (a few hundred at most)."""
    table = table_of(PlannedInspectionRow)
    query = select(table).where(table.c.run_id == run_id, table.c.ordinal >= first).order_by(table.c.ordinal)
    if behind is not None:
        query = query.where(table.c.ordinal < behind)
    if last_chunk is not None:
        query = query.where(table.c.chunk.between(first_chunk, last_chunk))
    if object_keys is not None:
        query = query.where(table.c.object_key.in_(object_keys))
    return tuple(_planned_of(dict(row)) for row in session.connection().execute(query).mappings())


def planned_keys(session: Session, run_id: str, object_keys: Iterable[str]) -> frozenset[str]:
    """Those of the videos that stand in the plan of a run already."""
    table = table_of(PlannedInspectionRow).c
    found: set[str] = set()
    for chunk in chunks(object_keys, 500):
        query = select(table.object_key).where(table.run_id == run_id, table.object_key.in_(chunk))
        found.update(session.connection().scalars(query))
    return frozenset(found)


def count_plan(session: Session, run_id: str, chunk: int | None = None) -> dict[str, int]:
    """How many planned inspections of a run (of one of its chunks) are in each state."""
    table = table_of(PlannedInspectionRow).c
    query = select(table.state, func.count()).where(table.run_id == run_id).group_by(table.state)
    if chunk is not None:
        query = query.where(table.chunk == chunk)
    return {row[0]: row[1] for row in session.connection().execute(query)}


def plan_digest(session: Session, run_id: str) -> str:
    """SHA-256 over what a run planned to look into, and what of it could not be looked into."""
    table = table_of(PlannedInspectionRow).c
    query = select(table.object_key, table.etag, table.size_bytes, table.request, table.state, table.detail)
    digest = hashlib.sha256()
    for *asked, state, detail in session.connection().execute(query.where(table.run_id == run_id).order_by(table.ordinal)):
        looked = "" if state in ("examined", "reused") else f"{state} {detail}"
        digest.update(json.dumps([*asked, looked], sort_keys=True).encode())
    return digest.hexdigest()


def mark_planned(session: Session, run_id: str, ordinals: Sequence[int], state: str, detail: str = "") -> None:
    """Set the state of planned inspections of a running run."""
    table = table_of(PlannedInspectionRow)
    session.connection().execute(
        update(table).where(table.c.run_id == run_id, table.c.ordinal.in_(ordinals)).values(state=state, detail=detail)
    )


def _planned_of(row: dict[str, Any]) -> PlannedInspection:
    asked = dict(row["request"])
    asked["spans"] = tuple(Span(**span) for span in asked["spans"])
    asked["stills_at_us"] = tuple(asked["stills_at_us"])
    asked["focus_us"] = tuple(asked["focus_us"])
    return PlannedInspection(
        row["ordinal"], row["etag"], row["size_bytes"], InspectionRequest(**asked), row["state"], row["detail"]
    )
