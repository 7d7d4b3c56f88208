"""Recording what people say of findings: one at a time, or one decision for many; never over what somebody has not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine

from bwc_audit.domain.dispositions import Disposition, EntryKind, Standing, problem_with, standing_of
from bwc_audit.errors import BwcAuditError
from bwc_audit.store.database import reading, writing
from bwc_audit.store.dispositions import PlaceTaken, append_disposition, load_standings


class EntryRefused(BwcAuditError):  # noqa: N818  # what happened, not a fault
    """The entry is not complete, or does not fit what is there; the text says why."""


class SeenTooLittle(BwcAuditError):  # noqa: N818
    """Somebody else added an entry since its author looked. ``standing``: how the finding stands now."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("Somebody else added to this finding while you were writing. Nothing of yours was stored.")
        self.standing = standing


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding, and the place of the last of its entries that the author saw (0: there was none)."""

    fingerprint: str
    place: int


def dispose(engine: Engine, seen: Seen, entry: Disposition) -> Standing:
    """Add an entry after the one that its author saw last; its own fingerprint and place do not matter. Returns how the
    finding stands then. Raises ``EntryRefused``, ``SeenTooLittle`` and ``StoreError``."""
    with reading(engine) as session:
        standing = load_standings(session, [seen.fingerprint]).get(seen.fingerprint, standing_of(()))
    placed = _placed(entry, seen, standing)
    try:
        with writing(engine) as session:
            append_disposition(session, placed)
    except PlaceTaken as taken:
        with reading(engine) as session:
            raise SeenTooLittle(load_standings(session, [seen.fingerprint])[seen.fingerprint]) from taken
    return standing_of((*standing.entries, placed))


def _placed(entry: Disposition, seen: Seen, standing: Standing) -> Disposition:
    if standing.place != seen.place:
        raise SeenTooLittle(standing)
    placed = replace(entry, fingerprint=seen.fingerprint, place=seen.place + 1)
    if problem := problem_with(placed, standing):
        raise EntryRefused(problem)
    return placed


def dispose_many(engine: Engine, items: Sequence[Seen], entry: Disposition) -> tuple[str, ...]:
    """One decision on many findings: all of them in one transaction, or none. Returns the fingerprints of those that
    somebody else added to meanwhile; not empty: nothing was stored. Raises ``EntryRefused`` and ``StoreError``."""
    if entry.kind is not EntryKind.DECISION:
        raise EntryRefused("Only a decision is recorded for many findings at once.")
    taken: list[str] = []
    try:
        with writing(engine) as session:
            standings = load_standings(session, [one.fingerprint for one in items])
            nothing = standing_of(())
            for one in items:
                try:
                    append_disposition(session, _placed(entry, one, standings.get(one.fingerprint, nothing)))
                except SeenTooLittle:
                    taken.append(one.fingerprint)
            if taken:
                raise _NothingStored
    except _NothingStored:
        return tuple(taken)
    except PlaceTaken:  # between our look and our write: PostgreSQL only
        return tuple(one.fingerprint for one in items)
    return ()


class _NothingStored(Exception):  # noqa: N818
    """Takes the transaction back."""
