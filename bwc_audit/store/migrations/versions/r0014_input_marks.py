"""The hash over all files and videos of a source is kept while none of them changes, in place of being worked out each time.

Revision: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_INPUTS = "SHA-256 over files and videos; empty: they changed since, or it was never worked out"


def upgrade() -> None:
    """A row for each source that is known; the next run of a source works its hashes out and keeps them."""
    op.create_table(
        "input_mark",
        sa.Column("source", sa.Text(), nullable=False, comment="source URI, without credentials"),
        sa.Column("inputs_hash", sa.Text(), nullable=False, comment=_INPUTS),
        sa.Column("readings_hash", sa.Text(), nullable=False, comment="as inputs_hash, over when each file was read too"),
        sa.PrimaryKeyConstraint("source", name="pk_input_mark"),
    )
    op.execute(
        "INSERT INTO input_mark (source, inputs_hash, readings_hash) SELECT source, '', '' FROM "
        "(SELECT source FROM source_file UNION SELECT source FROM video_object) known"
    )
