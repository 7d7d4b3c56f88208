"""Two runs side by side, counted in the database: what both judged, and how it came out in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from bwc_audit.domain.runs import FindingState
from bwc_audit.store.tables import (
    FindingRow,
    ObservationRow,
    RepeatedObservationRow,
    RunAnswerRow,
    RunResultRow,
    table_of,
)


def _both(first: str, second: str, *columns: Any, one: Any, other: Any) -> Select[Any]:
    """Assignments that both runs judged; ``one`` and ``other`` are the results of the first and the second."""
    before, after = aliased(table_of(RunAnswerRow)), aliased(table_of(RunAnswerRow))
    return (
        select(*columns)
        .select_from(before)
        .join(after, (after.c.incident_id == before.c.incident_id) & (after.c.run_id == second))
        .join(one, (one.c.run_id == before.c.origin_run_id) & (one.c.incident_id == before.c.incident_id))
        .join(
            other,
            (other.c.run_id == after.c.origin_run_id)
            & (other.c.incident_id == after.c.incident_id)
            & (other.c.officer_id == one.c.officer_id),
        )
        .where(before.c.run_id == first)
    )


def count_moves(session: Session, first: str, second: str) -> dict[tuple[str, str], int]:
    """How many assignments came out (so in the first, so in the second)."""
    one, other = aliased(table_of(RunResultRow)), aliased(table_of(RunResultRow))
    query = _both(first, second, one.c.outcome, other.c.outcome, func.count(), one=one, other=other)
    rows = session.connection().execute(query.group_by(one.c.outcome, other.c.outcome))
    return {(before, after): count for before, after, count in rows}


def moved(session: Session, first: str, second: str, limit: int) -> Sequence[tuple[str, str, str, str, str]]:
    """(incident, officer, outcome in the first, in the second, reason in the second) where they are not the same."""
    one, other = aliased(table_of(RunResultRow)), aliased(table_of(RunResultRow))
    columns = (one.c.incident_id, one.c.officer_id, one.c.outcome, other.c.outcome, other.c.reason)
    query = _both(first, second, *columns, one=one, other=other).where(
        or_(one.c.outcome != other.c.outcome, func.coalesce(one.c.reason, "") != func.coalesce(other.c.reason, ""))
    )
    rows = session.connection().execute(query.order_by(one.c.incident_id, one.c.officer_id).limit(limit))
    return [(incident, officer, before, after, reason or "") for incident, officer, before, after, reason in rows]


def count_findings(session: Session, first: str, second: str) -> list[tuple[str, int, int]]:
    """(kind, open in the first, open in the second), by kind."""
    counts: dict[str, list[int]] = {}
    finding = table_of(FindingRow).c
    for place, run_id in enumerate((first, second)):
        for model in (ObservationRow, RepeatedObservationRow):
            seen = table_of(model).c
            query = (
                select(finding.kind, func.count())
                .where(seen.run_id == run_id, seen.state == FindingState.OPEN, finding.fingerprint == seen.fingerprint)
                .group_by(finding.kind)
            )
            for kind, count in session.connection().execute(query):
                counts.setdefault(kind, [0, 0])[place] += count
    return [(kind, counts[kind][0], counts[kind][1]) for kind in sorted(counts)]
