"""Laws of sets of time: what is joined, cut out and cut to limits holds exactly the points that it must."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.spans import joined, within, without
from bwc_audit.domain.times import Span

SPANS = st.lists(
    st.tuples(st.integers(0, 100), st.integers(1, 30)).map(lambda pair: Span(pair[0], pair[0] + pair[1])), max_size=8
)


def points(spans: list[Span]) -> set[int]:
    return {at for span in spans for at in range(span.start_us, span.end_us)}


@given(SPANS, st.integers(0, 10))
def test_joined_spans_hold_all_points_and_lie_apart(spans: list[Span], within_us: int) -> None:
    found = joined(spans, within_us)
    assert points(found) >= points(spans)
    assert all(later.start_us - earlier.end_us > within_us for earlier, later in pairwise(found))
    assert joined(found, within_us) == found
    assert joined(spans[::-1], within_us) == found
    assert within_us or points(found) == points(spans)


@given(SPANS, SPANS)
def test_cutting_out_leaves_exactly_the_rest(spans: list[Span], removed: list[Span]) -> None:
    left = without(spans, removed)
    assert points(left) == points(spans) - points(removed)
    assert all(earlier.end_us <= later.start_us for earlier, later in pairwise(left))


@given(SPANS, SPANS)
def test_cutting_to_limits_leaves_exactly_what_lies_inside(spans: list[Span], limits: list[Span]) -> None:
    left = within(joined(spans), joined(limits))
    assert points(left) == points(spans) & points(limits)
    assert all(earlier.end_us <= later.start_us for earlier, later in pairwise(left))


def test_spans_that_touch_stay_apart_when_something_is_cut_out() -> None:
    assert without([Span(0, 10), Span(10, 20)], [Span(4, 5)]) == [Span(0, 4), Span(5, 10), Span(10, 20)]


def test_one_cut_over_several_spans() -> None:
    assert without([Span(0, 10), Span(12, 20), Span(22, 30)], [Span(5, 25)]) == [Span(0, 5), Span(25, 30)]


def test_long_lists_take_one_pass() -> None:
    many = [Span(10 * at, 10 * at + 6) for at in range(50_000)]
    cuts = [Span(10 * at + 2, 10 * at + 4) for at in range(50_000)]
    began_s = time.process_time()
    assert len(without(many, cuts)) == 100_000
    assert len(within(many, cuts)) == 50_000
    assert len(without([Span(0, 500_000)], cuts)) == 50_001
    assert time.process_time() - began_s < 5  # quadratic: minutes
