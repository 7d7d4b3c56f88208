"""What a margin promises: a clock error smaller than it leaves the absence standing, one beyond it can undo it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwc_audit.domain.findings import ABSENCE_KINDS, Finding, FindingGroup, FindingKind
from bwc_audit.domain.times import SECOND_US
from tests.domain.worlds import World, at

#: Starts and lengths of an officer's recordings, seconds; the window is [0, 600).
RECORDINGS = st.lists(st.tuples(st.integers(-900, 1500), st.integers(1, 500)), min_size=1, max_size=3)


def officer_with(recordings: list[tuple[int, int]]) -> World:
    """One officer, 600 s on scene; every recording activated 30 s after it starts (or at its end, if shorter)."""
    world = World().officer("101").incident().attended("101", 0, 600)
    for number, (start, length) in enumerate(recordings):
        world.recorded(
            "101",
            start,
            start + length,
            f"R{number}",
            activated=start + min(30, length),
            incident_ids=(),
            uploaded_us=at(9000),
        )
    return world


def shifted(world: World, by_us: int, device: str = "cam-101") -> World:
    """The same with every time of one camera moved."""
    segments = [
        replace(one, media_started_us=one.media_started_us + by_us, activated_us=(one.activated_us or 0) + by_us)
        if one.device_id == device
        else one
        for one in world.segments
    ]
    return replace(world, segments=segments)


def absences(world: World) -> dict[FindingKind, Finding]:
    return {one.kind: one for one in world.findings() if one.kind in ABSENCE_KINDS}


@settings(max_examples=80, deadline=None)
@given(RECORDINGS, st.floats(-1, 1, exclude_min=True, exclude_max=True))
def test_an_error_smaller_than_every_margin_leaves_an_absence(recordings: list[tuple[int, int]], share: float) -> None:
    """Which kind it is may change (a late start becomes no footage); that something is absent does not."""
    world = officer_with(recordings)
    found = absences(world)
    for finding in found.values():
        if finding.margin_us is not None:
            assert absences(shifted(world, int(finding.margin_us * share))), finding.message


#: All inside the window, or one alone anywhere: a further recording that an error brings in may open another hole.
SIMPLE = st.one_of(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 100)), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(-900, 1500), st.integers(1, 500)), min_size=1, max_size=1),
)


@settings(max_examples=80, deadline=None)
@given(SIMPLE)
def test_an_error_beyond_the_margin_in_the_right_direction_undoes_the_kind(recordings: list[tuple[int, int]]) -> None:
    world = officer_with(recordings)
    for kind, finding in absences(world).items():
        if finding.margin_us is not None:
            beyond = finding.margin_us + SECOND_US
            left = [kind in absences(shifted(world, by)) for by in (-beyond, beyond)]
            assert not all(left), finding.message


def crew(ends: tuple[int, ...]) -> World:
    world = World().incident()
    for number, end in enumerate(ends):
        officer_id = f"{101 + number}"
        world.officer(officer_id).attended(officer_id, 0, 900)
        world.recorded(officer_id, -40, end, f"R{number}", incident_ids=(), uploaded_us=at(9000))
    return world


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(300, 890), st.integers(300, 890)),
    st.integers(0, 1),
    st.floats(-1, 1, exclude_min=True, exclude_max=True),
)
def test_one_cameras_error_below_the_margin_leaves_the_incident_uncovered(
    ends: tuple[int, int], camera: int, share: float
) -> None:
    world = crew(ends)
    finding = absences(world).get(FindingKind.INCIDENT_UNCOVERED)
    if finding is not None and finding.margin_us is not None:
        by_us = int(finding.margin_us * share)
        assert FindingKind.INCIDENT_UNCOVERED in absences(shifted(world, by_us, f"cam-{101 + camera}"))
        if finding.margin_us > 340 * SECOND_US:
            return  # moved so far, the camera leaves time behind that the other did not record
        longest = 101 + max(range(2), key=lambda number: ends[number])
        beyond = shifted(world, finding.margin_us, f"cam-{longest}")
        assert FindingKind.INCIDENT_UNCOVERED not in absences(beyond)


@pytest.mark.parametrize(
    ("recordings", "kind", "margin"),
    [
        ([(100, 600)], FindingKind.LATE_ACTIVATION, 100),
        ([(-40, 500)], FindingKind.EARLY_DEACTIVATION, 110),
        ([(-40, 240), (400, 250)], FindingKind.RECORDING_GAP, 340),
        ([(700, 100)], FindingKind.NO_FOOTAGE, 100),
        # An earlier recording ends 10 s before the window: a clock 11 s off brings it in, and the rest is within the gap.
        ([(-90, 80), (50, 600)], FindingKind.LATE_ACTIVATION, 10),
        ([(-90, 79), (50, 600)], FindingKind.LATE_ACTIVATION, 50),
        ([(-40, 590), (605, 100)], FindingKind.EARLY_DEACTIVATION, 5),
        ([(-40, 580), (605, 100)], FindingKind.EARLY_DEACTIVATION, 30),
    ],
)
def test_each_kind_states_its_margin(recordings: list[tuple[int, int]], kind: FindingKind, margin: int) -> None:
    finding = absences(officer_with(recordings))[kind]
    assert finding.margin_us == margin * SECOND_US
    assert finding.uncertainty_us is not None


def test_every_kind_of_absence_is_tried_here() -> None:
    assert {kind for kind in FindingKind if kind.group is FindingGroup.COVERAGE} - ABSENCE_KINDS == {
        FindingKind.SHORT_BUFFER
    }
