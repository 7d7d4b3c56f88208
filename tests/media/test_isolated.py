"""Children with limits: hostile, hanging and dying files never stop the others."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from bwc_audit.domain.inspection import Inspection, InspectionRequest, InspectionStatus, UnreadableReason
from bwc_audit.errors import ObjectMissingError
from bwc_audit.media.isolated import Outcome, inspect_many
from bwc_audit.objects.folder import FolderStore

from .conftest import RULES


@dataclass(frozen=True)
class TrapStore(FolderStore):
    """A folder in which some names are traps, sprung when they are read inside the child."""

    def read_range(self, key: str, start: int, length: int) -> bytes:
        if key.startswith("dies"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if key.startswith("hangs"):
            time.sleep(60)
        if key.startswith("grows"):
            return bytes(3 << 30)
        if key.startswith("breaks"):
            raise RuntimeError("a fault of the code, not of the file")
        return super().read_range(key, start, length)


def outcomes(store: FolderStore, names: list[str], **limits: float) -> dict[str, Outcome]:
    requests = [InspectionRequest(name) for name in names]
    seconds_limit = limits.get("seconds_limit", 60.0)
    pairs = list(inspect_many(store, requests, RULES, workers=2, seconds_limit=seconds_limit))
    assert sorted(request.object_key for request, _ in pairs) == sorted(names)
    return {request.object_key: outcome for request, outcome in pairs}


def reason(outcome: Outcome) -> UnreadableReason | None:
    assert isinstance(outcome, Inspection)
    return outcome.reason


def test_bad_children_cost_only_their_own_file(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    names = ["a.mp4", "dies.mp4", "hangs.mp4", "grows.mp4", "breaks.mp4", "b.mp4", "c.mp4"]
    for name in names:
        (tmp_path / name).write_bytes(content)
    (tmp_path / "empty.mp4").write_bytes(b"")
    seen = outcomes(TrapStore(tmp_path), [*names, "empty.mp4", "missing.mp4"], seconds_limit=4.0)
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        one = seen[name]
        assert isinstance(one, Inspection)
        assert one.status is InspectionStatus.COMPLETE
        assert one.examined.frames_sampled >= 12
    assert reason(seen["dies.mp4"]) is UnreadableReason.CRASHED
    assert reason(seen["hangs.mp4"]) is UnreadableReason.TIMEOUT
    assert reason(seen["grows.mp4"]) is UnreadableReason.MEMORY
    assert reason(seen["breaks.mp4"]) is UnreadableReason.CRASHED
    assert reason(seen["empty.mp4"]) is UnreadableReason.EMPTY
    assert isinstance(seen["missing.mp4"], ObjectMissingError)


def test_no_requests_start_nothing() -> None:
    assert list(inspect_many(FolderStore(Path("/nowhere")), [], RULES)) == []


def test_closing_early_ends_the_children(good: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "hangs.mp4"):
        (tmp_path / name).write_bytes(good.read_bytes())
    began = time.monotonic()
    running = inspect_many(
        TrapStore(tmp_path), [InspectionRequest("a.mp4"), InspectionRequest("hangs.mp4")], RULES, workers=2
    )
    request, outcome = next(running)
    assert request.object_key == "a.mp4"
    assert isinstance(outcome, Inspection)
    running.close()  # type: ignore[attr-defined]  # a generator
    assert time.monotonic() - began < 30
