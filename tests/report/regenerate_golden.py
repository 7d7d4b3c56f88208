"""Writes the golden files of the report anew: ``make golden``. Look at the difference."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bwc_audit.report.write import write_report
from tests.report.report_builders import a_night

GOLDEN = Path(__file__).parents[1] / "golden" / "report"
NAMES = (
    "index.html",
    "incidents/CAD-0612-0417.html",
    "findings.csv",
    "findings.json",
    "results.csv",
    "results.json",
    "run.json",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        write_report(a_night(), out)
        for name in NAMES:
            target = GOLDEN / Path(name).name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((out / name).read_bytes())
            print(target)


if __name__ == "__main__":
    main()
