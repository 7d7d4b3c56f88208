"""What a run could not examine: each thing once, many of one kind named in part and counted in whole."""

from __future__ import annotations

from random import Random

import pytest

from bwc_audit.domain.unexamined import MOST_NAMED, NO_ASSIGNMENTS_READ, NO_FOOTAGE_READ, Unexamined, unexamined_in_all

NOT_LOOKED = "video not looked into"


def videos(first: int, count: int) -> list[str]:
    return [f"F{number:06d}: {NOT_LOOKED}" for number in range(first, first + count)]


def test_few_things_are_all_said_once_and_in_order() -> None:
    parts = [["b: gone", "a: gone"], ["a: gone", "no colon here"]]
    assert unexamined_in_all(parts) == Unexamined(("a: gone", "b: gone", "no colon here"), 3)


@pytest.mark.parametrize(("count", "rest"), [(MOST_NAMED, ()), (MOST_NAMED + 1, (f"1 more: {NOT_LOOKED}",))])
def test_of_many_of_one_kind_the_first_are_named(count: int, rest: tuple[str, ...]) -> None:
    found = unexamined_in_all([videos(0, count), ["F000003: its video is not in the store"]])
    assert found.count == count + 1
    assert found.said == tuple(sorted([*videos(0, MOST_NAMED), *rest, "F000003: its video is not in the store"]))


@pytest.mark.parametrize("seed", range(5))
def test_what_several_parts_say_counts_once_however_it_is_divided(seed: int) -> None:
    random = Random(seed)
    all_of_them = videos(0, 3 * MOST_NAMED)
    parts = [random.sample(all_of_them, random.randrange(2 * MOST_NAMED)) for _ in range(6)]
    distinct = {one for part in parts for one in part}
    found = unexamined_in_all(iter(parts))
    assert found == unexamined_in_all([sorted(distinct)])
    assert found.count == len(distinct)
    named = sorted(distinct)[:MOST_NAMED]
    assert found.said == tuple(sorted([*named, f"{len(distinct) - MOST_NAMED:,} more: {NOT_LOOKED}"]))


def test_of_the_whole_period_only_what_all_parts_say() -> None:
    parts = [[NO_FOOTAGE_READ, NO_ASSIGNMENTS_READ], [NO_FOOTAGE_READ]]
    assert unexamined_in_all(parts) == Unexamined((NO_FOOTAGE_READ,), 1)
    assert unexamined_in_all([]) == Unexamined((), 0)
