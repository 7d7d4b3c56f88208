"""Rows of the sources: what goes in comes out equal, file by file, and only what the period asks for."""

from __future__ import annotations

import random
import time
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session

from bwc_audit.domain.records import (
    LONGEST_SEGMENT_US,
    Assignment,
    DeviceEvent,
    DeviceEventKind,
    Incident,
    Officer,
    Records,
    RejectedRow,
    RejectReason,
    RowRef,
    Segment,
    StoredObject,
)
from bwc_audit.domain.times import DAY_US, HOUR_US, Span
from bwc_audit.errors import StoreError
from bwc_audit.objects.contract import ObjectStat
from bwc_audit.store import named_videos
from bwc_audit.store.check import check
from bwc_audit.store.database import reading, writing
from bwc_audit.store.source_files import FileMark, forget_files, known_files, replace_file, replace_video_objects
from bwc_audit.store.source_rows import load_records, load_video_objects, segments_around
from tests.store.values import any_of

SOURCE = "s3://bucket/prefix"
ALWAYS = Span(-1, 2**55)
PERIOD = Span(100 * DAY_US, 101 * DAY_US)


def stat_of(key: str, etag: str = "e1") -> ObjectStat:
    return ObjectStat(key, 10, etag, 5)


def put(session: Session, key: str, records: Records, source: str = SOURCE) -> None:
    replace_file(session, source, stat_of(key), records, read_at_us=7)


def segment(name: str, start_us: int, length_us: int = HOUR_US, key: str = "a.csv", **more: Any) -> Segment:
    return Segment(name, "D1", start_us, length_us, RowRef(key, 1), **more)


#: What is written file by file; the rest of ``Records`` is found in other ways.
READ_FROM_FILES = tuple(
    field.name
    for field in fields(Records)
    if field.name not in ("objects", "beside", "incidents_beside", "beside_unjudged", "footage_until_us")
)


def rows_in(key: str) -> st.SearchStrategy[Records]:
    """Any records, all read from one file."""
    hints = get_type_hints(Records)
    return st.builds(
        Records,
        **{
            name: st.lists(any_of(get_args(hints[name])[0]).map(lambda row: _read_from(key, row)), max_size=2).map(tuple)
            for name in READ_FROM_FILES
        },
    )


def _read_from(key: str, row: Any) -> Any:
    placed = replace(row, row=RowRef(key, row.row.line))
    if isinstance(placed, Segment):  # longer ones are rejected before they come here
        placed = replace(placed, duration_us=placed.duration_us % LONGEST_SEGMENT_US)
    # An assignment without any time and without its incident belongs to no period.
    return replace(placed, dispatched_us=placed.dispatched_us or 0) if isinstance(placed, Assignment) else placed


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(first=rows_in("a.csv"), second=rows_in("b.csv"), again=rows_in("a.csv"))
def test_rows_come_back_as_they_were_whatever_was_read_first(
    engine: Engine, first: Records, second: Records, again: Records
) -> None:
    both = Records(**{name: getattr(first, name) + getattr(second, name) for name in READ_FROM_FILES})
    with writing(engine) as session:
        put(session, "b.csv", second)
        put(session, "a.csv", again)
        put(session, "a.csv", first)
        assert load_records(session, SOURCE, ALWAYS, margin_us=0) == both
        session.rollback()


def test_a_recording_uploaded_in_the_period_is_read_however_far_its_clock_was_off(engine: Engine) -> None:
    far_us = PERIOD.start_us - 268 * DAY_US
    with writing(engine) as session:
        found = [
            segment("in", far_us, uploaded_us=PERIOD.end_us),
            segment("late", far_us, uploaded_us=PERIOD.end_us + 1),
            segment("unknown", far_us),
        ]
        put(session, "a.csv", Records(segments=tuple(found)))
        loaded = load_records(session, SOURCE, PERIOD, margin_us=0)
        assert [one.footage_id for one in loaded.segments] == ["in"]
        session.rollback()


@pytest.mark.parametrize(("days", "by_index"), [(1, True), (30, True), (40, False), (400, False)])
def test_the_index_on_the_start_is_used_for_a_small_part_of_the_footage(engine: Engine, days: int, by_index: bool) -> None:
    old = segment("F", -(2**50), uploaded_us=DAY_US)  # its camera's clock was never set

    def one(day: int) -> Segment:
        return segment(f"F{day}", day * DAY_US, uploaded_us=(day + 2) * DAY_US)

    with writing(engine) as session:
        put(session, "a.csv", Records(segments=(old, *(one(day) for day in range(401)))))
        around = Span(DAY_US, (1 + days) * DAY_US)
        lies_there, _ = segments_around(session, around)
        assert ("media_started_us + :" in str(lies_there)) is not by_index
        found = load_records(session, SOURCE, around, margin_us=0).segments
        assert {f"F{day}" for day in range(1, 1 + days)} <= {one.footage_id for one in found}
        assert len(found) <= days + 3
        session.rollback()


def test_without_footage_nothing_is_found(engine: Engine) -> None:
    with reading(engine) as session:
        assert len(load_records(session, SOURCE, PERIOD, margin_us=0).segments) == 0


def test_calls_a_day_around_the_period_are_read_beside_it(engine: Engine) -> None:
    row = RowRef("a.csv", 0)
    times = {"before": PERIOD.start_us - DAY_US, "too_early": PERIOD.start_us - DAY_US - 1, "in": PERIOD.start_us}
    incidents = tuple(Incident(name, "STOP", time_us, row) for name, time_us in times.items())
    assignments = tuple(
        Assignment(name, "1", RowRef("a.csv", line), on_scene_us=time_us)
        for line, (name, time_us) in enumerate(times.items(), 2)
    )
    with writing(engine) as session:
        put(session, "a.csv", Records(incidents=incidents, assignments=assignments))
        loaded = load_records(session, SOURCE, PERIOD, margin_us=0)
        assert [one.incident_id for one in loaded.assignments] == ["in"]
        assert [one.incident_id for one in loaded.beside] == ["before"]
        alone = load_records(session, SOURCE, PERIOD, margin_us=0, incident_id="before")
        assert ([one.incident_id for one in alone.assignments], [one.incident_id for one in alone.beside]) == (
            ["before"],
            ["in"],
        )
        session.rollback()


def test_known_files_tell_mark_and_counts(engine: Engine) -> None:
    rejected = RejectedRow(RowRef("a.csv", 3), "on_scene_at", RejectReason.BAD_TIME, "no time", "25:00")
    officers = (Officer("A1", "East", RowRef("a.csv", 2)),)
    with writing(engine) as session:
        replace_file(
            session, SOURCE, stat_of("a.csv"), Records(officers=officers, rejected=(rejected,)), [rejected], read_at_us=7
        )
        put(session, "a.csv", Records(), source="s3://other")
    with writing(engine) as session:
        counts = session.connection().execute(text("SELECT accepted, rejected, read_at_us FROM source_file ORDER BY source"))
        assert [tuple(row) for row in counts] == [(1, 2, 7), (0, 0, 7)]
        assert known_files(session, SOURCE) == {"a.csv": FileMark("e1", 10)}
        replace_file(session, SOURCE, stat_of("a.csv", "e2"), Records(), read_at_us=8)
        assert known_files(session, SOURCE) == {"a.csv": FileMark("e2", 10)}
        assert load_records(session, SOURCE, ALWAYS, margin_us=0) == Records()


def test_forgotten_files_take_their_rows_with_them(engine: Engine) -> None:
    with writing(engine) as session:
        for key in ("a.csv", "b.csv"):
            put(session, key, Records(segments=(segment(key, PERIOD.start_us, key=key),)))
        assert forget_files(session, SOURCE, ["a.csv", "never.csv"]) == 1
        assert [row.footage_id for row in load_records(session, SOURCE, PERIOD, margin_us=0).segments] == ["b.csv"]
        assert session.connection().scalar(text("SELECT COUNT(*) FROM segment")) == 1


def test_video_objects_are_exactly_those_listed_last(engine: Engine) -> None:
    first = [StoredObject("b.mp4", 2, "e", 3), StoredObject("a.mp4", 1, "e", 3)]
    with writing(engine) as session:
        replace_video_objects(session, "s3://other", first[:1])
        replace_video_objects(session, SOURCE, first)
        assert load_video_objects(session, SOURCE) == tuple(sorted(first, key=lambda item: item.object_key))
        replace_video_objects(session, SOURCE, first[1:])
        assert load_video_objects(session, SOURCE) == (first[1],)
        assert load_video_objects(session, "s3://other") == (first[0],)


def test_videos_in_question_are_those_of_wanted_segments_and_those_nobody_names(engine: Engine) -> None:
    now = segment("now", PERIOD.start_us, object_key="now.mp4")
    then = segment("then", PERIOD.start_us - 9 * DAY_US, object_key="then.mp4")
    with writing(engine) as session:
        put(session, "a.csv", Records(segments=(now, then)))
        replace_video_objects(session, SOURCE, [StoredObject(f"{name}.mp4", 1, "e", 3) for name in ("now", "then", "none")])
        found = load_records(session, SOURCE, PERIOD, margin_us=0).objects
    assert [item.object_key for item in found] == ["none.mp4", "now.mp4"]


def test_videos_in_question_are_the_same_as_by_reading_all_names_whatever_came_and_went(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)
    keys = [f"{name}.mp4" for name in ("a", "B", "_c", "é", "d\x00", "e e", "f", "g")]
    for step in range(60):
        monkeypatch.setattr(named_videos, "MOST_BY_KEY", chance.choice([0, 10_000]))
        with writing(engine) as session:
            source, file = chance.choice([SOURCE, "s3://other"]), chance.choice(["a.csv", "b.csv", "c.csv"])
            match chance.randrange(4):
                case 0:
                    forget_files(session, source, chance.sample(["a.csv", "b.csv", "c.csv"], 2))
                case 1:
                    listed = chance.sample(keys, 6)
                    replace_video_objects(session, source, [StoredObject(key, 1, "e", 3) for key in listed])
                case _:
                    named = [chance.choice([None, *keys]) for _ in range(4)]
                    starts = [PERIOD.start_us + chance.choice([0, -9 * DAY_US]) for _ in named]
                    rows = [segment(f"{file}{n}", starts[n], key=file, object_key=key) for n, key in enumerate(named)]
                    put(session, file, Records(segments=tuple(rows)), source)
            for each in (SOURCE, "s3://other"):
                here = set(chance.sample(keys, 3)) & named_videos.names_of(session, each)
                found = named_videos.videos_in_question(session, each, here)
                assert [item.object_key for item in found] == _by_reading_all(session, each, here)
        if step % 12 == 11:  # it compares the whole schema as well
            assert check(engine) == ()


def _by_reading_all(session: Session, source: str, here: set[str]) -> list[str]:
    """Keys of the listed videos that are among ``here`` or that no segment at all names."""
    named = text("SELECT object_key FROM segment JOIN source_file USING (file_id) WHERE source = :source")
    names = set(session.connection().scalars(named, {"source": source}))
    listed = [item.object_key for item in load_video_objects(session, source)]
    return [key for key in listed if key in here or key not in names]


def test_a_wrong_mark_of_a_named_video_is_found(engine: Engine) -> None:
    with writing(engine) as session:
        replace_video_objects(session, SOURCE, [StoredObject("none.mp4", 1, "e", 3)])
        session.connection().execute(text("UPDATE video_object SET is_named = true"))
    (problem,) = check(engine)
    assert "none.mp4" in problem.subject


@pytest.mark.parametrize(
    ("start_us", "is_loaded"),
    [
        (PERIOD.start_us - 10 - HOUR_US, False),
        (PERIOD.start_us - 9 - HOUR_US, True),
        (PERIOD.end_us + 9, True),
        (PERIOD.end_us + 10, False),
    ],
)
def test_segments_are_loaded_where_a_part_lies_in_the_period_or_its_margin(
    engine: Engine, start_us: int, is_loaded: bool
) -> None:
    with writing(engine) as session:
        put(session, "a.csv", Records(segments=(segment("f", start_us),)))
        assert bool(load_records(session, SOURCE, PERIOD, margin_us=10).segments) is is_loaded
        assert load_records(session, "s3://other", PERIOD, margin_us=10).segments == ()


def test_incidents_by_opening_their_assignments_and_orphans_by_their_own_time(engine: Engine) -> None:
    row = RowRef("a.csv", 1)
    opened = {"before": PERIOD.start_us - 1, "first": PERIOD.start_us, "last": PERIOD.end_us - 1, "after": PERIOD.end_us}
    incidents = tuple(Incident(name, "STOP", at_us, row) for name, at_us in opened.items())
    assignments = tuple(Assignment(name, "A1", row) for name in opened)
    orphans = (
        Assignment("orphan_in", "A1", row, on_scene_us=PERIOD.start_us),
        Assignment("orphan_out", "A1", row, on_scene_us=PERIOD.end_us),
        Assignment("before", "A2", row, on_scene_us=PERIOD.start_us),
    )
    with writing(engine) as session:
        put(session, "a.csv", Records(incidents=incidents, assignments=(*assignments, *orphans)))
        put(session, "a.csv", Records(incidents=(Incident("orphan_in", "STOP", 0, row),)), source="s3://other")
        loaded = load_records(session, SOURCE, PERIOD, margin_us=0)
        assert [item.incident_id for item in loaded.incidents] == ["first", "last"]
        assert [item.incident_id for item in loaded.assignments] == ["first", "last", "orphan_in"]
        one = load_records(session, SOURCE, PERIOD, margin_us=0, incident_id="before")
        assert [item.incident_id for item in one.incidents] == ["before"]
        assert [item.officer_id for item in one.assignments] == ["A1", "A2"]


def test_device_events_are_loaded_for_two_weeks_around(engine: Engine) -> None:
    row = RowRef("a.csv", 1)
    times = (PERIOD.start_us - 14 * DAY_US - 1, PERIOD.start_us - 14 * DAY_US, PERIOD.end_us + 14 * DAY_US + 1)
    events = tuple(DeviceEvent("D1", at_us, DeviceEventKind.DOCK, row) for at_us in times)
    with writing(engine) as session:
        put(session, "a.csv", Records(device_events=events))
        assert load_records(session, SOURCE, PERIOD, margin_us=0).device_events == (events[1],)


def test_text_no_database_can_hold_is_kept_without_what_it_cannot(engine: Engine) -> None:
    rejected = RejectedRow(RowRef("a.csv", 1), "title", RejectReason.BAD_VALUE, "bad\x00detail", "\ud800 a\x00b é 🎥")
    with writing(engine) as session:
        put(session, "a.csv", Records(rejected=(rejected,)))
        (kept,) = load_records(session, SOURCE, PERIOD, margin_us=0).rejected
    assert kept == replace(rejected, detail="bad\ufffddetail", text="? a\ufffdb é 🎥")


def test_a_number_beyond_64_bits_is_an_error_of_the_store_and_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(StoreError), writing(engine) as session:
        put(session, "a.csv", Records(segments=(segment("f", PERIOD.start_us, sequence_no=2**70),)))
    with reading(engine) as session:
        assert known_files(session, SOURCE) == {}


def test_many_rows_are_written_and_read_fast(engine: Engine) -> None:
    segments = tuple(
        segment(f"f{number}", PERIOD.start_us + number, sha256="0" * 64, incident_ids=("I1",)) for number in range(20_000)
    )
    began = time.perf_counter()
    with writing(engine) as session:
        put(session, "a.csv", Records(segments=segments))
    written_s = time.perf_counter() - began
    with reading(engine) as session:
        assert load_records(session, SOURCE, PERIOD, margin_us=0).segments == segments
    read_s = time.perf_counter() - began - written_s
    print(f"{engine.dialect.name}: 20,000 segments written in {written_s:.2f} s, read in {read_s:.2f} s")
    assert written_s < 5
    assert read_s < 5
