"""Drawing a time axis: shapes, the scale from time to picture, ticks, and labels that do not overlap.

Knows nothing of incidents. Coordinates are SVG user units, rounded to a tenth, so the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Span
from bwc_audit.report.zone_times import clock, local

#: Mean width of a sign and height of a line at the size the style sheet sets for the picture (12 px).
FONT_WIDTH = 6.6
LABEL_HEIGHT = 14.0
_STEPS_US = tuple(
    [count * SECOND_US for count in (5, 10, 15, 30)]
    + [count * MINUTE_US for count in (1, 2, 5, 10, 15, 30)]
    + [count * HOUR_US for count in (1, 2, 3, 6, 12)]
    + [count * DAY_US for count in (1, 2, 7, 14, 30)]
)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle. ``style`` is its CSS class; ``pattern`` names a fill of the picture, empty: plain. ``hint``: tooltip."""

    style: str
    x: float
    y: float
    width: float
    height: float
    pattern: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    style: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``anchor`` is start, middle or end."""

    style: str
    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Area:
    """A filled shape; ``path`` is the ``d`` of an SVG path."""

    style: str
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """``timeline.svg.j2``: everything one SVG shows. ``key`` makes its ids unique on a page."""

    key: str
    style: str
    width: float
    height: float
    title: str
    description: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    texts: tuple[Text, ...]
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """Time to horizontal position: ``shown`` fills ``left`` .. ``right``."""

    shown: Span
    left: float
    right: float

    def x(self, at_us: int) -> float:
        """Position of an instant, clipped to the picture."""
        share = (at_us - self.shown.start_us) / self.shown.length_us
        return round(self.left + min(1.0, max(0.0, share)) * (self.right - self.left), 1)

    def clipped(self, span: Span) -> Span | None:
        """The part of ``span`` that is shown."""
        start_us, end_us = max(span.start_us, self.shown.start_us), min(span.end_us, self.shown.end_us)
        return Span(start_us, end_us) if end_us > start_us else None


@dataclass(frozen=True, slots=True)
class Label:
    """Words that belong to a position; ``weight`` decides who stays where there are too many."""

    at_x: float
    text: str
    style: str = "note"
    weight: int = 0


@dataclass(slots=True)
class Canvas:
    """Collects shapes from top to bottom; ``y`` is where the next lane begins."""

    scale: Scale
    y: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def bar(self, span: Span, y: float, height: float, style: str, pattern: str = "", hint: str = "") -> None:
        """A rectangle over the shown part of ``span``; never thinner than can be seen."""
        part = self.scale.clipped(span)
        if part is not None:
            x = self.scale.x(part.start_us)
            width = max(1.6, round(self.scale.x(part.end_us) - x, 1))
            self.boxes.append(Box(style, x, round(y, 1), width, height, pattern, hint))

    def labels(self, labels: Sequence[Label], most: int = 8) -> None:
        """Labels below the current ``y`` in as many rows as they need; the lightest beyond ``most`` are only counted."""
        kept = sorted(sorted(labels, key=lambda label: -label.weight)[:most], key=lambda label: (label.at_x, label.text))
        rows: list[float] = []
        for label in kept:
            width = len(label.text) * FONT_WIDTH
            left = max(self.scale.left, min(label.at_x - width / 2, self.scale.right - width))
            row = next((index for index, taken in enumerate(rows) if taken + 8 <= left), len(rows))
            rows[row : row + 1] = [left + width]
            baseline = round(self.y + (row + 1) * LABEL_HEIGHT - 2, 1)
            self.lines.append(Line("leader", label.at_x, round(self.y - 1, 1), label.at_x, round(baseline - 9, 1)))
            self.texts.append(Text(label.style, round(left, 1), baseline, label.text))
        self.y += len(rows) * LABEL_HEIGHT
        if len(labels) > len(kept):
            self.y += LABEL_HEIGHT
            rest = f"and {len(labels) - len(kept)} shorter ones, listed below"
            self.texts.append(Text("note", self.scale.left, round(self.y - 2, 1), rest))


def tick_times(shown: Span, zone: ZoneInfo, most: int) -> tuple[int, ...]:
    """At most about ``most`` round local times inside ``shown``."""
    step = next((step for step in _STEPS_US if shown.length_us / step <= most), _STEPS_US[-1])
    offset = local(shown.start_us, zone).utcoffset()
    offset_us = round(offset.total_seconds()) * SECOND_US if offset is not None else 0
    first = -(-(shown.start_us + offset_us) // step) * step - offset_us
    return tuple(range(first, shown.end_us, step))


def tick_text(at_us: int, zone: ZoneInfo, ticks: Sequence[int]) -> str:
    """The shortest text that tells the ticks apart."""
    at = local(at_us, zone)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else MINUTE_US
    if step >= DAY_US:
        return f"{at.day} {at:%b}"
    return clock(at_us, zone) if step % MINUTE_US else f"{at:%H:%M}"
