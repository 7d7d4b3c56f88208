"""Overlapping holder periods: named with their rows, undecided only for the overlap."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bwc_audit.domain.holder_conflicts import holder_conflicts
from bwc_audit.domain.identity import Roster
from bwc_audit.domain.records import Holding, Officer, RowRef
from bwc_audit.domain.results import Outcome, UnknownReason
from bwc_audit.domain.times import Span
from tests.domain.worlds import World, at

PERIOD = Span(at(0), at(1000))
ROSTER = Roster(Officer(name, "north", RowRef("roster/officers.csv", 2)) for name in ("101", "102", "103"))


def held(officer_id: str, start: float, end: float | None, line: int = 2) -> Holding:
    to = None if end is None else at(end)
    return Holding("cam", officer_id, at(start), RowRef("roster/holders.csv", line), to)


@pytest.mark.parametrize(("end", "found"), [(99, 0), (100, 0), (101, 1)])
def test_periods_that_touch_are_no_conflict(end: float, found: int) -> None:
    assert len(holder_conflicts([held("101", 0, end), held("102", 100, 200)], ROSTER, PERIOD)) == found


def test_a_conflict_is_named_with_its_rows_and_the_time_it_lasts() -> None:
    rows = [held("101", -500, 300, 2), held("102", 200, None, 3)]
    (conflict,) = holder_conflicts(reversed(rows), ROSTER, PERIOD)
    assert (conflict.officers, conflict.span) == (("101", "102"), Span(at(200), at(300)))
    assert conflict.said() == (
        "camera cam is held by officers 101 and 102 at once from 2025-05-24T20:03:20Z to 2025-05-24T20:05:00Z "
        "(roster/holders.csv:2, roster/holders.csv:3): a recording of then that names no officer is nobody's"
    )


def test_one_officer_written_twice_is_no_conflict() -> None:
    assert holder_conflicts([held("101", 0, None, 2), held("PC 0101", 100, None, 3)], ROSTER, PERIOD) == ()


def test_three_holders_at_once_are_three_pairs() -> None:
    rows = [held("101", 0, 500, 2), held("102", 100, 500, 3), held("103", 200, 500, 4)]
    assert [one.officers for one in holder_conflicts(rows, ROSTER, PERIOD)] == [
        ("101", "102"),
        ("101", "103"),
        ("102", "103"),
    ]


def test_a_conflict_outside_the_period_is_not_named() -> None:
    assert holder_conflicts([held("101", -900, -100), held("102", -800, -100)], ROSTER, PERIOD) == ()


def pool(overlap: tuple[float, float]) -> World:
    """Camera cam-101 also given to 102 for a while; 101 attends two calls, recorded by it without an officer's name."""
    world = World().officer("101").officer("102").incident().attended("101", 0, 300)
    world.incident("I2").attended("101", 3000, 3300, "I2", line=3)
    world.recorded(None, -40, 310, "R1", device="cam-101").recorded(None, 2960, 3310, "R2", device="cam-101")
    row = RowRef("roster/holders.csv", 9)
    world.holdings.append(Holding("cam-101", "102", at(overlap[0]), row, at(overlap[1])))
    return world


def outcome(world: World, incident_id: str) -> tuple[Outcome, str | None]:
    return next((one.outcome, one.reason) for one in world.decided().results if one.incident_id == incident_id)


def test_only_what_starts_in_the_overlap_is_undecided() -> None:
    world = pool((-100, 1000))
    assert outcome(world, "I1") == (Outcome.UNKNOWN, UnknownReason.HOLDER_CONFLICT)
    assert outcome(world, "I2") == (Outcome.COVERED, None)
    assert any("held by officers 101 and 102 at once" in said for said in world.decided().not_examined)


def test_a_recording_that_names_its_officer_is_decided_all_the_same() -> None:
    world = pool((-100, 1000))
    world.segments[0] = replace(world.segments[0], officer_id="101")
    assert outcome(world, "I1") == (Outcome.COVERED, None)


def test_an_overlap_in_which_nothing_starts_decides_everything_and_is_still_named() -> None:
    world = pool((1000, 2000))
    assert {outcome(world, "I1"), outcome(world, "I2")} == {(Outcome.COVERED, None)}
    assert any("at once" in said for said in world.decided().not_examined)


def test_of_very_many_overlaps_the_first_are_named_and_the_rest_counted() -> None:
    world = pool((1000, 2000))
    row = RowRef("roster/holders.csv", 9)
    world.holdings += [Holding(f"spare-{n}", who, at(0), row) for n in range(51) for who in ("101", "102")]
    said = [one for one in world.decided().not_examined if "at once" in one or "more overlaps" in one]
    assert len(said) == 51
    assert "2 more overlaps of two officers on one camera" in said
