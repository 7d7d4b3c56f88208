"""Who is asking, whether they may, and the record that they did. Every route names the right it needs; none means refused.

A page answers a stranger with the sign-in page, and somebody without the right with 403, whether or not what they asked for
exists. The API knows tokens only, so that a page of another site cannot use a browser's session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from bwc_audit.audit.people import person_of_session, person_of_token
from bwc_audit.domain.people import NOBODY, RIGHTS, Person, Right, Role
from bwc_audit.domain.times import MINUTE_US
from bwc_audit.store.access_log import Access, append_access, last_access_us
from bwc_audit.store.database import reading, writing
from bwc_audit.web.cookies import CSRF_FIELD, is_own_form, session_secret
from bwc_audit.web.site import Site, site_of

_AGAIN_US = 10 * MINUTE_US
_FORM_LIMIT = 1_000_000


class NotSignedIn(Exception):  # noqa: N818  # what is so, not a fault
    """Nobody is signed in, or the token is not in force."""


class Forbidden(Exception):  # noqa: N818
    """Somebody asked for what their role may not."""


class NotThere(Exception):  # noqa: N818
    """What was asked for is not there, or not for them to know of."""


class ForeignForm(Exception):  # noqa: N818
    """A form that did not come from our own page, or from one that is too old."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and from where."""

    person: Person
    site: Site
    address: str

    def must(self, right: Right) -> None:
        """Raises ``Forbidden`` where the role has not this right."""
        if not self.person.may(right):
            raise Forbidden

    def note(self, right: Right, action: str, subject_kind: str, subject_id: str, *, once: bool = False) -> None:
        """Record in the access log. ``once``: not again within ten minutes, for what a browser asks piece by piece."""
        now_us, who = self.site.now_us(), self.person.account_id
        if once:
            with reading(self.site.engine) as session:
                last_us = last_access_us(session, who, action, subject_kind, subject_id)
            if last_us is not None and now_us - last_us < _AGAIN_US:
                return
        entry = Access(now_us, who, self.person.role, right, action, subject_kind, subject_id, self.address)
        with writing(self.site.engine) as session:
            append_access(session, entry)


def address_of(request: Request) -> str:
    """The network address a request came from; that of the proxy's client where uvicorn was told to trust it."""
    return request.client.host if request.client else "unknown"


def who_asks(request: Request) -> Person:
    """The person of the session cookie; the public where nobody is signed in and the site is open to it; else nobody."""
    site = site_of(request)
    secret = session_secret(request, site)
    person = person_of_session(site.engine, secret, site.now_us()) if secret else None
    if person is not None:
        return person
    return Person("", "the public", Role.PUBLIC) if site.audit.settings.web_public else NOBODY


def needs(right: Right | None) -> Callable[[Request], Visitor]:
    """A dependency: the visitor, who has this right (None: anybody who is signed in)."""

    def visitor(request: Request) -> Visitor:
        person = who_asks(request)
        if not person.account_id and (right is None or not person.may(right)):
            raise NotSignedIn
        asked = Visitor(person, site_of(request), address_of(request))
        if right is not None:
            asked.must(right)
        request.state.visitor = asked
        return asked

    return visitor


def needs_token(right: Right) -> Callable[[Request], Visitor]:
    """A dependency of the API: for whom the bearer token acts, with this right among its scopes."""

    def visitor(request: Request) -> Visitor:
        site = site_of(request)
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        person = person_of_token(site.engine, secret.strip(), site.now_us()) if scheme.lower() == "bearer" else None
        if person is None:
            raise NotSignedIn
        asked = Visitor(person, site, address_of(request))
        asked.must(right)
        return asked

    return visitor


async def own_form(request: Request) -> dict[str, str]:
    """The fields of a posted form, files left out; a field given twice counts as given last. Raises ``ForeignForm``."""
    if int(request.headers.get("content-length") or 0) > _FORM_LIMIT:
        raise ForeignForm
    async with request.form(max_files=0, max_fields=200) as form:
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    if not is_own_form(request, site_of(request), fields.pop(CSRF_FIELD, "")):
        raise ForeignForm
    return fields


Form = Annotated[dict[str, str], Depends(own_form)]


class Pages(APIRouter):
    """Routes that say who may use them. ``get`` and ``post`` of the parent class are not to be used."""

    def __init__(self) -> None:
        super().__init__()
        self.access: dict[tuple[str, str], Right | str | None] = {}

    def page(self, path: str, right: Right | None) -> Callable[[Any], Any]:
        """A page to read. ``right`` None: whoever is signed in."""
        return self._route("GET", path, right)

    def action(self, path: str, right: Right | None) -> Callable[[Any], Any]:
        """What a form does."""
        return self._route("POST", path, right)

    def stream(self, path: str, right: Right) -> Callable[[Any], Any]:
        """What a player reads piece by piece: GET, and HEAD for its head alone."""

        def both(handler: Any) -> Any:
            return self._route("HEAD", path, right)(self._route("GET", path, right)(handler))

        return both

    def open(self, method: str, path: str) -> Callable[[Any], Any]:
        """For everybody, signed in or not: signing in itself, and the public's page."""
        self.access[method, path] = "open"
        return self.api_route(path, methods=[method], include_in_schema=False, response_model=None)

    def _route(self, method: str, path: str, right: Right | None) -> Callable[[Any], Any]:
        self.access[method, path] = right
        guard = [Depends(needs(right))]
        return self.api_route(path, methods=[method], dependencies=guard, include_in_schema=False, response_model=None)


def visitor_of(request: Request) -> Visitor:
    """The visitor whom the route's guard let in; a dependency of routes."""
    visitor: Visitor = request.state.visitor
    return visitor


Asking = Annotated[Visitor, Depends(visitor_of)]


def roles_with(right: Right | None) -> frozenset[Role]:
    """The roles that have a right; all of them for None."""
    return frozenset(role for role in Role if right is None or right in RIGHTS[role])
