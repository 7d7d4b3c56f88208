"""Whose a recording is by its button, what a button time is worth, and what a short buffer is."""

from __future__ import annotations

from typing import Any

import pytest

from bwc_audit.domain.records import Device, DeviceEventKind, Holding, RowRef
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.times import SECOND_US, Span
from tests.domain.worlds import World, at


def pool(first_to: float | None, second_from: float) -> World:
    """Officers 101 and 102 share camera POOL; 102 attends from 20:00 to 20:30."""
    world = World().officer("101").officer("102", None).incident().attended("102", 0, 1800)
    world.officers[1] = type(world.officers[0])(
        "102", "north", RowRef("roster/officers.csv", 3), camera_from_us=at(-9999999)
    )
    world.devices.append(Device("POOL", "Model 4", RowRef("roster/devices.csv", 3), configured_buffer_us=30 * SECOND_US))
    if first_to is not None:
        world.holdings.append(Holding("POOL", "101", at(-7200), RowRef("roster/holders.csv", 3), at(first_to)))
    world.holdings.append(Holding("POOL", "102", at(second_from), RowRef("roster/holders.csv", 4)))
    world.event("POOL", DeviceEventKind.DOCK, 8 * 3600)
    return world.event("POOL", DeviceEventKind.CLOCK_CHECK, 8 * 3600, "0")


def test_a_buffer_that_reaches_into_the_time_of_the_holder_before_is_of_who_pressed_the_button() -> None:
    result = pool(-5, -5).recorded(None, -30, 1810, device="POOL").result("102")
    assert (result.outcome, result.covered_us) == (Outcome.COVERED, 1800 * SECOND_US)


def test_a_buffer_from_before_anybody_held_the_camera_is_of_who_pressed_the_button() -> None:
    result = pool(None, -5).recorded(None, -30, 1810, device="POOL").result("102")
    assert (result.outcome, result.covered_us) == (Outcome.COVERED, 1800 * SECOND_US)


def test_where_nobody_held_the_camera_at_the_button_the_holder_at_the_start_counts() -> None:
    world = pool(None, -7200)
    world.holdings[-1] = Holding("POOL", "102", at(-7200), RowRef("roster/holders.csv", 4), at(0))
    assert world.recorded(None, -30, 1810, device="POOL").result("102").covered_us == 1800 * SECOND_US


def alone(**device: Any) -> World:
    world = World().officer("101").incident().attended("101", 0, 1800)
    if device:
        world.devices = [Device("cam-101", "Model 4", RowRef("roster/devices.csv", 2), **device)]
    return world


@pytest.mark.parametrize(
    "buttons",
    [
        {"activated": 1860},  # on the last microsecond's end
        {"activated": 5460},
        {"activated": 1500, "deactivated_us": at(-30)},
        {"activated": 600, "deactivated_us": at(600)},
    ],
)
def test_start_and_stop_presses_that_are_confused_make_nobody_late(buttons: dict[str, Any]) -> None:
    world = alone().recorded("101", -60, 1860, **buttons)
    assert world.kinds() == []
    assert world.result().lateness_us == -60 * SECOND_US


def test_a_later_segment_of_a_recording_without_button_time_is_not_activated_anew() -> None:
    world = alone()
    for number, (start, end) in enumerate([(-1200, -30), (300, 1830)], 1):
        world.recorded("101", start, end, f"R1-{number}", activated_us=None, recording_id="R1", segment_no=number)
    assert world.kinds() == ["recording_gap"]
    assert world.finding(world.findings()[0].kind).spans == (Span(at(0), at(300)),)
    assert world.result().is_on_time is True


def test_recordings_of_two_cameras_with_one_id_have_an_activation_each() -> None:
    world = alone().officer("102").attended("102", 0, 1800)
    world.recorded("101", -30, 1830, "A", recording_id="R1").recorded("102", 570, 1830, "B", recording_id="R1")
    assert (world.result("101").lateness_us, world.result("102").lateness_us) == (0, 600 * SECOND_US)


@pytest.mark.parametrize("activated", [-5, -6])
def test_a_camera_that_is_set_to_keep_no_buffer_has_no_short_one(activated: int) -> None:
    world = alone(configured_buffer_us=0).recorded("101", -5, 1830, activated=activated)
    assert world.kinds() == []


def test_a_recording_that_begins_while_the_one_before_still_runs_has_no_short_buffer() -> None:
    world = alone().recorded("101", -60, 600.001, "A").recorded("101", 600, 1830, "B", activated=600)
    assert world.kinds() == []


def test_a_later_file_of_a_recording_without_numbers_has_no_short_buffer() -> None:
    world = alone().recorded("101", -30, 600, "A", recording_id="R1")
    world.recorded("101", 721, 1830, "B", recording_id="R1", activated_us=None)
    assert world.kinds() == ["recording_gap"]
