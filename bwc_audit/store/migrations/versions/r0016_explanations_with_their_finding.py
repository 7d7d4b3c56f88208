"""Explanations stand in the observation that they explain: a row each was a fifth of all rows of a year, and nobody reads
them singly.

Revision: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_COMMENT = "how an absence could have come about: kind, what speaks for it and what against it, in order"
_OF_IT = "explanation.run_id = observation.run_id AND explanation.fingerprint = observation.fingerprint"


def upgrade() -> None:
    """Gather the rows of each observation into one document, and drop their table."""
    op.add_column("observation", sa.Column("explanations", sa.JSON(), nullable=False, server_default="[]", comment=_COMMENT))
    if op.get_bind().dialect.name == "postgresql":
        _gather_postgresql()
    else:
        _gather_sqlite()
    op.drop_table("explanation")


def _gather_postgresql() -> None:
    op.execute("ALTER TABLE observation DISABLE TRIGGER observation_finished_update")
    op.execute(
        "UPDATE observation SET explanations = found.document FROM (SELECT run_id, fingerprint, "
        "json_agg(json_build_array(kind, speaks_for, speaks_against) ORDER BY ordinal) AS document "
        "FROM explanation GROUP BY run_id, fingerprint) found "
        "WHERE found.run_id = observation.run_id AND found.fingerprint = observation.fingerprint"
    )
    op.execute("ALTER TABLE observation ENABLE TRIGGER observation_finished_update")


def _gather_sqlite() -> None:
    connection = op.get_bind()
    guard = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE name = 'observation_finished_update'"
    ).scalar_one()
    op.execute("DROP TRIGGER observation_finished_update")
    op.execute(
        "UPDATE observation SET explanations = (SELECT json_group_array(json(document)) FROM (SELECT "  # noqa: S608
        "json_array(kind, json(speaks_for), json(speaks_against)) AS document FROM explanation "
        f"WHERE {_OF_IT} ORDER BY ordinal)) WHERE EXISTS (SELECT 1 FROM explanation WHERE {_OF_IT})"
    )
    connection.exec_driver_sql(guard)
