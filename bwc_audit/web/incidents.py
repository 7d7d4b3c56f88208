"""The list of incidents: those of a run, whatever became of them; the whole of it as CSV or JSON; kept as views."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.domain.people import Right
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import Run
from bwc_audit.domain.times import iso_utc
from bwc_audit.report.contexts import Chip
from bwc_audit.report.result_document import ListedIncidentDocument
from bwc_audit.report.tables import incidents_csv
from bwc_audit.report.words import OUTCOME, plural
from bwc_audit.store import incident_list
from bwc_audit.store.database import reading
from bwc_audit.store.incident_list import ORDERS, ListedIncident
from bwc_audit.web import views
from bwc_audit.web.addresses import incident_href
from bwc_audit.web.exports import as_csv, as_json
from bwc_audit.web.filters import DEEPEST, Asked, Field, WrongFilter, fields_of, page_number, shown_range
from bwc_audit.web.guard import Asking, Form, NotThere, Pages, Visitor
from bwc_audit.web.incident_filters import FILTERS, NarrowedIncidents, narrowed_incidents
from bwc_audit.web.naming import naming
from bwc_audit.web.period_runs import chosen_run, period_runs, run_choices
from bwc_audit.web.showing import When, shown, when
from bwc_audit.web.site import Site

pages = Pages()

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One line."""

    incident_id: str
    href: str
    at: When | None
    facts: str
    chips: tuple[Chip, ...]
    found: str


@dataclass(frozen=True, slots=True)
class IncidentsPage:
    """``incidents.html``: the incidents of one run. ``problem``: what was wrong with a filter (nothing is shown then)."""

    sentence: str
    shown: str
    problem: str
    fields: tuple[Field, ...]
    run_id: str
    orders: tuple[tuple[str, str, bool], ...]
    runs: tuple[tuple[str, str], ...]
    rows: tuple[IncidentRow, ...]
    query: str
    older: str
    newer: str
    may_export: bool
    count: int
    views: tuple[views.SavedView, ...]


@pages.page("/incidents", Right.FINDINGS)
def incidents(request: Request, asking: Asking) -> Any:
    """The list."""
    given = dict(request.query_params)
    known = period_runs(asking)
    try:
        wanted = _narrowed(asking, given, known)
        page = page_number(given.get("page", "1"))
    except WrongFilter as problem:
        return _wrong(request, asking, given, known, problem)
    if wanted is None:
        return shown(request, "incidents.html", "Incidents", _empty(asking, given, known, ""))
    first = (page - 1) * PAGE_ROWS
    with reading(asking.site.engine) as session:
        count = incident_list.count_incidents(session, wanted.run.run_id, wanted.clauses)
        found = incident_list.list_incidents(
            session, wanted.run.run_id, wanted.clauses, wanted.order, PAGE_ROWS, first, wanted.unit
        )
    asking.note(Right.FINDINGS, "listed", "incidents", f"{wanted.sentence}. Run {wanted.run.run_id}", once=True)
    context = _context(asking, wanted, known, found, count, page)
    return shown(request, "incidents.html", "Incidents", context, run=wanted.run)


def _narrowed(asking: Visitor, given: Mapping[str, str], known: Sequence[Run]) -> NarrowedIncidents | None:
    run = chosen_run(asking, known, given.get("run", "").strip())
    return (
        None
        if run is None
        else narrowed_incidents(given, asking.person, Asked(asking.site.zone, run.run_id, naming(asking)), run)
    )


def _context(
    asking: Visitor,
    wanted: NarrowedIncidents,
    known: Sequence[Run],
    found: Sequence[ListedIncident],
    count: int,
    page: int,
) -> IncidentsPage:
    first = (page - 1) * PAGE_ROWS
    is_more = first + len(found) < count and page < DEEPEST
    return IncidentsPage(
        sentence=wanted.sentence,
        shown=shown_range(first, len(found), count),
        problem="",
        fields=fields_of(FILTERS, wanted.values),
        run_id=wanted.run.run_id,
        orders=tuple((key, words, key == wanted.order) for key, words in ORDERS.items()),
        runs=run_choices(asking, known, wanted.run),
        rows=tuple(_row(one, asking.site) for one in found),
        query=wanted.query(),
        older=wanted.query(page=str(page + 1)) if is_more else "",
        newer=wanted.query(page=str(page - 1)) if page > 1 else "",
        may_export=asking.person.may(Right.EXPORT),
        count=count,
        views=views.of(asking, "incidents"),
    )


def _wrong(request: Request, asking: Visitor, given: Mapping[str, str], known: Sequence[Run], problem: WrongFilter) -> Any:
    context = _empty(asking, given, known, str(problem))
    return shown(request, "incidents.html", "Incidents", context, status=422)


def _empty(asking: Visitor, given: Mapping[str, str], known: Sequence[Run], problem: str) -> IncidentsPage:
    said = "" if problem else "No run has decided a period yet, so no incident is known"
    orders = tuple((key, words, key == given.get("order", "newest")) for key, words in ORDERS.items())
    run_id, choices = given.get("run", ""), run_choices(asking, known, None)
    return IncidentsPage(
        said,
        "none",
        problem,
        fields_of(FILTERS, given),
        run_id,
        orders,
        choices,
        (),
        "",
        "",
        "",
        False,
        0,
        views.of(asking, "incidents"),
    )


def _row(one: ListedIncident, site: Site) -> IncidentRow:
    chips = tuple(
        Chip(f"{one.outcomes[outcome]} × {OUTCOME[outcome].lower()}", str(outcome))
        for outcome in incident_list.OUTCOMES
        if one.outcomes.get(outcome)
    )
    known = (one.call_type, one.priority, one.area)
    return IncidentRow(
        incident_id=one.incident_id,
        href=incident_href(one.incident_id),
        at=None if one.opened_us is None else when(one.opened_us, site),
        facts=" · ".join(part for part in known if part) or "incident record not read",
        chips=chips or (Chip("no officer assigned", "excluded"),),
        found=plural(one.found, "open finding") if one.found else "no open finding",
    )


@pages.page("/incidents.csv", Right.EXPORT)
def incidents_as_csv(request: Request, asking: Asking) -> Any:
    """The whole list as CSV."""
    return _exported(request, asking, lambda documents: as_csv("incidents", documents, incidents_csv))


@pages.page("/incidents.json", Right.EXPORT)
def incidents_as_json(request: Request, asking: Asking) -> Any:
    """The whole list as an array."""
    return _exported(request, asking, lambda documents: as_json("incidents", documents))


def _exported(request: Request, asking: Visitor, written: Callable[[Iterator[Any]], Any]) -> Any:
    given, known = dict(request.query_params), period_runs(asking)
    try:
        wanted = _narrowed(asking, given, known)
    except WrongFilter as problem:
        return _wrong(request, asking, given, known, problem)
    if wanted is None:
        raise NotThere
    asking.note(Right.EXPORT, "exported", "incidents", wanted.sentence)
    return written(_documents(asking.site, wanted))


def _documents(site: Site, wanted: NarrowedIncidents) -> Iterator[ListedIncidentDocument]:
    with reading(site.engine) as session:
        for one in incident_list.all_incidents(session, wanted.run.run_id, wanted.clauses, wanted.order, wanted.unit):
            yield listed_document(one, wanted.run.run_id)


def listed_document(one: ListedIncident, run_id: str) -> ListedIncidentDocument:
    """One line of the list for programs."""
    return {
        "incident_id": one.incident_id,
        "run_id": run_id,
        "opened_at": None if one.opened_us is None else iso_utc(one.opened_us),
        "call_type": one.call_type,
        "priority": one.priority,
        "area": one.area,
        "covered": one.outcomes.get(Outcome.COVERED, 0),
        "findings": one.outcomes.get(Outcome.FINDINGS, 0),
        "pending": one.outcomes.get(Outcome.PENDING, 0),
        "unknown": one.outcomes.get(Outcome.UNKNOWN, 0),
        "excluded": one.outcomes.get(Outcome.EXCLUDED, 0),
        "open_findings": one.found,
    }


@pages.action("/incidents/views", Right.FINDINGS)
def keep_view(asking: Asking, form: Form) -> Any:
    """Keep the present filters under a name, or forget a view."""
    known = period_runs(asking)
    return views.answer(asking, "incidents", form, (*FILTERS, "run"), lambda given: _narrowed(asking, given, known))
