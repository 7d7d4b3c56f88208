"""The history of runs: which there were, what each was asked to do, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.domain.people import Right
from bwc_audit.domain.runs import Run, RunKind
from bwc_audit.report.words import RUN_KIND, number
from bwc_audit.report.zone_times import length, period
from bwc_audit.store import run_list
from bwc_audit.store.database import reading
from bwc_audit.web.addresses import run_href
from bwc_audit.web.filters import DEEPEST, Asked, Field, WrongFilter, fields_of, page_number, shown_range
from bwc_audit.web.guard import Asking, NotThere, Pages, Visitor
from bwc_audit.web.naming import naming
from bwc_audit.web.run_filters import FILTERS, NarrowedRuns, narrowed_runs
from bwc_audit.web.showing import When, shown, when
from bwc_audit.web.site import Site

pages = Pages()

PAGE_ROWS = 50


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
    """``runs.html``: newest first. ``problem``: what was wrong with a filter (nothing is shown then)."""

    lines: tuple[RunLine, ...]
    sentence: str
    shown: str
    problem: str
    fields: tuple[Field, ...]
    older: str
    newer: str


@pages.page("/runs", Right.RUNS)
def history(request: Request, asking: Asking) -> Any:
    """The list."""
    given = dict(request.query_params)
    try:
        wanted = narrowed_runs(given, Asked(asking.site.zone, "", naming(asking)))
        page = page_number(given.get("page", "1"))
    except WrongFilter as problem:
        context = RunsPage((), "", "", str(problem), fields_of(FILTERS, given), "", "")
        return shown(request, "runs.html", "Runs", context, status=422)
    return shown(request, "runs.html", "Runs", _page(asking, wanted, given, page))


def _page(asking: Visitor, wanted: NarrowedRuns, given: Mapping[str, str], page: int) -> RunsPage:
    first, source = (page - 1) * PAGE_ROWS, asking.site.audit.source.uri
    with reading(asking.site.engine) as session:
        count = run_list.count_runs(session, source, wanted.clauses)
        found = run_list.load_runs(session, PAGE_ROWS, source=source, wanted=wanted.clauses, offset=first)
    asking.note(Right.RUNS, "listed", "runs", wanted.sentence, once=True)
    is_more = first + len(found) < count and page < DEEPEST
    nothing = "none" if wanted.values else "none has been made over this source yet"
    return RunsPage(
        lines=tuple(run_line(one, asking.site) for one in found),
        sentence=wanted.sentence,
        shown=shown_range(first, len(found), count, nothing),
        problem="",
        fields=fields_of(FILTERS, given),
        older=wanted.query(page=str(page + 1)) if is_more else "",
        newer=wanted.query(page=str(page - 1)) if page > 1 else "",
    )


def stored_run(asking: Visitor, run_id: str) -> Run:
    """A run over the configured source. Raises ``NotThere``."""
    with reading(asking.site.engine) as session:
        found = run_list.load_run(session, run_id)
    if found is None or found.request.source != asking.site.audit.source.uri:
        raise NotThere
    return found


def run_line(one: Run, site: Site) -> RunLine:
    """A run in a line."""
    request, counts = one.request, Counter(one.counts)
    asked = f"{request.requester}: {request.reason}" if request.requester else ""
    return RunLine(
        run_id=one.run_id,
        href=run_href(one.run_id),
        kind=RUN_KIND[request.kind] + (f" {request.incident_id}" if request.kind is RunKind.INCIDENT else ""),
        started=when(one.started_us, site),
        period=period(request.period, site.zone),
        status=str(one.status),
        asked=asked,
        policy=f"{request.policy_id} {request.policy_version}",
        took="not ended" if one.finished_us is None else length(one.finished_us - one.started_us),
        counts=f"{number(counts['assignments'])} assignments, {number(counts['findings'])} findings",
    )
