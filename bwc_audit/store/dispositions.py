"""Reviewers' decisions on findings: only ever added; the latest one counts, the others stay readable."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, insert, select
from sqlmodel import Session

from bwc_audit.domain.runs import Disposition
from bwc_audit.errors import StoreError
from bwc_audit.store.bulk import chunks
from bwc_audit.store.tables import DispositionRow, FindingRow, table_of

_COLUMNS = ("fingerprint", "decision", "reason_code", "comment", "reviewer", "at_us")


def append_disposition(session: Session, disposition: Disposition) -> None:
    """Add a decision. Raises ``StoreError`` where no such finding is stored."""
    finding = table_of(FindingRow).c
    known = session.connection().scalar(select(func.count()).where(finding.fingerprint == disposition.fingerprint))
    if not known:
        raise StoreError(f"no finding {disposition.fingerprint} is stored: nothing to decide on")
    values = {name: getattr(disposition, name) for name in _COLUMNS}
    session.connection().execute(insert(table_of(DispositionRow)).values(values))


def load_dispositions(session: Session, fingerprints: Iterable[str]) -> dict[str, tuple[Disposition, ...]]:
    """All decisions on these findings, oldest first; findings without any are left out."""
    table = table_of(DispositionRow).c
    found: dict[str, tuple[Disposition, ...]] = {}
    for chunk in chunks(sorted(set(fingerprints)), 500):
        query = select(*(table[name] for name in _COLUMNS)).where(table.fingerprint.in_(chunk))
        for row in session.connection().execute(query.order_by(table.disposition_id)):
            disposition = Disposition(*row)
            found[disposition.fingerprint] = (*found.get(disposition.fingerprint, ()), disposition)
    return found


def latest_dispositions(session: Session, fingerprints: Iterable[str]) -> dict[str, Disposition]:
    """The latest decision on each of these findings; findings without any are left out."""
    return {fingerprint: all_of[-1] for fingerprint, all_of in load_dispositions(session, fingerprints).items()}


def latest_decisions(session: Session, fingerprints: Iterable[str]) -> dict[str, str]:
    """The word of the latest decision on each of these findings."""
    return {
        fingerprint: disposition.decision for fingerprint, disposition in latest_dispositions(session, fingerprints).items()
    }
