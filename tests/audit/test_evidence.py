"""The burned-in clock on the page is the one that the decision used."""

from __future__ import annotations

from dataclasses import replace

from bwc_audit.audit.evidence import evidence_of
from bwc_audit.domain.inspection import Inspection, InspectionRequest
from bwc_audit.report.evidence import BurnedInClock
from bwc_audit.store.planned import PlannedInspection
from tests.domain.test_shown_clocks import covered, shows, stuck
from tests.domain.worlds import UK


def on_the_page(inspection: Inspection) -> BurnedInClock:
    segments = covered(inspection).decided().segments
    plan = [PlannedInspection(0, "", 1, InspectionRequest(inspection.object_key))]
    (evidence,) = evidence_of(segments, plan, {inspection.object_key: inspection}, UK, {}).values()
    assert evidence.clock is not None
    return evidence.clock


def test_the_offset_stands_with_the_tolerance_of_the_decision() -> None:
    inspection = shows(-40, shift_s=-47)
    shown = covered(inspection).matched().placements[0].shown
    assert shown is not None
    clock = on_the_page(inspection)
    assert (clock.offset_us, clock.uncertainty_us) == (shown.clock.offset_us, shown.tolerance_us)
    assert clock.drift_ppm is None  # 80 s are too little to tell one


def test_a_clock_stands_still_on_the_page_only_where_the_decision_says_so() -> None:
    inspection = stuck()
    assert on_the_page(replace(inspection, measures=None)).why_not == "what was read proves no clock"
    assert not on_the_page(replace(inspection, measures=None)).is_stuck
    assert on_the_page(inspection).is_stuck


def test_a_drift_on_the_page_is_one_that_is_stated() -> None:
    assert on_the_page(shows(-40, count=10, every_s=1_600, gain_ppm=400)).drift_ppm is not None
    assert on_the_page(shows(-40, count=10, every_s=30, gain_ppm=400)).drift_ppm is None
