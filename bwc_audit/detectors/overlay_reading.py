"""The burned-in clock of one frame, read where a layout or an earlier frame says, or not at all.

One frame proves nothing: ``bwc_audit.domain.overlay_clock`` decides what several readings say together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bwc_audit.detectors.overlay_glyphs import DIGIT_ROWS, glyphs_of, line_patch, shipped_bank
from bwc_audit.detectors.overlay_layout import SHIPPED_LAYOUTS, DateOrder, OverlayLayout, OverlayPlace
from bwc_audit.detectors.overlay_lines import TextLine, text_lines
from bwc_audit.detectors.overlay_parts import looks_like_clock
from bwc_audit.detectors.overlay_text import ClockLine, read_line, walls_of
from bwc_audit.domain.overlay_clock import OverlayReading
from bwc_audit.domain.times import MINUTE_US

Luma = NDArray[np.uint8]

_CONTRASTS = (90, 45)  # luma steps: most clocks stand out by 150; the second look is for half-clear ones
_LINES = 3  # of a strip, tried
_TRIED = 7  # times that a line is read in one frame, at the most: each takes about a millisecond
_ROWS = ((0.0, 0.0), (-0.08, 0.08), (0.08, -0.08))  # heights that rows are moved by
_TALLEST = 1200  # rows
_LARGEST = 64_000_000  # pixels of a frame that are looked at


@dataclass(frozen=True, slots=True)
class OverlayText:
    """A clock in one frame. ``wall_us``, ``other_wall_us``, ``has_zone``: as in ``OverlayReading``. ``zone``: as written
    (``Z``, ``-0500``, ``EST``), None: none. ``score``: the worst slot, 0-1. ``place``: to look there next time."""

    text: str
    wall_us: int | None
    other_wall_us: int | None
    zone: str | None
    has_zone: bool
    is_not_set: bool
    score: float
    place: OverlayPlace

    def reading(self, at_us: int) -> OverlayReading:
        """The same as a reading at a media time."""
        return OverlayReading(at_us, self.text, self.wall_us, self.has_zone, self.score, self.other_wall_us)


@dataclass(slots=True)
class _Budget:
    """How many more lines may be read in this frame."""

    left: int

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class _Found:
    """A line that says something, with its rows and columns in the whole picture."""

    line: ClockLine
    box: TextLine


def read_overlay(
    luma: Luma, layouts: Sequence[OverlayLayout] = SHIPPED_LAYOUTS, place: OverlayPlace | None = None
) -> OverlayText | None:
    """The clock in ``luma`` (full size, ``height x width``); ``place``: where an earlier frame showed it, else None.

    Only there is looked when a place is given. None: no clock beyond doubt.
    """
    if luma.ndim != 2 or luma.size == 0 or luma.size > _LARGEST:
        return None
    luma = _at_most_tall(luma)
    if place is not None:
        return _read_at(luma, place, layouts[0].date_order if layouts else DateOrder.EITHER)
    budget = _Budget(_TRIED)
    for contrast in _CONTRASTS:
        groups = [
            (layout, _boxes(luma, layout, contrast, is_light=is_light)) for layout in layouts for is_light in (True, False)
        ]
        for layout, boxes in sorted(groups, key=lambda group: -max((box.pieces for box in group[1]), default=0)):
            found = [_read_box(luma, box, layout.date_order, budget) for box in boxes]
            text = _clock([one for one in found if one is not None])
            if text is not None:
                return text
    return None


def _at_most_tall(luma: Luma) -> Luma:
    """Pictures of more than 1200 rows shrunk by a whole number, so that strokes and costs stay those of 720-1200 rows."""
    times = -(-luma.shape[0] // _TALLEST)
    if times == 1:
        return luma
    size = (max(1, luma.shape[1] // times), luma.shape[0] // times)
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _boxes(luma: Luma, layout: OverlayLayout, contrast: int, *, is_light: bool) -> list[TextLine]:
    height, width = luma.shape
    top, bottom = int(layout.top * height), round(layout.bottom * height)
    left, right = int(layout.left * width), round(layout.right * width)
    part = luma[top:bottom, left:right]
    if part.shape[0] < 8 or part.shape[1] < 40:
        return []
    return [_moved(line, top, left) for line in text_lines(part, contrast, _LINES, is_light=is_light)]


def _moved(line: TextLine, rows: int, columns: int) -> TextLine:
    return TextLine(
        line.top + rows, line.bottom + rows, line.left + columns, line.right + columns, line.pieces, line.is_light
    )


def _read_box(luma: Luma, box: TextLine, order: DateOrder, budget: _Budget) -> _Found | None:
    """Reads a line; where its characters look like a clock that does not read, its rows are tried a little otherwise."""
    for up, down in _ROWS:
        if not budget.take():
            return None
        top, bottom = box.top + up * box.height, box.bottom + down * box.height
        found, looks_like_clock = _read_rows(luma, replace(box, top=top, bottom=bottom), order)
        if found is not None or not looks_like_clock:
            return found
    return None


def _read_rows(luma: Luma, box: TextLine, order: DateOrder) -> tuple[_Found | None, bool]:
    margin = int(4 * box.height)
    left, right = max(0, box.left - margin), min(luma.shape[1], box.right + margin)
    patch = line_patch(luma[:, left:right], box.top, box.bottom, is_light=box.is_light)
    glyphs = glyphs_of(patch, shipped_bank())
    line = read_line(glyphs, order)
    if line is None:
        return None, looks_like_clock(glyphs)
    scale = box.height / DIGIT_ROWS
    wide = box.height
    begin, end = int(left + line.left * scale - wide), int(left + line.right * scale + wide)
    seen = TextLine(box.top, box.bottom, max(0, begin), min(luma.shape[1], end), box.pieces, box.is_light)
    return _Found(line, seen), True


def _clock(found: Sequence[_Found]) -> OverlayText | None:
    """The one clock of the lines of a strip: whole, or a date and a time above each other. Two clocks are none."""
    whole = [_whole(one) for one in found if one.line.is_not_set or (one.line.day and one.line.seconds is not None)]
    whole = whole or list(_halves(found))
    known = [text for text in whole if text is not None]
    return known[0] if len(known) == 1 else None


def _whole(one: _Found) -> OverlayText | None:
    place = OverlayPlace(round(one.box.top), round(one.box.bottom), one.box.left, one.box.right, one.box.is_light)
    if one.line.is_not_set:
        return OverlayText(one.line.text, None, None, None, False, True, one.line.score, place)
    return _text(one.line, one.line, place)


def _halves(found: Sequence[_Found]) -> Iterator[OverlayText | None]:
    for date in found:
        for time in found:
            if date.line.day is None or date.line.seconds is not None or time.line.day or time.line.seconds is None:
                continue
            height = max(date.box.height, time.box.height)
            if abs(date.box.height - time.box.height) > 0.25 * height or abs(date.box.top - time.box.top) > 2.6 * height:
                continue
            if min(date.box.right, time.box.right) <= max(date.box.left, time.box.left):
                continue
            place = OverlayPlace(
                round(date.box.top),
                round(date.box.bottom),
                min(date.box.left, time.box.left),
                max(date.box.right, time.box.right),
                date.box.is_light,
                round(time.box.top),
                round(time.box.bottom),
            )
            yield _text(date.line, time.line, place)


def _text(date: ClockLine, time: ClockLine, place: OverlayPlace) -> OverlayText | None:
    if date.day is None or time.seconds is None:
        return None
    walls = walls_of(date.day, time.seconds)
    if not walls:
        return None
    shift_us = (time.zone_minutes or 0) * MINUTE_US
    text = date.text if date is time else f"{date.text} {time.text}"
    other = walls[1] - shift_us if len(walls) > 1 else None
    score = min(date.score, time.score)
    return OverlayText(text, walls[0] - shift_us, other, time.zone, time.zone_minutes is not None, False, score, place)


def _read_at(luma: Luma, place: OverlayPlace, order: DateOrder) -> OverlayText | None:
    """Reads where an earlier frame showed a clock: the same rows, first as they were, then as they are found now."""
    rows = [(place.top, place.bottom)]
    if place.second_top is not None and place.second_bottom is not None:
        rows.append((place.second_top, place.second_bottom))
    found, budget = [], _Budget(_TRIED)
    for top, bottom in rows:
        if not (0 <= top < bottom <= luma.shape[0] and 0 <= place.left < place.right <= luma.shape[1]):
            return None
        line = _read_box(luma, TextLine(top, bottom, place.left, place.right, 0, place.is_light), order, budget)
        if line is not None:
            found.append(line)
    return _clock(found)
