"""The page of the API: what it offers, how a token is made, and one's own tokens, to be taken back here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

from bwc_audit.audit import people
from bwc_audit.domain.people import RIGHTS, Right
from bwc_audit.store.database import reading
from bwc_audit.store.people import ApiToken, load_tokens
from bwc_audit.web.guard import Asking, Form, NotThere, Pages, Visitor
from bwc_audit.web.showing import When, shown, when

pages = Pages()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing to ask the API. ``parameters``: what may be given in the address."""

    method: str
    path: str
    summary: str
    parameters: str


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One token. ``state``: in force, expired or revoked; ``token_id`` names it in the form, and is not its secret."""

    token_id: str
    name: str
    scopes: str
    made: When
    ends: When
    state: str
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class ApiPage:
    """``api.html``. ``scopes``: those that a token of this account may have."""

    account_id: str
    endpoints: tuple[Endpoint, ...]
    tokens: tuple[TokenLine, ...]
    scopes: tuple[str, ...]


@pages.page("/api", None)
def about(request: Request, asking: Asking) -> Any:
    """The page."""
    person, now_us = asking.person, asking.site.now_us()
    with reading(asking.site.engine) as session:
        found = load_tokens(session, person.account_id)
    context = ApiPage(
        account_id=person.account_id,
        endpoints=_endpoints(request.app.openapi()),
        tokens=tuple(_line(asking, one, now_us) for one in found),
        scopes=tuple(sorted(RIGHTS[person.role])),
    )
    return shown(request, "api.html", "API", context)


@pages.action("/tokens/revoke", None)
def revoke(asking: Asking, form: Form) -> Any:
    """Take back one of one's own tokens."""
    revoked = people.revoke_own_token(
        asking.site.engine, asking.person.account_id, form.get("token", ""), asking.site.now_us()
    )
    if revoked is None:
        raise NotThere
    asking.note(Right.SUMMARY, "revoked", "token", revoked.token_id)
    return RedirectResponse("/api?done=The+token+no+longer+works.", 303)


def _line(asking: Visitor, one: ApiToken, now_us: int) -> TokenLine:
    is_over = one.expires_us <= now_us
    state = "revoked" if one.revoked_us is not None else "expired" if is_over else "in force"
    scopes = ", ".join(scope.replace("_", " ") for scope in one.scopes)
    made, ends = when(one.created_us, asking.site), when(one.expires_us, asking.site)
    return TokenLine(one.token_id, one.name, scopes, made, ends, state, state == "in force")


def _endpoints(description: dict[str, Any]) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(
            method.upper(),
            path,
            operation["summary"],
            ", ".join(one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"),
        )
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    )
