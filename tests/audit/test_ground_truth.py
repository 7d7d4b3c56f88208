"""The whole sample night against what its authors state about it: nothing missing, nothing extra, whatever it runs on."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from bwc_audit.domain.findings import Finding
from bwc_audit.domain.rates import rate_table
from bwc_audit.domain.times import us_of
from bwc_audit.embedded_s3 import EmbeddedS3, upload_tree
from bwc_audit.store import source_rows
from bwc_audit.store.database import reading
from tests.audit.nights import Night, night_settings, run_night, said
from tests.fixtures_night import SAMPLE
from tests.fixtures_postgres import PostgresServer
from tests.fixtures_sample import SampleNight

#: (where the source lies, where the answers go)
PLACES = ("folder-sqlite", "s3-sqlite", "s3-postgresql")


@pytest.fixture(scope="session")
def sample_in_s3(s3_server: EmbeddedS3, sample_night: SampleNight) -> dict[str, Any]:
    """The sample night in a bucket: the settings that name it."""
    bucket = f"sample-{uuid.uuid4().hex[:12]}"
    upload_tree(sample_night.source, s3_server.client(), bucket, "night")
    keys = {"s3_access_key": s3_server.access_key, "s3_secret_key": s3_server.secret_key}
    return {"source": f"s3://{bucket}/night", "s3_endpoint_url": s3_server.endpoint_url, **keys}


@pytest.fixture(scope="session", params=PLACES)
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The night, from each kind of source into each kind of database."""
    place = str(request.param)
    if place == "folder-sqlite":
        yield request.getfixturevalue("folder_night")
        return
    given = {**request.getfixturevalue("sample_in_s3"), **SAMPLE}
    state_dir = tmp_path_factory.mktemp(place)
    if place == "s3-sqlite":
        yield run_night(night_settings(state_dir=state_dir, **given))
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    done = run_night(night_settings(state_dir=state_dir, database_url=server.url(name), **given))
    yield done
    done.audit.engine.dispose()
    server.drop_database(name)


@pytest.fixture(scope="session")
def truth(sample_night: SampleNight) -> dict[str, Any]:
    return sample_night.truth


def test_every_assignment_has_its_outcome(night: Night, truth: dict[str, Any]) -> None:
    decided = [(one.incident_id, one.officer_id, one.outcome.value, one.reason) for one in night.results]
    stated = [(one["incident_id"], one["officer_id"], one["outcome"], one["reason"]) for one in truth["assignments"]]
    assert sorted(decided, key=str) == sorted(stated, key=str)


def test_every_finding_is_stated_and_no_other(night: Night, truth: dict[str, Any]) -> None:
    found = Counter(_identity(one.finding) for one in night.observed)
    stated = Counter(
        (one["kind"], one["incident_id"], one["officer_id"], one["recording_id"], one["is_borderline"])
        for one in truth["findings"]
    )
    assert found == stated
    assert {one.change.value for one in night.observed} == {"appeared"}


def test_devices_are_named_where_the_truth_names_them(night: Night, truth: dict[str, Any]) -> None:
    found = {_identity(one.finding): one.finding.device_id for one in night.observed if one.finding.recording_id is None}
    clocks = [one for one in truth["findings"] if one["kind"].startswith("clock_") and one["recording_id"] is None]
    by_kind = {kind: device for (kind, *_), device in found.items() if kind.startswith("clock_")}
    assert by_kind == {one["kind"]: one["device_id"] for one in clocks}
    for stated in truth["findings"]:
        if stated["device_id"] is not None:
            devices = {one.finding.device_id for one in night.observed if one.finding.kind == stated["kind"]}
            assert stated["device_id"] in devices


def test_measured_times_lie_within_the_stated_tolerance(night: Night, truth: dict[str, Any]) -> None:
    by_identity = {_identity(one.finding)[:4]: one.finding for one in night.observed}
    measured = 0
    for stated in truth["findings"]:
        finding = by_identity[stated["kind"], stated["incident_id"], stated["officer_id"], stated["recording_id"]]
        tolerance_us = stated["tolerance_s"] * 1e6
        if stated["seconds"] is not None:
            measured += 1
            assert finding.seconds_us == pytest.approx(stated["seconds"] * 1e6, abs=tolerance_us), stated["story"]
        if stated["spans"] is not None:
            ends = [(_us(span["start"]), _us(span["end"])) for span in stated["spans"]]
            assert len(finding.spans) == len(ends), stated["story"]
            for span, (start_us, end_us) in zip(finding.spans, ends, strict=True):
                assert span.start_us == pytest.approx(start_us, abs=tolerance_us), stated["story"]
                assert span.end_us == pytest.approx(end_us, abs=tolerance_us), stated["story"]
    assert measured == sum(one["seconds"] is not None for one in truth["findings"]) > 10


def test_every_bad_row_is_kept_with_its_place_and_reason(night: Night, truth: dict[str, Any]) -> None:
    stated = [(one["file"], one["line"], one["field"], one["reason"]) for one in truth["rejected"]]
    assert night.rejections() == sorted(stated)


def test_the_waterfall_is_exact(night: Night, truth: dict[str, Any]) -> None:
    table = rate_table(night.results)
    assert {bucket.value: n for bucket, n in table.waterfall} == truth["waterfall"]
    assert table.assignments == table.in_scope + sum(truth["waterfall"].values())
    assert table.in_scope == table.decided + table.pending + table.unknown


def test_everything_read_is_counted(night: Night, truth: dict[str, Any]) -> None:
    counts, stated = night.run.counts, truth["counts"]
    run = night.run.request
    with reading(night.audit.engine) as session:
        records = source_rows.load_records(session, run.source, run.period, margin_us=30 * 86_400 * 1_000_000)
    assert {
        "incidents": len(records.incidents),
        "assignment_rows": len(records.assignments),
        "assignments": counts["assignments"],
        "segments": counts["segments"],
        "video_objects": counts["videos_stored"],
        "officers": len(records.officers),
        "devices": len(records.devices),
        "holders": len(records.holdings),
        "device_events": len(records.device_events),
        "exemptions": len(records.exemptions),
        "rejected": counts["rows_rejected"],
        "findings": counts["findings"],
        "borderline": counts["findings_borderline"],
        "outcomes": {outcome: counts[f"assignments_{outcome}"] for outcome in stated["outcomes"]},
    } == stated


def test_what_was_not_examined_makes_the_run_incomplete(night: Night) -> None:
    assert night.run.status == "incomplete"
    assert len(night.run.not_examined) == len(set(night.run.not_examined)) > 0


def test_the_place_of_source_and_database_changes_no_answer(night: Night, folder_night: Night) -> None:
    assert said(night) == said(folder_night)
    assert night.run.counts["frames_sampled"] == folder_night.run.counts["frames_sampled"]
    assert night.run.request.source != folder_night.run.request.source or night is folder_night


def _identity(finding: Finding) -> tuple[str, str | None, str | None, str | None, bool]:
    who = (finding.incident_id, finding.officer_id, finding.recording_id)
    return (finding.kind.value, *who, finding.is_borderline)


def _us(text: str) -> int:
    return us_of(datetime.fromisoformat(text))
