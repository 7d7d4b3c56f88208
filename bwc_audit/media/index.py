"""The index of an MP4 or QuickTime file as ``MediaIndex``, from ``moov`` and movie fragments, without media bytes.

Places, sizes, times and key marks are those that FFmpeg's demuxer would give packet by packet (a test compares them).
Where tables contradict each other, what all of them can place is kept and ``MediaIndex.doubts`` says it in words: giving
up the whole file would hide footage that can be seen, and inventing the rest would claim footage that may not be there.
Samples whose bytes lie past the end of the file stay in the index; ``missing_bytes`` says how far. Whether the coded bytes
are sound is not known here.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from bwc_audit.domain.inspection import UnreadableReason
from bwc_audit.domain.times import SECOND_US
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.boxes import HeldParts
from bwc_audit.media.fragment_walk import Walk, fragments
from bwc_audit.media.mp4_edits import Arranged, arranged, bounded, shown_length, start_of, unedited
from bwc_audit.media.mp4_fragments import (
    FragmentSamples,
    FragmentTrack,
    gathered,
    read_fragment,
)
from bwc_audit.media.mp4_movie import FragmentDefaults, Movie, MovieTrack, read_movie
from bwc_audit.media.mp4_tables import check_count
from bwc_audit.media.sniff import Sniffed
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import Int, MediaIndex, TrackIndex

#: Codecs whose every picture stands alone.
_ALL_KEY = frozenset({"mjpeg"})
#: What an edit list may leave out and nothing is said of it: key frames lie that far apart.
_MOST_TRIMMED_S = 2.0


def read_index(source: RangeFile, sniffed: Sniffed) -> MediaIndex:
    """The tracks of picture and sound that the file's own tables describe.

    ``sniffed``: what ``sniff`` said of ``source``; its demuxer must be ``mov``. Raises ``MediaUnreadableError`` where a
    bound is passed (``memory``), a track lies in another file or the index is compressed; ``ObjectStoreError`` passes.
    """
    if not sniffed.moov_content:
        raise MediaUnreadableError(UnreadableReason.NOT_MEDIA, "no MP4 index")
    movie = read_movie(sniffed.moov_content)
    is_fragmented = movie.has_fragments or sniffed.moov == "fragmented"
    walk = Walk(sniffed.missing_bytes)
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
        said = (*track.samples.doubts, *(piece.samples.doubts if piece else _left_out(track, tracks[-1])))
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
        claimed=shown_length(track.edits, track.claimed) if track.claimed and piece is None else track.claimed,
        is_key_stated=is_sound or samples.has_key_table or entry.codec in _ALL_KEY,
        width=entry.width,
        height=entry.height,
        rotation_degrees=track.rotation_degrees,
        is_mirrored=track.is_mirrored,
        sample_rate=entry.sample_rate,
        channels=entry.channels,
    )


def _left_out(track: MovieTrack, shown: TrackIndex) -> tuple[str, ...]:
    """In words: how much of the pictures the edit list leaves out, where it is more than a trim to the key frame before."""
    if track.kind != "video" or not track.edits or np.count_nonzero(shown.is_shown) >= track.samples.count:
        return ()
    is_out = ~np.isin(track.samples.offsets, shown.offsets[shown.is_shown])
    seconds = int(track.samples.durations[is_out].sum()) / track.timescale
    return (f"an edit list leaves out {seconds:.1f} s of the recorded pictures",) if seconds > _MOST_TRIMMED_S else ()


def _shifted(track: MovieTrack) -> Arranged:
    whole = unedited(track.samples)
    return Arranged(whole.picked, whole.dts - start_of(track.edits), whole.is_shown)


def _listed_us(walk: Walk) -> int | None:
    """The latest end of time that a ``sidx`` claims."""
    return max((bounded(ticks * SECOND_US // scale) for ticks, scale in walk.ends if scale and ticks), default=None)


def _read_fragments(source: RangeFile, sniffed: Sniffed, movie: Movie, walk: Walk) -> dict[int, FragmentSamples]:
    tracks: dict[int, FragmentTrack] = {}
    for track in movie.tracks:
        defaults = movie.fragment_defaults.get(track.number, FragmentDefaults())
        held = FragmentTrack(defaults, track.kind == "audio", start_of(track.edits))
        held.at = int(track.samples.durations.sum())
        held.shift = track.samples.shift
        held.last = int(track.samples.dts[-1]) if track.samples.count else None
        tracks.setdefault(track.number, held)
    parts = sniffed.held or HeldParts(source)
    for box, content in fragments(source, parts, sniffed.walked_to, walk):
        read_fragment(content, box.start, tracks)
    return {number: gathered(track) for number, track in tracks.items()}
