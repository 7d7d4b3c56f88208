"""Rates in the store: what goes in comes out equal, once a run; and nothing later changes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from sqlalchemy import Engine, text

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.noise_rate import ReviewedNoise
from bwc_audit.domain.rates import GROUP_KEYS, RateBook, rate_book
from bwc_audit.domain.results import AssignmentResult, Bucket, Decision, Outcome
from bwc_audit.domain.runs import RunStatus
from bwc_audit.domain.shifts import shifts_of
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.errors import StoreError
from bwc_audit.store.check import check
from bwc_audit.store.database import reading, writing
from bwc_audit.store.rates import load_noise, load_rates, store_rates
from bwc_audit.store.review_samples import store_sample
from bwc_audit.store.runs import close_run, open_run, record_decision
from tests.store.test_review_samples import sample_of
from tests.store.test_runs import REQUEST, STARTED_US, run_with

_TABLES = ("run_rates", "run_rate_group", "run_rate", "run_noise")


def decided(incident_id: str, officer_id: str, unit: str, covered_us: int, is_on_time: bool | None) -> AssignmentResult:
    """An assignment of 100 s, recorded from its start on for ``covered_us``."""
    required_us, is_whole = 100 * SECOND_US, covered_us == 100 * SECOND_US
    return AssignmentResult(
        incident_id,
        officer_id,
        Outcome.COVERED if is_whole else Outcome.FINDINGS,
        unit=unit,
        on_scene_us=STARTED_US,
        required_us=required_us,
        covered_us=covered_us,
        usable_us=10 * SECOND_US,
        is_on_time=is_on_time,
        covered=(Span(0, covered_us),),
        gaps=() if is_whole else (Span(covered_us, required_us),),
    )


def results() -> tuple[AssignmentResult, ...]:
    """Two units, every outcome, results without a unit."""
    return (
        decided("I1", "A", "north", 100 * SECOND_US, True),
        decided("I2", "B", "south", 33_333_333, False),
        decided("I3", "B", "south", 99 * SECOND_US, None),
        AssignmentResult("I4", "A", Outcome.PENDING, "upload_grace", unit="north", required_us=7),
        AssignmentResult("I5", "C", Outcome.UNKNOWN, "identity"),
        AssignmentResult("I6", "C", Outcome.EXCLUDED, Bucket.CANCELLED),
    )


def book(shifts: str = "Day 07:00, Night 19:00") -> RateBook:
    return rate_book(results(), UTC, "UTC", shifts_of(shifts))


def run_with_rates(engine: Engine, stored: RateBook, noise: tuple[ReviewedNoise, ...] = ()) -> str:
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=STARTED_US + 9, software_version="0.1")
        record_decision(session, run_id, Decision(results(), (), ()), ())
        store_rates(session, run_id, stored, noise)
        close_run(session, run_id, status=RunStatus.COMPLETE, finished_us=STARTED_US + 10)
    return run_id


def test_rates_come_back_as_they_were(engine: Engine) -> None:
    run_id = run_with_rates(engine, book())
    with reading(engine) as session:
        assert load_rates(session, run_id) == book()
        part = load_rates(session, run_id, ["unit"])
        assert part == replace(book(), groups={"unit": book().groups["unit"]})
    assert check(engine) == ()


def test_a_run_without_rates_has_none_rather_than_empty_ones(engine: Engine) -> None:
    run_id = run_with(engine, [])
    with reading(engine) as session:
        assert load_rates(session, run_id) is None
        assert load_rates(session, "no such run") is None


def test_a_run_without_assignments_has_rates_of_nothing(engine: Engine) -> None:
    empty = rate_book((), UTC, "UTC")
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=STARTED_US, software_version="0.1")
        store_rates(session, run_id, empty)
        assert load_rates(session, run_id) == empty
        session.rollback()


def test_storing_again_leaves_the_last_ones_only(engine: Engine) -> None:
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=STARTED_US, software_version="0.1")
        store_rates(session, run_id, book("05:00, 12:00, 20:00"))
        store_rates(session, run_id, book())
        assert load_rates(session, run_id) == book()
        session.rollback()


def test_rates_of_a_finished_run_cannot_be_stored_again(engine: Engine) -> None:
    run_id = run_with_rates(engine, book())
    with pytest.raises(StoreError, match="finished run is never changed"), writing(engine) as session:
        store_rates(session, run_id, book("05:00, 12:00"))
    with reading(engine) as session:
        assert load_rates(session, run_id) == book()


@pytest.mark.parametrize("table", _TABLES)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET run_id = run_id", "DELETE FROM {}", "INSERT INTO {0} SELECT * FROM {0}"]
)
def test_the_database_itself_keeps_them(engine: Engine, table: str, statement: str) -> None:
    with writing(engine) as session:
        first = open_run(session, REQUEST, started_us=STARTED_US, software_version="0.1")
        sample, drawn = sample_of(first)
        store_sample(session, sample, drawn)
        close_run(session, first, status=RunStatus.FAILED, finished_us=STARTED_US + 1)
    noise = (ReviewedNoise(FindingKind.NO_FOOTAGE, sample.sample_id, 4, 1, 0, 0.25, 0.1, 0.5),)
    run_id = run_with_rates(engine, book(), noise)
    with pytest.raises(StoreError, match="finished run is never changed"), writing(engine) as session:
        session.connection().execute(text(statement.format(table)))
    with reading(engine) as session:
        assert load_noise(session, run_id) == noise


def test_what_the_program_would_say_today_does_not_matter(engine: Engine) -> None:
    """Rates that no version would work out from these results: what was stored is what is read."""
    odd = book()
    whole = replace(odd.whole, rates=tuple(replace(rate, k=0, n=77) for rate in odd.whole.rates))
    run_id = run_with_rates(engine, replace(odd, whole=whole))
    with reading(engine) as session:
        again = load_rates(session, run_id)
    assert again is not None
    assert [(rate.k, rate.n) for rate in again.whole.rates] == [(0, 77)] * 5
    assert set(again.groups) == set(GROUP_KEYS)


def test_check_names_rates_of_other_assignments(engine: Engine) -> None:
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=STARTED_US, software_version="0.1")
        record_decision(session, run_id, Decision(results()[:2], (), ()), ())
        store_rates(session, run_id, book())
        close_run(session, run_id, status=RunStatus.COMPLETE, finished_us=STARTED_US + 1)
    assert [(problem.rule.split(":")[0], problem.subject) for problem in check(engine)] == [
        ("the rates of a run speak of other assignments than its results", run_id)
    ]


def test_noise_rests_on_a_sample_that_is_there(engine: Engine) -> None:
    noise = (ReviewedNoise(FindingKind.NO_FOOTAGE, "RS-nowhere", 4, 1, 0, 0.25, 0.1, 0.5),)
    with pytest.raises(StoreError):
        run_with_rates(engine, book(), noise)
