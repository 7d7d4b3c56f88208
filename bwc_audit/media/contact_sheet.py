"""One small picture for every second of a window, tiled into JPEG pages: what a reviewer leafs through.

Decides only which picture stands for a second and how a second without one is drawn: *no frame* (looked at, the file
has none), *damaged* (frames were there and could not be decoded whole) and *not looked at* are three different tiles,
so that an empty one never looks like a clean one. Does not judge the pictures and reads no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.times import SECOND_US, Span, at_of

Picture = NDArray[np.uint8]

TILE_WIDTH = 160
COLUMNS = 10
TILES_A_PAGE = 60
#: Six hours. A window is far shorter; a length that a file claims must not make pages without end.
MOST_PAGES = 360
_LABEL_HEIGHT = 18
#: Taller tiles (a camera worn upright) would make a page higher than wide.
_TILE_HEIGHTS = (60, 200)
#: Steps down until a page is below ``_MOST_BYTES``; noise of a night scene takes most room.
_QUALITIES = (72, 60, 48, 36, 24, 14)
_MOST_BYTES = 150_000
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PAPER, _INK, _EMPTY, _HATCH, _DAMAGED = 255, (32, 32, 32), 232, (168, 168, 168), (40, 40, 140)


class TileState(StrEnum):
    """``damaged_in_part``: a whole frame is shown, and others of the same second could not be decoded whole."""

    SHOWN = "shown"
    DAMAGED_IN_PART = "damaged_in_part"
    DAMAGED = "damaged"
    NO_FRAME = "no_frame"
    NOT_LOOKED_AT = "not_looked_at"


@dataclass(frozen=True, slots=True)
class Tile:
    """One second from ``second_us`` of media time; ``picture_us``: the time of the frame shown, None where none is."""

    second_us: int
    picture_us: int | None
    state: TileState


@dataclass(frozen=True, slots=True)
class ContactPage:
    """One page. ``ordinal`` from 0; ``span`` is media time; ``world_start_us``: the UTC time of media time 0 by which
    the printed clock times were made, None where only media time is printed. ``sha256`` is over ``jpeg``."""

    ordinal: int
    span: Span
    world_start_us: int | None
    tiles: tuple[Tile, ...]
    jpeg: bytes
    sha256: str


def contact_pages(
    frames: Iterable[tuple[int, Picture | None]],
    span: Span,
    frame_size: tuple[int, int],
    *,
    world_start_us: int | None = None,
    unseen: Sequence[Span] = (),
) -> Iterator[ContactPage]:
    """Pages for ``span`` (microseconds of media time, from its start in whole seconds), one tile a second.

    ``frames``: media time and BGR (h, w, 3) or luma (h, w) picture, None for a frame that could not be decoded whole;
    ascending in time. Those outside ``span``, or for a page already given out, are passed over. ``frame_size`` (width,
    height) as displayed sets the tile's shape. ``unseen``: spans that were not looked at. Memory is one page. At most
    ``MOST_PAGES``: the last page's end says how far they reach.
    """
    sheet = _Sheet(span, frame_size, world_start_us, tuple(unseen))
    for at_us, picture in frames:
        if at_us >= span.end_us or sheet.is_full:
            break
        second = (at_us - span.start_us) // SECOND_US
        while second >= sheet.first + TILES_A_PAGE and not sheet.is_full:
            yield sheet.page()
        if second >= sheet.first and not sheet.is_full:
            sheet.put(second, at_us, picture)
    while not sheet.is_full:
        yield sheet.page()


def preview_of(jpeg: bytes, width: int = 800) -> bytes:
    """A page ``width`` pixels wide, to stand in an HTML page; empty where ``jpeg`` is no picture."""
    page = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if page is None:
        return b""
    height = max(1, round(page.shape[0] * width / page.shape[1]))
    small = cv2.resize(page, (width, height), interpolation=cv2.INTER_AREA)
    return _coded(small, 60)


class _Sheet:
    """The page being filled. ``first``: its first second, counted from the start of the span."""

    def __init__(
        self, span: Span, frame_size: tuple[int, int], world_start_us: int | None, unseen: tuple[Span, ...]
    ) -> None:
        self._span = span
        self._unseen = unseen
        self._world_start_us = world_start_us
        self._seconds = min(-(-span.length_us // SECOND_US), MOST_PAGES * TILES_A_PAGE)
        wanted = TILE_WIDTH * max(1, frame_size[1]) // max(1, frame_size[0])
        self._height = max(_TILE_HEIGHTS[0], min(_TILE_HEIGHTS[1], wanted))
        self.first = 0
        self._shown: dict[int, tuple[int, Picture]] = {}
        self._damaged: set[int] = set()

    @property
    def is_full(self) -> bool:
        """Whether every page has been given out."""
        return self.first >= self._seconds

    def put(self, second: int, at_us: int, picture: Picture | None) -> None:
        """The first whole frame stands for its second."""
        if picture is None or picture.size == 0:
            self._damaged.add(second)
        elif second not in self._shown:
            self._shown[second] = (at_us, _fitted(picture, TILE_WIDTH, self._height))

    def page(self) -> ContactPage:
        """The page as it stands; the next one begins."""
        count = min(TILES_A_PAGE, self._seconds - self.first)
        rows = -(-count // COLUMNS)
        cell = self._height + _LABEL_HEIGHT
        canvas = np.full((rows * cell, COLUMNS * TILE_WIDTH, 3), _PAPER, np.uint8)
        tiles = []
        for place in range(count):
            second = self.first + place
            tile = self._tile(second)
            tiles.append(tile)
            top, left = place // COLUMNS * cell, place % COLUMNS * TILE_WIDTH
            self._draw(canvas[top : top + cell, left : left + TILE_WIDTH], second, tile)
        start_us = self._span.start_us + self.first * SECOND_US
        span = Span(start_us, min(start_us + count * SECOND_US, self._span.end_us))
        jpeg = _below(canvas, _MOST_BYTES)
        made = ContactPage(
            self.first // TILES_A_PAGE,
            span,
            self._world_start_us,
            tuple(tiles),
            jpeg,
            hashlib.sha256(jpeg).hexdigest(),
        )
        self.first += count
        self._shown.clear()
        self._damaged.clear()
        return made

    def _tile(self, second: int) -> Tile:
        second_us = self._span.start_us + second * SECOND_US
        shown = self._shown.get(second)
        if shown is not None:
            state = TileState.DAMAGED_IN_PART if second in self._damaged else TileState.SHOWN
            return Tile(second_us, shown[0], state)
        if second in self._damaged:
            return Tile(second_us, None, TileState.DAMAGED)
        middle_us = second_us + SECOND_US // 2
        is_unseen = any(span.start_us <= middle_us < span.end_us for span in self._unseen)
        return Tile(second_us, None, TileState.NOT_LOOKED_AT if is_unseen else TileState.NO_FRAME)

    def _draw(self, cell: Picture, second: int, tile: Tile) -> None:
        box = cell[: self._height]
        shown = self._shown.get(second)
        if shown is not None:
            _place(box, shown[1])
        elif tile.state is TileState.DAMAGED:
            box[:] = _EMPTY
            _word(box, "damaged", _DAMAGED)
        else:
            _hatch(box, is_crossed=tile.state is TileState.NOT_LOOKED_AT)
            _word(box, "no frame" if tile.state is TileState.NO_FRAME else "not looked at", _INK)
        if tile.state is TileState.DAMAGED_IN_PART:
            _word(box, "part damaged", _DAMAGED)
        cell[:, -1] = _PAPER
        at_us = tile.second_us if tile.picture_us is None else tile.picture_us
        cv2.putText(cell, self._times(at_us), (3, self._height + 13), _FONT, 0.37, _INK, 1, cv2.LINE_AA)

    def _times(self, at_us: int) -> str:
        """``0:07:32.4  20:22:41Z``: media time, and UTC where it is known."""
        tenths = at_us // (SECOND_US // 10)
        hours, rest = divmod(tenths, 36_000)
        media = f"{hours}:{rest // 600:02d}:{rest // 10 % 60:02d}.{tenths % 10}"
        return media if self._world_start_us is None else f"{media}  {at_of(self._world_start_us + at_us):%H:%M:%S}Z"


def _fitted(picture: Picture, width: int, height: int) -> Picture:
    """The picture as BGR, as large as fits into ``width`` x ``height``."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if small.ndim == 2 or small.shape[2] == 1:
        small = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    return np.asarray(small, np.uint8)


def _place(box: Picture, small: Picture) -> None:
    """The picture in the middle of its box, the rest black."""
    box[:] = 0
    top, left = (box.shape[0] - small.shape[0]) // 2, (box.shape[1] - small.shape[1]) // 2
    box[top : top + small.shape[0], left : left + small.shape[1]] = small


def _hatch(box: Picture, *, is_crossed: bool) -> None:
    """Slanted lines; crossed ones where nobody looked."""
    box[:] = _EMPTY
    height, width = box.shape[:2]
    stripes: Any = np.ascontiguousarray(box)
    for start in range(-height, width, 10):
        cv2.line(stripes, (start, height), (start + height, 0), _HATCH, 1)
        if is_crossed:
            cv2.line(stripes, (start, 0), (start + height, height), _HATCH, 1)
    box[:] = stripes


def _word(box: Picture, word: str, ink: tuple[int, int, int]) -> None:
    """A word on a light ground in the middle of a tile."""
    (width, height), _ = cv2.getTextSize(word, _FONT, 0.45, 1)
    left, base = (box.shape[1] - width) // 2, (box.shape[0] + height) // 2
    box[max(0, base - height - 4) : base + 5, max(0, left - 4) : left + width + 4] = _PAPER
    cv2.putText(box, word, (left, base), _FONT, 0.45, ink, 1, cv2.LINE_AA)


def _below(page: Picture, most_bytes: int) -> bytes:
    """The page at the best quality that stays below ``most_bytes``; at the least quality where none does."""
    coded = b""
    for quality in _QUALITIES:
        coded = _coded(page, quality)
        if len(coded) < most_bytes:
            break
    return coded


def _coded(picture: Any, quality: int) -> bytes:
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(coded.tobytes())
