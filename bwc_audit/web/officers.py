"""Officers and units of a period, by name: counts and no rate, so that nobody is compared by leafing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.audit.rates import rates_of_run
from bwc_audit.domain.people import Right
from bwc_audit.domain.rates import RateGroup
from bwc_audit.domain.runs import Run
from bwc_audit.report.words import number, plural
from bwc_audit.report.zone_times import period
from bwc_audit.store.database import reading
from bwc_audit.store.people_counts import units_of_officers
from bwc_audit.web.addresses import people_href
from bwc_audit.web.guard import Asking, Pages, Visitor
from bwc_audit.web.period_runs import chosen_run, period_runs, run_choices
from bwc_audit.web.showing import shown
from bwc_audit.web.site import Site

pages = Pages()

#: What the group of officers of no known unit is called.
UNKNOWN_UNIT = "(unit not known)"


@dataclass(frozen=True, slots=True)
class PeopleLine:
    """One officer or unit of the list."""

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
    path: str
    run_id: str
    runs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Peers:
    """The officers or units of a run that decided a period, by name. ``units``: those an officer belonged to."""

    run: Run
    known: tuple[Run, ...]
    groups: tuple[RateGroup, ...]
    units: Mapping[str, tuple[str | None, ...]]


@pages.page("/officers", Right.PEOPLE)
def officers(request: Request, asking: Asking, run: str = "") -> Any:
    """The officers of the period, by id."""
    return _list(request, asking, "officer", run)


@pages.page("/units", Right.PEOPLE)
def units(request: Request, asking: Asking, run: str = "") -> Any:
    """The units of the period, by name."""
    return _list(request, asking, "unit", run)


def peers_of(asking: Visitor, by: str, run_id: str) -> Peers | None:
    """Those of the run asked for, else of the newest over a period; None where there is none. Raises ``WrongFilter``."""
    known = period_runs(asking)
    run = chosen_run(asking, known, run_id.strip())
    if run is None:
        return None
    with reading(asking.site.engine) as session:
        book = rates_of_run(session, asking.site.audit, run, (by,)).book
        units = units_of_officers(session, run.run_id) if by == "officer" else {}
    return Peers(run, known, tuple(sorted(book.groups.get(by, ()), key=lambda group: group.key)), units)


def may_see(asking: Visitor, by: str, key: str, units: Mapping[str, tuple[str | None, ...]]) -> bool:
    """Whether an officer or unit may be seen: an officer by whoever sees one of the units they belonged to."""
    if by == "officer":
        return any(asking.person.may_see_unit(unit) for unit in units.get(key, (None,)))
    return asking.person.may_see_unit(None if key == UNKNOWN_UNIT else key)


def _list(request: Request, asking: Visitor, by: str, run_id: str) -> Any:
    found, heading, path = peers_of(asking, by, run_id), f"{by.capitalize()}s", f"/{by}s"
    if found is None:
        context = PeoplePage(heading, by, (), "No run has decided a period yet.", False, path, "", ())
        return shown(request, "people.html", heading, context)
    lines = tuple(_line(asking, by, group, found) for group in found.groups if may_see(asking, by, group.key, found.units))
    sentence = f"{plural(len(lines), by)} with assignments in {basis_of_run(found.run, asking.site)}."
    asking.note(Right.PEOPLE, "listed", f"{by}s", f"{sentence} Run {found.run.run_id}", once=True)
    choices = run_choices(asking, found.known, found.run)
    context = PeoplePage(heading, by, lines, sentence, by == "officer", path, found.run.run_id, choices)
    return shown(request, "people.html", heading, context, run=found.run)


def basis_of_run(run: Run, site: Site) -> str:
    return f"{period(run.request.period, site.zone)}, by the policy {run.request.policy_id} {run.request.policy_version}"


def _line(asking: Visitor, by: str, group: RateGroup, found: Peers) -> PeopleLine:
    units = [unit for unit in found.units.get(group.key, ()) if asking.person.may_see_unit(unit)]
    is_part = len(units) < len(found.units.get(group.key, ()))
    return PeopleLine(
        name=group.key,
        href=people_href(by, group.key, found.run.run_id),
        unit=", ".join(unit or "not known" for unit in units),
        assignments="" if is_part else number(group.counts.assignments),
        decided="" if is_part else number(group.counts.decided),
    )
