"""A small source with real video: two officers, a camera each, calls of 80 s, recordings of 90 s. One line, one fact.

The evening is 2025-05-24, UTC. A call at ``20:00`` is attended from 20:00:00 to 20:01:20; its recording runs from
19:59:50 to 20:01:20 and was activated at 20:00:00.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLIP_S = 90
_BUFFER_S = 10

Row = dict[str, object]


@dataclass
class SmallForce:
    """A source folder under construction; every change is written at once."""

    root: Path
    clip: bytes
    day: str = "2025-05-24"
    incidents: list[Row] = field(default_factory=list)
    assignments: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        issued = "2025-01-01T00:00:00Z"
        officers: list[Row] = [{"officer_id": one, "unit": "north", "camera_from": issued} for one in ("7", "8")]
        devices: list[Row] = [
            {"device_id": f"CAM{one}", "model": "Model 4", "configured_buffer_s": _BUFFER_S} for one in (7, 8)
        ]
        holders: list[Row] = [{"device_id": f"CAM{one}", "officer_id": one, "held_from": issued} for one in (7, 8)]
        self.write_csv("roster/officers.csv", officers)
        self.write_csv("roster/devices.csv", devices)
        self.write_csv("roster/holders.csv", holders)
        for one in (7, 8):
            self.docked(f"CAM{one}", self.moment("06:00:00", days=1))

    def moment(self, clock: str, days: int = 0) -> datetime:
        """A time of the evening's day, or of a later one."""
        return datetime.fromisoformat(f"{self.day}T{clock}").replace(tzinfo=UTC) + timedelta(days=days)

    def docked(self, device_id: str, at: datetime) -> None:
        """The camera was docked and its clock found right."""
        self.events += [
            {"device_id": device_id, "at": _text(at), "event": "dock", "value": ""},
            {"device_id": device_id, "at": _text(at), "event": "clock_check", "value": "0"},
        ]
        self.write_csv("events/device_events.csv", self.events)

    def call(self, incident_id: str, clock: str, *officers: str, seconds: int = 80) -> None:
        """A call attended by officers from ``clock`` (``HH:MM``) on."""
        arrived = self.moment(f"{clock}:00")
        left = arrived + timedelta(seconds=seconds)
        opened = arrived - timedelta(minutes=5)
        self.incidents.append(
            {"incident_id": incident_id, "call_type": "DOMESTIC", "opened_at": _text(opened), "closed_at": _text(left)}
        )
        self.assignments += [
            {
                "incident_id": incident_id,
                "officer_id": officer_id,
                "dispatched_at": _text(opened),
                "on_scene_at": _text(arrived),
                "cleared_at": _text(left),
            }
            for officer_id in officers
        ]
        self.write_records()

    def write_records(self) -> None:
        """Write the dispatch system's tables anew."""
        self.write_csv("cad/incidents.csv", self.incidents)
        self.write_csv("cad/assignments.csv", self.assignments)

    def recorded(self, incident_id: str, officer_id: str, clock: str, content: bytes | None = None, **more: object) -> str:
        """A recording of a call at ``clock``, with its sidecar; returns the key of the video. ``more`` replaces metadata."""
        footage_id = f"V-{incident_id}-{officer_id}"
        key = f"footage/{footage_id}.mp4"
        video = self.clip + _free_box(footage_id) if content is None else content
        activated = self.moment(f"{clock}:00")
        started = activated - timedelta(seconds=_BUFFER_S)
        ended = started + timedelta(seconds=CLIP_S)
        sidecar: Row = {
            "footage_id": footage_id,
            "object_key": key,
            "device_id": f"CAM{officer_id}",
            "officer_id": officer_id,
            "recording_id": f"R-{incident_id}-{officer_id}",
            "media_started_at": _text(started),
            "activated_at": _text(activated),
            "deactivated_at": _text(ended),
            "duration_s": CLIP_S,
            "pre_event_buffer_s": _BUFFER_S,
            "uploaded_at": _text(ended + timedelta(hours=8)),
            "size_bytes": len(video),
            "sha256": hashlib.sha256(video).hexdigest(),
            "incident_ids": [incident_id],
            "categories": ["incident"],
            "retention_until": _text(ended + timedelta(days=31)),
        }
        self.write(key, video)
        self.write(key.replace(".mp4", ".json"), json.dumps({**sidecar, **more}).encode())
        return key

    def remove(self, key: str) -> None:
        """Take a video and its sidecar out of the source."""
        (self.root / key).unlink()
        (self.root / key).with_suffix(".json").unlink()

    def write(self, key: str, content: bytes) -> Path:
        """Write one file of the source."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def write_csv(self, key: str, rows: list[Row]) -> None:
        """Write a table whose columns are those of its first row."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)


def _free_box(text: str) -> bytes:
    """A box that players skip: makes the bytes of a copy its own."""
    content = text.encode()
    return (len(content) + 8).to_bytes(4, "big") + b"free" + content


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
