"""A run's plan of inspections, in and out of the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session

from bwc_audit.domain.inspection import InspectionRequest
from bwc_audit.domain.times import Span
from bwc_audit.store.bulk import insert_rows
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


def store_plan(session: Session, run_id: str, plan: Iterable[PlannedInspection]) -> None:
    """Store the plan of a running run that has none yet."""
    columns = ("run_id", "ordinal", "object_key", "etag", "size_bytes", "request", "state", "detail")
    rows = (
        (run_id, one.ordinal, one.request.object_key, one.etag, one.size_bytes, asdict(one.request), one.state, one.detail)
        for one in plan
    )
    insert_rows(session, table_of(PlannedInspectionRow), columns, rows)


def load_plan(session: Session, run_id: str, *, first: int = 0, behind: int | None = None) -> tuple[PlannedInspection, ...]:
    """The plan of a run, ordinals ``[first, behind)``, in order."""
    table = table_of(PlannedInspectionRow)
    query = select(table).where(table.c.run_id == run_id, table.c.ordinal >= first).order_by(table.c.ordinal)
    if behind is not None:
        query = query.where(table.c.ordinal < behind)
    return tuple(_planned_of(dict(row)) for row in session.connection().execute(query).mappings())


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
