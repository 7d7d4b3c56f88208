"""Children with limits: dying, hanging and misbehaving children, slow and failing stores never stop the others."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bwc_audit.domain.inspection import Inspection, InspectionRequest, InspectionStatus, UnreadableReason
from bwc_audit.errors import ConfigurationError, ObjectChangedError, ObjectMissingError, ObjectStoreError
from bwc_audit.media.child import answer
from bwc_audit.media.inspect import inspect_object
from bwc_audit.media.isolated import Outcome, confinement_in_force, inspect_many
from bwc_audit.media.wire import packed
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.objects.folder import FolderStore

from .conftest import RULES


def children() -> list[int]:
    """Process ids of the decoding children of this process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if parent == os.getpid() and b"bwc_audit.media.child" in command:
                found.append(int(entry.name))
    return found


@dataclass(frozen=True)
class TrapStore(FolderStore):
    """A folder in which some names are traps, sprung when the one child asks for their bytes."""

    slept: list[str] = field(default_factory=list)

    def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
        if key.startswith("dies"):
            os.kill(children()[0], signal.SIGSEGV)
        if key.startswith("stops"):
            os.kill(children()[0], signal.SIGSTOP)
        if key.startswith(("waits", "hangs")):
            time.sleep(7 if key.startswith("waits") else 60)
            self.slept.append(key)
        if key.startswith("fails"):
            raise ObjectStoreError("the connection was reset")
        if key.startswith("breaks"):
            raise RuntimeError("a fault of the code, not of the file")
        return super().read_ranges(key, ranges, etag)


def outcomes(
    store: FolderStore,
    names: list[str],
    seconds_limit: float = 60.0,
    workers: int = 1,
    stats: dict[str, ObjectStat] | None = None,
) -> dict[str, Outcome]:
    requests = [InspectionRequest(name) for name in names]
    pairs = list(inspect_many(store, requests, RULES, workers=workers, seconds_limit=seconds_limit, stats=stats))
    assert sorted(request.object_key for request, _ in pairs) == sorted(names)
    assert children() == []
    return {request.object_key: outcome for request, outcome in pairs}


def reason(outcome: Outcome) -> UnreadableReason | None:
    assert isinstance(outcome, Inspection)
    return outcome.reason


def test_bad_children_and_bad_reads_cost_only_their_own_file(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    names = ["a.mp4", "dies.mp4", "stops.mp4", "fails.mp4", "breaks.mp4", "b.mp4"]
    for name in names:
        (tmp_path / name).write_bytes(content)
    (tmp_path / "empty.mp4").write_bytes(b"")
    seen = outcomes(TrapStore(tmp_path), [*names, "empty.mp4", "missing.mp4"], seconds_limit=3.0)
    for name in ("a.mp4", "b.mp4"):
        one = seen[name]
        assert isinstance(one, Inspection)
        assert one.status is InspectionStatus.COMPLETE
    died = seen["dies.mp4"]
    assert isinstance(died, Inspection)
    assert (died.reason, died.detail) == (UnreadableReason.CRASHED, "the child died: SIGSEGV")
    assert reason(seen["stops.mp4"]) is UnreadableReason.TIMEOUT
    assert str(seen["fails.mp4"]) == "the connection was reset"
    assert "RuntimeError: a fault of the code" in str(seen["breaks.mp4"])
    assert reason(seen["empty.mp4"]) is UnreadableReason.EMPTY
    assert isinstance(seen["missing.mp4"], ObjectMissingError)
    assert {type(seen[name]) for name in ("fails.mp4", "breaks.mp4")} == {ObjectStoreError}


def test_a_store_that_does_not_answer_is_no_defect_of_the_file(good: Path, tmp_path: Path) -> None:
    for name in ("hangs.mp4", "a.mp4"):
        (tmp_path / name).write_bytes(good.read_bytes())
    store = TrapStore(tmp_path)
    seen = outcomes(store, ["hangs.mp4", "a.mp4"], seconds_limit=2.0)
    assert store.slept == []  # the other file did not wait for it
    assert "did not answer within 2 s" in str(seen["hangs.mp4"])
    assert type(seen["hangs.mp4"]) is ObjectStoreError
    assert reason(seen["a.mp4"]) is None


def test_a_slow_store_is_no_defect_of_the_file(good: Path, tmp_path: Path) -> None:
    (tmp_path / "waits.mp4").write_bytes(good.read_bytes())
    (slow,) = outcomes(TrapStore(tmp_path), ["waits.mp4"], seconds_limit=5.0).values()
    assert type(slow) is ObjectStoreError
    assert "the store took 7 s of the 5 s" in str(slow)


def test_with_what_was_listed_the_object_is_not_asked_for_again_and_must_be_the_same(good: Path, tmp_path: Path) -> None:
    store = FolderStore(good.parent)
    stat = store.head(good.name)
    listed = {good.name: stat}
    assert reason(outcomes(store, [good.name], stats=listed)[good.name]) is None
    other = {good.name: replace(stat, etag="another")}
    assert isinstance(outcomes(store, [good.name], stats=other)[good.name], ObjectChangedError)


def test_a_child_answers_what_the_inspection_itself_gives(good: Path) -> None:
    store = FolderStore(good.parent)
    there = outcomes(store, [good.name])[good.name]
    here = inspect_object(store, InspectionRequest(good.name), RULES)
    assert isinstance(there, Inspection)
    examined = replace(there.examined, elapsed_s=here.examined.elapsed_s)
    is_same = packed(replace(there, examined=examined)) == packed(here)  # not by ==: silence not measured is no number
    assert is_same
    assert here.measures is not None
    assert here.stills


def test_a_fault_of_the_inspecting_code_is_recorded(good: Path) -> None:
    store = TrapStore(good.parent)
    stat = replace(store.head(good.name), key="breaks.mp4")
    outcome = answer(store, InspectionRequest("breaks.mp4"), stat, RULES)
    assert outcome is not None
    assert outcome.reason is UnreadableReason.CRASHED
    assert "a fault of the code" in outcome.detail


def test_a_child_that_does_not_come_up_is_a_setting_to_mend(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ConfigurationError, match=r"does not come up \(the child died: exit status 1\)"):
        list(inspect_many(FolderStore(good.parent), [InspectionRequest(good.name)], RULES))


def test_the_child_inherits_no_credentials(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    seen: list[bytes] = []

    @dataclass(frozen=True)
    class Looking(FolderStore):
        def read_ranges(self, key: str, ranges: Sequence[tuple[int, int]], etag: str | None = None) -> list[bytes]:
            seen.extend((Path("/proc") / str(one) / "environ").read_bytes() for one in children())
            return super().read_ranges(key, ranges, etag)

    outcomes(Looking(good.parent), [good.name])
    assert seen
    assert not any(b"very-secret" in one for one in seen)


def test_says_what_holds_a_child() -> None:
    said = " · ".join(confinement_in_force())
    for words in ("no new privileges", "memory limit 320 MiB", "no files, network, processes or threads"):
        assert words in said
    assert children() == []


def test_no_requests_start_nothing() -> None:
    assert list(inspect_many(FolderStore(Path("/nowhere")), [], RULES)) == []


def test_closing_early_ends_the_children(good: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "waits.mp4"):
        (tmp_path / name).write_bytes(good.read_bytes())
    began = time.monotonic()
    requests = [InspectionRequest("a.mp4"), InspectionRequest("waits.mp4")]
    running = inspect_many(TrapStore(tmp_path), requests, RULES, workers=2)
    request, outcome = next(running)
    assert request.object_key == "a.mp4"
    assert isinstance(outcome, Inspection)
    running.close()  # type: ignore[attr-defined]  # a generator
    assert time.monotonic() - began < 8
    assert children() == []
