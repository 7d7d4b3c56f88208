"""Edit lists of an MP4 track (``elst``): which samples are shown, and when, exactly as FFmpeg's demuxer arranges them.

An edit shows a stretch of the media; samples before and after it that its decoding needs stay in the index and are marked
as not shown. An empty edit at the start is a delay. A sample that two edits show is in the index twice. Rates other
than one are not applied (FFmpeg does not either). ISO/IEC 14496-12, section 8.6.6.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import dropwhile

import numpy as np

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.boxes import Box
from bwc_audit.media.mp4_tables import Samples, check_count
from bwc_audit.media.track_index import Claim, Int

#: Cameras write one or two.
_MOST_EDITS = 1000
#: Times of a file are held within this, so that sums of them stay inside 64 bits.
MOST_TICKS = 2**60
#: Each edit looks at every sample: this much takes half a second.
_MOST_LOOKS = 30_000_000
_EMPTY = -1


@dataclass(frozen=True, slots=True)
class Edit:
    """``duration`` in ticks of the track; ``media_time`` where the stretch starts in the media, -1: nothing is shown."""

    duration: int
    media_time: int


@dataclass(frozen=True, slots=True, eq=False)
class Arranged:
    """Samples in the order in which they are read: ``picked`` are their numbers in the table."""

    picked: Int
    dts: Int
    is_shown: Claim


def bounded(ticks: int) -> int:
    """A time of a file, kept within ``MOST_TICKS``."""
    return max(-MOST_TICKS, min(MOST_TICKS, ticks))


def read_edits(content: bytes, box: Box, timescale: int, movie_timescale: int) -> tuple[Edit, ...]:
    """The edits in order, durations turned into ticks of the track. Raises ``MediaUnreadableError`` above a bound."""
    if box.end - box.body < 8 or movie_timescale <= 0:
        return ()
    form = ">Qq4x" if content[box.body] == 1 else ">Ii4x"
    held = (box.end - box.body - 8) // struct.calcsize(form)
    if held > _MOST_EDITS:
        raise MediaUnreadableError(UnreadableReason.MEMORY, f"an edit list of {held} entries; {_MOST_EDITS} are read")
    edits: list[Edit] = []
    for row in range(held):
        duration, media_time = struct.unpack_from(form, content, box.body + 8 + row * struct.calcsize(form))
        ticks = (2 * bounded(duration) * timescale + movie_timescale) // (2 * movie_timescale)  # nearest, halves up
        edits.append(Edit(bounded(ticks), bounded(media_time)))
    return tuple(edits)


def start_of(edits: tuple[Edit, ...]) -> int:
    """Media time that the presentation's start shows, less the delay before it: what fragmented files are shifted by."""
    is_late = bool(edits) and edits[0].media_time == _EMPTY
    shown = edits[1:2] if is_late else edits[:1]
    delay = edits[0].duration if is_late else 0
    return bounded(max(0, shown[0].media_time if shown else 0) - delay)


def shown_length(edits: tuple[Edit, ...], length: int) -> int:
    """How much of a track's claimed ``length`` the edits show, in ticks, the delay before the first left out: what is left
    of a file that was trimmed without being coded anew. Without edits all of it."""
    shown = list(dropwhile(lambda edit: edit.media_time == _EMPTY, edits))
    if not shown:
        return length
    stretches = [
        edit.duration if edit.media_time == _EMPTY else min(edit.media_time + edit.duration, length) - edit.media_time
        for edit in shown
    ]
    return sum(max(0, stretch) for stretch in stretches) or length


def unedited(samples: Samples) -> Arranged:
    """All samples, shown as the table has them."""
    return Arranged(np.arange(samples.count), samples.dts, np.ones(samples.count, np.bool_))


def arranged(samples: Samples, edits: tuple[Edit, ...], timescale: int, *, is_sound: bool) -> Arranged:
    """The samples as the edits show them; ``timescale`` in ticks a second. Raises ``MediaUnreadableError`` above
    a bound.

    Follows FFmpeg's ``mov_fix_index``: an edit begins with the key frame at or before its start (sound: one second
    before) and ends with the key frame after its end (the second one where frames are reordered).
    """
    if not edits or not samples.count:
        return unedited(samples)
    if len(edits) * samples.count > _MOST_LOOKS:
        detail = f"an edit list of {len(edits)} entries over {samples.count} samples"
        raise MediaUnreadableError(UnreadableReason.MEMORY, detail)
    shown_at = samples.dts + samples.shift + samples.offset_ticks
    at, delay, count = -samples.shift, 0, 0
    stretches: list[Arranged] = []
    lowest = -1
    for edit in edits:
        begins, at = at, bounded(at + edit.duration)
        if not stretches and edit.media_time == _EMPTY:
            delay += edit.duration
            continue
        first = _first_sample(samples, edit, timescale, is_sound)
        stretch = _stretch(samples, shown_at, edit, first, begins, is_sound, is_first=not stretches)
        count += stretch.picked.size
        check_count(count)
        stretches.append(stretch)
        is_in = _is_in(shown_at[stretch.picked], edit)
        lowest = _lowest(lowest, (stretch.dts + (samples.offset_ticks[stretch.picked] + samples.shift))[is_in])
    if not stretches:  # nothing but empty edits: FFmpeg then has no sample at all
        nothing = np.zeros(0, np.int64)
        return Arranged(nothing, nothing, np.zeros(0, np.bool_))
    late = 0 if is_sound else max(0, lowest - delay)
    return Arranged(
        np.concatenate([stretch.picked for stretch in stretches]),
        np.concatenate([stretch.dts for stretch in stretches]) - late,
        np.concatenate([stretch.is_shown for stretch in stretches]),
    )


def _is_in(shown_at: Int, edit: Edit) -> Claim:
    return (shown_at >= edit.media_time) & (shown_at < edit.media_time + edit.duration)


def _stretch(
    samples: Samples, shown_at: Int, edit: Edit, first: int, begins: int, is_sound: bool, *, is_first: bool
) -> Arranged:
    """One edit: its samples from number ``first`` on, ``begins`` being its start in the presentation."""
    ends = edit.media_time + edit.duration
    steps = np.append(np.diff(samples.dts), edit.duration)
    last = _last_sample(samples, shown_at + steps >= ends, first, is_sound)
    picked = np.arange(first, last + 1)
    times = shown_at[picked]
    is_shown = _is_in(times, edit)
    if is_sound and is_first:  # the block that the edit starts in is kept, and starts that much earlier
        is_cut = (times < edit.media_time) & (times + steps[picked] > edit.media_time)
        begins -= int((edit.media_time - times[is_cut]).sum())
        is_shown |= is_cut
    starts = np.flatnonzero(is_shown)
    if not starts.size:
        return Arranged(picked, np.full(picked.size, begins), is_shown)
    dts = samples.dts[picked]
    return Arranged(picked, begins + dts - dts[starts[0]], is_shown)


def _first_sample(samples: Samples, edit: Edit, timescale: int, is_sound: bool) -> int:
    """Where decoding must begin for the edit."""
    wanted = max(edit.media_time - timescale, int(samples.dts[0])) if is_sound else edit.media_time
    wanted -= samples.shift
    near = int(np.searchsorted(samples.dts, wanted, "right"))
    is_fit = samples.is_key[:near]
    if samples.has_offsets:
        is_fit = is_fit & (samples.dts + samples.offset_ticks <= wanted)[:near]
    fit = np.flatnonzero(is_fit)
    if fit.size:
        return int(fit[-1])
    return max(0, near - 1) if not samples.has_offsets else 0


def _last_sample(samples: Samples, is_past: Claim, first: int, is_sound: bool) -> int:
    """The first key sample past the edit's end; where frames are reordered the second one."""
    ends = np.flatnonzero(is_past[first:] & (samples.is_key[first:] | is_sound))
    place = 1 if not is_sound and samples.has_offsets else 0
    return first + int(ends[place]) if ends.size > place else samples.count - 1


def _lowest(lowest: int, times: Int) -> int:
    """FFmpeg's minimum: a negative one is replaced by whatever comes next."""
    if not times.size:
        return lowest
    negative = np.flatnonzero(times < 0)
    after = times[int(negative[-1]) + 1 :] if negative.size else times
    if not after.size:
        return int(times[-1])
    return int(after.min()) if negative.size or lowest < 0 else min(lowest, int(after.min()))
