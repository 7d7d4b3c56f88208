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
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from bwc_audit.sources.rows import ROW_MODELS, SCHEMA_OF_TABLE, time_fields

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
        longest = _stated(metadata, "max_length")
        pattern = _stated(metadata, "pattern")
        allowed = None if longest is not None else pattern
        return lambda values: _texts(values, longest or 0, allowed)
    if kind in (float, int):
        shape = re.compile(f"(?:{_PLAIN_NUMBER if kind is float else _PLAIN_COUNT}\n)*")
        bounds = {name: _stated(metadata, name) for name in ("gt", "ge", "lt", "le")}
        return lambda values: _numbers(values, kind, shape, bounds)
    if kind is bool or get_origin(kind) is tuple or (isinstance(kind, type) and issubclass(kind, Enum)):
        whole = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation  # type: ignore[valid-type]
        has_config = isinstance(kind, type) and issubclass(kind, Enum)
        config = None if has_config or kind is bool else ConfigDict(coerce_numbers_to_str=True)
        adapter: TypeAdapter[Any] = TypeAdapter(whole, config=config)
        return lambda values: _each_different(values, adapter)
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


def _texts(values: Sequence[Any], longest: int, pattern: str | None) -> ColumnRead:
    """Texts of printable characters only, which no pattern of the models refuses; a closed ``pattern`` is asked itself."""
    texts = [str(value) if type(value) is int else value for value in values]
    present = [text for text in texts if text is not None]
    try:
        joined = "".join(present)
    except TypeError:  # lists and the like, out of JSON
        joined = _NEWLINE
    if pattern is None:
        if joined.isprintable() and (len(joined) <= longest or max(map(len, present)) <= longest):
            return ColumnRead(texts, [])
        return ColumnRead(texts, _others(texts, lambda text: text.isprintable() and len(text) <= longest))
    is_whole = re.compile(pattern)
    return ColumnRead(texts, _others(texts, lambda text: is_whole.search(text) is not None and text.isprintable()))


def _others(texts: Sequence[Any], is_good: Callable[[str], bool]) -> list[int]:
    return [at for at, text in enumerate(texts) if text is not None and not (type(text) is str and is_good(text))]


def _numbers(values: Sequence[Any], kind: type[Any], shape: re.Pattern[str], bounds: dict[str, Any]) -> ColumnRead:
    texts = [repr(value) if type(value) in (int, float) else value for value in values]
    present = [text for text in texts if text is not None]
    if not present:
        return ColumnRead(texts, [])
    left = [] if _is_shaped(present, shape) else _others(texts, lambda text: shape.fullmatch(text + _NEWLINE) is not None)
    if left:
        unread = frozenset(left)
        texts = [None if at in unread else text for at, text in enumerate(texts)]
    read = [None if text is None else kind(text) for text in texts]
    numbers = np.array([np.nan if value is None else value for value in read], np.float64)
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
