"""Small sources written by the tests: files by key in a folder, and what reading them brings."""

from __future__ import annotations

import json
from collections.abc import Mapping as Mapped
from pathlib import Path

from bwc_audit.domain.records import RejectedRow
from bwc_audit.objects.folder import FolderStore
from bwc_audit.sources.mapping import Mapping, read_mapping
from bwc_audit.sources.read_source import FileRows, Limits, list_source_files, read_file

FOOTAGE = {
    "footage_id": "F1",
    "object_key": "footage/F1.mp4",
    "device_id": "D1",
    "media_started_at": "2025-05-25T20:00:00Z",
    "duration_s": 60.5,
}
INCIDENT = {"incident_id": "I1", "call_type": "THEFT", "opened_at": "2025-05-25T20:00:00Z"}
ASSIGNMENT = {"incident_id": "I1", "officer_id": "101", "on_scene_at": "2025-05-25T20:05:00Z"}


def read_one(
    folder: Path, key: str, content: str | bytes, mapping: Mapping | None = None, limits: Limits | None = None
) -> FileRows:
    """Writes one file into a source and reads it."""
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    store = FolderStore(folder)
    (file,) = (each for each in list_source_files(store, mapping).files if each.key == key)
    return read_file(store, file, limits)


def read_footage(folder: Path, **changes: object) -> FileRows:
    """Reads one sidecar: a good one with some fields changed; ``...`` removes a field."""
    fields = {name: value for name, value in {**FOOTAGE, **changes}.items() if value is not ...}
    return read_one(folder, "footage/F1.json", json.dumps(fields))


def csv_text(*rows: Mapped[str, object]) -> str:
    """A CSV file with the columns of all rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
    return "\n".join(lines) + "\n"


def a_mapping(tables: str = "", **settings: str) -> Mapping:
    """A mapping with the YAML text ``tables`` below its settings."""
    head = "".join(f"{name}: {value}\n" for name, value in settings.items())
    return read_mapping(f"schema: bwc-mapping/1\nname: test\n{head}{tables}", "test mapping")


def told(rejected: RejectedRow) -> tuple[str, int, str, str]:
    """What a rejection is about: file, line, field, reason."""
    return rejected.row.file, rejected.row.line, rejected.field, rejected.reason.value
