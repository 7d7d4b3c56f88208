"""One file looked at before it goes into a source: what would be accepted, what not and why, and what looks odd.

Reads with the rules that an ingest has; stores nothing. What looks odd is a measured fact, for a person to explain.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bwc_audit.domain.record_columns import RecordColumns
from bwc_audit.domain.records import RejectedRow, RejectReason
from bwc_audit.domain.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from bwc_audit.errors import ConfigurationError, ObjectStoreError
from bwc_audit.objects.contract import ObjectStat, ObjectStore
from bwc_audit.objects.folder import FolderStore
from bwc_audit.sources.listing import SourceFile, role_of
from bwc_audit.sources.mapping import Encoding, MappedTable, Mapping, column_name
from bwc_audit.sources.read_source import FileRole, FileRows, columns_missing, read_parts
from bwc_audit.sources.suggest import Suggestion, Written, suggest_mapping
from bwc_audit.sources.text_rows import FileRefused, csv_blocks, jsonl_blocks, open_text
from bwc_audit.sources.to_records import RECORD_TYPES, rejected_row

_EXAMPLES = 3
_SAMPLE_ROWS = 2_000
#: Lengths at which cameras are known to cut a recording: 15, 30 and 60 minutes, and 4 hours.
_CAPS_US = (15 * MINUTE_US, 30 * MINUTE_US, 60 * MINUTE_US, 4 * HOUR_US)
_DATE_AS_ID = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_NEVER_OCCURRED = "never occurred"


@dataclass(slots=True)
class TableCheck:
    """What one table brought. Times in microseconds UTC, those of the field that a night is chosen by."""

    table: str
    accepted: int = 0
    first_us: int | None = None
    last_us: int | None = None
    ambiguous: int = 0
    officers: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    whole_seconds: int = 0
    whole_minutes: int = 0
    timed: int = 0
    odd: Counter[str] = field(default_factory=Counter)
    starts: Counter[int] = field(default_factory=Counter)
    ids: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> str:
        """The rounding that the times show: nothing is finer than it in the whole file."""
        if not self.timed:
            return "none"
        if self.whole_minutes == self.timed and self.timed > 2:
            return "minute"
        return "second" if self.whole_seconds == self.timed else "finer than a second"


@dataclass(slots=True)
class FileCheck:
    """All that was found; ``read`` names the tables it would be read into."""

    file: str
    mapping: str
    rows_read: int = 0
    rows_accepted: int = 0
    rows_passed_over: int = 0
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[RejectedRow]] = field(default_factory=dict)
    never_occurred: int = 0
    without_zone: int = 0
    columns_ignored: tuple[str, ...] = ()
    tables: dict[str, TableCheck] = field(default_factory=dict)
    suggestion: Suggestion | None = None

    @property
    def is_clean(self) -> bool:
        """Whether every row that was given was accepted, and there was a table to read it into."""
        return bool(self.tables) and not self.rejected


def check_file(path: Path, mapping: Mapping, kind: str | None = None, zone: str | None = None) -> FileCheck:
    """Reads a file as an ingest would. Raises ``ConfigurationError`` where it is no record file or is not there."""
    store, stat = _opened(path)
    role = role_of(stat.key)
    if role is None:
        raise ConfigurationError(f"{path}: record files are .csv, .jsonl and .json")
    sample = _sample(store, stat, mapping, role)
    tables = tables_of(path, mapping, kind, sample.header)
    check = FileCheck(str(path), mapping.name)
    check.tables = {table.mapping.table: TableCheck(table.mapping.table) for table in tables}
    if tables:
        for part in read_parts(store, SourceFile(stat, role, tables, None, "")):
            _count_part(check, part)
    elif sample.refused is not None:
        _count_rejected(check, sample.refused)
    if sample.header and (not tables or any(reason == RejectReason.MISSING_COLUMN for _, reason in check.rejected)):
        check.suggestion = suggest_mapping(sample.header, sample.values, path.name, zone, sample.written)
    return check


def tables_of(path: Path, mapping: Mapping, kind: str | None, header: Sequence[str]) -> tuple[MappedTable, ...]:
    """The tables of a file: those whose pattern fits the end of its path; else those that find all of their columns."""
    parts = path.as_posix().strip("/").split("/")
    folded = frozenset(column_name(name) for name in header)
    for first in range(len(parts)):
        found = mapping.tables_for("/".join(parts[first:]))
        chosen = tuple(table for table in found if kind in (None, table.mapping.table))
        if chosen:
            return chosen
    candidates = [*mapping.all_tables()]
    wanted = [table for table in candidates if kind == table.mapping.table]
    fitting = [table for table in candidates if kind in (None, table.mapping.table) and not columns_missing(table, folded)]
    return tuple({table.mapping.table: table for table in reversed(fitting or wanted)}.values())


def _opened(path: Path) -> tuple[ObjectStore, ObjectStat]:
    try:
        store = FolderStore(path.resolve().parent)
        return store, store.head(path.resolve().name)
    except ObjectStoreError as fault:
        raise ConfigurationError(f"{path}: {fault}") from fault


@dataclass(frozen=True, slots=True)
class _Sample:
    """Column names as written, the values of the first rows, and how the file is written; ``refused``: why nothing of it can
    be read."""

    header: tuple[str, ...]
    values: dict[str, list[object]]
    written: Written
    refused: RejectedRow | None = None


def _sample(store: ObjectStore, stat: ObjectStat, mapping: Mapping, role: FileRole) -> _Sample:
    first = next((table.mapping for table in mapping.all_tables()), None)
    delimiters = tuple(dict.fromkeys([first.delimiter if first else ",", ",", ";", "\t", "|"]))
    found = _sample_in(store, stat, role, first.encoding if first else "utf-8", delimiters)
    if found.is_readable:
        return found.sample
    other = _sample_in(store, stat, role, "cp1252", delimiters)
    return other.sample if other.is_readable else found.sample


class _Tried(NamedTuple):
    """A sample in one encoding, and whether all of it is readable text in it."""

    sample: _Sample
    is_readable: bool


def _sample_in(
    store: ObjectStore, stat: ObjectStat, role: FileRole, encoding: Encoding, delimiters: Sequence[str]
) -> _Tried:
    written = Written(encoding=encoding)
    try:
        if role is not FileRole.CSV:
            with open_text(store, stat, encoding) as text:
                names, block = next(jsonl_blocks(text), (set(), None))
                return _Tried(_Sample(tuple(sorted(names)), dict(block.columns) if block else {}, written), True)
        with open_text(store, stat, encoding) as text:
            line = text.readline(1 << 20)
        written = Written(max(delimiters, key=lambda each: (line.count(each), -delimiters.index(each))), encoding)
        with open_text(store, stat, encoding) as text:
            header, blocks = csv_blocks(text, written.delimiter)
            block = next(blocks, None)
            values = {name: each[:_SAMPLE_ROWS] for name, each in block.columns.items()} if block else {}
            damaged = block.damaged if block else []
        is_readable = not any(row.damage and row.damage.reason is RejectReason.BAD_VALUE for row in damaged)
        return _Tried(_Sample(header, values, written), is_readable)
    except FileRefused as refusal:
        refused = rejected_row(stat.key, 0, refusal.reason, refusal.detail, refusal.field, refusal.text)
        return _Tried(_Sample((), {}, written, refused), False)
    except ObjectStoreError as fault:
        return _Tried(_Sample((), {}, written, rejected_row(stat.key, 0, RejectReason.FORBIDDEN, str(fault))), True)


def _count_part(check: FileCheck, part: FileRows) -> None:
    check.rows_read += part.rows_read
    check.rows_accepted += part.rows_accepted
    check.rows_passed_over += part.rows_passed_over
    check.columns_ignored = part.columns_ignored
    for each in part.rejected:
        _count_rejected(check, each)
    for columns in part.columns:
        _count_columns(check.tables[_TABLE_OF[columns.record_type]], columns)


def _count_rejected(check: FileCheck, each: RejectedRow) -> None:
    key = (each.field, each.reason.value)
    check.rejected[key] += 1
    check.never_occurred += _NEVER_OCCURRED in each.detail
    check.without_zone += each.reason is RejectReason.TIME_WITHOUT_ZONE
    kept = check.examples.setdefault(key, [])
    if len(kept) < _EXAMPLES:
        kept.append(each)


_TABLE_OF = {record_type: table for table, record_type in RECORD_TYPES.items()}
_TIMES_OF = {
    "footage": ("media_started_us",),
    "incidents": ("opened_us",),
    "assignments": ("dispatched_us", "en_route_us", "on_scene_us", "cleared_us"),
    "holders": ("held_from_us", "held_to_us"),
    "device_events": ("at_us",),
}


def _count_columns(table: TableCheck, columns: RecordColumns) -> None:
    table.accepted += len(columns)
    held = columns.columns
    times = [time_us for time_us in _times(table.table, columns) if time_us is not None]
    if times:
        table.first_us = min(times) if table.first_us is None else min(table.first_us, *times)
        table.last_us = max(times) if table.last_us is None else max(table.last_us, *times)
    table.timed += len(times)
    table.whole_seconds += sum(time_us % SECOND_US == 0 for time_us in times)
    table.whole_minutes += sum(time_us % MINUTE_US == 0 for time_us in times)
    table.ambiguous += sum(held.get("is_ambiguous", ()))
    table.officers.update(each for each in held.get("officer_id", ()) if each is not None)
    table.devices.update(held.get("device_id", ()))
    if table.table == "footage":
        _count_segments(table, columns)
    elif table.table == "assignments":
        _count_assignments(table, columns)


def _times(table: str, columns: RecordColumns) -> Iterator[int | None]:
    return (time_us for name in _TIMES_OF.get(table, ()) for time_us in columns.columns[name])


def _count_segments(table: TableCheck, columns: RecordColumns) -> None:
    held = columns.columns
    table.starts.update(time_us // SECOND_US for time_us in held["media_started_us"])
    table.ids.update(held["footage_id"])
    for length_us in held["duration_us"]:
        if length_us in _CAPS_US:
            table.odd[f"last exactly {length_us // SECOND_US:,} s, which is where cameras cut"] += 1
    for ids in held["incident_ids"]:
        for said in [_odd_id(each) for each in ids] or ["carry no incident id"]:
            if said:
                table.odd[said] += 1
    for start_us, uploaded_us in zip(held["media_started_us"], held["uploaded_us"], strict=True):
        if uploaded_us is not None and uploaded_us < start_us:
            table.odd["were uploaded before they begin"] += 1


def _odd_id(incident_id: str) -> str | None:
    if _DATE_AS_ID.fullmatch(incident_id):
        return "carry a date as incident id"
    if not any(letter.isdigit() for letter in incident_id):
        return "carry words without a number as incident id (such as a system check)"
    return "carry an incident id of several words" if len(incident_id.split()) > 2 else None


def _count_assignments(table: TableCheck, columns: RecordColumns) -> None:
    held = columns.columns
    table.ids.update(
        f"{incident}\x1f{officer}" for incident, officer in zip(held["incident_id"], held["officer_id"], strict=True)
    )
    for on_scene_us, cleared_us in zip(held["on_scene_us"], held["cleared_us"], strict=True):
        if on_scene_us is None and cleared_us is not None:
            table.odd["have no time on scene"] += 1
        elif on_scene_us is not None and cleared_us is not None and cleared_us < on_scene_us:
            table.odd["are cleared before they are on scene"] += 1
        elif on_scene_us is not None and cleared_us is not None and cleared_us - on_scene_us >= DAY_US:
            table.odd["last a day or longer"] += 1


def odd_facts(check: FileCheck) -> list[tuple[str, int, str]]:
    """What looks odd, as (table, how many rows, what they do)."""
    facts = []
    for table in check.tables.values():
        facts += [(table.table, n, said) for said, n in table.odd.most_common()]
        again = sum(n for n in table.ids.values() if n > 1)
        said = (
            "share an id with another row" if table.table == "footage" else "are further rows of one officer on one incident"
        )
        facts += [(table.table, again, said)] if again else []
        together = sum(n for n in table.starts.values() if n > 1)
        facts += [(table.table, together, "start in the same second as another")] if together else []
    return facts
