"""What runs say of incidents, in and out of the store: results, the incident as a whole, placed segments.

An answer is all that a run says of one incident. The rows of an answer are stored under the run that gave it first; a run
that gives exactly the same answer refers to them. Only rows of decided runs are shared, and those never change.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import Session

from bwc_audit.domain.placed_segments import rows_of
from bwc_audit.domain.results import AssignmentResult, Decision, IncidentResult, Outcome, PlacedSegment
from bwc_audit.domain.runs import RunStatus
from bwc_audit.store import run_rows
from bwc_audit.store.bulk import AT_ONCE, chunks, clean_values, insert_ready, is_one_of, is_suspect
from bwc_audit.store.columns import Stored, clean_text
from bwc_audit.store.tables import RunAnswerRow, RunIncidentRow, RunLanesRow, RunResultRow, RunRow, table_of

DECIDED = (RunStatus.COMPLETE, RunStatus.INCOMPLETE)

_ANSWER_COLUMNS = ("run_id", "incident_id", "chunk", "origin_run_id", "digest")


@dataclass(slots=True)
class _Answer:
    """The rows of one incident, without run and place."""

    incident: list[tuple[Any, ...]] = field(default_factory=list)
    results: list[tuple[Any, ...]] = field(default_factory=list)
    segments: list[tuple[Any, ...]] = field(default_factory=list)

    lanes: str = ""

    def digest(self) -> str:
        """SHA-256, hexadecimal, over all rows; text that no database can hold is replaced first."""
        self.lanes = run_rows.lanes_document(self.segments) if self.segments else ""
        document = run_rows.compact([self.incident, self.results]) + self.lanes
        if is_suspect(document):
            self.incident, self.results, self.segments = (
                [clean_values(row) for row in rows] for rows in (self.incident, self.results, self.segments)
            )
            self.lanes = run_rows.lanes_document(self.segments) if self.segments else ""
            document = run_rows.compact([self.incident, self.results]) + self.lanes
        return hashlib.sha256(document.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answers:
    """What a decision says of each incident as rows ready to be stored, and the digest of each answer."""

    by_incident: dict[str, _Answer]
    digests: dict[str, str]


def answers_of(decision: Decision) -> Answers:
    """The rows of a decision; a function of it alone."""
    answers = _by_incident(decision)
    return Answers(answers, {incident_id: answer.digest() for incident_id, answer in answers.items()})


def record_answers(session: Session, run_id: str, ready: Answers, chunk: int = 0) -> int:
    """Store what a running run decided in one chunk; returns how many answers were stored anew, the others being shared."""
    answers, digests = ready.by_incident, ready.digests
    origins = _origins(session, digests)
    own = [answer for incident_id, answer in answers.items() if incident_id not in origins]
    _insert(session, RunIncidentRow, run_rows.INCIDENT_VALUES, run_id, (row for one in own for row in one.incident))
    _insert(session, RunResultRow, run_rows.RESULT_VALUES, run_id, (row for one in own for row in one.results))
    lanes = (
        (run_id, incident_id, answer.lanes)
        for incident_id, answer in answers.items()
        if answer.lanes and incident_id not in origins
    )
    insert_ready(session, table_of(RunLanesRow), ("run_id", "incident_id", "segments"), lanes)
    rows = (
        (run_id, incident_id, chunk, origins.get(incident_id, run_id), digest) for incident_id, digest in digests.items()
    )
    insert_ready(session, table_of(RunAnswerRow), _ANSWER_COLUMNS, rows)
    return len(own)


def _by_incident(decision: Decision) -> dict[str, _Answer]:
    answers: dict[str, _Answer] = defaultdict(_Answer)
    for incident in decision.incidents:
        answers[incident.incident_id].incident.append(run_rows.incident_values(incident))
    for result in decision.results:
        answers[result.incident_id].results.append(run_rows.result_values(result))
    for row in rows_of(decision.segments):
        answers[row[0]].segments.append(run_rows.segment_values(row))
    return {clean_text(incident_id): answers[incident_id] for incident_id in sorted(answers)}


def _origins(session: Session, digests: dict[str, str]) -> dict[str, str]:
    """For each incident whose answer a decided run has given already: the run under which its rows stand."""
    answer, run = table_of(RunAnswerRow).c, table_of(RunRow).c
    found: dict[str, str] = {}
    for chunk in chunks(digests, AT_ONCE):
        query = (
            select(answer.incident_id, answer.digest, answer.origin_run_id)
            .join(table_of(RunRow), run.run_id == answer.run_id)
            .where(is_one_of(session, answer.incident_id, chunk), run.status.in_(DECIDED))
        )
        for incident_id, digest, origin in session.connection().execute(query):
            if digests[incident_id] == digest:
                found[incident_id] = min(origin, found.get(incident_id, origin))
    return found


def _insert(
    session: Session,
    model: type[Stored],
    columns: Sequence[str],
    run_id: str,
    rows: Iterable[tuple[Any, ...]],
) -> None:
    numbered = ((run_id, ordinal, *row) for ordinal, row in enumerate(rows))
    insert_ready(session, table_of(model), ("run_id", "ordinal", *columns), numbered)


def load_results(
    session: Session,
    run_id: str,
    *,
    incident_id: str | None = None,
    outcome: Outcome | None = None,
    officer_id: str | None = None,
    unit: str | None = None,
) -> tuple[AssignmentResult, ...]:
    """The results of a run (of one outcome, officer, unit of the roster), by incident, and within it in the order of the
    decision."""
    asked = {"outcome": outcome, "officer_id": officer_id, "unit": unit}
    is_wanted = [table_of(RunResultRow).c[name] == value for name, value in asked.items() if value is not None]
    return tuple(map(run_rows.result_of, _rows_of_run(session, RunResultRow, run_id, incident_id, *is_wanted)))


def load_incidents(session: Session, run_id: str, *, incident_id: str | None = None) -> tuple[IncidentResult, ...]:
    """The incidents of a run, by id."""
    return tuple(map(run_rows.incident_of, _rows_of_run(session, RunIncidentRow, run_id, incident_id)))


def load_segments(session: Session, run_id: str, *, incident_id: str | None = None) -> tuple[PlacedSegment, ...]:
    """The placed segments of a run, by incident, and within it in the order of the decision."""
    lanes = _rows_of_run(session, RunLanesRow, run_id, incident_id)
    return tuple(segment for row in lanes for segment in run_rows.segments_of(row["segments"]))


def _rows_of_run(
    session: Session, model: type[Stored], run_id: str, incident_id: str | None, *wanted: ColumnElement[bool]
) -> list[dict[str, Any]]:
    table, answer = table_of(model), table_of(RunAnswerRow)
    query = (
        select(table)
        .join_from(answer, table, (table.c.run_id == answer.c.origin_run_id) & (table.c.incident_id == answer.c.incident_id))
        .where(answer.c.run_id == run_id, *wanted)
    )
    if incident_id is not None:
        query = query.where(answer.c.incident_id == incident_id)
    rows = [dict(row) for row in session.connection().execute(query).mappings()]
    # Sorted here: databases order text by their own collations.
    return sorted(rows, key=lambda row: (row["incident_id"], row.get("ordinal", 0)))
