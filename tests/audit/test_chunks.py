"""Chunks of days: the same answers whatever their size, and a run that was killed goes on where it stopped."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwc_audit.audit import deciding, night
from bwc_audit.audit.children import ANSWERS_OF_A_CHILD
from bwc_audit.audit.setup import Audit
from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.records import Records, RowRef
from bwc_audit.domain.results import Outcome, UnknownReason
from bwc_audit.domain.runs import Change, FindingState, RunKind, RunStatus
from bwc_audit.domain.times import DAY_US, SECOND_US
from bwc_audit.errors import StoreError
from bwc_audit.store import rates, run_chunks, run_notes, runs
from bwc_audit.store.check import check
from bwc_audit.store.database import reading
from tests.audit.stored_world import (
    DAYS,
    PERIOD,
    Answers,
    answers_of,
    audit_of,
    random_world,
    run_over,
    store_world,
    with_camera_off,
    with_chunks,
    with_deciders,
)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), days=st.sampled_from([1, 2, 3, 4, 5]))
def test_chunks_of_any_size_give_the_answers_of_one_piece(seed: int, days: int) -> None:
    records = random_world(Random(seed))
    with TemporaryDirectory() as folder:
        said = []
        for name, chunk_days in (("pieces", days), ("whole", DAYS)):
            audit = with_chunks(audit_of(Path(folder) / name, records), chunk_days)
            run = run_over(audit)
            said.append(without_place(answers_of(audit, run), audit))
            assert check(audit.engine) == ()
            audit.engine.dispose()
    pieces, whole = said
    for name in Answers.__slots__:
        assert getattr(pieces, name) == getattr(whole, name), name
    assert whole.results
    assert whole.findings


@pytest.mark.parametrize("days_later", [1, 2])
def test_two_calls_of_one_number_are_unknown_once_however_the_period_is_cut(tmp_path: Path, days_later: int) -> None:
    records = random_world(Random(5))
    one = min(records.incidents, key=lambda each: each.opened_us)
    again = replace(one, opened_us=one.opened_us + days_later * DAY_US, closed_us=None, row=RowRef("more.csv", 2))
    said = []
    for name, chunk_days in (("pieces", 1), ("whole", DAYS)):
        audit = with_chunks(audit_of(tmp_path / name, records), chunk_days)
        store_world(audit, Records(incidents=(again,)), "more.csv")
        answers = answers_of(audit, run_over(audit))
        said.append([(each.officer_id, each.reason) for each in answers.results if each.incident_id == one.incident_id])
    assert said[0] == said[1]
    assert {reason for _, reason in said[0]} == {UnknownReason.INCIDENT_NOT_LOADED}


def test_children_side_by_side_record_what_one_program_does(tmp_path: Path) -> None:
    """A camera that is off is told of in several chunks: what one says of it rests on what the one before it recorded."""
    records = with_camera_off(random_world(Random(3), incidents=5), Random(1), -3600 * SECOND_US)
    said, results = [], 0
    for name, deciders in (("children", 2), ("alone", 1)):
        audit = with_deciders(with_chunks(audit_of(tmp_path / name, records), 1), deciders)
        run = run_over(audit)
        with reading(audit.engine) as session:
            notes = run_notes.load_clocks(session, run.run_id), rates.load_rates(session, run.run_id)
        assert check(audit.engine) == ()
        answers = answers_of(audit, run)
        results = len(answers.results)
        said.append((answers, run.counts, run.not_examined, notes))
    children, alone = said
    assert children == alone
    assert results > 3


def test_no_child_works_through_a_long_period(tmp_path: Path) -> None:
    """Their memory must not grow with it."""
    audit = with_deciders(with_chunks(audit_of(tmp_path, random_world(Random(5), incidents=3)), 1), 2)
    run_id = night.start_run(audit, audit.request(RunKind.BACKFILL, PERIOD))
    night.plan_run(audit, run_id)
    seen: list[list[int]] = []
    deciding.decide_run(audit, run_id, on_progress=lambda _what, _done, _of: seen.append(deciders_alive()))
    assert 2 * ANSWERS_OF_A_CHILD < len(seen) <= 4 * ANSWERS_OF_A_CHILD
    assert len({pid for alive in seen for pid in alive}) == 4
    assert not deciders_alive()


def test_a_run_goes_on_after_one_of_its_children_was_killed(tmp_path: Path) -> None:
    records = random_world(Random(5), incidents=30)
    alone = with_chunks(audit_of(tmp_path / "alone", records), 1)
    audit = with_deciders(with_chunks(audit_of(tmp_path / "killed", records), 1), 2)
    run_id = night.start_run(audit, audit.request(RunKind.BACKFILL, PERIOD))
    night.plan_run(audit, run_id)
    with pytest.raises(StoreError, match="SIGKILL"):
        deciding.decide_run(audit, run_id, on_progress=lambda _what, done, _of: kill_deciders() if done == 3 else None)
    assert not deciders_alive()
    with reading(audit.engine) as session:
        decided = [one.decided_us for one in run_chunks.load_chunks(session, run_id)]
    assert None not in decided[:3]
    assert None in decided
    run = deciding.decide_run(with_deciders(audit, 1), run_id)
    assert answers_of(audit, run) == answers_of(alone, run_over(alone))
    assert check(audit.engine) == ()


def deciders_alive() -> list[int]:
    """The children of this program that decide chunks."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"bwc_audit.audit.decider" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def kill_deciders() -> None:
    """End them as the kernel does where memory runs out."""
    alive = deciders_alive()
    assert alive
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("shift_s", [-3600, -268 * 86_400])
def test_a_camera_that_is_off_is_said_the_same_in_pieces(tmp_path: Path, shift_s: int) -> None:
    """Each piece sees a few of its days; those of a camera months off lie far outside every piece."""
    records = with_camera_off(random_world(Random(3), incidents=5), Random(1), shift_s * SECOND_US)
    said = []
    for name, chunk_days in (("pieces", 1), ("whole", DAYS)):
        audit = with_chunks(audit_of(tmp_path / name, records), chunk_days)
        run = run_over(audit)
        with reading(audit.engine) as session:
            said.append((answers_of(audit, run), run_notes.load_clocks(session, run.run_id)))
    (pieces, clocks), (whole, clocks_of_whole) = said
    assert clocks == clocks_of_whole
    assert len({one.start_us for one in clocks if one.is_applied}) > 3
    for name in Answers.__slots__:
        assert getattr(pieces, name) == getattr(whole, name), name


def test_deciding_pieces_again_changes_nothing_of_a_camera_that_is_off(tmp_path: Path) -> None:
    records = with_camera_off(random_world(Random(3), incidents=5), Random(1), -3600 * SECOND_US)
    audit = with_chunks(audit_of(tmp_path, records), 2)
    run_over(audit)
    request = replace(audit.request(RunKind.BACKFILL, PERIOD), as_of_us=audit.as_of_us + 1)
    run_id = night.start_run(audit, request)
    night.plan_run(audit, run_id)
    deciding.decide_run(audit, run_id)
    with reading(audit.engine) as session:
        observed = runs.load_observed(session, run_id, kind=FindingKind.CLOCK_OFFSET)
    of_camera = [one for one in observed if one.finding.device_id == "CAM99"]
    assert [(one.state, one.change) for one in of_camera] == [(FindingState.OPEN, Change.UNCHANGED)]


def test_an_offset_of_months_is_resolved_once_the_times_are_put_right(tmp_path: Path) -> None:
    """It was stated of recordings that told a time far outside the period, and is judged by runs over their true time."""
    sound = random_world(Random(3), incidents=0)
    audit = with_chunks(audit_of(tmp_path, with_camera_off(sound, Random(1), -268 * 86_400 * SECOND_US)), 3)
    run_over(audit)
    store_world(audit, with_camera_off(sound, Random(1), 0), read_at_us=1)
    again = run_over(audit)
    with reading(audit.engine) as session:
        (found,) = [
            one
            for one in runs.load_observed(session, again.run_id, kind=FindingKind.CLOCK_OFFSET)
            if one.finding.device_id == "CAM99"
        ]
    assert (found.state, found.change) == (FindingState.RESOLVED, Change.RESOLVED)


def without_place(answers: Answers, _audit: Audit) -> Answers:
    """Nothing in the answers names the folder; the turns name no run, since there was none before."""
    return answers


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Nine days, three at a time."""
    return with_chunks(audit_of(tmp_path, random_world(Random(5), incidents=30)), 3)


class StopError(BaseException):
    """Stands for the end of the program."""


def stop_after(chunks: int) -> object:
    """A progress report that ends the program once this many chunks are decided."""

    def report(what: str, done: int, _total: int) -> None:
        if what.startswith("deciding") and done == chunks:
            raise StopError

    return report


def killed_after(audit: Audit, chunks: int) -> str:
    """A run whose program ended after some chunks; its lock is dropped, as the kernel does."""
    run_id = night.start_run(audit, audit.request(RunKind.BACKFILL, PERIOD))
    night.plan_run(audit, run_id)
    with pytest.raises(StopError):
        deciding.decide_run(audit, run_id, on_progress=stop_after(chunks))  # type: ignore[arg-type]  # never returns
    lock = audit.settings.state_dir / "running" / f"{run_id}.lock"
    lock.rename(lock.with_suffix(".held"))
    lock.touch()
    return run_id


def decided_at(audit: Audit, run_id: str) -> list[int | None]:
    """When each chunk of a run was decided."""
    with reading(audit.engine) as session:
        return [chunk.decided_us for chunk in run_chunks.load_chunks(session, run_id)]


def test_a_killed_run_goes_on_at_the_chunk_where_it_stopped(audit: Audit) -> None:
    killed = killed_after(audit, 2)
    before = decided_at(audit, killed)
    assert [time_us is not None for time_us in before] == [True, True, False]
    assert night.running_run(audit, killed).status is RunStatus.RUNNING

    resumed = night.start_run(audit, replace(audit.request(RunKind.BACKFILL, PERIOD), as_of_us=audit.as_of_us + 1))
    assert resumed == killed
    night.plan_run(audit, resumed)
    run = deciding.decide_run(audit, resumed)
    after = decided_at(audit, resumed)
    assert run.status is RunStatus.INCOMPLETE, "no video can be read from an empty folder"
    assert after[:2] == before[:2]
    assert after[2] is not None
    assert check(audit.engine) == ()
    assert answers_of(audit, run).results == answers_of(audit, run_over(with_chunks(audit, DAYS))).results


def test_a_killed_run_whose_inputs_changed_is_decided_from_its_first_chunk(audit: Audit) -> None:
    killed = killed_after(audit, 2)
    before = decided_at(audit, killed)
    store_world(audit, random_world(Random(6), incidents=30), read_at_us=1)
    resumed = night.start_run(audit, audit.request(RunKind.BACKFILL, PERIOD))
    assert resumed == killed
    night.plan_run(audit, resumed)
    run = deciding.decide_run(audit, resumed)
    assert not set(decided_at(audit, resumed)) & set(before)
    assert answers_of(audit, run).results == answers_of(audit, run_over(with_chunks(audit, DAYS))).results
    assert check(audit.engine) == ()


def test_a_killed_run_is_given_up_where_something_else_is_asked(audit: Audit) -> None:
    killed = killed_after(audit, 1)
    other = audit.request(RunKind.BACKFILL, replace(PERIOD, end_us=PERIOD.end_us - 1))
    assert night.start_run(audit, other) != killed
    assert night.running_run(audit, killed).status is RunStatus.FAILED


def test_a_run_with_chunks_left_cannot_have_been_complete(audit: Audit) -> None:
    run = run_over(audit)
    with audit.engine.begin() as connection:
        trigger = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'run_chunk_finished_update'"
        ).scalar()
        connection.exec_driver_sql("DROP TRIGGER run_chunk_finished_update")
        connection.exec_driver_sql("UPDATE run_chunk SET decided_us = NULL WHERE ordinal = 1")
        connection.exec_driver_sql(str(trigger))
    (problem,) = check(audit.engine)
    assert problem.subject == f"{run.run_id} chunk 1"


def test_an_unchanged_rerun_refers_to_the_first_and_says_the_same(audit: Audit) -> None:
    first = run_over(audit)
    again = run_over(audit)
    with reading(audit.engine) as session:
        rows = {
            name: session.connection()
            .exec_driver_sql(f"SELECT COUNT(*) FROM {name} WHERE run_id = '{again.run_id}'")
            .scalar()
            for name in ("run_result", "run_incident", "run_lanes", "observation")
        }
        assert {chunk.origin_run_id for chunk in run_chunks.load_chunks(session, again.run_id)} == {first.run_id}
        observed = runs.load_observed(session, again.run_id)
    assert set(rows.values()) == {0}
    assert {one.change for one in observed} == {Change.UNCHANGED}
    one, other = answers_of(audit, first), answers_of(audit, again)
    assert (one.results, one.incidents, one.segments) == (other.results, other.incidents, other.segments)
    assert [finding[0] for finding in one.findings] == [finding[0] for finding in other.findings]  # type: ignore[index]
    assert check(audit.engine) == ()


def test_taking_over_says_what_deciding_again_says(audit: Audit) -> None:
    """A run that judges a microsecond later rests on something else, and is decided anew."""
    run_over(audit)
    taken = answers_of(audit, run_over(audit))
    later = audit.as_of_us + 1
    run_id = night.start_run(audit, replace(audit.request(RunKind.BACKFILL, PERIOD), as_of_us=later))
    night.plan_run(audit, run_id)
    decided = answers_of(audit, deciding.decide_run(audit, run_id))
    with reading(audit.engine) as session:
        assert {chunk.origin_run_id for chunk in run_chunks.load_chunks(session, run_id)} == {None}
        rows = session.connection().exec_driver_sql(f"SELECT COUNT(*) FROM run_result WHERE run_id = '{run_id}'").scalar()
    assert rows == 0, "nothing changed, so nothing is stored anew"
    assert decided == taken


def test_only_what_changed_is_stored_anew(audit: Audit) -> None:
    records = random_world(Random(5), incidents=30)
    first = run_over(audit)
    before = answers_of(audit, first)
    moved = next(one for one in records.assignments if one.incident_id == "I3")
    changed = replace(moved, cleared_us=(moved.cleared_us or 0) - 60_000_000)
    rest = tuple(changed if one is moved else one for one in records.assignments)
    store_world(audit, replace(records, assignments=rest), read_at_us=1)
    again = run_over(audit)
    with reading(audit.engine) as session:
        query = f"SELECT DISTINCT incident_id FROM run_result WHERE run_id = '{again.run_id}'"
        assert session.connection().exec_driver_sql(query).scalars().all() == ["I3"]
    assert answers_of(audit, first) == before, "an old run reads as it did"
    assert answers_of(audit, again).results != before.results
    assert check(audit.engine) == ()


def test_what_was_pending_settles_by_itself_and_the_run_says_so(tmp_path: Path) -> None:
    records = random_world(Random(8), incidents=20)
    early = audit_of(tmp_path, records, as_of="2025-06-01T20:00:00Z")
    first = run_over(early)
    late = replace(early, settings=early.settings.model_copy(update={"as_of": None}))
    second = run_over(late)
    with reading(early.engine) as session:
        pending = runs.load_results(session, first.run_id, outcome=Outcome.PENDING)
        settled = {(one.incident_id, one.officer_id): one.outcome for one in runs.load_results(session, second.run_id)}
    assert first.counts["turned_newly_pending"] == len(pending) > 0
    turned = {
        "turned_pending_to_covered": sum(settled[one.incident_id, one.officer_id] is Outcome.COVERED for one in pending),
        "turned_pending_to_findings": sum(settled[one.incident_id, one.officer_id] is Outcome.FINDINGS for one in pending),
    }
    assert {name: second.counts[name] for name in turned} == turned
    assert sum(turned.values()) > 0
    assert second.counts["turned_still_pending"] == 0


def test_a_chunk_that_is_written_into_a_finished_run_is_refused(audit: Audit) -> None:
    run = run_over(audit)
    with pytest.raises(StoreError, match="only a running run"), reading(audit.engine) as session:
        runs.mark_planned(session, run.run_id, "other")
