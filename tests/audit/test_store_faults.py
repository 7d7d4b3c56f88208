"""The object store fails in the middle of a night: one video is lost, the others are looked into, and the run says so."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import pytest

from bwc_audit.audit.night import inspect_batch, plan_run
from bwc_audit.config import Settings
from bwc_audit.domain.runs import RunStatus
from bwc_audit.embedded_s3 import Credentials, EmbeddedS3, embedded_s3, upload_tree
from tests.audit.nights import Night, decided_night, night_settings, open_night, run_night
from tests.audit.small_force import SmallForce

LOST = "footage/V-I1-7.mp4"


@pytest.fixture
def force(force: SmallForce) -> SmallForce:
    """Two calls, both recorded."""
    for incident_id, clock in (("I1", "20:00"), ("I2", "22:00")):
        force.call(incident_id, clock, "7")
        force.recorded(incident_id, "7", clock)
    return force


@pytest.fixture
def in_s3(force: SmallForce, s3_server: EmbeddedS3, s3_bucket: str, tmp_path: Path) -> Settings:
    """Settings of an audit of the small source in a bucket."""
    upload_tree(force.root, s3_server.client(), s3_bucket, "night")
    keys = {"s3_access_key": s3_server.access_key, "s3_secret_key": s3_server.secret_key}
    endpoint = s3_server.endpoint_url
    return night_settings(f"s3://{s3_bucket}/night", tmp_path / "state", s3_endpoint_url=endpoint, **keys)


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
    with failing_proxy(str(in_s3.s3_endpoint_url)) as (endpoint, failing):
        audit, run_id, ingested = open_night(in_s3.model_copy(update={"s3_endpoint_url": endpoint}))
        plan = plan_run(audit, run_id)
        failing.add(LOST)
        looked = inspect_batch(audit, run_id, 0)
        assert (looked.examined, looked.failed, looked.worth_a_retry) == (1, 1, 1)
        failing.clear()
        again = inspect_batch(audit, run_id, 0)
        assert (again.examined, again.failed) == (1, 0)
        night = decided_night(audit, run_id, ingested, plan, 2)
    assert (night.run.status, night.run.not_examined) == (RunStatus.COMPLETE, ())
    assert [one.outcome.value for one in night.results] == ["covered", "covered"]


def test_a_service_fault_that_stays_is_said(in_s3: Settings) -> None:
    with failing_proxy(str(in_s3.s3_endpoint_url)) as (endpoint, failing):
        audit, run_id, ingested = open_night(in_s3.model_copy(update={"s3_endpoint_url": endpoint}))
        plan = plan_run(audit, run_id)
        failing.add(LOST)
        looked = inspect_batch(audit, run_id, 0)
        night = decided_night(audit, run_id, ingested, plan, looked.examined)
    assert night.run.status is RunStatus.INCOMPLETE
    assert any(said.startswith(f"{LOST}: ") and "503" in said for said in night.run.not_examined)
    assert night.kinds() == []
    # Once the service is well, the next night looks into the lost video, and into no other.
    later = run_night(in_s3)
    assert (later.run.status, later.videos_examined, later.plan.reused) == (RunStatus.COMPLETE, 1, 1)


@contextmanager
def failing_proxy(endpoint: str) -> Iterator[tuple[str, set[str]]]:
    """A proxy before the server that answers 503 for objects whose key ends with one of a set: (its address, the set)."""
    keys: set[str] = set()

    class Handler(_Proxy):
        to = urlsplit(endpoint).netloc
        failing = keys

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", keys
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    to: ClassVar[str]
    failing: ClassVar[set[str]]

    def do_GET(self) -> None:
        if any(urlsplit(self.path).path.endswith(key) for key in self.failing):
            self._answer(503, {"Content-Type": "application/xml"}, b"<Error><Code>SlowDown</Code></Error>")
            return
        self._forward()

    def do_HEAD(self) -> None:
        self._forward()

    def _forward(self) -> None:
        connection = http.client.HTTPConnection(self.to, timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():  # Host among them: it is part of what was signed
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        headers = {name: value for name, value in answer.getheaders() if name.lower() != "transfer-encoding"}
        self._answer(answer.status, headers, body)
        connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if self.command == "HEAD" or name.lower() != "content-length":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


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
