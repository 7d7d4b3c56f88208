"""Write and read what a run knew beside its results; see ``run_note_tables``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session

from bwc_audit.domain.clock_anchors import AnchorKind
from bwc_audit.domain.clock_days import ClockDay, Confidence
from bwc_audit.domain.expiring import Expiring, soonest
from bwc_audit.domain.results import Waiting
from bwc_audit.domain.watermarks import Watermark, WatermarkKind
from bwc_audit.store.bulk import insert_rows
from bwc_audit.store.columns import Stored
from bwc_audit.store.dispositions import decided_of
from bwc_audit.store.tables import RunClockRow, RunExpiringRow, RunWaitingRow, RunWatermarkRow, table_of

_CLOCK = (
    *("device_id", "start_us", "end_us", "offset_us", "spread_us", "uncertainty_us"),
    *("anchors", "against", "confidence", "why", "at_least_us"),
)
_EXPIRING = ("footage_id", "until_us", "matter", "incident_id", "officer_id", "finding_id")
_WAITING = ("incident_id", "officer_id", "reason", "ripens_us")


def add_notes(
    session: Session,
    run_id: str,
    clocks: Iterable[ClockDay],
    watermarks: Iterable[Watermark],
    waiting: Iterable[Waiting],
    expiring: Iterable[Expiring],
) -> None:
    """Add them to those of a running run; what it has of the same camera and day, source, assignment or matter is replaced,
    watermarks only by later ones. The database refuses a finished run."""
    known = {(one.device_id, one.start_us): one for one in load_clocks(session, run_id)}
    known |= {(one.device_id, one.start_us): one for one in clocks}
    marks = {(one.kind, one.device_id): one for one in load_watermarks(session, run_id)}
    for one in watermarks:
        other = marks.get((one.kind, one.device_id))
        is_later = other is None or other.until_us is None or (one.until_us is not None and one.until_us > other.until_us)
        if is_later:
            marks[one.kind, one.device_id] = one
    undecided = {(one.incident_id, one.officer_id): one for one in (*load_waiting(session, run_id), *waiting)}
    ending = sorted({*load_expiring(session, run_id), *expiring}, key=soonest)
    order = list(WatermarkKind)
    _replace(
        session,
        run_id,
        known.values(),
        sorted(marks.values(), key=lambda one: (order.index(one.kind), one.device_id or "")),
        undecided.values(),
        ending,
    )


def copy_notes(session: Session, run_id: str, origin: str) -> None:
    """Let a running run know what ``origin`` knew; matters that somebody decided on since do not expire any more."""
    expiring = load_expiring(session, origin)
    decided = decided_of(session, [one.finding_id for one in expiring if one.finding_id])
    still = [one for one in expiring if one.finding_id not in decided]
    told = (load_clocks(session, origin), load_watermarks(session, origin), load_waiting(session, origin))
    add_notes(session, run_id, *told, still)


def forget_notes(session: Session, run_id: str) -> None:
    """Remove what a running run had recorded."""
    for model in (RunClockRow, RunWatermarkRow, RunWaitingRow, RunExpiringRow):
        table = table_of(model)
        session.connection().execute(delete(table).where(table.c.run_id == run_id))


def _replace(
    session: Session,
    run_id: str,
    clocks: Iterable[ClockDay],
    watermarks: Iterable[Watermark],
    waiting: Iterable[Waiting],
    expiring: Iterable[Expiring],
) -> None:
    forget_notes(session, run_id)
    clock_rows = ((run_id, *_values(one, _CLOCK), [str(kind) for kind in one.kinds]) for one in clocks)
    insert_rows(session, table_of(RunClockRow), ("run_id", *_CLOCK, "kinds"), clock_rows)
    marks = ((run_id, place, one.kind, one.device_id, one.until_us) for place, one in enumerate(watermarks))
    insert_rows(session, table_of(RunWatermarkRow), ("run_id", "ordinal", "kind", "device_id", "until_us"), marks)
    waiting_rows = ((run_id, *_values(one, _WAITING)) for one in waiting)
    insert_rows(session, table_of(RunWaitingRow), ("run_id", *_WAITING), waiting_rows)
    expiring_rows = ((run_id, place, *_values(one, _EXPIRING)) for place, one in enumerate(expiring))
    insert_rows(session, table_of(RunExpiringRow), ("run_id", "ordinal", *_EXPIRING), expiring_rows)


def load_clocks(session: Session, run_id: str, *, device_id: str | None = None) -> tuple[ClockDay, ...]:
    """What anchors said in a run, by camera and day; without the segments that they rest on."""
    rows = _rows(session, RunClockRow, run_id, ("device_id", "start_us"))
    return tuple(
        ClockDay(
            kinds=tuple(AnchorKind(kind) for kind in row["kinds"]),
            confidence=Confidence(row["confidence"]),
            **{name: row[name] for name in _CLOCK if name not in ("confidence", "end_us")},
        )
        for row in rows
        if device_id in (None, row["device_id"])
    )


def load_watermarks(session: Session, run_id: str) -> tuple[Watermark, ...]:
    """How far the sources had told, sources first."""
    rows = _rows(session, RunWatermarkRow, run_id, ("ordinal",))
    return tuple(Watermark(WatermarkKind(row["kind"]), row["until_us"], row["device_id"]) for row in rows)


def load_waiting(session: Session, run_id: str, *, incident_id: str | None = None) -> tuple[Waiting, ...]:
    """What is pending in a run (at one incident), by incident and officer."""
    wanted = {} if incident_id is None else {"incident_id": incident_id}
    rows = _rows(session, RunWaitingRow, run_id, ("incident_id", "officer_id"), **wanted)
    return tuple(Waiting(**{name: row[name] for name in _WAITING}) for row in rows)


def load_expiring(session: Session, run_id: str) -> tuple[Expiring, ...]:
    """What may be deleted soon although something is open, the soonest first."""
    rows = _rows(session, RunExpiringRow, run_id, ("ordinal",))
    return tuple(Expiring(**{name: row[name] for name in _EXPIRING}) for row in rows)


def _values(one: object, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in names)


def _rows(session: Session, model: type[Stored], run_id: str, order: Sequence[str], **equal: str) -> list[dict[str, Any]]:
    table = table_of(model)
    wanted = [table.c.run_id == run_id, *(table.c[name] == value for name, value in equal.items())]
    query = select(table).where(*wanted).order_by(*(table.c[name] for name in order))
    return [dict(row) for row in session.connection().execute(query).mappings()]
