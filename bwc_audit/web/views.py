"""Saved views: a list with its filters under a name, for the account that kept it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.responses import RedirectResponse
from sqlalchemy import Delete, delete, insert, select

from bwc_audit.store.database import reading, writing
from bwc_audit.store.tables import SavedViewRow, table_of
from bwc_audit.web.guard import Visitor


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


def answer(asking: Visitor, page: str, form: Mapping[str, str]) -> RedirectResponse:
    """What the form of a list asked: keep the present filters under a name, or forget a view; then back to the list."""
    name, query = form.get("name", "").strip()[:80], form.get("query", "")[:2000]
    if form.get("forget"):
        forget(asking, page, form["forget"])
        done = "The+view+is+forgotten."
    elif name:
        keep(asking, page, name, query)
        done = "The+view+is+kept."
    else:
        done = "A+view+needs+a+name."
    return RedirectResponse(f"/{page}?{query}&done={done}", 303)


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
