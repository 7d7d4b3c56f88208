"""Accounts, their sessions and tokens, and attempts to sign in. Secrets come in as hashes only; who may what is decided
elsewhere (``domain.people``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import and_, func, insert, or_, select, update
from sqlmodel import Session

from bwc_audit.domain.people import Role
from bwc_audit.errors import ConfigurationError
from bwc_audit.store.tables import AccountRow, ApiTokenRow, SignInAttemptRow, WebSessionRow, table_of


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. ``unit`` only for supervisors; ``subject``: OpenID Connect issuer and subject."""

    account_id: str
    name: str
    role: Role
    unit: str | None
    password_hash: str | None
    subject: str | None
    is_active: bool
    created_us: int


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token for programs, without its secret."""

    token_hash: str
    account_id: str
    name: str
    scopes: tuple[str, ...]
    created_us: int
    expires_us: int
    revoked_us: int | None = None

    @property
    def token_id(self) -> str:
        """Names the token without being of use to anybody who reads it."""
        return self.token_hash[:16]


def add_account(session: Session, account: Account) -> None:
    """Store a new account. Raises ``ConfigurationError`` where the name is taken."""
    if load_account(session, account.account_id) is not None:
        raise ConfigurationError(f"there is an account {account.account_id} already")
    session.connection().execute(insert(table_of(AccountRow)).values(asdict(account)))


def change_account(session: Session, account_id: str, **values: object) -> None:
    """Change columns of an account. Raises ``ConfigurationError`` where there is none of that name."""
    table = table_of(AccountRow)
    done = session.connection().execute(update(table).where(table.c.account_id == account_id).values(values))
    if not done.rowcount:
        raise ConfigurationError(f"there is no account {account_id}")


def load_account(session: Session, account_id: str) -> Account | None:
    """The account of that name; None where there is none."""
    return next(iter(_accounts(session, table_of(AccountRow).c.account_id == account_id)), None)


def account_of_subject(session: Session, subject: str) -> Account | None:
    """The account of somebody who signed in elsewhere; None where there is none."""
    return next(iter(_accounts(session, table_of(AccountRow).c.subject == subject)), None)


def load_accounts(session: Session) -> tuple[Account, ...]:
    """All accounts, by name."""
    return _accounts(session)


def _accounts(session: Session, *wanted: object) -> tuple[Account, ...]:
    table = table_of(AccountRow)
    query = select(table).where(*wanted).order_by(table.c.account_id)  # type: ignore[arg-type]
    rows = session.connection().execute(query).mappings()
    return tuple(Account(**{**row, "role": Role(row["role"])}) for row in rows)


def add_session(session: Session, session_hash: str, account_id: str, now_us: int, expires_us: int) -> None:
    """Store that somebody signed in."""
    session.connection().execute(
        insert(table_of(WebSessionRow)).values(
            session_hash=session_hash, account_id=account_id, created_us=now_us, seen_us=now_us, expires_us=expires_us
        )
    )


def account_of_session(session: Session, session_hash: str, now_us: int, idle_us: int) -> tuple[Account, int] | None:
    """(account, last request) of a session that is not over: ended, expired, idle too long, account switched off."""
    row, account = table_of(WebSessionRow).c, table_of(AccountRow).c
    query = select(row.account_id, row.seen_us).where(
        row.session_hash == session_hash,
        row.ended_us.is_(None),
        row.expires_us > now_us,
        row.seen_us > now_us - idle_us,
        account.account_id == row.account_id,
        account.is_active,
    )
    found = session.connection().execute(query).one_or_none()
    if found is None:
        return None
    owner = load_account(session, found.account_id)
    return None if owner is None else (owner, found.seen_us)


def touch_session(session: Session, session_hash: str, now_us: int) -> None:
    """Note that a session is in use."""
    table = table_of(WebSessionRow)
    session.connection().execute(update(table).where(table.c.session_hash == session_hash).values(seen_us=now_us))


def end_sessions(session: Session, now_us: int, *, session_hash: str | None = None, account_id: str | None = None) -> None:
    """End one session, or all of an account."""
    table = table_of(WebSessionRow)
    is_meant = or_(table.c.session_hash == session_hash, table.c.account_id == account_id)
    session.connection().execute(update(table).where(is_meant, table.c.ended_us.is_(None)).values(ended_us=now_us))


def add_attempt(session: Session, account_id: str, address: str, now_us: int, *, is_success: bool) -> None:
    """Note an attempt to sign in."""
    values = {"account_id": account_id, "address": address, "at_us": now_us, "is_success": is_success}
    session.connection().execute(insert(table_of(SignInAttemptRow)).values(values))


def failures_since(session: Session, since_us: int, account_id: str, address: str) -> tuple[int, int]:
    """(failed attempts in a row on this name since its last success, failed attempts from this address) since a moment."""
    table = table_of(SignInAttemptRow).c
    last = select(func.coalesce(func.max(table.at_us), 0)).where(table.account_id == account_id, table.is_success)
    since_success = session.connection().scalar(last) or 0
    failed = and_(table.at_us > since_us, ~table.is_success)
    of_account = select(func.count()).where(failed, table.account_id == account_id, table.at_us > since_success)
    of_address = select(func.count()).where(failed, table.address == address)
    return session.connection().scalar(of_account) or 0, session.connection().scalar(of_address) or 0


def add_token(session: Session, token: ApiToken) -> None:
    """Store a token for programs."""
    session.connection().execute(insert(table_of(ApiTokenRow)).values({**asdict(token), "scopes": list(token.scopes)}))


def revoke_token(session: Session, token_hash: str, now_us: int) -> None:
    """Take a token back."""
    table = table_of(ApiTokenRow)
    session.connection().execute(update(table).where(table.c.token_hash == token_hash).values(revoked_us=now_us))


def load_tokens(session: Session, account_id: str | None = None) -> tuple[ApiToken, ...]:
    """All tokens (of one account), newest first."""
    table = table_of(ApiTokenRow)
    query = select(table).order_by(table.c.created_us.desc())
    return _tokens(session, query if account_id is None else query.where(table.c.account_id == account_id))


def account_of_token(session: Session, token_hash: str, now_us: int) -> tuple[Account, tuple[str, ...]] | None:
    """(account, scopes) of a token in force, whose account is active."""
    table = table_of(ApiTokenRow)
    found = _tokens(session, select(table).where(table.c.token_hash == token_hash))
    if not found or found[0].revoked_us is not None or found[0].expires_us <= now_us:
        return None
    owner = load_account(session, found[0].account_id)
    return (owner, found[0].scopes) if owner is not None and owner.is_active else None


def _tokens(session: Session, query: object) -> tuple[ApiToken, ...]:
    rows: Sequence[dict[str, object]] = [dict(row) for row in session.connection().execute(query).mappings()]  # type: ignore[call-overload]
    return tuple(ApiToken(**{**row, "scopes": tuple(row["scopes"])}) for row in rows)  # type: ignore[arg-type]
