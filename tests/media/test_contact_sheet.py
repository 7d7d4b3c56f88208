"""A page of small pictures shows every second, and an empty second never looks like a clean one."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwc_audit.domain.times import MINUTE_US, SECOND_US, Span
from bwc_audit.media.contact_sheet import (
    COLUMNS,
    MOST_PAGES,
    TILE_WIDTH,
    ContactPage,
    Picture,
    TileState,
    contact_pages,
    preview_of,
)

HD = (1280, 720)
TILE_HEIGHT = 90
CELL = 108


def flat(level: int) -> Picture:
    return np.full((90, 160, 3), level, np.uint8)


def each_second(count: int, level: int = 90) -> list[tuple[int, Picture | None]]:
    return [(second * SECOND_US, flat(level)) for second in range(count)]


def pixels(page: ContactPage) -> Picture:
    decoded = cv2.imdecode(np.frombuffer(page.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)


def tile_of(page: ContactPage, place: int) -> Picture:
    top, left = place // COLUMNS * CELL, place % COLUMNS * TILE_WIDTH
    return pixels(page)[top : top + TILE_HEIGHT, left : left + TILE_WIDTH]


def states(page: ContactPage) -> list[TileState]:
    return [tile.state for tile in page.tiles]


def test_half_an_hour_is_thirty_pages_of_sixty_seconds() -> None:
    pages = list(contact_pages(each_second(1800), Span(0, 30 * MINUTE_US), HD))
    assert [page.ordinal for page in pages] == list(range(30))
    assert all(len(page.tiles) == 60 for page in pages)
    assert [page.span for page in pages] == [Span(n * MINUTE_US, (n + 1) * MINUTE_US) for n in range(30)]
    assert pixels(pages[0]).shape == (6 * CELL, COLUMNS * TILE_WIDTH, 3)
    assert all(page.sha256 == hashlib.sha256(page.jpeg).hexdigest() for page in pages)


def test_the_first_whole_frame_of_a_second_is_shown_where_its_time_belongs() -> None:
    frames = [(12 * SECOND_US + 300_000, flat(40)), (12 * SECOND_US + 700_000, flat(240))]
    (page,) = contact_pages(frames, Span(10 * SECOND_US, 30 * SECOND_US), HD)
    assert page.tiles[2].second_us == 12 * SECOND_US
    assert page.tiles[2].picture_us == 12 * SECOND_US + 300_000
    assert abs(float(tile_of(page, 2).mean()) - 40) < 6


def test_no_frame_damaged_and_not_looked_at_are_told_apart_from_each_other_and_from_black() -> None:
    frames: list[tuple[int, Picture | None]] = [(0, flat(0)), (1 * SECOND_US, None), (4 * SECOND_US, flat(0))]
    (page,) = contact_pages(frames, Span(0, 5 * SECOND_US), HD, unseen=[Span(3 * SECOND_US, 4 * SECOND_US)])
    assert states(page) == [
        TileState.SHOWN,
        TileState.DAMAGED,
        TileState.NO_FRAME,
        TileState.NOT_LOOKED_AT,
        TileState.SHOWN,
    ]
    assert [tile.picture_us for tile in page.tiles] == [0, None, None, None, 4 * SECOND_US]
    tiles = [tile_of(page, place).astype(int) for place in range(5)]
    assert tiles[0].mean() < 10
    for place in (1, 2, 3):
        assert tiles[place].mean() > 150
    for one, other in ((1, 2), (2, 3), (1, 3)):
        assert np.abs(tiles[one] - tiles[other]).mean() > 4


def test_a_second_with_a_whole_and_a_damaged_frame_says_both() -> None:
    for frames in ([(0, flat(90)), (400_000, None)], [(0, None), (400_000, flat(90))]):
        (page,) = contact_pages(frames, Span(0, SECOND_US), HD)
        assert states(page) == [TileState.DAMAGED_IN_PART]
        assert page.tiles[0].picture_us is not None
        assert np.abs(tile_of(page, 0).astype(int) - 90).max() > 100


def test_file_without_any_frame_gives_hatched_pages_and_not_none() -> None:
    pages = list(contact_pages([], Span(0, 90 * SECOND_US), HD))
    assert [len(page.tiles) for page in pages] == [60, 30]
    assert {state for page in pages for state in states(page)} == {TileState.NO_FRAME}


def test_times_are_printed_below_each_tile_and_change_with_the_world_clock() -> None:
    def below(world_start_us: int | None) -> Picture:
        (page,) = contact_pages(each_second(1), Span(0, SECOND_US), HD, world_start_us=world_start_us)
        return pixels(page)[TILE_HEIGHT:CELL, :TILE_WIDTH]

    only_media, at_ten, at_eleven = below(None), below(36_000 * SECOND_US), below(39_600 * SECOND_US)
    assert (only_media < 128).any()
    assert (at_ten[:, 80:] < 128).sum() > (only_media[:, 80:] < 128).sum()
    assert not np.array_equal(at_ten, at_eleven)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (640, 480), (1, 60_000), (60_000, 1), (0, 0)])
def test_pictures_of_any_shape_fit_their_tile(size: tuple[int, int]) -> None:
    luma = np.full((64, 36), 200, np.uint8)
    (page,) = contact_pages([(0, luma)], Span(0, SECOND_US), size)
    height, width = pixels(page).shape[:2]
    assert width == COLUMNS * TILE_WIDTH
    assert 78 <= height <= 218


def test_noisy_pages_stay_below_150_kilobytes() -> None:
    rng = np.random.default_rng(5)
    base = cv2.resize(rng.integers(0, 255, (12, 20, 3), np.uint8), (320, 180), interpolation=cv2.INTER_CUBIC)
    frames = [(n * SECOND_US, np.clip(base + rng.normal(0, 12, base.shape), 0, 255).astype(np.uint8)) for n in range(60)]
    (page,) = contact_pages(frames, Span(0, MINUTE_US), HD, world_start_us=0)
    assert len(page.jpeg) < 150_000
    assert len(preview_of(page.jpeg)) < 90_000


def test_a_length_that_nobody_recorded_makes_no_endless_pages() -> None:
    count = sum(1 for _ in contact_pages([(0, flat(1))], Span(0, 10**18), HD))
    assert count == MOST_PAGES


def test_frames_are_read_as_pages_are_asked_for_and_memory_stays_one_page() -> None:
    taken = 0

    def frames() -> Iterator[tuple[int, Picture | None]]:
        nonlocal taken
        for tenth in range(6000):
            taken += 1
            yield tenth * SECOND_US // 10, flat(tenth % 200)

    pages = contact_pages(frames(), Span(0, 10 * MINUTE_US), HD)
    next(pages)
    assert taken == 601
    tracemalloc.start()
    for _ in pages:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3_000_000, 200_000_000), st.booleans()), max_size=40),
    st.integers(1, 130_000_000),
    st.integers(0, 5_000_000),
)
def test_every_second_has_one_tile_whatever_the_order_of_frames(
    times: list[tuple[int, bool]], length_us: int, start_us: int
) -> None:
    frames = [(at_us, flat(90) if is_whole else None) for at_us, is_whole in times]
    span = Span(start_us, start_us + length_us)
    pages = list(contact_pages(frames, span, (16, 9)))
    seconds = [tile.second_us for page in pages for tile in page.tiles]
    assert seconds == list(range(start_us, span.end_us, SECOND_US))
    assert pages[-1].span.end_us == span.end_us
    for page in pages:
        for tile in page.tiles:
            if tile.picture_us is not None:
                assert tile.second_us <= tile.picture_us < tile.second_us + SECOND_US


def test_preview_of_what_is_no_picture_is_empty() -> None:
    assert preview_of(b"") == b""
    assert preview_of(b"not a picture") == b""
