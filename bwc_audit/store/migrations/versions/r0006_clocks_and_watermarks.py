"""What a run knew beside its results: clocks of cameras, watermarks of the sources, what waits and what expires.

Revision: 0006
"""
# ruff: noqa: S608 (statements made of the names in this file)

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = ("run_clock", "run_watermark", "run_waiting", "run_expiring")
_WATERMARKS = "'cad', 'footage', 'device_footage', 'device_log'"


def upgrade() -> None:
    """Four tables, guarded like all of a run, and ways to recordings by upload and to calls by arrival."""
    _create_clock()
    _create_watermark()
    _create_waiting()
    _create_expiring()
    op.create_index("ix_segment_uploaded_us", "segment", ["uploaded_us"])
    op.create_index("ix_assignment_on_scene_us", "assignment", ["on_scene_us"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_clock() -> None:
    op.create_table(
        "run_clock",
        _text("run_id", "audit run"),
        _text("device_id", "camera"),
        _big("start_us", "microseconds by the camera's own clock, included"),
        _big("end_us", "microseconds by the camera's own clock, excluded"),
        _big("offset_us", "metadata minus true time, as the anchors say"),
        _big("spread_us", "median distance of the anchors from it"),
        _big("uncertainty_us", "how exactly anchors of this kind can tell"),
        _small("anchors", "anchors that support it"),
        _small("against", "anchors that do not"),
        sa.Column("kinds", sa.JSON(), nullable=False, comment="kinds of anchor that support it"),
        _text("confidence", "agreed: it was applied; doubtful: nothing was moved by it"),
        _text("why", "why it was applied, or was not"),
        _big("at_least_us", "how far the clock was ahead at least, since recordings end after their upload; 0: not known"),
        sa.CheckConstraint("confidence IN ('agreed', 'doubtful')", name="ck_run_clock_confidence_known"),
        sa.CheckConstraint("end_us > start_us", name="ck_run_clock_end_us_after_start_us"),
        *(
            sa.CheckConstraint(f"{name} >= 0", name=f"ck_run_clock_{name}_not_negative")
            for name in ("spread_us", "uncertainty_us", "anchors", "against", "at_least_us")
        ),
        *_of_a_run("run_clock", "device_id", "start_us"),
    )


def _create_watermark() -> None:
    op.create_table(
        "run_watermark",
        _text("run_id", "audit run"),
        _small("ordinal", "place among the watermarks of the run, from 0"),
        _text("kind", "cad, footage, device_footage or device_log"),
        _text("device_id", "camera; null: the source as a whole", nullable=True),
        _big("until_us", "microseconds UTC; null: nothing at all was read", nullable=True),
        sa.CheckConstraint(f"kind IN ({_WATERMARKS})", name="ck_run_watermark_kind_known"),
        *_of_a_run("run_watermark", "ordinal"),
    )


def _create_waiting() -> None:
    op.create_table(
        "run_waiting",
        _text("run_id", "audit run"),
        _text("incident_id", "incident"),
        _text("officer_id", "officer, as resolved"),
        _text("reason", "what it waits for"),
        _big("ripens_us", "microseconds UTC; null: depends on a delivery", nullable=True),
        *_of_a_run("run_waiting", "incident_id", "officer_id"),
    )


def _create_expiring() -> None:
    op.create_table(
        "run_expiring",
        _text("run_id", "audit run"),
        _small("ordinal", "place among them, from 0; the soonest first"),
        _text("footage_id", "segment"),
        _big("until_us", "microseconds UTC: from then on it may be deleted"),
        _text("matter", "kind of finding, or outcome and reason of an assignment"),
        _text("incident_id", "null: concerns no incident", nullable=True),
        _text("officer_id", "null: concerns no officer", nullable=True),
        _text("finding_id", "short public id; null: an assignment", nullable=True),
        sa.CheckConstraint("ordinal >= 0", name="ck_run_expiring_ordinal_not_negative"),
        *_of_a_run("run_expiring", "ordinal"),
    )


def _of_a_run(table: str, *key: str) -> tuple[Any, ...]:
    return (
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name=f"fk_{table}_run_id"),
        sa.PrimaryKeyConstraint("run_id", *key, name=f"pk_{table}"),
    )


def _text(name: str, comment: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


def _big(name: str, comment: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable, comment=comment)


def _small(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False, comment=comment)


def _guard_sqlite() -> None:
    for table in _TABLES:
        for verb, row in (("insert", "NEW"), ("update", "OLD"), ("delete", "OLD")):
            op.execute(
                f"CREATE TRIGGER {table}_finished_{verb} BEFORE {verb.upper()} ON {table} "
                f"WHEN (SELECT status FROM run WHERE run_id = {row}.run_id) <> 'running' "
                "BEGIN SELECT RAISE(ABORT, 'a finished run is never changed'); END"
            )


def _guard_postgresql() -> None:
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_finished BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION bwc_refuse_finished()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION bwc_refuse()"
        )
