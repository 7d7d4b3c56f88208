"""What ``sources check`` found in a file, as JSON (``bwc-source-check/1``)."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads typing.TypedDict only from Python 3.12 on

from bwc_audit.domain.times import iso_utc
from bwc_audit.sources.check_file import FileCheck, TableCheck, odd_facts


class RowCountsDocument(TypedDict):
    """``passed_over``: rows that belong to no table of the mapping (``where``)."""

    read: int
    accepted: int
    passed_over: int


class RejectedExampleDocument(TypedDict):
    """``line`` 0: the whole file."""

    line: int
    detail: str
    text: str | None


class RejectedDocument(TypedDict):
    """Rows of one field rejected for one reason; some of them as examples."""

    field: str
    reason: str
    n: int
    examples: list[RejectedExampleDocument]


class LocalTimesDocument(TypedDict):
    """Local times that never occurred, since clocks were set forward over them, and those that name no zone."""

    never_occurred: int
    without_zone: int


class CheckedTableDocument(TypedDict):
    """``first`` and ``last``: the earliest and latest time in it, null: none. ``precision``: the rounding that its times
    show."""

    table: str
    accepted: int
    first: str | None
    last: str | None
    precision: str
    ambiguous_times: int
    officers: int
    devices: int


class OddDocument(TypedDict):
    """Accepted rows that are worth a look, and what they have in common."""

    table: str
    n: int
    rows: str


class SuggestionDocument(TypedDict):
    """A mapping for columns that fit no table. ``yaml`` null: none can be suggested."""

    tables: list[str]
    doubts: list[str]
    yaml: str | None


class SourceCheckDocument(TypedDict):
    """What an ingest would make of one file. ``suggestion`` null: none is needed."""

    schema: Literal["bwc-source-check/1"]
    file: str
    mapping: str
    rows: RowCountsDocument
    rejected: list[RejectedDocument]
    local_times: LocalTimesDocument
    tables: list[CheckedTableDocument]
    odd: list[OddDocument]
    columns_ignored: list[str]
    suggestion: SuggestionDocument | None


def check_document(found: FileCheck) -> SourceCheckDocument:
    """The check as ``bwc-source-check/1``."""
    return {
        "schema": "bwc-source-check/1",
        "file": found.file,
        "mapping": found.mapping,
        "rows": {"read": found.rows_read, "accepted": found.rows_accepted, "passed_over": found.rows_passed_over},
        "rejected": _rejected(found),
        "local_times": {"never_occurred": found.never_occurred, "without_zone": found.without_zone},
        "tables": [_table(each) for each in found.tables.values()],
        "odd": [{"table": table, "n": n, "rows": said} for table, n, said in odd_facts(found)],
        "columns_ignored": list(found.columns_ignored),
        "suggestion": None
        if found.suggestion is None
        else {
            "tables": list(found.suggestion.tables),
            "doubts": list(found.suggestion.doubts),
            "yaml": found.suggestion.yaml if found.suggestion.tables else None,
        },
    }


def _rejected(found: FileCheck) -> list[RejectedDocument]:
    return [
        {
            "field": name,
            "reason": reason,
            "n": n,
            "examples": [
                {"line": each.row.line, "detail": each.detail, "text": each.text} for each in found.examples[name, reason]
            ],
        }
        for (name, reason), n in found.rejected.most_common()
    ]


def _table(table: TableCheck) -> CheckedTableDocument:
    return {
        "table": table.table,
        "accepted": table.accepted,
        "first": None if table.first_us is None else iso_utc(table.first_us),
        "last": None if table.last_us is None else iso_utc(table.last_us),
        "precision": table.precision,
        "ambiguous_times": table.ambiguous,
        "officers": len(table.officers),
        "devices": len(table.devices),
    }
