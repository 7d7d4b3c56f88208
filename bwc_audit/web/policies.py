"""Policies to read: their clauses, numbers, layers and exemptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from bwc_audit.domain.people import Right
from bwc_audit.report.policy_words import clause_rows, exemption_rows, layer_rows, setting_rows
from bwc_audit.sources.policy_files import load_book
from bwc_audit.web.guard import Asking, NotThere, Pages
from bwc_audit.web.packs import shipped_packs
from bwc_audit.web.showing import shown

pages = Pages()

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class PoliciesPage:
    """``policies.html``. ``in_use``: the name of the configured one, which may be a file of the agency's own."""

    packs: tuple[tuple[str, str], ...]
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
    context = PoliciesPage(shipped_packs(), audit.book.book_id, audit.book.base.title, asking.person.may(Right.COMPARE))
    return shown(request, "policies.html", "Policies", context)


@pages.page("/policies/{name}", Right.POLICIES)
def policy(request: Request, asking: Asking, name: str) -> Any:
    """One policy: ``in-use``, or a pack by its id."""
    audit = asking.site.audit
    if name != "in-use" and name not in dict(shipped_packs()):
        raise NotThere
    book = audit.book if name == "in-use" else load_book(name, audit.settings.timezone)
    base = book.base
    context = PolicyPage(
        title=base.title,
        reference=f"{base.policy_id} {base.version}",
        policy_hash=book.policy_hash,
        clauses=tuple(clause_rows(base)),
        settings=tuple(setting_rows(base)),
        exemptions=tuple(exemption_rows(base)),
        layers=tuple(layer_rows(book)) if len(book.editions) > 1 or book.editions[0].layers else (),
        compare_href=f"/policies/what-if?b={name}" if asking.person.may(Right.COMPARE) and name != "in-use" else "",
    )
    return shown(request, "policy.html", base.title, context)
