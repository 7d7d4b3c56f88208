"""Burned-in clocks in single frames: what is read, what is left alone. The frames are drawn with OpenCV's own fonts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bwc_audit.detectors.overlay_layout import SHIPPED_LAYOUTS, DateOrder, OverlayLayout, OverlayPlace
from bwc_audit.detectors.overlay_reading import OverlayText, read_overlay
from bwc_audit.domain.overlay_clock import read_clock, wall_us_of
from bwc_audit.domain.times import HOUR_US, SECOND_US

Luma = NDArray[np.uint8]
HEIGHT, WIDTH = 720, 1280
AXON = "2025-05-25T20:09:32Z AXON BODY 4 X60A12345"
TRUTH_US = wall_us_of(2025, 5, 25, 20, 9, 32)


def scene(seed: int = 1) -> Luma:
    """Soft shapes and sensor noise."""
    rng = np.random.default_rng(seed)
    rough = rng.uniform(30, 170, (9, 16)).astype(np.float32)
    smooth = cv2.resize(rough, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255), np.uint8)


def written(*lines: str, right: bool = True, bottom: bool = False, scale: float = 0.7, is_light: bool = True) -> Luma:
    """A scene with lines of text on a plain ground in one corner."""
    picture = scene()
    sizes = [cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0] for line in lines]
    step = round(max(height for _, height in sizes) * 1.9)
    for number, (line, (width, _)) in enumerate(zip(lines, sizes, strict=True)):
        x = WIDTH - width - 10 if right else 10
        y = HEIGHT - 12 - step * (len(lines) - 1 - number) if bottom else 10 + step * (number + 1) - step // 3
        ground, ink = (20, 235) if is_light else (220, 20)
        cv2.rectangle(picture, (x - 6, y - step * 2 // 3), (x + width + 6, y + step // 3), ground, -1)
        cv2.putText(picture, line, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA)
    return picture


def read(picture: Luma, order: DateOrder = DateOrder.EITHER) -> OverlayText:
    layouts = [OverlayLayout(each.name, each.top, each.bottom, date_order=order) for each in SHIPPED_LAYOUTS]
    text = read_overlay(picture, layouts)
    assert text is not None
    return text


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("bottom", [False, True])
@pytest.mark.parametrize("is_light", [False, True])
def test_clock_in_each_corner(right: bool, bottom: bool, is_light: bool) -> None:
    text = read(written(AXON, right=right, bottom=bottom, is_light=is_light))
    assert (text.wall_us, text.has_zone, text.zone) == (TRUTH_US, True, "Z")
    assert text.place.is_light is is_light


@pytest.mark.parametrize(
    "line",
    [
        "2025-05-25T20:09:32Z",
        "2025-05-25 T20:09:32Z",
        "2025-05-25 20:09:32",
        "2025/05/25 20:09:32",
        "05/25/2025 20:09:32",
        "25/05/2025 20:09:32",
        "25.05.2025 20:09:32",
        "25-MAY-2025 8:09:32 PM",
        "05/25/2025 08:09:32 PM",
        "2025-05-25 20:09:32 EST",
    ],
)
def test_formats(line: str) -> None:
    text = read(written(line, scale=0.9))
    assert text.wall_us == TRUTH_US
    assert text.other_wall_us is None


def test_offset_behind_the_time_is_taken_out() -> None:
    text = read(written("2025-05-25 15:09:32 -0500", scale=0.9))
    assert (text.wall_us, text.zone, text.has_zone) == (TRUTH_US, "-0500", True)


def test_named_zone_that_means_several_is_noted_only() -> None:
    text = read(written("2025-05-25 20:09:32 EST", scale=0.9))
    assert (text.zone, text.has_zone) == ("EST", False)


@pytest.mark.parametrize("lines", [("2025-05-25", "20:09:32"), ("20:09:32", "25/05/2025")])
def test_date_and_time_above_each_other(lines: tuple[str, str]) -> None:
    assert read(written(*lines, scale=0.9)).wall_us == TRUTH_US


def test_day_and_month_are_both_handed_on_unless_the_layout_knows() -> None:
    picture = written("05/04/2025 20:09:32", scale=0.9)
    april, may = wall_us_of(2025, 4, 5, 20, 9, 32), wall_us_of(2025, 5, 4, 20, 9, 32)
    either = read(picture)
    assert (either.wall_us, either.other_wall_us) == (april, may)
    assert (read(picture, DateOrder.DAY_FIRST).wall_us, read(picture, DateOrder.MONTH_FIRST).wall_us) == (april, may)


@pytest.mark.parametrize("line", ["TIME NOT SET", "0000-00-00 00:00:00", "1970-01-01 00:04:11", "2000-01-01 03:04:05"])
def test_clock_that_was_not_set(line: str) -> None:
    text = read(written(line, scale=0.9))
    assert text.is_not_set
    assert text.wall_us is None


@pytest.mark.parametrize(
    "line",
    [
        "REC 12:33",
        "00:12:44 REC",
        "CALL 555-0134-2288",
        "X60A12345 AXON BODY 4",
        "2025-05-25",
        "2025-13-25 20:09:32",
        "2025-05-25 24:09:32",
        "2025-05-25 20:61:32",
        "25-MAY-2025 8:09:32",
        "12025-05-25 20:09:321",
        "2025-05-25 20:09",
    ],
)
def test_what_is_no_clock_is_not_read(line: str) -> None:
    assert read_overlay(written(line, scale=0.9)) is None


@pytest.mark.parametrize("seed", range(5))
def test_scene_without_text(seed: int) -> None:
    assert read_overlay(scene(seed)) is None


def test_two_different_clocks_are_none() -> None:
    assert read_overlay(written("2025-05-25 20:09:32", "2025-05-25 21:09:32", scale=0.8)) is None


def test_clock_outside_of_the_layouts_is_not_looked_for() -> None:
    picture = written(AXON)
    assert read_overlay(picture, [SHIPPED_LAYOUTS[1]]) is None
    assert read_overlay(picture, []) is None


def test_known_place_is_enough_and_nothing_else_is_looked_at() -> None:
    text = read(written(AXON))
    again = read_overlay(written(AXON.replace("32Z", "57Z")), place=text.place)
    assert again is not None
    assert (again.wall_us or 0) - (text.wall_us or 0) == 25 * SECOND_US
    assert read_overlay(written(AXON, bottom=True), place=text.place) is None


def test_known_place_of_two_lines() -> None:
    text = read(written("2025-05-25", "20:09:32", scale=0.9))
    again = read_overlay(written("2025-05-25", "21:09:32", scale=0.9), place=text.place)
    assert again is not None
    assert (again.wall_us or 0) - (text.wall_us or 0) == HOUR_US


def test_tall_picture() -> None:
    tall = np.asarray(cv2.resize(written(AXON), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    text = read(tall)
    assert text.wall_us == TRUTH_US
    again = read_overlay(tall, place=text.place)
    assert again is not None
    assert again.wall_us == TRUTH_US


def test_readings_of_a_clip_make_a_clock() -> None:
    readings = []
    for number in range(4):
        text = read_overlay(written(AXON.replace("09:32", f"09:{12 + 10 * number}")))
        assert text is not None
        readings.append(text.reading(number * 10 * SECOND_US))
    clock = read_clock(readings, None, (TRUTH_US or 0) - 67 * SECOND_US)
    assert clock is not None
    assert (clock.agreed, clock.of) == (4, 4)
    assert abs((clock.offset_us or 0) - 47 * SECOND_US) <= SECOND_US


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 90), width=st.integers(1, 300), seed=st.integers(0, 99), top=st.integers(-5, 100))
def test_any_picture_and_any_place_end_in_a_value(height: int, width: int, seed: int, top: int) -> None:
    luma = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    assert read_overlay(luma) is None
    assert read_overlay(luma, place=OverlayPlace(top, top + 9, 0, width, True)) is None


def test_checkerboard_of_a_hundred_thousand_pieces_is_no_clock() -> None:
    board = np.kron(np.indices((HEIGHT // 8, WIDTH // 8)).sum(axis=0) % 2, np.ones((8, 8))) * 255
    assert read_overlay(board.astype(np.uint8)) is None


@pytest.mark.parametrize(("top", "bottom"), [(0.5, 0.5), (-0.1, 0.2), (0.9, 1.1)])
def test_layout_outside_of_the_picture_is_refused(top: float, bottom: float) -> None:
    with pytest.raises(ValueError, match="not a part of the picture"):
        OverlayLayout("wrong", top, bottom)
