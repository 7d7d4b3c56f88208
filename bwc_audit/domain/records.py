"""What the sources say, as values: one frozen dataclass for each kind of row.

Times are integer microseconds UTC (``_us``). Which clock told them follows from the record: CAD for incidents and
assignments, the camera for a segment's media and button times, the server for uploads, the dock or device log for
device events. ``precision_us`` is the rounding of the record's times (1 s unless the mapping says otherwise);
``is_ambiguous`` marks a local time that occurred twice (end of daylight saving) and was read as the earlier.

Nothing here knows whether a record is true; it knows where it was read (``row``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bwc_audit.domain.times import HOUR_US, SECOND_US

#: Upper bound of the length of a segment, exclusive: a row that states more is rejected (domain page, section 4).
LONGEST_SEGMENT_US = 8 * HOUR_US


@dataclass(frozen=True, slots=True, order=True)
class RowRef:
    """Where a record was read: the object key inside the source and the 1-based line (0: the whole file)."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of a recording (``bwc-footage/1``). Device times, never corrected in place.

    ``media_started_us`` includes the pre-event buffer, so it is at or before ``activated_us``.
    ``object_key`` is None where the metadata names no file.
    """

    footage_id: str
    device_id: str
    media_started_us: int
    duration_us: int
    row: RowRef
    object_key: str | None = None
    officer_id: str | None = None
    device_model: str | None = None
    recording_id: str | None = None
    segment_no: int | None = None
    sequence_no: int | None = None
    activated_us: int | None = None
    deactivated_us: int | None = None
    pre_event_buffer_us: int | None = None
    uploaded_us: int | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    incident_ids: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    retention_until_us: int | None = None
    deleted_us: int | None = None
    status: str | None = None
    precision_us: int = SECOND_US
    is_ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """One call or stop in CAD or RMS (``bwc-incident/1``)."""

    incident_id: str
    call_type: str
    opened_us: int
    row: RowRef
    priority: str | None = None
    closed_us: int | None = None
    area: str | None = None
    call_disposition_code: str | None = None
    tags: tuple[str, ...] = ()
    precision_us: int = SECOND_US
    is_ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """One row of ``bwc-assignment/1``: an officer on an incident.

    Two-officer units are split into two rows when they are read. One officer may have several rows (several arrivals)."""

    incident_id: str
    officer_id: str
    row: RowRef
    unit_id: str | None = None
    dispatched_us: int | None = None
    en_route_us: int | None = None
    on_scene_us: int | None = None
    cleared_us: int | None = None
    is_cancelled: bool = False
    precision_us: int = SECOND_US
    is_ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Officer:
    """Roster row. Empty ``camera_from_us``/``camera_to_us`` both: no camera was ever issued."""

    officer_id: str
    unit: str
    row: RowRef
    role: str | None = None
    active_from_us: int | None = None
    active_to_us: int | None = None
    camera_from_us: int | None = None
    camera_to_us: int | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """One camera. ``configured_buffer_us`` is the pre-event buffer it is set to keep."""

    device_id: str
    model: str
    row: RowRef
    vendor: str | None = None
    configured_buffer_us: int | None = None
    segment_cap_us: int | None = None
    overlay_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """Who held a device, ``[held_from_us, held_to_us)``; open-ended where ``held_to_us`` is None."""

    device_id: str
    officer_id: str
    held_from_us: int
    row: RowRef
    held_to_us: int | None = None


@dataclass(frozen=True, slots=True)
class Exemption:
    """Time in which an officer need not record. Open ends reach to the window's own ends."""

    officer_id: str
    reason_code: str
    row: RowRef
    incident_id: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    approved_by: str | None = None
    note: str | None = None


class DeviceEventKind(StrEnum):
    """Device log entries. ``clock_check``: the dock measured device clock minus server clock, ``value`` seconds,
    then set the device clock right."""

    POWER_ON = "power_on"
    POWER_OFF = "power_off"
    SLEEP = "sleep"
    WAKE = "wake"
    MUTE = "mute"
    UNMUTE = "unmute"
    DOCK = "dock"
    UNDOCK = "undock"
    BATTERY_LOW = "battery_low"
    BATTERY_EMPTY = "battery_empty"
    TAMPER = "tamper"
    CLOCK_CHECK = "clock_check"


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """One entry of a device log."""

    device_id: str
    at_us: int
    event: DeviceEventKind
    row: RowRef
    value: str | None = None


class RejectReason(StrEnum):
    """The classes that imports use, and the ones a file as a whole can have."""

    MISSING_VALUE = "missing_value"
    MISSING_COLUMN = "missing_column"
    BAD_IDENTIFIER = "bad_identifier"
    BAD_TIME = "bad_time"
    TIME_WITHOUT_ZONE = "time_without_zone"
    BAD_LENGTH = "bad_length"
    BAD_VALUE = "bad_value"
    DUPLICATE_ID = "duplicate_id"
    NOT_JSON = "not_json"
    NOT_CSV = "not_csv"
    EMPTY_FILE = "empty_file"
    FORBIDDEN = "forbidden"
    TOO_LARGE = "too_large"
    OBJECT_MISSING = "object_missing"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row, or a whole file (line 0), that was not accepted. ``text`` is the offending value, at most 200 characters."""

    row: RowRef
    field: str
    reason: RejectReason
    detail: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A video object as the store lists it; its identity is key, version (or ETag) and size."""

    object_key: str
    size_bytes: int
    etag: str
    modified_us: int


@dataclass(frozen=True, slots=True)
class Records:
    """All accepted rows that a decision may look at, with the rows that were not accepted. ``beside``: assignments of other
    times and incidents, which are not decided and only tell where the cameras' clocks stood and what else a recording
    belongs to; ``incidents_beside``: what these calls were; ``beside_unjudged``: incidents among them
    before the period that no run has judged. ``footage_until_us``: how far the footage of the whole source has told, however
    little of it is here; None: no more than the segments here.

    Segments, videos and log entries are many: they may stand as columns (``segment_table``, ``video_table``,
    ``event_table``), of which single ones are built when they are asked for."""

    segments: Sequence[Segment] = ()
    incidents: tuple[Incident, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    officers: tuple[Officer, ...] = ()
    devices: tuple[Device, ...] = ()
    holdings: tuple[Holding, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    device_events: Sequence[DeviceEvent] = ()
    objects: Sequence[StoredObject] = ()
    rejected: tuple[RejectedRow, ...] = ()
    beside: tuple[Assignment, ...] = ()
    incidents_beside: tuple[Incident, ...] = ()
    beside_unjudged: frozenset[str] = frozenset()
    footage_until_us: int | None = None
