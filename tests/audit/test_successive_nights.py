"""Nights one after the other: together they say what one run over all of them says, each thing once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from bwc_audit.audit import deciding, night
from bwc_audit.audit.setup import Audit, days_until_ripe, nightly_period
from bwc_audit.domain.policy_book import PolicyBook
from bwc_audit.domain.records import Assignment, Incident, Records, RowRef, Segment
from bwc_audit.domain.runs import FindingState, Run, RunKind
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US, Span, at_of, us_of
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from bwc_audit.store.tables import FindingRow, table_of
from tests.audit.stored_world import (
    DAYS,
    MIDNIGHT_US,
    PERIOD,
    audit_of,
    random_world,
    run_over,
    store_world,
    with_camera_off,
)


@pytest.mark.parametrize("seed", [1, 4])
def test_nights_say_together_what_one_run_over_all_of_them_says(tmp_path: Path, seed: int) -> None:
    """Recordings run on through the next night's first call: what is to be said of one is said once, with one of them."""
    records = random_world(Random(seed))
    nightly, whole = audit_of(tmp_path / "nights", records), audit_of(tmp_path / "whole", records)
    nights = [Span(start_us, start_us + DAY_US) for start_us in range(PERIOD.start_us, PERIOD.end_us, DAY_US)]
    of_nights = Counter(name for night in nights for name in open_findings(nightly, run_over(nightly, night)))
    assert set(of_nights) == set(open_findings(whole, run_over(whole)))
    assert set(of_nights.values()) == {1}


def test_nights_that_look_back_end_where_one_run_over_all_of_them_ends(tmp_path: Path) -> None:
    """Whatever was pending for a while; one camera is never docked, and an hour off."""
    records = with_camera_off(random_world(Random(7)), Random(7), 47 * SECOND_US)
    nightly, whole = audit_of(tmp_path / "nights", records), audit_of(tmp_path / "whole", records)
    days, as_of_us = days_until_ripe(nightly.book), 0
    for last in range(DAYS + days - 1):
        as_of_us = MIDNIGHT_US + (last + 1) * DAY_US + 5 * HOUR_US
        start_us = max(PERIOD.start_us, MIDNIGHT_US + (last + 1 - days) * DAY_US)
        run_over(as_of(nightly, as_of_us), Span(start_us, min(PERIOD.end_us, MIDNIGHT_US + (last + 1) * DAY_US)))
    run_over(as_of(whole, as_of_us))
    assert last_said(nightly) == last_said(whole)
    assert len(last_said(whole)) > 20


@pytest.mark.parametrize(("lookback", "wait_days", "days"), [(1, 4, 7), (7, 4, 7), (9, 4, 9), (4, 10.5, 14)])
def test_a_night_looks_back_as_long_as_the_policy_waits(tmp_path: Path, lookback: int, wait_days: float, days: int) -> None:
    audit = audit_of(tmp_path, Records(), lookback_days=lookback)
    policy = replace(audit.policy, upload=replace(audit.policy.upload, dock_wait_s=wait_days * 86_400))
    period = nightly_period(replace(audit, book=PolicyBook.of(policy)))
    assert period.length_us == days * DAY_US
    assert period.end_us == us_of(datetime(2025, 6, 4, tzinfo=UTC))


def test_what_is_known_of_a_recording_is_not_left_to_a_night_that_nobody_judged(tmp_path: Path) -> None:
    """The first night of all: its first recording runs on from a call of the night before."""
    night_before, tonight = (
        Span(PERIOD.start_us, PERIOD.start_us + DAY_US),
        Span(*(PERIOD.start_us + n * DAY_US for n in (1, 2))),
    )
    midnight_us = tonight.start_us
    calls = [("I0", midnight_us - HOUR_US, midnight_us - HOUR_US // 2), ("I1", midnight_us, midnight_us + HOUR_US // 2)]
    records = replace(
        random_world(Random(1), officers=1, incidents=0),
        incidents=tuple(
            Incident(name, "STOP", start_us, RowRef("rows.csv", 100 + place), closed_us=end_us)
            for place, (name, start_us, end_us) in enumerate(calls)
        ),
        assignments=tuple(
            Assignment(name, "7", RowRef("rows.csv", 200 + place), on_scene_us=start_us, cleared_us=end_us)
            for place, (name, start_us, end_us) in enumerate(calls)
        ),
        segments=(
            Segment(
                "F1",
                "CAM7",
                midnight_us - 2 * HOUR_US,
                3 * HOUR_US,
                RowRef("rows.csv", 300),
                object_key="footage/F1.mp4",
                officer_id="7",
                activated_us=midnight_us - 2 * HOUR_US + 30 * SECOND_US,
                uploaded_us=midnight_us + 2 * HOUR_US,
                incident_ids=("I0", "I1"),
                categories=("stop",),
            ),
        ),
    )
    missing = ("object_missing", "7", "F1")
    audit = audit_of(tmp_path, records)
    assert found_of(audit, tonight) == {(*missing, "I1")}
    assert found_of(audit, night_before) == {(*missing, "I0")}
    store_world(audit, records, read_at_us=1)
    assert found_of(audit, tonight) == set()


def found_of(audit: Audit, period: Span) -> set[tuple[str, str | None, str | None, str | None]]:
    """Kind, officer, recording and incident of what a run over a period finds."""
    return {
        (kind, officer, recording, incident)
        for kind, incident, officer, recording in open_findings(audit, run_over(audit, period))
    }


def test_what_no_night_looks_back_at_any_more_is_counted_until_somebody_judges_it(tmp_path: Path) -> None:
    records = with_camera_off(random_world(Random(1), incidents=0), Random(1), 0)  # no dock ever tells of its camera
    audit = audit_of(tmp_path, records)
    days = [Span(start_us, start_us + DAY_US) for start_us in range(PERIOD.start_us, PERIOD.end_us, DAY_US)]
    first = nightly_run(as_of(audit, days[0].end_us + 5 * HOUR_US), days[0])
    assert first.counts["assignments_pending"] > 0
    assert "left_pending" not in first.counts
    at_last_us = days[8].end_us + 5 * HOUR_US
    later = nightly_run(as_of(audit, at_last_us), days[8])
    assert later.counts["left_pending"] == first.counts["assignments_pending"]
    assert run_over(as_of(audit, at_last_us), days[0]).counts["assignments_pending"] == 0
    assert "left_pending" not in nightly_run(as_of(audit, at_last_us + 1), days[8]).counts


def nightly_run(audit: Audit, period: Span) -> Run:
    """As ``run_over``, for the run of a night."""
    run_id = night.start_run(audit, audit.request(RunKind.NIGHTLY, period))
    night.plan_run(audit, run_id)
    return deciding.decide_run(audit, run_id)


def test_a_number_that_was_of_another_call_is_told(tmp_path: Path) -> None:
    """A file of the day takes the place of the one before, and its numbers begin anew."""
    records = random_world(Random(1), incidents=1)
    audit = audit_of(tmp_path, records)
    first = run_over(audit)
    assert first.not_examined == run_over(audit).not_examined
    call, moved_us = records.incidents[0], DAY_US
    later = replace(
        records,
        incidents=(replace(call, opened_us=call.opened_us + moved_us, closed_us=None),),
        assignments=tuple(
            replace(
                one,
                dispatched_us=(one.dispatched_us or 0) + moved_us,
                on_scene_us=(one.on_scene_us or 0) + moved_us,
                cleared_us=(one.cleared_us or 0) + moved_us,
            )
            for one in records.assignments
        ),
    )
    store_world(audit, later, read_at_us=1)
    told = set(run_over(audit).not_examined) - set(first.not_examined)
    assert [one for one in told if one.startswith(f"incident {call.incident_id} is a call of")] != []
    store_world(audit, later, read_at_us=2)
    assert not any(one.startswith("incident") for one in run_over(audit).not_examined)


def as_of(audit: Audit, moment_us: int) -> Audit:
    """The same audit as of another moment."""
    return replace(audit, settings=audit.settings.model_copy(update={"as_of": at_of(moment_us)}))


def last_said(audit: Audit) -> set[tuple[object, ...]]:
    """The identity of every open finding as last observed, and whether it is borderline."""
    finding = table_of(FindingRow).c
    query = select(finding.fingerprint, finding.kind, finding.is_borderline).where(finding.state == FindingState.OPEN)
    with reading(audit.engine) as session:
        return {tuple(row) for row in session.connection().execute(query)}


def open_findings(audit: Audit, run: Run) -> list[tuple[str, str | None, str | None, str | None]]:
    """Kind, incident, officer and recording of all that a run found, but of cameras, which every night sees."""
    with reading(audit.engine) as session:
        found = [one.finding for one in runs.load_observed(session, run.run_id, state=FindingState.OPEN)]
    found = [one for one in found if one.incident_id or one.recording_id]
    return [(one.kind.value, one.incident_id, one.officer_id, one.recording_id) for one in found]
