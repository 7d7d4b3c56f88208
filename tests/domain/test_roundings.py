"""Rounded times of every source are part of the uncertainty: of footage too, and of the closing where it ends a window."""

from __future__ import annotations

from dataclasses import replace

from bwc_audit.domain.results import Outcome
from bwc_audit.domain.times import SECOND_US
from tests.domain.worlds import World, at

MINUTE_US = 60 * SECOND_US


def test_footage_rounded_to_the_minute_makes_a_lateness_of_two_minutes_borderline() -> None:
    """150 s, of which 30 are allowed: one less than the clock (60 s), the dispatch record (1 s) and the minute explain."""
    world = World().officer("101").incident().attended("101", 0, 1800)
    world.recorded("101", 120, 1860, activated=150, precision_us=MINUTE_US)
    assert world.kinds() == ["~late_activation"]
    assert world.result().uncertainty_us == 121 * SECOND_US
    assert world.result().outcome is Outcome.COVERED


def test_beyond_all_three_it_is_firm() -> None:
    world = World().officer("101").incident().attended("101", 0, 1800)
    world.recorded("101", 122, 1860, activated=152, precision_us=MINUTE_US)
    assert world.kinds() == ["late_activation"]


def test_rounded_footage_beside_a_window_may_lie_in_it() -> None:
    world = World().officer("101").incident().attended("101", 0, 1800)
    world.recorded("101", -900, -121, precision_us=MINUTE_US, incident_ids=())
    (finding,) = (one for one in world.findings() if one.kind == "no_footage")
    assert (finding.margin_us, finding.uncertainty_us, finding.is_borderline) == (121 * SECOND_US, 121 * SECOND_US, True)
    assert world.result().reason == "within_uncertainty"


def test_footage_to_the_second_is_as_exact_as_its_clock() -> None:
    world = World().officer("101").incident().attended("101", 0, 1800).recorded("101", 62, 1860, activated=92)
    assert world.kinds() == ["late_activation"]
    assert world.result().uncertainty_us == 61 * SECOND_US


def test_a_closing_rounded_to_the_minute_that_ends_a_window_is_as_inexact() -> None:
    world = World().officer("101").incident(closed_us=at(1800)).attended("101", 0, None).recorded("101", -30, 1650)
    world.incidents = [replace(world.incidents[0], precision_us=MINUTE_US)]
    assert world.kinds() == ["~early_deactivation"]
    assert world.result().uncertainty_us == 120 * SECOND_US
    world.assignments = [replace(world.assignments[0], cleared_us=at(1800))]
    assert world.kinds() == ["early_deactivation"]
