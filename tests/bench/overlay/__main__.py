"""``python -m tests.bench.overlay [clips] [clips without a clock]``: how often burned-in clocks are read, and wrongly.

Fonts and backgrounds that the glyph bank does not know; H.264 at rate factors 20-35; 8 key frames of each clip. Needs
the Debian fonts that ``faces`` names.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import cv2

from bwc_audit.detectors.overlay_layout import OverlayPlace
from bwc_audit.detectors.overlay_reading import OverlayText, read_overlay
from bwc_audit.domain.overlay_clock import OverlayClock, OverlayReading, read_clock
from bwc_audit.domain.times import SECOND_US
from tests.bench.overlay.cases import READINGS, Clip, Trouble, clips, frames


@dataclass(frozen=True, slots=True)
class Tried:
    """One clip: what its frames gave. ``first_ms``, ``again_ms``: CPU a frame without and with a known place."""

    clip: Clip
    right: int
    wrong: tuple[str, ...]
    clock: OverlayClock | None
    verdict: str
    first_ms: tuple[float, ...]
    again_ms: tuple[float, ...]


def tried(clip: Clip) -> Tried:
    """Reads a clip as the engine does: everywhere until something is found, then only there."""
    cv2.setNumThreads(1)
    readings: list[OverlayReading] = []
    place: OverlayPlace | None = None
    first_ms: list[float] = []
    again_ms: list[float] = []
    wrong, right = [], 0
    for number, luma in enumerate(frames(clip)):
        text = _timed(luma, place, first_ms, again_ms)
        if text is None:
            continue
        place = text.place
        readings.append(text.reading(clip.media_us(number)))
        if _is_right(clip, number, text):
            right += 1
        else:
            wrong.append(
                f"{text.score:.2f} {text.text!r} for {clip.lines(number) if clip.trouble is not Trouble.ABSENT else None}"
            )
    clock = read_clock(readings, None, clip.started_us)
    return Tried(clip, right, tuple(wrong), clock, _verdict(clip, clock), tuple(first_ms), tuple(again_ms))


def _timed(
    luma: cv2.typing.MatLike, place: OverlayPlace | None, first_ms: list[float], again_ms: list[float]
) -> OverlayText | None:
    if place is not None:
        began = time.process_time()
        text = read_overlay(luma, place=place)  # type: ignore[arg-type]
        again_ms.append((time.process_time() - began) * 1e3)
    else:
        began = time.process_time()
        text = read_overlay(luma)  # type: ignore[arg-type]
        first_ms.append((time.process_time() - began) * 1e3)
    return text


def _is_right(clip: Clip, number: int, text: OverlayText) -> bool:
    if clip.trouble in (Trouble.ABSENT, Trouble.OTHER):
        return False
    if clip.trouble is Trouble.UNSET:
        return text.is_not_set
    truth = clip.truth_us(number) if text.has_zone else clip.local_us(number)
    return truth in (text.wall_us, text.other_wall_us)


def _verdict(clip: Clip, clock: OverlayClock | None) -> str:
    """right, none, or what is false about it."""
    if clock is None:
        return "right" if clip.trouble in (Trouble.ABSENT, Trouble.OTHER) else "none"
    if clip.trouble in (Trouble.ABSENT, Trouble.OTHER):
        return "false: there is no clock"
    if clip.trouble is Trouble.UNSET:
        return "right" if clock.is_not_set else "false: was not set"
    if clip.trouble is Trouble.STUCK:
        return "right" if clock.is_stuck else "false: was stuck"
    if clock.is_stuck or clock.is_not_set:
        return "false: was running"
    start_us = (clip.local_us(0) if clock.is_local else clip.truth_us(0)) - clip.media_us(0)
    if clock.origin_us is None or abs(clock.origin_us - start_us) > 1.6 * SECOND_US:
        return _near_miss(clip, clock, start_us)
    if len(clock.jumps) > (clip.trouble is Trouble.JUMP):
        return "false: jump"
    if any(abs(jump.step_us - 300 * SECOND_US) > 2 * SECOND_US for jump in clock.jumps):
        return "false: size of jump"
    if clip.trouble is Trouble.JUMP and not clock.jumps:
        return "none: one side of the jump only"
    drift = 200.0 if clip.trouble is Trouble.DRIFT else 0.0
    if clock.drift_ppm is not None and abs(clock.drift_ppm - drift) > 2.5 * (clock.drift_error_ppm or 0):
        return "false: drift"
    return "right"


def _near_miss(clip: Clip, clock: OverlayClock, start_us: int) -> str:
    if clip.trouble is Trouble.JUMP and clock.origin_us is not None and not clock.jumps:
        return (
            "none: one side of the jump only" if abs(clock.origin_us - start_us - 300 * SECOND_US) < 2e6 else "false: time"
        )
    return "false: time"


def main(with_clock: int = 520, without: int = 400) -> None:
    chosen = [*clips(with_clock, 5, has_clock=True), *clips(without, 6, has_clock=False)]
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as workers:
        results = list(workers.map(tried, chosen, chunksize=4))
    print(f"{len(results)} clips, {len(results) * READINGS} frames, {time.perf_counter() - began:.0f} s")
    _report(results)


def _report(results: list[Tried]) -> None:
    print(f"{'clips':30} {'clips':>5} {'frames':>6} {'read':>6} {'false':>5} {'clock':>6} {'false':>5}")
    for name, group in _groups(results).items():
        count, wrong = len(group) * READINGS, sum(len(r.wrong) for r in group)
        read = sum(r.right for r in group)
        verdicts = Counter(r.verdict.split(":")[0] for r in group)
        print(
            f"{name:30} {len(group):5} {count:6} {read / count:6.1%} {wrong:5} "
            f"{verdicts['right'] / len(group):6.1%} {verdicts['false']:5}"
        )
    for name, values in (
        ("whole search, clock found or not", [ms for r in results for ms in r.first_ms]),
        ("  of clips without a clock", [ms for r in results if r.clip.trouble is Trouble.ABSENT for ms in r.first_ms]),
        ("at a known place", [ms for r in results for ms in r.again_ms]),
        ("all calls, per frame", [sum(r.first_ms + r.again_ms) / READINGS for r in results]),
    ):
        print(f"CPU ms, {name}: mean {sum(values) / len(values):.2f}, longest {max(values):.1f}, {len(values)} calls")
    for result in results:
        for text in result.wrong:
            print(f"  false reading: {text} {result.clip.face.name} {result.clip.size} {result.clip.look.name}")
        if result.verdict.startswith("false"):
            print(f"  false clock: {result.verdict} {result.clip.trouble.value} {result.clip.format} {result.clock}")


def _groups(results: list[Tried]) -> dict[str, list[Tried]]:
    groups: dict[str, list[Tried]] = defaultdict(list)
    clocked = [r for r in results if r.clip.trouble not in (Trouble.ABSENT, Trouble.OTHER)]
    groups["all with a clock"] = clocked
    for trouble in Trouble:
        groups[trouble.value] = [r for r in results if r.clip.trouble is trouble]
    for result in clocked:
        low = next(low for low in (32, 24, 18, 15, 12) if result.clip.size >= low)
        groups[f"font of {low}+ pixels"].append(result)
    for result in clocked:
        clip = result.clip
        for name in (clip.look.value, clip.format[:30], f"CRF {clip.crf // 4 * 4}+", clip.face.name):
            groups[name].append(result)
    return {name: group for name, group in groups.items() if group}


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
