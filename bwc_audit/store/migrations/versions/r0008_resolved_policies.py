"""Each result and each finding names the policy that its assignment was judged by, and a result the rules that exempt it.

Revision: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_POLICY = "what it was judged by, id/version@hash; null: "
_COLUMNS = (
    ("run_result", "policy", sa.Text, _POLICY + "stated by the run alone"),
    ("run_result", "exempted_by", sa.JSON, "codes of the policy's rules that cut time; null: not kept then"),
    ("observation", "policy", sa.Text, _POLICY + "the run's own"),
)


def upgrade() -> None:
    """Rows of earlier runs keep null: they were all judged by the policy of their run."""
    for table, column, kind, comment in _COLUMNS:
        op.add_column(table, sa.Column(column, kind(), nullable=True, comment=comment))
