"""Whole files damaged at random, looked into by the real child: an answer or a reason, soon, within memory, and no more.

``make test-all`` (marker ``heavy``) runs 10,000 cases. A failure names its seed and numbers; ``python -m
tests.media.test_whole_files_fuzz SEED NUMBER`` writes such a case into the working folder and says what becomes of it.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bwc_audit.domain.inspection import Inspection, InspectionRequest, InspectionStatus, UnreadableReason
from bwc_audit.embedded_s3 import EmbeddedS3
from bwc_audit.media.isolated import confinement_in_force, inspect_many
from bwc_audit.media.wire import packed
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.objects.folder import FolderStore
from tests.fixtures_s3 import store_as

from .conftest import RULES
from .fuzzing import FORMS, damaged, tiny_clips
from .test_isolated import children

SEED = 20261124
#: The slowest of 10,000 took a tenth of a second alone; a crowded machine is no defect of the file.
SECONDS = 30.0
MOST_BYTES = 400 * 1024 * 1024
_BREACHES = (UnreadableReason.CRASHED, UnreadableReason.TIMEOUT)
_BATCH = 500


@dataclass
class Seen:
    """What became of the cases: how often each outcome, breaches with the case's number, and the largest child."""

    outcomes: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    peak_bytes: int = 0

    def note(self, key: str, outcome: object) -> None:
        if not isinstance(outcome, Inspection):
            self.breaches.append(f"{key}: {outcome!r}")
            return
        self.outcomes[str(outcome.reason or outcome.status)] += 1
        if outcome.reason in _BREACHES:
            self.breaches.append(f"{key}: {outcome.reason}: {outcome.detail}")
        if (outcome.status is InspectionStatus.UNREADABLE) == (outcome.reason is None):
            self.breaches.append(f"{key}: {outcome.status} with the reason {outcome.reason}")


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return tiny_clips(tmp_path_factory.mktemp("seeds"))


def peak_bytes() -> int:
    """The most memory that one of the children now alive has held."""
    found = [0]
    for process_id in children():
        status = Path(f"/proc/{process_id}/status").read_text()
        found += [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")]
    return max(found)


def look_into(store: ObjectStore, keys: list[str], seen: Seen) -> Iterator[tuple[str, object]]:
    """Each key with its outcome, which is noted."""
    requests = [InspectionRequest(key) for key in keys]
    pairs = inspect_many(store, requests, RULES, workers=2, seconds_limit=SECONDS)
    for number, (request, outcome) in enumerate(pairs, 1):
        seen.note(request.object_key, outcome)
        if number % 50 == 0 or number == len(keys):
            seen.peak_bytes = max(seen.peak_bytes, peak_bytes())
        yield request.object_key, outcome


def survive(seeds: dict[str, bytes], folder: Path, cases: range) -> Seen:
    """All cases through children, in batches, each file gone after its look."""
    seen = Seen()
    for first in range(cases.start, cases.stop, _BATCH):
        keys = []
        for number in range(first, min(first + _BATCH, cases.stop)):
            name, content = damaged(seeds, SEED, number)
            keys.append(f"{number:06d}-{name}")
            (folder / keys[-1]).write_bytes(content)
        for key, _ in look_into(FolderStore(folder), keys, seen):
            (folder / key).unlink()
    return seen


def check(seen: Seen, cases: int) -> None:
    print(f"seed {SEED}: {dict(seen.outcomes)}, largest child {seen.peak_bytes / 1e6:.0f} MB")
    assert seen.breaches == [], f"seed {SEED}"
    assert sum(seen.outcomes.values()) == cases
    assert 50e6 < seen.peak_bytes < MOST_BYTES
    assert seen.outcomes[InspectionStatus.COMPLETE] + seen.outcomes[InspectionStatus.PARTIAL] > cases / 5
    assert len(seen.outcomes) >= 5  # the damage reaches what it is for


def plain(outcome: object) -> bytes:
    """An answer without what it cost, so that two of them can be compared; silence not measured is no number."""
    assert isinstance(outcome, Inspection)
    return packed(replace(outcome, examined=replace(outcome.examined, elapsed_s=0.0)))


def test_undamaged_clips_are_seen_whole(seeds: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in seeds.items():
        (tmp_path / name).write_bytes(content)
    seen = Seen()
    for key, outcome in look_into(FolderStore(tmp_path), list(FORMS), seen):
        assert isinstance(outcome, Inspection)
        assert (key, outcome.status) == (key, InspectionStatus.COMPLETE)
        assert outcome.video is not None
        assert outcome.video.frames == 15
        assert outcome.audio is not None
    assert seen.breaches == []


def test_what_confines_the_children_is_in_force() -> None:
    assert "no files, network, processes or threads (system call filter)" in confinement_in_force()


def test_damaged_files(seeds: dict[str, bytes], tmp_path: Path) -> None:
    check(survive(seeds, tmp_path, range(150)), 150)


def same_over_both_stores(seeds: dict[str, bytes], folder: Path, server: EmbeddedS3, bucket: str, cases: range) -> None:
    client = server.client()
    keys = []
    for number in cases:
        name, content = damaged(seeds, SEED, number)
        keys.append(f"{number:06d}-{name}")
        (folder / keys[-1]).write_bytes(content)
        client.put_object(Bucket=bucket, Key=keys[-1], Body=content)
    seen = Seen()
    there = dict(look_into(store_as(server, bucket), keys, seen))
    here = dict(look_into(FolderStore(folder), keys, seen))
    assert seen.breaches == []
    assert [key for key in keys if plain(here[key]) != plain(there[key])] == [], f"seed {SEED}"


def test_both_stores_give_the_same_answer(
    seeds: dict[str, bytes], tmp_path: Path, s3_server: EmbeddedS3, s3_bucket: str
) -> None:
    same_over_both_stores(seeds, tmp_path, s3_server, s3_bucket, range(150, 180))


@pytest.mark.heavy
def test_many_damaged_files(seeds: dict[str, bytes], tmp_path: Path) -> None:
    check(survive(seeds, tmp_path, range(1000, 11_000)), 10_000)


@pytest.mark.heavy
def test_both_stores_give_the_same_answers(
    seeds: dict[str, bytes], tmp_path: Path, s3_server: EmbeddedS3, s3_bucket: str
) -> None:
    same_over_both_stores(seeds, tmp_path, s3_server, s3_bucket, range(11_000, 11_500))


def main(seed: int, number: int) -> None:
    folder = Path(f"case-{seed}-{number}")
    folder.mkdir(exist_ok=True)
    name, content = damaged(tiny_clips(folder), seed, number)
    (folder / f"damaged-{name}").write_bytes(content)
    began_s = time.perf_counter()
    for _, outcome in look_into(FolderStore(folder), [f"damaged-{name}"], Seen()):
        print(os.fspath(folder / f"damaged-{name}"), outcome, f"{time.perf_counter() - began_s:.1f} s", sep="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
