"""The reviewers' application: routes gathered, errors turned into pages, every answer with its security headers."""

from __future__ import annotations

import logging
import mimetypes
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import bwc_audit
from bwc_audit.audit.dispositions import EntryRefused, SeenTooLittle
from bwc_audit.errors import BwcAuditError, StoreError
from bwc_audit.web import (
    access,
    accounts,
    api,
    api_incidents,
    bulk,
    dispositions,
    findings,
    home,
    incident,
    incidents,
    officers,
    person,
    policies,
    run,
    runs,
    runs_compared,
    sample_review,
    samples,
    signing,
    tokens,
    video,
    working,
)
from bwc_audit.web.filters import WrongFilter
from bwc_audit.web.guard import Forbidden, ForeignForm, NotSignedIn, NotThere, Pages
from bwc_audit.web.showing import SECURITY_HEADERS, asset_bytes, shown
from bwc_audit.web.site import Site

_log = logging.getLogger(__name__)
#: All pages; each route says who may use it.
ROOMS: tuple[Pages, ...] = (
    *(
        home.pages,
        bulk.pages,
        findings.pages,
        dispositions.pages,
        incidents.pages,
        working.pages,
        video.pages,
        incident.pages,
    ),
    *(
        runs.pages,
        runs_compared.pages,
        run.pages,
        samples.pages,
        sample_review.pages,
        policies.pages,
        officers.pages,
        person.pages,
        access.pages,
        accounts.pages,
        tokens.pages,
        signing.pages,
    ),
)
_YEAR_S = 31_536_000


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """``problem.html``: what could not be done, and what to do now."""

    heading: str
    text: str


def make_app(site: Site) -> FastAPI:
    """The application over an opened audit."""
    app = FastAPI(
        title="bwc-audit", version=bwc_audit.__version__, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json"
    )
    app.state.site = site
    for room in ROOMS:
        app.include_router(room)
    app.include_router(api.router)
    app.include_router(api_incidents.router)
    app.add_api_route("/static/{name:path}", _static, include_in_schema=False)
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(SecurityHeaders)
    return app


class SecurityHeaders:
    """Puts the security headers on every answer that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to the head of the answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                extra = [(n.encode(), v.encode()) for n, v in SECURITY_HEADERS.items() if n.encode() not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _static(name: str) -> Response:
    try:
        content = asset_bytes(name)
    except FileNotFoundError as error:
        raise HTTPException(404) from error
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(content, media_type=kind, headers={"cache-control": f"public, max-age={_YEAR_S}, immutable"})


def _problem(request: Request, status: int, heading: str, text: str) -> Any:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": heading, "explanation": text}, status)
    return shown(request, "problem.html", heading, ProblemPage(heading, text), status=status)


def _not_signed_in(request: Request, _error: Exception) -> Any:
    if request.url.path.startswith("/api/"):
        headers = {"www-authenticate": 'Bearer realm="bwc-audit"'}
        return JSONResponse({"detail": "a token in force is needed"}, 401, headers=headers)
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"hx-redirect": "/sign-in"})
    if request.method != "GET":
        return RedirectResponse("/sign-in", 303)
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(asked, safe='')}" if asked != "/" else "/sign-in", 303)


def _forbidden(request: Request, _error: Exception) -> Any:
    return _problem(request, 403, "Not for your role", "Your role does not include this page. Ask an administrator.")


def _not_there(request: Request, _error: Exception) -> Any:
    return _problem(
        request, 404, "Nothing there", "There is nothing at this address that you may see. Check it, or search the lists."
    )


def _foreign_form(request: Request, _error: Exception) -> Any:
    return _problem(
        request,
        403,
        "Form not accepted",
        "It did not come from a page shown to this browser, or that page is too old. Go back, reload it, and send it again.",
    )


def _conflict(request: Request, error: Exception) -> Any:
    return _problem(request, 409, "Somebody was faster", str(error))


def _refused(request: Request, error: Exception) -> Any:
    return _problem(request, 422, "Not accepted", str(error))


def _store(request: Request, error: Exception) -> Any:
    _log.error("the database: %s", error)
    return Response(
        f"The database cannot be used now: {error}\nNothing was changed. Try again, or tell whoever runs this system.\n",
        503,
        media_type="text/plain; charset=utf-8",
    )


def _could_not(request: Request, error: Exception) -> Any:
    return _problem(request, 400, "Could not be done", str(error))


def _http(request: Request, error: Exception) -> Any:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return _not_there(request, error)
    if status == 405:
        return _problem(request, 405, "Not that way", "This address does not take such a request.")
    return _problem(request, status, "Could not be done", "The request could not be understood.")


def _invalid(request: Request, error: Exception) -> Any:
    if request.url.path.startswith("/api/"):
        problems = error.errors() if isinstance(error, RequestValidationError) else []
        told = [{"where": [str(part) for part in one["loc"]], "problem": one["msg"]} for one in problems]
        return JSONResponse({"detail": "the request is not valid", "problems": told}, 422)
    return _not_there(request, error)


_HANDLERS: dict[Any, Any] = {
    NotSignedIn: _not_signed_in,
    Forbidden: _forbidden,
    NotThere: _not_there,
    ForeignForm: _foreign_form,
    SeenTooLittle: _conflict,
    EntryRefused: _refused,
    WrongFilter: _refused,
    StoreError: _store,
    BwcAuditError: _could_not,
    HTTPException: _http,
    RequestValidationError: _invalid,
}
