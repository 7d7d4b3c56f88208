"""From a source's address to its store: ``s3://bucket/prefix`` or a folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from bwc_audit.errors import ConfigurationError
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.objects.folder import FolderStore


def open_store(
    uri: str,
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
) -> ObjectStore:
    """The store at ``s3://bucket/prefix`` or at a folder path (``file://`` or plain). Nothing is contacted yet.

    Raises ``ConfigurationError`` for any other scheme, an S3 address without a bucket, or an empty address.
    """
    if uri.startswith("s3://"):
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        if not bucket or "@" in bucket:
            raise ConfigurationError("an S3 source is written s3://bucket/prefix, without credentials")
        from bwc_audit.objects.s3 import S3Store  # a child that reads a database loads no client of S3 (0.15 s)

        return S3Store(bucket, prefix, endpoint_url, region, access_key, secret_key)
    scheme = urlsplit(uri).scheme if "://" in uri else ""
    path = uri.removeprefix("file://")
    if scheme not in ("", "file") or not path:
        raise ConfigurationError(f"a source is a folder or s3://bucket/prefix, not {scheme or 'empty'}")
    return FolderStore(Path(path).expanduser())
