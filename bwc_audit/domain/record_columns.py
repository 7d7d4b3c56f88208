"""Many records of one kind and one file side by side: how a large file travels from its reader to the store.

A million records as objects cost seconds and hundreds of megabytes before anything is decided; as columns they cost a
tenth. The values are exactly those of the records, field by field; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from bwc_audit.domain.records import RowRef


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """``columns`` holds every field of ``record_type`` but ``row``, in the order of its fields; all are as long as
    ``lines`` (1-based lines of ``file``; two officers of one unit share theirs)."""

    record_type: type[Any]
    file: str
    lines: Sequence[int]
    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.lines)

    def records(self, places: Iterable[int] | None = None) -> Iterator[Any]:
        """The records, or those at ``places`` (from 0), one by one."""
        names = list(self.columns)
        for place in range(len(self.lines)) if places is None else places:
            values = {name: self.columns[name][place] for name in names}
            yield self.record_type(row=RowRef(self.file, self.lines[place]), **values)

    def without(self, places: frozenset[int]) -> RecordColumns:
        """All but the records at ``places``."""
        if not places:
            return self
        kept = [place for place in range(len(self.lines)) if place not in places]
        columns = {name: [values[place] for place in kept] for name, values in self.columns.items()}
        return RecordColumns(self.record_type, self.file, [self.lines[place] for place in kept], columns)


def columns_of(record_type: type[Any], records: Sequence[Any], file: str = "") -> RecordColumns:
    """The columns of records that exist as objects already; ``file`` is that of the first where it is not given."""
    names = [each.name for each in fields(record_type) if each.name != "row"]
    lines = [each.row.line for each in records]
    return RecordColumns(
        record_type,
        file or (records[0].row.file if records else ""),
        lines,
        {name: [getattr(each, name) for each in records] for name in names},
    )
