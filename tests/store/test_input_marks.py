"""The hash kept over all files and videos of a source is that of its rows, whatever changed, and is worked out seldom."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from bwc_audit.domain.records import Records, StoredObject
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.store.check import check
from bwc_audit.store.database import open_database, reading, upgrade, writing
from bwc_audit.store.input_marks import InputMark, fresh_input_mark, input_mark, keep_input_mark
from bwc_audit.store.source_files import forget_files, replace_file, replace_video_objects, set_file_mark

SOURCE, OTHER = "s3://bucket/prefix", "s3://other"


def put(session: Session, source: str, key: str, etag: str = "e", size_bytes: int = 1, read_at_us: int = 7) -> None:
    replace_file(session, source, ObjectStat(key, size_bytes, etag, 5), Records(), read_at_us=read_at_us)


def file_id_of(session: Session, source: str, key: str) -> int:
    query = text("SELECT file_id FROM source_file WHERE source = :source AND key = :key")
    return int(session.connection().scalars(query, {"source": source, "key": key}).one())


def kept_rows(session: Session) -> dict[str, InputMark]:
    rows = session.connection().execute(text("SELECT source, inputs_hash, readings_hash FROM input_mark"))
    return {source: InputMark(*mark) for source, *mark in rows}


def test_the_mark_is_that_of_the_rows_whatever_came_and_went(engine: Engine) -> None:
    chance = random.Random(1)
    files, videos = ["a.csv", "b.csv", "é\x00.json"], [f"{name}.mp4" for name in ("a", "B", "d\x00", "é", "f")]
    told = set()
    for _ in range(60):
        source = chance.choice([SOURCE, OTHER])
        with writing(engine) as session:
            match chance.randrange(5):
                case 0:
                    forget_files(session, source, chance.sample(files, 2))
                case 1:
                    listed = [StoredObject(key, chance.choice([1, 2]), chance.choice("ef"), 3) for key in videos]
                    replace_video_objects(session, source, chance.sample(listed, 3))
                case 2:
                    put(session, source, "late.csv")
                    set_file_mark(session, source, file_id_of(session, source, "late.csv"), chance.choice(["", "x"]))
                case 3:
                    put(
                        session,
                        source,
                        chance.choice(files),
                        chance.choice("ef"),
                        chance.choice([1, 2]),
                        chance.choice([7, 8]),
                    )
                case _:
                    pass
            for each in (SOURCE, OTHER):
                assert input_mark(session, each) == fresh_input_mark(session, each)
                told.add(input_mark(session, each))
            if chance.random() < 0.7:
                keep_input_mark(session, source)
    assert len(told) > 20
    assert check(engine) == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda session: forget_files(session, SOURCE, ["a.csv"]),
        lambda session: put(session, SOURCE, "a.csv", etag="f"),
        lambda session: put(session, SOURCE, "b.csv"),
        lambda session: replace_video_objects(session, SOURCE, [StoredObject("a.mp4", 2, "e", 3)]),
        lambda session: set_file_mark(session, SOURCE, file_id_of(session, SOURCE, "a.csv"), ""),
    ],
)
def test_a_change_tells_in_its_own_transaction_and_one_taken_back_tells_nothing(
    engine: Engine, change: Callable[[Session], object]
) -> None:
    with writing(engine) as session:
        put(session, SOURCE, "a.csv")
        replace_video_objects(session, SOURCE, [StoredObject("a.mp4", 1, "e", 3)])
        keep_input_mark(session, SOURCE)
        before = input_mark(session, SOURCE)
        session.commit()
        change(session)
        assert input_mark(session, SOURCE) == fresh_input_mark(session, SOURCE) != before
        session.rollback()
        assert kept_rows(session) == {SOURCE: before}


def test_a_kept_mark_is_not_worked_out_again(engine: Engine) -> None:
    """Shown by a mark that is wrong: it is believed, until a change; the check of the database finds it."""
    wrong = InputMark("no", "no")
    with writing(engine) as session:
        put(session, SOURCE, "a.csv")
        session.connection().execute(text("UPDATE input_mark SET inputs_hash = 'no', readings_hash = 'no'"))
        keep_input_mark(session, SOURCE)
        assert input_mark(session, SOURCE) == wrong
    (problem,) = check(engine)
    assert problem.subject == SOURCE
    with writing(engine) as session:
        put(session, SOURCE, "a.csv")
        keep_input_mark(session, SOURCE)
        assert kept_rows(session) == {SOURCE: fresh_input_mark(session, SOURCE)}


def test_reading_the_same_file_again_changes_only_the_hash_over_readings(engine: Engine) -> None:
    with writing(engine) as session:
        put(session, SOURCE, "a.csv", read_at_us=7)
        before = input_mark(session, SOURCE)
        put(session, SOURCE, "a.csv", read_at_us=8)
        now = input_mark(session, SOURCE)
    assert now.inputs_hash == before.inputs_hash
    assert now.readings_hash != before.readings_hash


def test_no_mark_is_kept_while_somebody_else_is_changing_the_source(postgres_url: str) -> None:
    """On SQLite there is one writer at a time."""
    engine = open_database(postgres_url)
    upgrade(engine)
    with writing(engine) as session:
        put(session, SOURCE, "a.csv")
    with writing(engine) as changing:
        put(changing, SOURCE, "b.csv")
        with writing(engine) as keeping:
            keep_input_mark(keeping, SOURCE)
            assert kept_rows(keeping) == {SOURCE: InputMark("", "")}
    with reading(engine) as session:
        assert kept_rows(session) == {SOURCE: InputMark("", "")}
        assert input_mark(session, SOURCE) == fresh_input_mark(session, SOURCE)
    engine.dispose()
