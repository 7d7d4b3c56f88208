"""The sample night audited once over its folder; tests that go on from there copy its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg
import pytest

from bwc_audit.config import Settings
from bwc_audit.embedded_s3 import EmbeddedS3, upload_tree
from tests.audit.nights import Night, night_settings, run_night
from tests.audit.small_force import CLIP_S, SmallForce
from tests.fixtures_sample import SampleNight
from tests.media.clips import FPS, street, tone, write_clip

SAMPLE: dict[str, Any] = {"timezone": "Europe/London", "workers": 2}


@pytest.fixture(scope="session")
def folder_night(sample_night: SampleNight, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The sample night over the folder and SQLite. Nobody writes into its database again."""
    return run_night(night_settings(sample_night.source, tmp_path_factory.mktemp("folder-night"), **SAMPLE))


@pytest.fixture
def after_the_night(folder_night: Night, sample_night: SampleNight, tmp_path: Path) -> Callable[..., Settings]:
    """Settings for a copy of the database as that night left it; keyword arguments replace settings."""

    def copied(**more: object) -> Settings:
        before, after = folder_night.audit.settings, tmp_path / "state" / "audit.db"
        after.parent.mkdir()
        with (
            sqlite3.connect(before.state_dir / "audit.db") as source,
            sqlite3.connect(after) as target,
        ):
            source.backup(target)
        source.close()
        target.close()
        return night_settings(sample_night.source, after.parent, **{**SAMPLE, **more})

    return copied


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A lively street with sound, 90 s, the first 10 s silent as a pre-event buffer is."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(path, street(CLIP_S), tone(CLIP_S, from_s=10), g=FPS * 2).read_bytes()


@pytest.fixture
def force(tmp_path: Path, clip: bytes) -> SmallForce:
    """A small source without calls yet."""
    return SmallForce(tmp_path / "source", clip)


@pytest.fixture
def settings(force: SmallForce, tmp_path: Path) -> Settings:
    """Settings of an audit of the small source."""
    return night_settings(force.root, tmp_path / "state")


@pytest.fixture(scope="session")
def faststart_clip(clip: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The same clip with its index in front."""
    folder = tmp_path_factory.mktemp("faststart")
    (folder / "clip.mp4").write_bytes(clip)
    job = ffmpeg.input(str(folder / "clip.mp4")).output(str(folder / "front.mp4"), c="copy", movflags="faststart")
    job.global_args("-loglevel", "error").run(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    return (folder / "front.mp4").read_bytes()


@pytest.fixture
def in_s3(force: SmallForce, s3_server: EmbeddedS3, s3_bucket: str, tmp_path: Path) -> Settings:
    """Settings of an audit of the small source in a bucket."""
    upload_tree(force.root, s3_server.client(), s3_bucket, "night")
    keys = {"s3_access_key": s3_server.access_key, "s3_secret_key": s3_server.secret_key}
    endpoint = s3_server.endpoint_url
    return night_settings(f"s3://{s3_bucket}/night", tmp_path / "state", s3_endpoint_url=endpoint, **keys)
