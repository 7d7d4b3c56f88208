"""A small force with one clip, in a folder and in a bucket."""

from __future__ import annotations

from pathlib import Path

import ffmpeg
import imageio_ffmpeg
import pytest

from bwc_audit.config import Settings
from bwc_audit.embedded_s3 import EmbeddedS3, upload_tree
from tests.audit.nights import night_settings
from tests.audit.small_force import CLIP_S, SmallForce
from tests.media.clips import FPS, street, tone, write_clip


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
