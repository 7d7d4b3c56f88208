"""Sound of the requested spans to levels, decoding no more than is needed. Nothing is kept but the levels.

An AAC encoder writes a few bytes a packet for digital silence, or packets of one size where it pads; a second whose
packets have a sound's sizes is believed to hold sound, and a sample of such seconds is decoded all the same. What is
decoded contradicts the sizes anywhere: then everything is decoded. Other codecs are decoded throughout. Seconds that were
not decoded are in the levels with no level (NaN): sound by its size, its loudness not measured.

Packets that a decoder refuses become ``failed`` spans: there nothing is known, which is not the same as silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from bwc_audit.detectors.sound import condensed, level_dbfs
from bwc_audit.domain.measures import SoundLevels
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.domain.times import SECOND_US, Span, us_of_seconds
from bwc_audit.media.faults import translated
from bwc_audit.media.frame_table import held, media_us
from bwc_audit.media.plan import united
from bwc_audit.media.reel import Reel
from bwc_audit.media.track_index import Int, TrackIndex

#: Packets decoded before the wanted ones: AAC overlaps each block with the one before.
_LEAD_IN = 2
#: Packets below this many bytes on average may be silence; speech at 16 kbit/s takes 40 bytes.
_SMALL_BYTES = 24
#: Sizes that vary less than this share of their mean may be padded silence; of the steadiest noise they varied by 0.02.
_LEVEL_SHARE = 0.005
#: From here on a sample is at full scale: a lossy codec lets clipped tops swing by a hundredth.
_FULL_SCALE = 0.99
#: Packets of one check of what is believed by its size.
_CHECKED = 3
#: Codecs whose packet sizes follow what is in them.
_SIZE_TELLS = frozenset({"aac"})


@dataclass(slots=True)
class _Blocks:
    """Decoded blocks: sample number, start, end, level, share of clipped samples."""

    rows: list[tuple[int, int, int, float, float]] = field(default_factory=list)
    failed: list[Span] = field(default_factory=list)


def heard_spans(spans: Sequence[Span], lead_in_s: float, end_us: int) -> tuple[Span, ...]:
    """Where sound is examined: the spans, reaching back to the start where they begin within ``lead_in_s`` of it
    (whether early silence is a lead-in shows only from the start)."""
    reach_us = us_of_seconds(lead_in_s)
    return united((Span(0 if s.start_us < reach_us else s.start_us, s.end_us) for s in spans), end_us)


def listen(reel: Reel, track: TrackIndex, spans: Sequence[Span], rules: InspectionRules, *, is_deep: bool) -> SoundLevels:
    """Levels of the sound in ``spans`` (united, media time). Raises ``MediaUnreadableError`` and ``ObjectStoreError``."""
    starts_us, ends_us = _times(reel, track)
    there = np.flatnonzero((ends_us > starts_us) & held(track, reel.source.size_bytes))
    wanted = there[_inside(starts_us[there], ends_us[there], spans)]
    with translated(reel.source):
        context = reel.tracks.sound_decoder(track)
        blocks = _Blocks()
        to_decode = wanted if is_deep else _doubtful(track, wanted, starts_us, rules)
        _decode(reel, track, context, to_decode, starts_us, ends_us, blocks)
        if to_decode.size < wanted.size and _contradicts(track, wanted, starts_us, blocks, rules):
            left = np.setdiff1d(wanted, to_decode)
            _decode(reel, track, context, left, starts_us, ends_us, blocks)
            to_decode = wanted
    believed = np.setdiff1d(wanted, to_decode)
    return condensed(_levels(blocks, _believed_blocks(believed, starts_us, ends_us), spans))


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


def _believed(track: TrackIndex, wanted: Int, starts_us: Int) -> NDArray[np.bool_]:
    """Which of the wanted samples lie in a second that holds sound by its sizes, as do the seconds beside it."""
    if track.codec not in _SIZE_TELLS or not wanted.size:
        return np.zeros(wanted.size, dtype=bool)
    _, place, count = np.unique(starts_us[wanted] // SECOND_US, return_inverse=True, return_counts=True)
    sizes = track.sizes[wanted].astype(np.float64)
    mean = np.bincount(place, weights=sizes) / count
    deviation = np.sqrt(np.maximum(np.bincount(place, weights=sizes**2) / count - mean**2, 0))
    is_doubt = np.pad((mean < _SMALL_BYTES) | (deviation < _LEVEL_SHARE * mean), 1, constant_values=True)
    is_sound = ~(is_doubt[:-2] | is_doubt[1:-1] | is_doubt[2:])
    believed: NDArray[np.bool_] = is_sound[place]
    return believed


def _doubtful(track: TrackIndex, wanted: Int, starts_us: Int, rules: InspectionRules) -> Int:
    """Of the wanted samples those that must be decoded: all that are not believed to hold sound, and a few of the rest."""
    is_believed = _believed(track, wanted, starts_us)
    step_us = max(SECOND_US, us_of_seconds(rules.sampling.sound_step_s))
    checked = np.zeros(wanted.size, dtype=bool)
    if wanted.size:
        steps = np.arange(int(starts_us[wanted[0]]) + step_us // 2, int(starts_us[wanted[-1]]), step_us)
        first = np.searchsorted(starts_us[wanted], steps)
        checked[np.minimum(first[:, None] + np.arange(_CHECKED), wanted.size - 1)] = True
    to_decode: Int = wanted[~is_believed | checked]
    return to_decode


def _contradicts(track: TrackIndex, wanted: Int, starts_us: Int, blocks: _Blocks, rules: InspectionRules) -> bool:
    """Some samples that were believed to hold sound, and decoded all the same, are silent or clipped."""
    usability = rules.usability
    believed = set(wanted[_believed(track, wanted, starts_us)].tolist())
    checked = [(level, clipped) for number, _, _, level, clipped in blocks.rows if number in believed]
    few = [checked[place : place + _CHECKED] for place in range(0, len(checked), _CHECKED)]
    return any(
        max(level for level, _ in rows) < usability.silence_dbfs
        or sum(clipped >= usability.clipped_share for _, clipped in rows) >= usability.clipped_blocks_share * len(rows)
        for rows in few
    )


def _decode(
    reel: Reel, track: TrackIndex, context: AudioCodecContext, numbers: Int, starts_us: Int, ends_us: Int, blocks: _Blocks
) -> None:
    """Decode samples; runs of neighbours are fed in a row, each after its lead-in."""
    runs = [range(max(0, int(run[0]) - _LEAD_IN), int(run[-1]) + 1) for run in _neighbours(numbers)]
    wanted = set(numbers.tolist())
    for run, packets in zip(runs, reel.tracks.packets(track, runs), strict=True):
        context.flush_buffers()
        by_pts = {int(track.pts[number]): number for number in run if number in wanted}
        done: set[int] = set()
        for packet in packets:
            frames = _frames(context, packet)
            number = None if packet.pts is None else by_pts.get(packet.pts)
            if frames is None and number is not None:
                done.add(number)
                blocks.failed.append(Span(int(starts_us[number]), max(int(ends_us[number]), int(starts_us[number]) + 1)))
            for frame in frames or ():
                at = None if frame.pts is None else by_pts.get(frame.pts)
                if at is not None and at not in done:
                    done.add(at)
                    blocks.rows.append(_row(frame, at, int(starts_us[at])))


def _neighbours(numbers: Int) -> list[Int]:
    return np.split(numbers, np.flatnonzero(np.diff(numbers) > 1 + _LEAD_IN) + 1) if numbers.size else []


def _frames(context: AudioCodecContext, packet: object) -> list[AudioFrame] | None:
    """Decoded frames; None where the decoder refused (damaged AAC was seen to give "not permitted")."""
    try:
        return context.decode(packet)  # type: ignore[arg-type]  # a packet of the track
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        return None


def _row(frame: AudioFrame, number: int, start_us: int) -> tuple[int, int, int, float, float]:
    samples = frame.to_ndarray()
    length_us = round(frame.samples * SECOND_US / frame.sample_rate) if frame.sample_rate else 0
    return number, start_us, start_us + length_us, level_dbfs(samples), _clipped_share(samples)


def _clipped_share(samples: NDArray[np.generic]) -> float:
    """Share of samples at full scale, all channels together; 0 without samples."""
    if not samples.size:
        return 0.0
    top = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max)  # type: ignore[type-var]  # whole numbers
    middle = (top + 1) / 2 if samples.dtype.kind == "u" else 0.0
    loud = np.abs(samples.astype(np.float32, copy=False) - middle) >= _FULL_SCALE * (top - middle)
    return float(np.mean(loud))


def _believed_blocks(numbers: Int, starts_us: Int, ends_us: Int) -> Iterator[tuple[int, int]]:
    """Runs of samples that were not decoded, as ``(start, end)``."""
    if numbers.size:
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
            yield int(starts_us[run[0]]), int(ends_us[run[-1]])


def _levels(blocks: _Blocks, believed: Iterable[tuple[int, int]], spans: Sequence[Span]) -> SoundLevels:
    rows = [(start, end, level, clipped) for _, start, end, level, clipped in blocks.rows]
    rows += [(start, end, float("nan"), float("nan")) for start, end in believed]
    rows.sort()
    starts, ends, levels, clipped = zip(*rows, strict=True) if rows else ((), (), (), ())
    return SoundLevels(
        starts_us=np.array(starts, dtype=np.int64),
        ends_us=np.array(ends, dtype=np.int64),
        dbfs=np.array(levels, dtype=np.float64),
        examined=tuple(spans),
        failed=tuple(sorted(blocks.failed)),
        clipped_share=np.array(clipped, dtype=np.float64),
    )
