"""Tables of people who use the application: accounts, sessions, sign-in attempts, tokens, views, and who looked at what.

No secret is stored: passwords as Argon2id hashes, sessions and tokens as SHA-256 of random 256-bit values.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from bwc_audit.domain.people import Right, Role
from bwc_audit.store.columns import Stored, claim, document, integer, not_negative, one_of, small, text


class AccountRow(Stored, table=True):
    """Somebody who may sign in; switched off rather than deleted, since the access log names them."""

    __tablename__ = "account"
    __table_args__: ClassVar[Any] = (
        one_of("role", Role),
        CheckConstraint("account_id <> ''", name="account_named"),
        CheckConstraint("role <> 'supervisor' OR unit IS NOT NULL", name="supervisor_has_unit"),
        CheckConstraint("password_hash IS NOT NULL OR subject IS NOT NULL", name="can_sign_in"),
        UniqueConstraint("subject", name="uq_account_subject"),
    )

    account_id: str = text("name to sign in with, lower case", primary_key=True)
    name: str = text("name shown to others")
    role: str = text("role")
    unit: str | None = text("unit whose officers a supervisor may see; null: not limited to one", default=None)
    password_hash: str | None = text("Argon2id, PHC string; null: signs in elsewhere", default=None)
    subject: str | None = text("OpenID Connect issuer and subject; null: a local account", default=None)
    is_active: bool = claim("may sign in")
    created_us: int = integer("microseconds UTC, clock of the audit")


class WebSessionRow(Stored, table=True):
    """One sign-in, until it ends or expires."""

    __tablename__ = "web_session"
    __table_args__: ClassVar[Any] = (Index(None, "account_id"), Index(None, "expires_us"))

    session_hash: str = text("SHA-256 of the secret in the cookie", primary_key=True)
    account_id: str = text("who", foreign_key="account.account_id")
    created_us: int = integer("microseconds UTC, clock of the audit")
    seen_us: int = integer("microseconds UTC: last request, to the minute")
    expires_us: int = integer("microseconds UTC: not valid from here on, whatever happens")
    ended_us: int | None = integer("microseconds UTC: signed out; null: not", default=None)


class SignInAttemptRow(Stored, table=True):
    """One attempt to sign in, for rate limits and lock-out."""

    __tablename__ = "sign_in_attempt"
    __table_args__: ClassVar[Any] = (Index(None, "account_id", "at_us"), Index(None, "address", "at_us"))

    attempt_id: int | None = small("own number", default=None, primary_key=True)
    account_id: str = text("name that was typed, lower case; need not exist")
    address: str = text("network address it came from")
    at_us: int = integer("microseconds UTC, clock of the audit")
    is_success: bool = claim("the password was right")


class ApiTokenRow(Stored, table=True):
    """A token for programs; acts for its account within its scopes."""

    __tablename__ = "api_token"
    __table_args__: ClassVar[Any] = (Index(None, "account_id"),)

    token_hash: str = text("SHA-256 of the token", primary_key=True)
    account_id: str = text("for whom it acts", foreign_key="account.account_id")
    name: str = text("what it is for")
    scopes: list[str] = document("rights it may use at most")
    created_us: int = integer("microseconds UTC, clock of the audit")
    expires_us: int = integer("microseconds UTC: not valid from here on")
    revoked_us: int | None = integer("microseconds UTC; null: not revoked", default=None)


class AccessEntryRow(Stored, table=True):
    """Somebody looked at a person's data or at footage, or changed something; only ever added."""

    __tablename__ = "access_entry"
    __table_args__: ClassVar[Any] = (
        one_of("used_right", Right),
        Index(None, "at_us"),
        Index(None, "account_id", "at_us"),
        Index(None, "subject_kind", "subject_id"),
    )

    entry_id: int | None = small("own number, ascending in order of arrival", default=None, primary_key=True)
    at_us: int = integer("microseconds UTC, clock of the audit")
    account_id: str = text("who")
    role: str = text("role at that time")
    used_right: str = text("right that was used")
    action: str = text("what was done: viewed, watched, exported, decided, …")
    subject_kind: str = text("incident, officer, unit, footage, findings, account, …")
    subject_id: str = text("which one; for a list, its filter in words")
    address: str = text("network address it came from")


class SavedViewRow(Stored, table=True):
    """A list with its filters, kept under a name by one account."""

    __tablename__ = "saved_view"
    __table_args__: ClassVar[Any] = (
        *not_negative("created_us"),
        UniqueConstraint("account_id", "page", "name", name="uq_saved_view_account_id_page_name"),
    )

    view_id: int | None = small("own number", default=None, primary_key=True)
    account_id: str = text("whose", foreign_key="account.account_id")
    page: str = text("which list: findings or incidents")
    name: str = text("name given to it")
    query: str = text("filters and order, as in the address of the page")
    created_us: int = integer("microseconds UTC, clock of the audit")
