"""The story is complete, and the records that are kept under version control are those that it tells."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.records import RejectReason
from bwc_audit.domain.results import Bucket, Outcome, PendingReason, UnknownReason
from bwc_audit.domain.times import SECOND_US, Span
from sample_media import GROUND_TRUTH, SOURCE_DIR
from sample_media.building import write_records
from sample_media.day import Day
from sample_media.records import tables
from sample_media.story import AS_OF, local
from sample_media.storyboard import the_day
from sample_media.truth import ground_truth, ground_truth_text

#: Read when tests are collected, before any of them can build the sample and so write these files anew.
COMMITTED_TABLES = {
    path.relative_to(SOURCE_DIR).as_posix(): path.read_text()
    for folder in ("cad", "roster", "events", "exemptions")
    for path in sorted((SOURCE_DIR / folder).rglob("*.csv"))
}
COMMITTED_TRUTH = GROUND_TRUTH.read_text()


@pytest.fixture(scope="module")
def day() -> Day:
    return the_day()


def test_committed_tables_are_what_the_story_tells(day: Day) -> None:
    assert tables(day) == COMMITTED_TABLES, "run `python -m sample_media` and commit what it writes"


def test_committed_truth_is_what_the_story_tells(day: Day) -> None:
    assert ground_truth_text(day) == COMMITTED_TRUTH, "run `python -m sample_media` and commit what it writes"


def test_writing_twice_gives_the_same_bytes(day: Day, tmp_path: Path) -> None:
    written = []
    for name in ("first", "second"):
        write_records(the_day(), tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        written.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
    assert written[0] == written[1]
    assert len(written[0]) == len(tables(day)) + 1


def test_every_kind_of_finding_occurs(day: Day) -> None:
    assert {told.kind for told in day.expected} == set(FindingKind)
    assert any(told.is_borderline for told in day.expected)


def test_every_bucket_and_outcome_occurs(day: Day) -> None:
    judged = [told for told in day.attendances if told.outcome is not None]
    assert {told.outcome for told in judged} == set(Outcome)
    reasons = {told.reason for told in judged}
    assert {bucket.value for bucket in Bucket} <= reasons
    assert PendingReason.DEVICE_NOT_DOCKED in reasons
    assert UnknownReason.IDENTITY in reasons


def test_each_officer_on_each_call_is_judged_once(day: Day) -> None:
    judged = Counter((told.call.incident_id, told.officer_id) for told in day.attendances if told.outcome is not None)
    assert set(judged.values()) == {1}
    assert set(judged) == {(told.call.incident_id, told.officer_id) for told in day.attendances}


def test_calls_open_on_the_sample_day_and_nothing_happens_after_the_audit(day: Day) -> None:
    whole_day = Span(local("00:00:00"), local("24:00:00"))
    assert all(whole_day.start_us <= call.opened_us < whole_day.end_us for call in day.calls)
    assert max(event.at_us for event in day.events) < local("54:00:00")
    assert AS_OF == "2025-05-26T05:00:00Z"
    midnight = local("24:00:00")
    crossing = [told for told in day.footage if told.started_us < midnight < told.at(told.length_s)]
    assert len(crossing) == 1


def test_firm_absences_are_far_from_the_clocks_uncertainty(day: Day) -> None:
    grace_s = {
        FindingKind.LATE_ACTIVATION: 30,
        FindingKind.EARLY_DEACTIVATION: 30,
        FindingKind.RECORDING_GAP: 60,
        FindingKind.INCIDENT_UNCOVERED: 60,
    }
    for told in day.expected:
        if told.kind in grace_s and told.seconds is not None:
            assert (told.seconds - grace_s[told.kind] > 61) is not told.is_borderline, told.story


def test_stated_spans_have_the_stated_length(day: Day) -> None:
    for told in day.expected:
        if told.spans is None or told.seconds is None or told.kind is FindingKind.LATE_ACTIVATION:
            continue  # lateness reaches to the activation, the uncovered time only to the buffer
        assert sum(end - start for start, end in told.spans) == told.seconds * SECOND_US, told.story


def test_rejections_name_real_lines_and_reasons(day: Day) -> None:
    truth = json.loads(json.dumps(ground_truth(day)))
    texts = tables(day)
    reasons = {row["reason"] for row in truth["rejected"]}
    assert {"time_without_zone", "missing_value", "bad_time", "bad_value", "not_json", "empty_file"} <= reasons
    assert reasons <= {reason.value for reason in RejectReason}
    for row in truth["rejected"]:
        if row["file"] in texts:
            header, *lines = texts[row["file"]].splitlines()
            assert row["field"] in header.split(",")
            bad = next(bad for bad in day.bad_rows if bad.file == row["file"] and bad.field == row["field"])
            assert bad.row[row["field"]] in lines[row["line"] - 2]
