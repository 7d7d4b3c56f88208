"""One more explanation of an absence: the clock in a recording's picture contradicts its metadata.

Revision: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CHECK = "ck_explanation_kind_known"
_OLD, _NEW = "'video_without_metadata')", "'video_without_metadata', 'clock_contradiction')"
_KINDS = (
    "tagged_elsewhere unassigned_device other_officer pending_upload device_off deleted never_arrived no_camera "
    "video_without_metadata clock_contradiction"
)


def upgrade() -> None:
    """Let the new kind in; nothing that is there changes."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(_CHECK, "explanation", type_="check")
        op.create_check_constraint(_CHECK, "explanation", "kind IN ({})".format(", ".join(f"'{k}'" for k in _KINDS.split())))
    else:
        _widen_sqlite()


def _widen_sqlite() -> None:
    """The documented way for a constraint that touches no row: the stored text of the table is changed."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'explanation'"),
        {"old": _OLD, "new": _NEW},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
