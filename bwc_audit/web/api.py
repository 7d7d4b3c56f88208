"""The same queries as JSON under ``/api/v1``, for programs: a bearer token with scopes, no cookies, so no forged requests.

The documents are those of the command line and the reports (``bwc-finding/1``, ``bwc-rates/1`` …), schemas of which are
published; what is added here is the page around them. The description of the API itself names no data and is open.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from bwc_audit.audit.dispositions import Seen, dispose
from bwc_audit.audit.rates import rates_of_run
from bwc_audit.domain.dispositions import DecisionWord, Disposition, EntryKind, standing_of
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.people import Right
from bwc_audit.domain.rates import GROUP_KEYS
from bwc_audit.domain.runs import FindingState, Run
from bwc_audit.domain.times import iso_utc
from bwc_audit.report.document_parts import policy_reference
from bwc_audit.report.finding_document import FindingDocument, finding_document
from bwc_audit.report.rates_document import RatesDocument, rates_document
from bwc_audit.report.result_document import ResultDocument, result_document
from bwc_audit.store import finding_list, runs
from bwc_audit.store.answers import DECIDED
from bwc_audit.store.database import reading
from bwc_audit.store.dispositions import find_finding, load_standings
from bwc_audit.store.finding_list import COUNTED_TO
from bwc_audit.store.observations import load_last_observed
from bwc_audit.web.filters import narrowed
from bwc_audit.web.findings import asked_of
from bwc_audit.web.guard import NotThere, Visitor, needs_token
from bwc_audit.web.period_runs import chosen_run, period_runs
from bwc_audit.web.runs import stored_run
from bwc_audit.web.sight import run_of, seen_by_unit

_Id = Annotated[str, Field(max_length=200)]
#: Lists end here; they are narrowed rather than read on.
FURTHEST = 10_000


class Problem(BaseModel):
    """What went wrong, and for a request that is not valid, where."""

    detail: str
    explanation: str = ""
    problems: list[dict[str, Any]] = []


class FindingsPage(BaseModel):
    """A page of findings as observed last. ``total`` null: more than are counted. ``next``: where the next page begins,
    null: this is the last."""

    sentence: str
    as_of: str | None
    total: int | None
    next: int | None
    items: list[FindingDocument]


class RunItem(BaseModel):
    """One run. Times are UTC."""

    run_id: str
    kind: str
    status: Literal["running", "complete", "incomplete", "failed"]
    period_start: str
    period_end: str
    as_of: str
    policy: str
    started_at: str
    finished_at: str | None
    requester: str | None
    reason: str | None
    incident_id: str | None
    counts: dict[str, int]
    not_examined: list[str]


class IncidentItem(BaseModel):
    """What the latest run (or the one asked for) says of an incident. ``left_out``: officers that the token may not see."""

    incident_id: str
    run_id: str
    as_of: str
    results: list[ResultDocument]
    findings: list[FindingDocument]
    left_out: int


class EntryItem(BaseModel):
    """One entry on a finding, as it was made."""

    place: int
    kind: str
    decision: str
    reason_code: str | None
    comment: str
    reviewer: str
    at: str
    undoes: int | None
    is_undone: bool


class StandingItem(BaseModel):
    """Where a finding stands. ``place`` is that of the last entry: who adds one sends it back."""

    finding_id: str
    decision: str
    place: int
    entries: list[EntryItem]


class NewEntry(BaseModel):
    """An entry to add. ``place``: of the last entry that its author saw, 0 for none."""

    kind: Literal["decision", "second_review", "response", "undo"] = "decision"
    decision: str = Field("", max_length=40)
    reason_code: str | None = Field(None, max_length=60)
    comment: str = Field("", max_length=10_000)
    place: int = Field(ge=0, le=1_000_000)
    undoes: int | None = Field(None, ge=1, le=1_000_000)


#: What any request may be answered with besides.
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "no token, or none in force"},
    403: {"model": Problem, "description": "the token's scopes or its account's role do not include this"},
    404: {"model": Problem, "description": "not there, or not for this token to know of"},
    422: {"model": Problem, "description": "the request is not valid"},
}


def only_known_parameters(request: Request) -> None:
    """A parameter that a route does not have is refused, never ignored: a list would be longer than its reader thinks."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        errors = [{"loc": ("query", name), "msg": "there is no such parameter", "type": "unknown"} for name in unknown]
        raise RequestValidationError(errors)


router = APIRouter(prefix="/api/v1", responses=ERRORS, dependencies=[Depends(only_known_parameters)])


def with_right(right: Right) -> Any:
    """A dependency: for whom the token acts, if it has this right."""
    return Depends(needs_token(right))


@router.get("/findings", response_model=FindingsPage, summary="Findings as observed last")
def findings(
    asking: Annotated[Visitor, with_right(Right.FINDINGS)],
    start: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    order: Annotated[Literal["newest", "oldest", "severity", "kind", "officer", "incident"], Query()] = "newest",
    kind: FindingKind | None = None,
    severity: Annotated[Literal["low", "medium", "high"] | None, Query()] = None,
    state: FindingState | None = None,
    disposition: DecisionWord | None = None,
    unit: Annotated[str | None, Query(max_length=200)] = None,
    officer: Annotated[str | None, Query(max_length=200)] = None,
    incident: Annotated[str | None, Query(max_length=200)] = None,
    call_type: Annotated[str | None, Query(max_length=200)] = None,
    from_: Annotated[date | None, Query(alias="from", description="first day, in the agency's zone")] = None,
    to: Annotated[date | None, Query(description="last day, included")] = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
) -> FindingsPage:
    """Filters as on the page: an unknown value is refused (422), never ignored."""
    asked = {
        "kind": kind,
        "severity": severity,
        "state": state,
        "disposition": disposition,
        "unit": unit,
        "officer": officer,
        "incident": incident,
        "call_type": call_type,
        "to": to,
        "text": text,
    }
    given = {name: str(value) for name, value in {**asked, "from": from_}.items() if value is not None}
    run = chosen_run(asking, period_runs(asking), "")
    wanted = narrowed({**given, "order": order}, asking.person, asked_of(asking, run, given))
    with reading(asking.site.engine) as session:
        count, rows = finding_list.page_of_findings(session, wanted.clauses, wanted.order, limit, start)
    asking.note(Right.FINDINGS, "listed", "findings", wanted.sentence, once=True)
    is_more = start + len(rows) < count and start + limit <= FURTHEST and rows
    return FindingsPage(
        sentence=wanted.sentence,
        as_of=iso_utc(run.request.as_of_us) if run else None,
        total=None if count > COUNTED_TO else count,
        next=start + len(rows) if is_more else None,
        items=_documents(asking, [row.fingerprint for row in rows]),
    )


@router.get("/findings/{finding_id}", response_model=FindingDocument, summary="One finding")
def finding(asking: Annotated[Visitor, with_right(Right.FINDINGS)], finding_id: _Id) -> Any:
    """As observed last."""
    fingerprint = _fingerprint(asking, finding_id)
    asking.note(Right.FINDINGS, "viewed", "finding", finding_id)
    return _documents(asking, [fingerprint])[0]


@router.get("/findings/{finding_id}/dispositions", response_model=StandingItem, summary="What people said of a finding")
def dispositions(asking: Annotated[Visitor, with_right(Right.FINDINGS)], finding_id: _Id) -> StandingItem:
    """All entries, and where the finding stands after them."""
    fingerprint = _fingerprint(asking, finding_id)
    asking.note(Right.FINDINGS, "viewed", "finding", finding_id, once=True)
    return _standing(asking, finding_id, fingerprint)


@router.post(
    "/findings/{finding_id}/dispositions",
    response_model=StandingItem,
    status_code=201,
    summary="Say something of a finding",
    responses={409: {"model": Problem, "description": "somebody else added an entry since; read it first"}},
)
def add_entry(asking: Annotated[Visitor, with_right(Right.FINDINGS)], finding_id: _Id, entry: NewEntry) -> StandingItem:
    """Needs the scope *decide*, or *respond* for a response; entries are never changed."""
    fingerprint = _fingerprint(asking, finding_id)
    kind = EntryKind(entry.kind)
    right = Right.RESPOND if kind is EntryKind.RESPONSE else Right.DECIDE
    asking.must(right)
    made = Disposition(
        fingerprint=fingerprint,
        decision=entry.decision if kind in (EntryKind.DECISION, EntryKind.SECOND_REVIEW) else str(kind),
        reason_code=entry.reason_code if kind is EntryKind.DECISION else None,
        comment=entry.comment.strip(),
        reviewer=asking.person.account_id,
        at_us=asking.site.now_us(),
        kind=kind,
        undoes=entry.undoes if kind is EntryKind.UNDO else None,
    )
    dispose(asking.site.engine, Seen(fingerprint, entry.place), made)
    asking.note(right, f"added {kind}", "finding", finding_id)
    return _standing(asking, finding_id, fingerprint)


@router.get("/incidents/{incident_id:path}", response_model=IncidentItem, summary="One incident")
def incident(
    asking: Annotated[Visitor, with_right(Right.FINDINGS)],
    incident_id: _Id,
    run: Annotated[str, Query(max_length=100)] = "",
) -> IncidentItem:
    """As the latest run that saw it, or the one asked for."""
    chosen, _ = run_of(asking, incident_id, run)
    with reading(asking.site.engine) as session:
        results = runs.load_results(session, chosen.run_id, incident_id=incident_id)
        observed = runs.load_observed(session, chosen.run_id, incident_id=incident_id)
    mine = seen_by_unit(asking.person, results)
    officers = {one.officer_id for one in mine}
    theirs = [one for one in observed if asking.person.unit is None or one.finding.officer_id in officers]
    asking.note(Right.FINDINGS, "viewed", "incident", incident_id)
    return IncidentItem(
        incident_id=incident_id,
        run_id=chosen.run_id,
        as_of=iso_utc(chosen.request.as_of_us),
        results=[result_document(one) for one in mine],
        findings=[finding_document(one, policy_reference(chosen.request)) for one in theirs],
        left_out=len(results) - len(mine),
    )


@router.get("/runs", response_model=list[RunItem], summary="Runs, newest first")
def history(
    asking: Annotated[Visitor, with_right(Right.RUNS)], limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[RunItem]:
    """Over the configured source."""
    with reading(asking.site.engine) as session:
        return [_run_item(one) for one in runs.load_runs(session, limit, source=asking.site.audit.source.uri)]


@router.get("/runs/{run_id}", response_model=RunItem, summary="One run")
def one_run(asking: Annotated[Visitor, with_right(Right.RUNS)], run_id: _Id) -> RunItem:
    """By its id."""
    return _run_item(stored_run(asking, run_id))


@router.get("/rates", response_model=RatesDocument, summary="Rates of a run")
def rates(
    asking: Annotated[Visitor, with_right(Right.SUMMARY)],
    run: Annotated[str, Query(max_length=100)] = "",
    by: Annotated[Literal["unit", "call_type", "shift", "month", "officer"] | None, Query()] = None,
) -> Any:
    """As ``bwc-rates/1``, of the newest run over a period unless one is named; by unit or officer for tokens that may see
    people only."""
    if by in ("unit", "officer"):
        asking.must(Right.PEOPLE)
        if asking.person.unit is not None:
            raise NotThere
        asking.note(Right.PEOPLE, "listed", f"{by}s", f"rates of run {run or 'newest'}", once=True)
    chosen = stored_run(asking, run) if run else chosen_run(asking, period_runs(asking), "")
    if chosen is None or chosen.status not in DECIDED:
        raise NotThere
    with reading(asking.site.engine) as session:
        found = rates_of_run(session, asking.site.audit, chosen, GROUP_KEYS if by else ())
    table = found.book.table(by)
    return rates_document(table, chosen, shifts=found.book.shifts, noise=found.noise, is_stored=found.is_stored)


def _documents(asking: Visitor, fingerprints: list[str]) -> list[FindingDocument]:
    with reading(asking.site.engine) as session:
        found = load_last_observed(session, fingerprints)
        policies: dict[str, str] = {}
        for one in found.values():
            if one.run_id not in policies:
                run = runs.load_run(session, one.run_id)
                policies[one.run_id] = policy_reference(run.request) if run else ""
    return [finding_document(found[name], policies[found[name].run_id]) for name in fingerprints]


def _fingerprint(asking: Visitor, finding_id: str) -> str:
    with reading(asking.site.engine) as session:
        known = find_finding(session, finding_id)
    if known is None or not asking.person.may_see_unit(known.unit):
        raise NotThere
    return known.fingerprint


def _standing(asking: Visitor, finding_id: str, fingerprint: str) -> StandingItem:
    with reading(asking.site.engine) as session:
        standing = load_standings(session, [fingerprint]).get(fingerprint, standing_of(()))
    entries = [
        EntryItem(
            place=one.place,
            kind=one.kind,
            decision=one.decision,
            reason_code=one.reason_code,
            comment=one.comment,
            reviewer=one.reviewer,
            at=iso_utc(one.at_us),
            undoes=one.undoes,
            is_undone=one.place in standing.undone,
        )
        for one in standing.entries
    ]
    return StandingItem(finding_id=finding_id, decision=standing.word, place=standing.place, entries=entries)


def _run_item(one: Run) -> RunItem:
    request = one.request
    return RunItem(
        run_id=one.run_id,
        kind=request.kind,
        status=one.status,
        period_start=iso_utc(request.period.start_us),
        period_end=iso_utc(request.period.end_us),
        as_of=iso_utc(request.as_of_us),
        policy=policy_reference(request),
        started_at=iso_utc(one.started_us),
        finished_at=None if one.finished_us is None else iso_utc(one.finished_us),
        requester=request.requester,
        reason=request.reason,
        incident_id=request.incident_id,
        counts=one.counts,
        not_examined=list(one.not_examined),
    )
