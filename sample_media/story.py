"""The words in which the sample day is told: calls, attendances, recordings, and what each scene's author expects.

All times are *true* time in UTC microseconds. What a camera wrote down follows from its own clock
(``Camera.clock_s`` ahead of true time), so that a scene states the truth and the records carry the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bwc_audit.domain.findings import FindingKind
from bwc_audit.domain.records import RejectReason
from bwc_audit.domain.results import Bucket, Outcome, PendingReason, UnknownReason
from bwc_audit.domain.times import MINUTE_US, SECOND_US, us_of, us_of_seconds
from sample_media.force import Camera, Constable
from sample_media.shots import Shot

ZONE = ZoneInfo("Europe/London")
DATE = "2025-05-24"
AS_OF = "2025-05-26T05:00:00Z"
FOLDER = f"footage/{DATE}"

SpanUs = tuple[int, int]


def local(clock: str) -> int:
    """Microseconds UTC of ``HH:MM:SS`` on the sample day in the force's zone; ``24:00:20`` is past its midnight."""
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    midnight = datetime.fromisoformat(DATE).replace(tzinfo=ZONE)
    return us_of(midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds))


def set_off(dispatched_us: int, arrived_us: int | None) -> int:
    """En route: a minute after dispatch, or half-way to an early arrival, in whole seconds."""
    if arrived_us is None:
        return dispatched_us + MINUTE_US
    return dispatched_us + min(MINUTE_US, (arrived_us - dispatched_us) // (2 * SECOND_US) * SECOND_US)


@dataclass(frozen=True, slots=True)
class Expected:
    """One finding that the audit must make. ``spans`` in true time; None where the rule names no time."""

    kind: FindingKind
    story: str
    incident_id: str | None = None
    officer_id: str | None = None
    device_id: str | None = None
    recording_id: str | None = None
    is_borderline: bool = False
    spans: tuple[SpanUs, ...] | None = None
    seconds: float | None = None
    tolerance_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Call:
    """One CAD incident."""

    incident_id: str
    call_type: str
    area: str
    opened_us: int
    closed_us: int | None
    priority: str
    tags: str = ""


@dataclass(slots=True)
class Attendance:
    """One CAD row of one officer on one call, and, once told, what the audit must conclude."""

    call: Call
    officer_id: str
    written_as: str
    unit: str
    dispatched_us: int | None
    en_route_us: int | None
    arrived_us: int | None
    cleared_us: int | None
    is_cancelled: bool
    outcome: Outcome | None = None
    reason: str | None = None

    def covered(self) -> None:
        self.outcome = Outcome.COVERED

    def findings(self) -> None:
        self.outcome = Outcome.FINDINGS

    def pending(self, reason: PendingReason) -> None:
        self.outcome, self.reason = Outcome.PENDING, reason.value

    def unknown(self, reason: UnknownReason) -> None:
        self.outcome, self.reason = Outcome.UNKNOWN, reason.value

    def excluded(self, bucket: Bucket) -> None:
        self.outcome, self.reason = Outcome.EXCLUDED, bucket.value

    def returns_to(self) -> None:
        """A further arrival of the same officer at the same call: the expectation stands on the first row."""


@dataclass(frozen=True, slots=True)
class Footage:
    """One file and what its metadata say. ``started_us`` and ``activated_us`` are true time, not camera time.

    ``placeholder`` are the bytes stored instead of a video; None with ``shot`` None: nothing is stored.
    ``stamped_s``: by how much its metadata were stamped wrongly afterwards, which the clock in the picture does not know.
    ``paper``: where its metadata stand, ``sidecar``, ``manifest``, ``empty`` (a sidecar without a byte) or ``none``.
    """

    camera: Camera
    officer: Constable | None
    footage_id: str
    recording_id: str | None
    object_key: str
    started_us: int
    activated_us: int
    length_s: float
    buffer_s: float
    claimed_length_s: float
    segment_no: int
    sequence_no: int
    uploaded_us: int
    retention_until_us: int
    officer_written_as: str | None
    incident_ids: tuple[str, ...]
    categories: tuple[str, ...]
    paper: str
    is_hash_wrong: bool = False
    stamped_s: float = 0.0
    shot: Shot | None = None
    copy_of: str | None = None
    placeholder: bytes | None = None

    @property
    def subject(self) -> str:
        """The name under which a finding speaks of this recording."""
        return self.recording_id or self.footage_id

    def at(self, offset_s: float) -> int:
        """True time of a moment of its media time."""
        return self.started_us + us_of_seconds(offset_s)


@dataclass(frozen=True, slots=True)
class CameraEvent:
    camera: Camera
    at_us: int
    event: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Exempted:
    officer_id: str
    reason_code: str
    incident_id: str
    from_us: int | None
    to_us: int | None
    approved_by: str
    note: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row written as it stands into ``file``, which must be rejected for ``reason`` in ``field``."""

    file: str
    row: dict[str, str]
    field: str
    reason: RejectReason
