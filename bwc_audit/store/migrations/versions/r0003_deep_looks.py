"""Deep looks leave pages of small pictures, the burned-in clock is kept as it was read, and there are more kinds of finding.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NEW_KINDS = {
    "'frozen_video', ": "'frozen_video', 'uniform_picture', 'blurred_view', 'corrupt_picture', ",
    "'audio_muted', ": "'audio_muted', 'audio_clipped', ",
}
_CHECK = "ck_finding_kind_known"


def upgrade() -> None:
    """Add the table of sheets and the columns of the clock, and let the new kinds in; nothing that is there changes."""
    op.create_table(
        "sheet",
        sa.Column("inspection_id", sa.Integer(), nullable=False, comment="inspection"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="place among the sheets, from 0"),
        sa.Column("start_us", sa.BigInteger(), nullable=False, comment="microseconds of media time"),
        sa.Column("end_us", sa.BigInteger(), nullable=False, comment="microseconds of media time"),
        sa.Column("seconds", sa.Integer(), nullable=False, comment="small pictures on it, one a second"),
        sa.Column("damaged", sa.Integer(), nullable=False, comment="seconds whose frames could not be decoded whole"),
        sa.Column("without_frame", sa.Integer(), nullable=False, comment="seconds that hold no frame"),
        sa.Column("not_looked_at", sa.Integer(), nullable=False, comment="seconds that were left out"),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False, comment="the page"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="hexadecimal over the page"),
        sa.CheckConstraint("ordinal >= 0", name="ck_sheet_ordinal_not_negative"),
        sa.CheckConstraint("seconds >= 0", name="ck_sheet_seconds_not_negative"),
        sa.CheckConstraint("end_us > start_us", name="ck_sheet_start_before_end"),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.inspection_id"], name="fk_sheet_inspection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("inspection_id", "ordinal", name="pk_sheet"),
    )
    op.add_column(
        "inspection_measures",
        sa.Column("readings", sa.JSON(), nullable=True, comment="burned-in clock, a reading each; null: not kept then"),
    )
    op.add_column(
        "inspection_measures",
        sa.Column(
            "clock_tried", sa.Integer(), nullable=True, comment="frames in which a clock was looked for; null: not kept then"
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        _widen_postgresql()
    else:
        _widen_sqlite()


def _widen_postgresql() -> None:
    op.drop_constraint(_CHECK, "finding", type_="check")
    op.create_check_constraint(_CHECK, "finding", f"kind IN ({_all_kinds()})")


def _widen_sqlite() -> None:
    """The documented way for a constraint that touches no row: the stored text of the table is changed."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    for old, new in _NEW_KINDS.items():
        connection.execute(
            sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'finding'"),
            {"old": old, "new": new},
        )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


def _all_kinds() -> str:
    kinds = (
        "no_footage late_activation early_deactivation recording_gap incident_uncovered short_buffer black_video "
        "obstructed_view frozen_video uniform_picture blurred_view corrupt_picture timestamp_gap audio_missing audio_muted "
        "audio_clipped decode_error object_missing metadata_missing truncated unreadable hash_mismatch duration_mismatch "
        "sequence_gap duplicate late_upload retention_risk clock_offset clock_jump clock_drift incident_id_missing "
        "incident_id_wrong category_missing"
    )
    return ", ".join(f"'{kind}'" for kind in kinds.split())
