"""The outcome for each assignment: stored for every one, so that every rate has its denominator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bwc_audit.domain.clock_days import ClockDay
from bwc_audit.domain.findings import Finding, FindingKind, Window
from bwc_audit.domain.times import Span
from bwc_audit.domain.watermarks import Watermark


class Outcome(StrEnum):
    """What became of one assignment. ``excluded`` names its bucket; ``pending`` and ``unknown`` name a reason."""

    COVERED = "covered"
    FINDINGS = "findings"
    PENDING = "pending"
    UNKNOWN = "unknown"
    EXCLUDED = "excluded"


class Bucket(StrEnum):
    """The exclusion waterfall, in its one fixed order."""

    CANCELLED = "cancelled"
    TEST_OR_CALLBACK = "test_or_callback"
    OUT_OF_SCOPE = "out_of_scope"
    NO_CAMERA_ISSUED = "no_camera_issued"
    NEVER_ON_SCENE = "never_on_scene"
    BELOW_MINIMUM = "below_minimum"
    INVALID_TIMES = "invalid_times"
    FULLY_EXEMPT = "fully_exempt"


class PendingReason(StrEnum):
    """What an answer waits for. ``source_behind``: no footage of anybody came in that is newer than the window."""

    CAD_OPEN = "cad_open"
    UPLOAD_GRACE = "upload_grace"
    DEVICE_NOT_DOCKED = "device_not_docked"
    SOURCE_BEHIND = "source_behind"


class UnknownReason(StrEnum):
    """Why nothing can be said. ``footage_not_loaded``: no footage metadata at all were read for the period.
    ``no_policy_in_force``: no edition of the policy holds on the day of the incident.
    ``clock_contradiction``: the clock in a recording's picture places it into the window, its metadata elsewhere.
    ``within_uncertainty``: no absence is firm, and neither is that anything covers the window: a recording lies so near
    its edge, inside or outside, that the clocks could have it on the other side; or the clock of what covers it is known to
    be so wrong that it could explain an absence that no other clock would."""

    IDENTITY = "identity"
    HOLDER_CONFLICT = "holder_conflict"
    FOOTAGE_NOT_LOADED = "footage_not_loaded"
    INCIDENT_NOT_LOADED = "incident_not_loaded"
    CLOCK_CONTRADICTION = "clock_contradiction"
    NO_POLICY_IN_FORCE = "no_policy_in_force"
    WITHIN_UNCERTAINTY = "within_uncertainty"


@dataclass(frozen=True, slots=True)
class AssignmentResult:
    """One officer on one incident, decided. Lengths in microseconds; None means: could not be measured.

    ``policy``: what it was judged by (``id/version@hash``); ``exempted_by``: codes of the policy's rules that cut time out
    of the window, or all of it.

    ``covered`` and ``gaps`` partition the required time. ``lateness_us`` is activation minus window start, less
    what exemptions cut out between them (negative: already running). ``usable_us`` is at most ``covered_us``; None where no
    picture was examined.
    """

    incident_id: str
    officer_id: str
    outcome: Outcome
    reason: str | None = None
    unit_id: str | None = None
    unit: str | None = None
    call_type: str | None = None
    window: Window | None = None
    dispatched_us: int | None = None
    en_route_us: int | None = None
    on_scene_us: int | None = None
    cleared_us: int | None = None
    required_us: int = 0
    covered_us: int = 0
    usable_us: int | None = None
    unexamined_us: int = 0
    lateness_us: int | None = None
    is_on_time: bool | None = None
    is_whole_window: bool | None = None
    uncertainty_us: int | None = None
    covered: tuple[Span, ...] = ()
    gaps: tuple[Span, ...] = ()
    unusable: tuple[Span, ...] = ()
    footage_ids: tuple[str, ...] = ()
    not_examined: tuple[str, ...] = ()
    policy: str | None = None
    exempted_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnusableSpan:
    """Time of the world in which a recording shows or tells nothing, and why (a usability kind)."""

    kind: FindingKind
    span: Span


@dataclass(frozen=True, slots=True)
class PlacedSegment:
    """A segment of an incident, placed in corrected UTC time; what a lane of the timeline shows.

    ``offset_us`` is device clock minus true time as estimated (0: none known); ``span`` has it taken out already, as has
    ``activated_us``. ``role``: *matched* by officer and time, or *tagged* with the incident by hand only.
    ``inspection_status`` None: the video was not looked into, ``not_examined`` says why.
    """

    incident_id: str
    footage_id: str
    recording_id: str
    device_id: str
    officer_id: str | None
    span: Span
    activated_us: int | None
    offset_us: int
    uncertainty_us: int
    role: str
    object_key: str | None
    inspection_status: str | None = None
    unusable: tuple[UnusableSpan, ...] = ()
    not_examined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncidentResult:
    """One incident as a whole: its record, and the time in which somebody had to record and no camera did.

    ``uncovered`` None: could not be said (an officer's sources are not complete)."""

    incident_id: str
    call_type: str
    priority: str | None
    opened_us: int
    closed_us: int | None
    area: str | None
    uncovered: tuple[Span, ...] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An assignment that is pending. ``ripens_us``: when it is decided at the latest; None: depends on a delivery."""

    incident_id: str
    officer_id: str
    reason: str
    ripens_us: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """All that one audit run decided: a result for every assignment, and the findings (borderline ones included)."""

    results: tuple[AssignmentResult, ...]
    incidents: tuple[IncidentResult, ...]
    findings: tuple[Finding, ...]
    segments: Sequence[PlacedSegment] = ()
    not_examined: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    clocks: tuple[ClockDay, ...] = ()
    watermarks: tuple[Watermark, ...] = ()
    waiting: tuple[Waiting, ...] = ()
