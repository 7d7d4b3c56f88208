"""Two runs side by side: what each rested on, which assignments came out otherwise, which findings only one states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.audit.rates import rates_of_run
from bwc_audit.audit.rerun import differences_of_basis
from bwc_audit.domain.people import Right
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.runs import Run
from bwc_audit.errors import BwcAuditError
from bwc_audit.report.contexts import RateBar
from bwc_audit.report.numbers import rate_bars
from bwc_audit.report.words import KIND, OUTCOME, number, plural, reason_label
from bwc_audit.report.zone_times import period
from bwc_audit.store import run_comparison
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.database import reading
from bwc_audit.store.run_comparison import FindingMove
from bwc_audit.web.addresses import finding_href, incident_href
from bwc_audit.web.guard import Asking, Pages
from bwc_audit.web.runs import RunLine, run_line, stored_run
from bwc_audit.web.showing import Linked, shown
from bwc_audit.web.site import Site

pages = Pages()

_MOST = 200


class CannotCompare(BwcAuditError):  # noqa: N818  # what is so, not a fault
    """A run that came to no decision says nothing of any assignment: absent is not resolved."""


@dataclass(frozen=True, slots=True)
class ComparePage:
    """``runs_compared.html``: two runs, earlier and later."""

    first: RunLine
    second: RunLine
    basis: tuple[str, ...]
    outcomes: tuple[tuple[str, str, str], ...]
    outcomes_sentence: str
    moved: tuple[tuple[Linked, str, str, Linked], ...]
    moved_more: str
    findings: tuple[tuple[str, str, str], ...]
    findings_sentence: str
    only_earlier: tuple[tuple[Linked, str, Linked, str], ...]
    only_later: tuple[tuple[Linked, str, Linked, str], ...]
    only_sentence: str
    rates: tuple[tuple[RateBar, RateBar], ...]


@pages.page("/runs/compare", Right.RUNS)
def compared(request: Request, asking: Asking, a: str = "", b: str = "") -> Any:
    """The page; whichever began earlier stands first."""
    first, second = sorted((stored_run(asking, a), stored_run(asking, b)), key=lambda one: (one.started_us, one.run_id))
    for one in (first, second):
        if one.status not in DECIDED:
            raise CannotCompare(f"Run {one.run_id} is {one.status}: it decided nothing, so there is nothing to compare.")
    asking.note(Right.RUNS, "compared", "runs", f"{first.run_id} and {second.run_id}")
    ids, is_same_period = (first.run_id, second.run_id), _is_same_period(first, second)
    with reading(asking.site.engine) as session:
        counted = run_comparison.count_moves(session, *ids)
        moved = run_comparison.moved(session, *ids, _MOST + 1)
        findings = run_comparison.count_findings(session, *ids)
        found = run_comparison.moved_findings(session, *ids, _MOST + 1, is_same_period=is_same_period)
        tables = [rates_of_run(session, asking.site.audit, one).book.table() for one in (first, second)]
    context = ComparePage(
        first=run_line(first, asking.site),
        second=run_line(second, asking.site),
        basis=(*_period_difference(first, second, asking.site), *differences_of_basis(second, first)),
        outcomes=tuple(
            (OUTCOME[one], OUTCOME[other], number(count)) for (one, other), count in sorted(counted.items()) if one != other
        ),
        outcomes_sentence=_outcomes_sentence(counted),
        moved=tuple(_moved_row(one, first, second) for one in moved[:_MOST]),
        moved_more=f"The first {_MOST} are listed." if len(moved) > _MOST else "",
        findings=tuple((KIND[kind], number(one), number(other)) for kind, one, other in findings),
        findings_sentence="" if findings else "Neither run has an open finding.",
        only_earlier=_finding_rows(found, first, is_new=False),
        only_later=_finding_rows(found, second, is_new=True),
        only_sentence=_only_sentence(found, is_same_period=is_same_period),
        rates=tuple(zip(rate_bars(tables[0]), rate_bars(tables[1]), strict=True)),
    )
    return shown(request, "runs_compared.html", "Two runs", context, run=second)


def _is_same_period(first: Run, second: Run) -> bool:
    one, other = first.request, second.request
    return (one.period, one.incident_id) == (other.period, other.incident_id)


def _period_difference(first: Run, second: Run, site: Site) -> tuple[str, ...]:
    """Counts of two periods stand beside each other; fewer of them does not mean that anything vanished."""
    if _is_same_period(first, second):
        return ()
    asked = (first.request, second.request)
    about = [f"incident {one.incident_id}" if one.incident_id else period(one.period, site.zone) for one in asked]
    return (f"they are about {about[0]}, and about {about[1]}: counts of findings and rates are of each alone",)


def _outcomes_sentence(counted: Mapping[tuple[Outcome, Outcome], int]) -> str:
    both = sum(counted.values())
    still = sum(count for (one, other), count in counted.items() if one == other)
    if not both:
        return "No assignment was judged by both runs."
    if both == still:
        return f"All {plural(both, 'assignment')} judged by both have the same outcome."
    return f"{number(both - still)} of {plural(both, 'assignment')} judged by both have another outcome."


def _moved_row(one: run_comparison.MovedResult, first: Run, second: Run) -> tuple[Linked, str, str, Linked]:
    return (
        Linked(one.incident_id, incident_href(one.incident_id, first.run_id)),
        one.officer_id,
        _outcome(one.before, one.before_reason),
        Linked(_outcome(one.after, one.after_reason), incident_href(one.incident_id, second.run_id)),
    )


def _outcome(outcome: Outcome, reason: str | None) -> str:
    return f"{OUTCOME[outcome]}: {reason_label(reason)}" if reason else OUTCOME[outcome]


def _finding_rows(found: Sequence[FindingMove], run: Run, *, is_new: bool) -> tuple[tuple[Linked, str, Linked, str], ...]:
    return tuple(
        (
            Linked(one.finding_id, finding_href(one.finding_id)),
            KIND[one.kind],
            Linked(one.incident_id, incident_href(one.incident_id, run.run_id)) if one.incident_id else Linked("none", ""),
            one.officer_id or "nobody",
        )
        for one in found[:_MOST]
        if one.is_new is is_new
    )


def _only_sentence(found: Sequence[FindingMove], *, is_same_period: bool) -> str:
    among = "at incidents that both judged" + (", or of no incident" if is_same_period else "")
    if not found:
        return f"Both state the same findings {among}."
    more = f" The first {_MOST} are listed." if len(found) > _MOST else ""
    return (
        f"Compared are findings {among}; they are the same where kind, officer and recording are, whatever clause each "
        f"policy names. Elsewhere a run that did not look says nothing.{more}"
    )
