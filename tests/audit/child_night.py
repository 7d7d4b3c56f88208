"""A night in a process of its own, so that it can be killed: ``python -m tests.audit.child_night [--hold]``.

Takes its settings from the environment. Prints the run's id, then a line for each batch that was committed.
"""

from __future__ import annotations

import sys

from bwc_audit.audit.deciding import decide_run
from bwc_audit.audit.night import inspect_batch, plan_run
from bwc_audit.config import load_settings
from tests.audit.nights import open_night


def main(is_held: bool) -> None:
    """Run the night; ``is_held``: stop after opening the run until standard input ends."""
    audit, run_id, _ = open_night(load_settings())
    print(run_id, flush=True)
    if is_held:
        sys.stdin.read()
    for batch in range(plan_run(audit, run_id).batches):
        inspect_batch(audit, run_id, batch)
        print(f"batch {batch}", flush=True)
    decide_run(audit, run_id)
    print("decided", flush=True)


if __name__ == "__main__":
    main("--hold" in sys.argv)
