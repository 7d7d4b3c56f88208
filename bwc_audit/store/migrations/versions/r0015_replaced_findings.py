"""A finding whose fact is stated under another clause of the policy is replaced, which is not the same as resolved.

What older runs said stays as it was: their rows are never changed, so theirs say *resolved*, with the new finding as cause.

Revision: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATES = ("open", "resolved")
_CHANGES = ("appeared", "changed", "unchanged", "resolved", "reopened")
_NEW_CHANGES = ("appeared", "changed", "unchanged", "resolved", "replaced", "reopened")
_OBSERVING = ("observation", "repeated_observation")


def upgrade() -> None:
    """Let the new state and change in, together only; nothing that is there changes."""
    if op.get_bind().dialect.name == "postgresql":
        _widen_postgresql()
    else:
        _widen_sqlite()


def _is_one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _same(word: str) -> str:
    return f"(change = '{word}') = (state = '{word}')"


def _widen_postgresql() -> None:
    for table in ("finding", *_OBSERVING):
        _check(table, "state_known", _is_one_of("state", (*_STATES, "replaced")))
        when = "as observed last" if table == "finding" else "as of this run"
        op.alter_column(table, "state", comment=f"open, resolved or replaced, {when}")
    for table in _OBSERVING:
        _check(table, "change_known", _is_one_of("change", _NEW_CHANGES))
        op.create_check_constraint(f"ck_{table}_replaced_is_replaced", table, _same("replaced"))


def _check(table: str, name: str, rule: str) -> None:
    op.drop_constraint(f"ck_{table}_{name}", table, type_="check")
    op.create_check_constraint(f"ck_{table}_{name}", table, rule)


def _widen_sqlite() -> None:
    """The documented way for constraints that touch no row: the stored text of the tables is changed."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    for table in ("finding", *_OBSERVING):
        _replace(table, _is_one_of("state", _STATES), _is_one_of("state", (*_STATES, "replaced")))
    for table in _OBSERVING:
        _replace(table, _is_one_of("change", _CHANGES), _is_one_of("change", _NEW_CHANGES))
        rule = f"CHECK ({_same('resolved')})"
        added = f"CONSTRAINT ck_{table}_replaced_is_replaced CHECK ({_same('replaced')})"
        _replace(table, rule, f"{rule}, {added}")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


def _replace(table: str, old: str, new: str) -> None:
    op.get_bind().execute(
        sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :table"),
        {"old": old, "new": new, "table": table},
    )
