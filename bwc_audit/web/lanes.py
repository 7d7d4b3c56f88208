"""The lanes of the interactive timeline: what the report's picture shows, as items with times in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bwc_audit.domain.records import DeviceEvent
from bwc_audit.domain.results import AssignmentResult, Outcome, PlacedSegment
from bwc_audit.domain.spans import joined
from bwc_audit.domain.times import HOUR_US, MINUTE_US, Span
from bwc_audit.report.timeline import Scene, is_of, shown_span
from bwc_audit.report.words import KIND_MARK, humanised
from bwc_audit.report.zone_times import clock, length, local, stretch

#: How far the timeline can be panned beyond what it shows first, and a little more.
_AROUND_US = 8 * HOUR_US


@dataclass(frozen=True, slots=True)
class Item:
    """One bar (``end`` given) or mark of a lane. ``style`` is a CSS class, ``words`` what is said when it is chosen."""

    lane: str
    start: int
    end: int | None
    style: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Lanes:
    """``offsets``: of the agency's zone, each from a moment on, so that an incident across a change of clocks reads right;
    ``start`` and ``end``: what to show first. Milliseconds."""

    lanes: tuple[tuple[str, str], ...]
    items: tuple[Item, ...]
    start: int
    end: int
    offsets: tuple[tuple[int, int], ...]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "groups": [{"id": lane, "label": label} for lane, label in self.lanes],
            "items": [asdict(one) for one in self.items],
            "start": self.start,
            "end": self.end,
            "offsets": [list(one) for one in self.offsets],
        }


def lanes_of(scene: Scene, events: Sequence[DeviceEvent]) -> Lanes:
    """The lanes of an incident: for each officer the required window, and a lane for each of their cameras; then others."""
    shown = shown_span(scene) or Span(0, 1)
    lanes: list[tuple[str, str]] = []
    items: list[Item] = []
    placed: set[str] = set()
    if scene.incident is not None and (scene.segments or scene.incident.uncovered):
        lanes.append(("all", "All cameras"))
        items += _all_cameras(scene)
    for result in scene.results:
        lane = f"officer {result.officer_id}"
        lanes.append((lane, f"Officer {result.officer_id}"))
        items += _moments(lane, result, scene)
        if result.window is not None:
            lanes.append((f"{lane} window", "Required window"))
            items += _window(f"{lane} window", result, result.window.span, scene)
        for device_id in sorted({one.device_id for one in scene.segments if is_of(one, result)}):
            mine = [one for one in scene.segments if is_of(one, result) and one.device_id == device_id]
            placed |= {one.footage_id for one in mine}
            items += _camera(lanes, f"{lane} camera {device_id}", f"Camera {device_id}", mine, events, scene, shown)
    others = [one for one in scene.segments if one.footage_id not in placed]
    for device_id in sorted({one.device_id for one in others}):
        mine = [one for one in others if one.device_id == device_id]
        items += _camera(lanes, f"other {device_id}", f"Camera {device_id} (other)", mine, events, scene, shown)
    return Lanes(tuple(lanes), tuple(items), shown.start_us // 1000, shown.end_us // 1000, offsets_of(shown, scene.zone))


def _all_cameras(scene: Scene) -> Iterator[Item]:
    for span in joined(segment.span for segment in scene.segments):
        yield _bar("all", span, "union", "", f"At least one camera recorded {stretch(span, scene.zone)}")
    for span in (scene.incident.uncovered if scene.incident else None) or ():
        text = f"no camera {length(span.length_us)}"
        yield _bar("all", span, "uncovered", text, f"{text}, {stretch(span, scene.zone)}")


def offsets_of(shown: Span, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    """(from this moment on, minutes ahead of UTC), of a picture and of what can be panned to around it.

    Clocks change on whole quarters of an hour."""
    step_us = 15 * MINUTE_US
    first = (shown.start_us - _AROUND_US) // step_us * step_us
    found: list[tuple[int, int]] = []
    for at_us in range(first, shown.end_us + _AROUND_US, step_us):
        offset = local(at_us, zone).utcoffset()
        minutes = int(offset.total_seconds() // 60) if offset else 0
        if not found or found[-1][1] != minutes:
            found.append((at_us // 1000, minutes))
    return tuple(found)


def _window(lane: str, result: AssignmentResult, window: Span, scene: Scene) -> Iterator[Item]:
    yield _bar(lane, window, "required", "required", f"Required {stretch(window, scene.zone)}")
    if result.outcome in (Outcome.PENDING, Outcome.UNKNOWN):
        yield _bar(lane, window, "unknown", str(result.outcome), f"Not judged: {result.outcome}")
    elif result.outcome is not Outcome.EXCLUDED:
        for gap in result.gaps:
            text = f"not recorded {length(gap.length_us)}"
            yield _bar(lane, gap, "gap", text, f"{text}, {stretch(gap, scene.zone)}")


def _moments(lane: str, result: AssignmentResult, scene: Scene) -> Iterator[Item]:
    named = (
        ("dispatch", result.dispatched_us),
        ("en route", result.en_route_us),
        ("on scene", result.on_scene_us),
        ("clear", result.cleared_us),
    )
    for name, at_us in named:
        if at_us is not None:
            yield Item(lane, at_us // 1000, None, "moment", name, f"{name} {clock(at_us, scene.zone)}")


def _camera(
    lanes: list[tuple[str, str]],
    lane: str,
    label: str,
    segments: Sequence[PlacedSegment],
    events: Sequence[DeviceEvent],
    scene: Scene,
    shown: Span,
) -> Iterator[Item]:
    lanes.append((lane, label))
    for segment in segments:
        yield from _segment_items(lane, segment, scene)
    for event in events:
        if event.device_id == segments[0].device_id and shown.start_us <= event.at_us < shown.end_us:
            name = humanised(event.event).lower()
            words = f"device log: {name} {clock(event.at_us, scene.zone)}" + (f", {event.value}" if event.value else "")
            yield Item(lane, event.at_us // 1000, None, "event", name, words)


def _segment_items(lane: str, segment: PlacedSegment, scene: Scene) -> Iterator[Item]:
    span = segment.span
    yield _bar(lane, span, "covered", segment.footage_id, f"{segment.footage_id}: {stretch(span, scene.zone)}")
    if segment.activated_us is not None and segment.activated_us > span.start_us:
        buffer = Span(span.start_us, min(segment.activated_us, span.end_us))
        yield _bar(lane, buffer, "buffer", "buffer", f"Pre-event buffer {length(buffer.length_us)}")
    for unusable in segment.unusable:
        mark = KIND_MARK.get(unusable.kind, humanised(unusable.kind).lower())
        text = f"{mark} {length(unusable.span.length_us)}"
        yield _bar(lane, unusable.span, "unusable", text, f"{text}, {stretch(unusable.span, scene.zone)}")
    if segment.inspection_status != "complete":
        words = {None: "not looked into", "partial": "looked into in part"}.get(
            segment.inspection_status, "could not be read"
        )
        yield _bar(lane, span, "unseen", words, f"{segment.footage_id}: {words}")


def _bar(lane: str, span: Span, style: str, label: str, words: str) -> Item:
    return Item(lane, span.start_us // 1000, max(span.end_us // 1000, span.start_us // 1000 + 1), style, label, words)
