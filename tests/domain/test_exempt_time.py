"""Exemptions in the middle of a window: what they cut out makes nobody late or early, and parts no absence in two."""

from __future__ import annotations

from bwc_audit.domain.results import Outcome
from bwc_audit.domain.times import SECOND_US, Span
from tests.domain.worlds import World, at


def half_hour(*exempt: tuple[float, float]) -> World:
    world = World().officer("101").incident().attended("101", 0, 1800)
    for start, end in exempt:
        world.exempt("101", start, end)
    return world


def test_twenty_seconds_after_an_exemption_are_within_the_grace() -> None:
    world = half_hour((600, 1780)).recorded("101", -30, 600)
    assert world.kinds() == []
    assert world.result().outcome is Outcome.COVERED
    assert world.result().is_whole_window is True


def test_twenty_seconds_before_an_exemption_are_within_the_grace() -> None:
    world = half_hour((20, 600)).recorded("101", 570, 1830)
    assert world.kinds() == []
    assert world.result().lateness_us == 20 * SECOND_US
    assert world.result().outcome is Outcome.COVERED


def test_lateness_counts_only_required_time() -> None:
    """Two minutes before the exemption and thirty seconds behind it; the margin is a shift of the clock all the same."""
    world = half_hour((120, 840)).recorded("101", 840, 1830)
    (late,) = world.findings()
    assert late.seconds_us == 150 * SECOND_US
    assert late.margin_us == 840 * SECOND_US
    assert late.severity == "medium"
    assert late.message.startswith("Activated 2 min 30 s of required time after arrival (20:00:00Z);")


def test_an_early_end_counts_only_required_time() -> None:
    world = half_hour((600, 1500)).recorded("101", -30, 600)
    (early,) = world.findings()
    assert early.seconds_us == 300 * SECOND_US
    assert early.margin_us == 1170 * SECOND_US
    assert early.message.startswith("The last recording ends 5 min 00 s of required time before clearing (20:30:00Z);")


def test_what_lies_before_the_activation_is_no_gap_between_recordings() -> None:
    world = half_hour((300, 600), (900, 1200)).recorded("101", 1170, 1830)
    assert world.kinds() == ["late_activation"]
    (late,) = world.findings()
    assert (late.seconds_us, late.spans) == (600 * SECOND_US, (Span(at(0), at(300)), Span(at(600), at(900))))


def test_what_lies_behind_the_last_recording_is_no_gap_between_recordings() -> None:
    world = half_hour((600, 900), (1200, 1500)).recorded("101", -30, 600)
    assert world.kinds() == ["early_deactivation"]
    (early,) = world.findings()
    assert (early.seconds_us, early.spans) == (600 * SECOND_US, (Span(at(900), at(1200)), Span(at(1500), at(1800))))


def test_a_recording_before_the_window_closes_no_gap_behind_an_exemption() -> None:
    """It could be shifted into the first twenty seconds; 210 s behind the exemption stay unrecorded."""
    world = half_hour((20, 600)).recorded("101", -900, -10, "R0").recorded("101", 810, 1830)
    assert world.kinds() == ["late_activation"]
    assert world.result().outcome is Outcome.FINDINGS
    (late,) = world.findings()
    assert (late.seconds_us, late.margin_us) == (260 * SECOND_US, 230 * SECOND_US)


def test_a_recording_after_the_window_closes_what_lies_behind_an_exemption() -> None:
    """Fifty required seconds before it and fifty behind: a shift of ten brings the next recording into the window."""
    world = half_hour((1220, 1750)).recorded("101", -30, 1170).recorded("101", 1810, 2400, "R2")
    assert world.kinds() == ["~early_deactivation"]
    (early,) = world.findings()
    assert (early.seconds_us, early.margin_us) == (100 * SECOND_US, 10 * SECOND_US)
