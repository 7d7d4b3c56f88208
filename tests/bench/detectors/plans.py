"""One clip inspected under one plan: what was claimed, and what it cost. The only place that calls the inspection.

``adaptive`` is what the shipped policy says; ``uniform10`` takes a key frame every ten seconds and never looks again;
``deep`` is the inspection of an incident. Each is judged twice: by the shipped limits, and with a minimum of three seconds.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

from bwc_audit.detectors.judge import weigh
from bwc_audit.domain.inspection import Defect, Inspection, InspectionRequest
from bwc_audit.domain.policy import InspectionRules
from bwc_audit.domain.times import SECOND_US, us_of_seconds
from bwc_audit.media.inspect import inspect_object
from bwc_audit.objects.folder import FolderStore
from bwc_audit.sources.policy_files import load_policy
from tests.bench.detectors.corpus import Clip, prepare_worker
from tests.bench.detectors.scoring import Claim, Outcome

PLANS = ("adaptive", "uniform10", "deep")
#: The policy's own minimum, and the one under which defects of 3 to 10 s must be found.
SHIPPED, SHORT = "shipped", "short"
_SHORT_S = 3.0
_PATIENCE_S = 180
#: Facts about a file that call nothing unusable and that no clip is labelled with.
_NOT_SCORED = ("low_light", "clock_offset", "clock_jump", "clock_drift")


def rules_of(plan: str, limits: str) -> InspectionRules:
    """The rules of the shipped policy under a plan."""
    rules = load_policy("uk_generic").inspection
    if limits == SHORT:
        rules = replace(rules, usability=replace(rules.usability, minimum_s=_SHORT_S, audio_minimum_s=_SHORT_S))
    if plan == "uniform10":
        return replace(rules, sampling=replace(rules.sampling, step_s=10.0, is_adaptive=False))
    return rules


def inspect_all(clips: Sequence[Clip], folder: Path, plan: str, *, processes: int = 2) -> list[Outcome]:
    """All clips in their order under the shipped limits, then all with the minimum of three seconds."""
    workers = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=prepare_worker)
    with workers as pool:
        size = len(clips)
        pairs = list(pool.map(_inspected_twice, clips, [folder] * size, [plan] * size, chunksize=4))
    return [pair[number] for number in (0, 1) for pair in pairs]


def _inspected_twice(clip: Clip, folder: Path, plan: str) -> tuple[Outcome, Outcome]:
    """Under both limits. What the adaptive plan looks at depends on the minimum; what the others look at does not, so that
    their measures are judged again, as a changed policy judges them."""
    if plan == "adaptive":
        return inspected(clip, folder, plan, SHIPPED), inspected(clip, folder, plan, SHORT)
    shipped, seen = _looked(clip, folder, plan, SHIPPED)
    again = replace(shipped, limits=SHORT)
    if seen is None or seen.measures is None:
        return shipped, again
    defects = weigh(seen.measures, rules_of(plan, SHORT).usability).defects
    return shipped, replace(again, claims=_claims(defects))


def inspected(clip: Clip, folder: Path, plan: str, limits: str) -> Outcome:
    """One clip. A fault of the program is an outcome with its ``failure``; the benchmark goes on."""
    return _looked(clip, folder, plan, limits)[0]


def _looked(clip: Clip, folder: Path, plan: str, limits: str) -> tuple[Outcome, Inspection | None]:
    recipe = clip.recipe
    request = InspectionRequest(
        clip.object_key,
        buffer_us=us_of_seconds(recipe.buffer_s),
        expected_duration_us=us_of_seconds(recipe.whole_s),
        is_deep=plan == "deep",
        is_hashed=False,
    )
    outcome = Outcome(recipe.name, str(recipe.half), plan, limits, recipe.whole_s, 1 / recipe.coding.fps, clip.labels)
    outcome = replace(outcome, near_misses=recipe.near_misses)
    began_s = time.process_time()
    try:
        with _patience(_PATIENCE_S):
            seen = inspect_object(FolderStore(folder), request, rules_of(plan, limits))
    except Exception as error:  # noqa: BLE001 the outermost edge: counted and shown
        failure = f"{type(error).__name__}: {error}"
        return replace(outcome, failure=failure, cpu_s=time.process_time() - began_s), None
    return replace(_seen(outcome, seen), cpu_s=time.process_time() - began_s), seen


def _claims(defects: Sequence[Defect]) -> tuple[Claim, ...]:
    return tuple(
        Claim(str(defect.kind), defect.start_us / SECOND_US, defect.end_us / SECOND_US, defect.confidence)
        for defect in defects
        if defect.kind not in _NOT_SCORED
    )


def _seen(outcome: Outcome, seen: Inspection) -> Outcome:
    return replace(
        outcome,
        claims=_claims(seen.defects),
        failure=f"unreadable: {seen.reason} {seen.detail}" if seen.reason else "",
        frames=seen.video.frames if seen.video else 0,
        sampled=seen.examined.frames_sampled,
        bytes_read=seen.examined.bytes_read,
        size_bytes=seen.container.size_bytes if seen.container else 0,
    )


@contextmanager
def _patience(seconds: int) -> Iterator[None]:
    """Raises ``TimeoutError`` when the body takes more processor time, which other programs do not lengthen; in the main
    thread of a process."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer within {seconds} s of processor time")

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
