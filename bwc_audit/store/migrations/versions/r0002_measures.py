"""What an inspection measured is kept beside its outcome, so that a changed limit decides anew without video.

Inspections of before keep no measures; the raised inspector version makes them be looked into once more.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DIGEST = "SHA-256 over what was asked for and how it was sampled; limits that judge are no part of it"


def upgrade() -> None:
    """Add the table of measures; nothing that is there changes."""
    op.create_table(
        "inspection_measures",
        sa.Column("inspection_id", sa.Integer(), nullable=False, comment="inspection"),
        sa.Column(
            "measures", sa.LargeBinary(), nullable=True, comment="all measures of the file, compressed; null: unreadable"
        ),
        sa.Column("requests", sa.BigInteger(), nullable=False, comment="ranged reads of the store"),
        sa.Column(
            "seconds_examined_us", sa.BigInteger(), nullable=False, comment="length of media time that the samples speak for"
        ),
        sa.Column("index_bytes", sa.BigInteger(), nullable=False, comment="bytes read for the index alone"),
        sa.CheckConstraint("index_bytes >= 0", name="ck_inspection_measures_index_bytes_not_negative"),
        sa.CheckConstraint("requests >= 0", name="ck_inspection_measures_requests_not_negative"),
        sa.CheckConstraint("seconds_examined_us >= 0", name="ck_inspection_measures_seconds_examined_us_not_negative"),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.inspection_id"], name="fk_inspection_measures_inspection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("inspection_id", name="pk_inspection_measures"),
    )
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("inspection", "plan_digest", comment=_DIGEST)
