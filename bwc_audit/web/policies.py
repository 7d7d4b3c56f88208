"""Policies to read: the one in use, the packs that are shipped, and those that runs were decided by, as they were then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.domain.people import Right
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.report.policy_words import clause_rows, exemption_rows, layer_rows, setting_rows
from bwc_audit.report.words import number
from bwc_audit.report.zone_times import moment
from bwc_audit.sources.policy_files import book_of, load_book
from bwc_audit.store.database import reading
from bwc_audit.store.policies import policies_of_runs, policy_content
from bwc_audit.web.addresses import policy_href
from bwc_audit.web.guard import Asking, NotThere, Pages, Visitor
from bwc_audit.web.packs import IN_USE, shipped_packs
from bwc_audit.web.showing import Linked, shown

pages = Pages()

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class PoliciesPage:
    """``policies.html``. ``in_use``: the name of the configured one, which may be a file of the agency's own."""

    packs: tuple[tuple[str, str], ...]
    kept: tuple[tuple[Linked, str, str, str], ...]
    in_use: str
    in_use_title: str
    may_compare: bool


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """``policy.html``: one policy."""

    title: str
    reference: str
    policy_hash: str
    clauses: Rows
    settings: Rows
    exemptions: Rows
    layers: Rows
    compare_href: str


@pages.page("/policies", Right.POLICIES)
def policies(request: Request, asking: Asking) -> Any:
    """The policy in use, and the packs that are shipped."""
    audit = asking.site.audit
    with reading(audit.engine) as session:
        kept = policies_of_runs(session, audit.source.uri)
    rows = tuple(
        (
            Linked(f"{one.policy_id} {one.policy_version}", policy_href(one.policy_hash)),
            one.policy_hash[:12],
            number(one.runs),
            moment(one.last_us, asking.site.zone),
        )
        for one in kept
    )
    context = PoliciesPage(
        shipped_packs(), rows, audit.book.book_id, audit.book.base.title, asking.person.may(Right.COMPARE)
    )
    return shown(request, "policies.html", "Policies", context)


@pages.page("/policies/{name}", Right.POLICIES)
def policy(request: Request, asking: Asking, name: str) -> Any:
    """One policy: the one in use, a pack by its id, or one that runs were decided by, by its hash."""
    book = _book(asking, name)
    base = book.base
    context = PolicyPage(
        title=base.title,
        reference=f"{base.policy_id} {base.version}",
        policy_hash=book.policy_hash,
        clauses=tuple(clause_rows(base)),
        settings=tuple(setting_rows(base)),
        exemptions=tuple(exemption_rows(base)),
        layers=tuple(layer_rows(book)) if len(book.editions) > 1 or book.editions[0].layers else (),
        compare_href=f"/policies/what-if?b={name}"
        if asking.person.may(Right.COMPARE) and name in dict(shipped_packs())
        else "",
    )
    return shown(request, "policy.html", base.title, context)


def _book(asking: Visitor, name: str) -> PolicyBook:
    """Raises ``NotThere`` for a name that is none; never a path of the server's."""
    audit = asking.site.audit
    if name == IN_USE:
        return audit.book
    if name in dict(shipped_packs()):
        return load_book(name, audit.settings.timezone)
    with reading(audit.engine) as session:
        content = policy_content(session, name)
    if content is None:
        raise NotThere
    return book_of(content, f"policy {name}")
