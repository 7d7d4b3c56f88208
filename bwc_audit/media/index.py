"""The index of an MP4 or QuickTime file as ``MediaIndex``, from ``moov`` and movie fragments, without media bytes.

Places, sizes, times and key marks are those that FFmpeg's demuxer would give packet by packet (a test compares them).
Where tables contradict each other, what all of them can place is kept and ``MediaIndex.doubts`` says it in words: giving
up the whole file would hide footage that can be seen, and inventing the rest would claim footage that may not be there.
Samples whose bytes lie past the end of the file stay in the index; ``missing_bytes`` says how far. Whether the coded bytes
are sound is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.domain.times import SECOND_US
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.boxes import HEADER_BYTES, Box, HeldParts, box_of
from bwc_audit.media.mp4_edits import Arranged, arranged, start_of, unedited
from bwc_audit.media.mp4_fragments import (
    FragmentSamples,
    FragmentTrack,
    gathered,
    random_access_places,
    read_fragment,
    subsegments,
)
from bwc_audit.media.mp4_movie import FragmentDefaults, Movie, MovieTrack, read_movie
from bwc_audit.media.mp4_tables import check_count
from bwc_audit.media.sniff import Sniffed
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import Int, MediaIndex, TrackIndex

#: A recording of 12 hours in fragments of one second has 43,200.
_MOST_FRAGMENTS = 50_000
#: One fragment of 10 s holds less than 10 KB of tables.
_MOST_FRAGMENT_BYTES = 8 * 1024 * 1024
_MOST_READ_BYTES = 64 * 1024 * 1024
#: Room before a listed fragment for the small boxes (``styp``, ``sidx``) that may stand there.
_BEFORE_BYTES = 256
#: Fragments nearer than this are cheaper to read through than to hop over, one request each.
_NEAR_BYTES = 32 * 1024
_THROUGH_BYTES = 512 * 1024
_TAIL_BYTES = 16 * 1024


#: Codecs whose every picture stands alone.
_ALL_KEY = frozenset({"mjpeg"})


@dataclass(slots=True)
class _Walk:
    """What walking the fragments has shown so far. ``ends``: ends of time that a ``sidx`` claims, as ticks and timescale;
    ``listed``: where it says that fragments lie."""

    missing_bytes: int = 0
    ends: list[tuple[int, int]] = field(default_factory=list)
    listed: list[int] = field(default_factory=list)
    moof_bytes: int = 1024
    doubts: list[str] = field(default_factory=list)


def read_index(source: RangeFile, sniffed: Sniffed) -> MediaIndex:
    """The tracks of picture and sound that the file's own tables describe.

    ``sniffed``: what ``sniff`` said of ``source``; its demuxer must be ``mov``. Raises ``MediaUnreadableError`` where a
    bound is passed (``memory``), a track lies in another file or the index is compressed; ``ObjectStoreError`` passes.
    """
    if not sniffed.moov_content:
        raise MediaUnreadableError(UnreadableReason.NOT_MEDIA, "no MP4 index")
    movie = read_movie(sniffed.moov_content)
    is_fragmented = movie.has_fragments or sniffed.moov == "fragmented"
    walk = _Walk(sniffed.missing_bytes)
    pieces = _read_fragments(source, sniffed, movie, walk) if is_fragmented else {}
    tracks: list[TrackIndex] = []
    doubts = list(walk.doubts)
    is_edited = True
    for track in movie.tracks:
        # FFmpeg gives up edit lists, but for the start, from the first track on that has no sample in moov.
        is_edited = is_edited and not (is_fragmented and not track.samples.count)
        piece = pieces.get(track.number)
        tracks.append(_track_index(track, piece, is_edited=is_edited))
        check_count(sum(each.dts.size for each in tracks))
        said = (*track.samples.doubts, *(piece.samples.doubts if piece else ()))
        doubts += [f"{track.kind} track {track.number}: {doubt}" for doubt in said]
    ends = [int((track.offsets + track.sizes).max()) for track in tracks if track.offsets.size]
    return MediaIndex(
        tracks=tuple(tracks),
        claimed_us=movie.claimed_us if not is_fragmented or movie.claimed_us else _listed_us(walk),
        is_fragmented=is_fragmented,
        missing_bytes=max(0, walk.missing_bytes, max(ends, default=0) - source.size_bytes),
        doubts=tuple(dict.fromkeys(doubts)),
    )


def _track_index(track: MovieTrack, piece: FragmentSamples | None, *, is_edited: bool) -> TrackIndex:
    samples = track.samples
    is_sound = track.kind == "audio"
    shown = arranged(samples, track.edits, track.timescale, is_sound=is_sound) if is_edited else _shifted(track)
    is_whole = shown.picked.size == samples.count and bool(np.all(np.diff(shown.picked) == 1))
    picked: Int | slice = slice(None) if is_whole else shown.picked  # a slice copies nothing
    columns = [
        samples.offsets[picked],
        samples.sizes[picked],
        shown.dts,
        shown.dts + samples.shift + samples.offset_ticks[picked],
        samples.durations[picked],
    ]
    is_key, is_shown = samples.is_key[picked], shown.is_shown
    if piece is not None:
        more = piece.samples
        added = [more.offsets, more.sizes, more.dts, piece.pts, more.durations]
        columns = [np.concatenate([one, other]) for one, other in zip(columns, added, strict=True)]
        is_key = np.concatenate([is_key, more.is_key])
        # What an edit list leaves out before its start has a time below zero.
        is_after_start = piece.pts + np.maximum(more.durations, 1) > 0
        is_shown = np.concatenate([is_shown, ~piece.is_repeated & (is_after_start | (start_of(track.edits) <= 0))])
    offsets, sizes, dts, pts, durations = columns
    entry = track.entry
    return TrackIndex(
        kind=track.kind,
        codec=entry.codec,
        extradata=entry.extradata,
        time_base=Fraction(1, track.timescale),
        offsets=offsets,
        sizes=sizes,
        dts=dts,
        pts=pts,
        durations=durations,
        is_key=is_key,
        is_shown=is_shown,
        claimed=track.claimed,
        is_key_stated=is_sound or samples.has_key_table or entry.codec in _ALL_KEY,
        width=entry.width,
        height=entry.height,
        rotation_degrees=track.rotation_degrees,
        is_mirrored=track.is_mirrored,
        sample_rate=entry.sample_rate,
        channels=entry.channels,
    )


def _shifted(track: MovieTrack) -> Arranged:
    whole = unedited(track.samples)
    return Arranged(whole.picked, whole.dts - start_of(track.edits), whole.is_shown)


def _listed_us(walk: _Walk) -> int | None:
    """The latest end of time that a ``sidx`` claims."""
    return max((ticks * SECOND_US // scale for ticks, scale in walk.ends if scale and ticks), default=None)


def _read_fragments(source: RangeFile, sniffed: Sniffed, movie: Movie, walk: _Walk) -> dict[int, FragmentSamples]:
    tracks: dict[int, FragmentTrack] = {}
    for track in movie.tracks:
        defaults = movie.fragment_defaults.get(track.number, FragmentDefaults())
        held = FragmentTrack(defaults, track.kind == "audio", start_of(track.edits))
        held.at = int(track.samples.durations.sum())
        held.shift = track.samples.shift
        held.last = int(track.samples.dts[-1]) if track.samples.count else None
        tracks.setdefault(track.number, held)
    parts = sniffed.held or HeldParts(source)
    for box, content in _fragments(source, parts, sniffed.walked_to, walk):
        read_fragment(content, box.start, tracks)
    return {number: gathered(track) for number, track in tracks.items()}


def _fragments(source: RangeFile, parts: HeldParts, start: int, walk: _Walk) -> Iterator[tuple[Box, bytes]]:
    """Each ``moof`` from ``start`` on with its bytes, by following the boxes to the end of the file."""
    seen, read_bytes, last = 0, 0, start
    for _ in range(4 * _MOST_FRAGMENTS):  # with each fragment: styp, sidx, moof, mdat
        is_near = seen > 1 and start - last < _NEAR_BYTES
        header = parts.at(start, HEADER_BYTES, _THROUGH_BYTES if is_near else walk.moof_bytes + _BEFORE_BYTES)
        box = box_of(header, start, source.size_bytes)
        if box is None:
            return
        walk.missing_bytes = max(walk.missing_bytes, box.end - source.size_bytes)
        if box.end <= source.size_bytes and box.type in (b"moof", b"sidx"):
            read_bytes += box.length
            if seen >= _MOST_FRAGMENTS or box.length > _MOST_FRAGMENT_BYTES or read_bytes > _MOST_READ_BYTES:
                raise MediaUnreadableError(UnreadableReason.MEMORY, "more or larger fragments than are read")
            content = parts.at(start, box.length, HEADER_BYTES)
            if box.type == b"sidx":
                places, end = subsegments(content, Box(box.type, 0, box.length, box.header), box.end)
                walk.ends.append(end)
                walk.listed = places if not seen else []
            else:
                walk.moof_bytes = max(512, min(box.length * 3 // 2, 64 * 1024))
                if not seen:
                    _read_ahead(source, parts, box, walk)
                yield box, content
                seen, last = seen + 1, start
        start = box.end
    walk.doubts.append("more boxes than are followed")


def _read_ahead(source: RangeFile, parts: HeldParts, first: Box, walk: _Walk) -> None:
    """Read the start of each listed fragment together, as long as the first one's; within a bound in all."""
    places = walk.listed if len(walk.listed) > 1 else _listed_at_end(source, first.end)
    length = walk.moof_bytes + 2 * _BEFORE_BYTES
    kept = sorted({place for place in places if first.end < place < source.size_bytes})
    parts.prefetch([(max(0, place - _BEFORE_BYTES), length) for place in kept[: _MOST_READ_BYTES // 4 // length]])


def _listed_at_end(source: RangeFile, after: int) -> list[int]:
    """Where the list at the end of the file says that fragments lie (``mfra``, whose length comes last)."""
    size = source.size_bytes
    if size - after < 4 * _THROUGH_BYTES:  # a few hops cost no more
        return []
    (tail,) = source.read_many([(size - _TAIL_BYTES, _TAIL_BYTES)])
    length = int.from_bytes(tail[-4:], "big")
    if tail[-12:-8] != b"mfro" or not 16 <= length <= min(_MOST_FRAGMENT_BYTES, size):
        return []
    content = tail[-length:] if length <= len(tail) else source.read_many([(size - length, length)])[0]
    return random_access_places(content) if content[4:8] == b"mfra" else []
