"""A source that is a prefix of a bucket, on S3 or whatever speaks its protocol.

What the service answers is sorted here into missing, forbidden, misconfigured and "try again". A 403 does not say that
the object exists: S3 answers so for missing keys too when the caller may not list the bucket. A bare 404 (HEAD has no
body) does not say whether the key or the whole bucket is missing.
Credentials are found by boto3 (environment, profile, instance role) unless given; they appear in no text.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from bwc_audit.domain.times import us_of
from bwc_audit.errors import (
    BwcAuditError,
    ConfigurationError,
    ObjectChangedError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStoreError,
)
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.objects.keys import checked_key
from bwc_audit.objects.presigned import PresignedReads

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: Attempts to read the body of one range: botocore repeats failed requests, but not a body that breaks off.
BODY_ATTEMPTS = 3
#: Ranges of one call under way at a time. More only queue: the server and this side's two cores are busy by then.
READS_AT_A_TIME = 8

_CHANGED = "{where} is another version than the one listed; list the source again"
_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound"}
_FORBIDDEN = {
    "403": "grant s3:GetObject and s3:ListBucket to the credentials in use",
    "AccessDenied": "grant s3:GetObject and s3:ListBucket to the credentials in use",
    "AllAccessDisabled": "ask the owner of the bucket",
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "renew the session token",
    "InvalidToken": "renew the session token",
    "RequestTimeTooSkewed": "set the clock of this machine",
    "InvalidObjectState": "restore the object from its archive first",
}
_MISCONFIGURED = {
    "InvalidBucketName": "check the bucket name",
    "PermanentRedirect": "set the region or the endpoint of the bucket",
    "301": "set the region or the endpoint of the bucket",
    "AuthorizationHeaderMalformed": "set the region of the bucket",
    "IllegalLocationConstraintException": "set the region of the bucket",
}


def make_client(
    endpoint_url: str | None = None,
    region: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    *,
    attempts: int = 4,
) -> S3Client:
    """A boto3 client: signature v4, path addressing where an endpoint is given, time limits 5 s and 60 s.

    ``attempts`` counts the first. A loopback endpoint is never reached through a proxy. Raises ``ConfigurationError``.
    """
    options: dict[str, Any] = {}
    if endpoint_url is not None:
        options["s3"] = {"addressing_style": "path"}
        if _is_loopback(_checked_endpoint(endpoint_url)):
            options["proxies"] = {}
    config = Config(
        signature_version="s3v4",
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=32,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **options,
    )
    try:
        session = boto3.session.Session()
        return session.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=region or os.environ.get("AWS_REGION") or session.region_name or "us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=config,
        )
    except (BotoCoreError, ValueError) as fault:
        raise ConfigurationError(f"no S3 client for {endpoint_url or 'AWS'}: {fault}") from fault


@dataclass(frozen=True, slots=True)
class S3Store:
    """Read-only view of ``s3://bucket/prefix``. Picklable; the client is made on first use in each process.

    ``access_key`` and ``secret_key`` only where the environment does not serve; both or neither.
    """

    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    region: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefix", self.prefix.strip("/"))
        if self.endpoint_url is not None:
            _checked_endpoint(self.endpoint_url)
        if (self.access_key is None) != (self.secret_key is None):
            raise ConfigurationError("an S3 access key and its secret must be given together")

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def client(self) -> S3Client:
        return _client_of(self, os.getpid())

    def list_objects(self, prefix: str = "") -> Iterator[ObjectStat]:
        """All objects whose key starts with ``prefix``, in ascending order of key; folder markers are left out.

        The listing is gathered first and sorted (about 0.4 KB an object), since not every service keeps the order.
        """
        listed: list[ObjectStat] = []
        skip = len(self._full(""))
        try:
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self._full(prefix)):
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):
                        modified_us = us_of(entry["LastModified"])
                        etag = entry["ETag"].strip('"')
                        listed.append(ObjectStat(entry["Key"][skip:], entry["Size"], etag, modified_us))
        except (ClientError, BotoCoreError) as fault:
            raise translated(fault, f"{self.uri} (listing)") from fault
        listed.sort(key=lambda each: each.key)
        yield from listed

    def head(self, key: str) -> ObjectStat:
        try:
            answer = self.client.head_object(Bucket=self.bucket, Key=self._full(checked_key(key, self.uri)))
        except (ClientError, BotoCoreError) as fault:
            raise translated(fault, f"{self.uri}/{key}") from fault
        return ObjectStat(key, answer["ContentLength"], answer["ETag"].strip('"'), us_of(answer["LastModified"]))

    def read_range(self, key: str, start: int, length: int, etag: str | None = None) -> bytes:
        if start < 0 or length < 0:
            raise ValueError(f"range [{start}, +{length}) is negative")
        full = self._full(checked_key(key, self.uri))
        try:
            body = _presigned_of(self, os.getpid()).read(full, start, max(length, 1), etag)
        except BotoCoreError as fault:  # of signing: no credentials
            raise translated(fault, f"{self.uri}/{key}") from fault
        return (self._read_by_boto(key, full, start, length, etag) if body is None else body)[:length]

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        if len(ranges) < 2:
            return [self.read_range(key, start, length, etag) for start, length in ranges]
        pool = _threads_of(self, os.getpid())
        reads = [pool.submit(self.read_range, key, start, length, etag) for start, length in ranges]
        try:
            return [read.result() for read in reads]
        finally:
            for read in reads:  # of use after a fault only: the rest need not be asked for
                read.cancel()

    def _read_by_boto(self, key: str, full: str, start: int, length: int, etag: str | None) -> bytes:
        """The careful way: botocore repeats what failed, renews credentials, and its answers tell the faults apart."""
        options: dict[str, Any] = {"Range": f"bytes={start}-{start + max(length, 1) - 1}"}
        if etag is not None:
            options["IfMatch"] = f'"{etag}"'
        for attempt in range(BODY_ATTEMPTS):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=full, **options)
                with answer["Body"] as body:
                    content = body.read()
            except ClientError as fault:
                if _code_of(fault) in ("InvalidRange", "416"):
                    return b""  # starts at or behind the end
                raise translated(fault, f"{self.uri}/{key}") from fault
            except BotoCoreError as fault:
                if attempt == BODY_ATTEMPTS - 1 or isinstance(translated(fault, key), ConfigurationError):
                    raise translated(fault, f"{self.uri}/{key}") from fault
            else:
                if etag is not None and answer.get("ETag", etag).strip('"') != etag:
                    raise ObjectChangedError(_CHANGED.format(where=f"{self.uri}/{key}"))
                return content
        raise AssertionError("unreachable: the last attempt returns or raises")

    def read_all(self, key: str, limit_bytes: int) -> bytes:
        content = self.read_range(key, 0, limit_bytes + 1)
        if len(content) > limit_bytes:
            raise ObjectStoreError(f"{self.uri}/{key} is larger than {limit_bytes} bytes and was not read whole")
        return content

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


@lru_cache(maxsize=16)
def _client_of(store: S3Store, process_id: int) -> S3Client:
    """One client for each store and process: sockets must not be shared over a fork."""
    return make_client(store.endpoint_url, store.region, store.access_key, store.secret_key)


@lru_cache(maxsize=16)
def _presigned_of(store: S3Store, process_id: int) -> PresignedReads:
    return PresignedReads(store.client, store.bucket)


@lru_cache(maxsize=16)
def _threads_of(store: S3Store, process_id: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(READS_AT_A_TIME, thread_name_prefix="ranges")


def _checked_endpoint(endpoint_url: str) -> str:
    """The host of an endpoint; ``ConfigurationError`` where it is no plain http(s) address."""
    parts = urlsplit(endpoint_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError("the S3 endpoint must be http://host[:port] or https://host[:port]")
    if parts.username or parts.password:
        raise ConfigurationError("the S3 endpoint must hold no credentials; set AWS_ACCESS_KEY_ID and its secret instead")
    return parts.hostname


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _code_of(fault: ClientError) -> str:
    return str(fault.response.get("Error", {}).get("Code", ""))


def translated(fault: ClientError | BotoCoreError, where: str) -> BwcAuditError:
    """The fault in the project's terms; the text names the object and the mend and holds no credentials."""
    if isinstance(fault, (NoCredentialsError, PartialCredentialsError, ProfileNotFound)):
        return ConfigurationError(f"no S3 credentials for {where}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if isinstance(fault, (ParamValidationError, NoRegionError, InvalidRegionError)):
        return ConfigurationError(f"{where} cannot be asked for: {fault}")
    if not isinstance(fault, ClientError):
        return ObjectStoreError(f"{where} could not be reached: {type(fault).__name__}: {fault}")
    code = _code_of(fault)
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MISCONFIGURED:
        return ConfigurationError(f"{where} was refused ({code}); {_MISCONFIGURED[code]}")
    if code in _FORBIDDEN or status == 403:
        mend = _FORBIDDEN.get(code, "check the permissions of the credentials in use")
        return ObjectForbiddenError(f"{where} is refused ({code}); whether it exists is unknown; {mend}")
    if code in ("PreconditionFailed", "412"):
        return ObjectChangedError(_CHANGED.format(where=where))
    if code == "NoSuchBucket":
        return ObjectMissingError(f"{where}: there is no such bucket; check its name and the endpoint")
    if code in _MISSING or status == 404:
        unclear = " (or its bucket)" if code in ("404", "") else ""
        return ObjectMissingError(f"{where} is not there: the service knows no such object{unclear}")
    return ObjectStoreError(f"{where}: the service answered {status} {code}; it may work when tried again")
