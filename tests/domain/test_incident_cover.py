"""What of an incident no camera covered, where somebody was there who had to record nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.times import DAY_US, Span
from tests.domain.worlds import World, at


def three(arrival: float | None = 0, clear: float | None = 1800, *, cancelled: bool = False) -> World:
    """101 and 102 switch off after ten minutes of half an hour; 103, of whom nothing is required, goes on."""
    world = World().incident()
    for officer_id, end in (("101", 600), ("102", 600)):
        world.officer(officer_id).attended(officer_id, 0, 1800).recorded(officer_id, -30, end, f"R{officer_id}")
    world.officer("103").attended("103", arrival, clear, cancelled=cancelled)
    return world.recorded("103", -30, 1830, "R103", incident_ids=())


def test_the_camera_of_an_exempt_officer_who_was_there_covers_the_incident() -> None:
    world = three().exempt("103")
    assert world.result("103").reason == "fully_exempt"
    assert "incident_uncovered" not in world.kinds()
    assert world.decided().incidents[0].uncovered == ()


def test_a_pool_camera_of_an_officer_without_one_covers_the_incident() -> None:
    world = three()
    world.officers[2] = replace(world.officers[2], camera_from_us=None)
    assert world.result("103").reason == "no_camera_issued"
    assert "incident_uncovered" not in world.kinds()


def test_the_camera_of_somebody_who_was_there_for_a_moment_counts_for_that_moment() -> None:
    """It recorded on, somewhere else."""
    world = three(900, 930)
    assert world.result("103").reason == "below_minimum"
    assert world.finding(FindingKind.INCIDENT_UNCOVERED).spans == (Span(at(600), at(900)), Span(at(930), at(1800)))


def test_the_camera_of_an_officer_who_is_partly_exempt_counts_for_the_whole_stay() -> None:
    world = World().incident()
    for officer_id in ("101", "102"):
        world.officer(officer_id).attended(officer_id, 0, 1800).recorded(officer_id, 880, 1830, f"R{officer_id}")
    world.officer("103").attended("103", 0, 1800).exempt("103", 0, 900).recorded("103", -30, 880, "R103", incident_ids=())
    assert "incident_uncovered" not in world.kinds()


def test_what_an_exempt_officer_recorded_is_waited_for() -> None:
    def world(docked: bool) -> World:
        found = World(as_of_us=at(1800) + 2 * DAY_US).incident()
        for officer_id in ("101", "102"):
            found.officer(officer_id).attended(officer_id, 0, 1800).recorded(officer_id, -30, 600, f"R{officer_id}")
        found.officer("103", docked=docked).attended("103", 0, 1800).exempt("103")
        return found.recorded("101", 90_000, 90_100, "R9", incident_ids=())

    assert "incident_uncovered" in world(docked=True).kinds()
    assert "incident_uncovered" not in world(docked=False).kinds()


@pytest.mark.parametrize("row", [{"arrival": None}, {"cancelled": True}])
def test_the_camera_of_somebody_who_never_arrived_does_not(row: dict[str, bool | None]) -> None:
    world = three(**row)  # type: ignore[arg-type]
    assert world.finding(FindingKind.INCIDENT_UNCOVERED).spans == (Span(at(600), at(1800)),)
