"""Whether a name that somebody typed means anything here: of a unit, an officer, an incident, a call type, a run, a policy.

A list narrowed by a name that nothing has is empty, and reads as if there were nothing to find. Known is what the sources, a
run or a finding name; whether it has findings is the list's own question.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, select
from sqlmodel import Session

from bwc_audit.store.columns import Stored
from bwc_audit.store.tables import (
    FindingRow,
    IncidentRow,
    OfficerRow,
    RunAnswerRow,
    RunIncidentRow,
    RunResultRow,
    RunRow,
    table_of,
)


class Named(StrEnum):
    """What a filter may name."""

    UNIT = "unit"
    OFFICER = "officer"
    INCIDENT = "incident"
    CALL_TYPE = "call_type"
    RUN = "run"
    POLICY = "policy"


def is_known(session: Session, what: Named, name: str, unit: str | None = None) -> bool:
    """Whether anything stored has this name. ``unit``: the only unit that may be asked about, None: all; a name of another
    unit's is unknown then, as if it did not exist."""
    connection = session.connection()
    return any(connection.execute(query.limit(1)).first() is not None for query in _places(what, name, unit))


def _places(what: Named, name: str, unit: str | None) -> tuple[Select[Any], ...]:
    """Where to look, the cheapest first: lists of findings by an index, then the sources, then what runs stored."""
    match what:
        case Named.UNIT:
            return tuple(_rows(model, "unit", name, unit) for model in (FindingRow, OfficerRow, RunResultRow))
        case Named.OFFICER:
            return tuple(_rows(model, "officer_id", name, unit) for model in (FindingRow, OfficerRow, RunResultRow))
        case Named.INCIDENT:
            if unit is not None:
                return _rows(FindingRow, "incident_id", name, unit), _answers_of(name, unit)
            return tuple(_rows(model, "incident_id", name) for model in (FindingRow, RunAnswerRow, IncidentRow))
        case Named.CALL_TYPE:
            told = (FindingRow, IncidentRow, RunIncidentRow) if unit is None else (FindingRow, RunResultRow)
            return tuple(_rows(model, "call_type", name, unit) for model in told)
        case Named.RUN:
            return (_rows(RunRow, "run_id", name),)
        case Named.POLICY:
            return (_rows(RunRow, "policy_id", name),)


def _rows(model: type[Stored], column: str, name: str, unit: str | None = None) -> Select[Any]:
    table = table_of(model)
    query = select(literal(1)).select_from(table).where(table.c[column] == name)
    return query if unit is None else query.where(table.c.unit == unit)


def _answers_of(incident_id: str, unit: str) -> Select[Any]:
    """Results of this unit at an incident, by the index of answers: results have none by incident alone."""
    answer, result = table_of(RunAnswerRow), table_of(RunResultRow)
    same: ColumnElement[bool] = and_(result.c.run_id == answer.c.origin_run_id, result.c.incident_id == answer.c.incident_id)
    query = select(literal(1)).select_from(answer.join(result, same))
    return query.where(answer.c.incident_id == incident_id, result.c.unit == unit)
