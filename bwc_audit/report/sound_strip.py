"""The sound of an incident's files as a strip each: levels over the same stretch of time as the timeline above it.

Drawn: the loudest level of each column between the bottom (-100 dB) and full scale; the policy's limit of silence as a
dashed line; digital silence, missing sound, packets that could not be decoded, and time nobody listened to, each with
its own pattern and words. It decides nothing: what is silent *too long* is a finding and stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.measures import SoundLevels
from bwc_audit.domain.results import PlacedSegment
from bwc_audit.domain.spans import joined, within, without
from bwc_audit.domain.times import SECOND_US, Span
from bwc_audit.report.evidence import InspectionEvidence
from bwc_audit.report.picture import Area, Box, Canvas, Label, Line, Picture, Scale, Text
from bwc_audit.report.timeline import Scene, Sheet, draw_axes, lane_name, shown_span
from bwc_audit.report.words import plural
from bwc_audit.report.zone_times import length, stretch

_HEIGHT = 44.0
_BOTTOM_DB = -100.0
#: Blocks this near each other are one: packet times are rounded to the container's ticks.
_JOIN_US = 100_000
#: Silence between two words is not worth a mark.
_LEAST_SILENCE_US = SECOND_US


@dataclass(frozen=True, slots=True)
class SoundSpans:
    """World time of one file, ascending: ``silent`` below the limit, ``missing`` inside what was listened to, ``failed``
    to decode, ``unheard``: recorded but not listened to, ``unmeasured``: sound by the sizes of its packets, not decoded."""

    silent: tuple[Span, ...]
    missing: tuple[Span, ...]
    failed: tuple[Span, ...]
    unheard: tuple[Span, ...]
    unmeasured: tuple[Span, ...] = ()


def sound_spans(evidence: InspectionEvidence, recorded: Span) -> SoundSpans:
    """Where the file placed at ``recorded`` is silent, has no sound, could not be decoded, or was not listened to."""
    levels, silence_dbfs = evidence.sound, evidence.silence_dbfs
    if evidence.is_soundless:
        return SoundSpans((), (recorded,), (), ())
    if levels is None:
        return SoundSpans((), (), (), (recorded,))
    start_us = recorded.start_us
    heard = _blocks(levels, np.ones(levels.dbfs.shape, dtype=bool), start_us)
    silent = _blocks(levels, levels.dbfs < silence_dbfs, start_us)
    failed = tuple(joined(_placed(levels.failed, start_us)))
    examined = within(joined(_placed(levels.examined, start_us)), [recorded])
    return SoundSpans(
        silent=tuple(span for span in silent if span.length_us >= _LEAST_SILENCE_US),
        missing=tuple(span for span in without(examined, (*heard, *failed)) if span.length_us > _JOIN_US),
        failed=failed,
        unheard=tuple(span for span in without((recorded,), examined) if span.length_us > _JOIN_US),
        unmeasured=_blocks(levels, np.isnan(levels.dbfs), start_us),
    )


def draw_sound(scene: Scene, sheet: Sheet) -> Picture | None:
    """A strip for every file of the incident that was looked into; None where there is none, or no time to draw on."""
    shown, files = shown_span(scene), _listened(scene)
    if shown is None or not files:
        return None
    canvas = Canvas(Scale(shown, sheet.label_width + 8, sheet.width - 12), y=34)
    areas: list[Area] = []
    for segment, evidence in files:
        if canvas.scale.clipped(segment.span) is not None:
            _lane(canvas, areas, scene, segment, evidence, sheet)
    draw_axes(canvas, scene.zone, sheet)
    return Picture(
        key=f"s-{sheet.key}",
        style=sheet.key,
        width=sheet.width,
        height=round(canvas.y, 1),
        title=f"Sound levels at incident {scene.incident_id}",
        description=" ".join(describe_sound(scene)),
        boxes=tuple(canvas.boxes),
        lines=tuple(canvas.lines),
        texts=tuple(canvas.texts),
        areas=tuple(areas),
    )


def describe_sound(scene: Scene) -> tuple[str, ...]:
    """The strips in words, a sentence for each file."""
    return tuple(_sentence(scene, segment, evidence) for segment, evidence in _listened(scene))


def columns_of(levels: SoundLevels, start_us: int, shown: Span, count: int) -> NDArray[np.float64]:
    """The loudest level in each of ``count`` equal columns of ``shown``; not a number where no sound lies."""
    loudest = np.full(count, -np.inf)
    begins = (levels.starts_us + start_us - shown.start_us) * count // shown.length_us
    # A block ends before its end: one that ends where a column begins does not reach into it.
    ends = (np.maximum(levels.ends_us - 1, levels.starts_us) + start_us - shown.start_us) * count // shown.length_us
    inside = (ends >= 0) & (begins < count) & ~np.isnan(levels.dbfs)
    begins, ends, dbfs = np.clip(begins[inside], 0, count - 1), np.clip(ends[inside], 0, count - 1), levels.dbfs[inside]
    np.maximum.at(loudest, begins, dbfs)
    np.maximum.at(loudest, ends, dbfs)
    # Blocks are short (some 20 ms): few are wider than two columns, and never more than there are columns.
    for place in np.flatnonzero(ends - begins > 1)[:count].tolist():
        between = slice(int(begins[place]) + 1, int(ends[place]))
        loudest[between] = np.maximum(loudest[between], dbfs[place])
    return np.where(np.isfinite(loudest), loudest, np.nan)


def _listened(scene: Scene) -> list[tuple[PlacedSegment, InspectionEvidence]]:
    return [(one, scene.evidence[one.footage_id]) for one in scene.segments if one.footage_id in scene.evidence]


def _lane(
    canvas: Canvas,
    areas: list[Area],
    scene: Scene,
    segment: PlacedSegment,
    evidence: InspectionEvidence,
    sheet: Sheet,
) -> None:
    """One file: its levels, the limit of silence, and what cannot be heard."""
    lane_name(canvas, sheet, f"Sound {segment.footage_id}", "lane", _HEIGHT)
    y, scale = canvas.y, canvas.scale
    canvas.boxes.append(Box("track", scale.left, round(y, 1), round(scale.right - scale.left, 1), _HEIGHT))
    spans = sound_spans(evidence, segment.span)
    labels: list[Label] = []
    for found, style, words in (
        (spans.unheard, "unknown", "not listened to"),
        (spans.missing, "missing", "no sound track" if evidence.is_soundless else "no sound"),
        (spans.failed, "damage", "sound damaged"),
        (spans.unmeasured, "unknown", "sound, loudness not measured"),
        (spans.silent, "silence", "silence"),
    ):
        for span in found:
            text = f"{words} {length(span.length_us)}"
            part, high = (y + _HEIGHT - 8, 8.0) if style == "silence" else (y, _HEIGHT)
            canvas.bar(span, part, high, f"sound-{style}", style, f"{text}, {stretch(span, scene.zone)}")
            if clipped := scale.clipped(span):
                middle = round((scale.x(clipped.start_us) + scale.x(clipped.end_us)) / 2, 1)
                labels.append(Label(middle, text, weight=span.length_us))
    if evidence.sound is not None:
        areas += _contour(evidence.sound, segment.span.start_us, scale, y)
        limit = _height(evidence.silence_dbfs, y)
        canvas.lines.append(Line("limit", scale.left, limit, scale.right, limit))
        canvas.texts.append(Text("limit", scale.right - 2, round(limit - 3, 1), _decibels(evidence.silence_dbfs), "end"))
    canvas.y += _HEIGHT + 2
    canvas.labels(labels, most=6)
    canvas.y += 6


def _contour(levels: SoundLevels, start_us: int, scale: Scale, y: float) -> list[Area]:
    """The levels as filled steps, a shape for each unbroken stretch of columns."""
    count = max(1, int(scale.right - scale.left))
    found = columns_of(levels, start_us, scale.shown, count)
    step = (scale.right - scale.left) / count
    is_heard = np.isfinite(found)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_heard.astype(np.int8), [0]])))
    base = round(y + _HEIGHT, 1)
    areas = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        path = [f"M{round(scale.left + first * step, 1)} {base}"]
        before: float | None = None
        for column in range(first, last):
            top = _height(float(found[column]), y)
            if top != before:
                path.append(f"H{round(scale.left + column * step, 1)}V{top}")
            before = top
        path.append(f"H{round(scale.left + last * step, 1)}V{base}Z")
        areas.append(Area("level", "".join(path)))
    return areas


def _height(dbfs: float, y: float) -> float:
    share = min(1.0, max(0.0, (dbfs - _BOTTOM_DB) / -_BOTTOM_DB))
    return round(y + _HEIGHT - share * (_HEIGHT - 2), 1)


def _sentence(scene: Scene, segment: PlacedSegment, evidence: InspectionEvidence) -> str:
    name = f"{segment.footage_id}:"
    if evidence.is_soundless:
        return f"{name} the file has no sound track."
    if evidence.sound is None:
        return f"{name} not listened to ({evidence.sound_note or 'the reason is not recorded'})."
    spans = sound_spans(evidence, segment.span)
    parts = [
        _said(spans.silent, f"silent (below {_decibels(evidence.silence_dbfs)})", scene),
        _said(spans.missing, "no sound", scene),
        _said(spans.failed, "sound that could not be decoded", scene),
        _said(spans.unheard, "not listened to", scene),
        _said(spans.unmeasured, "sound by the size of its packets, its loudness not measured,", scene),
    ]
    listened_us = evidence.effort.sound_us
    said = "; ".join(part for part in parts if part) or "sound throughout, nowhere silent for a second"
    return f"{name} {length(listened_us)} decoded; {said}."


def _decibels(dbfs: float) -> str:
    return f"{dbfs:g} dB".replace("-", "−")


def _said(spans: Sequence[Span], words: str, scene: Scene) -> str:
    if not spans:
        return ""
    total = length(sum(span.length_us for span in spans))
    longest = sorted(sorted(spans, key=lambda span: -span.length_us)[:3])
    where = ", ".join(stretch(span, scene.zone) for span in longest)
    rest = len(spans) - len(longest)
    more = f" and {plural(rest, 'shorter stretch', 'shorter stretches')}" if rest else ""
    return f"{words} for {total} ({where}{more})"


def _blocks(levels: SoundLevels, chosen: NDArray[np.bool_], start_us: int) -> tuple[Span, ...]:
    """Chosen blocks joined where they nearly touch, in the world."""
    begins, ends = levels.starts_us[chosen], np.maximum.accumulate(levels.ends_us[chosen])
    if not begins.size:
        return ()
    is_new = np.concatenate([[True], begins[1:] - ends[:-1] > _JOIN_US])
    firsts = np.flatnonzero(is_new)
    lasts = np.concatenate([firsts[1:], [len(begins)]]) - 1
    pairs = zip(begins[firsts].tolist(), ends[lasts].tolist(), strict=True)
    return tuple(Span(start_us + begin, start_us + end) for begin, end in pairs if end > begin)


def _placed(spans: Iterable[Span], start_us: int) -> list[Span]:
    return [Span(start_us + span.start_us, start_us + span.end_us) for span in spans]
