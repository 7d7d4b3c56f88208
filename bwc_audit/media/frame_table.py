"""The frames of a picture track in the order they are shown, in media time; made from any container's index.

Media time is microseconds from the first frame that is shown. A frame whose bytes lie past the end of the file is not
held: it is counted, and nothing else is believed of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bwc_audit.domain.inspection import VideoFacts
from bwc_audit.domain.times import SECOND_US
from bwc_audit.media.track_index import Int, TrackIndex

#: Share by which frame distances may differ and still be one rate: time bases round to a tick.
_RATE_SLACK = 0.1
#: No recording is longer than this; what lies further from its middle frame has a time that is no time (in seconds).
_MOST_SECONDS = 7 * 24 * 3600
#: Lengths and starts that a file claims are held within this: some thirty thousand years of microseconds.
_MOST_CLAIMED_US = 10**18
_MOST_ORIGIN = Fraction(_MOST_CLAIMED_US, SECOND_US)
#: Above this share of distances that differ, the rate is variable.
_VARIABLE_SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """All frames that the file really holds.

    ``times_us``: ascending presentation times; ``samples``: the place of each in decoding order. ``keys_us`` and
    ``key_samples``: the same of the frames that can be decoded alone. ``end_us``: end of the last frame.
    ``usual_us``: how long a frame is usually shown (the median distance of two frames; 0 where there are fewer).
    ``claimed_us``: video duration that the container declares; None: none.
    ``origin``: first shown frame, in seconds of the container's own time.
    ``missing_frames``: frames in the index whose bytes are not in the file. ``misplaced_frames``: frames left out, since
    their times lie more than a week from the middle one. ``set_back_us``: the furthest that decoding times go back from one
    frame of the file to the next. ``same_time_frames``: frames that have the time of the frame before them.
    """

    times_us: Int
    samples: Int
    keys_us: Int
    key_samples: Int
    end_us: int
    usual_us: int
    claimed_us: int | None
    origin: Fraction
    missing_frames: int = 0
    misplaced_frames: int = 0
    set_back_us: int = 0
    same_time_frames: int = 0

    def frame_at(self, at_us: int, slack_us: int = 500) -> int | None:
        """Number (in order of time) of the first frame at or after ``at_us``; None behind the last. The slack covers
        the rounding of every time base in use."""
        number = int(np.searchsorted(self.times_us, at_us - slack_us))
        return number if number < self.times_us.size else None


def frame_table(
    track: TrackIndex,
    size_bytes: int,
    claimed_us: int | None = None,
    least_claimed_us: int = 0,
    *,
    is_claim_end: bool = False,
    is_cut: bool = False,
) -> FrameTable:
    """The table of a picture track. ``claimed_us``: what the container says where its track says nothing;
    ``least_claimed_us``: what its header said before its demuxer forgot. ``is_claim_end``: ``claimed_us`` may be the time
    at which the last frame ends, as writers of Matroska have it, instead of a length. ``is_cut``: the file
    ends before what it says it holds, so that no frame is believed to be shown up to the claimed end."""
    is_held = held(track, size_bytes)
    shown = np.flatnonzero(is_held & track.is_shown)
    shown = shown[np.argsort(track.pts[shown], kind="stable")]
    numbers = shown[_is_placed(track.pts[shown], track.time_base)]
    start = int(track.pts[numbers[0]]) if numbers.size else 0
    times_us = media_us(track.pts[numbers] - start, track.time_base)
    if is_claim_end and claimed_us is not None:
        origin_us = int(media_us(np.array([start]), track.time_base)[0])
        claimed_us -= origin_us if 0 < origin_us < claimed_us else 0
    claimed = claimed_us if not track.claimed else round(track.claimed * track.time_base * SECOND_US)
    if least_claimed_us:
        claimed = max(claimed or 0, least_claimed_us)
    claimed = min(claimed, _MOST_CLAIMED_US) if claimed and claimed > 0 else None
    is_key = track.is_key[numbers]
    usual_us = int(np.median(np.diff(times_us))) if times_us.size > 1 else 0
    end_us = int(times_us[-1]) + usual_us if times_us.size else 0
    is_complete = bool(is_held.all()) and not is_cut
    if is_complete and claimed is not None and 0 < claimed - end_us < SECOND_US:
        end_us = claimed
    return FrameTable(
        times_us=times_us,
        samples=numbers,
        keys_us=times_us[is_key],
        key_samples=numbers[is_key],
        end_us=end_us,
        usual_us=usual_us,
        claimed_us=claimed,
        origin=max(-_MOST_ORIGIN, min(start * track.time_base, _MOST_ORIGIN)),
        missing_frames=int(np.count_nonzero(~is_held & track.is_shown)),
        misplaced_frames=int(shown.size - numbers.size),
        set_back_us=_set_back_us(track, numbers),
        same_time_frames=int(np.count_nonzero(np.diff(times_us) == 0)),
    )


def _set_back_us(track: TrackIndex, numbers: Int) -> int:
    """By how much decoding times go back at most, over the samples ``numbers`` in the order of the file."""
    halves = media_us(track.dts[np.sort(numbers)], track.time_base) // 2  # so that no difference runs over
    return -2 * int(np.min(np.diff(halves), initial=0))


def _is_placed(ascending: Int, base: Fraction) -> NDArray[np.bool_]:
    """Which times lie within a week of the middle one."""
    if not ascending.size:
        return np.ones(0, np.bool_)
    # Halved, so that the distance of the two ends of 64 bits still fits; a tick more or less does not matter here.
    reach = min(int(_MOST_SECONDS / base) // 2, 2**62)
    is_placed: NDArray[np.bool_] = np.abs(ascending // 2 - ascending[ascending.size // 2] // 2) <= reach
    return is_placed


def held(track: TrackIndex, size_bytes: int) -> NDArray[np.bool_]:
    """Which samples lie whole inside the file. Where the place is not known (negative), it was read already."""
    return (track.sizes > 0) & (track.offsets + track.sizes <= size_bytes)


def media_us(ticks: Int, base: Fraction) -> Int:
    """Ticks of a time base in microseconds, each rounded once; exact for every time base below 2^31 ticks a second.
    Times beyond 146,000 years stay there, instead of turning negative."""
    numerator, denominator = base.numerator * SECOND_US, base.denominator
    most = min(2**62 // numerator * denominator, 2**62)
    ticks = np.clip(ticks, -most, most)
    whole, rest = np.divmod(ticks, denominator)
    rounded: Int = whole * numerator + (rest * numerator * 2 + denominator) // (2 * denominator)
    return rounded


def video_facts(track: TrackIndex, table: FrameTable) -> VideoFacts:
    """Facts as measured: frames and rate from the table, not from the header."""
    deltas = np.diff(table.times_us)
    deltas = deltas[deltas > 0]
    is_variable = False
    if deltas.size:
        typical = float(np.median(deltas))
        slack = max(_RATE_SLACK * typical, 1.5 * float(track.time_base) * SECOND_US)
        is_variable = bool(np.mean(np.abs(deltas - typical) > slack) > _VARIABLE_SHARE)
    seconds = table.end_us / SECOND_US
    frames = int(table.times_us.size)
    return VideoFacts(
        codec=track.codec,
        width=track.width,
        height=track.height,
        frames=frames,
        average_fps=round(frames / seconds, 3) if seconds > 0 else 0.0,
        is_variable_rate=is_variable,
    )
