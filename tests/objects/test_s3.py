"""What S3 answers, sorted: on a real server, and exact answers of AWS by botocore's stubber."""

from __future__ import annotations

import io
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from bwc_audit.embedded_s3 import EmbeddedS3
from bwc_audit.errors import (
    BwcAuditError,
    ConfigurationError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStoreError,
)
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.objects.folder import FolderStore
from bwc_audit.objects.open import open_store
from bwc_audit.objects.s3 import S3Store, translated
from tests.fixtures_s3 import OPEN_BUCKET, store_as


def stubbed(store: S3Store) -> Stubber:
    return Stubber(store.client)


def a_store(name: str) -> S3Store:
    """A store of its own client, so that stubs do not meet; nothing listens at its endpoint."""
    return S3Store(name, "p", "http://127.0.0.1:9", "us-east-1", "AKEXAMPLE", "very-secret")


class TestRealServer:
    def test_without_permission_everything_is_forbidden(self, s3_server: EmbeddedS3, s3_bucket: str) -> None:
        s3_server.client().put_object(Bucket=s3_bucket, Key="x.json", Body=b"{}")
        store = store_as(s3_server, s3_bucket, identity="visitor")
        with pytest.raises(ObjectForbiddenError, match=rf"s3://{s3_bucket} \(listing\) is refused.*s3:ListBucket"):
            list(store.list_objects())
        for key in ("x.json", "absent.json"):
            with pytest.raises(ObjectForbiddenError, match=f"{key} is refused.*whether it exists is unknown"):
                store.head(key)
            with pytest.raises(ObjectForbiddenError, match=key):
                store.read_range(key, 0, 1)

    def test_a_visitor_reads_what_it_may(self, s3_server: EmbeddedS3) -> None:
        s3_server.client().put_object(Bucket=OPEN_BUCKET, Key="open.json", Body=b"{}")
        assert store_as(s3_server, OPEN_BUCKET, identity="visitor").read_all("open.json", 9) == b"{}"
        with pytest.raises(ObjectMissingError):
            store_as(s3_server, OPEN_BUCKET, identity="visitor").head("absent")

    def test_reading_without_listing(self, s3_server: EmbeddedS3) -> None:
        s3_server.client().put_object(Bucket=OPEN_BUCKET, Key="open.json", Body=b"{}")
        store = store_as(s3_server, OPEN_BUCKET, identity="reader_only")
        assert store.read_all("open.json", 9) == b"{}"
        with pytest.raises(ObjectForbiddenError, match="listing"):
            list(store.list_objects())

    def test_a_missing_bucket_is_named(self, s3_server: EmbeddedS3) -> None:
        with pytest.raises(ObjectMissingError, match=r"s3://no-such-bucket.*no such bucket"):
            list(store_as(s3_server, "no-such-bucket").list_objects())
        with pytest.raises(ObjectMissingError, match="or its bucket"):
            store_as(s3_server, "no-such-bucket").head("x")

    def test_wrong_keys_are_refused_with_the_setting_to_check(self, s3_server: EmbeddedS3, s3_bucket: str) -> None:
        unknown = S3Store(s3_bucket, "", s3_server.endpoint_url, None, "AKUNKNOWN", "wrong")
        with pytest.raises(ObjectForbiddenError, match="AWS_ACCESS_KEY_ID"):
            list(unknown.list_objects())
        wrong = S3Store(s3_bucket, "", s3_server.endpoint_url, None, s3_server.access_key, "wrong")
        with pytest.raises(ObjectForbiddenError, match="AWS_SECRET_ACCESS_KEY"):
            list(wrong.list_objects())

    def test_keys_come_from_the_environment(
        self, s3_server: EmbeddedS3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in s3_server.environment().items():
            monkeypatch.setenv(name, value)
        assert list(open_store(f"s3://{s3_bucket}/p", endpoint_url=s3_server.endpoint_url).list_objects()) == []


class TestExactAnswers:
    @pytest.mark.parametrize(
        ("code", "status", "expected", "words"),
        [
            ("404", 404, ObjectMissingError, "or its bucket"),
            ("NoSuchKey", 404, ObjectMissingError, "no such object"),
            ("NoSuchBucket", 404, ObjectMissingError, "no such bucket"),
            ("403", 403, ObjectForbiddenError, "whether it exists is unknown"),
            ("AccessDenied", 403, ObjectForbiddenError, "s3:ListBucket"),
            ("InvalidObjectState", 403, ObjectForbiddenError, "archive"),
            ("RequestTimeTooSkewed", 403, ObjectForbiddenError, "clock"),
            ("ExpiredToken", 400, ObjectForbiddenError, "session token"),
            ("SomethingNew", 403, ObjectForbiddenError, "permissions"),
            ("PermanentRedirect", 301, ConfigurationError, "region or the endpoint"),
            ("AuthorizationHeaderMalformed", 400, ConfigurationError, "region"),
            ("SlowDown", 503, ObjectStoreError, "tried again"),
            ("InternalError", 500, ObjectStoreError, "tried again"),
        ],
    )
    def test_each_answer_has_its_kind(
        self, code: str, status: int, expected: type[BwcAuditError], words: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = a_store(f"exact-{code.lower()}-{status}")
        with stubbed(store) as stub:
            stub.add_client_error("head_object", service_error_code=code, http_status_code=status)
            with pytest.raises(expected, match=words) as caught:
                store.head("x.mp4")
        assert type(caught.value) is expected
        assert f"{store.uri}/x.mp4" in str(caught.value)
        assert caught.value.__cause__ is not None

    def test_a_range_behind_the_end_is_empty(self) -> None:
        store = a_store("exact-range")
        with stubbed(store) as stub:
            stub.add_client_error("get_object", service_error_code="InvalidRange", http_status_code=416)
            assert store.read_range("x", 10, 5) == b""

    def test_a_body_that_breaks_off_is_asked_for_again(self) -> None:
        store = a_store("exact-body")
        with stubbed(store) as stub:
            for body in (BreakingOff(), BreakingOff(), io.BytesIO(b"abc")):
                stub.add_response("get_object", {"Body": StreamingBody(body, 3)})
            assert store.read_range("x", 0, 3) == b"abc"

    def test_a_body_that_always_breaks_off_is_a_fault_of_the_store(self) -> None:
        store = a_store("exact-body-always")
        with stubbed(store) as stub:
            for _ in range(3):
                stub.add_response("get_object", {"Body": StreamingBody(BreakingOff(), 3)})
            with pytest.raises(ObjectStoreError, match="could not be reached"):
                store.read_range("x", 0, 3)

    def test_lists_more_than_one_page_in_order(self) -> None:
        store = a_store("exact-pages")
        asked = {"Bucket": store.bucket, "Prefix": "p/footage/"}

        def page(key: str, **more: object) -> dict[str, object]:
            at = datetime(2025, 5, 25, tzinfo=UTC)
            return {"Contents": [{"Key": key, "Size": 1, "ETag": '"e"', "LastModified": at}], **more}

        with stubbed(store) as stub:
            first = page("p/footage/b", IsTruncated=True, NextContinuationToken="next")
            stub.add_response("list_objects_v2", first, asked)
            stub.add_response("list_objects_v2", page("p/footage/a"), {**asked, "ContinuationToken": "next"})
            assert list(store.list_objects("footage/")) == [
                ObjectStat("footage/a", 1, "e", 1_748_131_200_000_000),
                ObjectStat("footage/b", 1, "e", 1_748_131_200_000_000),
            ]

    def test_a_listing_that_breaks_off_gives_nothing(self) -> None:
        store = a_store("exact-broken-pages")
        with stubbed(store) as stub:
            stub.add_response("list_objects_v2", {"IsTruncated": True, "NextContinuationToken": "next"})
            stub.add_client_error("list_objects_v2", service_error_code="SlowDown", http_status_code=503)
            with pytest.raises(ObjectStoreError, match="listing"):
                next(store.list_objects())

    def test_no_credentials_is_a_setting(self) -> None:
        fault = translated(NoCredentialsError(), "s3://b/x")
        assert isinstance(fault, ConfigurationError)
        assert "AWS_ACCESS_KEY_ID" in str(fault)


class BreakingOff(io.BytesIO):
    """A body whose connection breaks."""

    def read(self, amount: int | None = -1) -> bytes:
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1:9")


def test_nobody_listening_is_a_fault_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = S3Store("b-b-b", "", f"http://127.0.0.1:{port}", None, "AK", "SK")
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda _: None)
    with pytest.raises(ObjectStoreError, match="could not be reached") as caught:
        store.head("x")
    assert type(caught.value) is ObjectStoreError


def test_loopback_is_never_asked_through_a_proxy(
    s3_server: EmbeddedS3, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert list(store_as(s3_server, s3_bucket, "proxy-test").list_objects()) == []


def test_no_text_shows_credentials() -> None:
    store = a_store("texts")
    assert "very-secret" not in repr(store) + store.uri
    assert "AKEXAMPLE" not in repr(store) + store.uri


@pytest.mark.parametrize(
    ("uri", "options", "words"),
    [
        ("s3://", {}, "s3://bucket/prefix"),
        ("s3://user:word@bucket/x", {}, "without credentials"),
        ("gs://bucket/x", {}, "not gs"),
        ("", {}, "not empty"),
        ("s3://bucket", {"endpoint_url": "localhost:8333"}, "http://host"),
        ("s3://bucket", {"endpoint_url": "http://me:word@host"}, "no credentials"),
        ("s3://bucket", {"access_key": "only"}, "together"),
    ],
)
def test_addresses_that_cannot_be_opened(uri: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        open_store(uri, **options)
    assert "word" not in str(caught.value).replace("words", "")


def test_addresses_that_can(tmp_path: Path) -> None:
    assert open_store("s3://bucket/a/b/") == S3Store("bucket", "a/b")
    assert open_store("s3://bucket/a/b/").uri == "s3://bucket/a/b"
    assert open_store("s3://bucket").uri == "s3://bucket"
    assert open_store(str(tmp_path)) == FolderStore(tmp_path) == open_store(f"file://{tmp_path}")
