"""Counts of officers and units: to which units an officer belonged in a run, and open findings by kind."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session

from bwc_audit.domain.runs import FindingState
from bwc_audit.store.tables import FindingRow, RunAnswerRow, RunResultRow, table_of


def units_of_officers(session: Session, run_id: str) -> dict[str, tuple[str | None, ...]]:
    """The units that each officer of a run belonged to at their assignments, by name; None: one of no known unit."""
    answer, result = table_of(RunAnswerRow).c, table_of(RunResultRow).c
    query = (
        select(result.officer_id, result.unit)
        .where(answer.run_id == run_id, result.run_id == answer.origin_run_id, result.incident_id == answer.incident_id)
        .distinct()
    )
    found: dict[str, list[str | None]] = {}
    for officer_id, unit in session.connection().execute(query):
        found.setdefault(officer_id, []).append(unit)
    return {
        officer_id: tuple(sorted(units, key=lambda unit: (unit is None, unit or ""))) for officer_id, units in found.items()
    }


def findings_by_kind(session: Session, wanted: Sequence[ColumnElement[bool]]) -> list[tuple[str, int]]:
    """(kind, how many are open and counted), by kind."""
    finding = table_of(FindingRow).c
    query = (
        select(finding.kind, func.count())
        .where(finding.state == FindingState.OPEN, finding.is_borderline.is_not(True), *wanted)
        .group_by(finding.kind)
        .order_by(finding.kind)
    )
    return [(kind, count) for kind, count in session.connection().execute(query)]
