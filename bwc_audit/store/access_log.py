"""Who looked at a person's data or at footage, and who changed what: only ever added, readable by auditors."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import func, insert, select
from sqlmodel import Session

from bwc_audit.domain.people import Right
from bwc_audit.store.tables import AccessEntryRow, table_of


@dataclass(frozen=True, slots=True)
class Access:
    """One look or change. ``subject_kind`` and ``subject_id`` say at what; for a list, its filter in words."""

    at_us: int
    account_id: str
    role: str
    used_right: Right
    action: str
    subject_kind: str
    subject_id: str
    address: str


def append_access(session: Session, access: Access) -> None:
    """Add an entry."""
    session.connection().execute(insert(table_of(AccessEntryRow)).values(asdict(access)))


def last_access_us(session: Session, account_id: str, action: str, subject_kind: str, subject_id: str) -> int | None:
    """When somebody last did this to that; None: never."""
    table = table_of(AccessEntryRow).c
    query = select(func.max(table.at_us)).where(
        table.account_id == account_id,
        table.action == action,
        table.subject_kind == subject_kind,
        table.subject_id == subject_id,
    )
    at_us: int | None = session.connection().scalar(query)
    return at_us


def load_accesses(
    session: Session, *, account_id: str | None = None, subject_id: str | None = None, limit: int = 100, offset: int = 0
) -> tuple[tuple[Access, ...], int]:
    """(entries newest first, how many there are), of one account or about one subject."""
    table = table_of(AccessEntryRow)
    wanted = [] if account_id is None else [table.c.account_id == account_id]
    wanted += [] if subject_id is None else [table.c.subject_id == subject_id]
    columns = [table.c[name] for name in Access.__slots__]
    query = select(*columns).where(*wanted).order_by(table.c.entry_id.desc()).limit(limit).offset(offset)
    rows = session.connection().execute(query).mappings()
    count = session.connection().scalar(select(func.count()).select_from(table).where(*wanted)) or 0
    return tuple(Access(**{**row, "used_right": Right(row["used_right"])}) for row in rows), count
