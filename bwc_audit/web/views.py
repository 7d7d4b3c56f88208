"""Saved views: a list with its filters under a name, for the account that kept it.

A view is kept only where its list can be shown: the list's own filters read it first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi.responses import RedirectResponse
from sqlalchemy import Delete, delete, insert, select

from bwc_audit.store.database import reading, writing
from bwc_audit.store.tables import SavedViewRow, table_of
from bwc_audit.web.filters import WrongFilter
from bwc_audit.web.guard import Visitor

#: A view is no longer than this, in characters of its address.
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class SavedView:
    """``query``: the part of the address after the question mark."""

    name: str
    query: str


def of(asking: Visitor, page: str) -> tuple[SavedView, ...]:
    """The views that somebody kept of a list, by name."""
    table = table_of(SavedViewRow).c
    query = select(table.name, table.query).where(table.account_id == asking.person.account_id, table.page == page)
    with reading(asking.site.engine) as session:
        return tuple(SavedView(*row) for row in session.connection().execute(query.order_by(table.name)))


def answer(
    asking: Visitor,
    page: str,
    form: Mapping[str, str],
    filters: Collection[str],
    check: Callable[[Mapping[str, str]], object],
) -> RedirectResponse:
    """What the form of a list asked: keep the present filters under a name, or forget a view; then back to the list.

    ``filters``: the names that the list knows; ``check`` raises ``WrongFilter`` for values that it refuses. Raises
    ``WrongFilter`` for a view that is not kept, with the reason.
    """
    name, query = form.get("name", "").strip()[:80], form.get("query", "")
    if form.get("forget"):
        forget(asking, page, form["forget"])
        done = "The+view+is+forgotten."
    elif name:
        _must_be_list(query, {*filters, "order"}, check)
        keep(asking, page, name, query)
        done = "The+view+is+kept."
    else:
        done = "A+view+needs+a+name."
    return RedirectResponse(f"/{page}?{query}&done={done}", 303)


def _must_be_list(query: str, known: Collection[str], check: Callable[[Mapping[str, str]], object]) -> None:
    try:
        if len(query) > LONGEST:
            raise WrongFilter(f"it has more than {LONGEST} characters")
        given = dict(parse_qsl(query, keep_blank_values=True))
        if strange := [name for name in given if name not in known]:
            raise WrongFilter(f"there is no filter {strange[0]!r}")
        check(given)
    except WrongFilter as problem:
        raise WrongFilter(f"The view is not kept. {problem}") from problem


def keep(asking: Visitor, page: str, name: str, query: str) -> None:
    """Keep a view; one of that name is replaced."""
    with writing(asking.site.engine) as session:
        session.connection().execute(_own(asking, page, name))
        session.connection().execute(
            insert(table_of(SavedViewRow)).values(
                account_id=asking.person.account_id, page=page, name=name, query=query, created_us=asking.site.now_us()
            )
        )


def forget(asking: Visitor, page: str, name: str) -> None:
    """Remove a view."""
    with writing(asking.site.engine) as session:
        session.connection().execute(_own(asking, page, name))


def _own(asking: Visitor, page: str, name: str) -> Delete:
    table = table_of(SavedViewRow)
    is_meant = (table.c.account_id == asking.person.account_id, table.c.page == page, table.c.name == name)
    return delete(table).where(*is_meant)
