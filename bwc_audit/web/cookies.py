"""The two cookies, and what proves that a form came from our own page.

The session cookie holds a random secret, signed so that guesses never reach the database. A form carries a digest of that
secret under the site's key (of a visitor's cookie where nobody is signed in yet); another site can neither read nor make it.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from fastapi import Request, Response
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from bwc_audit.audit.people import LONGEST_US
from bwc_audit.domain.times import SECOND_US
from bwc_audit.web.site import Site

SESSION, VISITOR, JOURNEY = "bwc_session", "bwc_visitor", "bwc_journey"
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
_LONGEST_S = LONGEST_US // SECOND_US
_JOURNEY_S = 600


def session_secret(request: Request, site: Site) -> str | None:
    """The secret in the session cookie; None where there is none, or none of ours."""
    return _unsigned(request, site, SESSION)


def visitor_secret(request: Request, site: Site) -> str | None:
    """The secret in the cookie of a visitor who has not signed in."""
    return _unsigned(request, site, VISITOR)


def new_secret() -> str:
    """A random value for a visitor's cookie."""
    return secrets.token_urlsafe(24)


def put_cookie(response: Response, request: Request, site: Site, name: str, secret: str) -> None:
    """Set a cookie: signed, out of reach of scripts, sent by our own pages only, and over HTTPS only where we speak it."""
    response.set_cookie(
        name,
        TimestampSigner(site.key, salt=name).sign(secret).decode(),
        max_age=_LONGEST_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


def drop_cookie(response: Response, name: str) -> None:
    """Forget a cookie."""
    response.delete_cookie(name, path="/", httponly=True, samesite="lax")


def put_journey(response: Response, request: Request, site: Site, kept: tuple[str, str, str, str]) -> None:
    """Keep what must come back from the sign-in service: state, nonce, verifier, and where to go then; for ten minutes."""
    response.set_cookie(
        JOURNEY,
        URLSafeTimedSerializer(site.key, salt=JOURNEY).dumps(kept),
        max_age=_JOURNEY_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


def journey_of(request: Request, site: Site) -> tuple[str, str, str, str] | None:
    """What was kept; None where nothing was, or too long ago."""
    try:
        kept = URLSafeTimedSerializer(site.key, salt=JOURNEY).loads(request.cookies.get(JOURNEY, ""), max_age=_JOURNEY_S)
    except BadSignature:
        return None
    state, nonce, verifier, place = kept
    return state, nonce, verifier, place


def form_proof(site: Site, secret: str) -> str:
    """What a form of a page shown under this cookie must carry."""
    return hmac.new(site.key.encode(), b"form " + secret.encode(), sha256).hexdigest()


def is_own_form(request: Request, site: Site, proof: str) -> bool:
    """Whether a form, or a script's request, came from a page that we showed to this browser."""
    secret = session_secret(request, site) or visitor_secret(request, site)
    given = proof or request.headers.get(CSRF_HEADER, "")
    return secret is not None and hmac.compare_digest(form_proof(site, secret).encode(), given.encode())


def _unsigned(request: Request, site: Site, name: str) -> str | None:
    try:
        signed = request.cookies.get(name, "")
        return TimestampSigner(site.key, salt=name).unsign(signed, max_age=_LONGEST_S).decode()
    except (BadSignature, UnicodeDecodeError):
        return None
