"""Fixtures that several rooms share."""

from __future__ import annotations

from tests.fixtures_postgres import postgres_server, postgres_url
from tests.fixtures_s3 import s3_bucket, s3_server

__all__ = ["postgres_server", "postgres_url", "s3_bucket", "s3_server"]
