"""Answers that a run has in common with an earlier one are stored once; runs are decided in chunks of days; turns are kept.

What older runs stored stays where it is: each refers to its own rows. Guards look at the rows of a statement together
on PostgreSQL, and at the row as it was and as it is to be on both.

Revision: 0007
"""

from __future__ import annotations

from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OLDER = ("run_result", "run_incident", "observation", "explanation", "planned_inspection")
_NEW = ("run_chunk", "run_answer", "run_lanes", "repeated_observation", "run_turn")
#: Columns of the table of segments, as it was.
_PLAIN = (
    *("incident_id", "footage_id", "recording_id", "device_id", "officer_id", "activated_us", "offset_us"),
    *("uncertainty_us", "role", "object_key", "inspection_status", "start_us", "end_us"),
)
_DOCUMENTS = ("unusable", "not_examined")
_CHANGES = "'appeared', 'changed', 'unchanged', 'resolved', 'reopened'"
_OUTCOMES = "'covered', 'findings', 'pending', 'unknown', 'excluded'"
_TURNS = (
    "'pending_to_covered', 'pending_to_findings', 'pending_to_other', 'still_pending', 'newly_pending', 'outcome_changed'"
)


def upgrade() -> None:
    """Add the tables, let every older run refer to its own rows, and put the guards on anew."""
    _create_chunks()
    _create_answers()
    _create_lanes()
    _create_repeated()
    _create_turns()
    op.drop_index("ix_run_result_incident_id_run_id", table_name="run_result")
    op.add_column(
        "planned_inspection",
        sa.Column(
            "chunk",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="chunk of the run whose recordings it belongs to",
        ),
    )
    op.create_index("ix_planned_inspection_run_id_object_key", "planned_inspection", ["run_id", "object_key"])
    _refer_older_runs_to_their_own()
    _place_findings()
    _gather_lanes()
    op.drop_table("run_segment")
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_chunks() -> None:
    op.create_table(
        "run_chunk",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column(
            "ordinal", sa.Integer(), nullable=False, comment="place among the chunks of the run, from 0, ascending in time"
        ),
        sa.Column("start_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, included"),
        sa.Column("end_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, excluded"),
        sa.Column(
            "decided_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC, clock of the audit; null: not decided yet",
        ),
        sa.Column(
            "basis_hash",
            sa.Text(),
            nullable=False,
            comment="SHA-256 over all that its answers rest on; empty: not decided, or not to be taken over",
        ),
        sa.Column(
            "origin_run_id",
            sa.Text(),
            nullable=True,
            comment="run whose answers were taken over; null: decided by this run",
        ),
        sa.Column("counts", sa.JSON(), nullable=False, comment="assignments, segments, videos and rows counted"),
        sa.Column("not_examined", sa.JSON(), nullable=False, comment="what could not be examined, a sentence each"),
        sa.CheckConstraint("ordinal >= 0", name="ck_run_chunk_ordinal_not_negative"),
        sa.CheckConstraint("end_us > start_us", name="ck_run_chunk_end_us_after_start_us"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_chunk_run_id"),
        sa.PrimaryKeyConstraint("run_id", "ordinal", name="pk_run_chunk"),
    )
    op.create_index("ix_run_chunk_basis_hash", "run_chunk", ["basis_hash"])


def _create_answers() -> None:
    op.create_table(
        "run_answer",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="incident"),
        sa.Column("chunk", sa.Integer(), nullable=False, comment="chunk of the run that it belongs to"),
        sa.Column("origin_run_id", sa.Text(), nullable=False, comment="run under which the rows stand"),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="SHA-256 over the content of these rows; empty: stored before it was computed",
        ),
        sa.CheckConstraint("chunk >= 0", name="ck_run_answer_chunk_not_negative"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_answer_run_id"),
        sa.ForeignKeyConstraint(["origin_run_id"], ["run.run_id"], name="fk_run_answer_origin_run_id"),
        sa.PrimaryKeyConstraint("run_id", "incident_id", name="pk_run_answer"),
    )
    op.create_index("ix_run_answer_incident_id_run_id", "run_answer", ["incident_id", "run_id"])


def _create_lanes() -> None:
    op.create_table(
        "run_lanes",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="incident"),
        sa.Column(
            "segments",
            sa.JSON(),
            nullable=False,
            comment="columns: their names; rows: a list of values for each segment, in order",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_lanes_run_id"),
        sa.PrimaryKeyConstraint("run_id", "incident_id", name="pk_run_lanes"),
    )


def _gather_lanes() -> None:
    """One document an incident out of a row a segment."""
    connection = op.get_bind()
    segment = sa.table("run_segment", *(sa.column(name) for name in ("run_id", "ordinal", *_PLAIN)))
    documents = [sa.column(name, sa.JSON()) for name in _DOCUMENTS]
    rows = connection.execute(
        sa.select(segment.c.run_id, *(segment.c[name] for name in _PLAIN), *documents)
        .select_from(segment)
        .order_by(segment.c.run_id, segment.c.incident_id, segment.c.ordinal)
    )
    lanes = sa.table("run_lanes", sa.column("run_id"), sa.column("incident_id"), sa.column("segments", sa.JSON()))
    gathered = [
        {
            "run_id": run_id,
            "incident_id": incident_id,
            "segments": {"columns": [*_PLAIN, *_DOCUMENTS], "rows": [list(row[1:]) for row in found]},
        }
        for (run_id, incident_id), found in groupby(rows, key=lambda row: (row.run_id, row.incident_id))
    ]
    if gathered:
        connection.execute(sa.insert(lanes), gathered)


def _create_repeated() -> None:
    op.create_table(
        "repeated_observation",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="finding"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the findings of the run, from 0"),
        sa.Column("state", sa.Text(), nullable=False, comment="open or resolved, as of this run"),
        sa.Column("change", sa.Text(), nullable=False, comment="against the previous run that looked at the same"),
        sa.Column("cause", sa.Text(), nullable=True, comment="why it changed; null: it did not, or it is new"),
        sa.Column("origin_run_id", sa.Text(), nullable=False, comment="run whose observation has the content"),
        sa.CheckConstraint("state IN ('open', 'resolved')", name="ck_repeated_observation_state_known"),
        sa.CheckConstraint(f"change IN ({_CHANGES})", name="ck_repeated_observation_change_known"),
        sa.CheckConstraint("ordinal >= 0", name="ck_repeated_observation_ordinal_not_negative"),
        sa.CheckConstraint(
            "(change = 'resolved') = (state = 'resolved')", name="ck_repeated_observation_resolved_is_resolved"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_repeated_observation_run_id"),
        sa.ForeignKeyConstraint(
            ["origin_run_id", "fingerprint"],
            ["observation.run_id", "observation.fingerprint"],
            name="fk_repeated_observation_origin_run_id_fingerprint",
        ),
        sa.PrimaryKeyConstraint("run_id", "fingerprint", name="pk_repeated_observation"),
    )
    op.create_index("ix_repeated_observation_fingerprint", "repeated_observation", ["fingerprint"])


def _create_turns() -> None:
    op.create_table(
        "run_turn",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the turns of the run, from 0"),
        sa.Column(
            "turn",
            sa.Text(),
            nullable=False,
            comment="how the assignment stands against the run before",
        ),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="incident"),
        sa.Column("officer_id", sa.Text(), nullable=True, comment="officer, as resolved; null: nobody is known"),
        sa.Column("now", sa.Text(), nullable=False, comment="outcome in this run"),
        sa.Column("now_reason", sa.Text(), nullable=True, comment="bucket or reason; null: covered or findings"),
        sa.Column("before", sa.Text(), nullable=True, comment="outcome in the run before; null: none judged it"),
        sa.Column("before_reason", sa.Text(), nullable=True, comment="bucket or reason then; null: none"),
        sa.Column("before_run_id", sa.Text(), nullable=True, comment="that run; null: none judged it"),
        sa.CheckConstraint(f"turn IN ({_TURNS})", name="ck_run_turn_turn_known"),
        sa.CheckConstraint(f"now IN ({_OUTCOMES})", name="ck_run_turn_now_known"),
        sa.CheckConstraint(f"before IN ({_OUTCOMES})", name="ck_run_turn_before_known"),
        sa.CheckConstraint("ordinal >= 0", name="ck_run_turn_ordinal_not_negative"),
        sa.CheckConstraint("(before IS NULL) = (before_run_id IS NULL)", name="ck_run_turn_before_has_a_run"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_turn_run_id"),
        sa.PrimaryKeyConstraint("run_id", "ordinal", name="pk_run_turn"),
    )


def _refer_older_runs_to_their_own() -> None:
    """Their digest stays empty: nothing is shared with them until it is stored anew."""
    op.execute(
        "INSERT INTO run_answer (run_id, incident_id, chunk, origin_run_id, digest) "
        "SELECT run_id, incident_id, 0, run_id, '' FROM run_result UNION "
        "SELECT run_id, incident_id, 0, run_id, '' FROM run_incident UNION "
        "SELECT run_id, incident_id, 0, run_id, '' FROM run_segment"
    )


def _place_findings() -> None:
    """By the opening of the incident in the run that observed it last, else by the observation's own time."""
    op.add_column(
        "finding",
        sa.Column(
            "placed_us",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds UTC: when its incident was opened, else its own earliest time, as observed last; null: neither",  # noqa: E501
        ),
    )
    op.execute(
        "UPDATE finding SET placed_us = COALESCE("
        "(SELECT opened_us FROM run_incident WHERE run_incident.run_id = finding.last_run_id "
        "AND run_incident.incident_id = finding.incident_id), "
        "(SELECT at_us FROM observation WHERE observation.run_id = finding.last_run_id "
        "AND observation.fingerprint = finding.fingerprint))"
    )
    op.create_index("ix_finding_placed_us", "finding", ["placed_us"])


def _guard_sqlite() -> None:
    for table in _OLDER:
        op.execute(f"DROP TRIGGER {table}_finished_update")
    for table in (*_OLDER, *_NEW):
        for verb, rows in (("insert", ("NEW",)), ("update", ("OLD", "NEW")), ("delete", ("OLD",))):
            if table in _OLDER and verb != "update":
                continue
            sealed = " OR ".join(f"(SELECT status FROM run WHERE run_id = {row}.run_id) <> 'running'" for row in rows)  # noqa: S608
            op.execute(
                f"CREATE TRIGGER {table}_finished_{verb} BEFORE {verb.upper()} ON {table} "
                f"WHEN {sealed} BEGIN SELECT RAISE(ABORT, 'a finished run is never changed'); END"
            )


def _guard_postgresql() -> None:
    """One look for all rows of a statement: a look for each row made COPY three times slower."""
    for event in ("insert", "update", "delete"):
        touched = {
            "insert": "SELECT run_id FROM added",
            "update": "SELECT run_id FROM added UNION SELECT run_id FROM removed",
            "delete": "SELECT run_id FROM removed",
        }[event]
        op.execute(
            f"CREATE FUNCTION bwc_refuse_finished_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ "  # noqa: S608
            "BEGIN "
            f"IF EXISTS (SELECT 1 FROM ({touched}) touched JOIN run ON run.run_id = touched.run_id "
            "WHERE run.status <> 'running') THEN RAISE EXCEPTION 'a finished run is never changed'; END IF; "
            "RETURN NULL; "
            "END $$"
        )
    for table in _OLDER:
        op.execute(f"DROP TRIGGER {table}_finished ON {table}")
    for table in (*_OLDER, *_NEW):
        for event, seen in (
            ("insert", "NEW TABLE AS added"),
            ("update", "NEW TABLE AS added OLD TABLE AS removed"),
            ("delete", "OLD TABLE AS removed"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_finished_{event} AFTER {event.upper()} ON {table} REFERENCING {seen} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION bwc_refuse_finished_{event}()"
            )
        if table in _NEW:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION bwc_refuse()"
            )
