"""The object store fails in the middle of a night: one video is lost, the others are looked into, and the run says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bwc_audit.audit.night import inspect_batch, plan_run
from bwc_audit.config import Settings
from bwc_audit.domain.runs import RunStatus
from bwc_audit.embedded_s3 import Credentials, EmbeddedS3, embedded_s3, upload_tree
from tests.audit.nights import Night, decided_night, night_settings, open_night, run_night
from tests.audit.s3_proxy import proxy
from tests.audit.small_force import SmallForce

LOST = "footage/V-I1-7.mp4"


@pytest.fixture
def force(force: SmallForce) -> SmallForce:
    """Two calls, both recorded."""
    for incident_id, clock in (("I1", "20:00"), ("I2", "22:00")):
        force.call(incident_id, clock, "7")
        force.recorded(incident_id, "7", clock)
    return force


def test_an_object_deleted_after_it_was_listed(in_s3: Settings, s3_server: EmbeddedS3, s3_bucket: str) -> None:
    audit, run_id, ingested = open_night(in_s3)
    plan = plan_run(audit, run_id)
    s3_server.client().delete_object(Bucket=s3_bucket, Key=f"night/{LOST}")
    looked = inspect_batch(audit, run_id, 0)
    assert (looked.examined, looked.failed, looked.worth_a_retry) == (1, 1, 0)
    night = decided_night(audit, run_id, ingested, plan, looked.examined)
    assert night.run.status is RunStatus.INCOMPLETE
    assert any(said.startswith(f"{LOST}: ") and "is not there" in said for said in night.run.not_examined)
    assert night.run.counts["videos_failed"] == 1
    assert night.outcome("I2", "7") == "covered"
    assert night.kinds() == []
    (unseen,) = (one for one in night.results if one.incident_id == "I1")
    assert (unseen.usable_us, unseen.unexamined_us) == (None, unseen.covered_us)
    # The next night lists it as gone, and says what that means.
    assert run_night(in_s3).kinds() == ["object_missing"]


def test_a_service_fault_is_worth_a_retry_and_the_retry_mends_it(in_s3: Settings) -> None:
    with proxy(str(in_s3.s3_endpoint_url)) as between:
        audit, run_id, ingested = open_night(in_s3.model_copy(update={"s3_endpoint_url": between.endpoint}))
        plan = plan_run(audit, run_id)
        between.failing.add(LOST)
        looked = inspect_batch(audit, run_id, 0)
        assert (looked.examined, looked.failed, looked.worth_a_retry) == (1, 1, 1)
        between.failing.clear()
        again = inspect_batch(audit, run_id, 0)
        assert (again.examined, again.failed) == (1, 0)
        night = decided_night(audit, run_id, ingested, plan, 2)
    assert (night.run.status, night.run.not_examined) == (RunStatus.COMPLETE, ())
    assert 0 < night.run.counts["between_samples_seconds"] <= night.run.counts["picture_seconds"]
    assert [one.outcome.value for one in night.results] == ["covered", "covered"]


def test_a_service_fault_that_stays_is_said(in_s3: Settings) -> None:
    with proxy(str(in_s3.s3_endpoint_url)) as between:
        audit, run_id, ingested = open_night(in_s3.model_copy(update={"s3_endpoint_url": between.endpoint}))
        plan = plan_run(audit, run_id)
        between.failing.add(LOST)
        looked = inspect_batch(audit, run_id, 0)
        night = decided_night(audit, run_id, ingested, plan, looked.examined)
    assert night.run.status is RunStatus.INCOMPLETE
    assert any(said.startswith(f"{LOST}: ") and "503" in said for said in night.run.not_examined)
    assert (night.run.counts["asked_seconds"], night.run.counts["unseen_seconds"]) == (160, 80)
    assert night.kinds() == []
    # Once the service is well, the next night looks into the lost video, and into no other.
    later = run_night(in_s3)
    assert (later.run.status, later.videos_examined, later.plan.reused) == (RunStatus.COMPLETE, 1, 1)


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """A server with an identity that may see which objects there are, and may read none."""
    with embedded_s3(tmp_path_factory.mktemp("strict-s3"), {"lister": ("List:evening",)}) as server:
        yield server


def test_objects_that_may_not_be_read_are_neither_absent_nor_clean(
    force: SmallForce, strict_server: EmbeddedS3, tmp_path: Path
) -> None:
    upload_tree(force.root, strict_server.client(), "evening", "night")

    def night_as(keys: EmbeddedS3 | Credentials) -> Night:
        given = {"s3_access_key": keys.access_key, "s3_secret_key": keys.secret_key}
        endpoint = strict_server.endpoint_url
        return run_night(night_settings("s3://evening/night", tmp_path / "state", s3_endpoint_url=endpoint, **given))

    refused = night_as(strict_server.further["lister"])
    assert refused.ingested.files_listed == 8
    assert refused.ingested.rejected_by_reason == {"forbidden": 8}
    assert {(one.row.line, one.reason.value) for one in refused.rejected} == {(0, "forbidden")}
    assert refused.results == ()
    assert refused.run.status is RunStatus.INCOMPLETE
    assert len(refused.run.not_examined) == 9
    assert set(refused.kinds()) == {"metadata_missing"}

    allowed = night_as(strict_server)
    assert (allowed.ingested.files_read, allowed.run.status) == (8, RunStatus.COMPLETE)
    assert [one.outcome.value for one in allowed.results] == ["covered", "covered"]
    assert allowed.kinds("resolved") == ["metadata_missing", "metadata_missing"]
    assert allowed.kinds() == []

    revoked = night_as(strict_server.further["lister"])  # known files are not read again, so nothing but pictures is lacking
    assert revoked.ingested.files_read == 0
    assert [one.outcome.value for one in revoked.results] == ["covered", "covered"]
