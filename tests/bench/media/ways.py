"""The ways of looking that are compared, each over one clip in object storage: ours, and named baselines.

Each returns how many bytes and requests it took. A baseline that needs a file downloads it first, as it would have to.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from bwc_audit.detectors.picture import PictureMeter
from bwc_audit.detectors.timing import frame_gaps
from bwc_audit.domain.inspection import InspectionRequest
from bwc_audit.domain.policy import InspectionRules, SamplingRules
from bwc_audit.domain.times import Span
from bwc_audit.media.decoding import DecodeLog, decoded, luma_of, visits_to
from bwc_audit.media.frame_table import frame_table
from bwc_audit.media.index import read_index
from bwc_audit.media.indexed import IndexedTracks
from bwc_audit.media.inspect import inspect_object
from bwc_audit.media.plan import even_frames
from bwc_audit.media.sniff import sniff
from bwc_audit.media.source import RangeFile
from bwc_audit.objects.contract import ObjectStat, ObjectStore

STEP_S = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """``bytes_read`` from the store, in so many ``requests``; ``frames`` judged."""

    bytes_read: int
    requests: int
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """One clip in a store, with a folder for downloads."""

    store: ObjectStore
    stat: ObjectStat
    scratch: Path

    def source(self) -> RangeFile:
        return RangeFile(self.store, self.stat.key, self.stat.size_bytes, etag=self.stat.etag)


def uniform_rules(rules: InspectionRules) -> InspectionRules:
    """One key frame every ten seconds and nothing else."""
    sampling = SamplingRules(rules.sampling.clause, step_s=STEP_S, near_step_s=STEP_S, near_reach_s=0.0, is_adaptive=False)
    return replace(rules, sampling=sampling)


def inspection(rules: InspectionRules, *, has_sound: bool = True) -> Callable[[Subject], Cost]:
    """Our own look, pictures and sound, as the night takes it. Without sound it is the look that the night takes where
    only the clock in the picture is wanted: the same frames, measured and judged the same."""

    def look(subject: Subject) -> Cost:
        cv2.setNumThreads(1)
        request = InspectionRequest(subject.stat.key, is_hashed=False, is_clock_look=not has_sound)
        examined = inspect_object(subject.store, request, rules, stat=subject.stat).examined
        return Cost(examined.bytes_read, examined.requests, examined.frames_sampled)

    return look


def index_only(subject: Subject) -> Cost:
    """Facts, frame times, gaps and sound sizes from the index alone."""
    source = subject.source()
    index = read_index(source, sniff(source))
    video, sound = index.first("video"), index.first("audio")
    assert video is not None
    assert sound is not None
    frame_gaps(frame_table(video, source.size_bytes).times_us)
    np.percentile(sound.sizes, 1)
    return Cost(source.bytes_read, source.requests)


def demux_all(subject: Subject) -> Cost:
    """Baseline of the index: every packet's time and size by PyAV from the downloaded file."""
    path = _downloaded(subject)
    with av.open(str(path)) as container:
        times = [packet.pts for packet in container.demux() if packet.pts is not None]
    return Cost(subject.stat.size_bytes, 1, len(times))


def every_frame_opencv(subject: Subject) -> Cost:
    """Download, read every frame with OpenCV, judge it at full size."""
    cv2.setNumThreads(-1)
    capture = cv2.VideoCapture(str(_downloaded(subject)))
    frames, before = 0, None
    while True:
        is_read, picture = capture.read()
        if not is_read:
            break
        before = _judged_full(picture, before)
        frames += 1
    capture.release()
    return Cost(subject.stat.size_bytes, 1, frames)


def opencv_seeks(subject: Subject) -> Cost:
    """Download, seek with OpenCV to every tenth second."""
    cv2.setNumThreads(-1)
    capture = cv2.VideoCapture(str(_downloaded(subject)))
    seconds = int(capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS))
    frames, before = 0, None
    for second in range(0, seconds, STEP_S):
        capture.set(cv2.CAP_PROP_POS_MSEC, 1000.0 * second)
        is_read, picture = capture.read()
        if is_read:
            before = _judged_full(picture, before)
            frames += 1
    capture.release()
    return Cost(subject.stat.size_bytes, 1, frames)


def ffmpeg_filters(subject: Subject) -> Cost:
    """Download, ffmpeg's blackdetect, freezedetect and silencedetect over everything."""
    return _filtered(subject, [])


def ffmpeg_key_frames(subject: Subject) -> Cost:
    """Download, the same filters over key frames only."""
    return _filtered(subject, ["-skip_frame", "nokey"])


def ffmpeg_key_pictures(subject: Subject) -> Cost:
    """Download, the picture filters over key frames only; no sound is decoded."""
    return _filtered(subject, ["-skip_frame", "nokey"], has_sound=False)


def from_memory(subject: Subject) -> tuple[Callable[[], Cost], int]:
    """The limit: the key frames of the uniform plan decoded and measured from memory; and their bytes with the index."""
    source = subject.source()
    index = read_index(source, sniff(source))
    index_bytes = source.bytes_read
    track = index.first("video")
    assert track is not None
    table = frame_table(track, source.size_bytes)
    rules = SamplingRules("", step_s=STEP_S, near_step_s=STEP_S, near_reach_s=0.0)
    numbers = even_frames(table, [Span(0, table.end_us)], rules)
    planned = sum(int(track.sizes[table.samples[number]]) for number in numbers)
    held = {
        place: source.read_many([(int(track.offsets[place]), int(track.sizes[place]))])[0]
        for place in (int(table.samples[number]) for number in numbers)
    }

    class Held(IndexedTracks):
        def _fetched(self, track_: object, places: object) -> list[bytes]:
            return [held[int(place)] for place in places]  # type: ignore[attr-defined]  # a sequence of places

    def look() -> Cost:
        cv2.setNumThreads(1)
        meter = PictureMeter(0.12)
        visits = visits_to(table, numbers)
        count = 0
        for frame in decoded(Held(source), track, table, visits, DecodeLog()):
            meter.measure(luma_of(frame.picture), frame.at_us, frame.end_us, is_key=True)
            count += 1
        return Cost(0, 0, count)

    return look, index_bytes + planned


def _filtered(subject: Subject, options: list[str], *, has_sound: bool = True) -> Cost:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-threads", "1", *options]
    command += ["-i", str(_downloaded(subject)), "-vf", "blackdetect,freezedetect"]
    command += [*(("-af", "silencedetect") if has_sound else ("-an",)), "-f", "null", "-"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return Cost(subject.stat.size_bytes, 1)


def _judged_full(picture: Any, before: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """What a plain script does with each frame: level, sharpness and difference at full size."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    cv2.meanStdDev(grey)
    cv2.Laplacian(grey, cv2.CV_64F).var()
    if before is not None:
        cv2.mean(cv2.absdiff(grey, before))
    return grey


def _downloaded(subject: Subject) -> Path:
    path = subject.scratch / "download.mp4"
    with path.open("wb") as file:
        for block in subject.source().stream(8 << 20):
            file.write(block)
    return path
