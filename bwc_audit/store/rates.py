"""The rates of a run in the store: written while it runs, sealed with it, read back as the values they were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlmodel import Session

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import ReviewedNoise
from bwc_audit.domain.rates import GROUP_KEYS, Counts, Rate, RateBook, RateGroup
from bwc_audit.domain.results import Bucket
from bwc_audit.domain.shifts import Shift
from bwc_audit.store.bulk import insert_rows
from bwc_audit.store.tables import RunNoiseRow, RunRateGroupRow, RunRateRow, RunRatesRow, table_of

_WHOLE = "all"
_GROUP_COLUMNS = (
    *("run_id", "dimension", "ordinal", "group_key", "assignments", "decided", "pending", "undetermined", "waterfall"),
)
_RATE_VALUES = ("unit", "k", "n", "low", "high", "band_low", "band_high")
_RATE_COLUMNS = ("run_id", "dimension", "ordinal", "place", "rate", "interval_method", *_RATE_VALUES)
_NOISE_VALUES = ("sample_id", "reviewed", "noise", "cannot_tell", "share", "low", "high")


def store_rates(session: Session, run_id: str, book: RateBook, noise: Sequence[ReviewedNoise] = ()) -> None:
    """Store all rates of a running run, and the noise rates known by then; what it had stored before is replaced. The
    database refuses it for a run that is over (``StoreError``)."""
    connection = session.connection()
    for model in (RunNoiseRow, RunRateRow, RunRateGroupRow, RunRatesRow):
        table = table_of(model)
        connection.execute(delete(table).where(table.c.run_id == run_id))
    shifts = [[shift.start_minute, shift.label] for shift in book.shifts]
    connection.execute(insert(table_of(RunRatesRow)).values(run_id=run_id, zone=book.zone, shifts=shifts))
    dimensions = {_WHOLE: (book.whole,), **book.groups}
    placed = [
        (dimension, ordinal, group) for dimension, groups in dimensions.items() for ordinal, group in enumerate(groups)
    ]
    insert_rows(session, table_of(RunRateGroupRow), _GROUP_COLUMNS, (_group_row(run_id, *one) for one in placed))
    insert_rows(session, table_of(RunRateRow), _RATE_COLUMNS, (row for one in placed for row in _rate_rows(run_id, *one)))
    for one in noise:
        values = {name: getattr(one, name) for name in _NOISE_VALUES}
        connection.execute(insert(table_of(RunNoiseRow)).values(run_id=run_id, kind=str(one.kind), **values))


def load_rates(session: Session, run_id: str, by: Iterable[str] | None = None) -> RateBook | None:
    """The stored rates of a run, of the whole and of the keys ``by`` (None: all of them); None where none were stored."""
    connection, header = session.connection(), table_of(RunRatesRow)
    made = connection.execute(select(header).where(header.c.run_id == run_id)).mappings().one_or_none()
    if made is None:
        return None
    group, rate = table_of(RunRateGroupRow), table_of(RunRateRow)
    groups = select(group).where(group.c.run_id == run_id).order_by(group.c.dimension, group.c.ordinal)
    rates = select(rate).where(rate.c.run_id == run_id).order_by(rate.c.dimension, rate.c.ordinal, rate.c.place)
    if by is not None:
        wanted = (_WHOLE, *by)
        groups, rates = groups.where(group.c.dimension.in_(wanted)), rates.where(rate.c.dimension.in_(wanted))
    of_group: dict[tuple[str, int], list[Rate]] = {}
    for row in connection.execute(rates).mappings():
        of_group.setdefault((row["dimension"], row["ordinal"]), []).append(_rate_of(dict(row)))
    found: dict[str, list[RateGroup]] = {}
    for row in connection.execute(groups).mappings():
        mine = of_group.get((row["dimension"], row["ordinal"]), [])
        found.setdefault(row["dimension"], []).append(RateGroup(row["group_key"], tuple(mine), _counts_of(dict(row))))
    return RateBook(
        whole=found.pop(_WHOLE)[0],
        groups={dimension: tuple(found.get(dimension, ())) for dimension in (GROUP_KEYS if by is None else by)},
        shifts=tuple(Shift(minute, label) for minute, label in made["shifts"]),
        zone=made["zone"],
    )


def load_noise(session: Session, run_id: str) -> tuple[ReviewedNoise, ...]:
    """The noise rates that stood when the run was decided, by kind."""
    table = table_of(RunNoiseRow)
    query = select(table).where(table.c.run_id == run_id).order_by(table.c.kind)
    return tuple(
        ReviewedNoise(kind=FindingKind(row["kind"]), **{name: row[name] for name in _NOISE_VALUES})
        for row in session.connection().execute(query).mappings()
    )


def _group_row(run_id: str, dimension: str, ordinal: int, group: RateGroup) -> tuple[Any, ...]:
    counts = group.counts
    waterfall = [[str(bucket), count] for bucket, count in counts.waterfall]
    numbers = (counts.assignments, counts.decided, counts.pending, counts.unknown)
    return (run_id, dimension, ordinal, group.key, *numbers, waterfall)


def _rate_rows(run_id: str, dimension: str, ordinal: int, group: RateGroup) -> Iterable[tuple[Any, ...]]:
    for place, rate in enumerate(group.rates):
        values = (getattr(rate, name) for name in _RATE_VALUES)
        yield (run_id, dimension, ordinal, place, rate.name, rate.interval, *values)


def _rate_of(row: Mapping[str, Any]) -> Rate:
    values = {name: row[name] for name in _RATE_VALUES}
    if row["unit"] == "assignments":
        values |= {"k": int(row["k"]), "n": int(row["n"])}
    return Rate(name=row["rate"], interval=row["interval_method"], **values)


def _counts_of(row: Mapping[str, Any]) -> Counts:
    waterfall = tuple((Bucket(bucket), count) for bucket, count in row["waterfall"])
    return Counts(row["assignments"], waterfall, row["decided"], row["pending"], row["undetermined"])
