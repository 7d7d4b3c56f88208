"""A finding's dispositions become entries with places: decisions, second reviews, responses, and what was taken back.

What was stored is a decision each, in the order of arrival. Rows of this table are never changed, so it is made anew.

Revision: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OLD = "disposition_id, fingerprint, decision, reason_code, comment, reviewer, at_us"


def upgrade() -> None:
    """Set the old table aside, fill the new one from it, and put the guards on again."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    _drop_guards(is_postgresql)
    op.drop_index("ix_disposition_fingerprint", table_name="disposition")
    op.rename_table("disposition", "disposition_before")
    if is_postgresql:
        for name in ("pk_disposition", "fk_disposition_fingerprint"):
            op.execute(f"ALTER TABLE disposition_before RENAME CONSTRAINT {name} TO {name}_before")
        op.execute("ALTER SEQUENCE disposition_disposition_id_seq RENAME TO disposition_before_id_seq")
    _create()
    op.execute(
        f"INSERT INTO disposition ({_OLD}, kind, place) SELECT {_OLD}, 'decision', "  # noqa: S608
        "ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY disposition_id) FROM disposition_before"
    )
    op.drop_table("disposition_before")
    if is_postgresql:
        op.execute(
            "SELECT setval(pg_get_serial_sequence('disposition', 'disposition_id'), "
            "COALESCE((SELECT MAX(disposition_id) FROM disposition), 0) + 1, false)"
        )
    _guard(is_postgresql)


def _create() -> None:
    op.create_table(
        "disposition",
        sa.Column("disposition_id", sa.Integer(), nullable=False, comment="own number, ascending in order of arrival"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="finding"),
        sa.Column(
            "decision",
            sa.Text(),
            nullable=False,
            comment="what was decided; agrees or disagrees; else the kind of entry",
        ),
        sa.Column("reason_code", sa.Text(), nullable=True, comment="code of the reason; null: none given"),
        sa.Column("comment", sa.Text(), nullable=False, comment="their words; empty: none"),
        sa.Column("reviewer", sa.Text(), nullable=False, comment="who said it"),
        sa.Column("at_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.Column("kind", sa.Text(), nullable=False, comment="decision, second_review, response or undo"),
        sa.Column("place", sa.Integer(), nullable=False, comment="place among the entries of the finding, from 1"),
        sa.Column(
            "undoes",
            sa.Integer(),
            nullable=True,
            comment="place of the entry it takes back; null: it takes none back",
        ),
        sa.CheckConstraint("decision <> ''", name="ck_disposition_decision_given"),
        sa.CheckConstraint("reviewer <> ''", name="ck_disposition_reviewer_named"),
        sa.CheckConstraint("place >= 1", name="ck_disposition_place_from_one"),
        sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="ck_disposition_undo_names_an_entry"),
        sa.CheckConstraint("kind IN ('decision', 'second_review', 'response', 'undo')", name="ck_disposition_kind_known"),
        sa.ForeignKeyConstraint(["fingerprint"], ["finding.fingerprint"], name="fk_disposition_fingerprint"),
        sa.PrimaryKeyConstraint("disposition_id", name="pk_disposition"),
    )
    op.create_index("ix_disposition_fingerprint", "disposition", ["fingerprint"])
    op.create_index("uq_disposition_fingerprint_place", "disposition", ["fingerprint", "place"], unique=True)


def _drop_guards(is_postgresql: bool) -> None:
    if is_postgresql:
        for name in ("kept", "no_truncate"):
            op.execute(f"DROP TRIGGER disposition_{name} ON disposition")
    else:
        for name in ("delete", "replace", "update"):
            op.execute(f"DROP TRIGGER disposition_no_{name}")


def _guard(is_postgresql: bool) -> None:
    if is_postgresql:
        op.execute(
            "CREATE TRIGGER disposition_kept BEFORE UPDATE OR DELETE ON disposition "
            "FOR EACH ROW EXECUTE FUNCTION bwc_refuse()"
        )
        op.execute(
            "CREATE TRIGGER disposition_no_truncate BEFORE TRUNCATE ON disposition "
            "FOR EACH STATEMENT EXECUTE FUNCTION bwc_refuse()"
        )
        return
    for verb in ("update", "delete"):
        word = "changed" if verb == "update" else "deleted"
        op.execute(
            f"CREATE TRIGGER disposition_no_{verb} BEFORE {verb.upper()} ON disposition "
            f"BEGIN SELECT RAISE(ABORT, 'disposition rows are never {word}'); END"
        )
    # INSERT OR REPLACE deletes without asking the triggers above.
    op.execute(
        "CREATE TRIGGER disposition_no_replace BEFORE INSERT ON disposition "
        "WHEN EXISTS (SELECT 1 FROM disposition WHERE disposition_id = NEW.disposition_id) "
        "BEGIN SELECT RAISE(ABORT, 'disposition rows are never replaced'); END"
    )
    op.execute(
        "CREATE TRIGGER disposition_no_second BEFORE INSERT ON disposition "
        "WHEN EXISTS (SELECT 1 FROM disposition WHERE fingerprint = NEW.fingerprint AND place = NEW.place) "
        "BEGIN SELECT RAISE(ABORT, 'disposition rows are never replaced: the place on this fingerprint is taken'); END"
    )
