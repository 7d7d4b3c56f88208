"""Accounts and signing in: passwords, sessions, lock-out, tokens. The only place that sees a password.

Passwords are kept as Argon2id (RFC 9106, the library's defaults). Sessions and tokens are random 256-bit values of which
only a SHA-256 is stored. Whoever fails too often waits: by name, so that a password cannot be guessed, and by address, so
that names cannot be tried. A wrong name costs the same time as a wrong password.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine

from bwc_audit.domain.people import RIGHTS, Person, Right, Role
from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US
from bwc_audit.errors import BwcAuditError, ConfigurationError
from bwc_audit.store import people
from bwc_audit.store.database import reading, writing
from bwc_audit.store.people import Account, ApiToken

#: A session ends after this time without a request, and after this time whatever happens.
IDLE_US, LONGEST_US = 30 * MINUTE_US, 12 * HOUR_US
#: Failed attempts within ``_FAILURE_WINDOW_US`` after which a name, or an address, waits.
MOST_FAILURES, MOST_FAILURES_OF_ADDRESS, FAILURE_WINDOW_US = 5, 20, 15 * MINUTE_US
SHORTEST_PASSWORD = 12
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class SignInRefused(BwcAuditError):  # noqa: N818  # what happened, not a fault
    """The name or password is wrong, or there were too many attempts (``is_locked``)."""

    def __init__(self, text: str, *, is_locked: bool = False) -> None:
        super().__init__(text)
        self.is_locked = is_locked


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    return _hasher().hash(secrets.token_hex(16))


def hash_of(secret: str) -> str:
    """What is stored of a random secret: SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_account(
    engine: Engine,
    account_id: str,
    role: Role,
    now_us: int,
    *,
    name: str = "",
    unit: str | None = None,
    password: str | None = None,
    subject: str | None = None,
) -> Account:
    """Make an account that signs in by password, or elsewhere by ``subject``. Raises ``ConfigurationError``."""
    account_id = account_id.strip().lower()
    if not _NAME.fullmatch(account_id):
        raise ConfigurationError("an account's name has 1 to 64 of a-z 0-9 . _ @ - and begins with a letter or digit")
    if (role is Role.SUPERVISOR) != (unit is not None and unit.strip() != ""):
        raise ConfigurationError("a supervisor needs a unit (--unit), and nobody else has one")
    if password is None and subject is None:
        raise ConfigurationError("an account needs a password, or a subject to sign in with elsewhere")
    hashed = None if password is None else _hash(password)
    account = Account(account_id, name.strip() or account_id, role, unit, hashed, subject, True, now_us)
    with writing(engine) as session:
        people.add_account(session, account)
    return account


def set_password(engine: Engine, account_id: str, password: str, now_us: int) -> None:
    """Give an account another password and end its sessions. Raises ``ConfigurationError``."""
    hashed = _hash(password)
    with writing(engine) as session:
        people.change_account(session, account_id, password_hash=hashed)
        people.end_sessions(session, now_us, account_id=account_id)


def switch_account(engine: Engine, account_id: str, now_us: int, *, is_active: bool) -> None:
    """Let an account sign in, or no longer; its sessions end. Raises ``ConfigurationError``."""
    with writing(engine) as session:
        people.change_account(session, account_id, is_active=is_active)
        people.end_sessions(session, now_us, account_id=account_id)


def _hash(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigurationError(f"a password has at least {SHORTEST_PASSWORD} characters")
    if len(password) > 1024:
        raise ConfigurationError("a password has at most 1024 characters")
    return _hasher().hash(password)


def sign_in(engine: Engine, account_id: str, password: str, address: str, now_us: int) -> tuple[Account, str]:
    """Check a password and begin a session; returns the account and the session's secret. Raises ``SignInRefused``."""
    account_id = account_id.strip().lower()[:64]
    with reading(engine) as session:
        of_account, of_address = people.failures_since(session, now_us - FAILURE_WINDOW_US, account_id, address)
        account = people.load_account(session, account_id)
    if of_account >= MOST_FAILURES or of_address >= MOST_FAILURES_OF_ADDRESS:
        raise SignInRefused("Too many attempts. Try again in 15 minutes.", is_locked=True)
    is_right = _is_password(account, password[:1025])
    with writing(engine) as session:
        people.add_attempt(session, account_id, address, now_us, is_success=is_right)
    if account is None or not is_right:
        raise SignInRefused("Name or password is not right.")
    return account, begin_session(engine, account, now_us)


def _is_password(account: Account | None, password: str) -> bool:
    usable = account is not None and account.is_active and account.password_hash is not None
    kept = account.password_hash if account is not None and usable and account.password_hash else _decoy()
    try:
        return _hasher().verify(kept, password) and usable
    except (VerificationError, InvalidHashError):
        return False


def begin_session(engine: Engine, account: Account, now_us: int) -> str:
    """Begin a session of somebody who has been recognised; returns its secret."""
    secret = secrets.token_urlsafe(32)
    with writing(engine) as session:
        people.add_session(session, hash_of(secret), account.account_id, now_us, now_us + LONGEST_US)
    return secret


def person_of_session(engine: Engine, secret: str, now_us: int) -> Person | None:
    """Who a session belongs to; None where it is over. Its last use is kept to the minute."""
    with reading(engine) as session:
        found = people.account_of_session(session, hash_of(secret), now_us, IDLE_US)
    if found is None:
        return None
    account, seen_us = found
    if now_us - seen_us >= MINUTE_US:
        with writing(engine) as session:
            people.touch_session(session, hash_of(secret), now_us)
    return person_of(account)


def end_session(engine: Engine, secret: str, now_us: int) -> None:
    """Sign out."""
    with writing(engine) as session:
        people.end_sessions(session, now_us, session_hash=hash_of(secret))


def person_of(account: Account) -> Person:
    """The account as somebody who asks."""
    return Person(account.account_id, account.name, account.role, account.unit)


def make_token(
    engine: Engine, account_id: str, name: str, scopes: frozenset[Right], days: int, now_us: int
) -> tuple[ApiToken, str]:
    """Make a token for programs; returns it with its secret, which is shown this once. Raises ``ConfigurationError``."""
    with reading(engine) as session:
        account = people.load_account(session, account_id)
    if account is None or not account.is_active:
        raise ConfigurationError(f"there is no active account {account_id}")
    if not scopes or not scopes <= RIGHTS[account.role]:
        raise ConfigurationError(f"scopes are among: {', '.join(sorted(RIGHTS[account.role]))}")
    if not name.strip() or not 1 <= days <= 366:
        raise ConfigurationError("a token needs a name, and lasts 1 to 366 days")
    secret = f"bwc_{secrets.token_urlsafe(32)}"
    ordered = tuple(sorted(scopes))
    token = ApiToken(hash_of(secret), account_id, name.strip(), ordered, now_us, now_us + days * DAY_US)
    with writing(engine) as session:
        people.add_token(session, token)
    return token, secret


def revoke_own_token(engine: Engine, account_id: str, token_id: str, now_us: int) -> ApiToken | None:
    """Take back one of an account's own tokens; returns it, None where the account has none of that id in force."""
    with writing(engine) as session:
        for token in people.load_tokens(session, account_id):
            if token.token_id == token_id and token.revoked_us is None:
                people.revoke_token(session, token.token_hash, now_us)
                return token
    return None


def person_of_token(engine: Engine, secret: str, now_us: int) -> Person | None:
    """For whom a token acts, limited to its scopes; None where it is not in force."""
    with reading(engine) as session:
        found = people.account_of_token(session, hash_of(secret), now_us)
    if found is None:
        return None
    account, scopes = found
    return replace(person_of(account), scopes=frozenset(Right(scope) for scope in scopes))
