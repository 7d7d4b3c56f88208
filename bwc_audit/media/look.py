"""The pictures of one file: planned, decoded, measured, and looked at again where something seems to begin or end.

Coarse first (one sample a step), then the edges of what seems defective, ten frames a second between the last good
and the first defective sample. ``spans`` are the stretches of media time in which samples lie no further apart than
two steps; beyond them nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from bwc_audit.detectors.picture import PictureMeasures, PictureMeter
from bwc_audit.detectors.visual import candidate_runs, visual_defects
from bwc_audit.domain.inspection import Defect, DefectKind, Still
from bwc_audit.domain.policy import InspectionRules, UsabilityRules
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds
from bwc_audit.media.container import FrameTable, is_seekable, opened, video_of
from bwc_audit.media.frames import DecodeLog, SampledFrame, frames_at, luma_of
from bwc_audit.media.plan import Visit, plan_visits, visits_at
from bwc_audit.media.sniff import Sniffed
from bwc_audit.media.source import RangeFile
from bwc_audit.media.stills import still_of, still_times

_EDGE_STEP_US = 100_000
#: Neighbouring samples further apart than this many steps do not speak for what lies between them.
_STEPS_APART = 2.2


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """``samples``: the undamaged frames in order of time; ``frames``: how many were looked at, damaged ones too;
    ``spans``: what they cover; ``missed``: what was planned and could not be examined."""

    samples: tuple[PictureMeasures, ...]
    spans: tuple[Span, ...]
    longest_step_us: int
    frames: int
    defects: tuple[Defect, ...]
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    """One frame that was looked at, shown over ``[at_us, end_us)``."""

    at_us: int
    end_us: int
    is_damaged: bool


@dataclass(slots=True)
class _Pass:
    """One reading: its measures, damaged frames ``(at, end)``, and what the decoder refused.

    Damaged frames are not measured: what a decoder puts in place of lost parts looks black, covered or frozen.
    """

    samples: list[PictureMeasures] = field(default_factory=list)
    damaged: list[tuple[int, int]] = field(default_factory=list)
    log: DecodeLog = field(default_factory=DecodeLog)


def look_at(
    source: RangeFile,
    sniffed: Sniffed,
    table: FrameTable,
    spans: Sequence[Span],
    rules: InspectionRules,
    *,
    is_deep: bool,
) -> Look:
    """Sample ``spans`` (media time). Raises ``MediaUnreadableError`` when the file cannot be read on."""
    step_us = us_of_seconds((rules.sampling.deep_step_s or 0.25) if is_deep else min(1.0, rules.sampling.step_s))
    keys_us: list[int] = table.keys_us.tolist()
    usual_us = _usual_display(table)
    visits = plan_visits(keys_us, table.end_us, spans, step_us, display_us=usual_us, is_deep=is_deep)
    coarse = _read(source, sniffed, table, visits, rules.usability)
    samples = coarse.samples
    if not is_deep:
        breaks = _breaks(samples, step_us)
        edges = _edges(samples, breaks, spans, table.end_us, rules.usability)
        if edges:
            wanted = sorted({at_us for edge in edges for at_us in _edge_times(edge)})
            fine = _read(source, sniffed, table, visits_at(keys_us, wanted), rules.usability)
            samples = _with_edges(samples, fine.samples, edges)
    marks = _marks(samples, coarse, _usual_display(table))
    sampled = _sampled_spans(marks, step_us)
    found = visual_defects(samples, rules.usability, _breaks(samples, step_us))
    return Look(
        samples=tuple(samples),
        spans=sampled,
        longest_step_us=_longest_step(marks, sampled),
        frames=len(marks),
        defects=(*found, *_decode_defects(marks, step_us)),
        missed=tuple(_missed(coarse, spans, sampled, table, step_us)),
    )


def stills_of(
    source: RangeFile,
    sniffed: Sniffed,
    table: FrameTable,
    samples: Sequence[PictureMeasures],
    asked_us: Sequence[int],
    defects: Sequence[Defect],
) -> tuple[Still, ...]:
    """The chosen samples, decoded once more, as small pictures in order of time."""
    chosen = still_times([sample.at_us for sample in samples], asked_us, defects)
    visits = visits_at(table.keys_us.tolist(), chosen)
    frames = _frames(source, sniffed, table, visits, DecodeLog())
    stills = [still_of(frame.picture, frame.at_us) for frame in frames if frame.at_us in chosen]
    return tuple(still for still in stills if still is not None)


def _frames(
    source: RangeFile, sniffed: Sniffed, table: FrameTable, visits: Sequence[Visit], log: DecodeLog
) -> Iterator[SampledFrame]:
    with opened(source, sniffed) as container:
        stream = video_of(container)
        yield from frames_at(container, stream, table, visits, log, is_seekable=is_seekable(sniffed))


def _read(source: RangeFile, sniffed: Sniffed, table: FrameTable, visits: Sequence[Visit], rules: UsabilityRules) -> _Pass:
    done = _Pass()
    meter = PictureMeter(rules.overlay_share)
    usual_us = _usual_display(table)
    for frame in _frames(source, sniffed, table, visits, done.log):
        end_us = frame.at_us + (frame.duration_us if 0 < frame.duration_us <= 2 * usual_us else usual_us)
        if frame.is_corrupt:
            done.damaged.append((frame.at_us, end_us))
            continue
        measures = meter.measure(luma_of(frame.picture), frame.at_us, end_us, is_key=frame.is_key)
        if not done.samples or measures.at_us > done.samples[-1].at_us:
            done.samples.append(measures)
    return done


def _usual_display(table: FrameTable) -> int:
    return int(np.median(np.diff(table.times_us))) if table.times_us.size > 1 else 0


def _edges(
    samples: Sequence[PictureMeasures],
    breaks_us: Sequence[int],
    spans: Sequence[Span],
    end_us: int,
    rules: UsabilityRules,
) -> list[Span]:
    """Stretches between a good and a defective sample (or the end of the span) that are worth a closer look."""
    edges: set[Span] = set()
    for stretch, first, last in candidate_runs(samples, rules, breaks_us):
        if first:
            edges.add(Span(stretch[first - 1].at_us, stretch[first].at_us))
        inside = next((s for s in spans if s.start_us <= stretch[last].at_us < s.end_us), None)
        span_end_us = min(end_us, inside.end_us) if inside else stretch[last].end_us
        until_us = stretch[last + 1].at_us if last + 1 < len(stretch) else span_end_us
        if until_us > stretch[last].at_us:
            edges.add(Span(stretch[last].at_us, until_us))
    return sorted(edges)


def _edge_times(edge: Span) -> list[int]:
    return [*range(edge.start_us, edge.end_us, _EDGE_STEP_US), edge.end_us]


def _with_edges(
    samples: Sequence[PictureMeasures], fine: Sequence[PictureMeasures], edges: Sequence[Span]
) -> list[PictureMeasures]:
    """The samples with a closer reading put in: of that, what lies after the start of an edge, up to its end (what
    stands at the start was compared with something before the edge)."""
    merged = {sample.at_us: sample for sample in samples}
    for sample in fine:
        if not any(edge.start_us < sample.at_us <= edge.end_us for edge in edges):
            continue
        known = merged.get(sample.at_us)
        merged[sample.at_us] = sample if known is None else replace(sample, key_difference=known.key_difference)
    return [merged[at_us] for at_us in sorted(merged)]


def _breaks(samples: Sequence[PictureMeasures], step_us: int) -> list[int]:
    """Times of samples that follow the one before at more than two steps: no run reaches across."""
    limit_us = step_us * _STEPS_APART
    pairs = pairwise(samples)
    return [later.at_us for earlier, later in pairs if later.at_us - earlier.at_us > limit_us]


def _marks(samples: Sequence[PictureMeasures], done: _Pass, usual_us: int) -> list[_Mark]:
    """Everything that was looked at, good or damaged, in order of time, one mark a frame."""
    refused = [_Mark(max(0, at_us), max(0, at_us) + usual_us, True) for at_us in done.log.faults_us]
    damaged = [_Mark(at_us, end_us, True) for at_us, end_us in done.damaged]
    good = [_Mark(sample.at_us, sample.end_us, False) for sample in samples]
    by_time = {mark.at_us: mark for mark in [*refused, *damaged, *good]}
    return [by_time[at_us] for at_us in sorted(by_time)]


def _sampled_spans(marks: Sequence[_Mark], step_us: int) -> tuple[Span, ...]:
    stretches: list[Span] = []
    last_us: int | None = None
    for mark in marks:
        end_us = max(mark.end_us, mark.at_us + 1)
        if last_us is not None and mark.at_us - last_us <= step_us * _STEPS_APART:
            stretches[-1] = Span(stretches[-1].start_us, max(end_us, stretches[-1].end_us))
        else:
            stretches.append(Span(mark.at_us, end_us))
        last_us = mark.at_us
    return tuple(stretches)


def _longest_step(marks: Sequence[_Mark], sampled: Sequence[Span]) -> int:
    starts = {span.start_us for span in sampled}
    return max((later.at_us - earlier.at_us for earlier, later in pairwise(marks) if later.at_us not in starts), default=0)


def _decode_defects(marks: Sequence[_Mark], step_us: int) -> Iterator[Defect]:
    """Damaged marks that follow each other, with no good one between, are one defect."""
    run: list[_Mark] = []
    for mark in [*marks, None]:
        is_next = mark is not None and mark.is_damaged and run and mark.at_us - run[-1].at_us <= step_us * _STEPS_APART
        if run and not is_next:
            yield Defect(DefectKind.DECODE_ERROR, run[0].at_us, run[-1].end_us, 1.0, {"frames": float(len(run))})
            run = []
        if mark is not None and mark.is_damaged:
            run.append(mark)


def _holes_us(table: FrameTable, span: Span, step_us: int) -> int:
    """Time in the span in which the file holds no frames: nothing was missed there, it is a defect of its own."""
    times_us = np.clip(table.times_us, span.start_us, span.end_us)
    apart_us = np.diff(times_us)
    return int(apart_us[apart_us > step_us * _STEPS_APART].sum())


def _missed(done: _Pass, spans: Iterable[Span], sampled: Sequence[Span], table: FrameTable, step_us: int) -> Iterator[str]:
    if done.log.frames_missed:
        yield f"pictures: {done.log.frames_missed} planned frames never came"
    if not sampled:
        yield "pictures: no frame could be decoded"
    for span in spans:
        covered_us = sum(max(0, min(span.end_us, s.end_us) - max(span.start_us, s.start_us)) for s in sampled)
        held_us = min(span.end_us, table.end_us) - max(span.start_us, 0) - _holes_us(table, span, step_us)
        if span.start_us >= table.end_us:
            yield f"pictures: {span.start_us / SECOND_US:.1f} s lies outside the video"
        if held_us > 0 and held_us - covered_us > 2 * step_us:
            yield (
                f"pictures: {(held_us - covered_us) / SECOND_US:.1f} s between {span.start_us / SECOND_US:.1f} s "
                f"and {span.end_us / SECOND_US:.1f} s were not sampled"
            )
