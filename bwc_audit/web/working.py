"""Pages of long work: asking for a re-run or a what-if, watching it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from bwc_audit.audit.compare import compare_policies, period_request
from bwc_audit.audit.liveness import is_held
from bwc_audit.audit.rerun import RunDiff, rerun_incident
from bwc_audit.audit.setup import day_period
from bwc_audit.domain.comparison import Comparison
from bwc_audit.domain.people import Right
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.runs import Run, RunStatus
from bwc_audit.domain.times import Span
from bwc_audit.errors import BwcAuditError
from bwc_audit.report.comparison_document import comparison_document
from bwc_audit.report.comparison_page import ComparisonPage, comparison_page
from bwc_audit.report.rendering import frame as report_frame
from bwc_audit.report.zone_times import local, period
from bwc_audit.sources.policy_files import load_book
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.web.addresses import incident_href, incident_part_href, rerun_href
from bwc_audit.web.guard import Asking, Form, NotThere, Pages, Visitor
from bwc_audit.web.jobs import Job, JobState
from bwc_audit.web.packs import IN_USE, shipped_packs
from bwc_audit.web.rerun_answer import rerun_answer
from bwc_audit.web.showing import latest_decided, shown
from bwc_audit.web.sight import run_of

pages = Pages()

_LONGEST_DAYS = 31
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class RerunPage:
    """``rerun.html``: the form. ``problem``: why what was typed was refused."""

    incident_id: str
    back: str
    action: str
    reason: str
    problem: str


@dataclass(frozen=True, slots=True)
class JobPage:
    """``job.html``: how far it is; once it is over, what came of it. ``told``: words, and done and total for a bar."""

    heading: str
    job_id: str
    state: str
    is_over: bool
    told: tuple[tuple[str, int, int], ...]
    error: str
    result_href: str


@dataclass(frozen=True, slots=True)
class WhatIfPage:
    """``what_if.html``: the form of a policy comparison."""

    packs: tuple[tuple[str, str], ...]
    first: str
    second: str
    from_day: str
    to_day: str
    longest: int
    problem: str


@pages.page("/incidents/{incident_id:path}/re-run", Right.RERUN)
def ask_rerun(request: Request, asking: Asking, incident_id: str) -> Any:
    """The form that asks for a re-run."""
    run, _ = run_of(asking, incident_id, "")
    return _rerun_form(request, run, incident_id)


@pages.action("/incidents/{incident_id:path}/re-run", Right.RERUN)
def start_rerun(request: Request, asking: Asking, form: Form, incident_id: str) -> Any:
    """Begin it; who asked is who is signed in."""
    run, _ = run_of(asking, incident_id, "")
    reason = form.get("reason", "").strip()
    if not reason or len(reason) > 2000:
        return _rerun_form(
            request, run, incident_id, reason[:2000], "A re-run needs a reason, of at most 2000 characters.", 422
        )
    if _is_elsewhere(asking, incident_id):
        problem = "Another program is re-running this incident now. Try again when it is done."
        return _rerun_form(request, run, incident_id, reason, problem, 409)
    audit, who = asking.site.audit, f"{asking.person.name} ({asking.person.account_id})"
    job = asking.site.jobs.start(
        "re-run",
        incident_id,
        asking.person.account_id,
        asking.site.now_us(),
        lambda report: rerun_incident(audit, incident_id, requester=who, reason=reason, on_progress=report),
    )
    if job.account_id != asking.person.account_id:
        problem = "Somebody else is re-running this incident now. Try again when it is done."
        return _rerun_form(request, run, incident_id, reason, problem, 409)
    asking.note(Right.RERUN, "re-ran", "incident", incident_id)
    return RedirectResponse(f"/jobs/{job.job_id}", 303)


def _rerun_form(request: Request, run: Run, incident_id: str, reason: str = "", problem: str = "", status: int = 200) -> Any:
    hrefs = incident_href(incident_id), incident_part_href(incident_id, "re-run")
    context = RerunPage(incident_id, *hrefs, reason, problem)
    return shown(request, "rerun.html", f"Re-run {incident_id}", context, status=status, run=run)


def _is_elsewhere(asking: Visitor, incident_id: str) -> bool:
    """Whether another process of this state folder works on a re-run of the incident; our own jobs know of themselves."""
    audit = asking.site.audit
    with reading(audit.engine) as session:
        latest = runs.latest_rerun(session, audit.source.uri, incident_id)
    if latest is None or latest.status is not RunStatus.RUNNING or asking.site.jobs.is_under_way("re-run", incident_id):
        return False
    return is_held(audit.settings.state_dir, latest.run_id)


@pages.page("/jobs/{job_id}", None)
def job(request: Request, asking: Asking, job_id: str) -> Any:
    """How far a piece of work is; for who asked for it alone. A re-run that has its answer leads to it."""
    found = _find(asking, job_id)
    if isinstance(found.result, RunDiff):
        href = rerun_href(found.result.run.run_id)
        is_piece = "hx-request" in request.headers
        return Response(headers={"hx-redirect": href}) if is_piece else RedirectResponse(href, 303)
    heading = f"Re-run of incident {found.subject}" if found.kind == "re-run" else f"What if: {found.subject}"
    context = JobPage(
        heading=heading,
        job_id=job_id,
        state=str(found.state),
        is_over=found.is_over,
        told=tuple((what, done, max(total, 1)) for what, (done, total) in found.told.items()),
        error=found.error,
        result_href=f"/jobs/{job_id}/comparison" if isinstance(found.result, Comparison) else "",
    )
    return shown(request, "job.html", heading, context)


@pages.page("/reruns/{run_id}", Right.FINDINGS)
def rerun(request: Request, asking: Asking, run_id: str) -> Any:
    """What a re-run changed against the run before."""
    context, run = rerun_answer(asking, run_id)
    asking.note(Right.FINDINGS, "viewed", "incident", run.request.incident_id or "")
    return shown(request, "rerun_diff.html", context.heading, context, run=run)


def _find(asking: Visitor, job_id: str) -> Job:
    found = asking.site.jobs.find(job_id)
    if found is None or found.account_id != asking.person.account_id:
        raise NotThere
    return found


@pages.page("/policies/what-if", Right.COMPARE)
def ask_what_if(request: Request, asking: Asking, a: str = "", b: str = "") -> Any:
    """The form of a policy comparison."""
    return shown(request, "what_if.html", "What if", _what_if(asking, {"first": a, "second": b}, ""))


@pages.action("/policies/what-if", Right.COMPARE)
def start_what_if(request: Request, asking: Asking, form: Form) -> Any:
    """Replay a stored period under two policies; nothing is stored."""
    audit = asking.site.audit
    try:
        span = _period(form, asking)
        books = [_book(form.get(name, ""), asking) for name in ("first", "second")]
    except (ValueError, BwcAuditError) as error:
        return shown(request, "what_if.html", "What if", _what_if(asking, form, str(error)), status=422)
    subject = f"{books[0].book_id} against {books[1].book_id}, {period(span, asking.site.zone)}"
    started = asking.site.jobs.start(
        "what-if",
        f"{subject}, by {asking.person.account_id}",
        asking.person.account_id,
        asking.site.now_us(),
        lambda _report: compare_policies(audit, books[0], books[1], period_request(audit, span)),
    )
    return RedirectResponse(f"/jobs/{started.job_id}", 303)


def _book(name: str, asking: Visitor) -> PolicyBook:
    """The policy in use, or a pack that is shipped: never a path of the server's. Raises ``ValueError``."""
    audit = asking.site.audit
    if name == IN_USE:
        return audit.book
    if name not in dict(shipped_packs()):
        raise ValueError("Choose two of the policies listed.")
    return load_book(name, audit.settings.timezone)


def _period(form: Mapping[str, str], asking: Visitor) -> Span:
    try:
        first, last = date.fromisoformat(form.get("from", "")), date.fromisoformat(form.get("to", ""))
    except ValueError as error:
        raise ValueError("Give the first and the last day, such as 2025-05-24.") from error
    if not 0 <= (last - first).days < _LONGEST_DAYS:
        raise ValueError(f"The last day is not before the first, and at most {_LONGEST_DAYS} days are compared.")
    settings = asking.site.audit.settings
    return Span(day_period(settings, first).start_us, day_period(settings, last).end_us)


def _what_if(asking: Visitor, typed: Mapping[str, str], problem: str) -> WhatIfPage:
    run = latest_decided(asking.site)
    from_day = local(run.request.period.start_us, asking.site.zone).date().isoformat() if run else ""
    return WhatIfPage(
        packs=((IN_USE, f"In use: {asking.site.audit.book.base.title}"), *shipped_packs()),
        first=typed.get("first") or IN_USE,
        second=typed.get("second")
        or next((name for name, _ in shipped_packs() if name != asking.site.audit.book.book_id), ""),
        from_day=typed.get("from", from_day),
        to_day=typed.get("to", from_day),
        longest=_LONGEST_DAYS,
        problem=problem,
    )


@pages.page("/jobs/{job_id}/comparison", Right.COMPARE)
def comparison(request: Request, asking: Asking, job_id: str) -> Any:
    """What two policies say of the same period, side by side."""
    found, footer = _compared(asking, job_id), "Replayed; nothing was stored."
    zone = asking.site.audit.settings.timezone
    context: ComparisonPage = comparison_page(found, report_frame("What if", footer), zone, shown=_SHOWN)
    asking.note(Right.COMPARE, "compared", "policies", _find(asking, job_id).subject, once=True)
    return shown(request, "comparison_shown.html", "What if", context)


@pages.page("/jobs/{job_id}/comparison.json", Right.COMPARE)
def comparison_json(asking: Asking, job_id: str) -> Any:
    """The same as ``bwc-policy-comparison/1``."""
    found = _compared(asking, job_id)
    asking.note(Right.COMPARE, "exported", "policies", _find(asking, job_id).subject)
    return JSONResponse(comparison_document(found))


def _compared(asking: Visitor, job_id: str) -> Comparison:
    found = _find(asking, job_id)
    if found.state is not JobState.DONE or not isinstance(found.result, Comparison):
        raise NotThere
    return found.result
