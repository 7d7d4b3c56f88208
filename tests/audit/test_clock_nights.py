"""A camera whose times are wrong, from its files to the stored answer: night, re-run, and what is kept of both times."""

from __future__ import annotations

from datetime import timedelta

from bwc_audit.audit.reports import report_input
from bwc_audit.audit.rerun import rerun_incident
from bwc_audit.audit.setup import open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.clock_days import ClockDay
from bwc_audit.domain.results import Waiting
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US
from bwc_audit.domain.watermarks import WatermarkKind
from bwc_audit.store import run_notes, runs
from bwc_audit.store.database import reading
from tests.audit.nights import Night, run_night
from tests.audit.small_force import SmallForce

CALLS = {"I1": "18:00", "I2": "19:10", "I3": "21:40"}
SHIFT = timedelta(days=268)


def with_a_camera_far_behind(force: SmallForce) -> None:
    """Officer 7 records three calls with a camera that is 268 days slow; the files come in the next morning."""
    for incident_id, clock in CALLS.items():
        force.call(incident_id, clock, "7")
        started = force.moment(f"{clock}:00") - timedelta(seconds=10) - SHIFT
        force.recorded(
            incident_id,
            "7",
            clock,
            media_started_at=started.isoformat(),
            activated_at=(started + timedelta(seconds=10)).isoformat(),
            deactivated_at=(started + timedelta(seconds=90)).isoformat(),
        )


def clocks_of(night: Night) -> tuple[ClockDay, ...]:
    with reading(night.audit.engine) as session:
        return run_notes.load_clocks(session, night.run.run_id)


def test_a_camera_268_days_behind_is_found_and_a_re_run_says_the_same(force: SmallForce, settings: Settings) -> None:
    with_a_camera_far_behind(force)
    night = run_night(settings)
    assert {night.outcome(incident_id, "7") for incident_id in CALLS} == {"covered"}
    assert "no_footage" not in night.kinds()
    (day,) = clocks_of(night)
    assert (day.device_id, day.offset_us, day.anchors, day.is_applied) == ("CAM7", -268 * DAY_US, 3, True)
    with reading(night.audit.engine) as session:
        (placed,) = runs.load_segments(session, night.run.run_id, incident_id="I2")
    assert placed.offset_us == -268 * DAY_US
    assert placed.span.start_us == round(force.moment("19:10:00").timestamp() - 10) * SECOND_US

    again = rerun_incident(open_audit(settings), "I2", requester="A", reason="a court asks")
    assert again.is_unchanged
    assert {(one.before, one.now) for one in again.outcomes} == {("covered", "covered")}


def test_the_report_shows_the_offset_its_anchors_and_that_it_was_applied(force: SmallForce, settings: Settings) -> None:
    with_a_camera_far_behind(force)
    night = run_night(settings)
    report = report_input(night.audit, night.run.run_id)
    assert [one.device_id for one in report.clocks] == ["CAM7"]
    marks = {one.kind: one for one in report.watermarks if one.device_id is None}
    assert set(marks) == {WatermarkKind.CAD, WatermarkKind.FOOTAGE}


def test_what_is_pending_says_until_when_and_turns_by_itself(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.call("I2", "21:00", "8")
    force.recorded("I2", "8", "21:00", uploaded_at="2025-05-25T07:00:00Z")
    early = settings.model_copy(update={"as_of": "2025-05-25T12:00:00Z"})
    first = run_night(early)
    cleared_us = round(force.moment("20:01:20").timestamp()) * SECOND_US
    with reading(first.audit.engine) as session:
        assert run_notes.load_waiting(session, first.run.run_id) == (
            Waiting("I1", "7", "upload_grace", cleared_us + 24 * HOUR_US),
        )
    second = run_night(settings)
    assert (first.outcome("I1", "7"), second.outcome("I1", "7")) == ("pending", "findings")
    with reading(second.audit.engine) as session:
        assert run_notes.load_waiting(session, second.run.run_id) == ()


def test_footage_that_may_go_while_something_is_open_is_listed(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7", seconds=600)
    force.call("I2", "22:00", "8")
    force.recorded("I1", "7", "20:00", retention_until="2025-06-02T05:00:00Z")
    force.recorded("I2", "8", "22:00", retention_until="2025-06-02T05:00:00Z")
    night = run_night(settings)
    with reading(night.audit.engine) as session:
        listed = run_notes.load_expiring(session, night.run.run_id)
    assert [(one.footage_id, one.matter, one.incident_id) for one in listed] == [("V-I1-7", "early_deactivation", "I1")]
    assert listed[0].finding_id == night.finding("early_deactivation").finding_id
