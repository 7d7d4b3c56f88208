"""The mini timeline of an incident in the list: a row for each officer, recorded and not recorded, no words."""

from __future__ import annotations

from dataclasses import dataclass

from bwc_audit.domain.results import AssignmentResult, Outcome
from bwc_audit.report.picture import Box, Canvas, Scale
from bwc_audit.report.timeline import Scene, describe, shown_span

_MOST_ROWS = 6
_ROW = 9.0


@dataclass(frozen=True, slots=True)
class Strip:
    """``strip.svg.j2``: a stretched picture of ``width`` by ``height`` units; ``description`` says it in words."""

    width: float
    height: float
    description: str
    boxes: tuple[Box, ...]


def mini_timeline(scene: Scene) -> Strip | None:
    """At most six officers; None where no officer has a window and nothing was recorded."""
    shown = shown_span(scene)
    rows = [result for result in scene.results if result.window is not None][:_MOST_ROWS]
    if shown is None or not rows:
        return None
    canvas = Canvas(Scale(shown, 0, 200))
    for result in rows:
        _row(canvas, scene, result)
    return Strip(200, canvas.y, describe(scene), tuple(canvas.boxes))


def _row(canvas: Canvas, scene: Scene, result: AssignmentResult) -> None:
    if result.window is not None:
        undecided = result.outcome in (Outcome.PENDING, Outcome.UNKNOWN)
        style = "mini-open" if undecided else "mini-out" if result.outcome is Outcome.EXCLUDED else "mini-required"
        canvas.bar(result.window.span, canvas.y, _ROW - 2, style)
    for span in result.covered:
        canvas.bar(span, canvas.y, _ROW - 2, "mini-covered")
    for span in result.unusable:
        canvas.bar(span, canvas.y, _ROW - 2, "mini-unusable")
    canvas.y += _ROW
