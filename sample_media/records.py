"""The day as source files: CSV tables, and sidecars and manifest for files whose bytes are known.

Text only; nothing is written here. Every table is UTF-8 with ``\\n`` line ends, so that it is the same everywhere.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable

from bwc_audit.domain.times import iso_utc, us_of_seconds
from sample_media.day import Day
from sample_media.force import CAMERAS, HELD, OFFICERS
from sample_media.paperwork import MANIFEST
from sample_media.story import Footage

INCIDENT_COLUMNS = ("incident_id", "call_type", "priority", "opened_at", "closed_at", "area", "tags")
ASSIGNMENT_COLUMNS = (
    "incident_id",
    "unit_id",
    "officer_id",
    "dispatched_at",
    "en_route_at",
    "on_scene_at",
    "cleared_at",
    "cancelled",
)
OFFICER_COLUMNS = ("officer_id", "unit", "role", "active_from", "active_to", "camera_from", "camera_to")
DEVICE_COLUMNS = ("device_id", "model", "vendor", "configured_buffer_s", "overlay_zone")
HOLDER_COLUMNS = ("device_id", "officer_id", "held_from", "held_to")
EVENT_COLUMNS = ("device_id", "at", "event", "value")
EXEMPTION_COLUMNS = ("incident_id", "officer_id", "from", "to", "reason_code", "approved_by", "note")
FOOTAGE_COLUMNS = (
    "footage_id",
    "object_key",
    "device_id",
    "device_model",
    "officer_id",
    "recording_id",
    "segment_no",
    "sequence_no",
    "media_started_at",
    "activated_at",
    "deactivated_at",
    "duration_s",
    "pre_event_buffer_s",
    "uploaded_at",
    "size_bytes",
    "sha256",
    "incident_ids",
    "categories",
    "retention_until",
)

Row = dict[str, str]


def _time(at_us: int | None) -> str:
    return "" if at_us is None else iso_utc(at_us)


def table_rows(day: Day) -> dict[str, tuple[tuple[str, ...], list[Row]]]:
    """Columns and accepted rows of every table outside ``footage/``, by file, in the order in which they are told."""
    calls = [
        {
            "incident_id": call.incident_id,
            "call_type": call.call_type,
            "priority": call.priority,
            "opened_at": _time(call.opened_us),
            "closed_at": _time(call.closed_us),
            "area": call.area,
            "tags": call.tags,
        }
        for call in day.calls
    ]
    return {
        "cad/incidents.csv": (INCIDENT_COLUMNS, calls),
        "cad/assignments.csv": (ASSIGNMENT_COLUMNS, _assignment_rows(day)),
        "roster/officers.csv": (OFFICER_COLUMNS, _officer_rows()),
        "roster/devices.csv": (DEVICE_COLUMNS, _device_rows()),
        "roster/holders.csv": (HOLDER_COLUMNS, _holder_rows()),
        "events/device_events.csv": (EVENT_COLUMNS, _event_rows(day)),
        "exemptions/exemptions.csv": (EXEMPTION_COLUMNS, _exemption_rows(day)),
    }


def _assignment_rows(day: Day) -> list[Row]:
    return [
        {
            "incident_id": told.call.incident_id,
            "unit_id": "".join(word[0] for word in told.unit.split()) + told.officer_id[-1],
            "officer_id": told.written_as,
            "dispatched_at": _time(told.dispatched_us),
            "en_route_at": _time(told.en_route_us),
            "on_scene_at": _time(told.arrived_us),
            "cleared_at": _time(told.cleared_us),
            "cancelled": "true" if told.is_cancelled else "false",
        }
        for told in day.attendances
    ]


def _officer_rows() -> list[Row]:
    return [
        {
            "officer_id": officer.officer_id,
            "unit": officer.unit,
            "role": officer.role,
            "active_from": "2023-09-01T00:00:00Z",
            "camera_from": officer.camera_from,
        }
        for officer in OFFICERS
    ]


def _device_rows() -> list[Row]:
    return [
        {
            "device_id": camera.device_id,
            "model": camera.model,
            "vendor": "Axon",
            "configured_buffer_s": f"{camera.buffer_s:g}",
            "overlay_zone": "UTC",
        }
        for camera in CAMERAS
    ]


def _holder_rows() -> list[Row]:
    return [
        {
            "device_id": held.camera.device_id,
            "officer_id": held.officer.officer_id,
            "held_from": held.since,
            "held_to": held.to,
        }
        for held in HELD
    ]


def _event_rows(day: Day) -> list[Row]:
    ordered = sorted(day.events, key=lambda told: (told.at_us, told.camera.device_id, told.event))
    return [
        {"device_id": told.camera.device_id, "at": _time(told.at_us), "event": told.event, "value": told.value}
        for told in ordered
    ]


def _exemption_rows(day: Day) -> list[Row]:
    return [
        {
            "incident_id": told.incident_id,
            "officer_id": told.officer_id,
            "from": _time(told.from_us),
            "to": _time(told.to_us),
            "reason_code": told.reason_code,
            "approved_by": told.approved_by,
            "note": told.note,
        }
        for told in day.exemptions
    ]


def csv_text(columns: Iterable[str], rows: Iterable[Row]) -> str:
    """A CSV table; a column that a row does not have is left empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def tables(day: Day) -> dict[str, str]:
    """The text of every table outside ``footage/``, by its path in the source; bad rows stand at the end."""
    return {
        file: csv_text(columns, rows + [bad.row for bad in day.bad_rows if bad.file == file])
        for file, (columns, rows) in table_rows(day).items()
    }


def metadata_of(footage: Footage, stored: bytes) -> dict[str, object]:
    """What the camera and its dock say about one file, in camera time. Fields that are not known are left out."""
    ahead_us = us_of_seconds(footage.camera.clock_s + footage.stamped_s)
    started_us = footage.started_us + ahead_us
    hashed = stored + b"?" if footage.is_hash_wrong else stored
    fields: dict[str, object] = {
        "footage_id": footage.footage_id,
        "object_key": footage.object_key,
        "device_id": footage.camera.device_id,
        "device_model": footage.camera.model,
        "officer_id": footage.officer_written_as,
        "recording_id": footage.recording_id,
        "segment_no": footage.segment_no,
        "sequence_no": footage.sequence_no,
        "media_started_at": iso_utc(started_us),
        "activated_at": iso_utc(footage.activated_us + ahead_us),
        "deactivated_at": iso_utc(started_us + us_of_seconds(footage.claimed_length_s)),
        "duration_s": footage.claimed_length_s,
        "pre_event_buffer_s": footage.buffer_s,
        "uploaded_at": iso_utc(footage.uploaded_us),
        "size_bytes": len(stored),
        "sha256": hashlib.sha256(hashed).hexdigest(),
        "incident_ids": list(footage.incident_ids),
        "categories": list(footage.categories),
        "retention_until": iso_utc(footage.retention_until_us),
    }
    return {name: value for name, value in fields.items() if value is not None}


def sidecar_text(metadata: dict[str, object]) -> str:
    """A sidecar ``bwc-footage/1``."""
    return json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"


def manifest_text(day: Day, rows: Iterable[dict[str, object]]) -> str:
    """The dock's manifest: good rows first, then the bad ones. No cell holds more than one id or category."""
    good = [
        {name: ";".join(value) if isinstance(value, list) else f"{value}" for name, value in row.items()} for row in rows
    ]
    return csv_text(FOOTAGE_COLUMNS, good + [bad.row for bad in day.bad_rows if bad.file == MANIFEST])


def good_rows(day: Day, file: str) -> int:
    """How many good rows stand in a table or the manifest before its bad ones."""
    if file == MANIFEST:
        return sum(footage.paper == "manifest" for footage in day.footage)
    return len(table_rows(day)[file][1])
