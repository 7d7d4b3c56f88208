"""What lies in a source, by path: videos, record files to read, and everything else.

Everything listed is one of the three: nothing falls through. Knows nothing of contents; which tables a file is read into
is the mapping's word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bwc_audit.domain.records import StoredObject
from bwc_audit.objects.contract import ObjectStat, ObjectStore
from bwc_audit.sources.mapping import MappedTable, Mapping, load_mapping

#: Raise it when the same bytes give other records: known files are then read again.
READER_VERSION = "2"

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".avi", ".ts")
FOOTAGE_FOLDER = "footage/"


class FileRole(StrEnum):
    """How a record file is laid out: one JSON object, one a line, or CSV."""

    SIDECAR = "sidecar"
    JSON_LINES = "json_lines"
    CSV = "csv"


_ROLE_OF_SUFFIX = {".json": FileRole.SIDECAR, ".jsonl": FileRole.JSON_LINES, ".csv": FileRole.CSV}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One record file. ``identity`` changes whenever reading it again could give other records: content, mapping,
    reader, or the video that lies beside a sidecar."""

    stat: ObjectStat
    role: FileRole
    tables: tuple[MappedTable, ...]
    sibling_video: str | None
    identity: str

    @property
    def key(self) -> str:
        return self.stat.key


@dataclass(frozen=True, slots=True)
class SourceListing:
    """All that lies in a source: videos, files to read, and the keys of everything else."""

    uri: str
    videos: tuple[StoredObject, ...]
    files: tuple[SourceFile, ...]
    ignored: tuple[str, ...]


def list_source_files(store: ObjectStore, mapping: Mapping | None = None) -> SourceListing:
    """Lists and classifies a whole source, in ascending order of key. Raises ``ObjectStoreError`` and its kinds."""
    mapping = mapping or load_mapping()
    stats = list(store.list_objects())
    videos = {stat.key: stat for stat in stats if _is_video(stat.key)}
    siblings = _first_by_stem(videos)
    files: list[SourceFile] = []
    ignored: list[str] = []
    for stat in stats:
        if stat.key in videos:
            continue
        role = role_of(stat.key)
        tables = mapping.tables_for(stat.key) if role is not None else ()
        if role is None or not tables:
            ignored.append(stat.key)
            continue
        sibling = siblings.get(_stem(stat.key)) if role is FileRole.SIDECAR else None
        files.append(SourceFile(stat, role, tables, sibling, _identity(stat, mapping, sibling)))
    objects = tuple(StoredObject(each.key, each.size_bytes, each.etag, each.modified_us) for each in videos.values())
    return SourceListing(store.uri, objects, tuple(files), tuple(ignored))


def role_of(key: str) -> FileRole | None:
    """How a record file is laid out, by its name; None: it is none."""
    return _ROLE_OF_SUFFIX.get(_suffix(key))


def _identity(stat: ObjectStat, mapping: Mapping, sibling: str | None) -> str:
    parts = (stat.key, stat.etag, str(stat.size_bytes), mapping.sha256, sibling or "", READER_VERSION)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _suffix(key: str) -> str:
    name = key.rpartition("/")[2]
    return ("." + name.rpartition(".")[2].lower()) if "." in name else ""


def _stem(key: str) -> str:
    return key[: len(key) - len(_suffix(key))]


def _is_video(key: str) -> bool:
    return key.startswith(FOOTAGE_FOLDER) and _suffix(key) in VIDEO_SUFFIXES


def _first_by_stem(videos: Iterable[str]) -> dict[str, str]:
    """Stem to video; of several beside one sidecar the one whose suffix comes first in ``VIDEO_SUFFIXES``."""
    first: dict[str, str] = {}
    for key in sorted(videos, key=lambda each: (VIDEO_SUFFIXES.index(_suffix(each)), each)):
        first.setdefault(_stem(key), key)
    return first
