"""Findings: measured facts with their identity, never verdicts.

The fingerprint is made of kind, incident, officer, recording and clause, not of times, so that a late upload changes
a finding rather than replacing it. A measured excess no larger than the combined clock uncertainty is *borderline*:
stored and shown, but never counted as a finding.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bwc_audit.domain.times import Span


class FindingGroup(StrEnum):
    COVERAGE = "coverage"
    USABILITY = "usability"
    CUSTODY = "custody"
    CLOCK = "clock"
    LABELLING = "labelling"


class FindingKind(StrEnum):
    """All kinds; ``group`` gives the heading a kind stands under."""

    NO_FOOTAGE = "no_footage"
    LATE_ACTIVATION = "late_activation"
    EARLY_DEACTIVATION = "early_deactivation"
    RECORDING_GAP = "recording_gap"
    INCIDENT_UNCOVERED = "incident_uncovered"
    SHORT_BUFFER = "short_buffer"
    BLACK_VIDEO = "black_video"
    OBSTRUCTED_VIEW = "obstructed_view"
    FROZEN_VIDEO = "frozen_video"
    UNIFORM_PICTURE = "uniform_picture"
    BLURRED_VIEW = "blurred_view"
    CORRUPT_PICTURE = "corrupt_picture"
    TIMESTAMP_GAP = "timestamp_gap"
    AUDIO_MISSING = "audio_missing"
    AUDIO_MUTED = "audio_muted"
    AUDIO_CLIPPED = "audio_clipped"
    DECODE_ERROR = "decode_error"
    OBJECT_MISSING = "object_missing"
    METADATA_MISSING = "metadata_missing"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    HASH_MISMATCH = "hash_mismatch"
    DURATION_MISMATCH = "duration_mismatch"
    SEQUENCE_GAP = "sequence_gap"
    DUPLICATE = "duplicate"
    LATE_UPLOAD = "late_upload"
    RETENTION_RISK = "retention_risk"
    CLOCK_OFFSET = "clock_offset"
    CLOCK_JUMP = "clock_jump"
    CLOCK_DRIFT = "clock_drift"
    INCIDENT_ID_MISSING = "incident_id_missing"
    INCIDENT_ID_WRONG = "incident_id_wrong"
    CATEGORY_MISSING = "category_missing"

    @property
    def group(self) -> FindingGroup:
        return _GROUP_OF[self]


_GROUPS: dict[FindingGroup, str] = {
    FindingGroup.COVERAGE: "no_footage late_activation early_deactivation recording_gap incident_uncovered short_buffer",
    FindingGroup.USABILITY: "black_video obstructed_view frozen_video uniform_picture blurred_view corrupt_picture "
    "timestamp_gap audio_missing audio_muted audio_clipped decode_error",
    FindingGroup.CUSTODY: "object_missing metadata_missing truncated unreadable hash_mismatch duration_mismatch "
    "sequence_gap duplicate late_upload retention_risk",
    FindingGroup.CLOCK: "clock_offset clock_jump clock_drift",
    FindingGroup.LABELLING: "incident_id_missing incident_id_wrong category_missing",
}
_GROUP_OF = {FindingKind(name): group for group, names in _GROUPS.items() for name in names.split()}

#: Kinds that state an absence: they wait for complete sources.
ABSENCE_KINDS = frozenset(
    {
        FindingKind.NO_FOOTAGE,
        FindingKind.LATE_ACTIVATION,
        FindingKind.EARLY_DEACTIVATION,
        FindingKind.RECORDING_GAP,
        FindingKind.INCIDENT_UNCOVERED,
    }
)


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ExplanationKind(StrEnum):
    """Competing explanations of missing or partial coverage."""

    TAGGED_ELSEWHERE = "tagged_elsewhere"
    UNASSIGNED_DEVICE = "unassigned_device"
    OTHER_OFFICER = "other_officer"
    PENDING_UPLOAD = "pending_upload"
    DEVICE_OFF = "device_off"
    DELETED = "deleted"
    NEVER_ARRIVED = "never_arrived"
    NO_CAMERA = "no_camera"
    VIDEO_WITHOUT_METADATA = "video_without_metadata"
    CLOCK_CONTRADICTION = "clock_contradiction"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One way the absence could have come about, with what speaks for it and against it."""

    kind: ExplanationKind
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something a stranger can look up: a source row, an object, a frame. ``at_us`` is its time, if it has one."""

    type: str
    ref: str
    at_us: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The required window of one assignment and which references opened and closed it."""

    span: Span
    start_reference: str
    end_reference: str
    is_substituted: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured fact. ``seconds_us`` is what was measured (lateness, sum of gaps, unusable time), in microseconds.

    ``margin_us``: the smallest clock error that would make it vanish; None where no clock error could.
    ``uncertainty_us``: the combined clock uncertainty it was judged against; None where no clocks are compared.
    ``policy``: what it was judged by (``id/version@hash``), whose ``clause`` it names; None: the run's own.
    """

    kind: FindingKind
    clause: str
    severity: Severity
    message: str
    incident_id: str | None = None
    officer_id: str | None = None
    device_id: str | None = None
    recording_id: str | None = None
    footage_ids: tuple[str, ...] = ()
    window: Window | None = None
    spans: tuple[Span, ...] = ()
    seconds_us: int = 0
    uncertainty_us: int | None = None
    margin_us: int | None = None
    is_borderline: bool = False
    explanations: tuple[Explanation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    not_examined: tuple[str, ...] = ()
    policy: str | None = None

    @property
    def subject(self) -> tuple[str | None, ...]:
        """What was found of whom and of what, whatever the policy says of it: kind, incident, officer, recording (else
        device)."""
        return (self.kind, self.incident_id, self.officer_id, self.recording_id or self.device_id)

    @property
    def fingerprint(self) -> str:
        """Identity over time: 32 hexadecimal digits over ``subject`` and clause."""
        return _fingerprint(*self.subject, self.clause)


@lru_cache(maxsize=100_000)
def _fingerprint(*parts: str | None) -> str:
    """A finding is asked for its identity at each step of being told, and stays what it is."""
    text = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
