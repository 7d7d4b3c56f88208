"""From a source to domain records: the rows of each of its record files.

A file's bad content never raises: an unreadable file is a rejected row of line 0, a bad row a rejected row of its line.
Only faults of the store itself propagate, since those are worth another try. Nothing here remembers: the caller compares
``SourceFile.identity`` with what it read before and reads only what is new or changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    Exemption,
    Holding,
    Incident,
    Officer,
    Records,
    RejectedRow,
    RejectReason,
    Segment,
    StoredObject,
)
from bwc_audit.errors import ObjectForbiddenError, ObjectMissingError
from bwc_audit.objects.contract import ObjectStore
from bwc_audit.sources.duplicates import without_duplicates
from bwc_audit.sources.listing import FileRole, SourceFile, SourceListing, list_source_files
from bwc_audit.sources.mapping import MappedTable
from bwc_audit.sources.rows import required_fields
from bwc_audit.sources.text_rows import FileRefused, Row, csv_rows, json_row, jsonl_rows, open_text
from bwc_audit.sources.to_records import Reading, Record, RowRefused, records_of_row, rejected_row

__all__ = [
    "FileRole",
    "FileRows",
    "Limits",
    "SourceFile",
    "SourceListing",
    "gather_records",
    "list_source_files",
    "read_file",
]

#: Rejections of a whole file that another night, another permission or another setting may lift.
_PASSING = frozenset({RejectReason.FORBIDDEN, RejectReason.OBJECT_MISSING, RejectReason.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest files that are read, in bytes; larger ones are rejected whole."""

    table_bytes: int = 1 << 30
    sidecar_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class FileRows:
    """What one file brought. ``rows_read == rows_accepted + `` the rejected rows with a line; a rejection of line 0
    says that the file, or the rest of it, was not read. A row read into two tables counts twice."""

    key: str
    identity: str
    records: tuple[Record, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    rows_read: int = 0
    rows_accepted: int = 0
    columns_ignored: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the whole file was read (its rows may still have been rejected)."""
        return not any(each.row.line == 0 for each in self.rejected)

    @property
    def must_be_read_again(self) -> bool:
        """Whether the file is to be read next time although its identity is the same: it was refused, not examined."""
        return any(each.row.line == 0 and each.reason in _PASSING for each in self.rejected)


def read_file(store: ObjectStore, file: SourceFile, limits: Limits | None = None) -> FileRows:
    """The records and rejected rows of one file.

    Raises ``ObjectStoreError`` only for faults that are neither "missing" nor "forbidden" (those are rejections too).
    """
    sink = _Sink(file)
    limits = limits or Limits()
    limit_bytes = limits.sidecar_bytes if file.role is FileRole.SIDECAR else limits.table_bytes
    try:
        if file.stat.size_bytes > limit_bytes:
            detail = f"{file.stat.size_bytes} bytes, the limit is {limit_bytes}; split the file or raise the limit"
            raise FileRefused(RejectReason.TOO_LARGE, detail)
        _read_into(store, file, sink)
    except FileRefused as refusal:
        sink.refuse(0, refusal.reason, refusal.detail, refusal.field, refusal.text)
    except ObjectMissingError as fault:
        sink.refuse(0, RejectReason.OBJECT_MISSING, str(fault))
    except ObjectForbiddenError as fault:
        sink.refuse(0, RejectReason.FORBIDDEN, str(fault))
    return sink.rows()


def gather_records(files: Iterable[FileRows], videos: Iterable[StoredObject] = ()) -> Records:
    """The records of many files in one value; ids that may occur once only are checked over all of them."""
    records: list[Record] = []
    rejected: list[RejectedRow] = []
    for rows in files:
        records.extend(rows.records)
        rejected.extend(rows.rejected)
    kept, doubled = without_duplicates(records)
    return Records(
        segments=tuple(each for each in kept if isinstance(each, Segment)),
        incidents=tuple(each for each in kept if isinstance(each, Incident)),
        assignments=tuple(each for each in kept if isinstance(each, Assignment)),
        officers=tuple(each for each in kept if isinstance(each, Officer)),
        devices=tuple(each for each in kept if isinstance(each, Device)),
        holdings=tuple(each for each in kept if isinstance(each, Holding)),
        exemptions=tuple(each for each in kept if isinstance(each, Exemption)),
        device_events=tuple(each for each in kept if isinstance(each, DeviceEvent)),
        objects=tuple(videos),
        rejected=(*rejected, *doubled),
    )


@dataclass(slots=True)
class _Sink:
    """Collects what a file brings while it is read."""

    file: SourceFile
    records: list[Record] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    rows_read: int = 0
    columns: set[str] = field(default_factory=set)

    def refuse(self, line: int, reason: RejectReason, detail: str, name: str = "", value: object = "") -> None:
        self.rejected.append(rejected_row(self.file.key, line, reason, detail, name, value))

    def take(self, table: MappedTable, row: Row) -> None:
        self.rows_read += 1
        reading = Reading(table, self.file.key, self.file.sibling_video)
        try:
            self.records.extend(records_of_row(reading, row.line, row.cells))
        except RowRefused as refusal:
            self.refuse(row.line, refusal.reason, refusal.detail, refusal.field, refusal.value)

    def rows(self) -> FileRows:
        kept, doubled = without_duplicates(self.records)
        rejected = sorted((*self.rejected, *doubled), key=lambda each: (each.row.line, each.field))
        refused_rows = sum(1 for each in rejected if each.row.line > 0)
        needed = {name for table in self.file.tables for name in table.mapping.columns_needed()} | {"schema"}
        ignored = tuple(sorted(name for name in self.columns if name not in needed))
        accepted = self.rows_read - refused_rows
        return FileRows(self.file.key, self.file.identity, tuple(kept), tuple(rejected), self.rows_read, accepted, ignored)


def _read_into(store: ObjectStore, file: SourceFile, sink: _Sink) -> None:
    if file.stat.size_bytes == 0:
        store.head(file.key)  # a refused link is listed with size 0: forbidden is not empty
        raise FileRefused(RejectReason.EMPTY_FILE, "the file has no bytes")
    if file.role is FileRole.SIDECAR:
        _read_sidecar(store, file, sink)
        return
    first = file.tables[0].mapping
    with open_text(store, file.stat, first.encoding) as text:
        if file.role is FileRole.CSV:
            header, rows = csv_rows(text, first.delimiter)
            sink.columns.update(header)
            _take_rows(rows, _tables_with_columns(file.tables, header, sink), sink)
        else:
            _take_rows(jsonl_rows(text), file.tables, sink, is_json=True)
            if sink.rows_read == 0:
                raise FileRefused(RejectReason.EMPTY_FILE, "the file holds blank lines only")


def _take_rows(rows: Iterator[Row], tables: tuple[MappedTable, ...], sink: _Sink, is_json: bool = False) -> None:
    if not tables:
        return
    for row in rows:
        if row.damage is not None:
            sink.rows_read += 1
            sink.refuse(row.line, row.damage.reason, row.damage.detail, "", row.damage.text)
            continue
        if is_json and len(sink.columns) < 1000:
            sink.columns.update(row.cells)
        for table in tables:
            sink.take(table, row)


def _read_sidecar(store: ObjectStore, file: SourceFile, sink: _Sink) -> None:
    content = store.read_all(file.key, file.stat.size_bytes)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise FileRefused(RejectReason.NOT_JSON, f"not UTF-8 text (byte {fault.start})") from fault
    if not text.strip():
        raise FileRefused(RejectReason.EMPTY_FILE, "the file holds blanks only")
    row = json_row(text, 1)
    if row.damage is not None:
        raise FileRefused(row.damage.reason, row.damage.detail, text=row.damage.text)
    sink.columns.update(row.cells)
    for table in file.tables:
        sink.take(table, row)


def _tables_with_columns(tables: tuple[MappedTable, ...], header: tuple[str, ...], sink: _Sink) -> tuple[MappedTable, ...]:
    """The tables for which the file has every column it must have; for each other one, a rejection of line 0."""
    readable = []
    for table in tables:
        absent = _absent_columns(table, frozenset(header))
        if absent:
            found = ", ".join(name for name in header if name)
            detail = f"{table.mapping.table} needs column {', '.join(absent)}; the file has: {found}"
            sink.refuse(0, RejectReason.MISSING_COLUMN, detail, absent[0])
        else:
            readable.append(table)
    return tuple(readable)


def _absent_columns(table: MappedTable, header: frozenset[str]) -> list[str]:
    mapping = table.mapping
    absent = []
    for name in required_fields(mapping.table):
        columns = [column for column, to in mapping.columns.items() if to == name] if mapping.columns else [name]
        is_there = name in mapping.constants or any(column in header for column in columns)
        if not is_there and name in mapping.templates:
            is_there = all(column in header for _, column in mapping.templates[name] if column)
        if not is_there and name == "duration_s" and mapping.duration_between is not None:
            is_there = all(column.strip().casefold() in header for column in mapping.duration_between)
        if not is_there:
            absent.append(" or ".join(columns) or name)
    return absent
