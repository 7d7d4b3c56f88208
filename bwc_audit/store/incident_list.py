"""The incidents of a run, filtered and paged in the database, each with how its assignments came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Join, Row, Select, and_, exists, func, select
from sqlmodel import Session

from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import FindingState
from bwc_audit.store.bulk import chunks
from bwc_audit.store.finding_list import COUNTED_TO
from bwc_audit.store.tables import FindingRow, RunAnswerRow, RunIncidentRow, RunResultRow, table_of

Clause = ColumnElement[bool]

#: How the list can be ordered, in words.
ORDERS = {"newest": "newest first", "oldest": "oldest first"}

_MANY = 500


@dataclass(frozen=True, slots=True)
class ListedIncident:
    """One line. ``opened_us`` None: its record was never read. ``outcomes``: how many assignments came out which way;
    ``found``: findings open now."""

    incident_id: str
    opened_us: int | None
    call_type: str | None
    priority: str | None
    area: str | None
    outcomes: Mapping[str, int]
    found: int


def count_incidents(session: Session, run_id: str, wanted: Sequence[Clause]) -> int:
    """How many incidents of a run there are, at most ``COUNTED_TO + 1``."""
    answer = table_of(RunAnswerRow).c
    query = select(answer.incident_id).select_from(_joined()).where(answer.run_id == run_id, *wanted)
    few = query.limit(COUNTED_TO + 1).subquery()
    return session.connection().scalar(select(func.count()).select_from(few)) or 0


def list_incidents(
    session: Session, run_id: str, wanted: Sequence[Clause], order: str, limit: int, offset: int, unit: str | None
) -> tuple[ListedIncident, ...]:
    """A page of the incidents of a run. ``order``: a key of ``ORDERS``; ``unit``: count the assignments and findings of
    this unit only."""
    query = _listed(run_id, wanted, order).limit(limit).offset(offset)
    return _completed(session, session.connection().execute(query).all(), unit)


def all_incidents(
    session: Session, run_id: str, wanted: Sequence[Clause], order: str, unit: str | None
) -> Iterator[ListedIncident]:
    """The whole list in its order; completed a few hundred at a time."""
    for chunk in chunks(session.connection().execute(_listed(run_id, wanted, order)).all(), _MANY):
        yield from _completed(session, chunk, unit)


def _listed(run_id: str, wanted: Sequence[Clause], order: str) -> Select[Any]:
    answer, incident = table_of(RunAnswerRow).c, table_of(RunIncidentRow).c
    orders = {
        "newest": (incident.opened_us.desc(), answer.incident_id.desc()),
        "oldest": (incident.opened_us, answer.incident_id),
    }
    known = (incident[name] for name in ("opened_us", "call_type", "priority", "area"))
    query = select(answer.incident_id, answer.origin_run_id, *known).select_from(_joined())
    return query.where(answer.run_id == run_id, *wanted).order_by(*orders[order])


def _completed(session: Session, rows: Sequence[Row[Any]], unit: str | None) -> tuple[ListedIncident, ...]:
    ids = [row.incident_id for row in rows]
    outcomes = _outcomes(session, {row.origin_run_id for row in rows}, ids, unit)
    origin = {row.incident_id: row.origin_run_id for row in rows}
    found = _found(session, ids, unit)
    return tuple(
        ListedIncident(
            row.incident_id,
            row.opened_us,
            row.call_type,
            row.priority,
            row.area,
            dict(outcomes.get((origin[row.incident_id], row.incident_id), {})),
            found[row.incident_id],
        )
        for row in rows
    )


def _joined() -> Join:
    answer, incident = table_of(RunAnswerRow), table_of(RunIncidentRow)
    same = (incident.c.run_id == answer.c.origin_run_id) & (incident.c.incident_id == answer.c.incident_id)
    return answer.outerjoin(incident, same)


def _outcomes(session: Session, runs: set[str], ids: Sequence[str], unit: str | None) -> dict[tuple[str, str], Counter[str]]:
    result = table_of(RunResultRow).c
    query = (
        select(result.run_id, result.incident_id, result.outcome, func.count())
        .where(result.run_id.in_(runs), result.incident_id.in_(ids))
        .group_by(result.run_id, result.incident_id, result.outcome)
    )
    counted: dict[tuple[str, str], Counter[str]] = {}
    for run_id, incident_id, outcome, count in session.connection().execute(
        query if unit is None else query.where(result.unit == unit)
    ):
        counted.setdefault((run_id, incident_id), Counter())[outcome] += count
    return counted


def _found(session: Session, ids: Sequence[str], unit: str | None) -> Counter[str]:
    finding = table_of(FindingRow).c
    query = (
        select(finding.incident_id, func.count())
        .where(finding.incident_id.in_(ids), finding.state == FindingState.OPEN, finding.is_borderline.is_not(True))
        .group_by(finding.incident_id)
    )
    rows = session.connection().execute(query if unit is None else query.where(finding.unit == unit))
    return Counter({row[0]: row[1] for row in rows})


def has_result(column: str, value: str, unit: str | None = None) -> Clause:
    """Incidents with an assignment that has this value in a column (outcome, unit, officer_id). ``unit``: the only one whose
    assignments may be asked about, None: all."""
    answer, result = table_of(RunAnswerRow).c, table_of(RunResultRow).c
    own = [] if unit is None else [result.unit == unit]
    return exists().where(
        result.run_id == answer.origin_run_id, result.incident_id == answer.incident_id, result[column] == value, *own
    )


def is_called(call_type: str) -> Clause:
    """Incidents of a call type."""
    return table_of(RunIncidentRow).c.call_type == call_type


def is_between(start_us: int | None, end_us: int | None) -> Clause:
    """Incidents opened in an interval, either end left open by None."""
    opened = table_of(RunIncidentRow).c.opened_us
    ends = [] if start_us is None else [opened >= start_us]
    return and_(*ends, *([] if end_us is None else [opened < end_us]))


def has_text(text: str) -> Clause:
    """Incidents with this text in their id, in either case."""
    return table_of(RunAnswerRow).c.incident_id.icontains(text, autoescape=True)


#: The outcomes in the order in which a line names them.
OUTCOMES = (Outcome.FINDINGS, Outcome.UNKNOWN, Outcome.PENDING, Outcome.COVERED, Outcome.EXCLUDED)
