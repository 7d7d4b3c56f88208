"""From a block of rows to the columns of their records, or to the reason why a row gives none.

Columns are asked first (``field_columns``, ``bulk_times``); a row of which any value is not surely good is put before
the row model, which alone refuses, or accepts an unusual way of writing. One row gives at most one rejection: the first
thing that is wrong with it, in the order schema, times, fields as the schema lists them, then what fields say together.
Two-officer units become one record each, with the same row reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import compress
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel, ValidationError

from bwc_audit.domain.record_columns import RecordColumns
from bwc_audit.domain.records import (
    Assignment,
    Device,
    DeviceEvent,
    Exemption,
    Holding,
    Incident,
    Officer,
    RejectedRow,
    RejectReason,
    RowRef,
    Segment,
)
from bwc_audit.domain.times import HOUR_US, SECOND_US, us_of, us_of_seconds
from bwc_audit.sources.bulk_times import TimesReader
from bwc_audit.sources.field_columns import field_rules
from bwc_audit.sources.lengths import LengthRefused, LengthUnit, length_from
from bwc_audit.sources.mapped_columns import BETWEEN, Fields, chosen_rows, length_of, mapped_fields
from bwc_audit.sources.mapping import MappedTable
from bwc_audit.sources.row_checks import CHECKS, RowRefused, video_keys
from bwc_audit.sources.rows import ROW_MODELS, SCHEMA_OF_TABLE, is_identifier, is_length, time_fields
from bwc_audit.sources.text_rows import Block
from bwc_audit.sources.zoned_times import TimeRefused, length_between, read_time

Record: TypeAlias = Segment | Incident | Assignment | Officer | Device | Holding | Exemption | DeviceEvent

RECORD_TYPES: dict[str, type[Any]] = {
    "footage": Segment,
    "incidents": Incident,
    "assignments": Assignment,
    "officers": Officer,
    "devices": Device,
    "holders": Holding,
    "exemptions": Exemption,
    "device_events": DeviceEvent,
}


@dataclass(slots=True)
class Reading:
    """What stands beside the rows of one file and table: how the table is mapped, where the rows are read, and the video
    a sidecar lies beside. Keeps the times that it has read for the next block."""

    table: MappedTable
    file: str
    sibling_video: str | None = None
    times: TimesReader = field(init=False)

    def __post_init__(self) -> None:
        self.times = TimesReader(self.table.zone, self.table.mapping.time_format)


@dataclass(frozen=True, slots=True)
class BlockRecords:
    """What a block gave: its records as columns, its rejected rows, and how many rows of this table it held."""

    records: RecordColumns
    rejected: list[RejectedRow]
    rows_read: int
    #: Lines of the block that are none of this table's (``where``).
    passed_over: frozenset[int]


def rejected_row(
    file: str, line: int, reason: RejectReason, detail: str, field: str = "", value: object = ""
) -> RejectedRow:
    """A rejection whose texts any database takes: no NUL, no undecodable bytes, the value at most 200 characters."""
    return RejectedRow(RowRef(file, line), field, reason, _storable(detail, 500), _storable(str(value), 200))


def _storable(text: str, length: int) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")[:length]


def records_of_block(reading: Reading, block: Block) -> BlockRecords:
    """The records of the whole rows of a block (several for a two-officer unit)."""
    table = reading.table.mapping.table
    chosen = chosen_rows(reading.table.mapping, block)
    count = len(chosen.lines)
    found = mapped_fields(reading.table.mapping, chosen.columns, count)
    stated = chosen.columns.get("schema", [])
    columns = _Columns.of(reading, found, count)
    columns.left.update(at for at, name in enumerate(stated) if _is_other_schema(table, name))
    refusals: dict[int, RowRefused] = {}
    for at in sorted(columns.left):
        try:
            if at < len(stated):
                _check_schema(table, stated[at])
            columns.take_row(reading, found, at)
        except RowRefused as refusal:
            refusals[at] = refusal
    for at, found_together in _refused_together(reading, columns.values, count, frozenset(refusals)):
        refusals.setdefault(at, found_together)
    rejected = [
        rejected_row(reading.file, chosen.lines[at], each.reason, each.detail, each.field, each.value)
        for at, each in sorted(refusals.items())
    ]
    kept = [at for at in range(count) if at not in refusals] if refusals else range(count)
    records = _record_columns(reading, columns, chosen.lines, kept)
    passed_over = frozenset(block.lines).difference(chosen.lines) if reading.table.mapping.where else frozenset()
    return BlockRecords(records, rejected, count, passed_over)


def _is_other_schema(table: str, stated: Any) -> bool:
    return isinstance(stated, str) and stated.startswith("bwc-") and stated != SCHEMA_OF_TABLE[table]


def _check_schema(table: str, stated: Any) -> None:
    if _is_other_schema(table, stated):
        raise RowRefused(
            "schema", RejectReason.BAD_VALUE, f"read here as {SCHEMA_OF_TABLE[table]}, but says {stated}", stated
        )


@dataclass(slots=True)
class _Columns:
    """The values of a block by the name their record field has, and the places that only the row model can judge."""

    values: dict[str, list[Any]]
    left: set[int]
    ambiguous: set[int]

    @staticmethod
    def of(reading: Reading, found: Fields, count: int) -> _Columns:
        columns = _Columns({}, set(), set())
        table = reading.table.mapping.table
        _derive_times(reading, found, columns, count)
        for rule in field_rules(table):
            column = found.get(rule.name)
            if column is None:
                columns.values[rule.name] = [rule.default if not rule.is_required else None] * count
                columns.left.update(range(count) if rule.is_required else ())
                continue
            values, left = reading.times.read(column) if rule.is_time else rule.read(column)
            columns.left.update(left)
            if rule.name in reading.table.mapping.lengths:
                columns.left.update(at for at, value in enumerate(column) if isinstance(value, str))
            if rule.is_required and None in values:
                columns.left.update(at for at, value in enumerate(values) if value is None)
            if rule.default is not None and not rule.is_required and None in values:
                values = [rule.default if value is None else value for value in values]
            columns.values[rule.name] = _in_us(values) if rule.name.endswith("_s") else values
        return columns

    def take_row(self, reading: Reading, found: Fields, at: int) -> None:
        """Put the values of one row in their place, as the row model gives them. Raises ``RowRefused``."""
        cells = {name: column[at] for name, column in found.items() if column[at] is not None}
        is_ambiguous = _read_times(reading.table, cells)
        row = _judged(reading.table.mapping.table, cells)
        for rule in field_rules(reading.table.mapping.table):
            value = getattr(row, rule.attribute)
            if isinstance(value, datetime):
                value = us_of(value)
            elif rule.name.endswith("_s") and value is not None:
                value = us_of_seconds(value)
            if self.values[rule.name] is found.get(rule.name):
                self.values[rule.name] = list(self.values[rule.name])
            self.values[rule.name][at] = value
        if is_ambiguous:
            self.ambiguous.add(at)


def _in_us(seconds: list[Any]) -> list[int | None]:
    """Microseconds, rounded as ``us_of_seconds`` does; None stays."""
    if None in seconds:
        return [None if each is None else us_of_seconds(each) for each in seconds]
    rounded: list[int | None] = np.rint(np.array(seconds, np.float64) * SECOND_US).astype(np.int64).tolist()
    return rounded


def _derive_times(reading: Reading, found: Fields, columns: _Columns, count: int) -> None:
    """Leaves to the row what is derived from its times and is not stated: few files need it for many rows."""
    mapping = reading.table.mapping
    if mapping.duration_between is not None:
        stated = found.setdefault("duration_s", [None] * count)
        first, last = (reading.times.read(found[name]) for name in BETWEEN)
        unread = {*first.left, *last.left}
        derived = list(stated)
        for at, value in enumerate(stated):
            if value is None and at not in unread and first.times_us[at] is not None and last.times_us[at] is not None:
                derived[at] = (last.times_us[at] - first.times_us[at]) / SECOND_US  # type: ignore[operator]
            elif value is None:
                columns.left.add(at)
        found["duration_s"] = derived
    for end in mapping.end_after:
        lengths, stated = found[length_of(end)], found.setdefault(end, [None] * count)
        columns.left.update(at for at in range(count) if stated[at] is None and lengths[at] is not None)


def _read_times(table: MappedTable, cells: dict[str, Any]) -> bool:
    """Replaces the texts of times by aware times; derives what the mapping lets follow from them. True: ambiguous."""
    mapping = table.mapping
    is_ambiguous = False
    for name in time_fields(mapping.table):
        if name in cells:
            try:
                cells[name], is_double = read_time(cells[name], table.zone, mapping.time_format)
            except TimeRefused as refusal:
                raise RowRefused(name, refusal.reason, refusal.detail, cells[name]) from refusal
            is_ambiguous |= is_double
    for name, unit in mapping.lengths.items():
        _check_length(name, unit, cells.get(name))
    start, end = (cells.pop(name, None) for name in BETWEEN)
    if "duration_s" not in cells and start is not None and end is not None:
        cells["duration_s"], is_double = _derived_length_s(table, start, end)
        is_ambiguous |= is_double
    for name, after in mapping.end_after.items():
        length = cells.pop(length_of(name), None)
        if name not in cells and after.start in cells and length is not None:
            try:
                cells[name] = read_time((cells[after.start] + length_from(length, after.unit)).isoformat()).at
            except (LengthRefused, TimeRefused, OverflowError) as refusal:
                detail = f"{name} from {after.start} and a length: {refusal}"
                raise RowRefused(name, RejectReason.BAD_LENGTH, detail, length) from refusal
    return is_ambiguous


def _check_length(name: str, unit: LengthUnit, value: object) -> None:
    """Lengths that could be read are numbers of seconds by now."""
    if isinstance(value, str):
        try:
            length_from(value, unit)
        except LengthRefused as refusal:
            raise RowRefused(name, RejectReason.BAD_LENGTH, str(refusal), value) from refusal


def _derived_length_s(table: MappedTable, start: object, end: object) -> tuple[float, bool]:
    """The length, and whether its end occurred twice: it is read as the later where only so it follows the start."""
    try:
        first = read_time(start, table.zone, table.mapping.time_format)
        last = read_time(end, table.zone, table.mapping.time_format)
    except TimeRefused as refusal:
        raise RowRefused("duration_s", refusal.reason, f"length from two times: {refusal.detail}", end) from refusal
    length_s = length_between(first, last).total_seconds()
    return length_s + (HOUR_US / SECOND_US if last.is_ambiguous and length_s < 0 else 0), last.is_ambiguous


def _judged(table: str, cells: dict[str, Any]) -> BaseModel:
    try:
        return ROW_MODELS[SCHEMA_OF_TABLE[table]].model_validate(cells)
    except ValidationError as fault:
        raise _refusal(fault, cells) from fault


def _refusal(fault: ValidationError, cells: dict[str, Any]) -> RowRefused:
    """The first problem that the model found, in the project's classes."""
    problem = fault.errors(include_url=False, include_context=False)[0]
    field = str(problem["loc"][0]) if problem["loc"] else ""
    if problem["type"] == "missing":
        return RowRefused(field, RejectReason.MISSING_VALUE, f"{field} is missing")
    if is_identifier(field):
        reason = RejectReason.BAD_IDENTIFIER
    elif is_length(field):
        reason = RejectReason.BAD_LENGTH
    elif isinstance(cells.get(field), datetime):
        reason = RejectReason.BAD_TIME
    else:
        reason = RejectReason.BAD_VALUE
    return RowRefused(field, reason, str(problem["msg"]), cells.get(field, ""))


def _refused_together(
    reading: Reading, values: dict[str, list[Any]], count: int, refused: frozenset[int]
) -> Iterator[tuple[int, RowRefused]]:
    """What the values of a row say together, for the rows that stand so far; the first of several comes first."""
    for check in CHECKS[reading.table.mapping.table]:
        yield from ((at, refusal) for at, refusal in check(values, count) if at not in refused)
    if reading.table.mapping.table == "footage":
        keys, refusals = video_keys(values["object_key"], reading.file, reading.sibling_video)
        values["object_key"] = keys
        yield from ((at, refusal) for at, refusal in refusals if at not in refused)


def _record_columns(reading: Reading, columns: _Columns, lines: Sequence[int], kept: Sequence[int]) -> RecordColumns:
    record_type = RECORD_TYPES[reading.table.mapping.table]
    made: dict[str, list[Any]] = {}
    for each in fields(record_type):
        if each.name == "precision_us":
            made[each.name] = [reading.table.precision_us] * len(kept)
        elif each.name == "is_ambiguous":
            made[each.name] = [at in columns.ambiguous for at in kept] if columns.ambiguous else [False] * len(kept)
        elif each.name != "row":
            made[each.name] = _at(columns.values[_source_of(each.name, columns.values)], kept)
    records = RecordColumns(record_type, reading.file, _at(lines, kept), made)
    return _one_for_each_officer(records) if record_type is Assignment else records


def _at(values: Sequence[Any], kept: Sequence[int]) -> list[Any]:
    if len(values) == len(kept):
        return list(values) if not isinstance(values, list) else values
    is_kept = np.zeros(len(values), np.bool_)
    is_kept[list(kept)] = True
    return list(compress(values, is_kept.tolist()))


def _source_of(name: str, known: Iterable[str]) -> str:
    """The field of a row that a field of its record comes from: the name without the unit of the record."""
    bare = name.removesuffix("_us").removeprefix("is_")
    return next(each for each in (name, f"{bare}_at", f"{bare}_s", bare) if each in known)


def _one_for_each_officer(records: RecordColumns) -> RecordColumns:
    named = [tuple(dict.fromkeys(officers)) for officers in records.columns["officer_id"]]
    if all(len(officers) == 1 for officers in named):
        alone = {**records.columns, "officer_id": [officers[0] for officers in named]}
        return RecordColumns(records.record_type, records.file, records.lines, alone)
    places = [at for at, officers in enumerate(named) for _ in officers]
    columns = {name: [values[at] for at in places] for name, values in records.columns.items()}
    columns["officer_id"] = [officer for officers in named for officer in officers]
    return RecordColumns(records.record_type, records.file, [records.lines[at] for at in places], columns)
