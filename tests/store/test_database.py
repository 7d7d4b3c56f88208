"""Opening, upgrading, locking: the same on both databases, and clear words where it fails."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect, text

from bwc_audit.domain.inspection import Inspection, InspectionStatus
from bwc_audit.domain.results import Outcome
from bwc_audit.domain.times import Span
from bwc_audit.errors import StoreError
from bwc_audit.store import database, runs
from bwc_audit.store.check import GUARDS, check, schema_problems
from bwc_audit.store.database import open_database, reading, require_current, revisions, upgrade, writing
from bwc_audit.store.input_marks import fresh_input_mark, keep_input_mark
from bwc_audit.store.inspections import latest_inspection
from bwc_audit.store.tables import METADATA


def test_an_empty_database_is_brought_to_the_head_and_equals_the_models(empty_url: str) -> None:
    engine = open_database(empty_url)
    before, head = upgrade(engine)
    assert before is None
    assert revisions(engine) == (head, head)
    require_current(engine)
    with engine.connect() as connection:
        assert schema_problems(connection) == ()
        assert set(inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}
    engine.dispose()


def test_the_first_revision_with_an_inspection_comes_to_the_head(empty_url: str) -> None:
    engine = open_database(empty_url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    values = "('s', 'k', 'e', 1, '1', 'd', '{}', 'complete', '', 0, 0, 0, 0, 0, '[]', '[]', '[]')"
    columns = (
        "source, object_key, etag, size_bytes, inspector_version, plan_digest, plan, status, detail, bytes_read, "
        "frames_sampled, longest_step_us, audio_us, elapsed_s, examined_spans, defects, not_examined"
    )
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO inspection ({columns}) VALUES {values}"))
        connection.execute(text("INSERT INTO video_object VALUES ('s', 'k', 1, 'e', 0)"))
    assert upgrade(engine) == ("0001", revisions(engine)[1])
    with writing(engine) as session:
        assert latest_inspection(session, "s", "k") == Inspection("k", InspectionStatus.COMPLETE)
        keep_input_mark(session, "s")
        kept = session.connection().execute(text("SELECT inputs_hash, readings_hash FROM input_mark")).one()
        assert tuple(kept) == fresh_input_mark(session, "s")
    assert check(engine) == ()
    engine.dispose()


#: A decided run of one incident with a finding and a segment, as revisions 0001 to 0004 stored it.
_OLD_RUN = (
    "INSERT INTO run (run_id, kind, source, period_start_us, period_end_us, as_of_us, timezone, policy_id, policy_version, "
    "policy_hash, is_deep, status, started_us, software_version, inspector_version, inputs_hash, counts, not_examined) "
    "VALUES ('r1', 'nightly', 's', 0, 9, 9, 'UTC', 'p', '1', 'h', {false}, 'running', 1, '0', '1', '', '{{}}', '[]')",
    "INSERT INTO run_result (run_id, incident_id, officer_id, ordinal, outcome, required_us, covered_us, unexamined_us, "
    "covered, gaps, unusable, footage_ids, not_examined) "
    "VALUES ('r1', 'I1', 'A1', 0, 'covered', 0, 0, 0, '[]', '[]', '[]', '[\"F1\"]', '[]')",
    "INSERT INTO run_incident (run_id, incident_id, ordinal, call_type, opened_us) VALUES ('r1', 'I1', 0, 'STOP', 3)",
    "INSERT INTO run_segment (run_id, ordinal, incident_id, footage_id, recording_id, device_id, start_us, end_us, "
    "offset_us, uncertainty_us, role, unusable, not_examined) "
    "VALUES ('r1', 0, 'I1', 'F1', 'R1', 'D1', 1, 8, 0, 60, 'matched', "
    "'[[\"black_video\", 2, 3]]', '[\"why\"]')",
    "INSERT INTO finding (fingerprint, finding_id, kind, incident_id, clause, first_run_id, last_run_id, state) "
    "VALUES ('f1', 'F-1', 'no_footage', 'I1', 'c', 'r1', 'r1', 'open')",
    "INSERT INTO observation (run_id, fingerprint, ordinal, state, change, severity, message, seconds_us, is_borderline, "
    "spans, footage_ids, evidence, not_examined, content_digest) "
    "VALUES ('r1', 'f1', 0, 'open', 'appeared', 'high', 'm', 5, {false}, '[]', '[]', '[]', '[]', 'd')",
    "INSERT INTO explanation (run_id, fingerprint, ordinal, kind, speaks_for, speaks_against) "
    "VALUES ('r1', 'f1', 1, 'no_camera', '[]', '[\"a \\u0000 \u00e9\"]'), ('r1', 'f1', 0, 'device_off', '[\"off\"]', '[]')",
    "UPDATE run SET status = 'complete', finished_us = 2, result_count = 1, observation_count = 1",
)


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_a_run_of_every_older_revision_reads_the_same_at_the_head(empty_url: str, revision: str) -> None:
    engine = open_database(empty_url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    no = "false" if engine.dialect.name == "postgresql" else "0"
    with engine.begin() as connection:
        for statement in _OLD_RUN:
            connection.exec_driver_sql(statement.format(false=no))
    upgrade(engine)
    with reading(engine) as session:
        (result,) = runs.load_results(session, "r1")
        (segment,) = runs.load_segments(session, "r1", incident_id="I1")
        (seen,) = runs.load_observed(session, "r1")
        (found,) = runs.previous_observations(session, "s", period=Span(3, 4)).values()
    assert (result.outcome, result.footage_ids) == (Outcome.COVERED, ("F1",))
    assert (segment.span, segment.unusable[0].span, segment.not_examined) == (Span(1, 8), Span(2, 3), ("why",))
    told = [(one.kind, one.speaks_for, one.speaks_against) for one in seen.finding.explanations]
    assert (seen.finding.message, told) == ("m", [("device_off", ("off",), ()), ("no_camera", (), ("a \0 \u00e9",))])
    assert found == seen
    assert check(engine) == ()
    for change in ("DELETE FROM run_lanes", "UPDATE run_answer SET digest = 'x'", "UPDATE observation SET message = 'x'"):
        with pytest.raises(StoreError, match="never changed"), writing(engine) as session:
            session.connection().execute(text(change))
    engine.dispose()


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    head = revisions(engine)[0]
    assert upgrade(engine) == (head, head)
    assert check(engine) == ()


def test_a_database_behind_its_migrations_is_refused_with_both_revisions_and_the_mend(empty_url: str) -> None:
    engine = open_database(empty_url)
    head = revisions(engine)[1]
    with pytest.raises(StoreError, match=rf"behind its migrations: it is at no revision, .* {head}; run `bwc-audit db up"):
        require_current(engine)
    (problem,) = check(engine)
    assert "revision" in problem.rule
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="ahead of this program: it is at revision 9999"):
        require_current(engine)


def test_a_failed_upgrade_leaves_nothing_behind(empty_url: str) -> None:
    engine = open_database(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE run_result (x INTEGER)"))
    with pytest.raises(StoreError, match="run_result"):
        upgrade(engine)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["run_result"]
    engine.dispose()


def test_two_upgrades_at_once_both_end_at_the_head(empty_url: str) -> None:
    engine = open_database(empty_url)
    failed: list[BaseException] = []

    def run_upgrade() -> None:
        try:
            upgrade(engine)
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=run_upgrade) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    require_current(engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DROP INDEX ix_segment_footage_id", "ix_segment_footage_id"),
        ("ALTER TABLE officer ADD COLUMN nickname TEXT", "nickname"),
        ("DROP TABLE still", "still"),
    ],
)
def test_check_names_what_differs_from_the_models(engine: Engine, damage: str, told: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(damage))
    problems = check(engine)
    assert problems
    assert all(told in problem.subject for problem in problems)


def test_check_names_a_missing_guard(engine: Engine) -> None:
    name = min(GUARDS[engine.dialect.name] & {"disposition_no_update", "disposition_kept"})
    on_table = " ON disposition" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {name}{on_table}"))
    (problem,) = check(engine)
    assert problem.subject == name


def test_check_names_a_dropped_check(empty_url: str, dialect: str) -> None:
    engine = open_database(empty_url)
    upgrade(engine)
    with engine.begin() as connection:
        if dialect == "postgresql":
            connection.execute(text("ALTER TABLE officer DROP CONSTRAINT ck_officer_line_not_negative"))
        else:
            connection.execute(text("PRAGMA writable_schema = ON"))
            connection.execute(
                text(
                    "UPDATE sqlite_master SET sql = replace(sql, 'ck_officer_line_not_negative CHECK (line >= 0)', "
                    "'ck_officer_line_not_negative CHECK (line >= -5)') WHERE name = 'officer'"
                )
            )
    engine.dispose()
    (problem,) = check(engine)
    assert "ck_officer_line_not_negative" in problem.subject
    engine.dispose()


def test_a_writing_block_that_raises_leaves_nothing(engine: Engine) -> None:
    row = "INSERT INTO video_object VALUES ('s', 'k', 1, 'e', 0, false)"

    def write_and_fail() -> None:
        with writing(engine) as session:
            session.connection().execute(text(row))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with writing(engine) as session:
        session.connection().execute(text(row))
    with reading(engine) as session:
        assert session.connection().scalar(text("SELECT COUNT(*) FROM video_object")) == 1


def test_reading_never_writes_what_it_was_told(engine: Engine) -> None:
    row = text("INSERT INTO video_object VALUES ('s', 'k', 1, 'e', 0, false)")
    if engine.dialect.name == "postgresql":
        with pytest.raises(StoreError, match="read-only"), reading(engine) as session:
            session.connection().execute(row)
    else:
        with reading(engine) as session:
            session.connection().execute(row)
    with reading(engine) as session:
        assert session.connection().scalar(text("SELECT COUNT(*) FROM video_object")) == 0


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("INSERT INTO video_object VALUES ('s', 'k', -1, 'e', 0, false)", "size_bytes_not_negative"),
        ("INSERT INTO officer (file_id, ordinal, line, officer_id, unit) VALUES (77, 0, 1, 'A', 'B')", "(?i)foreign key"),
        ("INSERT INTO video_object VALUES ('s', 'k', NULL, 'e', 0, false)", "(?i)not[- ]null"),
    ],
)
def test_rules_of_the_database_hold(engine: Engine, row: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as refused, writing(engine) as session:
        session.connection().execute(text(row))
    assert "a rule of the stored data refused this" in str(refused.value)


def test_a_locked_sqlite_database_is_told_with_the_mend(tmp_path: Path, migrated_file: Path) -> None:
    path = tmp_path / "locked.db"
    path.write_bytes(migrated_file.read_bytes())
    engine = open_database(f"sqlite:///{path}", busy_s=0.2)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program: wait for that, or stop it"), writing(engine) as session:
        session.connection()
    with reading(engine) as session:
        assert session.connection().scalar(text("SELECT COUNT(*) FROM run")) == 0
    holder.execute("ROLLBACK")
    holder.close()
    with writing(engine) as session:
        session.connection()
    engine.dispose()


def test_a_sqlite_writer_waits_for_another_process(tmp_path: Path, migrated_file: Path) -> None:
    path = tmp_path / "busy.db"
    path.write_bytes(migrated_file.read_bytes())
    code = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE'); "
        "print('held', flush=True); time.sleep(0.5); c.execute('COMMIT')"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        engine = open_database(f"sqlite:///{path}")
        with writing(engine) as session:
            session.connection()
        engine.dispose()


def test_opening_the_database_again_drops_no_lock_of_this_program(tmp_path: Path, migrated_file: Path) -> None:
    """POSIX drops all of a process's locks on a file when any descriptor of it is closed. Another program would then take
    itself for the last one, and remove the write-ahead log in use when it leaves."""
    path = tmp_path / "shared.db"
    path.write_bytes(migrated_file.read_bytes())
    engine = open_database(f"sqlite:///{path}")
    leave = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('SELECT * FROM run').fetchall(); c.close()"
    with reading(engine) as session:
        session.connection().execute(text("SELECT * FROM run")).all()
        open_database(f"sqlite:///{path}").dispose()
        subprocess.run([sys.executable, "-c", leave], check=True)
        assert Path(f"{path}-wal").exists()
    engine.dispose()


def test_a_locked_postgresql_table_is_told_with_the_mend(postgres_url: str) -> None:
    engine, holder = open_database(postgres_url, busy_s=0.2), open_database(postgres_url)
    upgrade(engine)
    with holder.begin() as held:
        held.execute(text("LOCK TABLE run IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StoreError, match="locked by another program"), reading(engine) as session:
            session.connection().execute(text("SELECT * FROM run"))
    engine.dispose()
    holder.dispose()


def test_a_new_sqlite_file_is_private_and_set_up(tmp_path: Path) -> None:
    path = tmp_path / "state" / "bwc.db"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with engine.connect() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")]
    assert settings == ["wal", 1]
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:////proc/nowhere/bwc.db", "cannot be made"),
        ("mysql://host/name", "mysql is not supported"),
        ("not a url", "is not a URL"),
    ],
)
def test_what_cannot_be_opened_says_why(url: str, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        open_database(url)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "bwc.db"
    path.write_text("this is a letter, not a database\n" * 100)
    with pytest.raises(StoreError, match="not an SQLite database"):
        require_current(open_database(f"sqlite:///{path}"))


def test_a_missing_server_and_a_wrong_password_are_told_without_the_password(postgres_url: str, tmp_path: Path) -> None:
    for url in (f"postgres://u:geheim-7@/x?host={tmp_path}", "postgresql://u:geheim-7@127.0.0.1:1/x"):
        with pytest.raises(StoreError, match="no server answers there") as missing:
            require_current(open_database(url))
        assert "geheim-7" not in str(missing.value)
    password = postgres_url.split(":")[2].split("@")[0]
    with pytest.raises(StoreError, match="user or password is refused") as refused:
        require_current(open_database(postgres_url.replace(password, "geheim-7")))
    assert "geheim-7" not in str(refused.value)
