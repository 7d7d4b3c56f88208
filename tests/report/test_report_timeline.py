"""The picture: time goes to the right place, nothing overlaps, and undecided is never drawn as a gap."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.domain.results import Outcome
from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Span
from bwc_audit.report.picture import FONT_WIDTH, Canvas, Label, Picture, Scale, tick_text, tick_times
from bwc_audit.report.rendering import render
from bwc_audit.report.scenes import scenes_of
from bwc_audit.report.timeline import SHEETS, WIDE, Scene, Sheet, describe, draw_timeline, shown_span
from bwc_audit.report.zone_times import length, moment, stretch
from tests.report import report_builders as night

LONDON = ZoneInfo("Europe/London")


def scene(incident_id: str = "CAD-0612-0417") -> Scene:
    return next(one for one in scenes_of(night.a_night(), LONDON) if one.incident_id == incident_id)


def drawn(what: Scene) -> Picture:
    picture = draw_timeline(what, WIDE)
    assert picture is not None
    return picture


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.key)
def test_picture_is_well_formed_named_and_inside_its_frame(sheet: Sheet) -> None:
    for one in scenes_of(night.a_night(), LONDON):
        picture = draw_timeline(one, sheet)
        assert picture is not None
        root = ElementTree.fromstring(render(picture).strip())  # noqa: S314
        assert root.attrib["role"] == "img"
        assert root[0].tag == "title"
        assert root[1].tag == "desc"
        for box in picture.boxes:
            assert box.x >= 0
            assert box.x + box.width <= picture.width
            assert box.y + box.height <= picture.height


def test_gap_stands_where_its_time_is() -> None:
    picture = drawn(scene())
    shown = shown_span(scene())
    assert shown is not None
    scale = Scale(shown, WIDE.label_width + 8, WIDE.width - 12)
    gaps = [box for box in picture.boxes if box.style == "gap"]
    assert [box.hint for box in gaps] == [
        "gap 1 min 34 s, 21:14:05–21:15:39",
        "gap 4 min 40 s, 21:28:00–21:32:40",
        "gap 1 min 30 s, 21:41:00–21:42:30",
    ]
    assert gaps[0].x == scale.x(night.at("20:14:05"))
    assert gaps[0].x + gaps[0].width == pytest.approx(scale.x(night.at("20:15:39")), abs=0.11)


def test_every_mark_that_has_a_pattern_has_words_too() -> None:
    texts = {text.text for text in drawn(scene()).texts}
    assert {"black 48 s", "silent 2 min 30 s", "gap 4 min 40 s", "no camera 1 min 34 s", "not looked into"} <= texts
    assert {"looked into in part", "Other cameras", "POOL07 (nobody)", "required window", "UTC"} <= texts
    assert {"dispatch 21:09:50", "en route 21:10:30", "on scene 21:14:05", "clear 21:52:00"} <= texts


def test_buffer_is_drawn_up_to_the_activation() -> None:
    buffers = [box for box in drawn(scene()).boxes if box.style == "buffer"]
    assert len(buffers) == 6
    assert {box.hint for box in buffers} == {"Pre-event buffer 30 s"}


@pytest.mark.parametrize("outcome", [Outcome.PENDING, Outcome.UNKNOWN])
def test_undecided_time_is_not_drawn_as_a_gap(outcome: Outcome) -> None:
    undecided = replace(scene(), results=tuple(replace(result, outcome=outcome) for result in scene().results))
    picture = drawn(undecided)
    assert not [box for box in picture.boxes if box.style == "gap"]
    assert [box for box in picture.boxes if box.style == "unknown" and box.hint == "Not known yet"]
    assert "not recorded" not in describe(undecided)


def test_uncovered_time_that_cannot_be_said_is_said_so() -> None:
    texts = {text.text for text in drawn(scene("CAD-0612-0533")).texts}
    assert "time without any camera: cannot be said" in texts


def test_recording_far_away_is_named_not_drawn() -> None:
    picture = drawn(scene("CAD-0612-0502"))
    assert "recording outside this picture: 13 Jun 2026, 07:05:00 BST" in {text.text for text in picture.texts}
    shown = shown_span(scene("CAD-0612-0502"))
    assert shown is not None
    assert shown.length_us < HOUR_US


def test_recording_that_goes_on_is_marked() -> None:
    early = night.recorded("CAD-0612-0455", "long", "X60A1042", "1042", "18:00:00", "26:00:00")
    texts = {text.text for text in drawn(replace(scene("CAD-0612-0455"), segments=(early,))).texts}
    assert {"◂ earlier", "later ▸"} <= texts


def test_incident_without_any_time_has_no_picture() -> None:
    assert draw_timeline(Scene("x", None, (), (), LONDON), WIDE) is None
    assert describe(Scene("x", None, (), (), LONDON)) == "No officer is recorded as assigned."


@given(st.lists(st.tuples(st.floats(0, 1000), st.text("abc ", min_size=1, max_size=40)), max_size=30))
def test_labels_never_overlap_and_none_is_lost(wanted: list[tuple[float, str]]) -> None:
    canvas = Canvas(Scale(Span(0, 1000), 0, 1000))
    canvas.labels([Label(round(x, 1), text) for x, text in wanted])
    placed = [text for text in canvas.texts if "listed below" not in text.text]
    assert len(placed) == min(len(wanted), 8)
    assert any("listed below" in text.text for text in canvas.texts) == (len(wanted) > 8)
    for index, one in enumerate(placed):
        for other in placed[index + 1 :]:
            apart = one.x + len(one.text) * FONT_WIDTH <= other.x or other.x + len(other.text) * FONT_WIDTH <= one.x
            assert one.y != other.y or apart


@given(st.integers(20 * SECOND_US, 40 * DAY_US), st.integers(2, 12))
def test_ticks_are_round_inside_and_few(length_us: int, most: int) -> None:
    shown = Span(night.MIDNIGHT_US, night.MIDNIGHT_US + length_us)
    ticks = tick_times(shown, LONDON, most)
    assert len(ticks) <= most + 1
    assert all(shown.start_us <= tick < shown.end_us for tick in ticks)


def test_ticks_follow_the_local_hour_in_a_zone_off_by_half_an_hour() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    shown = Span(night.MIDNIGHT_US, night.MIDNIGHT_US + 6 * HOUR_US)
    ticks = tick_times(shown, kolkata, 6)
    assert [tick_text(tick, kolkata, ticks) for tick in ticks[:3]] == ["06:00", "07:00", "08:00"]


def test_repeated_hour_is_told_apart_by_its_abbreviation() -> None:
    end_of_summer_time_us = 1_792_890_000 * SECOND_US  # 2026-10-25T01:00:00Z
    assert moment(end_of_summer_time_us - HOUR_US // 2, LONDON) == "25 Oct 2026, 01:30:00 BST"
    assert moment(end_of_summer_time_us + HOUR_US // 2, LONDON) == "25 Oct 2026, 01:30:00 GMT"


def test_span_over_midnight_has_its_dates() -> None:
    assert stretch(night.span("22:30:00", "23:30:00"), LONDON) == "12 Jun 23:30:00 – 13 Jun 00:30:00"


@pytest.mark.parametrize(
    ("length_us", "words"),
    [
        (0, "0 s"),
        (500_000, "0.5 s"),
        (9_500_000, "9.5 s"),
        (59_400_000, "59 s"),
        (59_600_000, "1 min"),
        (94 * SECOND_US, "1 min 34 s"),
        (HOUR_US - SECOND_US // 4, "1 h"),
        (2 * HOUR_US + 5 * MINUTE_US, "2 h 5 min"),
        (DAY_US + 4 * HOUR_US, "1 d 4 h"),
        (-12 * SECOND_US, "−12 s"),
    ],
)
def test_length_in_words(length_us: int, words: str) -> None:
    assert length(length_us) == words
