"""From domain records to a decision and into the store: each stage at the full size and at a tenth of it."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import Session

from bwc_audit.audit.allocation import without_cycle_search
from bwc_audit.domain.decide import decide
from bwc_audit.domain.lifecycle import RunBasis, observe
from bwc_audit.domain.matching import match
from bwc_audit.domain.results import Decision
from bwc_audit.domain.runs import ObservedFinding, RunKind, RunRequest
from bwc_audit.store import runs
from bwc_audit.store.database import open_database, reading, upgrade, writing
from tests.bench.measuring import Line, in_fresh_process, peak_rss_mib
from tests.bench.year import AS_OF_US, OFFICERS, PERIOD, POLICY, make_year, records_of

ASSIGNMENTS = 100_000
_SOURCE = "folder:/bench"


def lines() -> list[Line]:
    """A tenth of the year and the whole of it alternately, in fresh processes; medians of three."""
    rounds = [
        (in_fresh_process(__name__, str(ASSIGNMENTS // 10)), in_fresh_process(__name__, str(ASSIGNMENTS))) for _ in "123"
    ]
    tenths, wholes = [one for one, _ in rounds], [one for _, one in rounds]
    found = []
    for stage in ("match", "decide", "write", "load"):
        tenth, whole = (sorted(one[stage] for one in each)[1] for each in (tenths, wholes))
        rows = wholes[0]["rows"] if stage in ("write", "load") else 0
        note = f"{rows:,} rows, {rows / whole:,.0f} rows/CPU-s" if rows else f"{ASSIGNMENTS / whole:,.0f} assignments/CPU-s"
        found.append(
            Line(f"{stage}, {ASSIGNMENTS:,} assignments", f"{whole:.1f} CPU-s", "ten tenths", whole / tenth / 10, note)
        )
    peak = max(one["peak_mib"] for one in wholes)
    peak_deciding = max(one["peak_deciding_mib"] for one in wholes)
    found.append(
        Line("memory of records, matching and decision", f"{peak_deciding:.0f} MiB", note=f"{peak:.0f} MiB with the store")
    )
    return found


def once(assignments: int, *, is_stored: bool = True) -> dict[str, float]:
    """Each stage once, here: CPU seconds by name, MiB, results decided, rows stored."""
    spent: dict[str, float] = {}
    records = records_of(make_year(assignments, max(20, OFFICERS * assignments // ASSIGNMENTS)))
    with without_cycle_search():
        with _timed(spent, "match"):
            matching = match(records, POLICY, PERIOD, AS_OF_US)
        with _timed(spent, "decide"):
            decision = decide(matching, {})
    spent |= {"peak_deciding_mib": peak_rss_mib(), "results": len(decision.results)}
    if not is_stored:
        return spent
    with tempfile.TemporaryDirectory() as folder:
        rows = _store(Path(folder), decision, spent)
    return {**spent, "rows": rows, "peak_mib": peak_rss_mib()}


@contextmanager
def _timed(spent: dict[str, float], name: str) -> Iterator[None]:
    begun_s = time.process_time()
    yield
    spent[name] = time.process_time() - begun_s


def _store(folder: Path, decision: Decision, spent: dict[str, float]) -> int:
    engine = open_database(f"sqlite:///{folder}/bench.db")
    upgrade(engine)
    request = RunRequest(
        RunKind.BACKFILL, _SOURCE, PERIOD, AS_OF_US, "UTC", POLICY.policy_id, POLICY.version, POLICY.policy_hash
    )
    with writing(engine) as session:
        run_id = runs.open_run(session, request, started_us=AS_OF_US, software_version="bench")
    observed = observed_of(decision, run_id)
    with _timed(spent, "write"), without_cycle_search(), writing(engine) as session:
        runs.record_decision(session, run_id, decision, observed)
    with _timed(spent, "load"), without_cycle_search(), reading(engine) as session:
        rows = _loaded(session, run_id)
    engine.dispose()
    return rows


def _loaded(session: Session, run_id: str) -> int:
    found = (
        runs.load_results(session, run_id),
        runs.load_incidents(session, run_id),
        runs.load_segments(session, run_id),
        runs.load_observed(session, run_id),
    )
    return sum(len(rows) for rows in found)


def observed_of(decision: Decision, run_id: str) -> tuple[ObservedFinding, ...]:
    """The findings of a first run: all of them appeared."""
    return observe(
        decision.findings,
        {},
        run_id=run_id,
        basis=RunBasis(POLICY.policy_hash, "bench", {}),
        previous_basis=lambda _: None,
        is_withheld=lambda _: False,
    )


if __name__ == "__main__":
    print(json.dumps(once(int(sys.argv[1]), is_stored="unstored" not in sys.argv)))
