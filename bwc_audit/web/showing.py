"""From a context to a page: one documented class for each template, everything escaped, assets of our own only."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

import bwc_audit
from bwc_audit.domain.people import Person, Right
from bwc_audit.domain.runs import Run
from bwc_audit.report.zone_times import moment, moment_utc
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.web.cookies import VISITOR, form_proof, new_secret, put_cookie, session_secret, visitor_secret
from bwc_audit.web.guard import who_asks
from bwc_audit.web.site import Site, site_of

#: Nothing from elsewhere, no script or style inside a page; frames and forms of other sites are refused.
SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class When:
    """An instant: in the agency's zone, in UTC (shown on hover), and for machines."""

    local: str
    utc: str
    iso: str


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One entry of the navigation."""

    label: str
    href: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page has. ``as_of``: what the shown rests on, a sentence; ``notice``: what an action just did."""

    title: str
    person: Person
    is_signed_in: bool
    csrf: str
    nav: tuple[NavEntry, ...]
    as_of: str
    as_of_utc: str
    notice: str
    version: str

    def asset(self, name: str) -> str:
        """The address of a file of ours, another one whenever its content is another."""
        return f"/static/{name}?v={_digest_of(name)}"


_NAV = (
    ("Home", "/", Right.SUMMARY),
    ("Findings", "/findings", Right.FINDINGS),
    ("Incidents", "/incidents", Right.FINDINGS),
    ("Runs", "/runs", Right.RUNS),
    ("Samples", "/samples", Right.RUNS),
    ("Officers", "/officers", Right.PEOPLE),
    ("Units", "/units", Right.PEOPLE),
    ("Policies", "/policies", Right.POLICIES),
    ("Access log", "/access-log", Right.ACCESS_LOG),
    ("Accounts", "/accounts", Right.ACCOUNTS),
)

#: All that a page says after an action.
_NOTICES = re.compile(
    r"Recorded\.|Recorded for \d{1,5} findings\.|Done\.|The account is made\.|The token no longer works\."
    r"|The view is kept\.|The view is forgotten\.|A view needs a name\."
)


def when(at_us: int, site: Site) -> When:
    """An instant as pages show it."""
    utc = moment_utc(at_us)
    return When(moment(at_us, site.zone), utc, f"{utc[:10]}T{utc[11:19]}Z")


@dataclass(frozen=True, slots=True)
class Linked:
    """A cell of a table that leads somewhere; ``href`` empty: it does not."""

    label: str
    href: str


def latest_decided(site: Site) -> Run | None:
    """The newest run over the configured source that came to a decision."""
    with reading(site.engine) as session:
        return runs.latest_run(session, source=site.audit.source.uri)


def shown(request: Request, template: str, title: str, context: Any, *, status: int = 200, run: Run | None = None) -> Any:
    """The page of a context (a dataclass). ``run``: what it rests on, None: the latest decided run."""
    site = site_of(request)
    secret = session_secret(request, site) or visitor_secret(request, site)
    given = secret or new_secret()
    frame = _frame(request, site, title, given, run or latest_decided(site))
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    response = HTMLResponse(environment().get_template(template).render(frame=frame, **values), status)
    if secret is None:
        put_cookie(response, request, site, VISITOR, given)
    return response


def _frame(request: Request, site: Site, title: str, secret: str, run: Run | None) -> Frame:
    visitor = getattr(request.state, "visitor", None)
    person = visitor.person if visitor else who_asks(request)
    here = request.url.path
    return Frame(
        title=title,
        person=person,
        is_signed_in=bool(person.account_id),
        csrf=form_proof(site, secret),
        nav=tuple(NavEntry(label, href, _is_here(href, here)) for label, href, right in _NAV if person.may(right)),
        as_of=_as_of(site, run),
        as_of_utc=moment_utc(run.request.as_of_us) if run else "",
        notice=_notice(request.query_params.get("done", "")) if person.account_id else "",
        version=bwc_audit.__version__,
    )


def _notice(asked: str) -> str:
    """What an action just did. It comes by the address, which anybody can write: only our own sentences are shown."""
    return asked if _NOTICES.fullmatch(asked) else ""


def _is_here(href: str, here: str) -> bool:
    return here == href or (href != "/" and here.startswith(f"{href}/"))


def _as_of(site: Site, run: Run | None) -> str:
    if run is None:
        return "No run has come to a decision yet: nothing is known, and nothing shown here means that all is well."
    state = "complete" if run.status == "complete" else str(run.status).upper()
    return f"As of {moment(run.request.as_of_us, site.zone)}, run {run.run_id}, {state}"


@cache
def environment() -> Environment:
    """Templates of the application first, then the parts of the report; an unknown name in one of them is an error."""
    return Environment(
        loader=ChoiceLoader([PackageLoader("bwc_audit.web"), PackageLoader("bwc_audit.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _digest_of(name: str) -> str:
    return sha256(asset_bytes(name)).hexdigest()[:12]


def asset_bytes(name: str) -> bytes:
    """One of our own files, by its name below ``static``; ``report.css`` is the report's own sheet.

    Raises ``FileNotFoundError``."""
    if name == "report.css":
        folder = files("bwc_audit.report") / "templates"
        return (folder / "report.css").read_bytes() + (folder / "funnel.css").read_bytes()
    path = files("bwc_audit.web") / "static"
    for part in name.split("/"):
        if part in ("", ".", ".."):
            raise FileNotFoundError(name)
        path /= part
    if not path.is_file():
        raise FileNotFoundError(name)
    return path.read_bytes()
