"""The sample night, built once into the place where the demo keeps it, so that neither builds it twice."""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import sample_media

#: ``state_dir/demo/sample`` of the checkout's own state folder.
_ROOT = Path(__file__).parents[1] / ".state" / "demo" / "sample"


@dataclass(frozen=True, slots=True)
class SampleNight:
    """The built source tree and what must be concluded about it."""

    source: Path
    truth: dict[str, Any]


@pytest.fixture(scope="session")
def sample_night() -> SampleNight:
    """The sample night; nobody writes into it."""
    _ROOT.mkdir(parents=True, exist_ok=True)
    with (_ROOT / ".building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = sample_media.build(_ROOT)
    return SampleNight(built.source.absolute(), json.loads(sample_media.GROUND_TRUTH.read_text(encoding="utf-8")))
