"""The cheap way of reading: right or none; a broken answer is asked for again the careful way; no signature is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bwc_audit.embedded_s3 import EmbeddedS3
from bwc_audit.errors import ObjectChangedError, ObjectForbiddenError, ObjectMissingError, ObjectStoreError
from bwc_audit.objects import presigned
from bwc_audit.objects.presigned import PresignedReads
from bwc_audit.objects.s3 import S3Store
from tests.fixtures_s3 import store_as

CONTENT = bytes(range(256))
Answer = tuple[int, dict[str, str], bytes]


class Service(ThreadingHTTPServer):
    """Answers presigned requests with ``answers`` in turn (the last for ever), and signed ones as a sound service."""

    daemon_threads = True

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.cheap = 0
        self.careful = 0


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        start, end = (int(each) for each in self.headers["Range"].removeprefix("bytes=").split("-"))
        if "X-Amz-Signature" in self.path:
            status, headers, body = self.server.answers[min(self.server.cheap, len(self.server.answers) - 1)]
            self.server.cheap += 1
        else:
            self.server.careful += 1
            body = CONTENT[start : end + 1]
            status, headers = 206, {"Content-Range": f"bytes {start}-{end}/256", "ETag": '"e"'}
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def service(*answers: Answer) -> Iterator[tuple[Service, S3Store]]:
    server = Service(list(answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield (
            server,
            S3Store("bucket", "", f"http://127.0.0.1:{server.server_port}", "us-east-1", "AKEXAMPLE", "very-secret"),
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


RANGE = {"Content-Range": "bytes 5-8/256", "ETag": '"e"'}
FORBIDDEN = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


def test_a_clean_answer_is_taken() -> None:
    with service((206, RANGE, CONTENT[5:9])) as (server, store):
        assert store.read_range("x", 5, 4, "e") == CONTENT[5:9]
        assert store.read_range("x", 5, 4) == CONTENT[5:9]
        assert (server.cheap, server.careful) == (2, 0)


@pytest.mark.parametrize(
    "answer",
    [
        (403, {}, FORBIDDEN),
        (503, {}, b""),
        (200, {}, CONTENT),
        (206, {**RANGE, "Content-Length": "4"}, CONTENT[5:7]),
        (206, {**RANGE, "Content-Range": "bytes 6-9/256"}, CONTENT[6:10]),
        (206, {**RANGE, "ETag": '"other"'}, CONTENT[5:9]),
        (206, {**RANGE, "Content-Range": "bytes 5-7/256"}, CONTENT[5:8]),
        (206, {**RANGE, "Content-Range": "bytes 5-*/256"}, CONTENT[5:9]),
        (206, {"ETag": '"e"'}, CONTENT[5:9]),
        (307, {"Location": "http://127.0.0.1:9/"}, b""),
    ],
)
def test_any_other_is_asked_for_again_the_careful_way(answer: Answer) -> None:
    with service(answer, (206, RANGE, CONTENT[5:9])) as (server, store):
        assert store.read_range("x", 5, 4, "e") == CONTENT[5:9]
        assert (server.cheap, server.careful) == (1, 1)
        assert store.read_range("x", 5, 4, "e") == CONTENT[5:9]
        assert (server.cheap, server.careful) == (2, 1)


def test_an_address_is_renewed_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    with service((206, RANGE, CONTENT[5:9])) as (_, store):
        reads = PresignedReads(store.client, "bucket")
        first = reads._address("x")
        assert reads._address("x") == first
        began_s = time.monotonic()
        monkeypatch.setattr("time.monotonic", lambda: began_s + 541)
        monkeypatch.setattr("botocore.auth.get_current_datetime", later)
        assert reads._address("x") != first


def later() -> object:
    from botocore.compat import get_current_datetime

    return get_current_datetime().replace(year=2099)


def test_an_expired_address_is_no_fault(s3_server: EmbeddedS3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_server.client().put_object(Bucket=s3_bucket, Key="x", Body=CONTENT)
    store = store_as(s3_server, s3_bucket)
    monkeypatch.setattr(presigned, "_VALID_S", 1)
    assert store.read_range("x", 5, 4) == CONTENT[5:9]
    time.sleep(2.1)
    assert store.read_range("x", 5, 4) == CONTENT[5:9]


def test_the_real_kinds_of_fault(s3_server: EmbeddedS3, s3_bucket: str) -> None:
    s3_server.client().put_object(Bucket=s3_bucket, Key="x", Body=CONTENT)
    store = store_as(s3_server, s3_bucket)
    for key, etag, kind in (("y", None, ObjectMissingError), ("x", "other", ObjectChangedError)):
        with pytest.raises(kind, match=f"{s3_bucket}/{key}") as caught:
            store.read_range(key, 0, 1, etag)
        assert "Signature" not in repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)
    with pytest.raises(ObjectForbiddenError):
        store_as(s3_server, s3_bucket, identity="nobody").read_range("x", 0, 1)


def test_no_log_and_no_text_shows_a_signature(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda _: None)
    with caplog.at_level(logging.DEBUG), service((403, {}, FORBIDDEN)) as (_, store):
        store.read_range("x", 5, 4)
    cheap = [record.getMessage() for record in caplog.records if "X-Amz" in record.getMessage()]
    assert caplog.records
    assert not any("X-Amz-Signature=" in text or "very-secret" in text for text in cheap)
    with pytest.raises(ObjectStoreError) as caught:  # nobody listens any more
        store.read_range("x", 5, 4)
    assert "Signature" not in str(caught.value)
