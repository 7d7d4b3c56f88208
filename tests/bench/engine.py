"""The coverage engine against plain Python with bisect; and its memory in a process of its own."""

from __future__ import annotations

import json
import sys
import time

from bwc_audit.domain.coverage import measure_coverage
from tests.bench.baseline import measure_with_bisect, measured_by_engine
from tests.bench.measuring import Line, cpu_medians, in_fresh_process, peak_rss_mib
from tests.bench.year import ALLOWED_A_YEAR, LIMITS, arrays_of, make_year

ASSIGNMENTS = 100_000


def lines() -> list[Line]:
    """Both timed alternately over one year; refuses to print a comparison of different answers."""
    arrays = arrays_of(make_year(ASSIGNMENTS))
    windows, _, segments = arrays
    if measured_by_engine(measure_coverage(*arrays, LIMITS)) != measure_with_bisect(windows, segments, ALLOWED_A_YEAR):
        raise AssertionError("engine and baseline disagree: there is nothing to compare")
    spent = cpu_medians(
        {
            "engine": lambda: measure_coverage(*arrays, LIMITS),
            "bisect": lambda: measure_with_bisect(windows, segments, ALLOWED_A_YEAR),
        }
    )
    alone = in_fresh_process(__name__, str(ASSIGNMENTS))
    size = f"{ASSIGNMENTS:,} assignments × {len(segments.owner):,} segments"
    return [
        Line(f"plain Python with bisect, {size}", f"{spent['bisect']:.2f} CPU-s", "itself", 1.0, "no spans, numbers only"),
        Line("the engine, the same", f"{spent['engine']:.3f} CPU-s", "bisect", spent["engine"] / spent["bisect"]),
        Line(
            "the engine in a fresh process",
            f"{alone['cpu_s']:.2f} CPU-s",
            note=f"peak RSS {alone['peak_mib']:.0f} MiB; {alone['before_mib']:.0f} MiB before it",
        ),
    ]


def once(assignments: int) -> dict[str, float]:
    """One decision here: CPU seconds, and the peak of memory before and after."""
    arrays = arrays_of(make_year(assignments))
    before_mib, begun_s = peak_rss_mib(), time.process_time()
    measure_coverage(*arrays, LIMITS)
    return {"cpu_s": time.process_time() - begun_s, "before_mib": before_mib, "peak_mib": peak_rss_mib()}


if __name__ == "__main__":
    print(json.dumps(once(int(sys.argv[1]))))
