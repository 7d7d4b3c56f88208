"""What people said of findings: only ever added. Where a finding stands is worked out elsewhere (``domain.dispositions``).

Two people cannot take the same place: the database refuses the second one, whatever they saw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bwc_audit.domain.dispositions import Disposition, EntryKind, Standing, standing_of
from bwc_audit.errors import StoreError
from bwc_audit.store.bulk import chunks
from bwc_audit.store.tables import DispositionRow, FindingRow, table_of

_COLUMNS = ("fingerprint", "decision", "reason_code", "comment", "reviewer", "at_us", "kind", "place", "undoes")


class PlaceTaken(StoreError):  # noqa: N818  # what happened, not a fault
    """Somebody else added an entry to the finding meanwhile."""


def append_disposition(session: Session, disposition: Disposition) -> None:
    """Add an entry. Raises ``PlaceTaken``, and ``StoreError`` where no such finding is stored."""
    finding = table_of(FindingRow).c
    known = session.connection().scalar(select(finding.fingerprint).where(finding.fingerprint == disposition.fingerprint))
    if known is None:
        raise StoreError(f"no finding {disposition.fingerprint} is stored: nothing to decide on")
    values = {name: getattr(disposition, name) for name in _COLUMNS}
    try:
        session.connection().execute(insert(table_of(DispositionRow)).values(values))
    except IntegrityError as error:
        if "fingerprint" not in str(error.orig) or "place" not in str(error.orig):
            raise
        raise PlaceTaken(f"an entry {disposition.place} of finding {disposition.fingerprint} is there already") from error


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """The identity of a finding, and the unit it belongs to (None: not known)."""

    fingerprint: str
    unit: str | None


def find_finding(session: Session, finding_id: str) -> KnownFinding | None:
    """The finding of this id; None where there is none."""
    row = table_of(FindingRow).c
    query = select(row.fingerprint, row.unit).where(row.finding_id == finding_id).order_by(row.fingerprint).limit(1)
    known = session.connection().execute(query).one_or_none()
    return None if known is None else KnownFinding(*known)


def load_dispositions(session: Session, fingerprints: Iterable[str]) -> dict[str, tuple[Disposition, ...]]:
    """All entries of these findings, oldest first; findings without any are left out."""
    table = table_of(DispositionRow).c
    found: dict[str, list[Disposition]] = {}
    for chunk in chunks(sorted(set(fingerprints)), 500):
        query = select(*(table[name] for name in _COLUMNS)).where(table.fingerprint.in_(chunk))
        for row in session.connection().execute(query.order_by(table.fingerprint, table.place)).mappings():
            entry = Disposition(**{**row, "kind": EntryKind(row["kind"])})
            found.setdefault(entry.fingerprint, []).append(entry)
    return {fingerprint: tuple(entries) for fingerprint, entries in found.items()}


def load_standings(session: Session, fingerprints: Iterable[str]) -> dict[str, Standing]:
    """Where each of these findings stands; findings without any entry are left out."""
    return {name: standing_of(entries) for name, entries in load_dispositions(session, fingerprints).items()}


def decided_of(session: Session, finding_ids: Iterable[str]) -> frozenset[str]:
    """Which of these findings (by id) have a decision in force."""
    finding, found = table_of(FindingRow).c, set()
    for chunk in chunks(sorted(set(finding_ids)), 500):
        query = select(finding.fingerprint, finding.finding_id).where(finding.finding_id.in_(chunk))
        id_of: dict[str, str] = dict(session.connection().execute(query).tuples().all())
        found |= {id_of[fingerprint] for fingerprint in latest_decisions(session, id_of)}
    return frozenset(found)


def latest_decisions(session: Session, fingerprints: Iterable[str]) -> dict[str, str]:
    """The word of the decision in force on each of these findings; open ones are left out."""
    standings = load_standings(session, fingerprints)
    return {fingerprint: one.word for fingerprint, one in standings.items() if not one.is_open}
