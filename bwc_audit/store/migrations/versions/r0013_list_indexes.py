"""Indexes by which lists of findings go gravest first, and find the call types that occur, without reading every finding.

Revision: 0013
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_index("ix_finding_call_type_placed_us", "finding", ["call_type", "placed_us"])
    op.create_index("ix_finding_severity_placed_us_fingerprint", "finding", ["severity", "placed_us", "fingerprint"])
