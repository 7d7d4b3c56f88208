"""Each video says whether a segment of its source names it, so that those which none names are found without reading all.

Revision: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COMMENT = "a segment of the source names it"


def upgrade() -> None:
    """The mark from the rows as they are, a way to the videos without it, and one from a video to its segments."""
    op.create_index("ix_segment_object_key", "segment", ["object_key"])
    op.add_column(
        "video_object", sa.Column("is_named", sa.Boolean(), nullable=False, server_default=sa.false(), comment=_COMMENT)
    )
    named = "SELECT segment.object_key FROM segment JOIN source_file ON source_file.file_id = segment.file_id"
    is_same = "segment.object_key = video_object.object_key AND source_file.source = video_object.source"
    op.execute(f"UPDATE video_object SET is_named = (EXISTS ({named} WHERE {is_same}))")  # noqa: S608 - names in this file
    op.create_index(
        "ix_video_object_unnamed",
        "video_object",
        ["source", "object_key"],
        sqlite_where=sa.text("is_named = 0"),
        postgresql_where=sa.text("NOT is_named"),
    )
