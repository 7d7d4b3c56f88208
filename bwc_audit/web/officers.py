"""Officers and units against their peers: never a ranking. Names stand in alphabetical order, and only the one who is looked
at is marked in the funnel. Few assignments say little, and the page says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request
from markupsafe import Markup

from bwc_audit.audit.rates import rates_of_run
from bwc_audit.domain.funnel import Funnel, FunnelPoint, Place, funnel_of
from bwc_audit.domain.people import Right, Role
from bwc_audit.domain.rates import RateGroup
from bwc_audit.domain.runs import Run, RunKind
from bwc_audit.report.contexts import RateBar
from bwc_audit.report.funnel import funnel_picture, funnel_sentences
from bwc_audit.report.numbers import rate_bar
from bwc_audit.report.rendering import render
from bwc_audit.report.words import KIND, RATE, number, plural
from bwc_audit.report.zone_times import period
from bwc_audit.store import finding_list, runs
from bwc_audit.store.database import reading
from bwc_audit.store.people_counts import findings_by_kind, unit_of_officers
from bwc_audit.web.guard import Asking, NotThere, Pages, Visitor
from bwc_audit.web.showing import shown

pages = Pages()

#: Below this many decided assignments a share says next to nothing.
LEAST = 10
_FUNNEL_RATES = ("existence", "whole_window")
_UNKNOWN_UNIT = "(unit not known)"


@dataclass(frozen=True, slots=True)
class PeopleLine:
    """One officer or unit of the list: counts, no rate, so that nobody is compared by leafing."""

    name: str
    href: str
    unit: str
    assignments: str
    decided: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """``people.html``: a list in the order of names."""

    heading: str
    noun: str
    lines: tuple[PeopleLine, ...]
    sentence: str
    has_units: bool


@dataclass(frozen=True, slots=True)
class OwnFunnel:
    """One rate against peers; ``sentence``: where this one lies."""

    title: str
    picture: Markup
    sentence: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonPage:
    """``person.html``: one officer or unit."""

    heading: str
    list_href: str
    list_label: str
    basis: str
    few: str
    rates: tuple[RateBar, ...]
    funnels: tuple[OwnFunnel, ...]
    kinds: tuple[tuple[str, str, str], ...]
    kinds_sentence: str
    findings_href: str


@dataclass(frozen=True, slots=True)
class _Groups:
    run: Run
    groups: tuple[RateGroup, ...]
    units: dict[str, str]


@pages.page("/officers", Right.PEOPLE)
def officers(request: Request, asking: Asking) -> Any:
    """The officers of the period, by id."""
    return _list(request, asking, "officer")


@pages.page("/units", Right.PEOPLE)
def units(request: Request, asking: Asking) -> Any:
    """The units of the period, by name."""
    return _list(request, asking, "unit")


@pages.page("/officers/{name:path}", Right.PEOPLE)
def officer(request: Request, asking: Asking, name: str) -> Any:
    """One officer."""
    return _one(request, asking, "officer", name)


@pages.page("/units/{name:path}", Right.PEOPLE)
def unit(request: Request, asking: Asking, name: str) -> Any:
    """One unit."""
    return _one(request, asking, "unit", name)


def _groups(asking: Visitor, by: str) -> _Groups | None:
    """The groups of the latest run over a period; None where there is none."""
    site = asking.site
    with reading(site.engine) as session:
        known = runs.load_runs(session, 60, source=site.audit.source.uri)
        decided = [one for one in known if one.status in ("complete", "incomplete")]
        run = next((one for one in decided if one.request.kind is not RunKind.INCIDENT), None)
        if run is None:
            return None
        book = rates_of_run(session, site.audit, run, (by,)).book
        units = unit_of_officers(session, run.run_id) if by == "officer" else {}
    return _Groups(run, tuple(sorted(book.groups.get(by, ()), key=lambda group: group.key)), units)


def _may_see(asking: Visitor, by: str, key: str, units: dict[str, str]) -> bool:
    own = units.get(key) if by == "officer" else key
    return asking.person.may_see_unit(None if own == _UNKNOWN_UNIT else own)


def _list(request: Request, asking: Visitor, by: str) -> Any:
    found = _groups(asking, by)
    lines: tuple[PeopleLine, ...] = ()
    if found is not None:
        lines = tuple(
            PeopleLine(
                group.key,
                f"/{by}s/{quote(group.key, safe='')}",
                found.units.get(group.key, ""),
                number(group.counts.assignments),
                number(group.counts.decided),
            )
            for group in found.groups
            if _may_see(asking, by, group.key, found.units)
        )
    where = f"{period(found.run.request.period, asking.site.zone)}" if found else ""
    sentence = f"{plural(len(lines), by)} with assignments in {where}." if found else "No run has decided a period yet."
    asking.note(Right.PEOPLE, "listed", f"{by}s", sentence, once=True)
    context = PeoplePage(f"{by.capitalize()}s", by, lines, sentence, by == "officer")
    return shown(request, "people.html", f"{by.capitalize()}s", context, run=found.run if found else None)


def _one(request: Request, asking: Visitor, by: str, name: str) -> Any:
    found = _groups(asking, by)
    own = next((group for group in found.groups if group.key == name), None) if found else None
    if found is None or own is None or not _may_see(asking, by, name, found.units):
        raise NotThere
    asking.note(Right.PEOPLE, "viewed", by, name)
    column = "officer_id" if by == "officer" else "unit"
    with reading(asking.site.engine) as session:
        kinds = findings_by_kind(session, [finding_list.is_of(column, name), *_of_own_unit(asking)])
    decided = own.counts.decided
    context = PersonPage(
        heading=f"{by.capitalize()} {name}",
        list_href=f"/{by}s",
        list_label=f"{by.capitalize()}s",
        basis=f"{period(found.run.request.period, asking.site.zone)}: {plural(own.counts.assignments, 'assignment')}, "
        f"{number(decided)} decided, {number(own.counts.pending)} pending, {number(own.counts.unknown)} unknown.",
        few=f"Only {plural(decided, 'decided assignment')}: shares of so few say next to nothing."
        if decided < LEAST
        else "",
        rates=tuple(rate_bar(rate) for rate in own.rates),
        funnels=_funnels(found.groups, by, name),
        kinds=tuple(
            (KIND[kind], number(count), f"/findings?{by}={quote(name, safe='')}&kind={kind}") for kind, count in kinds
        ),
        kinds_sentence="" if kinds else "No open finding.",
        findings_href=f"/findings?{by}={quote(name, safe='')}",
    )
    return shown(request, "person.html", context.heading, context, run=found.run)


def _of_own_unit(asking: Visitor) -> list[finding_list.Clause]:
    """A supervisor's officer may have worked in another unit too: what was found there is not theirs to see."""
    if asking.person.role is not Role.SUPERVISOR:
        return []
    return [finding_list.is_of("unit", asking.person.unit or "")]


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
