"""The filters of the list of incidents: each with its SQL and the words that say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from bwc_audit.domain.people import Person, Role
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import Run
from bwc_audit.report.words import OUTCOME
from bwc_audit.report.zone_times import period
from bwc_audit.store import incident_list
from bwc_audit.store.incident_list import ORDERS, Clause
from bwc_audit.store.known_names import Named
from bwc_audit.web.filters import Asked, Filter, applied, order_of, start_us

_OUTCOMES = {str(outcome): OUTCOME[outcome] for outcome in Outcome}

FILTERS: Mapping[str, Filter] = {
    "outcome": Filter(
        "Outcome of an assignment",
        lambda value, asked: incident_list.has_result("outcome", value, asked.unit),
        lambda value, _asked: f"with an assignment that is “{_OUTCOMES[value].lower()}”",
        _OUTCOMES,
    ),
    "unit": Filter(
        "Unit",
        lambda value, asked: incident_list.has_result("unit", value, asked.unit),
        lambda value, _asked: f"with an officer of unit {value}",
        named=Named.UNIT,
    ),
    "officer": Filter(
        "Officer",
        lambda value, asked: incident_list.has_result("officer_id", value, asked.unit),
        lambda value, _asked: f"with officer {value}",
        named=Named.OFFICER,
    ),
    "call_type": Filter(
        "Call type",
        lambda value, _asked: incident_list.is_called(value),
        lambda value, _asked: f"of type {value}",
        named=Named.CALL_TYPE,
    ),
    "from": Filter(
        "From",
        lambda value, asked: incident_list.is_between(start_us(value, asked), None),
        lambda value, _asked: f"opened from {value}",
        kind="date",
    ),
    "to": Filter(
        "To",
        lambda value, asked: incident_list.is_between(None, start_us(value, asked, days=1)),
        lambda value, _asked: f"opened to {value}, that day included",
        kind="date",
    ),
    "text": Filter(
        "Text in the id",
        lambda value, _asked: incident_list.has_text(value),
        lambda value, _asked: f"with “{value}” in the id",
    ),
}


@dataclass(frozen=True, slots=True)
class NarrowedIncidents:
    """The incidents of a run, narrowed. ``unit``: the only one whose assignments are counted; None: all."""

    run: Run
    values: Mapping[str, str]
    order: str
    clauses: tuple[Clause, ...]
    sentence: str
    unit: str | None

    def query(self, **more: str) -> str:
        """The address's query for the same list, with these values replaced."""
        given = {**self.values, "run": self.run.run_id, "order": self.order, **more}
        return urlencode({name: value for name, value in given.items() if value})


def narrowed_incidents(given: Mapping[str, str], person: Person, asked: Asked, run: Run) -> NarrowedIncidents:
    """The list that somebody asked for, and may see. Raises ``WrongFilter``."""
    order = order_of(given, ORDERS)
    unit = (person.unit or "") if person.role is Role.SUPERVISOR else None
    values, clauses, words = applied(FILTERS, given, replace(asked, unit=unit))
    if unit is not None:
        clauses.append(incident_list.has_result("unit", unit))
        words.append(f"with an officer of your unit {unit}")
    sentence = f"Incidents of {period(run.request.period, asked.zone)}" + (f", {', '.join(words)}" if words else "")
    return NarrowedIncidents(run, values, order, tuple(clauses), f"{sentence}, {ORDERS[order]}", unit)
