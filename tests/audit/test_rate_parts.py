"""Rates of parts, kept on disk and gone through one at a time, are those of the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwc_audit.audit import rate_parts
from bwc_audit.audit.rate_parts import RateParts
from bwc_audit.domain.rate_columns import RatePart
from bwc_audit.domain.rates import DEFAULT_SHIFTS, Rate, RateGroup, book_of, rate_book
from bwc_audit.domain.results import AssignmentResult
from tests.domain.test_rates import RESULTS


@settings(max_examples=60, deadline=None)
@given(
    results=RESULTS, places=st.lists(st.integers(0, 3), min_size=40, max_size=40), in_memory=st.sampled_from([1, 1 << 20])
)
def test_rates_of_parts_are_those_of_the_whole(results: list[AssignmentResult], places: list[int], in_memory: int) -> None:
    incidents = sorted({one.incident_id for one in results})
    part_of = {incident_id: places[number % len(places)] for number, incident_id in enumerate(incidents)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rate_parts, "_IN_MEMORY_BYTES", in_memory)
        parts = RateParts()
        for ordinal in (2, 0, 3, 1):
            own = [one for one in results if part_of[one.incident_id] == ordinal]
            parts.add(ordinal, RatePart.of(own, UTC, DEFAULT_SHIFTS))
    found, whole = book_of(parts, "UTC", DEFAULT_SHIFTS), rate_book(results, UTC, "UTC")
    assert 3 in parts
    assert 4 not in parts
    assert alike(found.whole, whole.whole)
    assert found.groups.keys() == whole.groups.keys()
    for by, groups in whole.groups.items():
        assert [one.key for one in found.groups[by]] == [one.key for one in groups]
        assert all(alike(one, other) for one, other in zip(found.groups[by], groups, strict=True))


def alike(one: RateGroup, other: RateGroup) -> bool:
    """Equal, but for the last digits of intervals."""
    ends = [[end for rate in group.rates for end in (rate.low, rate.high)] for group in (one, other)]
    is_close = all(
        low == high or (low is not None and high is not None and abs(low - high) < 1e-12)
        for low, high in zip(*ends, strict=True)
    )
    return is_close and replace(one, rates=plain(one.rates)) == replace(other, rates=plain(other.rates))


def plain(rates: tuple[Rate, ...]) -> tuple[Rate, ...]:
    return tuple(replace(one, low=None, high=None) for one in rates)
