"""The flows on a real Prefect server: what they run, what they leave behind, and what they must not tell there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, TaskRunFilter, TaskRunFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.context import FlowRunContext
from prefect.logging.handlers import APILogWorker
from prefect.states import Completed, Failed

from bwc_audit.audit.night import running_run
from bwc_audit.audit.setup import open_audit
from bwc_audit.config import Settings
from bwc_audit.domain.runs import Run, RunKind, RunStatus
from bwc_audit.errors import (
    BwcAuditError,
    ConfigurationError,
    MediaUnreadableError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStoreError,
    StoreError,
)
from bwc_audit.store import runs
from bwc_audit.store.database import reading
from flows import __main__, steps
from flows.incident import incident
from flows.nightly import backfill
from tests.flows.conftest import INCIDENT

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def settings(
    night_in_s3: Callable[[Path], Settings], in_environment: Callable[[Settings], Settings], tmp_path: Path
) -> Settings:
    """A fresh database over the bucket with one night."""
    return in_environment(night_in_s3(tmp_path / "state"))


@pytest.fixture(autouse=True)
def _no_new_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``python -m flows`` sets for its own process goes again."""
    names = ("HOME", "LOCAL_STORAGE_PATH", "SERVER_ANALYTICS_ENABLED", "SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS")
    for name in (*names, "LOGGING_LEVEL", "SERVER_LOGGING_LEVEL", "CLI_COLORS"):
        monkeypatch.setenv(f"PREFECT_{name}", "")
        monkeypatch.delenv(f"PREFECT_{name}")
    monkeypatch.setenv("DO_NOT_TRACK", "1")


def latest_flow_run() -> FlowRun:
    """The newest flow run on the server."""
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1)[0]


def task_runs(flow_run: FlowRun) -> list[TaskRun]:
    """Its task runs."""
    with get_client(sync_client=True) as client:
        return client.read_task_runs(
            task_run_filter=TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[flow_run.id])), limit=200
        )


def everything_told() -> str:
    """All that the server can show anybody: flow runs, task runs, artifacts and logs, as text."""
    APILogWorker.drain_all(timeout=20)
    with get_client(sync_client=True) as client:
        told = [one.model_dump_json() for one in client.read_flow_runs()]
        told += [one.model_dump_json() for one in client.read_task_runs(limit=200)]
        for path in ("/artifacts/filter", "/logs/filter"):
            answer = client._client.post(path, json={"limit": 200})
            answer.raise_for_status()
            assert answer.json()
            told.append(json.dumps(answer.json()))
    return "\n".join(told)


def secrets_of(settings: Settings) -> list[str]:
    """What nobody who sees the orchestrator should read."""
    assert settings.s3_secret_key is not None
    assert settings.s3_access_key is not None
    keys = [settings.s3_secret_key.get_secret_value(), settings.s3_access_key.get_secret_value()]
    return [*keys, "hidden-bucket", str(settings.s3_endpoint_url), "s3://", INCIDENT, "CAM7", "footage/"]


def stored_runs(settings: Settings) -> tuple[Run, ...]:
    """All audit runs, newest first."""
    with reading(open_audit(settings).engine) as session:
        return runs.load_runs(session)


def test_the_nightly_flow_prints_its_run_and_tells_numbers_only(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["nightly", "day=2025-05-24"]) == 0
    run_id = capsys.readouterr().out.strip()
    run = running_run(open_audit(settings), run_id)
    assert (run.status, run.request.kind) == (RunStatus.COMPLETE, RunKind.NIGHTLY)
    assert (run.counts["findings"], run.counts["videos_examined"]) == (1, 1)
    assert (settings.state_dir / "reports" / run_id / "index.html").is_file()

    flow_run = latest_flow_run()
    assert flow_run.parameters == {"day": "2025-05-24", "start": None, "end": None}
    names = sorted(one.name.rsplit("-", 1)[0] for one in task_runs(flow_run))
    assert names == ["decide", "look_into", "open_run", "plan", "pull_records", "report"]
    told = everything_told()
    assert run_id in told
    assert [secret for secret in secrets_of(settings) if secret in told] == []


def test_the_night_leaves_an_artifact_with_its_numbers(settings: Settings) -> None:
    assert __main__.main(["nightly", "day=2025-05-24"]) == 0
    (run,) = stored_runs(settings)
    with get_client(sync_client=True) as client:
        answer = client._client.post("/artifacts/filter", json={"artifacts": {"key": {"any_": ["audit-run"]}}})
    text = next(one["data"] for one in answer.json() if run.run_id in one["data"])
    assert text.startswith(f"# Run {run.run_id}: complete")
    for name in ("assignments", "findings", "files_read", "videos_examined"):
        assert f"| {name.replace('_', ' ')} | {run.counts[name]} |" in text


def test_a_flow_that_cannot_read_its_source_says_why_in_the_run_only(
    settings: Settings, in_environment: Callable[[Settings], Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    in_environment(settings.model_copy(update={"source": "s3://hidden-bucket-2/night"}))
    assert __main__.main(["nightly", "day=2025-05-24"]) == 3
    said = capsys.readouterr().err
    assert "bwc-audit: s3://hidden-bucket-2/night (listing): there is no such bucket" in said
    (failed,) = stored_runs(settings)
    assert failed.status is RunStatus.FAILED
    assert failed.not_examined[0].startswith("s3://hidden-bucket-2/night (listing): there is no such bucket")
    flow_run = latest_flow_run()
    assert flow_run.state is not None
    assert flow_run.state.is_failed()
    assert "ObjectMissingError" in str(flow_run.state.message)
    (pulled,) = (one for one in task_runs(flow_run) if one.name.startswith("pull_records"))
    assert pulled.run_count == 1
    told = everything_told()
    assert [secret for secret in secrets_of(settings) if secret in told] == []


def test_a_flow_without_settings_says_so(
    in_environment: Callable[[Settings], Settings],
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_environment(settings.model_copy(update={"state_dir": tmp_path / "other"}))
    assert __main__.main(["nightly", "day=2025-05-24"]) == 3
    assert "is behind its migrations" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["weekly"], ["nightly", "2025-05-24"]])
def test_a_wrong_call_shows_how_it_is_called(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(arguments) == 2
    assert "usage: python -m flows {nightly,backfill,incident}" in capsys.readouterr().err


def test_a_backfill_is_one_run_and_names_the_days_of_which_nothing_was_read(settings: Settings) -> None:
    (run_id,) = backfill("2025-05-23", "2025-05-24")
    (run,) = stored_runs(settings)[:1]
    assert (run.run_id, run.request.kind, run.status) == (run_id, RunKind.BACKFILL, RunStatus.INCOMPLETE)
    assert run.not_examined == ("no assignments were read for 2025-05-23: nothing of that day could be judged",)
    assert run.counts["findings"] == 1


def test_the_incident_flow_records_who_asked_and_why(settings: Settings) -> None:
    run_id = incident(INCIDENT, "auditor-17", "case-2025-118")
    run = running_run(open_audit(settings), run_id)
    assert (run.status, run.request.kind, run.request.is_deep) == (RunStatus.COMPLETE, RunKind.INCIDENT, True)
    assert (run.request.incident_id, run.request.requester, run.request.reason) == (INCIDENT, "auditor-17", "case-2025-118")
    assert (settings.state_dir / "reports" / run_id / "index.html").is_file()


def test_the_incident_flow_refuses_without_a_reason(settings: Settings) -> None:
    with pytest.raises(steps.PrivateError) as caught:
        incident(INCIDENT, "auditor-17", " ")
    assert isinstance(caught.value.fault, ConfigurationError)
    assert stored_runs(settings) == ()


@pytest.mark.parametrize(
    ("error", "is_worth"),
    [
        (ObjectStoreError("the service answered 503"), True),
        (ObjectMissingError("no such bucket"), False),
        (ObjectForbiddenError("refused"), False),
        (StoreError("locked"), False),
        (ConfigurationError("no source"), False),
        (MediaUnreadableError("empty"), False),
        (ValueError("a bug"), False),
    ],
)
def test_only_faults_of_the_store_service_are_tried_again(error: Exception, is_worth: bool) -> None:
    assert steps.is_worth_a_retry(None, None, Failed(data=error)) is is_worth
    if isinstance(error, BwcAuditError):
        assert steps.is_worth_a_retry(None, None, Failed(data=steps.PrivateError(error))) is is_worth
    assert steps.is_worth_a_retry(None, None, Completed(data=1)) is False


def test_a_fault_of_the_service_is_tried_again_by_the_orchestrator(
    settings: Settings, in_environment: Callable[[Settings], Settings]
) -> None:
    in_environment(settings.model_copy(update={"s3_endpoint_url": "http://127.0.0.1:9"}))  # nobody answers there
    impatient = steps.pull_records.with_options(retries=1, retry_delay_seconds=[0.0])
    counted: list[str] = []

    @flow(name="tried-again")
    def tried_again() -> None:
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        counted.append(str(context.flow_run.id))
        impatient()

    with pytest.raises(steps.PrivateError) as caught:
        tried_again()
    assert type(caught.value.fault) is ObjectStoreError
    with get_client(sync_client=True) as client:
        (flow_run,) = client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=counted)))
    (pulled,) = task_runs(flow_run)
    assert pulled.run_count == 2


def test_a_private_fault_keeps_its_words_to_itself() -> None:
    fault = steps.PrivateError(ObjectMissingError("s3://bucket/footage/x.mp4 is not there"))
    assert "s3://" not in f"{fault} {fault!r}"
    assert steps.words_of(fault) == "s3://bucket/footage/x.mp4 is not there"
    assert steps.words_of(ValueError("x")) == "a fault of the program: ValueError('x')"
