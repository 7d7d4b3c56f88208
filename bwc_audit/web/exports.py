"""A whole list as a file, written while it is read: nothing of its size is held in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastapi.responses import StreamingResponse

from bwc_audit.store.bulk import chunks

_MANY = 500


def as_csv(name: str, documents: Iterable[Any], table: Callable[[list[Any]], str]) -> StreamingResponse:
    """``table`` writes some documents with a heading; only the first heading is kept."""
    return _file(f"{name}.csv", "text/csv; charset=utf-8", _csv_parts(documents, table))


def as_json(name: str, documents: Iterable[Any]) -> StreamingResponse:
    """An array, an element a line."""
    return _file(f"{name}.json", "application/json", _json_parts(documents))


def _file(name: str, kind: str, parts: Iterator[str]) -> StreamingResponse:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(parts, media_type=kind, headers=headers)


def _csv_parts(documents: Iterable[Any], table: Callable[[list[Any]], str]) -> Iterator[str]:
    yield table([])
    for chunk in chunks(documents, _MANY):
        yield table(chunk).split("\n", 1)[1]


def _json_parts(documents: Iterable[Any]) -> Iterator[str]:
    separator = "["
    for document in documents:
        yield separator + json.dumps(document, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator == "[" else "]\n"
