"""From a source to domain records: the rows of each of its record files.

A file's bad content never raises: an unreadable file is a rejected row of line 0, a bad row a rejected row of its line.
Only faults of the store itself propagate, since those are worth another try. Nothing here remembers: the caller compares
``SourceFile.identity`` with what it read before and reads only what is new or changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bwc_audit.domain.record_columns import RecordColumns
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
from bwc_audit.sources.duplicates import columns_without_duplicates, is_identified, without_duplicates
from bwc_audit.sources.listing import FileRole, SourceFile, SourceListing, list_source_files
from bwc_audit.sources.mapping import MappedTable, column_name
from bwc_audit.sources.rows import required_fields
from bwc_audit.sources.text_rows import (
    Block,
    FileRefused,
    Row,
    block_of_rows,
    csv_blocks,
    json_row,
    jsonl_blocks,
    open_text,
)
from bwc_audit.sources.to_records import RECORD_TYPES, Reading, Record, records_of_block, rejected_row

__all__ = [
    "FileRole",
    "FileRows",
    "Limits",
    "SourceFile",
    "SourceListing",
    "columns_missing",
    "gather_records",
    "joined",
    "list_source_files",
    "read_file",
    "read_parts",
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
    """What one file, or a part of it, brought. ``rows_read == rows_accepted + `` the rejected rows with a line; a
    rejection of line 0 says that the file, or the rest of it, was not read. A row read into two tables counts twice;
    one that a mapping reads into none (``where``) is in ``rows_passed_over`` alone."""

    key: str
    identity: str
    columns: tuple[RecordColumns, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    rows_read: int = 0
    rows_accepted: int = 0
    columns_ignored: tuple[str, ...] = ()
    rows_passed_over: int = 0

    @property
    def records(self) -> tuple[Record, ...]:
        """The records one by one, in the order of their lines."""
        each = [record for columns in self.columns for record in columns.records()]
        kinds = list(RECORD_TYPES.values())
        return tuple(sorted(each, key=lambda record: (record.row.line, kinds.index(type(record)))))

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
    return joined(list(read_parts(store, file, limits)))


def joined(parts: Sequence[FileRows]) -> FileRows:
    """One file's parts as one."""
    rejected = sorted((one for part in parts for one in part.rejected), key=lambda each: (each.row.line, each.field))
    return FileRows(
        parts[0].key,
        parts[0].identity,
        tuple(columns for part in parts for columns in part.columns),
        tuple(rejected),
        sum(part.rows_read for part in parts),
        sum(part.rows_accepted for part in parts),
        parts[-1].columns_ignored,
        sum(part.rows_passed_over for part in parts),
    )


def read_parts(store: ObjectStore, file: SourceFile, limits: Limits | None = None) -> Iterator[FileRows]:
    """One file in parts of some thousand rows, at least one, so that memory does not grow with the file (but for tables
    whose ids may occur once only: they come together, at the end). Raises as ``read_file`` does."""
    sink = _Sink(file)
    limits = limits or Limits()
    limit_bytes = limits.sidecar_bytes if file.role is FileRole.SIDECAR else limits.table_bytes
    try:
        if file.stat.size_bytes > limit_bytes:
            detail = f"{file.stat.size_bytes} bytes, the limit is {limit_bytes}; split the file or raise the limit"
            raise FileRefused(RejectReason.TOO_LARGE, detail)
        for tables, block in _blocks(store, file, sink):
            sink.take(tables, block)
            yield sink.part()
    except FileRefused as refusal:
        sink.refuse(0, refusal.reason, refusal.detail, refusal.field, refusal.text)
    except ObjectMissingError as fault:
        sink.refuse(0, RejectReason.OBJECT_MISSING, str(fault))
    except ObjectForbiddenError as fault:
        sink.refuse(0, RejectReason.FORBIDDEN, str(fault))
    yield sink.last_part()


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
    """Collects what a file brings while it is read, part by part."""

    file: SourceFile
    readings: dict[str, Reading] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    held: list[RecordColumns] = field(default_factory=list)
    ready: list[RecordColumns] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    rows_read: int = 0
    rows_ever: int = 0
    passed_over: int = 0

    def refuse(self, line: int, reason: RejectReason, detail: str, name: str = "", value: object = "") -> None:
        self.rejected.append(rejected_row(self.file.key, line, reason, detail, name, value))

    def take(self, tables: tuple[MappedTable, ...], block: Block) -> None:
        """Reads a block into the tables; a damaged line counts once."""
        passed_over = frozenset(block.lines) if any(table.mapping.where for table in tables) else frozenset()
        for damaged in block.damaged if tables else ():
            damage = damaged.damage
            self.rows_read += 1
            if damage is not None:
                self.refuse(damaged.line, damage.reason, damage.detail, "", damage.text)
        for table in tables:
            reading = self.readings.get(table.mapping.table)
            if reading is None:
                reading = Reading(table, self.file.key, self.file.sibling_video)
                self.readings[table.mapping.table] = reading
            found = records_of_block(reading, block)
            self.rows_read += found.rows_read
            self.rejected += found.rejected
            passed_over &= found.passed_over
            if len(found.records):
                (self.held if is_identified(found.records.record_type) else self.ready).append(found.records)
        self.passed_over += len(passed_over)

    def part(self) -> FileRows:
        """What came since the last part."""
        rejected = sorted(self.rejected, key=lambda each: (each.row.line, each.field))
        refused_rows = sum(1 for each in rejected if each.row.line > 0)
        needed = {name for table in self.file.tables for name in table.mapping.columns_needed()} | {"schema"}
        ignored = tuple(sorted(name for name in self.columns if name not in needed))
        accepted = self.rows_read - refused_rows
        part = FileRows(
            self.file.key,
            self.file.identity,
            tuple(self.ready),
            tuple(rejected),
            self.rows_read,
            accepted,
            ignored,
            self.passed_over,
        )
        self.rows_ever += self.rows_read
        self.ready, self.rejected, self.rows_read, self.passed_over = [], [], 0, 0
        return part

    def last_part(self) -> FileRows:
        """What came since the last part, and the tables whose ids may occur once only."""
        may_repeat = {RECORD_TYPES[each.mapping.table] for each in self.file.tables if each.mapping.rows_may_repeat}
        kept, doubled = columns_without_duplicates(self.held, may_repeat)
        self.ready += kept
        self.rejected += doubled
        return self.part()


def _blocks(store: ObjectStore, file: SourceFile, sink: _Sink) -> Iterator[tuple[tuple[MappedTable, ...], Block]]:
    if file.stat.size_bytes == 0:
        store.head(file.key)  # a refused link is listed with size 0: forbidden is not empty
        raise FileRefused(RejectReason.EMPTY_FILE, "the file has no bytes")
    needed = frozenset(name for table in file.tables for name in table.mapping.columns_needed()) | {"schema"}
    if file.role is FileRole.SIDECAR:
        names, block = block_of_rows([_sidecar_row(store, file)], needed.__contains__)
        sink.columns.update(names)
        yield file.tables, block
        return
    first = file.tables[0].mapping
    with open_text(store, file.stat, first.encoding) as text:
        if file.role is FileRole.CSV:
            header, blocks = csv_blocks(text, first.delimiter, needed.__contains__)
            sink.columns.update(header)
            tables = _tables_with_columns(file.tables, header, sink)
            for block in blocks if tables else ():
                yield tables, block
            return
        for names, block in jsonl_blocks(text, needed.__contains__):
            sink.columns.update(names if len(sink.columns) < 1000 else ())
            yield file.tables, block
        if sink.rows_ever == 0:
            raise FileRefused(RejectReason.EMPTY_FILE, "the file holds blank lines only")


def _sidecar_row(store: ObjectStore, file: SourceFile) -> Row:
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
    return row


def _tables_with_columns(tables: tuple[MappedTable, ...], header: tuple[str, ...], sink: _Sink) -> tuple[MappedTable, ...]:
    """The tables for which the file has every column it must have; for each other one, a rejection of line 0."""
    readable = []
    for table in tables:
        mapping = table.mapping
        absent = columns_missing(table, frozenset(header))
        if absent:
            found = ", ".join(name for name in header if name)
            said_in = mapping.place.of(absent[0].partition(" or ")[0])
            told = f" ({said_in})" if said_in and not said_in.startswith("mapping default") else ""
            detail = f"{mapping.table} needs column {', '.join(absent)}{told}; the file has: {found}"
            sink.refuse(0, RejectReason.MISSING_COLUMN, detail, absent[0])
        else:
            readable.append(table)
    return tuple(readable)


def columns_missing(table: MappedTable, header: frozenset[str]) -> list[str]:
    """The columns that a file with ``header`` lacks: those that a table must have, else those that the mapping names."""
    return _absent_columns(table, header) or table.mapping.columns_absent(header)


def _absent_columns(table: MappedTable, header: frozenset[str]) -> list[str]:
    mapping = table.mapping
    absent = []
    for name in required_fields(mapping.table):
        columns = [column for column, to in mapping.columns.items() if to == name] if mapping.columns else [name]
        columns += [column_name(column) for column in mapping.first_of.get(name, ())]
        is_there = name in mapping.constants or any(column in header for column in columns)
        if not is_there and name in mapping.templates:
            is_there = all(column in header for _, column in mapping.templates[name] if column)
        if not is_there and name == "duration_s" and mapping.duration_between is not None:
            is_there = all(column_name(column) in header for column in mapping.duration_between)
        if not is_there and name in mapping.end_after:
            is_there = column_name(mapping.end_after[name].length) in header
        if not is_there:
            absent.append(" or ".join(columns) or name)
    return absent
