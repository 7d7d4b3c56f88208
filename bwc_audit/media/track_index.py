"""What a container's own index says about each sample of each track, without any media data: the common form.

Times are in ticks of the track's own time base, presentation order and edit lists already applied, exactly as FFmpeg's
demuxer would give them (``pts``); whoever turns ticks into media time does it with ``Fraction``. A sample is one coded
frame, or one block of sound. Which of them to fetch and to decode is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Claim = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TrackIndex:
    """All samples of one track in decoding order; arrays of one length.

    ``codec``: FFmpeg's name of the codec (h264, hevc, mjpeg, mpeg4, av1, aac, …), empty where it is unknown here.
    ``extradata``: what the decoder needs before the first packet (avcC, hvcC, AudioSpecificConfig).
    ``offsets``, ``sizes``: where the bytes lie in the file. ``dts``, ``pts``, ``durations``: ticks of ``time_base``.
    ``is_key``: decodable alone (sync sample). ``is_key_stated``: False where no table says which samples are, and the
    standard's "all are" stands there for a codec that seldom is so: then only the coded bytes tell.
    ``is_shown``: False where an edit list leaves the sample out.
    ``claimed``: ticks that the track's header claims; None: nothing.
    ``rotation_degrees``: clockwise turn that the display matrix asks for (0, 90, 180, 270); ``is_mirrored``: the
    picture is flipped left to right before that turn.
    """

    kind: Literal["video", "audio"]
    codec: str
    extradata: bytes
    time_base: Fraction
    offsets: Int
    sizes: Int
    dts: Int
    pts: Int
    durations: Int
    is_key: Claim
    is_shown: Claim
    claimed: int | None = None
    is_key_stated: bool = True
    width: int = 0
    height: int = 0
    rotation_degrees: int = 0
    is_mirrored: bool = False
    sample_rate: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class MediaIndex:
    """The tracks in file order that hold picture or sound (cover pictures left out).

    ``claimed_us``: the length the container as a whole claims; None: nothing.
    ``is_fragmented``: read from movie fragments. ``missing_bytes``: how far the table points past the end of the file.
    ``doubts``: where its tables contradict each other, in words; then something may be missing that the tables do not show.
    """

    tracks: tuple[TrackIndex, ...]
    claimed_us: int | None
    is_fragmented: bool = False
    missing_bytes: int = 0
    doubts: tuple[str, ...] = ()

    def first(self, kind: Literal["video", "audio"]) -> TrackIndex | None:
        """The first track of a kind, or None."""
        return next((track for track in self.tracks if track.kind == kind), None)
