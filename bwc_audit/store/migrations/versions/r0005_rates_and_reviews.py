"""Rates are stored with their run; review samples are drawn and reviewed.

Revision: 0005
"""
# ruff: noqa: S608 (statements made of the names in this file)

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OF_A_RUN = ("run_rates", "run_rate_group", "run_rate", "run_noise")
_KEPT = {"review_sample": ("sample_id",), "review_frame": ("sample_id", "incident_id"), "review": ("review_id",)}


def upgrade() -> None:
    """Add the tables and their guards; nothing that is there changes. Earlier runs have no stored rates."""
    _create_reviews()
    _create_rates()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_reviews() -> None:
    op.create_table(
        "review_sample",
        sa.Column("sample_id", sa.Text(), nullable=False, comment="RS- and the first 12 digits of the digest"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run whose incidents are the frame"),
        sa.Column("frame", sa.Text(), nullable=False, comment="all, covered or findings: which incidents of the run"),
        sa.Column(
            "strata_by", sa.JSON(), nullable=False, comment="fields that make the strata, in order; none: one stratum"
        ),
        sa.Column("allocation", sa.Text(), nullable=False, comment="proportional, neyman or equal"),
        sa.Column("seed", sa.Text(), nullable=False, comment="any text"),
        sa.Column(
            "width",
            sa.Double(),
            nullable=True,
            comment="wanted width of the 95 % interval, 0..1; null: a size was asked for",
        ),
        sa.Column(
            "expected",
            sa.Double(),
            nullable=True,
            comment="share the width was worked out for, 0..1; null: a size was asked for",
        ),
        sa.Column("algorithm", sa.Text(), nullable=False, comment="how picks are made"),
        sa.Column("frame_size", sa.BigInteger(), nullable=False, comment="incidents in the frame"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="incidents drawn"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 over frame, strata, seed and picks"),
        sa.Column("drawn_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.Column("drawn_by", sa.Text(), nullable=False, comment="who drew it"),
        sa.CheckConstraint("allocation IN ('proportional', 'neyman', 'equal')", name="ck_review_sample_allocation_known"),
        sa.CheckConstraint("frame IN ('all', 'covered', 'findings')", name="ck_review_sample_frame_known"),
        sa.CheckConstraint("frame_size >= 0", name="ck_review_sample_frame_size_not_negative"),
        sa.CheckConstraint("size <= frame_size", name="ck_review_sample_size_within_frame"),
        sa.CheckConstraint("size >= 0", name="ck_review_sample_size_not_negative"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_review_sample_run_id"),
        sa.PrimaryKeyConstraint("sample_id", name="pk_review_sample"),
    )
    op.create_table(
        "review_frame",
        sa.Column("sample_id", sa.Text(), nullable=False, comment="sample"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="incident"),
        sa.Column("stratum", sa.Text(), nullable=False, comment="stratum; empty: there is only one"),
        sa.Column(
            "pick",
            sa.Integer(),
            nullable=True,
            comment="place among those drawn, from 0, the order to review in; null: not drawn",
        ),
        sa.CheckConstraint("pick >= 0", name="ck_review_frame_pick_not_negative"),
        sa.ForeignKeyConstraint(["sample_id"], ["review_sample.sample_id"], name="fk_review_frame_sample_id"),
        sa.PrimaryKeyConstraint("sample_id", "incident_id", name="pk_review_frame"),
    )
    op.create_index("ix_review_frame_sample_id_pick", "review_frame", ["sample_id", "pick"], unique=False)
    op.create_table(
        "review",
        sa.Column("review_id", sa.Integer(), nullable=False, comment="own number, ascending in order of arrival"),
        sa.Column("sample_id", sa.Text(), nullable=False, comment="sample"),
        sa.Column("incident_id", sa.Text(), nullable=False, comment="incident drawn"),
        sa.Column("fingerprint", sa.Text(), nullable=True, comment="finding judged; null: the incident has none"),
        sa.Column("verdict", sa.Text(), nullable=False, comment="confirmed, noise, nothing_missed, missed or cannot_tell"),
        sa.Column("kind", sa.Text(), nullable=True, comment="kind of the finding judged, or that was missed; null: none"),
        sa.Column("comment", sa.Text(), nullable=False, comment="the reviewer's words; empty: none"),
        sa.Column("reviewer", sa.Text(), nullable=False, comment="who looked"),
        sa.Column("at_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.CheckConstraint("reviewer <> ''", name="ck_review_reviewer_named"),
        sa.CheckConstraint("verdict <> 'missed' OR kind IS NOT NULL", name="ck_review_missed_kind_named"),
        sa.CheckConstraint(
            "verdict IN ('confirmed', 'noise', 'nothing_missed', 'missed', 'cannot_tell')", name="ck_review_verdict_known"
        ),
        sa.CheckConstraint(
            "verdict NOT IN ('confirmed', 'noise') OR fingerprint IS NOT NULL", name="ck_review_finding_named"
        ),
        sa.CheckConstraint(
            "verdict NOT IN ('missed', 'nothing_missed') OR fingerprint IS NULL", name="ck_review_no_finding_named"
        ),
        sa.ForeignKeyConstraint(
            ["sample_id", "incident_id"],
            ["review_frame.sample_id", "review_frame.incident_id"],
            name="fk_review_sample_id_incident_id",
        ),
        sa.PrimaryKeyConstraint("review_id", name="pk_review"),
    )
    op.create_index("ix_review_sample_id_incident_id", "review", ["sample_id", "incident_id"], unique=False)


def _create_rates() -> None:
    op.create_index("ix_review_sample_run_id", "review_sample", ["run_id"], unique=False)
    op.create_table(
        "run_rate_group",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("dimension", sa.Text(), nullable=False, comment="all, officer, unit, call_type, shift or month"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the groups of the dimension, from 0"),
        sa.Column("group_key", sa.Text(), nullable=False, comment="key of the group"),
        sa.Column("assignments", sa.BigInteger(), nullable=False, comment="all of them"),
        sa.Column(
            "decided", sa.BigInteger(), nullable=False, comment="covered or with findings: the denominator of counted rates"
        ),
        sa.Column("pending", sa.BigInteger(), nullable=False, comment="sources not complete at the time"),
        sa.Column("undetermined", sa.BigInteger(), nullable=False, comment="unknown: nothing could be said"),
        sa.Column("waterfall", sa.JSON(), nullable=False, comment="[bucket, assignments] in the fixed order, with zeros"),
        sa.CheckConstraint("assignments >= 0", name="ck_run_rate_group_assignments_not_negative"),
        sa.CheckConstraint("decided >= 0", name="ck_run_rate_group_decided_not_negative"),
        sa.CheckConstraint("ordinal >= 0", name="ck_run_rate_group_ordinal_not_negative"),
        sa.CheckConstraint("pending >= 0", name="ck_run_rate_group_pending_not_negative"),
        sa.CheckConstraint("undetermined >= 0", name="ck_run_rate_group_undetermined_not_negative"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_rate_group_run_id"),
        sa.PrimaryKeyConstraint("run_id", "dimension", "ordinal", name="pk_run_rate_group"),
    )
    op.create_table(
        "run_rates",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("zone", sa.Text(), nullable=False, comment="IANA zone in which shifts and months begin"),
        sa.Column(
            "shifts", sa.JSON(), nullable=False, comment="[minutes after local midnight, label] of each shift, ascending"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_rates_run_id"),
        sa.PrimaryKeyConstraint("run_id", name="pk_run_rates"),
    )
    op.create_table(
        "run_noise",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("kind", sa.Text(), nullable=False, comment="kind of finding"),
        sa.Column("sample_id", sa.Text(), nullable=False, comment="review sample that it rests on"),
        sa.Column("reviewed", sa.BigInteger(), nullable=False, comment="findings of the kind judged"),
        sa.Column("noise", sa.BigInteger(), nullable=False, comment="of these: measured fact wrong"),
        sa.Column("cannot_tell", sa.BigInteger(), nullable=False, comment="of these: cannot be told"),
        sa.Column(
            "share", sa.Double(), nullable=True, comment="noise rate, weighted by strata, 0..1; null: none could be told"
        ),
        sa.Column("low", sa.Double(), nullable=True, comment="lower end of the 95 % interval; null: none"),
        sa.Column("high", sa.Double(), nullable=True, comment="upper end of the 95 % interval; null: none"),
        sa.CheckConstraint("cannot_tell >= 0", name="ck_run_noise_cannot_tell_not_negative"),
        sa.CheckConstraint("low >= 0 AND high <= 1 AND low <= high", name="ck_run_noise_interval_is_one"),
        sa.CheckConstraint("noise >= 0", name="ck_run_noise_noise_not_negative"),
        sa.CheckConstraint("reviewed >= 0", name="ck_run_noise_reviewed_not_negative"),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_run_noise_run_id"),
        sa.ForeignKeyConstraint(["sample_id"], ["review_sample.sample_id"], name="fk_run_noise_sample_id"),
        sa.PrimaryKeyConstraint("run_id", "kind", name="pk_run_noise"),
    )
    op.create_table(
        "run_rate",
        sa.Column("run_id", sa.Text(), nullable=False, comment="audit run"),
        sa.Column("dimension", sa.Text(), nullable=False, comment="as in the group"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="as in the group"),
        sa.Column("rate", sa.Text(), nullable=False, comment="name of the rate"),
        sa.Column("place", sa.Integer(), nullable=False, comment="place among the rates of the group, from 0"),
        sa.Column("unit", sa.Text(), nullable=False, comment="assignments or seconds: what k and n count"),
        sa.Column("k", sa.Double(), nullable=False, comment="part"),
        sa.Column("n", sa.Double(), nullable=False, comment="whole; 0: there is no rate"),
        sa.Column("interval_method", sa.Text(), nullable=True, comment="wilson or cluster; null: no interval"),
        sa.Column("low", sa.Double(), nullable=True, comment="lower end of the 95 % interval; null: none"),
        sa.Column("high", sa.Double(), nullable=True, comment="upper end of the 95 % interval; null: none"),
        sa.Column(
            "band_low", sa.Double(), nullable=True, comment="pending and unknown counted all bad; null: none in scope"
        ),
        sa.Column(
            "band_high", sa.Double(), nullable=True, comment="pending and unknown counted all good; null: none in scope"
        ),
        sa.CheckConstraint("(interval_method IS NULL) = (low IS NULL)", name="ck_run_rate_interval_named"),
        sa.CheckConstraint("k <= n", name="ck_run_rate_part_of_whole"),
        sa.CheckConstraint("k >= 0", name="ck_run_rate_k_not_negative"),
        sa.CheckConstraint("low >= 0 AND high <= 1 AND low <= high", name="ck_run_rate_interval_is_one"),
        sa.CheckConstraint("n >= 0", name="ck_run_rate_n_not_negative"),
        sa.CheckConstraint("place >= 0", name="ck_run_rate_place_not_negative"),
        sa.ForeignKeyConstraint(
            ["run_id", "dimension", "ordinal"],
            ["run_rate_group.run_id", "run_rate_group.dimension", "run_rate_group.ordinal"],
            name="fk_run_rate_run_id_dimension_ordinal",
        ),
        sa.PrimaryKeyConstraint("run_id", "dimension", "ordinal", "rate", name="pk_run_rate"),
    )


def _guard_sqlite() -> None:
    for table, key in _KEPT.items():
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} rows are never changed or deleted'); END"
            )
        # INSERT OR REPLACE deletes without asking the trigger above.
        is_same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {is_same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} rows are never replaced'); END"
        )
    for table in _OF_A_RUN:
        for verb, row in (("insert", "NEW"), ("update", "OLD"), ("delete", "OLD")):
            op.execute(
                f"CREATE TRIGGER {table}_finished_{verb} BEFORE {verb.upper()} ON {table} "
                f"WHEN (SELECT status FROM run WHERE run_id = {row}.run_id) <> 'running' "
                "BEGIN SELECT RAISE(ABORT, 'a finished run is never changed'); END"
            )


def _guard_postgresql() -> None:
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION bwc_refuse()"
        )
    for table in _OF_A_RUN:
        op.execute(
            f"CREATE TRIGGER {table}_finished BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION bwc_refuse_finished()"
        )
    for table in (*_KEPT, *_OF_A_RUN):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION bwc_refuse()"
        )
