"""Review samples in the store: drawn once with their whole frame, and the reviews that are only ever added to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlmodel import Session

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.review_sample import Allocation, Draw, Frame, Stratum
from bwc_audit.domain.reviews import Review, Verdict
from bwc_audit.store.bulk import insert_rows
from bwc_audit.store.tables import ReviewFrameRow, ReviewRow, ReviewSampleRow, RunRow, table_of

_SAMPLE_VALUES = (
    *(
        "sample_id",
        "run_id",
        "seed",
        "width",
        "expected",
        "algorithm",
        "frame_size",
        "size",
        "digest",
        "drawn_us",
        "drawn_by",
    ),
)
_REVIEW_VALUES = ("incident_id", "fingerprint", "reviewer", "at_us", "comment")


@dataclass(frozen=True, slots=True)
class ReviewSample:
    """One sample as stored. ``width`` and ``expected`` None: a size was asked for. Times in microseconds UTC."""

    sample_id: str
    run_id: str
    frame: Frame
    strata_by: tuple[str, ...]
    allocation: Allocation
    seed: str
    width: float | None
    expected: float | None
    algorithm: str
    frame_size: int
    size: int
    digest: str
    drawn_us: int
    drawn_by: str


@dataclass(frozen=True, slots=True)
class FramedIncident:
    """One incident of a sample's frame; ``pick`` None: not drawn."""

    incident_id: str
    stratum: str
    pick: int | None


def store_sample(session: Session, sample: ReviewSample, drawn: Draw) -> bool:
    """Store a sample with its frame; False where the same one (same digest, run and fields) is stored already."""
    connection, table = session.connection(), table_of(ReviewSampleRow)
    if connection.scalar(select(func.count()).where(table.c.sample_id == sample.sample_id)):
        return False
    values = {name: getattr(sample, name) for name in _SAMPLE_VALUES}
    enums = {"frame": str(sample.frame), "allocation": str(sample.allocation), "strata_by": list(sample.strata_by)}
    connection.execute(insert(table).values(**values, **enums))
    place = {incident_id: pick for pick, incident_id in enumerate(drawn.picks)}
    rows = ((sample.sample_id, one.incident_id, one.stratum, place.get(one.incident_id)) for one in drawn.frame)
    insert_rows(session, table_of(ReviewFrameRow), ("sample_id", "incident_id", "stratum", "pick"), rows)
    return True


def load_sample(session: Session, sample_id: str) -> ReviewSample | None:
    """The sample with this id; None where there is none."""
    table = table_of(ReviewSampleRow)
    return next(iter(_samples(session, select(table).where(table.c.sample_id == sample_id))), None)


def load_samples(session: Session, *, source: str | None = None) -> tuple[ReviewSample, ...]:
    """All samples, the latest first; of the runs of one source where it is named."""
    table, run = table_of(ReviewSampleRow), table_of(RunRow)
    query = select(table).order_by(table.c.drawn_us.desc(), table.c.sample_id)
    if source is not None:
        query = query.join(run, run.c.run_id == table.c.run_id).where(run.c.source == source)
    return _samples(session, query)


def _samples(session: Session, query: Select[Any]) -> tuple[ReviewSample, ...]:
    return tuple(
        ReviewSample(
            frame=Frame(row["frame"]),
            allocation=Allocation(row["allocation"]),
            strata_by=tuple(row["strata_by"]),
            **{name: row[name] for name in _SAMPLE_VALUES},
        )
        for row in session.connection().execute(query).mappings()
    )


def load_frame(session: Session, sample_id: str, *, is_drawn: bool = False) -> tuple[FramedIncident, ...]:
    """The frame of a sample in the order of incident ids; ``is_drawn``: only what was drawn, in the order to review in.

    Ordered here, since databases compare text differently."""
    table = table_of(ReviewFrameRow).c
    query = select(table.incident_id, table.stratum, table.pick).where(table.sample_id == sample_id)
    if is_drawn:
        query = query.where(table.pick.is_not(None))
    found = [FramedIncident(*row) for row in session.connection().execute(query)]
    return tuple(
        sorted(found, key=lambda one: one.pick or 0) if is_drawn else sorted(found, key=lambda one: one.incident_id)
    )


def load_strata(session: Session, sample_id: str) -> tuple[Stratum, ...]:
    """The strata of a sample, in the order of their names."""
    table = table_of(ReviewFrameRow).c
    query = select(table.stratum, func.count(), func.count(table.pick)).where(table.sample_id == sample_id)
    found = session.connection().execute(query.group_by(table.stratum))
    return tuple(sorted((Stratum(*row) for row in found), key=lambda stratum: stratum.name))


def append_reviews(session: Session, sample_id: str, reviews: Sequence[Review]) -> None:
    """Add verdicts. The database refuses those on incidents outside the frame (``StoreError``)."""
    for one in reviews:
        values = {name: getattr(one, name) for name in _REVIEW_VALUES}
        kind = None if one.kind is None else str(one.kind)
        statement = insert(table_of(ReviewRow)).values(sample_id=sample_id, verdict=str(one.verdict), kind=kind, **values)
        session.connection().execute(statement)


def count_reviews(session: Session, sample_id: str, incident_id: str, *, is_held: bool = False) -> int:
    """How many verdicts on a drawn incident there are. ``is_held``: nobody else adds one before this transaction ends."""
    connection = session.connection()
    if is_held:  # SQLite has one writer at a time anyway
        frame = table_of(ReviewFrameRow).c
        held = select(frame.pick).where(frame.sample_id == sample_id, frame.incident_id == incident_id).with_for_update()
        connection.execute(held)
    table = table_of(ReviewRow).c
    is_wanted = (table.sample_id == sample_id, table.incident_id == incident_id)
    return connection.scalar(select(func.count()).where(*is_wanted)) or 0


def load_reviews(session: Session, sample_id: str) -> tuple[Review, ...]:
    """All verdicts on a sample, oldest first."""
    table = table_of(ReviewRow)
    query = select(table).where(table.c.sample_id == sample_id).order_by(table.c.review_id)
    return tuple(
        Review(
            verdict=Verdict(row["verdict"]),
            kind=None if row["kind"] is None else FindingKind(row["kind"]),
            **{name: row[name] for name in _REVIEW_VALUES},
        )
        for row in session.connection().execute(query).mappings()
    )
