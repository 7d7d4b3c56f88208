"""Bad input, one small source each: a clear message and a stored trace, never a crash, never silence, never "clean"."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bwc_audit.audit.ingest import ingest
from bwc_audit.audit.night import start_run
from bwc_audit.audit.reports import report_input
from bwc_audit.audit.setup import Audit, nightly_period, open_audit
from bwc_audit.config import Settings, load_settings
from bwc_audit.domain.runs import RunKind, RunStatus
from bwc_audit.embedded_s3 import EmbeddedS3
from bwc_audit.errors import ConfigurationError, ObjectForbiddenError, ObjectMissingError, ObjectStoreError, StoreError
from bwc_audit.store import runs
from bwc_audit.store.database import open_database, reading
from tests.audit.nights import DAY, finish_night, migrated, night_settings, open_night, run_night
from tests.audit.small_force import Row, SmallForce
from tests.fixtures_s3 import OPEN_BUCKET

#: The video of the call that everything happens to, and its sidecar.
VIDEO, SIDECAR = "footage/V-I1-7.mp4", "footage/V-I1-7.json"


@pytest.fixture
def force(force: SmallForce) -> SmallForce:
    """Two calls, both recorded: the second stays sound whatever happens to the first."""
    for incident_id, clock in (("I1", "20:00"), ("I2", "22:00")):
        force.call(incident_id, clock, "7")
        force.recorded(incident_id, "7", clock)
    return force


def test_rows_that_another_file_contradicts_are_counted_and_named(force: SmallForce, settings: Settings) -> None:
    """A number over a list that has fewer lines leaves the reader to guess which row was not believed."""
    held: Row = {"device_id": "CAM8", "officer_id": "7", "held_from": "2025-05-01T00:00:00Z"}
    force.write_csv("roster/holders-more.csv", [held])
    force.write_csv("cad/incidents-more.csv", [force.incidents[0]])
    night = run_night(settings)
    named = [(str(row.row), row.reason.value) for row in report_input(night.audit, night.run.run_id).rejected]
    assert named == [
        ("cad/incidents.csv:2", "duplicate_id"),
        ("roster/holders-more.csv:2", "bad_value"),
        ("roster/holders.csv:3", "bad_value"),
    ]
    assert night.run.counts["rows_rejected"] == len(named)
    assert "3 rows of the sources rejected and not judged" in night.run.not_examined


@pytest.mark.parametrize("is_other_file", [False, True], ids=["one file", "two files"])
def test_a_number_used_for_two_calls_accuses_nobody(force: SmallForce, settings: Settings, is_other_file: bool) -> None:
    """Both calls were recorded whole; taken for one call, 23 hours of it would be missing."""
    again: Row = {name: str(value).replace("05-24T", "05-25T") for name, value in force.incidents[0].items()}
    second: Row = {name: str(value).replace("05-24T", "05-25T") for name, value in force.assignments[0].items()}
    force.assignments.append(second)
    if is_other_file:
        force.write_csv("cad/incidents-more.csv", [again])
    else:
        force.incidents.append(again)
    force.write_records()
    night = run_night(settings)
    assert {(row.field, row.reason.value) for row in night.rejected} == {("incident_id", "duplicate_id")}
    assert len(night.rejected) == 2
    assert (night.outcome("I1", "7"), night.outcome("I2", "7")) == ("unknown: incident_not_loaded", "covered")
    assert [kind for kind in night.kinds() if kind in ("recording_gap", "no_footage", "early_deactivation")] == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty_file"), (b"   \n", "empty_file"), (b"{not json", "not_json"), (b"\xff\xfe\x00", "not_json")],
    ids=["empty", "blank", "not json", "not text"],
)
def test_a_sidecar_that_cannot_be_read(force: SmallForce, settings: Settings, content: bytes, reason: str) -> None:
    force.write(SIDECAR, content)
    night = run_night(settings)
    assert night.rejections() == [(SIDECAR, 0, "", reason)]
    assert night.kinds() == ["metadata_missing", "no_footage"]
    explained = night.finding("no_footage").finding.explanations
    assert "video_without_metadata" in {one.kind.value for one in explained}
    assert (night.outcome("I1", "7"), night.outcome("I2", "7")) == ("findings", "covered")
    assert night.run.status is RunStatus.INCOMPLETE
    assert any(said.startswith(f"{SIDECAR}: ") for said in night.run.not_examined)
    assert night.ingested.not_read == (SIDECAR,)


def test_a_table_without_a_column_it_needs(force: SmallForce, settings: Settings) -> None:
    force.write_csv("cad/assignments.csv", [{"incident_id": "I1", "on_scene_at": "2025-05-24T20:00:00Z"}])
    night = run_night(settings)
    assert night.rejections() == [("cad/assignments.csv", 0, "officer_id", "missing_column")]
    assert "needs column officer_id" in night.rejected[0].detail
    assert night.results == ()
    assert night.run.status is RunStatus.INCOMPLETE
    assert "no assignments were read for the period: nothing could be judged" in night.run.not_examined


def test_times_without_zone(force: SmallForce, settings: Settings) -> None:
    force.assignments[0]["on_scene_at"] = "2025-05-24T20:00:00"
    force.write_records()
    night = run_night(settings)
    assert night.rejections() == [("cad/assignments.csv", 2, "on_scene_at", "time_without_zone")]
    assert [(one.incident_id, one.outcome.value) for one in night.results] == [("I2", "covered")]
    assert night.run.status is RunStatus.INCOMPLETE
    assert night.run.not_examined == ("1 row of the sources rejected and not judged",)


def test_clear_before_arrival(force: SmallForce, settings: Settings) -> None:
    force.assignments[0]["cleared_at"] = "2025-05-24T19:59:00Z"
    force.write_records()
    night = run_night(settings)
    assert (night.outcome("I1", "7"), night.outcome("I2", "7")) == ("excluded: invalid_times", "covered")


def test_an_unknown_officer_is_unknown_and_never_without_footage(force: SmallForce, settings: Settings) -> None:
    force.assignments[0]["officer_id"] = "S 8841"
    force.write_records()
    night = run_night(settings)
    assert (night.outcome("I1", "S 8841"), night.outcome("I2", "7")) == ("unknown: identity", "covered")
    assert "no_footage" not in night.kinds()


def test_ids_that_occur_twice(force: SmallForce, settings: Settings) -> None:
    force.incidents.append({**force.incidents[0], "call_type": "THEFT"})
    force.write_records()
    force.recorded("I1", "7", "20:00", force.clip, footage_id="V-I2-7")
    night = run_night(settings)
    assert night.rejections() == [("cad/incidents.csv", 4, "incident_id", "duplicate_id")]
    assert "duplicate" in night.kinds()
    assert (night.outcome("I1", "7"), night.outcome("I2", "7")) == ("covered", "covered")


def test_one_incident_in_two_files(force: SmallForce, settings: Settings) -> None:
    force.write_csv("cad/incidents-more.csv", [force.incidents[0]])
    night = run_night(settings)
    assert [(one.field, one.reason.value) for one in night.rejected] == [("incident_id", "duplicate_id")]
    assert night.run.status is RunStatus.INCOMPLETE
    assert (night.outcome("I1", "7"), night.outcome("I2", "7")) == ("covered", "covered")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"this is no video\n" * 50, "not_media"), (b"\0" * 4096, "not_media")],
    ids=["empty", "text", "zeros"],
)
def test_a_file_that_is_no_video(force: SmallForce, settings: Settings, content: bytes, reason: str) -> None:
    force.recorded("I1", "7", "20:00", content)
    night = run_night(settings)
    assert night.kinds() == ["unreadable"]
    assert (night.outcome("I1", "7"), night.outcome("I2", "7")) == ("findings", "covered")
    assert night.run.status is RunStatus.INCOMPLETE
    assert f"V-I1-7: video unreadable ({reason})" in night.run.not_examined
    (unseen,) = (one for one in night.results if one.incident_id == "I1")
    assert (unseen.usable_us, unseen.unexamined_us) == (None, unseen.covered_us)


@pytest.mark.parametrize("form", ["#EXTM3U\n#EXTINF:5,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"], ids=["m3u8", "concat"])
def test_a_playlist_is_never_followed(force: SmallForce, settings: Settings, form: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/other.mp4"
        force.recorded("I1", "7", "20:00", form.format(address).encode())
        night = run_night(settings)
        listener.settimeout(0.05)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert night.kinds() == ["unreadable"]
    assert "V-I1-7: video unreadable (playlist_refused)" in night.run.not_examined


def test_a_truncated_file(force: SmallForce, settings: Settings, faststart_clip: bytes) -> None:
    force.recorded("I1", "7", "20:00", faststart_clip[: len(faststart_clip) // 2])
    night = run_night(settings)
    assert night.kinds() == ["truncated"]
    assert (night.outcome("I1", "7"), night.outcome("I2", "7")) == ("findings", "covered")
    assert "V-I1-7: the file ends before what it says it holds" in night.run.not_examined


def test_a_file_whose_index_was_never_written(force: SmallForce, settings: Settings) -> None:
    force.recorded("I1", "7", "20:00", force.clip[: len(force.clip) // 2])
    night = run_night(settings)
    assert night.kinds() == ["unreadable"]
    assert "V-I1-7: video unreadable (moov_missing)" in night.run.not_examined


def test_an_empty_source_is_not_a_clean_night(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    night = run_night(night_settings(tmp_path / "source", tmp_path / "state"))
    assert (night.results, night.observed) == ((), ())
    assert night.run.status is RunStatus.INCOMPLETE
    assert night.run.not_examined == ("no assignments were read for the period: nothing could be judged",)


def test_records_without_any_footage_state_no_absence(force: SmallForce, settings: Settings) -> None:
    force.remove(VIDEO)
    force.remove("footage/V-I2-7.mp4")
    night = run_night(settings)
    assert {night.outcome(incident_id, "7") for incident_id in ("I1", "I2")} == {"unknown: footage_not_loaded"}
    assert night.observed == ()
    assert night.run.status is RunStatus.INCOMPLETE
    assert night.run.not_examined == ("no footage metadata were read for the period",)


def test_a_video_that_may_not_be_read(force: SmallForce, settings: Settings, tmp_path: Path) -> None:
    outside = tmp_path / "outside.mp4"
    (force.root / VIDEO).rename(outside)
    (force.root / VIDEO).symlink_to(outside)  # a link that leaves the source is refused
    night = run_night(settings)
    assert (night.run.counts["videos_failed"], night.videos_examined) == (1, 1)
    assert night.run.status is RunStatus.INCOMPLETE
    assert any(said.startswith(f"{VIDEO}: ") and "is refused" in said for said in night.run.not_examined)
    assert night.outcome("I2", "7") == "covered"
    assert night.kinds() == []
    (unseen,) = (one for one in night.results if one.incident_id == "I1")
    assert (unseen.usable_us, unseen.unexamined_us) == (None, unseen.covered_us)


def test_a_source_folder_that_is_not_there(tmp_path: Path) -> None:
    audit = open_audit(night_settings(tmp_path / "nowhere", tmp_path / "state"))
    with pytest.raises(ConfigurationError, match="nowhere is not there"):
        ingest(audit)


def test_a_bucket_that_is_not_there(s3_server: EmbeddedS3, tmp_path: Path) -> None:
    audit = _s3_audit(s3_server, "no-such-bucket", None, tmp_path)
    with pytest.raises(ObjectMissingError, match="s3://no-such-bucket"):
        ingest(audit)


@pytest.mark.parametrize("identity", ["nobody", "reader_only", "visitor"])
def test_a_bucket_that_may_not_be_listed(s3_server: EmbeddedS3, s3_bucket: str, tmp_path: Path, identity: str) -> None:
    bucket = OPEN_BUCKET if identity == "reader_only" else s3_bucket
    audit = _s3_audit(s3_server, bucket, identity, tmp_path)
    with pytest.raises(ObjectForbiddenError, match="grant s3:GetObject and s3:ListBucket") as caught:
        ingest(audit)
    assert s3_server.further[identity].secret_key not in str(caught.value)


def test_a_store_that_does_not_answer(s3_server: EmbeddedS3, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    audit = _s3_audit(s3_server, "bucket", None, tmp_path, s3_endpoint_url=f"http://127.0.0.1:{port}")
    with pytest.raises(ObjectStoreError, match="could not be reached") as caught:
        ingest(audit)
    assert type(caught.value) is ObjectStoreError


def test_a_locked_sqlite_database_is_said_and_later_nights_run(force: SmallForce, settings: Settings) -> None:
    audit, run_id, ingested = open_night(settings)
    impatient = replace(audit, engine=open_database(settings.effective_database_url, busy_s=0.1))
    with _locked_sqlite(settings), pytest.raises(StoreError, match="locked by another program: wait for that, or stop it"):
        start_run(impatient, audit.request(RunKind.NIGHTLY, nightly_period(audit, DAY)))
    with _locked_sqlite(settings), pytest.raises(StoreError, match="locked by another program"):
        finish_night(impatient, run_id, ingested)
    assert len(list((settings.state_dir / "running").iterdir())) == 1
    night = finish_night(impatient, run_id, ingested)
    assert night.run.status is RunStatus.COMPLETE
    with reading(audit.engine) as session:
        assert len(runs.load_runs(session)) == 1


def test_a_locked_postgresql_database_is_said(force: SmallForce, settings: Settings, postgres_url: str) -> None:
    audit = open_audit(migrated(settings.model_copy(update={"database_url": postgres_url})))
    impatient = replace(audit, engine=open_database(postgres_url, busy_s=0.1))
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE run IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="locked by another program") as caught:
            start_run(impatient, audit.request(RunKind.NIGHTLY, nightly_period(audit, DAY)))
    impatient.engine.dispose()
    audit.engine.dispose()
    assert postgres_url not in str(caught.value)


def test_a_database_behind_its_migrations_is_refused(tmp_path: Path) -> None:
    settings = load_settings(source=str(tmp_path), state_dir=tmp_path / "state", database_url="")
    with pytest.raises(StoreError, match=r"is behind its migrations.*run `bwc-audit db upgrade`"):
        open_audit(settings)
    open_audit(migrated(settings)).engine.dispose()


@contextmanager
def _locked_sqlite(settings: Settings) -> Iterator[None]:
    with closing(sqlite3.connect(settings.state_dir / "audit.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def _s3_audit(server: EmbeddedS3, bucket: str, identity: str | None, tmp_path: Path, **more: object) -> Audit:
    keys = server.further[identity] if identity else server
    given: dict[str, object] = {"s3_endpoint_url": server.endpoint_url, **more}
    given |= {"s3_access_key": keys.access_key, "s3_secret_key": keys.secret_key}
    return open_audit(night_settings(f"s3://{bucket}/night", tmp_path / "state", **given))
