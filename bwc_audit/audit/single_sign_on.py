"""Signing in elsewhere: OpenID Connect, authorization code with PKCE. Who signed in is told by the provider; what they may,
by an account here, or by a claim that names a role.

Checked of the answer: the state that we sent, the signature of the id token by the provider's published keys, issuer,
audience, time and nonce (OpenID Connect Core 1.0, section 3.1.3.7). Spoken to over HTTPS only, or here.
"""

from __future__ import annotations

import re
import secrets
import time
import warnings
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.integrations.base_client.errors import OAuthError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Engine

from bwc_audit.audit import people
from bwc_audit.audit.people import SignInRefused
from bwc_audit.config import Settings
from bwc_audit.domain.people import Role
from bwc_audit.errors import BwcAuditError, ConfigurationError
from bwc_audit.store.database import reading
from bwc_audit.store.people import Account, account_of_subject, load_account

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have httpx's successor, which Prefect does not know yet
    from authlib.integrations.httpx_client import OAuth2Client

_TIMEOUT_S = 10.0
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_LEEWAY_S = 60
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._@-]+")


class ProviderError(BwcAuditError):
    """The provider could not be reached, or answered what it must not."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of the provider. ``role_claim`` empty: only accounts that are here already may sign in."""

    issuer: str
    client_id: str
    client_secret: str
    role_claim: str
    unit_claim: str


@dataclass(frozen=True, slots=True)
class Journey:
    """What must come back unchanged: kept in the browser, signed, until it does."""

    state: str
    nonce: str
    verifier: str


def provider_of(settings: Settings) -> Provider | None:
    """The provider of the settings; None where none is set. Raises ``ConfigurationError`` for half a one."""
    if not settings.oidc_issuer:
        return None
    parts = urlsplit(settings.oidc_issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigurationError("oidc_issuer: HTTPS is needed, except on this machine itself")
    if not settings.oidc_client_id or settings.oidc_client_secret is None:
        raise ConfigurationError("oidc_issuer needs oidc_client_id and oidc_client_secret beside it")
    return Provider(
        settings.oidc_issuer.rstrip("/"),
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        settings.oidc_role_claim,
        settings.oidc_unit_claim,
    )


def begin(provider: Provider, redirect_uri: str) -> tuple[str, Journey]:
    """(where to send the browser, what must come back). Raises ``ProviderError``."""
    journey = Journey(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))
    with _client(provider, redirect_uri) as client:
        url, _ = client.create_authorization_url(
            _metadata(provider)["authorization_endpoint"],
            state=journey.state,
            nonce=journey.nonce,
            code_verifier=journey.verifier,
        )
    return str(url), journey


def claims_of(provider: Provider, redirect_uri: str, journey: Journey, code: str, state: str) -> dict[str, Any]:
    """The verified claims about who signed in. Raises ``SignInRefused`` and ``ProviderError``."""
    if not code or not secrets.compare_digest(state.encode(), journey.state.encode()):
        raise SignInRefused("This sign-in did not begin in this browser, or too long ago. Begin again.")
    known = _metadata(provider)
    try:
        with _client(provider, redirect_uri) as client:
            answer = client.fetch_token(known["token_endpoint"], code=code, code_verifier=journey.verifier)
            keys = KeySet.import_key_set(_json(known["jwks_uri"]))
        claims = jwt.decode(answer["id_token"], keys, algorithms=_ALGORITHMS).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": known["issuer"]},
            aud={"essential": True, "value": provider.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": journey.nonce},
        )
        registry.validate(claims)
    except (OAuthError, JoseError, KeyError, ValueError) as error:
        raise SignInRefused("The answer of the sign-in service is not valid. Begin again.") from error
    except httpx.HTTPError as error:
        raise ProviderError("the sign-in service cannot be reached") from error
    return dict(claims)


def account_of_claims(engine: Engine, provider: Provider, claims: dict[str, Any], now_us: int) -> Account:
    """The account of who signed in; made where a claim names a role. Raises ``SignInRefused`` for whom nobody knows."""
    subject = f"{claims['iss']} {claims['sub']}"
    with reading(engine) as session:
        account = account_of_subject(session, subject)
    if account is None:
        account = _made(engine, provider, claims, subject, now_us)
    if not account.is_active:
        raise SignInRefused("This account is switched off. Ask an administrator.")
    return account


def _made(engine: Engine, provider: Provider, claims: dict[str, Any], subject: str, now_us: int) -> Account:
    role = _role(claims.get(provider.role_claim)) if provider.role_claim else None
    if role is None:
        raise SignInRefused("You are known to the sign-in service, but not here. Ask an administrator.")
    unit = str(claims.get(provider.unit_claim, "")).strip() if provider.unit_claim else ""
    wanted = str(claims.get("preferred_username") or claims.get("email") or claims["sub"]).lower()
    name = _NOT_IN_A_NAME.sub("-", wanted).strip("-._@")[:60] or "account"
    with reading(engine) as session:
        is_taken = load_account(session, name) is not None
    if is_taken:  # a local account of that name is somebody else's
        name = f"{name}-{secrets.token_hex(2)}"
    try:
        return people.add_account(
            engine,
            name,
            role,
            now_us,
            name=str(claims.get("name") or wanted)[:200],
            unit=(unit or None) if role is Role.SUPERVISOR else None,
            subject=subject,
        )
    except ConfigurationError as error:
        raise SignInRefused(f"Your account cannot be made: {error}.") from error


def _role(claimed: Any) -> Role | None:
    """The role that a claim names, the first of several that is one."""
    for value in claimed if isinstance(claimed, list) else [claimed]:
        if isinstance(value, str) and value in set(Role):
            return Role(value)
    return None


def _client(provider: Provider, redirect_uri: str) -> OAuth2Client:
    return OAuth2Client(
        provider.client_id,
        provider.client_secret,
        redirect_uri=redirect_uri,
        scope="openid profile email",
        code_challenge_method="S256",
        timeout=_TIMEOUT_S,
        follow_redirects=False,
    )


def _metadata(provider: Provider) -> dict[str, str]:
    found: dict[str, str] = _json(f"{provider.issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != provider.issuer:
        raise ProviderError("the sign-in service names another issuer than the setting")
    return found


def _json(address: str) -> Any:
    try:
        answer = httpx.get(address, timeout=_TIMEOUT_S, follow_redirects=False)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderError("the sign-in service cannot be reached") from error
