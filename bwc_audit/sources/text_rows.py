"""From the bytes of a record file to rows of cells, line by line, over ranged reads.

Decides what is a row and what is damage: a damaged row is handed on as damaged, with its line, and reading goes on.
Knows nothing of fields. Files are read in blocks and never held whole.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bwc_audit.domain.records import RejectReason
from bwc_audit.errors import ObjectStoreError
from bwc_audit.objects.contract import ObjectStat, ObjectStore

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Bytes of one ranged read, and the longest line that is taken (characters).
BLOCK_BYTES = 4 << 20
LINE_LIMIT = 1 << 20


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


class _Lines:
    """Lines of a text with their number; remembers the last line that was damaged."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0
        self.damaged_line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LINE_LIMIT + 1)
        if not line:
            raise StopIteration
        if len(line) > LINE_LIMIT:
            detail = f"line {self.number + 1} is longer than {LINE_LIMIT} characters; the rest of the file was not read"
            raise FileRefused(RejectReason.TOO_LARGE, detail)
        self.number += 1
        if "\x00" in line or not is_clean(line):
            self.damaged_line = self.number
        return line


def is_clean(text: str) -> bool:
    """Whether a text holds characters only (no undecodable bytes)."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def csv_rows(text: io.TextIOWrapper, delimiter: str) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The folded column names of a CSV file, and its rows. Raises ``FileRefused`` where it has no usable first line."""
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
    return header, _csv_body(reader, lines, header)


def _csv_body(reader: Iterator[list[str]], lines: _Lines, header: tuple[str, ...]) -> Iterator[Row]:
    width = len(header)
    while True:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            detail = f"lines {first} to {lines.number} are no CSV row: {fault}"
            yield Row(first, {}, Damage(RejectReason.NOT_CSV, detail))
            continue
        if lines.damaged_line >= first:
            yield Row(first, {}, Damage(RejectReason.BAD_VALUE, "the row is not readable text", ",".join(cells)))
        elif len(cells) != width:
            if cells:
                detail = f"the row has {len(cells)} cells, the file has {width} columns"
                yield Row(first, {}, Damage(RejectReason.NOT_CSV, detail, ",".join(cells)))
        else:
            yield Row(first, dict(zip(header, cells, strict=True)))


def jsonl_rows(text: io.TextIOWrapper) -> Iterator[Row]:
    """The rows of a file with one JSON object a line; blank lines are passed over."""
    lines = _Lines(text)
    for line in lines:
        if line.isspace():
            continue
        if lines.damaged_line == lines.number:
            yield Row(lines.number, {}, Damage(RejectReason.BAD_VALUE, "the row is not readable text", line))
        else:
            yield json_row(line, lines.number)


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
