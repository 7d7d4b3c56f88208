"""The list of findings: filtered, ordered and paged by the server; the whole of it as CSV or JSON; kept as views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.domain.findings import Severity
from bwc_audit.domain.people import Right
from bwc_audit.domain.runs import Run
from bwc_audit.report.documents import finding_document, policy_reference
from bwc_audit.report.tables import findings_csv
from bwc_audit.report.words import KIND, SEVERITY, humanised, number
from bwc_audit.report.zone_times import length
from bwc_audit.store import finding_list, runs
from bwc_audit.store.database import reading
from bwc_audit.store.finding_list import COUNTED_TO, ORDERS, ListedFinding
from bwc_audit.web import views
from bwc_audit.web.exports import as_csv, as_json
from bwc_audit.web.filters import DEEPEST, FILTERS, Asked, Narrowed, WrongFilter, narrowed, page_number
from bwc_audit.web.guard import Asking, Form, Pages, Visitor
from bwc_audit.web.showing import When, latest_decided, shown, when
from bwc_audit.web.site import Site

pages = Pages()

PAGE_ROWS = 50
_CHOSEN_BY_VALUE = ("unit", "call_type")


@dataclass(frozen=True, slots=True)
class Field:
    """One filter of the form. ``choices`` None: free text."""

    name: str
    label: str
    kind: str
    value: str
    choices: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True, slots=True)
class Line:
    """One finding of the list, ready for display."""

    finding_id: str
    href: str
    incident_id: str
    incident_href: str
    kind: str
    severity: str
    severity_style: str
    state: str
    note: str
    officer: str
    unit: str
    at: When | None
    message: str
    margin: str
    disposition: str


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """``findings.html``. ``sentence``: what is shown; ``problem``: what was wrong with a filter (nothing is shown then)."""

    sentence: str
    shown: str
    problem: str
    fields: tuple[Field, ...]
    orders: tuple[tuple[str, str, bool], ...]
    lines: tuple[Line, ...]
    query: str
    older: str
    newer: str
    may_export: bool
    may_decide: bool
    count: int
    views: tuple[views.SavedView, ...]


@pages.page("/findings", Right.FINDINGS)
def findings(request: Request, asking: Asking) -> Any:
    """The list."""
    given, run = dict(request.query_params), latest_decided(asking.site)
    try:
        wanted = narrowed(given, asking.person, asked_of(asking.site, run))
        page = page_number(given.get("page", "1"))
    except WrongFilter as problem:
        context = _empty(asking, given, str(problem))
        return shown(request, "findings.html", "Findings", context, status=422, run=run)
    with reading(asking.site.engine) as session:
        count = finding_list.count_listed(session, wanted.clauses)
        found = finding_list.list_findings(session, wanted.clauses, wanted.order, PAGE_ROWS, (page - 1) * PAGE_ROWS)
    asking.note(Right.FINDINGS, "listed", "findings", wanted.sentence, once=True)
    context = _context(asking, wanted, found, count, page)
    return shown(request, "findings.html", "Findings", context, run=run)


def asked_of(site: Site, run: Run | None) -> Asked:
    """What the filters need to know of a site."""
    return Asked(site.zone, run.run_id if run else "")


def _context(asking: Visitor, wanted: Narrowed, found: Sequence[ListedFinding], count: int, page: int) -> FindingsPage:
    first = (page - 1) * PAGE_ROWS
    total = f"more than {number(COUNTED_TO)}" if count > COUNTED_TO else number(count)
    is_more = first + len(found) < count and page < DEEPEST
    return FindingsPage(
        sentence=wanted.sentence,
        shown=f"{first + 1}–{first + len(found)} of {total}" if found else _nothing(count, wanted),
        problem="",
        fields=_fields(asking, wanted.values),
        orders=tuple((key, words, key == wanted.order) for key, words in ORDERS.items()),
        lines=tuple(_line(one, asking.site) for one in found),
        query=wanted.query(),
        older=wanted.query(page=str(page + 1)) if is_more else "",
        newer=wanted.query(page=str(page - 1)) if page > 1 else "",
        may_export=asking.person.may(Right.EXPORT),
        may_decide=asking.person.may(Right.DECIDE),
        count=count,
        views=views.of(asking, "findings"),
    )


def _nothing(count: int, wanted: Narrowed) -> str:
    if count:
        return f"nothing on this page; there are {number(count)}"
    return "none" if wanted.values else "none: no run has stated a finding that you may see"


def _empty(asking: Visitor, given: Mapping[str, str], problem: str) -> FindingsPage:
    orders = tuple((key, words, key == "newest") for key, words in ORDERS.items())
    person = asking.person
    return FindingsPage(
        "", "", problem, _fields(asking, given), orders, (), "", "", "", person.may(Right.EXPORT), False, 0, ()
    )


def _fields(asking: Visitor, values: Mapping[str, str]) -> tuple[Field, ...]:
    with reading(asking.site.engine) as session:
        known = {name: finding_list.values_of(session, name) for name in _CHOSEN_BY_VALUE}
    fields = []
    for name, one in FILTERS.items():
        choices = one.choices
        if name in known and asking.person.unit is None:
            choices = {value: value for value in known[name]}
        listed = None if choices is None else tuple(choices.items())
        fields.append(Field(name, one.label, one.kind, values.get(name, ""), listed))
    return tuple(fields)


def _line(one: ListedFinding, site: Site) -> Line:
    return Line(
        finding_id=one.finding_id,
        href=f"/findings/{one.finding_id}",
        incident_id=one.incident_id or "",
        incident_href=f"/incidents/{one.incident_id}#f-{one.fingerprint}" if one.incident_id else "",
        kind=KIND[one.kind],
        severity=SEVERITY[Severity(one.severity)] if one.severity else "not known",
        severity_style=one.severity or "",
        state=one.state,
        note="borderline, not counted" if one.is_borderline else "",
        officer=one.officer_id or (f"camera {one.device_id}" if one.device_id else "nobody"),
        unit=one.unit or "",
        at=None if one.placed_us is None else when(one.placed_us, site),
        message=one.message,
        margin="no clock error could" if one.margin_us is None else f"±{length(one.margin_us)}",
        disposition=humanised(one.word),
    )


@pages.page("/findings.csv", Right.EXPORT)
def findings_as_csv(request: Request, asking: Asking) -> Any:
    """The whole list as CSV."""
    return _exported(request, asking, lambda documents: as_csv("findings", documents, findings_csv))


@pages.page("/findings.json", Right.EXPORT)
def findings_as_json(request: Request, asking: Asking) -> Any:
    """The whole list as an array of ``bwc-finding/1``."""
    return _exported(request, asking, lambda documents: as_json("findings", documents))


def _exported(request: Request, asking: Visitor, written: Callable[[Iterator[Any]], Any]) -> Any:
    run = latest_decided(asking.site)
    try:
        wanted = narrowed(dict(request.query_params), asking.person, asked_of(asking.site, run))
    except WrongFilter as problem:
        context = _empty(asking, dict(request.query_params), str(problem))
        return shown(request, "findings.html", "Findings", context, status=422, run=run)
    asking.note(Right.EXPORT, "exported", "findings", wanted.sentence)
    return written(documents_of(asking.site, wanted))


def documents_of(site: Site, wanted: Narrowed) -> Iterator[Any]:
    """The whole list as documents, in its order."""
    with reading(site.engine) as session:
        policies: dict[str, str] = {}
        for one in finding_list.all_listed(session, wanted.clauses, wanted.order):
            if one.run_id not in policies:
                run = runs.load_run(session, one.run_id)
                policies[one.run_id] = policy_reference(run.request) if run else ""
            yield finding_document(one, policies[one.run_id])


@pages.action("/findings/views", Right.FINDINGS)
def keep_view(asking: Asking, form: Form) -> Any:
    """Keep the present filters under a name, or forget a view."""
    return views.answer(asking, "findings", form)
