"""Sound of the requested spans to levels, decoding no more than is needed. Nothing is kept but the levels.

An AAC encoder writes a few bytes a packet for digital silence, or packets of one size where it pads; a second whose
packets have a sound's sizes is believed to hold sound, and a sample of such seconds is decoded all the same. Overdriven
sound takes larger packets than what is around it, so the largest of such are decoded too. What is decoded
contradicts the sizes anywhere: then everything is decoded; it is overdriven: then all of the seconds like it. Other codecs
are decoded throughout. Seconds that were not decoded are in the levels with no level (NaN): sound by its size, its
loudness not measured. Overdriven sound whose packets are all of one size shows only where a sample happens to lie.

Packets that a decoder refuses become ``failed`` spans: there nothing is known, which is not the same as silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from bwc_audit.detectors.sound import condensed
from bwc_audit.domain.measures import SoundEnvelope, SoundLevels
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds
from bwc_audit.media.faults import translated
from bwc_audit.media.frame_table import held, media_us
from bwc_audit.media.mono_sound import EnvelopeEar
from bwc_audit.media.plan import united
from bwc_audit.media.reel import Reel
from bwc_audit.media.sound_blocks import Blocks
from bwc_audit.media.sound_plan import SoundPlan, plan_of
from bwc_audit.media.track_index import Int, TrackIndex

#: Packets decoded before the wanted ones: AAC overlaps each block with the one before. With one of them levels differ by
#: 0.015 dB from those of the whole track, as they do with five; without any by 12 dB.
_LEAD_IN = 1
#: Channels of a frame that is measured: those of 7.1. Damaged AAC was seen to become 48.
_MOST_CHANNELS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """``envelope``: of a deep look only."""

    levels: SoundLevels
    envelope: SoundEnvelope | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Sound:
    """The sound of a file and how it is decoded. Times: start and end of each sample, media time."""

    reel: Reel
    track: TrackIndex
    context: AudioCodecContext
    starts_us: Int
    ends_us: Int


def heard_spans(spans: Sequence[Span], lead_in_s: float, end_us: int) -> tuple[Span, ...]:
    """Where sound is examined: the spans, reaching back to the start where they begin within ``lead_in_s`` of it
    (whether early silence is a lead-in shows only from the start)."""
    reach_us = us_of_seconds(lead_in_s)
    return united((Span(0 if s.start_us < reach_us else s.start_us, s.end_us) for s in spans), end_us)


@dataclass(frozen=True, slots=True, eq=False)
class Listening:
    """What of a file's sound is to be decoded, before any of it is read. ``starts_us``, ``ends_us``: of each sample of the
    track, media time; ``wanted``: samples in the spans; ``plan``: None where all of them are decoded."""

    reel: Reel
    track: TrackIndex
    spans: tuple[Span, ...]
    starts_us: Int
    ends_us: Int
    wanted: Int
    plan: SoundPlan | None

    def foreseen(self) -> list[range]:
        """Runs of samples that are decoded whatever they say; empty where all are."""
        return [] if self.plan is None else _runs(self.wanted[_asked(self.plan)])


def listening_to(
    reel: Reel,
    track: TrackIndex,
    spans: Sequence[Span],
    rules: InspectionRules,
    *,
    is_deep: bool,
    beside_us: Sequence[int] = (),
) -> Listening:
    """The plan for ``spans`` (united, media time); everything in them where the look is deep.

    ``beside_us``: media times at which the file is read anyway; sound is sampled just before them where that is as often
    as the policy asks. A sample that starts further before the picture than any lead-in lasts is left out: its time is not
    one of this recording.
    """
    starts_us, ends_us = _times(reel, track)
    is_near = starts_us >= -us_of_seconds(rules.usability.lead_in_unknown_s)
    there = np.flatnonzero((ends_us > starts_us) & is_near & held(track, reel.source.size_bytes))
    wanted = there[_inside(starts_us[there], ends_us[there], spans)]
    step_us = max(SECOND_US, us_of_seconds(rules.sampling.sound_step_s))
    plan = None if is_deep else plan_of(track, wanted, starts_us[wanted], step_us, beside_us)
    return Listening(reel, track, tuple(spans), starts_us, ends_us, wanted, plan)


def listen(listening: Listening, rules: InspectionRules) -> Heard:
    """Levels of the sound; its envelope too where the look is deep. Raises ``MediaUnreadableError`` and
    ``ObjectStoreError``."""
    reel, spans, wanted = listening.reel, listening.spans, listening.wanted
    starts_us, ends_us = listening.starts_us, listening.ends_us
    ear = EnvelopeEar(Span(spans[0].start_us, spans[-1].end_us)) if listening.plan is None and spans else None
    with translated(reel.source):
        sound = _Sound(reel, listening.track, reel.tracks.sound_decoder(listening.track), starts_us, ends_us)
        blocks = Blocks(ear)
        if listening.plan is None:
            _decode(sound, wanted, blocks)
            is_decoded = np.ones(wanted.size, dtype=bool)
        else:
            is_decoded = _decode_doubtful(sound, wanted, listening.plan, blocks, rules)
    believed = wanted[~is_decoded]
    levels = condensed(_levels(blocks, _believed_blocks(believed, starts_us, ends_us), spans))
    return Heard(levels, None if ear is None else ear.envelope())


def decoded_us(levels: SoundLevels) -> int:
    """How much of the sound was decoded."""
    is_decoded = ~np.isnan(levels.dbfs)
    return int(np.sum((levels.ends_us - levels.starts_us)[is_decoded]))


def sound_extent(reel: Reel) -> tuple[int | None, int | None]:
    """Start of the first and end of the last sound that the file holds, media time; None where it holds none."""
    track = reel.sound_track
    if track is None:
        return None, None
    starts_us, ends_us = _times(reel, track)
    is_held = held(track, reel.source.size_bytes)
    return (int(starts_us[is_held].min()), int(ends_us[is_held].max())) if is_held.any() else (None, None)


def _times(reel: Reel, track: TrackIndex) -> tuple[Int, Int]:
    """Start and end of each sample in media time."""
    origin = reel.table.origin
    base = track.time_base
    starts_us = media_us(track.pts, base) - round(origin * SECOND_US)
    return starts_us, starts_us + media_us(track.durations, base)


def _inside(starts_us: Int, ends_us: Int, spans: Sequence[Span]) -> NDArray[np.bool_]:
    inside = np.zeros(starts_us.size, dtype=bool)
    for span in spans:
        inside |= (starts_us < span.end_us) & (ends_us > span.start_us)
    return inside


def _asked(plan: SoundPlan) -> NDArray[np.bool_]:
    """Which of the wanted samples are decoded first: what the sizes do not tell, and a sample of the rest."""
    is_asked = ~plan.is_believed
    for group in plan.checks:
        is_asked[group] = True
    return is_asked


def _decode_doubtful(
    sound: _Sound, wanted: Int, plan: SoundPlan, blocks: Blocks, rules: InspectionRules
) -> NDArray[np.bool_]:
    """Decode what is asked for, and more of it where that contradicts the sizes. Returns which of the wanted samples were
    decoded."""
    is_decoded = _asked(plan)
    _decode(sound, wanted[is_decoded], blocks)
    more = _contradicted(plan, wanted, blocks, rules) & ~is_decoded
    if more.any():
        _decode(sound, wanted[more], blocks)
    return is_decoded | more


def _contradicted(plan: SoundPlan, wanted: Int, blocks: Blocks, rules: InspectionRules) -> NDArray[np.bool_]:
    """What is not believed any more once the samples are decoded: everything where one of them is silent, or overdriven
    unlike its size, or where a check gave no sound at all (so that all that cannot be decoded is said); where some are
    overdriven as their sizes told, all that lies near such sizes."""
    usability = rules.usability
    rows, dbfs, clipped = blocks.columns()
    level_of = dict(zip(rows[:, 0].tolist(), zip(dbfs.tolist(), clipped.tolist(), strict=True), strict=True))
    doubted = np.zeros(wanted.size, dtype=bool)
    for group in plan.checks:
        found = [
            level_of[number]
            for place, number in zip(group.tolist(), wanted[group].tolist(), strict=True)
            if number in level_of and plan.is_believed[place]
        ]
        if not found:
            if plan.is_believed[group].any():
                return np.ones(wanted.size, dtype=bool)
            continue
        overdriven = sum(share >= usability.clipped_share for _, share in found)
        is_overdriven = overdriven >= usability.clipped_blocks_share * len(found)
        is_silent = max(level for level, _ in found) < usability.silence_dbfs
        if is_silent or (is_overdriven and not plan.is_restless[group].any()):
            return np.ones(wanted.size, dtype=bool)
        if is_overdriven:
            doubted |= plan.is_restless
    return doubted


def _decode(sound: _Sound, numbers: Int, blocks: Blocks) -> None:
    """Decode samples; runs of neighbours are fed in a row, each after its lead-in."""
    runs = _runs(numbers)
    wanted = set(numbers.tolist())
    for run, packets in zip(runs, sound.reel.tracks.packets(sound.track, runs), strict=True):
        sound.context.flush_buffers()
        _decode_run(sound, run, packets, wanted, blocks)


def _runs(numbers: Int) -> list[range]:
    return [range(max(0, int(run[0]) - _LEAD_IN), int(run[-1]) + 1) for run in _neighbours(numbers)]


def _decode_run(sound: _Sound, run: range, packets: Iterable[object], wanted: set[int], blocks: Blocks) -> None:
    part = slice(run.start, run.stop)
    pairs = zip(sound.track.pts[part].tolist(), run, strict=True)
    by_pts = {pts: number for pts, number in pairs if number in wanted}
    starts_us, ends_us = sound.starts_us[part].tolist(), sound.ends_us[part].tolist()
    done: set[int] = set()
    for packet in packets:
        frames = _frames(sound.context, packet)
        number = by_pts.get(packet.pts)  # type: ignore[attr-defined]  # a packet of the track
        if frames is None and number is not None:
            done.add(number)
            place = number - run.start
            blocks.failed.append(Span(starts_us[place], max(ends_us[place], starts_us[place] + 1)))
        for frame in frames or ():
            at = by_pts.get(frame.pts)
            if at is not None and at not in done:
                done.add(at)
                blocks.add(frame, at, starts_us[at - run.start])


def _neighbours(numbers: Int) -> list[Int]:
    return np.split(numbers, np.flatnonzero(np.diff(numbers) > 1 + _LEAD_IN) + 1) if numbers.size else []


def _frames(context: AudioCodecContext, packet: object) -> list[AudioFrame] | None:
    """Decoded frames; None where the decoder refused (damaged AAC was seen to give "not permitted"), or made channels that
    no recording has."""
    try:
        frames = context.decode(packet)  # type: ignore[arg-type]  # a packet of the track
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        return None
    is_sound = all(1 <= frame.layout.nb_channels <= _MOST_CHANNELS for frame in frames)
    return frames if is_sound else None


def _believed_blocks(numbers: Int, starts_us: Int, ends_us: Int) -> Iterator[tuple[int, int]]:
    """Runs of samples that were not decoded, as ``(start, end)``."""
    if numbers.size:
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
            yield int(starts_us[run[0]]), int(ends_us[run[-1]])


def _levels(blocks: Blocks, believed: Iterable[tuple[int, int]], spans: Sequence[Span]) -> SoundLevels:
    rows, dbfs, clipped = blocks.columns()
    unmeasured = np.array(list(believed), np.int64).reshape(-1, 2)
    unknown = np.full(len(unmeasured), np.nan)
    starts_us = np.concatenate([rows[:, 1], unmeasured[:, 0]])
    ends_us = np.concatenate([rows[:, 2], unmeasured[:, 1]])
    order = np.lexsort((ends_us, starts_us))
    return SoundLevels(
        starts_us=starts_us[order],
        ends_us=ends_us[order],
        dbfs=np.concatenate([dbfs, unknown])[order],
        examined=tuple(spans),
        failed=tuple(sorted(blocks.failed)),
        clipped_share=np.concatenate([clipped, unknown])[order],
    )
