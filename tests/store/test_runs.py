"""Runs: what goes in comes out equal, running twice changes nothing, what is finished stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text
from sqlmodel import Session

from bwc_audit.domain.dispositions import Disposition
from bwc_audit.domain.findings import Evidence, Explanation, ExplanationKind, Finding, FindingKind, Severity, Window
from bwc_audit.domain.lifecycle import finding_id_of
from bwc_audit.domain.results import AssignmentResult, Decision, IncidentResult, Outcome
from bwc_audit.domain.runs import (
    Change,
    FindingState,
    ObservedFinding,
    Run,
    RunKind,
    RunRequest,
    RunStatus,
)
from bwc_audit.domain.times import DAY_US, HOUR_US, SECOND_US, Span
from bwc_audit.errors import StoreError
from bwc_audit.store.check import check
from bwc_audit.store.database import reading, writing
from bwc_audit.store.dispositions import PlaceTaken, append_disposition, load_dispositions, load_standings
from bwc_audit.store.observations import count_changes
from bwc_audit.store.runs import (
    close_run,
    latest_run,
    load_incidents,
    load_observed,
    load_results,
    load_run,
    load_runs,
    load_segments,
    mark_abandoned,
    new_run_id,
    open_run,
    previous_observations,
    record_decision,
)
from tests.store.values import DECISIONS, REQUESTS, observed_in

NIGHT = Span(1_700_006_400 * SECOND_US, 1_700_006_400 * SECOND_US + DAY_US)
NEXT_NIGHT = Span(NIGHT.end_us, NIGHT.end_us + DAY_US)
REQUEST = RunRequest(RunKind.NIGHTLY, "s3://b/p", NIGHT, NIGHT.end_us, "Europe/London", "uk_generic", "1", "abc")
STARTED_US = NIGHT.end_us + HOUR_US

_ON_ONE_DATABASE = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def finding_of(incident_id: str | None = "I1", **changes: Any) -> Finding:
    span = Span(NIGHT.start_us + HOUR_US, NIGHT.start_us + HOUR_US + 94 * SECOND_US)
    base = Finding(
        FindingKind.LATE_ACTIVATION,
        "coverage.activation",
        Severity.MEDIUM,
        "activated 94 s after arrival",
        incident_id=incident_id,
        officer_id="A1",
        window=Window(Span(span.start_us, span.end_us + HOUR_US), "on_scene", "cleared"),
        spans=(span,),
        seconds_us=94 * SECOND_US,
        uncertainty_us=61 * SECOND_US,
        margin_us=64 * SECOND_US,
        explanations=(Explanation(ExplanationKind.DEVICE_OFF, ("power_off at 20:01",), ()),),
        evidence=(Evidence("row", "cad/assignments.csv:4", span.start_us), Evidence("object", "footage/a.mp4")),
    )
    return replace(base, **changes)


def seen(run_id: str, finding: Finding, change: Change = Change.APPEARED, **more: Any) -> ObservedFinding:
    state = {Change.RESOLVED: FindingState.RESOLVED, Change.REPLACED: FindingState.REPLACED}.get(change, FindingState.OPEN)
    return ObservedFinding(finding_id_of(finding.fingerprint), run_id, finding, state, change, **more)


def decision_of(*incident_ids: str) -> Decision:
    opened_us = NIGHT.start_us + HOUR_US
    return Decision(
        results=tuple(AssignmentResult(incident_id, "A1", Outcome.COVERED) for incident_id in incident_ids),
        incidents=tuple(IncidentResult(name, "STOP", None, opened_us, None, None) for name in incident_ids),
        findings=(),
        counts={"assignments": len(incident_ids)},
    )


def run_with(
    engine: Engine, findings: list[tuple[Finding, Change]], *, request: RunRequest = REQUEST, started_us: int = STARTED_US
) -> str:
    """One whole run over incident I1, committed."""
    with writing(engine) as session:
        run_id = open_run(session, request, started_us=started_us, software_version="0.1")
        record_decision(session, run_id, decision_of("I1"), [seen(run_id, finding, change) for finding, change in findings])
        close_run(session, run_id, status=RunStatus.COMPLETE, finished_us=started_us + 1)
    return run_id


def by_incident(values: Sequence[Any]) -> tuple[Any, ...]:
    """In the order that they are read in: by incident, and within it as they were decided."""
    return tuple(sorted(values, key=lambda value: value.incident_id))


def everything(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    tables = (
        *("run", "run_answer", "run_result", "run_incident", "run_lanes", "run_chunk", "run_turn"),
        *("finding", "observation", "repeated_observation"),
    )
    return {
        name: sorted(tuple(map(str, row)) for row in session.connection().execute(text(f"SELECT * FROM {name}")))
        for name in tables
    }


@_ON_ONE_DATABASE
@given(request=REQUESTS, decision=DECISIONS, observed=observed_in("run-1"))
def test_a_run_comes_back_as_it_was(
    engine: Engine, request: RunRequest, decision: Decision, observed: list[ObservedFinding]
) -> None:
    with writing(engine) as session:
        open_run(session, request, started_us=5, software_version="0.1", inspector_version="1", run_id="run-1")
        record_decision(session, "run-1", decision, observed)
        assert load_results(session, "run-1") == by_incident(decision.results)
        assert load_incidents(session, "run-1") == by_incident(decision.incidents)
        assert load_segments(session, "run-1") == by_incident(decision.segments)
        assert load_observed(session, "run-1") == tuple(observed)
        close_run(session, "run-1", status=RunStatus.INCOMPLETE, finished_us=9, inputs_hash="ff")
        expected = Run(
            *("run-1", request, RunStatus.INCOMPLETE, 5, 9, "0.1", "1", "ff"), decision.counts, decision.not_examined
        )
        assert load_run(session, "run-1") == expected
        session.rollback()


@_ON_ONE_DATABASE
@given(first=st.tuples(DECISIONS, observed_in("run-1")), second=st.tuples(DECISIONS, observed_in("run-1")))
def test_recording_again_leaves_the_rows_of_the_last_time_only(
    engine: Engine, first: tuple[Decision, list[ObservedFinding]], second: tuple[Decision, list[ObservedFinding]]
) -> None:
    with writing(engine) as session:
        open_run(session, REQUEST, started_us=5, software_version="0.1", run_id="run-1")
        record_decision(session, "run-1", *second)
        alone = everything(session)
        record_decision(session, "run-1", *first)
        record_decision(session, "run-1", *second)
        assert everything(session) == alone
        session.rollback()


def test_a_finding_keeps_its_identity_over_runs_and_its_first_run(engine: Engine) -> None:
    first = run_with(engine, [(finding_of(), Change.APPEARED)])
    second = run_with(engine, [(finding_of(seconds_us=1), Change.RESOLVED)], started_us=STARTED_US + 1)
    with reading(engine) as session:
        row = session.connection().execute(text("SELECT first_run_id, last_run_id, state FROM finding")).one()
        assert tuple(row) == (first, second, "resolved")
        assert [item.state for item in load_observed(session, first)] == [FindingState.OPEN]
    assert check(engine) == ()


def test_a_finding_is_replaced_in_state_and_change_together_or_not_at_all(engine: Engine) -> None:
    first = run_with(engine, [(finding_of(), Change.APPEARED)])
    second = run_with(
        engine, [(finding_of(), Change.REPLACED), (finding_of("I2"), Change.APPEARED)], started_us=STARTED_US + 1
    )
    with reading(engine) as session:
        assert count_changes(session, second) == {**dict.fromkeys(Change, 0), Change.REPLACED: 1, Change.APPEARED: 1}
        assert count_changes(session, first)[Change.REPLACED] == 0
    half = replace(seen("half", finding_of(), Change.REPLACED), state=FindingState.OPEN)

    def record_half() -> None:
        with writing(engine) as session:
            open_run(session, REQUEST, started_us=STARTED_US + 2, software_version="0.1", run_id="half")
            record_decision(session, "half", decision_of("I1"), [half])

    with pytest.raises(StoreError, match="replaced_is_replaced"):
        record_half()
    assert check(engine) == ()


def test_recording_again_without_a_finding_gives_it_back_to_the_run_before(engine: Engine) -> None:
    first = run_with(engine, [(finding_of(), Change.APPEARED)])
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=STARTED_US + 1, software_version="0.1")
        record_decision(session, run_id, decision_of("I1"), [seen(run_id, finding_of(), Change.RESOLVED)])
        record_decision(session, run_id, decision_of("I1"), [])
        close_run(session, run_id, status=RunStatus.COMPLETE, finished_us=STARTED_US + 2)
        row = session.connection().execute(text("SELECT first_run_id, last_run_id, state FROM finding")).one()
    assert tuple(row) == (first, first, "open")
    assert check(engine) == ()


def test_observed_findings_are_filtered(engine: Engine) -> None:
    firm = finding_of()
    borderline = finding_of("I2", is_borderline=True)
    gone = finding_of("I3", officer_id="A2", kind=FindingKind.NO_FOOTAGE)
    run_id = run_with(engine, [(firm, Change.APPEARED), (borderline, Change.CHANGED), (gone, Change.RESOLVED)])
    with reading(engine) as session:

        def incidents(**wanted: Any) -> list[str | None]:
            return [item.finding.incident_id for item in load_observed(session, run_id, **wanted)]

        assert incidents() == ["I1", "I2", "I3"]
        assert incidents(incident_id="I2") == ["I2"]
        assert incidents(officer_id="A2") == ["I3"]
        assert incidents(kind=FindingKind.LATE_ACTIVATION) == ["I1", "I2"]
        assert incidents(state=FindingState.OPEN) == ["I1", "I2"]
        assert incidents(include_borderline=False) == ["I1", "I3"]


def test_previous_observations_are_the_latest_of_decided_runs_in_scope(engine: Engine) -> None:
    device = finding_of(None, officer_id=None, device_id="D1", kind=FindingKind.CLOCK_OFFSET, spans=(), window=None)
    device_elsewhere = replace(device, device_id="D2", evidence=(Evidence("row", "e:1", NEXT_NIGHT.start_us),))
    timeless = replace(device, device_id="D3", evidence=())
    run_with(engine, [(finding_of(), Change.APPEARED), (device, Change.APPEARED), (device_elsewhere, Change.APPEARED)])
    latest = run_with(
        engine, [(finding_of(seconds_us=7), Change.CHANGED), (timeless, Change.APPEARED)], started_us=STARTED_US + 1
    )
    other = replace(REQUEST, source="s3://other")
    run_with(engine, [(finding_of(seconds_us=8), Change.CHANGED)], request=other, started_us=STARTED_US + 2)
    with writing(engine) as session:
        broken = open_run(session, REQUEST, started_us=STARTED_US + 3, software_version="0.1")
        record_decision(session, broken, decision_of("I1"), [seen(broken, finding_of(), Change.RESOLVED)])
        close_run(session, broken, status=RunStatus.FAILED, finished_us=STARTED_US + 4)
    with reading(engine) as session:
        found = previous_observations(session, REQUEST.source, period=NIGHT)
        assert set(found) == {finding_of().fingerprint, device.fingerprint, timeless.fingerprint}
        assert found[finding_of().fingerprint] == seen(latest, finding_of(seconds_us=7), Change.CHANGED)
        of_incident = previous_observations(session, REQUEST.source, period=NIGHT, incident_ids=["I1", "I9"])
        assert set(of_incident) == {finding_of().fingerprint}
        assert previous_observations(session, REQUEST.source, period=NIGHT, incident_ids=[]) == {}
        # What the night before took from the next morning's dock is judged by the next night too.
        assert set(previous_observations(session, REQUEST.source, period=NEXT_NIGHT)) == {device_elsewhere.fingerprint}


def test_the_newest_run_is_found_by_kind_source_and_incident(engine: Engine) -> None:
    nightly = run_with(engine, [])
    again = replace(REQUEST, kind=RunKind.INCIDENT, incident_id="I1", requester="auditor", reason="appeal")
    incident = run_with(engine, [], request=again, started_us=STARTED_US + 1)
    with writing(engine) as session:
        running = open_run(session, REQUEST, started_us=STARTED_US + 2, software_version="0.1")
    with reading(engine) as session:
        assert [run.run_id for run in load_runs(session)] == [running, incident, nightly]
        assert [run.run_id for run in load_runs(session, 1)] == [running]

        def newest(**wanted: Any) -> str | None:
            run = latest_run(session, **wanted)
            return run.run_id if run else None

        assert newest() == incident
        assert newest(is_decided=False) == running
        assert newest(kind=RunKind.NIGHTLY) == nightly
        assert newest(incident_id="I1") == incident
        assert newest(incident_id="I9") is None
        assert newest(source="s3://other") is None
        assert load_run(session, "nothing") is None


def test_an_incident_run_without_requester_and_reason_is_refused(engine: Engine) -> None:
    request = replace(REQUEST, kind=RunKind.INCIDENT, incident_id="I1")
    with pytest.raises(StoreError, match="incident_accounted"), writing(engine) as session:
        open_run(session, request, started_us=1, software_version="0.1")


def test_opening_a_run_again_takes_it_up_and_never_another_ones(engine: Engine) -> None:
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=1, software_version="0.1", run_id="r1")
        assert open_run(session, REQUEST, started_us=2, software_version="0.1", run_id="r1") == run_id
        with pytest.raises(StoreError, match="start a new run"):
            open_run(session, replace(REQUEST, is_deep=True), started_us=2, software_version="0.1", run_id="r1")
        close_run(session, run_id, status=RunStatus.FAILED, finished_us=3)
        with pytest.raises(StoreError, match="start a new run"):
            open_run(session, REQUEST, started_us=2, software_version="0.1", run_id="r1")


def test_a_killed_run_stays_running_until_it_is_marked_as_failed(engine: Engine) -> None:
    with writing(engine) as session:
        killed = open_run(session, REQUEST, started_us=STARTED_US, software_version="0.1")
        young = open_run(session, REQUEST, started_us=STARTED_US + 9, software_version="0.1")
    with writing(engine) as session:
        assert mark_abandoned(session, started_before_us=STARTED_US + 5, finished_us=STARTED_US + 20) == (killed,)
    with reading(engine) as session:
        runs = {run.run_id: run for run in load_runs(session)}
    assert runs[killed].status is RunStatus.FAILED
    assert runs[killed].finished_us == STARTED_US + 20
    assert "interrupted" in runs[killed].not_examined[0]
    assert runs[young].status is RunStatus.RUNNING
    assert check(engine) == ()


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM run",
        "UPDATE run SET reason = 'other'",
        "UPDATE run_result SET outcome = 'covered', covered_us = 1, required_us = 1",
        "DELETE FROM run_result",
        "DELETE FROM run_incident",
        "UPDATE run_answer SET digest = ''",
        "INSERT INTO run_answer SELECT run_id, 'I9', 0, run_id, '' FROM run_answer",
        "DELETE FROM observation",
        "UPDATE observation SET message = 'nothing'",
        "INSERT INTO run_incident SELECT run_id, 'I9', 9, call_type, priority, opened_us, closed_us, area, uncovered "
        "FROM run_incident",
        "DELETE FROM disposition",
        "UPDATE disposition SET decision = 'other'",
    ],
)
def test_what_is_finished_cannot_be_changed(engine: Engine, change: str) -> None:
    run_with(engine, [(finding_of(), Change.APPEARED)])
    with writing(engine) as session:
        append_disposition(session, Disposition(finding_of().fingerprint, "confirmed", None, "", "R1", 5))
    with pytest.raises(StoreError, match=r"never (changed|deleted)"), writing(engine) as session:
        session.connection().execute(text(change))


def test_replacing_or_truncating_gets_round_no_guard(engine: Engine) -> None:
    run_with(engine, [(finding_of(), Change.APPEARED)])
    with writing(engine) as session:
        append_disposition(session, Disposition(finding_of().fingerprint, "confirmed", None, "", "R1", 5))
    ways = ["TRUNCATE disposition", "TRUNCATE run_result", "TRUNCATE run CASCADE"]
    if engine.dialect.name == "sqlite":
        ways = [f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}" for table in ("disposition", "run", "run_result")]
    for way in ways:
        with pytest.raises(StoreError, match=r"never (changed|deleted|replaced)"), writing(engine) as session:
            session.connection().execute(text(way))


def test_writing_into_a_finished_or_unknown_run_is_refused(engine: Engine) -> None:
    run_id = run_with(engine, [])
    for name in (run_id, "nothing"):
        with writing(engine) as session:
            with pytest.raises(StoreError, match="only a running run can be written"):
                record_decision(session, name, decision_of("I1"), [])
            with pytest.raises(StoreError, match="only a running run can be written"):
                close_run(session, name, status=RunStatus.COMPLETE, finished_us=1)


def test_dispositions_are_added_and_the_latest_counts(engine: Engine) -> None:
    fingerprint = finding_of().fingerprint
    run_id = run_with(engine, [(finding_of(), Change.APPEARED)])
    first = Disposition(fingerprint, "confirmed", "training", "seen", "R1", 5)
    second = Disposition(fingerprint, "explained", None, "", "R2", 4, place=2)
    with writing(engine) as session:
        append_disposition(session, first)
        append_disposition(session, second)
        with pytest.raises(StoreError, match="no finding"):
            append_disposition(session, replace(first, fingerprint="0" * 32, place=3))
    with pytest.raises(PlaceTaken), writing(engine) as session:
        append_disposition(session, replace(second, reviewer="R3"))
    with reading(engine) as session:
        assert load_dispositions(session, [fingerprint, "x"]) == {fingerprint: (first, second)}
        assert load_standings(session, [fingerprint])[fingerprint].decided == second
        assert load_observed(session, run_id)[0].disposition == "explained"


def test_check_tells_rows_that_were_taken_away_behind_the_guards(engine: Engine) -> None:
    run_id = run_with(engine, [(finding_of(), Change.APPEARED)])
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            guard = ""
        else:
            guard = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'run_result_finished_delete'")) or ""
            connection.execute(text("DROP TRIGGER run_result_finished_delete"))
        connection.execute(text("DELETE FROM run_result"))
        if guard:
            connection.execute(text(guard))
    (problem,) = check(engine)
    assert problem.rule.startswith("results are missing")
    assert problem.subject == f"{run_id}: 1, 0"


def test_check_tells_what_lists_say_of_a_finding_other_than_was_observed(engine: Engine) -> None:
    run_id = run_with(engine, [(finding_of(), Change.APPEARED)])
    again = run_with(engine, [(finding_of(), Change.UNCHANGED)])
    assert check(engine) == ()
    with engine.begin() as connection:
        connection.execute(text("UPDATE finding SET is_borderline = NOT is_borderline"))
    (problem,) = check(engine)
    assert problem.rule.startswith("lists say something else")
    with engine.begin() as connection:
        connection.execute(text("UPDATE finding SET is_borderline = NOT is_borderline"))
        connection.execute(text("UPDATE finding SET said_run_id = :other"), {"other": again})
    assert [one.rule for one in check(engine)] == [
        "lists take a finding's content from another run than its last observation"
    ]
    with engine.begin() as connection:
        connection.execute(text("UPDATE finding SET said_run_id = :origin"), {"origin": run_id})
    assert check(engine) == ()


def test_check_tells_results_whose_spans_do_not_add_up(engine: Engine) -> None:
    spans = (Span(NIGHT.start_us, NIGHT.start_us + 10), Span(NIGHT.start_us + 5, NIGHT.start_us + 15))
    good = AssignmentResult("I1", "A1", Outcome.FINDINGS, required_us=10, covered_us=10, covered=spans[:1])
    bad = AssignmentResult("I1", "A2", Outcome.FINDINGS, required_us=20, covered_us=10, covered=spans[:1], gaps=spans[1:])
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=STARTED_US, software_version="0.1")
        record_decision(session, run_id, Decision((good, bad), (), ()), [])
        close_run(session, run_id, status=RunStatus.COMPLETE, finished_us=STARTED_US + 1)
    (problem,) = check(engine)
    assert problem.subject == f"run {run_id}, incident I1, officer A2"


def test_run_ids_sort_by_start_and_differ(engine: Engine) -> None:
    ids = [new_run_id(started_us) for started_us in (STARTED_US, STARTED_US + 1, STARTED_US + DAY_US)]
    assert ids == sorted(ids)
    assert new_run_id(STARTED_US) != new_run_id(STARTED_US)


def test_ten_thousand_results_are_written_and_read_in_a_few_statements(engine: Engine) -> None:
    """What a row at a time would cost is told by the bench; that it is not a row at a time, by the statements."""
    base = replace(
        AssignmentResult("I", "A", Outcome.COVERED, required_us=10, covered_us=10, footage_ids=("f1", "f2")),
        covered=(Span(0, 10),),
        window=Window(Span(0, 10), "on_scene", "cleared"),
    )
    results = tuple(replace(base, incident_id=f"I{number}") for number in range(10_000))
    findings = [finding_of(f"I{number}") for number in range(2_000)]
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    with writing(engine) as session:
        run_id = open_run(session, REQUEST, started_us=STARTED_US, software_version="0.1")
        record_decision(session, run_id, Decision(results, (), ()), [seen(run_id, finding) for finding in findings])
    with reading(engine) as session:
        assert load_results(session, run_id) == by_incident(results)
        assert len(load_observed(session, run_id)) == len(findings)
    assert 10 < len(statements) < 80
