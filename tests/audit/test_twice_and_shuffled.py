"""Running again costs nothing and says the same; the order and the names of input files change no answer."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bwc_audit.audit.ingest import ingest
from bwc_audit.config import Settings
from tests.audit.nights import Night, night_settings, row_counts, run_night, said
from tests.audit.small_force import SmallForce
from tests.fixtures_night import SAMPLE
from tests.fixtures_sample import SampleNight


def test_the_second_run_reads_nothing_and_says_the_same(
    folder_night: Night, after_the_night: Callable[..., Settings]
) -> None:
    rows_before = row_counts(folder_night.audit)
    again = run_night(after_the_night())
    assert (again.ingested.files_read, again.ingested.files_unchanged) == (0, folder_night.ingested.files_listed)
    assert again.ingested.rows_rejected == 0
    assert again.plan.videos == again.plan.reused == folder_night.plan.videos > 0
    assert (again.videos_examined, again.run.counts["bytes_read"]) == (0, 0)
    assert {(one.change.value, one.cause) for one in again.observed} == {("unchanged", None)}
    assert said(again) == said(folder_night)
    assert row_counts(again.audit) == rows_before
    assert again.run.inputs_hash == folder_night.run.inputs_hash
    assert again.run.run_id != folder_night.run.run_id


def test_a_touched_file_is_read_again_and_nothing_else(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    force.recorded("I1", "7", "20:00", incident_ids=[])
    first = run_night(settings)
    table = force.root / "roster" / "officers.csv"
    table.write_text(table.read_text() + "9,north,2025-01-01T00:00:00Z\n")
    again = run_night(settings)
    assert (again.ingested.files_read, again.ingested.rows_accepted) == (1, 3)
    assert (again.plan.reused, again.videos_examined) == (1, 0)
    assert first.kinds() == again.kinds() == ["incident_id_missing"]
    assert [one.change.value for one in again.observed] == ["unchanged"]
    assert again.run.inputs_hash != first.run.inputs_hash
    assert ingest(again.audit).files_read == 0


def test_a_changed_video_is_looked_into_again(force: SmallForce, settings: Settings) -> None:
    force.call("I1", "20:00", "7")
    key = force.recorded("I1", "7", "20:00")
    run_night(settings)
    force.write(key, force.clip + b"\0\0\0\x0cfreeABCD")
    again = run_night(settings)
    assert (again.plan.reused, again.videos_examined) == (0, 1)
    assert again.kinds() == ["hash_mismatch"]


def test_shuffled_and_moved_input_gives_the_same_answer(
    folder_night: Night, sample_night: SampleNight, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(sample_night.source, source)
    dice = random.Random(1)
    for table in sorted(source.rglob("*.csv")):
        _shuffle_rows(table, dice)
    for number, sidecar in enumerate(sorted(source.rglob("*.json"), key=lambda _: dice.random())):
        to = source / "footage" / f"batch-{number % 3}" / f"{number:03}.json"
        to.parent.mkdir(exist_ok=True)
        sidecar.rename(to)
    night = run_night(night_settings(source, tmp_path / "state", **SAMPLE))
    assert _outcomes(night) == _outcomes(folder_night)
    assert _facts(night) == _facts(folder_night)
    assert sorted((one.field, one.reason.value) for one in night.rejected) == sorted(
        (one.field, one.reason.value) for one in folder_night.rejected
    )
    assert night.run.counts == folder_night.run.counts


def _shuffle_rows(path: Path, dice: random.Random) -> None:
    """Header first, the rest in any order."""
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    dice.shuffle(rows)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _outcomes(night: Night) -> list[tuple[Any, ...]]:
    return sorted(
        (
            (one.incident_id, one.officer_id, one.outcome.value, one.reason, one.required_us, one.covered_us, one.usable_us)
            for one in night.results
        ),
        key=str,
    )


def _facts(night: Night) -> dict[str, tuple[Any, ...]]:
    return {
        one.finding.fingerprint: (
            one.finding.kind.value,
            one.finding.seconds_us,
            one.finding.spans,
            one.finding.margin_us,
            one.finding.is_borderline,
            one.finding.severity.value,
        )
        for one in night.observed
    }
