"""The inside of the files on the page: clock, sound, contact sheets, and how much was looked at."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bwc_audit.detectors.sound_match import NoMatch
from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.measures import SoundLevels
from bwc_audit.domain.runs import RunStatus
from bwc_audit.domain.times import MINUTE_US, SECOND_US, Span
from bwc_audit.report import evidence_words as words
from bwc_audit.report.contexts import RunReportInput
from bwc_audit.report.evidence import BurnedInClock, ClockReading, Effort, InspectionEvidence, SoundAgreement
from bwc_audit.report.file_names import SHEET_NAME, sheet_name
from bwc_audit.report.rendering import render
from bwc_audit.report.scenes import scenes_of
from bwc_audit.report.sound_strip import columns_of, describe_sound, draw_sound, sound_spans
from bwc_audit.report.timeline import SHEETS, WIDE, Sheet, draw_timeline
from bwc_audit.report.write import write_report
from tests.report import report_builders as night
from tests.report.test_report_pages import BUSY, LONDON, incident_of, index_of, text_of


def with_evidence(**more: Any) -> RunReportInput:
    """The night, with what was found in the first file of officer 1042 changed."""
    report = night.a_night()
    first = replace(report.evidence["bwv-1042-a"], **more)
    return replace(report, evidence={**report.evidence, "bwv-1042-a": first})


def read(**more: Any) -> BurnedInClock:
    facts: dict[str, Any] = {"tried": 6, "readings": (ClockReading(0, "x"),) * 6, "agreed": 6, **more}
    return BurnedInClock(**facts)


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        (None, "was not looked for"),
        (read(offset_us=-47 * SECOND_US), "reads 47 s behind the metadata; 6 of 6 readings agree (looked for at 6 places)"),
        (read(offset_us=3_200_000, uncertainty_us=500_000), "reads 3.2 s ahead of the metadata, ±0.5 s"),
        (read(offset_us=400_000, uncertainty_us=SECOND_US), "agrees with the metadata within ±1 s"),
        (read(offset_us=0), "agrees with the metadata; 6 of 6"),
        (
            read(jumps=((754 * SECOND_US, -3_600 * SECOND_US),), agreed=5),
            "does not keep one offset to the metadata; it jumps by −1 h at 0:12:34.000 of the file; 5 of 6 readings agree",
        ),
        (read(offset_us=0, drift_ppm=-80.4), "it loses 80 ppm within the file"),
        (read(is_stuck=True), "stands still; 6 of 6 readings agree"),
        (read(is_not_set=True), "says that its time is not set"),
        (BurnedInClock(4, why_not="no line of text looks like a clock"), "could not be read: no line of text looks like"),
        (read(why_not="readings contradict each other", agreed=2), "contradict each other (looked for at 6 places; 6 read"),
    ],
)
def test_burned_in_clock_in_words(clock: BurnedInClock | None, said: str) -> None:
    assert said in words.clock_sentence(clock)
    assert said in text_of(incident_of(with_evidence(clock=clock), BUSY))


def test_readings_stand_beside_the_device_clock_of_the_metadata() -> None:
    page = text_of(incident_of(night.a_night(), BUSY))
    assert "0:00:05.000 2026-06-12T20:1x:xxZ 12 Jun 2026, 21:14:31 BST 12 Jun 2026, 21:15:18 BST −47 s" in page


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (
            SoundAgreement("a", "b", 3_200_000, 100_000, 31, 44),
            "the clock of b is 3.2 s ahead of that of a (±0.1 s; 31 of 44",
        ),
        (SoundAgreement("a", "b", -3_200_000, 100_000, 31, 44), "the clock of a is 3.2 s ahead of that of b"),
        (SoundAgreement("a", "b", 60_000, 100_000, 9, 9), "heard the same sounds, and their clocks agree (±0.1 s"),
        (SoundAgreement("a", "b"), "no answer from their sounds, because the reason is not recorded"),
        *((SoundAgreement("a", "b", why_not=str(why)), "no answer from their sounds, because") for why in NoMatch),
    ],
)
def test_sound_agreement_in_words(pair: SoundAgreement, said: str) -> None:
    sentence = words.agreement_sentence(pair, {"a": "X1", "b": "X2"})
    assert said in sentence
    assert sentence.startswith("Camera X1 (a) and camera X2 (b)")
    assert not any(f"because {why}." in sentence for why in NoMatch)
    report = replace(night.a_night(), agreements={BUSY: (pair,)})
    assert said in text_of(incident_of(report, BUSY))


def test_defects_stand_with_their_time_in_the_world_and_in_the_file() -> None:
    page = text_of(incident_of(night.a_night(), BUSY))
    assert "Blurred view 21:40:09–21:41:10.6 0:25:00.033 – 0:26:01.600 1 min 2 s 81 %" in page
    assert "Little light, with something to see information 21:15:49–21:26:49" in page
    assert "File cut short 21:52:40 0:37:31.000 – 100 %" in page


def test_new_kinds_are_drawn_in_the_lane_of_their_camera_and_information_apart() -> None:
    scene = next(one for one in scenes_of(night.a_night(), LONDON) if one.incident_id == BUSY)
    picture = draw_timeline(scene, WIDE)
    assert picture is not None
    said = {text.text for text in picture.texts}
    assert {"blurred 1 min 2 s", "one colour or bars 12 s", "little light 11 min", "silent beginning 30 s"} <= said
    assert sum(box.hint.startswith("black 48 s") for box in picture.boxes) == 1
    assert {box.hint.split(",")[0] for box in picture.boxes if box.style == "information"} == {
        "little light 11 min",
        "silent beginning 30 s",
    }


def test_nothing_unusual_says_among_how_much_and_what_was_not_seen() -> None:
    page = text_of(incident_of(night.a_night(), BUSY))
    assert "Nothing unusual among 96 frames and 11 min 40 s of sound; 25.0 % of the time was not seen." in page
    assert "Nothing unusual among 20 frames and 0 s of sound; how much was not seen is not known." in page
    assert words.effort_facts(Effort(), is_deep=False)[-1].text == "not known"


def test_effort_of_the_night_is_on_the_first_page_or_said_to_be_missing() -> None:
    page = text_of(index_of(night.a_night()))
    assert "Read 98.5 MB in 58 requests Frames 67 646 decoded and judged, over 58 min 11 s of picture" in page
    assert "Longest distance 30 s between two samples Unseen 2 min 20 s of the 58 min 20 s asked for (4.0 %)" in page
    without = text_of(index_of(replace(night.a_night(), effort=None)))
    assert "does not record how much of the videos it looked at" in without


def test_efforts_add_up_and_one_unknown_share_makes_the_sum_unknown() -> None:
    half, whole = Effort(5, 1, 10, 60, 3, 7, 120, 60, 50), Effort(5, 2, 20, 180, 4, 9, 180, 0, 170)
    both = words.added_up([half, whole])
    assert both == Effort(10, 3, 30, 240, 7, 9, 300, 60, 220)
    assert both.unseen_share == pytest.approx(0.2)
    assert words.added_up([half, replace(whole, asked_us=None)]).unseen_share is None
    assert words.added_up([]).unseen_share is None
    assert words.added_up([whole, Effort(asked_us=180, unseen_us=180)]).unseen_share == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("asked_s", "unseen_s", "said"),
    [
        (None, 0, "not known"),
        (0, 0, "nothing was asked for"),
        (600, 0, "nothing of the 10 min asked for"),
        (600, 600, "10 min of the 10 min asked for (100.0 %)"),
        (36_000, 1, "1 s of the 10 h asked for (under 0.1 %)"),
    ],
)
def test_what_nobody_saw_is_said_as_time_and_share(asked_s: int | None, unseen_s: int, said: str) -> None:
    effort = Effort(asked_us=None if asked_s is None else asked_s * SECOND_US, unseen_us=unseen_s * SECOND_US)
    assert words.total_facts(effort)[-1].text == said


def test_what_lies_between_samples_is_never_passed_over_in_silence() -> None:
    effort = Effort(picture_us=600 * SECOND_US, between_us=598 * SECOND_US)
    clean = replace(night.a_night(), run=replace(night.run(not_examined=()), status=RunStatus.COMPLETE))
    said = text_of(index_of(replace(clean, effort=effort)))
    assert "9 min 58 s of the 10 min of picture looked at (99.7 %) lie between two sampled frames" in said
    every = text_of(index_of(replace(clean, effort=replace(effort, between_us=0))))
    assert "between two sampled frames" not in every


def test_contact_sheets_are_written_listed_and_linked(tmp_path: Path) -> None:
    write_report(night.a_night(), tmp_path)
    sheets = sorted((tmp_path / "sheets").iterdir())
    pages = night.evidence()["bwv-1042-a"].pages
    assert [path.read_bytes() for path in sheets] == [page.jpeg for page in pages]
    html = (tmp_path / "incidents" / f"{BUSY}.html").read_text("utf-8")
    for path, page in zip(sheets, pages, strict=True):
        assert SHEET_NAME.fullmatch(path.name)
        assert f'href="../sheets/{path.name}"' in html
        assert hashlib.sha256(path.read_bytes()).hexdigest() == page.sha256
        assert page.sha256 in html
    assert "21:33:09–21:34:09 3 damaged" in text_of(html)
    assert "of these seconds 3 damaged, 12 without any frame, 5 not looked at." in text_of(html)
    assert "made with an earlier placement" in text_of(html)


def test_sheets_of_an_earlier_report_are_removed_and_nothing_else(tmp_path: Path) -> None:
    write_report(night.a_night(), tmp_path)
    (tmp_path / "sheets" / "mine.jpg").write_text("mine")
    write_report(night.a_quiet_night(), tmp_path)
    assert [path.name for path in (tmp_path / "sheets").iterdir()] == ["mine.jpg"]


def test_page_without_preview_is_a_link_only() -> None:
    pages = tuple(replace(page, preview=b"") for page in night.evidence()["bwv-1042-a"].pages)
    html = incident_of(with_evidence(pages=pages), BUSY)
    assert html.count('href="../sheets/') == 3
    assert "No contact sheet was made." in incident_of(with_evidence(pages=()), BUSY)


@given(st.text(), st.integers(0, 400), st.binary())
def test_sheet_names_are_safe(footage_id: str, ordinal: int, jpeg: bytes) -> None:
    assert SHEET_NAME.fullmatch(sheet_name(footage_id, ordinal, hashlib.sha256(jpeg).hexdigest()))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.key)
def test_sound_picture_is_well_formed_named_and_lies_under_the_timeline(sheet: Sheet) -> None:
    scene = next(one for one in scenes_of(night.a_night(), LONDON) if one.incident_id == BUSY)
    sound, timeline = draw_sound(scene, sheet), draw_timeline(scene, sheet)
    assert sound is not None
    assert timeline is not None
    root = ElementTree.fromstring(render(sound).strip())  # noqa: S314
    assert root.attrib["role"] == "img"
    assert [root[0].tag, root[1].tag] == ["title", "desc"]
    assert [line.x1 for line in sound.lines if line.style == "grid"] == [
        line.x1 for line in timeline.lines if line.style == "grid"
    ]
    assert {"sound-silence", "sound-missing", "sound-damage", "sound-unknown"} <= {box.style for box in sound.boxes}
    assert all(box.x + box.width <= sound.width and box.y + box.height <= sound.height for box in sound.boxes)
    assert sound.areas


def test_sound_in_words_names_every_kind_of_nothing() -> None:
    scene = next(one for one in scenes_of(night.a_night(), LONDON) if one.incident_id == BUSY)
    first, second, third = describe_sound(scene)
    assert first == (
        "bwv-1042-a: 37 min 31 s decoded; silent (below −80 dB) for 3 min (21:15:09–21:15:39, 21:36:00–21:38:30)."
    )
    assert "no sound for 1 min 30 s (21:19:00–21:20:30)" in second
    assert "sound that could not be decoded for 40 s" in second
    assert "not listened to for 40 s (21:27:20–21:28:00)" in second
    assert third == "bwv-2077-b: the file has no sound track."


def test_incident_whose_files_nobody_looked_into_has_no_sound_section() -> None:
    assert 'id="sound"' not in incident_of(night.a_night(), "CAD-0612-0455")


def test_unheard_file_is_not_silent_and_not_soundless() -> None:
    recorded = Span(0, MINUTE_US)
    spans = sound_spans(InspectionEvidence(Effort()), recorded)
    assert (spans.silent, spans.missing, spans.unheard) == ((), (), (recorded,))
    spans = sound_spans(InspectionEvidence(Effort(), is_soundless=True), recorded)
    assert (spans.missing, spans.unheard) == ((recorded,), ())


@given(
    st.lists(st.tuples(st.integers(0, 100_000_000), st.integers(0, 90_000_000), st.floats(-200, 0)), max_size=30),
    st.integers(1, 200),
)
def test_columns_hold_the_loudest_level_of_their_time(blocks: list[tuple[int, int, float]], count: int) -> None:
    blocks = sorted(blocks)[:count]
    columns = [np.array(column) for column in zip(*blocks, strict=True)] if blocks else [np.empty(0)] * 3
    starts, dbfs = columns[0].astype(np.int64), columns[2].astype(np.float64)
    levels = SoundLevels(starts, starts + columns[1].astype(np.int64), dbfs, ())
    shown = Span(10_000_000, 110_000_000)
    found = columns_of(levels, 0, shown, count)
    expected = np.full(count, np.nan)
    for start, length, level in blocks:
        first = (start - shown.start_us) * count // shown.length_us
        last = (max(start + length - 1, start) - shown.start_us) * count // shown.length_us
        for column in range(max(0, first), min(count - 1, last) + 1):
            expected[column] = np.fmax(expected[column], level)
    assert np.array_equal(found, expected, equal_nan=True)


@given(
    st.lists(st.tuples(st.integers(0, 70), st.integers(1, 20), st.booleans()), max_size=12),
    st.lists(st.tuples(st.integers(0, 70), st.integers(1, 20)), max_size=4),
    st.lists(st.tuples(st.integers(0, 70), st.integers(1, 20)), max_size=4),
)
def test_every_recorded_second_is_heard_missing_damaged_or_unheard(
    blocks: list[tuple[int, int, bool]], failed: list[tuple[int, int]], examined: list[tuple[int, int]]
) -> None:
    blocks = sorted(blocks)
    starts = np.array([start for start, _, _ in blocks], np.int64) * SECOND_US
    ends = np.array([start + length for start, length, _ in blocks], np.int64) * SECOND_US
    dbfs = np.array([-200.0 if is_silent else -20.0 for _, _, is_silent in blocks])

    def spans(pairs: list[tuple[int, int]]) -> tuple[Span, ...]:
        return tuple(Span(start * SECOND_US, (start + length) * SECOND_US) for start, length in pairs)

    levels = SoundLevels(starts, ends, dbfs, spans(examined), spans(failed))
    found = sound_spans(InspectionEvidence(Effort(), sound=levels), Span(0, 60 * SECOND_US))

    def holds(second: int, pairs: list[tuple[int, int]]) -> bool:
        return any(start <= second < start + length for start, length in pairs)

    heard = [(start, length) for start, length, _ in blocks]
    for second in range(60):
        middle_us = second * SECOND_US + SECOND_US // 2
        is_missing = any(span.start_us <= middle_us < span.end_us for span in found.missing)
        is_unheard = any(span.start_us <= middle_us < span.end_us for span in found.unheard)
        assert is_unheard == (not holds(second, examined))
        assert is_missing == (holds(second, examined) and not holds(second, heard) and not holds(second, failed))


def test_information_is_no_finding_word_and_every_kind_has_one() -> None:
    page = text_of(incident_of(with_evidence(defects=tuple(night.defect(kind, 5, 9) for kind in DefectKind)), BUSY))
    assert page.count(" information ") == 2
    assert "5.0 s" not in page
