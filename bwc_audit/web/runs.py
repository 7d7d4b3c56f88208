"""Runs: their history, what each rested on and could not examine, and two of them side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request

from bwc_audit.audit.rates import rates_of_run
from bwc_audit.audit.rerun import differences_of_basis
from bwc_audit.domain.people import Right
from bwc_audit.domain.runs import Change, Run, RunKind
from bwc_audit.errors import BwcAuditError
from bwc_audit.report.banner import status_headline
from bwc_audit.report.contexts import Fact, RateBar
from bwc_audit.report.numbers import input_facts, rate_bars
from bwc_audit.report.sources_section import watermark_facts
from bwc_audit.report.words import CHANGE, KIND, RUN_KIND, humanised, number, plural
from bwc_audit.report.zone_times import length, period
from bwc_audit.store import run_comparison, run_notes, runs
from bwc_audit.store.database import reading
from bwc_audit.store.observations import count_changes
from bwc_audit.store.rejected import count_rejected, load_rejected
from bwc_audit.web.filters import WrongFilter, page_number
from bwc_audit.web.guard import Asking, NotThere, Pages, Visitor
from bwc_audit.web.showing import When, shown, when
from bwc_audit.web.site import Site

pages = Pages()

PAGE_ROWS, _MOST_REJECTED, _MOST_MOVED = 50, 200, 200


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of the history. ``asked``: who asked for it and why, empty: the schedule."""

    run_id: str
    href: str
    kind: str
    started: When
    period: str
    status: str
    asked: str
    policy: str
    took: str
    counts: str


@dataclass(frozen=True, slots=True)
class RunsPage:
    """``runs.html``: newest first."""

    lines: tuple[RunLine, ...]
    sentence: str
    older: str
    newer: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """``run.html``: one run."""

    run_id: str
    heading: str
    is_complete: bool
    headline: str
    facts: tuple[Fact, ...]
    inputs: tuple[Fact, ...]
    not_examined: tuple[str, ...]
    changes: tuple[tuple[str, str, str], ...]
    rejected: tuple[tuple[str, str, str, str], ...]
    rejected_reasons: tuple[tuple[str, str], ...]
    rejected_sentence: str
    watermarks: tuple[Fact, ...]
    rates: tuple[RateBar, ...]
    others: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ComparePage:
    """``runs_compared.html``: two runs, earlier and later."""

    first: RunLine
    second: RunLine
    basis: tuple[str, ...]
    outcomes: tuple[tuple[str, str, str], ...]
    outcomes_sentence: str
    moved: tuple[tuple[str, str, str, str, str], ...]
    moved_more: str
    findings: tuple[tuple[str, str, str], ...]
    findings_sentence: str
    rates: tuple[tuple[RateBar, RateBar], ...]


@pages.page("/runs", Right.RUNS)
def history(request: Request, asking: Asking, page: str = "1") -> Any:
    """All runs, newest first."""
    try:
        wanted = page_number(page)
    except WrongFilter as error:
        raise NotThere from error
    with reading(asking.site.engine) as session:
        found = runs.load_runs(session, PAGE_ROWS * wanted + 1, source=asking.site.audit.source.uri)
    here = found[PAGE_ROWS * (wanted - 1) : PAGE_ROWS * wanted]
    context = RunsPage(
        lines=tuple(_line(one, asking.site) for one in here),
        sentence="" if found else "No run has been made over this source yet.",
        older=str(wanted + 1) if len(found) > PAGE_ROWS * wanted else "",
        newer=str(wanted - 1) if wanted > 1 else "",
    )
    return shown(request, "runs.html", "Runs", context)


@pages.page("/runs/compare", Right.RUNS)
def compared(request: Request, asking: Asking, a: str = "", b: str = "") -> Any:
    """Two runs side by side."""
    first, second = _run(asking, a), _run(asking, b)
    if first.started_us > second.started_us:
        first, second = second, first
    for one in (first, second):
        if one.status not in ("complete", "incomplete"):
            raise CannotCompare(f"Run {one.run_id} is {one.status}: it decided nothing, so there is nothing to compare.")
    asking.note(Right.RUNS, "compared", "runs", f"{first.run_id} and {second.run_id}")
    with reading(asking.site.engine) as session:
        counted = run_comparison.count_moves(session, first.run_id, second.run_id)
        moved = run_comparison.moved(session, first.run_id, second.run_id, _MOST_MOVED + 1)
        findings = run_comparison.count_findings(session, first.run_id, second.run_id)
        tables = [rates_of_run(session, asking.site.audit, one).book.table() for one in (first, second)]
    both = sum(counted.values())
    still = sum(count for (one, other), count in counted.items() if one == other)
    context = ComparePage(
        first=_line(first, asking.site),
        second=_line(second, asking.site),
        basis=(*_period_difference(first, second, asking.site), *differences_of_basis(second, first)),
        outcomes=tuple((one, other, number(count)) for (one, other), count in sorted(counted.items()) if one != other),
        outcomes_sentence=_outcomes_sentence(both, still),
        moved=tuple(moved[:_MOST_MOVED]),
        moved_more=f"The first {_MOST_MOVED} are listed." if len(moved) > _MOST_MOVED else "",
        findings=tuple((KIND[kind], number(one), number(other)) for kind, one, other in findings),
        findings_sentence="" if findings else "Neither run has an open finding.",
        rates=tuple(zip(rate_bars(tables[0]), rate_bars(tables[1]), strict=True)),
    )
    return shown(request, "runs_compared.html", "Two runs", context, run=second)


def _period_difference(first: Run, second: Run, site: Site) -> tuple[str, ...]:
    """Counts of two periods stand beside each other; fewer of them does not mean that anything vanished."""
    one, other = (run.request for run in (first, second))
    if (one.period, one.incident_id) == (other.period, other.incident_id):
        return ()
    about = [f"incident {each.incident_id}" if each.incident_id else period(each.period, site.zone) for each in (one, other)]
    return (f"they are about {about[0]}, and about {about[1]}: counts of findings and rates are of each alone",)


class CannotCompare(BwcAuditError):  # noqa: N818  # what is so, not a fault
    """A run that came to no decision says nothing of any assignment: absent is not resolved."""


def _outcomes_sentence(both: int, still: int) -> str:
    if not both:
        return "No assignment was judged by both runs."
    if both == still:
        return f"All {plural(both, 'assignment')} judged by both have the same outcome."
    return f"{number(both - still)} of {plural(both, 'assignment')} judged by both have another outcome."


@pages.page("/runs/{run_id}", Right.RUNS)
def run(request: Request, asking: Asking, run_id: str) -> Any:
    """One run: what went in, what came out, what was not examined."""
    found, site = _run(asking, run_id), asking.site
    with reading(site.engine) as session:
        changes = count_changes(session, run_id)
        reasons = count_rejected(session, found.request.source)
        rejected = load_rejected(session, found.request.source, _MOST_REJECTED)
        watermarks = run_notes.load_watermarks(session, run_id)
        is_decided = found.status in ("complete", "incomplete")
        rates = rate_bars(rates_of_run(session, site.audit, found).book.table()) if is_decided else ()
        others = runs.load_runs(session, 30, source=found.request.source)
    context = RunPage(
        run_id=run_id,
        heading=f"{RUN_KIND[found.request.kind]}: {period(found.request.period, site.zone)}",
        is_complete=found.status == "complete" and not found.not_examined,
        headline=status_headline(found),
        facts=_facts(found, site),
        inputs=input_facts(found.counts),
        not_examined=found.not_examined,
        changes=tuple((CHANGE[one], number(changes[one]), f"/findings?run={quote(run_id)}") for one in Change),
        rejected=tuple((str(row.row), row.field, humanised(row.reason).lower(), row.detail) for row in rejected),
        rejected_reasons=tuple((humanised(reason), number(count)) for reason, count in reasons.items()),
        rejected_sentence=_rejected_sentence(sum(reasons.values())),
        watermarks=watermark_facts(watermarks, site.zone),
        rates=rates,
        others=tuple(
            (one.run_id, f"{one.run_id} ({one.request.kind})")
            for one in others
            if one.run_id != run_id and one.status in ("complete", "incomplete")
        ),
    )
    return shown(request, "run.html", f"Run {run_id}", context, run=found)


def _run(asking: Visitor, run_id: str) -> Run:
    with reading(asking.site.engine) as session:
        found = runs.load_run(session, run_id)
    if found is None or found.request.source != asking.site.audit.source.uri:
        raise NotThere
    return found


def _rejected_sentence(count: int) -> str:
    if not count:
        return "No row of the source stands rejected now."
    more = f" The first {_MOST_REJECTED} are listed." if count > _MOST_REJECTED else ""
    return f"{plural(count, 'row')} or files of the source stand rejected now; nothing of them entered a decision.{more}"


def _line(one: Run, site: Site) -> RunLine:
    request, counts = one.request, Counter(one.counts)
    asked = f"{request.requester}: {request.reason}" if request.requester else ""
    return RunLine(
        run_id=one.run_id,
        href=f"/runs/{quote(one.run_id)}",
        kind=RUN_KIND[request.kind] + (f" {request.incident_id}" if request.kind is RunKind.INCIDENT else ""),
        started=when(one.started_us, site),
        period=period(request.period, site.zone),
        status=str(one.status),
        asked=asked,
        policy=f"{request.policy_id} {request.policy_version}",
        took="not ended" if one.finished_us is None else length(one.finished_us - one.started_us),
        counts=f"{number(counts['assignments'])} assignments, {number(counts['findings'])} findings",
    )


def _facts(one: Run, site: Site) -> tuple[Fact, ...]:
    request, line = one.request, _line(one, site)
    facts = [
        Fact("Run", one.run_id),
        Fact("Started", f"{line.started.local} ({line.started.utc})"),
        Fact("Took", line.took),
        Fact("As of", f"{when(request.as_of_us, site).local} ({when(request.as_of_us, site).utc})"),
        Fact("Source", request.source),
        Fact("Policy", f"{line.policy}, hash {request.policy_hash}"),
        Fact("Program", one.software_version),
        Fact("Inspector", one.inspector_version or "not named"),
        Fact("Inputs hash", one.inputs_hash or "not computed"),
    ]
    if request.requester:
        facts += [Fact("Requested by", request.requester), Fact("Reason", request.reason or "")]
    return tuple(facts)
