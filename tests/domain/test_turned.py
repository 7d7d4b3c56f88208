"""What turned between two runs: every pair of outcomes, and footage that is running out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.chunks import HALO_US, chunks_of
from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.domain.times import DAY_US, Span
from bwc_audit.domain.turned import EarlierOutcome, Turn, counted, said_turn, turned


def result(outcome: Outcome) -> AssignmentResult:
    reason = None if outcome in (Outcome.COVERED, Outcome.FINDINGS) else "why"
    return AssignmentResult("I1", "A1", outcome, reason)


@pytest.mark.parametrize(
    ("before", "now", "turn"),
    [
        (Outcome.PENDING, Outcome.COVERED, Turn.TO_COVERED),
        (Outcome.PENDING, Outcome.FINDINGS, Turn.TO_FINDINGS),
        (Outcome.PENDING, Outcome.UNKNOWN, Turn.SETTLED_OTHERWISE),
        (Outcome.PENDING, Outcome.EXCLUDED, Turn.SETTLED_OTHERWISE),
        (Outcome.PENDING, Outcome.PENDING, Turn.STILL_PENDING),
        (None, Outcome.PENDING, Turn.NEWLY_PENDING),
        (Outcome.COVERED, Outcome.PENDING, Turn.NEWLY_PENDING),
        (Outcome.COVERED, Outcome.FINDINGS, Turn.OUTCOME_CHANGED),
        (Outcome.FINDINGS, Outcome.COVERED, Turn.OUTCOME_CHANGED),
        (Outcome.FINDINGS, Outcome.FINDINGS, None),
        (None, Outcome.FINDINGS, None),
    ],
)
def test_an_assignment_takes_the_turn_of_its_two_outcomes(before: Outcome | None, now: Outcome, turn: Turn | None) -> None:
    earlier = {} if before is None else {("I1", "A1"): EarlierOutcome("r0", before)}
    found = turned([result(now)], earlier)
    assert [one.turn for one in found] == ([] if turn is None else [turn])
    assert sum(counted(found).values()) == len(found)
    assert all(now.value in said_turn(one) for one in found)


@given(start=st.integers(0, 10**15), length=st.integers(1, 40 * DAY_US), days=st.integers(1, 50))
def test_chunks_partition_the_period_and_every_moment_belongs_to_one(start: int, length: int, days: int) -> None:
    period = Span(start, start + length)
    chunks = chunks_of(period, days)
    assert chunks[0].span.start_us == period.start_us
    assert chunks[-1].span.end_us == period.end_us
    assert all(one.span.end_us == other.span.start_us for one, other in pairwise(chunks))
    edges = {chunk.span.start_us for chunk in chunks} | {period.start_us - DAY_US, period.end_us, period.end_us + DAY_US}
    for time_us in {edge + shift for edge in edges for shift in (-1, 0, 1)}:
        assert sum(chunk.holds(time_us) for chunk in chunks) == 1
    for chunk in chunks:
        assert period.start_us <= chunk.sight.start_us <= chunk.span.start_us
        assert chunk.span.start_us - chunk.sight.start_us in (HALO_US, chunk.span.start_us - period.start_us)


def test_a_chunk_below_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="a day at least"):
        chunks_of(Span(0, DAY_US), 0)
