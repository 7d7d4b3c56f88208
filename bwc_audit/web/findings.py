"""The list of findings: filtered, ordered and paged by the server; the whole of it as CSV or JSON; kept as views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.domain.findings import Severity
from bwc_audit.domain.people import Right
from bwc_audit.domain.runs import Run
from bwc_audit.report.document_parts import policy_reference
from bwc_audit.report.finding_document import finding_document
from bwc_audit.report.tables import findings_csv
from bwc_audit.report.words import KIND, SEVERITY, humanised
from bwc_audit.report.zone_times import length
from bwc_audit.store import finding_list, runs
from bwc_audit.store.database import reading
from bwc_audit.store.finding_list import ORDERS, ListedFinding
from bwc_audit.web import views
from bwc_audit.web.addresses import finding_href, incident_href
from bwc_audit.web.exports import as_csv, as_json
from bwc_audit.web.filters import (
    DEEPEST,
    FILTERS,
    Asked,
    Field,
    Narrowed,
    WrongFilter,
    fields_of,
    narrowed,
    page_number,
    shown_range,
)
from bwc_audit.web.guard import Asking, Form, Pages, Visitor
from bwc_audit.web.naming import naming
from bwc_audit.web.period_runs import chosen_run, period_runs
from bwc_audit.web.showing import When, shown, when
from bwc_audit.web.site import Site

pages = Pages()

PAGE_ROWS = 50
_CHOSEN_BY_VALUE = ("unit", "call_type")


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
    given, run = dict(request.query_params), chosen_run(asking, period_runs(asking), "")
    try:
        wanted = narrowed(given, asking.person, asked_of(asking, run, given))
        page = page_number(given.get("page", "1"))
    except WrongFilter as problem:
        context = _empty(asking, given, str(problem))
        return shown(request, "findings.html", "Findings", context, status=422, run=run)
    with reading(asking.site.engine) as session:
        first = (page - 1) * PAGE_ROWS
        count, found = finding_list.page_of_findings(session, wanted.clauses, wanted.order, PAGE_ROWS, first)
    asking.note(Right.FINDINGS, "listed", "findings", wanted.sentence, once=True)
    context = _context(asking, wanted, found, count, page)
    return shown(request, "findings.html", "Findings", context, run=run)


def asked_of(asking: Visitor, run: Run | None, given: Mapping[str, str]) -> Asked:
    """What the filters need to know of who asks, and of each other."""
    named = given.get("run", "").strip()
    return Asked(asking.site.zone, named or (run.run_id if run else ""), naming(asking), bool(named))


def _context(asking: Visitor, wanted: Narrowed, found: Sequence[ListedFinding], count: int, page: int) -> FindingsPage:
    first = (page - 1) * PAGE_ROWS
    nothing = "none" if wanted.values else "none: no run has stated a finding that you may see"
    is_more = first + len(found) < count and page < DEEPEST
    return FindingsPage(
        sentence=wanted.sentence,
        shown=shown_range(first, len(found), count, nothing),
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


def _empty(asking: Visitor, given: Mapping[str, str], problem: str) -> FindingsPage:
    orders = tuple((key, words, key == "newest") for key, words in ORDERS.items())
    person = asking.person
    return FindingsPage(
        "", "", problem, _fields(asking, given), orders, (), "", "", "", person.may(Right.EXPORT), False, 0, ()
    )


def _fields(asking: Visitor, values: Mapping[str, str]) -> tuple[Field, ...]:
    if asking.person.unit is not None:
        return fields_of(FILTERS, values)
    with reading(asking.site.engine) as session:
        known = {name: finding_list.values_of(session, name) for name in _CHOSEN_BY_VALUE}
    return fields_of(FILTERS, values, known)


def _line(one: ListedFinding, site: Site) -> Line:
    return Line(
        finding_id=one.finding_id,
        href=finding_href(one.finding_id),
        incident_id=one.incident_id or "",
        incident_href=incident_href(one.incident_id, fingerprint=one.fingerprint) if one.incident_id else "",
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
    run = chosen_run(asking, period_runs(asking), "")
    try:
        given = dict(request.query_params)
        wanted = narrowed(given, asking.person, asked_of(asking, run, given))
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
    run = chosen_run(asking, period_runs(asking), "")
    return views.answer(
        asking, "findings", form, FILTERS, lambda given: narrowed(given, asking.person, asked_of(asking, run, given))
    )
