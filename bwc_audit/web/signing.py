"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

from bwc_audit.audit.people import SignInRefused, end_session, sign_in
from bwc_audit.web.cookies import SESSION, VISITOR, drop_cookie, put_cookie, session_secret
from bwc_audit.web.guard import Form, Pages, address_of
from bwc_audit.web.showing import shown
from bwc_audit.web.site import site_of

pages = Pages()


@dataclass(frozen=True, slots=True)
class SignInPage:
    """``sign_in.html``. ``problem``: why the last attempt failed; ``name``: what was typed; ``next``: where to go then."""

    problem: str
    name: str
    next: str


@pages.open("GET", "/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Any:
    """The form."""
    return shown(request, "sign_in.html", "Sign in", SignInPage("", "", _own_place(next)))


@pages.open("POST", "/sign-in")
def sign_in_now(request: Request, form: Form) -> Any:
    """Check name and password; the name stays typed where they are wrong."""
    site, name, place = site_of(request), form.get("name", ""), _own_place(form.get("next", "/"))
    try:
        _, secret = sign_in(site.engine, name, form.get("password", ""), address_of(request), site.now_us())
    except SignInRefused as refused:
        context = SignInPage(str(refused), name[:64], place)
        return shown(request, "sign_in.html", "Sign in", context, status=429 if refused.is_locked else 401)
    response = RedirectResponse(place, 303)
    put_cookie(response, request, site, SESSION, secret)
    drop_cookie(response, VISITOR)
    return response


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
