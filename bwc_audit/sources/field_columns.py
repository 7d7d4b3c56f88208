"""Whether the values of a whole column can stand: what a row model says of a field, asked of many values at once.

The rules are those of the row models, read from their constraints (``rows``); nothing is stated a second time. A column is
first looked at as a whole, since real columns are good or nearly so; only where that fails is each value looked at. A value
that is not surely good is never refused here: its row is left to the row model, which decides and says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from bwc_audit.sources.rows import ROW_MODELS, SCHEMA_OF_TABLE, SEPARATORS, time_fields

#: Numbers that every reader of numbers takes for the same: digits, and a point between them.
_PLAIN_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
_PLAIN_COUNT = r"(?:0|[1-9][0-9]{0,17})"
_NEWLINE = "\n"


class ColumnRead(NamedTuple):
    """The values that stand (None: none), and the places that are left to the row model."""

    values: list[Any]
    left: list[int]


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field of a row model: ``name`` as written in files, ``attribute`` of the model, and how its column is read."""

    name: str
    attribute: str
    is_required: bool
    default: Any
    is_time: bool
    read: Callable[[Sequence[Any]], ColumnRead]


@lru_cache(maxsize=16)
def field_rules(table: str) -> tuple[FieldRule, ...]:
    """The rules of a table's fields, in the order of its schema."""
    times = time_fields(table)
    rules = []
    for attribute, field in ROW_MODELS[SCHEMA_OF_TABLE[table]].model_fields.items():
        name = field.alias or attribute
        reader = _reader_of(field)
        rules.append(FieldRule(name, attribute, field.is_required(), field.get_default(), name in times, reader))
    return tuple(rules)


def _reader_of(field: FieldInfo) -> Callable[[Sequence[Any]], ColumnRead]:
    kind, metadata = _plain_kind(field.annotation, list(field.metadata))
    if kind is str:
        return partial(_texts, longest=_stated(metadata, "max_length"), pattern=_stated(metadata, "pattern"))
    if kind in (float, int):
        shape = re.compile(f"(?:{_PLAIN_NUMBER if kind is float else _PLAIN_COUNT}\n)*")
        bounds = {name: _stated(metadata, name) for name in ("gt", "ge", "lt", "le")}
        return partial(_numbers, kind=kind, shape=shape, bounds=bounds)
    if get_origin(kind) is tuple:
        each, part = _plain_kind(get_args(kind)[0], [])
        assert each is str  # noqa: S101 - all lists of the models are of texts
        longest = _stated(part, "max_length")
        whole: Any = Annotated[kind, *metadata] if metadata else kind
        adapter: TypeAdapter[Any] = TypeAdapter(whole, config=ConfigDict(coerce_numbers_to_str=True))
        return partial(_lists, longest=longest, adapter=adapter)
    if kind is bool or (isinstance(kind, type) and issubclass(kind, Enum)):
        return partial(_each_different, adapter=TypeAdapter(Annotated[kind, *metadata] if metadata else kind))
    return lambda values: ColumnRead([None] * len(values), [at for at, value in enumerate(values) if value is not None])


def _plain_kind(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    """A field's type without ``| None`` and ``Annotated``, and all constraints on it."""
    options = [each for each in get_args(annotation) if each is not type(None)]
    if len(options) == 1 and get_origin(annotation) is not tuple:
        annotation = options[0]
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*metadata, *more]
    flat = [part for each in metadata for part in (each.metadata if isinstance(each, FieldInfo) else [each])]
    return annotation, flat


def _stated(metadata: Sequence[Any], name: str) -> Any:
    return next((found for each in metadata if (found := getattr(each, name, None)) is not None), None)


def _texts(values: Sequence[Any], longest: int | None, pattern: str | None) -> ColumnRead:
    """Texts of printable characters only, which the open patterns of the models (no control characters) never refuse;
    a pattern that states the length too is asked itself."""
    present = _present(values)
    try:
        joined = "".join(present)
    except TypeError:  # numbers, lists and the like, out of JSON
        values = [str(value) if type(value) is int else value for value in values]
        present, joined = _present(values), _NEWLINE
    if longest is None:
        shape = re.compile(f"(?:{(pattern or '').removeprefix('^').removesuffix('$')}\n)*")
        is_good = _is_shaped(present, shape)
        left = [] if is_good else _others(values, lambda text: shape.fullmatch(text + _NEWLINE) is not None)
        return ColumnRead(list(values), left)
    if joined.isprintable() and (len(joined) <= longest or max(map(len, present)) <= longest):
        return ColumnRead(list(values), [])
    return ColumnRead(list(values), _others(values, lambda text: text.isprintable() and len(text) <= longest))


def _present(values: Sequence[Any]) -> Sequence[Any]:
    return [value for value in values if value is not None] if None in values else values


def _others(texts: Sequence[Any], is_good: Callable[[str], bool]) -> list[int]:
    return [at for at, text in enumerate(texts) if text is not None and not (type(text) is str and is_good(text))]


def _lists(values: Sequence[Any], longest: int, adapter: TypeAdapter[Any]) -> ColumnRead:
    """Lists: a column in which nothing parts values is one of single values, any other is asked for each different text."""
    try:
        has_single = SEPARATORS.search("".join(_present(values))) is None
    except TypeError:  # lists and numbers, out of JSON
        has_single = False
    if has_single:
        texts, left = _texts(values, longest, None)
        return ColumnRead([None if text is None else (text,) for text in texts], left)
    return _each_different(values, adapter)


def _numbers(values: Sequence[Any], kind: type[Any], shape: re.Pattern[str], bounds: dict[str, Any]) -> ColumnRead:
    present = _present(values)
    if not present:
        return ColumnRead(list(values), [])
    left: list[int] = []
    if not _is_shaped(present, shape):
        values = [repr(value) if type(value) in (int, float) else value for value in values]
        left = _others(values, lambda text: shape.fullmatch(text + _NEWLINE) is not None)
        unread = frozenset(left)
        values = [None if at in unread else text for at, text in enumerate(values)]
    read = list(map(kind, values)) if None not in values else [None if text is None else kind(text) for text in values]
    numbers = np.array(read if None not in read else [np.nan if each is None else each for each in read], np.float64)
    outside = np.zeros(len(read), np.bool_)
    for name, is_outside in (("gt", np.less_equal), ("ge", np.less), ("lt", np.greater_equal), ("le", np.greater)):
        if bounds[name] is not None:
            outside |= is_outside(numbers, bounds[name])
    return ColumnRead(read, sorted((*left, *np.flatnonzero(outside).tolist())))


def _is_shaped(texts: Sequence[Any], shape: re.Pattern[str]) -> bool:
    try:
        return shape.fullmatch(_NEWLINE.join(texts) + _NEWLINE) is not None
    except TypeError:
        return False


def _each_different(values: Sequence[Any], adapter: TypeAdapter[Any]) -> ColumnRead:
    """Asks the model's own rule for each different value."""
    known: dict[Any, Any] = {}
    read: list[Any] = []
    left: list[int] = []
    for at, value in enumerate(values):
        if value is None:
            read.append(None)
            continue
        key = value if type(value) is str else _key_of(value)
        if key not in known:
            known[key] = _asked(adapter, value)
        if known[key] is None:
            left.append(at)
        read.append(known[key])
    return ColumnRead(read, left)


def _key_of(value: Any) -> tuple[str, str]:
    return type(value).__name__, repr(value)


def _asked(adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None
