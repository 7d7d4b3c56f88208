"""Indexes by which the rows of a few cameras are found in a stretch of time: one incident asks for some of thousands.

Revision: 0017
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_index("ix_segment_device_id_media_started_us", "segment", ["device_id", "media_started_us"])
    op.create_index("ix_device_event_device_id_at_us", "device_event", ["device_id", "at_us"])
