"""What is waited for, until when, and how far the sources have told."""

from __future__ import annotations

import pytest

from bwc_audit.domain.records import DeviceEventKind
from bwc_audit.domain.results import Outcome, PendingReason, Waiting
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US
from bwc_audit.domain.watermarks import Watermark, WatermarkKind
from tests.domain.worlds import World, at


def absent(*, docked: bool = True, as_of_us: int = at(300) + DAY_US) -> World:
    """Officer 101 on scene until 300 s without a recording; another officer's came in later."""
    world = World(as_of_us=as_of_us).officer("101", docked=docked).officer("102").incident().attended("101")
    return world.recorded("102", 4000, 4100, "R9", incident_ids=())


def waiting(world: World) -> Waiting:
    (found,) = world.decided().waiting
    return found


def test_nothing_is_waited_for_where_everything_is_decided() -> None:
    assert absent().decided().waiting == ()


def test_within_the_grace_it_is_decided_when_the_grace_ends_if_the_camera_was_docked() -> None:
    early = absent(as_of_us=at(9 * 3600))
    assert waiting(early) == Waiting("I1", "101", PendingReason.UPLOAD_GRACE, at(300) + DAY_US)
    assert absent(as_of_us=at(300) + DAY_US).result().outcome is Outcome.FINDINGS


@pytest.mark.parametrize("as_of_us", [at(9 * 3600), at(300) + 2 * DAY_US])
def test_without_a_docking_it_is_decided_after_the_longest_wait(as_of_us: int) -> None:
    world = absent(docked=False, as_of_us=as_of_us)
    assert waiting(world).ripens_us == at(300) + 4 * DAY_US
    world.as_of_us = at(300) + 4 * DAY_US
    assert world.decided().waiting == ()
    assert world.result().outcome is Outcome.FINDINGS


def test_a_docking_turns_what_waited_into_a_finding_on_a_later_night() -> None:
    world = absent(docked=False, as_of_us=at(300) + 2 * DAY_US)
    assert world.result().reason == PendingReason.DEVICE_NOT_DOCKED
    world.event("cam-101", DeviceEventKind.DOCK, 30 * 3600)
    assert world.result().outcome is Outcome.FINDINGS


def test_an_upload_turns_what_waited_into_covered_on_a_later_night() -> None:
    world = absent(docked=False, as_of_us=at(300) + 2 * DAY_US)
    world.recorded("101", -40, 310, uploaded_us=at(30 * 3600))
    assert world.result().outcome is Outcome.COVERED


@pytest.mark.parametrize(("uploaded", "reason"), [(299, PendingReason.SOURCE_BEHIND), (300, None)])
def test_nothing_is_absent_while_the_source_itself_is_behind(uploaded: float, reason: PendingReason | None) -> None:
    """Ten days later, and the newest footage of anybody came in before the call was over: the export has stopped."""
    world = World(as_of_us=at(300) + 10 * DAY_US).officer("101").officer("102").incident().attended("101")
    world.recorded("102", -4000, -3900, "R9", incident_ids=(), uploaded_us=at(uploaded))
    assert world.result().reason == reason
    if reason:
        assert waiting(world).ripens_us is None
        assert "no_footage" not in world.kinds()


def test_an_open_dispatch_record_names_no_date() -> None:
    world = World().officer("101").incident().attended("101", 0, None)
    assert waiting(world) == Waiting("I1", "101", PendingReason.CAD_OPEN, None)


def test_the_watermarks_of_a_night() -> None:
    world = absent()
    marks = {(one.kind, one.device_id): one.until_us for one in world.decided().watermarks}
    assert marks[WatermarkKind.CAD, None] == at(300)
    assert marks[WatermarkKind.FOOTAGE, None] == at(4100) + HOUR_US
    assert marks[WatermarkKind.DEVICE_FOOTAGE, "cam-101"] == at(8 * 3600)
    assert marks[WatermarkKind.DEVICE_LOG, "cam-102"] == at(8 * 3600)


def test_without_a_dock_log_the_latest_recording_tells_how_far_a_camera_came_in() -> None:
    world = World().officer("101", docked=False, checked=False).recorded("101", 10, 20).recorded("101", -900, -800, "R2")
    assert Watermark(WatermarkKind.DEVICE_FOOTAGE, at(10), "cam-101") in world.decided().watermarks
    assert Watermark(WatermarkKind.DEVICE_LOG, None, "cam-101") in world.decided().watermarks


def test_a_clock_far_ahead_does_not_raise_a_watermark() -> None:
    world = absent().recorded("101", 90 * 86_400, 90 * 86_400 + 100, "R8", uploaded_us=None, incident_ids=())
    marks = {(one.kind, one.device_id): one.until_us for one in world.decided().watermarks}
    assert marks[WatermarkKind.FOOTAGE, None] == at(4100) + HOUR_US


def test_empty_sources_have_told_nothing() -> None:
    assert World().decided().watermarks == (Watermark(WatermarkKind.CAD, None), Watermark(WatermarkKind.FOOTAGE, None))


def test_a_recording_without_upload_time_counts_from_its_end() -> None:
    world = World().officer("101").recorded("101", 0, 100, uploaded_us=None)
    assert world.matched().completeness.marks.footage_us == at(100)
    assert world.as_of_us > at(100) + SECOND_US
