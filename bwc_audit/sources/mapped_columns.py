"""From the columns of a foreign file to the fields of a table: what a mapping says, done to a whole block of rows.

Nothing is judged here: a value that cannot stand comes through as it is. Fields keep None where a row has no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bwc_audit.sources.lengths import LengthRefused, LengthUnit, length_from
from bwc_audit.sources.mapping import IdentifierForm, TableMapping, column_name
from bwc_audit.sources.rows import field_names
from bwc_audit.sources.text_rows import Block

#: Names under which the two times of ``duration_between`` travel with the fields; no field has such a name.
BETWEEN = ("duration_s from", "duration_s to")

Fields = dict[str, list[Any]]


def length_of(field: str) -> str:
    """The name under which the length that leads to the end ``field`` travels with the fields."""
    return f"{field} after"


def chosen_rows(mapping: TableMapping, block: Block) -> Block:
    """The rows of the block that are rows of this table: those that ``where`` chooses, one for each part that
    ``row_for_each`` finds in its cell."""
    for column, wanted in mapping.where.items():
        folded = frozenset(each.casefold() for each in wanted)
        values = block.columns.get(column_name(column), [None] * len(block.lines))
        block = _at(block, [n for n, value in enumerate(values) if str(value or "").casefold() in folded])
    if mapping.row_for_each is not None:
        block = _one_for_each_part(block, column_name(mapping.row_for_each.column), mapping.row_for_each.separators)
    return block


def _at(block: Block, places: Sequence[int]) -> Block:
    if len(places) == len(block.lines):
        return block
    columns = {name: [values[place] for place in places] for name, values in block.columns.items()}
    return replace(block, lines=[block.lines[place] for place in places], columns=columns)


def _one_for_each_part(block: Block, column: str, separators: str) -> Block:
    cut = re.compile(f"[{re.escape(separators)}]")
    places: list[int] = []
    parts: list[Any] = []
    for place, value in enumerate(block.columns.get(column, ())):
        found = [part.strip() for part in cut.split(value) if part.strip()] if isinstance(value, str) else [value]
        places += [place] * len(found or [None])
        parts += found or [None]
    if len(places) == len(block.lines):
        return block
    split = replace(
        block,
        lines=[block.lines[place] for place in places],
        columns={name: [values[place] for place in places] for name, values in block.columns.items()},
    )
    split.columns[column] = parts
    return split


def mapped_fields(mapping: TableMapping, columns: dict[str, list[Any]], count: int) -> Fields:
    """The fields of ``count`` rows by name; fields for which no row can have a value may be left out."""
    fields: Fields = {}
    pairs = mapping.columns.items() if mapping.columns else ((name, name) for name in field_names(mapping.table))
    for column, field in pairs:
        if column in columns:
            fields[field] = _first_present(columns[column], fields.get(field))
    for field, names in mapping.first_of.items():
        for name in reversed(names):
            if (folded := column_name(name)) in columns:
                fields[field] = _first_present(columns[folded], fields.get(field))
    for field, pieces in mapping.templates.items():
        _set(fields, field, _combined(pieces, columns, count))
    for field, constant in mapping.constants.items():
        fields[field] = _first_present(fields[field], [constant] * count) if field in fields else [constant] * count
    for field, renamed in mapping.values.items():
        _change(fields, field, partial(_renamed, renamed))
    for field, form in mapping.identifiers.items():
        _change(fields, field, partial(_in_form, form))
    for field, separators in mapping.separators.items():
        _change(fields, field, partial(_parted, re.compile(f"[{re.escape(separators)}]")))
    for field, unit in mapping.lengths.items():
        _change(fields, field, partial(_in_seconds, unit))
    if mapping.duration_between is not None:
        for name, column in zip(BETWEEN, mapping.duration_between, strict=True):
            fields[name] = columns.get(column_name(column), [None] * count)
    for field, end in mapping.end_after.items():
        fields[length_of(field)] = columns.get(column_name(end.length), [None] * count)
    return fields


def _set(fields: Fields, field: str, values: list[Any]) -> None:
    fields[field] = _first_present(values, fields.get(field))


def _first_present(values: list[Any], others: list[Any] | None) -> list[Any]:
    if others is None or None not in values:
        return values
    return [other if value is None else value for value, other in zip(values, others, strict=True)]


def _combined(pieces: Sequence[tuple[str, str | None]], columns: dict[str, list[Any]], count: int) -> list[Any]:
    named = [column for _, column in pieces if column]
    if any(column not in columns for column in named):
        return [None] * count
    template = "".join(text.replace("%", "%%") + ("%s" if column else "") for text, column in pieces)
    rows = zip(*(columns[column] for column in named), strict=True)
    return [None if None in row else template % row for row in rows]


def _renamed(names: Mapping[str, str], value: Any) -> Any:
    return names.get(str(value), names.get("*", value))


def _in_form(form: IdentifierForm, value: Any) -> Any:
    return badge_as(form, value) if isinstance(value, str) else value


def _parted(separator: re.Pattern[str], value: Any) -> Any:
    return separator.sub(";", value) if isinstance(value, str) else value


def _in_seconds(unit: LengthUnit, value: Any) -> Any:
    """Seconds; what is no such length stays a text, for the row to refuse."""
    try:
        return length_from(value, unit).total_seconds()
    except LengthRefused:
        return str(value)


def _change(fields: Fields, field: str, change: Callable[[Any], Any]) -> None:
    """Changes the values of a field, each different text once."""
    if field not in fields:
        return
    known: dict[Any, Any] = {None: None}
    changed = []
    for value in fields[field]:
        if not isinstance(value, str) and value is not None:
            changed.append(change(value))
            continue
        if value not in known:
            known[value] = change(value)
        changed.append(known[value])
    fields[field] = changed


def badge_as(form: IdentifierForm, text: str) -> str:
    """An identifier, or each of several, in the form that the roster has."""
    return "".join(part if part in _MARKS else _one_badge(form, part) for part in re.split(r"([;|,/&])", text))


_MARKS = frozenset(";|,/&")


def _one_badge(form: IdentifierForm, text: str) -> str:
    badge = text.strip()
    badge = badge.upper() if form.upper_case else badge
    for prefix in form.without_prefixes:
        if badge.casefold().startswith(prefix.casefold()) and len(badge) > len(prefix):
            badge = badge[len(prefix) :].lstrip(" -#.:")
            break
    if form.without_leading_zeros:
        badge = badge.lstrip("0") or badge[-1:]
    return badge.zfill(form.digits) if form.digits and badge.isdigit() else badge
