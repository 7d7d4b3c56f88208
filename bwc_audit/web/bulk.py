"""One decision for a whole filtered list: the list is said in a sentence and a number, and must still be that list."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

from bwc_audit.audit.dispositions import EntryRefused, Seen, dispose_many
from bwc_audit.domain.dispositions import Disposition
from bwc_audit.domain.people import Right
from bwc_audit.report.words import number, plural
from bwc_audit.store import finding_list
from bwc_audit.store.database import reading
from bwc_audit.web.dispositions import decision_choices
from bwc_audit.web.filters import Narrowed, narrowed
from bwc_audit.web.findings import asked_of
from bwc_audit.web.guard import Asking, Form, Pages, Visitor
from bwc_audit.web.period_runs import chosen_run, period_runs
from bwc_audit.web.showing import shown

pages = Pages()

#: More than this is not decided at once: nobody has looked at so many.
MOST = 2_000


@dataclass(frozen=True, slots=True)
class BulkPage:
    """``bulk.html``. ``digest`` stands for the exact list with what was said of each finding; ``too_many``: or none."""

    sentence: str
    count: str
    digest: str
    query: str
    too_many: str
    decisions: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    typed: Mapping[str, str]
    problem: str


@pages.page("/findings/bulk", Right.DECIDE)
def ask(request: Request, asking: Asking) -> Any:
    """The form."""
    return _page(request, asking, dict(request.query_params), {}, "")


@pages.action("/findings/bulk", Right.DECIDE)
def decide(request: Request, asking: Asking, form: Form) -> Any:
    """Record one decision for all findings of the list."""
    given = dict(request.query_params)
    wanted, seen = _list(asking, given)
    if _digest(seen) != form.get("digest") or not seen:
        problem = "The list is not the one you were shown: findings came or went, or somebody decided. Nothing was stored."
        return _page(request, asking, given, form, problem, 409)
    word = form.get("decision", "")
    entry = Disposition(
        fingerprint="",
        decision=word,
        reason_code=form.get(f"reason_{word}", "") or None,
        comment=form.get("comment", "").strip(),
        reviewer=asking.person.account_id,
        at_us=asking.site.now_us(),
    )
    try:
        taken = dispose_many(asking.site.engine, seen, entry)
    except EntryRefused as refused:
        return _page(request, asking, given, form, str(refused), 422)
    if taken:
        problem = f"Somebody else added to {plural(len(taken), 'finding')} meanwhile. Nothing was stored."
        return _page(request, asking, given, form, problem, 409)
    asking.note(Right.DECIDE, f"decided {word} on {len(seen)}", "findings", wanted.sentence)
    return RedirectResponse(f"/findings?{wanted.query()}&done=Recorded+for+{len(seen)}+findings.", 303)


def _list(asking: Visitor, given: Mapping[str, str]) -> tuple[Narrowed, list[Seen]]:
    """The list, at most one more than may be decided at once. Raises ``WrongFilter``."""
    run = chosen_run(asking, period_runs(asking), "")
    wanted = narrowed(given, asking.person, asked_of(asking, run, given))
    with reading(asking.site.engine) as session:
        found = finding_list.list_findings(session, wanted.clauses, wanted.order, MOST + 1)
    return wanted, [Seen(one.fingerprint, one.place) for one in found]


def _digest(seen: list[Seen]) -> str:
    ordered = sorted((one.fingerprint, one.place) for one in seen)
    return hashlib.sha256(repr(ordered).encode()).hexdigest()


def _page(
    request: Request, asking: Visitor, given: Mapping[str, str], typed: Mapping[str, str], problem: str, status: int = 200
) -> Any:
    wanted, seen = _list(asking, given)
    asking.note(Right.FINDINGS, "listed", "findings", wanted.sentence, once=True)
    too_many = (
        f"More than {number(MOST)} findings: narrow the list. Nobody has looked at so many." if len(seen) > MOST else ""
    )
    context = BulkPage(
        sentence=wanted.sentence,
        count=plural(len(seen), "finding"),
        digest=_digest(seen),
        query=wanted.query(),
        too_many=too_many or ("" if seen else "There is no such finding."),
        decisions=decision_choices(),
        typed=dict(typed),
        problem=problem,
    )
    return shown(request, "bulk.html", "Decide on a list", context, status=status)
