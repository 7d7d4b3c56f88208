"""The access log, for auditors to read: who looked at what, and who changed what."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from bwc_audit.domain.people import Right
from bwc_audit.domain.times import iso_utc
from bwc_audit.report.tables import guarded
from bwc_audit.report.words import number
from bwc_audit.store.access_log import Access, load_accesses
from bwc_audit.store.database import reading
from bwc_audit.store.people import load_account
from bwc_audit.web.filters import WrongFilter, page_number
from bwc_audit.web.guard import Asking, NotThere, Pages
from bwc_audit.web.showing import When, shown, when

pages = Pages()

PAGE_ROWS, _MOST_EXPORTED = 100, 1_000_000


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One entry."""

    at: When
    who: str
    role: str
    what: str
    subject: str
    address: str


@dataclass(frozen=True, slots=True)
class AccessPage:
    """``access.html``: newest first."""

    lines: tuple[AccessLine, ...]
    sentence: str
    account: str
    subject: str
    query: str
    older: str
    newer: str


@pages.page("/access-log", Right.ACCESS_LOG)
def access_log(request: Request, asking: Asking, account: str = "", subject: str = "", page: str = "1") -> Any:
    """The log, of one account or about one subject."""
    try:
        wanted = page_number(page)
    except WrongFilter as error:
        raise NotThere from error
    found, count = _load(asking, account, subject, PAGE_ROWS, PAGE_ROWS * (wanted - 1))
    query = {"account": account, "subject": subject}
    context = AccessPage(
        lines=tuple(
            AccessLine(
                when(one.at_us, asking.site),
                one.account_id or "the public",
                one.role.replace("_", " "),
                one.action,
                f"{one.subject_kind}: {one.subject_id}",
                one.address,
            )
            for one in found
        ),
        sentence=f"{number(count)} entries"
        + (f" of {account}" if account else "")
        + (f" about {subject}" if subject else ""),
        account=account,
        subject=subject,
        query=urlencode(query),
        older=urlencode({**query, "page": str(wanted + 1)}) if PAGE_ROWS * wanted < count else "",
        newer=urlencode({**query, "page": str(wanted - 1)}) if wanted > 1 else "",
    )
    asking.note(Right.ACCESS_LOG, "read", "access log", context.sentence, once=True)
    return shown(request, "access.html", "Access log", context)


@pages.page("/access-log.csv", Right.ACCESS_LOG)
def access_log_csv(asking: Asking, account: str = "", subject: str = "") -> Any:
    """The same as CSV, whole."""
    found, _ = _load(asking, account, subject, _MOST_EXPORTED, 0)
    asking.note(Right.ACCESS_LOG, "exported", "access log", f"account {account or 'any'}, subject {subject or 'any'}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("at", "account", "role", "right", "action", "subject_kind", "subject", "address"))
    for one in found:
        cells = (one.account_id, one.role, one.used_right, one.action, one.subject_kind, one.subject_id, one.address)
        writer.writerow((iso_utc(one.at_us), *(guarded(cell) for cell in cells)))
    headers = {"content-disposition": 'attachment; filename="access-log.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _load(asking: Asking, account: str, subject: str, limit: int, offset: int) -> tuple[tuple[Access, ...], int]:
    """(a page of entries, how many there are). Raises ``WrongFilter`` for an account that never was."""
    who = account.strip()
    with reading(asking.site.engine) as session:
        found, count = load_accesses(
            session, account_id=who or None, subject_id=subject.strip() or None, limit=limit, offset=offset
        )
        if who and not count and load_account(session, who) is None:
            raise WrongFilter(f"Account: none is called {who!r}.")
    return found, count
