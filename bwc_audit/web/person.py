"""One officer or unit against all others: never a ranking. Only the one who is looked at is marked in the funnel, nobody
else is named, and the page says where there is too little to say anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from markupsafe import Markup

from bwc_audit.domain.funnel import Funnel, FunnelPoint, Place, funnel_of
from bwc_audit.domain.people import Right, Role
from bwc_audit.domain.rates import RateBook, RateGroup, rate_book
from bwc_audit.domain.runs import Run
from bwc_audit.domain.shifts import shifts_of
from bwc_audit.report.contexts import RateBar, RateGroups
from bwc_audit.report.funnel import funnel_picture, funnel_sentences
from bwc_audit.report.numbers import rate_bar
from bwc_audit.report.rate_views import rate_groups
from bwc_audit.report.rendering import render
from bwc_audit.report.words import KIND, RATE, number, plural
from bwc_audit.store import finding_list, runs
from bwc_audit.store.database import reading
from bwc_audit.store.people_counts import findings_by_kind
from bwc_audit.web.addresses import findings_href
from bwc_audit.web.guard import Asking, NotThere, Pages, Visitor
from bwc_audit.web.officers import UNKNOWN_UNIT, basis_of_run, may_see, peers_of
from bwc_audit.web.period_runs import run_choices
from bwc_audit.web.showing import shown

pages = Pages()

#: Below this many decided assignments a share says next to nothing.
LEAST = 10
#: Above this many assignments they are not broken down while somebody waits for the page.
MOST_BROKEN_DOWN = 20_000
_FUNNEL_RATES = ("existence", "whole_window")


@dataclass(frozen=True, slots=True)
class OwnFunnel:
    """One rate against peers; ``sentence``: where this one lies."""

    title: str
    picture: Markup
    sentence: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonPage:
    """``person.html``: one officer or unit in the period of a run. ``part``: what of it is not shown, or nothing."""

    heading: str
    list_href: str
    list_label: str
    basis: str
    part: str
    few: str
    rates: tuple[RateBar, ...]
    funnels: tuple[OwnFunnel, ...]
    groups: tuple[RateGroups, ...]
    groups_sentence: str
    kinds: tuple[tuple[str, str, str], ...]
    kinds_sentence: str
    run_id: str
    runs: tuple[tuple[str, str], ...]


@pages.page("/officers/{name:path}", Right.PEOPLE)
def officer(request: Request, asking: Asking, name: str, run: str = "") -> Any:
    """One officer."""
    return _one(request, asking, "officer", name, run)


@pages.page("/units/{name:path}", Right.PEOPLE)
def unit(request: Request, asking: Asking, name: str, run: str = "") -> Any:
    """One unit."""
    return _one(request, asking, "unit", name, run)


def _one(request: Request, asking: Visitor, by: str, name: str, run_id: str) -> Any:
    found = peers_of(asking, by, run_id)
    group = next((one for one in found.groups if one.key == name), None) if found else None
    if found is None or group is None or not may_see(asking, by, name, found.units):
        raise NotThere
    asking.note(Right.PEOPLE, "viewed", by, name)
    others = [unit for unit in found.units.get(name, ()) if not asking.person.may_see_unit(unit)]
    is_small = group.counts.assignments <= MOST_BROKEN_DOWN and name != UNKNOWN_UNIT
    book = _broken_down(asking, by, name, found.run) if is_small or others else None
    if others and book is not None:
        group = RateGroup(name, book.whole.rates, book.whole.counts)
    counts = group.counts
    context = PersonPage(
        heading=f"{by.capitalize()} {name}",
        list_href=f"/{by}s?run={found.run.run_id}",
        list_label=f"{by.capitalize()}s",
        basis=f"{basis_of_run(found.run, asking.site)}: {plural(counts.assignments, 'assignment')}, "
        f"{number(counts.decided)} decided, {number(counts.pending)} pending, {number(counts.unknown)} unknown.",
        part="Assignments in other units are not shown, and not counted." if others else "",
        few=f"Only {plural(counts.decided, 'decided assignment')}: shares of so few say next to nothing."
        if counts.decided < LEAST
        else "",
        rates=tuple(rate_bar(rate) for rate in group.rates),
        funnels=_funnels(_with(found.groups, group), by, name),
        groups=rate_groups(book, but="unit" if by == "unit" else ""),
        groups_sentence=""
        if book
        else f"Units that nobody knows, and more than {number(MOST_BROKEN_DOWN)} assignments, are not broken down here.",
        **_findings(asking, by, name, found.run),
        run_id=found.run.run_id,
        runs=run_choices(asking, found.known, found.run),
    )
    return shown(request, "person.html", context.heading, context, run=found.run)


def _broken_down(asking: Visitor, by: str, name: str, run: Run) -> RateBook:
    """The rates of their own assignments, by shift, month and call type; for a supervisor, of those in the own unit."""
    officer_id = name if by == "officer" else None
    unit = name if by == "unit" else (asking.person.unit or "") if _is_limited(asking) else None
    with reading(asking.site.engine) as session:
        results = runs.load_results(session, run.run_id, officer_id=officer_id, unit=unit)
    zone = run.request.timezone
    return rate_book(results, ZoneInfo(zone), zone, shifts_of(asking.site.audit.settings.shifts))


def _with(groups: tuple[RateGroup, ...], own: RateGroup) -> tuple[RateGroup, ...]:
    return tuple(own if one.key == own.key else one for one in groups)


def _findings(asking: Visitor, by: str, name: str, run: Run) -> dict[str, Any]:
    """Findings of the run that are open, by kind; a supervisor's officer may have worked in another unit too, which is not
    theirs to see."""
    is_about = finding_list.is_of("officer_id" if by == "officer" else "unit", None if name == UNKNOWN_UNIT else name)
    wanted = [is_about, finding_list.is_seen(run.run_id)]
    if _is_limited(asking):
        wanted.append(finding_list.is_of("unit", asking.person.unit or ""))
    with reading(asking.site.engine) as session:
        kinds = findings_by_kind(session, wanted)
    rows = tuple(
        (KIND[kind], number(count), findings_href(**{by: name, "kind": kind, "run": run.run_id})) for kind, count in kinds
    )
    return {"kinds": rows, "kinds_sentence": "" if kinds else "No finding of this run is open."}


def _is_limited(asking: Visitor) -> bool:
    return asking.person.role is Role.SUPERVISOR


def _funnels(groups: tuple[RateGroup, ...], by: str, name: str) -> tuple[OwnFunnel, ...]:
    if len(groups) < 2:
        return ()
    views = []
    for rate in _FUNNEL_RATES:
        funnel = funnel_of(groups, by, rate)
        picture = funnel_picture(funnel, marked=name)
        drawn = Markup("") if picture is None else render(picture)
        views.append(OwnFunnel(RATE[rate][0], drawn, _where(funnel, name), funnel_sentences(funnel)))
    return tuple(views)


def _where(funnel: Funnel, name: str) -> str:
    point: FunnelPoint | None = next((one for one in funnel.points if one.key == name), None)
    if point is None:
        return "No decided assignment: there is no point to compare."
    share = f"{point.k} of {point.n}"
    if point.place is Place.INSIDE:
        return f"{share}: inside the 95 % limits, so the difference from all together cannot be told from chance."
    side = "above" if point.is_above else "below"
    limits = "99.8 %" if point.place is Place.OUTSIDE_998 else "95 %"
    return f"{share}: {side} the {limits} limits. Something differs (calls, places, equipment, records), not known what."
