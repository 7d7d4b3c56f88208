"""A night that is killed stays visible, and the next one goes on from what was committed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bwc_audit.audit.deciding import decide_run
from bwc_audit.audit.night import fail_run, inspect_batch, plan_run, running_run, start_run
from bwc_audit.audit.setup import Audit, nightly_period, now_us, open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.runs import RunKind, RunRequest, RunStatus
from bwc_audit.domain.times import HOUR_US
from bwc_audit.errors import ConfigurationError
from bwc_audit.store import runs
from bwc_audit.store.database import reading, writing
from tests.audit.nights import DAY, finish_night, night_settings, open_night, row_counts, run_night, said
from tests.audit.small_force import SmallForce


@pytest.fixture
def settings(force: SmallForce, tmp_path: Path) -> Settings:
    """One video a batch, three videos."""
    for number in range(3):
        force.call(f"I{number}", f"2{number}:00", "7")
        force.recorded(f"I{number}", "7", f"2{number}:00")
    return night_settings(force.root, tmp_path / "state", batch_size=1, workers=1)


@contextmanager
def child_night(settings: Settings, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The night in a child process; killed at the end if it still runs."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.audit.child_night", *arguments],
        env=os.environ | settings.environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()


def line_of(child: subprocess.Popen[str]) -> str:
    """The next line the child prints."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def request_of(audit: Audit) -> RunRequest:
    """A nightly run of the evening."""
    return audit.request(RunKind.NIGHTLY, nightly_period(audit, DAY))


def test_a_killed_night_is_recorded_and_the_next_one_goes_on(settings: Settings) -> None:
    with child_night(settings) as child:
        killed = line_of(child)
        assert line_of(child) == "batch 0"
        child.kill()
        child.wait()
    audit = open_audit(settings)
    assert running_run(audit, killed).status is RunStatus.RUNNING
    committed = row_counts(audit)["inspection"]
    assert 1 <= committed < 3

    night = run_night(settings)
    assert (night.run.status, night.plan.reused, night.videos_examined) == (RunStatus.COMPLETE, committed, 3 - committed)
    before = running_run(audit, killed)
    assert (before.status, before.not_examined) == (RunStatus.FAILED, ("the run was interrupted before it was finished",))
    assert before.finished_us is not None
    assert [one.outcome.value for one in night.results] == ["covered"] * 3


def test_a_night_that_somebody_works_on_is_left_alone(settings: Settings) -> None:
    with child_night(settings, "--hold") as child:
        other = line_of(child)
        night = run_night(settings)
        assert running_run(night.audit, other).status is RunStatus.RUNNING
        assert child.stdin is not None
        child.stdin.close()
        assert [line_of(child) for _ in range(4)] == ["batch 0", "batch 1", "batch 2", "decided"]
    assert night.run.status is RunStatus.COMPLETE
    assert running_run(night.audit, other).status is RunStatus.COMPLETE


def test_two_runs_of_one_program_leave_each_other_alone(settings: Settings) -> None:
    audit, first, ingested = open_night(settings)
    second = start_run(audit, request_of(audit))
    assert running_run(audit, first).status is RunStatus.RUNNING
    one = finish_night(audit, first, ingested)
    other = finish_night(audit, second, ingested)
    assert said(one) == said(other)
    assert other.videos_examined == 0


@pytest.mark.parametrize(("age_h", "status"), [(1, RunStatus.RUNNING), (49, RunStatus.FAILED)])
def test_a_run_of_another_machine_is_given_up_by_its_age(settings: Settings, age_h: int, status: RunStatus) -> None:
    audit = open_audit(settings)
    with writing(audit.engine) as session:
        started_us = now_us() - age_h * HOUR_US
        elsewhere = runs.open_run(session, request_of(audit), started_us=started_us, software_version="0")
    start_run(audit, request_of(audit))
    assert running_run(audit, elsewhere).status is status


def test_a_finished_run_holds_nothing(settings: Settings) -> None:
    night = run_night(settings)
    failed = start_run(night.audit, request_of(night.audit))
    fail_run(night.audit, failed, "the source is gone")
    assert list((settings.state_dir / "running").iterdir()) == []
    with reading(night.audit.engine) as session:
        assert runs.running_run_ids(session) == ()
    stored = running_run(night.audit, failed)
    assert (stored.status, stored.not_examined) == (RunStatus.FAILED, ("the source is gone",))


def test_a_state_folder_that_cannot_be_written_is_said(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    audit = replace(open_audit(settings), settings=settings.model_copy(update={"state_dir": tmp_path / "file"}))
    with pytest.raises(ConfigurationError, match="BWC_STATE_DIR"):
        start_run(audit, request_of(audit))


def test_every_step_may_be_executed_twice(settings: Settings) -> None:
    audit, run_id, ingested = open_night(settings)
    plan = plan_run(audit, run_id)
    assert plan_run(audit, run_id) == plan
    assert [inspect_batch(audit, run_id, batch).examined for batch in range(plan.batches)] == [1, 1, 1]
    rows = row_counts(audit)
    assert [inspect_batch(audit, run_id, batch).examined for batch in range(plan.batches)] == [0, 0, 0]
    assert row_counts(audit) == rows
    run = decide_run(audit, run_id, ingested.counts())
    assert decide_run(audit, run_id, {"files_listed": 999}) == run
    fail_run(audit, run_id, "too late")
    assert running_run(audit, run_id) == run
