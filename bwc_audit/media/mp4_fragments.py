"""Movie fragments of an MP4 (``moof``): their samples, from the bytes of these boxes alone, one fragment after another.

Also the two lists that say where fragments lie (``sidx``, ``mfra``). Those are only hints of what to read: a file that
lies there costs a bounded read and nothing else, because the boxes themselves are followed. ISO/IEC 14496-12, sections
8.8 and 8.16.3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from bwc_audit.media.boxes import Box, boxes_in
from bwc_audit.media.mp4_edits import bounded
from bwc_audit.media.mp4_movie import FragmentDefaults
from bwc_audit.media.mp4_tables import Samples, check_count
from bwc_audit.media.track_index import Claim, Int

_NOT_SYNC = 0x00010000 | 0x01000000  # no sync sample; depends on others
_BASE_GIVEN, _ENTRY, _DURATION, _SIZE, _FLAGS, _BASE_IS_MOOF = 0x1, 0x2, 0x8, 0x10, 0x20, 0x20000
_RUN_PLACE, _RUN_FIRST_FLAGS = 0x1, 0x4
#: Columns that each sample of a run may have, in their order: duration, size, flags, presentation offset.
_RUN_COLUMNS = (0x100, 0x200, 0x400, 0x800)


@dataclass(slots=True)
class FragmentTrack:
    """What the fragments read so far hold of one track.

    ``start``: ticks that its edit list takes off; ``at``: decoding time at which the next run goes on; ``last``: that of
    the last sample, less ``start``; ``shift`` as in ``Samples``.
    """

    defaults: FragmentDefaults
    is_sound: bool
    start: int
    at: int = 0
    last: int | None = None
    shift: int = 0
    count: int = 0
    doubts: list[str] = field(default_factory=list)
    rows: list[Int] = field(default_factory=list)
    marks: list[Claim] = field(default_factory=list)
    shifts: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class FragmentSamples:
    """All samples of a track's fragments. ``pts`` has the shifts of the single fragments in it; ``is_repeated``: the
    sample is no later than what an earlier fragment already held."""

    samples: Samples
    pts: Int
    is_repeated: Claim


@dataclass(frozen=True, slots=True)
class _Header:
    """``tfhd``: which track, where offsets count from, and the defaults of this fragment."""

    track: FragmentTrack
    base: int | None
    defaults: FragmentDefaults


def read_fragment(content: bytes, start: int, tracks: dict[int, FragmentTrack]) -> None:
    """Add the samples of one ``moof``. ``content``: the whole box with its header; ``start``: where it lies in the file.
    Raises ``MediaUnreadableError`` above ``MOST_SAMPLES``."""
    follows = start
    touched: list[FragmentTrack] = []
    for traf in boxes_in(content, 16 if content[:4] == b"\0\0\0\1" else 8, len(content)):
        if traf.type != b"traf":
            continue
        inside = list(boxes_in(content, traf.body, traf.end))
        header = _header(content, next((box for box in inside if box.type == b"tfhd"), None), start, tracks)
        if header is None:
            continue
        touched.append(header.track)
        base = follows if header.base is None else header.base
        follows = base
        for box in inside:
            if box.type == b"tfdt":
                _take_time(content, box, header.track)
            elif box.type == b"trun":
                follows = _take_run(content, box, header, base, follows)
                check_count(sum(track.count for track in tracks.values()))
    for track in touched:
        track.shifts.append((track.count, track.shift))


def gathered(track: FragmentTrack) -> FragmentSamples:
    """What ``read_fragment`` has gathered of a track, as arrays."""
    rows = np.concatenate(track.rows, axis=1) if track.rows else np.zeros((6, 0), np.int64)
    offsets, sizes, dts, ticks, durations, repeated = rows
    shifts, before = np.zeros(track.count, np.int64), 0
    for count, shift in track.shifts:
        shifts[before:count] = shift
        before = count
    is_key = np.concatenate(track.marks) if track.marks else np.zeros(0, np.bool_)
    samples = Samples(
        offsets, sizes, dts, ticks, durations, is_key, track.shift, has_offsets=True, doubts=tuple(track.doubts)
    )
    return FragmentSamples(samples, dts + shifts + ticks, repeated.astype(np.bool_))


def subsegments(content: bytes, box: Box, box_end: int) -> tuple[list[int], tuple[int, int]]:
    """Where the parts lie that a ``sidx`` (``content[box.start:box.end]``) lists, in the file, and the end of its time as
    ticks and timescale. ``box_end``: where the box ends in the file."""
    if box.end - box.body < 24:
        return [], (0, 0)
    is_long = content[box.body] >= 1
    form = ">IQQHH" if is_long else ">IIIHH"
    if box.end - box.body < 8 + struct.calcsize(form):
        return [], (0, 0)
    timescale, earliest, gap, _, claimed = struct.unpack_from(form, content, box.body + 8)
    at = box.body + 8 + struct.calcsize(form)
    count = min(claimed, (box.end - at) // 12)
    rows = np.frombuffer(content, ">u4", 3 * count, at).astype(np.int64).reshape(count, 3)
    lengths = rows[:, 0] & 0x7FFFFFFF
    places = bounded(box_end + gap) + np.cumsum(lengths) - lengths
    return places.tolist(), (bounded(earliest + int(rows[:, 1].sum())), timescale)


def random_access_places(content: bytes) -> list[int]:
    """Where the fragments lie that an ``mfra`` lists. ``content``: the whole box with its header."""
    places: set[int] = set()
    for box in boxes_in(content, 8, len(content)):
        if box.type != b"tfra" or box.end - box.body < 16:
            continue
        widths, count = struct.unpack_from(">II", content, box.body + 8)
        wide = 8 if content[box.body] == 1 else 4
        row = 2 * wide + 3 + (widths >> 4 & 3) + (widths >> 2 & 3) + (widths & 3)
        held = min(count, (box.end - box.body - 16) // row)
        rows = np.frombuffer(content, np.uint8, held * row, box.body + 16).reshape(held, row)
        column = np.ascontiguousarray(rows[:, wide : 2 * wide]).view(f">u{wide}")
        places.update(column.reshape(-1).tolist())
    return sorted(places)


def _header(content: bytes, box: Box | None, start: int, tracks: dict[int, FragmentTrack]) -> _Header | None:
    """``tfhd``; None where it is missing, cut, or of a track that is not read."""
    if box is None or box.end - box.body < 8:
        return None
    flags, number = struct.unpack_from(">II", content, box.body)
    track = tracks.get(number)
    if track is None:
        return None
    at = box.body + 8
    base = start if flags & _BASE_IS_MOOF else None
    values = [0, track.defaults.duration, track.defaults.size, track.defaults.flags]
    if flags & _BASE_GIVEN and at + 8 <= box.end:
        base = bounded(struct.unpack_from(">Q", content, at)[0])
        at += 8
    for place, flag in enumerate((_ENTRY, _DURATION, _SIZE, _FLAGS)):
        if flags & flag and at + 4 <= box.end:
            (values[place],) = struct.unpack_from(">I", content, at)
            at += 4
    return _Header(track, base, FragmentDefaults(*values[1:]))


def _take_time(content: bytes, box: Box, track: FragmentTrack) -> None:
    is_long = content[box.body : box.body + 1] not in (b"", b"\0")
    if box.end - box.body >= (12 if is_long else 8):
        track.at = bounded(struct.unpack_from(">Q" if is_long else ">I", content, box.body + 4)[0])


def _take_run(content: bytes, box: Box, header: _Header, base: int, follows: int) -> int:
    """Add one ``trun`` to its track; where its last sample ends is returned.

    A run that names no place follows the one before it, as the standard has it.
    """
    if box.end - box.body < 8:
        return follows
    flags, claimed = struct.unpack_from(">II", content, box.body)
    at, place, first_flags = box.body + 8, follows, header.defaults.flags
    if flags & _RUN_PLACE and at + 4 <= box.end:
        place = base + struct.unpack_from(">i", content, at)[0]
        at += 4
    if flags & _RUN_FIRST_FLAGS and at + 4 <= box.end:
        (first_flags,) = struct.unpack_from(">I", content, at)
        at += 4
    columns = [column for column in _RUN_COLUMNS if flags & column]
    held = min(claimed, (box.end - at) // (4 * len(columns))) if columns else claimed
    if held < claimed:
        header.track.doubts.append(f"a run claims {claimed} samples and holds {held}")
    check_count(held)
    if not held:
        return follows
    listed = np.frombuffer(content, ">u4", held * len(columns), at).reshape(held, len(columns))
    values = {column: listed[:, number].astype(np.int64) for number, column in enumerate(columns)}
    return _add(header, values, held, place, first_flags)


def _add(header: _Header, values: dict[int, Int], count: int, place: int, first_flags: int) -> int:
    track, defaults = header.track, header.defaults
    durations = values.get(0x100, np.full(count, defaults.duration))
    sizes = values.get(0x200, np.full(count, defaults.size))
    marks = values.get(0x400, np.full(count, defaults.flags))
    if 0x400 not in values:
        marks[0] = first_flags
    ticks = values.get(0x800, np.zeros(count, np.int64)).astype(np.uint32).view(np.int32).astype(np.int64)
    dts = track.at - track.start + np.cumsum(durations) - durations
    repeated = np.zeros(count, np.int64) if track.last is None else (dts <= track.last).astype(np.int64)
    place = bounded(place)
    track.rows.append(np.stack([place + np.cumsum(sizes) - sizes, sizes, dts, ticks, durations, repeated]))
    track.marks.append(np.ones(count, np.bool_) if track.is_sound else marks & _NOT_SYNC == 0)
    track.shift = max(track.shift, -int(ticks.min()))
    track.last = int(dts[-1])
    track.at = bounded(track.at + int(durations.sum()))
    track.count += count
    return place + int(sizes.sum())
