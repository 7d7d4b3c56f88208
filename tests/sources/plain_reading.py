"""The oracle of the columnar reader: a file of rows read one at a time, with the csv module, one value after another.

Slow and plain on purpose. It knows the settings of a mapping that are older than the columnar reader, and the row model.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from bwc_audit.domain.times import us_of, us_of_seconds
from bwc_audit.sources.mapping import Mapping, column_name
from bwc_audit.sources.rows import ROW_MODELS, SCHEMA_OF_TABLE, field_names, is_identifier, is_length, time_fields
from bwc_audit.sources.zoned_times import TimeRefused, read_time


class Refused(NamedTuple):
    line: int
    field: str
    reason: str
    detail: str
    text: str


class Accepted(NamedTuple):
    """The fields of a row model, times and lengths in microseconds, and whether a time occurred twice."""

    line: int
    fields: dict[str, Any]
    is_ambiguous: bool


def read_plainly(text: str, key: str, mapping: Mapping) -> tuple[list[Accepted], list[Refused]]:
    """What a CSV file of one table holds."""
    (table,) = mapping.tables_for(key)
    lines = _Numbered(text)
    reader = csv.reader(lines, delimiter=table.mapping.delimiter, strict=True)
    header = [column_name(name) for name in next(reader)]
    accepted: list[Accepted] = []
    refused: list[Refused] = []
    while True:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return accepted, refused
        except csv.Error as fault:
            refused.append(Refused(first, "", "not_csv", f"lines {first} to {lines.number} are no CSV row: {fault}", ""))
            continue
        if lines.odd_line >= first:
            refused.append(Refused(first, "", "bad_value", "the row is not readable text", ",".join(cells)))
        elif len(cells) == len(header):
            outcome = _judged(table, first, dict(zip(header, cells, strict=True)))
            (accepted if isinstance(outcome, Accepted) else refused).append(outcome)  # type: ignore[arg-type]
        elif cells:
            detail = f"the row has {len(cells)} cells, the file has {len(header)} columns"
            refused.append(Refused(first, "", "not_csv", detail, ",".join(cells)))


class _Numbered:
    def __init__(self, text: str) -> None:
        self._text = io.StringIO(text, newline="")
        self.number = 0
        self.odd_line = 0

    def __iter__(self) -> _Numbered:
        return self

    def __next__(self) -> str:
        line = self._text.readline()
        if not line:
            raise StopIteration
        self.number += 1
        if "\x00" in line:
            self.odd_line = self.number
        return line


def _judged(table: Any, line: int, cells: dict[str, str]) -> Accepted | Refused:
    mapping = table.mapping
    stated = cells.get("schema", "")
    if stated.strip().startswith("bwc-") and stated.strip() != SCHEMA_OF_TABLE[mapping.table]:
        detail = f"read here as {SCHEMA_OF_TABLE[mapping.table]}, but says {stated.strip()}"
        return Refused(line, "schema", "bad_value", detail, stated.strip())
    fields: dict[str, Any] = {}
    pairs = mapping.columns.items() if mapping.columns else [(name, name) for name in field_names(mapping.table)]
    fields.update({to: value for name, to in pairs if (value := cells.get(name, "").strip())})
    for name, template in mapping.combined.items():
        stripped = {column: cells.get(column, "").strip() for column in cells}
        parts = template.replace("}", "{").split("{")[1::2]
        if all(stripped.get(column_name(part)) for part in parts):
            fields[name] = template.format(**{part: stripped[column_name(part)] for part in parts})
    fields = {**mapping.constants, **fields}
    for name, renamed in mapping.values.items():
        if name in fields:
            fields[name] = renamed.get(fields[name], renamed.get("*", fields[name]))
    is_ambiguous = False
    for name in time_fields(mapping.table):
        if name in fields:
            try:
                at, is_double = read_time(fields[name], table.zone, mapping.time_format)
            except TimeRefused as refusal:
                return Refused(line, name, refusal.reason.value, refusal.detail, fields[name])
            fields[name] = at
            is_ambiguous |= is_double
    try:
        row = ROW_MODELS[SCHEMA_OF_TABLE[mapping.table]].model_validate(fields)
    except ValidationError as fault:
        return _refusal(fault, fields, line)
    return Accepted(line, {name: _stored(name, value) for name, value in row.model_dump().items()}, is_ambiguous)


def _stored(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return us_of(value)
    return us_of_seconds(value) if name.endswith("_s") and value is not None else value


def _refusal(fault: ValidationError, fields: dict[str, Any], line: int) -> Refused:
    problem = fault.errors(include_url=False, include_context=False)[0]
    field = str(problem["loc"][0])
    if problem["type"] == "missing":
        return Refused(line, field, "missing_value", f"{field} is missing", "")
    reason = "bad_identifier" if is_identifier(field) else "bad_length" if is_length(field) else "bad_value"
    return Refused(line, field, reason, str(problem["msg"]), str(fields.get(field, "")))
