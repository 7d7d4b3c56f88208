"""Tables of the rates that were stored with a run, and never change afterwards."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKeyConstraint

from bwc_audit.store.columns import Stored, document, integer, not_negative, number, small, text


class RunRatesRow(Stored, table=True):
    """What the rates of a run were made with; a run without this row was recorded before rates were stored."""

    __tablename__ = "run_rates"

    run_id: str = text("audit run", primary_key=True, foreign_key="run.run_id")
    zone: str = text("IANA zone in which shifts and months begin")
    shifts: list[list[Any]] = document("[minutes after local midnight, label] of each shift, ascending")


class RunRateGroupRow(Stored, table=True):
    """The assignments behind the rates of one group, and how they were left out or decided."""

    __tablename__ = "run_rate_group"
    __table_args__: ClassVar[Any] = not_negative("ordinal", "assignments", "decided", "pending", "undetermined")

    run_id: str = text("audit run", primary_key=True, foreign_key="run.run_id")
    dimension: str = text("all, officer, unit, call_type, shift or month", primary_key=True)
    ordinal: int = small("place among the groups of the dimension, from 0", primary_key=True)
    group_key: str = text("key of the group")
    assignments: int = integer("all of them")
    decided: int = integer("covered or with findings: the denominator of counted rates")
    pending: int = integer("sources not complete at the time")
    undetermined: int = integer("unknown: nothing could be said")
    waterfall: list[list[Any]] = document("[bucket, assignments] in the fixed order, with zeros")


class RunRateRow(Stored, table=True):
    """One defined rate of one group. Shares are 0..1."""

    __tablename__ = "run_rate"
    __table_args__: ClassVar[Any] = (
        *not_negative("place", "k", "n"),
        CheckConstraint("k <= n", name="part_of_whole"),
        CheckConstraint("low >= 0 AND high <= 1 AND low <= high", name="interval_is_one"),
        CheckConstraint("(interval_method IS NULL) = (low IS NULL)", name="interval_named"),
        ForeignKeyConstraint(
            ["run_id", "dimension", "ordinal"],
            ["run_rate_group.run_id", "run_rate_group.dimension", "run_rate_group.ordinal"],
        ),
    )

    run_id: str = text("audit run", primary_key=True)
    dimension: str = text("as in the group", primary_key=True)
    ordinal: int = small("as in the group", primary_key=True)
    rate: str = text("name of the rate", primary_key=True)
    place: int = small("place among the rates of the group, from 0")
    unit: str = text("assignments or seconds: what k and n count")
    k: float = number("part")
    n: float = number("whole; 0: there is no rate")
    interval_method: str | None = text("wilson or cluster; null: no interval", default=None)
    low: float | None = number("lower end of the 95 % interval; null: none", default=None)
    high: float | None = number("upper end of the 95 % interval; null: none", default=None)
    band_low: float | None = number("pending and unknown counted all bad; null: none in scope", default=None)
    band_high: float | None = number("pending and unknown counted all good; null: none in scope", default=None)


class RunNoiseRow(Stored, table=True):
    """What reviewers had found of one kind of finding when the run was decided."""

    __tablename__ = "run_noise"
    __table_args__: ClassVar[Any] = (
        *not_negative("reviewed", "noise", "cannot_tell"),
        CheckConstraint("low >= 0 AND high <= 1 AND low <= high", name="interval_is_one"),
    )

    run_id: str = text("audit run", primary_key=True, foreign_key="run.run_id")
    kind: str = text("kind of finding", primary_key=True)
    sample_id: str = text("review sample that it rests on", foreign_key="review_sample.sample_id")
    reviewed: int = integer("findings of the kind judged")
    noise: int = integer("of these: measured fact wrong")
    cannot_tell: int = integer("of these: cannot be told")
    share: float | None = number("noise rate, weighted by strata, 0..1; null: none could be told", default=None)
    low: float | None = number("lower end of the 95 % interval; null: none", default=None)
    high: float | None = number("upper end of the 95 % interval; null: none", default=None)
