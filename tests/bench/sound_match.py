"""``python -m tests.bench.sound_match``: clock differences from sound, over made-up incidents with known answers.

Same-scene pairs: how often there is an answer, how far it is off. Other-scene pairs (the same kinds of sound, the same
siren and the same loop in other places among them): every answer is a false one.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bwc_audit.detectors.sound_match import Envelope, NoMatch, SoundMatch, match
from bwc_audit.domain.times import MINUTE_US, SECOND_US
from tests.bench.measuring import Line, cpu_medians, machine, print_lines
from tests.detectors.sound_scenes import PERIODIC, RATE, SCENES, coded, enveloped, heard

_LENGTH_S = 180
_SEARCH_US = 120 * SECOND_US
_SNRS = (0.0, 5.0, 10.0, 20.0)
_ROUNDS = 10
_WRONG_US = 100_000


@dataclass(frozen=True, slots=True)
class Heard:
    """One microphone at one scene; times are those of a right clock."""

    kind: str
    scene: int
    snr_db: float
    envelope: Envelope


def recordings(rounds: int) -> Iterator[Heard]:
    """Each scene of each round, heard at all four noise levels, with up to 30 s cut off the beginning."""
    scene = 0
    for seed in range(rounds):
        for kind, make in {**SCENES, **PERIODIC}.items():
            rng = np.random.default_rng(1000 * seed + scene)
            happened = make(rng, _LENGTH_S * RATE)
            for snr_db in _SNRS:
                sound = coded(heard(rng, happened, snr_db, own=SCENES["bangs"](rng, len(happened))))
                cut_s = int(rng.integers(0, 30))
                yield Heard(kind, scene, snr_db, enveloped(sound[cut_s * RATE :], cut_s * SECOND_US))
            scene += 1


def answered(one: Heard, other: Heard, offset_us: int) -> SoundMatch | NoMatch:
    """The match when the clock of ``other`` is ahead by ``offset_us``."""
    shifted = Envelope(other.envelope.start_us + offset_us, other.envelope.levels)
    return match(one.envelope, shifted, 0, _SEARCH_US)


def accuracy(rounds: int) -> list[Line]:
    """Rates of answers and errors, by kind of scene and by the worse noise of a pair; and false answers."""
    all_heard = list(recordings(rounds))
    rng = np.random.default_rng(7)
    groups: dict[str, list[tuple[int, SoundMatch | NoMatch]]] = defaultdict(list)
    by_scene: dict[int, list[Heard]] = defaultdict(list)
    for one in all_heard:
        by_scene[one.scene].append(one)
    for mics in by_scene.values():
        for first, one in enumerate(mics):
            for other in mics[first + 1 :]:
                offset_us = int(rng.integers(-90 * SECOND_US, 90 * SECOND_US))
                result = answered(one, other, offset_us)
                groups[f"same scene: {one.kind}"].append((offset_us, result))
                if one.kind in SCENES:
                    groups[f"same scene at {min(one.snr_db, other.snr_db):.0f} dB or more"].append((offset_us, result))
    for index, one in enumerate(all_heard):
        # Near ones have other kinds of sound, those a whole round on the same kind (the same siren, the same loop).
        for step in (4, 8, len(_SNRS) * len({**SCENES, **PERIODIC})):
            other = all_heard[(index + step) % len(all_heard)]
            kind = f"both {one.kind}" if one.kind == other.kind else "different kinds"
            if one.scene != other.scene:
                offset_us = int(rng.integers(-90 * SECOND_US, 90 * SECOND_US))
                groups[f"other scene: {kind}"].append((2**60, answered(one, other, offset_us)))
    return [_line(name, results) for name, results in sorted(groups.items())]


def _line(name: str, results: list[tuple[int, SoundMatch | NoMatch]]) -> Line:
    errors_ms = [abs(r.lag_us - offset) / 1000 for offset, r in results if isinstance(r, SoundMatch)]
    reasons = {reason: sum(r is reason for _, r in results) for reason in NoMatch}
    said = ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
    wrong = sum(error * 1000 > _WRONG_US for error in errors_ms)
    measured = f"{len(errors_ms)} of {len(results)} answered, {wrong} wrong"
    if errors_ms and not name.startswith("other"):
        measured += f"; error median {np.median(errors_ms):.0f} ms, most {max(errors_ms):.0f} ms"
    ratios = sorted(r.peak_ratio for _, r in results if isinstance(r, SoundMatch))
    return Line(name, measured, note=said + (f"; least ratio {ratios[0]}" if ratios else ""))


def cost() -> list[Line]:
    """CPU seconds for two windows of 30 min."""
    rng = np.random.default_rng(3)
    happened = SCENES["speech"](rng, 30 * 60 * RATE)
    sounds = [heard(rng, happened, 10.0) for _ in range(2)]
    one, other = (enveloped(sound) for sound in sounds)
    spent = cpu_medians(
        {
            "two envelopes of 30 min": lambda: [enveloped(sound) for sound in sounds],
            "match within ±2 min": lambda: match(one, other, 0, 2 * MINUTE_US),
            "match within ±15 min": lambda: match(one, other, 0, 15 * MINUTE_US),
        },
        rounds=3,
    )
    return [Line(name, f"{seconds:.2f} CPU-s") for name, seconds in spent.items()]


def main() -> int:
    begun_s = time.process_time()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    print(machine())
    print_lines("Clock differences from sound", accuracy(rounds))
    print_lines("What it costs", cost())
    print(f"\n{time.process_time() - begun_s:.0f} CPU-s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
