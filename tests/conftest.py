"""Fixtures that several rooms share."""

from __future__ import annotations

from hypothesis import settings

from tests.fixtures_night import after_the_night, folder_night
from tests.fixtures_postgres import postgres_server, postgres_url
from tests.fixtures_s3 import s3_bucket, s3_server
from tests.fixtures_sample import sample_night

__all__ = ["after_the_night", "folder_night", "postgres_server", "postgres_url", "s3_bucket", "s3_server", "sample_night"]

# How long an example takes says how busy the machine is; `make bench` measures.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
