"""Rates of a run: worked out once when it is decided, stored with it, and only read from then on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bwc_audit.audit.rate_parts import RateParts
from bwc_audit.audit.review_samples import result_of_sample
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.noise_rate import ReviewedNoise, reviewed_noise
from bwc_audit.domain.rate_columns import RatePart
from bwc_audit.domain.rates import RateBook, book_of, rate_book
from bwc_audit.domain.results import AssignmentResult
from bwc_audit.domain.runs import Run, RunRequest
from bwc_audit.domain.shifts import shifts_of
from bwc_audit.store import rates as stored_rates
from bwc_audit.store import review_samples as stored_samples
from bwc_audit.store import runs as stored_runs
from bwc_audit.store.run_chunks import StoredChunk


@dataclass(frozen=True, slots=True)
class RunRates:
    """The rates of a run and the noise rates known when it was decided. ``is_stored`` False: the run was recorded by a
    version that stored none, and they were worked out now."""

    book: RateBook
    noise: tuple[ReviewedNoise, ...] = ()
    is_stored: bool = True


def rate_part(audit: Audit, request: RunRequest, results: Sequence[AssignmentResult]) -> RatePart:
    """What rates need of some results of a run, by the shifts of now."""
    return RatePart.of(results, ZoneInfo(request.timezone), shifts_of(audit.settings.shifts))


def record_rates(session: Session, audit: Audit, run: Run, stored: Sequence[StoredChunk], told: RateParts) -> None:
    """Store the rates of a run that is being closed, with what reviews say so far.

    ``told``: of the chunks that were decided just now. Where the run took over what another one said, its stored rates are
    those of that run, unless they were made with other shifts; where chunks were decided by an earlier program, all results
    are read once more.
    """
    request, shifts = run.request, shifts_of(audit.settings.shifts)
    noise = known_noise(session, request.source)
    origins = {chunk.origin_run_id for chunk in stored}
    if len(origins) == 1 and (origin := origins.pop()) is not None:
        book = stored_rates.load_rates(session, origin)
        if book is not None and (book.shifts, book.zone) == (shifts, request.timezone):
            stored_rates.store_rates(session, run.run_id, book, noise)
            return
    if all(chunk.ordinal in told for chunk in stored):
        book = book_of(told, request.timezone, shifts)
    else:
        part = rate_part(audit, request, stored_runs.load_results(session, run.run_id))
        book = book_of((part,), request.timezone, shifts)
    stored_rates.store_rates(session, run.run_id, book, noise)


def rates_of_run(session: Session, audit: Audit, run: Run, by: Iterable[str] = ()) -> RunRates:
    """The stored rates of a run, of the whole and of some groupings."""
    book = stored_rates.load_rates(session, run.run_id, tuple(by))
    if book is not None:
        return RunRates(book, stored_rates.load_noise(session, run.run_id))
    results = stored_runs.load_results(session, run.run_id)
    zone = run.request.timezone
    return RunRates(rate_book(results, ZoneInfo(zone), zone, shifts_of(audit.settings.shifts)), is_stored=False)


def known_noise(session: Session, source: str) -> tuple[ReviewedNoise, ...]:
    """For each kind of finding, the noise rate of the latest sample of this source in which a finding of it was judged."""
    found: dict[str, ReviewedNoise] = {}
    for sample in stored_samples.load_samples(session, source=source):
        if not stored_samples.load_reviews(session, sample.sample_id):
            continue
        for one in reviewed_noise(sample.sample_id, result_of_sample(session, sample)):
            found.setdefault(one.kind, one)
    return tuple(found[kind] for kind in sorted(found))
