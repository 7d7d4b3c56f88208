"""A block of CSV without quotes, cut into columns by a columnar reader.

Without a quote every line stands for itself: it is a row where it has as many delimiters as the first line of the file,
and nothing else can be meant. Whatever is not that plain (quotes, NUL, undecodable bytes, line ends of old systems,
characters that Python and the reader trim differently) is left to the reader of quoted text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: Quote, NUL, the byte order mark, and separators that ``str.strip`` takes for blanks and the columnar reader does not.
_NOT_PLAIN = ('"', "\x00", "\ufeff", "\x1c", "\x1d", "\x1e", "\x1f")
_NEWLINE = 10


@dataclass(frozen=True, slots=True)
class PlainTable:
    """Lines of which those marked in ``is_row`` are rows; ``ragged``: place and cells of those with another width."""

    content: bytes
    delimiter: str
    width: int
    is_row: npt.NDArray[np.bool_]
    ragged: list[tuple[int, list[str]]]

    def rows_at(self) -> npt.NDArray[np.int64]:
        """The places (from 0) of the rows among the lines."""
        return np.flatnonzero(self.is_row)

    def columns(self, needed: dict[int, str]) -> dict[str, list[Any]]:
        """The needed columns by name: texts without outer blanks, None where nothing is left."""
        if not needed or not self.is_row.any():
            return {name: [] for name in needed.values()}
        import polars as pl  # only whoever reads files loads it (0.13 s)

        read = pl.read_csv(
            self.content,
            has_header=False,
            separator=self.delimiter,
            quote_char=None,
            columns=sorted(needed),
            new_columns=[needed[place] for place in sorted(needed)],
            infer_schema=False,
        )
        texts = [pl.col(name).str.strip_chars() for name in read.columns]
        trimmed = read.select(pl.when(text.str.len_bytes() > 0).then(text) for text in texts)
        return {name: trimmed[name].to_list() for name in trimmed.columns}


def plain_table(block: str, delimiter: str, width: int, longest: int) -> PlainTable | None:
    """The table that ``block`` is, or None where it is not plain or has a line of more than ``longest`` bytes."""
    if width < 2 or not delimiter.isascii() or any(character in block for character in _NOT_PLAIN):
        return None
    if block.count("\r") != block.count("\r\n"):
        return None
    try:
        content = block.replace("\r\n", "\n").encode()
    except UnicodeEncodeError:
        return None
    content = content if content.endswith(b"\n") else content + b"\n"
    letters = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(letters == _NEWLINE)
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.max() > longest:
        return None
    cuts = np.diff(np.searchsorted(np.flatnonzero(letters == ord(delimiter)), ends), prepend=0)
    is_row = cuts == width - 1
    ragged = []
    for place in np.flatnonzero(~is_row & (lengths > 0)).tolist():
        line = content[ends[place] - lengths[place] : ends[place]].decode()
        ragged.append((place, line.split(delimiter)))
    if not is_row.all():
        content = letters[np.repeat(is_row, lengths + 1)].tobytes()
    return PlainTable(content, delimiter, width, is_row, ragged)
