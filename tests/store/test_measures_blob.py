"""Measures survive being kept, take little room, and are quick to read; a damaged blob says so."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwc_audit.domain.measures import Lengths, Measures
from bwc_audit.errors import StoreError
from bwc_audit.store.measures_blob import blob_of, measures_of
from tests.store.measured import MEASURES, clip_measures

_BLOB = blob_of(clip_measures(3, 10))


@settings(deadline=None, max_examples=60)
@given(MEASURES)
def test_nothing_is_lost(measures: Measures) -> None:
    assert measures_of(blob_of(measures)) == measures


def test_the_least_survives() -> None:
    nothing = Measures(Lengths(0, 0))
    assert measures_of(blob_of(nothing)) == nothing


def test_measures_that_differ_in_one_number_are_not_equal() -> None:
    one, other = clip_measures(3, 10), clip_measures(3, 10)
    assert one == other
    other.pictures[1].tile_detail[0, 0] += 1
    assert one != other


def test_half_an_hour_takes_less_than_thirty_kilobytes_and_a_thousand_are_read_in_two_seconds() -> None:
    blob = blob_of(clip_measures())
    assert len(blob) < 30 * 1024
    began_s = time.process_time()
    for _ in range(100):
        measures_of(blob)
    assert time.process_time() - began_s < 0.2


@pytest.mark.parametrize("blob", [b"", b"\x03" + _BLOB[1:], _BLOB[:-3], _BLOB[:1], b"\x02nothing"])
def test_a_damaged_blob_says_so(blob: bytes) -> None:
    with pytest.raises(StoreError, match="stored measures"):
        measures_of(blob)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(_BLOB) - 1), st.integers(1, 255))
def test_a_changed_byte_gives_an_error_or_measures_and_nothing_else(place: int, change: int) -> None:
    blob = bytearray(_BLOB)
    blob[place] ^= change
    with suppress(StoreError):
        assert isinstance(measures_of(bytes(blob)), Measures)


def test_an_older_form_is_not_judged_any_more() -> None:
    assert measures_of(b"\x01" + _BLOB[1:]) is None
