"""Whether the stored data still are what they must be: the real schema against the models, and rules over the rows.

Problems are values, gathered and reported together. Nothing is mended here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, Engine, Table, inspect, select, text

from bwc_audit.domain.results import Outcome
from bwc_audit.store.database import reading, revisions
from bwc_audit.store.faults import store_errors
from bwc_audit.store.input_marks import stale_input_marks
from bwc_audit.store.tables import METADATA, RunResultRow, table_of

_OF_A_RUN = (
    *("run_chunk", "run_answer", "run_result", "run_incident", "run_lanes", "run_turn"),
    *("observation", "repeated_observation", "planned_inspection"),
)
#: Smaller ones, guarded row by row.
_BESIDE_A_RUN = (
    *("run_clock", "run_watermark", "run_waiting", "run_expiring"),
    *("run_rates", "run_rate_group", "run_rate", "run_noise"),
)
_FINISHED = ("finished_insert", "finished_update", "finished_delete")
_KEPT = ("review_sample", "review_frame", "review", "access_entry")
_DECIDED = (Outcome.COVERED, Outcome.FINDINGS)

#: Triggers that keep what is finished as it is; the migrations create them with their tables.
GUARDS: dict[str, frozenset[str]] = {
    "sqlite": frozenset(
        {"disposition_no_delete", "disposition_no_replace", "disposition_no_second", "disposition_no_update"}
        | {"run_no_delete", "run_no_replace", "run_finished"}
        | {f"{table}_no_{verb}" for table in _KEPT for verb in ("update", "delete", "replace")}
        | {f"{table}_{end}" for table in (*_OF_A_RUN, *_BESIDE_A_RUN) for end in _FINISHED}
    ),
    "postgresql": frozenset(
        {"disposition_kept", "disposition_no_truncate", "run_kept", "run_no_truncate", "run_finished"}
        | {f"{table}_{end}" for table in _OF_A_RUN for end in (*_FINISHED, "no_truncate")}
        | {f"{table}_{end}" for table in _BESIDE_A_RUN for end in ("finished", "no_truncate")}
        | {f"{table}_{end}" for table in _KEPT for end in ("kept", "no_truncate")}
    ),
}

#: All observations of all runs, those that repeat an earlier one included.
_OBSERVED = (
    "(SELECT run_id, fingerprint, state FROM observation UNION ALL "
    "SELECT run_id, fingerprint, state FROM repeated_observation)"
)

#: (what is wrong with each row found, query giving a text that names the row)
_RULES: tuple[tuple[str, str], ...] = (
    (
        "results are missing or too many: counted when decided, and found now",
        "SELECT run.run_id || ': ' || COALESCE(run.result_count, 0) || ', ' || COUNT(run_result.run_id) FROM run "
        "LEFT JOIN run_answer ON run_answer.run_id = run.run_id "
        "LEFT JOIN run_result ON run_result.run_id = run_answer.origin_run_id "
        "AND run_result.incident_id = run_answer.incident_id WHERE run.status <> 'running' "
        "GROUP BY run.run_id, run.result_count HAVING COALESCE(run.result_count, 0) <> COUNT(run_result.run_id)",
    ),
    (
        "observed findings are missing or too many: counted when decided, and found now",
        "SELECT run.run_id || ': ' || COALESCE(run.observation_count, 0) || ', ' || COUNT(observed.run_id) FROM run "  # noqa: S608
        f"LEFT JOIN {_OBSERVED} observed ON observed.run_id = run.run_id WHERE run.status <> 'running' GROUP BY run.run_id, "
        "run.observation_count HAVING COALESCE(run.observation_count, 0) <> COUNT(observed.run_id)",
    ),
    (
        "a run that came to a decision has none recorded",
        "SELECT run_id FROM run WHERE status IN ('complete', 'incomplete') AND result_count IS NULL",
    ),
    (
        "a run is called complete although something was not examined",
        "SELECT run_id FROM run WHERE status = 'complete' AND CAST(not_examined AS TEXT) <> '[]'",
    ),
    (
        "a run that came to a decision has chunks that were not decided",
        "SELECT run.run_id || ' chunk ' || run_chunk.ordinal FROM run JOIN run_chunk ON run_chunk.run_id = run.run_id "
        "WHERE run.status IN ('complete', 'incomplete') AND run_chunk.decided_us IS NULL",
    ),
    (
        "an answer refers to a run that is not the same and came to no decision",
        "SELECT run_answer.run_id || ' ' || run_answer.incident_id FROM run_answer JOIN run ON run.run_id = run_answer.origin_run_id "  # noqa: E501
        "WHERE run_answer.origin_run_id <> run_answer.run_id AND run.status NOT IN ('complete', 'incomplete')",
    ),
    (
        "an answer has no rows",
        "SELECT run_id || ' ' || incident_id FROM run_answer WHERE "  # noqa: S608
        + " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.run_id = run_answer.origin_run_id "  # noqa: S608
            f"AND {table}.incident_id = run_answer.incident_id)"
            for table in ("run_result", "run_incident", "run_lanes")
        ),
    ),
    *(
        (
            f"a row of {table} belongs to no answer",
            f"SELECT run_id || ' ' || incident_id FROM {table} WHERE NOT EXISTS (SELECT 1 FROM run_answer "  # noqa: S608
            f"WHERE run_answer.run_id = {table}.run_id AND run_answer.incident_id = {table}.incident_id)",
        )
        for table in ("run_result", "run_incident", "run_lanes")
    ),
    (
        "a finding was both observed anew and repeated in one run",
        "SELECT observation.run_id || ' ' || observation.fingerprint FROM observation JOIN repeated_observation repeated "
        "ON repeated.run_id = observation.run_id AND repeated.fingerprint = observation.fingerprint",
    ),
    (
        "a finding was never observed",
        "SELECT fingerprint FROM finding WHERE NOT EXISTS "
        "(SELECT 1 FROM observation WHERE observation.fingerprint = finding.fingerprint)",
    ),
    (
        "a finding's state is not that of its last observation",
        f"SELECT finding.fingerprint FROM finding JOIN {_OBSERVED} observed ON observed.fingerprint = finding.fingerprint "  # noqa: S608
        "AND observed.run_id = finding.last_run_id WHERE observed.state <> finding.state",
    ),
    (
        "lists take a finding's content from another run than its last observation",
        "SELECT fingerprint FROM finding WHERE said_run_id IS NULL OR NOT EXISTS (SELECT 1 FROM observation WHERE "
        "observation.fingerprint = finding.fingerprint AND observation.run_id = finding.said_run_id "
        "AND finding.said_run_id = finding.last_run_id) AND NOT EXISTS (SELECT 1 FROM repeated_observation repeated WHERE "
        "repeated.fingerprint = finding.fingerprint AND repeated.run_id = finding.last_run_id "
        "AND repeated.origin_run_id = finding.said_run_id)",
    ),
    (
        "lists say something else of a finding than was observed last",
        "SELECT finding.fingerprint FROM finding JOIN observation ON observation.run_id = finding.said_run_id "
        "AND observation.fingerprint = finding.fingerprint WHERE finding.severity IS NULL OR finding.is_borderline IS NULL "
        "OR finding.severity <> observation.severity OR finding.is_borderline <> observation.is_borderline",
    ),
    (
        "an observation belongs to no finding or no run",
        "SELECT run_id || ' ' || fingerprint FROM observation WHERE NOT EXISTS (SELECT 1 FROM finding "
        "WHERE finding.fingerprint = observation.fingerprint) OR NOT EXISTS (SELECT 1 FROM run WHERE run.run_id = "
        "observation.run_id)",
    ),
    (
        "incidents of a review sample are missing or too many: counted when drawn, and found now",
        "SELECT review_sample.sample_id || ': ' || frame_size || ', ' || COUNT(review_frame.incident_id) FROM review_sample "
        "LEFT JOIN review_frame ON review_frame.sample_id = review_sample.sample_id GROUP BY review_sample.sample_id, "
        "frame_size, size HAVING frame_size <> COUNT(review_frame.incident_id) OR size <> COUNT(review_frame.pick)",
    ),
    (
        "a video is marked as named by metadata that do not name it, or the other way round",
        "SELECT video_object.source || ' ' || video_object.object_key FROM video_object WHERE is_named <> (EXISTS ("
        "SELECT 1 FROM segment JOIN source_file ON source_file.file_id = segment.file_id "
        "WHERE segment.object_key = video_object.object_key AND source_file.source = video_object.source))",
    ),
    (
        "the rates of a run speak of other assignments than its results",
        "SELECT run.run_id FROM run JOIN run_rate_group ON run_rate_group.run_id = run.run_id AND dimension = 'all' "
        "WHERE run_rate_group.assignments <> run.result_count",
    ),
)

#: At most this many rows are named for each rule.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that must not be. ``rule`` says what, ``subject`` which table, constraint or row."""

    rule: str
    subject: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.subject}"


def check(engine: Engine) -> tuple[Problem, ...]:
    """All problems of the schema and, where that is as it should be, of the rows. Raises ``StoreError``."""
    current, head = revisions(engine)
    if current != head:
        return (Problem("the database is not at the program's revision", f"{current or 'none'} instead of {head}"),)
    with store_errors(engine), engine.connect() as connection:
        problems = schema_problems(connection)
    return problems or _row_problems(engine)


def schema_problems(connection: Connection) -> tuple[Problem, ...]:
    """Differences between the real schema and the models: tables, columns, keys, indexes, CHECKs, guards."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    problems = [Problem("the schema differs from the models", str(change)) for change in _flat(context)]
    inspector = inspect(connection)
    is_sqlite = connection.dialect.name == "sqlite"
    present = set(inspector.get_table_names())
    for table in METADATA.sorted_tables:
        if table.name not in present:
            continue
        real = {str(found["name"]): _plain(found["sqltext"]) for found in inspector.get_check_constraints(table.name)}
        # PostgreSQL rewrites the text of a CHECK, so only its name can be compared there.
        problems += _check_problems(table, real, is_text_compared=is_sqlite)
    missing = GUARDS[connection.dialect.name] - _triggers(connection)
    problems += [Problem("a guard is missing", name) for name in sorted(missing)]
    return tuple(problems)


def _flat(context: MigrationContext) -> list[Any]:
    changes: list[Any] = []
    for change in compare_metadata(context, METADATA):
        changes += change if isinstance(change, list) else [change]
    return changes


def _check_problems(table: Table, real: dict[str, str], *, is_text_compared: bool) -> list[Problem]:
    wanted = {
        str(constraint.name): _plain(str(constraint.sqltext))
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    problems = [Problem("a CHECK is missing", name) for name in sorted(wanted.keys() - real.keys())]
    problems += [Problem("a CHECK is not known", name) for name in sorted(real.keys() - wanted.keys())]
    if is_text_compared:
        different = [name for name in sorted(wanted.keys() & real.keys()) if wanted[name] != real[name]]
        problems += [Problem("a CHECK says something else", f"{name}: {real[name]}") for name in different]
    return problems


def _plain(expression: str) -> str:
    return " ".join(expression.split())


def _triggers(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgenabled <> 'D' AND relnamespace = current_schema()::regnamespace"
        )
    return set(connection.scalars(text(query)))


def _row_problems(engine: Engine) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    with reading(engine) as session:
        connection = session.connection()
        if engine.dialect.name == "sqlite":
            for (told,) in connection.exec_driver_sql("PRAGMA quick_check"):
                problems += [] if told == "ok" else [Problem("the file is damaged", told)]
            for row in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_SHOWN):
                problems.append(Problem("a row refers to nothing", f"{row[0]} row {row[1]} to {row[2]}"))
        problems += _span_problems(connection)
        problems += [
            Problem("the hash kept of a source is not that of its files and videos", one)
            for one in stale_input_marks(session)
        ]
        for rule, query in _RULES:
            found = connection.execute(text(f"{query} ORDER BY 1 LIMIT :shown"), {"shown": _SHOWN})
            problems += [Problem(rule, str(subject)) for (subject,) in found]
    return tuple(problems)


def _span_problems(connection: Connection) -> list[Problem]:
    """Spans of results that lie outside their window, overlap, or do not add up to the required and covered time."""
    result = table_of(RunResultRow).c
    columns = (result.required_us, result.covered_us, result.covered, result.gaps)
    query = select(result.run_id, result.incident_id, result.officer_id, *columns).where(result.outcome.in_(_DECIDED))
    query = query.order_by(result.run_id, result.ordinal)
    problems: list[Problem] = []
    for run_id, incident_id, officer_id, required_us, covered_us, covered, gaps in connection.execute(query):
        spans = sorted([*covered, *gaps])
        is_disjoint = all(before[1] <= after[0] for before, after in pairwise(spans))
        lengths = sum(end - start for start, end in covered), sum(end - start for start, end in spans)
        if not is_disjoint or lengths != (covered_us, required_us):
            rule = "covered time and gaps do not make up the required time"
            problems.append(Problem(rule, f"run {run_id}, incident {incident_id}, officer {officer_id}"))
            if len(problems) == _SHOWN:
                break
    return problems
