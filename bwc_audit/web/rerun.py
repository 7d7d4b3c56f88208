"""Examining one incident again from its page: who asks and why, how far it is, and what it changed.

The answer is a run like any other; the one before stays as it was. Progress is known of this process's own re-runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from bwc_audit.audit.liveness import is_held
from bwc_audit.audit.rerun import RunDiff, rerun_diff
from bwc_audit.audit.reruns_beside import RerunRefused, RerunState
from bwc_audit.domain.people import Right
from bwc_audit.domain.runs import Run, RunStatus
from bwc_audit.report.cards import finding_line
from bwc_audit.report.contexts import Fact
from bwc_audit.report.words import CHANGE, plural
from bwc_audit.report.zone_times import moment
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.web.guard import Asking, Form, NotThere, Pages, Visitor
from bwc_audit.web.showing import shown
from bwc_audit.web.sight import run_of

pages = Pages()

_LONGEST_REASON = 1000
_DECIDED = (RunStatus.COMPLETE, RunStatus.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class RerunForm:
    """``rerun_form.html``. ``reason``: what was typed; ``problem``: why it was not begun."""

    incident_id: str
    back: str
    action: str
    requester: str
    reason: str
    longest_reason: int
    problem: str
    progress_href: str


@dataclass(frozen=True, slots=True)
class RerunProgress:
    """``rerun_progress.html`` and ``rerun_progress_piece.html``. ``share``: 0..100, None: not known. ``problem``: why it
    ended without an answer."""

    incident_id: str
    back: str
    here: str
    again: str
    sentence: str
    count: str
    share: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One finding of the re-run. ``tag``: how it stands against the run before; ``note``: the cause."""

    tag: str
    kind: str
    severity: str
    subject: str
    message: str
    note: str
    href: str


@dataclass(frozen=True, slots=True)
class RerunDiffPage:
    """``rerun_diff.html``: what a re-run changed."""

    heading: str
    back: str
    before_href: str
    verdict: str
    is_unchanged: bool
    facts: tuple[Fact, ...]
    basis: tuple[str, ...]
    basis_sentence: str
    outcomes: tuple[tuple[str, str, str, bool], ...]
    changes: tuple[ChangeLine, ...]
    changes_sentence: str
    not_examined: tuple[str, ...]
    left_out: str


@pages.page("/incidents/{incident_id}/re-run", Right.RERUN)
def rerun_form(request: Request, asking: Asking, incident_id: str) -> Any:
    """The form."""
    run, _ = run_of(asking, incident_id, "")
    return _form(request, asking, run, incident_id, "", "", 200)


@pages.action("/incidents/{incident_id}/re-run", Right.RERUN)
def rerun_now(request: Request, asking: Asking, form: Form, incident_id: str) -> Any:
    """Begin; the reason stays typed where it cannot."""
    run, _ = run_of(asking, incident_id, "")
    reason = form.get("reason", "")
    if len(reason) > _LONGEST_REASON:
        return _form(request, asking, run, incident_id, reason, f"At most {_LONGEST_REASON} characters.", 422)
    person = asking.person
    requester = f"{person.name} ({person.account_id})" if person.name != person.account_id else person.account_id
    try:
        asking.site.reruns.start(asking.site.audit, incident_id, requester=requester, reason=reason.strip())
    except RerunRefused as refused:
        return _form(request, asking, run, incident_id, reason, str(refused), 409 if reason.strip() else 422)
    asking.note(Right.RERUN, "re-ran", "incident", incident_id)
    return RedirectResponse(_progress_href(incident_id), 303)


@pages.page("/incidents/{incident_id}/re-run/progress", Right.RERUN)
def rerun_progress(request: Request, asking: Asking, incident_id: str) -> Any:
    """How far it is; where it has ended, what it changed."""
    run, _ = run_of(asking, incident_id, "")
    state = asking.site.reruns.state_of(incident_id)
    latest = _latest(asking, incident_id)
    is_piece = "hx-request" in request.headers
    ended = _ended(state, latest)
    if ended is not None:
        href = f"/reruns/{quote(ended, safe='')}"
        return Response(headers={"hx-redirect": href}) if is_piece else RedirectResponse(href, 303)
    if state is None and latest is None:
        return RedirectResponse(f"{_incident_href(incident_id)}/re-run", 303)
    context = _progress(asking, incident_id, state, latest)
    if is_piece and context.problem:
        return Response(headers={"hx-redirect": context.here})  # the page that says why, which asks no more
    template = "rerun_progress_piece.html" if is_piece else "rerun_progress.html"
    return shown(request, template, f"Re-run of incident {incident_id}", context, run=run)


@pages.page("/reruns/{run_id}", Right.FINDINGS)
def rerun_answer(request: Request, asking: Asking, run_id: str) -> Any:
    """What a re-run changed against the run before."""
    site = asking.site
    with reading(site.engine) as session:
        run = runs.load_run(session, run_id)
        if run is None or run.request.incident_id is None or run.status not in _DECIDED:
            raise NotThere
        results = runs.load_results(session, run_id, incident_id=run.request.incident_id)
    theirs = {one.officer_id for one in results if asking.person.may_see_unit(one.unit)}
    if asking.person.unit is not None and not theirs:
        raise NotThere
    asking.note(Right.FINDINGS, "viewed", "incident", run.request.incident_id)
    context = _diff_page(asking, rerun_diff(site.audit, run), theirs)
    return shown(request, "rerun_diff.html", context.heading, context, run=run)


def _form(request: Request, asking: Visitor, run: Run, incident_id: str, reason: str, problem: str, status: int) -> Any:
    state = asking.site.reruns.state_of(incident_id)
    is_under_way = state is not None and not state.is_ended
    context = RerunForm(
        incident_id=incident_id,
        back=_incident_href(incident_id),
        action=f"{_incident_href(incident_id)}/re-run",
        requester=asking.person.name,
        reason=reason,
        longest_reason=_LONGEST_REASON,
        problem=problem,
        progress_href=_progress_href(incident_id) if is_under_way else "",
    )
    return shown(request, "rerun_form.html", f"Re-run incident {incident_id}", context, status=status, run=run)


def _latest(asking: Visitor, incident_id: str) -> Run | None:
    with reading(asking.site.engine) as session:
        return runs.latest_rerun(session, asking.site.audit.source.uri, incident_id)


def _ended(state: RerunState | None, latest: Run | None) -> str | None:
    """The id of the run that has an answer; None: it goes on, or has none."""
    if state is not None:
        return state.run_id if state.is_ended and not state.problem else None
    return latest.run_id if latest is not None and latest.status in _DECIDED else None


def _progress(asking: Visitor, incident_id: str, state: RerunState | None, latest: Run | None) -> RerunProgress:
    problem, sentence, count, share = "", "", "", None
    if state is not None:
        problem, sentence = state.problem, f"{state.what[:1].upper()}{state.what[1:]}"
        count = f"{state.done} of {state.total}" if state.total else ""
        share = round(100 * state.done / state.total) if state.total else None
    elif latest is not None and latest.status is RunStatus.FAILED:
        problem = "; ".join(latest.not_examined) or "It ended without an answer."
    elif latest is not None and is_held(asking.site.audit.settings.state_dir, latest.run_id):
        sentence = f"Under way since {moment(latest.started_us, asking.site.zone)}, in another program"
    elif latest is not None:
        problem = "Its program ended before it did. The next run that begins records it as interrupted."
    href = _incident_href(incident_id)
    return RerunProgress(incident_id, href, _progress_href(incident_id), f"{href}/re-run", sentence, count, share, problem)


def _diff_page(asking: Visitor, diff: RunDiff, theirs: set[str]) -> RerunDiffPage:
    run, person, zone = diff.run, asking.person, asking.site.zone
    incident_id = run.request.incident_id or ""
    outcomes = tuple(one for one in diff.outcomes if person.unit is None or one.officer_id in theirs)
    observed = tuple(one for one in diff.observed if person.unit is None or one.finding.officer_id in theirs)
    base = _incident_href(incident_id)
    left_out = len(diff.outcomes) - len(outcomes)
    changes = [(one, finding_line(one)) for one in observed]
    return RerunDiffPage(
        heading=f"Re-run of incident {incident_id}",
        back=f"{base}?run={quote(run.run_id)}",
        before_href=f"{base}?run={quote(diff.before.run_id)}" if diff.before else "",
        verdict=_verdict(diff, is_part=person.unit is not None),
        is_unchanged=diff.is_unchanged,
        facts=(
            Fact("Asked by", run.request.requester or ""),
            Fact("Reason", run.request.reason or ""),
            Fact("Began", moment(run.started_us, zone)),
            Fact("Ended", moment(run.finished_us, zone) if run.finished_us is not None else "not recorded"),
            Fact("Run", run.run_id),
            Fact("Run before", diff.before.run_id if diff.before else "none holds this incident"),
        ),
        basis=diff.basis,
        basis_sentence="" if diff.basis else _basis_sentence(diff),
        outcomes=tuple(
            (one.officer_id, one.before or "not there", one.now or "not there", one.before != one.now) for one in outcomes
        ),
        changes=tuple(
            ChangeLine(
                tag=CHANGE[one.change],
                kind=line.kind,
                severity=line.severity,
                subject=line.subject,
                message=line.message,
                note=one.cause or "",
                href=f"{base}?run={quote(run.run_id)}#f-{one.finding.fingerprint}",
            )
            for one, line in changes
        ),
        changes_sentence="" if changes else f"No finding, before or now, among {plural(len(outcomes), 'assignment')}.",
        not_examined=run.not_examined if person.unit is None else (),
        left_out=f"{plural(left_out, 'officer')} of other units are not shown." if left_out else "",
    )


def _verdict(diff: RunDiff, *, is_part: bool) -> str:
    if diff.before is None:
        return "No earlier run holds this incident, so there is nothing to compare with."
    if diff.is_unchanged:
        return "The same answer again: every outcome and every finding is as before."
    return "The incident as a whole has another answer than before." if is_part else "The answer is another than before."


def _basis_sentence(diff: RunDiff) -> str:
    return "" if diff.before is None else "It rested on the same policy, programs and files as the run before."


def _incident_href(incident_id: str) -> str:
    return f"/incidents/{quote(incident_id, safe='')}"


def _progress_href(incident_id: str) -> str:
    return f"{_incident_href(incident_id)}/re-run/progress"
