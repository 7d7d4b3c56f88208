"""How foreign exports become the project's rows: mapping files (``bwc-mapping/1``, YAML), no code.

A mapping lists tables; each says which files it reads, which column is which field, and what must be known beside the
file: zone, rounding of times, constants, values to be renamed. The shipped mapping ``default`` reads the project's own
layout; its tables stand behind those of any other mapping, for the files that one does not name.
What a mapping cannot know: whether an agency's column means what its name says. That is checked by a person.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from bwc_audit.domain.times import HOUR_US, MINUTE_US, SECOND_US
from bwc_audit.errors import ConfigurationError
from bwc_audit.sources.lengths import LengthUnit
from bwc_audit.sources.rows import field_names, length_fields, list_fields, time_fields

TableName = Literal["footage", "incidents", "assignments", "officers", "devices", "holders", "exemptions", "device_events"]
Encoding = Literal["utf-8", "cp1252", "latin-1"]
_PRECISION_UNITS_US = {"us": 1, "ms": 1000, "s": SECOND_US, "min": MINUTE_US, "h": HOUR_US}


def precision_us_of(text: str) -> int:
    """Microseconds of a rounding written ``1s``, ``1min``, ``500ms``, ``1h``. Raises ``ValueError``."""
    match = re.fullmatch(r"([1-9]\d{0,5})\s*(us|ms|s|min|h)", text.strip())
    if match is None:
        raise ValueError("precision is written as 1s, 1min, 500ms or 1h")
    return int(match[1]) * _PRECISION_UNITS_US[match[2]]


def _checked_precision(text: str) -> str:
    precision_us_of(text)
    return text


def _checked_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise ValueError(f"{name} is no IANA time zone (such as America/Chicago)") from fault
    return name


Precision = Annotated[str, AfterValidator(_checked_precision)]
ZoneName = Annotated[str, AfterValidator(_checked_zone)]


def column_name(text: str) -> str:
    """Column names are compared without case and surrounding blanks."""
    return text.strip().casefold()


def glob_pattern(glob: str) -> re.Pattern[str]:
    """``**/`` any folders, ``*`` anything but ``/``, ``?`` one character but ``/``; case matters in folders only."""
    pattern = re.escape(glob).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
    return re.compile(pattern.replace(r"\*", "[^/]*").replace(r"\?", "[^/]"), re.IGNORECASE)


class RowForEach(BaseModel):
    """A cell that names several (units, officers): the row counts once for each part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    separators: Annotated[str, Field(min_length=1, max_length=10)] = "/;|,"


class IdentifierForm(BaseModel):
    """How identifiers of a foreign system are brought into the form of the roster: ``PC-00452`` to ``452``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    without_prefixes: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    without_leading_zeros: bool = False
    digits: Annotated[int, Field(ge=1, le=20)] | None = None
    upper_case: bool = False


class EndAfter(BaseModel):
    """An end that is not written itself: the time of field ``start`` and the length in column ``length``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: str
    length: str
    unit: LengthUnit = "s"


class MappingPlace(NamedTuple):
    """Where a table stands in its mapping file: the line of the table, and of each (folded) column that it names."""

    file: str = ""
    line: int = 0
    columns: dict[str, int] = {}  # noqa: RUF012 - a default that nobody changes

    def of(self, column: str) -> str:
        """``our-cad.yaml line 14``, or nothing where the mapping is not a file."""
        line = self.columns.get(column, self.line)
        return f"{self.file} line {line}" if line else self.file


class TableMapping(BaseModel):
    """How one kind of file becomes rows of one table. Without ``columns`` the columns are the fields themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    _place: MappingPlace = PrivateAttr(default_factory=MappingPlace)

    table: TableName
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    combined: dict[str, str] = {}
    first_of: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    values: dict[str, dict[str, str]] = {}
    identifiers: dict[str, IdentifierForm] = {}
    separators: dict[str, Annotated[str, Field(min_length=1, max_length=10)]] = {}
    where: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    row_for_each: RowForEach | None = None
    rows_may_repeat: bool = False
    duration_between: tuple[str, str] | None = None
    end_after: dict[str, EndAfter] = {}
    lengths: dict[str, LengthUnit] = {}
    optional: tuple[str, ...] = ()
    timezone: ZoneName | None = None
    precision: Precision | None = None
    time_format: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Encoding = "utf-8"

    @field_validator("columns")
    @classmethod
    def _fold_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        return {column_name(column): field for column, field in columns.items()}

    @model_validator(mode="after")
    def _check_fields(self) -> TableMapping:
        known = set(field_names(self.table))
        named = [*self.columns.values(), *self.constants, *self.combined, *self.first_of, *self.values]
        named += [
            *self.identifiers,
            *self.separators,
            *self.lengths,
            *self.end_after,
            *(each.start for each in self.end_after.values()),
        ]
        unknown = sorted(set(named) - known)
        if unknown:
            raise ValueError(f"{self.table} has no field {', '.join(unknown)}")
        for field, template in self.combined.items():
            try:
                names = [name for _, name, _, _ in Formatter().parse(template)]
            except ValueError as fault:
                raise ValueError(f"combined {field}: {fault}") from fault
            if "" in names or not any(names):
                raise ValueError(f"combined {field}: name the columns, as in '{{date}} {{time}}'")
        if self.duration_between and self.table != "footage":
            raise ValueError("duration_between is for footage only")
        no_times = sorted(
            {*self.end_after, *(each.start for each in self.end_after.values())} - set(time_fields(self.table))
        )
        if no_times:
            raise ValueError(f"end_after is for times; {', '.join(no_times)} is none")
        no_lengths = sorted(set(self.lengths) - set(length_fields(self.table)))
        if no_lengths:
            raise ValueError(f"lengths is for lengths; {', '.join(no_lengths)} is none")
        no_lists = sorted(set(self.separators) - set(list_fields(self.table)))
        if no_lists:
            raise ValueError(f"separators are for lists; {', '.join(no_lists)} is none")
        return self

    def matches(self, key: str) -> bool:
        return any(pattern.fullmatch(key) for pattern in self._patterns)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(glob_pattern(glob) for glob in self.files)

    @cached_property
    def templates(self) -> dict[str, tuple[tuple[str, str | None], ...]]:
        """Field to the pieces of its template: a literal text and the (folded) column that follows it."""
        return {
            field: tuple((text, column_name(name) if name else None) for text, name, _, _ in Formatter().parse(template))
            for field, template in self.combined.items()
        }

    def columns_named(self) -> frozenset[str]:
        """The folded columns that the mapping names."""
        named = set(self.columns)
        named.update(name for pieces in self.templates.values() for _, name in pieces if name)
        named.update(column_name(name) for names in self.first_of.values() for name in names)
        named.update(column_name(name) for name in self.duration_between or ())
        named.update(column_name(name) for name in self.where)
        named.update(column_name(each.length) for each in self.end_after.values())
        named.update(column_name(each.column) for each in (self.row_for_each,) if each is not None)
        return frozenset(named)

    def columns_needed(self) -> frozenset[str]:
        """The folded columns that are used; all others are counted as ignored."""
        return self.columns_named() | (frozenset() if self.columns else frozenset(field_names(self.table)))

    def columns_absent(self, header: Collection[str]) -> list[str]:
        """The columns that the mapping names, that a file with ``header`` does not have, and that may not be left out.

        Of several for one field (``first_of``, or two columns of ``columns``) one is enough.
        """
        replaceable = [[column_name(name) for name in names] for names in self.first_of.values()]
        fields = Counter(self.columns.values())
        replaceable += [[name for name, to in self.columns.items() if to == field] for field, n in fields.items() if n > 1]
        excused = {column_name(name) for name in self.optional}
        for names in replaceable:
            if any(name in header for name in names):
                excused.update(names)
        return sorted(name for name in self.columns_named() if name not in header and name not in excused)

    @property
    def place(self) -> MappingPlace:
        """Where the table stands in its mapping file."""
        return self._place


class Mapping(BaseModel):
    """A whole mapping file. ``timezone`` and ``precision`` hold for every table that states none of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)

    schema_: Annotated[Literal["bwc-mapping/1"], Field(alias="schema")]
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: str = ""
    timezone: ZoneName | None = None
    precision: Precision | None = None
    tables: tuple[TableMapping, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """Identity of the mapping's meaning: a file must be read again when it changes."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()

    def tables_for(self, key: str) -> tuple[MappedTable, ...]:
        """The tables a file is read into: those of this mapping that name it, else the default one; none: not ours."""
        found: dict[str, TableMapping] = {}
        for table in self.tables:
            if table.table not in found and table.matches(key):
                found[table.table] = table
        if not found:
            found = {table.table: table for table in _default_tables() if table.matches(key)}
        return tuple(self._with_defaults(table) for table in found.values())

    def all_tables(self) -> tuple[MappedTable, ...]:
        """The tables of this mapping, or the default ones where it has none."""
        return tuple(self._with_defaults(table) for table in self.tables or _default_tables())

    def _with_defaults(self, table: TableMapping) -> MappedTable:
        zone = table.timezone or self.timezone
        precision = table.precision or self.precision or "1s"
        return MappedTable(table, ZoneInfo(zone) if zone else None, precision_us_of(precision))


@dataclass(frozen=True, slots=True)
class MappedTable:
    """A table mapping with its zone (None: times must carry their own) and rounding settled."""

    mapping: TableMapping
    zone: ZoneInfo | None
    precision_us: int


def read_mapping(text: str, where: str) -> Mapping:
    """The mapping written in YAML ``text``. Raises ``ConfigurationError`` naming ``where`` and the setting."""
    try:
        tree = yaml.compose(text, yaml.SafeLoader)
        mapping = Mapping.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as fault:
        raise ConfigurationError(f"{where} is not YAML: {fault}") from fault
    except ValidationError as fault:
        problems = "; ".join(
            f"line {line_of(tree, error['loc'])}: {'.'.join(map(str, error['loc'])) or 'file'}: {error['msg']}"
            for error in fault.errors()
        )
        raise ConfigurationError(f"{where} is no mapping (bwc-mapping/1): {problems}") from fault
    for number, table in enumerate(mapping.tables):
        table._place = MappingPlace(where, *_table_lines(tree, number))
    return mapping


def line_of(tree: yaml.Node | None, path: Sequence[str | int]) -> int:
    """The line (from 1) of the deepest part of ``path`` that the YAML text holds."""
    line = 1 if tree is None else tree.start_mark.line + 1
    for part in path:
        if isinstance(tree, yaml.MappingNode):
            found = next(((key, value) for key, value in tree.value if key.value == part), None)
            if found is None:
                break
            line, tree = found[0].start_mark.line + 1, found[1]
        elif isinstance(tree, yaml.SequenceNode) and isinstance(part, int) and part < len(tree.value):
            tree = tree.value[part]
            line = tree.start_mark.line + 1
        else:
            break
    return line


def _table_lines(tree: yaml.Node | None, number: int) -> tuple[int, dict[str, int]]:
    """The line of a table, and those of all texts in it by their folded form (columns among them)."""
    tables = next((value for key, value in tree.value if key.value == "tables"), None) if tree is not None else None
    lines: dict[str, int] = {}
    if tables is None:
        return 1, lines
    waiting = [tables.value[number]]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            line = node.start_mark.line + 1
            for text in {node.value, *re.findall(r"{([^{}]*)}", node.value)}:
                lines[column_name(text)] = min(line, lines.get(column_name(text), line))
        else:
            waiting += [part for each in node.value for part in (each if isinstance(each, tuple) else (each,))]
    return line_of(tree, ("tables", number)), lines


def load_mapping(name_or_path: str = "default") -> Mapping:
    """A shipped mapping by name, or any other by the path of its YAML file. Raises ``ConfigurationError``."""
    if re.fullmatch(r"[a-z0-9_]+", name_or_path):
        shipped = resources.files("bwc_audit") / "mappings" / f"{name_or_path}.yaml"
        if shipped.is_file():
            return read_mapping(shipped.read_text("utf-8"), f"mapping {name_or_path}")
    path = Path(name_or_path)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        names = ", ".join(shipped_mappings())
        raise ConfigurationError(f"no mapping {name_or_path}: give a YAML file, or one of {names}") from fault
    return read_mapping(text, str(path))


def shipped_mappings() -> tuple[str, ...]:
    """The names of the mappings that come with the program, sorted."""
    folder = resources.files("bwc_audit") / "mappings"
    return tuple(sorted(each.name.removesuffix(".yaml") for each in folder.iterdir() if each.name.endswith(".yaml")))


@lru_cache(maxsize=1)
def _default_tables() -> tuple[TableMapping, ...]:
    return load_mapping("default").tables
