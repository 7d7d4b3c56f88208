"""``python -m tests.bench.media [--quick | --decoding | --night]``: the table of ``docs/performance.md`` on looking into
video.

A real S3 server on loopback, its own processor time not counted. Ours works on one thread, as an inspecting child does;
the baselines as they come. Rounds are interleaved and medians taken; the two ways that
take minutes run once, over one clip, behind them. ``--quick``: one 10 min clip, and not the two ways
that decode everything. ``--decoding``: only what decoding a key frame costs, and what options of the decoder would change.
``--night``: only the night, which is told by the clock and wants a quiet machine.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2

from bwc_audit.domain.inspection import Inspection, InspectionRequest
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.embedded_s3 import EmbeddedS3, embedded_s3, upload_tree
from bwc_audit.media.isolated import inspect_many
from bwc_audit.objects.s3 import S3Store, make_client
from bwc_audit.sources.policy_files import load_policy
from tests.bench.measuring import Line, machine, print_lines
from tests.bench.media import ways
from tests.bench.media.decoder_options import decoding_lines
from tests.bench.media.footage import CLIPS, Clip, made
from tests.bench.media.ways import Cost, Subject

_FOLDER = Path(".state/bench/media")
_BUCKET = "bench"
_ROUNDS = 3
_UNIFORM, _PICTURES = "uniform 10 s plan", "uniform 10 s plan, no sound"
#: Baselines that look at pictures only.
_PICTURES_ONLY = ("ffmpeg -skip_frame nokey, no sound", "OpenCV seeks", "OpenCV, every frame")
_THREADS = "OPENBLAS_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians over the rounds: CPU seconds of this process and its children, wall seconds; the cost of the last round."""

    cpu_s: float
    wall_s: float
    cost: Cost


def main(arguments: list[str]) -> int:
    """Make the clips, upload them, measure, print."""
    if os.environ.get(_THREADS) != "1":  # as in an inspecting child; a second thread would only wait, busily
        again = [sys.executable, "-m", "tests.bench.media", *arguments]
        os.execve(sys.executable, again, os.environ | {_THREADS: "1"})  # noqa: S606 this very program
    is_quick = "--quick" in arguments or "--decoding" in arguments
    clips = CLIPS[:1] if is_quick else CLIPS
    for clip in clips:
        made(_FOLDER / "footage", clip)
    print(machine())
    if "--decoding" in arguments:
        cv2.setNumThreads(1)
        print_lines("One key frame", decoding_lines(_FOLDER / "footage" / CLIPS[0].name))
        return 0
    rules = load_policy("uk_generic").inspection
    with embedded_s3(_FOLDER / "s3") as server, tempfile.TemporaryDirectory() as scratch:
        store = _uploaded(server)
        subjects = {clip: Subject(store, store.head(clip.name), Path(scratch)) for clip in clips}
        is_night_only = "--night" in arguments
        if not is_night_only:
            print_lines("One 10 min clip, key frames 1 s apart", _against(subjects[CLIPS[0]], rules, is_quick=is_quick))
        if not is_quick and not is_night_only:
            print_lines("Each clip", [_clip_line(clip, subject, rules) for clip, subject in subjects.items()])
        print_lines("A night on two workers", [_night(store, subjects, rules)])
    return 0


def _uploaded(server: EmbeddedS3) -> S3Store:
    client = make_client(server.endpoint_url, None, server.access_key, server.secret_key)
    upload_tree(_FOLDER / "footage", client, _BUCKET)
    return S3Store(_BUCKET, "", server.endpoint_url, None, server.access_key, server.secret_key)


def _against(subject: Subject, rules: InspectionRules, *, is_quick: bool) -> list[Line]:
    limit, limit_bytes = ways.from_memory(subject)
    uniform_rules = ways.uniform_rules(rules)
    tasks: dict[str, Callable[[], Cost]] = {
        _UNIFORM: lambda: ways.inspection(uniform_rules)(subject),
        _PICTURES: lambda: ways.inspection(uniform_rules, has_sound=False)(subject),
        "adaptive plan": lambda: ways.inspection(rules)(subject),
        "the same key frames from memory": limit,
        "index only": lambda: ways.index_only(subject),
        "demuxing all packets": lambda: ways.demux_all(subject),
        "ffmpeg -skip_frame nokey": lambda: ways.ffmpeg_key_frames(subject),
        "ffmpeg -skip_frame nokey, no sound": lambda: ways.ffmpeg_key_pictures(subject),
        "OpenCV seeks": lambda: ways.opencv_seeks(subject),
    }
    found = _measured(tasks, _ROUNDS)
    baselines = ["ffmpeg -skip_frame nokey", "ffmpeg -skip_frame nokey, no sound", "OpenCV seeks"]
    if not is_quick:
        slow: dict[str, Callable[[], Cost]] = {
            "ffmpeg filters": lambda: ways.ffmpeg_filters(subject),
            "OpenCV, every frame": lambda: ways.every_frame_opencv(subject),
        }
        found |= _measured(slow, 1)
        baselines += slow
    uniform, adaptive = found[_UNIFORM], found["adaptive plan"]
    lines = [Line(name, _said(found[name])) for name in (_UNIFORM, _PICTURES)]
    for name in baselines:
        lines += _compared(name, found)
    memory = found["the same key frames from memory"]
    lines.append(
        Line(
            "uniform plan against the same key frames from memory",
            _said(memory),
            "from memory",
            uniform.cpu_s / memory.cpu_s,
            f"bytes {uniform.cost.bytes_read / limit_bytes:.3f} × index and planned key frames",
        )
    )
    lines.append(Line("uniform plan against adaptive", _said(adaptive), "adaptive plan", uniform.cpu_s / adaptive.cpu_s))
    index = found["index only"]
    demux = found["demuxing all packets"]
    lines.append(Line("demuxing all packets", _said(demux), "index only", demux.cpu_s / index.cpu_s, _said(index)))
    return lines


def _compared(name: str, found: Mapping[str, Measured]) -> list[Line]:
    """A baseline against our whole look; one that hears nothing also against the same look without its sound."""
    lines = []
    for ours in (_UNIFORM, _PICTURES) if name in _PICTURES_ONLY else (_UNIFORM,):
        ratio = found[name].cpu_s / found[ours].cpu_s
        lines.append(Line(name, _said(found[name]), ours, ratio, _bytes(found[name], found[ours])))
    return lines


def _clip_line(clip: Clip, subject: Subject, rules: InspectionRules) -> Line:
    tasks: dict[str, Callable[[], Cost]] = {
        "uniform": lambda: ways.inspection(ways.uniform_rules(rules))(subject),
        "adaptive": lambda: ways.inspection(rules)(subject),
    }
    found = _measured(tasks, 3)
    ratio = found["uniform"].cpu_s / found["adaptive"].cpu_s
    return Line(clip.name, _said(found["adaptive"]), "uniform over adaptive", ratio, f"uniform: {_said(found['uniform'])}")


def _night(store: S3Store, subjects: Mapping[Clip, Subject], rules: InspectionRules) -> Line:
    """All clips, several times over, through the child processes of the night."""
    most = 96
    wanted = [list(subjects)[number % len(subjects)] for number in range(most)]
    requests = [InspectionRequest(clip.name, is_hashed=False, focus_us=(number,)) for number, clip in enumerate(wanted)]
    begun_s = time.perf_counter()
    for _, outcome in inspect_many(store, requests, rules, workers=2):
        if not isinstance(outcome, Inspection):
            raise outcome
    wall_s = time.perf_counter() - begun_s
    hours = sum(clip.seconds for clip in wanted) / 3600
    projected = f"10,000 clip-hours in {10_000 * wall_s / hours / 3600:.2f} h"
    return Line(f"{most} clips, {hours:.1f} clip-hours", f"{hours / wall_s:.2f} clip-hours a second", note=projected)


def _measured(tasks: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, Measured]:
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in tasks}
    costs: dict[str, Cost] = {}
    for _ in range(rounds):
        for name, task in tasks.items():
            gc.collect()
            cpu_s, wall_s = _cpu_s(), time.perf_counter()
            costs[name] = task()
            spent[name].append((_cpu_s() - cpu_s, time.perf_counter() - wall_s))
    return {
        name: Measured(statistics.median(row[0] for row in rows), statistics.median(row[1] for row in rows), costs[name])
        for name, rows in spent.items()
    }


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _said(one: Measured) -> str:
    cost = one.cost
    spent = f"{one.cpu_s:.3f} CPU-s, {one.wall_s:.2f} s"
    return f"{spent}, {cost.bytes_read / 1e6:.2f} MB, {cost.requests} requests, {cost.frames} frames"


def _bytes(one: Measured, ours: Measured) -> str:
    return f"{one.cost.bytes_read / max(1, ours.cost.bytes_read):.1f} × the bytes"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
