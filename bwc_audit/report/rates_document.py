"""The rates of a run as JSON: ``bwc-rates/1``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import ReviewedNoise
from bwc_audit.domain.rates import Counts, Rate, RateGroup, RateTable
from bwc_audit.domain.results import Bucket
from bwc_audit.domain.runs import Run
from bwc_audit.domain.shifts import Shift
from bwc_audit.domain.times import iso_utc
from bwc_audit.report.document_parts import SpanDocument, policy_reference, span_document


class RateDocument(TypedDict):
    """Shares are 0..1, null where ``n`` is 0. ``interval`` says how ``low`` and ``high`` came about: ``wilson`` (assignments
    as trials), ``cluster`` (seconds, with incidents as clusters), null: none."""

    k: float
    n: float
    low: float | None
    high: float | None
    band_low: float | None
    band_high: float | None
    unit: Literal["assignments", "seconds"]
    share: float | None
    interval: Literal["wilson", "cluster"] | None


class BucketDocument(TypedDict):
    bucket: str
    n: int


class CountsDocument(TypedDict):
    """Assignments: all, those in scope, and what became of them."""

    assignments: int
    in_scope: int
    decided: int
    pending: int
    unknown: int


class RateGroupDocument(TypedDict):
    key: str
    rates: dict[str, RateDocument]
    counts: CountsDocument
    waterfall: list[BucketDocument]


class NoiseDocument(TypedDict):
    """What the review sample said of one kind of finding when the run was decided; shares are 0..1."""

    kind: FindingKind
    sample_id: str
    reviewed: int
    noise: int
    cannot_tell: int
    share: float | None
    low: float | None
    high: float | None


class RatesDocument(TypedDict):
    """``bwc-rates/1``. ``stored`` false: the run was recorded before rates were stored, and these were worked out now.
    ``timezone`` and ``shifts`` (their labels, in order) are those by which groups were made; empty where there are none."""

    run_id: str
    policy: str
    as_of: str
    period: SpanDocument
    waterfall: list[BucketDocument]
    groups: list[RateGroupDocument]
    by: str | None
    counts: CountsDocument
    timezone: str
    shifts: list[str]
    noise: list[NoiseDocument]
    stored: bool


def rates_document(
    table: RateTable,
    run: Run,
    *,
    shifts: Sequence[Shift] = (),
    noise: Sequence[ReviewedNoise] = (),
    is_stored: bool = True,
) -> RatesDocument:
    """The rate table of a run as ``bwc-rates/1``."""
    return {
        "run_id": run.run_id,
        "policy": policy_reference(run.request),
        "as_of": iso_utc(run.request.as_of_us),
        "period": span_document(run.request.period),
        "waterfall": _waterfall(table.waterfall),
        "groups": [_rate_group(group) for group in table.groups],
        "by": table.by,
        "counts": _counts(table),
        "timezone": run.request.timezone,
        "shifts": [shift.label for shift in shifts],
        "noise": [_noise(one) for one in noise],
        "stored": is_stored,
    }


def rate_document(rate: Rate) -> RateDocument:
    """One rate."""
    return {
        "k": rate.k,
        "n": rate.n,
        "low": rate.low,
        "high": rate.high,
        "band_low": rate.band_low,
        "band_high": rate.band_high,
        "unit": "seconds" if rate.unit == "seconds" else "assignments",
        "share": rate.share,
        "interval": "cluster" if rate.interval == "cluster" else "wilson" if rate.interval else None,
    }


def _rate_group(group: RateGroup) -> RateGroupDocument:
    return {
        "key": group.key,
        "rates": {rate.name: rate_document(rate) for rate in group.rates},
        "counts": _counts(group.counts),
        "waterfall": _waterfall(group.counts.waterfall),
    }


def _waterfall(waterfall: Sequence[tuple[Bucket, int]]) -> list[BucketDocument]:
    return [{"bucket": str(bucket), "n": count} for bucket, count in waterfall]


def _counts(counts: Counts | RateTable) -> CountsDocument:
    return {
        "assignments": counts.assignments,
        "in_scope": counts.in_scope,
        "decided": counts.decided,
        "pending": counts.pending,
        "unknown": counts.unknown,
    }


def _noise(one: ReviewedNoise) -> NoiseDocument:
    return {
        "kind": one.kind,
        "sample_id": one.sample_id,
        "reviewed": one.reviewed,
        "noise": one.noise,
        "cannot_tell": one.cannot_tell,
        "share": one.share,
        "low": one.low,
        "high": one.high,
    }
