"""What was found a file to be, at a glance: container, codecs, why it could not be read. Never the measures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

from sqlalchemy import select, tuple_
from sqlmodel import Session

from bwc_audit.store.bulk import chunks
from bwc_audit.store.inspections import InspectionIdentity
from bwc_audit.store.tables import InspectionRow, table_of


@dataclass(frozen=True, slots=True)
class FootageMark:
    """``container`` and codecs as they were named when it was looked into, None: not read, or no such track. ``reason``: why
    it is unreadable, None: it is not. ``fps``: frames a second on average."""

    container: str | None = None
    picture: str | None = None
    sound: str | None = None
    fps: float | None = None
    reason: str | None = None


def load_footage_marks(session: Session, identities: Iterable[InspectionIdentity]) -> dict[InspectionIdentity, FootageMark]:
    """By identity; of those that were never looked into there is none."""
    table = table_of(InspectionRow)
    identity = [table.c[one.name] for one in fields(InspectionIdentity)]
    told = [table.c[name] for name in ("container_format", "video_codec", "audio_codec", "video_average_fps", "reason")]
    found: dict[InspectionIdentity, FootageMark] = {}
    for chunk in chunks(identities, 500):
        query = select(*told, *identity).where(tuple_(*identity).in_([astuple(one) for one in chunk]))
        for row in session.connection().execute(query):
            found[InspectionIdentity(*row[len(told) :])] = FootageMark(*row[: len(told)])
    return found
