"""Competing explanations: what each is offered for, what speaks against it, and the order in which to look."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.clues import Pool
from bwc_audit.domain.explanation_rank import Strength, ranked, strength_of
from bwc_audit.domain.findings import Explanation, ExplanationKind, FindingKind
from bwc_audit.domain.records import DeviceEventKind
from bwc_audit.domain.times import DAY_US, Span
from tests.domain.worlds import World, at

K = ExplanationKind


def absent() -> World:
    """Officer 101 on scene from 0 to 300 s, and nothing of it."""
    return World().officer("101").officer("102").incident().attended("101")


def explained(world: World) -> list[Explanation]:
    return list(world.finding(FindingKind.NO_FOOTAGE).explanations)


def only(world: World, kind: ExplanationKind) -> Explanation:
    (found,) = [one for one in explained(world) if one.kind is kind]
    return found


def test_a_hole_in_the_numbering_across_the_gap_says_that_a_file_never_arrived() -> None:
    world = absent().recorded("101", -900, -800, "R7", sequence_no=7, incident_ids=(), uploaded_us=at(7000))
    world.recorded("101", 900, 1000, "R9", sequence_no=9, incident_ids=(), uploaded_us=at(7000))
    found = only(world, K.NEVER_ARRIVED)
    assert found.speaks_for[0] == (
        "of the numbers that camera cam-101 gives its files, 1 between 7 (R7) before the gap and 9 (R9) after it "
        "is not in the records"
    )
    assert found.speaks_for[1] == (
        "camera cam-101 was docked at 2025-05-25T04:00:00Z, and no upload from it within a day of that is recorded"
    )
    assert explained(world)[0] == found


@pytest.mark.parametrize(("before", "after"), [(7, 8), (9, 7)])
def test_numbers_that_run_on_or_restart_say_nothing(before: int, after: int) -> None:
    world = absent().recorded("101", -900, -800, "R7", sequence_no=before, incident_ids=())
    world.recorded("101", 900, 1000, "R9", sequence_no=after, incident_ids=())
    assert K.NEVER_ARRIVED not in {one.kind for one in explained(world)}


def test_a_docking_without_upload_is_said_and_so_is_what_else_it_could_be() -> None:
    world = absent().recorded("101", -900, -800, "R7", incident_ids=(), uploaded_us=at(-100))
    world.recorded("102", 900, 1000, "R9", incident_ids=())
    found = only(world, K.NEVER_ARRIVED)
    assert found.speaks_for == (
        "camera cam-101 was docked at 2025-05-25T04:00:00Z, and no upload from it within a day of that is recorded",
    )
    assert found.speaks_against == ("a camera that recorded nothing looks the same",)
    world.segments[0] = replace(world.segments[0], uploaded_us=at(8 * 3600))
    assert K.NEVER_ARRIVED not in {one.kind for one in explained(world)}


@pytest.mark.parametrize(("days", "is_over"), [(31, True), (30.999, False)])
def test_retention_that_is_over(days: float, is_over: bool) -> None:
    world = absent().recorded("102", 900, 1000, "R9", incident_ids=())
    world.as_of_us = at(300) + round(days * DAY_US)
    kinds = {one.kind for one in explained(world)}
    assert (K.DELETED in kinds) is is_over
    if is_over:
        assert only(world, K.DELETED).speaks_for == (
            "footage is kept 31 days where nothing else is stated: that ended at 2025-06-24 20:05Z",
        )


def test_a_deleted_recording_of_the_camera_around_then() -> None:
    world = absent().recorded("101", -9000, -8000, "R7", incident_ids=(), deleted_us=at(20_000))
    world.recorded("101", 9000, 9100, "R8", incident_ids=())
    found = only(world, K.DELETED)
    assert "recording R7 of camera cam-101" in found.speaks_for[0]
    assert found.speaks_against == ("1 recordings of the same camera and a day around are still held",)


def test_a_camera_that_was_off_long_before_is_said_with_its_age() -> None:
    world = absent().recorded("102", 900, 1000, "R9", incident_ids=())
    world.event("cam-101", DeviceEventKind.BATTERY_EMPTY, -600)
    found = only(world, K.DEVICE_OFF)
    assert found.speaks_for == ("camera cam-101: battery empty at 19:50:00Z, not switched on again before the gap",)
    assert found.speaks_against == ()
    world.events[-1] = replace(world.events[-1], at_us=at(-86_401))
    assert "older than the gap" in only(world, K.DEVICE_OFF).speaks_against[0]


def test_of_many_tagged_recordings_the_nearest_are_named_with_their_offsets() -> None:
    world = absent()
    for number in range(1, 7):
        world.recorded("101", 1000 * number, 1000 * number + 50, f"R{number}")
    found = [one for one in explained(world) if one.kind is K.TAGGED_ELSEWHERE]
    assert [one.speaks_for[0].split()[1] for one in found] == ["R1", "R2", "R3"]
    assert "it would fit if its clock were 16 min 40 s fast" in found[0].speaks_for[0]
    assert found[2].speaks_for[1] == "3 more recordings carry this incident's id and lie elsewhere"


def test_a_recording_of_the_officer_stands_before_one_of_another() -> None:
    world = absent().recorded("102", 1000, 1100, "R1").recorded("101", 5000, 5100, "R2")
    found = [one for one in explained(world) if one.kind is K.TAGGED_ELSEWHERE]
    assert [one.speaks_for[0].split()[1] for one in found] == ["R2", "R1"]
    assert "it belongs to another officer" in found[1].speaks_against


def test_a_pool_of_thousands_is_counted_and_the_nearest_named() -> None:
    world = absent()
    for number in range(200):
        world.recorded(None, -100 + number, 400, f"P{number:03}", device=f"pool-{number}", incident_ids=())
    found = only(world, K.UNASSIGNED_DEVICE)
    assert [said.split()[1] for said in found.speaks_for[:3]] == ["P100", "P099", "P101"]
    assert found.speaks_for[3] == "197 more recordings that belong to nobody run at that time"
    assert found.speaks_against == ("nothing ties them to this officer or incident",)


def test_the_nearest_are_found_without_looking_at_the_pool() -> None:
    """20,000 ownerless recordings at one time: only those are built whose start is near."""
    world = World()
    for number in range(20_000):
        world.recorded(None, 0, 500, f"P{number}", device=f"pool-{number}", incident_ids=())
    pool = Pool.of(world.matched().placements)
    assert len(pool.placements) == 20_000
    span = Span(at(10), at(20))
    assert pool.count(span) == 20_000
    assert len(pool.nearest(span, 3)) == 3


# --- the order


def test_every_kind_has_a_class_and_a_place() -> None:
    order = [one.kind for one in ranked(Explanation(kind, ("said",)) for kind in reversed(K))]
    assert order == [
        *(K.CLOCK_CONTRADICTION, K.OTHER_OFFICER, K.DEVICE_OFF),
        *(K.TAGGED_ELSEWHERE, K.NEVER_ARRIVED, K.PENDING_UPLOAD, K.DELETED, K.NO_CAMERA),
        *(K.UNASSIGNED_DEVICE, K.VIDEO_WITHOUT_METADATA),
    ]
    assert [strength_of(kind) for kind in order] == sorted(strength_of(kind) for kind in K)


def test_what_has_less_against_it_stands_first_in_its_class_and_never_leaves_it() -> None:
    contested = Explanation(K.OTHER_OFFICER, ("a",), ("x", "y"))
    free = Explanation(K.DEVICE_OFF, ("b",))
    weak = Explanation(K.UNASSIGNED_DEVICE, ("c",))
    assert ranked([weak, contested, free]) == (free, contested, weak)
    assert strength_of(K.UNASSIGNED_DEVICE) is Strength.POSSIBLE


@given(
    st.lists(st.builds(Explanation, st.sampled_from(K), st.tuples(st.text(max_size=3)), st.just(())), max_size=8),
    st.randoms(),
)
def test_the_order_does_not_depend_on_the_order_of_finding(found: list[Explanation], shuffler: random.Random) -> None:
    first = ranked(found)
    shuffler.shuffle(found)
    assert ranked(found) == first
    assert sorted(first, key=str) == sorted(found, key=str)


def test_nothing_is_offered_without_something_to_check() -> None:
    world = absent().recorded("101", 5000, 5100, "R2").recorded(None, 0, 100, "P1", device="pool")
    world.event("cam-101", DeviceEventKind.SLEEP, -60)
    assert all(one.speaks_for for one in explained(world))
