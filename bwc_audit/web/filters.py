"""The filters of the list of findings: each with its SQL and the words that say it, so that both say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bwc_audit.domain.dispositions import DecisionWord
from bwc_audit.domain.findings import FindingKind, Severity
from bwc_audit.domain.people import Person, Role
from bwc_audit.domain.runs import Change, FindingState
from bwc_audit.domain.times import us_of
from bwc_audit.report.words import CHANGE, KIND, SEVERITY, humanised, number
from bwc_audit.store import finding_list
from bwc_audit.store.finding_list import COUNTED_TO, ORDERS, Clause
from bwc_audit.store.known_names import Named

_LONGEST = 200
_EARLIEST, _LATEST = date(1970, 1, 2), date(2200, 1, 1)

#: The last page of a list; a list is narrowed rather than leafed through.
DEEPEST = 200


class WrongFilter(ValueError):  # noqa: N818  # what was typed, not a fault
    """A value that the filter does not know; the text says which."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What filters need besides their value. ``run_id``: whose changes are meant, the last run's unless ``is_named``;
    ``problem_with``: what is wrong with a name, empty: nothing; ``unit``: the only one whose assignments may be asked about,
    None: all."""

    zone: ZoneInfo
    run_id: str
    problem_with: Callable[[Named, str], str]
    is_named: bool = False
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter. ``clause``: its SQL; ``words``: its part of the sentence; ``choices``: value → label, None: free text;
    ``named``: what the text must be the name of, None: it is not a name."""

    label: str
    clause: Callable[[str, Asked], Clause]
    words: Callable[[str, Asked], str]
    choices: Mapping[str, str] | None = None
    kind: str = "text"
    named: Named | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One filter of the form. ``choices`` None: free text."""

    name: str
    label: str
    kind: str
    value: str
    choices: tuple[tuple[str, str], ...] | None


def fields_of(
    filters: Mapping[str, Filter], values: Mapping[str, str], known: Mapping[str, Iterable[str]] | None = None
) -> tuple[Field, ...]:
    """The filters as fields of a form with what was typed. ``known``: choices of those that offer stored values."""
    fields = []
    for name, one in filters.items():
        choices = None if one.choices is None else tuple(one.choices.items())
        if known and name in known:
            choices = tuple((value, value) for value in known[name])
        fields.append(Field(name, one.label, one.kind, values.get(name, ""), choices))
    return tuple(fields)


def shown_range(first: int, found: int, count: int, nothing: str = "none") -> str:
    """Which of a list a page shows: ``51–100 of 1,234``. ``first`` from 0; ``count`` beyond ``COUNTED_TO``: more than it."""
    total = f"more than {number(COUNTED_TO)}" if count > COUNTED_TO else number(count)
    if found:
        return f"{first + 1}–{first + found} of {total}"
    return f"nothing on this page; there are {total}" if count else nothing


def _column(label: str, column: str, words: Callable[[str, Asked], str], choices: Mapping[str, str] | None = None) -> Filter:
    return Filter(label, lambda value, _asked: finding_list.is_of(column, value), words, choices)


def _name(label: str, column: str, named: Named, words: Callable[[str, Asked], str]) -> Filter:
    return Filter(label, lambda value, _asked: finding_list.is_of(column, value), words, named=named)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise WrongFilter(f"{text!r} is no day such as 2025-05-24") from error
    return min(max(day, _EARLIEST), _LATEST)  # nothing is stored beyond, and the calendar's own ends have no neighbours


def start_us(text: str, asked: Asked, days: int = 0) -> int:
    """When a day, so many days later, begins in the agency's zone. Raises ``WrongFilter`` for a text that is no day."""
    day = _day(text) + timedelta(days=days)
    return us_of(datetime(day.year, day.month, day.day, tzinfo=asked.zone))


def _seen_as(change: str, asked: Asked) -> Clause:
    if not asked.run_id:
        raise WrongFilter("no run has come to a decision about a period yet, so nothing stands against another run")
    return finding_list.is_seen(asked.run_id, change)


FILTERS: Mapping[str, Filter] = {
    "kind": _column(
        "Kind", "kind", lambda value, _asked: f"of kind “{KIND[value]}”", {str(kind): KIND[kind] for kind in FindingKind}
    ),
    "severity": _column(
        "Severity", "severity", lambda value, _asked: f"of {value} severity", {str(one): SEVERITY[one] for one in Severity}
    ),
    "state": _column(
        "State", "state", lambda value, _asked: f"that are {value}", {str(one): str(one) for one in FindingState}
    ),
    "counted": Filter(
        "Margin",
        lambda value, _asked: finding_list.is_counted(value == "counted"),
        lambda value, _asked: "beyond the clock uncertainty" if value == "counted" else "within the clock uncertainty",
        {"counted": "counted", "borderline": "borderline"},
    ),
    "disposition": Filter(
        "Disposition",
        lambda value, _asked: finding_list.is_decided(value),
        lambda value, _asked: f"with disposition “{humanised(value).lower()}”",
        {str(one): humanised(one) for one in DecisionWord},
    ),
    "unit": _name("Unit", "unit", Named.UNIT, lambda value, _asked: f"in unit {value}"),
    "officer": _name("Officer", "officer_id", Named.OFFICER, lambda value, _asked: f"of officer {value}"),
    "incident": _name("Incident", "incident_id", Named.INCIDENT, lambda value, _asked: f"at incident {value}"),
    "call_type": _name("Call type", "call_type", Named.CALL_TYPE, lambda value, _asked: f"at calls of type {value}"),
    "from": Filter(
        "From",
        lambda value, asked: finding_list.is_between(start_us(value, asked), None),
        lambda value, _asked: f"from {value}",
        kind="date",
    ),
    "to": Filter(
        "To",
        lambda value, asked: finding_list.is_between(None, start_us(value, asked, days=1)),
        lambda value, _asked: f"to {value}, that day included",
        kind="date",
    ),
    "run": Filter(
        "Run",
        lambda value, _asked: finding_list.is_seen(value),
        lambda value, _asked: f"seen by run {value}",
        named=Named.RUN,
    ),
    "change": Filter(
        "Against the run before",
        _seen_as,
        lambda value, asked: f"that {'this' if asked.is_named else 'the last'} run saw as “{CHANGE[Change(value)].lower()}”",
        {str(one): CHANGE[one] for one in Change},
    ),
    "text": Filter(
        "Text",
        lambda value, _asked: finding_list.has_text(value),
        lambda value, _asked: f"with “{value}” in an id or the fact",
    ),
}


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A list narrowed by filters: the clauses, the sentence, and the query that brings it back."""

    values: Mapping[str, str]
    order: str
    clauses: tuple[Clause, ...]
    sentence: str

    def query(self, **more: str) -> str:
        """The address's query for the same list, with these values replaced."""
        given = {**self.values, "order": self.order, **more}
        return urlencode({name: value for name, value in given.items() if value})


def narrowed(given: Mapping[str, str], person: Person, asked: Asked) -> Narrowed:
    """The list that somebody asked for, and may see. Raises ``WrongFilter``."""
    order = order_of(given, ORDERS)
    values, clauses, words = applied(FILTERS, given, asked)
    if person.role is Role.SUPERVISOR:
        clauses.append(finding_list.is_of("unit", person.unit or ""))
        words.append(f"in your unit {person.unit}")
    sentence = f"Findings {', '.join(words)}" if words else "All findings"
    return Narrowed(values, order, tuple(clauses), f"{sentence}, {ORDERS[order]}")


def order_of(given: Mapping[str, str], orders: Mapping[str, str]) -> str:
    """The order asked for, else the first one. Raises ``WrongFilter``."""
    order = given.get("order") or next(iter(orders))
    if order not in orders:
        raise WrongFilter(f"{order!r} is no order: {', '.join(orders)}")
    return order


def applied(
    filters: Mapping[str, Filter], given: Mapping[str, str], asked: Asked
) -> tuple[dict[str, str], list[Clause], list[str]]:
    """(values of the filters that were given, their SQL, their words). Raises ``WrongFilter``."""
    values = {name: given[name].strip()[:_LONGEST] for name in filters if given.get(name, "").strip()}
    clauses, words = [], []
    for name, value in values.items():
        one = filters[name]
        if one.choices is not None and value not in one.choices:
            raise WrongFilter(f"{one.label}: {value!r} is none of {', '.join(one.choices)}")
        problem = asked.problem_with(one.named, value) if one.named is not None else ""
        if problem:
            raise WrongFilter(f"{one.label}: {problem}")
        clauses.append(one.clause(value, asked))
        words.append(one.words(value, asked))
    if "from" in values and "to" in values and _day(values["from"]) > _day(values["to"]):
        raise WrongFilter(f"no day is both {values['from']} or later and {values['to']} or earlier")
    return values, clauses, words


def page_number(text: str) -> int:
    """The number of a page of a list, from 1. Raises ``WrongFilter``."""
    page = int(text) if text.isdecimal() and len(text) < 9 else 0
    if not 1 <= page <= DEEPEST:
        raise WrongFilter(f"there is no page {text}: narrow the list instead of leafing beyond page {DEEPEST}")
    return page
