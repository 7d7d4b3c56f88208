"""The engine and the decision at full size: memory, agreement with the oracle on many worlds, and how time grows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bwc_audit.domain.coverage import measure_coverage
from tests.bench import decision, engine
from tests.bench.baseline import measure_with_bisect, measured_by_engine
from tests.bench.measuring import cpu_medians, in_fresh_process
from tests.bench.year import ALLOWED_A_YEAR, LIMITS, arrays_of, make_year
from tests.domain.oracle import Allowed, Clip, Need, answer
from tests.domain.test_coverage_laws import answers_of, arrays, limits_of

pytestmark = pytest.mark.heavy

#: The bound that the engine was asked to keep for 100,000 assignments and 300,000 segments.
MEMORY_MIB = 1536


def test_the_engine_decides_a_year_of_a_large_force_within_its_memory() -> None:
    alone = in_fresh_process("tests.bench.engine", str(engine.ASSIGNMENTS))
    assert alone["peak_mib"] < MEMORY_MIB


def test_records_matching_and_decision_of_the_same_year_stay_within_the_same_bound() -> None:
    alone = in_fresh_process("tests.bench.decision", str(decision.ASSIGNMENTS), "unstored")
    assert alone["peak_deciding_mib"] < MEMORY_MIB
    assert alone["results"] == decision.ASSIGNMENTS


def test_engine_and_plain_python_agree_on_every_window_of_a_year() -> None:
    arrays = arrays_of(make_year(100_000, seed=7))
    measured = measured_by_engine(measure_coverage(*arrays, LIMITS))
    assert measured == measure_with_bisect(arrays[0], arrays[2], ALLOWED_A_YEAR)
    assert len({row[0] for row in measured}) > 1_000


def test_time_grows_with_the_size_and_not_with_its_square() -> None:
    """Ten times as much: 14 times the CPU where memory is reused, 16 to 22 where each array's pages come fresh from the
    kernel; a scan of all by all would take 100 times."""
    small, large = arrays_of(make_year(20_000, 200)), arrays_of(make_year(200_000, 2_000))

    def small_ten_times() -> None:
        for _ in range(10):
            measure_coverage(*small, LIMITS)

    spent = cpu_medians({"small": small_ten_times, "large": lambda: measure_coverage(*large, LIMITS)})
    assert spent["large"] / spent["small"] <= 3


#: So many small worlds stand behind one another on the engine's axis: that costs one pass of numpy, not as many.
_AT_ONCE = 500
_OWNERS = 4


def test_the_engine_equals_the_oracle_in_a_hundred_thousand_scenarios() -> None:
    """Each world has its own officers and recordings, each window its own rules."""
    random, scenarios, stated = np.random.default_rng(100_000), 0, 0
    while scenarios < 100_000:
        worlds = [(_needs(random), _clips(random)) for _ in range(_AT_ONCE)]
        allowed = [[_allowed(random) for _ in needs] for needs, _ in worlds]
        needs = [replace(one, owner=one.owner + _OWNERS * at) for at, (own, _) in enumerate(worlds) for one in own]
        clips = [replace(one, owner=one.owner + _OWNERS * at) for at, (_, own) in enumerate(worlds) for one in own]
        limits = limits_of([rules for own in allowed for rules in own])
        measured = answers_of(measure_coverage(*arrays(needs, clips), limits), len(needs))
        first, index = 0, 0
        for (own, recorded), rules in zip(worlds, allowed, strict=True):
            for need, each in zip(own, rules, strict=True):
                expected = answer(need, recorded, each)
                found = replace(measured[index], matched=tuple(place - first for place in measured[index].matched))
                assert found == expected, (need, recorded, each)
                stated += bool(expected.holes) and expected.late_margin > 0
                index += 1
            first += len(recorded)
        scenarios += len(needs)
    assert stated > 1_000, "the worlds are too tame to test anything"


def _allowed(random: np.random.Generator) -> Allowed:
    activation, deactivation, gap = (int(one) for one in random.integers(0, 9, 3))
    return Allowed(activation, deactivation, gap, int(random.choice([0, 1, 4])))


def _needs(random: np.random.Generator) -> list[Need]:
    found = []
    for _ in range(int(random.integers(1, 6))):
        edges = sorted(random.choice(100, size=2 * int(random.integers(1, 4)), replace=False).tolist())
        pieces = tuple((edges[place], edges[place + 1]) for place in range(0, len(edges), 2))
        found.append(Need(int(random.integers(0, 4)), pieces, int(random.integers(1, 3)), int(random.choice([3, 7]))))
    return found


def _clips(random: np.random.Generator) -> list[Clip]:
    found = []
    for _ in range(int(random.integers(0, 13))):
        start, length = int(random.integers(-20, 120)), int(random.integers(1, 40))
        activated = None if random.random() < 0.3 else start + int(random.integers(-5, 20))
        found.append(Clip(int(random.integers(0, 4)), start, start + length, activated, int(random.choice([3, 7]))))
    return found
