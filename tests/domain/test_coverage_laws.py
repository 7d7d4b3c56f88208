"""Laws of the coverage engine, and its equality with the scalar oracle on random small worlds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwc_audit.domain import coverage
from bwc_audit.domain.coverage import NO_TIME, CoverageLimits, CoverageMeasures, SegmentArrays, SpanTable, WindowArrays
from tests.domain.oracle import Allowed, Answer, Clip, Need, answer, merge

ALLOWED = Allowed(activation_grace=5, deactivation_grace=4, gap=6, join=1)
LIMITS = CoverageLimits(activation_grace_us=5, deactivation_grace_us=4, gap_us=6, join_us=1)


def arrays(needs: list[Need], clips: list[Clip]) -> tuple[WindowArrays, SpanTable, SegmentArrays]:
    def column(values: list[int]) -> coverage.Int:
        return np.array(values, np.int64)

    windows = WindowArrays(
        column([need.owner for need in needs]),
        column([need.start for need in needs]),
        column([need.end for need in needs]),
        column([need.precision for need in needs]),
        column([need.tolerance for need in needs]),
    )
    rows = [(index, low, high) for index, need in enumerate(needs) for low, high in need.pieces]
    pieces = SpanTable(column([row[0] for row in rows]), column([row[1] for row in rows]), column([row[2] for row in rows]))
    segments = SegmentArrays(
        column([clip.owner for clip in clips]),
        column([clip.start for clip in clips]),
        column([clip.end for clip in clips]),
        column([NO_TIME if clip.activated is None else clip.activated for clip in clips]),
        column([clip.tolerance for clip in clips]),
    )
    return windows, pieces, segments


def measure(needs: list[Need], clips: list[Clip]) -> CoverageMeasures:
    return coverage.measure_coverage(*arrays(needs, clips), LIMITS)


def limits_of(allowed: list[Allowed]) -> CoverageLimits:
    """Rules that differ by window."""
    return CoverageLimits(
        activation_grace_us=np.array([one.activation_grace for one in allowed], np.int64),
        deactivation_grace_us=np.array([one.deactivation_grace for one in allowed], np.int64),
        gap_us=np.array([one.gap for one in allowed], np.int64),
        join_us=np.array([one.join for one in allowed], np.int64),
    )


def spans_of(table: SpanTable, index: int) -> tuple[tuple[int, int], ...]:
    return tuple((span.start_us, span.end_us) for span in table.spans_by_window().get(index, ()))


def answer_of(measures: CoverageMeasures, index: int) -> Answer:
    return answers_of(measures, index + 1)[index]


def answers_of(measures: CoverageMeasures, windows: int) -> list[Answer]:
    """The same for all windows, where there are many."""
    tables = {
        name: getattr(measures, name).spans_by_window() for name in ("covered", "gaps", "late_gaps", "early_gaps", "holes")
    }
    order = np.lexsort((measures.pair_segment, measures.pair_window))
    edges = np.searchsorted(measures.pair_window[order], np.arange(windows + 1))
    matched = measures.pair_segment[order]

    def spans(name: str, index: int) -> tuple[tuple[int, int], ...]:
        return tuple((span.start_us, span.end_us) for span in tables[name].get(index, ()))

    return [
        Answer(
            required=int(measures.required_us[index]),
            covered=spans("covered", index),
            gaps=spans("gaps", index),
            lateness=int(measures.lateness_us[index]),
            early=int(measures.early_us[index]),
            nearest=None if measures.nearest_us[index] == NO_TIME else int(measures.nearest_us[index]),
            late_margin=int(measures.late_margin_us[index]),
            early_margin=int(measures.early_margin_us[index]),
            gap_margin=int(measures.gap_margin_us[index]),
            uncertainty=int(measures.uncertainty_us[index]),
            late_gaps=spans("late_gaps", index),
            early_gaps=spans("early_gaps", index),
            holes=spans("holes", index),
            matched=tuple(matched[edges[index] : edges[index + 1]].tolist()),
        )
        for index in range(windows)
    ]


@st.composite
def clips(draw: st.DrawFn) -> Clip:
    start = draw(st.integers(-20, 120))
    length = draw(st.integers(1, 60))
    activated = draw(st.none() | st.integers(start - 5, start + 20))
    return Clip(draw(st.integers(0, 3)), start, start + length, activated, draw(st.sampled_from([3, 7])))


@st.composite
def needs(draw: st.DrawFn) -> Need:
    edges = sorted(draw(st.sets(st.integers(0, 100), min_size=2, max_size=6)))
    edges = edges[: len(edges) // 2 * 2]
    pieces = tuple((edges[place], edges[place + 1]) for place in range(0, len(edges), 2))
    return Need(draw(st.integers(0, 3)), pieces, draw(st.sampled_from([1, 2])), draw(st.sampled_from([3, 7])))


rules = st.builds(Allowed, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.sampled_from([0, 1, 4]))


@settings(max_examples=400, deadline=None)
@given(st.lists(needs(), max_size=6), st.lists(clips(), max_size=14))
def test_the_engine_equals_the_oracle(wanted: list[Need], recorded: list[Clip]) -> None:
    measures = measure(wanted, recorded)
    assert [answer_of(measures, index) for index in range(len(wanted))] == [
        answer(need, recorded, ALLOWED) for need in wanted
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(needs(), rules), max_size=6), st.lists(clips(), max_size=14))
def test_the_engine_equals_the_oracle_where_rules_differ_by_window(
    wanted: list[tuple[Need, Allowed]], recorded: list[Clip]
) -> None:
    arranged = arrays([need for need, _ in wanted], recorded)
    measures = coverage.measure_coverage(*arranged, limits_of([allowed for _, allowed in wanted]))
    assert [answer_of(measures, index) for index in range(len(wanted))] == [
        answer(need, recorded, allowed) for need, allowed in wanted
    ]


@given(st.lists(needs(), max_size=4), st.lists(clips(), max_size=8))
def test_one_rule_for_all_is_the_same_rule_for_each(wanted: list[Need], recorded: list[Clip]) -> None:
    one, each = (
        measure(wanted, recorded),
        coverage.measure_coverage(*arrays(wanted, recorded), limits_of([ALLOWED] * len(wanted))),
    )
    assert [answer_of(one, index) for index in range(len(wanted))] == [
        answer_of(each, index) for index in range(len(wanted))
    ]


@given(st.lists(needs(), min_size=1, max_size=5), st.lists(clips(), max_size=10))
def test_coverage_and_gaps_partition_the_required_time(wanted: list[Need], recorded: list[Clip]) -> None:
    measures = measure(wanted, recorded)
    for index, need in enumerate(wanted):
        both = sorted(spans_of(measures.covered, index) + spans_of(measures.gaps, index))
        assert all(before[1] <= after[0] for before, after in pairwise(both))
        assert merge(list(both), 0) == merge(list(need.pieces), 0)


@given(st.lists(needs(), min_size=1, max_size=4), st.lists(clips(), max_size=8), clips())
def test_another_recording_never_means_less_coverage(wanted: list[Need], recorded: list[Clip], more: Clip) -> None:
    before, after = measure(wanted, recorded), measure(wanted, [*recorded, more])
    assert (after.covered_us >= before.covered_us).all()


@given(st.lists(needs(), min_size=1, max_size=4), st.lists(clips(), max_size=8), st.integers(-(10**15), 10**15))
def test_moving_everything_moves_nothing(wanted: list[Need], recorded: list[Clip], shift: int) -> None:
    moved_needs = [
        Need(need.owner, tuple((low + shift, high + shift) for low, high in need.pieces), need.precision, need.tolerance)
        for need in wanted
    ]
    moved_clips = [
        Clip(
            clip.owner,
            clip.start + shift,
            clip.end + shift,
            None if clip.activated is None else clip.activated + shift,
            clip.tolerance,
        )
        for clip in recorded
    ]
    still, moved = measure(wanted, recorded), measure(moved_needs, moved_clips)
    for name in ("covered_us", "lateness_us", "early_us", "nearest_us", "gap_margin_us", "uncertainty_us"):
        assert (getattr(still, name) == getattr(moved, name)).all(), name


@given(st.lists(needs(), min_size=1, max_size=4), st.lists(clips(), min_size=1, max_size=8), st.randoms())
def test_the_order_of_recordings_does_not_matter(wanted: list[Need], recorded: list[Clip], random: object) -> None:
    shuffled = list(recorded)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out a random.Random
    first, second = measure(wanted, recorded), measure(wanted, shuffled)
    assert (first.covered_us == second.covered_us).all()
    assert (first.lateness_us == second.lateness_us).all()
    assert spans_of(first.holes, 0) == spans_of(second.holes, 0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=12), st.integers(0, 3))
def test_union_is_idempotent(raw: list[tuple[int, int]], join: int) -> None:
    starts = np.array([start for start, _ in raw], np.int64)
    ends = np.array([start + length for start, length in raw], np.int64)
    once = coverage.union(starts, ends, join)
    twice = coverage.union(*once, join)
    assert (once[0] == twice[0]).all()
    assert (once[1] == twice[1]).all()


def test_a_period_too_long_for_the_axis_is_refused() -> None:
    far = 2**61
    both = [Need(owner, ((0, 10),), 1, 1) for owner in (0, 3)]
    windows, pieces, segments = arrays(both, [Clip(need.owner, far, far + 5, None, 1) for need in both])
    with pytest.raises(ValueError, match="shorter periods"):
        coverage.measure_coverage(windows, pieces, segments, LIMITS)


def test_many_windows_over_a_long_time_do_not_fill_the_axis() -> None:
    """Each has a stretch of its own length: a million windows of a day within ten years."""
    day, year = 86_400 * 10**6, 365 * 86_400 * 10**6
    window = np.arange(1_000_000, dtype=np.int64)
    pieces = SpanTable(window, window * (10 * year // len(window)), window * (10 * year // len(window)) + day)
    half = SpanTable(window, pieces.start_us, pieces.start_us + day // 2)
    left = coverage.uncovered(pieces, half, 0)
    assert (left.start_us == half.end_us).all()
    assert (left.end_us == pieces.end_us).all()
    assert (coverage.together(half).end_us == half.end_us).all()
