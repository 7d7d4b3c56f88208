"""People who use the application: accounts, sessions, attempts to sign in, tokens, saved views, and who looked at what.

Entries of the access log are only ever added; the database refuses to change them.

Revision: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_RIGHTS = (
    "'summary', 'findings', 'watch', 'decide', 'respond', 'rerun', 'runs', 'people', 'policies', 'compare', 'export', "
    "'access_log', 'accounts'"
)


def upgrade() -> None:
    """Add the tables and the guards of the access log."""
    _create_account()
    _create_web_session()
    _create_sign_in_attempt()
    _create_api_token()
    _create_access_entry()
    _create_saved_view()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.Text(), nullable=False, comment="name to sign in with, lower case"),
        sa.Column("name", sa.Text(), nullable=False, comment="name shown to others"),
        sa.Column("role", sa.Text(), nullable=False, comment="role"),
        sa.Column(
            "unit", sa.Text(), nullable=True, comment="unit whose officers a supervisor may see; null: not limited to one"
        ),
        sa.Column("password_hash", sa.Text(), nullable=True, comment="Argon2id, PHC string; null: signs in elsewhere"),
        sa.Column("subject", sa.Text(), nullable=True, comment="OpenID Connect issuer and subject; null: a local account"),
        sa.Column("is_active", sa.Boolean(), nullable=False, comment="may sign in"),
        sa.Column("created_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.CheckConstraint("account_id <> ''", name="ck_account_account_named"),
        sa.CheckConstraint("role <> 'supervisor' OR unit IS NOT NULL", name="ck_account_supervisor_has_unit"),
        sa.CheckConstraint(
            "role IN ('reviewer', 'auditor', 'accountability_officer', 'supervisor', 'administrator', 'public')",
            name="ck_account_role_known",
        ),
        sa.CheckConstraint("password_hash IS NOT NULL OR subject IS NOT NULL", name="ck_account_can_sign_in"),
        sa.PrimaryKeyConstraint("account_id", name="pk_account"),
        sa.UniqueConstraint("subject", name="uq_account_subject"),
    )


def _create_web_session() -> None:
    op.create_table(
        "web_session",
        sa.Column("session_hash", sa.Text(), nullable=False, comment="SHA-256 of the secret in the cookie"),
        sa.Column("account_id", sa.Text(), nullable=False, comment="who"),
        sa.Column("created_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.Column("seen_us", sa.BigInteger(), nullable=False, comment="microseconds UTC: last request, to the minute"),
        sa.Column(
            "expires_us",
            sa.BigInteger(),
            nullable=False,
            comment="microseconds UTC: not valid from here on, whatever happens",
        ),
        sa.Column("ended_us", sa.BigInteger(), nullable=True, comment="microseconds UTC: signed out; null: not"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_web_session_account_id"),
        sa.PrimaryKeyConstraint("session_hash", name="pk_web_session"),
    )
    op.create_index("ix_web_session_account_id", "web_session", ["account_id"])
    op.create_index("ix_web_session_expires_us", "web_session", ["expires_us"])


def _create_sign_in_attempt() -> None:
    op.create_table(
        "sign_in_attempt",
        sa.Column("attempt_id", sa.Integer(), nullable=False, comment="own number"),
        sa.Column("account_id", sa.Text(), nullable=False, comment="name that was typed, lower case; need not exist"),
        sa.Column("address", sa.Text(), nullable=False, comment="network address it came from"),
        sa.Column("at_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.Column("is_success", sa.Boolean(), nullable=False, comment="the password was right"),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_sign_in_attempt"),
    )
    op.create_index("ix_sign_in_attempt_account_id_at_us", "sign_in_attempt", ["account_id", "at_us"])
    op.create_index("ix_sign_in_attempt_address_at_us", "sign_in_attempt", ["address", "at_us"])


def _create_api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("token_hash", sa.Text(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("account_id", sa.Text(), nullable=False, comment="for whom it acts"),
        sa.Column("name", sa.Text(), nullable=False, comment="what it is for"),
        sa.Column("scopes", sa.JSON(), nullable=False, comment="rights it may use at most"),
        sa.Column("created_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.Column("expires_us", sa.BigInteger(), nullable=False, comment="microseconds UTC: not valid from here on"),
        sa.Column("revoked_us", sa.BigInteger(), nullable=True, comment="microseconds UTC; null: not revoked"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_api_token_account_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_api_token"),
    )
    op.create_index("ix_api_token_account_id", "api_token", ["account_id"])


def _create_access_entry() -> None:
    op.create_table(
        "access_entry",
        sa.Column("entry_id", sa.Integer(), nullable=False, comment="own number, ascending in order of arrival"),
        sa.Column("at_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.Column("account_id", sa.Text(), nullable=False, comment="who"),
        sa.Column("role", sa.Text(), nullable=False, comment="role at that time"),
        sa.Column("used_right", sa.Text(), nullable=False, comment="right that was used"),
        sa.Column("action", sa.Text(), nullable=False, comment="what was done: viewed, watched, exported, decided, …"),
        sa.Column(
            "subject_kind", sa.Text(), nullable=False, comment="incident, officer, unit, footage, findings, account, …"
        ),
        sa.Column("subject_id", sa.Text(), nullable=False, comment="which one; for a list, its filter in words"),
        sa.Column("address", sa.Text(), nullable=False, comment="network address it came from"),
        sa.CheckConstraint(
            f"used_right IN ({_RIGHTS})",
            name="ck_access_entry_used_right_known",
        ),
        sa.PrimaryKeyConstraint("entry_id", name="pk_access_entry"),
    )
    op.create_index("ix_access_entry_account_id_at_us", "access_entry", ["account_id", "at_us"])
    op.create_index("ix_access_entry_at_us", "access_entry", ["at_us"])
    op.create_index("ix_access_entry_subject_kind_subject_id", "access_entry", ["subject_kind", "subject_id"])


def _create_saved_view() -> None:
    op.create_table(
        "saved_view",
        sa.Column("view_id", sa.Integer(), nullable=False, comment="own number"),
        sa.Column("account_id", sa.Text(), nullable=False, comment="whose"),
        sa.Column("page", sa.Text(), nullable=False, comment="which list: findings or incidents"),
        sa.Column("name", sa.Text(), nullable=False, comment="name given to it"),
        sa.Column("query", sa.Text(), nullable=False, comment="filters and order, as in the address of the page"),
        sa.Column("created_us", sa.BigInteger(), nullable=False, comment="microseconds UTC, clock of the audit"),
        sa.CheckConstraint("created_us >= 0", name="ck_saved_view_created_us_not_negative"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_saved_view_account_id"),
        sa.PrimaryKeyConstraint("view_id", name="pk_saved_view"),
        sa.UniqueConstraint("account_id", "page", "name", name="uq_saved_view_account_id_page_name"),
    )


def _guard_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER access_entry_no_{verb.lower()} BEFORE {verb} ON access_entry "
            "BEGIN SELECT RAISE(ABORT, 'access_entry rows are never changed or deleted'); END"
        )
    # INSERT OR REPLACE deletes without asking the trigger above.
    op.execute(
        "CREATE TRIGGER access_entry_no_replace BEFORE INSERT ON access_entry "
        "WHEN EXISTS (SELECT 1 FROM access_entry WHERE entry_id = NEW.entry_id) "
        "BEGIN SELECT RAISE(ABORT, 'access_entry rows are never replaced'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE TRIGGER access_entry_kept BEFORE UPDATE OR DELETE ON access_entry FOR EACH ROW EXECUTE FUNCTION bwc_refuse()"
    )
    op.execute(
        "CREATE TRIGGER access_entry_no_truncate BEFORE TRUNCATE ON access_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION bwc_refuse()"
    )
