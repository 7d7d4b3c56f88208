"""One file open for looking: its facts, its frames by time, its sound; by one of two paths that give the same answers.

*Indexed*: the container's own sample table says where every coded frame lies (MP4, MOV, fragmented or not), so only the
bytes of wanted frames are fetched, in parallel, and each is decoded alone. *Demuxed*: FFmpeg reads the file in order
through ranged reads (Matroska, AVI, transport streams, codecs without isolated decoding here); its packets become the
same table first. No file and no address but the given bytes can be opened by either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bwc_audit.domain.inspection import AudioFacts, UnreadableReason, VideoFacts
from bwc_audit.domain.times import SECOND_US
from bwc_audit.errors import MediaUnreadableError
from bwc_audit.media.container import demuxed
from bwc_audit.media.decoding import DecodeLog, SampledFrame, Tracks, decoded, visits_to
from bwc_audit.media.faults import translated
from bwc_audit.media.frame_table import FrameTable, frame_table, held, video_facts
from bwc_audit.media.index import read_index
from bwc_audit.media.indexed import ISOLATED_SOUND, ISOLATED_VIDEO, indexed
from bwc_audit.media.sniff import Sniffed
from bwc_audit.media.source import RangeFile
from bwc_audit.media.track_index import MediaIndex, TrackIndex

#: Decoding times that go back by less are a writer's inaccuracy.
_MOST_SET_BACK_US = SECOND_US
#: Fragments that were sent twice repeat no more; a trim to the key frame before leaves no more out.
_MOST_LEFT_OUT_S = 2.0
#: Share of frames that may have the time of another: a few do where a writer rounds.
_SAME_TIME_SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """``sound_track``: None where the file has none."""

    source: RangeFile
    index: MediaIndex
    video_track: TrackIndex
    sound_track: TrackIndex | None
    table: FrameTable
    video: VideoFacts
    tracks: Tracks

    def frames(self, numbers: Iterable[int], log: DecodeLog) -> Iterator[SampledFrame]:
        """The frames with these numbers in the table, in order of time; what never came goes into ``log``.

        Raises ``MediaUnreadableError`` for a file that cannot be read on, ``ObjectStoreError`` for the store.
        """
        with translated(self.source):
            visits = visits_to(self.table, numbers)
            yield from decoded(self.tracks, self.video_track, self.table, visits, log)


@contextmanager
def opened(source: RangeFile, sniffed: Sniffed, note_sound: Callable[[AudioFacts | None], None]) -> Iterator[Reel]:
    """The file, open by the cheaper path that serves it. ``note_sound`` learns of the sound track before anything fails.

    Raises ``MediaUnreadableError`` with its reason.
    """
    if sniffed.demuxer == "mov":
        index = read_index(source, sniffed)
        note_sound(_audio_facts(index))
        if index.first("video") is None:
            raise MediaUnreadableError(UnreadableReason.NO_VIDEO, "no video track")
        if _is_isolated(index):
            yield _reel(source, sniffed, index, indexed(source))
            return
    with demuxed(source, sniffed) as (index, tracks):
        note_sound(_audio_facts(index))
        yield _reel(source, sniffed, index, tracks)


def _is_isolated(index: MediaIndex) -> bool:
    video, sound = index.first("video"), index.first("audio")
    if video is None or video.codec not in ISOLATED_VIDEO or not video.is_key_stated:
        return False
    return sound is None or sound.codec in ISOLATED_SOUND


def _reel(source: RangeFile, sniffed: Sniffed, index: MediaIndex, tracks: Tracks) -> Reel:
    video = index.first("video")
    if video is None:
        raise MediaUnreadableError(UnreadableReason.NO_VIDEO, "no video track")
    if not video.width or not video.height:
        raise MediaUnreadableError(UnreadableReason.NO_VIDEO, "the video track has no picture size")
    table = frame_table(
        video,
        source.size_bytes,
        index.claimed_us,
        sniffed.claimed_us or 0,
        is_claim_end=sniffed.demuxer == "matroska",
        is_cut=sniffed.missing_bytes > 0,
    )
    if not table.keys_us.size:
        raise MediaUnreadableError(UnreadableReason.NO_VIDEO, "the video track holds no key frame")
    index = replace(index, doubts=(*index.doubts, *sniffed.doubts, *_doubts(index, video, table, source.size_bytes)))
    return Reel(source, index, video, index.first("audio"), table, video_facts(video, table), tracks)


def _doubts(index: MediaIndex, video: TrackIndex, table: FrameTable, size_bytes: int) -> Iterator[str]:
    """In words: frames whose times are none, or not theirs alone, so that neither order nor length is sure."""
    if table.misplaced_frames:
        yield f"{table.misplaced_frames} frames have times more than a week from the others; they are left out"
    is_left_out = held(video, size_bytes) & ~video.is_shown
    left_out_s = float(int(video.durations[is_left_out].sum()) * video.time_base)
    if index.is_fragmented and left_out_s > _MOST_LEFT_OUT_S:
        yield f"{left_out_s:.1f} s of pictures are left out: their fragments repeat earlier times or lie before the start"
    if table.set_back_us > _MOST_SET_BACK_US:
        yield (
            f"the times of the pictures go back by {table.set_back_us / SECOND_US:.1f} s inside the file, as of recordings "
            "that were joined: they lie over each other, and the length is not sure"
        )
    elif table.same_time_frames > _SAME_TIME_SHARE * table.times_us.size:
        yield f"{table.same_time_frames} pictures have the time of another; the length is not sure"


def _audio_facts(index: MediaIndex) -> AudioFacts | None:
    sound = index.first("audio")
    return None if sound is None else AudioFacts(sound.codec or "unknown", sound.sample_rate, sound.channels)
