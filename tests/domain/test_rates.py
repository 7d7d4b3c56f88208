"""Published rates: figures that others published, the edges, and what must hold whatever the results are."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.findings import Window
from bwc_audit.domain.proportions import wilson_interval
from bwc_audit.domain.rates import GROUP_KEYS, Rate, RateGroup, rate_book, rate_table
from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome
from bwc_audit.domain.times import HOUR_US, SECOND_US, Span

#: 2025-05-31T23:00:00Z
_MAY_US = 1_748_732_400 * SECOND_US
_DECIDED = (Outcome.COVERED, Outcome.FINDINGS)


def result(
    outcome: Outcome = Outcome.COVERED, *, required: int = 100, covered: int = 100, **more: object
) -> AssignmentResult:
    """One assignment; lengths in seconds."""
    lengths = {"required_us": required * SECOND_US, "covered_us": covered * SECOND_US}
    reason = None if outcome in _DECIDED else "upload_grace" if outcome is Outcome.PENDING else "identity"
    given = {"incident_id": "I1", "officer_id": "7", "reason": reason, **lengths, **more}
    return AssignmentResult(outcome=outcome, **given)  # type: ignore[arg-type]  # mixed values by name


def rate(group: RateGroup, name: str) -> Rate:
    return next(one for one in group.rates if one.name == name)


def overall(results: list[AssignmentResult], name: str) -> Rate:
    return rate(rate_table(results).groups[0], name)


@pytest.mark.parametrize(
    ("k", "n", "share", "low", "high"),
    [
        (64, 73, 87.7, 78.2, 93.4),
        (127, 179, 70.9, 63.9, 77.1),
        (73, 119, 61.3, 52.4, 69.6),
        (2, 33, 6.1, 1.7, 19.6),
    ],
)
def test_published_intervals_are_reproduced(k: int, n: int, share: float, low: float, high: float) -> None:
    bounds = wilson_interval(k, n)
    assert (round(100 * k / n, 1), *(round(100 * bound, 1) for bound in bounds)) == (share, low, high)


@pytest.mark.parametrize(("k", "n"), [(0, 0), (1, 0), (-1, 5), (6, 5)])
def test_what_is_no_proportion_is_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson_interval(k, n)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_its_share_and_mirrors(k_of_n: tuple[int, int]) -> None:
    k, n = k_of_n
    low, high = wilson_interval(k, n)
    assert 0.0 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1.0
    assert low < high
    mirrored = wilson_interval(n - k, n)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_more_of_the_same_narrows_the_interval(k_of_n: tuple[int, int]) -> None:
    k, n = k_of_n
    low, high = wilson_interval(k, n)
    tenfold_low, tenfold_high = wilson_interval(10 * k, 10 * n)
    assert tenfold_high - tenfold_low < high - low


def test_no_decided_assignment_means_no_rate_rather_than_nought() -> None:
    for rates in (rate_table([]).groups[0].rates, rate_table([result(Outcome.EXCLUDED)]).groups[0].rates):
        for one in rates:
            assert (one.k, one.n, one.share, one.low, one.high, one.band_low, one.band_high) == (0, 0, *[None] * 5)


def test_only_undecided_assignments_leave_the_whole_band() -> None:
    existence = overall([result(Outcome.PENDING), result(Outcome.UNKNOWN)], "existence")
    assert (existence.n, existence.share, existence.low, existence.high) == (0, None, None, None)
    assert (existence.band_low, existence.band_high) == (0.0, 1.0)


def test_the_band_counts_the_undecided_all_bad_then_all_good() -> None:
    results = (
        [result()] * 6 + [result(Outcome.FINDINGS, covered=0)] * 2 + [result(Outcome.PENDING)] + [result(Outcome.UNKNOWN)]
    )
    existence = overall(results, "existence")
    assert (existence.k, existence.n, existence.share) == (6, 8, 0.75)
    assert (existence.low, existence.high) == wilson_interval(6, 8)
    assert (existence.band_low, existence.band_high) == (0.6, 0.8)


def test_each_rate_counts_its_own_claim() -> None:
    results = [
        result(is_on_time=True, is_whole_window=True, usable_us=100 * SECOND_US),
        result(Outcome.FINDINGS, covered=60, is_on_time=False, is_whole_window=False, usable_us=50 * SECOND_US),
        result(Outcome.FINDINGS, covered=70, is_on_time=True, is_whole_window=False, usable_us=20 * SECOND_US),
        result(Outcome.FINDINGS, covered=0, is_on_time=False, is_whole_window=False, usable_us=0),
    ]
    (group,) = rate_table(results).groups
    assert {one.name: (one.k, one.n) for one in group.rates} == {
        "existence": (3, 4),
        "on_time": (2, 4),
        "whole_window": (1, 4),
        "seconds_recorded": (230.0, 400.0),
        "usable_seconds": (170.0, 400.0),
    }


def test_seconds_of_one_assignment_carry_no_interval() -> None:
    recorded = overall([result(covered=40), result(Outcome.PENDING, required=50, covered=0)], "seconds_recorded")
    assert (recorded.unit, recorded.low, recorded.high) == ("seconds", None, None)
    assert (recorded.band_low, recorded.band_high) == (40 / 150, 90 / 150)


def test_pictures_nobody_looked_at_widen_the_band_of_usable_seconds() -> None:
    unseen = result(covered=80, usable_us=None, unexamined_us=80 * SECOND_US)
    usable = overall([unseen, result(usable_us=100 * SECOND_US)], "usable_seconds")
    assert (usable.k, usable.n) == (100.0, 200.0)
    assert (usable.band_low, usable.band_high) == (0.5, 0.9)


def test_the_waterfall_is_in_its_fixed_order_with_noughts() -> None:
    results = [
        result(Outcome.EXCLUDED, reason=bucket) for bucket in (Bucket.BELOW_MINIMUM, Bucket.CANCELLED, Bucket.CANCELLED)
    ]
    table = rate_table([*results, result(), result(Outcome.FINDINGS), result(Outcome.PENDING), result(Outcome.UNKNOWN)])
    assert [bucket for bucket, _ in table.waterfall] == list(Bucket)
    assert {bucket: n for bucket, n in table.waterfall if n} == {Bucket.CANCELLED: 2, Bucket.BELOW_MINIMUM: 1}
    assert (table.assignments, table.in_scope, table.decided, table.pending, table.unknown) == (7, 4, 2, 1, 1)


def test_a_pending_reason_is_no_bucket() -> None:
    assert all(n == 0 for _, n in rate_table([result(Outcome.PENDING), result(Outcome.UNKNOWN)]).waterfall)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("officer", ["all", "7", "8"]),
        ("unit", ["all", "(unit not known)", "north"]),
        ("call_type", ["all", "(call type not known)", "THEFT"]),
        ("month", ["all", "(time not known)", "2025-05"]),
    ],
)
def test_groups(by: str, keys: list[str]) -> None:
    window = Window(Span(_MAY_US, _MAY_US + SECOND_US), "on_scene", "cleared")
    results = [result(unit="north", call_type="THEFT", window=window), result(Outcome.FINDINGS, officer_id="8", covered=0)]
    table = rate_table(results, by)
    assert [group.key for group in table.groups] == keys
    assert [rate(group, "existence").n for group in table.groups] == [2, 1, 1]


def test_an_unknown_grouping_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="officer, unit, call_type, shift, month"):
        rate_table([result()], "weekday")


_LENGTH = st.integers(0, 1000)
RESULTS = st.lists(
    st.builds(
        lambda outcome, officer, covered, rest, usable, on_time: result(
            outcome,
            officer_id=officer,
            required=covered + rest,
            covered=covered,
            usable_us=min(usable, covered) * SECOND_US,
            unexamined_us=(covered - min(usable, covered)) * SECOND_US,
            is_on_time=on_time and covered > 0,
            is_whole_window=covered > 0 and rest == 0,
        ),
        st.sampled_from(Outcome),
        st.sampled_from("789"),
        _LENGTH,
        _LENGTH,
        _LENGTH,
        st.booleans(),
    ),
    max_size=20,
)


@given(RESULTS)
def test_the_band_holds_the_share_and_what_the_undecided_may_become(results: list[AssignmentResult]) -> None:
    for one in rate_table(results).groups[0].rates:
        assert 0 <= one.k <= one.n
        if one.band_low is not None and one.band_high is not None:
            assert 0 <= one.band_low <= one.band_high <= 1 + 1e-12
            if one.share is not None:
                assert one.band_low - 1e-12 <= one.share <= one.band_high + 1e-12


@given(RESULTS, st.sampled_from(GROUP_KEYS))
def test_groups_partition_the_whole(results: list[AssignmentResult], by: str) -> None:
    whole, *parts = rate_table(results, by).groups
    for one in whole.rates:
        assert sum(rate(part, one.name).n for part in parts) == pytest.approx(one.n)
        assert sum(rate(part, one.name).k for part in parts) == pytest.approx(one.k)


@given(RESULTS, st.randoms(use_true_random=False))
def test_order_changes_nothing(results: list[AssignmentResult], dice: object) -> None:
    shuffled = list(results)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    before, after = rate_table(results, "officer"), rate_table(shuffled, "officer")
    assert before.waterfall == after.waterfall
    assert [group.key for group in before.groups] == [group.key for group in after.groups]
    for one, other in zip(before.groups, after.groups, strict=True):
        assert [(rate.k, rate.n) for rate in one.rates] == [pytest.approx((rate.k, rate.n)) for rate in other.rates]


@given(RESULTS)
def test_every_assignment_is_counted_once(results: list[AssignmentResult]) -> None:
    table = rate_table(results)
    excluded = sum(one.outcome is Outcome.EXCLUDED for one in results)
    assert table.assignments == len(results) == table.in_scope + excluded
    assert table.in_scope == table.decided + table.pending + table.unknown


def test_seconds_of_several_incidents_carry_an_interval_over_incidents() -> None:
    results = [result(incident_id=f"I{n}", covered=100 if n % 4 else 40) for n in range(40)]
    recorded = overall(results, "seconds_recorded")
    assert (recorded.k, recorded.n, recorded.interval) == (3400.0, 4000.0, "cluster")
    assert recorded.low is not None
    assert recorded.high is not None
    assert 0.7 < recorded.low < 0.85 < recorded.high < 0.95


def test_officers_at_one_incident_count_as_one_cluster() -> None:
    def of(incident: str, officer: str, n: int) -> AssignmentResult:
        return result(incident_id=incident, officer_id=officer, covered=100 if n % 4 else 0)

    alone = overall([of(f"I{n}{one}", one, n) for n in range(60) for one in "78"], "seconds_recorded")
    paired = overall([of(f"I{n}", one, n) for n in range(60) for one in "78"], "seconds_recorded")
    assert (alone.k, alone.n) == (paired.k, paired.n)
    assert alone.low is not None
    assert paired.low is not None
    assert paired.low < alone.low


def test_counts_of_a_group_are_its_own() -> None:
    results = [
        result(unit="north"),
        result(Outcome.PENDING, unit="north"),
        result(Outcome.EXCLUDED, reason=Bucket.CANCELLED, unit="north"),
        result(Outcome.UNKNOWN, unit="south"),
    ]
    _, north, south = rate_table(results, "unit").groups
    counts = north.counts
    assert (counts.assignments, counts.in_scope, counts.decided, counts.pending, counts.unknown) == (3, 2, 1, 1, 0)
    assert {bucket: n for bucket, n in counts.waterfall if n} == {Bucket.CANCELLED: 1}
    assert (south.counts.unknown, south.rate("existence").share, south.rate("existence").band_high) == (1, None, 1.0)


def test_shifts_and_months_are_those_of_the_zone() -> None:
    late = Window(Span(_MAY_US, _MAY_US + SECOND_US), "on_scene", "cleared")
    for zone, month, shift in (("UTC", "2025-05", "Night 23:00–07:00"), ("Europe/London", "2025-06", "Night 23:00–07:00")):
        local = ZoneInfo(zone)
        assert rate_table([result(window=late)], "month", zone=local).groups[1].key == month
        assert rate_table([result(window=late)], "shift", zone=local).groups[1].key == shift
    west = ZoneInfo("America/New_York")
    assert rate_table([result(window=late)], "shift", zone=west).groups[1].key == "Late 15:00–23:00"


def test_shifts_stand_in_the_order_of_the_day_and_need_a_time() -> None:
    hours = (12, 20, 3)
    windows = [Window(Span(_MAY_US + hour * HOUR_US, _MAY_US + hour * HOUR_US + 1), "a", "b") for hour in hours]
    table = rate_table([result(window=window) for window in windows] + [result()], "shift")
    keys = [group.key for group in table.groups]
    assert keys == ["all", "(time not known)", "Early 07:00–15:00", "Late 15:00–23:00", "Night 23:00–07:00"]


def _calls(left_out: dict[Bucket, int], recorded: int, not_recorded: int) -> list[AssignmentResult]:
    out = [result(Outcome.EXCLUDED, reason=bucket) for bucket, count in left_out.items() for _ in range(count)]
    return out + [result()] * recorded + [result(Outcome.FINDINGS, covered=0)] * not_recorded


@pytest.mark.parametrize(
    ("left_out", "not_recorded", "share"),
    [
        ({}, 360, 64.0),
        ({Bucket.NO_CAMERA_ISSUED: 60, Bucket.NEVER_ON_SCENE: 120, Bucket.BELOW_MINIMUM: 30}, 150, 81.0),
        (
            {Bucket.NO_CAMERA_ISSUED: 60, Bucket.NEVER_ON_SCENE: 120, Bucket.BELOW_MINIMUM: 30, Bucket.FULLY_EXEMPT: 130},
            20,
            97.0,
        ),
    ],
)
def test_the_denominator_decides_and_the_waterfall_shows_it(
    left_out: dict[Bucket, int], not_recorded: int, share: float
) -> None:
    """One city, one period, 1,000 assignments, 640 with footage; 64, 81 and 97 % were all published of such a city. What
    differs is who was left out, and that is what the waterfall says beside each of the three."""
    table = rate_table(_calls(left_out, 640, not_recorded))
    existence = table.groups[0].rate("existence")
    assert (table.assignments, existence.k) == (1000, 640)
    assert round(100 * (existence.share or 0), 1) == share
    assert {bucket: n for bucket, n in table.waterfall if n} == left_out
    assert existence.n == 1000 - sum(left_out.values())


def _by_hand(results: list[AssignmentResult]) -> dict[str, tuple[float, float]]:
    """``k`` and ``n`` of every rate, one result at a time."""
    decided = [one for one in results if one.outcome in _DECIDED]
    required = sum(one.required_us for one in decided) / SECOND_US
    return {
        "existence": (sum(one.covered_us > 0 for one in decided), len(decided)),
        "on_time": (sum(one.is_on_time is True for one in decided), len(decided)),
        "whole_window": (sum(one.is_whole_window is True for one in decided), len(decided)),
        "seconds_recorded": (sum(one.covered_us for one in decided) / SECOND_US, required),
        "usable_seconds": (sum(one.usable_us or 0 for one in decided) / SECOND_US, required),
    }


@given(RESULTS)
def test_columns_say_what_is_counted_by_hand(results: list[AssignmentResult]) -> None:
    whole, *officers = rate_table(results, "officer").groups
    assert {one.name: (one.k, one.n) for one in whole.rates} == _by_hand(results)
    for group in officers:
        mine = [one for one in results if one.officer_id == group.key]
        assert {one.name: (one.k, one.n) for one in group.rates} == _by_hand(mine)
        assert group.counts.assignments == len(mine)


@given(RESULTS)
def test_intervals_hold_their_shares(results: list[AssignmentResult]) -> None:
    for group in rate_table(results, "officer").groups:
        for one in group.rates:
            assert (one.interval is None) is (one.low is None) is (one.high is None)
            if one.low is not None and one.high is not None and one.share is not None:
                assert 0 <= one.low <= one.share <= one.high <= 1


@given(RESULTS)
def test_a_book_holds_every_table(results: list[AssignmentResult]) -> None:
    book = rate_book(results, UTC, "UTC")
    assert book.table() == rate_table(results)
    for by in GROUP_KEYS:
        assert book.table(by) == rate_table(results, by)
    with pytest.raises(ValueError, match="not by 'weekday'"):
        book.table("weekday")
