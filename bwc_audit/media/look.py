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
from bwc_audit.domain.policy import UsabilityRules
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
    """``samples`` in order of time; ``spans`` what they cover; ``missed`` what was planned and could not be examined."""

    samples: tuple[PictureMeasures, ...]
    spans: tuple[Span, ...]
    longest_step_us: int
    defects: tuple[Defect, ...]
    missed: tuple[str, ...]


@dataclass(slots=True)
class _Pass:
    """One reading: its measures, damaged frames ``(at, end)``, and what the decoder refused."""

    samples: list[PictureMeasures] = field(default_factory=list)
    damaged: list[tuple[int, int]] = field(default_factory=list)
    log: DecodeLog = field(default_factory=DecodeLog)


def look_at(
    source: RangeFile,
    sniffed: Sniffed,
    table: FrameTable,
    spans: Sequence[Span],
    rules: UsabilityRules,
    *,
    is_deep: bool,
) -> Look:
    """Sample ``spans`` (media time). Raises ``MediaUnreadableError`` when the file cannot be read on."""
    step_us = us_of_seconds(rules.deep_step_s if is_deep else rules.sample_step_s)
    keys_us: list[int] = table.keys_us.tolist()
    usual_us = _usual_display(table)
    visits = plan_visits(keys_us, table.end_us, spans, step_us, display_us=usual_us, is_deep=is_deep)
    coarse = _read(source, sniffed, table, visits, rules)
    samples = coarse.samples
    if not is_deep:
        breaks = _breaks(samples, step_us)
        for edge in _edges(samples, breaks, spans, table.end_us, rules):
            fine = _read(source, sniffed, table, visits_at(keys_us, _edge_times(edge)), rules)
            samples = _with_edge(samples, fine.samples)
    sampled = _sampled_spans(samples, step_us)
    found = visual_defects(samples, rules, _breaks(samples, step_us))
    return Look(
        samples=tuple(samples),
        spans=sampled,
        longest_step_us=_longest_step(samples, sampled),
        defects=(*found, *_decode_defects(coarse, table)),
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
    stills = (still_of(f.picture, f.at_us) for f in _frames(source, sniffed, table, visits, DecodeLog()))
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


def _with_edge(samples: list[PictureMeasures], fine: Sequence[PictureMeasures]) -> list[PictureMeasures]:
    """The samples with a closer reading put in: its first frame is a sample already, the others are new or replace."""
    added = {sample.at_us: sample for sample in fine[1:]}
    kept = {sample.at_us: sample for sample in samples}
    for at_us in kept.keys() & added.keys():
        if added[at_us].key_difference is None:
            added[at_us] = replace(added[at_us], key_difference=kept[at_us].key_difference)
    return [sample for _, sample in sorted({**kept, **added}.items())]


def _breaks(samples: Sequence[PictureMeasures], step_us: int) -> list[int]:
    """Times of samples that follow the one before at more than two steps: no run reaches across."""
    limit_us = step_us * _STEPS_APART
    pairs = pairwise(samples)
    return [later.at_us for earlier, later in pairs if later.at_us - earlier.at_us > limit_us]


def _sampled_spans(samples: Sequence[PictureMeasures], step_us: int) -> tuple[Span, ...]:
    stretches: list[Span] = []
    breaks = set(_breaks(samples, step_us))
    for sample in samples:
        end_us = max(sample.end_us, sample.at_us + 1)
        if stretches and sample.at_us not in breaks:
            stretches[-1] = Span(stretches[-1].start_us, end_us)
        else:
            stretches.append(Span(sample.at_us, end_us))
    return tuple(stretches)


def _longest_step(samples: Sequence[PictureMeasures], sampled: Sequence[Span]) -> int:
    starts = {span.start_us for span in sampled}
    pairs = pairwise(samples)
    return max((later.at_us - earlier.at_us for earlier, later in pairs if later.at_us not in starts), default=0)


def _decode_defects(done: _Pass, table: FrameTable) -> Iterator[Defect]:
    """Damaged frames next to each other in the plan become one defect; a refused packet is a point or one frame."""
    usual_us = _usual_display(table)
    marks = sorted([*done.damaged, *((max(0, at), max(0, at) + usual_us) for at in done.log.faults_us)])
    joined: list[list[int]] = []
    for start_us, end_us in marks:
        if joined and start_us - joined[-1][1] <= max(usual_us, _EDGE_STEP_US):
            joined[-1][1] = max(joined[-1][1], end_us)
            joined[-1][2] += 1
        else:
            joined.append([start_us, end_us, 1])
    for start_us, end_us, count in joined:
        yield Defect(DefectKind.DECODE_ERROR, start_us, end_us, 1.0, {"frames": float(count)})


def _holes_us(table: FrameTable, span: Span, step_us: int) -> int:
    """Time in the span in which the file holds no frames: nothing was missed there, it is a defect of its own."""
    times_us = np.clip(table.times_us, span.start_us, span.end_us)
    apart_us = np.diff(times_us)
    return int(apart_us[apart_us > step_us * _STEPS_APART].sum())


def _missed(done: _Pass, spans: Iterable[Span], sampled: Sequence[Span], table: FrameTable, step_us: int) -> Iterator[str]:
    if done.log.faults_us:
        yield f"pictures: the decoder refused {len(done.log.faults_us)} packets"
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
