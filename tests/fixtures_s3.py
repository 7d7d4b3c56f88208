"""A real S3 server for the whole session, with identities that may do less than everything."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bwc_audit.embedded_s3 import EmbeddedS3, embedded_s3
from bwc_audit.objects.s3 import S3Store

#: May read and list this bucket, and nothing else.
OPEN_BUCKET = "open-bucket"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """The server; identities ``visitor`` (reads ``open-bucket``), ``reader_only`` (reads it, may not list), ``nobody``."""
    data_dir: Path = tmp_path_factory.mktemp("s3")
    further = {
        "visitor": (f"Read:{OPEN_BUCKET}", f"List:{OPEN_BUCKET}"),
        "reader_only": (f"Read:{OPEN_BUCKET}",),
        "nobody": (),
    }
    with embedded_s3(data_dir, further) as server:
        server.client().create_bucket(Bucket=OPEN_BUCKET)
        yield server


@pytest.fixture
def s3_bucket(s3_server: EmbeddedS3) -> str:
    """The name of a fresh, empty bucket."""
    name = f"t-{uuid.uuid4().hex[:16]}"
    s3_server.client().create_bucket(Bucket=name)
    return name


def store_as(server: EmbeddedS3, bucket: str, prefix: str = "", identity: str | None = None) -> S3Store:
    """A store over ``bucket`` with the keys of the administrator or of a further identity."""
    keys = server.further[identity] if identity else server
    return S3Store(bucket, prefix, server.endpoint_url, None, keys.access_key, keys.secret_key)
