"""The plain words of the report: one neutral sentence or label for every enumerated value.

Measured facts, never verdicts: no wording here says what anybody did wrong. A value without words is a programming
error and shows as a ``KeyError`` in the tests, never as an empty cell.
"""

from __future__ import annotations

from bwc_audit.domain.clock_anchors import AnchorKind
from bwc_audit.domain.explanation_rank import Strength
from bwc_audit.domain.findings import ExplanationKind, FindingGroup, FindingKind, Severity
from bwc_audit.domain.inspection import DEFECT_TITLE, DefectKind
from bwc_audit.domain.results import AssignmentResult, Bucket, Outcome, PendingReason, UnknownReason
from bwc_audit.domain.runs import Change, RunKind

KIND: dict[str, str] = {
    FindingKind.NO_FOOTAGE: "No footage found",
    FindingKind.LATE_ACTIVATION: "Recording began after the window opened",
    FindingKind.EARLY_DEACTIVATION: "Recording ended before the window closed",
    FindingKind.RECORDING_GAP: "Gap in the recording",
    FindingKind.INCIDENT_UNCOVERED: "Time that no camera recorded",
    FindingKind.SHORT_BUFFER: "Short pre-event buffer",
    FindingKind.BLACK_VIDEO: "Black picture",
    FindingKind.OBSTRUCTED_VIEW: "Covered view",
    FindingKind.FROZEN_VIDEO: "Frozen picture",
    FindingKind.TIMESTAMP_GAP: "Picture stops inside the file",
    FindingKind.AUDIO_MISSING: "No sound track",
    FindingKind.AUDIO_MUTED: "Digital silence",
    FindingKind.DECODE_ERROR: "Damaged frames",
    FindingKind.OBJECT_MISSING: "Video not found in the store",
    FindingKind.METADATA_MISSING: "Video without metadata",
    FindingKind.TRUNCATED: "File cut short",
    FindingKind.UNREADABLE: "File cannot be read",
    FindingKind.HASH_MISMATCH: "Hash differs from the metadata",
    FindingKind.DURATION_MISMATCH: "Length differs from the metadata",
    FindingKind.SEQUENCE_GAP: "Device numbering skips",
    FindingKind.DUPLICATE: "Duplicate recording",
    FindingKind.LATE_UPLOAD: "Uploaded late",
    FindingKind.RETENTION_RISK: "Retention ends soon",
    FindingKind.CLOCK_OFFSET: "Device clock was off",
    FindingKind.CLOCK_JUMP: "Device clock jumped",
    FindingKind.CLOCK_DRIFT: "Device clock drifts",
    FindingKind.INCIDENT_ID_MISSING: "No incident number entered",
    FindingKind.INCIDENT_ID_WRONG: "Incident number does not fit",
    FindingKind.CATEGORY_MISSING: "No category entered",
}

#: The few words that fit beside a mark in the picture.
KIND_MARK: dict[str, str] = {
    FindingKind.BLACK_VIDEO: "black",
    FindingKind.OBSTRUCTED_VIEW: "covered view",
    FindingKind.FROZEN_VIDEO: "frozen",
    FindingKind.TIMESTAMP_GAP: "picture stops",
    FindingKind.AUDIO_MISSING: "no sound",
    FindingKind.AUDIO_MUTED: "silent",
    FindingKind.DECODE_ERROR: "damaged frames",
    DefectKind.UNIFORM_PICTURE: "one colour or bars",
    DefectKind.BLURRED_VIEW: "blurred",
    DefectKind.CORRUPT_PICTURE: "corrupt picture",
    DefectKind.ROTATED_VIEW: "turned picture",
    DefectKind.AUDIO_CLIPPED: "overdriven",
    DefectKind.LOW_LIGHT: "little light",
    DefectKind.SILENT_LEAD_IN: "silent beginning",
}

#: Kinds of defect inside a file. Those of ``INFORMATION`` are none: they say how the rest is to be read.
DEFECT: dict[str, str] = {str(kind): title for kind, title in DEFECT_TITLE.items()}
INFORMATION: frozenset[str] = frozenset({DefectKind.SILENT_LEAD_IN, DefectKind.LOW_LIGHT})
#: A defect that becomes a finding is called the same.
KIND |= {kind: text for kind, text in DEFECT.items() if kind not in KIND and kind not in INFORMATION}

GROUP = {
    FindingGroup.COVERAGE: "Coverage",
    FindingGroup.USABILITY: "Usability",
    FindingGroup.CUSTODY: "Custody",
    FindingGroup.CLOCK: "Clocks",
    FindingGroup.LABELLING: "Labelling",
}

SEVERITY = {Severity.LOW: "low", Severity.MEDIUM: "medium", Severity.HIGH: "high"}

OUTCOME = {
    Outcome.COVERED: "Covered",
    Outcome.FINDINGS: "Findings",
    Outcome.PENDING: "Pending",
    Outcome.UNKNOWN: "Unknown",
    Outcome.EXCLUDED: "Excluded",
}

_OUTCOME_SENTENCE = {
    Outcome.COVERED: "Required time was recorded within what the policy allows.",
    Outcome.FINDINGS: "At least one measured fact differs from what the policy asks for.",
}

BUCKET = {
    Bucket.CANCELLED: "Cancelled",
    Bucket.TEST_OR_CALLBACK: "Test or callback",
    Bucket.OUT_OF_SCOPE: "Call type out of scope",
    Bucket.NO_CAMERA_ISSUED: "No camera issued",
    Bucket.NEVER_ON_SCENE: "Never on scene",
    Bucket.BELOW_MINIMUM: "On scene below the minimum",
    Bucket.INVALID_TIMES: "Times not valid",
    Bucket.FULLY_EXEMPT: "Fully exempt",
}

_REASON_SENTENCE = {
    Bucket.CANCELLED: "The assignment was cancelled.",
    Bucket.TEST_OR_CALLBACK: "The call is marked as a test or a callback.",
    Bucket.OUT_OF_SCOPE: "The policy does not ask for recordings of this type or priority of call.",
    Bucket.NO_CAMERA_ISSUED: "No camera was issued to this officer on that date.",
    Bucket.NEVER_ON_SCENE: "No arrival time is recorded.",
    Bucket.BELOW_MINIMUM: "The time on scene is shorter than the policy's minimum.",
    Bucket.INVALID_TIMES: "The recorded times contradict each other, or the assignment is longer than the policy allows.",
    Bucket.FULLY_EXEMPT: "Exemptions cover the whole required window.",
    PendingReason.CAD_OPEN: "The dispatch record is still open: neither a clear time nor a closing time is known yet.",
    PendingReason.UPLOAD_GRACE: "The time allowed for uploads is not over yet.",
    PendingReason.DEVICE_NOT_DOCKED: "A camera that the officer held has not been docked since.",
    PendingReason.SOURCE_BEHIND: "No footage of anybody that is newer than this time has come in from the source yet.",
    UnknownReason.IDENTITY: "The officer's identifier could not be matched with the roster.",
    UnknownReason.HOLDER_CONFLICT: "The records name two holders of the camera at that moment.",
    UnknownReason.FOOTAGE_NOT_LOADED: "No footage metadata at all were read for this period.",
    UnknownReason.INCIDENT_NOT_LOADED: (
        "The incident itself was never read from the dispatch source, or its rows there state different times."
    ),
    UnknownReason.CLOCK_CONTRADICTION: "The clock in a recording's picture places it into this window, its metadata do not.",
    UnknownReason.WITHIN_UNCERTAINTY: (
        "The clocks could explain what is missing: a recording lies near an edge of the window, or its clock was far off."
    ),
    UnknownReason.NO_POLICY_IN_FORCE: "No edition of the policy was in force on the day of the incident.",
}
_REASONS = {str(reason): sentence for reason, sentence in _REASON_SENTENCE.items()}

EXPLANATION = {
    ExplanationKind.TAGGED_ELSEWHERE: "A recording tagged with this incident lies elsewhere in time",
    ExplanationKind.UNASSIGNED_DEVICE: "A camera assigned to nobody recorded at that time",
    ExplanationKind.OTHER_OFFICER: "The recording stands under another officer",
    ExplanationKind.PENDING_UPLOAD: "A recording may still be on a camera",
    ExplanationKind.DEVICE_OFF: "The camera was off, asleep or out of battery",
    ExplanationKind.DELETED: "The recording was deleted or its retention ended",
    ExplanationKind.NEVER_ARRIVED: "A recording may never have reached the server",
    ExplanationKind.NO_CAMERA: "The officer may have had no camera",
    ExplanationKind.VIDEO_WITHOUT_METADATA: "A video without metadata may belong here",
    ExplanationKind.CLOCK_CONTRADICTION: "A recording's picture shows other times than its metadata",
}

ANCHOR = {
    AnchorKind.TAGGED: "tagged recordings",
    AnchorKind.OVERLAY: "clocks in pictures",
    AnchorKind.UPLOAD: "upload times",
}

STRENGTH = {
    Strength.RECORDED: "recorded by a machine for that camera and time",
    Strength.STATED: "stated by a person or a register",
    Strength.POSSIBLE: "possible",
}

REFERENCE = {
    "dispatched": "dispatch",
    "en_route": "en route",
    "on_scene": "arrival on scene",
    "cleared": "clear",
    "incident_opened": "opening of the incident",
    "incident_closed": "closing of the incident",
    "near_scene": "coming near the scene (a stated time before arrival)",
}

CHANGE = {
    Change.APPEARED: "Appeared",
    Change.CHANGED: "Changed",
    Change.RESOLVED: "Resolved",
    Change.REPLACED: "Replaced under another clause",
    Change.REOPENED: "Reopened",
    Change.UNCHANGED: "Unchanged",
}

RUN_KIND = {
    RunKind.NIGHTLY: "Nightly audit",
    RunKind.INCIDENT: "Re-run of one incident",
    RunKind.BACKFILL: "Back-fill of an earlier period",
}

RATE = {
    "existence": ("Any footage", "decided assignments with any recording inside the window"),
    "on_time": (
        "On time",
        "decided assignments without a counted late start; the grace and clock uncertainty are allowed for",
    ),
    "whole_window": (
        "Whole window",
        "decided assignments without a counted late start, early end or gap; what the policy allows may be unrecorded",
    ),
    "seconds_recorded": ("Time recorded", "of the required time of decided assignments"),
    "usable_seconds": ("Time usable", "of that required time, with a picture that shows something"),
}


def humanised(name: str) -> str:
    """``rows_read`` → ``Rows read``: for names that have no words of their own."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def reference(name: str) -> str:
    """The words for a reference of a window."""
    return REFERENCE.get(name, humanised(name).lower())


def outcome_sentence(result: AssignmentResult) -> str:
    """Why an assignment has its outcome, in one sentence."""
    if result.outcome in _OUTCOME_SENTENCE:
        return _OUTCOME_SENTENCE[result.outcome]
    return _REASONS.get(result.reason or "", f"Reason as recorded: {result.reason or 'none given'}.")


def reason_label(reason: str | None) -> str:
    """The short label of a bucket or reason; empty for none."""
    if reason is None:
        return ""
    labels = {str(bucket): label for bucket, label in BUCKET.items()}
    return labels.get(reason, humanised(reason)).lower()


def plural(count: int, one: str, many: str = "") -> str:
    """``1 incident``, ``2 incidents``; thousands separated by a thin space."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def number(count: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{count:,}".replace(",", "\u202f")
