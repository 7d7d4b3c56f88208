"""Pairwise clock differences: put together where they agree, refused where they do not."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.anchors import PairLag, relative_offsets
from bwc_audit.domain.times import SECOND_US

TENTH_US = SECOND_US // 10


def pair(one: str, other: str, lag_s: float, uncertainty_us: int = TENTH_US) -> PairLag:
    return PairLag(one, other, round(lag_s * SECOND_US), uncertainty_us)


def test_no_pairs_no_groups() -> None:
    assert relative_offsets([]) == ()
    assert relative_offsets([pair("A", "A", 3)]) == ()


def test_one_pair_is_an_offset_that_nothing_checks() -> None:
    (group,) = relative_offsets([pair("B", "A", -3.2)])
    assert group.reference == "A"
    assert group.offset_us == {"A": 0, "B": 3_200_000}
    assert group.checks == 0


def test_a_ring_that_closes_within_its_uncertainty_is_shared_out() -> None:
    (group,) = relative_offsets([pair("A", "B", 3.2), pair("B", "C", 1.0), pair("A", "C", 4.26)])
    assert group.offset_us == {"A": 0, "B": 3_220_000, "C": 4_240_000}
    assert group.checks == 1
    assert sorted(abs(rest_us) for _, rest_us in group.residuals) == [20_000, 20_000, 20_000]


def test_a_ring_that_does_not_close_gives_none_and_leaves_other_groups_alone() -> None:
    broken = [pair("A", "B", 3.2), pair("B", "C", 1.0), pair("A", "C", 9.0)]
    first, second = relative_offsets([*broken, pair("X", "Y", 5.0)])
    assert first.offset_us is None
    assert {abs(rest_us) > TENTH_US for _, rest_us in first.residuals} == {True}
    assert second.offset_us == {"X": 0, "Y": 5_000_000}


def test_the_surer_pair_weighs_more() -> None:
    (group,) = relative_offsets([pair("A", "B", 3.0, 20_000), pair("A", "B", 3.1, 200_000)])
    assert group.offset_us is not None
    assert 3_000_000 < group.offset_us["B"] < 3_005_000


@given(
    st.dictionaries(st.sampled_from("ABCDEFG"), st.integers(-90_000_000, 90_000_000), min_size=2),
    st.randoms(use_true_random=False),
)
def test_true_clocks_are_found_again_whatever_the_order(true_us: dict[str, int], chance: random.Random) -> None:
    names = sorted(true_us)
    pairs = [
        PairLag(one, other, true_us[other] - true_us[one] + chance.randint(-30_000, 30_000), TENTH_US)
        for one, other in pairwise(names)
    ]
    pairs += [PairLag(names[-1], names[0], true_us[names[0]] - true_us[names[-1]], TENTH_US) for _ in range(len(names) > 2)]
    (group,) = relative_offsets(pairs)
    assert relative_offsets(chance.sample(pairs, len(pairs))) == (group,)
    ring_us = sum(p.lag_us for p in pairs) if len(names) > 2 else 0
    if group.offset_us is None:
        assert abs(ring_us) > TENTH_US
        return
    for name in names:
        assert abs(group.offset_us[name] - (true_us[name] - true_us[names[0]])) <= 30_000 * len(names)
