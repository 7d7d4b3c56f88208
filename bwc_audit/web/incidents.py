"""The list of incidents: those of a run, whatever became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request

from bwc_audit.domain.people import Person, Right, Role
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import Run, RunKind
from bwc_audit.report.contexts import Chip
from bwc_audit.report.words import OUTCOME, number, plural
from bwc_audit.report.zone_times import period
from bwc_audit.store import incident_list, runs
from bwc_audit.store.database import reading
from bwc_audit.store.finding_list import COUNTED_TO
from bwc_audit.store.incident_list import Clause, ListedIncident
from bwc_audit.web.filters import WrongFilter, page_number
from bwc_audit.web.findings import Field
from bwc_audit.web.guard import Asking, Pages, Visitor
from bwc_audit.web.showing import When, shown, when
from bwc_audit.web.site import Site

pages = Pages()

PAGE_ROWS = 50
_OUTCOMES = {str(outcome): OUTCOME[outcome] for outcome in Outcome}
_LABELS = {
    "outcome": "Outcome of an assignment",
    "unit": "Unit",
    "officer": "Officer",
    "call_type": "Call type",
    "text": "Text in the id",
}


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
    """``incidents.html``: the incidents of one run."""

    sentence: str
    shown: str
    problem: str
    fields: tuple[Field, ...]
    run_id: str
    order: str
    runs: tuple[tuple[str, str], ...]
    rows: tuple[IncidentRow, ...]
    older: str
    newer: str


@pages.page("/incidents", Right.FINDINGS)
def incidents(request: Request, asking: Asking) -> Any:
    """The list."""
    given = {name: value.strip()[:200] for name, value in request.query_params.items() if value.strip()}
    with reading(asking.site.engine) as session:
        known = [one for one in runs.load_runs(session, 60, source=asking.site.audit.source.uri) if _is_listed(one)]
    run = next((one for one in known if one.run_id == given.get("run", one.run_id)), None)
    try:
        if given.get("run") and run is None:
            raise WrongFilter(f"there is no run {given['run']} that decided a period")
        clauses, words = _narrowed(given, asking.person)
        page = page_number(given.get("page", "1"))
    except WrongFilter as problem:
        return shown(request, "incidents.html", "Incidents", _empty(asking, given, known, str(problem)), status=422)
    if run is None:
        return shown(request, "incidents.html", "Incidents", _empty(asking, given, known, ""))
    newest = given.get("order") != "oldest"
    with reading(asking.site.engine) as session:
        count = incident_list.count_incidents(session, run.run_id, clauses)
        found = incident_list.list_incidents(
            session,
            run.run_id,
            clauses,
            newest_first=newest,
            limit=PAGE_ROWS,
            offset=(page - 1) * PAGE_ROWS,
            unit=asking.person.unit,
        )
    first = (page - 1) * PAGE_ROWS
    total = f"more than {number(COUNTED_TO)}" if count > COUNTED_TO else number(count)
    sentence = f"Incidents of {period(run.request.period, asking.site.zone)}" + (f" {', '.join(words)}" if words else "")
    context = IncidentsPage(
        sentence=f"{sentence}, {'newest' if newest else 'oldest'} first",
        shown=f"{first + 1}–{first + len(found)} of {total}" if found else "none",
        problem="",
        fields=_fields(given),
        run_id=run.run_id,
        order="newest" if newest else "oldest",
        runs=_run_choices(known, asking),
        rows=tuple(_row(one, asking.site) for one in found),
        older=_query(given, page + 1) if first + len(found) < count else "",
        newer=_query(given, page - 1) if page > 1 else "",
    )
    asking.note(Right.FINDINGS, "listed", "incidents", context.sentence, once=True)
    return shown(request, "incidents.html", "Incidents", context, run=run)


def _is_listed(run: Run) -> bool:
    return run.request.kind is not RunKind.INCIDENT and run.status in ("complete", "incomplete")


def _narrowed(given: Mapping[str, str], person: Person) -> tuple[list[Clause], list[str]]:
    clauses, words = [], []
    if outcome := given.get("outcome"):
        if outcome not in _OUTCOMES:
            raise WrongFilter(f"{outcome!r} is none of {', '.join(_OUTCOMES)}")
        clauses.append(incident_list.has_result("outcome", outcome))
        words.append(f"with an assignment that is “{_OUTCOMES[outcome].lower()}”")
    for name, column, said in (("unit", "unit", "with an officer of unit"), ("officer", "officer_id", "with officer")):
        if value := given.get(name):
            clauses.append(incident_list.has_result(column, value))
            words.append(f"{said} {value}")
    if call_type := given.get("call_type"):
        clauses.append(incident_list.is_called(call_type))
        words.append(f"of type {call_type}")
    if text := given.get("text"):
        clauses.append(incident_list.has_text(text))
        words.append(f"with “{text}” in the id")
    if person.role is Role.SUPERVISOR:
        clauses.append(incident_list.has_result("unit", person.unit or ""))
        words.append(f"with an officer of your unit {person.unit}")
    return clauses, words


def _fields(given: Mapping[str, str]) -> tuple[Field, ...]:
    return tuple(
        Field(name, label, "text", given.get(name, ""), tuple(_OUTCOMES.items()) if name == "outcome" else None)
        for name, label in _LABELS.items()
    )


def _run_choices(known: list[Run], asking: Visitor) -> tuple[tuple[str, str], ...]:
    return tuple((one.run_id, f"{period(one.request.period, asking.site.zone)} ({one.request.kind})") for one in known)


def _empty(asking: Visitor, given: Mapping[str, str], known: list[Run], problem: str) -> IncidentsPage:
    said = "" if problem else "No run has decided a period yet, so no incident is known"
    return IncidentsPage(said, "none", problem, _fields(given), "", "newest", _run_choices(known, asking), (), "", "")


def _query(given: Mapping[str, str], page: int) -> str:
    return urlencode({**given, "page": str(page)})


def _row(one: ListedIncident, site: Site) -> IncidentRow:
    chips = tuple(
        Chip(f"{one.outcomes[outcome]} × {OUTCOME[outcome].lower()}", str(outcome))
        for outcome in incident_list.OUTCOMES
        if one.outcomes.get(outcome)
    )
    known = (one.call_type, one.priority, one.area)
    return IncidentRow(
        incident_id=one.incident_id,
        href=f"/incidents/{quote(one.incident_id)}",
        at=None if one.opened_us is None else when(one.opened_us, site),
        facts=" · ".join(part for part in known if part) or "incident record not read",
        chips=chips or (Chip("no officer assigned", "excluded"),),
        found=plural(one.found, "open finding") if one.found else "no open finding",
    )
