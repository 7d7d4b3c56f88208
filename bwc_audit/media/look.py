"""The pictures of one file: planned, decoded, measured, and looked at again where something seems to begin or end.

Round by round: even steps and what the sizes of coded frames single out; then, as long as neighbouring samples differ
in state, the frames between them; and inside what looks defective, enough samples to claim it without holes. A deep look
then goes over every frame as far as the budget reaches. ``spans`` are the stretches of media time in which samples lie no
further apart than the policy's step; beyond them nothing is known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from bwc_audit.detectors.picture import PictureMeter
from bwc_audit.detectors.turning import is_turn
from bwc_audit.detectors.visual import candidate_runs, kinds_of
from bwc_audit.domain.measures import PictureMeasures
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds
from bwc_audit.media.activity import activity_of, quiet_stretches, unlike_times
from bwc_audit.media.decoding import DecodeLog, SampledFrame, luma_of
from bwc_audit.media.extent import longest_step_us, not_sampled, sampled_spans
from bwc_audit.media.frame_table import FrameTable
from bwc_audit.media.plan import between, filling, frames_inside, frames_near
from bwc_audit.media.reel import Reel

#: A distance of 40 s over key frames of half a second takes three rounds of quartering; holes and edges take the rest.
_MOST_ROUNDS = 12
#: Samples in a stretch that costs the encoder nothing, and in the seconds before it, in which an encoder settles on a
#: picture that has stopped; and key frames of its first seconds, since only neighbouring ones show how it settles.
_QUIET_SAMPLES, _SETTLING_US = 4, 4 * SECOND_US
_SETTLING_KEYS, _SETTLED_US = 12, 12 * SECOND_US
#: Where key frames lie far apart, so many of them all the same.
_LEAST_SETTLING_KEYS = 4
#: The sizes of a file without end must not direct the looking without end; and those of a short one may ask for a few.
_MOST_SINGLED_OUT, _LEAST_QUIET = 500, 100
#: Sizes are averaged over five seconds: a key frame this near to what they single out shows it as well, and alone; the
#: frame in between is decoded from the key frame before it, at the price of all frames of the group.
_UNLIKE_REACH_US = 2 * SECOND_US
#: A short run gets so many pairs of samples at least: fewer do not prove that a picture stands still.
_LEAST_PAIRS = 4
#: Neighbouring samples further apart than this many steps do not speak for what lies between them.
_STEPS_APART = 2.2
#: Of a deep look one measure a second is kept where nothing changes, and every one where something does.
_KEPT_US = SECOND_US

OnFrame = Callable[[SampledFrame], None]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """``pictures``: measures of undamaged samples in order of time; ``damaged``: display spans of the others;
    ``frames``: how many were looked at; ``spans``: what they speak for; ``missed``: what was planned and not seen."""

    pictures: tuple[PictureMeasures, ...]
    damaged: tuple[Span, ...]
    frames: int
    spans: tuple[Span, ...]
    longest_step_us: int
    step_us: int
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """When to stop. ``is_spent`` looks at bytes and processor time so far."""

    is_spent: Callable[[], bool]
    said: str


@dataclass(slots=True)
class _Seen:
    """All that was looked at so far, by frame number."""

    pictures: dict[int, PictureMeasures] = field(default_factory=dict)
    damaged: dict[int, Span] = field(default_factory=dict)
    log: DecodeLog = field(default_factory=DecodeLog)
    looked_at: dict[int, Span] = field(default_factory=dict)
    is_cut: bool = False

    def ordered(self) -> list[PictureMeasures]:
        return [self.pictures[number] for number in sorted(self.pictures)]


def look_at(
    reel: Reel,
    spans: Sequence[Span],
    rules: InspectionRules,
    budget: Budget,
    on_frame: OnFrame,
    *,
    even: Sequence[int],
    is_deep: bool = False,
) -> Look:
    """Sample ``spans`` (united, media time). ``even``: numbers of the frames at even steps, ascending. ``on_frame`` gets
    each undamaged frame as it is first decoded, in the first round in order of time.

    Raises ``MediaUnreadableError`` when the file cannot be read on.
    """
    seen = _Seen()
    first = sorted({*even, *_singled_out(reel, spans, even)}) if rules.sampling.is_adaptive else even
    _see(reel, [first], seen, rules, budget, on_frame)
    if rules.sampling.is_adaptive:
        _look_closer(reel, spans, seen, rules, budget, on_frame)
    if is_deep and not seen.is_cut:
        _every_frame(reel, spans, seen, rules, budget, on_frame)
    return _look_of(reel, spans, seen, rules, budget)


def _singled_out(reel: Reel, spans: Sequence[Span], planned: Sequence[int]) -> list[int]:
    """Frames that the sizes of coded frames ask for: at most twice as many as are planned for what is unlike, and as many
    for what is quiet."""
    activity = activity_of(reel.video_track, reel.table)
    times_us = [int(reel.table.times_us[number]) for number in planned]
    most = min(max(8, 2 * len(planned)), _MOST_SINGLED_OUT)
    quiet: list[int] = []
    for stretch in quiet_stretches(activity, spans):
        quiet += _in_quiet(reel.table, stretch)
    unlike = frames_near(reel.table, unlike_times(activity, times_us, spans, most), _UNLIKE_REACH_US)
    return [*unlike, *frames_near(reel.table, _few(quiet, max(most, _LEAST_QUIET)))]


def _in_quiet(table: FrameTable, stretch: Span) -> list[int]:
    """Times to sample in a stretch that costs the encoder nothing: evenly, and the key frames of its beginning."""
    first_us = max(0, stretch.start_us - _SETTLING_US)
    even = np.linspace(first_us, stretch.end_us, _QUIET_SAMPLES + 2).astype(int).tolist()[1:-1]
    first, behind, end = np.searchsorted(
        table.keys_us, [first_us, min(stretch.end_us, first_us + _SETTLED_US), stretch.end_us]
    )
    behind = max(behind, min(first + _LEAST_SETTLING_KEYS, end))
    return sorted({*even, *_few(table.keys_us[first:behind].tolist(), _SETTLING_KEYS)})


def _few(times_us: Sequence[int], most: int) -> list[int]:
    """All of them, or so many evenly."""
    return list(times_us) if len(times_us) <= most else [times_us[len(times_us) * part // most] for part in range(most)]


def _look_closer(
    reel: Reel, spans: Sequence[Span], seen: _Seen, rules: InspectionRules, budget: Budget, on_frame: OnFrame
) -> None:
    tried: set[tuple[int, int]] = set()
    for _ in range(_MOST_ROUNDS):
        wanted = set(_wanted(reel, spans, seen, rules, tried)) - seen.pictures.keys() - seen.damaged.keys()
        if not wanted or seen.is_cut:
            return
        _see(reel, _with_neighbours(reel, wanted, seen), seen, rules, budget, on_frame)


def _wanted(
    reel: Reel, spans: Sequence[Span], seen: _Seen, rules: InspectionRules, tried: set[tuple[int, int]]
) -> Iterator[int]:
    """Frames inside what looks defective, and across its edges; each distance is asked for once."""
    edge_us, fill_us = us_of_seconds(rules.sampling.edge_step_s), us_of_seconds(rules.sampling.defect_step_s)
    yield from _around_damage(reel, seen, fill_us, tried)
    for stretch, first, last in candidate_runs(seen.ordered(), rules.usability):
        run = stretch[first : last + 1]
        step_us = min(fill_us, max((run[-1].at_us - run[0].at_us) // _LEAST_PAIRS, edge_us))
        for earlier, later in pairwise(run):
            yield from filling(reel.table, earlier.at_us, later.at_us, step_us)
        for low_us, high_us in _edges(reel, spans, stretch, first, last):
            if high_us > low_us and (low_us, high_us) not in tried:
                tried.add((low_us, high_us))
                yield from between(reel.table, low_us, high_us, edge_us)


def _around_damage(reel: Reel, seen: _Seen, fill_us: int, tried: set[tuple[int, int]]) -> Iterator[int]:
    """Frames on both sides of each damaged one, up to its undamaged neighbours among the samples."""
    faulty = {number for at_us in seen.log.faults_us if (number := reel.table.frame_at(at_us)) is not None}
    damaged = faulty.union(seen.damaged)
    marks = sorted(damaged.union(seen.pictures))
    for low, high in pairwise(marks):
        low_us, high_us = int(reel.table.times_us[low]), int(reel.table.times_us[high])
        if low in damaged and high in damaged:
            yield from filling(reel.table, low_us, high_us, fill_us)
        elif (low in damaged or high in damaged) and (low_us, high_us) not in tried:
            tried.add((low_us, high_us))
            yield from between(reel.table, low_us, high_us, fill_us)
            if low in damaged:  # what follows it up to the next key frame may be made of it: the decoder tells there
                yield high - 1


def _edges(
    reel: Reel, spans: Sequence[Span], stretch: Sequence[PictureMeasures], first: int, last: int
) -> Iterator[tuple[int, int]]:
    """From the last good sample before a run to its first, and from its last to the next good one or the span's end."""
    if first:
        yield stretch[first - 1].at_us, stretch[first].at_us
    if last + 1 < len(stretch):
        yield stretch[last].at_us, stretch[last + 1].at_us
        return
    end_us = min((s.end_us for s in spans if s.start_us <= stretch[last].at_us < s.end_us), default=stretch[last].end_us)
    yield stretch[last].at_us, min(end_us, reel.table.end_us)


def _with_neighbours(reel: Reel, wanted: set[int], seen: _Seen) -> list[list[int]]:
    """Frames to decode in a row: the new ones between samples that are known, with those, since what is measured of a
    frame includes the comparison with the sample before it, and of a key frame that with the key frame before it."""
    known = sorted(seen.pictures)
    keys = [number for number in known if seen.pictures[number].is_key]
    rows: list[list[int]] = []
    for number in sorted(wanted):
        place, key = bisect_left(known, number), bisect_left(keys, number)
        is_key = bool(reel.video_track.is_key[reel.table.samples[number]])
        since = bisect_left(known, keys[key - 1]) if is_key and key else max(0, place - 1)
        row = [*known[since:place], number, *known[place : place + 1]]
        if rows and rows[-1][-1] >= row[0]:
            rows[-1] = sorted({*rows[-1], *row})
        else:
            rows.append(row)
    return rows


def _see(
    reel: Reel, rows: Sequence[Sequence[int]], seen: _Seen, rules: InspectionRules, budget: Budget, on_frame: OnFrame
) -> None:
    """Decode and measure rows of frames; the first of a row keeps what was known of it, having nothing before it."""
    row_of = {number: place for place, row in reversed(list(enumerate(rows))) for number in row}
    meter, current = PictureMeter(rules.usability.overlay_share), -1
    for frame in reel.frames(row_of, seen.log):
        if row_of[frame.number] != current:
            meter, current = PictureMeter(rules.usability.overlay_share), row_of[frame.number]
        _take(frame, meter, seen, on_frame, is_first=frame.number == rows[current][0])
        if budget.is_spent():
            seen.is_cut = True
            return


def _take(frame: SampledFrame, meter: PictureMeter, seen: _Seen, on_frame: OnFrame, *, is_first: bool) -> None:
    """Damaged frames are not measured: what a decoder puts in place of lost parts looks black, covered or frozen."""
    known = seen.pictures.get(frame.number)
    seen.looked_at[frame.number] = shown = Span(frame.at_us, max(frame.end_us, frame.at_us + 1))
    if frame.is_corrupt:
        seen.damaged[frame.number] = shown
        return
    measures = meter.measure(
        luma_of(frame.picture),
        frame.at_us,
        frame.end_us,
        is_key=frame.is_key,
        coded_bytes=frame.coded_bytes,
        bytes_between=frame.bytes_between,
    )
    if known is None:
        on_frame(frame)
        seen.pictures[frame.number] = measures
    elif not is_first:
        newest = known if measures.key_difference is None and known.key_difference is not None else measures
        seen.pictures[frame.number] = replace(measures, key_difference=newest.key_difference, equal_share=newest.equal_share)


def _every_frame(
    reel: Reel, spans: Sequence[Span], seen: _Seen, rules: InspectionRules, budget: Budget, on_frame: OnFrame
) -> None:
    """Every frame of the spans, second by second; what is kept of it is enough to judge it to the frame."""
    for span in spans:
        whole = _Seen(log=seen.log)
        _see(reel, [list(frames_inside(reel.table, span))], whole, rules, budget, on_frame)
        seen.damaged |= whole.damaged
        seen.looked_at |= whole.looked_at
        seen.is_cut = whole.is_cut
        if whole.pictures:
            replaced = range(min(whole.pictures), max(whole.pictures) + 1)
            seen.pictures = {number: one for number, one in seen.pictures.items() if number not in replaced}
            seen.pictures |= _worth_keeping(whole, rules)
        if seen.is_cut:
            return


def _worth_keeping(whole: _Seen, rules: InspectionRules) -> dict[int, PictureMeasures]:
    """Samples beside a change of state, and of the rest one a second, key frames (which tell a stuck picture) besides."""
    numbers = sorted(whole.pictures)
    kinds = kinds_of([whole.pictures[number] for number in numbers], rules.usability)
    kept: dict[int, PictureMeasures] = {}
    last_us: int | None = None
    last_key_us = -_KEPT_US
    for place, number in enumerate(numbers):
        sample = whole.pictures[number]
        is_edge = kinds[place] != kinds[max(0, place - 1)] or kinds[place] != kinds[min(place + 1, len(kinds) - 1)]
        if place and is_turn(whole.pictures[numbers[place - 1]], sample, rules.usability):
            kept[numbers[place - 1]], is_edge = whole.pictures[numbers[place - 1]], True
        is_due = last_us is None or sample.at_us - last_us >= _KEPT_US
        is_key_due = sample.is_key and sample.at_us - last_key_us >= _KEPT_US
        if is_edge or is_due or is_key_due or place + 1 == len(numbers):
            kept[number] = sample
            last_us = sample.at_us
            last_key_us = sample.at_us if sample.is_key else last_key_us
    return kept


def _look_of(reel: Reel, spans: Sequence[Span], seen: _Seen, rules: InspectionRules, budget: Budget) -> Look:
    refused = {Span(at_us, at_us + max(1, reel.table.usual_us)) for at_us in seen.log.faults_us}
    marks = sorted(refused.union(seen.looked_at.values()))
    sampled = sampled_spans(marks, reel.table, rules.sampling)
    missed = list(not_sampled(spans, sampled, reel.table, rules.sampling))
    if not seen.looked_at:
        missed.insert(0, "pictures: no frame could be decoded")
    if seen.is_cut:
        missed.insert(0, f"pictures: {budget.said} ended the look")
    return Look(
        pictures=tuple(seen.ordered()),
        damaged=tuple(sorted(refused.union(seen.damaged.values()))),
        frames=len(marks),
        spans=sampled,
        longest_step_us=longest_step_us(marks, sampled),
        step_us=round(rules.sampling.defect_step_s * SECOND_US * _STEPS_APART),
        missed=tuple(missed),
    )
