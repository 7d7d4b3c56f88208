"""Review samples in the store: whole with their frame, never changed; reviews only added."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.review_sample import ALGORITHM, Allocation, Draw, Frame, FrameEntry, Stratum, draw
from bwc_audit.domain.reviews import Review, Verdict
from bwc_audit.errors import StoreError
from bwc_audit.store.check import check
from bwc_audit.store.database import reading, writing
from bwc_audit.store.review_samples import (
    FramedIncident,
    ReviewSample,
    append_reviews,
    load_frame,
    load_reviews,
    load_sample,
    load_samples,
    load_strata,
    store_sample,
)
from tests.store.test_runs import REQUEST, STARTED_US, run_with

ENTRIES = [FrameEntry(f"I{n}", "south" if n % 3 else "north") for n in range(12)]


def sample_of(run_id: str, seed: str = "2026-11") -> tuple[ReviewSample, Draw]:
    drawn = draw(ENTRIES, 5, seed)
    values = (Frame.ALL, ("unit",), Allocation.PROPORTIONAL, seed, None, None, ALGORITHM, 12, 5, drawn.digest)
    return ReviewSample(f"RS-{drawn.digest[:12]}", run_id, *values, STARTED_US, "A. Auditor"), drawn


def stored(engine: Engine, seed: str = "2026-11") -> tuple[ReviewSample, Draw]:
    run_id = run_with(engine, [])
    sample, drawn = sample_of(run_id, seed)
    with writing(engine) as session:
        assert store_sample(session, sample, drawn)
    return sample, drawn


def test_a_sample_comes_back_with_its_frame_and_its_picks_in_order(engine: Engine) -> None:
    sample, drawn = stored(engine)
    with reading(engine) as session:
        assert load_sample(session, sample.sample_id) == sample
        assert load_samples(session) == load_samples(session, source=REQUEST.source) == (sample,)
        assert load_samples(session, source="elsewhere") == ()
        assert load_sample(session, "RS-nowhere") is None
        frame = load_frame(session, sample.sample_id)
        assert [(one.incident_id, one.stratum) for one in frame] == sorted((one.incident_id, one.stratum) for one in ENTRIES)
        picks = load_frame(session, sample.sample_id, is_drawn=True)
        assert [one.incident_id for one in picks] == list(drawn.picks)
        assert picks[0] == FramedIncident(drawn.picks[0], picks[0].stratum, 0)
        assert load_strata(session, sample.sample_id) == drawn.strata == (Stratum("north", 4, 2), Stratum("south", 8, 3))
    assert check(engine) == ()


def test_storing_it_again_changes_nothing(engine: Engine) -> None:
    sample, drawn = stored(engine)
    with writing(engine) as session:
        assert not store_sample(session, sample, drawn)
        assert len(load_frame(session, sample.sample_id)) == 12


def test_reviews_come_back_in_the_order_they_were_added(engine: Engine) -> None:
    sample, drawn = stored(engine)
    first, second = drawn.picks[:2]
    reviews = (
        Review(first, "f" * 32, Verdict.NOISE, FindingKind.NO_FOOTAGE, "R", 9, "seen"),
        Review(second, None, Verdict.MISSED, FindingKind.BLACK_VIDEO, "R", 8),
        Review(first, "f" * 32, Verdict.CONFIRMED, FindingKind.NO_FOOTAGE, "S", 7),
    )
    with writing(engine) as session:
        append_reviews(session, sample.sample_id, reviews[:2])
        append_reviews(session, sample.sample_id, reviews[2:])
    with reading(engine) as session:
        assert load_reviews(session, sample.sample_id) == reviews


@pytest.mark.parametrize(
    "review",
    [
        Review("not in the frame", None, Verdict.NOTHING_MISSED, None, "R", 1),
        Review("I1", None, Verdict.MISSED, None, "R", 1),
        Review("I1", None, Verdict.NOISE, None, "R", 1),
        Review("I1", "f", Verdict.NOTHING_MISSED, None, "R", 1),
        Review("I1", None, Verdict.NOTHING_MISSED, None, "", 1),
    ],
)
def test_the_database_refuses_reviews_that_say_nothing(engine: Engine, review: Review) -> None:
    sample, _ = stored(engine)
    with pytest.raises(StoreError), writing(engine) as session:
        append_reviews(session, sample.sample_id, [review])


@pytest.mark.parametrize("table", ["review_sample", "review_frame", "review"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET sample_id = sample_id", "DELETE FROM {}"])
def test_the_database_itself_keeps_them(engine: Engine, table: str, statement: str) -> None:
    sample, drawn = stored(engine)
    with writing(engine) as session:
        append_reviews(session, sample.sample_id, [Review(drawn.picks[0], None, Verdict.NOTHING_MISSED, None, "R", 1)])
    with pytest.raises(StoreError, match="never changed or deleted"), writing(engine) as session:
        session.connection().execute(text(statement.format(table)))


def test_check_names_a_frame_that_is_not_whole(engine: Engine) -> None:
    sample, _ = stored(engine)
    with writing(engine) as session:
        values = {"sample": sample.sample_id, "incident": "slipped in"}
        session.connection().execute(text("INSERT INTO review_frame VALUES (:sample, :incident, '', NULL)"), values)
    (problem,) = check(engine)
    assert (problem.rule.split(":")[0], problem.subject) == (
        "incidents of a review sample are missing or too many",
        f"{sample.sample_id}: 12, 13",
    )
