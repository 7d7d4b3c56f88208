"""The page of one finding: what was measured, what people said of it, and the forms to say something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

from bwc_audit.audit.dispositions import EntryRefused, Seen, SeenTooLittle, dispose
from bwc_audit.audit.reports import finding_context
from bwc_audit.domain.dispositions import (
    AGREES,
    DISAGREES,
    REASON_CODES,
    DecisionWord,
    Disposition,
    EntryKind,
    Standing,
    standing_of,
)
from bwc_audit.domain.people import Person, Right
from bwc_audit.domain.runs import ObservedFinding, Run
from bwc_audit.report.cards import finding_card
from bwc_audit.report.contexts import FindingCard
from bwc_audit.report.words import KIND, humanised
from bwc_audit.store.database import reading
from bwc_audit.store.dispositions import find_finding, load_standings
from bwc_audit.store.observations import load_last_observed
from bwc_audit.web.addresses import finding_href, incident_href
from bwc_audit.web.guard import Asking, Forbidden, Form, NotThere, Pages, Visitor
from bwc_audit.web.showing import When, shown, when

pages = Pages()

_WORDS = {
    EntryKind.DECISION: "decided",
    EntryKind.SECOND_REVIEW: "looked at the decision a second time",
    EntryKind.RESPONSE: "responded",
    EntryKind.UNDO: "took back",
}


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry. ``may_undo``: the visitor made it and may take it back."""

    place: int
    who: str
    what: str
    reason: str
    comment: str
    at: When
    is_undone: bool
    may_undo: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """What people said of a finding, and the forms. ``typed``: what a refused form held; ``problem``: why."""

    finding_id: str
    standing: str
    waits: bool
    place: int
    entries: tuple[EntryView, ...]
    decisions: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    may_decide: bool
    may_respond: bool
    may_second: bool
    typed: Mapping[str, str]
    problem: str


@dataclass(frozen=True, slots=True)
class FindingPage:
    """``finding.html``: one finding in full."""

    heading: str
    incident_id: str
    incident_href: str
    card: FindingCard
    panel: Panel
    next_href: str


@dataclass(frozen=True, slots=True)
class PanelPage:
    """``panel.html``: the same without the page around it, for pages that hold many findings."""

    panel: Panel


@dataclass(frozen=True, slots=True)
class _Found:
    run: Run
    observed: ObservedFinding
    standing: Standing


@pages.page("/findings/{finding_id}", Right.FINDINGS)
def finding(request: Request, asking: Asking, finding_id: str) -> Any:
    """One finding."""
    found = _find(asking, finding_id)
    _note(asking, found, "viewed")
    return _page(request, asking, found, {}, "")


@pages.page("/findings/{finding_id}/dispositions", Right.FINDINGS)
def panel(request: Request, asking: Asking, finding_id: str) -> Any:
    """What people said of it, as a part of another page."""
    found = _find(asking, finding_id)
    asking.note(Right.FINDINGS, "viewed", "finding", finding_id, once=True)
    return shown(request, "panel.html", finding_id, PanelPage(_panel(asking, found, {}, "")), run=found.run)


@pages.action("/findings/{finding_id}/dispositions", Right.FINDINGS)
def add_entry(request: Request, asking: Asking, form: Form, finding_id: str) -> Any:
    """Add an entry; what was typed stays where it is refused, or where somebody else was faster."""
    found = _find(asking, finding_id)
    entry, seen = _entry(asking, form), _seen_place(form)
    try:
        standing = dispose(asking.site.engine, Seen(found.observed.finding.fingerprint, seen), entry)
    except EntryRefused as refused:
        return _again(request, asking, found, form, str(refused), 422)
    except SeenTooLittle as late:
        newer = _Found(found.run, found.observed, late.standing)
        return _again(request, asking, newer, form, f"{late} Both are below: read theirs, then send yours again.", 409)
    _note(asking, found, _WORDS[entry.kind])
    if request.headers.get("hx-request"):
        done = _Found(found.run, found.observed, standing)
        return shown(request, "panel.html", finding_id, PanelPage(_panel(asking, done, {}, "")), run=found.run)
    return RedirectResponse(f"{finding_href(finding_id)}?done=Recorded.", 303)


def _again(request: Request, asking: Visitor, found: _Found, form: Mapping[str, str], problem: str, status: int) -> Any:
    if request.headers.get("hx-request"):
        context = PanelPage(_panel(asking, found, form, problem))
        return shown(request, "panel.html", found.observed.finding_id, context, run=found.run)
    return _page(request, asking, found, form, problem, status)


def _find(asking: Visitor, finding_id: str) -> _Found:
    """The finding as last observed. Raises ``NotThere`` for one that is not known, or not for this visitor to know of."""
    with reading(asking.site.engine) as session:
        known = find_finding(session, finding_id)
        if known is None or not asking.person.may_see_unit(known.unit):
            raise NotThere
        observed = load_last_observed(session, [known.fingerprint])[known.fingerprint]
        standing = load_standings(session, [known.fingerprint]).get(known.fingerprint, standing_of(()))
    return _Found(finding_context(asking.site.audit, observed).run, observed, standing)


def _note(asking: Visitor, found: _Found, action: str) -> None:
    right = Right.FINDINGS if action == "viewed" else Right.RESPOND if action == "responded" else Right.DECIDE
    asking.note(right, action, "finding", found.observed.finding_id)


def _entry(asking: Visitor, form: Mapping[str, str]) -> Disposition:
    """The entry of a form. Raises ``Forbidden`` where the role may not make it."""
    kind = form.get("entry", EntryKind.DECISION)
    entry = EntryKind(kind) if kind in set(EntryKind) else EntryKind.DECISION
    asking.must(
        Right.RESPOND if entry is EntryKind.RESPONSE else Right.DECIDE if entry is not EntryKind.UNDO else _any(asking)
    )
    undoes = form.get("undoes", "")
    return Disposition(
        fingerprint="",
        decision=form.get("decision", "") if entry in (EntryKind.DECISION, EntryKind.SECOND_REVIEW) else str(entry),
        reason_code=_reason(form) if entry is EntryKind.DECISION else None,
        comment=form.get("comment", "").strip(),
        reviewer=asking.person.account_id,
        at_us=asking.site.now_us(),
        kind=entry,
        undoes=int(undoes) if entry is EntryKind.UNDO and undoes.isdecimal() and len(undoes) < 9 else None,
    )


def _any(asking: Visitor) -> Right:
    """Whoever may add an entry may take back their own."""
    for right in (Right.DECIDE, Right.RESPOND):
        if asking.person.may(right):
            return right
    raise Forbidden


def _reason(form: Mapping[str, str]) -> str | None:
    """The reason of the decision that was chosen: each has a list of its own."""
    return form.get(f"reason_{form.get('decision', '')}", "") or None


def _seen_place(form: Mapping[str, str]) -> int:
    text = form.get("place", "")
    return int(text) if text.isdecimal() and len(text) < 9 else -1


def _page(
    request: Request, asking: Visitor, found: _Found, typed: Mapping[str, str], problem: str, status: int = 200
) -> Any:
    report = finding_context(asking.site.audit, found.observed)
    about = found.observed.finding
    context = FindingPage(
        heading=KIND[about.kind],
        incident_id=about.incident_id or "",
        incident_href=incident_href(about.incident_id, fingerprint=about.fingerprint) if about.incident_id else "",
        card=finding_card(found.observed, report, asking.site.zone),
        panel=_panel(asking, found, typed, problem),
        next_href="",
    )
    return shown(request, "finding.html", KIND[about.kind], context, status=status, run=found.run)


def _panel(asking: Visitor, found: _Found, typed: Mapping[str, str], problem: str) -> Panel:
    person, standing = asking.person, found.standing
    rule = asking.site.audit.settings.second_review
    decided = standing.decided
    return Panel(
        finding_id=found.observed.finding_id,
        standing=humanised(standing.word),
        waits=standing.waits_for_second(rule, found.observed.finding.severity),
        place=standing.place,
        entries=tuple(_view(one, standing, person, asking) for one in standing.entries),
        decisions=decision_choices(),
        may_decide=person.may(Right.DECIDE),
        may_respond=person.may(Right.RESPOND),
        may_second=person.may(Right.DECIDE)
        and decided is not None
        and not standing.is_open
        and decided.reviewer != person.account_id,
        typed=dict(typed),
        problem=problem,
    )


def decision_choices() -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    """(word, label, its reasons as code and label) of every decision."""
    return tuple(
        (str(word), humanised(word), tuple((code, humanised(code)) for code in REASON_CODES.get(word, ())))
        for word in DecisionWord
    )


def _view(one: Disposition, standing: Standing, person: Person, asking: Visitor) -> EntryView:
    is_undone = one.place in standing.undone
    what = _WORDS[one.kind]
    if one.kind is EntryKind.DECISION:
        what = f"decided: {humanised(one.decision).lower()}"
    elif one.kind is EntryKind.SECOND_REVIEW:
        what = {AGREES: "agrees with the decision", DISAGREES: "disagrees with the decision"}.get(one.decision, what)
    elif one.kind is EntryKind.UNDO:
        what = f"took back entry {one.undoes}"
    may_add = person.may(Right.DECIDE) or person.may(Right.RESPOND)
    return EntryView(
        place=one.place,
        who=one.reviewer,
        what=what,
        reason=humanised(one.reason_code) if one.reason_code else "",
        comment=one.comment,
        at=when(one.at_us, asking.site),
        is_undone=is_undone,
        may_undo=may_add and one.reviewer == person.account_id and not is_undone and one.kind is not EntryKind.UNDO,
    )
