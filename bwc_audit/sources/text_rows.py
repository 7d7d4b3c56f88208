"""From the bytes of a record file to rows of cells, block by block, over ranged reads.

Decides what is a row and what is damage: a damaged row is handed on as damaged, with its line, and reading goes on.
A block without quotes is cut by a columnar reader, any other by the rules of quoting; both give the same rows.
Knows nothing of fields. Files are never held whole.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bwc_audit.domain.records import RejectReason
from bwc_audit.errors import ObjectStoreError
from bwc_audit.objects.contract import ObjectStat, ObjectStore
from bwc_audit.sources.plain_table import plain_table

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Bytes of one ranged read, and the longest line that is taken (characters).
BLOCK_BYTES = 4 << 20
LINE_LIMIT = 1 << 20

#: Characters, and JSON objects, that are read side by side: some 30,000 rows, so that memory does not grow with the file.
BLOCK_CHARS = 8 << 20
BLOCK_OBJECTS = 30_000


class FileRefused(Exception):  # noqa: N818 - no fault of the program: the file is kept as rejected
    """The file cannot be read (further); ``detail`` says why. Kept as a rejected row of line 0."""

    def __init__(self, reason: RejectReason, detail: str, field: str = "", text: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.field = field
        self.text = text


@dataclass(frozen=True, slots=True)
class Damage:
    """Why a line is no row."""

    reason: RejectReason
    detail: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by folded column name, and the line it starts on (1-based)."""

    line: int
    cells: dict[str, object]
    damage: Damage | None = None


class _RangedFile(io.RawIOBase):
    """An object as a file that is read forward in ranges; a change of size while reading is a store fault."""

    def __init__(self, store: ObjectStore, stat: ObjectStat) -> None:
        super().__init__()
        self._store = store
        self._stat = stat
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        wanted = min(len(view), self._stat.size_bytes - self._position)
        if wanted <= 0:
            return 0
        block = self._store.read_range(self._stat.key, self._position, wanted)
        if len(block) < wanted:
            raise ObjectStoreError(f"{self._store.uri}/{self._stat.key} became shorter while it was read; try again")
        view[:wanted] = block
        self._position += wanted
        return wanted


def open_text(store: ObjectStore, stat: ObjectStat, encoding: str) -> io.TextIOWrapper:
    """The object as text, read in blocks. Undecodable bytes become lone surrogates and are judged line by line.

    Raises ``FileRefused`` for UTF-16 (how spreadsheets save "Unicode text").
    """
    raw = io.BufferedReader(_RangedFile(store, stat), buffer_size=BLOCK_BYTES)
    if raw.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileRefused(RejectReason.BAD_VALUE, "the file is UTF-16; save it as UTF-8")
    exact = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(raw, encoding=exact, errors="surrogateescape", newline="")


@dataclass(frozen=True, slots=True)
class Block:
    """Many rows side by side: by folded column name the values of all rows (texts without outer blanks; None: empty),
    and the line each row starts on. ``damaged`` lines are rows too, without values."""

    lines: list[int]
    columns: dict[str, list[Any]]
    damaged: list[Row]


class _Lines:
    """Lines of a text with their number, also a block of whole lines at a time; remembers the last damaged line."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._block = io.StringIO(newline="")
        self._block_end = 0
        self.number = 0
        self.damaged_line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._block.readline(LINE_LIMIT + 1) if self.is_in_block else self._text.readline(LINE_LIMIT + 1)
        if not line:
            raise StopIteration
        if len(line) > LINE_LIMIT:
            detail = f"line {self.number + 1} is longer than {LINE_LIMIT} characters; the rest of the file was not read"
            raise FileRefused(RejectReason.TOO_LARGE, detail)
        self.number += 1
        if "\x00" in line or not is_clean(line):
            self.damaged_line = self.number
        return line

    @property
    def is_in_block(self) -> bool:
        """Whether lines of the block that was read ahead are left."""
        return self._block.tell() < self._block_end

    def next_block(self) -> str:
        """About ``BLOCK_CHARS`` of text that end with a line (of which too long a one may be a part only)."""
        text = self._text.read(BLOCK_CHARS)
        if text and not text.endswith("\n"):
            text += self._text.readline(LINE_LIMIT + 1)
        return text

    def take(self, block: str) -> None:
        """Let the lines of ``block`` be the next ones."""
        self._block = io.StringIO(block, newline="")
        self._block_end = len(block)


def is_clean(text: str) -> bool:
    """Whether a text holds characters only (no undecodable bytes)."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def csv_blocks(
    text: io.TextIOWrapper, delimiter: str, is_needed: Callable[[str], bool] = bool
) -> tuple[tuple[str, ...], Iterator[Block]]:
    """The folded column names of a CSV file, and its rows in blocks, with the columns that are needed.

    Raises ``FileRefused`` where it has no usable first line.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = tuple(name.strip().casefold() for name in next(reader))
    except StopIteration:
        raise FileRefused(RejectReason.EMPTY_FILE, "the file holds nothing, not even column names") from None
    except csv.Error as fault:
        raise FileRefused(RejectReason.NOT_CSV, f"the first line is no CSV: {fault}") from fault
    if lines.damaged_line:
        raise FileRefused(RejectReason.NOT_CSV, "the first line is not readable text")
    if not any(header):
        raise FileRefused(RejectReason.EMPTY_FILE, "the first line holds no column names")
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise FileRefused(RejectReason.NOT_CSV, f"column {doubled[0]} occurs twice", field=doubled[0])
    needed = {place: name for place, name in enumerate(header) if name and is_needed(name)}
    return header, _csv_body(reader, lines, delimiter, len(header), needed)


def _csv_body(
    reader: Iterator[list[str]], lines: _Lines, delimiter: str, width: int, needed: dict[int, str]
) -> Iterator[Block]:
    while text := lines.next_block():
        plain = plain_table(text, delimiter, width, min(LINE_LIMIT, csv.field_size_limit()))
        if plain is None:
            lines.take(text)
            yield _quoted_block(reader, lines, width, needed)
        else:
            first = lines.number + 1
            lines.number += len(plain.is_row)
            damaged = [_ragged(first + place, cells, width) for place, cells in plain.ragged]
            yield Block((plain.rows_at() + first).tolist(), plain.columns(needed), damaged)


def _quoted_block(reader: Iterator[list[str]], lines: _Lines, width: int, needed: dict[int, str]) -> Block:
    """The rows that start in the block that ``lines`` holds, read by the rules of quoting."""
    rows: list[list[str]] = []
    starts: list[int] = []
    damaged: list[Row] = []
    while lines.is_in_block:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as fault:
            detail = f"lines {first} to {lines.number} are no CSV row: {fault}"
            damaged.append(Row(first, {}, Damage(RejectReason.NOT_CSV, detail)))
            continue
        if lines.damaged_line >= first:
            damaged.append(Row(first, {}, Damage(RejectReason.BAD_VALUE, "the row is not readable text", ",".join(cells))))
        elif len(cells) == width:
            rows.append(cells)
            starts.append(first)
        elif cells:
            damaged.append(_ragged(first, cells, width))
    if not rows:
        return Block([], {name: [] for name in needed.values()}, damaged)
    turned = list(zip(*rows, strict=True))
    return Block(starts, {name: [cell.strip() or None for cell in turned[at]] for at, name in needed.items()}, damaged)


def _ragged(line: int, cells: list[str], width: int) -> Row:
    detail = f"the row has {len(cells)} cells, the file has {width} columns"
    return Row(line, {}, Damage(RejectReason.NOT_CSV, detail, ",".join(cells)))


def jsonl_blocks(text: io.TextIOWrapper, is_needed: Callable[[str], bool] = bool) -> Iterator[tuple[set[str], Block]]:
    """The rows of a file with one JSON object a line, in blocks, each with all names that its rows have.

    Blank lines are passed over.
    """
    lines = _Lines(text)
    is_over = False
    while not is_over:
        rows: list[Row] = []
        try:
            is_over = _take_json_lines(lines, rows)
        except FileRefused:
            yield block_of_rows(rows, is_needed)
            raise
        yield block_of_rows(rows, is_needed)


def _take_json_lines(lines: _Lines, rows: list[Row]) -> bool:
    """Adds the next lines to ``rows``; whether the text is over."""
    for line in lines:
        if line.isspace():
            continue
        if lines.damaged_line == lines.number:
            rows.append(Row(lines.number, {}, Damage(RejectReason.BAD_VALUE, "the row is not readable text", line)))
        else:
            rows.append(json_row(line, lines.number))
        if len(rows) == BLOCK_OBJECTS:
            return False
    return True


def block_of_rows(rows: Sequence[Row], is_needed: Callable[[str], bool] = bool) -> tuple[set[str], Block]:
    """Rows that stand each for itself, side by side; and all names that they have."""
    whole = [row for row in rows if row.damage is None]
    names = set().union(*(row.cells for row in whole))
    columns = {name: [present(row.cells.get(name)) for row in whole] for name in names if is_needed(name)}
    return names, Block([row.line for row in whole], columns, [row for row in rows if row.damage is not None])


def present(value: object) -> object | None:
    """A value as it is looked at: a text without outer blanks; None where nothing is left."""
    if isinstance(value, str):
        return value.strip() or None
    return value


def json_row(text: str, line: int) -> Row:
    """One JSON object as a row, or the damage that it is."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as fault:
        return Row(line, {}, Damage(RejectReason.NOT_JSON, f"not JSON: {str(fault)[:160]}", text[:200]))
    if not isinstance(content, dict):
        detail = f"a JSON object is expected, not {type(content).__name__}"
        return Row(line, {}, Damage(RejectReason.NOT_JSON, detail, text[:200]))
    return Row(line, {name.strip().casefold(): value for name, value in content.items()})
