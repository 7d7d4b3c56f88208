"""The picture of one incident: when everybody came and went, what had to be recorded, and what was.

From top to bottom: local time; all cameras together; for each officer the recorded moments, the required window with
its gaps, and a lane for each camera; UTC. It draws what was decided and decides nothing. Where an officer's sources
are not complete, uncovered time is drawn as *not known yet*, never as a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from bwc_audit.domain.inspection import DefectKind
from bwc_audit.domain.results import AssignmentResult, IncidentResult, Outcome, PlacedSegment
from bwc_audit.domain.runs import ObservedFinding
from bwc_audit.domain.spans import joined
from bwc_audit.domain.times import HOUR_US, MINUTE_US, SECOND_US, Span
from bwc_audit.report.evidence import InspectionEvidence, SoundAgreement
from bwc_audit.report.picture import Box, Canvas, Label, Line, Picture, Scale, Text, tick_text, tick_times
from bwc_audit.report.words import INFORMATION, KIND_MARK, OUTCOME, humanised, reason_label
from bwc_audit.report.zone_times import clock, length, moment, stretch, zone_of

_UTC = zone_of("UTC")
_SOUND: frozenset[str] = frozenset({DefectKind.AUDIO_MISSING, DefectKind.AUDIO_MUTED, DefectKind.AUDIO_CLIPPED})
_DAMAGE: frozenset[str] = frozenset({DefectKind.TIMESTAMP_GAP, DefectKind.DECODE_ERROR, DefectKind.CORRUPT_PICTURE})
_UNDECIDED = (Outcome.PENDING, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A size of the picture. ``label_width`` 0: lane names stand above their lanes."""

    key: str
    width: float
    label_width: float
    ticks: int


WIDE = Sheet("wide", 1120, 172, 12)
MIDDLE = Sheet("middle", 720, 138, 7)
NARROW = Sheet("narrow", 360, 0, 5)
#: Screen, paper and tablet, telephone.
SHEETS = (WIDE, MIDDLE, NARROW)


@dataclass(frozen=True, slots=True)
class Scene:
    """One incident with everything that belongs to it, in a fixed order. ``evidence`` by footage id."""

    incident_id: str
    incident: IncidentResult | None
    results: tuple[AssignmentResult, ...]
    segments: tuple[PlacedSegment, ...]
    zone: ZoneInfo
    observed: tuple[ObservedFinding, ...] = ()
    evidence: Mapping[str, InspectionEvidence] = field(default_factory=dict)
    agreements: tuple[SoundAgreement, ...] = ()


def shown_span(scene: Scene) -> Span | None:
    """The stretch of time to draw; None where nothing has a time.

    The officers' own times and windows decide; the incident's opening and closing join where they lie within 2 h of
    them, and recordings reach at most a quarter of that length (at least 3 min) beyond.
    """
    times = [time for result in scene.results for time in _own_times(result)]
    ends = [scene.incident.opened_us, scene.incident.closed_us] if scene.incident else []
    known = [time for time in ends if time is not None]
    if times:
        times += [time for time in known if min(times) - 2 * HOUR_US <= time <= max(times) + 2 * HOUR_US]
    else:
        times = known + [time for segment in scene.segments for time in (segment.span.start_us, segment.span.end_us)]
    if not times:
        return None
    start_us, end_us = min(times), max(times)
    reach_us = max((end_us - start_us) // 4, 3 * MINUTE_US)
    near = Span(start_us - reach_us, end_us + reach_us)
    for segment in scene.segments:
        start_us = min(start_us, max(segment.span.start_us, near.start_us)) if _touches(segment.span, near) else start_us
        end_us = max(end_us, min(segment.span.end_us, near.end_us)) if _touches(segment.span, near) else end_us
    edge_us = max((end_us - start_us) // 40, 5 * SECOND_US)
    return Span(start_us - edge_us, end_us + edge_us)


def draw_timeline(scene: Scene, sheet: Sheet) -> Picture | None:
    """The picture in one size; None where there is no time to draw on."""
    shown = shown_span(scene)
    if shown is None:
        return None
    canvas = Canvas(Scale(shown, sheet.label_width + 8, sheet.width - 12), y=34)
    _incident_lane(canvas, scene, sheet)
    for result in scene.results:
        _officer_lanes(canvas, scene, result, sheet)
    _other_lanes(canvas, scene, sheet)
    draw_axes(canvas, scene.zone, sheet)
    return Picture(
        key=f"t-{sheet.key}",
        style=sheet.key,
        width=sheet.width,
        height=round(canvas.y, 1),
        title=f"Timeline of incident {scene.incident_id}",
        description=describe(scene),
        boxes=tuple(canvas.boxes),
        lines=tuple(canvas.lines),
        texts=tuple(canvas.texts),
    )


def describe(scene: Scene) -> str:
    """The picture in words: for every officer the window, what was recorded of it, and what was not."""
    sentences = []
    for result in scene.results:
        name = f"Officer {result.officer_id}"
        if result.window is None:
            sentences.append(f"{name}: no required window ({OUTCOME[result.outcome].lower()}).")
            continue
        covered = f"{length(result.covered_us)} of {length(result.required_us)} recorded"
        text = f"{name}: required {stretch(result.window.span, scene.zone)}, {covered}"
        gaps = ", ".join(stretch(gap, scene.zone) for gap in result.gaps)
        word = "not known yet" if result.outcome in _UNDECIDED else "not recorded"
        sentences.append(f"{text}; {word}: {gaps}." if gaps else f"{text}.")
    return " ".join(sentences) or "No officer is recorded as assigned."


def is_of(segment: PlacedSegment, result: AssignmentResult) -> bool:
    """Whether a file belongs to an officer's assignment: by the officer, or because it was matched to it."""
    return segment.officer_id == result.officer_id or segment.footage_id in result.footage_ids


def _own_times(result: AssignmentResult) -> list[int]:
    times = [result.dispatched_us, result.en_route_us, result.on_scene_us, result.cleared_us]
    if result.window:
        times += [result.window.span.start_us, result.window.span.end_us]
    return [time for time in times if time is not None]


def _touches(span: Span, other: Span) -> bool:
    return span.start_us < other.end_us and other.start_us < span.end_us


def lane_name(canvas: Canvas, sheet: Sheet, text: str, style: str, height: float) -> None:
    """The name of the next lane: left of it, or above it where there is no room."""
    if sheet.label_width:
        most = int((sheet.label_width - 6) / (7.6 if style == "officer" else 6.7))
        canvas.texts.append(Text(style, 2, round(canvas.y + height / 2 + 4, 1), _short(text, most)))
    else:
        canvas.texts.append(Text(style, canvas.scale.left, round(canvas.y + 11, 1), _short(text, 50)))
        canvas.y += 16


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _incident_lane(canvas: Canvas, scene: Scene, sheet: Sheet) -> None:
    lane_name(canvas, sheet, "All cameras", "officer", 14)
    canvas.boxes.append(_track(canvas, canvas.y, 14))
    for span in joined(segment.span for segment in scene.segments):
        canvas.bar(span, canvas.y, 14, "union", hint=f"At least one camera recorded {stretch(span, scene.zone)}")
    labels = []
    uncovered = scene.incident.uncovered if scene.incident else None
    for span in uncovered or ():
        text = f"no camera {length(span.length_us)}"
        canvas.bar(span, canvas.y, 14, "uncovered", "uncovered", f"{text}, {stretch(span, scene.zone)}")
        labels.append(Label(_middle(canvas, span), text, weight=span.length_us))
    canvas.y += 16
    if uncovered is None and scene.results:
        labels.append(Label(canvas.scale.left, "time without any camera: cannot be said"))
    canvas.labels(labels)
    canvas.y += 12


def _track(canvas: Canvas, y: float, height: float) -> Box:
    """The empty lane behind what was recorded."""
    scale = canvas.scale
    return Box("track", scale.left, round(y, 1), round(scale.right - scale.left, 1), height)


def _middle(canvas: Canvas, span: Span) -> float:
    part = canvas.scale.clipped(span) or span
    return round((canvas.scale.x(part.start_us) + canvas.scale.x(part.end_us)) / 2, 1)


def _officer_lanes(canvas: Canvas, scene: Scene, result: AssignmentResult, sheet: Sheet) -> None:
    canvas.lines.append(Line("divide", 0, round(canvas.y - 6, 1), sheet.width, round(canvas.y - 6, 1)))
    top, band_at = canvas.y, len(canvas.boxes)
    outcome = OUTCOME[result.outcome].lower() + (f": {reason_label(result.reason)}" if result.reason else "")
    lane_name(canvas, sheet, f"Officer {result.officer_id}", "officer", 10)
    if sheet.label_width:
        canvas.texts.append(Text("note", 2, round(canvas.y + 24, 1), _short(outcome, int(sheet.label_width / 6.7))))
    else:
        canvas.texts.append(Text("note", canvas.scale.left, round(canvas.y + 8, 1), outcome))
        canvas.y += 14
    _moments(canvas, scene.zone, result)
    if result.window is not None:
        _window_bar(canvas, scene.zone, result, result.window.span, sheet)
    segments = [segment for segment in scene.segments if is_of(segment, result)]
    for device_id in sorted({segment.device_id for segment in segments}):
        lane = [segment for segment in segments if segment.device_id == device_id]
        _camera_lane(canvas, scene, f"Camera {device_id}", lane, sheet)
    if not segments:
        lane_name(canvas, sheet, "Camera", "lane", 18)
        canvas.boxes.append(_track(canvas, canvas.y, 18))
        canvas.texts.append(Text("note", canvas.scale.left + 6, round(canvas.y + 13, 1), "no recording found"))
        canvas.y += 26
    if result.window is not None:
        band = Canvas(canvas.scale)
        band.bar(result.window.span, top, round(canvas.y - top - 4, 1), "band")
        canvas.boxes[band_at:band_at] = band.boxes
    canvas.y += 10


def _moments(canvas: Canvas, zone: ZoneInfo, result: AssignmentResult) -> None:
    """Ticks and words for dispatch, en route, on scene and clear."""
    named = (
        ("dispatch", result.dispatched_us),
        ("en route", result.en_route_us),
        ("on scene", result.on_scene_us),
        ("clear", result.cleared_us),
    )
    labels = []
    for name, at_us in named:
        if at_us is not None:
            x = canvas.scale.x(at_us)
            canvas.lines.append(Line("moment", x, round(canvas.y, 1), x, round(canvas.y + 10, 1)))
            labels.append(Label(x, f"{name} {clock(at_us, zone)}", "moment-text"))
    canvas.y += 10
    canvas.labels(labels)
    canvas.y += 4


def _window_bar(canvas: Canvas, zone: ZoneInfo, result: AssignmentResult, window: Span, sheet: Sheet) -> None:
    """The required window with what of it was not recorded, or cannot be judged yet."""
    lane_name(canvas, sheet, "required window", "lane", 10)
    canvas.bar(window, canvas.y, 10, "required", hint=f"Required {stretch(window, zone)}")
    labels = []
    if result.outcome in _UNDECIDED:
        canvas.bar(window, canvas.y, 10, "unknown", "unknown", "Not known yet")
        labels.append(Label(_middle(canvas, window), f"not judged: {reason_label(result.reason) or 'reason not given'}"))
    elif result.outcome is not Outcome.EXCLUDED:
        for gap in result.gaps:
            text = f"gap {length(gap.length_us)}"
            canvas.bar(gap, canvas.y, 10, "gap", "gap", f"{text}, {stretch(gap, zone)}")
            labels.append(Label(_middle(canvas, gap), text, weight=gap.length_us))
    canvas.y += 12
    canvas.labels(labels)
    canvas.y += 6


def _camera_lane(canvas: Canvas, scene: Scene, name: str, segments: Sequence[PlacedSegment], sheet: Sheet) -> None:
    lane_name(canvas, sheet, name, "lane", 18)
    canvas.boxes.append(_track(canvas, canvas.y, 18))
    labels: list[Label] = []
    for segment in sorted(segments, key=lambda segment: (segment.span, segment.footage_id)):
        if canvas.scale.clipped(segment.span) is None:
            side = canvas.scale.left if segment.span.end_us <= canvas.scale.shown.start_us else canvas.scale.right
            labels.append(Label(side, f"recording outside this picture: {moment(segment.span.start_us, scene.zone)}"))
        else:
            labels += _segment_marks(canvas, scene.zone, segment)
            labels += _defect_marks(canvas, scene, segment)
    canvas.y += 20
    canvas.labels(labels)
    canvas.y += 6


def _segment_marks(canvas: Canvas, zone: ZoneInfo, segment: PlacedSegment) -> list[Label]:
    """One file in its lane: buffer, recording, what cannot be seen or heard, and whether it was looked into."""
    y, labels, span = canvas.y, [], segment.span
    recorded = f"{segment.footage_id}: {stretch(span, zone)}"
    canvas.bar(span, y, 18, "covered", hint=recorded)
    if segment.activated_us is not None and segment.activated_us > span.start_us:
        buffer = Span(span.start_us, min(segment.activated_us, span.end_us))
        canvas.bar(buffer, y, 18, "buffer", "buffer", f"Pre-event buffer {length(buffer.length_us)}")
    for unusable in segment.unusable:
        mark = KIND_MARK.get(unusable.kind, str(unusable.kind).replace("_", " "))
        text = f"{mark} {length(unusable.span.length_us)}"
        canvas.bar(unusable.span, y, 18, "unusable", _pattern_of(unusable.kind), f"{text}, {stretch(unusable.span, zone)}")
        labels.append(Label(_middle(canvas, unusable.span), text, weight=unusable.span.length_us))
    if segment.inspection_status is None:
        canvas.bar(span, y + 12, 6, "unknown", "unknown", "Not looked into")
        labels.append(Label(_middle(canvas, span), "not looked into"))
    elif segment.inspection_status != "complete":
        words = "could not be read" if segment.inspection_status == "unreadable" else "looked into in part"
        canvas.bar(span, y + 12, 6, "unknown", "unknown", words)
        labels.append(Label(_middle(canvas, span), words))
    if segment.role == "tagged":
        labels.append(Label(_middle(canvas, span), "tagged by hand"))
    _arrows(canvas, span)
    return labels


def _defect_marks(canvas: Canvas, scene: Scene, segment: PlacedSegment) -> list[Label]:
    """What a look into the file found besides: defects over the lane, information (no defect) along its foot."""
    evidence, labels = scene.evidence.get(segment.footage_id), []
    drawn = {str(unusable.kind) for unusable in segment.unusable}
    for defect in evidence.defects if evidence else ():
        if defect.kind in drawn or defect.end_us <= defect.start_us:
            continue
        span = Span(segment.span.start_us + defect.start_us, segment.span.start_us + defect.end_us)
        text = f"{KIND_MARK.get(defect.kind, humanised(defect.kind).lower())} {length(span.length_us)}"
        hint = f"{text}, {stretch(span, scene.zone)}"
        if defect.kind in INFORMATION:
            canvas.bar(span, canvas.y + 13, 5, "information", hint=hint)
        else:
            canvas.bar(span, canvas.y, 18, "unusable", _pattern_of(defect.kind), hint)
        weight = span.length_us // 2 if defect.kind in INFORMATION else span.length_us
        labels.append(Label(_middle(canvas, span), text, weight=weight))
    return labels


def _pattern_of(kind: str) -> str:
    return "sound" if kind in _SOUND else "damage" if kind in _DAMAGE else "picture"


def _arrows(canvas: Canvas, span: Span) -> None:
    """Signs that a recording goes on beyond the picture."""
    y = round(canvas.y + 13, 1)
    if span.start_us < canvas.scale.shown.start_us:
        canvas.texts.append(Text("onward", canvas.scale.left + 3, y, "◂ earlier"))
    if span.end_us > canvas.scale.shown.end_us:
        canvas.texts.append(Text("onward", canvas.scale.right - 3, y, "later ▸", "end"))


def _other_lanes(canvas: Canvas, scene: Scene, sheet: Sheet) -> None:
    """Cameras of people who are not assigned to the incident."""
    others = [s for s in scene.segments if not any(is_of(s, result) for result in scene.results)]
    if not others:
        return
    canvas.lines.append(Line("divide", 0, round(canvas.y - 6, 1), sheet.width, round(canvas.y - 6, 1)))
    canvas.texts.append(Text("officer", 2 if sheet.label_width else canvas.scale.left, canvas.y + 10, "Other cameras"))
    canvas.y += 18
    for device_id, officer_id in sorted({(segment.device_id, segment.officer_id or "") for segment in others}):
        lane = [s for s in others if s.device_id == device_id and (s.officer_id or "") == officer_id]
        name = f"{device_id} ({officer_id})" if officer_id else f"{device_id} (nobody)"
        _camera_lane(canvas, scene, name, lane, sheet)


def draw_axes(canvas: Canvas, zone: ZoneInfo, sheet: Sheet) -> None:
    """Local time above, UTC below, and the grid between them."""
    shown, bottom = canvas.scale.shown, canvas.y
    ticks = tick_times(shown, zone, sheet.ticks)
    day, rest = moment(shown.start_us, zone).rsplit(",", 1)
    abbreviation = rest.rsplit(" ", 1)[1]
    grid = []
    for at_us in ticks:
        x = canvas.scale.x(at_us)
        grid.append(Line("grid", x, 22, x, round(bottom, 1)))
        anchor = "start" if x < canvas.scale.left + 16 else "end" if x > canvas.scale.right - 16 else "middle"
        canvas.texts.append(Text("tick", x, 17, tick_text(at_us, zone, ticks), anchor))
        canvas.texts.append(Text("tick", x, round(bottom + 14, 1), tick_text(at_us, _UTC, ticks), anchor))
    canvas.lines[0:0] = grid
    if sheet.label_width:
        canvas.texts.append(Text("tick", 2, 17, f"{day}, {abbreviation}"))
        canvas.texts.append(Text("tick", 2, round(bottom + 14, 1), "UTC"))
        canvas.y = bottom + 22
    else:
        canvas.texts.append(
            Text("tick", canvas.scale.left, round(bottom + 30, 1), f"{day}: {abbreviation} above, UTC below")
        )
        canvas.y = bottom + 36
