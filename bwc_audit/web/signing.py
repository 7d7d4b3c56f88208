"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

from bwc_audit.audit.people import SignInRefused, begin_session, end_session, sign_in
from bwc_audit.audit.single_sign_on import Journey, Provider, account_of_claims, begin, claims_of, provider_of
from bwc_audit.web.cookies import (
    JOURNEY,
    SESSION,
    VISITOR,
    drop_cookie,
    journey_of,
    put_cookie,
    put_journey,
    session_secret,
)
from bwc_audit.web.guard import Form, NotThere, Pages, address_of
from bwc_audit.web.showing import shown
from bwc_audit.web.site import Site, site_of

pages = Pages()


@dataclass(frozen=True, slots=True)
class SignInPage:
    """``sign_in.html``. ``problem``: why the last attempt failed; ``name``: what was typed; ``next``: where to go then."""

    problem: str
    name: str
    next: str
    has_single_sign_on: bool


@pages.open("GET", "/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Any:
    """The form."""
    return shown(request, "sign_in.html", "Sign in", _page(site_of(request), "", "", _own_place(next)))


@pages.open("POST", "/sign-in")
def sign_in_now(request: Request, form: Form) -> Any:
    """Check name and password; the name stays typed where they are wrong."""
    site, name, place = site_of(request), form.get("name", ""), _own_place(form.get("next", "/"))
    try:
        _, secret = sign_in(site.engine, name, form.get("password", ""), address_of(request), site.now_us())
    except SignInRefused as refused:
        context = _page(site, str(refused), name[:64], place)
        return shown(request, "sign_in.html", "Sign in", context, status=429 if refused.is_locked else 401)
    response = RedirectResponse(place, 303)
    put_cookie(response, request, site, SESSION, secret)
    drop_cookie(response, VISITOR)
    return response


@pages.open("GET", "/sign-in/elsewhere")
def sign_in_elsewhere(request: Request, next: str = "/") -> Any:
    """Send the browser to the sign-in service."""
    site, provider = site_of(request), _provider(request)
    url, journey = begin(provider, _return_address(request))
    response = RedirectResponse(url, 303)
    put_journey(response, request, site, (journey.state, journey.nonce, journey.verifier, _own_place(next)))
    return response


@pages.open("GET", "/sign-in/elsewhere/back")
def back_from_elsewhere(request: Request, code: str = "", state: str = "") -> Any:
    """The browser comes back with a code: ask who it is, and begin a session."""
    site, provider, kept = site_of(request), _provider(request), journey_of(request, site_of(request))
    try:
        if kept is None:
            raise SignInRefused("This sign-in did not begin in this browser, or too long ago. Begin again.")
        journey, place = Journey(*kept[:3]), kept[3]
        claims = claims_of(provider, _return_address(request), journey, code, state)
        account = account_of_claims(site.engine, provider, claims, site.now_us())
    except SignInRefused as refused:
        response = shown(request, "sign_in.html", "Sign in", _page(site, str(refused), "", "/"), status=403)
        drop_cookie(response, JOURNEY)
        return response
    response = RedirectResponse(place, 303)
    put_cookie(response, request, site, SESSION, begin_session(site.engine, account, site.now_us()))
    drop_cookie(response, VISITOR)
    drop_cookie(response, JOURNEY)
    return response


def _provider(request: Request) -> Provider:
    provider = provider_of(site_of(request).audit.settings)
    if provider is None:
        raise NotThere
    return provider


def _return_address(request: Request) -> str:
    base = site_of(request).audit.settings.web_address or str(request.base_url)
    return f"{base.rstrip('/')}/sign-in/elsewhere/back"


def _page(site: Site, problem: str, name: str, place: str) -> SignInPage:
    return SignInPage(problem, name, place, provider_of(site.audit.settings) is not None)


@pages.open("POST", "/sign-out")
def sign_out(request: Request, form: Form) -> Any:
    """End the session, here and in the database."""
    site = site_of(request)
    if secret := session_secret(request, site):
        end_session(site.engine, secret, site.now_us())
    response = RedirectResponse("/sign-in", 303)
    drop_cookie(response, SESSION)
    return response


def _own_place(place: str) -> str:
    """A path of ours, whatever the address asked for: never another site."""
    is_ours = place.startswith("/") and not place.startswith(("//", "/\\")) and place.isprintable()
    return place if is_ours else "/"
