"""Findings carry what lists filter and sort by, as observed last: a page of a million needs no look at their content.

Revision: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("severity", sa.Text, "low, medium or high, as observed last; null: not kept then"),
    ("is_borderline", sa.Boolean, "margin within the uncertainty, as observed last; null: not kept then"),
    ("unit", sa.Text, "the officer's unit when observed last; null: not known"),
    ("call_type", sa.Text, "of its incident when observed last; null: not known"),
    ("said_run_id", sa.Text, "run whose observation has the content of the last one; null: not kept then"),
)
_SAID = (
    "COALESCE((SELECT origin_run_id FROM repeated_observation WHERE repeated_observation.run_id = finding.last_run_id "
    "AND repeated_observation.fingerprint = finding.fingerprint), last_run_id)"
)
_CONTENT = (
    "(SELECT {column} FROM observation WHERE observation.run_id = finding.said_run_id "
    "AND observation.fingerprint = finding.fingerprint)"
)
_ORIGIN = (
    "run_answer WHERE run_answer.run_id = finding.last_run_id AND run_answer.incident_id = finding.incident_id "
    "AND {table}.run_id = run_answer.origin_run_id AND {table}.incident_id = finding.incident_id"
)


def upgrade() -> None:
    """Add the columns, fill them from what the last run of each finding said, and index them."""
    for name, kind, comment in _COLUMNS:
        op.add_column("finding", sa.Column(name, kind(), nullable=True, comment=comment))
    op.execute(f"UPDATE finding SET said_run_id = {_SAID}")  # noqa: S608
    op.execute(
        f"UPDATE finding SET severity = {_CONTENT.format(column='severity')}, "  # noqa: S608
        f"is_borderline = {_CONTENT.format(column='is_borderline')}"
    )
    op.execute(
        "UPDATE finding SET call_type = (SELECT run_incident.call_type FROM run_incident, "  # noqa: S608
        f"{_ORIGIN.format(table='run_incident')}), unit = (SELECT run_result.unit FROM run_result, "
        f"{_ORIGIN.format(table='run_result')} AND run_result.officer_id = finding.officer_id)"
    )
    op.drop_index("ix_finding_placed_us", table_name="finding")
    op.create_index("ix_finding_placed_us_fingerprint", "finding", ["placed_us", "fingerprint"])
    for name in ("kind", "officer_id", "unit"):
        op.create_index(f"ix_finding_{name}_placed_us", "finding", [name, "placed_us"])
