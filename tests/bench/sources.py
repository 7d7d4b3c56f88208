"""Reading record files: CPU per row, against the csv module and the row model asked for every row.

The baseline reads a share of the same file, since all of it would take minutes; costs are compared per row.
"""

from __future__ import annotations

import csv
import tempfile
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from bwc_audit.objects.folder import FolderStore
from bwc_audit.sources.read_source import list_source_files, read_parts
from bwc_audit.sources.rows import FootageRow, time_fields
from bwc_audit.sources.zoned_times import TimeRefused, read_time
from tests.bench.measuring import Line, cpu_medians
from tests.bench.source_rows import write_assignments, write_footage

_SEGMENTS, _ASSIGNMENTS, _SHARE = 200_000, 60_000, 10_000
#: A year of a large force, for which a row's cost is extrapolated: a million segments and 300,000 assignments.
_YEAR = (1_000_000, 300_000)


def read_all(folder: Path, pattern: str) -> int:
    """Read the files of a folder as an ingest does; the number of records."""
    store = FolderStore(folder)
    files = [file for file in list_source_files(store).files if file.key.startswith(pattern)]
    return sum(len(columns) for file in files for part in read_parts(store, file) for columns in part.columns)


def read_a_share(path: Path) -> int:
    """The baseline: the csv module, and for each row its times one by one and the row model."""
    times, count = time_fields("footage"), 0
    with path.open(newline="", encoding="utf-8") as file:
        for count, cells in enumerate(csv.DictReader(file), 1):
            fields: dict[str, object] = {name: value for name, value in cells.items() if value}
            with suppress(TimeRefused, ValidationError):
                fields.update({name: read_time(fields[name]).at for name in times if name in fields})
                FootageRow.model_validate(fields)
            if count == _SHARE:
                break
    return count


def lines() -> list[Line]:
    """The table's rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("footage", "cad"):
            (folder / each).mkdir()
        write_footage(folder / "footage" / "m.csv", _SEGMENTS)
        write_assignments(folder / "cad" / "assignments.csv", _ASSIGNMENTS)
        spent = cpu_medians(
            {
                "segments": lambda: read_all(folder, "footage/"),
                "assignments": lambda: read_all(folder, "cad/"),
                "rows": lambda: read_a_share(folder / "footage" / "m.csv"),
            },
            rounds=3,
        )
    segment_s, assignment_s, row_s = (
        spent[name] / count for name, count in (("segments", _SEGMENTS), ("assignments", _ASSIGNMENTS), ("rows", _SHARE))
    )
    year_s = segment_s * _YEAR[0] + assignment_s * _YEAR[1]
    baseline = f"csv module and row model, {row_s * 1e6:.1f} µs a row"
    return [
        Line(
            "read a segment", f"{segment_s * 1e6:.1f} µs", baseline, segment_s / row_s, f"{1 / segment_s:,.0f} rows a second"
        ),
        Line("read an assignment", f"{assignment_s * 1e6:.1f} µs", "", None, f"{1 / assignment_s:,.0f} rows a second"),
        Line("a year: 1.3 million rows", f"{year_s:.1f} s", "", None, "from the cost of a row; one row in 500 is refused"),
    ]
