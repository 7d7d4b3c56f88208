"""The ``moov`` box of an MP4 as tracks: headers, sample tables and edit lists, from its bytes alone.

Tracks of picture and sound only, in file order. Only the boxes that are asked for are entered, each once, so that nested
boxes cost nothing. Whether the samples are in the file is not known here. ISO/IEC 14496-12, section 8.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import cast

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.domain.times import SECOND_US
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.boxes import Box, boxes_in, first_boxes
from bwc_audit.media.mp4_edits import Edit, bounded, read_edits
from bwc_audit.media.mp4_entries import Kind, SampleEntry, data_reference, entry_boxes, read_entry
from bwc_audit.media.mp4_tables import Samples, no_samples, read_samples

#: A camera writes two or three.
_MOST_TRACKS = 64
_KINDS = {b"vide": "video", b"soun": "audio"}


@dataclass(frozen=True, slots=True)
class FragmentDefaults:
    """What ``trex`` lets the samples of a track's fragments be unless they say otherwise."""

    duration: int = 0
    size: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class MovieTrack:
    """One track as ``moov`` has it. ``claimed``: ticks of its header; None: nothing claimed."""

    number: int
    kind: Kind
    entry: SampleEntry
    timescale: int
    claimed: int | None
    rotation_degrees: int
    is_mirrored: bool
    samples: Samples
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Movie:
    """``fragment_defaults`` by track number; ``has_fragments``: the movie goes on in fragments (``mvex``)."""

    tracks: tuple[MovieTrack, ...]
    claimed_us: int | None
    has_fragments: bool
    fragment_defaults: dict[int, FragmentDefaults]


def read_movie(content: bytes) -> Movie:
    """``content``: the whole box with its header. Raises ``MediaUnreadableError`` where a bound is passed, where the
    samples lie in other files, or where the index is compressed."""
    boxes = list(boxes_in(content, _body_of(content), len(content)))
    first = {box.type: box for box in reversed(boxes)}
    if b"cmov" in first:
        raise MediaUnreadableError(UnreadableReason.CODEC_UNSUPPORTED, "the index is compressed")
    timescale, duration, matrix = _movie_header(content, first.get(b"mvhd"))
    traks = [box for box in boxes if box.type == b"trak"]
    if len(traks) > _MOST_TRACKS:
        raise MediaUnreadableError(UnreadableReason.MEMORY, f"{len(traks)} tracks; {_MOST_TRACKS} are read")
    chapters = {number for box in traks for number in _chapter_tracks(content, box)}
    tracks: list[MovieTrack] = []
    for box in traks:
        before = sum(track.samples.count for track in tracks)
        track = _track(content, box, timescale, matrix, before)
        tracks += [] if track is None else [track]
    extends = first.get(b"mvex")
    defaults, whole = _fragment_defaults(content, extends)
    claimed = whole if extends is not None else duration
    return Movie(
        tracks=tuple(track for track in tracks if track.number not in chapters),
        claimed_us=_us(claimed, timescale),
        has_fragments=extends is not None,
        fragment_defaults=defaults,
    )


def _body_of(content: bytes) -> int:
    return 16 if content[:4] == b"\0\0\0\1" else 8


def _us(ticks: int | None, timescale: int) -> int | None:
    return None if not ticks or timescale <= 0 else bounded(ticks * SECOND_US // timescale)


def _movie_header(content: bytes, box: Box | None) -> tuple[int, int | None, tuple[int, ...]]:
    """Timescale, duration and matrix of ``mvhd``."""
    if box is None:
        return 0, None, ()
    timescale, duration, after = _times(content, box)
    return timescale, duration, _matrix(content, after + 16, box.end)


def _times(content: bytes, box: Box, *, gap: int = 0) -> tuple[int, int | None, int]:
    """Timescale (or track number), duration and the place behind it, of ``mvhd``, ``mdhd`` or ``tkhd``."""
    is_long = content[box.body : box.body + 1] == b"\1"
    at = box.body + (20 if is_long else 12)
    after = at + 4 + gap + (8 if is_long else 4)
    if after > box.end:
        return 0, None, box.end
    (first,) = struct.unpack_from(">I", content, at)
    (duration,) = struct.unpack_from(">Q" if is_long else ">I", content, at + 4 + gap)
    unknown = 2**64 - 1 if is_long else 2**32 - 1
    return first, None if duration in (0, unknown) else bounded(duration), after


def _matrix(content: bytes, start: int, end: int) -> tuple[int, ...]:
    """The upper left four numbers of a display matrix (a, b, c, d); empty where it is cut."""
    if start + 36 > end:
        return ()
    a, b, _, c, d = struct.unpack_from(">5i", content, start)
    return a, b, c, d


def _turn(matrix: tuple[int, ...], movie: tuple[int, ...]) -> tuple[int, bool]:
    """The clockwise turn in quarters, and whether the picture is flipped left to right before it."""
    a, b, c, d = (value / 65536 for value in matrix) if matrix else (1.0, 0.0, 0.0, 1.0)
    e, f, g, h = (value / 65536 for value in movie) if movie else (1.0, 0.0, 0.0, 1.0)
    a, b, c, d = a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h
    is_mirrored = a * d - b * c < 0
    if is_mirrored:
        a, b = -a, -b
    return round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360, is_mirrored


def _track(content: bytes, trak: Box, movie_timescale: int, movie_matrix: tuple[int, ...], before: int) -> MovieTrack | None:
    """One track of picture or sound, ``before``: samples of the tracks before it; None for anything else."""
    boxes = first_boxes(content, trak.body, trak.end)
    media = _inside(content, boxes.get(b"mdia"))
    handler = media.get(b"hdlr")
    kind = _KINDS.get(content[handler.body + 8 : handler.body + 12]) if handler else None
    if kind is None:
        return None
    kind = cast(Kind, kind)
    information = _inside(content, media.get(b"minf"))
    table = _inside(content, information.get(b"stbl"))
    entry = _entry(content, table.get(b"stsd"), kind, _inside(content, information.get(b"dinf")).get(b"dref"))
    header = boxes.get(b"tkhd")
    number, _, after = _times(content, header, gap=4) if header else (0, None, 0)
    matrix = _matrix(content, after + 16, header.end) if header else ()
    timescale, claimed, _ = _times(content, media[b"mdhd"]) if b"mdhd" in media else (0, None, 0)
    if not 0 < timescale < 2**31:
        timescale = movie_timescale if 0 < movie_timescale < 2**31 else 1
    edit_list = _inside(content, boxes.get(b"edts")).get(b"elst")
    edits = read_edits(content, edit_list, timescale, movie_timescale) if edit_list else ()
    samples = read_samples(content, table, entry, before) if table else no_samples("no sample table")
    turn, is_mirrored = _turn(matrix, movie_matrix) if kind == "video" else (0, False)
    return MovieTrack(number, kind, entry, timescale, claimed, turn, is_mirrored, samples, edits)


def _inside(content: bytes, box: Box | None) -> dict[bytes, Box]:
    return first_boxes(content, box.body, box.end) if box else {}


def _entry(content: bytes, stsd: Box | None, kind: Kind, references: Box | None) -> SampleEntry:
    """The first sample entry; without codec where several differ, because one decoder cannot serve them."""
    entries = entry_boxes(content, stsd) if stsd else []
    if stsd is None or not entries:
        return SampleEntry(kind)
    for box in entries:
        if _is_elsewhere(content, references, data_reference(content, box)):
            raise MediaUnreadableError(UnreadableReason.PLAYLIST_REFUSED, "a track's samples lie in another file")
    if len({content[box.start : box.end] for box in entries}) > 1:
        return SampleEntry(kind)
    return read_entry(content, entries[0], kind, content[stsd.body])


def _is_elsewhere(content: bytes, references: Box | None, number: int) -> bool:
    """True where the data reference names another file: not marked as "the same file", and something is written."""
    if references is None:
        return False
    listed = list(boxes_in(content, references.body + 8, references.end))
    if not 1 <= number <= len(listed):
        return False
    box = listed[number - 1]
    flags = int.from_bytes(content[box.body : box.body + 4], "big") & 0xFFFFFF
    return not flags & 1 and any(content[box.body + 4 : box.end])


def _chapter_tracks(content: bytes, trak: Box) -> tuple[int, ...]:
    """Numbers of the tracks that hold chapter titles or pictures for this one."""
    references = first_boxes(content, trak.body, trak.end).get(b"tref")
    chapters = _inside(content, references).get(b"chap")
    if chapters is None:
        return ()
    count = min(_MOST_TRACKS, (chapters.end - chapters.body) // 4)
    return struct.unpack_from(f">{count}I", content, chapters.body)


def _fragment_defaults(content: bytes, extends: Box | None) -> tuple[dict[int, FragmentDefaults], int | None]:
    """Defaults by track, and the length of the whole movie that ``mehd`` claims."""
    defaults: dict[int, FragmentDefaults] = {}
    whole: int | None = None
    for box in boxes_in(content, extends.body, extends.end) if extends else ():
        if box.type == b"trex" and box.end - box.body >= 24:
            number, _, duration, size, flags = struct.unpack_from(">5I", content, box.body + 4)
            defaults.setdefault(number, FragmentDefaults(duration, size, flags))
        elif box.type == b"mehd" and box.end - box.body >= 8:
            is_long = content[box.body] == 1 and box.end - box.body >= 12
            (whole,) = struct.unpack_from(">Q" if is_long else ">I", content, box.body + 4)
    return defaults, whole
